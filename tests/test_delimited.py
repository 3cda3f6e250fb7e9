"""Delimited text of every habit is read completely, or refused with the line."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recgen.config import DataConfig
from recgen.findings import RecgenError

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

from recgen.local.ingest import open_data  # noqa: E402

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
# Among letters, what the formats themselves consist of.
_MARKS = [*",;\t|\"'\\#:= \n\r", "\r\n", '"a', 'b"', ',"', '",', "::", "é", "\u2028", "1,5"]
_letters = st.sampled_from(_MARKS) | st.sampled_from("abc012жфю")
_texts = st.lists(_letters, max_size=5).map("".join)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Draws a header of names and rows of texts, as wide."""
    width = draw(st.integers(2, 4))
    names = [f"column{number}" for number in range(width)]
    return [
        names,
        *draw(st.lists(st.lists(_texts, min_size=width, max_size=width), min_size=1, max_size=8)),
    ]


def write(folder: str | Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = Path(folder, name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path: Path, data: DataConfig | None = None) -> list[list[str]]:
    """Returns the rows of a file, with "" for null."""
    file = open_data(path, data or DataConfig())
    table = file.read(list(file.names))
    return [[value or "" for value in row.values()] for row in table.to_pylist()]


def refused(path: Path, data: DataConfig | None = None) -> str:
    with pytest.raises(RecgenError) as caught:
        rows(path, data)
    return str(caught.value)


def named_or_refused(path: Path, data: DataConfig, is_named: bool) -> list[list[str]] | None:
    """Returns the rows, or None if a file that is not described was refused with its line."""
    if is_named:
        return rows(path, data)
    try:
        return rows(path, data)
    except RecgenError as error:
        if "line " not in error.message:
            raise
        return None


def without_bare_ends(table: list[list[str]], ends: str, quoting: int) -> list[list[str]]:
    """Returns texts without line ends that the csv module does not quote before Python 3.13."""
    other = {"\n": "\r", "\r": "\n"}.get(ends) if quoting == csv.QUOTE_MINIMAL else None
    return [[cell.replace(other, "") if other else cell for cell in row] for row in table]


@settings(max_examples=400, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(ENCODINGS),
    named=st.booleans(),
    zipped=st.booleans(),
)
def test_what_the_csv_module_writes_is_read_or_refused_with_its_line(
    table: list[list[str]],
    delimiter: str,
    ends: str,
    quoting: int,
    encoding: str,
    named: bool,
    zipped: bool,
) -> None:
    table = without_bare_ends(table, ends, quoting)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(table)  # type: ignore[arg-type]
    content = text.getvalue().encode(encoding)
    data = DataConfig(delimiter=delimiter, quote='"') if named else DataConfig()
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, gzip.compress(content) if zipped else content)
        assert named_or_refused(path, data, named) in (None, table[1:])
