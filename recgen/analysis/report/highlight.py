"""YAML and Python with highlights, as HTML. Every character of the text is kept and escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from recgen.analysis.report.text import lines

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST = 200_000  # characters that are shown; a generated module has some 50,000
_LONGEST = 1000  # characters of a line or of blanks, of which pygments may take the square
_LONG = (re.compile(r"[^\n]+"), re.compile(r"\s+"))
# Classes of the style sheet, and the types of pygments' tokens that have them.
_CLASSES = {
    "d": ("Name.Function", "Name.Class", "Name.Decorator", "Name.Tag"),
    "k": ("Keyword", "Operator.Word"),
    "s": ("Literal.String",),
    "n": ("Literal.Number",),
    "c": ("Comment",),
}


def python(text: str) -> Markup:
    """Return Python with highlights."""
    from pygments.lexers.python import PythonLexer

    return _highlighted(PythonLexer, text)


def yaml(text: str) -> Markup:
    """Return YAML with highlights."""
    from pygments.lexers.data import YamlLexer

    return _highlighted(YamlLexer, text)


def _highlighted(lexer: Any, text: str) -> Markup:
    from markupsafe import Markup, escape

    shown = lines(text[:_MOST])
    parts: list[Markup] = []
    for kind, tokens in groupby(_tokens(lexer, shown), key=lambda token: _class_of(token[0])):
        part = escape("".join(value for _, value in tokens))
        parts.append(Markup('<span class="{}">{}</span>').format(kind, part) if kind else part)
    if len(text) > _MOST:
        parts.append(escape(f"\n… and {len(text) - _MOST:,} more characters"))
    return Markup("").join(parts)


def _tokens(lexer: Any, text: str) -> Iterable[tuple[object, str]]:
    """Return types and values; a text that would take long is one value without a type."""
    lengths = (len(part) for pattern in _LONG for part in pattern.findall(text))
    if max(lengths, default=0) > _LONGEST:
        return [("", text)]
    found: Iterable[tuple[object, str]] = lexer(stripnl=False, ensurenl=False).get_tokens(text)
    return found


@cache
def _class_of(token: object) -> str:
    """Return the class for a type of token, or nothing."""
    name = str(token).removeprefix("Token.")
    return next((each for each, types in _CLASSES.items() if name.startswith(types)), "")
