"""The generated `preprocessing_fn`, through tensorflow-transform's real analysis on Beam."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recgen.config import dtype_of
from recgen.generate import render
from recgen.plan import input_columns

Rows = list[dict[str, Any]]
_MONDAY = int(datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp())
_DAY = 86_400

FEATURES = {
    "buyer_id_column": "user",
    "product_id_column": "sku",
    "buyer_model_features": [
        {"column": "user", "data_type": "text"},
        {"column": "number", "bq_type": "INT64", "data_type": "text"},
        {
            "column": "town",
            "data_type": "text",
            "transforms": {"embedding": {"vocab_size": 3, "min_frequency": 2, "oov_buckets": 4}},
        },
        {
            "column": "age",
            "data_type": "numeric",
            "transforms": {"normalize": {}, "bucketize": {"buckets": 4}, "missing_flag": {}},
        },
        {"column": "unit", "data_type": "numeric", "transforms": {"normalize": {"range": [0, 1]}}},
        {
            "column": "both",
            "data_type": "numeric",
            "transforms": {"normalize": {"range": [-1, 1]}, "log_transform": {}},
        },
        {"column": "same", "data_type": "numeric"},
        {
            "column": "empty",
            "data_type": "numeric",
            "transforms": {"normalize": {}, "bucketize": {"buckets": 3}, "missing_flag": {}},
        },
        {"column": "nobody", "data_type": "text"},
        {"column": "never", "data_type": "temporal", "transforms": {"normalize": {}}},
        {
            "column": "time",
            "data_type": "temporal",
            "transforms": {
                "normalize": {},
                "bucketize": {"buckets": 4},
                "cyclical": dict.fromkeys(
                    ("yearly", "quarterly", "monthly", "weekly", "daily"), True
                ),
                "missing_flag": {},
            },
        },
    ],
    "buyer_model_crosses": [
        {
            "features": [
                {"column": "user"},
                {"column": "town"},
                {"column": "age", "type": "numeric", "crossing_buckets": 4},
            ],
            "hash_bucket_size": 100_000,
        },
        {
            "features": [{"column": "town"}, {"column": "time", "type": "temporal"}],
            "hash_bucket_size": 100_000,
        },
    ],
    "product_model_features": [{"column": "sku", "data_type": "text"}],
}
EXPERIMENT = {"features": FEATURES, "data": {"split": {"kind": "random"}}}


def _rows() -> Rows:
    """Returns 200 rows; from the 160th on, something is odd."""
    rows = [
        {
            "user": f"u{number % 20}",
            "number": number % 7,
            "town": ["a", "a", "ab", "c", "d"][number % 5],
            "age": float(number % 100),
            "unit": float(number % 11),
            "both": math.expm1(number % 9) * (-1) ** number,
            "same": 5.0,
            "time": _MONDAY + number * _DAY // 2 + 60 * number,
            "sku": f"s{number % 30}",
        }
        for number in range(200)
    ]
    for row in rows[160:170]:
        for name in ("number", "town", "age", "unit", "both", "time", "user"):
            del row[name]
    for row, odd in zip(rows[170:180], ["", "a\nb", "\r", "x\r\n", ""] * 2, strict=True):
        row["user"] = odd
    for row, odd in zip(rows[180:183], (math.nan, math.inf, -math.inf), strict=True):
        row |= {"age": odd, "unit": odd, "both": odd}
    rows[190] |= {"user": "ab", "town": "c", "age": 3.0}
    rows[191] |= {"user": "a", "town": "bc", "age": 3.0}
    rows[192] |= {"user": "ab", "town": "c", "age": 3.0}
    return rows


ROWS = _rows()


class Transformed:
    """What an analysis and its application gave: a column an output, and the vocabularies."""

    def __init__(self, outputs: Mapping[str, Any], folder: Path) -> None:
        self.outputs = outputs
        self._folder = folder

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]

    def vocabulary(self, name: str) -> list[bytes]:
        path = self._folder / "transform_fn" / "assets" / f"{name}_vocab"
        return path.read_bytes().split(b"\n")[:-1]


def apply(rows: Rows, folder: Path, kind: str, experiment: Any = EXPERIMENT) -> Transformed:
    """Analyzes and transforms rows whose columns come in one of the forms that TFX gives."""
    import apache_beam as beam
    import tensorflow as tf
    import tensorflow_transform.beam as tft_beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

    from recgen.check import load
    from recgen.local.child import load_module

    config = load(experiment)
    dtypes = {"string": tf.string, "int64": tf.int64, "float32": tf.float32}
    make: dict[str, Callable[[Any], Any]] = {
        "sparse": tf.io.VarLenFeature,
        "[batch]": lambda dtype: tf.io.FixedLenFeature([], dtype),
        "[batch, 1]": lambda dtype: tf.io.FixedLenFeature([1], dtype),
    }
    columns = [c for c in input_columns(config) if any(c.name in row for row in rows)]
    missing = [c for c in input_columns(config) if c not in columns]
    spec = {c.name: make[kind](dtypes[dtype_of(c.bq_type)]) for c in columns}
    spec |= {c.name: tf.io.VarLenFeature(dtypes[dtype_of(c.bq_type)]) for c in missing}
    wrap = (lambda value: [value]) if kind != "[batch]" else (lambda value: value)
    data = [{name: wrap(value) for name, value in row.items() if name in spec} for row in rows]
    if kind == "sparse":
        data = [{name: row.get(name, []) for name in spec} for row in data]
    data = [row | {c.name: [] for c in missing} for row in data]
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    module = folder / "transform_module.py"
    module.write_text(render(experiment)["transform_module.py"], encoding="utf-8")
    function = load_module(module).preprocessing_fn
    found: list[Any] = []
    with beam.Pipeline(runner=FnApiRunner()) as pipeline, tft_beam.Context(str(folder / "temp")):
        transformed, graph = (
            (pipeline | beam.Create(data, reshuffle=False)),
            metadata,
        ) | tft_beam.AnalyzeAndTransformDataset(function)
        graph | tft_beam.WriteTransformFn(str(folder))
        lines = transformed[0] | beam.Map(lambda row: {k: float(v) for k, v in row.items()})
        lines | beam.Map(repr) | beam.io.WriteToText(str(folder / "rows"), num_shards=1)
    names = {"nan": math.nan, "inf": math.inf}
    path = next(folder.glob("rows*"))
    found = [eval(line, names) for line in path.read_text("utf-8").splitlines()]
    return Transformed({k: np.array([row[k] for row in found]) for k in found[0]}, folder)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Transformed:
    return apply(ROWS, tmp_path_factory.mktemp("sparse"), "sparse")


def test_each_output_is_one_finite_value_a_row(sparse: Transformed) -> None:  # P28, P36
    for name, values in sparse.outputs.items():
        assert values.shape == (len(ROWS),), name
        assert np.isfinite(values).all(), name


@pytest.mark.slow
@pytest.mark.one_stack
def test_dense_columns_give_what_sparse_ones_give(tmp_path: Path) -> None:  # P30
    kept = ("number", "age", "time")
    buyer = [f for f in FEATURES["buyer_model_features"] if f["column"] in kept]
    features = {**FEATURES, "buyer_model_features": buyer, "buyer_model_crosses": []}
    experiment = {"features": {**features, "buyer_id_column": "number"}}
    results = []
    for kind in ("sparse", "[batch]", "[batch, 1]"):
        folder = tmp_path / str(len(results))
        folder.mkdir()
        results.append(apply(ROWS[:160], folder, kind, experiment).outputs)
    for name, values in results[0].items():
        np.testing.assert_allclose(results[1][name], values, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(results[2][name], values, atol=1e-6, err_msg=name)


def test_a_missing_text_is_out_of_vocabulary(sparse: Transformed) -> None:  # P29
    for name in ("user", "number"):
        assert set(sparse[name][160:170]) == {len(sparse.vocabulary(name))}
    assert set(sparse["nobody"]) == {len(sparse.vocabulary("nobody"))}  # null in every row
    assert (sparse["town"][160:170] >= len(sparse.vocabulary("town"))).all()


def test_a_missing_number_is_the_mean_and_flagged(sparse: Transformed) -> None:  # P31
    missing = np.array([*range(160, 170), 180, 181, 182])
    known = np.setdiff1d(np.arange(200), missing)
    assert (sparse["age_norm"][missing] == 0).all()
    assert sparse["age_norm"][known].mean() == pytest.approx(0, abs=1e-5)
    assert sparse["age_norm"][known].std() == pytest.approx(1, abs=1e-4)
    mean = sparse["unit_norm"][known].mean()
    np.testing.assert_allclose(sparse["unit_norm"][missing], mean, atol=1e-5)
    assert (sparse["age_missing"][160:170] == 1).all()
    assert (sparse["age_missing"][:160] == 0).all()
    assert (sparse["age_bucket"][missing] == 4).all()  # a bucket of their own
    assert sparse["age_bucket"][known].max() == 3


def test_ranges_are_reached(sparse: Transformed) -> None:
    assert (sparse["unit_norm"].min(), sparse["unit_norm"].max()) == (0, 1)
    assert (sparse["both_norm"].min(), sparse["both_norm"].max()) == (-1, 1)
    # both is ±expm1(n), so its logarithm is ±n: of 9 values 0..8, 8 is the largest.
    values = np.sign(ROWS[3]["both"]) * 3
    assert sparse["both_norm"][3] == pytest.approx(values / 8, abs=1e-5)


def test_columns_without_values_or_spread_are_harmless(sparse: Transformed) -> None:
    assert (sparse["same_norm"] == 0).all()
    assert (sparse["empty_norm"] == 0).all()
    assert (sparse["empty_bucket"] == 3).all()
    assert (sparse["empty_missing"] == 1).all()
    assert (sparse["never_norm"] == 0).all()


def test_a_missing_time_is_not_1970(sparse: Transformed) -> None:  # P32
    missing = slice(160, 170)
    assert (sparse["time_norm"][missing] == 0).all()
    assert (sparse["time_bucket"][missing] == 4).all()
    assert (sparse["time_missing"][missing] == 1).all()
    assert (sparse["time_daily_cos"][missing] == 0).all()
    assert np.abs(sparse["time_norm"]).max() < 2


def test_a_minute_can_be_told_from_the_next(sparse: Transformed) -> None:  # P33
    for row in range(160):
        angle = 2 * math.pi * (ROWS[row]["time"] % _DAY) / _DAY
        assert sparse["time_daily_sin"][row] == pytest.approx(math.sin(angle), abs=1e-5)
        assert sparse["time_daily_cos"][row] == pytest.approx(math.cos(angle), abs=1e-5)
    phases = list(zip(sparse["time_daily_sin"], sparse["time_daily_cos"], strict=True))[:160:2]
    assert len(set(phases)) == len(phases)  # 120 seconds apart each


def test_a_week_begins_on_monday(sparse: Transformed) -> None:  # P34
    assert (sparse["time_weekly_sin"][0], sparse["time_weekly_cos"][0]) == (0, 1)
    for row in range(0, 28, 2):
        time = datetime.fromtimestamp(ROWS[row]["time"], tz=timezone.utc)
        angle = 2 * math.pi * (time.weekday() / 7 + (ROWS[row]["time"] % _DAY) / _DAY / 7)
        assert sparse["time_weekly_sin"][row] == pytest.approx(math.sin(angle), abs=1e-5)


def test_quantiles_hold_equal_shares(sparse: Transformed) -> None:  # P35
    counts = np.bincount(sparse["age_bucket"][:100].astype(int))
    assert len(counts) == 4
    assert counts.min() >= 20
    # Half a day apart: each quantile of the time is one run of rows.
    assert (np.diff(sparse["time_bucket"][:160]) >= 0).all()


def test_a_cross_is_of_whole_rows(sparse: Transformed) -> None:  # P37
    cross = sparse["user_x_town_x_age_cross"]
    assert cross[190] == cross[192]
    assert cross[190] != cross[191]  # ("ab", "c") is not ("a", "bc")
    buckets = sparse["age_bucket"]
    triples = {
        (row.get("user", ""), row.get("town", ""), bucket)
        for row, bucket in zip(ROWS, buckets, strict=True)
    }
    assert len(triples) - 2 <= len(set(cross)) <= len(triples)
    assert cross.min() >= 0
    assert cross.max() < 100_000


def test_odd_texts_do_not_shift_the_others(sparse: Transformed) -> None:  # P38
    vocabulary = sparse.vocabulary("user")
    assert len(set(vocabulary)) == len(vocabulary)
    for row, index in zip(ROWS, sparse["user"].astype(int), strict=True):
        user = row.get("user", "").encode()
        known = index < len(vocabulary)
        assert not known or vocabulary[index] == user
        assert known or user in (b"", b"a\nb", b"\r", b"x\r\n")


def test_vocabulary_settings_count(sparse: Transformed) -> None:  # P18
    vocabulary = sparse.vocabulary("town")
    assert vocabulary[0] == b"a"
    assert len(vocabulary) == 3
    assert b"bc" not in vocabulary
    assert sparse["town"].max() < 3 + 4
    assert sparse.vocabulary("number")[0] in b"0 1 2 3 4 5 6".split()  # P24


def test_a_column_of_unknown_rank_is_read(tmp_path: Path) -> None:  # P30
    import tensorflow as tf

    from recgen.local.child import load_module

    path = tmp_path / "transform_module.py"
    path.write_text(render(EXPERIMENT)["transform_module.py"], encoding="utf-8")
    module = load_module(path)
    unknown = tf.function(
        lambda column: module.read_number({"age": column}, "age")
    ).get_concrete_function(tf.TensorSpec(None, tf.float32))
    assert unknown(tf.constant([[1.0], [2.0]])).numpy().tolist() == [1, 2]


def test_times_that_stand_for_null_are_null_as_in_a_run(tmp_path: Path) -> None:
    """`data.null_times` holds in a pipeline, whose rows nobody has read before."""
    import pyarrow as pa

    from recgen.check import load
    from recgen.local.cast import to_column

    born = {
        "column": "born",
        "data_type": "temporal",
        "transforms": {"normalize": {}, "missing_flag": {}},
    }
    users = [{"column": "user", "data_type": "text"}, born]
    experiment = {
        "features": {**FEATURES, "buyer_model_features": users, "buyer_model_crosses": []},
        "data": {
            "null_times": [
                0,
                "-1",
                "9999-12-31",
                "1900-01-01 00:00:00",
                "1972-01-01T01:00:00+01:00",
            ],
            "split": {"kind": "strict_time", "date_column": "born"},
        },
    }
    marks = [0, -1, 253_402_214_400, -2_208_988_800, 63_072_000]
    rows = [
        {"user": f"u{n % 9}", "sku": f"s{n % 7}", "born": _MONDAY + n * _DAY} for n in range(60)
    ]
    for row, mark in zip(rows[10:], [*marks, 1, 63_072_001], strict=False):
        row["born"] = mark
    (column,) = (c for c in input_columns(load(experiment)) if c.name == "born")
    raw = pa.chunked_array([pa.array([row["born"] for row in rows], pa.int64())])
    read = to_column(raw, column).to_pylist()
    assert [n for n, value in enumerate(read) if value is None] == [10, 11, 12, 13, 14]
    found = apply(rows, tmp_path, "sparse", experiment)
    assert [value == 1 for value in found["born_missing"]] == [value is None for value in read]
    days = np.array([value for value in read if value is not None]) / _DAY
    expected = [0.0 if v is None else (v / _DAY - days.mean()) / days.std() for v in read]
    assert found["born_norm"] == pytest.approx(expected, abs=1e-5)
    missing = -(2.0**63)
    assert found["event_time"].tolist() == [missing if v is None else float(v) for v in read]
