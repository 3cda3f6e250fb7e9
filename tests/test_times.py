"""Times as people write them: read alike by profiles and runs, or asked about."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import example, given
from hypothesis import strategies as st

from recgen.findings import RecgenError

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
np = pytest.importorskip("numpy")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local.cast import to_column  # noqa: E402
from recgen.local.encoded import describe, encode  # noqa: E402
from recgen.local.profile import read_profile  # noqa: E402
from recgen.local.time_profile import describe_times  # noqa: E402
from recgen.local.times import NotTimesError, Reading, as_times, bounds_of  # noqa: E402
from recgen.local.times.calendar import Fields, epoch_seconds  # noqa: E402
from recgen.plan.columns import InputColumn  # noqa: E402

Moment = datetime.datetime
UTC = datetime.timezone.utc
COLUMN = InputColumn("at", "at", "TIMESTAMP", "int64")
DAY = 86_400


def seconds(moment: Moment) -> int:
    """Returns the epoch seconds of a time in UTC."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def midnight(moment: Moment) -> Moment:
    return moment.replace(hour=0, minute=0, second=0)


def minute(moment: Moment) -> Moment:
    return moment.replace(second=0)


def shifted(moment: Moment, hours: float) -> Moment:
    return moment + datetime.timedelta(hours=hours)


@dataclass(frozen=True)
class Way:
    """A way to write a time, the part of the time that it keeps, and a format that names it."""

    write: Callable[[Moment], Any]
    keeps: Callable[[Moment], Moment] = lambda moment: moment
    time_format: str | None = None


def way(
    time_format: str,
    keeps: Callable[[Moment], Moment] = lambda moment: moment,
    *,
    named: bool = True,
) -> Way:
    return Way(lambda moment: moment.strftime(time_format), keeps, time_format if named else None)


# fmt: off
WAYS = {
    "date": way("%Y-%m-%d", midnight),
    "iso": way("%Y-%m-%d %H:%M:%S"),
    "t": way("%Y-%m-%dT%H:%M:%S"),
    "minutes": way("%Y-%m-%dT%H:%M", minute),
    "z": way("%Y-%m-%dT%H:%M:%SZ", named=False),
    "bigquery": way("%Y-%m-%d %H:%M:%S UTC"),
    "gmt": way("%Y-%m-%d %H:%M:%S GMT"),
    "one digit": way("%Y-%m-%d %H:%M:%S.5", named=False),
    "nine digits": way("%Y-%m-%d %H:%M:%S.123456789"),
    "comma": way("%Y-%m-%d %H:%M:%S,123"),
    "hours": way("%Y-%m-%dT%H:%M:%S+00", named=False),
    "shopify": Way(lambda m: f"{shifted(m, -5):%F %T} -0500", time_format="%F %T %z"),
    "india": Way(lambda m: f"{shifted(m, 5.5):%FT%T}+05:30", time_format="%FT%T%z"),
    "java": Way(lambda m: f"{shifted(m, 1):%Y-%m-%dT%H:%M:%S}+01:00[Europe/Paris]"),
    "slashes": way("%Y/%m/%d %H:%M:%S"),
    "compact": way("%Y%m%dT%H%M%SZ"),
    "rfc 2822": way("%a, %d %b %Y %H:%M:%S +0000", named=False),
    "javascript": way("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)", named=False),
    "ctime": way("%a %b %d %H:%M:%S %Y"),
    "unix date": way("%a %b %d %H:%M:%S UTC %Y"),
    "twitter": way("%a %b %d %H:%M:%S +0000 %Y"),
    "goodreads": Way(lambda m: f"{shifted(m, -7):%a %b %d %H:%M:%S} -0700 {shifted(m, -7):%Y}"),
    "words": way("%b %d, %Y, %I:%M %p", minute),
    "narrow space": Way(lambda m: f"{m:%b %d, %Y, %I:%M:%S\u202f%p}"),
    "long words": way("%d %B %Y", midnight),
    "oracle": way("%d-%b-%y %I.%M.%S.000000 %p", named=False),
    "sas": way("%d%b%Y:%H:%M:%S"),
    "apache": way("%d/%b/%Y:%H:%M:%S +0000", named=False),
    "ordinal": way("%Y-%j", midnight),
    "ordinal time": way("%Y-%jT%H:%M:%S"),
    "db2": way("%Y-%m-%d-%H.%M.%S.123456"),
    "log": way("%Y%m%d_%H%M%S"),
    "xml date": Way(lambda m: f"{m:%Y-%m-%d}Z", midnight),
    "odata": Way(lambda m: f"/Date({seconds(m)}123)/"),
    "odbc": way("{ts '%Y-%m-%d %H:%M:%S'}", named=False),
    "chinese": way("%Y年%m月%d日 %H:%M", minute),
    "korean": Way(lambda m: f"{m.year}. {m.month}. {m.day}.", midnight),
    "sap long": way("%Y%m%d%H%M%S.1234567", named=False),
    "17 digits": Way(lambda m: int(f"{m:%Y%m%d%H%M%S}123"), time_format="DATE_NUMBER"),
    "month": way("%Y-%m", lambda m: midnight(m).replace(day=1)),
    "digits": way("%Y%m%d%H%M%S"),
    "day digits": Way(lambda m: f"{m:%Y%m%d}", midnight, "DATE_NUMBER"),
    "day number": Way(lambda m: int(f"{m:%Y%m%d}"), midnight, "DATE_NUMBER"),
    "day float": Way(lambda m: float(f"{m:%Y%m%d}"), midnight, "DATE_NUMBER"),
    "minute number": Way(lambda m: int(f"{m:%Y%m%d%H%M}"), minute, "DATE_NUMBER"),
    "seconds": Way(seconds, time_format="EPOCH_SECONDS"),
    "seconds text": Way(lambda m: str(seconds(m)), time_format="EPOCH_SECONDS"),
    "seconds float": Way(lambda m: seconds(m) + 0.25, time_format="EPOCH_SECONDS"),
    "seconds decimal": Way(lambda m: f"{seconds(m)}.75", time_format="EPOCH_SECONDS"),
    "milliseconds": Way(lambda m: seconds(m) * 1000 + 999, time_format="EPOCH_MILLIS"),
    "microseconds": Way(lambda m: str(seconds(m) * 10**6 + 1), time_format="EPOCH_MICROS"),
    "nanoseconds": Way(lambda m: seconds(m) * 10**9 + 1, time_format="EPOCH_NANOS"),
    "arrow": Way(lambda m: m),
    "arrow date": Way(lambda m: m.date(), midnight),
}
IN_DOUBT = {  # read only with a format, or if the values decide
    "german": way("%d.%m.%Y %H:%M", minute),
    "american": way("%m/%d/%Y %I:%M:%S %p"),
    "british": way("%d/%m/%Y %H:%M:%S"),
    "short": way("%m/%d/%y", midnight),
    "excel": Way(lambda m: seconds(m) / DAY + 25_569, time_format="EXCEL_DAYS"),
    "days": Way(lambda m: (m - Moment(1970, 1, 1)).days, midnight, "EPOCH_DAYS"),
    "year and day": Way(lambda m: int(f"{m:%Y%j}"), midnight, "DATE_NUMBER"),
    "year and day text": way("%Y%j", midnight),
    "short year and day": Way(lambda m: int(f"{m:%y%j}"), midnight, "%y%j"),
    "short digits": Way(lambda m: f"{m:%y%m%d}", midnight, "%y%m%d"),
    "short number": Way(lambda m: int(f"{m:%d%m%y}"), midnight, "%d%m%y"),
    "american number": Way(lambda m: int(f"{m:%m%d%Y}"), midnight, "%m%d%Y"),
    "german float": Way(lambda m: float(f"{m:%d%m%Y}"), midnight, "%d%m%Y"),
}
# fmt: on
moments = st.datetimes(Moment(1995, 1, 1), Moment(2038, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
columns = st.lists(moments, min_size=1, max_size=12)  # too few for any to be far from the others


def cast(values: Sequence[Any], column: InputColumn = COLUMN, kind: Any = None) -> list[int | None]:
    """Returns what a run reads."""
    return list(to_column(pa.chunked_array([pa.array(values, kind)]), column).to_pylist())


def profiled(
    values: Sequence[Any], reading: Reading | None = None, *, names_time: bool = False
) -> Any:
    """Returns what checking and proposing know."""
    column = pa.chunked_array([pa.array(values)])
    found = encode(column, reading=reading, names_time=names_time)
    return replace(describe("at", found), times=describe_times(found))


@given(columns, st.sampled_from(sorted(WAYS)))
@some(130, 400)
def test_any_time_in_any_way_is_read_by_runs_and_profiles_alike(
    drawn: list[Moment], name: str
) -> None:
    written, keeps = WAYS[name].write, WAYS[name].keeps
    expected = [seconds(keeps(moment)) for moment in drawn]
    values = [*map(written, drawn), None]
    if "seconds" in name and min(drawn) > Moment(2027, 1, 1):
        return  # asked: 2031 counted from 1970 is 2021 counted from 1960
    if name == "oracle" and max(drawn) > Moment.now():
        return  # 01-JAN-27, in 2026, may be the 27th of 2001
    assert cast(values) == [*expected, None]
    found = profiled(values, Reading())
    assert (found.kind, found.low, found.high) == ("time", min(expected), max(expected))
    assert (found.nulls, found.distinct) == (1, len({*values} - {None}))
    # Numbers without gaps are IDs, and milliseconds of 12 digits bar codes.
    if len(expected) > 1 and max(expected) - min(expected) > 50 and min(expected) > 10**9:
        assert profiled(values, names_time=True).kind == "time"


DAYS = [Moment(2022, 2, 3, 4, 5, 6) + datetime.timedelta(days=5 * n) for n in range(80)]


@pytest.mark.parametrize(
    ("write", "time_format"),
    [
        (lambda m: int(f"{m:%Y%j}"), "DATE_NUMBER"),
        (lambda m: f"{m:%Y%j}", "DATE_NUMBER"),
        (lambda m: int(f"1{m:%y%j}"), "DATE_NUMBER"),  # JD Edwards
        (lambda m: f"1{m:%y%m%d}", "DATE_NUMBER"),  # IBM i
        (lambda m: f"{m:%d%m%Y}", "%d%m%Y"),
        (lambda m: f"{m:%d%m%Y}".lstrip("0"), "%d%m%Y"),  # saved by a spreadsheet
        (lambda m: int(f"{m:%m%d%Y}"), "%m%d%Y"),
        (lambda m: f"{m:%y%m%d}", "%y%m%d"),
        (lambda m: float(f"{m:%d%m%y}"), "%d%m%y"),
    ],
)
def test_short_dates_in_digits_are_times_by_their_columns_name(
    write: Callable[[Moment], Any], time_format: str
) -> None:
    """Codes look like them, too, unless the column is called a date or the config says so."""
    values, expected = list(map(write, DAYS)), [seconds(midnight(day)) for day in DAYS]
    assert cast(values) == expected
    assert cast(values, replace(COLUMN, time_format=time_format)) == expected
    found = profiled(values, names_time=True)
    assert (found.kind, found.low, found.high) == ("time", expected[0], expected[-1])
    assert profiled(values).kind != "time"
    nothing = "0" if isinstance(values[0], str) else 0
    assert cast([*values, nothing]) == [*expected, None]


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ([110203, 120504, 100607], ("%y%m%d", "%d%m%y", "%m%d%y")),
        ([110203, 120304], ("DATE_NUMBER", "%y%m%d", "%d%m%y", "%m%d%y")),  # of JD Edwards?
        ([11022003, 10042005], ("%d%m%Y", "%m%d%Y")),
        (
            [23206, 23207],
            ("%y%j", "EXCEL_DAYS", "EPOCH_DAYS", "days since 1960-01-01", "EPOCH_SECONDS"),
        ),
        ([2023007, 2023012], ("EPOCH_SECONDS",)),  # fiscal periods of SAP, or days
        ([133_132_430_130_000_000], ("ticks since 1601-01-01", "EPOCH_NANOS")),  # of Windows
        ([638_043_662_130_000_000], ("ticks since 0001-01-01", "EPOCH_NANOS")),  # of .NET
    ],
)
def test_dates_in_digits_that_could_be_others_are_asked(
    values: list[int], asked: tuple[str, ...]
) -> None:
    found = profiled(values, Reading())
    assert found.times.asked == asked
    assert profiled(values, names_time=True).kind != "time"


def test_years_and_months_are_no_short_days() -> None:
    assert cast([201112, 201012, 201201]) == [
        seconds(Moment(year, month, 1)) for year, month in ((2011, 12), (2010, 12), (2012, 1))
    ]


@given(st.lists(st.integers(1, 9_999_999), min_size=1, max_size=50))
def test_numbers_are_no_short_dates_without_such_a_name(numbers: list[int]) -> None:
    assert profiled(numbers).kind == "integer"


@given(columns, st.sampled_from(sorted(WAYS) + sorted(IN_DOUBT)))
@some(130, 400)
def test_a_unit_or_format_reads_the_same(drawn: list[Moment], name: str) -> None:
    how = {**WAYS, **IN_DOUBT}[name]
    if how.time_format is None:
        return
    column = replace(COLUMN, time_format=how.time_format)
    values = [how.write(moment) for moment in drawn]
    expected = [seconds(how.keeps(moment)) for moment in drawn]
    assert cast(values, column) == expected
    assert profiled(values, Reading(time_format=how.time_format)).high == max(expected)


@given(columns, st.sampled_from(["german", "american", "british"]))
@example([Moment(2023, 5, 5), Moment(2023, 6, 6)], "british")
@example([Moment(2023, 5, 5), Moment(2023, 6, 7)], "british")
@some(100, 300)
def test_day_or_month_first_is_decided_by_a_value_or_asked(drawn: list[Moment], name: str) -> None:
    how = IN_DOUBT[name]
    values = [how.write(moment) for moment in drawn]
    found = profiled(values, Reading())
    if any(moment.day > 12 for moment in drawn) or all(m.day == m.month for m in drawn):
        assert cast(values) == [seconds(how.keeps(moment)) for moment in drawn]
        assert found.times.asked == ()
        return
    with pytest.raises(RecgenError, match="day or month may come first") as caught:
        cast(values)
    assert how.time_format in found.times.asked
    assert f'"{how.time_format}"' in caught.value.help


def test_a_short_year_may_come_first() -> None:
    assert cast(["23-01-31", "23-01-30", "23-02-01"]) == [
        seconds(Moment(2023, 1, 31)), seconds(Moment(2023, 1, 30)), seconds(Moment(2023, 2, 1))
    ]  # fmt: skip
    with pytest.raises(RecgenError, match="day or month"):
        cast(["05-01-06"])


@pytest.mark.parametrize("values", [[44931.5, 44932.0], [44931, 45000], [5, 7], ["44931.25"]])
def test_small_numbers_are_asked_about(values: list[Any]) -> None:
    with pytest.raises(RecgenError, match=r"in row 1 is not a time in a known unit") as caught:
        cast(values)
    assert ("EXCEL_DAYS" in caught.value.help) == (float(values[0]) > 40_000)


@pytest.mark.parametrize(
    ("values", "row", "value"),
    [
        (["2023-01-05", "yesterday", "2023-01-06"], 2, "'yesterday'"),
        (["2023-01-05", "2023-02-31"], 2, "'2023-02-31'"),
        (["2023-01-05", None, "2023-01-05 25:00"], 3, "'2023-01-05 25:00'"),
        (["13.01.2023", "31.02.2023", "01.01.2023"], 2, "'31.02.2023'"),
        (["13.01.2023", "01.13.2023", "14.01.2023"], 2, "'01.13.2023'"),
        ([20230131, 20230230, 20230301], 2, "20230230"),
        ([str(1_673_000_000), "soon", str(1_673_000_009)], 2, "'soon'"),
        (["2023-01-05 09:12:33 EST"], 1, "'2023-01-05 09:12:33 EST'"),
        ([True], 1, "true"),
        ([datetime.timedelta(days=3)], 1, "3 days"),
        ([datetime.time(8, 26)], 1, "08:26"),
        (["08:26"], 1, "'08:26'"),
        ([float("inf"), 1.673e9], 1, "inf"),
    ],
)
def test_the_first_value_that_is_no_time_is_named(values: list[Any], row: int, value: str) -> None:
    with pytest.raises(RecgenError, match=rf"in row {row} is not a time such as") as caught:
        cast(values)
    assert value.strip("'") in caught.value.message or "datetime" in caught.value.message
    assert "correct it" in caught.value.help


def test_how_many_values_are_no_times_is_said() -> None:
    with pytest.raises(RecgenError, match="'soon' in row 2") as caught:
        cast(["2023-01-05", "soon", "soon", "later", "2023-01-06"])
    assert "3 of 5 rows" in caught.value.help


def test_a_few_words_among_times_do_not_hide_them(tmp_path: Path) -> None:
    """Checking names the value and its row; what is proposed splits by time."""
    days = [f"2023-{1 + n % 12:02}-{1 + n % 28:02} 10:37:00" for n in range(300)]
    days[6] = "yesterday"
    (tmp_path / "data.csv").write_text("\n".join(["at", *days]) + "\n")
    profile = read_profile(tmp_path / "data.csv")
    column = profile.column("at")
    assert (column.kind, column.times.failed if column.times else 0) == ("time", 1)
    misfit = profile.misfit("at", "TIMESTAMP")
    assert misfit is not None
    assert (misfit.value, misfit.row) == ("yesterday", 7)


@pytest.mark.parametrize(
    "word", ["", "NaT", "nan", "None", "null", "NULL", " ", "0000-00-00", "0000-00-00 00:00:00"]
)
def test_words_for_null_are_null(word: str) -> None:
    assert cast(["2023-01-05", word]) == [seconds(Moment(2023, 1, 5)), None]
    assert profiled(["2023-01-05", word], Reading()).times.failed == 0


def test_null_of_every_type() -> None:
    assert cast([1.673e9, float("nan"), None]) == [1_673_000_000, None, None]
    assert cast([20230131, 0]) == [seconds(Moment(2023, 1, 31)), None]
    assert cast(["20230131", "00000000"]) == [seconds(Moment(2023, 1, 31)), None]
    assert cast([None, None]) == [None, None]


def test_every_type_of_arrow() -> None:
    noon = Moment(2024, 1, 1, 12)
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin"):
            assert cast([noon, None], kind=pa.timestamp(unit, zone)) == [seconds(noon), None]
    for kind in (pa.date32(), pa.date64()):
        assert cast([noon.date(), None], kind=kind) == [seconds(midnight(noon)), None]
    for kind in (pa.int64(), pa.uint64(), pa.float64(), pa.decimal128(20, 0), pa.int32()):
        assert cast([seconds(noon), None], kind=kind) == [seconds(noon), None]
    texts = pa.array([str(noon), None])
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        assert cast(texts.cast(kind).to_pylist(), kind=kind) == [seconds(noon), None]
    of_day = replace(COLUMN, bq_type="TIME")
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")):
        assert cast([datetime.time(1, 0, 1), None], of_day, kind) == [3601, None]


@pytest.mark.parametrize("numbers", [range(700_000_000, 700_000_100), range(10**12, 10**12 + 40)])
def test_numbers_without_gaps_are_ids(numbers: range) -> None:
    assert profiled(list(numbers)).kind == "integer"


def test_the_seconds_of_movielens_are_times() -> None:  # of the years 1996 to 2003
    assert profiled([956_703_932, 978_300_760, 1_046_454_590]).kind == "time"
    assert profiled([874_724_710, 893_286_638, 0]).kind == "time"  # a null does not decide


@pytest.mark.parametrize(
    "numbers",
    [
        [20_230_131, 20_231_301],
        [4_006_381, 20_230_131],
        [735_000_000_000, 812_345_678_901],
        [202301],
    ],
)
def test_codes_are_no_times(numbers: list[int]) -> None:
    assert profiled(numbers).kind == "integer"


@pytest.mark.parametrize(
    "texts",
    [
        ["1001-01", "1001-02", "4711-12"],
        ["01-1001", "02-4711"],
        ["P2023-01-05", "P2023-01-06"],
        ["2023-13-01", "2023-14-01"],
        ["10.20.30", "40.50.60"],
        ["MAR1001", "DEC4711"],
        ["v1.2.3", "v1.2.4"],
        ["1/2", "3/4"],
        ["16:9", "4:3"],
        ["2023", "may"],
    ],
)
def test_codes_with_signs_are_no_times(texts: list[str]) -> None:
    assert profiled(texts).kind == "text"


def test_before_1970_fractions_are_cut_off_downwards() -> None:
    half = Moment(1969, 12, 31, 23, 59, 58, 500_000)
    assert cast([half]) == cast([str(half)]) == [-2]
    assert cast([-1_000_000_000_500]) == [-1_000_000_001]
    assert cast([-800_000_000, -500_000_000]) == [-800_000_000, -500_000_000]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["08:26", "8:26 PM", "23:59:59.9"], [30_360, 73_560, 86_399]),
        (["30", "86399"], [30, 86_399]),
        ([3600, 0], [3600, 0]),
    ],
)
def test_times_of_day(values: list[Any], expected: list[int]) -> None:
    assert cast(values, replace(COLUMN, bq_type="TIME")) == expected


@pytest.mark.parametrize("values", [["25:00"], [86_400], [-1], ["2023-01-05 08:26:00"], [True]])
def test_what_is_no_time_of_day(values: list[Any]) -> None:
    with pytest.raises(RecgenError, match="is not a time of day such as 08:26:00"):
        cast(values, replace(COLUMN, bq_type="TIME"))


def test_times_with_and_without_a_zone_are_all_utc_and_counted() -> None:
    values = ["2023-01-05 10:00:00+02:00", "2023-01-05 08:00:00", "2023-01-05"] * 2
    assert cast(values)[:2] == [seconds(Moment(2023, 1, 5, 8))] * 2
    assert profiled(values).times.unzoned == 2  # a date needs no zone
    assert profiled(values[::3]).times.unzoned == 0


def test_the_calendar_is_that_of_python() -> None:
    days = [datetime.date.fromordinal(n) for n in range(1, 3_652_000, 97)]
    columns = [
        np.array(part) for part in zip(*((d.year, d.month, d.day) for d in days), strict=True)
    ]
    zero = np.zeros(len(days), np.int64)
    found, exists = epoch_seconds(Fields(*columns, zero, zero, zero, zero))
    assert exists.all()
    assert found.tolist() == [(d.toordinal() - 719_163) * DAY for d in days]


ODD = [
    0, -1, 1, -9_223_372_037, -(2**63), 2**63 - 1, 253_402_300_799, 7_226_582_400,
    -2_208_988_800, -2_209_161_600, -62_135_596_800, 18_000, 2**31 - 1,
]  # fmt: skip


@given(
    st.integers(40, 80),
    st.lists(st.sampled_from(ODD), unique=True, max_size=6),
    st.integers(1, 200),
)
def test_what_stands_for_null_lies_outside(bulk: int, odd: list[int], rows: int) -> None:
    times = np.linspace(1_660_000_000, 1_700_000_000, bulk).astype(np.int64)
    counts = np.array([1] * bulk + [rows] * len(odd))
    bounds = bounds_of(np.array([*times, *odd]), counts)
    assert bounds is not None
    assert (bounds.low, bounds.high) == (times[0], times[-1])


@given(st.integers(40, 80), st.integers(0, 10**9), st.integers(1, 20))
def test_a_few_strays_lie_outside_and_many_do_not(bulk: int, span: int, strays: int) -> None:
    times = np.linspace(500_000_000, 500_000_000 + span, bulk).astype(np.int64)
    low, high = times[0], times[-1]
    gap = max(span, 31 * DAY) + 1
    for stray in (low - gap, high + gap):
        many = np.array([stray, stray + 2 * DAY if stray > high else stray - 2 * DAY])
        bounds = bounds_of(np.array([*times, *many]), np.array([1] * bulk + [strays, 1]))
        assert bounds is not None
        is_far = strays + 1 <= 0.05 * (bulk + strays + 1)
        edges = (min(low, *many), max(high, *many))
        assert (bounds.low, bounds.high) == ((low, high) if is_far else edges)


@pytest.mark.parametrize(("rows", "is_far"), [(3, True), (30, True), (59, True), (61, False)])
@pytest.mark.parametrize("stray", [946_684_800, 2_524_608_000])  # the years 2000 and 2050
def test_a_single_day_lies_outside_unless_it_is_most(stray: int, rows: int, is_far: bool) -> None:
    times = np.linspace(1_660_000_000, 1_700_000_000, 60).astype(np.int64)
    bounds = bounds_of(np.array([*times, stray, stray + 3600]), np.array([1] * 60 + [rows - 1, 1]))
    assert bounds is not None
    assert bounds.is_far(np.array([stray])).tolist() == [is_far]


def test_years_that_are_all_far_from_each_other_are_kept() -> None:
    years = np.array([seconds(Moment(year, 1, 1)) for year in (2015, 2016, 2018, 2021)])
    bounds = bounds_of(years, np.ones(4))
    assert bounds is not None
    assert (bounds.low, bounds.high) == (years[0], years[-1])


def test_years_that_belong_together_have_no_far_ones() -> None:
    for first in (1900, 1950, 1965, 1970):  # birthdays: 1970-01-01 is among them
        days = np.arange(seconds(Moment(first, 1, 1)), seconds(Moment(2005, 1, 1)), 9 * DAY)
        bounds = bounds_of(days, np.ones(len(days)))
        assert bounds is not None
        assert (bounds.low, bounds.high) == (days[0], days[-1])


def test_a_million_texts_are_read_in_seconds() -> None:
    start = np.datetime64("2003-01-01T00:00:00") + np.arange(10**6) * np.timedelta64(377, "s")
    texts = pa.compute.strftime(pa.array(start), format="%d.%m.%Y %H:%M:%S -0500")
    before = time.process_time()
    to_column(pa.chunked_array([texts]), COLUMN)
    assert time.process_time() - before < 10  # 1 to 2 s on a quiet machine


PIECES = st.sampled_from(
    [
        *(
            "2023",
            "05",
            "1",
            "31",
            "12",
            "00",
            "0000",
            "99999999999999999999",
            "Jan",
            "Thu, ",
            "PM",
        ),
        *("-", "/", ".", ":", " ", "T", "Z", "+", "e", "UTC", "-05:00", "nan"),
        *("\u202f", "\n", "é", "∞"),
    ]
)
GARBAGE = st.one_of(
    st.lists(st.lists(PIECES, max_size=8).map("".join), min_size=1, max_size=6),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6),
    st.lists(st.floats(), min_size=1, max_size=6),
)


@given(
    GARBAGE, st.sampled_from([None, "EPOCH_NANOS", "EXCEL_DAYS", "DATE_NUMBER", "%Y%m%d", "%y %j"])
)
@some(170, 500)
def test_anything_is_read_or_refused_by_runs_and_profiles_alike(
    values: list[Any], time_format: str | None
) -> None:
    """There are no other exceptions and no warnings of numpy, whatever the values are."""
    column = replace(COLUMN, time_format=time_format)
    profiled(values)
    found = profiled(values, Reading(time_format=time_format))
    if found.kind == "empty":
        return
    try:
        read = cast(values, column)
    except RecgenError:
        assert found.times is None or found.times.failed or found.times.asked
        return
    known = sorted({value for value in read if value is not None})
    assert len(read) == len(values)
    if known and found.kind == "time":
        assert float(known[0]) <= found.low <= found.high <= float(known[-1])


def _read_one(text: str) -> str:
    import numpy as np

    from recgen.local.times.texts import read_texts

    read = read_texts(pa.array([text], pa.large_string()))
    return str(np.datetime64(int(read.seconds[0]), "s"))[:10] if read.known[0] else "none"


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 28)))
def test_weeks_and_quarters_are_those_of_python(day: datetime.date) -> None:
    year, week, weekday = day.isocalendar()
    monday = day - datetime.timedelta(days=weekday - 1)
    if 1900 <= year <= 2099:
        assert _read_one(f"{year}-W{week:02}-{weekday}") == f"{day}"
        assert _read_one(f"{year}W{week:02}") == _read_one(f"{year}-W{week:02}") == f"{monday}"
    quarter = (day.month + 2) // 3
    first = f"{day.year}-{3 * quarter - 2:02}-01"
    for text in (f"{day.year}Q{quarter}", f"{day.year}-Q{quarter}", f"Q{quarter} {day.year}"):
        assert _read_one(text) == first


@pytest.mark.parametrize("text", ["2023-W53", "2023-W00", "2023-W05-8", "2023Q5", "Q0 2023"])
def test_weeks_and_quarters_that_do_not_exist(text: str) -> None:
    assert _read_one(text) == "none"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2023-02-10 10:00:00 EST", "write the offset, such as 2023-02-10 10:00:00-05:00"),
        ("2023-02-10 10:00 CEST", "write the offset, such as 2023-02-10 10:00+02:00"),
        ("2023-02-10 10:00:00 Europe/Berlin", "names of zones such as Europe/Berlin"),
        ("2023-H1", "write the first day of the period"),
        ("FY2023-03", "write the first day of the period"),
        ("W05/2023", "write the first day of the period"),
        ("24. Marts-Tag 2023", "names such as Tag are not read: write the month as a number"),
        ("3 foo 2023", "names such as foo are not read"),
        ("13/2023", 'the format, such as "%V/%G"'),
        ("Week 46, 2022", "if these are weeks of ISO 8601"),
        ("令和4年5月3日", "a year of another calendar"),
        ("1.61466E+09", "a spreadsheet has cut off digits"),
        ("Mar-21", "21 may be a day or a year"),
        ("13-Mar", "it has no year"),
        ("2023-03-02/2023-03-08", "write the first day alone, such as 2023-03-02"),
        ("Mon Mar 01 22:32:30 PDT 2021", "such as Mon Mar 01 22:32:30 -07:00 2021"),
        ("10:00 AM", ""),
        ("yesterday", ""),
        ("12345", ""),
    ],
)
def test_what_to_write_instead_is_said_of_the_value(text: str, sentence: str) -> None:
    from recgen.data.time_advice import how_to_write

    assert sentence in how_to_write(text)
    if sentence:
        with pytest.raises(NotTimesError) as caught:
            as_times(
                pa.chunked_array([pa.array([text, "2023-01-01"], pa.large_string())]), Reading()
            )
        assert sentence in caught.value.help
    assert bool(sentence) == bool(how_to_write(text))
