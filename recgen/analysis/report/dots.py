"""Dot plots: figures with their intervals, as SVG. Knows no run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recgen.analysis.report.scale import Scale, axis
from recgen.analysis.report.svg import RIGHT, element, picture
from recgen.analysis.report.text import number, short
from recgen.metrics import Interval

if TYPE_CHECKING:
    from markupsafe import Markup

_LEFT = 86.0
_TOP, _BELOW = 6.0, 24.0
_LABEL = 15  # characters


@dataclass(frozen=True)
class Dot:
    """A figure, its label, and the class of its color."""

    label: str
    figure: Interval
    color: str


def draw_dots(
    title: str, rows: Sequence[tuple[str, Sequence[Dot]]], height: float | None = None
) -> Markup:
    """Return a plot with a row for each name, and a dot and an interval for each figure.

    Args:
        title: The title, for screen readers.
        rows: At least one row, with at least one figure.
        height: The height of each row; None if it depends on the number of its figures.
    """
    ends = [end for _, dots in rows for dot in dots for end in _ends(dot.figure)]
    x = axis(ends, _LEFT, RIGHT - 4, from_zero=True)
    apart = 11.0
    heights = [height or max(24.0, apart * len(dots) + 8) for _, dots in rows]
    bottom = _TOP + sum(heights)
    parts = []
    for value in x.ticks:
        at = x(value)
        parts.append(element("line", class_="grid", x1=at, x2=at, y1=_TOP, y2=bottom))
        parts.append(element("text", short(value), class_="x", x=at, y=bottom + 16))
    top = _TOP
    for (name, dots), high in zip(rows, heights, strict=True):
        if top > _TOP:
            parts.append(element("line", class_="grid", x1=4.0, x2=RIGHT - 4, y1=top, y2=top))
        label = name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"
        parts.append(element("text", label, class_="y", x=_LEFT - 8, y=top + high / 2 + 4))
        first = top + high / 2 - apart * (len(dots) - 1) / 2
        parts += [_dot(dot, name, x, first + apart * index) for index, dot in enumerate(dots)]
        top += high
    return picture(_description(title, rows), parts, bottom + _BELOW)


def _ends(figure: Interval) -> list[float]:
    return [value for value in (figure.value, figure.low, figure.high) if value is not None]


def _dot(dot: Dot, name: str, x: Scale, y: float) -> Markup:
    ends = _ends(dot.figure)
    low, high = min(ends), max(ends)
    title = element("title", f"{name}\n{dot.label} {words(dot.figure)}")
    bar = element("line", class_=f"bar {dot.color}", x1=x(low), x2=x(high), y1=y, y2=y)
    mark = element("circle", class_=f"dot {dot.color}", cx=x(dot.figure.value), cy=y, r="3.6")
    return element("g", title, bar, mark)


def words(figure: Interval) -> str:
    """Return a figure with its interval, such as `0.3117 (0.3060 to 0.3630)`."""
    if figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{number(figure.value)} ({number(figure.low)} to {number(figure.high)})"


def _description(title: str, rows: Sequence[tuple[str, Sequence[Dot]]]) -> str:
    parts = [
        f"{name}: " + ", ".join(f"{dot.label} {number(dot.figure.value)}" for dot in dots)
        for name, dots in rows
    ]
    return f"{title}. {'; '.join(parts)}"
