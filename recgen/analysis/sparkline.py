"""A series in one line of characters. Knows numbers only."""

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
    """Returns a character a value, or one for several where there are more than `width`.

    Args:
        values: None leaves a gap.
        width: The most characters.
        low: What the lowest level stands for; None is the lowest value.
        high: What the highest level stands for; None is the highest value.
        levels: The characters, from the lowest.
    """
    shown = _thinned(values, width)
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


def _thinned(values: Sequence[float | None], width: int) -> list[float | None]:
    """Returns at most `width` values: means of neighbours, which hide no whole gap."""
    if len(values) <= width:
        return list(values)
    thinned: list[float | None] = []
    for place in range(width):
        part = values[place * len(values) // width : (place + 1) * len(values) // width]
        known = [value for value in part if value is not None]
        thinned.append(sum(known) / len(known) if known else None)
    return thinned
