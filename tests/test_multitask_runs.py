"""Runs of models of two tasks: what each task is judged by, and which one starves."""

from __future__ import annotations

from typing import Any

import pytest
from diagnoses import codes, healthy
from test_ranking_runs import compared

from recgen.analysis import diagnose, run_of
from recgen.analysis.comparing import compare
from recgen.analysis.facts import Facts
from recgen.analysis.gating import gate
from recgen.analysis.kinds import Multitask
from recgen.analysis.report import report_page
from recgen.cli.output.training import figures

Plain = dict[str, Any]
MEANS = [40.0, 30.0, 35.0, 25.0]
FELL = [0.8, 0.6, 0.5, 0.4]


def both(
    rmse: float = 20.0, shares: Plain | None = None, lead: float = 0.1, **params: Any
) -> Plain:
    """Returns the metrics of a run of both tasks: recall twice that of popularity, and an RMSE."""
    weights = {"retrieval_weight": 1.0, "ranking_weight": 1.0}
    data = healthy(4, epochs=4, model_type="multitask", **weights, **params)
    rated = compared("rmse", rmse, MEANS, lead)
    data["rating"] = rated["rating"]
    data["loss"]["val_rmse"] = [rmse] * 4
    data["health"] = _health(4)
    for task in ("retrieval", "ranking"):
        data["health"][f"{task}_to_chance"] = (shares or {}).get(task, FELL)
        data["health"][f"{task}_weight"] = [1.0] * 4
    return data


def _health(count: int) -> Plain:
    tower = {"effective_rank": 8.0, "mean_cosine": 0.1, "update_ratio": 0.1}
    towers = {
        name: {key: [value] * count for key, value in tower.items()}
        for name in ("query", "candidate")
    }
    head = {"update_ratio": [0.1] * count, "spread": [0.5] * count}
    return {"loss_to_chance": FELL[:count], **towers, "rating_head": head}


def test_it_is_judged_by_recall_and_by_its_predictions() -> None:
    facts = Facts(run_of(both()))
    kind = facts.kind
    assert isinstance(kind, Multitask)
    assert kind.judged is not None
    assert kind.judged.measure == "recall@100"
    assert kind.rated is not None
    assert (kind.rated.measure, kind.rated.own, kind.rated.baseline) == ("RMSE", 20.0, 25.0)
    assert kind.rated in kind.others
    assert kind.headlines[-1] == "test RMSE of rows"
    assert set(kind.headlines) <= set(kind.figures)
    assert "the mean, test RMSE of rows" in kind.figures
    diagnosis = diagnose(run_of(both()))
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", [])


def test_predictions_no_better_than_a_mean_are_a_cause_and_not_the_end() -> None:
    for rmse in (27.0, 41.0):
        diagnosis = diagnose(run_of(both(rmse)))
        assert (diagnosis.verdict, codes(diagnosis)) == ("at_risk", ["RD461"])
        assert "test RMSE of rows" in diagnosis.causes[0].evidence[0]


@pytest.mark.parametrize(("task", "other"), [("retrieval", "ranking"), ("ranking", "retrieval")])
def test_a_task_that_learns_nothing_is_starved(task: str, other: str) -> None:
    diagnosis = diagnose(run_of(both(shares={task: [1.01, 1.0, 0.999, 0.998]})))
    (cause,) = [each for each in diagnosis.causes if each.code == "RD463"]
    assert cause.title == f"Nothing is learnt of {task}"
    assert f"that of {other} falls to 0.4" in cause.evidence[0]
    assert cause.evidence[1] == "their weights are 1 and 1"


def test_a_task_that_learns_little_or_beside_nothing_is_not_starved() -> None:
    flat = [1.0, 1.0, 0.999, 0.999]
    for shares in ({"ranking": [1.0, 0.99, 0.98, 0.97]}, {"ranking": flat, "retrieval": flat}):
        assert "RD463" not in codes(diagnose(run_of(both(shares=shares))))


def test_both_tables_are_shown_after_a_training() -> None:
    text = "\n".join(str(line) for line in figures(run_of(both()).metrics))
    for words in ("recall", "@100", "popularity", "RMSE", "the buyer's mean"):
        assert words in text


def test_compare_report_and_gate_know_both() -> None:
    runs = [run_of(both(rmse)) for rmse in (20.0, 18.0)]
    rows = {row.name: row for row in compare(runs).rows}
    assert rows["test RMSE of rows"].best == 1
    assert "test recall@100 of rows" in rows
    page = report_page(runs[:1])
    assert "Loss against chance" in page
    assert "test RMSE of rows" in page
    assert gate(runs[0]).checks[1].passed
