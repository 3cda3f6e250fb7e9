"""The text of a file as UTF-8 bytes: decompressed, decoded, and checked to be text."""

from __future__ import annotations

import bz2
import codecs
import errno
import gzip
import lzma
import mmap
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from recgen.findings import RecgenError
from recgen.local.ingest.asked import AskedError
from recgen.local.ingest.signatures import HEAD, PARQUET, compression_of, refuse_foreign

Buffer: TypeAlias = "bytes | mmap.mmap"

_CHUNK = 2**24  # bytes
_MARKS = (  # that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_FULL = (errno.ENOSPC, errno.EDQUOT)
_BEYOND_CHANCE = 5  # characters; a few bytes of a Chinese encoding may happen to be UTF-8
_MOSTLY = 0.3  # least share of NUL among the bytes of UTF-16; text of Latin letters has half


@dataclass(frozen=True)
class Text:
    """The text of a file, UTF-8 without a mark.

    Attributes:
        path: The file, for messages.
        buffer: The text's bytes; those of a plain UTF-8 file stay on disk.
        start: Where the text begins, after a byte order mark.
        compression: How the file is compressed, or "".
        encoding: The encoding of the file.
    """

    path: Path
    buffer: Buffer
    start: int
    compression: str
    encoding: str

    def line_at(self, offset: int) -> int:
        """Return the number of the line, from 1, that has the byte at an offset."""
        before = bytes(self.buffer[self.start : offset])
        return before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1


def text_of(path: Path, head: bytes, encoding: str | None) -> Text:
    """Return the text of a file.

    Args:
        path: The file.
        head: Its first bytes.
        encoding: Its encoding; None means UTF-8, unless the first bytes are those of UTF-16.

    Raises:
        RecgenError: The file is not text in that encoding, or is damaged.
    """
    compression = compression_of(head)
    head = head_of_content(path, head)
    with damaged(path, compression or "text"):
        _require_text(path, head, compression)
        found = encoding or _encoding_of(head)
        if found == "utf-8" and _is_binary(head):
            raise RecgenError(f"{path} is neither CSV nor Parquet", "convert it to one of the two")
        if not compression and found == "utf-8":
            with path.open("rb") as file:
                buffer: Buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        else:
            buffer = _copied(path, compression, found)
        if found == "utf-8":
            _require_utf8(path, buffer)
    start = len(codecs.BOM_UTF8) if buffer[:3] == codecs.BOM_UTF8 else 0
    text = Text(path, buffer, start, compression, found)
    if not bytes(buffer[start : start + HEAD]).strip():
        raise RecgenError(f"{path} is empty", "use a CSV file with a header, or a Parquet file")
    _refuse_nul(text)
    _refuse_second_mark(text)
    return text


def head_of_content(path: Path, head: bytes) -> bytes:
    """Return the first bytes of a file after decompression.

    Raises:
        RecgenError: The file is damaged.
    """
    compression = compression_of(head)
    if not compression:
        return head
    with damaged(path, compression), closing(_decompressed(path, compression)) as stream:
        return stream.read(HEAD)


@contextmanager
def damaged(path: Path, kind: str) -> Iterator[None]:
    """Turn the errors of a damaged file, of a full disk and of little memory into a sentence."""
    try:
        yield
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        if getattr(error, "errno", None) in _FULL:
            raise RecgenError(
                f"there is no space for the text of {path} in {tempfile.gettempdir()}",
                "free some space, or name another folder in the environment variable TMPDIR",
            ) from error
        reason = str(getattr(error, "strerror", None) or error).strip().splitlines()
        raise RecgenError(
            f"{path} cannot be read as {kind}: {(reason or ['damaged'])[0][:200]}",
            "the file is damaged or incomplete: copy it again",
        ) from error
    except MemoryError as error:
        raise RecgenError(
            f"there is not enough memory to read {path}", "use a part of the data"
        ) from error


def _require_text(path: Path, head: bytes, compression: str) -> None:
    if compression and head.startswith(PARQUET):
        raise RecgenError(f"{path} is a Parquet file in {compression}", "decompress it first")
    if compression_of(head):
        raise RecgenError(f"{path} is compressed twice", "decompress it first")
    refuse_foreign(path, head)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise RecgenError(f"{path} is neither CSV nor Parquet", "convert it to one of the two")


def _decompressed(path: Path, compression: str) -> IO[bytes]:
    if compression == "zstd":
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        reader: IO[bytes] = stream
        return reader
    openers = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
    opened: IO[bytes] = openers[compression](path, "rb")  # type: ignore[operator]
    return opened


def _copied(path: Path, compression: str, encoding: str) -> Buffer:
    """Return a copy of a file's text, decompressed and in UTF-8; it is on disk, without a name."""
    source = _decompressed(path, compression) if compression else path.open("rb")
    with closing(source) as stream, tempfile.TemporaryFile(prefix="recgen-") as copy:
        if encoding == "utf-8":
            while chunk := stream.read(_CHUNK):
                copy.write(chunk)
        else:
            _transcode(path, stream, copy, encoding)
        if copy.tell() == 0:
            return b""
        copy.flush()
        return mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ)


def _transcode(path: Path, stream: IO[bytes], copy: IO[bytes], encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    other = _Utf8()
    while True:
        chunk = stream.read(_CHUNK)
        other.see(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(encoding, "replace").count("\n")
            raise _undecodable(path, line, error, encoding) from error
        line += text.count("\n")
        copy.write(text.encode().removeprefix(codecs.BOM_UTF8 if copy.tell() == 0 else b""))
        if not chunk:
            break
    if other.is_likely and not encoding.startswith("utf"):
        raise RecgenError(
            f"{path} is UTF-8, not {encoding}: every character in it that is not ASCII is valid",
            "leave out `encoding`; files of a folder must all have the same one, so convert those "
            "that differ: iconv -f CP1252 -t UTF-8 OLD > NEW",
        )


class _Utf8:
    """Whether bytes are UTF-8 beyond chance: text of another encoding is hardly ever."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._long = 0

    def see(self, chunk: bytes) -> None:
        if self._decoder is None:
            return
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            self._decoder = None
        else:
            self._long += 0 if text.isascii() else sum(character > "\x7f" for character in text)

    @property
    def is_likely(self) -> bool:
        return self._decoder is not None and self._long >= _BEYOND_CHANCE


def _encoding_of(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > _MOSTLY * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) > _MOSTLY * len(even) and not odd.count(0):
        return "utf-16-be"
    return "utf-8"


def _is_binary(head: bytes) -> bool:
    """Return whether bytes with NUL among them are not even UTF-8, or have several in a row."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return b"\0" in head
    return b"\0\0" in head


def _require_utf8(path: Path, buffer: Buffer) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for begin in range(0, len(buffer) + 1, _CHUNK):
        chunk = buffer[begin : begin + _CHUNK]
        last = begin + _CHUNK > len(buffer)
        if chunk.isascii() and not decoder.getstate()[0]:
            line += chunk.count(b"\n")
            continue
        try:
            line += decoder.decode(chunk, final=last).count("\n")
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise _undecodable(path, line, error, "utf-8") from error


def _undecodable(path: Path, line: int, error: UnicodeDecodeError, encoding: str) -> RecgenError:
    byte = error.object[error.start]
    name = "UTF-8" if encoding == "utf-8" else encoding
    return AskedError(
        f"{path}, line {line:,}: byte 0x{byte:02x} cannot be read as {name}",
        lambda say: (
            "find out its encoding, such as cp1252 (Western Europe), cp1251 (Cyrillic) or "
            f"shift-jis (Japanese); then {say('encoding', 'cp1252')}, or convert the file: "
            "iconv -f CP1252 -t UTF-8 OLD > NEW"
        ),
    )


def _refuse_second_mark(text: Text) -> None:
    """Raise RecgenError if a line but the first begins with a byte order mark.

    Files were joined: the mark would be part of a value, or hide a quotation mark or a header.
    """
    ends = (mark + codecs.BOM_UTF8 for mark in (b"\n", b"\r"))
    at = next((at for end in ends if (at := text.buffer.find(end, text.start)) >= 0), -1)
    if at >= 0:
        raise RecgenError(
            f"{text.path}, line {text.line_at(at + 1):,}: begins with a byte order mark, as where "
            "files were joined",
            "put the files into a folder and name that; or remove the mark and, if there is one, "
            "the header behind it",
        )


def _refuse_nul(text: Text) -> None:
    at = text.buffer.find(b"\0", text.start)
    if at < 0:
        return
    raise RecgenError(
        f"{text.path}, line {text.line_at(at):,}: contains a NUL character, as no text file does",
        "export the data again, or remove them: tr -d '\\000' < OLD > NEW",
    )
