"""Verdicts and causes: the report's experiments, what must not be blamed, fit, inputs and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from diagnoses import DEEP, cause, codes, dead, healthy, judge, older, run_of, set_recall

from recgen.analysis import REMOVED, diagnose, load_run
from recgen.analysis.causes import KINDS
from recgen.analysis.diagnosis import fixes, location_of
from recgen.analysis.page import causes_page
from recgen.check import check
from recgen.edit import apply

TESTS = Path(__file__).parent
REPORTED = TESTS / "reported"
TRAINED, COLLAPSED = ("39", "43", "38"), ("45", "42", "41", "40")
"""The report calls the former good: their loss fell, and their recall is not exactly 0."""


# the report's experiments


@pytest.mark.parametrize("number", [*TRAINED, *COLLAPSED])
def test_the_reported_experiments_are_told_apart(number):
    """All are bad, in two ways: those that trained are worse than chance, 100 / 1,054 = 0.095."""
    diagnosis = diagnose(load_run(REPORTED / number))
    expected = "RD601" if number in TRAINED else "RD101"
    assert (diagnosis.verdict, diagnosis.causes[0].code) == ("bad", expected)


@pytest.mark.parametrize("number", TRAINED)
def test_what_trained_is_below_chance_and_copies_would_explain_it(number):  # P65
    diagnosis = diagnose(load_run(REPORTED / number))
    own = {"39": "0.0554", "43": "0.0640", "38": "0.0700"}[number]
    below = f"test recall@100 of rows is {own}, below the 0.0949 of random products (100 of 1,054)"
    assert diagnosis.causes[0].evidence[0] == below
    assert "the loss fell by 5%" in diagnosis.causes[0].evidence[1]
    assert diagnosis.summary.endswith(f"test recall@100 of rows {own}, random products 0.0949")
    copies = cause(diagnosis, "RD403")
    distinct = {"39": 58, "43": 67, "38": 74}[number]
    assert f"{own} is what {distinct} of 1,054 have" in copies.evidence[0]
    assert "RD201" not in codes(diagnosis)  # no rate is blamed for what trained


@pytest.mark.parametrize("number", COLLAPSED)
def test_collapse_and_learning_rate_are_the_first_causes(number):  # P42
    diagnosis = diagnose(load_run(REPORTED / number))
    collapse, rate = diagnosis.causes[:2]
    assert (collapse.code, collapse.confidence) == ("RD101", "high")
    assert any("775.6906 = 154·ln 154" in text for text in collapse.evidence)
    assert any("gradients of both towers are zero from epoch 1" in t for t in collapse.evidence)
    assert any("is exactly 0" in text for text in collapse.evidence)
    assert (rate.code, rate.confidence) == ("RD201", "high")
    assert "learning rate 0.1 with adagrad and 3 dense layers" in rate.evidence[0]
    assert rate.patch is not None
    assert rate.patch["model.learning_rate"] == 0.05


def test_the_column_that_was_twice_is_named_for_45_alone():  # P14
    named = {n: codes(diagnose(load_run(REPORTED / n))) for n in (*TRAINED, *COLLAPSED)}
    assert [number for number, found in named.items() if "RD406" in found] == ["45"]
    twice = cause(diagnose(load_run(REPORTED / "45")), "RD406")
    assert "'cust_value' appears twice in the buyer tower" in twice.evidence[0]
    assert twice.patch == {"features.buyer_model_features[2]": REMOVED}


def test_the_first_patch_of_45_gives_a_config_that_trains():
    run = load_run(REPORTED / "45")
    config = run.config.model_dump(mode="json")
    found = {each.code: each for each in diagnose(run).causes}
    for code in ("RD101", "RD406"):
        config = apply(config, fixes(found[code].patch))
    assert check(config).ok


# nothing is wrong


def test_nothing_is_said_against_a_healthy_run(tmp_path, experiment):
    diagnosis = judge(tmp_path / "run", healthy(), experiment)
    assert (diagnosis.verdict, diagnosis.causes) == ("good", ())
    assert diagnosis.summary.startswith("test recall@100 of rows 0.29")
    assert "popularity 0.1500" in diagnosis.summary
    assert diagnosis.first_patch is None


def test_a_run_without_a_config_can_be_good(tmp_path):
    diagnosis = judge(tmp_path / "run", healthy())
    assert diagnosis.verdict == "good"
    assert any("no config" in note for note in diagnosis.notes)


def test_a_rising_val_loss_is_no_overfitting_while_recall_rises(tmp_path):  # P53
    data = healthy(8)
    data["loss"]["val_loss"] = [6.0 + 0.1 * epoch for epoch in range(8)]
    assert judge(tmp_path / "run", data).verdict == "good"


def test_large_batches_are_no_collapse(tmp_path):  # P49
    """Gradients of a mean loss are small; only those below a trainer's own limit are zero."""
    data = healthy()
    for tower in ("query", "candidate"):
        data["gradient"][tower] = [1e-4] * 8
        data["gradient_stats"][tower]["norm"] = [1e-4] * 8
    assert judge(tmp_path / "run", data).verdict == "good"


def test_a_high_rate_that_trained_is_a_remark(tmp_path, experiment):
    deep = {"buyer_tower_layers": DEEP, "product_tower_layers": DEEP}
    config = {**experiment, "model": {**deep, "learning_rate": 0.1}}
    diagnosis = judge(tmp_path / "run", healthy(learning_rate=0.1), config)
    rate = cause(diagnosis, "RD201")
    assert (diagnosis.verdict, rate.confidence) == ("good", "low")


# fit: RD3xx


def test_recall_that_falls_while_the_loss_does_is_overfitting(tmp_path):
    data = healthy(6)
    data["recall"]["val_recall_at_100"] = [0.2, 0.3, 0.35, 0.3, 0.25, 0.2]
    diagnosis = judge(tmp_path / "run", data)
    found = cause(diagnosis, "RD301")
    assert (diagnosis.verdict, found.confidence) == ("at_risk", "high")
    assert "was 0.3500 in epoch 3 and is 0.2000" in found.evidence[0]
    assert found.patch == {"model.epochs": 3}


def test_a_small_loss_of_recall_counts_where_val_loss_rises_too(tmp_path):
    data = healthy(4, eval_rows=50)
    data["recall"]["val_recall_at_100"] = [0.2, 0.3, 0.35, 0.33]
    data["loss"]["val_loss"] = [6.0, 5.5, 5.8, 6.6]
    found = cause(judge(tmp_path / "run", data), "RD301")
    assert (found.confidence, found.evidence[-1]) == (
        "medium",
        "val_loss rose by 20% from its lowest value",
    )


def test_what_came_after_the_best_epoch_did_no_harm_where_that_was_kept(tmp_path):
    data = healthy(6, best_epoch=2, stopped_early=True, epochs=50)
    data["recall"]["val_recall_at_100"] = [0.2, 0.3, 0.35, 0.3, 0.25, 0.2]
    data["final_metrics"] = {"val_popularity_recall_at_100": 0.15, "test_recall_at_5": 0.1}
    data["params"]["monitored_k"] = 100
    diagnosis = judge(tmp_path / "run", data)
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", [])
    assert diagnosis.summary.startswith("validation recall@100 of rows 0.3500")


def test_own_history_is_a_baseline_too(tmp_path):
    data = healthy()
    measured = {"recall_at_100": {"value": 0.3}}, {"recall_at_100": {"value": 0.32}}
    data["evaluation"] = {"model": {"all": measured[0]}, "own_history": {"all": measured[1]}}
    diagnosis = judge(tmp_path / "run", data)
    assert diagnosis.verdict == "bad"
    assert cause(diagnosis, "RD304").evidence == (
        "test recall@100 of all pairs is 0.3000; own history, which needs no model, has 0.3200",
    )


@pytest.mark.parametrize(
    ("model", "help"),
    [
        ({}, "Rate, layers, clipping and correction are as they should be"),
        ({"logq_correction": False}, "Use the logQ correction."),
        (
            {"buyer_tower_layers": DEEP},
            "End the towers in a linear layer and use one dense layer or none.",
        ),
        ({"optimizer": "adam", "learning_rate": 0.5}, "Lower the learning rate to 0.01."),
        (
            {"logq_correction": False, "buyer_tower_layers": DEEP},
            "End the towers in a linear layer, use the logQ correction and use",
        ),
    ],
)
def test_help_asks_for_nothing_that_is_so_already(tmp_path, experiment, model, help):
    bare = {"buyer_tower_layers": [], "product_tower_layers": [], "logq_correction": True}
    experiment["model"] = {**bare, "optimizer": "adagrad", "learning_rate": 0.05, **model}
    told = {key: experiment["model"][key] for key in ("optimizer", "learning_rate")}
    data = healthy(**told)
    measured = {"recall_at_100": {"value": 0.2}}, {"recall_at_100": {"value": 0.32}}
    data["evaluation"] = {"model": {"all": measured[0]}, "own_history": {"all": measured[1]}}
    assert cause(judge(tmp_path / "run", data, experiment), "RD304").help.startswith(help)


def test_a_loss_of_recall_within_noise_is_a_guess(tmp_path):
    data = healthy(4, eval_rows=50)
    data["recall"]["val_recall_at_100"] = [0.2, 0.3, 0.35, 0.33]
    diagnosis = judge(tmp_path / "run", data)
    found = cause(diagnosis, "RD301")
    assert (diagnosis.verdict, found.confidence) == ("good", "low")
    assert found.evidence[-1] == "with 50 rows this may be noise"


def test_noise_is_that_of_the_rows_that_were_validated(tmp_path):
    data = healthy(4, eval_rows=1_000_000, validated_rows=50)
    data["recall"]["val_recall_at_100"] = [0.2, 0.3, 0.35, 0.33]
    found = cause(judge(tmp_path / "run", data), "RD301")
    assert (found.confidence, found.evidence[-1]) == ("low", "with 50 rows this may be noise")


def test_overfitting_by_loss_alone_is_a_guess(tmp_path):
    data = older(healthy(6))
    data["loss"]["val_loss"] = [6.0, 5.8, 5.9, 6.2, 6.5, 7.0]
    diagnosis = judge(tmp_path / "run", data)
    assert cause(diagnosis, "RD301").confidence == "low"
    assert diagnosis.verdict == "at_risk"


def test_recall_that_still_rises_is_undertraining(tmp_path):
    data = healthy(4)
    data["recall"]["val_recall_at_100"] = [0.1, 0.2, 0.25, 0.32]
    diagnosis = judge(tmp_path / "run", data)
    found = cause(diagnosis, "RD302")
    assert (found.confidence, found.patch) == ("high", {"model.epochs": 8})
    assert "rose by 28% in the last epoch of 4" in found.evidence[0]


def test_one_epoch_is_undertraining(tmp_path):
    data = healthy(1, batch_size=64)
    data["loss"]["loss"] = data["loss"]["val_loss"] = [3.0]
    assert cause(judge(tmp_path / "run", data), "RD302").patch == {"model.epochs": 8}


@pytest.mark.parametrize(
    ("epochs", "rows", "batch", "patch"),
    [
        (1, 20_000, 512, {"model.epochs": 8}),
        (1, 20_000, 1024, {"model.epochs": 8, "model.batch_size": 512}),
        (8, 2_579, 1024, {"model.epochs": 16, "model.batch_size": 64}),
        (2, 2_579, 2048, {"model.epochs": 8, "model.batch_size": 64}),
        (2, 900, 1024, {"model.epochs": 15, "model.batch_size": 64}),
    ],
)
def test_few_steps_explain_a_model_that_has_learned_nothing(
    tmp_path: Path, epochs: int, rows: int, batch: int, patch: dict[str, int]
) -> None:
    data = healthy(epochs, train_rows=rows, batch_size=batch)
    for name in data["final_metrics"]:
        if name.startswith("test_recall"):
            data["final_metrics"][name] = 0.01
    diagnosis = judge(tmp_path / "run", data)
    first = diagnosis.causes[0]
    assert (first.code, first.title, first.patch) == ("RD302", "Too few steps", patch)
    assert diagnosis.verdict == "bad"
    data["params"]["batch_size"] = 16
    assert "Too few steps" not in [found.title for found in judge(tmp_path / "b", data).causes]


def test_a_single_epoch_is_too_few_before_anything_is_said_of_popularity(tmp_path: Path) -> None:
    """`train --epochs 1`: settings that are as they should be explain nothing."""
    data = healthy(1, train_rows=6_000, batch_size=50)  # 120 steps
    data["loss"]["loss"] = data["loss"]["val_loss"] = [3.8]  # ln 50 is 3.9
    set_recall(data, 0.1, popularity=0.1)
    first, *later = judge(tmp_path / "run", data).causes
    assert (first.title, first.patch) == ("Too few steps", {"model.epochs": 8})
    assert "in one epoch" in first.evidence[0]
    assert not any("as they should be" in each.help for each in later)


def test_stopping_on_val_loss_while_recall_rises_is_seen(tmp_path):  # P53
    data = healthy(6, epochs=200, stopped_early=True)
    data["loss"]["val_loss"] = [6.0, 5.8, 5.7, 5.8, 5.9, 6.0]
    data["recall"]["val_recall_at_100"] = [0.1, 0.2, 0.25, 0.3, 0.35, 0.4]
    found = cause(judge(tmp_path / "run", data), "RD303")
    assert found.confidence == "high"
    assert "stopped after 6 of 200 epochs" in found.evidence[0]
    assert "still rising: 0.3500 to 0.4000" in found.evidence[1]


def test_stopping_after_recall_has_stopped_is_right(tmp_path):
    data = healthy(6, epochs=200, stopped_early=True)
    data["loss"]["val_loss"] = [6.0, 5.8, 5.7, 5.8, 5.9, 6.0]
    data["recall"]["val_recall_at_100"] = [0.1, 0.4, 0.41, 0.4, 0.4, 0.4]
    assert codes(judge(tmp_path / "run", data)) == []


@pytest.mark.parametrize(
    ("own", "verdict", "confidence"),
    [(0.10, "bad", "high"), (0.145, "bad", "medium"), (0.155, "at_risk", "medium")],
)
def test_recall_has_to_beat_popularity_by_more_than_noise(tmp_path, own, verdict, confidence):
    data = healthy()
    set_recall(data, own, popularity=0.15)
    diagnosis = judge(tmp_path / "run", data)
    assert (diagnosis.verdict, cause(diagnosis, "RD304").confidence) == (verdict, confidence)


def test_a_measured_interval_counts_more_than_the_rows(tmp_path):
    data = healthy()
    set_recall(data, 0.165, popularity=0.15)  # within noise for 2,000 rows
    assert judge(tmp_path / "rows", data).verdict == "at_risk"
    narrow = {"value": 0.165, "low": 0.16, "high": 0.17}
    data["evaluation"] = {"model": {"all": {"recall_at_100": narrow}}}
    assert judge(tmp_path / "interval", data).verdict == "good"


def test_validation_counts_where_there_is_no_test(tmp_path):
    data = healthy()
    data["final_metrics"] = {"val_popularity_recall_at_100": 0.29}
    found = cause(judge(tmp_path / "run", data), "RD304")
    assert "validation recall@100 of rows" in found.evidence[0]


_WIDE, _NARROW = {"low": 0.05, "high": 0.13}, {"low": 0.08, "high": 0.10}
_PAIRED = {"lead_low": -0.06, "lead_high": -0.01}


@pytest.mark.parametrize(
    ("popular", "expected", "found"),
    [
        ({"value": 0.09, **_NARROW}, "at_risk", ["RD305"]),
        ({"value": 0.09, **_WIDE}, "good", []),  # within noise
        (
            {"value": 0.09, **_WIDE, **_PAIRED},
            "at_risk",
            ["RD305"],
        ),  # on the same buyers, it is not
        ({"value": 0.09, **_NARROW, "lead_low": -0.06, "lead_high": 0.01}, "good", []),
        ({"value": 0.09}, "good", []),  # nothing is known of the noise
        ({"value": 0.02, **_NARROW}, "good", []),
    ],
)
def test_repeats_alone_are_seen_in_new_pairs(tmp_path, popular, expected, found):
    data = healthy()
    new = {"value": 0.05, "low": 0.04, "high": 0.06}
    data["evaluation"] = {
        "model": {"new": {"recall_at_100": new}},
        "popularity": {"new": {"recall_at_100": popular}},
    }
    diagnosis = judge(tmp_path / "run", data)
    assert (diagnosis.verdict, codes(diagnosis)) == (expected, found)


@pytest.mark.parametrize(("own", "is_taken"), [(0.11, True), (0.05, False)])
def test_past_products_may_take_the_places_of_new_ones(tmp_path, own, is_taken):
    data = healthy()
    popular = {"recall_at_100": {"value": 0.09, **_NARROW}}
    ours = {"value": own, "low": own - 0.01, "high": own + 0.01}
    data["evaluation"] = {
        "model": {
            "new": {"recall_at_100": {"value": 0.05, "low": 0.04, "high": 0.06}},
            "new_filtered": {"recall_at_100": ours},
        },
        "popularity": {"new": popular, "new_filtered": popular},
    }
    found = cause(judge(tmp_path / "run", data), "RD305")
    assert any("taken by what buyers had" in each for each in found.evidence) == is_taken
    assert found.help.startswith("Where new products are wanted, leave out") == is_taken


# inputs: RD4xx


def test_a_random_split_with_a_buyer_id_leaks(tmp_path, experiment):  # P26
    split = {"kind": "random", "date_column": "bought_at"}
    diagnosis = judge(tmp_path / "run", healthy(), {**experiment, "data": {"split": split}})
    found = cause(diagnosis, "RD401")
    assert (diagnosis.verdict, found.confidence) == ("at_risk", "high")
    assert found.patch == {"data.split.kind": "strict_time"}


def test_no_split_gets_one_by_the_time_that_is_known(tmp_path, experiment):
    features = {**experiment["features"]}
    time = {"column": "seen", "data_type": "temporal", "transforms": {"cyclical": {"weekly": True}}}
    features["buyer_model_features"] = [*features["buyer_model_features"], time]
    config = {**experiment, "features": features, "data": {}}
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "purchases.parquet").touch()  # recgen train drew the rows
    diagnosis = judge(folder, healthy(), config)
    found = cause(diagnosis, "RD401")
    assert (diagnosis.verdict, found.confidence) == ("at_risk", "medium")
    assert found.patch == {"data.split": {"kind": "strict_time", "date_column": "seen"}}


def test_who_split_elsewhere_is_asked_only(tmp_path, experiment):
    config = {**experiment, "data": {}}
    diagnosis = judge(tmp_path / "run", healthy(), config)
    assert (diagnosis.verdict, cause(diagnosis, "RD401").confidence) == ("good", "low")


def test_validation_far_above_the_test_is_no_later_day(tmp_path):
    data = healthy()
    for k in (5, 10, 50, 100):
        data["recall"][f"val_recall_at_{k}"] = [0.5, 0.6, 0.62, 0.62, 0.62, 0.62, 0.62, 0.62]
    assert "RD401" in codes(judge(tmp_path / "run", data))


def test_the_answer_in_a_tower_is_named_and_taken_out(tmp_path, experiment):  # P27
    features = {**experiment["features"]}
    answer = {"column": "sku", "data_type": "text"}
    features["buyer_model_features"] = [*features["buyer_model_features"], answer]
    data = healthy()
    set_recall(data, 0.97, popularity=0.15)
    diagnosis = judge(tmp_path / "run", data, {**experiment, "features": features})
    found = cause(diagnosis, "RD402")
    assert (diagnosis.verdict, found.confidence) == ("bad", "high")
    assert found.patch == {"features.buyer_model_features[2]": REMOVED}


def test_what_is_too_good_is_doubted_without_a_config(tmp_path):
    data = healthy()
    set_recall(data, 0.97, popularity=0.15)
    assert judge(tmp_path / "run", data).verdict == "bad"
    data["params"]["candidates"] = 6  # of six products, five are found easily
    assert "RD402" not in codes(judge(tmp_path / "few", data))


def test_transactions_as_candidates_are_seen(tmp_path, experiment):  # P65
    assert "RD403" in codes(judge(tmp_path / "rows", healthy(candidates=20_000)))
    folder = tmp_path / "vocabulary"
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "sku_vocab").write_text("a\n" * 3000)
    found = cause(judge(folder, healthy(candidates=3600), experiment), "RD403")
    assert found.evidence == ("there are 3,600 candidates, but the vocabulary has 3,000 products",)


def test_a_trainer_of_another_transform_is_broken(tmp_path, experiment):  # P72, P74
    folder = tmp_path / "run"
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "sku_vocab").write_text("a\n" * 4000)
    (folder / "trainer_module.py").write_text('# config: 0123456789ab\nX = "item_vocab"\n')
    (folder / "transform_module.py").write_text("# config: ba9876543210\n")
    data = healthy(config_digest="0000000000aa")
    diagnosis = judge(folder, data, experiment)
    told = " ".join(cause(diagnosis, "RD404").evidence)
    assert diagnosis.verdict == "broken"
    assert "the trainer reads 'item_vocab', which the transform did not write" in told
    assert "come from different configs" in told
    assert "the metrics are from config 0000000000aa" in told
    assert any("was changed after the training" in note for note in diagnosis.notes)


def test_modules_whose_headers_name_two_transforms_do_not_belong_together(tmp_path, experiment):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "trainer_module.py").write_text(
        '# transform: 0123456789ab\n        "config_digest": "00aa00aa00aa",\n'
    )
    (folder / "transform_module.py").write_text("# transform: ba9876543210\n")
    told = " ".join(
        cause(judge(folder, healthy(config_digest="00aa00aa00aa"), experiment), "RD404").evidence
    )
    assert "trainer_module.py has transform: 0123456789ab" in told
    assert "the metrics are from config" not in told
    (folder / "transform_module.py").write_text("# config: ba9876543210\n")  # of an older version
    assert "RD404" not in codes(judge(folder, healthy(config_digest="00aa00aa00aa"), experiment))


def test_products_out_of_vocabulary_are_counted(tmp_path, experiment):  # P39
    shares = {"eval": 0.01, "test": 0.12, "odd": "x"}
    data = healthy(unknown_products=shares)
    plain = cause(judge(tmp_path / "plain", data, experiment), "RD405")
    assert plain.evidence == ("12.0% of the test rows have a product that the training rows lack",)
    assert (plain.confidence, plain.patch) == ("medium", None)
    sku = {**experiment["features"]["product_model_features"][0]}
    sku["transforms"] = {"embedding": {"vocab_size": 1000}}
    features = {**experiment["features"], "product_model_features": [sku]}
    cut = cause(judge(tmp_path / "cut", data, {**experiment, "features": features}), "RD411")
    assert "vocab_size 1000" in cut.evidence[1]
    assert cut.evidence[1].endswith("(RG119)")
    path = "features.product_model_features[0].transforms.embedding.vocab_size"
    assert (cut.confidence, cut.patch) == ("high", {path: REMOVED})
    assert "RD405" not in codes(judge(tmp_path / "few", healthy(unknown_products={"test": 0.02})))


# files: RD5xx


def test_a_run_without_metrics_is_broken_and_its_log_is_quoted(tmp_path, experiment):  # P52
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "train.log").write_text("Traceback\n  run()\n  ~~~^^^^\nValueError: no rows\n\n")
    diagnosis = judge(folder, None, experiment)
    assert diagnosis.verdict == "broken"
    assert diagnosis.causes[0].code == "RD501"
    ends = ["the log ends: run()", "the log ends: ValueError: no rows"]
    assert list(diagnosis.causes[0].evidence[-2:]) == ends
    assert codes(judge(tmp_path / "none", healthy(0))) == ["RD501"]


def test_a_config_that_cannot_be_read_is_not_one_that_is_missing(tmp_path):
    run_of(tmp_path / "run", healthy())
    assert "there is no config.yaml: the towers" in diagnose(load_run(tmp_path / "run")).notes[0]
    (tmp_path / "run" / "config.yaml").write_text("{")
    assert "config.yaml cannot be read" in diagnose(load_run(tmp_path / "run")).notes[0]


def test_what_was_not_measured_cannot_be_good(tmp_path):
    data = healthy()
    data["recall"], data["final_metrics"] = {}, {}
    found = cause(judge(tmp_path / "recall", data), "RD502")
    assert (found.confidence, found.verdict) == ("high", "at_risk")
    del data["loss"]["loss"], data["loss"]["total_loss"]
    found = cause(judge(tmp_path / "loss", data), "RD502")
    assert found.evidence[0] == "there is no training loss"


def test_odd_files_of_good_runs_are_a_remark(tmp_path):
    data = healthy()
    data["gradient"]["query"] = [1.0]
    diagnosis = judge(tmp_path / "run", data)
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", ["RD502"])
    assert "gradient.query has 1 value for 8 epochs" in diagnosis.causes[0].evidence


def test_a_training_that_was_killed_did_not_finish(tmp_path):  # P52
    data = healthy(4, epochs=12)
    data["final_metrics"] = {}
    data["recall"]["val_recall_at_100"] = [0.2, 0.3, 0.3, 0.3]
    found = cause(judge(tmp_path / "run", data), "RD503")
    assert found.evidence[:2] == ("4 of 12 epochs were trained", "there are no test figures")
    stopped = healthy(4, epochs=12, stopped_early=True)
    assert "RD503" not in codes(judge(tmp_path / "early", stopped))


# the registry


def test_codes_are_in_order_and_explained():
    assert list(KINDS) == sorted(KINDS)
    for code, kind in KINDS.items():
        assert code == kind.code
        assert all(text.endswith(".") for text in (kind.reason, kind.signs, kind.remedy))
        assert not kind.title.endswith(".")


def test_every_cause_is_named_by_a_test():
    text = "".join(path.read_text("utf-8") for path in TESTS.glob("test_*.py"))
    assert not [code for code in KINDS if code not in text]


def test_the_page_of_all_causes_is_current():
    page = (TESTS.parent / "docs" / "causes.md").read_text(encoding="utf-8")
    assert page == causes_page(), "run `make docs`"
    for code in KINDS:
        assert f"| [{code}](#{code.lower()}) |" in page
        assert f"\n### {code}\n" in page


def test_paths_of_patches_are_locations():
    assert location_of("model.buyer_tower_layers[12].activation") == (
        *("model", "buyer_tower_layers", 12, "activation"),
    )
    for path in ("", "a..b", "a['b']", "a[x]", " a"):
        with pytest.raises(ValueError, match="is not a path of a patch"):
            location_of(path)


def test_a_diagnosis_is_plain_json(tmp_path):
    plain = diagnose(run_of(tmp_path / "run", dead(learning_rate=0.1))).as_dict()
    first = json.loads(json.dumps(plain))["causes"][0]
    assert (plain["verdict"], first["code"], first["confidence"]) == ("bad", "RD101", "high")
    step = {"path": "model.learning_rate", "op": "set", "value": 0.05, "safe": False}
    assert first["patch"] == [step]
