"""Plots of groups of rows: bars, and a value against another, as SVG. Knows no run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recgen.analysis.report.scale import axis
from recgen.analysis.report.svg import BOTTOM, LEFT, RIGHT, TOP, element, picture, y_axis
from recgen.analysis.report.text import number, short

if TYPE_CHECKING:
    from markupsafe import Markup

_GAP = 0.25  # of the width of a bar's place
_INSET = 8.0
_LABELS = 4  # at most below an axis that has wide numbers


@dataclass(frozen=True)
class Bar:
    """A value, its label below the plot, and what is shown of it under the pointer."""

    label: str
    value: float
    text: str


def draw_bars(title: str, bars: Sequence[Bar], level: float, color: str) -> Markup:
    """Return bars from a level, up or down.

    Args:
        title: The title, for screen readers.
        bars: At least one.
        level: Where bars begin, drawn as a dashed line.
        color: The class of their color.
    """
    y = axis([level, *(bar.value for bar in bars)], BOTTOM, TOP, from_zero=True)
    place = (RIGHT - LEFT) / len(bars)
    parts, at = [*y_axis(y)], y(level)
    for index, bar in enumerate(bars):
        left, end = LEFT + place * (index + _GAP / 2), y(bar.value)
        size = {"x": left, "width": place * (1 - _GAP)}
        size |= {"y": min(at, end), "height": abs(at - end)}
        drawn = element("rect", element("title", bar.text), class_=f"cell {color}", **size)
        middle = left + place * (1 - _GAP) / 2
        label = element("text", bar.label, class_="x", x=middle, y=BOTTOM + 16)
        parts += [drawn, label]
    parts.append(element("line", class_="level", x1=LEFT, x2=RIGHT, y1=at, y2=at))
    told = "; ".join(bar.text.replace("\n", ", ") for bar in bars)
    return picture(f"{title}. {told}", parts)


@dataclass(frozen=True)
class Point:
    """Two values, and what is shown of them under the pointer."""

    x: float
    y: float
    text: str


def draw_points(title: str, points: Sequence[Point], color: str) -> Markup:
    """Return points on two equal axes, with a line where both values are equal.

    Args:
        title: The title, for screen readers.
        points: At least one; they are joined in their order.
        color: The class of their color.
    """
    values = [value for point in points for value in (point.x, point.y)]
    x, y = axis(values, LEFT + _INSET, RIGHT - _INSET), axis(values, BOTTOM, TOP)
    parts = list(y_axis(y))
    stride = -(-len(x.ticks) // _LABELS) if any(len(short(each)) > 6 for each in x.ticks) else 1
    for value in x.ticks[::stride]:
        parts.append(element("line", class_="grid", x1=x(value), x2=x(value), y1=TOP, y2=BOTTOM))
        parts.append(element("text", short(value), class_="x", x=x(value), y=BOTTOM + 16))
    ends = {"x1": x(x.low), "x2": x(x.high), "y1": y(y.low), "y2": y(y.high)}
    parts.append(element("line", class_="level", **ends))
    path = "M" + "L".join(f"{x(point.x):.1f} {y(point.y):.1f}" for point in points)
    parts.append(element("path", class_=f"line {color}", d=path))
    parts += (_dot(point, x(point.x), y(point.y), color) for point in points)
    told = "; ".join(f"{number(point.x)}, {number(point.y)}" for point in points)
    return picture(f"{title}. {told}", parts)


def _dot(point: Point, x: float, y: float, color: str) -> Markup:
    title = element("title", point.text)
    return element("circle", title, class_=f"dot {color}", cx=x, cy=y, r="3.6")
