"""The rule on numbers that are rounded until they are equal."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recgen.check import check
from recgen.local.profile import read_profile

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")
np = pytest.importorskip("numpy")

ROWS = 2000


def rounded(experiment: dict[str, Any], folder: Path, bq_type: str, values: Any) -> list[Any]:
    plain = copy.deepcopy(experiment)
    feature = {"column": "amount", "bq_type": bq_type, "data_type": "numeric"}
    plain["features"]["buyer_model_features"].append(feature)
    table = {
        "customer_id": [f"c{i % 50}" for i in range(len(values))],
        "age": [20 + i % 50 for i in range(len(values))],
        "sku": [f"p{i % 30}" for i in range(len(values))],
        "bought_at": [1_672_531_200 + 3600 * i for i in range(len(values))],
        "amount": values,
    }
    pq.write_table(pa.table(table), folder / "data.parquet")
    report = check(plain, profile=read_profile(folder / "data.parquet"))
    return [finding for finding in report.findings if finding.code == "RG551"]


@pytest.mark.parametrize(
    ("bq_type", "first", "expected"),
    [
        ("FLOAT64", 202_401_010_000, True),  # minutes as YYYYMMDDHHMM
        ("INT64", 202_401_010_000, False),
        ("FLOAT64", 1_700_000_000, True),  # epoch seconds
        ("NUMERIC", 10**15, True),
        ("FLOAT64", 0, False),
        ("FLOAT64", -1000, False),
        ("INT64", 2**53 - 4000, False),
        ("INT64", 2**62, True),
    ],
)
def test_numbers_that_become_equal_are_found(
    experiment: dict[str, Any], tmp_path: Path, bq_type: str, first: int, expected: bool
) -> None:
    found = rounded(experiment, tmp_path, bq_type, [first + i for i in range(ROWS)])
    assert bool(found) == expected
    for finding in found:
        assert "'amount' has 2,000 values from" in finding.message
        assert ("bq_type: INT64" in finding.help) == (bq_type != "INT64")


@given(st.floats(1e-3, 1e15), st.floats(1e-9, 1e3), st.integers(2, 50))
@settings(some(20, 60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_float32_does(
    experiment: dict[str, Any], tmp_path: Path, middle: float, spread: float, count: int
) -> None:
    values = middle * (1 + spread * np.linspace(-0.5, 0.5, count))
    left = len(np.unique(values.astype(np.float32)))
    found = rounded(experiment, tmp_path, "FLOAT64", values.tolist())
    assert not found or left < len(np.unique(values))  # no false alarm
    if left < len(np.unique(values)) / 4:
        assert found
