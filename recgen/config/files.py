"""Types of the keys that say how a file with transactions is read. Knows only Pydantic."""

from __future__ import annotations

import codecs
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from recgen.config.types import ListOf, OptionalColumn, Writable, guarded

# fmt: off
_Encoding = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32",
    "latin-1", "iso-8859-2", "iso-8859-15", "iso-8859-5", "iso-8859-7", "iso-8859-9",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "cp437", "cp850", "cp852", "cp866", "koi8-r", "koi8-u", "mac-roman",
    "shift-jis", "cp932", "euc-jp", "gbk", "gb18030", "big5", "euc-kr", "cp949", "cp874",
]
# fmt: on
_SPELLINGS = {codecs.lookup(name).name: name for name in get_args(_Encoding)}
_WORDS = {"\\t": "\t", "tab": "\t"}  # as people write a tab in YAML


def _encoding(value: object) -> object:
    """Return the name used here for an encoding's other names, such as `ISO-8859-1`."""
    if not isinstance(value, str):
        return value
    try:
        name = codecs.lookup(value).name
    except (LookupError, ValueError):
        return value
    return _SPELLINGS.get("utf-8" if name == "utf-8-sig" else name, value)


def _delimiter(value: object) -> object:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _separates(text: str) -> str:
    if any(mark in text for mark in "\r\n\"'"):
        raise PydanticCustomError("no_delimiter", "contains a line break or a quotation mark")
    return text


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise PydanticCustomError("names_twice", "contains {name} twice", {"name": repr(twice)})
    return names


Encoding = Annotated[_Encoding, BeforeValidator(guarded(_encoding))]
Delimiter = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=10),
    Writable,
    BeforeValidator(guarded(_delimiter)),
    AfterValidator(_separates),
]
ColumnNames = Annotated[ListOf[OptionalColumn], Field(min_length=1), AfterValidator(guarded(_once))]
