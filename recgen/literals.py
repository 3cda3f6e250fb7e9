"""Literals and comments of generated code, and the slots that stand for them in templates.

Templates never see the text of a config. They get slots, which are plain identifiers, so the
output of a template is Python before it contains a single character of the config: its `form`.
Filling the slots is the last step, and `recgen.attest` compares the result with the form.
"""

from __future__ import annotations

import ast
import math
import re
import textwrap
from typing import Any

WIDTH = 88  # black's default line length, so that black finds nothing to change

_FORMATTER = re.compile(r"(fmt|yapf):")  # `fmt: off` in a comment would disable black
_SLOT = re.compile(r"(LITERAL|COMMENT)_((?:[0-9a-f]{2})*)_")


def literal_slot(value: Any) -> str:
    """Return the slot of a value; `literal` lists the possible types."""
    return f"LITERAL_{literal(value).encode().hex()}_"


def comment_slot(text: str) -> str:
    """Return the slot of a comment, for a template line such as `# {{ text | comment }}`."""
    return f"COMMENT_{text.encode().hex()}_"


def literal_in(identifier: str) -> str | None:
    """Return the literal for which an identifier is the slot, or None if it is not a slot."""
    found = _SLOT.fullmatch(identifier)
    return bytes.fromhex(found[2]).decode() if found and found[1] == "LITERAL" else None


def has_slot(form: str) -> bool:
    """Return whether a form has a slot."""
    return _SLOT.search(form) is not None


def fill(form: str) -> str:
    """Return the text of a form with all slots filled."""
    return "\n".join(map(_filled, form.split("\n")))


def _filled(line: str) -> str:
    start = line[: len(line) - len(line.lstrip())]

    def text_of(slot: re.Match[str]) -> str:
        text = bytes.fromhex(slot[2]).decode()
        return text if slot[1] == "LITERAL" else _comment(text, start)

    return _SLOT.sub(text_of, line)


def literal(value: Any) -> str:
    """Return a value as a Python literal: the only way for a value to get into code.

    Raises:
        TypeError: There is no literal for that type.
        ValueError: The number is not finite.
        AssertionError: The literal does not read back as the value, which is a bug of recgen.
    """
    text = _literal(value)
    again = ast.literal_eval(text)
    if again != value or repr(again) != repr(_plain(value)):  # 1 == 1.0 == True
        raise AssertionError(f"{text} is not {value!r}")
    return text


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= 10_000 else str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no literal")
        return repr(float(value))
    if isinstance(value, str):
        return f'"{"".join(map(_escaped, value))}"'  # letters of every alphabet stay readable
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    raise TypeError(f"no literal for a {type(value).__name__}")


def _plain(value: Any) -> Any:
    """Return the value without its subclass, whose repr may differ."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    kinds = (str, float) if not isinstance(value, (int, type(None))) else ()
    return next((kind(value) for kind in kinds if isinstance(value, kind)), value)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()


def _comment(text: str, start: str) -> str:
    """Return text for a comment: every line but the first begins with its own `# `."""
    printable = "".join(c if c.isprintable() or c == " " else "\n" for c in text)
    printable = _FORMATTER.sub(r"\1 :", printable)
    width = WIDTH - len(start) - 2
    lines = [
        wrapped
        for line in printable.split("\n")
        for wrapped in textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    ]
    while lines and not lines[-1]:
        lines.pop()
    return f"\n{start}# ".join(lines)
