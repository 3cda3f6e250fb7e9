"""SVG elements with all values escaped. Knows no run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recgen.analysis.report.scale import Scale, epoch_ticks
from recgen.analysis.report.text import short

if TYPE_CHECKING:  # slow to import, and needed only to write a page
    from markupsafe import Markup

WIDTH, HEIGHT = 360.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 352.0, 8.0, 184.0
"""Edges of the plot area; a picture is about 360 pixels wide, so a unit is about a pixel."""
COLORS = 8
"""Number of color classes, c0 to c7."""


def element(tag: str, *content: Markup | str, **attributes: object) -> Markup:
    """Return an element with escaped text and values; `class_` becomes `class`, `a_b` `a-b`."""
    from markupsafe import Markup, escape

    # Names of tags and attributes come from this package, never from users.
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
    )
    inside = "".join(map(escape, content))
    return Markup(f"<{tag}{written}>{inside}</{tag}>")


def _plain(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def picture(label: str, parts: Iterable[Markup], height: float = HEIGHT) -> Markup:
    """Return the whole picture.

    Args:
        label: A description for screen readers.
        parts: The elements, from the lowest layer.
        height: The height in units of the picture.
    """
    box = f"0 0 {WIDTH:g} {height:g}"
    return element("svg", *parts, viewBox=box, role="img", aria_label=label)


def y_axis(scale: Scale) -> Iterable[Markup]:
    """Yield grid lines with their values."""
    for value in scale.ticks:
        y = scale(value)
        yield element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=y, y2=y)
        yield element("text", short(value), class_="y", x=LEFT - 6, y=y + 4)


def epoch_axis(x: Scale, epochs: int, bottom: float = BOTTOM) -> Iterable[Markup]:
    """Yield the numbers of epochs below the picture."""
    for number in epoch_ticks(epochs, x.is_log):
        yield element("text", str(number), class_="x", x=x(number), y=bottom + 16)


def hover_columns(
    x: Scale, texts: dict[int, str], line_at: bool = True, most: int = 120
) -> Iterable[Markup]:
    """Yield columns that show the values of the epoch under the pointer.

    Args:
        x: The axis of epochs, from 1.
        texts: The text for each epoch, from 0.
        line_at: Whether a line marks the epoch.
        most: Maximum number of columns; with more epochs, some are omitted.
    """
    epochs = sorted(texts)
    stride = max(1, -(-len(epochs) // most))
    shown = epochs[::stride]
    for index, epoch in enumerate(shown):
        at = x(epoch + 1)
        left = (x(shown[index - 1] + 1) + at) / 2 if index else LEFT
        right = (x(shown[index + 1] + 1) + at) / 2 if index + 1 < len(shown) else RIGHT
        size = {"x": left, "y": TOP, "width": max(right - left, 0.0), "height": BOTTOM - TOP}
        mark = [element("line", x1=at, x2=at, y1=TOP, y2=BOTTOM)] if line_at else []
        title = element("title", texts[epoch])
        yield element("g", title, *mark, element("rect", **size), class_="at")
