"""One contract for every kind of model: it trains, fails, goes on, serves and repeats alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run, prepare, write_modules

from recgen.plan.kinds import KINDS

Plain = dict[str, Any]
ROWS, BUYERS, PRODUCTS, GROUPS = 2500, 80, 60, 5
SERVED = 1000
UNIT = {"type": "dense", "units": 1, "activation": "linear"}
MAIN = "multitask"  # does what both others do, and is shown on every run of the slow tests
KINDS_BY_TURN = [
    pytest.param(kind, marks=[pytest.mark.slow, *[pytest.mark.nightly] * (kind != MAIN)])
    for kind in KINDS
]


def config(**model: Any) -> Plain:
    """Returns a config for all kinds: retrieval does not read its target."""

    def text(column: str) -> Plain:
        embedding = {"embedding": {"embedding_dim": 16}}
        return {"column": column, "data_type": "text", "transforms": embedding}

    price = {"column": "price", "data_type": "numeric", "transforms": {"normalize": {}}}
    return {
        "name": "kinds",
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [text("customer_id")],
            "product_model_features": [{**text("sku"), "bq_type": "INT64"}, price],
            "target_column": {"column": "amount", "transforms": {"normalize": {}}},
        },
        "model": {
            "model_type": MAIN,
            "buyer_tower_layers": [{"type": "dense", "units": 16}],
            "rating_head_layers": [{"type": "dense", "units": 16}, UNIT],
            "output_embedding_dim": 16,
            "optimizer": "adam",
            "learning_rate": 0.02,
            "batch_size": 128,
            "epochs": 20,
            "refit": "none",
            **model,
        },
    }


def table() -> Plain:
    """Returns purchases within groups of buyers and products; a tenth has no amount."""
    draw = np.random.default_rng(11)
    buyers = draw.integers(BUYERS, size=ROWS)
    products = draw.integers(PRODUCTS // GROUPS, size=ROWS) * GROUPS + buyers % GROUPS
    products = np.where(draw.random(ROWS) < 0.9, products, draw.integers(PRODUCTS, size=ROWS))
    of_buyer, of_product = draw.normal(size=BUYERS), draw.normal(size=PRODUCTS)
    amounts = 100 + 20 * (of_buyer[buyers] + of_product[products] + 0.3 * draw.normal(size=ROWS))
    return {
        "customer_id": [f"c{buyer}" for buyer in buyers],
        "sku": products.tolist(),
        "price": np.round(5 + 0.3 * products, 2).tolist(),
        "amount": [None if row % 10 == 0 else float(each) for row, each in enumerate(amounts)],
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The data, transformed once for all kinds."""
    return prepare(config(), table(), tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="module")
def of_kind(shop: Run) -> Callable[[str], Run]:
    """Returns a function that returns a trained run of a kind."""
    found: dict[str, Run] = {}

    def trained(kind: str) -> Run:
        if kind not in found:
            found[kind] = shop.variant(**of(kind))
            found[kind].fit()
        return found[kind]

    return trained


def of(kind: str) -> Plain:
    """Returns the settings of a kind, without those of the others."""
    of_head: Plain = {"rating_head_layers": []} if kind == "retrieval" else {}
    return {"model_type": kind, **of_head}


@pytest.mark.parametrize("kind", KINDS_BY_TURN)
def test_it_learns_more_than_what_needs_no_model(of_kind: Callable[[str], Run], kind: str) -> None:
    metrics = of_kind(kind).metrics()
    final = metrics["final_metrics"]
    if kind != "ranking":
        measure = metrics["params"]["monitored"]
        assert final[f"test_{measure}"] > 1.5 * final[f"test_popularity_{measure}"]
    if kind != "retrieval":
        assert final["test_rmse"] < 0.8 * final["test_product_mean_rmse"]
        assert final["test_rmse"] < 0.8 * final["test_buyer_mean_rmse"]
    assert metrics["health"]["loss_to_chance"][-1] < 0.95
    assert "failure" not in metrics["params"]


@pytest.mark.parametrize("kind", KINDS_BY_TURN)
@pytest.mark.parametrize("part", ["query", "rating_head"])
def test_a_dead_part_stops_the_training(
    of_kind: Callable[[str], Run], kind: str, part: str
) -> None:
    if part == "rating_head" and kind == "retrieval":
        pytest.skip("retrieval has no head")
    run = of_kind(kind)
    module = run.module()
    build = module.build_model

    def dead(training: Any) -> Any:
        model = build(training)
        model.towers[part].dense_1.bias.assign([-1e4] * 16)
        return model

    module.build_model = dead
    with pytest.raises(RuntimeError, match=f"RECGEN-FAILURE collapse .*{part}"):
        module.run_fn(run.fn_args(f"dead_{part}"))
    params = run.metrics(f"dead_{part}")["params"]
    assert part in params["collapsed_towers"]
    assert not run.saved(f"dead_{part}").exists()


@pytest.mark.parametrize("kind", KINDS_BY_TURN)
def test_a_training_goes_on_after_a_break_as_if_there_was_none(
    of_kind: Callable[[str], Run], kind: str
) -> None:
    """Two trainings of the same rows are the same, so this shows that, too."""
    run = of_kind(kind)
    module = run.module()
    watch = module.runtime.FailureWatch
    usual = watch.on_epoch_end

    def breaking(callback: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 3:
            raise OSError("the machine is gone")
        usual(callback, epoch, logs)

    watch.on_epoch_end = breaking
    with pytest.raises(OSError, match="the machine is gone"):
        module.run_fn(run.fn_args("again"))
    again, whole = run.fit("again"), run.metrics()
    for key in ("loss", "final_metrics", "health", "weight_stats", "rating", "evaluation"):
        assert again.get(key) == whole.get(key), key


@pytest.mark.parametrize("kind", KINDS_BY_TURN)
def test_it_serves_what_it_computes_from_examples(of_kind: Callable[[str], Run], kind: str) -> None:
    import tensorflow as tf

    run = of_kind(kind)
    module = run.module()
    kept: list[Any] = []
    module.runtime.Training.save = lambda training, recommender: kept.append(recommender)
    module.run_fn(run.fn_args("kept", epochs=1))
    (server,) = kept
    server.save(str(run.saved("kept")))
    signatures = tf.saved_model.load(str(run.saved("kept"))).signatures
    rows = module.runtime.Split.read(run.fn_args().train_files, "training", module.COLUMNS)
    examples = {key: values[:SERVED] for key, values in next(iter(rows.dataset)).items()}
    raw = {name: values[:SERVED] for name, values in table().items()}
    buyer = {"customer_id": tf.constant(raw["customer_id"])}
    pair = {**buyer, "sku": tf.constant(raw["sku"], tf.int64)}
    pair["price"] = tf.constant(raw["price"], tf.float32)
    queries = server.query_tower(examples)
    assert len(queries) == SERVED
    if kind != "ranking":
        found = signatures["serving_default"](**buyer)
        expected = server.search.best(queries, examples)
        np.testing.assert_allclose(found["scores"], expected["scores"], rtol=1e-4, atol=1e-4)
        assert np.mean(found["product_ids"] == expected["product_ids"]) > 0.99  # but for ties
    if kind != "retrieval":
        name = "serving_default" if kind == "ranking" else "serve_ranking"
        head, rating = _head(server)
        expected = rating(head((queries, server.candidate_tower(examples)))[:, 0])
        found = signatures[name](**pair)
        assert found.keys() == {"predictions", "predictions_normalized"}
        for key, values in expected.items():
            np.testing.assert_allclose(found[key], values, rtol=1e-4, atol=1e-4)


def _head(server: Any) -> tuple[Any, Any]:
    own = getattr(server, "rated", server)
    return own.rating_head, own.rating


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("kind", KINDS)
def test_two_replicas_train_as_one(shop: Run, kind: str, tmp_path: Path) -> None:
    run = shop.variant(**of(kind), **({"pairwise_share": 0.3} if kind != "retrieval" else {}))
    found = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        folder.mkdir()
        write_modules(run.config, folder)
        task = {"folder": str(folder), "data": str(run.data), "kind": "fit"}
        task |= {"out": str(folder / "out.json"), "custom": {"epochs": 2}, "ask": None}
        (folder / "tasks.json").write_text(json.dumps({"devices": devices, "tasks": [task]}))
        child = Path(__file__).with_name("replica_child.py")
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, str(child), str(folder / "tasks.json")]
        ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr[-3000:]
        found[devices] = Run(folder, run.data, run.config).metrics()
    one, two = found[1], found[2]
    assert (one["params"]["replicas"], two["params"]["replicas"]) == (1, 2)
    for name, values in one["loss"].items():
        np.testing.assert_allclose(values, two["loss"][name], rtol=3e-3, err_msg=name)
    errors = [metrics["final_metrics"].get("test_rmse", 0.0) for metrics in (one, two)]
    assert errors[0] == pytest.approx(errors[1], rel=5e-3)  # 0 without a target
