"""Hand-made modules in the contract's form, and a config for them: small, and what tests need."""

from __future__ import annotations

from recgen.config import ExperimentConfig

TRANSFORM = """
import tensorflow as tf
import tensorflow_transform as tft


def _dense(values, default):
    if isinstance(values, tf.SparseTensor):
        shape = [values.dense_shape[0], 1]
        values = tf.sparse.to_dense(
            tf.SparseTensor(values.indices, values.values, shape), default_value=default
        )
    return tf.reshape(values, [-1])


def preprocessing_fn(inputs):
    outputs = {}
    for name in ("buyer_id", "product_id", "straße & co"):
        outputs[name] = tft.compute_and_apply_vocabulary(
            _dense(inputs[name], ""),
            vocab_filename=f"{name}_vocab" if name.isascii() else "street_vocab",
            num_oov_buckets=1,
        )
    price = _dense(inputs["price"], float("nan"))
    price = tf.where(tf.math.is_nan(price), 5.0, price)
    outputs["price_norm"] = tft.scale_to_z_score(price)
    outputs["price_bucket"] = tft.bucketize(price, 10)
    outputs["event_time"] = _dense(inputs["order date"], tf.constant(0, tf.int64))
    return outputs
"""

TRAINER = """
import json
import os

import tensorflow as tf


def run_fn(fn_args):
    config = fn_args.custom_config
    spec = {"buyer_id": tf.io.FixedLenFeature([], tf.int64)}
    rows = {}
    for part, patterns in (
        ("train", fn_args.train_files), ("eval", fn_args.eval_files), ("test", config["test_files"])
    ):
        files = [name for pattern in patterns for name in tf.io.gfile.glob(pattern)]
        rows[part] = sum(1 for _ in tf.data.TFRecordDataset(files).map(
            lambda record: tf.io.parse_single_example(record, spec)))
    epochs = config.get("epochs", 2)
    for epoch in range(epochs):
        print(f"epoch {epoch + 1}/{epochs}  loss {6.5 - epoch:.4f}  val_recall@100 0.2311  0.1 s")
    assets = os.path.join(fn_args.transform_graph_path, "transform_fn", "assets")
    with tf.io.gfile.GFile(os.path.join(assets, "product_id_vocab")) as vocabulary:
        products = tf.constant(vocabulary.read().split())

    class Serving(tf.Module):
        @tf.function
        def answer(self, **columns):
            first = columns["buyer_id"]
            scores = tf.range(tf.size(products), 0, -1)
            return {
                "product_ids": tf.tile(products[None], [tf.size(first), 1]),
                "scores": tf.tile(tf.cast(scores, tf.float32)[None], [tf.size(first), 1]),
            }

    model = Serving()
    specs = {
        "buyer_id": tf.TensorSpec([None], tf.string, name="buyer_id"),
        "straße & co": tf.TensorSpec([None], tf.string, name="strasse_co"),
        "price": tf.TensorSpec([None], tf.float32, name="price"),
    }
    signature = model.answer.get_concrete_function(**specs)
    tf.saved_model.save(model, fn_args.serving_model_dir, {"serving_default": signature})
    metrics = os.path.join(fn_args.model_run_dir, "training_metrics.json")
    with tf.io.gfile.GFile(metrics, "w") as file:
        json.dump({"available": True, "params": {"seed": config["seed"]}, "rows": rows}, file)
"""

MODULES = {"transform_module.py": TRANSFORM, "trainer_module.py": TRAINER}


def config(**changes: object) -> ExperimentConfig:
    """Returns the experiment that the modules are for."""
    split = {"kind": "strict_time", "date_column": "order date"}
    return ExperimentConfig.model_validate(
        {
            "name": "hand-made",
            "features": {
                "buyer_id_column": "buyer_id",
                "product_id_column": "product_id",
                "buyer_model_features": [
                    {"column": "buyer_id", "data_type": "text"},
                    {"column": "straße & co", "data_type": "text"},
                    {"column": "price", "data_type": "numeric"},
                ],
                "product_model_features": [{"column": "product_id", "data_type": "text"}],
            },
            "model": {"batch_size": 16},
            "data": {"split": split},
            **changes,
        }
    )


def csv_rows(count: int = 200) -> str:
    """Returns a CSV with nulls and IDs that look like numbers, one row an hour."""
    lines = ["buyer_id,product_id,straße & co,price,order date"]
    for row in range(count):
        price = "" if row % 7 == 0 else f"{1 + row % 13}.50"
        street = "" if row % 5 == 0 else f"Weg {row % 4}"
        date = f"2024-01-{1 + row // 24:02d} {row % 24:02d}:00:00"
        lines.append(f"00{row % 10},p{row % 23},{street},{price},{date}")
    return "\n".join(lines) + "\n"
