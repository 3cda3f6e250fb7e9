"""Types that a pipeline hands over: read, or refused when `preprocessing_fn` is traced."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from recgen.generate import render

pytest.importorskip("pyarrow", reason="needs the extra `train`")  # before TensorFlow
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

NULL = -(2**63)
EXPERIMENT = {
    "features": {
        "buyer_id_column": "user",
        "product_id_column": "sku",
        "buyer_model_features": [
            {"column": "user", "data_type": "text"},
            {
                "column": "past",
                "data_type": "history",
                "transforms": {"history": {"shared_with": "sku"}},
            },
        ],
        "product_model_features": [
            {"column": "sku", "data_type": "text"},
            {"column": "price", "data_type": "numeric"},
        ],
    },
    "data": {"split": {"kind": "strict_time", "date_column": "sold_at"}},
}
USUAL = {"user": tf.int64, "sku": tf.string, "past": tf.string, "price": tf.float32}
USUAL |= {"sold_at": tf.int64}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from recgen.local.child import load_module

    path = tmp_path_factory.mktemp("module") / "transform_module.py"
    path.write_text(render(EXPERIMENT)["transform_module.py"], encoding="utf-8")
    return load_module(path)


@pytest.mark.parametrize(
    ("column", "dtype", "wanted"),
    [
        ("sold_at", tf.string, "int64 epoch seconds (UNIX_SECONDS in BigQuery)"),
        ("sold_at", tf.float32, "int64 epoch seconds (UNIX_SECONDS in BigQuery)"),
        ("price", tf.string, "int64 or float32 (some ExampleGens call a column without values"),
        ("sku", tf.float32, "string or int64: in floats, large IDs are rounded"),
        ("user", tf.float32, "string or int64: in floats, large IDs are rounded"),
        ("past", tf.float32, "a list of string or int64"),
    ],
)
def test_a_wrong_type_is_refused_by_name_before_any_row_is_read(
    module: Any, tmp_path: Path, column: str, dtype: Any, wanted: str
) -> None:
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

    spec = {name: tf.io.VarLenFeature(kind) for name, kind in {**USUAL, column: dtype}.items()}
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    message = f"'{column}' arrives as {dtype.name}; it has to be {wanted}"
    pipeline = beam.Pipeline()  # never run
    with tft_beam.Context(str(tmp_path)), pytest.raises(ValueError, match=re.escape(message)):
        (pipeline | beam.Create([{}]), metadata) | tft_beam.AnalyzeDataset(module.preprocessing_fn)


def test_a_column_that_is_not_there_is_named(module: Any) -> None:
    with pytest.raises(ValueError, match=r"^'price' is not in the data, which has sku, user\.$"):
        module.read_number({"sku": tf.constant(["a"]), "user": tf.constant(["b"])}, "price")


def test_a_list_with_one_value_in_a_row_is_refused(module: Any) -> None:
    with pytest.raises(ValueError, match=r"^'past' has one value in a row; it has to be a list of"):
        module.read_list({"past": tf.constant(["p1", "p2"])}, "past")


@pytest.mark.parametrize("reader", ["read_text", "read_number", "read_time"])
def test_several_values_in_a_row_are_refused_by_name(module: Any, reader: str) -> None:
    """Dense ones would have been read as more rows; sparse ones named no column."""
    rows = tf.ragged.constant([[1], [], [2, 3]], tf.int64)
    for column in (rows, rows.to_sparse(), rows.to_tensor()):
        with pytest.raises(
            (ValueError, tf.errors.InvalidArgumentError), match="'x' has several values in a row"
        ):
            getattr(module, reader)({"x": column}, "x")


NARROW = [tf.int8, tf.int16, tf.int32, tf.uint8, tf.uint16, tf.uint32, tf.int64, tf.bool]


@pytest.mark.parametrize("dtype", NARROW, ids=lambda dtype: str(dtype.name))
def test_whole_numbers_of_any_width_are_read(module: Any, dtype: Any) -> None:
    inputs = {"x": tf.cast([0, 1, 1], dtype)}
    assert module.read_text(inputs, "x").numpy().tolist() == [b"0", b"1", b"1"]
    assert module.read_number(inputs, "x").numpy().tolist() == [0.0, 1.0, 1.0]
    assert module.read_time(inputs, "x").numpy().tolist() == [0, 1, 1]
    assert module.read_list({"x": inputs["x"][:, tf.newaxis]}, "x").to_list() == [
        [b"0"],
        [b"1"],
        [b"1"],
    ]


def test_numbers_that_int64_cannot_hold_are_refused(module: Any) -> None:
    for read in (module.read_text, module.read_number, module.read_time, module.read_list):
        with pytest.raises(ValueError, match="arrives as uint64"):
            read({"x": tf.constant([2**63], tf.uint64)}, "x")


def _forms(values: list[Any], dtype: Any) -> dict[str, Any]:
    """Returns a column in each form that can hold its nulls; None is a null."""
    rows = tf.ragged.constant([[] if v is None else [v] for v in values], dtype)
    forms = {"ragged": rows, "sparse": rows.to_sparse()}
    if None not in values:
        dense = tf.constant(values, dtype)
        forms |= {"[batch]": dense, "[batch, 1]": dense[:, tf.newaxis]}
    return forms


@pytest.mark.parametrize(
    ("reader", "values", "dtype", "wanted"),
    [
        ("read_text", ["a", "b"], tf.string, [b"a", b"b"]),
        ("read_text", [None, "b", None], tf.string, [b"", b"b", b""]),
        ("read_text", [b"\xff\x00"], tf.string, [b"\xff\x00"]),
        ("read_text", [None, -5, 2**62], tf.int64, [b"", b"-5", str(2**62).encode()]),
        ("read_text", [NULL, 0], tf.int64, [b"", b"0"]),
        ("read_number", [None, 0.5], tf.float32, [math.nan, 0.5]),
        ("read_number", [None, 2**53 - 1], tf.int64, [math.nan, 2.0**53 - 1]),
        ("read_number", [NULL, 16_777_217], tf.int64, [math.nan, 16_777_217]),
        ("read_time", [None, NULL, -1], tf.int64, [NULL, NULL, -1]),
    ],
)
def test_nulls_are_the_same_in_every_form(
    module: Any, reader: str, values: list[Any], dtype: Any, wanted: list[Any]
) -> None:  # P28, P29, P30
    for form, column in _forms(values, dtype).items():
        found = getattr(module, reader)({"x": column}, "x").numpy().tolist()
        assert found == pytest.approx(wanted, nan_ok=True, abs=0) if dtype == tf.float32 else True
        assert repr(found) == repr([type(f)(w) for f, w in zip(found, wanted, strict=True)]), form


@pytest.mark.parametrize("values", [[["a", "b"], ["c", "d"]], [[1, 2], [3, NULL]]], ids=repr)
def test_lists_are_read_in_every_form(module: Any, values: list[list[Any]]) -> None:
    rows = tf.ragged.constant(values)
    wanted = [[str(item).encode() for item in row] for row in values]
    for column in (rows, rows.to_sparse(), rows.to_tensor()):
        assert module.read_list({"x": column}, "x").to_list() == wanted
