"""Rules on split, cost and size: both sides of each limit."""

from __future__ import annotations

import time

import pytest
from checks import Rows, added, codes, layers, problems, told

from recgen.config import ExperimentConfig
from recgen.rules import RULES


def split(**more):
    return {"split": {"kind": "strict_time", "date_column": "bought_at", **more}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (split(), []),
        (split(kind="time_holdout", seed=3), ["RG306 info"]),
        (split(validation=0.01, test=0.01), []),
        (split(validation=0.009), ["RG305 warning"]),
        (split(test=0.009), ["RG305 warning"]),
        (split(validation=0.19), []),
        (split(validation=0.2), ["RG308 info"]),
        ({**split(), "column_types": {"bought_at": "DATE"}}, []),
        ({**split(), "column_types": {"bought_at": "TIME"}}, ["RG309 error"]),
        ({**split(), "column_types": {"age": "INT64"}}, ["RG112 info"]),  # the feature's counts
        ({}, []),
        ({"source": "shop.csv"}, ["RG307 warning"]),
        ({"source": "shop.csv", **split()}, []),
    ],
)
def test_p26_p57_splits(experiment, data, expected):
    assert told(experiment, data=data) == expected


def test_p26_data_without_a_split(experiment):
    rows = Rows(10_000)
    assert problems("RG307", experiment, rows) == []
    assert len(problems("RG307", experiment, rows, data={})) == 1


def test_p33_the_date_column_is_a_time_everywhere(experiment):
    crossed = {"features": [{"column": "bought_at"}, {"column": "job"}]}
    as_text = {"column": "bought_at", "data_type": "text"}
    data = {**experiment["data"], "column_types": {"bought_at": "STRING"}}
    assert codes(experiment, data=data) == ["RG111"]
    assert codes(experiment, features={"buyer_model_crosses": [crossed]}) == ["RG111"]
    assert codes(experiment, features=added(experiment, buyer=[as_text])) == ["RG111"]
    as_text.update(column="other", display_name="bought_at")
    assert codes(experiment, features=added(experiment, buyer=[as_text])) == ["RG102", "RG111"]


def wide(column, rows, width):
    embedding = {"vocab_size": rows, "embedding_dim": width}
    return {"column": column, "data_type": "text", "transforms": {"embedding": embedding}}


def with_table(experiment, rows, width):
    return added(experiment, buyer=[wide("street", rows, width)])


@pytest.mark.parametrize(
    ("optimizer", "rows", "expected"),
    [
        ("adagrad", 250_000, []),  # 250,000 x 512 x 4 bytes x 2 = 0.95 GiB
        ("adagrad", 270_000, ["RG401"]),
        ("adam", 170_000, ["RG402"]),
        ("adam", 180_000, ["RG401", "RG402"]),
        ("adam", 99_999, []),
        ("ftrl", 100_000, ["RG402"]),
    ],
)
def test_tables_and_what_optimizers_keep(experiment, optimizer, rows, expected):
    model = {"optimizer": optimizer, "learning_rate": 0.01}
    found = codes(experiment, features=with_table(experiment, rows, 512), model=model)
    assert sorted(found) == expected


def test_means_of_weights_are_kept_beside_them(experiment):
    model = {"optimizer": "adagrad", "ema_decay": 0.999}
    few, many = (with_table(experiment, rows, 512) for rows in (170_000, 180_000))
    assert problems("RG401", experiment, None, features=few, model=model) == []
    (message,) = problems("RG401", experiment, None, features=many, model=model)
    assert "with the state of adagrad and their means: " in message


def test_with_data_tables_have_the_rows_of_the_data(experiment):
    """A column is known by its alias, else by its own name; what is cut is not larger."""
    shown = {"column": "road", "display_name": "street", "data_type": "text"}
    named = {**experiment["features"], **added(experiment, buyer=[shown])}
    adam = {"optimizer": "adam", "learning_rate": 0.01}
    for column in ("street", "road"):
        rows = Rows(10**6, {column: 150_000})
        (message,) = problems("RG402", experiment, rows, features=named, model=adam)
        assert "150,001 embedding rows" in message
    cut = {**experiment["features"], **with_table(experiment, 1000, 32)}
    rows = Rows(10**6, {"street": 150_000})
    assert problems("RG402", experiment, rows, features=cut, model=adam) == []
    assert problems("RG402", experiment, None, features=named, model=adam) == []


@pytest.mark.parametrize(("units", "expected"), [(3000, []), (3200, ["RG403"])])
def test_dense_weights(experiment, units, expected):
    """33 x 3200 + 3200 x 3200 are more than ten million."""
    model = {"buyer_tower_layers": layers(units, units), "learning_rate": 0.01}
    assert codes(experiment, model=model) == expected


@pytest.mark.parametrize(("batch", "expected"), [(8192, []), (8193, ["RG404"])])
def test_scores_of_a_batch(experiment, batch, expected):
    assert codes(experiment, model={"batch_size": batch}) == expected


@pytest.mark.parametrize(("count", "expected"), [(7, []), (8, ["RG405"])])
def test_width_of_a_towers_input(experiment, count, expected):
    buyer = [wide(f"text {number}", 2000, 1024) for number in range(count)]
    found = codes(experiment, features=added(experiment, buyer=buyer), model={"seed": 1})
    assert found == expected


@pytest.mark.parametrize(
    ("top_k", "expected"),
    [(4, ["RG407"]), (5, []), (1000, []), (1001, ["RG407"])],
)
def test_p67_answers_and_the_recall_that_is_measured(experiment, top_k, expected):
    assert codes(experiment, model={"top_k": top_k}) == expected


@pytest.mark.parametrize(
    ("products", "model", "expected"),
    [
        (52_000, {}, 0),  # 0.05 x 52,000 against 3 x 0.85 x 1,024
        (53_000, {}, 1),
        (53_000, {"enable_training_metrics": False}, 0),
        (53_000, {"batch_size": 2048}, 0),
    ],
)
def test_p70_validation_against_training(experiment, products, model, expected):
    rows, data = Rows(1_000_000, {"sku": products}), {"split": {"kind": "random"}}
    assert len(problems("RG406", experiment, rows, model=model, data=data)) == expected
    assert problems("RG406", experiment, Rows(10**6), model=model, data=data) == []  # no sku
    assert problems("RG406", experiment, rows, model=model, data={}) == []


def test_p70_what_takes_a_second_is_no_finding(experiment):
    """5,000 rows and 53,000 products are 265 million scores."""
    rows, data = Rows(100_000, {"sku": 53_000}), {"split": {"kind": "random", "validation": 0.05}}
    assert problems("RG406", experiment, rows, data=data) == []
    more = Rows(103_000, {"sku": 53_000})
    assert len(problems("RG406", experiment, more, data=data)) == 1


def test_p62_rows_in_memory(experiment):
    """Three values a row: customer_id, age_norm and sku."""
    assert problems("RG408", experiment, Rows(350_000_000)) == []
    (found,) = problems("RG408", experiment, Rows(360_000_000))
    assert "360,000,000 rows of 3 values take 8.0 GiB" in found
    for cache, count in (("memory", 1), ("disk", 0), ("none", 0)):  # where they are not
        data = {**experiment["data"], "cache": cache}
        assert len(problems("RG408", experiment, Rows(360_000_000), data=data)) == count


def test_rules_take_time_in_proportion(experiment):
    """10,000 features of all kinds: half a second on two busy cores, minutes were it squared."""
    kinds = (
        {"data_type": "text"},
        {"data_type": "numeric", "transforms": {"normalize": {}, "bucketize": {}}},
        {"data_type": "temporal", "transforms": {"cyclical": {"weekly": True}}},
    )
    features = {
        side: [{"column": f"{side}{n}", **kinds[n % 3]} for n in range(5000)]
        for side in ("buyer", "product")
    }
    crosses = [{"features": [{"column": f"a{n}"}, {"column": f"b{n}"}]} for n in range(500)]
    plain = {**experiment["features"], **added(experiment, **features)}
    plain["buyer_model_crosses"] = crosses
    config = ExperimentConfig.model_validate({**experiment, "features": plain})
    sections = {name: getattr(config, name) for name in ("features", "model", "data")}
    began = time.process_time()
    found = {rule.code for rule in RULES.values() for _ in rule.problems(sections)}
    assert time.process_time() - began < 2
    assert found == {"RG405"}
