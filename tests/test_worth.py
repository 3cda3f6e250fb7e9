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
        expected = "the verdict is bad"
        if views["all"][0] == 0.16:  # within noise
            expected = (
                "no better than counting, by more than noise: test recall@100 of all pairs, model "
                "0.1600, popularity 0.1500; test recall@100 of new pairs, model 0.0900, "
                "popularity 0.0800"
            )
        assert reason == expected


def test_without_pairs_rows_decide(tmp_path: Path) -> None:
    data = healthy()
    set_recall(data, 0.2, popularity=0.195)
    run = run_of(tmp_path, data)
    assert shortcoming(Facts(run), diagnose(run)) == (
        "no better than counting, by more than noise: test recall@100 of rows, model 0.2000, "
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
    told = any("each list holds all 5 products" in each.evidence[0] for each in diagnosis.causes)
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


def decayed(all_pairs: Views, pairs: int = 2000, half: float = 0.005) -> dict[str, Any]:
    """Returns metrics with figures of model, weekly popularity and recent own history by view."""
    data = healthy()
    whos = ("model", "popularity_recent", "own_history_recent")
    names = [f"recall_at_{k}" for k in (5, 10, 50, 100)]
    evaluation: dict[str, Any] = {who: {} for who in (*whos, "popularity", "own_history")}
    for view, values in all_pairs.items():
        for who, value in zip(whos, values, strict=True):
            interval = {"value": value, "low": value - half, "high": value + half}
            evaluation[who][view] = dict.fromkeys(names, interval)
        lowest = {"value": 0.01, "low": 0.01, "high": 0.01}
        for who in ("popularity", "own_history"):
            evaluation[who][view] = dict.fromkeys(names, lowest)
    pairs_of = {"all": pairs, "new": pairs, "left_out": 0}
    data["evaluation"] = {"pairs": pairs_of, **evaluation}
    own = {"popularity": 7.0, "own_history": 60.0}
    data["params"]["half_lives"] = {
        "popularity": {"popularity": None},
        "popularity_recent": {"popularity": 7.0},
        "own_history_recent": own,
    }
    return data


def test_the_best_of_all_baselines_is_named(tmp_path: Path) -> None:
    """On all pairs; the other views in which counting wins are in notes."""
    views = {
        "all": (0.363, 0.216, 0.347),
        "new": (0.145, 0.191, 0.074),
        "new_filtered": (0.24, 0.214, 0.214),
    }
    diagnosis = diagnose(run_of(tmp_path, decayed(views)))
    assert diagnosis.verdict == "good"
    assert diagnosis.summary.startswith(
        "test recall@100 of all pairs 0.3630, own history with a half-life of 60 days 0.3470"
    )
    assert diagnosis.notes[:1] == (
        "test recall@100 of new pairs is 0.1450, and popularity with a half-life of 7 days, which "
        "needs no model, has 0.1910",
    )
    assert not any("without past products" in note for note in diagnosis.notes)


@pytest.mark.parametrize(
    ("own", "new", "verdict", "said"),
    [
        (0.349, 0.1, "at_risk", "the difference is within noise (±0.0050)"),
        (0.345, 0.1, "at_risk", "the difference is within noise (±0.0050)"),
        (0.34, 0.1, "bad", None),
        (0.345, 0.25, "good", None),
        (0.33, 0.1, "bad", None),
        (0.33, 0.25, "at_risk", "the model is better in test recall@100 of new pairs"),
    ],
)
def test_a_model_below_counting_is_bad_unless_it_finds_what_is_new(
    tmp_path: Path, own: float, new: float, verdict: str, said: str | None
) -> None:
    run = run_of(tmp_path, decayed({"all": (own, 0.2, 0.347), "new": (new, 0.19, 0.07)}))
    diagnosis = diagnose(run)
    assert diagnosis.verdict == verdict
    if verdict == "good":
        assert shortcoming(Facts(run), diagnosis) is None
        return
    (found,) = [each for each in diagnosis.causes if each.code == "RD304"]
    assert found.evidence[0] == (
        f"test recall@100 of all pairs is {own:.4f}; own history with a half-life of 60 days, "
        "which needs no model, has 0.3470"
    )
    assert found.evidence[1:] == ((said,) if said else ())
    assert (shortcoming(Facts(run), diagnosis) is None) == (new == 0.25)


@pytest.mark.parametrize(("left_out", "is_told"), [(20_000, True), (900, False)])
def test_that_most_of_the_test_was_left_out_is_said(
    tmp_path: Path, left_out: int, is_told: bool
) -> None:
    data = decayed({"all": (0.4, 0.2, 0.347), "new": (0.3, 0.19, 0.07)}, pairs=2000)
    data["evaluation"]["pairs"]["left_out"] = left_out
    told = [note for note in diagnose(run_of(tmp_path, data)).notes if "left out" in note]
    assert told == (
        [
            "test recall@100 of all pairs is of 2,000 pairs: 91% of the test was left out, as the "
            "buyer or the product was unknown to training"
        ]
        if is_told
        else []
    )


@pytest.mark.parametrize(("weight", "is_told"), [(-0.1, True), (0.01, True), (0.75, False)])
def test_that_lists_are_made_without_the_towers_is_said(
    tmp_path: Path, weight: float, is_told: bool
) -> None:
    data = decayed({"all": (0.33, 0.347, 0.347), "new": (0.1, 0.19, 0.07)})
    data["final_layer"] = {"weights": {"towers": weight}}
    (found,) = [c for c in diagnose(run_of(tmp_path, data)).causes if c.code == "RD304"]
    told = [each for each in found.evidence if f"a weight of {weight:.2f}" in each]
    assert bool(told) == is_told
    assert found.help.startswith("The settings are as they should be. Such purchases") == is_told


def test_the_interval_of_the_lead_is_the_noise(tmp_path: Path) -> None:
    """The same pairs are easy for both, so that the lead is surer than the figures."""
    data = decayed({"all": (0.363, 0.216, 0.347)}, half=0.02)
    own = data["evaluation"]["own_history_recent"]["all"]
    assert Facts(run_of(tmp_path, data)).judged.is_equal
    for lead, is_equal in (((0.01, 0.022), False), ((-0.002, 0.034), True)):
        ends = dict(zip(("lead_low", "lead_high"), lead, strict=True))
        for name, figures in own.items():
            own[name] = figures | ends
        judged = Facts(run_of(tmp_path, data)).judged
        assert judged is not None
        assert judged.noise == pytest.approx((lead[1] - lead[0]) / 2)
        assert judged.plain_noise == pytest.approx(0.02)
        diagnosis = diagnose(run_of(tmp_path, data))
        assert diagnosis.verdict == "good"  # no baseline is better
        assert any("as good, within noise" in note for note in diagnosis.notes) == is_equal


def test_a_model_between_popularity_and_own_history_has_learnt_something(tmp_path: Path) -> None:
    """It is no better than counting, and yet no sign of a rate or a depth that is wrong."""
    views = {"all": (0.28, 0.2, 0.347), "new": (0.1, 0.19, 0.07)}
    facts = Facts(run_of(tmp_path, decayed(views)))
    assert not facts.is_failed
    assert (facts.beats_plain, facts.beats_baseline) == (True, False)


def test_without_a_test_the_best_baseline_is_that_on_validation_rows(tmp_path: Path) -> None:
    data = decayed({"all": (0.363, 0.216, 0.347)})
    del data["evaluation"]
    final = {k: v for k, v in data["final_metrics"].items() if not k.startswith("test_")}
    final |= {"val_popularity_recall_at_100": 0.1, "val_own_history_recent_recall_at_100": 0.295}
    data["final_metrics"] = final
    diagnosis = diagnose(run_of(tmp_path, data))
    assert diagnosis.verdict == "at_risk"
    assert "own history with a half-life of 60 days 0.2950" in diagnosis.summary


@pytest.mark.parametrize("candidates", [2, 5, 9, 36])
def test_the_monitored_measure_judges_a_small_catalogue(tmp_path: Path, candidates: int) -> None:
    data = healthy(candidates=candidates, monitored="mrr", best_epoch=7, best_recall=0.9)
    set_recall(data, 1.0, popularity=1.0)
    data["recall"]["val_mrr"] = [0.8, 0.85, 0.87, 0.88, 0.89, 0.9, 0.9, 0.9]
    data["final_metrics"] |= {"test_mrr": 0.88, "test_popularity_mrr": 0.79}  # chance is 0.75 of 2
    facts = Facts(run_of(tmp_path, data))
    assert facts.judged is not None
    assert (facts.judged.own, facts.judged.baseline) == (0.88, 0.79)
    assert facts.judged.name == "test mrr of rows"
    assert facts.judged.label == facts.curve.measure == "mrr"
    assert facts.judged.chance == pytest.approx(
        sum(1 / rank for rank in range(1, candidates + 1)) / candidates
    )
    assert entry_of(tmp_path).verdict == "good"
    assert entry_of(tmp_path).as_dict()["measure"] == "mrr"
    data["final_metrics"]["test_mrr"] = 0.44
    assert diagnose(run_of(tmp_path, data)).verdict == "bad"


def test_a_test_of_a_part_of_its_rows_has_the_error_of_that_part(tmp_path: Path) -> None:
    judged = [
        Facts(run_of(tmp_path, healthy(test_rows=100_000, **rows))).judged
        for rows in ({}, {"tested_rows": 1000})
    ]
    assert [each.rows for each in judged if each] == [100_000, 1000]
    noise = [each.noise for each in judged if each]
    assert noise[1] == pytest.approx(10 * noise[0])


@pytest.mark.parametrize(
    ("own", "history", "popularity", "verdict"),
    [
        (0.495, 0.505, 0.037, "at_risk"),  # within 5% of what repurchases have
        (0.750, 0.770, 0.200, "at_risk"),
        (0.400, 0.505, 0.037, "bad"),  # far from it
        (0.330, 0.347, 0.200, "bad"),  # people do not buy the same again
    ],
)
def test_where_people_buy_the_same_again_nearly_as_much_is_no_failure(
    tmp_path: Path, own: float, history: float, popularity: float, verdict: str
) -> None:
    figures = {"all": (own, popularity, history), "new": (0.0, 0.01, 0.01)}
    data = decayed(figures)
    for who, value in (("own_history", history), ("popularity", popularity)):
        interval = {"value": value, "low": value - 0.005, "high": value + 0.005}
        data["evaluation"][who]["all"] = {f"recall_at_{k}": interval for k in (5, 10, 50, 100)}
    diagnosis = diagnose(run_of(tmp_path, data))
    assert "RD304" in [cause.code for cause in diagnosis.causes]
    assert diagnosis.verdict == verdict
