"""TFRecords and TensorFlow's messages, read without it: whatever the bytes are."""

from __future__ import annotations

import gzip
import struct
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google_crc32c", reason="needs the extra `data`")
np = pytest.importorskip("numpy", reason="needs the extra `data`")

from fuzzing import some  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from record_files import (  # noqa: E402
    example,
    examples,
    frame,
    parse_all,
    parse_example,
    read_all,
    serialized,
    write_example,
    write_records,
)

from recgen.inspect.records import FormatError, Parser, parsing  # noqa: E402
from recgen.inspect.records.saved_model import parse_saved_model  # noqa: E402
from recgen.inspect.records.schema import read_schema  # noqa: E402
from recgen.inspect.records.spans import hash_spans, padded, words_of  # noqa: E402
from recgen.inspect.records.stream import PIECE  # noqa: E402
from recgen.inspect.records.variables import parse_index  # noqa: E402

RECORDS = [example(a=number, b=[f"v{number}"] * (number % 3)) for number in range(200)]


# Examples.


@some(ci=200, nightly=5000)
@given(st.lists(examples(), max_size=4))
def test_what_is_written_is_read(rows: list[Any]) -> None:
    assert parse_all([write_example(row) for row in rows]) == rows


@some(ci=300, nightly=10_000)
@given(st.lists(serialized(), max_size=8))
def test_many_records_give_what_each_gives_alone(records: list[bytes]) -> None:
    assert repr_of(parse_all(records)) == repr_of([parse_example(record) for record in records])


def repr_of(rows: list[dict[str, Any] | None]) -> str:
    """Returns rows as text, in which NaN is equal to itself."""
    return repr([row if row is None else sorted(row.items()) for row in rows])


def test_a_block_without_records_has_no_columns() -> None:
    assert parse_all([]) == []
    assert parse_all([b""]) == [{}]  # an Example without features has no bytes


@pytest.mark.parametrize(
    "record",
    [b"\x0a\x02\x0a\x03", b"\xff", b"\x13", b"\x14", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x80" * 20],
)
def test_what_is_no_example_is_said_and_left_out(record: bytes) -> None:
    good = example(a=1)
    assert parse_all([good, record, good]) == [parse_example(good), None, parse_example(good)]


def test_a_name_that_is_no_utf8_makes_no_example() -> None:
    record = example(abc=5).replace(b"abc", b"\xff\xfe\xfd")
    assert parse_all([record, example(abc=5)])[0] is None


def test_a_name_that_is_there_twice_has_the_last_values() -> None:
    one, two = example(a=[1, 2])[2:], example(a=7)[2:]  # without the tag and length around them
    record = b"\x0a" + bytes([len(one + two)]) + one + two
    assert parse_all([record]) == [{"a": ("int64", [7])}]


def test_new_features_may_come_late_and_names_are_told_apart_by_every_byte() -> None:
    names = [f"{'x' * length}{end}" for length in (0, 6, 7, 8, 15, 16) for end in "ab"]
    records = [write_example({name: ("int64", [n])}) for n, name in enumerate(names)]
    assert parse_all(records) == [{name: ("int64", [n])} for n, name in enumerate(names)]


def test_a_table_has_no_more_names_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_NAMES", 10)
    parse_all([example(**{f"f{n}": n}) for n in range(10)])
    with pytest.raises(FormatError, match="more than 10 different features"):
        parse_all([example(**{f"f{n}": n}) for n in range(11)])


def test_hashes_depend_on_every_byte_and_on_nothing_behind_a_span() -> None:
    texts = [b"", b"\0", b"\0\0", b"abcdefgh", b"abcdefgi", b"abcdefgh\0", b"ab", b"ba"]
    found = []
    for behind in (b"", b"x"):
        lengths = np.array([len(text) for text in texts])
        starts = np.cumsum(lengths + len(behind)) - lengths - len(behind)
        buffer = padded(behind.join([*texts, b""]))
        found.append(hash_spans(words_of(buffer), starts, lengths).tolist())
    assert found[0] == found[1]
    assert len(set(found[0])) == len(texts)


# Files.


@pytest.mark.parametrize("name", ["x.tfrecord", "x.gz"])
def test_records_are_read_plain_or_gzip(tmp_path: Path, name: str) -> None:
    file, records = read_all(write_records(tmp_path / name, RECORDS))
    assert records == RECORDS
    assert (file.records, file.corrupt, file.damage) == (200, 0, [])
    assert file.size == sum(len(record) + 16 for record in RECORDS)


def test_compression_is_seen_in_the_bytes_not_in_the_name(tmp_path: Path) -> None:
    data = b"".join(map(frame, RECORDS))
    for written in (data, gzip.compress(data), zlib.compress(data)):
        path = tmp_path / "x.gz"
        path.write_bytes(written)
        assert read_all(path)[1] == RECORDS


def test_gzip_files_may_be_joined(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"".join(gzip.compress(frame(record)) for record in RECORDS))
    assert read_all(path)[1] == RECORDS


def test_records_larger_than_a_piece_and_pieces_full_of_records(tmp_path: Path) -> None:
    large = bytes(3 * PIECE + 5)
    written = [b"", large, b"x", large, *[b""] * (PIECE // 8)]
    file, records = read_all(write_records(tmp_path / "x", written))
    assert records == written
    assert not file.damage


@some(ci=100, nightly=2000)
@given(st.integers(0, 2000), st.booleans())
def test_of_a_file_that_ends_early_all_whole_records_are_read(cut: int, is_gzip: bool) -> None:
    data = b"".join(map(frame, RECORDS[:40]))
    left = data[:cut]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(gzip.compress(left) if is_gzip else left)
        file, records = read_all(path)
    assert records == RECORDS[: len(records)]
    ends = np.cumsum([len(record) + 16 for record in RECORDS[:40]])
    assert len(records) == int((ends <= len(left)).sum())
    if len(left) in (0, *ends.tolist()):
        assert [damage.slug for damage in file.damage] == (["empty-file"] if not left else [])
    else:
        (damage,) = file.damage
        assert damage.slug == "truncated-file"
        assert (damage.record, damage.offset) == (len(records), sum(ends[ends <= cut][-1:]))


def test_of_a_gzip_file_that_ends_early_what_can_be_decompressed_is_read(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    records = [random.bytes(1000) for _ in range(3000)]  # cannot be compressed
    path = write_records(tmp_path / "x.gz", records)
    path.write_bytes(path.read_bytes()[: 2 * PIECE])
    file, found = read_all(path)
    assert 2000 < len(found) < 2100
    assert found == records[: len(found)]
    assert file.damage[0].slug == "broken-compression"
    assert "end early" in file.damage[0].message


def test_bytes_behind_a_gzip_file_are_told(tmp_path: Path) -> None:
    path = write_records(tmp_path / "x.gz", RECORDS)
    path.write_bytes(path.read_bytes() + b"what is this")
    file, records = read_all(path)
    assert records == RECORDS
    assert "corrupt" in file.damage[0].message


def test_a_changed_record_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_records(tmp_path / "x", RECORDS)
    data = bytearray(path.read_bytes())
    place = sum(len(record) + 16 for record in RECORDS[:7])
    data[place + 12] ^= 1
    path.write_bytes(data)
    file, records = read_all(path)
    assert records == RECORDS[:7] + RECORDS[8:]
    assert (file.records, file.corrupt) == (200, 1)
    (damage,) = file.damage
    assert (damage.slug, damage.record, damage.offset) == ("corrupt-record", 7, place)


def test_a_changed_length_ends_the_reading(tmp_path: Path) -> None:
    path = write_records(tmp_path / "x", RECORDS)
    data = bytearray(path.read_bytes())
    place = sum(len(record) + 16 for record in RECORDS[:7])
    data[place + 1] ^= 1
    path.write_bytes(data)
    file, records = read_all(path)
    assert records == RECORDS[:7]
    assert [(damage.slug, damage.record) for damage in file.damage] == [("corrupt-length", 7)]


def test_a_length_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    length = struct.pack("<Q", 2**40)
    head = length + frame(b"")[:0] + struct.pack("<I", crc(length))
    path = tmp_path / "x"
    path.write_bytes(frame(b"good") + head + b"some bytes")
    file, records = read_all(path)
    assert records == [b"good"]
    assert [damage.slug for damage in file.damage] == ["huge-record"]


def crc(data: bytes) -> int:
    from recgen.inspect.records.checksum import masked_crc

    return masked_crc(data)


def test_the_checksum_is_the_published_one() -> None:
    # RFC 3720, B.4: 32 bytes of zeros; masked as tensorflow/core/lib/hash/crc32c.h does.
    crc32c = 0x8A9136AA
    masked = ((crc32c >> 15 | crc32c << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert crc(bytes(32)) == masked


@some(ci=300, nightly=10_000)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(gzip.compress)), st.data())
def test_any_bytes_as_a_file_give_records_or_damage(written: bytes, data: st.DataObject) -> None:
    if data.draw(st.booleans()):  # a file that was fine, with some bytes changed
        whole = bytearray(b"".join(map(frame, RECORDS[:5])))
        if data.draw(st.booleans()):
            whole = bytearray(gzip.compress(whole))
        for _ in range(data.draw(st.integers(1, 3))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        written = bytes(whole)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(written)
        file, records = read_all(path)
    assert file.damage or records
    assert len(records) == file.records - file.corrupt


def test_parsers_know_names_from_block_to_block(tmp_path: Path) -> None:
    records = [example(a=n, **({"late": n} if n > 50_000 else {})) for n in range(60_000)]
    file, parser = read_file(write_records(tmp_path / "x", records)), Parser()
    columns = [column for block in file.blocks() for column in parser.parse(block).columns]
    assert len(columns) > 2  # more than one block
    late = np.concatenate([c.values for c in columns if c.name == "late"])
    assert late.tolist() == list(range(50_001, 60_000))


def read_file(path: Path) -> Any:
    from recgen.inspect.records import RecordFile

    return RecordFile(path)


# Other messages.


@some(ci=300, nightly=10_000)
@given(st.binary(max_size=200))
def test_any_bytes_as_a_message_give_nothing_but_the_own_error(data: bytes) -> None:
    for parse in (parse_saved_model, parse_index):
        try:
            parse(memoryview(data))
        except FormatError:
            continue


@some(ci=300, nightly=10_000)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text("feature{}<>[]:;,\"'\\x0123 \n#", max_size=60).map(str.encode),
    )
)
def test_any_text_as_a_schema_gives_nothing_but_the_own_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(FormatError):
        path = Path(folder, "schema.pbtxt")
        path.write_bytes(data)
        assert isinstance(read_schema(path), tuple)


SCHEMA = r"""
# A comment
feature {
  name: "a\320\266b" type: INT
  int_domain { min: -2 max: 0x10 } presence { min_fraction: 1.0 } shape {}
}
feature < name: 'hi' 'story'; type: INT, shape: { dim { size: 50 } } >
feature {
  name: "any" type: BYTES value_count { min: 1 }
  annotation { tag: ["x", 'y'] extra_metadata { [type.googleapis.com/a.D] { z: -inf y < x: 1 > } } }
  of_a_newer_version { limit: 5 }
}
"""


def test_a_schema_is_read(tmp_path: Path) -> None:
    path = tmp_path / "schema.pbtxt"
    path.write_text(SCHEMA, "utf-8")
    first, second, third = read_schema(path)
    assert (first.name, first.kind, first.low, first.high) == ("aжb", "int64", -2, 16)
    assert first.required
    assert first.shape == ()
    assert (second.name, second.shape, second.required) == ("history", (50,), False)
    assert (third.name, third.kind, third.shape) == ("any", "bytes", None)


@pytest.mark.parametrize(
    "text",
    [
        "feature {",
        "feature { name: }",
        "feature { int_domain { max: x } }",
        "}",
        '"',
        "a: [1",
        "[a",
    ],
)
def test_what_is_no_schema_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schema.pbtxt"
    path.write_text(text, "utf-8")
    with pytest.raises(FormatError):
        read_schema(path)
