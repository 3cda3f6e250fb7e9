"""What a path is, by its kind and first bytes; files that must be converted are refused here."""

from __future__ import annotations

import json
import shlex
import stat
import zipfile
from pathlib import Path

from recgen.findings import RecgenError

HEAD = 8192  # bytes

PARQUET = b"PAR1"
COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
# Formats that are refused: their first bytes, their name, and the command that converts them.
_EXCEL = "import pandas as p; p.read_excel({old}, dtype=str).to_csv({new}, index=False)"
_ARROW = (
    "import pyarrow.{kind} as f, pyarrow.parquet as p; p.write_table(f.read_table({old}), {new})"
)
_ORC, _FEATHER = _ARROW.replace("{kind}", "orc"), _ARROW.replace("{kind}", "feather")
_FRAME = "import pandas as p; p.{kind}({old}).to_parquet({new})"
_HDF, _PICKLE = _FRAME.replace("{kind}", "read_hdf"), _FRAME.replace("{kind}", "read_pickle")
_AVRO = (
    "import fastavro, pandas as p; "
    'p.DataFrame(fastavro.reader(open({old}, "rb"))).to_parquet({new})'
)
_SQLITE = (
    'import sqlite3, pandas as p; p.read_sql("SELECT * FROM name_of_table", '
    "sqlite3.connect({old})).to_parquet({new})"
)
_NEEDS = {"Excel": "pandas, openpyxl", "Avro": "pandas, fastavro", "HDF5": "pandas, tables"}
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"ORC", "ORC", _ORC),
    (b"ARROW1", "Feather", _FEATHER),
    (b"FEA1", "Feather", _FEATHER),
    (b"\x89HDF\r\n\x1a\n", "HDF5", _HDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel", _EXCEL),
    (b"Obj\x01", "Avro", _AVRO),
    (b"SQLite format 3\0", "SQLite", _SQLITE),
    (b"\x80\x04\x95", "pickle", _PICKLE),
    (b"\x80\x05\x95", "pickle", _PICKLE),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", ""),
    (b"Rar!", "RAR", ""),
    (b"%PDF", "PDF", ""),
)
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        RecgenError: There is no such file, it is not a regular file, it cannot be opened or it is
            empty. Nothing is read from pipes and devices, which may have no end.
    """
    try:
        mode = path.stat().st_mode
        kind = next((name for test, name in _KINDS if test(mode)), None)
        if kind is not None:
            raise RecgenError(f"{path} is {kind}, not a file", "write the data to a file first")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError:
        raise RecgenError(f"there is no file {path}", "check the path of the data") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RecgenError(f"cannot read {path}: {reason}", "check its permissions") from None
    if not head.strip():
        raise RecgenError(f"{path} is empty", "use a CSV file with a header, or a Parquet file")
    return head


def compression_of(head: bytes) -> str:
    """Return how a file with these first bytes is compressed, or ""."""
    found = (name for magic, name in COMPRESSIONS.items() if head.startswith(magic))
    return next(found, "")


def refuse_foreign(path: Path, head: bytes) -> None:
    """Raise RecgenError if a file's first bytes are those of a format that is not read."""
    for magic, name, command in _FOREIGN:
        if head.startswith(magic):
            raise _refused(path, name, command)
    if head.startswith(b"PK\x03\x04"):
        raise _refused(path, "Excel", _EXCEL) if _is_excel(path) else _refused(path, "zip", "")
    if head[257:262] == b"ustar":
        raise _refused(path, "tar", "")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:100].lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise RecgenError(
            f"{path} is a web page or XML, not a table",
            "look into the file: a download may have returned an error page; export it as CSV",
        )


def _is_excel(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.startswith("xl/") for name in file.namelist())
    except (OSError, zipfile.BadZipFile):
        return path.suffix.lower() in (".xlsx", ".xlsm")


def _refused(path: Path, name: str, command: str) -> RecgenError:
    article = "an" if name[0] in "AEO" else "a"
    message = f"{path} is {article} {name} file, which is not read"
    if not command:
        return RecgenError(
            message, "unpack or convert it, and name the CSV, JSON lines or Parquet file"
        )
    new = path.with_suffix(".csv" if "to_csv" in command else ".parquet")
    script = command.format(old=json.dumps(str(path)), new=json.dumps(str(new)))
    needed = _NEEDS.get(name, "pandas" if "pandas" in command else "")
    needs = f" (needs {needed})" if needed else ""
    return RecgenError(message, f"convert it{needs}: python -c {shlex.quote(script)}")
