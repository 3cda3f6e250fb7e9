"""Types of columns: BigQuery's, as a platform stores them, and the kinds of features."""

from __future__ import annotations

import re
from typing import get_args

from recgen.config import BqType
from recgen.contrib.ml_platform.account import UNUSABLE, Account
from recgen.findings import Location, show
from recgen.reading.synonyms import meant

BQ_TYPES: tuple[str, ...] = get_args(BqType)
_NESTED = re.compile(r"\s*(?:ARRAY\s*<\s*)?(STRUCT|RECORD)\b", re.IGNORECASE)
_NEVER = {
    "JSON": "a document has no single value",
    "GEOGRAPHY": "a shape on the map has no single value",
    "STRUCT": "a record has several values",
    "RECORD": "a record has several values",
    "INTERVAL": "a span of time is not a number",
    "RANGE": "a range has two values",
}
_INSTEAD = {
    "JSON": "Select what is needed from it in the dataset's query, with JSON_VALUE.",
    "GEOGRAPHY": "Select its coordinates in the dataset's query, with ST_X and ST_Y, or a region.",
    "STRUCT": "Select its fields in the dataset's query.",
    "RECORD": "Select its fields in the dataset's query.",
    "INTERVAL": "Select a number of seconds or days in the dataset's query.",
    "RANGE": "Select its ends in the dataset's query, with RANGE_START and RANGE_END.",
}


def known_type(given: object) -> str | None:
    """Return the type of BigQuery that is meant (`decimal(10, 2)` is NUMERIC); None if none is."""
    if not isinstance(given, str) or never_usable(given):
        return None
    found = meant(given, BQ_TYPES)
    return found.word if found and found.sure else None


def never_usable(given: object) -> str | None:
    """Return the type's own name if no feature can have it."""
    if not isinstance(given, str):
        return None
    if nested := _NESTED.match(given):
        return nested[1].upper()
    word = re.sub(r"^\s*ARRAY\s*<|>\s*$|\(.*\)|<.*>", "", given.strip(), flags=re.IGNORECASE)
    return word.strip().upper() if word.strip().upper() in _NEVER else None


def stored_type(given: object, name: str, place: Location, account: Account) -> object:
    """Return the type of a stored column as a config has it; None leaves the default."""
    if given is None or given == "":
        return None
    if kind := never_usable(given):
        message = f"column {show(name)} is of type {kind}: {_NEVER[kind]}, so no model can read it"
        account.refuse(UNUSABLE, (*place, "bq_type"), message, _INSTEAD[kind])
        return None
    return known_type(given) or given
