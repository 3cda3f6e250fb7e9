"""Rows in every form that a platform has them, as plain data. Knows no setting's meaning."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from pydantic import BaseModel

from recgen.findings import RecgenError, kind_of, show
from recgen.reading.plain import SCALARS, Plain

WHOLE = frozenset(
    [
        "units",
        "embedding_dim",
        "buckets",
        "vocab_size",
        "min_frequency",
        "oov_buckets",
        "max_size",
        "max_length",
        "hash_bucket_size",
        "crossing_buckets",
        "batch_size",
        "epochs",
        "output_embedding_dim",
        "top_k",
        "scann_num_leaves",
        "scann_leaves_to_search",
        "catalogue_size",
        "gpu_count",
    ]
)
REAL = frozenset(
    [
        "learning_rate",
        "rate",
        "l1_reg",
        "l2_reg",
        "epsilon",
        "retrieval_weight",
        "ranking_weight",
        "percentile",
    ]
)
_SWITCHES = frozenset(
    [
        "enabled",
        "is_primary_id",
        "share_tower_weights",
        "embedding",
        "normalize",
        "bucketize",
        "missing_flag",
        "log_transform",
        "clip_outliers",
        "cyclical",
        "quarterly",
        "monthly",
        "daily",
        "yearly",
        "weekly",
        "annual",
    ]
)
_WORDS = dict.fromkeys(("true", "on", "yes", "1"), True)
_WORDS |= dict.fromkeys(("false", "off", "no", "0", "none", "null", ""), False)
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*")
_JSON_COLUMNS = ("_features", "_crosses", "_layers", "target_column", "training_params")
_DEEPEST = 12
_LONGEST = 5_000_000  # letters of a text that is parsed
_ABSENT = object()


def plain_row(source: object, names: Collection[str], what: str) -> Plain:
    """Return a row as a dict of plain data.

    Numbers that a client wrote as text or as `4096.0`, and decimals of a database, are numbers;
    a switch that is written as text, such as "false", is one; an array of NumPy is a list.

    Args:
        source: A mapping (also as an export of Django's: `{"model": …, "pk": …, "fields": …}`), the
            JSON text of one, or an object with attributes, such as an instance of a Django model.
        names: The attributes to read from an object. A mapping is returned whole.
        what: What the row is, for messages.

    Raises:
        RecgenError: It is none of these, or an attribute cannot be read.
    """
    if isinstance(source, (str, bytes, bytearray)):
        source = _parsed(source, what)
    if isinstance(source, BaseModel):
        source = source.model_dump(exclude_unset=True)
    if isinstance(source, Mapping):
        fields = source.get("fields")
        if isinstance(fields, Mapping) and "model" in source:
            fields = {"id": source.get("pk"), **fields}
        else:
            fields = source
        row = dict(fields)
    elif isinstance(source, (*SCALARS, list, tuple, set, frozenset)):
        raise RecgenError(f"the {what} is {kind_of(source)}", "pass a row: a mapping or an object")
    else:
        row = _attributes(source, names, what)
    return {str(key): _plain(value, str(key)) for key, value in row.items()}


def is_on(transform: object) -> bool:
    """Return whether a stored transform is switched on: `{"enabled": true}`, or true."""
    return bool(transform.get("enabled") if isinstance(transform, dict) else transform)


def mapping_of(value: object) -> Plain:
    """Return a mapping as it is, a switch as a transform, and an empty one for anything else."""
    if isinstance(value, bool):
        return {"enabled": value}
    return value if isinstance(value, dict) else {}


def output_name(column: Mapping[str, object]) -> str:
    """Return the name under which the data has a column."""
    return str(column.get("display_name") or column.get("column") or "")


def whole_number(value: object) -> object:
    """Return a number that a client wrote as text or as `4096.0` as one; others as they are."""
    return _number(value, "catalogue_size")


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def json_of(text: str | bytes | bytearray) -> object:
    """Return what a JSON text says; a mark of its encoding at the beginning says nothing.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    if isinstance(text, str):
        return json.loads(text.removeprefix("\ufeff"))
    return json.loads(text)


def _parsed(text: str | bytes | bytearray, what: str) -> object:
    try:
        return json_of(text[:_LONGEST])
    except (ValueError, RecursionError) as error:
        help = "pass the row as a mapping, an object or JSON"
        if isinstance(error, RecursionError):
            raise RecgenError(f"the {what} is JSON that is nested too deeply", help) from None
        reason = str(error)
        if isinstance(error, json.JSONDecodeError) and error.lineno == 1:
            # The line is the row's, not the file's.
            reason = f"{error.msg.removesuffix(' at')} at letter {error.colno}"
        raise RecgenError(f"the {what} is a text that is not JSON: {reason}", help) from error


def _attributes(source: object, names: Collection[str], what: str) -> Plain:
    found: Plain = {}
    for name in names:
        try:
            value = getattr(source, name, _ABSENT)
        except Exception as error:  # of a database, behind a field that is loaded only now
            reason = f"its {name} cannot be read: {type(error).__name__}: {error}"
            raise RecgenError(
                f"the {what} is incomplete: {reason}", "load the row again"
            ) from error
        if value is not _ABSENT and not callable(value):
            found[name] = value
    if not found:
        help = f"it has none of these attributes: {', '.join(sorted(names)[:4])}"
        raise RecgenError(f"the {what} is {kind_of(source)}", help)
    return found


def _plain(value: Any, key: str, depth: int = 0) -> Any:
    """Return a value with numbers as numbers, and mappings and objects as dicts."""
    if hasattr(type(value), "tolist") and depth <= _DEEPEST:  # of NumPy, pandas, array
        return _plain(value.tolist(), key, depth + 1)
    if isinstance(value, str) and key in _SWITCHES:
        return _WORDS.get(value.strip().lower(), value)
    if isinstance(value, Decimal):
        value = float(value) if value.is_finite() else str(value)
    if isinstance(value, str) and not depth and key.endswith(_JSON_COLUMNS):
        value = _from_column(value)
    if key in WHOLE or key in REAL:
        return _number(value, key)
    if isinstance(value, SCALARS) or depth > _DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain(v, str(k), depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, "", depth + 1) for each in value]
    own = getattr(value, "__dict__", None)
    if not isinstance(own, dict):
        return value if _has_truth(value) else str(value)
    public = {k: v for k, v in own.items() if not k.startswith("_") and not callable(v)}
    return {name: _plain(each, name, depth + 1) for name, each in public.items()}


def _has_truth(value: object) -> bool:
    """Return whether a value can be compared and judged, as pandas' NA cannot."""
    try:
        return bool(value) or value not in (None, "") or True
    except Exception:  # whatever the value's own code raises
        return False


def _from_column(text: str) -> object:
    """Return the data of a JSON column that a database gives as text; others stay text."""
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text[:_LONGEST])
    except (ValueError, RecursionError):
        return text


def _number(value: object, key: str) -> object:
    """Return a number as one; an empty text, which forms and SQL write for null, is null."""
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    elif isinstance(value, Real) and not isinstance(value, (bool, int, float)):  # such as NumPy's
        value = int(value) if isinstance(value, Integral) else float(value)
    is_whole = isinstance(value, float) and math.isfinite(value) and value.is_integer()
    return int(value) if is_whole and key in WHOLE else value  # type: ignore[call-overload]


def named(column: Mapping[str, object]) -> str:
    """Return a column's name for a message."""
    return show(output_name(column) or "?")
