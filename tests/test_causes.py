"""Causes that are settings or data: each with a run that has it, and fine runs without it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diagnoses import Plain, cause, codes, healthy, judge, run_of, set_recall

from recgen.analysis import REMOVED, diagnose
from recgen.analysis.evidence import Evidence
from recgen.check import check
from recgen.findings import Finding

K = 100
CHANCE = K / 3600
Change = Callable[[Plain], None]


def with_test(data: Plain, own: float, *, new: float = 0.1, history: float = 0.2) -> Plain:
    """Gives a run a test by pairs; popularity has 0.15, and 0.08 of new pairs."""
    names = [f"recall_at_{k}" for k in (5, 10, 50, 100)]

    def part(value: float, of_new: float) -> Plain:
        views = {"all": value, "new": of_new}
        figures = {
            view: {
                name: {"value": found, "low": max(found - 0.01, 0.0), "high": found + 0.01}
                for name in names
            }
            for view, found in views.items()
        }
        return {**figures, "coverage_at_100": None}

    data["loss"]["regularization_loss"] = [0.0] * len(data["epochs"])
    data["evaluation"] = {
        "pairs": {"all": 1500, "new": 700, "left_out": 100},
        "model": part(own, new),
        "popularity": part(0.15, 0.08),
        "own_history": part(history, 0.02),
    }
    set_recall(data, own, popularity=0.15)
    return data


def poor(count: int = 8, own: float = 0.05, **params: Any) -> Plain:
    """Returns a run that is below popularity, whose loss nearly stands still."""
    data = with_test(healthy(count, **params), own, new=0.03)
    data["loss"]["loss"] = [6.90 - 0.001 * epoch for epoch in range(count)]
    data["loss"]["val_loss"] = list(data["loss"]["loss"])
    return data


def fine(count: int = 8, **params: Any) -> Plain:
    return with_test(healthy(count, **params), 0.3, new=0.13)


def with_model(experiment: Plain, **model: Any) -> Plain:
    return {**experiment, "model": {**experiment["model"], **model}}


def nothing(data: Plain) -> None:
    """Changes nothing."""


def blown_up(data: Plain) -> None:
    data["loss"]["loss"] = [40.0] * len(data["epochs"])


def penalized(data: Plain) -> None:
    count = len(data["epochs"])
    data["loss"]["regularization_loss"] = [900 / 10**epoch for epoch in range(count)]


def clipped(data: Plain) -> None:
    data["gradient"]["total"] = [0.15] * len(data["epochs"])
    data["health"] = {tower: {"update_ratio": [0.0003] * 8} for tower in ("query", "candidate")}


def asleep(data: Plain) -> None:
    data["health"] = {"query": {"update_ratio": [0.5, 0.1, *[1e-6] * 6]}}


def noisy(data: Plain) -> None:
    data["loss"]["val_loss"] = [value - 1 for value in data["loss"]["loss"]]


DROP = {"type": "dropout", "rate": 0.9}
HALF = {"type": "dropout", "rate": 0.5}
LAYER = {"type": "dense", "units": 64, "activation": "linear"}
BOTH = ("buyer_tower_layers", "product_tower_layers")


def both(*layers: Plain) -> Plain:
    return {side: list(layers) for side in BOTH}


SETTINGS: dict[str, tuple[str, Plain, Change, Plain]] = {
    "low temperature": ("RD210", {"temperature": 0.001}, blown_up, {"model.temperature": 1.0}),
    "low temperature of cosines": (
        *("RD210", {"temperature": 0.002, "normalize_embeddings": True}),
        *(blown_up, {"model.temperature": 0.1}),
    ),
    "high temperature of cosines": (
        *("RD210", {"temperature": 1.0, "normalize_embeddings": True}),
        *(nothing, {"model.temperature": 0.1}),
    ),
    "high temperature": ("RD210", {"temperature": 50.0}, nothing, {"model.temperature": 1.0}),
    "l2": (
        *("RD211", both({**LAYER, "l2_reg": 10.0}), penalized),
        {f"model.{side}[0].l2_reg": 0.0 for side in BOTH},
    ),
    "l1": (
        *("RD211", both({**LAYER, "l1_reg": 0.1}), penalized),
        {f"model.{side}[0].l1_reg": 0.0 for side in BOTH},
    ),
    "dropout": (
        *("RD212", both(DROP, LAYER), noisy),
        {f"model.{side}[0].rate": 0.1 for side in BOTH},
    ),
    "three dropouts": (
        *("RD212", {**both(HALF, LAYER, HALF), "output_dropout": 0.5}, noisy),
        {
            **{f"model.{side}[{index}].rate": 0.1 for side in BOTH for index in (0, 2)},
            "model.output_dropout": 0.2,
        },
    ),
    "output dropout": ("RD212", {"output_dropout": 0.9}, nothing, {"model.output_dropout": 0.2}),
    "hidden buyers": (
        "RD212",
        {"buyer_id_dropout": 0.95},
        nothing,
        {"model.buyer_id_dropout": 0.1},
    ),
    "short vectors": (
        *("RD213", {"embedding_max_norm": 0.05}),
        *(nothing, {"model.embedding_max_norm": None}),
    ),
    "tight clipping": (
        *("RD214", {"gradient_clip_norm": 1e-6}),
        *(clipped, {"model.gradient_clip_norm": 1.0}),
    ),
    "tight clipping with adam": (
        *("RD214", {"gradient_clip_norm": 1e-6, "optimizer": "adam", "learning_rate": 0.005}),
        *(clipped, {"model.gradient_clip_norm": 1.0}),
    ),
    "a schedule that ends": (
        *("RD215", {"learning_rate_schedule": "plateau"}),
        *(asleep, {"model.learning_rate_schedule": "constant"}),
    ),
}


def trained(model: Plain) -> Plain:
    """Returns what a trainer says of these settings."""
    return {name: model[name] for name in ("optimizer", "learning_rate") if name in model}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_holds_training_back_is_the_first_cause(tmp_path, experiment, name):
    code, model, change, patch = SETTINGS[name]
    data = poor(**trained(model))
    change(data)
    diagnosis = judge(tmp_path / "run", data, with_model(experiment, **model))
    first = diagnosis.causes[0]
    assert (diagnosis.verdict, first.code, first.verdict) == ("bad", code, "bad")
    assert (first.confidence, first.explains) in (("high", True), ("medium", True))
    assert dict(first.patch) == patch
    assert diagnosis.first_patch == first


def test_below_a_cause_that_explains_no_outcome_has_advice_of_its_own(tmp_path, experiment):
    """After four steps, neither a lower rate nor fewer epochs is what helps."""
    model = {"learning_rate": 0.1, "epochs": 2, **both()}
    data = poor(2, learning_rate=0.1, train_rows=2100)
    few, *others = judge(tmp_path / "run", data, with_model(experiment, **model)).causes
    assert (few.code, few.help) == ("RD302", "Train longer, in smaller batches.")
    told = {each.code: each.help for each in others if not each.patch}
    assert told["RD304"] == "The first cause explains it."
    data["params"]["train_rows"] = 200_000
    told = {c.code: c.help for c in judge(tmp_path / "many", data, experiment).causes}
    assert "RD302" not in told
    assert "RD304" in told
    assert "The first cause explains it." not in told.values()


@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_setting_is_no_cause_in_a_run_that_went_well(tmp_path, experiment, name):
    code, model, _, _ = SETTINGS[name]
    data = fine(**trained(model))
    assert code not in codes(judge(tmp_path / "run", data, with_model(experiment, **model)))


@pytest.mark.parametrize("code", sorted({code for code, *_ in SETTINGS.values()}))
def test_a_poor_run_with_usual_settings_has_none_of_these_causes(tmp_path, experiment, code):
    data = poor()
    clipped(data)
    assert code not in codes(judge(tmp_path / "run", data, experiment))


def learnt(data: Plain) -> None:
    data["loss"]["loss"] = [6.9 - 0.2 * epoch for epoch in range(len(data["epochs"]))]


@pytest.mark.parametrize(
    ("change", "layers", "is_blamed"),
    [(learnt, {}, False), (blown_up, {}, True), (learnt, both(LAYER, LAYER), True)],
)
def test_a_rate_that_trains_towers_without_layers_is_not_blamed_for_the_data(
    tmp_path, experiment, change, layers, is_blamed
):
    """Adagrad trains with 0.1, which is above the rate that is safe on any data."""
    model = {"learning_rate": 0.1, **both(), **layers}
    data = poor(own=0.15, learning_rate=0.1)
    change(data)
    found = judge(tmp_path / "run", data, with_model(experiment, **model))
    assert ("RD201" in codes(found)) == is_blamed
    changes = {path for each in found.causes for path in each.patch or {}}
    assert ("model.learning_rate" in changes) == is_blamed


def test_gradients_that_blow_up_are_not_clipped_too_tightly(tmp_path, experiment):
    data = poor()
    blown_up(data)
    data["gradient"]["total"] = [600.0] * 8
    assert "RD214" not in codes(judge(tmp_path / "run", data, experiment))


def test_adam_takes_the_same_steps_whatever_is_clipped(tmp_path, experiment):
    model = {"gradient_clip_norm": 0.001, "optimizer": "adam", "learning_rate": 0.005}
    data = poor(**trained(model))
    data["gradient"]["total"] = [0.15] * 8
    data["health"] = {"query": {"update_ratio": [0.5] * 8}}
    assert "RD214" not in codes(judge(tmp_path / "run", data, with_model(experiment, **model)))


def test_a_penalty_is_seen_without_a_config(tmp_path):
    data = poor()
    penalized(data)
    found = cause(judge(tmp_path / "run", data), "RD211")
    assert found.evidence[0].startswith("the penalty was more than 99% of the total loss")
    assert found.patch is None


def test_one_epoch_of_warmup_cosine_ends_at_once(tmp_path, experiment):
    model = {"learning_rate_schedule": "warmup_cosine", "epochs": 1}
    found = judge(tmp_path / "run", poor(1), with_model(experiment, **model)).causes[0]
    patch = {"model.learning_rate_schedule": "constant", "model.epochs": 8}
    assert (found.code, dict(found.patch)) == ("RD215", patch)


# purchases


def by_rows(data: Plain, pairs: int, popularity: float) -> Plain:
    """Gives a test fewer pairs than rows, and popularity another recall by pairs."""
    data["evaluation"]["pairs"] = {"all": pairs, "new": pairs // 2, "left_out": 0}
    for figure in data["evaluation"]["popularity"]["all"].values():
        figure |= {"value": popularity, "low": popularity - 0.01, "high": popularity + 0.01}
    return data


def test_few_products_are_groups(tmp_path, experiment):
    data = with_test(healthy(candidates=5), 1.0, new=1.0, history=1.0)
    set_recall(data, 1.0, popularity=1.0)
    diagnosis = judge(tmp_path / "run", data, experiment)
    found = cause(diagnosis, "RD407")
    assert (diagnosis.verdict, diagnosis.causes[0]) == ("at_risk", found)
    assert "has 5 values: a list of 10 holds them all" in found.evidence[0]
    assert "4,000 for each" in found.evidence[1]
    assert "RD407" not in codes(judge(tmp_path / "fine", fine(candidates=40), experiment))


def test_products_with_hardly_a_row_are_lines(tmp_path, experiment):
    data = poor(candidates=15_000, unknown_products={"test": 0.9})
    found = judge(tmp_path / "run", data, experiment).causes[0]
    assert found.code == "RD407"
    assert found.evidence[0].endswith("has 15,000 values in 20,000 training rows")
    assert found.evidence[1] == "90% of the test rows have a value that the training rows lack"
    assert "RD407" not in codes(judge(tmp_path / "sparse", fine(candidates=6000), experiment))


def test_buyers_who_never_come_back_are_invoices(tmp_path, experiment):
    shares = {split: {"customer_id": 0.97, "sku": 0.0} for split in ("eval", "test")}
    data = poor(unknown_ids={"train": {"customer_id": 0.0}, **shares})
    found = judge(tmp_path / "run", data, experiment).causes[0]
    assert (found.code, found.explains) == ("RD407", True)
    assert found.evidence[0].startswith("97% of the validation and test rows have a 'customer_id'")
    shares = {"eval": {"customer_id": 0.2}, "test": {"customer_id": 0.95}}
    assert "RD407" not in codes(judge(tmp_path / "new", fine(unknown_ids=shares), experiment))


@pytest.mark.parametrize("name", ["tight clipping", "short vectors", "l2"])
def test_what_a_final_layer_counts_does_not_hide_towers_that_know_nothing(
    tmp_path, experiment, name
):
    code, model, change, _ = SETTINGS[name]
    data = poor(own=0.3)
    with_test(data, 0.3, new=0.13)
    change(data)
    diagnosis = judge(tmp_path / "run", data, with_model(experiment, **model))
    assert (diagnosis.verdict, diagnosis.causes[0].code) == ("at_risk", code)


def test_one_buyer_shows_in_popularity_by_rows_and_by_pairs(tmp_path, experiment):
    data = by_rows(poor(own=0.16), pairs=500, popularity=0.05)
    found = judge(tmp_path / "run", data, experiment).causes[0]
    assert (found.code, found.confidence) == ("RD408", "medium")
    assert "4.0 rows for each pair" in found.evidence[0]
    assert "3.0 times as many of its rows" in found.evidence[0]
    for pairs, popularity in ((500, 0.15), (1500, 0.05)):
        data = by_rows(fine(), pairs, popularity)
        assert "RD408" not in codes(judge(tmp_path / f"{pairs}", data, experiment))


def test_repeated_rows_show_in_the_numbers_of_rows(tmp_path, experiment):
    rows = {"train_rows": 20_000, "eval_rows": 1000, "test_rows": 2000}
    diagnosis = judge(tmp_path / "run", by_rows(fine(**rows), 180, 0.15), experiment)
    found = cause(diagnosis, "RD409")
    assert (diagnosis.verdict, found.confidence) == ("at_risk", "medium")
    assert found.evidence[0].endswith("each row may be there 10 times")
    odd = {"train_rows": 20_001, "eval_rows": 1000, "test_rows": 2000}
    assert "RD409" not in codes(
        judge(tmp_path / "odd", by_rows(fine(**odd), 180, 0.15), experiment)
    )
    assert "RD409" not in codes(judge(tmp_path / "fine", fine(**rows), experiment))


def by_time(experiment: Plain) -> Plain:
    split = {"kind": "strict_time", "date_column": "bought_at", "validation": 0.05, "test": 0.1}
    return {**experiment, "data": {"split": split}}


def test_rows_without_a_time_and_a_test_of_most_rows_are_wrong_dates(tmp_path, experiment):
    account = {"read": 24_000, "without_time": 2000, "train": 2000, "eval": 1000, "test": 19_000}
    rows = {"train_rows": 2000, "eval_rows": 1000, "test_rows": 19_000}
    data = {**fine(**rows), "data": account}
    found = cause(judge(tmp_path / "run", data, by_time(experiment)), "RD410")
    assert found.evidence[0].startswith("2,000 of 24,000 rows have no time that counts")
    assert found.evidence[1].startswith("the last 10% of the time have 86% of the rows")
    assert (found.confidence, found.explains) == ("high", True)
    assert "RD410" not in codes(judge(tmp_path / "fine", fine(), by_time(experiment)))


def test_a_recall_that_falls_with_the_season_is_a_drift(tmp_path, experiment):
    data = fine()
    for k in (5, 10, 50, 100):
        data["final_metrics"][f"test_recall_at_{k}"] = 0.1
        data["final_metrics"][f"test_popularity_recall_at_{k}"] = 0.05
        data["final_metrics"][f"val_popularity_recall_at_{k}"] = 0.15
    diagnosis = judge(tmp_path / "run", data, by_time(experiment))
    found = cause(diagnosis, "RD412")
    assert (diagnosis.verdict, found.confidence) == ("at_risk", "high")
    assert found.evidence[1].startswith("popularity fell too, from 0.1500 to 0.0500")
    assert found.patch == {"model.recency_half_life_days": 50}
    assert "RD401" not in codes(diagnosis)
    set_recall(data, 0.1)  # it was not good before, either
    assert "RD412" not in codes(judge(tmp_path / "never", data, by_time(experiment)))
    assert "RD412" not in codes(judge(tmp_path / "fine", fine(), by_time(experiment)))


def test_rows_of_new_products_are_no_drift(tmp_path, experiment):
    data = fine(unknown_products={"eval": 0.0, "test": 0.6})
    data["final_metrics"] |= {f"test_recall_at_{k}": 0.12 for k in (5, 10, 50, 100)}
    diagnosis = judge(tmp_path / "run", data, by_time(experiment))
    assert (diagnosis.verdict, diagnosis.causes[0].code) == ("at_risk", "RD405")
    assert "RD412" not in codes(diagnosis)


def test_a_test_of_strangers_after_a_validation_of_known_buyers(tmp_path, experiment):
    counts = {"all": 720, "new": 360, "left_out": 1080, "unknown_buyers": 1080}
    data = with_test(healthy(), 0.3, new=0.2, history=0.2)
    data["evaluation"]["pairs"] = counts
    found = judge(tmp_path / "pairs", data, experiment)
    assert (found.verdict, found.causes[0].code) == ("at_risk", "RD415")
    assert found.causes[0].evidence[0].startswith("60% of the test's pairs")
    data["params"]["unknown_buyers"] = {"eval": 0.97, "test": 0.6}  # nor are they known there
    assert "RD415" not in codes(judge(tmp_path / "nowhere", data, experiment))
    data["params"]["unknown_buyers"]["eval"] = 0.0
    assert "RD415" in codes(judge(tmp_path / "known", data, experiment))
    data["evaluation"]["pairs"] = {**counts, "shown_as_unknown": 1080}  # none is unknown
    del data["params"]["unknown_buyers"]
    assert "RD415" not in codes(judge(tmp_path / "shown", data, experiment))
    data["evaluation"]["pairs"] = {**counts, "left_out": 100, "unknown_buyers": 100}
    assert "RD415" not in codes(judge(tmp_path / "some", data, experiment))


def with_own_history(data: dict[str, Any], **shares: float) -> dict[str, Any]:
    """Returns metrics in which buyers' own histories find so much more than what is popular."""
    final = data["final_metrics"]
    for k in (5, 10, 50, 100):
        for split, more in shares.items():
            popular = final.setdefault(f"{split}_popularity_recall_at_{k}", 0.1)
            final[f"{split}_own_history_recall_at_{k}"] = popular + more
    return data


def test_whoever_has_no_past_gets_what_is_popular(tmp_path, experiment):
    """A vocabulary of all rows knows all buyers; own history tells that nobody has one."""
    data = with_own_history(fine(), val=0.01, test=0.0)
    assert "RD415" in codes(judge(tmp_path / "test", data, experiment))
    data = with_own_history(fine(), val=0.0, test=0.0)
    found = codes(judge(tmp_path / "both", data, experiment))
    assert "RD415" not in found
    assert "RD407" in found
    data = with_own_history(fine(), val=0.01, test=0.01)
    assert not {"RD407", "RD415"} & {*codes(judge(tmp_path / "none", data, experiment))}


def test_a_training_that_was_stopped_after_few_steps_had_too_few(tmp_path, experiment):
    said = {"failure": "Epoch 5: …", "failure_kind": "not_learning", "failure_epoch": 4}
    data = poor(count=5, steps_per_epoch=1, batch_size=20_000, **said)
    assert judge(tmp_path / "few", data, experiment).causes[0].code == "RD302"
    data = poor(count=5, steps_per_epoch=100, batch_size=200, **said)
    assert "RD302" not in codes(judge(tmp_path / "many", data, experiment))


@pytest.mark.parametrize(("first", "five", "is_found"), [(0.6, 0.63, True), (0.3, 0.6, False),
                                                         (0.1, 0.11, False)])  # fmt: skip
def test_a_product_that_is_in_most_test_rows(tmp_path, experiment, first, five, is_found):
    data = fine()
    shares = {"test_popularity_recall_at_1": first, "test_popularity_recall_at_5": five}
    data["final_metrics"] |= shares
    diagnosis = judge(tmp_path / "run", data, experiment)
    assert ("RD416" in codes(diagnosis)) == is_found
    assert diagnosis.verdict == ("at_risk" if is_found else "good")
    data["params"]["candidates"] = 8
    assert "RD416" not in codes(judge(tmp_path / "few", data, experiment))


def test_postage_that_is_bought_again_is_no_staple(tmp_path, experiment):
    data = with_test(healthy(), 0.62, history=0.6)
    assert codes(judge(tmp_path / "staples", data, experiment)) == ["RD413"]
    shares = {"test_popularity_recall_at_1": 0.6, "test_popularity_recall_at_5": 0.63}
    data["final_metrics"] |= shares
    assert codes(judge(tmp_path / "postage", data, experiment)) == ["RD416"]


def test_an_old_file_that_was_loaded_again_is_no_staple(tmp_path, experiment):
    run = run_of(tmp_path / "run", with_test(healthy(), 0.62, history=0.6), experiment)
    replayed = Finding("RG582", "warning", "data", "the last rows are earlier ones", "")
    evidence = Evidence(findings=(*check(run.config).findings, replayed))
    assert codes(diagnose(replace(run, evidence=evidence))) == ["RD409"]


def test_a_test_of_unknown_products_alone_is_no_drift(tmp_path, experiment):
    data = fine(unknown_products={"eval": 0.02, "test": 1.0})
    for name in (n for n in data["final_metrics"] if n.startswith("test_") and "recall" in n):
        data["final_metrics"][name] = 0.0
    data.pop("evaluation")
    found = judge(tmp_path / "run", data, by_time(experiment)).causes
    assert found[0].code == "RD405"
    assert "written before and after" in found[0].help
    assert not {"RD304", "RD412"} & {each.code for each in found}


def test_repurchases_explain_a_high_recall(tmp_path, experiment):
    data = with_test(healthy(), 0.92, new=0.2, history=0.91)
    data["evaluation"]["pairs"] = {"all": 1500, "new": 100, "left_out": 0}
    diagnosis = judge(tmp_path / "run", data, experiment)
    found = cause(diagnosis, "RD413")
    assert (found.verdict, found.confidence, found.patch) == ("good", "low", None)
    assert found.evidence[1] == "7% of the test pairs are new to their buyer"
    assert "RD402" not in codes(diagnosis)
    assert "RD413" not in codes(judge(tmp_path / "fine", fine(), experiment))


def test_a_model_that_does_not_know_what_is_bought_again_is_worse(tmp_path, experiment):
    data = with_test(healthy(), 0.7, new=0.05, history=0.9)
    config = with_model(experiment, final_layer="none")
    first = judge(tmp_path / "run", data, config).causes[0]
    assert (first.code, first.explains) == ("RD413", True)
    assert first.patch == {"model.final_layer": "fitted"}


# answers


def test_a_feature_that_names_the_product_lifts_new_pairs_far_above_counting(tmp_path, experiment):
    hint = {"column": "hint", "data_type": "text"}
    features = experiment["features"]
    towers = {"buyer_model_features": [*features["buyer_model_features"], hint]}
    config = {**experiment, "features": {**features, **towers}}
    data = with_test(healthy(), 0.6, new=0.43)
    diagnosis = judge(tmp_path / "run", data, config)
    found = diagnosis.causes[0]
    assert (diagnosis.verdict, found.code, found.explains) == ("bad", "RD402", True)
    assert "5.4 times what counting finds (0.0800)" in found.evidence[0]
    index = len(towers["buyer_model_features"]) - 1
    assert found.patch[f"features.buyer_model_features[{index}]"] is REMOVED
    for new in (0.29, 0.2):  # honest models have up to twice the recall of counting
        honest = with_test(healthy(), 0.35, new=new)
        assert "RD402" not in codes(judge(tmp_path / f"{new}", honest, config))


def test_what_is_known_before_the_purchase_names_no_new_product(tmp_path, experiment):
    run = run_of(tmp_path / "run", with_test(healthy(), 0.6, new=0.43), experiment)
    names = {each.output_name for each in run.config.features.buyer_model_features}
    compared = Evidence(findings=check(run.config).findings)
    for known, is_said in ((frozenset(), True), (frozenset(names), False)):
        evidence = replace(compared, known=known)
        assert ("RD402" in codes(diagnose(replace(run, evidence=evidence)))) == is_said


def test_a_list_is_removed_before_other_features(tmp_path, experiment):
    past = {
        "column": "past",
        "data_type": "history",
        "bq_type": "ARRAY<STRING>",
        "transforms": {"history": {"shared_with": "sku"}},
    }
    features = experiment["features"]
    towers = {"buyer_model_features": [*features["buyer_model_features"], past]}
    config = {**experiment, "features": {**features, **towers}}
    found = judge(tmp_path / "run", with_test(healthy(), 0.6, new=0.43), config).causes[0]
    index = len(towers["buyer_model_features"]) - 1
    assert (found.code, found.patch) == (
        *("RD402", {f"features.buyer_model_features[{index}]": REMOVED}),
    )


def test_lists_with_the_product_of_their_row_are_a_leak(tmp_path, experiment):
    data = fine(histories={"past": {"empty": 0.0, "length": 5.0, "own_product": 0.98}})
    found = cause(judge(tmp_path / "run", data, experiment), "RD402")
    assert found.evidence[0].startswith("98% of the lists in 'past' hold the product of their own")
    data = fine(histories={"past": {"empty": 0.0, "length": 5.0, "own_product": 0.6}})
    assert "RD402" not in codes(judge(tmp_path / "repeats", data, experiment))


def test_chance_is_as_in_the_shop_of_these_tests():
    assert math.isclose(CHANCE, 0.0278, abs_tol=1e-4)


@pytest.mark.parametrize(
    ("entries", "unknown", "is_foreign"),
    [
        (3600, 0.0, False),
        (3700, 0.0, True),
        (4000, 0.3, False),
        (3000, 0.3, True),
    ],
)
def test_a_vocabulary_has_the_products_of_the_metrics_and_new_ones(
    tmp_path, experiment, entries, unknown, is_foreign
):
    folder: Path = tmp_path / "run"
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "sku_vocab").write_text("\n".join(map(str, range(entries))))
    data = fine(unknown_products={"eval": 0.0, "test": unknown})
    assert ("RD404" in codes(diagnose(run_of(folder, data, experiment)))) == is_foreign


def test_metrics_of_another_catalogue_or_width_are_foreign(tmp_path, experiment):
    data = fine(embedding_dim=128)
    diagnosis = judge(tmp_path / "width", data, with_model(experiment, output_embedding_dim=64))
    assert diagnosis.causes[0].code == "RD404"
    assert diagnosis.verdict == "broken"
    assert diagnosis.causes[0].evidence[0].startswith("the metrics are of vectors 128 wide")
    folder: Path = tmp_path / "catalogue"
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    name = run_of(folder, fine(), experiment).config.features.product_id
    (assets / f"{name}_vocab").write_text("\n".join(map(str, range(1000))))
    diagnosis = diagnose(run_of(folder, fine(), experiment))
    assert diagnosis.causes[0].code == "RD404"
    assert "have 3,600 products, and the vocabulary next to them 1,000" in (
        diagnosis.causes[0].evidence[0]
    )
