"""A machine whose clock was set back, or lost with its battery: dates are read as ever."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest

from recgen.cli import main
from recgen.clock import set_back

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

from recgen.local.times.reading import Times, read_times, recognised_numbers  # noqa: E402

_PAST = {"2020": 1_577_836_800, "1970": 100}
_BOUGHT = 1_678_000_000  # 2023-03-05

_DAY = 86_400

_COLUMNS: dict[str, tuple[list[Any], str]] = {
    "the day or the year first": ([f"{day}-Jan-23" for day in range(10, 14)], "2023-01-10"),
    "three numbers": ([f"{day:02}.03.23" for day in range(1, 13)], "2023-03-01"),
    "the month first": ([f"3/{day}/23" for day in range(1, 29)], "2023-03-01"),
    "numbers": ([_BOUGHT + _DAY * day for day in range(40)], "2023-03-05"),
}


def _read(values: list[Any]) -> str:
    times: Times | None
    if isinstance(values[0], str):
        times = read_times(pa.array(values, pa.large_string()))
    else:
        times = recognised_numbers(pa.array(values))
    assert times is not None
    return f"{datetime.fromtimestamp(int(times.seconds[0]), timezone.utc):%Y-%m-%d}"


@pytest.mark.parametrize("year", _PAST)
@pytest.mark.parametrize("name", _COLUMNS)
def test_dates_are_read_as_ever(name: str, year: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values, first_day = _COLUMNS[name]
    assert _read(values) == first_day
    monkeypatch.setattr(time, "time", lambda: _PAST[year])
    assert _read(values) == first_day


def test_the_clock_is_said_to_be_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_back() is None
    monkeypatch.setattr(time, "time", lambda: _PAST["2020"])
    with pytest.raises(SystemExit):
        main(["check", "missing.yaml"])
    first = capsys.readouterr().err.splitlines()[0]
    assert first == f"warning: {set_back()}"
    assert "this machine says 2020-01-01" in first
