"""The layout of delimited text, from its beginning: delimiter, header, width, decimal mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.ingest.content import Text
from recgen.local.ingest.header import require_header, require_row
from recgen.local.ingest.marks import mark_of

# In order: of two that fit equally well, the one that texts and numbers contain less often.
_DELIMITERS = ("\t", "\x01", "\x1f", "::", "||", ";", "|", ",", "~", "^")
SPACE = " "  # or several: found where nothing else fits
_SAMPLE = 2**18  # bytes
_ROWS = 200  # looked at
_MOST = 0.9  # share of rows that must have the header's number of fields
_COMMENT = "[#%]"  # % in the networks of KONECT
_SPACES = re.compile(" +")
_SPACED = (",", ";")  # that some write with a space behind
_QUOTED = re.compile('"[^"]*"')
_COMMA_DECIMAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_COMMA_SEEN = re.compile(r".*\..*,.*|[+-]?(0,\d+|\d{4,},\d+|\d+,(\d{1,2}|\d{4,}))")  # 1,234 may not
_POINT_DECIMAL = re.compile(r"[+-]?\d+\.(\d{1,2}|\d{4,})")  # 1.234 may be a thousand
_WHOLE = re.compile(r"[+-]?\d+")

Record = Sequence[str]


@dataclass(frozen=True)
class Layout:
    """Where the fields of a text are.

    Attributes:
        delimiter: What separates fields.
        names: The names of the columns; the last is "" if each row ends in a delimiter.
        header: Offset of the header, or of the first row if there is none.
        rows: Offset of the first row.
        decimal: The decimal mark of numbers, if it is known.
        has_header: Whether the names are in the text.
        has_points: Whether all values of some column are like 3.95.
    """

    delimiter: str
    names: tuple[str, ...]
    header: int
    rows: int
    decimal: str | None
    has_header: bool
    has_points: bool = False


def delimiter_of(text: Text, named: str | None) -> str:
    """Return the delimiter of a text: as named in the config, by a line `sep=;`, or found."""
    sample = _sample(text, text.start)
    declared = re.match(r'"?sep=(.)"?\r?\n', sample)
    if named is not None or declared:
        return named or str(declared and declared[1])
    table = _table(sample)
    for delimiter in _SPACED:
        if _has_spaces_before_quotes(table, delimiter):
            return f"{delimiter} "
    choices = [
        (_share(records), len(records[0]), delimiter)
        for quote in ('"', "")
        for delimiter in _DELIMITERS
        if len((records := _records(table, delimiter, quote))[0]) > 1
    ]
    good = [choice for choice in choices if choice[0] >= _MOST]
    if good:
        return max(good, key=lambda choice: choice[1])[2]
    if _is_spaced(table):
        return SPACE
    return max(choices)[2] if choices else ","


def _has_spaces_before_quotes(table: str, delimiter: str) -> bool:
    """Return whether fields are separated as in `"a", "b"`: a space follows each delimiter.

    Without it, no field but the first would begin with its quotation mark.
    """
    bare = _QUOTED.sub("", table)
    if f'{delimiter} "' not in table or bare.count(delimiter) != bare.count(f"{delimiter} "):
        return False
    records = _records(table, f"{delimiter} ", '"')
    return len(records[0]) > 1 and _share(records) >= _MOST


def _is_spaced(table: str) -> bool:
    """Return whether spaces separate the fields: all lines have the same number of words."""
    lines = [line.strip(" ") for line in islice(table.splitlines(), _ROWS + 1) if line.strip()]
    widths = {len(_SPACES.split(line)) for line in lines}
    return len(lines) > 1 and len(widths) == 1 and widths != {1}


def quote_of(text: Text, delimiter: str) -> str:
    """Return the quotation mark around fields, as far as the first lines show it.

    Raises:
        RecgenError: It is one that is not read.
    """
    table = _table(_sample(text, text.start), delimiter)
    lines = [line.rstrip() for line in islice(table.splitlines(), _ROWS + 1) if line.strip()]
    records = [line.split(delimiter) for line in lines]
    same = [record for record in records if len(record) == len(records[0])]
    return mark_of(text.path, lines, list(zip(*same, strict=True)))


def layout_of(text: Text, delimiter: str, quote: str, data: DataConfig) -> Layout:
    """Return the layout of a text.

    Args:
        text: The text of the file.
        delimiter: What separates fields.
        quote: Quotation mark around fields, or "".
        data: Names of the columns and the decimal mark, if the config has them.

    Raises:
        RecgenError: The text has no header, or other columns than the config names.
    """
    sample = _sample(text, text.start)
    skipped = len(sample) - len(_table(sample, delimiter))
    header = text.start + len(sample[:skipped].encode())
    found = list(islice(_split(sample[skipped:], delimiter, quote), _ROWS + 1))
    if not found:
        raise RecgenError(f"{text.path} has no header", "write the names of the columns first")
    (names, end), others = found[0], [record for record, _ in found[1:]]
    is_header = data.column_names is None or tuple(names) == data.column_names
    rows = header + len(sample[skipped : skipped + end].encode()) if is_header else header
    if data.column_names is None:
        require_header(text.path, text.line_at(header), names, others)
    else:
        _require_width(text, header, data.column_names, names)
        if not is_header:
            require_row(text.path, text.line_at(header), names, others)
        names = list(data.column_names) + [""] * _has_trailing(data.column_names, [names])
    if is_header:
        names = [*names, ""] if _has_trailing(names, others) else names
    decimal = data.decimal or _decimal(delimiter, others)
    has_points = data.decimal is None and _has_points(others)
    return Layout(delimiter, tuple(names), header, rows, decimal, is_header, has_points)


def is_wrapped(text: Text, layout: Layout, quote: str) -> bool:
    """Return whether a name in the header is written in quotation marks."""
    header = bytes(text.buffer[layout.header : layout.rows]).decode()
    fields = header.splitlines()[0].split(layout.delimiter) if header.strip() else []
    return any(len(field) > 1 and field[0] == field[-1] == quote for field in fields)


def _sample(text: Text, begin: int) -> str:
    """Return the beginning of a text, at least one line of it, without half a line."""
    end = begin + _SAMPLE
    if end < len(text.buffer):
        breaks = [text.buffer.rfind(mark, begin, end) for mark in (b"\n", b"\r")]
        last = max(breaks)
        if last < 0:
            nexts = [text.buffer.find(mark, end) for mark in (b"\n", b"\r")]
            last = min((at for at in nexts if at >= 0), default=len(text.buffer))
        end = last + 1
    return bytes(text.buffer[begin:end]).decode()


def _table(sample: str, delimiter: str = "") -> str:
    """Return a text without empty lines, a line `sep=;`, and comments before the header."""
    sample = re.sub(r'\A(\s*[\r\n])?("?sep=."?\r?\n)?', "", sample)
    lines = re.match(rf"(?:[^\S\t]*[\r\n]|{_COMMENT}[^\r\n]*[\r\n]+)*", sample)
    rest = sample[lines.end() if lines else 0 :]
    comment = sample[: len(sample) - len(rest)].strip().splitlines()
    if not comment or not rest:
        return sample.lstrip("\r\n")
    marks = (delimiter,) if delimiter else _DELIMITERS
    first = rest.splitlines()[0]
    is_name = any(comment[-1].count(mark) == first.count(mark) > 0 for mark in marks)
    return sample[sample.rindex(comment[-1], 0, len(sample) - len(rest)) :] if is_name else rest


def _records(text: str, delimiter: str, quote: str) -> list[Record]:
    found = [record for record, _ in islice(_split(text, delimiter, quote), _ROWS + 1)]
    return found or [[""]]


def _split(text: str, delimiter: str, quote: str) -> Iterator[tuple[Record, int]]:
    """Yield the records of a text that are not empty lines, each with its end."""
    mark, quoted = re.escape(delimiter), ""
    plain = rf"[^{mark}\r\n]*" if len(delimiter) == 1 else rf"(?:(?!{mark})[^\r\n])*"
    if quote:
        body = f"[^{quote}]*(?:{quote}{quote}[^{quote}]*)*"
        quoted = f"{quote}({body}){quote}?({plain})|"
    field = re.compile(rf"(?:{quoted}({plain}))({mark}|\r\n|\r|\n|\Z)")
    record: list[str] = []
    at = 0
    while at < len(text) or record:
        match = field.match(text, at)
        assert match is not None
        parts = match.groups()
        if quote and parts[0] is not None:
            record.append(parts[0].replace(quote * 2, quote) + parts[1])
        else:
            record.append(parts[-2])
        at = match.end()
        if parts[-1] != delimiter:
            if record != [""]:
                yield record, at
            record = []


def _share(records: Sequence[Record]) -> float:
    header, *rows = records
    return sum(len(row) in (len(header), len(header) + 1) for row in rows) / max(1, len(rows))


def _has_trailing(names: Record, rows: Sequence[Record]) -> bool:
    """Return whether each row has one field more than names, and an empty one at its end."""
    return bool(rows) and all(len(row) == len(names) + 1 and not row[-1] for row in rows)


def _require_width(text: Text, at: int, names: Record, row: Record) -> None:
    if len(names) != len(row) and not _has_trailing(names, [row]):
        raise RecgenError(
            f"column_names has {len(names)} names, but line {text.line_at(at)} of {text.path} "
            f"has {len(row)} fields",
            "name each column of the file, in order",
        )


def _decimal(delimiter: str, rows: Sequence[Record]) -> str | None:
    """Return "," if all values of some column are numbers with a decimal comma, else None."""
    return "," if delimiter != "," and _any_column(rows, _COMMA_DECIMAL, _COMMA_SEEN) else None


def _has_points(rows: Sequence[Record]) -> bool:
    return _any_column(rows, _POINT_DECIMAL, _POINT_DECIMAL)


def _any_column(rows: Sequence[Record], mark: re.Pattern[str], seen: re.Pattern[str]) -> bool:
    """Return whether all values of some column are numbers, and some show the decimal mark."""
    for column in zip(*(row for row in rows if len(row) == len(rows[0])), strict=True):
        values = [value.strip() for value in column if value.strip()]
        with_mark = sum(bool(mark.fullmatch(value)) for value in values)
        whole = sum(bool(_WHOLE.fullmatch(value)) for value in values)
        if with_mark + whole == len(values) and any(map(seen.fullmatch, values)):
            return True
    return False
