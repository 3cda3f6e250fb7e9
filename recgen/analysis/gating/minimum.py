"""Minimums: a figure of the test, a comparison and a number, such as `rmse <= 2.5`."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recgen.findings import RecgenError

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_SPELLINGS = {"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "@": "_at_", " at ": "_at_"}
_PERCENT = re.compile(r"([\d.]+)\s*%\s*$")
_EXPRESSION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(>=|<=|>|<)\s*(\S+)\s*")
_TEST = "test_"
_NEAR = 3  # names that a message proposes


@dataclass(frozen=True)
class Minimum:
    """A condition on a figure of `final_metrics`.

    Attributes:
        name: The figure; `rmse` means `test_rmse`.
        comparison: One of >=, >, <= and <.
        bound: What the figure is compared with.
    """

    name: str
    comparison: str
    bound: float

    def __str__(self) -> str:
        """Return the condition as it is written."""
        return f"{self.name} {self.comparison} {self.bound:g}"

    def figure(self, figures: Mapping[str, float | None]) -> tuple[str, float | None]:
        """Return the figure's name in the file and its value; None if it was not measured.

        Raises:
            KeyError: There is no such figure; the exception has the names that are nearest.
        """
        for name in (self.name, f"{_TEST}{self.name}"):
            if name in figures:
                return name, figures[name]
        short = {name.removeprefix(_TEST): name for name in figures}
        near = difflib.get_close_matches(self.name, [*figures, *short], _NEAR, cutoff=0.5)
        raise KeyError(*dict.fromkeys(short.get(name, name) for name in near))

    def holds(self, value: float) -> bool:
        """Return whether a value meets the condition."""
        return _COMPARISONS[self.comparison](value, self.bound)


def parse_minimum(text: str) -> Minimum:
    """Return the condition that a text describes.

    Raises:
        RecgenError: It is not a name, a comparison and a number.
    """
    found = _EXPRESSION.fullmatch(text)
    number = _number(found[3]) if found else None
    if found is None or number is None:
        help = "write a name of final_metrics, one of >=, >, <= and <, and a number: "
        raise RecgenError(
            f"{text!r} is not a condition", f"{help}'{_meant(text) or 'rmse <= 2.5'}'"
        )
    return Minimum(found[1], found[2], number)


def _meant(text: str) -> Minimum | None:
    """Return the condition that a text in another spelling means, such as `recall@10 ≥ 5%`."""
    for spelling, usual in _SPELLINGS.items():
        text = text.replace(spelling, usual)
    text = re.sub(r"(\d),(\d)", r"\1.\2", text)
    percent = _PERCENT.search(text)
    share = _number(percent[1]) if percent else None
    if percent and share is not None:
        text = f"{text[: percent.start()]}{share / 100:g}"
    found = _EXPRESSION.fullmatch(text)
    number = _number(found[3]) if found else None
    return Minimum(found[1], found[2], number) if found and number is not None else None


def _number(text: str) -> float | None:
    if "_" in text:  # which Python reads as nothing
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
