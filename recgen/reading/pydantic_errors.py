"""Pydantic's error details to one finding: our words, the contract's path, the position."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from recgen.config.model import OBSOLETE
from recgen.findings import Finding, Fix, Location, counted, join_path, kind_of, show
from recgen.reading.document import Document
from recgen.reading.lines import line_to_write
from recgen.reading.synonyms import is_misspelt, meant

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Models = tuple[type[BaseModel], ...]
Words = tuple[str, str, str, Fix | None]  # code, message, help, fix

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def finding_of(
    details: ErrorDetails, model: type[BaseModel], document: Document, prefix: Location
) -> Finding:
    """Returns the finding for one error of Pydantic.

    Args:
        details: As Pydantic gives it.
        model: The model that was built.
        document: Where the data came from, for the position.
        prefix: Path from the document to the data; not part of the finding's path.
    """
    path, owners = _place(model, details["loc"])
    if details["type"].startswith("union_tag"):  # the key that says which model it is
        path = (*path, _discriminator(owners[0]))
    code, message, help, fix = _words(details, path, owners)
    line, column, end = document.position((*prefix, *path))
    shown = join_path(path)
    return Finding(code, "error", shown, message, help, line, column, fix, end_column=end)


def _place(model: type[BaseModel], loc: Location) -> tuple[Location, Models]:
    """Returns the path without the tags that Pydantic adds, and the models at or around it."""
    path: list[str | int] = []
    owners: Models = (model,)
    for part in loc:
        if len(owners) > 1 and isinstance(part, str):  # a union's tag: which of its models it is
            owners = tuple(owner for owner in owners if part in _tags(owner))
            continue
        if part == "[key]" and path[-2:-1] in (["column_types"], ["stats"]):
            break  # Pydantic's mark for "the key itself"; a user's key may have that name too
        path.append(part)
        fields = owners[0].model_fields if len(owners) == 1 else {}
        if isinstance(part, str) and part in fields:
            inner = _models_in(fields[part].annotation)
            owners = inner or owners
    return tuple(path), owners


def _models_in(annotation: Any) -> Models:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(found for inner in get_args(annotation) for found in _models_in(inner))


def _discriminator(model: type[BaseModel]) -> str:
    return "data_type" if "data_type" in model.model_fields else "type"


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    return get_args(model.model_fields[_discriminator(model)].annotation)


def _words(details: ErrorDetails, path: Location, owners: Models) -> Words:
    kind = details["type"]
    if kind in _KINDS:
        return _wrong_type(details, path, owners)
    if kind in _WORDINGS:
        return _WORDINGS[kind](details, path, owners)
    return _out_of_range(details, path, owners)


def _wrong_type(details: ErrorDetails, path: Location, owners: Models) -> Words:
    value, wanted = details["input"], _KINDS[details["type"]]
    if details["type"] == "float_type" and kind_of(value) == "a whole number":
        return "RG013", "the number is too large", "Write a smaller number.", None
    line = line_to_write(path, value, wanted, owners)
    help = f"Write {wanted}" + (f", such as `{line}`." if line else ".")
    if isinstance(value, str) and "number" in wanted:
        help = f"Write the number without quotes, with digits and a point only: `{line}`."
    return "RG012", f"expected {wanted}, got {_given(value)}", help, None


def _given(value: object) -> str:
    kind, shown = kind_of(value), show(value)
    if isinstance(value, bool):
        return shown
    return kind if shown in kind else f"{kind}: {shown}"


def _unknown_key(details: ErrorDetails, path: Location, owners: Models) -> Words:
    key, known = path[-1], [name for owner in owners for name in owner.model_fields]
    close = get_close_matches(str(key), known, n=1)
    message = f"unknown key {show(key)}"
    if close:
        fix = Fix(path, "rename", close[0], safe=is_misspelt(str(key).casefold(), known))
        return "RG010", message, f"Did you mean {close[0]!r}?", fix
    fix = Fix(path, "remove")
    return "RG010", message, f"Remove it; known here: {', '.join(known)}.", fix


def _missing_key(details: ErrorDetails, path: Location, owners: Models) -> Words:
    return "RG011", f"the key {path[-1]!r} is missing", f"Add `{path[-1]}:`.", None


def _no_tag(details: ErrorDetails, path: Location, owners: Models) -> Words:
    key = path[-1]
    allowed = ", ".join(tag for owner in owners for tag in _tags(owner))
    return "RG011", f"the key {key!r} is missing", f"Add `{key}:` with one of {allowed}.", None


def _wrong_tag(details: ErrorDetails, path: Location, owners: Models) -> Words:
    given = _attribute(details["input"], str(path[-1]))
    allowed = [tag for owner in owners for tag in _tags(owner)]
    return _not_allowed(show(given), given, allowed, path)


def _wrong_word(details: ErrorDetails, path: Location, owners: Models) -> Words:
    allowed = re.findall(r"'([^']*)'", str(details.get("ctx", {}).get("expected", "")))
    given = details["input"]
    older = OBSOLETE.get(str(path[-1]) if path else "", ())
    return _not_allowed(show(given), given, [word for word in allowed if word not in older], path)


def _not_allowed(what: str, given: object, allowed: list[str], path: Location) -> Words:
    message = f"{what} is not one of {', '.join(allowed)}"
    found = meant(given, allowed)
    if found:
        fix = Fix(path, "set", found.word, safe=found.sure)
        return "RG013", message, f"Did you mean {found.word!r}?", fix
    return "RG013", message, "Write one of them.", None


def _time_format(details: ErrorDetails, path: Location, owners: Models) -> Words:
    problem = details.get("ctx", {}).get("problem", "")
    message = f"the time format {show(details['input'])} cannot be used: {problem}"
    return "RG013", message, 'Write a format such as "%d.%m.%Y" or "%Y-%m-%d %H:%M:%S".', None


def _unwritable(details: ErrorDetails, path: Location, owners: Models) -> Words:
    message = "the text holds a character that no file can hold (NUL or half a surrogate pair)"
    return "RG014", message, "Remove the character.", None


def _raised(details: ErrorDetails, path: Location, owners: Models) -> Words:
    error = str(details.get("ctx", {}).get("error", "an error"))[:200]
    return "RG001", f"reading the attribute failed: {error}", "Fix the object.", None


def _range(details: ErrorDetails, path: Location, owners: Models) -> Words:
    value = details["input"]
    shown = f"[{', '.join(map(show, value))}]" if isinstance(value, (list, tuple)) else show(value)
    help = "Write null for z-score, or [0, 1], or [-1, 1]."
    return "RG013", f"the range {shown[:60]} is not known", help, None


_BOUNDS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "a finite number",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",  # of our fields, none has a limit of 1
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
    "not_json": "JSON data of at most 10 levels",
}


def _out_of_range(details: ErrorDetails, path: Location, owners: Models) -> Words:
    wanted = _BOUNDS.get(details["type"])
    if wanted is None:  # a check of Pydantic that no field of ours uses yet
        reason = re.sub(r"^(Value error|Assertion failed), ", "", details["msg"])
        return "RG013", f"not allowed: {reason}", "Change the value.", None
    value = details["input"]
    given = show(value)
    if isinstance(value, (list, tuple, str)):
        given = counted(len(value), "character" if isinstance(value, str) else "item")
    ctx = details.get("ctx", {})
    message = f"expected {wanted.format(**ctx)}, got {given}"
    return "RG013", message, _limits(path, owners), None


def _limits(path: Location, owners: Models) -> str:
    schema = _properties(owners[0]).get(path[-1], {})
    for part in (schema, *schema.get("anyOf", ())):
        low = part.get("minimum", part.get("exclusiveMinimum"))
        high = part.get("maximum", part.get("exclusiveMaximum"))
        if high is not None:
            return f"Write a value between {low} and {high}."
        if low is not None:
            return f"Write a value from {low} on."
    return "Change the value."


@cache
def _properties(model: type[BaseModel]) -> Any:
    return model.model_json_schema()["properties"]


def _attribute(value: Any, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else getattr(value, key, None)


_WORDINGS: dict[str, Callable[[ErrorDetails, Location, Models], Words]] = {
    "extra_forbidden": _unknown_key,
    "invalid_key": _unknown_key,
    "missing": _missing_key,
    "union_tag_not_found": _no_tag,
    "union_tag_invalid": _wrong_tag,
    "literal_error": _wrong_word,
    "string_unicode": _unwritable,
    "text_unwritable": _unwritable,
    "get_attribute_error": _raised,
    "unknown_range": _range,
    "time_format": _time_format,
}
