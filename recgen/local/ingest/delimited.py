"""Reader of delimited text (CSV, TSV): each line is read, or an error names it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.ingest.asked import AskedError, Spelling
from recgen.local.ingest.content import Text, damaged, text_of
from recgen.local.ingest.formats import FileFormat
from recgen.local.ingest.layout import SPACE, delimiter_of, is_wrapped, layout_of, quote_of
from recgen.local.ingest.marks import SINGLE
from recgen.local.ingest.quotes import quoting_of

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCKS = (2**22, 2**26, 2**30, 2**31 - 1)  # bytes that Arrow parses at once; a row must fit
_TOO_LONG = "straddling"  # in Arrow's message about a row that is longer than a block
_FREE = "\x1f\x1e\x1d\x1c\x02\x03\x04\x05\x06\x0e\x0f"  # may stand for a longer delimiter
_BLANK = 1000  # bytes after the header: if all are line ends, there are no rows
_SEVERAL = re.compile(b"  +")
_AROUND = re.compile(rb"^ +| +(?=\r?$)|(?<=\r) +", re.MULTILINE)
_LOOSE = re.compile(rb"  |^ | \r?$|\r ", re.MULTILINE)
_MOST_WRONG = 1000  # rows that are counted before reading stops
_FOOTER = 5000  # bytes: more is not a footer


class DelimitedFile:
    """A file of delimited text; its columns are text, with null for an empty field."""

    def __init__(self, path: Path, head: bytes, data: DataConfig) -> None:
        """Find out how the file is written.

        Raises:
            RecgenError: It is not text, or it is not clear where its rows begin and end.
        """
        text = text_of(path, head, data.encoding)
        delimiter = delimiter_of(text, data.delimiter)
        if delimiter == SPACE:
            text = _with_single_spaces(text)
        text, separator = _with_short_delimiter(text, delimiter)
        mark = quote_of(text, separator) if data.quote is None else data.quote
        layout = layout_of(text, separator, mark, data)
        is_named = data.quote is not None or mark == SINGLE
        is_sure = is_named or (bool(mark) and is_wrapped(text, layout, mark))
        width = len(layout.names)
        quoting = quoting_of(text, layout.header, separator, width, mark, is_sure)
        if quoting.mark != mark:
            layout = layout_of(text, separator, "", data)
        self._text, self._layout, self._quoting = text, layout, quoting
        self.path, self.names = path, layout.names
        self.types: dict[str, pa.DataType] = {}
        self.size = len(text.buffer)
        self._refuse_second_header()
        self.format = FileFormat(
            kind="CSV",
            compression=text.compression,
            encoding=text.encoding,
            delimiter=delimiter,
            quote=quoting.mark if data.quote is None or quoting.mark else data.quote,
            decimal=layout.decimal,
            has_header=layout.has_header,
            has_points=layout.has_points,
        )

    def _refuse_second_header(self) -> None:
        """Raise RecgenError if the header is repeated, as in files that were joined."""
        layout, buffer = self._layout, self._text.buffer
        header = bytes(buffer[layout.header : layout.rows]).rstrip(b"\r\n")
        if not layout.has_header or len(self.names) < 2:
            return
        at = buffer.find(b"\n" + header, layout.rows - 1)
        while at >= 0 and not self._is_line(at + 1, at + 1 + len(header)):
            at = buffer.find(b"\n" + header, at + 1)
        if at >= 0:
            raise RecgenError(
                f"{self.path}, line {self._text.line_at(at + 1):,}: the header is repeated",
                "remove the line: it would be read as a row",
            )

    def read(self, names: list[str]) -> pa.Table:
        """Return columns as text.

        Raises:
            RecgenError: A row has too few or too many fields, or memory does not suffice.
        """
        import pyarrow as pa

        begin = self._layout.rows
        if not bytes(self._text.buffer[begin : begin + _BLANK]).strip(b"\r\n"):
            return pa.table({name: pa.array([], pa.string()) for name in names})
        with damaged(self.path, "CSV"):
            places = {name: at for at, name in enumerate(self.names)}
            table = self._parse([places[name] for name in names])
        expected = self._quoting.rows
        expected = None if expected is None else expected - self._layout.has_header
        if expected is not None and table.num_rows != expected:
            raise RecgenError(
                f"{self.path}: {table.num_rows:,} rows were read of {expected:,}",
                "report this as a fault of recgen, with the file if you can",
            )
        return self._with_long_delimiter(table).rename_columns(names)

    def _with_long_delimiter(self, table: pa.Table) -> pa.Table:
        """Return a table in which a quoted field has the delimiter as the file writes it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        long, short = self.format.delimiter, self._layout.delimiter
        if long == short or not self._quoting.mark:
            return table
        columns = [pc.replace_substring(column, short, long) for column in table.columns]
        return pa.table(columns, names=table.column_names)

    def _parse(self, columns: list[int]) -> pa.Table:
        import pyarrow as pa

        wrong: list[Any] = []
        for block in _BLOCKS:
            try:
                table = self._parse_with(columns, block, wrong)
            except pa.ArrowInvalid as error:
                if wrong:
                    break
                if _TOO_LONG in str(error) and block != _BLOCKS[-1]:
                    continue
                raise self._unreadable(str(error)) from error
            if not wrong:
                return table
            break
        raise self._uneven(wrong)

    def _parse_with(self, columns: list[int], block: int, wrong: list[Any]) -> pa.Table:
        import pyarrow as pa
        import pyarrow.csv

        def on_wrong(row: Any) -> str:
            wrong.append(row)
            return "skip" if len(wrong) < _MOST_WRONG else "error"

        wanted = [str(column) for column in columns]
        rest = pa.py_buffer(self._text.buffer).slice(self._layout.rows)
        return pyarrow.csv.read_csv(
            pa.BufferReader(rest),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(column) for column in range(len(self.names))], block_size=block
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self._layout.delimiter,
                quote_char=self._quoting.mark or False,
                escape_char="\\" if self._quoting.escapes else False,
                newlines_in_values=self._quoting.rows is not None,
                invalid_row_handler=on_wrong,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )

    def _uneven(self, wrong: list[Any]) -> RecgenError:
        """Return the error about rows with too few or too many fields."""
        offset, first = min((self._offset(row.text), row.actual_columns) for row in wrong)
        count = f"at least {len(wrong):,}" if len(wrong) >= _MOST_WRONG else f"{len(wrong):,}"
        others = "" if len(wrong) == 1 else f"; {count} rows do not have {len(self.names)}"
        line = self._text.line_at(offset)
        has_single = any(row.text.count(SINGLE) > 1 for row in wrong)
        is_title = len(self.names) == 1 and len(wrong) > 1  # such as that of a report
        is_footer = not is_title and self._are_last(offset, wrong)  # such as a report's total

        def help(say: Spelling) -> str:
            quoted = say("quote", SINGLE) if self._quoting.mark != SINGLE and has_single else ""
            above = (
                f"the header is the first line: if line {line:,} is the header, remove the lines "
                f"above it, tail -n +{line} OLD > NEW; otherwise "
            )
            below = f"if a footer begins there, remove it, head -n {line - 1} OLD > NEW; otherwise "
            hint = above if is_title else below if is_footer else ""
            return (
                f"{hint}correct the line; the fields are separated by "
                f"{self.format.delimiter!r}: if that is wrong, {say('delimiter', ';')} or another"
                f"{quoted and f'; if fields are in quotation marks, {quoted}'}"
            )

        return AskedError(
            f"{self.path}, line {line:,}: {first} "
            f"field{'' if first == 1 else 's'} where the header has {len(self.names)}{others}",
            help,
        )

    def _are_last(self, offset: int, wrong: list[Any]) -> bool:
        """Return whether the file ends with these rows, all of them too short."""
        rest = bytes(self._text.buffer[offset : offset + _FOOTER + 1])
        lines = [line for line in rest.splitlines() if line.strip()]
        is_short = all(row.actual_columns < len(self.names) for row in wrong)
        return is_short and len(rest) <= _FOOTER and len(lines) == len(wrong)

    def _offset(self, row: str) -> int:
        """Return where the first line begins that is this row."""
        buffer, line = self._text.buffer, row.encode()
        at = buffer.find(line, self._layout.rows)
        while at > self._layout.rows and not self._is_line(at, at + len(line)):
            at = buffer.find(line, at + 1)
        return max(at, self._layout.rows)

    def _is_line(self, begin: int, end: int) -> bool:
        edges = (10, 13)
        buffer = self._text.buffer
        return buffer[begin - 1] in edges and (end >= len(buffer) or buffer[end] in edges)

    def _unreadable(self, reason: str) -> RecgenError:
        reason = reason.strip().splitlines()[0][:200]
        return RecgenError(
            f"{self.path} cannot be read as CSV: {reason}",
            "a CSV file has a header and the same number of fields in each row",
        )


def _with_single_spaces(text: Text) -> Text:
    """Return a text without spaces around its lines, and with one for several, unless quoted."""
    rest = bytes(text.buffer[text.start :])
    if b'"' in rest or not _LOOSE.search(rest):
        return text
    lines = _AROUND.sub(b"", rest)
    return replace(text, buffer=_SEVERAL.sub(b" ", lines), start=0)


def _with_short_delimiter(text: Text, delimiter: str) -> tuple[Text, str]:
    """Return the text with a delimiter of one ASCII character, which Arrow needs, and this."""
    if len(delimiter.encode()) == 1:
        return text, delimiter
    rest = bytes(text.buffer[text.start :])
    short = next((mark for mark in _FREE if mark.encode() not in rest), None)
    if short is None:
        raise RecgenError(
            f"{text.path} contains control characters and is separated by {delimiter!r}",
            "use a delimiter of one character",
        )
    replaced = rest.replace(delimiter.encode(), short.encode())
    return replace(text, buffer=replaced, start=0), short
