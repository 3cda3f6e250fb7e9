"""Times of which each can be read, while the column is mistaken: found by check, said by init."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from test_times import Moment, seconds

from recgen.check import check
from recgen.findings import RecgenError
from recgen.local.profile import read_profile
from recgen.proposal import Given, propose

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")


def sold(folder: Path, at: Any, **data: Any) -> tuple[dict[str, Any], Any]:
    """Returns a config that splits by `order_time`, and the profile of a file with such times."""
    rows = {
        "c": [f"c{n % 90}" for n in range(len(at))],
        "p": [f"p{n % 70}" for n in range(len(at))],
    }
    path = folder / "data.parquet"
    pq.write_table(pa.table({**rows, "order_time": at}), path, use_deprecated_int96_timestamps=True)
    features = {
        f"{side}_{part}": value
        for side, column in (("buyer", "c"), ("product", "p"))
        for part, value in (
            ("id_column", column),
            ("model_features", [{"column": column, "data_type": "text"}]),
        )
    }
    split = {"kind": "strict_time", "date_column": "order_time"}
    return {"features": features, "data": {"split": split, **data}}, read_profile(path)


def moments(count: int = 900) -> list[Moment]:
    return [Moment(2023, 1, 5) + datetime.timedelta(minutes=97 * n) for n in range(count)]


def test_a_clock_of_12_hours_without_am_and_pm_is_found(tmp_path: Path) -> None:
    """Each text is a time, and half of them are 12 hours off."""

    def said(write: str) -> list[str]:
        config, profile = sold(tmp_path, [moment.strftime(write) for moment in moments()])
        return [f.message for f in check(config, profile=profile).findings if f.code == "RG523"]

    (message,) = said("%Y-%m-%d %I:%M:%S")
    assert message.endswith("from 1:00 to 12:59, in each of these hours: AM and PM were lost")
    assert not said("%Y-%m-%d %I:%M:%S %p")
    assert not said("%Y-%m-%d %H:%M:%S")
    assert not said("%Y-%m-%d")


def test_a_shop_that_opens_at_eight_has_a_clock_of_24_hours(tmp_path: Path) -> None:
    opened = [moment for moment in moments(2000) if 8 <= moment.hour < 13]
    config, profile = sold(tmp_path, [str(moment) for moment in opened])
    assert "RG523" not in {f.code for f in check(config, profile=profile).findings}


@pytest.mark.parametrize("ticks", [10**3, 10**6])
def test_numbers_of_two_units_are_said(tmp_path: Path, ticks: int) -> None:
    """As after a program was replaced by one that counts milliseconds."""
    numbers = [seconds(moment) * (1 if n < 600 else ticks) for n, moment in enumerate(moments())]
    config, profile = sold(tmp_path, numbers, column_types={"order_time": "EPOCH_SECONDS"})
    (far,) = (f for f in check(config, profile=profile).findings if f.code == "RG543")
    unit = {10**3: "milliseconds", 10**6: "microseconds"}[ticks]
    assert far.message.startswith("'order_time': 300 rows lie")
    assert (far.help or "").startswith(f"In {unit}, they are among the others: write all numbers")
    why = propose(profile, "data", "data.parquet").keys.time.why
    assert f"two units, such as {numbers[0]} (seconds) and {numbers[-1]} ({unit})" in why
    with pytest.raises(RecgenError) as error:
        propose(profile, "data", "data.parquet", Given(time="order_time"))
    assert "its numbers are of two units" in error.value.help


def test_the_year_9999_of_spark_is_no_year_of_napoleon(tmp_path: Path) -> None:
    """INT96 has it; as nanoseconds of 64 bits, it is 1816."""
    never = [Moment(9999, 12, 31) if n % 50 == 0 else each for n, each in enumerate(moments())]
    config, profile = sold(tmp_path, pa.array(never, pa.timestamp("us")))
    (far,) = (f for f in check(config, profile=profile).findings if f.code == "RG543")
    assert "after all others ('9999-12-31 00:00:00' in row 1)" in far.message


def test_times_that_float32_has_rounded_are_found(tmp_path: Path) -> None:
    """1672909953 becomes 1672909952: the order within two minutes is lost."""

    def said(kind: Any, scale: int = 1) -> list[str]:
        at = pa.array([float(scale * seconds(moment)) for moment in moments()], pa.float64())
        config, profile = sold(tmp_path, at.cast(kind))
        return [f.message for f in check(config, profile=profile).findings if f.code == "RG523"]

    for scale, step in ((1, 128), (1000, 131)):
        (message,) = said(pa.float32(), scale)
        assert message.endswith(
            f"float32, holds times in steps of {step} seconds: the others were rounded"
        )
    assert not said(pa.float64())
    assert not said(pa.int64())
