"""Small files that would take gigabytes or hours: each is refused with a sentence."""

from __future__ import annotations

import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google_crc32c", reason="needs the extra `data`")
np = pytest.importorskip("numpy", reason="needs the extra `data`")
pytest.importorskip("tensorflow_metadata", reason="needs the extra `data`")

from record_files import example, frame, parse_all, read_all  # noqa: E402
from run_folders import (  # noqa: E402
    make_run,
    message,
    saved_model,
    varint,
    write_checkpoint,
    write_model,
)

from recgen.findings import RecgenError  # noqa: E402
from recgen.inspect import inspect, splits  # noqa: E402
from recgen.inspect.distinct import Distinct  # noqa: E402
from recgen.inspect.records import (  # noqa: E402
    FormatError,
    Texts,
    parsing,
    schema,
    stream,
    variables,
)
from recgen.inspect.records import saved_model as saved_models  # noqa: E402
from recgen.inspect.records.checksum import masked_crc  # noqa: E402
from recgen.inspect.records.framing import MAX_RECORD  # noqa: E402
from recgen.inspect.records.spans import padded  # noqa: E402

# Records.


def test_a_compressed_record_that_fills_the_memory_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(frame(bytes(MAX_RECORD + 1)), 1))
    file, records = read_all(path)
    assert records == []
    assert [damage.slug for damage in file.damage] == ["huge-record"]


@pytest.mark.parametrize("values", [[1], [1.5], ["x"]])
def test_a_row_has_no_more_values_than_fit_into_memory(
    values: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MAX_VALUES", 10)
    fits, too_many = example(a=values * 4, b=values * 6), example(a=values * 4, b=values * 7)
    good, bad = parse_all([fits, too_many])
    assert good is not None
    assert bad is None


def test_the_number_of_a_rows_values_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MAX_VALUES", 10)
    path = tmp_path / "x.tfrecord"
    path.write_bytes(frame(example(a=1)) + frame(example(a=[1] * 11)))
    (issue,) = (issue for issue in inspect(path).issues if issue.slug == "no-example")
    assert issue.message.endswith("record 2: it has 11 values; at most 10 are read")


def test_names_are_no_longer_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_NAME_CHARACTERS", 10)
    parse_all([example(**{"x" * 4: 1, "y" * 6: 1}), example(**{"x" * 4: 1})])
    with pytest.raises(FormatError, match="more than 10 characters"):
        parse_all([example(**{"x" * 4: 1}), example(**{"y" * 7: 1})])


def test_groups_in_each_other_make_a_record_that_is_not_an_example() -> None:
    assert parse_all([b"\x13" * 100_000]) == [None]


def test_long_strings_are_hashed_by_all_of_their_bytes() -> None:
    long = b"x" * 5000
    strings = [long, b"short", long[:-1] + b"y", long]
    lengths = np.array([len(text) for text in strings])
    hashes = Texts(padded(b"".join(strings)), np.cumsum(lengths) - lengths, lengths).hashes()
    assert hashes[0] == hashes[3]
    assert len(set(hashes.tolist())) == 3


def test_a_feature_with_one_value_takes_no_more_memory_block_by_block() -> None:
    distinct, one = Distinct(), np.array([7], np.uint64)
    tracemalloc.start()
    for _ in range(10_000):
        distinct.add(one)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
    assert (distinct.count, distinct.repeated) == (1, 9999)


def test_a_vocabulary_has_no_more_entries_than_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recgen.inspect.vocabulary.MAX_ENTRIES", 10)
    (tmp_path / "fits_vocab").write_text("\n".join("abcdefghij"))
    (tmp_path / "large_vocab").write_text("\n".join("abcdefghijk"))
    (issue,) = inspect(tmp_path).issues
    assert (issue.slug, issue.place) == ("broken-vocabulary", "large_vocab")
    assert issue.message == "it has more than 10 entries"


@pytest.mark.parametrize("bytes_", [frame(b""), frame(example(a=1)), b"a\n", b"\n"])
def test_compressed_bytes_that_stand_for_far_too_many_are_not_read_to_the_end(
    bytes_: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_UNSUSPECTED", 2**16)
    path = tmp_path / ("x.tfrecord" if len(bytes_) > 2 else "x_vocab")
    path.write_bytes(gzip.compress(bytes_ * (2**21 // len(bytes_))))
    issues = inspect(path).issues
    assert any("stands for more than 100 on average" in issue.message for issue in issues)


def test_a_table_may_be_compressed_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_UNSUSPECTED", 2**10)
    path = tmp_path / "x.tfrecord"
    rows = (example(sku=n % 50, country="United Kingdom", price=n % 7 / 2) for n in range(3000))
    path.write_bytes(gzip.compress(b"".join(map(frame, rows))))
    assert inspect(path).ok


def test_features_do_not_count_more_entries_than_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path)
    assert inspect(run).ok
    monkeypatch.setattr(splits, "MAX_COUNTS", 15)  # buyers and products are 6 and 10
    told = {issue.message for issue in inspect(run).issues}
    assert "the vocabularies of its features have more than 15 entries together" in told


def test_a_file_with_many_names_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    pieces = stream.pieces
    monkeypatch.setattr(
        "recgen.inspect.vocabulary.pieces", lambda path: read.append(path) or pieces(path)
    )
    run = make_run(tmp_path)
    names = {f"name{number}": "sku_vocab" for number in range(100)}
    (run / "transform" / "transformed_metadata" / "asset_map").write_text(json.dumps(names))
    assert len(inspect(run / "transform").vocabularies) == 100
    assert len(read) == 1


# What is no file: a test that reads it does not end.


@pytest.mark.parametrize(
    "name",
    [
        "serving_model/saved_model.pb",
        "serving_model/variables/variables.index",
        "serving_model/variables/variables.data-00000-of-00001",
        "serving_model/assets/sku_vocab",
        "transform/transform_fn/assets/sku_vocab",
        "transform/transformed_metadata/schema.pbtxt",
        "transform/transformed_metadata/asset_map",
        "examples/train/transformed_examples-00000-of-00001.tfrecord",
        "training_metrics.json",
    ],
)
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run / name).unlink()
    os.mkfifo(run / name)
    assert inspect(run).issues


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_read(path: str) -> None:
    with pytest.raises(RecgenError, match="a pipe or a device"):
        inspect(Path(path))


def test_a_folder_among_a_models_vocabularies_is_not_read(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "assets" / "more").mkdir()
    assert inspect(tmp_path).ok


# Schemas.


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#" * 100 + "\n" + "\n" * schema.MAX_SCHEMA, "larger than 2,097,152 bytes"),
        ("x: [" + "1," * 40_000 + "1]", "a line is longer than 65,536 bytes"),
        ("feature { struct_domain {\n" * 5000, "nested too deeply"),
        ("unknown {\n" * 5000, "nested too deeply"),
        ("feature { shape {" + "dim {}\n" * 255 + "} }", "255 dimensions of a feature"),
        ("feature {}\n" * 50_001, "it has 50,001 messages"),
        ("x <>\n" * 50_001, "it has 50,001 messages"),
    ],
)
def test_a_schema_that_is_too_much_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "schema.pbtxt"
    path.write_text(text)
    with pytest.raises(FormatError, match=reason):
        schema.read_schema(path)


def test_what_is_wrong_with_a_schema_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "schema.pbtxt"
    path.write_text("feature { name: 'a'\n" + "f " * 20_000)
    with pytest.raises(FormatError, match=r'^2:3 : .* … .*Expected "{"\.$') as caught:
        schema.read_schema(path)
    assert len(caught.value.message) < 300


# SavedModels.


def graph(*objects: bytes) -> bytes:
    """Returns a SavedModel with these objects."""
    return message((2, message((7, message(*((1, each) for each in objects))))))


def child(number: int, name: str) -> bytes:
    return message((1, message((1, number), (2, name))))


VARIABLE = message((7, message((1, 1))))


def test_a_saved_model_has_a_size(tmp_path: Path) -> None:
    path = tmp_path / "saved_model.pb"
    with path.open("wb") as file:
        file.truncate(2**26)
    with pytest.raises(FormatError, match="larger than 33,554,432 bytes"):
        saved_models.read_saved_model(path)


def test_a_saved_model_has_no_more_objects_than_are_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saved_models, "MAX_OBJECTS", 2)
    assert saved_models.parse_saved_model(graph(VARIABLE, b"")).variables
    with pytest.raises(FormatError, match="3 objects; at most 2 are read"):
        saved_models.parse_saved_model(graph(VARIABLE, b"", b""))


def test_objects_are_not_arbitrarily_deep_in_each_other() -> None:
    chain = [child(number + 1, "x" * 100) for number in range(20)]
    with pytest.raises(FormatError, match="path is longer than 1,000 characters"):
        saved_models.parse_saved_model(graph(*chain, VARIABLE))


def test_objects_that_name_each_other_again_and_again_are_visited_once() -> None:
    everywhere = b"".join(child(number, f"c{number}") for number in range(300)) * 3
    found = saved_models.parse_saved_model(graph(*[everywhere + VARIABLE] * 300))
    assert list(found.variables)[:3] == ["", "c1", "c2"]
    assert len(found.variables) == 300


def test_a_shorter_path_is_preferred_to_one_by_keras_own_lists() -> None:
    root = child(2, "layers") + child(1, "tower")
    found = saved_models.parse_saved_model(graph(root, child(2, "kernel"), VARIABLE))
    assert list(found.variables) == ["tower.kernel"]


def test_a_tensor_has_no_more_dimensions_than_tensorflow_allows() -> None:
    shape = message(*[(2, b"")] * 255)
    with pytest.raises(FormatError, match="255 dimensions of a tensor; at most 254"):
        saved_models.parse_saved_model(graph(message((7, message((2, shape))))))


def test_signatures_have_no_more_tensors_than_are_shown() -> None:
    inputs = {f"column {number}": 7 for number in range(10_000)}
    with pytest.raises(FormatError, match="more than 10,000 inputs and outputs"):
        saved_models.parse_saved_model(saved_model(inputs, {}))


# Indices of checkpoints.


def block(*entries: tuple[int, bytes, bytes]) -> bytes:
    """Returns a block of entries: what a key shares with the one before, its rest, the value."""
    content = b"".join(
        varint(shared) + varint(len(rest)) + varint(len(value)) + rest + value
        for shared, rest, value in entries
    )
    return content + struct.pack("<II", 0, 1)


def index(content: bytes, repeats: int = 1) -> bytes:
    """Returns an index that names one block, once or several times."""
    where = varint(0) + varint(len(content))
    blocks = (content, block(*[(0, b"z", where)] * repeats))
    data = b"".join(each + b"\0" + struct.pack("<I", masked_crc(each + b"\0")) for each in blocks)
    handles = varint(0) + varint(0) + varint(len(content) + 5) + varint(len(blocks[1]))
    return data + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def test_keys_do_not_grow_without_end() -> None:
    entries = [(number, b"x", b"") for number in range(1001)]
    assert len(variables.parse_index(index(block(*entries[:1000])))) == 1000
    with pytest.raises(FormatError, match="a name is longer than 1,000 bytes"):
        variables.parse_index(index(block(*entries)))


def test_a_block_is_read_once() -> None:
    content = block((0, b"x" * 100, b""))
    assert len(variables.parse_index(index(content))) == 1
    with pytest.raises(FormatError, match="its blocks overlap"):
        variables.parse_index(index(content, repeats=1000))


def test_a_block_without_entries_is_read_once_too() -> None:
    """Only what is for searching is in it, which takes as long to check."""
    content = bytes(4000) + struct.pack("<I", 1000)
    with pytest.raises(FormatError, match="its blocks overlap"):
        variables.parse_index(index(content, repeats=1000))


def test_an_index_names_no_more_variables_than_fit_into_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(variables, "MAX_VARIABLES", 3)
    variables.parse_index(index(block(*[(0, b"x", b"")] * 3)))
    with pytest.raises(FormatError, match="more than 3 variables"):
        variables.parse_index(index(block(*[(0, b"x", b"")] * 4)))


@pytest.mark.parametrize("field", [4, 5])
def test_a_variable_does_not_lie_before_its_file(field: int) -> None:
    entry = message((field, 2**64 - 1))
    with pytest.raises(FormatError, match="before its file"):
        variables.parse_index(index(block((0, b"x", entry))))


def test_an_index_has_a_size(tmp_path: Path) -> None:
    path = tmp_path / "variables.index"
    with path.open("wb") as file:
        file.truncate(2**27)
    with pytest.raises(FormatError, match="larger than 67,108,864 bytes"):
        variables.read_index(path)


def test_no_data_is_read_twice(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, {"a": (10,), "b": (10,)})
    first, second = variables.read_index(tmp_path / "variables.index")
    assert list(variables.broken_variables(tmp_path, (first, second))) == []
    assert list(variables.broken_variables(tmp_path, (first, second, first))) == [
        ("a", "its data overlaps that of other variables")
    ]


# In a process whose memory is limited.

_LIMIT = 2**31  # bytes of addresses: an inspection of a small run needs half of them


def compressed(unit: bytes, size: int) -> bytes:
    """Returns the gzip of so many bytes, which are one unit again and again."""
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = unit * (2**20 // len(unit) + 1)
    parts = [engine.compress(block) for _ in range(size // len(block))]
    return b"".join((*parts, engine.flush()))


def chain(length: int) -> bytes:
    """Returns a SavedModel in which each object is in the one before."""
    return graph(*(child(number + 1, "child") for number in range(length)), VARIABLE)


BOMBS = {
    "lines_vocab": lambda: compressed(b"\n", 2**29),
    "line_vocab": lambda: compressed(b"a", 2**30),
    "record.tfrecord": lambda: compressed(frame(bytes(2**28)), 2**28),
    "records.tfrecord": lambda: compressed(frame(example(a=1)), 2**28),
    "values.tfrecord": lambda: compressed(frame(example(a=[1] * 2**22)), 2**24),
    "model/saved_model.pb": lambda: chain(10_000),
    "tensors/saved_model.pb": lambda: message((2, message((7, b"\n\0" * 300_000)))),
    "long/saved_model.pb": lambda: b"\x12" + varint(2**62),
    "prefixes/variables/variables.index": lambda: index(
        block(*[(min(n, 999), b"x", b"") for n in range(60_000)])
    ),
    "handles/variables/variables.index": lambda: index(
        bytes(600_000) + struct.pack("<I", 150_000), repeats=60_000
    ),
    "schema/transformed_metadata/schema.pbtxt": lambda: b"feature{}\n" * 200_000,
    "deep/transformed_metadata/schema.pbtxt": lambda: b"x{" * 300_000,
    "lists/transformed_metadata/asset_map": lambda: b"[" + b"[]," * 10**6 + b"0]",
    "nested/transformed_metadata/asset_map": lambda: b"[" * 300_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_takes_little_memory_and_ends_with_a_sentence(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(BOMBS[name]())
    if path.parent.name == "variables":
        (path.parents[1] / "saved_model.pb").write_bytes(saved_model({"buyer": 7}, {}))
    given = tmp_path / name.partition("/")[0]
    result = subprocess.run(
        [sys.executable, "-m", "recgen", "inspect", given],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_LIMIT, _LIMIT)),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stderr
    assert "error" in result.stdout
    assert "Traceback" not in result.stderr
