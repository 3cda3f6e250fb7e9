"""Metrics of a training without a test split: everything that reads them works, by validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from diagnoses import cause, codes, healthy, judge, run_of

from recgen.analysis import load_run
from recgen.cli.output.training import recalls
from recgen.metrics import TrainingMetrics

pytest_plugins = ["running"]
Plain = dict[str, Any]


def untested(**params: Any) -> Plain:
    """Returns what a trainer writes that found no test split."""
    data = healthy(best_epoch=7, monitored_k=100, test_rows=None, **params)
    final = {k: v for k, v in data["final_metrics"].items() if not k.startswith("test_")}
    final |= {f"val_popularity_recall_at_{k}": 0.1 for k in (5, 10, 50, 100)}
    data["final_metrics"] = final
    data["params"]["unknown_products"] = {"train": 0.0, "eval": 0.01}
    data["params"]["unknown_ids"] = {"train": {"user": 0.0}, "eval": {"user": 0.1, "sku": 0.01}}
    data["params"]["histories"] = {"past": {"empty": 0.25, "length": 3.5}}
    data.pop("evaluation", None)
    return data


def test_it_is_judged_by_its_validation(tmp_path: Path) -> None:
    diagnosis = judge(tmp_path / "run", untested())
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", [])
    assert diagnosis.summary.startswith("validation recall@100 of rows ")
    poor = untested()
    poor["final_metrics"]["val_popularity_recall_at_100"] = 0.9
    assert cause(judge(tmp_path / "poor", poor), "RD304").confidence == "high"


def test_a_test_that_was_not_reached_is_another_thing(tmp_path: Path) -> None:
    data = untested()
    data["params"]["test_rows"] = 400
    assert cause(judge(tmp_path / "run", data), "RD503").evidence == ("there are no test figures",)


def test_the_new_figures_are_read(tmp_path: Path) -> None:
    params = run_of(tmp_path / "run", untested()).metrics.params
    assert params.unknown_ids == {"train": {"user": 0.0}, "eval": {"user": 0.1, "sku": 0.01}}
    assert params.histories == {"past": {"empty": 0.25, "length": 3.5}}
    assert params.test_rows is None
    assert params.unknown_products == {"train": 0.0, "eval": 0.01}


def test_training_data_that_ended_is_a_failed_training(tmp_path: Path) -> None:
    said = "Epoch 8: The training data ended after 6 of 20 steps."
    data = untested(failure=said, failure_kind="out_of_data", failure_epoch=7)
    diagnosis = judge(tmp_path / "run", data)
    assert diagnosis.verdict == "bad"
    assert cause(diagnosis, "RD503").evidence == (f"the trainer stopped: {said}",)


@pytest.mark.parametrize("candidates", [2, 5])
def test_a_k_that_reaches_the_catalogue_judges_nothing(tmp_path: Path, candidates: int) -> None:
    """Every model has a recall of 1 there, and so has popularity."""
    data = untested(candidates=candidates)
    data["params"]["monitored_k"] = 5  # as older trainers did
    for k in (5, 10, 50, 100):
        data["recall"][f"val_recall_at_{k}"] = [1.0] * 8
        data["final_metrics"][f"val_popularity_recall_at_{k}"] = 1.0
    assert "RD304" not in codes(judge(tmp_path / "old", data))
    data["params"]["monitored_k"] = 1
    data["recall"]["val_recall_at_1"] = [0.4, 0.6, 0.66, 0.68, 0.69, 0.7, 0.7, 0.7]
    data["final_metrics"]["val_popularity_recall_at_1"] = 0.3
    diagnosis = judge(tmp_path / "new", data)
    assert diagnosis.verdict == "good"
    assert diagnosis.summary.startswith("validation recall@1 of rows 0.7000")


def test_tables_pages_and_lists_have_no_test(run: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_of(tmp_path / name, untested())
    metrics = load_run(tmp_path / "one").metrics
    assert isinstance(metrics, TrainingMetrics)
    assert [str(line) for line in recalls(metrics)]
    one, two, page = (str(tmp_path / name) for name in ("one", "two", "page.html"))
    for command in (
        ["diagnose", one],
        ["compare", one, two],
        ["report", one, two, "-o", page],
        ["report", one, "-o", page],
        ["runs", str(tmp_path)],
    ):
        code, _, err = run(*command)
        assert code in (0, 1), err
    assert "test recall" not in Path(page).read_text("utf-8")
