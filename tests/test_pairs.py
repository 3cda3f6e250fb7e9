"""Distinct numbers and orders that are found by sorting 64 bits, beside numpy's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recgen.local.pairs import ordered, placed, sorted_rows

Draw = Callable[[Any, int], Any]
_KINDS: dict[str, Draw] = {
    "few": lambda draw, n: draw.integers(0, 5, n),
    "negative int32": lambda draw, n: draw.integers(-4, 5, n).astype(np.int32),
    "all int64": lambda draw, n: draw.integers(-(2**63), 2**63 - 1, n),
    "all uint64": lambda draw, n: draw.integers(0, 2**64 - 1, n, np.uint64),
    "normal": lambda draw, n: draw.normal(size=n),
    "zeros and ends": lambda draw, n: draw.choice([0.0, -0.0, np.inf, -np.inf, 1e300], n),
    "truth values": lambda draw, n: draw.integers(0, 2, n).astype(bool),
    # The first bits are all the same; beside them, others are not.
    "alike": lambda draw, n: draw.integers(0, 7, n) * 2.0**-52 + draw.choice([1.0, 1e9, -1e300], n),
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 70_000])
def test_numbers_are_in_their_stable_order(kind: str, size: int) -> None:
    numbers = _KINDS[kind](np.random.default_rng(size), size)
    before = numbers.copy()
    order, found = ordered(numbers)
    np.testing.assert_array_equal(order, np.argsort(numbers, kind="stable"))
    np.testing.assert_array_equal(found, np.sort(numbers))
    np.testing.assert_array_equal(numbers, before)


@pytest.mark.parametrize("scale", [1, 2**40], ids=["in 64 bits", "in more"])
@pytest.mark.parametrize("size", [7, 1000])
def test_rows_are_in_the_order_of_their_columns(scale: int, size: int) -> None:
    draw = np.random.default_rng(1)
    keys = [draw.integers(-3, 4, 3000) * scale for _ in range(3)]
    if scale > 1:
        keys[1][::7] = -(2**63)  # no time
    parts = list(sorted_rows(keys, size))
    assert max(len(part[0]) for part in parts) == size
    found = np.concatenate([np.stack(part) for part in parts], axis=1)
    np.testing.assert_array_equal(found, np.stack(keys)[:, np.lexsort(keys[::-1])])


def test_no_rows_are_no_parts() -> None:
    assert list(sorted_rows([np.zeros(0, np.int64)] * 2, 10)) == []


@pytest.mark.parametrize(
    "numbers",
    [np.array([5.0, -2, 5, 0]), np.array([10**15, 3, 10**15]), np.zeros(0), np.arange(9) - 4],
    ids=["near", "far", "none", "each once"],
)
def test_numbers_have_places_among_the_distinct_ones(numbers: Any) -> None:
    every, places = np.unique(numbers, return_inverse=True)
    for ours, theirs in zip(placed(numbers), (every, places), strict=True):
        np.testing.assert_array_equal(ours, theirs)
