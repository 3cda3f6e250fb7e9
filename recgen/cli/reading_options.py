"""Options of `init` that say how a file is read: the keys of `data` in the config it writes."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from recgen.findings import ConfigError, RecgenError
from recgen.proposal import plain_settings

Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Encoding of a text file, such as cp1252.  [default: found]"),
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What separates fields.  [default: found]")
]
Quote = Annotated[
    str | None,
    typer.Option(metavar="MARK", help="Quotation mark; '' for none.  [default: found]"),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="MARK", help="Decimal mark of numbers.  [default: found]")
]
ColumnNames = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="Names of the columns of a file without a header."),
]

TimeFormat = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT", help="Unit or format of --time: EXCEL_DAYS, '%d.%m.%Y'.  [default: found]"
    ),
]


def settings_of(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the keys of `data` for options that were given.

    Args:
        given: The options' values by the names of the keys; None if an option is not given.

    Raises:
        RecgenError: An option has a value that its key cannot have.
    """
    return {key: _valid(key, value) for key, value in given.items() if value is not None}


def options_of(settings: Mapping[str, Any]) -> str:
    """Return the options for keys of `data`, as they are written in a command."""
    texts = {
        key: value if isinstance(value, str) else _line(value) for key, value in settings.items()
    }
    return "".join(f" {_option(key)} {shlex.quote(text)}" for key, text in texts.items())


def _valid(key: str, written: str) -> object:
    """Return the value of a key as the config has it."""
    value = _names(written) if key == "column_names" else written
    try:
        return plain_settings({key: value})[key]
    except ConfigError as error:
        found = error.report.errors[0]
        raise RecgenError(f"{_option(key)} {written!r}: {found.message}", found.help) from error


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _names(text: str) -> list[str]:
    """Return names that are separated by commas; one with a comma in it is in quotation marks."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]


def _line(names: list[str]) -> str:
    return ",".join(f'"{name}"' if "," in name else name for name in names)
