"""Files of a split: compressed or not, damaged, or none of Transform's."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.one_stack

pytest.importorskip("pyarrow", reason="needs the extra `train`")  # before TensorFlow
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

ROWS = 50


@pytest.fixture
def columns(runtime: Any) -> Any:
    specs = {name: tf.io.FixedLenFeature([], tf.int64) for name in ("buyer", "product")}
    return runtime.Columns(specs, "buyer", "product", "buyers", "products", ("product",))


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    return written(tmp_path / "data", "buyer", "product")


def written(path: Path, *names: str) -> bytes:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(ROWS):
            example = tf.train.Example()
            for name in names:
                example.features.feature[name].int64_list.value.append(number)
            writer.write(example.SerializeToString())
    data = path.read_bytes()
    path.unlink()
    return data


def read(runtime: Any, columns: Any, folder: Path, **files: bytes) -> Any:
    for name, content in files.items():
        (folder / name.replace("_gz", ".gz")).write_bytes(content)
    return runtime.Split.read([f"{folder}/*"], "training", columns)


@pytest.mark.parametrize("names", [("a", "b_gz"), ("a_gz", "b"), ("a_gz", "b_gz"), ("a", "b")])
def test_each_file_is_compressed_or_not(
    runtime: Any, columns: Any, data: bytes, tmp_path: Path, names: tuple[str, ...]
) -> None:
    files = {name: gzip.compress(data) if name.endswith("gz") else data for name in names}
    split = read(runtime, columns, tmp_path, **files)
    assert split.column("product").tolist() == [*range(ROWS)] * 2  # in the order of the names


def test_a_file_that_cannot_be_read_is_named(
    runtime: Any, columns: Any, data: bytes, tmp_path: Path
) -> None:
    packed = gzip.compress(data)
    damaged = {
        "b_gz": packed[: len(packed) // 2],
        "c": data[:-10],
        "d": data[:500] + b"xx" + data[502:],
        "e": packed,
        "f_gz": data,
        "g": b"buyer,product\n1,2\n",
    }
    for name, content in damaged.items():
        folder = tmp_path / name
        folder.mkdir()
        with pytest.raises(ValueError, match=r"^The training files cannot be read\.") as caught:
            read(runtime, columns, folder, a=data, z=data, **{name: content})
        assert f"{folder}/{name.replace('_gz', '.gz')}: " in str(caught.value)
        assert "{{" not in str(caught.value)


def test_examples_that_transform_did_not_write_are_said(
    runtime: Any, columns: Any, tmp_path: Path
) -> None:
    raw = written(tmp_path / "raw", "buyer")
    with pytest.raises(ValueError, match=r"^The training files cannot be read\. Feature: product"):
        read(runtime, columns, tmp_path, a=raw)
