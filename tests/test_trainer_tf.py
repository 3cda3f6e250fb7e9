"""The generated trainer, trained on transactions whose structure can be learnt."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run

DEEP = [{"type": "dense", "units": units} for units in (128, 64, 32)]
LINEAR_LAST = [*DEEP[:2], {"type": "dense", "units": 32, "activation": None}]
ALLOWED = ["RG201", "RG203", "RG204"]


def deep(layers: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"buyer_tower_layers": layers, "product_tower_layers": layers, "batch_size": 64, **more}


def test_it_learns_more_than_popularity(shop: Run) -> None:
    metrics = shop.metrics()
    final = metrics["final_metrics"]
    for k in (5, 10, 50):
        assert final[f"test_recall_at_{k}"] > 1.2 * final[f"test_popularity_recall_at_{k}"]
    assert final["test_recall_at_10"] > 0.4  # a perfect guess of the group has about 0.6
    assert metrics["loss"]["loss"][-1] < metrics["loss"]["loss"][0]
    assert metrics["epochs"] == [0, 1, 2, 3, 4, 5]
    assert metrics["params"]["candidates"] <= 240  # P65: products, not transactions


@pytest.mark.parametrize(
    "model",
    [
        deep(DEEP, optimizer="adam", learning_rate=0.1, logq_correction=False),
        deep(DEEP, optimizer="adam", learning_rate=0.1),
        deep(LINEAR_LAST, optimizer="adam", learning_rate=0.1, logq_correction=False),
    ],
    ids=["relu last", "relu last, logQ", "linear last"],
)
def test_a_collapse_is_stopped_named_and_not_exported(shop: Run, model: dict[str, Any]) -> None:
    run = shop.variant(ALLOWED, **model)  # P42, P48, P63
    with pytest.raises(RuntimeError, match="collapsed"):
        run.fit(epochs=6)
    metrics = run.metrics()
    params = metrics["params"]
    assert params["gradient_collapse_detected"]
    assert set(params["collapsed_towers"]) <= {"query", "candidate"}
    assert params["collapsed_towers"]
    assert params["gradient_collapse_epoch"] == metrics["epochs"][-1] < 3
    assert metrics["final_metrics"]["test_recall_at_100"] < 0.9
    assert not run.saved().exists()


@pytest.mark.parametrize(
    "model",
    [
        deep(DEEP[1:], optimizer="adam", learning_rate=0.003),
        deep(LINEAR_LAST, optimizer="adam", learning_rate=0.003, logq_correction=False),
        deep(LINEAR_LAST[1:], optimizer="adagrad", learning_rate=0.02),
        deep([], optimizer="sgd", learning_rate=0.05),
        deep([], share_tower_weights=False, optimizer="rmsprop", learning_rate=0.002),
    ],
    ids=["relu last", "three layers", "adagrad", "sgd", "rmsprop"],
)
def test_healthy_trainings_are_left_alone(shop: Run, model: dict[str, Any]) -> None:
    metrics = shop.variant(ALLOWED, **model).fit(epochs=2)
    assert metrics["epochs"] == [0, 1]
    assert not metrics["params"].get("gradient_collapse_detected")


def test_a_loss_that_is_no_number_stops_the_training(shop: Run) -> None:  # P50, P51
    layers = [{"type": "dense", "units": 32, "activation": None}] * 3
    model = deep(layers, optimizer="sgd", learning_rate=10, gradient_clip_norm=None)
    run = shop.variant(ALLOWED, **model)
    with pytest.raises(RuntimeError, match="NaN"):
        run.fit(epochs=9)
    metrics = run.metrics()
    assert metrics["params"]["nan_detected"]
    assert len(metrics["epochs"]) < 9
    assert metrics["final_metrics"]["test_recall_at_100"] < 0.9
    assert not run.saved().exists()


def test_a_training_that_breaks_off_leaves_its_metrics(shop: Run) -> None:  # P52
    module, evaluations = shop.module(), []
    usual = module.RetrievalModel.evaluate

    def evaluate(model: Any, *args: Any, **kwargs: Any) -> Any:
        evaluations.append(model)
        if len(evaluations) == 3:
            raise OSError("the disk is gone")
        return usual(model, *args, **kwargs)

    module.RetrievalModel.evaluate = evaluate
    with pytest.raises(OSError, match="the disk is gone"):
        module.run_fn(shop.fn_args("broken"))
    metrics = shop.metrics("broken")
    assert metrics["epochs"] == [0, 1]
    assert metrics["params"]["name"] == "shop"


def test_dropout_runs_in_training_and_only_there(shop: Run) -> None:  # P47
    layers = [{"type": "dense", "units": 64}, {"type": "dropout", "rate": 0.9}]
    built = shop.variant(**deep(layers)).built()
    seen = []
    layer = built.model.query_tower.dropout_1
    usual = layer.call
    layer.call = lambda inputs, training=None: seen.append(training) or usual(inputs, training)
    built.model.train_step(built.batch)
    built.model.test_step(built.batch)
    assert seen == [True, False]
    twice = [built.model.query_tower(built.batch, training=True).numpy() for _ in range(2)]
    assert not np.allclose(*twice)


def test_loss_and_gradient_do_not_grow_with_the_batch(shop: Run) -> None:  # P43, P49
    run = shop.variant(logq_correction=False)
    norms = []
    for batch_size in (64, 512):
        built = run.built(batch_size=batch_size, learning_rate=1e-9)
        logs = built.model.train_step(built.batch)
        assert float(logs["loss"]) == pytest.approx(math.log(batch_size), abs=0.3)
        norms.append(float(logs["total_gradient"]))
    assert norms[1] < 2 * norms[0]


def test_the_loss_of_an_epoch_is_its_mean(shop: Run) -> None:  # P44
    built = shop.built(learning_rate=1e-9)
    rows = len(built.batch["sku"])
    halves = [
        {name: column[part] for name, column in built.batch.items()}
        for part in (slice(0, rows // 2), slice(rows // 2, rows))
    ]
    losses = [float(built.model.compute_losses(half, training=True)[0]["loss"]) for half in halves]
    for half in halves:
        logs = built.model.train_step(half)
    assert float(logs["loss"]) == pytest.approx(np.mean(losses), rel=1e-4)


def test_weight_penalties_are_part_of_the_total(shop: Run) -> None:
    layers = [{"type": "dense", "units": 32, "l2_reg": 0.5, "l1_reg": 0.1}]
    losses = shop.variant(**deep(layers)).fit(epochs=1)["loss"]
    assert losses["regularization_loss"][0] > 0.1
    total = losses["loss"][0] + losses["regularization_loss"][0]
    assert losses["total_loss"][0] == pytest.approx(total, rel=1e-3)


def test_candidates_are_products_once_each_and_the_latest_row_counts(shop: Run) -> None:  # P65
    tf = pytest.importorskip("tensorflow")
    module = shop.module()
    rows = {
        "sku": [1, 0, 1, 3, 1, 9],  # of a vocabulary of four; 9 is out of it
        "category": [5, 6, 7, 8, 4, 3],
        "price_norm": [0.5, 0.6, 0.7, 0.8, 0.4, 0.3],
        "price_bucket": [1, 2, 3, 4, 5, 6],
        "category_x_price_cross": [1, 2, 3, 4, 5, 6],
        "event_time": [10, 5, 30, 7, 20, 99],
    }
    types = {name: spec.dtype for name, spec in module.FEATURES.items()}
    columns = {name: tf.constant(values, types[name]) for name, values in rows.items()}
    dataset = tf.data.Dataset.from_tensor_slices(columns).batch(2)
    catalogue = module.Catalogue(dataset, [b"a", b"b", b"c", b"d"])
    assert sorted(catalogue.indices.tolist()) == [0, 1, 3]
    by_index = dict(zip(catalogue.indices.tolist(), catalogue.features["category"], strict=True))
    assert by_index == {0: 6, 1: 7, 3: 8}  # the row of time 30, not the last one
    names = dict(zip(catalogue.indices.tolist(), catalogue.names, strict=True))
    assert names == {0: b"a", 1: b"b", 3: b"d"}


def test_recall_is_by_id_and_unknown_products_are_missed(shop: Run) -> None:  # P63
    tf = pytest.importorskip("tensorflow")
    model = shop.built().model
    model.embed_catalogue()
    vectors, position = model.candidates.numpy(), model.position.numpy()
    indices = np.argsort(position)[(position < 0).sum() :]  # of each candidate
    queries = np.random.default_rng(3).normal(size=(20, vectors.shape[1])).astype(np.float32)
    scores = queries @ vectors.T
    right = indices[np.arange(20)]
    better = (scores > scores[np.arange(20), np.arange(20)][:, None]).sum(axis=1)
    assert model.rank_products(tf.constant(queries), right).numpy().tolist() == better.tolist()
    for unknown in (indices.max() + 1, indices.max() + 1000):
        ranks = model.rank_products(tf.constant(queries), np.full(20, unknown))
        assert (ranks.numpy() >= 100).all()
    zeros = model.rank_products(tf.zeros_like(queries), right)
    assert (zeros.numpy() == len(indices) - 1).all()  # ties count against the model
    nans = model.rank_products(tf.fill(queries.shape, math.nan), right)
    assert (nans.numpy() == len(indices) - 1).all()


def test_recall_is_that_of_tfrs_by_id(shop: Run) -> None:  # P63, P67
    tf, tfrs = pytest.importorskip("tensorflow"), pytest.importorskip("tensorflow_recommenders")
    built = shop.built()
    model, ks = built.model, built.module.RECALL_AT
    model.embed_catalogue()
    vectors, position = model.candidates, model.position.numpy()
    indices = np.argsort(position)[(position < 0).sum() :]
    rng = np.random.default_rng(5)
    right = rng.choice(indices, 500)
    noise = rng.normal(size=(500, vectors.shape[1])) * np.std(vectors.numpy())
    queries = tf.constant(tf.gather(vectors, position[right]) + noise, tf.float32)
    streaming = tfrs.layers.factorized_top_k.Streaming(k=min(max(ks), len(indices)))
    pairs = tf.data.Dataset.from_tensor_slices((indices, vectors)).batch(64)
    peer = tfrs.metrics.FactorizedTopK(streaming.index_from_dataset(pairs), ks=ks)
    peer.update_state(queries, queries, true_candidate_ids=tf.constant(right))
    ranks = model.rank_products(queries, tf.constant(right)).numpy()
    ours = [float(np.mean(ranks < k)) for k in ks]
    assert ours == pytest.approx([float(value) for value in peer.result()])
    assert 0.05 < ours[0] < 0.95  # neither trivial


@pytest.mark.parametrize("batch_size", [100_000, 57])  # 57: the last batch has one row
def test_any_batch_size_trains(shop: Run, batch_size: int) -> None:  # P58
    args = shop.fn_args(f"batch {batch_size}", epochs=1, batch_size=batch_size)
    args.train_steps = 2
    shop.module().run_fn(args)
    metrics = shop.metrics(f"batch {batch_size}")
    assert metrics["params"]["batch_size"] == min(batch_size, 3200)
    assert len(metrics["loss"]["val_loss"]) == 1


def test_missing_or_empty_files_are_one_clear_error(shop: Run, tmp_path: Path) -> None:  # P57
    args = shop.fn_args("empty")
    args.train_files = [str(tmp_path / "*")]
    with pytest.raises(ValueError, match=r"[Nn]o training files"):
        shop.module().run_fn(args)
    (tmp_path / "part").touch()
    with pytest.raises(ValueError, match="no rows"):
        shop.module().run_fn(args)


def test_gzip_and_plain_files_train_alike(shop: Run, tmp_path: Path) -> None:
    args = shop.fn_args("gzip", epochs=1)
    for split in ("train", "eval"):
        for path in (shop.data / "examples" / split).iterdir():
            (tmp_path / f"{split}.gz").write_bytes(gzip.compress(path.read_bytes()))
    args.train_files = [str(tmp_path / "train*")]
    args.eval_files = [str(tmp_path / "eval*")]
    shop.module().run_fn(args)
    plain = shop.fit("plain", epochs=1)
    assert shop.metrics("gzip")["loss"]["val_loss"] == plain["loss"]["val_loss"]


def test_custom_config_overrides_the_config(shop: Run, tmp_path: Path) -> None:
    custom = {"epochs": 2, "batch_size": 128, "learning_rate": 0.02, "seed": 5}
    metrics = shop.fit("custom", **custom, gcs_output_path=str(tmp_path / "bucket"))
    assert metrics["epochs"] == [0, 1]
    assert {name: metrics["params"][name] for name in custom} == custom
    copy = tmp_path / "bucket" / "training_metrics.json"
    assert copy.read_text() == (shop.folder / "custom" / "training_metrics.json").read_text()
    again = shop.fit("again", **custom)
    assert again["loss"] == metrics["loss"]  # P60
    other = shop.fit("other", **{**custom, "seed": 6})
    assert other["loss"] != metrics["loss"]


def test_steps_are_those_of_fn_args(shop: Run) -> None:
    module, models = shop.module(), []
    usual = module.RetrievalModel.fit
    module.RetrievalModel.fit = lambda model, *args, **kwargs: (
        models.append(model) or usual(model, *args, **kwargs)
    )
    args = shop.fn_args("steps", epochs=2)
    args.train_steps, args.eval_steps = 5, 1
    module.run_fn(args)
    assert int(models[0].optimizer.iterations) == 10


def test_a_gpu_that_is_not_there_is_refused(shop: Run) -> None:  # P59
    tf = pytest.importorskip("tensorflow")
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="GPU"):
        shop.fit("gpu", gpu_enabled=True, gpu_count=1)


def test_without_training_metrics_there_is_recall_at_the_end_only(shop: Run) -> None:
    metrics = shop.variant(enable_training_metrics=False).fit(epochs=3)
    assert metrics["loss"]["val_loss"][:2] == [None, None]
    assert metrics["final_metrics"]["test_recall_at_10"] > 0
