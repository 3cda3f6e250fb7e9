"""Approximate search: what it finds, what it must not lose, and where it does not load."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from runs import CASES, Run
from synthetic import random_table

tf = pytest.importorskip("tensorflow")
from recgen.check import load  # noqa: E402
from recgen.findings import RecgenError  # noqa: E402
from recgen.local.approximate import load_operations, require_scann  # noqa: E402


def _loads() -> bool:
    try:
        importlib.import_module("scann.scann_ops.py.scann_ops")
    except (ImportError, tf.errors.OpError):
        return False
    return True


with_scann = pytest.mark.skipif(
    not _loads(), reason="needs scann, whose operations load with TensorFlow 2.16 (scann 1.3.2)"
)
COUNT, WIDTH, BUYERS = 2000, 16, 50


def make_model(runtime: Any) -> Any:
    """Returns a catalogue of vectors of low rank, as trained ones are, with all kinds of terms."""
    random = np.random.default_rng(0)
    columns = SimpleNamespace(buyer="buyer", past="past", time="time")
    position = np.append(np.arange(COUNT), -1).astype(np.int32)
    catalogue = SimpleNamespace(
        columns=columns, indices=np.arange(COUNT), position=position, buyers=BUYERS
    )
    layer = runtime.FinalLayer(catalogue, 1.0)
    weights = {name: float(random.normal()) for name in layer.names} | {"towers": 0.7}
    layer.assign(weights, random.normal(size=(COUNT, len(layer.days))) - 6)
    layer.assign_unknown(0.1, random.normal(size=COUNT))
    vectors = random.normal(size=(COUNT, 6)) @ random.normal(size=(6, WIDTH))
    return SimpleNamespace(final_layer=layer, candidates=tf.constant(vectors, tf.float32))


def make_rows(size: int = 40) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    past = random.integers(COUNT + 1, size=(size, 5))
    features = {
        "buyer": tf.constant(random.integers(BUYERS, size=size)),
        "past": tf.RaggedTensor.from_tensor(tf.constant(past)),
    }
    return tf.constant(random.normal(size=(size, WIDTH)), tf.float32), features


@with_scann
@pytest.mark.parametrize("past", [2.0, 1000.0, -1000.0])
def test_scores_are_exact_and_what_a_buyer_had_is_never_lost(runtime: Any, past: float) -> None:
    model = make_model(runtime)
    model.final_layer.past.assign(tf.fill([COUNT], past))
    ids = [f"№ {number}" for number in range(COUNT)]
    search = runtime.ScannSearch(model, ids, 10)
    full = runtime.ExactSearch(model, ids, COUNT).best(*make_rows())
    found = search.best(*make_rows())
    rows = zip(*(full[name].numpy() for name in ("product_ids", "scores")), strict=True)
    exact = [dict(zip(names, scores, strict=True)) for names, scores in rows]
    for row, names in enumerate(found["product_ids"].numpy()):
        assert len(set(names)) == 10
        wanted = [exact[row][name] for name in names]
        np.testing.assert_allclose(found["scores"].numpy()[row], wanted, rtol=1e-4, atol=1e-4)
        had = {ids[n].encode() for n in make_rows()[1]["past"][row].numpy() if n < COUNT}
        if past > 100:
            assert had <= set(names)
        elif past < -100:
            assert not had & set(names)
    assert 0.8 < search.recall(*make_rows()) <= 1


@with_scann
def test_all_leaves_find_nearly_all_and_one_finds_less(runtime: Any) -> None:
    ids = np.arange(-5, COUNT - 5)
    recalls = [
        runtime.ScannSearch(make_model(runtime), ids, 10, 40, searched).recall(*make_rows())
        for searched in (1, 40)
    ]
    assert recalls[0] < 0.8 < 0.98 < recalls[1]


@with_scann
def test_filtered_answers_are_exact(runtime: Any) -> None:
    model, ids = make_model(runtime), np.arange(COUNT)
    lists = tf.constant([[3, 4]] * 40, tf.int64), tf.zeros([40, 0], tf.int64)
    searches = (runtime.ScannSearch(model, ids, 10, 40, 1), runtime.ExactSearch(model, ids, 10))
    one, other = (search.best_allowed(*make_rows(), *lists) for search in searches)
    assert (one["product_ids"].numpy() == other["product_ids"].numpy()).all()


@with_scann
def test_few_products_are_found_and_the_rest_is_null(runtime: Any) -> None:
    for count in (2, 3, 20):
        model = make_model(runtime)
        layer = model.final_layer
        layer.position = tf.concat([tf.range(count), tf.fill([COUNT + 1 - count], -1)], 0)
        for name, values in (("products", layer.products[:, :count]), ("past", layer.past[:count])):
            setattr(layer, name, tf.Variable(values))
        model.candidates = model.candidates[:count]
        search = runtime.ScannSearch(model, np.arange(count), 10, 8, 1)
        found = search.best(*make_rows())
        is_null = found["scores"].numpy() == np.finfo(np.float32).min
        assert ((found["product_ids"].numpy() == -(2**63)) == is_null).all()
        assert not is_null[:, 0].any()


@with_scann
@pytest.mark.slow
def test_a_trained_model_says_what_scann_finds_and_is_served(
    make_run: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    path = CASES / "scann" / "config.yaml"
    run: Run = make_run(path, random_table(load(path)))
    metrics = run.fit(epochs=1, batch_size=64)
    recall = metrics["final_metrics"]["scann_recall_at_10"]
    assert 0 < recall <= 1
    assert f"note: scann finds {recall:.1%} of the exact top 10" in capfd.readouterr().out
    script = f"""
import tensorflow as tf
from scann.scann_ops.py import scann_ops
model = tf.saved_model.load({str(run.saved())!r})
answer = model.signatures["serving_default"](
    buyer=tf.constant(["№ 3"]), past=tf.constant([["№ 3", "new"]]))
ids = answer["product_ids"].numpy()
print(ids.shape, b"\\xe2\\x84\\x96" in ids[0, 0])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.stdout == "(1, 10) True\n", done.stderr[-2000:]


def test_a_model_whose_operations_do_not_load_is_an_error_that_names_the_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "scann.scann_ops.py.scann_ops", None)
    (tmp_path / "saved_model.pb").write_bytes(b"any Scann>ScannSearchBatched")
    with pytest.raises(RecgenError, match=f"does not load with TensorFlow {tf.__version__}"):
        load_operations(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"any")
    load_operations(tmp_path)


def test_a_training_without_the_package_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recgen.local.approximate.find_spec", lambda name: None)
    with pytest.raises(RecgenError, match="needs the package scann"):
        require_scann(load(CASES / "scann" / "config.yaml"))
    require_scann(load(CASES / "history" / "config.yaml"))


def test_a_stack_without_its_operations_is_named_at_once(
    make_run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from recgen.generate import generate
    from recgen.local.child import load_module

    for name, text in generate(load(CASES / "scann" / "config.yaml")).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    module = load_module(tmp_path / "trainer_module.py")
    monkeypatch.setitem(sys.modules, "scann.scann_ops.py.scann_ops", None)
    wanted = f"do not load with TensorFlow {tf.__version__}.* use TensorFlow 2.16 with scann 1.3.2"
    with pytest.raises(ImportError, match=wanted):
        module.run_fn(None)
