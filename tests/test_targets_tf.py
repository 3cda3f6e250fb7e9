"""The target's transforms in generated code, compared with the same in NumPy."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recgen.config import Target

pytest.importorskip("pyarrow", reason="needs the extra `train`")  # before TensorFlow
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")
from targets import (  # noqa: E402
    COMBINATIONS,
    Numbers,
    analyzed,
    clipped,
    computed,
    experiment,
    logged,
    raw_of,
    scaled,
)

pytestmark = pytest.mark.slow

Values = list[Any]
_reals = st.floats(-(2.0**20), 2.0**20, width=32, allow_subnormal=False)
_reals |= st.floats(0, 2.0**100, width=32, allow_subnormal=False)
_wholes = st.integers(-(2**62), 2**62) | st.integers(2**40, 2**40 + 9) | st.integers(0, 1)
_MANY = 40


def numbers(values: Values, bq_type: str) -> Numbers:
    """Returns the values as a run reads them: real numbers are float32; null is NaN."""
    kind = np.float64 if bq_type in ("INT64", "BOOL") else np.float32
    known = [math.nan if value is None else value for value in values]
    return np.array(known, kind).astype(np.float64)


def limits_of(target: Target, values: Numbers) -> tuple[float, float]:
    """Returns the values at the percentiles: of n in order, the one at place n·p."""
    known = np.sort(values[~np.isnan(values)])
    ends = [-math.inf, math.inf]
    for end, percentile in enumerate(target.bounds):
        if percentile is not None and len(known):
            limit = float(np.float32(known[len(known) * round(10 * percentile) // 1000]))
            rounding = abs(limit) / 2**24 if abs(limit) > 2**24 else 0
            ends[end] = limit + rounding * (1 if end else -1)
    return ends[0], ends[1]


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, Values]:
    """Draws a type and the values of a column, with nulls; some are constant, or all null."""
    bq_type = draw(st.sampled_from(["FLOAT64", "NUMERIC", "INT64", "BOOL"]))
    each = {"INT64": _wholes, "BOOL": st.integers(0, 1)}.get(bq_type, _reals)
    values = st.lists(each | st.none(), min_size=1, max_size=_MANY)
    constant = st.builds(lambda value, count: [value] * count, each, st.integers(1, _MANY))
    return bq_type, draw(values | constant | st.just([None, None]))


@given(columns(), st.sampled_from(COMBINATIONS))
@example(("INT64", [2**40, 2**40 + 1, None, 2**40 + 2]), COMBINATIONS[1])
@example(("FLOAT64", [0.1] * 39 + [None]), COMBINATIONS[-1])
@example(("FLOAT64", [2.375] * 5), COMBINATIONS[5])  # whose logarithms differ in the last bit
@settings(
    some(50, 150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_target_is_clipped_then_logged_then_scaled(
    tmp_path: Path, column: tuple[str, Values], transforms: Any
) -> None:
    bq_type, values = column
    plain = {"column": "amount", "bq_type": bq_type, "transforms": transforms}
    target = Target.model_validate(plain)
    found = computed(plain, values, tmp_path)
    raw = numbers(values, bq_type)
    before = logged(target, clipped(target, raw, limits_of(target, raw)))
    wanted, scale, shift = scaled(target, before)
    learnt = found["amount_target"]
    assert np.array_equal(np.isnan(learnt), np.isnan(raw))  # null is never 0
    assert np.isfinite([found["amount_target_scale"], found["amount_target_shift"]]).all()
    for key, value in (("scale", scale), ("shift", shift)):
        column_of = found[f"amount_target_{key}"]
        assert (column_of == column_of[0]).all()
        np.testing.assert_allclose(column_of[0], value, rtol=1e-5, atol=1e-30)
    size = float(np.nanmax(np.abs(wanted), initial=1.0))
    precision = 1e-6 * size + 4e-16 * float(np.nanmax(np.abs(before), initial=0.0)) / scale
    np.testing.assert_allclose(learnt, wanted, rtol=1e-6, atol=precision)


@given(columns(), st.sampled_from([each for each in COMBINATIONS if each["clip_outliers"] is None]))
@settings(
    some(30, 100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_scale_and_shift_undo_it(
    tmp_path: Path, column: tuple[str, Values], transforms: Any
) -> None:
    bq_type, values = column
    plain = {"column": "amount", "bq_type": bq_type, "transforms": transforms}
    target = Target.model_validate(plain)
    found = computed(plain, values, tmp_path)
    raw = numbers(values, bq_type)
    if target.is_logged:
        raw = np.maximum(raw, 0)  # what is below 0 counts as 0
    # Three numbers are float32: as far apart as the data are from 0, and from each other.
    before = logged(target, raw)
    size = np.nanmax(np.abs(before), initial=0) + np.ptp(np.nan_to_num(before))
    back, off = raw_of(target, found), 2e-7 * size
    error = off * (1 + raw) if target.is_logged else off
    assert np.array_equal(np.isnan(back), np.isnan(raw))
    known = ~np.isnan(raw)
    assert (np.abs(back - raw)[known] <= np.broadcast_to(2 * error + 1e-30, raw.shape)[known]).all()


def test_whole_numbers_of_any_size_keep_their_differences(tmp_path: Path) -> None:
    values = [10**15 + number for number in (0, 1, 2, 3)]
    for transforms in ({"normalize": {}}, {"normalize": {}, "clip_outliers": {"percentile": 99}}):
        plain = {"column": "amount", "bq_type": "INT64", "transforms": transforms}
        learnt = computed(plain, values, tmp_path)["amount_target"]
        np.testing.assert_allclose(np.diff(learnt), 1 / np.std(range(4)), rtol=1e-5)


def test_what_is_switched_off_outside_is_off(tmp_path: Path) -> None:
    """The clipping that a platform's form stores with every target."""
    off = {"enabled": False, "upper": {"enabled": True, "percentile": 75}}
    plain = {"column": "amount", "transforms": {"clip_outliers": off}}
    values = [1.0, 2.0, 3.0, 1000.0]
    assert computed(plain, values, tmp_path)["amount_target"].tolist() == values


AMOUNTS = [float(number) for number in range(1, 98)] + [None, -5.0, 1e6]
WHOLE = [10**12 + number % 3 if number % 7 else None for number in range(100)]
CASES = {
    "all": ("amount", {"clip_outliers": {"upper": {"percentile": 90}}, "log_transform": {}}),
    "z": ("amount", {"clip_outliers": {"lower": {"percentile": 5}}, "normalize": {}}),
    "range": ("whole", {"normalize": {"range": [-1, 1]}}),
    "empty": ("empty", {"normalize": {}, "log_transform": {}}),
    "same": ("same", {"normalize": {}}),
}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Numbers]]:
    """Returns what tensorflow-transform itself makes of some targets."""
    rows = {"amount": AMOUNTS, "whole": WHOLE, "empty": [None] * 100, "same": [0.1] * 100}
    types = {"whole": "INT64"}
    configs = {
        name: experiment({"column": column, "bq_type": types.get(column), "transforms": transforms})
        for name, (column, transforms) in CASES.items()
    }
    return analyzed(rows, configs, tmp_path_factory.mktemp("targets"))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_tensorflow_transform_learns_the_same(
    learnt: dict[str, dict[str, Numbers]], name: str
) -> None:
    column, transforms = CASES[name]
    target = Target.model_validate({"column": column, "transforms": transforms})
    rows = {"amount": AMOUNTS, "whole": WHOLE, "empty": [None] * 100, "same": [0.1] * 100}
    bq_type = "INT64" if column == "whole" else "FLOAT64"
    raw, found = numbers(rows[column], bq_type), learnt[name]
    limits = limits_of(target, raw)
    wanted, scale, shift = scaled(target, logged(target, clipped(target, raw, limits)))
    # A quantile lies between two neighbours, so it may be the next value.
    np.testing.assert_allclose(found[target.key], wanted, rtol=0.02, atol=0.02)
    np.testing.assert_allclose(found[target.scale_key], scale, rtol=0.02)
    np.testing.assert_allclose(found[target.shift_key], shift, rtol=0.02, atol=1e-6)
