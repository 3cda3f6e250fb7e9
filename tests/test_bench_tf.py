"""How the benchmark asks a SavedModel, and its clock in a training."""

from __future__ import annotations

import time
from typing import Any

import pytest

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")

from bench.models.served import as_tensor  # noqa: E402
from bench.models.timed import Clock  # noqa: E402

pytestmark = pytest.mark.one_stack


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["a", None], tf.string, [b"a", b""]),
        ([3, None], tf.int64, [3, -(2**63)]),
        ([[1, 2, 3], [], None], tf.int64, [[1, 2, 3], [-(2**63)] * 3, [-(2**63)] * 3]),
        ([["x"], ["y", None]], tf.string, [[b"x", b""], [b"y", b""]]),
    ],
)
def test_a_column_becomes_what_a_client_sends(values: Any, dtype: Any, expected: Any) -> None:
    shape = [None, None] if isinstance(values[0], list) else [None]
    tensor = as_tensor(pa.chunked_array([values]), tf.TensorSpec(shape, dtype))
    assert tensor.dtype == dtype
    assert tensor.numpy().tolist() == expected


def test_a_list_is_cut_to_the_width_of_the_input() -> None:
    tensor = as_tensor(pa.chunked_array([[[1, 2, 3]]]), tf.TensorSpec([None, 2], tf.int64))
    assert tensor.numpy().tolist() == [[1, 2]]


def test_looking_at_recall_between_epochs_changes_neither_metrics_nor_epochs() -> None:
    import tf_keras

    def loss_and_clock(ticks: bool) -> tuple[Any, Clock]:
        tf_keras.utils.set_random_seed(1)
        model = tf_keras.Sequential([tf_keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[tf_keras.metrics.MeanAbsoluteError("recall")])
        rows = tf.data.Dataset.from_tensors((tf.ones([4, 2]), tf.ones([4, 1]))).repeat(40)
        clock = Clock(time.perf_counter(), "recall", checks=True)
        callbacks = [clock.callback(rows.take(2))] if ticks else []
        fitted = model.fit(
            rows, validation_data=rows.take(2), epochs=2, callbacks=callbacks, verbose=0
        )
        return fitted.history, clock

    plain, _ = loss_and_clock(ticks=False)
    timed, clock = loss_and_clock(ticks=True)
    assert timed == plain
    # 19 looks in the first epoch (every second step but the last), 3 in the second, and its end.
    assert len(clock.points) == 19 + 1 + 3 + 1
    assert len(clock.epoch_s) == 2
    seconds = [second for second, _ in clock.points]
    assert seconds == sorted(seconds)
