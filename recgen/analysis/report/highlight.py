"""YAML and Python with highlights, as HTML. Every character of the text is kept and escaped."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from recgen.analysis.report.text import lines

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST = 200_000  # characters that are shown; a generated module has some 50,000
_OPEN = {kind: f'<span class="{kind}">' for kind in "csdkn"}
_WORDS = "|".join(sorted(keyword.kwlist))
# In the order in which they are tried; each group's name is the class of what it finds. An open
# quote ends with its line (or the text, where it may span lines): nothing is read twice.
_PYTHON = re.compile(
    r"(?P<c>\#[^\n]*)"
    r"|(?P<s>(?:(?<!\w)[rbfuRBFU]{1,2})?(?:\"\"\"(?:[^\\\"]|\\(?:.|\Z)|\"(?!\"\"))*(?:\"\"\"|\Z)"
    r"|'''(?:[^\\']|\\(?:.|\Z)|'(?!\'\'))*(?:'''|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?))"
    rf"|(?P<k>\b(?:{_WORDS})\b)"
    r"|(?P<d>(?<=def )\w+|(?<=class )\w+|@[\w.]+)"
    r"|(?P<n>\b\d[\w.]*)"
    r"|(?P<w>\w+)",
    re.DOTALL,
)
_YAML = re.compile(
    r"(?P<c>(?:(?<=\s)|^)\#[^\n]*)"
    r"|(?P<d>[^\W\d][\w.-]*(?=:(?:\s|$)))"
    r"|(?P<s>\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?)"
    r"|(?P<k>\b(?:true|false|null)\b)"
    r"|(?P<n>(?<![\w.])[-+]?\d[\w.+-]*)"
    r"|(?P<w>\w[\w']*)",
    re.MULTILINE,
)


def python(text: str) -> Markup:
    """Returns Python with highlights."""
    return _highlighted(_PYTHON, text)


def yaml(text: str) -> Markup:
    """Returns YAML with highlights."""
    return _highlighted(_YAML, text)


def _highlighted(pattern: re.Pattern[str], text: str) -> Markup:
    from markupsafe import Markup, escape

    shown = lines(text[:_MOST])
    parts: list[Markup] = []
    end = 0
    for match in pattern.finditer(shown):
        kind = match.lastgroup
        if kind != "w":  # a word of no kind; it is matched so that none begins within it
            parts.append(escape(shown[end : match.start()]))
            parts += (Markup(_OPEN[kind or ""]), escape(match[0]), Markup("</span>"))
            end = match.end()
    parts.append(escape(shown[end:]))
    if len(text) > _MOST:
        parts.append(escape(f"\n… and {len(text) - _MOST:,} more characters"))
    return Markup("").join(parts)
