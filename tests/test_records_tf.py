"""What is read without TensorFlow is what TensorFlow writes and reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

from fuzzing import some  # noqa: E402
from hypothesis import given  # noqa: E402
from record_files import (  # noqa: E402
    example,
    examples,
    features_of,
    parse_all,
    read_all,
    serialized,
    write_example,
    write_records,
)
from runs import Run  # noqa: E402

from recgen.inspect.records.saved_model import read_saved_model  # noqa: E402
from recgen.inspect.records.schema import read_schema  # noqa: E402
from recgen.inspect.records.variables import broken_variables, read_index  # noqa: E402


def by_tensorflow(data: bytes) -> dict[str, Any] | None:
    """Returns what an Example holds to TensorFlow; None if it refuses the bytes."""
    try:
        return features_of(tf.train.Example.FromString(data))
    except Exception:  # its type depends on protobuf's version
        return None


def same(one: list[dict[str, Any] | None], other: list[dict[str, Any] | None]) -> bool:
    """Compares as text, in which NaN is equal to itself."""
    first, second = ([row and sorted(row.items()) for row in rows] for rows in (one, other))
    return repr(first) == repr(second)


@some(ci=500, nightly=20_000)
@given(serialized())
def test_examples_mean_what_they_mean_to_tensorflow(data: bytes) -> None:
    assert same(parse_all([data]), [by_tensorflow(data)])


@some(ci=100, nightly=5000)
@given(examples())
def test_tensorflow_reads_the_examples_that_the_tests_write(features: Any) -> None:
    assert same([by_tensorflow(write_example(features))], [features])


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_files_that_tensorflow_wrote_are_read(tmp_path: Path, compression: str) -> None:
    records = [example(a=n, b=["x"] * (n % 5)) for n in range(500)]
    path = tmp_path / "x"
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    file, found = read_all(path)
    assert found == records
    assert not file.damage


@pytest.mark.parametrize("name", ["x.tfrecord", "x.gz"])
def test_tensorflow_reads_what_the_tests_write(tmp_path: Path, name: str) -> None:
    records = [example(a=n) for n in range(50)] + [b""]
    path = write_records(tmp_path / name, records)
    found = tf.data.TFRecordDataset(str(path), "GZIP" if name.endswith(".gz") else "")
    assert [record.numpy() for record in found] == records


def test_a_saved_model_says_what_tensorflow_says(shop: Run) -> None:
    folder = shop.saved()
    ours, theirs = read_saved_model(folder / "saved_model.pb"), tf.saved_model.load(str(folder))
    signature = theirs.signatures["serving_default"]
    assert sorted(ours.signatures) == ["serve_filtered", "serving_default", "serving_examples"]
    assert tensors(ours.signatures["serving_default"].inputs) == {
        name: (spec.dtype.name, tuple(spec.shape))
        for name, spec in signature.structured_input_signature[1].items()
    }
    assert tensors(ours.signatures["serving_default"].outputs) == {
        name: (spec.dtype.name, tuple(spec.shape))
        for name, spec in signature.structured_outputs.items()
    }
    assert ours.tensorflow == tf.__version__
    table = ours.variables["query_tower.customer_id_embedding.embeddings"]
    assert table.shape == tuple(theirs.query_tower.customer_id_embedding.embeddings.shape)


def tensors(found: Any) -> dict[str, Any]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in found.items()}


def test_variables_are_those_of_the_checkpoint(shop: Run) -> None:
    folder = shop.saved() / "variables"
    ours = read_index(folder / "variables.index")
    wanted = dict(tf.train.list_variables(str(folder / "variables")))
    assert {v.key: list(v.shape or ()) for v in ours} == wanted
    assert list(broken_variables(folder, ours)) == []


def test_changed_and_missing_variables_are_found(shop: Run, tmp_path: Path) -> None:
    import shutil

    folder = shutil.copytree(shop.saved() / "variables", tmp_path / "variables")
    variables = read_index(folder / "variables.index")
    (data,) = folder.glob("variables.data*")
    whole = bytearray(data.read_bytes())
    largest = max((v for v in variables if v.dtype == "float32"), key=lambda v: v.size)
    whole[largest.offset + 5] ^= 1
    data.write_bytes(whole)
    assert list(broken_variables(folder, variables)) == [
        (largest.key, "its data does not have its checksum")
    ]
    data.write_bytes(whole[: largest.offset + 1])
    assert (largest.key, f"{data.name} ends before its data does") in [
        *broken_variables(folder, variables)
    ]
    data.unlink()
    assert all("is missing" in message for _, message in broken_variables(folder, variables))


def test_a_schema_is_the_one_that_tensorflow_transform_reads(shop: Run) -> None:
    import tensorflow_transform as tft

    spec = tft.TFTransformOutput(str(shop.data / "transform")).transformed_feature_spec()
    path = shop.data / "transform" / "transformed_metadata" / "schema.pbtxt"
    kinds = {"int64": tf.int64, "float": tf.float32, "bytes": tf.string}
    ours = {feature.name: (kinds[feature.kind], feature.shape) for feature in read_schema(path)}
    assert ours == {name: (each.dtype, tuple(each.shape)) for name, each in spec.items()}
