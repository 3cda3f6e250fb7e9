"""Causes RD1xx: models that died, never began to learn, or know popularity alone."""

from __future__ import annotations

import math

import pytest
from diagnoses import DEEP, cause, codes, dead, healthy, judge, older, set_recall

from recgen.analysis.diagnosis import fixes
from recgen.check import check
from recgen.edit import apply


def test_zero_gradients_are_a_collapse(tmp_path):  # P42
    diagnosis = judge(tmp_path / "run", dead(learning_rate=0.1))
    assert diagnosis.verdict == "bad"
    assert diagnosis.causes[0].code == "RD101"
    assert "zero from epoch 1 to the last epoch, 3" in diagnosis.causes[0].evidence[0]
    assert diagnosis.causes[0].patch == {"model.learning_rate": 0.05}


def test_a_collapse_within_the_first_epoch_shows_in_the_last_batch_alone(tmp_path):  # P48
    """The epoch's mean norm is not zero then, and the loss was never constant."""
    data = healthy(1, gradient_collapse_detected=True, gradient_collapse_epoch=0)
    data["params"]["failure"] = "Epoch 1: Training collapsed, dead towers: query, candidate."
    for tower in ("query", "candidate"):
        data["gradient"][tower] = [3.0]
        data["gradient_stats"][tower]["norm"] = [0.0]
    set_recall(data, 0.0)
    diagnosis = judge(tmp_path / "run", data)
    assert diagnosis.causes[0].code == "RD101"
    assert diagnosis.causes[0].evidence[0].endswith("dead towers: query, candidate.")
    assert "zero at the end of epoch 1, the last one" in diagnosis.causes[0].evidence[1]
    assert "RD302" not in codes(diagnosis)


@pytest.mark.parametrize("rows", [154, 2048])
def test_a_constant_sum_of_equal_scores_is_a_collapse(tmp_path, rows):
    """Without a look at gradients: an older file that has only the loss."""
    data = older(healthy(4, batch_size=2048))
    del data["gradient_stats"]
    data["loss"]["loss"] = [round(rows * math.log(rows), 3)] * 4
    found = cause(judge(tmp_path / "run", data), "RD101")
    (told,) = [text for text in found.evidence if f"{rows:,}·ln {rows:,}" in text]
    assert ("a whole batch" in told) == (rows == 2048)


def test_a_constant_mean_of_equal_scores_is_a_collapse(tmp_path):
    data = healthy(4)
    data["loss"]["loss"] = [math.log(1024)] * 4
    set_recall(data, 0.0)
    found = cause(judge(tmp_path / "run", data), "RD101")
    assert any("ln 1,024 = 6.9315" in text for text in found.evidence)


def test_a_collapse_at_a_safe_rate_loses_its_layers(tmp_path, experiment):
    layers = {"buyer_tower_layers": DEEP[:1], "product_tower_layers": DEEP[:1]}
    config = {**experiment, "model": {**layers, "output_embedding_dim": 128}}
    diagnosis = judge(tmp_path / "run", dead(learning_rate=0.05), config)
    assert diagnosis.causes[0].patch == {f"model.{side}": [] for side in layers}
    assert judge(tmp_path / "bare", dead(learning_rate=0.05)).first_patch is None


def test_a_patch_makes_all_that_is_known_to_help(tmp_path, experiment):
    model = {
        "buyer_tower_layers": DEEP,
        "product_tower_layers": [*DEEP[:2], {**DEEP[2], "activation": "linear"}],
        "optimizer": "adam",
        "learning_rate": 0.1,
        "gradient_clip_norm": None,
        "logq_correction": False,
    }
    config = {**experiment, "model": model}
    diagnosis = judge(tmp_path / "run", dead(optimizer="adam", learning_rate=0.1), config)
    patch = diagnosis.first_patch.patch
    assert patch == {
        "model.learning_rate": 0.01,
        "model.buyer_tower_layers[2].activation": "linear",
        "model.gradient_clip_norm": 1.0,
        "model.logq_correction": True,
    }
    assert not check(config).ok
    assert check(apply(config, fixes(patch))).ok


def test_of_four_dead_layers_none_is_kept(tmp_path, experiment):
    four = [{"type": "dense", "units": 64}] * 4
    experiment["model"] |= {"buyer_tower_layers": four, "product_tower_layers": four}
    experiment["model"] |= {"optimizer": "adam", "learning_rate": 0.1}
    run = dead(optimizer="adam", learning_rate=0.1)
    assert judge(tmp_path / "run", run, experiment).causes[0].patch == {
        "model.buyer_tower_layers": [],
        "model.product_tower_layers": [],
        "model.learning_rate": 0.01,
    }


def test_a_dead_hidden_layer_has_gradients_and_recall_below_chance(tmp_path):  # P42
    data = healthy(3, learning_rate=0.3)
    data["loss"]["loss"] = [6.99, 6.94, 6.9312]
    data["health"] = {"query": {"dead_units": [0.5, 0.99, 1.0]}}
    set_recall(data, 0.002)
    diagnosis = judge(tmp_path / "run", data)
    found = cause(diagnosis, "RD102")
    assert (diagnosis.verdict, found.confidence) == ("bad", "high")
    assert "100% of the buyer tower's ReLU units fire for no row" in found.evidence
    assert any("below the 0.0278" in text for text in found.evidence)
    assert "RD101" not in codes(diagnosis)


def test_a_dead_hidden_layer_shows_without_health_figures(tmp_path):  # P42
    data = healthy(3, learning_rate=0.3)
    data["loss"]["loss"] = [6.99, 6.94, 6.9312]
    set_recall(data, 0.002)
    found = cause(judge(tmp_path / "run", data), "RD102")
    assert any("gradients are not zero" in text for text in found.evidence)


def test_what_beats_popularity_with_few_units_is_at_risk(tmp_path):
    data = healthy(3)
    data["health"] = {"query": {"dead_units": [0.5, 0.99, 0.99]}}
    set_recall(data, 0.3, popularity=0.15)
    diagnosis = judge(tmp_path / "run", data)
    assert (diagnosis.verdict, codes(diagnosis)) == ("at_risk", ["RD102"])


def test_one_tower_without_gradients_is_dead(tmp_path):
    data = healthy(3)
    data["gradient"]["candidate"] = [1.0, 0.0, 0.0]
    set_recall(data, 0.0)
    found = cause(judge(tmp_path / "run", data), "RD102")
    told = "the gradients of the product tower are zero from epoch 2 to the last epoch, 3"
    assert told in found.evidence


def test_embeddings_of_one_direction_are_dead(tmp_path):
    data = healthy(3)
    data["health"] = {"candidate": {"mean_cosine": [0.5, 0.9, 0.9999]}}
    set_recall(data, 0.02, popularity=0.15)
    found = cause(judge(tmp_path / "run", data), "RD102")
    assert "all product embeddings point in one direction" in found.evidence[0]


def test_a_model_at_chance_has_not_begun_to_learn(tmp_path):
    data = healthy(3, optimizer="adam", learning_rate=1e-5)
    data["loss"]["loss"] = [6.95, 6.94, 6.93]
    set_recall(data, 0.0278)
    diagnosis = judge(tmp_path / "run", data)
    assert diagnosis.verdict == "bad"
    assert codes(diagnosis)[:2] == ["RD202", "RD103"]  # the reason comes before the outcome
    low = cause(diagnosis, "RD202")
    assert diagnosis.first_patch == low
    assert (low.confidence, low.patch) == ("high", {"model.learning_rate": 0.01})


def test_popularity_only_is_seen_by_recall_and_products(tmp_path):
    """With logQ a failed model scores as popularity: 100 distinct products in all lists."""
    data = healthy(3, learning_rate=0.1)
    set_recall(data, 0.151, popularity=0.15)
    data["health"] = {"loss_to_chance": [1.1, 1.0, 1.0], "val_coverage_at_100": [0.5, 0.1, 0.031]}
    diagnosis = judge(tmp_path / "run", data)
    found = cause(diagnosis, "RD104")
    assert (diagnosis.verdict, found.confidence) == ("bad", "high")
    assert any("contain 112 of 3,600 products" in text for text in found.evidence)


@pytest.mark.parametrize(
    ("products", "shown", "is_said"),
    [(150, 143, False), (150, 124, True), (110, 106, False), (110, 104, True), (400, 149, True)],
)
def test_lists_of_a_small_catalogue_are_not_the_same_because_it_is_small(
    tmp_path, products, shown, is_said
):
    data = healthy(3, learning_rate=0.1, candidates=products)
    set_recall(data, 0.151, popularity=0.15)
    coverage = [shown / products] * 3
    data["health"] = {"loss_to_chance": [1.1, 1.0, 1.0], "val_coverage_at_100": coverage}
    found = cause(judge(tmp_path / "run", data), "RD104")
    assert any("gets the same list" in text for text in found.evidence) == is_said


def test_what_beats_popularity_is_not_popularity_only(tmp_path):
    data = healthy(3)
    set_recall(data, 0.25, popularity=0.15)
    data["health"] = {"val_coverage_at_100": [0.031] * 3}
    assert "RD104" not in codes(judge(tmp_path / "run", data))


def test_the_words_of_the_trainer_count(tmp_path):
    kinds = {"collapse": "RD101", "dead_tower": "RD102", "not_learning": "RD103"}
    kinds |= {"popularity_only": "RD104", "divergence": "RD203", "nan": "RD204"}
    for kind, code in kinds.items():
        data = healthy(2, failure_kind=kind, failure_epoch=1, failure="Epoch 2: it failed.")
        diagnosis = judge(tmp_path / kind, data)
        assert "Epoch 2: it failed." in cause(diagnosis, code).evidence[0]
        assert diagnosis.verdict in ("bad", "broken")


def test_ties_that_count_as_hits_are_seen(tmp_path):  # P63
    data = dead()
    set_recall(data, 1.0)
    diagnosis = judge(tmp_path / "run", data)
    assert diagnosis.verdict == "bad"
    assert "@5 1.0000" in cause(diagnosis, "RD105").evidence[0]
    assert "RD402" not in codes(diagnosis)  # it is not too good, it is nothing


def test_top_k_by_score_is_read_in_the_words_of_tfrs(tmp_path):  # P63
    data = older(dead())
    data["final_metrics"] = {
        f"test_factorized_top_k/top_{k}_categorical_accuracy": 1.0 for k in (1, 5, 10, 50, 100)
    }
    assert "RD105" in codes(judge(tmp_path / "run", data))
