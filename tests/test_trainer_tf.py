"""The generated trainer as a whole, trained on transactions whose structure can be learnt."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run
from trainings import ONCE, deep, models_of


@pytest.mark.slow
def test_it_learns_more_than_popularity(shop: Run) -> None:
    metrics = shop.metrics()
    final = metrics["final_metrics"]
    for k in (5, 10, 50):
        assert final[f"test_recall_at_{k}"] > 1.2 * final[f"test_popularity_recall_at_{k}"]
    assert final["test_recall_at_10"] > 0.4  # a perfect guess of the group has about 0.6
    assert metrics["loss"]["loss"][-1] < metrics["loss"]["loss"][0]
    assert metrics["epochs"] == [0, 1, 2, 3, 4, 5]
    assert metrics["params"]["candidates"] <= 240  # P65: products, not transactions


def test_a_training_writes_for_tensorboard_what_its_metrics_file_has(shop: Run) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    from tensorflow import make_ndarray

    metrics = shop.metrics()
    found = accumulators.EventAccumulator(str(shop.folder / "run" / "tensorboard"))
    found.Reload()
    tags = {("loss", "val_loss"), ("recall", "val_recall_at_10"), ("gradient", "query")}
    tags |= {("health", "candidate", "effective_rank"), ("health", "val_coverage_at_100")}
    for path in tags:
        expected = metrics
        for key in path:
            expected = expected[key]
        tensors = found.Tensors("/".join(path))
        assert [each.step for each in tensors] == metrics["epochs"]
        values = [make_ndarray(each.tensor_proto).item() for each in tensors]
        assert values == pytest.approx(expected)
        assert "/".join(path) in found.PluginTagToContent("scalars")  # drawn as a curve


@pytest.mark.slow
def test_a_training_needs_no_tensorboard(shop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow does not install it any more, and its own `tf.summary.scalar` wants it."""
    for name in [*sys.modules]:
        if name.partition(".")[0] == "tensorboard":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    run = shop.variant(**ONCE)
    run.fit("without", epochs=1)
    (events,) = (run.folder / "without" / "tensorboard").iterdir()
    assert b"recall/val_recall_at_10" in events.read_bytes()


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


@pytest.mark.slow
def test_an_epoch_reads_no_rows_in_python(shop: Run) -> None:  # P62
    def reads(epochs: int) -> int:
        module, calls = shop.module(), []
        usual = module.runtime.Split.chunks
        module.runtime.Split.chunks = lambda *args: calls.append(args) or usual(*args)
        module.run_fn(shop.fn_args(f"{epochs} epochs", epochs=epochs))
        return len(calls)

    assert reads(1) == reads(3) > 0


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


@pytest.mark.slow
def test_weight_penalties_are_part_of_the_total(shop: Run) -> None:
    layers = [{"type": "dense", "units": 32, "l2_reg": 0.5, "l1_reg": 0.1}]
    losses = shop.variant(**deep(layers), **ONCE).fit(epochs=1)["loss"]
    assert losses["regularization_loss"][0] > 0.1
    total = losses["loss"][0] + losses["regularization_loss"][0]
    assert losses["total_loss"][0] == pytest.approx(total, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [100_000, 57])  # 57: the last batch has one row
def test_any_batch_size_trains(shop: Run, batch_size: int) -> None:  # P58
    args = shop.fn_args(f"batch {batch_size}", epochs=1, batch_size=batch_size)
    args.train_steps = 2
    shop.module().run_fn(args)
    metrics = shop.metrics(f"batch {batch_size}")
    assert metrics["params"]["batch_size"] == min(batch_size, 3200)
    assert len(metrics["loss"]["val_loss"]) == 1


def test_a_batch_of_one_row_is_one_clear_error(shop: Run) -> None:  # P58
    with pytest.raises(ValueError, match="no negatives"):
        shop.fit("one row", batch_size=1)


def test_missing_or_empty_files_are_one_clear_error(shop: Run, tmp_path: Path) -> None:  # P57
    args = shop.fn_args("empty")
    args.train_files = [str(tmp_path / "*")]
    with pytest.raises(ValueError, match=r"[Nn]o training files"):
        shop.module().run_fn(args)
    (tmp_path / "part").touch()
    with pytest.raises(ValueError, match="no rows"):
        shop.module().run_fn(args)


@pytest.mark.slow
@pytest.mark.one_stack
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


@pytest.mark.slow
@pytest.mark.one_stack
def test_custom_config_overrides_the_config(shop: Run, tmp_path: Path) -> None:
    custom = {"epochs": 2, "batch_size": 128, "learning_rate": 0.02, "seed": 5}
    metrics = shop.fit("custom", **custom, gcs_output_path=str(tmp_path / "bucket"))
    assert metrics["epochs"] == [0, 1]
    assert {name: metrics["params"][name] for name in custom} == custom
    copy = tmp_path / "bucket" / "training_metrics.json"
    assert copy.read_text() == (shop.folder / "custom" / "training_metrics.json").read_text()


@pytest.mark.slow
def test_steps_are_those_of_fn_args(shop: Run) -> None:
    run = shop.variant(**ONCE)
    module = run.module()
    models = models_of(module)
    args = run.fn_args("steps", epochs=2, batch_size=64)
    args.train_steps, args.eval_steps = 5, 2
    module.run_fn(args)
    (model,) = models
    assert int(model.optimizer.iterations) == 10
    params = run.metrics("steps")["params"]
    assert 2 * 64 / 2 < params["validated_rows"] <= 2 * 64 < params["eval_rows"]


@pytest.mark.slow
def test_a_large_validation_is_of_evenly_spaced_rows(
    shop: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each row is compared with all products: what is wanted of both has a limit."""
    run = shop.variant(**ONCE)
    module = run.module()
    runtime, evaluated = module.runtime, []
    usual = runtime.Split.evaluation_batches

    def evaluation_batches(rows: Any, size: int) -> Any:
        evaluated.append(rows)
        return usual(rows, size)

    runtime.Split.evaluation_batches = evaluation_batches
    runtime.VALIDATION_SCORES = 100 * shop.metrics()["params"]["candidates"]
    args = run.fn_args("part", epochs=1)
    module.run_fn(args)

    part, whole = evaluated[0], runtime.Split.read(args.eval_files, "validation", module.COLUMNS)
    for name in (module.COLUMNS.buyer, module.COLUMNS.product):
        kept = whole.column(name)[:: -(-whole.count // 100)]
        assert part.column(name).tolist() == kept.tolist()
    metrics = run.metrics("part")
    assert metrics["params"]["validated_rows"] == len(kept) < whole.count
    assert f"validation on {len(kept):,} of {whole.count:,} rows" in capsys.readouterr().out
    # What recall is judged by is of the same rows.
    graph = module.tft.TFTransformOutput(args.transform_graph_path)
    train = runtime.Split.read(args.train_files, "training", module.COLUMNS)
    catalogue = runtime.Catalogue(train, graph)
    plain = {"popularity": {"popularity": None}}
    counting, name = runtime.Counting(catalogue, train), "popularity_recall_at_10"
    popularity = counting.measure(part, plain)[name]
    assert metrics["final_metrics"][f"val_{name}"] == pytest.approx(popularity)
    assert popularity != pytest.approx(counting.measure(whole, plain)[name])


def test_baselines_with_decay_are_measured_like_the_model(shop: Run) -> None:
    metrics = shop.metrics()
    params, final, found = metrics["params"], metrics["final_metrics"], metrics["evaluation"]
    names = {"popularity", "popularity_recent", "own_history", "own_history_recent"}
    assert set(params["half_lives"]) == names
    assert params["half_lives"]["popularity"] == {"popularity": None}
    assert params["monitored"] == "recall_at_10"
    for name in names:
        for part in ("val", "test"):
            assert 0 < final[f"{part}_{name}_recall_at_10"] <= 1
            assert 0 < final[f"{part}_{name}_mrr"] <= 1
        assert set(found[name]) >= {"all", "new", "new_filtered"}
    for kind in ("popularity", "own_history"):
        recent, plain = (final[f"val_{name}_recall_at_10"] for name in (f"{kind}_recent", kind))
        assert recent >= plain  # they were chosen there
    model = found["model"]  # without past products, others rank higher
    assert model["new_filtered"]["mrr"]["value"] >= model["new"]["mrr"]["value"]


def test_hits_are_added_up_by_hashed_group_of_buyers(shop: Run) -> None:
    """So that another run on the same test can be compared in pairs of the same buyers."""
    metrics = shop.metrics()
    found, name = metrics["evaluation"], metrics["params"]["monitored"]
    assert set(found["groups"]) == {"all", "new", "new_filtered"}
    for view, groups in found["groups"].items():
        rows, hits = groups["rows"], groups["sums"][name]
        assert len(rows) == len(hits) == 256
        assert sum(rows) == found["pairs"]["all" if view == "all" else "new"]
        assert sum(hits) / sum(rows) == pytest.approx(found["model"][view][name]["value"])
        assert sum(count > 0 for count in rows) > 20


def test_groups_depend_on_ids_alone(shop: Run) -> None:
    """A vocabulary in another order has the same buyers in the same groups."""
    run = shop.variant()
    run.fit("other", epochs=1, seed=5)
    rows = [
        {view: groups["rows"] for view, groups in metrics["evaluation"]["groups"].items()}
        for metrics in (shop.metrics(), run.metrics("other"))
    ]
    assert rows[0] == rows[1]


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_test_has_a_bound_and_says_so(shop: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run = shop.variant()
    module = run.module()
    module.runtime.TEST_SCORES = 50 * shop.metrics()["params"]["candidates"]
    module.run_fn(run.fn_args("bounded", epochs=1))
    metrics, whole = run.metrics("bounded"), shop.metrics()
    params, pairs = metrics["params"], metrics["evaluation"]["pairs"]
    assert params["tested_rows"] <= 50 < params["test_rows"] == whole["params"]["tested_rows"]
    assert pairs["all"] <= 50
    assert pairs["all"] + pairs["unscored"] == whole["evaluation"]["pairs"]["all"]
    assert "unscored" not in whole["evaluation"]["pairs"]
    rows = f"{params['tested_rows']} of {params['test_rows']:,} rows"
    known = f"{pairs['all']} of {pairs['all'] + pairs['unscored']:,} pairs"
    assert f"note: test on {rows} and {known}, evenly spaced" in capsys.readouterr().out


def test_scores_keep_their_digits_on_a_gpu(shop: Run) -> None:
    """By default, Ampere and later GPUs multiply with 10 bits: a rank there could be -1."""
    tf = pytest.importorskip("tensorflow")
    tf.config.experimental.enable_tensor_float_32_execution(True)
    shop.built()
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_a_gpu_that_is_not_there_is_refused(shop: Run) -> None:  # P59
    tf = pytest.importorskip("tensorflow")
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="GPU"):
        shop.fit("gpu", gpu_enabled=True, gpu_count=1)


@pytest.mark.slow
def test_without_training_metrics_there_is_recall_at_the_end_only(shop: Run) -> None:
    metrics = shop.variant(enable_training_metrics=False, refit=False).fit(epochs=3)
    assert metrics["loss"]["val_loss"][:2] == [None, None]
    assert metrics["final_metrics"]["test_recall_at_10"] > 0
