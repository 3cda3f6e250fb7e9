"""Times in other languages, orders, frames and units: read, asked about or refused."""

# ruff: noqa: RUF001 (letters of other scripts)

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from test_times import COLUMN, DAY, Moment, cast, midnight, minute, profiled, seconds
from ugly import write_csv

from recgen.check import check
from recgen.findings import RecgenError
from recgen.local.profile import read_profile
from recgen.local.times import Reading
from recgen.local.times.months import months_of

Keeps = Callable[[Moment], Moment]


def same(moment: Moment) -> Moment:
    return moment


def half(moment: Moment, words: str) -> str:
    return words.split()[moment.hour // 12]


def since(moment: Moment, start: Moment) -> int:
    return int((moment - start).total_seconds())


def hour(moment: Moment) -> Moment:
    return moment.replace(minute=0, second=0)


def month(moment: Moment) -> Moment:
    return midnight(moment).replace(day=1)


def quarter(moment: Moment) -> Moment:
    return month(moment).replace(month=3 * ((moment.month - 1) // 3) + 1)


def monday(moment: Moment) -> Moment:
    return midnight(moment) - datetime.timedelta(days=moment.weekday())


def an_hour_before(moment: Moment) -> Moment:
    return moment - datetime.timedelta(hours=1)


def named(names: str) -> Callable[[Moment], str]:
    words = names.split()
    return lambda moment: words[moment.month - 1]


GERMAN = named("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
FRENCH = named("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.")
SPANISH = named(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
)
POLISH = named(
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia"
)
RUSSIAN = named("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")
TURKISH = named("OCAK ŞUBAT MART NİSAN MAYIS HAZİRAN TEMMUZ AĞUSTOS EYLÜL EKİM KASIM ARALIK")

# fmt: off
WAYS: dict[str, tuple[Callable[[Moment], Any], Keeps]] = {
    "german": (lambda m: f"{m.day}. {GERMAN(m)} {m.year}", midnight),
    "german clock": (lambda m: f"Samstag, {m.day}. {GERMAN(m)} {m:%Y um %H:%M} Uhr", minute),
    "german month": (lambda m: f"{GERMAN(m)} {m.year}", month),
    "french": (lambda m: f"{m.day} {FRENCH(m)} {m.year} à {m:%Hh%M}", minute),
    "spanish": (lambda m: f"{m.day} de {SPANISH(m)} de {m.year}", midnight),
    "polish": (lambda m: f"{m.day} {POLISH(m)} {m.year}", midnight),
    "russian": (lambda m: f"{m.day} {RUSSIAN(m)} {m.year} г.", midnight),
    "turkish": (lambda m: f"{m.day} {TURKISH(m)} {m.year}", midnight),
    "hungarian": (lambda m: f"{m.year}. {GERMAN(m)[:3].lower()} {m.day}.", midnight),
    "ordinal": (lambda m: f"{m.day}th of {m:%B %Y}", midnight),
    "the": (lambda m: f"{m:%A} the {m.day}th of {m:%B}, {m.year}", midnight),
    "short year": (lambda m: f"{m.day} {m:%B} '{m:%y}", midnight),
    "chinese half": (lambda m: f"{m:%Y/%m/%d} {half(m, '上午 下午')}{m:%I:%M:%S}", same),
    "korean half": (lambda m: f"{m:%Y. %m. %d.} {half(m, '오전 오후')} {m:%I:%M:%S}", same),
    "spanish half": (lambda m: f"{m:%Y-%m-%d %I:%M:%S} {half(m, 'a. p.')} m.", same),
    "clock first": (lambda m: f"{m:%H:%M:%S %Y-%m-%d}", same),
    "hyphens": (lambda m: f"{m:%Y-%m-%d_%H-%M-%S}", same),
    "compact clock": (lambda m: f"{m:%Y-%m-%d %H%M%S}", same),
    "apache": (lambda m: f"[{m:%d/%b/%Y:%H:%M:%S} +0000]", same),
    "mongo": (lambda m: f'ISODate("{m:%Y-%m-%dT%H:%M:%S}Z")', same),
    "formula": (lambda m: f'="{m:%Y-%m-%d}"', midnight),
    "apostrophe": (lambda m: f"'{seconds(m)}", same),
    "javascript": (lambda m: f"new Date({seconds(m)}000)", same),
    "go": (lambda m: f"{m:%Y-%m-%d %H:%M:%S} +0000 UTC", same),
    "go elsewhere": (lambda m: f"{m:%Y-%m-%d %H:%M:%S.5} +0100 CET", an_hour_before),
    "directions": (lambda m: f"\u200e{m.year}\u200e/{m.month}\u200e/{m:%d\u200f %H:%M}", minute),
    "offset with seconds": (lambda m: f"{m:%Y-%m-%dT%H:%M:%S}+00:00:00", same),
    "german week": (lambda m: f"KW{m.isocalendar()[1]:02}/{m.isocalendar()[0]}", monday),
    "german week first": (lambda m: f"{m.isocalendar()[1]}. KW {m.isocalendar()[0]}", monday),
    "german quarter": (lambda m: f"{(m.month + 2) // 3}. Quartal {m.year}", quarter),
    "month of statisticians": (lambda m: f"{m.year}M{m.month:02}", month),
}
UNITS: dict[str, tuple[Callable[[Moment], Any], Keeps]] = {
    "days since 1960-01-01": (lambda m: (midnight(m) - Moment(1960, 1, 1)).days, midnight),
    "days since 1904-01-01": (lambda m: (m - Moment(1904, 1, 1)).total_seconds() / DAY, same),
    "hours since 1970-01-01": (lambda m: seconds(m) // 3600, hour),
    "seconds since 1960-01-01": (lambda m: (m - Moment(1960, 1, 1)).total_seconds(), same),
    "seconds since 2001-01-01": (lambda m: int((m - Moment(2001, 1, 1)).total_seconds()), same),
    "microseconds since 1601-01-01": (lambda m: since(m, Moment(1601, 1, 1)) * 10**6, same),
    "ticks since 0001-01-01": (lambda m: since(m, Moment(1, 1, 1)) * 10**7, same),
    "JULIAN_DAYS": (lambda m: seconds(m) / DAY + 2_440_587.5, same),
}
# fmt: on
_moments = st.datetimes(Moment(2003, 1, 1), Moment(2026, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
_columns = st.lists(_moments, min_size=1, max_size=12)


@pytest.mark.parametrize("name", WAYS)
@given(drawn=_columns)
@some(10, 15)
def test_a_time_that_is_written_otherwise_is_read(name: str, drawn: list[Moment]) -> None:
    write, keeps = WAYS[name]
    drawn = [*drawn, Moment(2010, 1, 1)] if name == "polish" else drawn  # which decides listopada
    expected = [seconds(keeps(moment)) for moment in drawn]
    values = list(map(write, drawn))
    assert cast(values) == expected
    found = profiled(values, Reading())
    assert (found.kind, found.low, found.high) == ("time", min(expected), max(expected))
    assert profiled(values).kind == "time"  # which `init` finds


def test_doubles_of_java_lose_zeros_and_those_of_spreadsheets_digits() -> None:
    """Spark writes 1672909950 as 1.67290995E9; among others, its zero is not lost."""
    numbers = [1_672_909_953 + 8641 * n for n in range(40)] + [1_672_909_950, 1_672_900_000]
    assert cast([f"{n / 10**9!r}E9" for n in numbers]) == numbers
    assert profiled([f"{n / 10**9!r}E9" for n in numbers]).kind == "time"
    assert profiled([f"{n:.5E}" for n in numbers]).kind != "time"
    with pytest.raises(RecgenError, match="is not a time"):
        cast([f"{n:.5E}" for n in numbers])


@pytest.mark.parametrize("unit", UNITS)
@given(drawn=_columns)
@some(10, 15)
def test_any_unit_since_any_day_is_read(unit: str, drawn: list[Moment]) -> None:
    from dataclasses import replace

    write, keeps = UNITS[unit]
    values = [write(moment) for moment in drawn]
    read = cast(values, replace(COLUMN, time_format=unit))
    for value, moment in zip(read, drawn, strict=True):
        assert value is not None
        assert abs(value - seconds(keeps(moment))) <= 1  # a fraction of a day ends somewhere


@pytest.mark.parametrize("unit", [each for each in UNITS if "2001" not in each])
def test_a_unit_that_is_not_the_usual_one_is_asked_for(unit: str) -> None:
    days = [Moment(2022, 1, 3, 4) + datetime.timedelta(days=5 * n) for n in range(40)]
    values = [UNITS[unit][0](day) for day in days]
    with pytest.raises(RecgenError, match="in row 1 is not a time in a known unit") as caught:
        cast(values)
    assert f'"{unit}"' in (caught.value.help or "")
    assert unit in profiled(values, Reading()).times.asked
    assert profiled(values, names_time=True).kind != "time"


@pytest.mark.parametrize(
    "values",
    [
        ["2/3/2564", "13/3/2564"],  # of Thailand
        ["1401-02-13", "1401-03-01"],  # of Iran
        ["1.61466E+09", "1.61470E+09"],
        [datetime.datetime(2565, 1, 2), datetime.datetime(2565, 3, 2)],
        ["072/21", "073/21"],
        ["Week 46, 2022", "Week 47, 2022"],
    ],
)
def test_what_would_be_a_wrong_time_is_refused(values: Sequence[Any]) -> None:
    with pytest.raises(RecgenError, match="in row 1 is not a time such as") as caught:
        cast(values)
    if "25" in str(values[0]):
        assert "is a year of another calendar" in (caught.value.help or "")
    found = profiled(values, Reading())
    assert found.times is None or found.times.failed
    assert profiled(values, names_time=True).kind != "time"


def test_codes_that_look_like_days_of_years_need_a_name() -> None:
    values = [f"{day:03}/2022" for day in range(20, 300, 3)]
    assert cast(values)[0] == seconds(Moment(2022, 1, 20))
    assert profiled(values).kind == "text"
    assert profiled(values, names_time=True).kind == "time"


def test_a_month_that_two_languages_have_is_decided_by_the_others() -> None:
    assert months_of(["listopada", "stycznia"]) == ([11, 1], "")
    assert months_of(["listopada", "siječnja"]) == ([10, 1], "")
    assert months_of(["listopada"]) == ([0], "listopada")
    with pytest.raises(RecgenError, match="3 listopada 2022"):
        cast(["3 listopada 2022"])


@pytest.mark.parametrize("time_format", ["%V/%G", "Week %V, %G", "%G%V"])
def test_weeks_are_read_with_their_format(time_format: str) -> None:
    from dataclasses import replace

    days = [Moment(2020, 12, 28) + datetime.timedelta(days=7 * n) for n in range(60)]
    values = [day.strftime(time_format) for day in days]
    given_as: list[Any] = [int(each) for each in values] if time_format == "%G%V" else values
    expected = [seconds(day) for day in days]
    assert cast(given_as, replace(COLUMN, time_format=time_format)) == expected


def test_the_year_comes_first_if_the_day_would_put_dates_into_the_future() -> None:
    days = [Moment(2021, 3, 2) + datetime.timedelta(days=7 * n) for n in range(60)]
    assert cast([f"{day:%y-%b-%d}" for day in days]) == [seconds(day) for day in days]
    assert cast([f"{day:%d-%b-%y}" for day in days]) == [seconds(day) for day in days]


def test_seconds_of_another_start_and_a_wrong_format_are_found_by_check(tmp_path: Path) -> None:
    apple = [int((Moment(2022, 1, 1 + n % 28) - Moment(2001, 1, 1)).total_seconds()) + n
             for n in range(300)]  # fmt: skip
    iso = [f"2023-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(300)]
    rows = {"c": [f"c{n % 9}" for n in range(300)], "p": [f"p{n % 7}" for n in range(300)]}
    path = write_csv(tmp_path / "data.csv", {**rows, "apple": apple, "iso": iso})
    config: dict[str, Any] = {
        "features": {
            "buyer_id_column": "c",
            "product_id_column": "p",
            "buyer_model_features": [{"column": "c", "data_type": "text"}],
            "product_model_features": [{"column": "p", "data_type": "text"}],
        },
        "data": {"split": {"kind": "strict_time", "date_column": "apple"}},
    }
    profile = read_profile(path)
    (said,) = (f for f in check(config, profile=profile).findings if f.code == "RG523")
    assert "before 1995" in said.message
    assert "seconds since 2001-01-01" in (said.help or "")
    config["data"]["column_types"] = {"apple": "seconds since 2001-01-01"}
    assert "RG523" not in {f.code for f in check(config, profile=profile).findings}
    config["data"] = {
        "split": {"kind": "strict_time", "date_column": "iso"},
        "column_types": {"iso": "%d.%m.%Y"},
    }
    assert "RG503" in {f.code for f in check(config, profile=profile).errors}
