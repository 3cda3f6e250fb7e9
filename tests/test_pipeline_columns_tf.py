"""Columns as pipelines bring them and as clients send them: both must mean the same."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from pipelined import analyze
from runs import Run

pytest.importorskip("pyarrow", reason="needs the extra `train`")  # before TensorFlow
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")
pytestmark = pytest.mark.slow

Plain = dict[str, Any]
NULL = -(2**63)
ROWS = 400
SKUS = [f"p{number}" for number in range(30)]
# Signed 64-bit numbers, as FARM_FINGERPRINT makes them.
USERS = [random.Random(number).randrange(1 - 2**63, 2**63) for number in range(40)]
FIRST = 1_700_000_000
WAVES = dict.fromkeys(("yearly", "monthly", "weekly", "daily"), True)
SCALED = {"normalize": {}, "bucketize": {"buckets": 10}, "missing_flag": {}}
EXPERIMENT = {
    "features": {
        "buyer_id_column": "user",
        "product_id_column": "sku",
        "buyer_model_features": [
            {"column": "user", "data_type": "text"},
            {
                "column": "town",
                "data_type": "text",
                "transforms": {"embedding": {"oov_buckets": 3}},
            },
            {"column": "code", "bq_type": "INT64", "data_type": "text"},
            {
                "column": "income",
                "bq_type": "FLOAT64",
                "data_type": "numeric",
                "transforms": SCALED,
            },
            {"column": "visits", "bq_type": "INT64", "data_type": "numeric", "transforms": SCALED},
            {"column": "spent", "bq_type": "FLOAT64", "data_type": "numeric", "transforms": SCALED},
            {
                "column": "since",
                "data_type": "temporal",
                "bq_type": "TIMESTAMP",
                "transforms": {**SCALED, "cyclical": WAVES},
            },
            {
                "column": "past",
                "bq_type": "ARRAY<STRING>",
                "data_type": "history",
                "transforms": {"history": {"shared_with": "sku", "max_length": 3}},
            },
        ],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    },
    "model": {"epochs": 1, "batch_size": 64, "output_embedding_dim": 8},
}
# What the config calls text may arrive as numbers, whole prices as int64, and the reverse.
TYPES = {
    "user": tf.int64,
    "town": tf.string,
    "code": tf.string,
    "income": tf.float32,
    "visits": tf.int64,
    "spent": tf.int64,
    "since": tf.int64,
    "past": tf.string,
    "sku": tf.string,
}


def columns() -> Plain:
    chance = random.Random(1)
    return {
        "user": [chance.choice(USERS) for _ in range(ROWS)],
        "town": [chance.choice(["Rome", "Oslo", "Kyiv"]) for _ in range(ROWS)],
        "code": [str(chance.randrange(20)) for _ in range(ROWS)],
        "income": [chance.lognormvariate(10, 1) for _ in range(ROWS)],
        "visits": [202_401_010_000 + chance.randrange(30_000) for _ in range(ROWS)],
        "spent": [chance.randrange(500) for _ in range(ROWS)],
        "since": [FIRST + chance.randrange(10**7) for _ in range(ROWS)],
        "past": [[chance.choice(SKUS) for _ in range(4)] for _ in range(ROWS)],
        "sku": [chance.choice(SKUS) for _ in range(ROWS)],
    }


@pytest.fixture(
    scope="module", params=["required", pytest.param("optional", marks=pytest.mark.nightly)]
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Returns a run whose raw columns all have values, or of which all can be null."""
    specs = {name: tf.io.VarLenFeature(dtype) for name, dtype in TYPES.items()}
    if request.param == "required":
        specs = {name: tf.io.FixedLenFeature([], dtype) for name, dtype in TYPES.items()}
        specs["past"] = tf.io.FixedLenFeature([4], tf.string)
    return analyze(EXPERIMENT, columns(), specs, tmp_path_factory.mktemp("run"))


class Transform:
    """The transform of a run, for what clients send and for examples of a pipeline."""

    def __init__(self, run: Run) -> None:
        import tensorflow_transform as tft

        output = tft.TFTransformOutput(str(run.data / "transform"))
        self.specs = output.raw_feature_spec()
        self.layer = output.transform_features_layer()
        self.module = run.module()

    def sent(self, values: Plain) -> Plain:
        """Returns the features of a request with one row."""
        dtypes = self.module.SERVING_COLUMNS
        raw = {
            name: self.module.runtime.as_raw(tf.constant([value], dtypes[name]), self.specs[name])
            for name, value in values.items()
        }
        return self._features(raw)

    def stored(self, values: Plain) -> Plain:
        """Returns the features of an example with these values; None is a null."""
        example = tf.train.Example()
        kinds = {tf.string: "bytes_list", tf.int64: "int64_list", tf.float32: "float_list"}
        for name, value in values.items():
            items = value if isinstance(value, list) else [value]
            items = [each.encode() if isinstance(each, str) else each for each in items]
            kind = getattr(example.features.feature[name], kinds[self.specs[name].dtype])
            kind.value.extend(item for item in items if item is not None)
        specs = {name: self.specs[name] for name in values}
        return self._features(tf.io.parse_example([example.SerializeToString()], specs))

    def _features(self, raw: Plain) -> Plain:
        return {
            name: (tf.sparse.to_dense(v) if isinstance(v, tf.SparseTensor) else v).numpy().tolist()
            for name, v in self.layer(raw).items()
        }


@pytest.fixture(scope="module")
def transform(run: Run) -> Transform:
    return Transform(run)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
IDS = st.sampled_from(USERS) | st.integers(1 - 2**63, 2**63 - 1)
FLOATS = st.floats(width=32, allow_nan=False)
WHOLE = st.integers(1 - 2**63, 2**63 - 1) | st.integers(202_401_000_000, 202_402_000_000)
COUNTS = st.integers(-(2**24), 2**24)  # what a client's float32 can hold
TIMES = st.integers(-(10**10), 10**10)
LISTS = st.lists(st.sampled_from([*SKUS, "another"]), min_size=4, max_size=4)


@given(TEXTS, IDS, st.integers(0, 30), FLOATS, WHOLE, COUNTS, TIMES, LISTS)
@some(20, 60)
def test_a_request_and_an_example_with_the_same_values_have_the_same_features(
    transform: Transform,
    town: str,
    user: int,
    code: int,
    income: float,
    visits: int,
    spent: int,
    since: int,
    past: list[str],
) -> None:
    numbers = {"income": income, "visits": visits, "spent": spent, "since": since}
    values = {"town": town, "user": user, "past": past, **numbers}
    stored = transform.stored({**values, "code": str(code)})
    sent = transform.sent({**values, "code": code, "user": str(user)})
    assert sent == stored


NULLS = {"user": "", "town": "", "code": NULL, "income": math.nan, "visits": NULL}
NULLS |= {"spent": math.nan, "since": NULL, "past": [""] * 4}
USUAL = {
    "user": str(USERS[0]),
    "town": "Rome",
    "code": 3,
    "income": 9000.0,
    "visits": 202_401_015_000,
}
USUAL |= {"spent": 250.0, "since": FIRST + 10**6, "past": ["p1", "p2", "p3", "p4"]}


@pytest.mark.parametrize("name", NULLS)
def test_a_null_is_no_value_whether_the_column_is_required_or_not(
    transform: Transform, name: str
) -> None:  # P31, P32
    """A required column never had a null; the smallest int64 stood for 0, and 0 for 1970."""
    found = transform.sent({**USUAL, name: NULLS[name]})
    usual = transform.sent(USUAL)
    own = {key for key in usual if key.startswith(name)}
    assert {key: found[key] for key in found if key not in own} == {
        key: usual[key] for key in usual if key not in own
    }
    size = transform.layer and {"user": 40, "town": 3, "code": 20}.get(name)
    if size:  # text
        assert found[name][0] >= size
    elif name == "past":
        assert found[name] == [[]]
    else:
        assert found[f"{name}_missing"] == [1]
        assert found[f"{name}_norm"] == [0]
        assert found[f"{name}_bucket"] == [10]


def test_a_stranger_is_nobody_in_particular(transform: Transform) -> None:
    known = {transform.sent({**USUAL, "user": str(user)})["user"][0] for user in USERS}
    assert known == set(range(40))
    for name in ("a guest", "0", "-1", "007", "9" * 19, "9" * 30, f"+{abs(USERS[0])}", "\u0661"):
        assert transform.sent({**USUAL, "user": name})["user"] == [40]
    assert transform.sent({**USUAL, "code": -1})["code"] == [20]


def test_whole_numbers_keep_their_differences(run: Run) -> None:
    rows = run.module().runtime.Split.read(
        run.fn_args().train_files, "training", run.module().COLUMNS
    )
    visits = np.array(columns()["visits"][: rows.count], float)
    found = rows.column("visits_norm")
    assert len(np.unique(found)) == len(np.unique(visits))
    np.testing.assert_allclose(found, (visits - visits.mean()) / visits.std(), atol=0.2)
    buckets = rows.column("visits_bucket")
    assert np.bincount(buckets).min() > rows.count / 20
    assert (np.diff(buckets[np.argsort(visits)]) >= 0).all()


def test_the_served_model_answers_every_kind_of_request(run: Run) -> None:
    run.fit("served")
    signature = tf.saved_model.load(str(run.saved("served"))).signatures["serving_default"]
    specs = signature.structured_input_signature[1]

    def ask(rows: list[Plain]) -> Any:
        feed = {k: tf.constant([row[k] for row in rows], spec.dtype) for k, spec in specs.items()}
        return signature(**feed)["scores"].numpy()

    rows = [USUAL, *({**USUAL, name: null} for name, null in NULLS.items())]
    rows += [{**USUAL, "user": "a guest"}, {**USUAL, "user": str(USERS[1])}]
    scores = ask(rows)
    assert np.isfinite(scores).all()
    one_by_one = [ask([row])[0] for row in rows]
    np.testing.assert_allclose(scores, one_by_one, rtol=1e-4, atol=1e-5)
    assert len({tuple(np.round(row, 5)) for row in scores}) == len(rows) - 1  # "" is a guest
