"""A platform's rows become single files that train, are exported and answer, for each kind.

`make test-tf215` runs this on the oldest image of a platform: TensorFlow 2.15, Python 3.10.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from runs import Run, Table, arrow, transform_parts
from stored_rows import TARGET, TASKS, Plain, Row, posted_features, posted_model
from test_serving_tf import serve

from recgen.contrib.ml_platform import (
    PreprocessingFnGenerator,
    TrainerModuleGenerator,
    quick_test_fields,
    read_rows,
    training_history,
)

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

ROWS, BUYERS, PRODUCTS, GROUPS = 1500, 60, 60, 5
FIRST, DAY, START = 100, 86_400, 1_700_000_000
CUTS = {"train": (0, 1200), "eval": (1200, 1350), "test": (1350, ROWS)}
CLIENT = {"customer_id": [1003], "city": ["city 3"], "basket": [20.0], "sold_at": [START]}
CLIENT |= {"purchase_history": [[FIRST + 3, FIRST + 8, *[0] * 48]]}  # clients pad with 0
PAIR = {**CLIENT, "product_id": [FIRST + 3], "category": ["c1"]}


def table() -> Table:
    """Returns purchases: buyers take what is of their group, and dearer products bring more."""
    draw = np.random.default_rng(5)
    buyers = draw.integers(BUYERS, size=ROWS)
    products = draw.integers(PRODUCTS // GROUPS, size=ROWS) * GROUPS + buyers % GROUPS
    lists = [draw.permutation(PRODUCTS)[: draw.integers(12)] for _ in range(ROWS)]
    return {
        "customer_id": (1000 + buyers).tolist(),
        "city": [f"city {number}" for number in buyers % 9],
        "basket": np.round(np.exp(draw.normal(size=ROWS)), 3).tolist(),
        "sold_at": (START + draw.integers(60 * DAY, size=ROWS)).tolist(),
        "purchase_history": [(FIRST + each).tolist() for each in lists],
        "product_id": (FIRST + products).tolist(),
        "category": [f"c{number % 4}" for number in products],
        "revenue": np.exp(products / 30 + 0.1 * draw.normal(size=ROWS)).tolist(),
    }


def of_the_platform(task: str, folder: Path) -> Run:
    """Does what a platform does with two rows, up to transformed examples."""
    target = None if task == "retrieval" else TARGET
    features = Row(**posted_features(target_column=target))
    settings: Plain = {"optimizer": "adam", "learning_rate": 0.02, "batch_size": 64, "epochs": 8}
    model = Row(**posted_model("minimal", task, **settings))
    transform, is_valid, message = PreprocessingFnGenerator(features).generate_and_save()
    assert is_valid, message
    trainer, is_valid, message, _ = TrainerModuleGenerator(features, model).generate_and_validate()
    assert is_valid, message
    (folder / "transform_module.py").write_text(transform, encoding="utf-8")
    (folder / "trainer_module.py").write_text(trainer, encoding="utf-8")
    config, _ = read_rows(features, model)
    assert config is not None
    transform_parts(folder, {name: arrow(config, table(), *cut) for name, cut in CUTS.items()})
    return Run(folder, folder, config)


@pytest.mark.parametrize("task", TASKS)
def test_a_row_trains_is_exported_and_answers(task: str, tmp_path: Path) -> None:
    run = of_the_platform(task, tmp_path)
    assert not (tmp_path / "trainer_runtime.py").exists()
    metrics = run.fit()
    final, fields = metrics["final_metrics"], quick_test_fields(json.dumps(metrics))
    history = training_history(metrics)
    assert history["epochs"][-1] == metrics["epochs"][-1]
    assert history["histogram_available"]

    if task != "ranking":
        assert fields["recall_at_10"] == final["test_recall_at_10"]
        assert fields["recall_at_10"] > 1.5 * final["test_popularity_recall_at_10"]
        (answer,) = serve((run.saved(), CLIENT))
        assert sum(int(name) % GROUPS == 3 for name in answer["product_ids"][0][:10]) >= 7
    if task != "retrieval":
        assert fields["test_rmse"] == final["test_rmse"]
        assert fields["test_rmse"] < final["test_buyer_mean_rmse"]
        name = "serving_default" if task == "ranking" else "serve_ranking"
        dear = {**PAIR, "product_id": [FIRST + PRODUCTS - 2], "category": ["c2"]}
        cheap, dear = serve((run.saved(), PAIR), (run.saved(), dear), signature=name)
        assert 0 < cheap["predictions"][0] < dear["predictions"][0]
