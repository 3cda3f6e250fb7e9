"""Histories in generated modules: indices, vectors, gradients; with real TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runs import Built, Run
from synthetic import Table

from recgen.generate import render

pytestmark = pytest.mark.slow

ROWS = 200
MIN64 = -(2**63)
LONGEST = 4
HALF_LIVES = {"towns": 1.5}  # of the lists whose last values count most
TURNED = ("brands",)  # the lists that begin with the newest value

Plain = dict[str, Any]


def history(column: str, shared_with: str, half_life: float | None = None, **feature: Any) -> Plain:
    lists: Plain = {"shared_with": shared_with, "max_length": LONGEST, "half_life": half_life}
    if column in TURNED:
        lists["order"] = "newest_first"
    transforms = {"history": lists}
    return {"column": column, "data_type": "history", "transforms": transforms, **feature}


def text(column: str, width: int = 8, **feature: Any) -> Plain:
    embedding = {"embedding_dim": width, **feature.pop("embedding", {})}
    return {
        "column": column,
        "data_type": "text",
        "transforms": {"embedding": embedding},
        **feature,
    }


EXPERIMENT = {
    "features": {
        "buyer_id_column": "user",
        "product_id_column": "The SKU",
        "buyer_model_features": [
            text("user", 16),
            text("town", 8),
            history("skus", "The SKU", display_name="bought before"),
            history("codes", "code", bq_type="ARRAY<INT64>"),
            history("codes as text", "code"),
            history("towns", "town", half_life=HALF_LIVES["towns"]),
            history("brands", "The-SKU"),
            text("the sku", 4),
        ],
        "product_model_features": [
            text("sku_number", 16, display_name="The SKU"),
            text("code", 12, bq_type="INT64"),
            # Its attribute is like those of two others: The SKU, the sku (P4).
            text("The-SKU", 8, embedding={"min_frequency": 3}),
        ],
    },
    "model": {"output_embedding_dim": 16, "batch_size": 64, "epochs": 1},
}
SHARED = {
    "bought before": "The SKU",
    "codes": "code",
    "codes as text": "code",
    "towns": "town",
    "brands": "The-SKU",
}


def rows() -> Table:
    """Returns 200 rows; a list may hold everything that a text can be, and none is like another."""
    random = np.random.default_rng(3)
    numbers = random.integers(30, size=ROWS)
    skus = [f"p{number}" for number in numbers]
    odd = ["", "a\nb", "unheard of", "p1\r", "ä"]

    def lists(values: Any) -> list[list[Any]]:
        counts = random.integers(0, 9, size=ROWS)
        found = [random.choice(np.array(values, object), count).tolist() for count in counts]
        found[:3] = [[], [values[0]], list(values)]
        return found

    return {
        "user": [f"u{number % 20}" for number in range(ROWS)],
        "town": [["Rome", "Köln", None][number % 3] for number in range(ROWS)],
        "the sku": ["x"] * ROWS,
        "The SKU": skus,
        "code": (numbers * 7 - 50).tolist(),
        "The-SKU": [
            f"b{int(each**0.5)}" if row % 50 else f"rare {row}" for row, each in enumerate(numbers)
        ],
        "bought before": [*lists(sorted(set(skus)) + odd)[:-1], ["unheard of", ""]],
        "codes": lists([*(range(-50, 153, 7)), 1, MIN64]),
        "codes as text": lists([*map(str, range(-50, 153, 7)), "", "x", "007"]),
        "towns": lists(["Rome", "Köln", "Rome", "nowhere"]),
        "brands": lists(["b2", "b3", "b4", "rare 0", "rare 50"]),
    }


@pytest.fixture(scope="module")
def table() -> Table:
    return rows()


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run], table: Table) -> Run:
    return make_run(EXPERIMENT, table)


@pytest.fixture(scope="module")
def built(run: Run) -> Built:
    return run.built()


def vocabulary(run: Run, feature: str) -> list[str]:
    from recgen.check import load
    from recgen.plan.columns import vocabulary_names

    name = vocabulary_names(load(EXPERIMENT))[feature]
    path = run.data / "transform" / "transform_fn" / "assets" / name
    return path.read_bytes().decode().split("\n")[:-1]


def expected(run: Run, table: Table, name: str) -> list[list[int]]:
    """Returns the places of the last known values in the shared feature's vocabulary."""
    places = {value: place for place, value in enumerate(vocabulary(run, SHARED[name]))}
    known = [[places[str(v)] for v in values if str(v) in places] for values in table[name]]
    return [turned(name, each)[-LONGEST:] for each in known]


def turned(name: str, values: list[Any]) -> list[Any]:
    """Returns the values of a list in the order of time."""
    return values[::-1] if name in TURNED else values


def transformed(run: Run) -> list[Any]:
    """Returns the features of all rows in their order, as the trainer reads them."""
    module, args = run.module(), run.fn_args()
    patterns = [args.train_files, args.eval_files, args.custom_config["test_files"]]
    read = module.runtime.Split.read
    return [next(iter(read(each, "some", module.COLUMNS).dataset)) for each in patterns]


@pytest.fixture(scope="module")
def chunks(run: Run) -> list[Any]:
    return transformed(run)


@pytest.mark.parametrize("name", SHARED)
def test_indices_are_those_of_the_shared_vocabulary(
    run: Run, table: Table, chunks: list[Any], name: str
) -> None:  # P22, P38
    found = [each for chunk in chunks for each in chunk[name].to_list()]
    assert found == expected(run, table, name)
    assert [] in found
    assert max(map(len, found)) == LONGEST
    flat = [place for each in found for place in each]
    assert 0 <= min(flat) <= max(flat) < len(vocabulary(run, SHARED[name]))  # P40


def test_a_list_of_unknown_values_is_empty(table: Table, chunks: list[Any]) -> None:  # P40
    assert table["bought before"][-1] == ["unheard of", ""]
    assert chunks[-1]["bought before"][-1].numpy().tolist() == []


def test_rare_values_are_as_unknown_in_lists_as_they_are_alone(
    run: Run, table: Table
) -> None:  # P18
    known = vocabulary(run, "The-SKU")
    assert set(table["The-SKU"]) - set(known) == {"rare 0", "rare 50", "rare 100", "rare 150"}


def test_a_lists_indices_are_the_products_own(run: Run, table: Table, chunks: list[Any]) -> None:
    """The same value has the same vector, whether it is bought now or was bought before."""
    own = np.concatenate([chunk["The SKU"].numpy() for chunk in chunks])
    places = dict(zip(table["The SKU"], own.tolist(), strict=True))
    for values, found in zip(
        table["bought before"], expected(run, table, "bought before"), strict=True
    ):
        assert found == [places[value] for value in values if value in places][-LONGEST:]


@pytest.fixture(scope="module")
def transform(run: Run) -> Any:
    from recgen.local.child import load_module

    return load_module(run.folder / "transform_module.py")


def test_lists_are_read_in_every_form(transform: Any) -> None:  # P28, P30
    import tensorflow as tf

    def read(column: Any) -> Any:
        return transform.read_list({"x": column}, "x").to_list()

    lists = [[b"a", b"b"], [], [b"c"]]
    ragged = tf.ragged.constant(lists, dtype=tf.string)
    for column in (ragged, ragged.to_sparse()):
        assert read(column) == lists
    nothing = tf.ragged.constant([[], []], ragged_rank=1, dtype=tf.string)
    assert read(nothing.to_sparse()) == [[], []]
    dense = tf.constant([["a", "b"], ["", ""], ["c", ""]])
    assert read(dense) == [[b"a", b"b"], [b"", b""], [b"c", b""]]
    numbers = tf.ragged.constant([[7, -1], []], dtype=tf.int64)
    for column in (numbers, numbers.to_sparse()):
        assert read(column) == [[b"7", b"-1"], []]
    assert read(tf.constant([[7, MIN64]])) == [[b"7", str(MIN64).encode()]]


def test_padding_is_no_product(run: Run, runtime: Any, table: Table) -> None:  # P40, P77
    """What a client pads with reaches the tower no more than what training never saw."""
    import tensorflow as tf
    import tensorflow_transform as tft

    as_raw = runtime.as_raw
    output = tft.TFTransformOutput(str(run.data / "transform"))
    layer, spec = output.transform_features_layer(), output.raw_feature_spec()
    padded = {
        "bought before": tf.constant(
            [["p1", "p2", "", ""], ["", "", "", ""], ["p3", "", "p1", ""]]
        ),
        "codes": tf.constant([[-50, MIN64], [MIN64, MIN64], [-43, -50]], tf.int64),
        "codes as text": tf.constant([[""], ["-50"], ["?"]]),
        "towns": tf.zeros([3, 0], tf.string),
        "brands": tf.constant([["b4", "b2", ""], ["rare 50", "", "b3"], ["", "", ""]]),
    }
    raw = {name: as_raw(column, spec[name]) for name, column in padded.items()}
    raw |= {n: as_raw(tf.constant(["u1"] * 3), spec[n]) for n in ("user", "town", "the sku")}
    features = layer(raw)
    for name, column in padded.items():
        places = {value.encode(): at for at, value in enumerate(vocabulary(run, SHARED[name]))}
        values = tf.strings.as_string(column) if column.dtype != tf.string else column
        rows = [turned(name, row) for row in values.numpy().tolist()]
        wanted = [[places[v] for v in row if v in places] for row in rows]
        assert tf.RaggedTensor.from_sparse(features[name]).to_list() == wanted, name


def list_vectors(table: Any, lists: Any, half_life: float | None = None) -> Any:
    """Returns weighted sums of rows of a table, zeros for an empty list: [batch, width].

    They are divided by the root of the weights' squares, which are one each without a half-life.
    """
    found = np.zeros((len(lists), table.shape[1]))
    for row, each in enumerate(lists):
        if each:
            later = np.arange(len(each))[::-1]
            weights = 0.5 ** (later / half_life) if half_life else np.ones(len(each))
            found[row] = weights @ table[each] / np.linalg.norm(weights)
    return found


def without(batch: Any, *names: str) -> Any:
    """Returns a batch in which some lists are empty."""
    import tensorflow as tf

    return {**batch, **{name: tf.zeros_like(batch[name])[:, :0] for name in names}}


def test_a_list_as_wide_as_the_output_is_added_to_it(built: Built) -> None:
    tower, batch = built.model.query_tower, built.batch
    lists = batch["bought before"].to_list()
    assert any(lists)
    assert not all(lists)
    difference = tower(batch).numpy() - tower(without(batch, "bought before")).numpy()
    table = built.model.candidate_tower.the_sku_embedding.embeddings.numpy()
    np.testing.assert_allclose(difference, list_vectors(table, lists), atol=1e-6)


TABLES = {
    "codes": ("candidate_tower", "code_embedding"),
    "codes as text": ("candidate_tower", "code_embedding"),
    "towns": ("query_tower", "town_embedding"),
    "brands": ("candidate_tower", None),
}


def table_of(built: Built, name: str) -> Any:
    tower, attribute = TABLES[name]
    if attribute is None:  # its name has a number, since others are spelt alike
        of = vars(getattr(built.model, tower))
        attribute = next(k for k in of if k.startswith("the_sku_embedding_"))
    return getattr(getattr(built.model, tower), attribute)


@pytest.mark.parametrize("name", TABLES)
def test_a_list_of_another_width_goes_through_the_projection(
    built: Built, name: str
) -> None:  # P22, P23
    model, batch = built.model, built.batch
    tower, lists = model.query_tower, batch[name].to_list()
    table = table_of(built, name).embeddings.numpy()
    # The projection's input: town 8, codes 12 and 12, towns 8, brands 8, the sku 4.
    start = {"codes": 8, "codes as text": 20, "towns": 32, "brands": 40}[name]
    kernel = tower.projection.kernel.numpy()
    assert kernel.shape == (52, 16)
    vectors = list_vectors(table, lists, HALF_LIVES.get(name))
    vectors = vectors @ kernel[start : start + table.shape[1]]
    difference = tower(batch).numpy() - tower(without(batch, name)).numpy()
    assert np.abs(vectors).max() > 1e-3
    np.testing.assert_allclose(difference, vectors, atol=1e-6)


def test_a_list_may_come_before_the_feature_whose_table_it_shares(runtime: Any) -> None:
    import tensorflow as tf

    table = tf.keras.layers.Embedding(5, 3)
    lists = tf.ragged.constant([[1, 4], [], [2]], dtype=tf.int64)
    vectors = runtime.list_embedding(table, lists)
    expected = list_vectors(table.embeddings.numpy(), lists.to_list())
    np.testing.assert_allclose(vectors.numpy(), expected, atol=1e-6)


def test_lists_go_through_layers_or_around_them(run: Run) -> None:
    """The ID and the list that are 16 wide are added to the output of the layers."""
    layers = [{"type": "dense", "units": 24, "activation": "tanh"}, {"type": "dense", "units": 16}]
    built = run.variant(buyer_tower_layers=layers, allow=["RG204"]).built()
    tower, batch = built.model.query_tower, built.batch
    sku = built.model.candidate_tower.the_sku_embedding.embeddings.numpy()
    own = [k for k in vars(tower) if k.startswith("the_sku_embedding")]
    inputs = [
        tower.town_embedding(batch["town"]).numpy(),
        *(
            list_vectors(
                table_of(built, name).embeddings.numpy(),
                batch[name].to_list(),
                HALF_LIVES.get(name),
            )
            for name in TABLES
        ),
        next(
            getattr(tower, name)(batch["the sku"]).numpy()
            for name in own
            if getattr(tower, name).output_dim == 4
        ),
    ]
    rest = np.concatenate(inputs, axis=1)
    hidden = np.tanh(rest @ tower.dense_1.kernel.numpy() + tower.dense_1.bias.numpy())
    output = np.maximum(hidden @ tower.dense_2.kernel.numpy() + tower.dense_2.bias.numpy(), 0)
    output += tower.user_embedding(batch["user"]).numpy()
    output += list_vectors(sku, batch["bought before"].to_list())
    np.testing.assert_allclose(tower(batch).numpy(), output, atol=1e-5)


def test_the_table_is_one_and_gradients_reach_it_from_both_towers(built: Built) -> None:
    import tensorflow as tf

    model, batch = built.model, built.batch
    table = model.candidate_tower.the_sku_embedding.embeddings
    assert model.query_tower.the_sku_embedding.embeddings is table
    assert len({v.ref() for v in model.trainable_variables}) == len(model.trainable_variables)
    for tower, places in (
        (model.query_tower, {p for each in batch["bought before"].to_list() for p in each}),
        (model.candidate_tower, set(batch["The SKU"].numpy().tolist())),
    ):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tower(batch))
        gradient = tf.convert_to_tensor(tape.gradient(total, table)).numpy()
        assert set(np.flatnonzero(np.abs(gradient).sum(axis=1))) == places
    before = table.numpy()
    lists_only = {**batch, "The SKU": tf.zeros_like(batch["The SKU"])}
    model.train_step(lists_only)
    moved = set(np.flatnonzero(np.abs(table.numpy() - before).sum(axis=1)))
    assert moved >= {p for each in batch["bought before"].to_list() for p in each}


def test_names_are_output_names_everywhere() -> None:  # P17
    files = render(EXPERIMENT)
    assert 'read_list(inputs, "bought before")' in files["transform_module.py"]
    assert 'outputs["bought before"]' in files["transform_module.py"]
    for text_of_file in files.values():
        assert '"skus"' not in text_of_file
        assert '"sku_number"' not in text_of_file


def test_serving_names_the_list_by_an_identifier(run: Run) -> None:  # P4, P76
    module = run.module()
    assert module.SERVING_NAMES["bought before"] == "bought_before"
    assert set(module.COLUMNS.histories) == set(SHARED)
    assert module.SERVING_COLUMNS["codes"].name == "int64"
