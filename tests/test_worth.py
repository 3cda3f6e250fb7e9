"""Whether a model is worth serving, for the exit code of `train` and the list of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from diagnoses import healthy, run_of, set_recall

from recgen.analysis import diagnose
from recgen.analysis.facts import Facts
from recgen.analysis.indexing import entry_of
from recgen.analysis.worth import shortcoming

Views = dict[str, tuple[float, float, float]]


def evaluated(views: Views, pairs: int, half: float) -> dict[str, Any]:
    """Returns an evaluation: for each view, recall of the model, popularity and own history."""
    whos = ("model", "popularity", "own_history")
    figures: dict[str, Any] = {who: {"all": {}, "new": None} for who in whos}
    for view, values in views.items():
        for who, value in zip(whos, values, strict=True):
            interval = {"value": value, "low": value - half, "high": value + half}
            figures[who][view] = {f"recall_at_{k}": interval for k in (5, 10, 50, 100)}
    return {"pairs": {"all": pairs, "new": pairs, "left_out": 0}, **figures}


@pytest.mark.parametrize(
    ("views", "pairs", "is_worth"),
    [
        ({"all": (0.32, 0.15, 0.20), "new": (0.05, 0.08, 0.01)}, 2000, True),
        ({"all": (0.32, 0.15, 0.40), "new": (0.12, 0.08, 0.01)}, 2000, True),
        ({"all": (0.32, 0.15, 0.40), "new": (0.09, 0.08, 0.01)}, 2000, False),
        ({"all": (0.32, 0.15, 0.40), "new": (0.09, 0.08, 0.01)}, 100, True),  # too few to tell
        ({"all": (0.32, 0.15, 0.40), "new": (0.01, 0.08, 0.01)}, 100, False),
        ({"all": (0.16, 0.15, 0.01), "new": (0.09, 0.08, 0.01)}, 2000, False),
        ({"all": (0.32, 0.15, 0.40)}, 2000, False),
        ({"all": (0.32, 0.15, 0.20)}, 2000, True),
    ],
)
def test_a_model_must_be_better_than_counting(
    tmp_path: Path, views: Views, pairs: int, is_worth: bool
) -> None:
    data = healthy()
    data["evaluation"] = evaluated(views, pairs, half=0.02)
    run = run_of(tmp_path, data)
    reason = shortcoming(Facts(run), diagnose(run))
    assert (reason is None) == is_worth
    assert entry_of(tmp_path).shortcoming == reason
    if reason is not None:
        assert reason.startswith("no better than counting, by more than noise: recall@100 on all")


def test_without_pairs_rows_decide(tmp_path: Path) -> None:
    data = healthy()
    set_recall(data, 0.2, popularity=0.195)
    run = run_of(tmp_path, data)
    assert shortcoming(Facts(run), diagnose(run)) == (
        "no better than counting, by more than noise: test recall@100, model 0.2000, "
        "popularity 0.1950"
    )


def test_a_bad_verdict_is_enough(tmp_path: Path) -> None:
    data = healthy()
    set_recall(data, 0.1, popularity=0.2)
    run = run_of(tmp_path, data)
    assert shortcoming(Facts(run), diagnose(run)) == "the verdict is bad"


@pytest.mark.parametrize(("candidates", "k"), [(5, None), (8, 5), (60, 5), (600, 50), (3600, 100)])
def test_a_list_of_the_whole_catalogue_judges_nobody(
    tmp_path: Path, candidates: int, k: int | None
) -> None:
    """Then any model has a recall of 1, popularity as well."""
    data = healthy(candidates=candidates)
    for name in list(data["final_metrics"]):
        if (
            name.startswith("test_")
            and int(name.rpartition("_")[2].replace("loss", "0")) >= candidates
        ):
            data["final_metrics"][name] = 1.0
    run = run_of(tmp_path, data)
    facts, diagnosis = Facts(run), diagnose(run)
    assert (facts.judged and facts.judged.k) == k
    told = any("each list holds all 5 products" in note for note in diagnosis.notes)
    assert told == (k is None)
    if k is None:
        assert shortcoming(facts, diagnosis) is None


def test_the_trainers_own_k_counts_unless_it_reaches_the_catalogue(tmp_path: Path) -> None:
    run = run_of(tmp_path, healthy(candidates=60, monitored_k=50))
    assert Facts(run).kind.measured("test").k == 50
    run = run_of(tmp_path, healthy(candidates=50, monitored_k=50))
    assert Facts(run).kind.measured("test").k == 5


@pytest.mark.parametrize(("rows", "verdict"), [(55, "at_risk"), (5000, "bad")])
def test_a_small_test_condemns_no_model(tmp_path: Path, rows: int, verdict: str) -> None:
    """Of 55 rows, 8 and 12 may be chance; with many rows, the same shares are no chance."""
    data = healthy(test_rows=rows, candidates=5, best_epoch=7)
    set_recall(data, 0.1455, popularity=0.2182)
    for name in ("recall", "final_metrics"):
        values = data[name]
        values |= {key.replace("_at_5", "_at_1"): values[key] for key in list(values)}
    diagnosis = diagnose(run_of(tmp_path, data))
    assert diagnosis.verdict == verdict
    assert not [each for each in diagnosis.causes if each.code == "RD102"]


def test_no_hit_in_a_small_test_is_no_dead_tower(tmp_path: Path) -> None:
    """With 36 products, 55 rows have 1.5 hits by chance."""
    codes = {}
    for rows in (55, 5000):
        data = healthy(3, test_rows=rows, candidates=36, batch_size=128)
        data["loss"]["loss"] = [4.91, 4.87, 4.855]
        set_recall(data, 0.0, popularity=0.2)
        data["recall"]["val_recall_at_1"] = [0.0] * 3
        data["final_metrics"] |= {"test_recall_at_1": 0, "test_popularity_recall_at_1": 0.09}
        run = run_of(tmp_path / str(rows), data)
        codes[rows] = [each.code for each in diagnose(run).causes]
        assert Facts(run).judged.k == 1
    assert codes[55][0] == "RD103"
    assert "RD102" in codes[5000]
    assert "RD102" not in codes[55]


def test_what_the_trainer_found_at_chance_is_bad(tmp_path: Path) -> None:
    data = healthy(at_chance=True)
    set_recall(data, 0.14, popularity=0.15)
    diagnosis = diagnose(run_of(tmp_path, data))
    told = {each.code: each.evidence for each in diagnosis.causes}
    assert diagnosis.verdict == "bad"
    assert "the trainer found nothing learned when it ended" in told["RD103"]
    set_recall(data, 0.5)
    assert diagnose(run_of(tmp_path, data)).verdict == "good"
