"""Texts for the page: formatted figures, and user input made safe. Knows no HTML."""

from __future__ import annotations

import math

from recgen.findings import printable

_TAB = "    "
_MOST = 120  # characters of a name


def name(text: str, most: int = _MOST) -> str:
    """Return user input as one line, shortened, with control characters escaped."""
    shown = printable(text[: most + 1])
    return shown if len(text) <= most else f"{shown[:most]}…"


def lines(text: str) -> str:
    """Return user input of several lines, with control characters escaped."""
    ended = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(printable(line.replace("\t", _TAB)) for line in ended.split("\n"))


def number(value: float) -> str:
    """Return a figure with about four significant digits: `0.0355`, `3,569`, `1.2e-07`."""
    if value == 0:
        return "0"
    if abs(value) >= 1000 and abs(value) < 1e9:
        return f"{value:,.0f}"
    exponent = math.floor(math.log10(abs(value)))
    return f"{value:.1e}" if exponent < -4 or exponent >= 9 else f"{value:.{3 - min(exponent, 3)}f}"


def short(value: float) -> str:
    """Return a short figure for an axis: `0.05`, `20k`, `1e-5`."""
    if 10_000 <= abs(value) < 1_000_000:
        return f"{value / 1000:g}k"
    digits, mark, exponent = f"{value:.4g}".partition("e")
    return f"{digits}e{int(exponent)}" if mark else digits


def percent(share: float) -> str:
    """Return a share as a percentage: `31.2%`."""
    return f"{share:.1%}"
