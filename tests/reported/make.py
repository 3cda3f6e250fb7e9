"""Writes the reconstruction of the experiments that a report on failed trainings described.

Published are: which experiments were good and which bad; the bad ones' learning rate of 0.1 on
deep towers, their loss that stood at 775.6906, both towers' gradient norms and all recall of
exactly 0; that number 45 had `cust_value` twice in one tower; that there were 1,054 products; and
that the good ones reached a recall@100 of 5 to 7%: 39 had 0.055, 43 had 0.064, and of 38 only the
range is known, so that its upper end is taken. Random products have 100 / 1,054 = 0.095.

All else is made up: columns, the good ones' rate, and the course of the curves. The files are those
of an older trainer: a loss summed over the rows and reported of an epoch's last batch, the weights'
norms under `gradient`, neither recall per epoch nor popularity's, and no `schema_version`. The
number of products is only in the product ID's vocabulary, as the transform wrote it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
EPOCHS = 12
CHANCE = 775.6906  # as reported: 154·ln 154, in float32
BAD = (45, 42, 41, 40)
PRODUCTS = 1054
GOOD = {39: 0.055364, 43: 0.06399, 38: 0.07}  # and recall@100
VOCABULARY = "transform/transform_fn/assets/product_id_vocab"

CONFIG = """\
# Reconstructed; see make.py.
name: experiment {number}
features:
  buyer_id_column: customer_id
  product_id_column: product_id
  buyer_model_features:
    - column: customer_id
      data_type: text
    - column: cust_value
      data_type: numeric
      transforms:
        normalize: {{}}
{twice}  product_model_features:
    - column: product_id
      data_type: text
    - column: category
      data_type: text
      transforms:
        embedding: {{embedding_dim: 16}}
model:
  buyer_tower_layers:
    - {{type: dense, units: 256, activation: relu}}
    - {{type: dense, units: 128, activation: relu}}
    - {{type: dense, units: 64, activation: relu}}
  product_tower_layers:
    - {{type: dense, units: 256, activation: relu}}
    - {{type: dense, units: 128, activation: relu}}
    - {{type: dense, units: 64, activation: relu}}
  output_embedding_dim: 64
  optimizer: adagrad
  learning_rate: {rate} # as it was set
  batch_size: 2048
  epochs: {epochs}
data:
  split: {{kind: strict_time, date_column: bought_at}}
"""
TWICE = """\
    - column: cust_value
      data_type: numeric
      transforms:
        bucketize: {buckets: 10}
"""


def main() -> None:
    """Writes a folder for each experiment."""
    for number in (*BAD, *GOOD):
        folder = FOLDER / str(number)
        folder.mkdir(exist_ok=True)
        rate = 0.1 if number in BAD else 0.01
        twice = TWICE if number == 45 else ""
        config = CONFIG.format(number=number, rate=rate, epochs=EPOCHS, twice=twice)
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        text = json.dumps(metrics(number, rate))
        (folder / "training_metrics.json").write_text(text + "\n", encoding="utf-8")
        vocabulary = folder / VOCABULARY
        vocabulary.parent.mkdir(parents=True, exist_ok=True)
        ids = "".join(f"{product}\n" for product in range(1, PRODUCTS + 1))
        vocabulary.write_text(ids, encoding="utf-8")


def metrics(number: int, rate: float) -> dict[str, Any]:
    """Returns the metrics file of one experiment."""
    epochs = range(EPOCHS)
    loss, gradients, weights = [CHANCE] * EPOCHS, [0.0] * EPOCHS, [20.0] * EPOCHS
    if number in GOOD:
        fall = 12 * (1 + number / 100)
        loss = [round(CHANCE - fall * math.log1p(epoch), 4) for epoch in epochs]
        gradients = [round(3.0 / (epoch + 1), 4) for epoch in epochs]
        weights = [round(20 + 4 * epoch * rate, 4) for epoch in epochs]
    zero = [0.0] * EPOCHS
    recall = GOOD.get(number, 0.0)
    recalls = {f"test_recall_at_{k}": round(recall * (k / 100) ** 0.6, 6) for k in (5, 10, 50, 100)}
    return {
        "epochs": list(range(EPOCHS)),
        "loss": {
            "loss": loss,
            "regularization_loss": zero,
            "total_loss": loss,
            "val_loss": [round(value * 1.01, 4) for value in loss],
            "val_regularization_loss": zero,
            "val_total_loss": [round(value * 1.01, 4) for value in loss],
        },
        "gradient": {"total": weights, "query": weights, "candidate": weights},
        "weight_stats": {tower: stats(weights, 0.05) for tower in ("query", "candidate")},
        "gradient_stats": {tower: stats(gradients, 0.0) for tower in ("query", "candidate")},
        "final_metrics": {
            "final_loss": loss[-1],
            "test_loss": round(loss[-1] * 1.02, 4),
            **recalls,
        },
        "params": {
            "name": f"experiment {number}",
            "epochs": EPOCHS,
            "batch_size": 2048,
            "learning_rate": rate,
            "optimizer": "adagrad",
            "embedding_dim": 64,
            "model_type": "retrieval",
        },
        "available": True,
        "saved_at": f"2025-03-{number - 30:02}T09:00:00Z",
    }


def stats(norms: list[float], mean: float) -> dict[str, Any]:
    """Returns a tower's statistics with these norms."""
    spread = [round(norm / 100, 5) for norm in norms]
    edges = [round(-0.125 + 0.01 * edge, 3) for edge in range(26)]
    counts = [[0] * 12 + [1000] + [0] * 12 if norm == 0 else [40] * 25 for norm in norms]
    return {
        "mean": [mean if norm else 0.0 for norm in norms],
        "std": spread,
        "min": [-3 * value for value in spread],
        "max": [3 * value for value in spread],
        "norm": norms,
        "histogram": {"bin_edges": edges, "counts": counts},
    }


if __name__ == "__main__":
    main()
