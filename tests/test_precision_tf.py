"""bfloat16 and XLA: the same training, but for rounding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from runs import Run

pytestmark = pytest.mark.slow

LAYERS = [{"type": "dense", "units": 64}, {"type": "dense", "units": 32, "activation": None}]
DEEP = {"buyer_tower_layers": LAYERS, "product_tower_layers": LAYERS, "epochs": 3}
DEEP |= {"refit": "none"}


@pytest.fixture
def usual_policy() -> Iterator[None]:
    """Gives the other tests back their 32 bits: a policy is the process's."""
    import tensorflow as tf

    yield
    tf.keras.mixed_precision.set_global_policy("float32")


def served(run: Run, past: bool) -> Any:
    """Returns the scores of two buyers."""
    import tensorflow as tf

    asked = {"customer_id": ["10001", "10002"], "country": ["Italy", "UK"], "age": [21.0, 22.0]}
    inputs = {name: tf.constant(values) for name, values in asked.items()}
    if past:
        inputs["past"] = tf.constant([[900_008, 900_016], [900_001, 900_002]], tf.int64)
    return tf.saved_model.load(str(run.saved())).signatures["serving_default"](**inputs)["scores"]


NIGHTLY = pytest.mark.nightly


@pytest.mark.parametrize("negatives", ["in_batch", pytest.param("full_catalogue", marks=NIGHTLY)])
def test_bfloat16_rounds_and_no_more(
    shop_with_past: Run, negatives: str, usual_policy: None
) -> None:
    model = {**DEEP, "negatives": negatives, "normalize_embeddings": True, "temperature": 0.1}
    model["final_layer"] = "none"  # each model's own weights would scale its scores
    usual = shop_with_past.variant(**model)
    plain = usual.fit()
    run = shop_with_past.variant(precision="mixed_bfloat16", **model)
    metrics = run.fit()
    assert metrics["loss"]["loss"] == pytest.approx(plain["loss"]["loss"], rel=0.02)
    assert metrics["loss"]["loss"] != plain["loss"]["loss"]  # it did compute in 16 bits
    for k in (5, 10):
        name = f"test_recall_at_{k}"
        assert metrics["final_metrics"][name] == pytest.approx(
            plain["final_metrics"][name], abs=0.05
        )
    scores = served(run, past=True)
    assert scores.dtype.name == "float32"
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores, served(usual, past=True), atol=0.2)


def test_weights_and_loss_keep_32_bits(shop_with_past: Run, usual_policy: None) -> None:
    built = shop_with_past.variant(precision="mixed_bfloat16", **DEEP).built()
    model = built.model
    kinds = {built.module.tf.as_dtype(weight.dtype).name for weight in model.weights}
    assert kinds <= {"float32", "int64"}
    trained = (weight.dtype for weight in model.trainable_variables)
    assert {built.module.tf.as_dtype(dtype).name for dtype in trained} == {"float32"}
    losses, embeddings, gradients = model.compute_gradients(built.batch, training=True)
    for values in (losses, embeddings, gradients):
        assert {tensor.dtype.name for tensor in values.values()} == {"float32"}
    hidden = model.query_tower.trace(built.batch)[0]
    assert hidden.dtype.name == "bfloat16"


def test_a_gpu_can_hold_what_a_compiled_step_changes(shop: Run) -> None:
    """TensorFlow keeps int32 variables in the host's memory, where XLA's code cannot be."""
    model = shop.built().model
    held = [variable for variable in model.variables if variable.dtype.name == "int32"]
    assert not held
    assert len(model.dead_steps) == 2


@pytest.mark.parametrize(
    "negatives",
    ["in_batch", *(pytest.param(n, marks=NIGHTLY) for n in ("mixed", "full_catalogue"))],
)
def test_xla_trains_the_same(shop_with_past: Run, negatives: str) -> None:
    run = shop_with_past.without("past")
    model = {**DEEP, "negatives": negatives, "catalogue_negatives": 50, "epochs": 2}
    plain = run.variant(**model).fit()
    compiled = run.variant(jit_compile=True, **model)
    metrics = compiled.fit()
    for name, values in plain["loss"].items():
        assert metrics["loss"][name] == pytest.approx(values, rel=1e-3), name
    assert compiled.built().model.jit_compile
    assert np.isfinite(served(compiled, past=False)).all()
