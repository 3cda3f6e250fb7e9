"""Files of every kind: what `check`, `init` and `train` read of them is the same, or refused."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import socket
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

from recgen.cli import main
from recgen.config import DataConfig
from recgen.findings import RecgenError

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local.ingest import content, read_table  # noqa: E402
from recgen.local.profile import profile_opener, read_profile  # noqa: E402

NAMES = ["buyer", "product", "sold", "price"]
ROWS = [
    [f"b{number % 7}", f"00{number % 5}", f"2024-01-{number % 27 + 1:02} 10:00:00", f"{number}.5"]
    for number in range(60)
]
ROWS[3][0] = ROWS[8][0] = ROWS[9][1] = ROWS[20][2] = ROWS[21][3] = ""
ROWS[5][1] = 'Müller, "große"'
COMMAS = [[*row[:3], row[3].replace(".", ",")] for row in ROWS]
LONG = [[*row, "x" * 3_000_000 if index == 40 else ""] for index, row in enumerate(ROWS)]


@dataclass(frozen=True)
class Column:
    name: str
    bq_type: str = "STRING"
    dtype: str = "string"
    source: str = ""
    is_list: bool = False
    is_category: bool = False
    time_format: str | None = None
    null_times: tuple[str, ...] | None = None


COLUMNS = [
    Column("buyer"),
    Column("product"),
    Column("sold", "TIMESTAMP", "int64"),
    Column("price", "FLOAT64", "float32"),
]


@dataclass(frozen=True)
class Kind:
    """A way to write a table, and the keys of `data` that are needed to read it."""

    write: Callable[[Path], Path]
    keys: dict[str, Any] = field(default_factory=dict)


def text(
    delimiter: str = ",",
    ends: str = "\n",
    quote: str = '"',
    header: list[str] = NAMES,
    rows: list[list[str]] = ROWS,
) -> str:
    def cell(value: str) -> str:
        needs = bool(quote) and any(mark in value for mark in (delimiter, quote))
        return quote + value.replace(quote, quote * 2) + quote if needs else value

    lines = [header, *rows] if header else rows
    return "".join(delimiter.join(map(cell, line)) + ends for line in lines)


def saved(content: str | bytes, name: str = "data.csv") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def table(begin: int = 0, end: int | None = None) -> Any:
    rows = [[value or None for value in row] for row in ROWS[begin:end]]
    columns = ([row[at] for row in rows] for at in range(len(NAMES)))
    return pa.table([pa.array(column, pa.string()) for column in columns], NAMES)


def parquet(folder: Path) -> Path:
    pq.write_table(table(), folder / "data.parquet")
    return folder / "data.parquet"


def parts(folder: Path) -> Path:
    """Writes a folder as Spark does: a mark, an empty part, other orders and types."""
    target = folder / "parts"
    target.mkdir()
    (target / "_SUCCESS").touch()
    pq.write_table(table(0, 20), target / "part-0.parquet")
    pq.write_table(table(20, 20).select(NAMES[::-1]), target / "part-1.parquet")
    dictionary = table(20)
    dictionary = dictionary.set_column(0, "buyer", dictionary["buyer"].dictionary_encode())
    pq.write_table(dictionary.select(NAMES[::-1]), target / "part-2.parquet")
    return target


def pattern(folder: Path) -> Path:
    header, *lines = text().splitlines(keepends=True)
    for number, part in enumerate((lines[:30], lines[30:])):
        saved(header + "".join(part), f"day-{number}.csv")(folder)
    saved("not, a, part\n", "notes.txt")(folder)
    return folder / "day-*.csv"


def days(folder: Path) -> Path:
    """Writes folders whose names have the values of a column."""
    for number, half in enumerate((table(0, 30), table(30))):
        (folder / f"parts/half={number}").mkdir(parents=True)
        pq.write_table(half, folder / f"parts/half={number}/data.parquet")
    return folder / "parts"


def json_lines() -> str:
    rows = [{name: value for name, value in zip(NAMES, row, strict=True) if value} for row in ROWS]
    return "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


KINDS = {
    "csv": Kind(saved(text())),
    "tsv": Kind(saved(text("\t"), "data.tsv")),
    "semicolons": Kind(saved(text(";"))),
    "pipes": Kind(saved(text("|"), "data.txt")),
    "double colons": Kind(saved(text("::"), "data.dat")),
    "control characters": Kind(saved(text("\x01"), "data")),
    "named delimiter": Kind(saved(text("§")), {"delimiter": "§"}),
    "no header": Kind(saved(text(header=[])), {"column_names": NAMES}),
    "names twice": Kind(saved(text()), {"column_names": NAMES}),
    "not quoted": Kind(saved(text("\t", quote=""), "data.tsv")),
    "other quotes": Kind(saved(text(quote="'")), {"quote": "'"}),
    "backslashes": Kind(saved(text().replace('""', '\\"'))),
    "BOM": Kind(saved(text().encode("utf-8-sig"))),
    "utf-16": Kind(saved(text().encode("utf-16"))),
    "utf-16 without a mark": Kind(saved(text().encode("utf-16-le"))),
    "cp1252": Kind(saved(text().encode("cp1252")), {"encoding": "cp1252"}),
    "latin-1": Kind(saved(text().encode("latin-1")), {"encoding": "ISO-8859-1"}),
    "CR LF": Kind(saved(text(ends="\r\n"))),
    "CR": Kind(saved(text(ends="\r"))),
    "no last end": Kind(saved(text().rstrip("\n"))),
    "a trailing delimiter": Kind(saved(text(ends=",\n").replace(",\n", "\n", 1))),
    "a trailing delimiter everywhere": Kind(saved(text(ends=",\n"))),
    "comments": Kind(saved("# exported on Monday\n#\n" + text())),
    "sep=": Kind(saved("sep=;\r\n" + text(";", "\r\n"))),
    "empty lines": Kind(saved("\n\n" + text(ends="\n\n"))),
    "a long field": Kind(saved(text(header=[*NAMES, "html"], rows=LONG))),
    "gzip": Kind(saved(gzip.compress(text().encode()), "data.csv.gz")),
    "two members of gzip": Kind(
        saved(gzip.compress(text().encode()[:99]) + gzip.compress(text().encode()[99:]))
    ),
    "bz2": Kind(saved(bz2.compress(text().encode()), "data.csv.bz2")),
    "xz": Kind(saved(lzma.compress(text().encode()), "data.csv.xz")),
    "zstd": Kind(saved(pa.compress(text().encode(), "zstd", asbytes=True), "data.csv.zst")),
    "gzip of utf-16": Kind(saved(gzip.compress(text("\t").encode("utf-16")))),
    "brackets": Kind(saved(text(), "data[0].csv")),
    "decimal commas": Kind(saved(text(";", rows=COMMAS))),
    "named decimal commas": Kind(saved(text(rows=COMMAS)), {"decimal": ","}),
    "json lines": Kind(saved(json_lines(), "data.jsonl")),
    "json lines, gzip": Kind(saved(gzip.compress(json_lines().encode()), "data.jsonl.gz")),
    "parquet": Kind(parquet),
    "a folder": Kind(parts),
    "a pattern": Kind(pattern),
    "folders of days": Kind(days),
    "a pattern of folders": Kind(lambda folder: days(folder) / "half=*"),
}  # fmt: skip


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[Any, str]]:
    """Returns a function that runs a command: its exit code, and all that it prints."""

    def call(*arguments: object) -> tuple[Any, str]:
        code: Any = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        return code, "".join(capsys.readouterr())

    return call


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_check_init_and_train_read_the_same(kind: Kind, tmp_path: Path) -> None:
    path, data = kind.write(tmp_path), DataConfig(**kind.keys)
    expected = {name: [row[at] or None for row in ROWS] for at, name in enumerate(NAMES[:2])}
    profile = read_profile(path, data)
    trained = read_table(path, COLUMNS, data)
    assert profile.rows == trained.num_rows == len(ROWS)
    assert {name: trained[name].to_pylist() for name in expected} == expected
    assert trained["price"].to_pylist() == [float(row[3]) if row[3] else None for row in ROWS]
    for name in NAMES:
        found, values = profile.column(name), trained[name]
        assert found.nulls == values.null_count
        assert found.distinct == len(values.drop_null().unique())
    sold, seconds = profile.column("sold"), trained["sold"].drop_null().to_pylist()
    assert (sold.kind, sold.low, sold.high) == ("time", min(seconds), max(seconds))
    price, numbers = profile.column("price"), trained["price"].drop_null().to_pylist()
    assert (price.kind, price.low, price.high) == ("real", min(numbers), max(numbers))
    assert all(profile.misfit(each.name, each.bq_type) is None for each in COLUMNS)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tsv", "gzip", "utf-16", "json lines", "parquet", "a folder"])
def test_the_rows_that_init_tells(name: str, tmp_path: Path, cli: Any) -> None:
    path = KINDS[name].write(tmp_path)
    code, printed = cli("init", "--data", path)
    assert code in (0, 1)
    assert "60 rows, 4 columns" in printed


CONFIG = {
    "features": {
        "buyer_id_column": "buyer",
        "product_id_column": "product",
        "buyer_model_features": [{"column": "buyer", "data_type": "text", "bq_type": "STRING"}],
        "product_model_features": [{"column": "product", "data_type": "text", "bq_type": "STRING"}],
    }
}


def config(folder: Path, **data: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(json.dumps({**CONFIG, "data": data}), encoding="utf-8")
    return path


def test_check_reads_as_the_config_says(tmp_path: Path, cli: Any) -> None:
    path = KINDS["cp1252"].write(tmp_path)
    code, printed = cli("check", config(tmp_path), "--data", path)
    assert code == 2
    assert "line 7: byte 0xfc cannot be read as UTF-8" in printed
    assert "`encoding: cp1252`" in printed
    code, printed = cli("check", config(tmp_path, encoding="cp1252"), "--data", path)
    assert code == 0, printed


def test_a_file_is_not_read_as_a_broken_section_says(tmp_path: Path, cli: Any) -> None:
    path = KINDS["cp1252"].write(tmp_path)
    code, printed = cli("check", config(tmp_path, encoding="rot13"), "--data", path)
    assert code == 1
    assert "data.encoding" in printed


def test_configs_that_read_a_file_alike_share_its_profile(
    tmp_path: Path,
) -> None:
    opener = profile_opener(KINDS["csv"].write(tmp_path))
    first = opener(DataConfig())
    assert opener(DataConfig(catalogue_size=7)) is first
    assert opener(DataConfig(delimiter=",")) is not first


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def a_socket(folder: Path) -> Path:
    before = os.getcwd()
    os.chdir(folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("socket")
    os.chdir(before)
    return folder / "socket"


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


def database(folder: Path) -> Path:
    with sqlite3.connect(folder / "data.db") as connection:
        connection.execute("create table sales (buyer text)")
    connection.close()
    return folder / "data.db"


def zipped(name: str) -> Callable[[Path], Path]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(name, text())
    return saved(content.getvalue(), "data.xlsx" if "xl" in name else "data.zip")


def arrow(module: str, write: str) -> Callable[[Path], Path]:
    def written(folder: Path) -> Path:
        pytest.importorskip(f"pyarrow.{module}")
        path = folder / f"data.{module}"
        getattr(__import__(f"pyarrow.{module}", fromlist=[module]), write)(table(), path)
        return path

    return written


def cut(keep: int) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = parquet(folder)
        path.write_bytes(path.read_bytes()[:keep])
        return path

    return write


def damaged(folder: Path) -> Path:
    """Writes a file whose footer is whole and whose first page is not."""
    path = parquet(folder)
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 200 + content[204:])
    return path


def with_checksums(folder: Path) -> Path:
    """Writes a file in which one byte of a value is wrong: only the checksum shows it."""
    try:
        pq.write_table(
            table(), folder / "data.parquet", write_page_checksum=True, compression="none"
        )
    except TypeError:
        pytest.skip("this version of pyarrow has no checksums")
    content = (folder / "data.parquet").read_bytes()
    assert content.count("Müller".encode()) > 0
    (folder / "data.parquet").write_bytes(content.replace("Müller".encode(), b"Miller "))
    return folder / "data.parquet"


def no_utf8(folder: Path) -> Path:
    bad = pa.array([b"\xff", b"a"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"buyer": bad, "product": bad}), folder / "data.parquet")
    return folder / "data.parquet"


def unlike(change: Callable[[Any], Any]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "parts").mkdir()
        pq.write_table(table(0, 30), folder / "parts/a.parquet")
        pq.write_table(change(table(30)), folder / "parts/b.parquet")
        return folder / "parts"

    return write


def mixed(folder: Path) -> Path:
    unlike(lambda each: each)(folder)
    saved(text(), "parts/c.csv")(folder)
    return folder / "parts"


def with_link(target: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "elsewhere").mkdir()
        path = unlike(lambda each: each)(folder)
        (path / "c").symlink_to(folder / target)
        return path

    return write


def delta(folder: Path) -> Path:
    path = unlike(lambda each: each)(folder)
    (path / "_delta_log").mkdir()
    return path


def here(path: str) -> Callable[[Path], Path]:
    return lambda folder: folder / path


HEAD = "buyer,product\n"
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a pipe": (fifo, "is a pipe, not a file"),
    "an endless device": (here("/dev/zero"), "is a device, not a file"),
    "an empty device": (here("/dev/null"), "is a device, not a file"),
    "a socket": (a_socket, "is a socket, not a file"),
    "a loop": (loop, "Too many levels of symbolic links"),
    "nothing": (here("none.csv"), "there is no file"),
    "an empty folder": (lambda folder: folder, "there are no files in the folder"),
    "no match": (here("*.csv"), "there are no files in the pattern"),
    "an empty file": (saved(""), "is empty"),
    "nothing but sep=": (saved("sep=;\n"), "has no header"),
    "line ends": (saved("\n\r\n"), "is empty"),
    "only a header": (saved("buyer,product\n"), "has no rows"),
    "only half a header": (saved("buyer,product"), "has no rows"),
    "no rows": (saved(b"", "x"), "is empty"),
    "gzip of nothing": (saved(gzip.compress(b"")), "is empty"),
    "half of gzip": (saved(gzip.compress(text().encode())[:-20]), "cannot be read as gzip"),
    "damaged gzip": (saved(gzip.compress(text().encode())[:-8] + b"12345678"), "as gzip: CRC"),
    "no gzip": (saved(b"\x1f\x8bnothing"), "cannot be read as gzip"),
    "gzip twice": (saved(gzip.compress(gzip.compress(b"a,b\n1,2\n"))), "is compressed twice"),
    "half of Parquet": (cut(200), "cannot be read as Parquet"),
    "the start of Parquet": (cut(4), "cannot be read as Parquet"),
    "a damaged page": (damaged, "cannot be read as Parquet"),
    "a wrong checksum": (with_checksums, "cannot be read as Parquet"),
    "no UTF-8 in Parquet": (no_utf8, "column 'buyer' contains text that is not UTF-8"),
    "Excel": (zipped("xl/workbook.xml"), "read_excel"),
    "old Excel": (saved(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)), "read_excel"),
    "zip": (zipped("data.csv"), "is a zip file"),
    "SQLite": (database, "read_sql"),
    "Avro": (saved(b"Obj\x01" + bytes(50)), "fastavro"),
    "Feather": (arrow("feather", "write_feather"), "f.read_table("),
    "ORC": (arrow("orc", "write_table"), "f.read_table("),
    "a web page": (saved("<!DOCTYPE html>\n<p>Please log in, or else"), "is a web page"),
    "binary": (saved(bytes(range(256))), "neither CSV nor Parquet"),
    "NUL": (saved("a,b\n1,2\n3,\0\n"), "line 3: contains a NUL character"),
    "latin-1": (saved("a,b\n1,é\n".encode("latin-1")), "line 2: byte 0xe9"),
    "half a character": (saved("a,b\n1,é".encode()[:-1]), "line 2: byte 0xc3"),
    "odd utf-16": (saved(text().encode("utf-16")[:-1]), "line 61"),
    "a list of objects": (saved('[{"buyer": 1}]', "data.json"), "jq -c '.[]' OLD > NEW"),
    "plain and nested": (saved('{"a": 1}\n{"a": [1]}\n'), "line 2: 'a' has plain values in some"),
    "printed by Python": (saved("{'a': 'b'}\n{'a': 'c'}\n"), "json.dumps(ast.literal_eval("),
    "printed by Python 2": (saved("{u'a': u'b'}\n"), "line 1: a Python literal"),
    "half an object": (saved('{"buyer": 1}\n\n{"buyer": '), "line 3: not JSON lines"),
    "a key twice": (saved('{"buyer": 1, "buyer": 2}\n'), "'buyer' appears twice"),
    "no header": (saved(text(header=[])), "has no header: line 1 contains the value '2024"),
    "numbers": (saved("1\t242\t3\n2\t302\t3\n"), "has no header: line 1 contains the value '1'"),
    "two headers": (saved(text() + text()), "line 62: the header is repeated"),
    "a short row": (saved(HEAD + "1,2\n3\n"), "line 3: 1 field where the header has 2"),
    "long rows": (
        saved(HEAD + '1,"x\ny"\n3,4,5\n6\n'),
        "line 4: 3 fields where the header has 2; 2 rows do not have 2",
    ),
    "a stray quote": (saved(HEAD + '1,"x, y"\n3,"z\n5,"w, v"\n'), "line 3: a field begins with"),
    "an open quote": (saved(HEAD + '"x, y",2\n"z,4\n'), "line 3: a field begins with"),
    "an open header": (saved('a,"b\n1,"x, y"\n3,4\n'), "line 1: a field begins with"),
    "a doubtful quote": (saved(HEAD + '"x,1\ny",2\n'), "line 2: a field in quotation marks"),
    "another column": (unlike(lambda each: each.select(NAMES[:3])), "b.parquet has no column"),
    "one column more": (unlike(lambda each: each.append_column("x", each["sold"])), "has also 'x'"),
    "another type": (
        unlike(lambda each: each.set_column(3, "price", pa.array([1.5] * 30))),
        "b.parquet has double in column 'price', unlike",
    ),
    "a link to nothing": (with_link("nothing"), "there is no file"),
    "a link to a folder": (with_link("elsewhere"), "is a link to a folder, which is not followed"),
    "a table of Delta Lake": (delta, "is a table of Delta Lake"),
    "another format": (mixed, "c.csv is CSV, unlike"),
}  # fmt: skip


@pytest.mark.parametrize(("write", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_refused_in_a_sentence(
    write: Callable[[Path], Path], message: str, tmp_path: Path, cli: Any
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    path = write(folder)
    for command in (
        ("check", config(tmp_path), "--data", path),
        ("init", "--data", path),
        ("train", config(tmp_path), "--data", path, "--out", tmp_path / "run"),
    ):
        code, printed = cli(*command)
        said = " ".join(printed.split())
        assert code == 2, said
        assert message in said
        assert "help: " in said
        assert "Traceback" not in said


def test_lists_and_objects_of_json_lines_are_columns_that_are_not_read(
    tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recgen.local.ingest.json_lines._BATCH", 7)
    path = tmp_path / "reviews.json"
    with path.open("w", encoding="utf-8") as file:
        for n in range(60):
            row: dict[str, Any] = {"buyer": f"b{n * n % 11}", "product": f"p{n * 7 % 13}"}
            row["helpful"] = [n, 3] if n > 20 else None
            if n % 20 == 9:
                row["style"] = {"Format": "Hardcover"}
            file.write(json.dumps(row) + "\n")
    profile = read_profile(path)
    kinds = {
        name: (profile.column(name).kind, profile.column(name).nulls) for name in profile.names
    }
    assert kinds["helpful"] == ("list", 21)
    assert kinds["style"] == ("list", 57)
    assert profile.column("buyer").nulls == profile.column("product").nulls == 0
    code, printed = cli("init", "--data", path, "-o", tmp_path / "proposed.yaml")
    assert code == 0
    assert "helpful: it holds lists or records" in printed
    nested = config(tmp_path)
    nested.write_text(nested.read_text(encoding="utf-8").replace('"product"', '"style"'))
    code, printed = cli("check", nested, "--data", path)
    assert (code, "'style' contains lists or records" in printed) == (1, True)
    code, printed = cli("train", nested, "--data", path, "--out", tmp_path / "run")
    assert (code, "Traceback" in printed) == (1, False)
    assert "'style'" in printed


_SEEDS = [
    text().encode(),
    text("\t", quote="").encode("utf-16"),
    text("::", "\r").encode(),
    gzip.compress(text().encode()),
    json_lines().encode(),
]
_PIECES = [b'"', b"\n", b"\r", b",", b"\0", b'""', b"\\", b"\xff", b"::", b"{", b"#"]
_changes = st.tuples(st.integers(0, 5000), st.integers(0, 40), st.sampled_from(_PIECES))


@some(50, 150)
@given(
    seed=st.sampled_from(_SEEDS),
    changes=st.lists(_changes, max_size=5),
)
def test_a_damaged_file_is_read_or_refused(
    seed: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    for at, cut_off, piece in changes:
        seed = seed[:at] + piece + seed[at + cut_off :]
    with tempfile.TemporaryDirectory() as folder:
        path = saved(seed)(Path(folder))
        try:
            profile = read_profile(path)
        except RecgenError as error:
            message = str(error)
        else:
            message = f"{path} read"
            assert len(profile.names) > 0 < profile.rows
        assert str(path) in message
        assert "fault of recgen" not in message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "there is no space for the text of"),
        (MemoryError(), "there is not enough memory to read"),
        (OSError(errno.EIO, "Input/output error"), "cannot be read as gzip: Input/output error"),
    ],
)
def test_a_machine_without_space(
    error: Exception, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(content, "_copied", fail)
    with pytest.raises(RecgenError, match=message):
        read_profile(KINDS["gzip"].write(tmp_path))


def test_memory_that_ends_while_columns_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise pa.lib.ArrowMemoryError("realloc of size 16777216 failed")

    for name in ("csv", "parquet"):
        path = KINDS[name].write(tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr("pyarrow.csv.read_csv", fail)
            patched.setattr(pq.ParquetFile, "read", fail)
            with pytest.raises(RecgenError, match=f"not enough memory to read {path}"):
                read_profile(path)
