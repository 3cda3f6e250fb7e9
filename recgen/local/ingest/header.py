"""Whether the first line of delimited text has names or values; where in doubt, the user is asked.

No row is read as names without a word, since it would be lost, and no names as a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from recgen.data.words import NOTHING
from recgen.findings import RecgenError
from recgen.local.ingest.asked import AskedError, Spelling

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_DATE = re.compile(r"\d{9,}|\d{4}-\d\d?-\d\d?([ T]\d.*)?|\d\d?[./]\d\d?[./]\d{4}( \d.*)?")
_WHOLE = re.compile(r"[+-]?\d+")
_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
_MARK = re.compile(r"[@$€£¥]|://")  # what values have, and few names
_LINE = re.compile(r":?[-=][-=+|]*:?")
_DRAWN = 3  # characters; a hyphen alone stands for nothing
_ALIKE = 0.9  # of the values must be written like the first line's
_ENOUGH = 3  # values; fewer are no evidence
_SHOWN = 60  # characters of a value
_LISTED = 12  # names

Record = Sequence[str]


def require_header(path: Path, line: int, names: Record, rows: Sequence[Record]) -> None:
    """Check that the first line has the names of the columns.

    Args:
        path: The file, for messages.
        line: The number of its first line.
        names: The fields of that line.
        rows: The fields of the next ones.

    Raises:
        RecgenError: A line is drawn below it.
        AskedError: It has values, or it could have.
    """
    if rows and _is_underline(rows[0]):
        raise RecgenError(
            f"{path}, line {line + 1}: a line below the header, as in a table for people, would be "
            "read as a row",
            f"export the data as CSV, or remove the line: sed {line + 1}d OLD > NEW",
        )
    value = _value_among(names, rows)
    if value is not None:
        invented = _invented(names)
        raise AskedError(
            f"{path} has no header: line {line} contains the value {value[:_SHOWN]!r} instead of "
            "the name of a column",
            lambda say: (
                f"{say('column_names', invented)} with the names of the columns, or write them as "
                "the first line of the file"
            ),
        )
    doubt = next(_doubts(names, rows), None)
    if doubt is not None:
        raise _unclear(path, line, names, doubt)


def require_row(path: Path, line: int, first: Record, rows: Sequence[Record]) -> None:
    """Check that the first line of a file whose columns are named elsewhere is a row.

    Raises:
        RecgenError: It has other names: a word above numbers or dates.
    """
    for value, column in zip(first, zip_longest(*rows, fillvalue=""), strict=False):
        known = [each.strip() for each in column if each.strip()]
        word = value.strip()
        is_word = bool(word) and word.casefold() not in NOTHING and not _is_number(word)
        if is_word and len(known) >= _ENOUGH and all(map(_is_number, known)):
            raise RecgenError(
                f"{path}: column_names names the columns, but line {line} has names as well: "
                f"{word[:_SHOWN]!r} above {known[0][:_SHOWN]!r}",
                "leave out column_names, or remove the line: it would be read as a row",
            )


def _is_underline(row: Record) -> bool:
    """Return whether a row draws a line, as sqlcmd, psql and Markdown do below the header."""
    fields = [field.strip() for field in row]
    is_drawn = all(_LINE.fullmatch(field) for field in fields if field)
    return is_drawn and any(len(field) >= _DRAWN for field in fields)


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text))


def _unclear(path: Path, line: int, names: Record, doubt: str) -> AskedError:
    invented, own = _invented(names), _few([name.strip() for name in names])

    def help(say: Spelling) -> str:
        # With the same names as in the file, its first line is the header.
        return (
            f"if line {line} is a row, {say('column_names', invented)} with the names of the "
            f"columns; if it has the names, {say('column_names', own)}"
        )

    return AskedError(
        f"{path}: it is not clear whether line {line} has the names of the columns or values: "
        f"{doubt}",
        help,
    )


def _invented(names: Record) -> list[str]:
    return _few([f"name{number}" for number in range(1, len(names) + 1)])


def _few(names: list[str]) -> list[str]:
    return names if len(names) <= _LISTED else [*names[: _LISTED - 1], "…"]


def _value_among(names: Record, rows: Sequence[Record]) -> str | None:
    """Return a name that is a value: a date or time, or one of mostly numbers above numbers."""
    dated = next((name for name in names if _DATE.fullmatch(name.strip())), None)
    if dated is not None:
        return dated
    numbers = [name.strip() for name in names if _NUMBER.fullmatch(name.strip())]
    if 2 * len(numbers) <= len([name for name in names if name]) or _are_counted(numbers):
        return None
    below = rows[0] if rows else []
    pairs = [(name.strip(), value.strip()) for name, value in zip(names, below, strict=False)]
    return next((name for name, value in pairs if name in numbers and _NUMBER.match(value)), None)


def _are_counted(numbers: Sequence[str]) -> bool:
    """Return whether numbers follow each other, as columns of pandas and of years do."""
    if len(numbers) < 2 or not all(_WHOLE.fullmatch(number) for number in numbers):
        return numbers == ["0"]
    first = int(numbers[0])
    return [int(number) for number in numbers] == list(range(first, first + len(numbers)))


def _doubts(names: Record, rows: Sequence[Record]) -> Iterator[str]:
    """Yield why a line may have values: they occur below, or are written like those below.

    A header that is repeated in the middle of a file is another error.
    """
    stripped = [name.strip() for name in names]
    below = [row for row in rows if [value.strip() for value in row] != stripped]
    numbers = [name for name in stripped if _NUMBER.fullmatch(name)]
    for name, column in zip(stripped, zip_longest(*below, fillvalue=""), strict=False):
        values = [value.strip() for value in column if value.strip()]
        if not name or (name in numbers and _are_counted(numbers)):
            continue
        shown = repr(name[:_SHOWN])
        if name in values:
            yield f"{shown} is also a value of that column"
        elif (_MARK.search(name) or _DIGITS.search(name)) and _is_written_like(name, values):
            yield f"{shown} is written like the values below, such as {values[0][:_SHOWN]!r}"


def _is_written_like(name: str, values: Sequence[str]) -> bool:
    """Return whether nearly all values have the form of a name, such as a letter and a number."""
    mark = _MARK.search(name)
    if _NUMBER.fullmatch(name):
        alike = sum(bool(_NUMBER.fullmatch(value)) for value in values)
    elif mark is not None:
        alike = sum(mark[0] in value for value in values)
    else:
        form = _form(name)
        alike = sum(_form(value) == form for value in values)
    return len(values) >= _ENOUGH and alike >= _ALIKE * len(values)


def _form(text: str) -> str:
    """Return a text with `9` for each number, and `a` for each word but the first.

    Codes of a column begin alike: C0017 and C0021. A column that is called x1 may have such codes.
    """
    begin = _DIGITS.search(text)
    first = text[: begin.start()] if begin else text
    return first + _DIGITS.sub("9", _LETTERS.sub("a", text[len(first) :]))
