"""Histograms with bins of equal width, made of others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

_LOW, _HIGH = 0.01, 0.99


def linear(histogram: object, bins: int) -> dict[str, Any] | None:
    """Return a histogram over bins of equal width with the same total in each epoch.

    Within a bin, values are taken to be evenly distributed.

    Args:
        histogram: `{"bin_edges": [n + 1 numbers], "counts": [[n whole numbers] per epoch]}`.
        bins: The number of bins.

    Returns:
        The same shape with `bins` bins; None if it is not a histogram, or empty.
    """
    read = _read(histogram)
    if read is None:
        return None
    edges, counts = read
    total = [sum(column) for column in zip(*counts, strict=True)]
    if not sum(total):
        return None
    low, high = (_percentile(edges, total, share) for share in (_LOW, _HIGH))
    if not low < high:
        low, high = edges[0], edges[-1]
    wanted = [low + (high - low) * index / bins for index in range(bins)] + [high]
    return {"bin_edges": wanted, "counts": [_spread(edges, each, wanted) for each in counts]}


def _read(histogram: object) -> tuple[list[float], list[list[int]]] | None:
    if not isinstance(histogram, dict):
        return None
    edges, counts = histogram.get("bin_edges"), histogram.get("counts")
    if not isinstance(edges, list) or not isinstance(counts, list) or len(edges) < 2:
        return None
    numbers = [*edges, *(each for row in counts if isinstance(row, list) for each in row)]
    if not all(_is_number(each) for each in numbers):
        return None
    if any(left >= right for left, right in pairwise(edges)):
        return None
    rows = [row for row in counts if isinstance(row, list) and len(row) == len(edges) - 1]
    if len(rows) != len(counts) or any(each < 0 for row in rows for each in row):
        return None
    return [float(each) for each in edges], [[int(each) for each in row] for row in rows]


def _is_number(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) < 1e300  # type: ignore[arg-type]


def _percentile(edges: Sequence[float], counts: Sequence[int], share: float) -> float:
    wanted, below = share * sum(counts), 0.0
    for (left, right), count in zip(pairwise(edges), counts, strict=True):
        if count and below + count >= wanted:
            return left + (right - left) * (wanted - below) / count
        below += count
    return edges[-1]


def _spread(edges: Sequence[float], counts: Sequence[int], wanted: Sequence[float]) -> list[int]:
    """Return the counts in the wanted bins; the outer bins also have what lies beyond them."""
    ends = [-math.inf, *wanted[1:-1], math.inf]
    shares = [0.0] * (len(wanted) - 1)
    for (left, right), count in zip(pairwise(edges), counts, strict=True):
        if not count:
            continue
        for index, (low, high) in enumerate(pairwise(ends)):
            inside = min(right, high) - max(left, low)
            if inside > 0:
                shares[index] += count * inside / (right - left)
    # Rounding the sums, not the numbers, keeps the total.
    sums = [round(each) for each in accumulate(shares)]
    sums[-1] = sum(counts)
    return [right - left for left, right in pairwise([0, *sums])]
