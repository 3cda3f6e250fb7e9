"""Sparklines: a series as one line of characters. Knows numbers only."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-~=+*#"
_GAP = " "


def sparkline(
    values: Sequence[float | None],
    width: int = 40,
    low: float | None = None,
    high: float | None = None,
    levels: str = BLOCKS,
) -> str:
    """Return one character for each value, or for several values if there are more than `width`.

    Args:
        values: The series; None leaves a gap.
        width: The maximum number of characters.
        low: The value of the lowest level; None means the lowest value.
        high: The value of the highest level; None means the highest value.
        levels: The characters, from the lowest level.
    """
    shown = _downsampled(values, width)
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    bottom = min(known) if low is None else low
    span = (max(known) if high is None else high) - bottom
    top = len(levels) - 1

    def level(value: float | None) -> str:
        if value is None:
            return _GAP
        share = (value - bottom) / span if span > 0 else 0.0
        return levels[min(max(round(share * top), 0), top)]

    return "".join(map(level, shown))


def _downsampled(values: Sequence[float | None], width: int) -> list[float | None]:
    """Return at most `width` values, each the mean of neighbours; None if all of them are."""
    if len(values) <= width:
        return list(values)
    means: list[float | None] = []
    for index in range(width):
        part = values[index * len(values) // width : (index + 1) * len(values) // width]
        known = [value for value in part if value is not None]
        means.append(sum(known) / len(known) if known else None)
    return means
