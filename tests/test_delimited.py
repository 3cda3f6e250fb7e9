"""Delimited text of every habit is read completely, or refused with the line."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recgen.config import DataConfig
from recgen.findings import RecgenError

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

from recgen.local.ingest import (  # noqa: E402
    FileFormat,
    delimited,
    describe_file,
    open_data,
    read_rows,
)

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


@some(50, 150)
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


@some(30, 100)
@given(table=tables(), delimiter=st.sampled_from(["\t", "|", "::"]), named=st.booleans())
def test_without_quoting_each_line_is_a_row(
    table: list[list[str]], delimiter: str, named: bool
) -> None:
    forbidden = ("\n", "\r", *delimiter)
    table = [["".join(c for c in cell if c not in forbidden) for cell in row] for row in table]
    content = "".join(delimiter.join(row) + "\n" for row in table)
    data = DataConfig(delimiter=delimiter, quote="" if named else None)
    with tempfile.TemporaryDirectory() as folder:
        found = named_or_refused(write(folder, content), data, named)
    if named:
        assert found == table[1:]
    else:  # a field that begins and ends with a mark may lose it, but no row is lost
        assert found is None or len(found) == len(table) - 1


def titles(*marked: str, rows: int = 600, columns: str = "buyer\ttitle\tsku") -> str:
    """Returns a dump without quoting in which some titles have quotation marks."""
    lines = [f"b{number}\tTitle {number}\tp{number % 9}" for number in range(rows)]
    for at, title in zip(range(40, rows, 120), marked, strict=False):
        lines[at] = f"b{at}\t{title}\tp{at % 9}"
    return "\n".join([columns, *lines, ""])


@pytest.mark.parametrize(
    "marked",
    [
        ['"Heroes', '"Live'],
        ['"Heroes', 'Live"'],
        ['"Heroes', 'The "Live"', '"', '"" and', "'x'", '"Both"'],
        ['"'],
        ['"a', '"b', '"c'],
    ],
)
def test_marks_in_a_dump_without_quoting_swallow_no_rows(marked: list[str], tmp_path: Path) -> None:
    path = write(tmp_path, titles(*marked))
    assert describe_file(path) == FileFormat("CSV", delimiter="\t", quote="")
    found = rows(path)
    assert len(found) == 600
    assert [found[40 + 120 * at][1] for at in range(len(marked[:5]))] == marked[:5]


def test_marks_close_together_are_asked_about(tmp_path: Path) -> None:
    lines = titles().replace("Title 41\t", '"Heroes\t').replace("Title 43\t", 'Live"\t')
    message = refused(write(tmp_path, lines))
    assert "line 43: a field in quotation marks goes on in the next line" in message
    assert "or set `quote: ''` under `data` in the config if the file does not" in message


def test_text_with_line_ends_is_read_where_no_line_is_a_row(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b,c\n1,"x\n\ny, z",2\n\n3,"",4\n5,"""q""\r\n",6')
    assert rows(path) == [["1", "x\n\ny, z", "2"], ["3", "", "4"], ["5", '"q"\r\n', "6"]]
    assert describe_file(path) == FileFormat("CSV")


def test_a_named_mark_settles_what_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n"x,1\ny",2\n')
    assert rows(path, DataConfig(quote='"')) == [["x,1\ny", "2"]]
    assert rows(path, DataConfig(quote="")) == [['"x', "1"], ['y"', "2"]]


def test_a_mark_within_a_field_is_a_character(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n6" plate,"x, y"\nq"uo"te,\n')
    assert rows(path) == [['6" plate', "x, y"], ['q"uo"te', ""]]


@pytest.mark.parametrize("size", [100_000, 5_000_000, 70_000_000])
def test_fields_of_any_length(size: int, tmp_path: Path) -> None:
    path = write(tmp_path, f"a,b\n1,{'x' * size}\n2,y\n")
    assert [len(row[1]) for row in rows(path)] == [size, 1]


def test_a_line_of_a_long_header(tmp_path: Path) -> None:
    names = [f"column number {number}" for number in range(20_000)]  # more than the sample
    path = write(tmp_path, ",".join(names) + "\n" + "1," * 19_999 + "1\n")
    assert open_data(path).names == tuple(names)
    assert len(rows(path)) == 1


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_line_of_an_error_is_the_lines_of_an_editor(ends: str, tmp_path: Path) -> None:
    content = ends.join(["a,b", "", f'1,"x{ends}y"', "2,3", "", "4", "5,6", ""])
    assert "line 7: 1 field where the header has 2" in refused(write(tmp_path, content))


@pytest.mark.parametrize(
    ("header", "row", "delimiter"),
    [
        ("a;b,c;d", "1;2;3", ";"),
        ("a,b", "1;2,3", ","),
        ("name|price", "x, y|1,5", "|"),
        ("a\tb c,d", "1\t2, 3", "\t"),
        ("a~b", "1~2", "~"),
        ("a", "1", ","),
        ('"a;b","c"', '"1;2","3"', ","),
    ],
)
def test_the_delimiter_is_found(header: str, row: str, delimiter: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"{header}\n{row}\n{row}\n")
    assert describe_file(path).delimiter == delimiter
    assert len(rows(path)) == 2


@pytest.mark.parametrize(
    ("lines", "decimal"),
    [
        (["a;b", "1;2,5", "2;3"], ","),
        (["a;b", "1;1.234,50", "2;"], ","),
        (["a;b", "1;2,5", "2;3.5"], None),
        (["a;b", "1;x, y", "2;3,5 m"], None),
        (["a,b", '1,"2,500"', '2,"3,500"'], None),
        (["a;b", "1;2.5"], None),
        (["a;b", "1;1,234", "2;17"], None),  # which may be a thousand
        (["a;b", "1;1,234", "2;0,175"], ","),
        (["a;b", "1;1,234", "2;1234,567"], ","),
        (["a;b", "1;1,234", "2;17,5"], ","),
    ],
)
def test_the_decimal_mark_is_found(lines: list[str], decimal: str | None, tmp_path: Path) -> None:
    assert describe_file(write(tmp_path, "\n".join(lines))).decimal == decimal


@pytest.mark.parametrize(
    "names", ["2019,2020", ",0,1", "x1,2", "product,2019,2020,2021", "id,3.5", "a b,Größe"]
)
def test_names_of_columns_are_no_values(names: str, tmp_path: Path) -> None:
    row = ",".join("7" for _ in names.split(","))
    assert len(rows(write(tmp_path, f"{names}\n{row}\n{row}\n"))) == 2


def test_names_for_another_number_of_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "1,2,3\n")
    message = refused(path, DataConfig(column_names=("a", "b")))
    assert "column_names has 2 names, but line 1 of" in message


def test_only_a_name_that_is_used_must_be_there_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a,a,,,b\n1,2,3,4,5\n")
    file = open_data(path)
    assert file.names == ("a", "a", "", "", "b")
    assert file.read(["b"]).to_pylist() == [{"b": "5"}]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"encoding": "ISO-8859-1"}, {"encoding": "latin-1"}),
        ({"encoding": "windows-1252"}, {"encoding": "cp1252"}),
        ({"encoding": "UTF8"}, {"encoding": "utf-8"}),
        ({"delimiter": "\\t"}, {"delimiter": "\t"}),
        ({"delimiter": "tab"}, {"delimiter": "\t"}),
        ({"delimiter": "::"}, {"delimiter": "::"}),
    ],
)
def test_keys_have_the_names_that_people_write(
    data: dict[str, str], expected: dict[str, str]
) -> None:
    assert DataConfig(**data).model_dump(exclude_unset=True) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        {"encoding": "rot13"},
        {"encoding": "unknown"},
        {"encoding": 1252},
        {"delimiter": ""},
        {"delimiter": "\n"},
        {"delimiter": '"'},
        {"quote": "`"},
        {"decimal": "'"},
        {"column_names": []},
        {"column_names": ["a", "a"]},
        {"column_names": "a,b"},
    ],
)
def test_keys_that_nothing_could_be_read_with(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DataConfig(**data)  # type: ignore[arg-type]


def test_the_settings_that_fix_what_was_found(tmp_path: Path) -> None:
    content = 'größe;preis\n"1;2,5\n3;4,5\n'.encode("utf-16")
    found = describe_file(write(tmp_path, content))
    settings = {"encoding": "utf-16", "delimiter": ";", "quote": "", "decimal": ","}
    assert found.settings == settings
    assert str(found) == "CSV, utf-16, separated by ';', unquoted, decimal comma"
    data = DataConfig(**settings)  # type: ignore[arg-type]
    assert describe_file(tmp_path / "data.csv", data) == found


def test_rows_are_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that loses a row, for whatever reason, is found out."""
    from recgen.local.ingest.quotes import Quoting

    path = write(tmp_path, 'a,b\n1,"x\ny"\n2,z\n')
    monkeypatch.setattr(delimited, "quoting_of", lambda *_: Quoting('"', rows=4))
    assert "2 rows were read of 3" in refused(path)


@pytest.mark.parametrize("header", ["a,b,c", "'a','b','c'"])
@pytest.mark.parametrize("title", ["tea, milk", "it''s", "x"])
@pytest.mark.parametrize("quoted", ["all", "some"])
def test_single_quotation_marks_are_recognised(
    header: str, title: str, quoted: str, tmp_path: Path
) -> None:
    line = f"'1','2','{title}'" if quoted == "all" else f"1,2,'{title}'"
    path = write(tmp_path, "\n".join([header, *[line] * 9]) + "\n")
    if quoted == "some" and "," in title and header == "a,b,c":  # no column is seen whole
        assert 'if fields are in quotation marks, set `quote: "\'"` under' in refused(path)
    else:
        assert describe_file(path).quote == "'"
    found = rows(path, DataConfig(quote="'"))
    assert found == [["1", "2", title.replace("''", "'")]] * 9


def test_apostrophes_are_no_quotation_marks(tmp_path: Path) -> None:
    content = "a,b\n" + "'tis,x\ny,'t was\nrock 'n' roll,Bob's\n" * 5
    assert rows(write(tmp_path, content))[:2] == [["'tis", "x"], ["y", "'t was"]]


def test_a_single_mark_that_does_not_end_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "'1','x'\n" * 20 + "'2','Bob's'\n")
    assert "line 22: a field begins with ' and does not end with it" in refused(path)


@pytest.mark.parametrize("pair", ["``", "“”", "«»"])
def test_other_marks_are_named_with_the_command_that_replaces_them(
    pair: str, tmp_path: Path
) -> None:
    line = ",".join(f"{pair[0]}{value}{pair[1]}" for value in ("a", "b"))
    assert f"sed 's/[{pair}]/\"/g'" in refused(write(tmp_path, f"{line}\n" * 5))


_words = st.text("abc0123456789-._", min_size=1, max_size=4)


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(_words, min_size=width, max_size=width), min_size=1, max_size=9
        )
    ),
    st.randoms(use_true_random=False),
    st.sampled_from(["\n", "\r\n"]),
)
def test_spaces_separate_where_nothing_else_does(values, chance, end):
    """Epinions: one space, several, or columns that are aligned with them."""
    names = [f"column{'abcd'[at]}" for at in range(len(values[0]))]
    gap = lambda: " " * chance.choice((1, 1, 2, 5))  # noqa: E731
    around = lambda: chance.choice(("", "", " ", "   "))  # noqa: E731
    lines = []
    for row in [names, *values]:
        text = row[0]
        for value in row[1:]:
            text += gap() + value
        lines.append(around() + text + around())
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, end.join(lines) + end)
        assert rows(path, DataConfig(delimiter=" ")) == values
        if _form_is_clear(values):
            assert open_data(path, DataConfig()).format.delimiter == " "
            assert rows(path) == values


def _form_is_clear(values):
    """Returns whether no value is a name of a column, or could be another delimiter."""
    return all(value.isdigit() for row in values for value in row)


def test_ratings_without_names_are_asked_about_each_column(tmp_path):
    path = write(tmp_path, "1 100 5\n1  101 4\n 2 100 3\n2 104 1 \n")
    assert "column_names: [name1, name2, name3]" in refused(path)
    named = DataConfig(column_names=["user", "item", "rating"])
    expected = ("1 100 5", "1 101 4", "2 100 3", "2 104 1")
    assert rows(path, named) == [line.split() for line in expected]


def test_comments_of_networks_are_left_out(tmp_path):
    path = write(tmp_path, "% bip weighted\n% 4 2 2\n1 100 5\n1 101 4\n2 100 3\n2 104 1\n")
    assert len(rows(path, DataConfig(column_names=["user", "item", "rating"]))) == 4


def test_spaces_in_values_separate_nothing_else(tmp_path):
    path = write(tmp_path, "name,city\nAnna Maria,New York\nBob Lee,Los Angeles\n")
    assert rows(path) == [["Anna Maria", "New York"], ["Bob Lee", "Los Angeles"]]
    quoted = write(tmp_path, '"a  b" c\n"d  e" f\n"g" h\n')
    assert rows(quoted, DataConfig(delimiter=" ")) == [["d  e", "f"], ["g", "h"]]


def test_the_footer_of_a_report_is_told_from_a_damaged_line(tmp_path):
    """A footer is removed in one command; it never becomes rows, nor is it dropped in silence."""
    rows = "".join(f"{n},p{n},2024-01-0{1 + n % 9}\n" for n in range(20))
    path = tmp_path / "report.csv"
    for footer, line, is_footer in (
        ('\n"Grand Totals (20 records)"\n\n"Generated By: Ann"\n', 23, True),
        ("21,p2", 22, True),  # or the end of a file that was cut off
        (f"21,p2\n{rows}", 22, False),
        ("21,p2,2024-01-01,4\n", 22, False),
    ):
        path.write_text(f"user,item,day\n{rows}{footer}", encoding="utf-8")
        with pytest.raises(RecgenError) as error:
            read_rows(open_data(path, DataConfig()), ["user"])
        assert f"line {line}: " in error.value.message
        assert (f"head -n {line - 1} OLD > NEW; otherwise" in error.value.help) == is_footer
        assert "correct the line; " in error.value.help


def test_files_that_were_joined_with_their_marks_are_refused(tmp_path):
    """The mark would be part of an ID, or hide that the header is repeated."""
    first, mark = "user,item\nu1,p1\n", "\ufeff"
    for second, ends in ((first, "\n"), ("u2,p2\n", "\r\n"), ('"u2",p2\n', "\r")):
        content = f"{mark}{first}{mark}{second}".replace("\n", ends)
        for encoding in ("utf-8", "utf-16"):
            path = write(tmp_path, content.encode(encoding))
            assert "line 3: begins with a byte order mark" in refused(path)
    assert rows(write(tmp_path, f"user,item\nu1,a{mark}b\n")) == [["u1", f"a{mark}b"]]


@pytest.mark.parametrize(
    "line", ["----,----", "---|---", "| --- | :---: |", "=====\t===", "-----+------", "---- ----"]
)
def test_a_line_below_the_header_is_no_row(line, tmp_path):
    delimiter = next(mark for mark in "|,\t+ " if mark in line).replace("+", "|")
    edge = delimiter if line[0] == delimiter else ""
    table = [["user", "item"], ["u1", "p1"], ["u2", "p2"]]
    lines = [edge + delimiter.join(row) + edge for row in table]
    path = write(tmp_path, "\n".join([lines[0], line, *lines[1:], ""]))
    assert "sed 2d OLD > NEW" in refused(path)


def test_words_for_nothing_in_the_first_row_are_no_line(tmp_path):
    assert rows(write(tmp_path, "user,item,n\n-,-,-\nu1,p1,1\n")) == [["-"] * 3, ["u1", "p1", "1"]]
    assert rows(write(tmp_path, "user,item\n--,-5\n")) == [["--", "-5"]]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_space_before_quotation_marks_belongs_to_no_value(delimiter, tmp_path):
    table = [["user", "title"], ["u1", f"a{delimiter} b{delimiter}c"], ["", "d "]]
    content = "".join(f"{delimiter} ".join(f'"{cell}"' for cell in row) + "\n" for row in table)
    assert rows(write(tmp_path, content)) == table[1:]
    plain = f"user{delimiter}title\nu1{delimiter} x\n"  # which no mark tells from a value
    assert rows(write(tmp_path, plain)) == [["u1", " x"]]
    mixed = f'user{delimiter} title\nu1{delimiter}"a{delimiter} ""b"""\n'  # in the header alone
    assert rows(write(tmp_path, mixed)) == [["u1", f'a{delimiter} "b"']]


@pytest.mark.parametrize("delimiter", ["::", "||", "§"])
def test_a_long_delimiter_in_quotation_marks_is_text(delimiter, tmp_path):
    content = f'user{delimiter}title\nu1{delimiter}"a{delimiter}b"\nu2{delimiter}c\n'
    path = write(tmp_path, content)
    assert rows(path, DataConfig(delimiter=delimiter)) == [["u1", f"a{delimiter}b"], ["u2", "c"]]
