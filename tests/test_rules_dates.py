"""Rules on the date column as a whole: swapped days and months, and moments of uploads."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recgen.check import check
from recgen.findings import percent

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
np = pytest.importorskip("numpy")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local.profile import read_profile  # noqa: E402

Day = datetime.datetime
ROWS = 3000
CODES = ("RG565", "RG566", "RG581")


def codes(
    folder: Path, experiment: dict[str, Any], times: Sequence[Day] | Sequence[str]
) -> dict[str, str]:
    """Returns the severities of findings on the dates of purchases, by code."""
    rows = np.arange(len(times))
    columns = {"customer_id": rows % 97, "sku": rows % 53, "age": 20 + rows % 40}
    table = {name: pa.array([*map(str, c)] if name != "age" else c) for name, c in columns.items()}
    kind = pa.string() if isinstance(times[0], str) else pa.timestamp("s")
    table["bought_at"] = pa.array(times, kind)
    path = folder / "shop.parquet"
    pq.write_table(pa.table(table), path)
    found = check(experiment, profile=read_profile(path)).findings
    return {f.code: f.severity for f in found if f.code in CODES}


def purchases(first: Day, days: float, rows: int = ROWS) -> list[Day]:
    """Returns times that are spread over some days."""
    seconds = np.random.default_rng(int(days)).uniform(0, days * 86_400, rows)
    return [first + datetime.timedelta(seconds=int(each)) for each in seconds]


def swapped(times: Sequence[Day]) -> list[Day]:
    return [t.replace(month=t.day, day=t.month) if t.day <= 12 else t for t in times]


SPANS = {
    "a winter": (Day(2023, 11, 3), 110),
    "two months": (Day(2024, 5, 20), 61),
    "a month": (Day(2024, 3, 1), 31),
    "a year and a bit": (Day(2010, 12, 1), 374),
    "half a year": (Day(2022, 1, 1), 158),
}


@pytest.mark.parametrize("name", SPANS)
def test_swapped_days_and_months_are_found(
    tmp_path: Path, experiment: dict[str, Any], name: str
) -> None:
    times = purchases(*SPANS[name])
    assert codes(tmp_path, experiment, times) == {}
    assert codes(tmp_path, experiment, swapped(times)) == {"RG565": "warning"}


def test_a_whole_year_is_found_by_the_days_that_a_shop_is_closed(
    tmp_path: Path, experiment: dict[str, Any]
) -> None:
    times = [t for t in purchases(Day(2023, 1, 1), 365) if t.weekday() != 6]
    assert codes(tmp_path, experiment, times) == {}
    assert codes(tmp_path, experiment, swapped(times)) == {"RG565": "warning"}


def half_converted(times: Sequence[Day]) -> list[str]:
    """Returns texts of dates month first as a spreadsheet that reads them day first leaves them."""
    return [
        f"{t.month}/{t.day}/{t.year}" if t.day > 12 else f"{t.replace(month=t.day, day=t.month)}"
        for t in times
    ]


@pytest.mark.parametrize("rows", [ROWS, 30])
def test_dates_that_a_spreadsheet_has_converted_in_part(
    tmp_path: Path, experiment: dict[str, Any], rows: int
) -> None:
    """Each text is a date, in one of two notations; from the calendar, a whole year shows nothing.

    With few rows, chance explains which days are written so.
    """
    times = purchases(Day(2023, 1, 1), 365, rows)
    mixed = [f"{t.month}/{t.day}/{t.year}" if n % 2 else f"{t}" for n, t in enumerate(times)]
    for texts, is_found in ((half_converted(times), rows == ROWS), (mixed, False)):
        assert ("RG565" in codes(tmp_path, experiment, texts)) == is_found
    iso = [f"{t}" for t in times]
    assert "RG565" not in codes(tmp_path, experiment, iso)


def monthly(day: int) -> Callable[[], list[Day]]:
    """Returns a function for purchases that were booked on one day of the month at first."""

    def times() -> list[Day]:
        early = [Day(2022, m, day, 9, m) for m in range(1, 8) for _ in range(100)]
        return early + purchases(Day(2022, 8, 1), 90, 1000)

    return times


HONEST: dict[str, Callable[[], list[Day]]] = {
    "booked on the first": monthly(1),
    "booked on the 5th": monthly(5),
    "booked on the 9th": monthly(9),
    "a dozen rows": lambda: purchases(Day(2022, 1, 1), 700, 12),
    "first days only": lambda: [
        Day(2022, m, d, h) for m in range(1, 13) for d in range(1, 13) for h in range(24)
    ],
    "closed at weekends": lambda: [t for t in purchases(Day(2022, 1, 5), 500) if t.weekday() < 5],
    "one open Sunday in twelve": lambda: [
        t for t in purchases(Day(2022, 1, 1), 365) if t.weekday() != 6 or t.month == 12
    ],
    "a sale each month": lambda: [
        *(Day(2021, m, d, 8, m) for m in range(1, 13) for d in range(1, 8) for _ in range(9)),
        *purchases(Day(2022, 1, 1), 200),
    ],
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_calendars_are_not_swapped(
    tmp_path: Path, experiment: dict[str, Any], name: str
) -> None:
    assert "RG565" not in codes(tmp_path, experiment, HONEST[name]())


@given(st.datetimes(Day(2015, 1, 1), Day(2024, 1, 1)), st.integers(20, 900), st.integers(40, 900))
def test_purchases_over_any_time_are_not_swapped(
    tmp_path_factory: pytest.TempPathFactory, first: Day, days: int, rows: int
) -> None:
    experiment = {
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [{"column": "customer_id", "data_type": "text"}],
            "product_model_features": [{"column": "sku", "data_type": "text"}],
        },
        "data": {"split": {"kind": "strict_time", "date_column": "bought_at"}},
    }
    times = purchases(first.replace(microsecond=0), days, rows)
    assert "RG565" not in codes(tmp_path_factory.mktemp("any"), experiment, times)


@pytest.mark.parametrize(
    ("moments", "apart", "at", "severity"),
    [
        (30, 7, datetime.timedelta(hours=2, minutes=17), "warning"),
        (12, 30, datetime.timedelta(hours=23), "warning"),
        (30, 7, datetime.timedelta(0), "info"),
        (30, 1, datetime.timedelta(hours=2), None),
        (2000, 7, datetime.timedelta(hours=2), None),
    ],
)
def test_moments_that_many_rows_share(
    tmp_path: Path,
    experiment: dict[str, Any],
    moments: int,
    apart: int,
    at: datetime.timedelta,
    severity: str | None,
) -> None:
    first, steps = Day(2000, 1, 1) + at, np.arange(4000) % moments
    times = [first + datetime.timedelta(days=int(step) * apart) for step in steps]
    assert codes(tmp_path, experiment, times).get("RG566") == severity


def messages(folder: Path, experiment: dict[str, Any], times: Sequence[Day]) -> list[str]:
    """Returns the messages of RG581 on purchases at these times."""
    split = {"split": {"kind": "strict_time", "date_column": "bought_at"}}
    table = {"customer_id": [f"c{n % 97}" for n in range(len(times))], "bought_at": times}
    table["sku"] = [f"p{n % 53}" for n in range(len(times))]
    table["age"] = [20 + n % 40 for n in range(len(times))]
    path = folder / "hole.parquet"
    pq.write_table(pa.table(table), path)
    found = check({**experiment, "data": split}, profile=read_profile(path)).findings
    return [f.message for f in found if f.code == "RG581"]


def typed(times: Sequence[Day], years: int, every: int) -> list[Day]:
    year = datetime.timedelta(days=365 * years)
    return [t + year if n % every == 0 else t for n, t in enumerate(times)]


@pytest.mark.parametrize("years", [-1, 1])
@pytest.mark.parametrize("every", [4, 8])
@pytest.mark.parametrize("days", [120, 330])
def test_a_mistyped_year_leaves_a_hole(tmp_path, experiment, years, every, days):
    times = purchases(Day(2023, 1, 5), days)
    (message,) = messages(tmp_path, experiment, typed(times, years, every))
    holes = [f"the {365 - days - first} days between" for first in (0, 1)]
    assert any(hole in message for hole in holes)
    assert f"the {percent(1 / every)} of the rows on one side would be among the others" in message


@pytest.mark.parametrize(("first", "days"), [(Day(2022, 1, 1), 730), (Day(2022, 12, 20), 250)])
def test_rows_that_were_lost_leave_a_hole_and_no_year_is_blamed(tmp_path, experiment, first, days):
    lost = Day(2023, 2, 1), Day(2023, 4, 1)
    times = [t for t in purchases(first, days) if not lost[0] <= t < lost[1]]
    (message,) = messages(tmp_path, experiment, times)
    assert message.endswith("no row lies in the 59 days between 2023-01-31 and 2023-04-01")


def closed_in_summer(times: Sequence[Day]) -> list[Day]:
    return [t for t in times if t.month not in (7, 8)]


def by_month(times: Sequence[Day]) -> list[Day]:
    return [t.replace(day=1, hour=0, minute=0, second=0) for t in times]


@pytest.mark.parametrize(
    "times",
    [
        purchases(Day(2022, 1, 1), 730),
        closed_in_summer(purchases(Day(2021, 1, 1), 1000)),
        by_month(purchases(Day(2022, 1, 1), 730)),
        purchases(Day(2022, 1, 1), 400, 80),
        [t for t in purchases(Day(2010, 12, 1), 374) if t.month != 12 or not 23 < t.day < 32],
        [*purchases(Day(2023, 1, 1), 100), Day(2021, 1, 1), Day(2021, 2, 1)],
    ],
    ids=["whole", "summers", "months", "few", "Christmas", "odd rows"],
)
def test_shops_without_such_a_hole(tmp_path, experiment, times):
    assert messages(tmp_path, experiment, times) == []
