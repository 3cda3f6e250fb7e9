"""What a column is about, judged by its name, its type, its statistics and a few values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from recgen.contrib.ml_platform.types import known_type

ID_WORDS = ("_id", "id_", "_key", "key_", "_code", "code_", "zip", "postal", "sku")
_OPTIONS = {
    "numeric": ("number", "id", "cyclical"),
    "text": ("category", "id", "date"),
    "temporal": ("date", "category"),
    "history": ("history",),
    "other": ("category", "id"),
}
_GROUPS = {
    "numeric": ("INT64", "INTEGER", "FLOAT64", "FLOAT", "NUMERIC", "BIGNUMERIC"),
    "text": ("STRING", "BYTES"),
    "temporal": ("TIMESTAMP", "DATETIME", "DATE", "TIME"),
}
_DATE = re.compile(r"\d{4}[-/]\d{2}[-/]\d{2}|\d{2}[-/.]\d{2}[-/.]\d{4}|\d{8}$")
_LOOKED_AT, _FEWEST, _SHARE = 5, 2, 0.6
_MANY, _UNIQUE = 100, 0.1
# Smallest and largest value of a cycle, and how much of it a column has to span.
_CYCLES = ((0, 23, 10), (0, 6, 0), (1, 12, 6), (1, 31, 15))


def group_of(bq_type: str | None) -> str:
    """Return the kind of a type of BigQuery: numeric, text, temporal, history or other."""
    known = known_type(bq_type) if bq_type else "STRING"
    if known is None:
        return "history" if str(bq_type).upper().startswith("ARRAY") else "other"
    if known.startswith("ARRAY"):
        return "history"
    return next((name for name, types in _GROUPS.items() if known in types), "other")


def semantic_type(
    name: str | None,
    bq_type: str | None,
    stats: Mapping[str, Any] | None = None,
    samples: Sequence[object] | None = None,
) -> str:
    """Return what a column is about: number, id, category, date, cyclical or history.

    Args:
        name: The column's name.
        bq_type: Its type in BigQuery, in any spelling; text if there is none.
        stats: `cardinality` or `unique_count`, `total_rows`, `min` and `max`, as far as known.
        samples: A few of its values; at most five are looked at.
    """
    group, word = group_of(bq_type), str(name or "").lower()
    if group == "history":
        return "history"
    if group == "temporal" or (group == "text" and _are_dates(samples or ())):
        return "date"
    if group in ("text", "numeric") and any(part in word for part in ID_WORDS):
        return "id"
    return _of_numbers(stats or {}) if group == "numeric" else "category"


def semantic_type_options(bq_type: str | None) -> list[str]:
    """Return the words among which a user chooses for a type of BigQuery, the usual one first."""
    return list(_OPTIONS[group_of(bq_type)])


def cardinality_of(stats: Mapping[str, Any], usual: int = 0) -> int:
    """Return the number of distinct values."""
    found = number(stats.get("cardinality") or stats.get("unique_count"))
    return usual if found is None else int(found)


def number(value: object) -> float | None:
    """Return a number, also of text; None for anything else."""
    try:
        return None if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _of_numbers(stats: Mapping[str, Any]) -> str:
    count, rows = cardinality_of(stats), number(stats.get("total_rows")) or 0
    if count > _MANY and rows > 0 and count / rows > _UNIQUE:
        return "id"
    low, high = number(stats.get("min")), number(stats.get("max"))
    if low is None or high is None:
        return "number"
    is_cycle = any(a <= low and high <= b and high - low >= span for a, b, span in _CYCLES)
    return "cyclical" if is_cycle else "number"


def _are_dates(samples: Sequence[object]) -> bool:
    texts = [str(each).strip() for each in samples if each is not None][: _LOOKED_AT * 2]
    known = [text for text in texts if text][:_LOOKED_AT]
    dates = sum(bool(_DATE.match(text)) for text in known)
    return len(known) >= _FEWEST and dates >= _SHARE * len(known)
