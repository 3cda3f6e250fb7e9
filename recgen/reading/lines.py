"""Lines that a user can write instead of a value of the wrong type."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel

from recgen.findings import Location

_TRUE, _FALSE = ("true", "yes", "on", "y", "1"), ("false", "no", "off", "n", "0")
_FEATURE = "{{column: {}, data_type: text}}"
_LAYER = "{type: dense, units: 64}"
_MEMBERS = "[{column: country}, {column: age, type: numeric}]"
_LISTS = {
    "buyer_model_features": f"[{_FEATURE.format('customer_id')}]",
    "product_model_features": f"[{_FEATURE.format('product_id')}]",
    "buyer_model_crosses": f"[{{features: {_MEMBERS}}}]",
    "product_model_crosses": f"[{{features: {_MEMBERS}}}]",
    "features": _MEMBERS,
    "null_times": "['1900-01-01']",
}
_MAPPINGS = {
    "features": f"{{buyer_model_features: {_LISTS['buyer_model_features']}, "
    f"product_model_features: {_LISTS['product_model_features']}}}",
    "model": "{epochs: 8}",
    "data": "{split: {kind: strict_time, date_column: order_date}}",
    "split": "{kind: strict_time, date_column: order_date}",
    "history": "{shared_with: product_id}",
    "cyclical": "{weekly: true}",
    "column_types": "{order_date: TIMESTAMP}",
}
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?\Z", re.IGNORECASE)
_SHOWN = 60


def line_to_write(
    path: Location, value: object, wanted: str, owners: tuple[type[BaseModel], ...]
) -> str:
    """Return the line with a value of the right type; empty if none can be shown.

    Args:
        path: The path of the value.
        value: What is there; the line keeps its meaning if it has one.
        wanted: The kind that is expected, in the words of `kind_of`.
        owners: The models that the value belongs to, or is one of.
    """
    key = path[-1] if path else ""
    if isinstance(key, int):
        item = _item(str(path[-2]) if len(path) > 1 else "", value)
        return f"- {item}" if item else ""
    shown = _shown(key, value, wanted, owners)
    return f"{_plain(key)}: {shown}" if shown else ""


def feature_line(key: str, column: str) -> str:
    """Return the line that gives a tower one feature, a column of text."""
    return f"{key}: [{_FEATURE.format(_plain(column))}]"


def _item(of: str, value: object) -> str:
    if of.endswith("_model_features") or of == "features":
        column = _plain(value) if isinstance(value, str) and value else "customer_id"
        return _FEATURE.format(column) if of != "features" else f"{{column: {column}}}"
    if of.endswith("_crosses"):
        return f"{{features: {_MEMBERS}}}"
    return _LAYER if of.endswith("_layers") else ""


def _shown(key: str, value: object, wanted: str, owners: tuple[type[BaseModel], ...]) -> str:
    if wanted == "text":
        return json.dumps(_word(value)) if _word(value) else ""
    if wanted == "true or false":
        word = _word(value)
        return "true" if word in _TRUE else "false" if word in _FALSE else _default(key, owners)
    if wanted == "a list":
        return _LISTS.get(key, f"[{_LAYER}]" if key.endswith("_layers") else "[]")
    if wanted == "a mapping":
        return _MAPPINGS.get(key) or _default(key, owners) or "{}"
    return _number(value, wanted) or _default(key, owners) or "1"


def _word(value: object) -> str:
    """Return a short text or a number as a word; empty for anything else."""
    if isinstance(value, str):
        return value.strip().lower() if len(value) <= _SHOWN else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**_SHOWN):
        return str(value)
    return ""


def _number(value: object, wanted: str) -> str:
    """Return the number that a text or a float stands for, if it is one of the right kind."""
    text = str(value).strip().replace("_", "") if isinstance(value, (str, float)) else ""
    if text.count(",") == 1 and "." not in text and len(text.rpartition(",")[2]) != 3:
        text = text.replace(",", ".")
    if not _NUMBER.match(text) or len(text) > _SHOWN:
        return ""
    number = float(text)
    is_whole = number.is_integer() and abs(number) < 2**53
    if wanted == "a whole number":
        return str(int(number)) if is_whole else ""
    return text


def _default(key: str, owners: tuple[type[BaseModel], ...]) -> str:
    """Return the default of a field as YAML writes it."""
    fields = (owner.model_fields[key] for owner in owners if key in owner.model_fields)
    found: Any = next((field.default for field in fields if not field.is_required()), None)
    if isinstance(found, BaseModel):
        found = found.model_dump(mode="json", exclude_defaults=True)
    if found is None or found == ():
        return ""
    return json.dumps(found).replace('"', "")


def _plain(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_][\w.]*", text) else json.dumps(text)
