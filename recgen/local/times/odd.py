"""Texts with a time in a frame, or in an order, that programs and people give it, made usual."""

# ruff: noqa: RUF001 (letters of other scripts)

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Texts: TypeAlias = "pa.Array"

_CLOCK = r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?"
_PM = r"下午|午後|오후|μ\.?μ\.?|ΜΜ|p\.\s?m\.?|pm|p"
_AM = r"上午|午前|오전|π\.?μ\.?|ΠΜ|a\.\s?m\.?|am|a"
_FRAMES = (
    r"/Date\((-?\d+)(?:[+-]\d{4})?\)/",  # OData
    r"(?:\{(?:d|ts) ?)?'([^']*)'\}?",  # ODBC
    r"'([^']+)",  # a spreadsheet's mark of text
    r"=\"([^\"]*)\"",  # a formula that keeps text as it is
    r"\[([^\[\]]+)\]",  # Apache
    r"@(\d+(?:\.\d+)?)",  # GNU date
    r"(?:ISODate|Timestamp|new Date|datetime)\(['\"]?([^'\"()]*)['\"]?\)",
    r"\{\s*\"\$date\"\s*:\s*\"?([^\"{}]*)\"?\s*\}",  # MongoDB
)
_REPLACED = (
    # The half of the day before the clock, as in Chinese and Korean, and in other letters.
    (rf"(?i)(?:{_PM})\s?({_CLOCK})$", r"\1 PM"),
    (rf"(?i)(?:{_AM})\s?({_CLOCK})$", r"\1 AM"),
    (rf"(?i)({_CLOCK})\s?(?:{_PM})$", r"\1 PM"),
    (rf"(?i)({_CLOCK})\s?(?:{_AM})$", r"\1 AM"),
    # Words around the clock.
    (
        rf"(?i),?\s+(?:um|à|as|às|at|a las|alle|ore|klo|kl\.?|om|o|в|saat)\s+({_CLOCK})",
        r" \1",
    ),
    (rf"(?i)({_CLOCK})\s?(?:uhr|h|hrs|hours|год\.?)$", r"\1"),
    (r"(?i)(\d{1,2})\s?[h時时시]\s?(\d{2})\s?[m分분]?$", r"\1:\2"),
    (r"(?i)(\d{1,2})\s?[h時时시]\s?(\d{1,2})\s?[m分분]\s?(\d{1,2})\s?[s秒초]?$", r"\1:\2:\3"),
    # The clock first; with hyphens or without marks after a date in ISO form.
    (
        rf"(?i)^({_CLOCK}(?:\s?[ap]m)?),?\s+(?:on\s+)?(\S*[-/.]\S+|.*\D\d{{4}})$",
        r"\2 \1",
    ),
    (r"^(\d{4}-\d{2}-\d{2})[ _T](\d{2})-(\d{2})-(\d{2})$", r"\1 \2:\3:\4"),
    (r"^(\d{4}-\d{2}-\d{2})[ _T](\d{2})(\d{2})(\d{2})?$", r"\1 \2:\3:\4"),
    (r":$", ""),
    (r"([+-]\d{2}:?\d{2}):00$", r"\1"),  # an offset with seconds
    (r"\s*\((?:UTC|GMT)?([+-]\d{2}:\d{2})\)$", r" \1"),
    (r"(?i)\s+(?:г\.?|года|р\.?|року|r\.?|roku)$", ""),  # "of the year"
    (r"(?i)\bthe\s+", ""),
)


def unframed(texts: Texts) -> Texts:
    """Return texts without what exports put around a time, as the first text shows it."""
    import pyarrow.compute as pc

    first = texts[0].as_py() if len(texts) else ""
    if not first.endswith((")", "/", "}", "'", '"', "]")) and not first.startswith(("'", "@")):
        return texts  # a search through a million times would take a second
    for pattern in _FRAMES:
        texts = pc.replace_substring_regex(texts, pattern=f"^{pattern}$", replacement=r"\1")
    return texts


def as_usual(texts: Texts) -> Texts:
    """Return texts with the clock behind the date, as 17:04:05, and AM or PM after it."""
    import pyarrow.compute as pc

    for pattern, replacement in _REPLACED:
        texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=replacement)
    return texts
