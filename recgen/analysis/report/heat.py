"""Heat maps: histograms over epochs, as SVG. Knows no run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from recgen.analysis.report.scale import Scale
from recgen.analysis.report.svg import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    element,
    epoch_axis,
    hover_columns,
    picture,
)
from recgen.analysis.report.text import percent, short
from recgen.metrics import Histogram

if TYPE_CHECKING:
    from markupsafe import Markup

_COLUMNS = 100  # if there are more epochs, neighbours are averaged
_LABELS = 7
_LEVELS = 16  # number of color levels
_FAINT = 0.004  # share below which nothing is drawn
_TAIL = 0.05


def draw_heat(title: str, histogram: Histogram, color: str) -> Markup | None:
    """Return a heat map: epochs from left to right, values upwards, darker where they are frequent.

    The color shows the square root of a share, so that tails are visible.

    Returns:
        The picture, or None if no epoch has a value.
    """
    columns = _shares(histogram.counts)
    used = [b for b in range(len(histogram.bin_edges) - 1) if any(c[b] for _, c in columns)]
    if not used:
        return None
    first, last = max(used[0] - 1, 0), min(used[-1] + 1, len(histogram.bin_edges) - 2)
    y = Scale(float(first), float(last + 1), BOTTOM, TOP)
    epochs = len(histogram.counts)
    x = Scale(0.5, epochs + 0.5, LEFT, RIGHT)
    parts = [*_cells(columns, x, y, epochs, color), *_labels(histogram.bin_edges, first, last, y)]
    parts += epoch_axis(x, epochs)
    texts = {epoch: _description(epoch, shares, histogram.bin_edges) for epoch, shares in columns}
    parts += hover_columns(x, texts, line_at=False)
    return picture(f"{title}: {_description(*columns[-1], histogram.bin_edges)}", parts)


def _shares(counts: Sequence[Sequence[int]]) -> list[tuple[int, list[float]]]:
    """Return the share of values in each bin, with the first epoch of each column."""
    stride = max(1, math.ceil(len(counts) / _COLUMNS))
    columns = []
    for start in range(0, len(counts), stride):
        rows = [row for row in counts[start : start + stride] if sum(row) > 0]
        summed = [sum(row[b] / sum(row) for row in rows) for b in range(len(counts[0]))]
        if rows:
            columns.append((start, [share / len(rows) for share in summed]))
    return columns


def _cells(
    columns: Sequence[tuple[int, Sequence[float]]], x: Scale, y: Scale, epochs: int, color: str
) -> Iterator[Markup]:
    """Yield the cells; those with about the same share are one element."""
    most = max(max(shares) for _, shares in columns)
    stride = max(1, math.ceil(epochs / _COLUMNS))
    gap = 1.0 if len(columns) <= 40 else 0.0
    levels: dict[int, list[str]] = {}
    for epoch, shares in columns:
        left, right = x(epoch + 0.5), x(min(epoch + stride, epochs) + 0.5)
        width = max(right - left - gap, 0.5)
        for index, share in enumerate(shares):
            if share >= _FAINT * most:
                level = max(round(math.sqrt(share / most) * _LEVELS), 1)
                top, height = y(index + 1) + 0.5, y(index) - y(index + 1) - 0.5
                cell = f"M{left:.1f} {top:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"
                levels.setdefault(level, []).append(cell)
    for level, cells in sorted(levels.items()):
        opacity = f"{level / _LEVELS:.2f}"
        yield element("path", class_=f"cell {color}", d="".join(cells), fill_opacity=opacity)


def _labels(edges: Sequence[float], first: int, last: int, y: Scale) -> Iterator[Markup]:
    """Yield labels for round bin edges, and 0 for the bin that is centered on it."""
    labels: list[tuple[float, str]] = []
    middle = next((b for b in range(first, last + 1) if edges[b] < 0 < edges[b + 1]), None)
    inner = [e for e in range(first, last + 2) if _is_power(edges[e])]
    shown = inner if len(inner) >= 3 else list(range(first, last + 2))
    stride = max(1, math.ceil(len(shown) / _LABELS))
    if middle is not None and edges[middle] == -edges[middle + 1]:
        labels.append((middle + 0.5, "0"))
        above = [e for e in shown if e > middle + 1][stride - 1 :: stride]
        below = [e for e in reversed(shown) if e < middle][stride - 1 :: stride]
        shown = [*above, *below]
    else:
        shown = shown[::stride]
    labels += [(float(edge), short(edges[edge])) for edge in shown]
    for at, label in labels:
        yield element("text", label, class_="y", x=LEFT - 6, y=y(at) + 4)


def _is_power(value: float) -> bool:
    """Return whether a value is a power of ten, up to rounding."""
    if value == 0:
        return False
    power = math.log10(abs(value))
    return abs(power - round(power)) < 1e-6


def _description(epoch: int, shares: Sequence[float], edges: Sequence[float]) -> str:
    low, high = _edge(shares, edges, _TAIL), _edge(shares, edges, 1 - _TAIL, upper=True)
    top = max(range(len(shares)), key=shares.__getitem__)
    most = f"{short(_round(edges[top]))} to {short(_round(edges[top + 1]))}"
    return (
        f"epoch {epoch + 1}\nmost often {most} ({percent(shares[top])})\n"
        f"nine tenths from {short(_round(low))} to {short(_round(high))}"
    )


def _edge(
    shares: Sequence[float], edges: Sequence[float], part: float, upper: bool = False
) -> float:
    """Return the lower (or upper) edge of the bin where a cumulative share is reached."""
    total = 0.0
    for index, share in enumerate(shares):
        total += share
        if total >= part - 1e-12 and share > 0:
            return edges[index + 1] if upper else edges[index]
    return edges[-1]


def _round(value: float) -> float:
    return float(f"{value:.2g}")
