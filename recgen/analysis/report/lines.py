"""Line charts: curves over epochs, as SVG. Knows no run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recgen.analysis.report.robust import is_uneven, usual
from recgen.analysis.report.scale import Scale, axis
from recgen.analysis.report.svg import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    element,
    epoch_axis,
    hover_columns,
    picture,
    y_axis,
)
from recgen.analysis.report.text import number
from recgen.analysis.series import points
from recgen.metrics import Series

if TYPE_CHECKING:
    from markupsafe import Markup

_MANY = 150  # points beyond which a line is thinner
_MOST_POINTS = 600  # of a line, about two for each pixel
_EARLY = 50  # epochs
_FEW_POINTS = 100  # of a line of a small picture


@dataclass(frozen=True)
class Line:
    """A series, its label, the class of its color, and the number of its run if there are many."""

    label: str
    values: Series
    color: str
    run: int | None = None


@dataclass(frozen=True)
class Level:
    """A reference value, drawn as a dashed line: chance, popularity."""

    label: str
    value: float


def draw_lines(
    title: str,
    lines: Sequence[Line],
    levels: Sequence[Level] = (),
    mark: int | None = None,
    from_zero: bool = False,
    brief: bool = False,
) -> Markup:
    """Return a chart of curves over epochs.

    Curves of several runs share an axis that suits most of them.

    Args:
        title: The title, for screen readers.
        lines: The curves; at least one has a value.
        levels: Reference values.
        mark: An epoch, from 0, to mark.
        from_zero: Whether the axis starts at zero.
        brief: Whether to leave out the figures of each epoch, to keep the page small.
    """
    series = [line.values for line in lines]
    known = [value for each in series for _, value in points(each)]
    is_log = False
    if lines[0].run is not None:
        (known, _), is_log = usual(series), is_uneven(series)
    y = axis([*known, *(level.value for level in levels)], BOTTOM, TOP, from_zero=from_zero)
    epochs = max(len(line.values) for line in lines)
    inset = 8.0 if epochs > 1 else 0.0
    x = Scale(1.0, float(max(epochs, 1)), LEFT + inset, RIGHT - inset, is_log)
    parts = [*y_axis(y), *epoch_axis(x, epochs)]
    if mark is not None and mark < epochs:
        at = x(mark + 1)
        parts.append(element("line", class_="mark", x1=at, x2=at, y1=TOP, y2=BOTTOM))
    for level in levels:
        at = y(level.value)
        parts.append(element("line", class_="level", x1=LEFT, x2=RIGHT, y1=at, y2=at))
    for line in lines:
        drawn = list(_line(line, x, y, _FEW_POINTS if brief else _MOST_POINTS))
        if brief and line.run is not None:
            drawn = [element("g", element("title", line.label), *drawn, data_run=line.run)]
        parts += drawn
    if not brief:
        parts += hover_columns(x, _texts(lines, epochs))
    return picture(title if brief else _description(title, lines), parts)


def _line(line: Line, x: Scale, y: Scale, most: int) -> Iterator[Markup]:
    """Yield a path with gaps where values are missing, and a dot for the last point."""
    found = points(line.values)
    early = _EARLY if x.is_log else 0  # which such an axis draws far apart
    found = found[:early] + downsampled(found[early:], most)
    alone: list[tuple[int, float]] = []
    path = ""
    for part in _unbroken(found, len(line.values), most):
        path += "M" + "L".join(f"{x(epoch + 1):.1f} {y(value):.1f}" for epoch, value in part)
        alone += part if len(part) == 1 else []
    width = "line fine" if len(found) > _MANY else "line"
    yield element("path", class_=f"{width} {line.color}", d=path)
    for epoch, value in dict.fromkeys([*alone, *found[-1:]]):
        yield element("circle", class_=f"dot {line.color}", cx=x(epoch + 1), cy=y(value), r="2.6")


def _unbroken(
    found: list[tuple[int, float]], epochs: int, most: int
) -> Iterator[list[tuple[int, float]]]:
    """Yield the parts of a line that missing values separate."""
    near = 4 * math.ceil(epochs / most) if epochs > most else 1
    start = 0
    for end in range(1, len(found) + 1):
        if end == len(found) or found[end][0] - found[end - 1][0] > near:
            yield found[start:end]
            start = end


def downsampled(
    found: list[tuple[int, float]], most: int = _MOST_POINTS
) -> list[tuple[int, float]]:
    """Return the lowest and the highest of neighbouring points, so that no spike is lost."""
    if len(found) <= most:
        return found
    kept: list[tuple[int, float]] = []
    parts = most // 2
    for part in range(parts):
        near = found[part * len(found) // parts : (part + 1) * len(found) // parts]
        ends = {min(near, key=lambda each: each[1]), max(near, key=lambda each: each[1])}
        kept += sorted(ends)
    return kept


def _texts(lines: Sequence[Line], epochs: int) -> dict[int, str]:
    texts = {}
    for epoch in range(epochs):
        values = [
            f"{line.label} {number(value)}"
            for line in lines
            if epoch < len(line.values) and (value := line.values[epoch]) is not None
        ]
        if values:
            texts[epoch] = "\n".join([f"epoch {epoch + 1}", *values])
    return texts


def _description(title: str, lines: Sequence[Line]) -> str:
    """Return a description of the curves for screen readers."""
    ends = [
        f"{line.label} from {number(found[0][1])} to {number(found[-1][1])}"
        for line in lines
        if (found := points(line.values))
    ]
    return f"{title} over epochs: {'; '.join(ends)}"
