"""Causes RD2xx: what rates, optimizers and other settings of the steps did."""

from __future__ import annotations

import math

import pytest
import yaml
from diagnoses import DEEP, cause, codes, dead, healthy, judge, run_of, set_recall

from recgen.analysis import diagnose, load_run
from recgen.check import check


def test_a_loss_that_rises_is_a_divergence(tmp_path):
    data = healthy(4, learning_rate=5.0)
    data["loss"]["loss"] = [6.5, 6.0, 9.5, 40.0]
    data["gradient"]["total"] = [0.5, 0.6, 500.0, 0.5]
    set_recall(data, 0.05, popularity=0.15)
    diagnosis = judge(tmp_path / "run", data)
    found = cause(diagnosis, "RD203")
    assert (diagnosis.verdict, found.confidence) == ("bad", "high")
    assert "the loss rose from 6.0000 in epoch 2 to 40" in found.evidence[0]
    assert any("reached 500 in epoch 3" in text for text in found.evidence)


def test_nan_is_seen_as_a_literal_as_a_gap_and_as_told(tmp_path):  # P50, P51
    literal, gap = healthy(3), healthy(3)
    literal["loss"]["loss"] = [6.5, math.nan, math.nan]
    gap["loss"]["loss"] = [6.5, None, None]
    told = healthy(3, nan_detected=True, nan_epoch=1)
    for name, data in (("literal", literal), ("gap", gap), ("told", told)):
        diagnosis = judge(tmp_path / name, data)
        assert diagnosis.verdict == "broken"
        assert "epoch 2" in cause(diagnosis, "RD204").evidence[0]


def test_what_was_not_clipped_is_said_of_what_blew_up(tmp_path, experiment):  # P46
    config = {**experiment, "model": {"optimizer": "sgd", "gradient_clip_norm": None}}
    data = healthy(2, nan_detected=True, nan_epoch=0, optimizer="sgd", learning_rate=1.0)
    found = cause(judge(tmp_path / "run", data, config), "RD206")
    assert (found.confidence, found.patch) == ("high", {"model.gradient_clip_norm": 1.0})
    assert "RD206" not in codes(judge(tmp_path / "fine", healthy(), config))


def test_a_low_rate_that_learns_is_at_risk(tmp_path):
    diagnosis = judge(tmp_path / "run", healthy(learning_rate=0.005))
    assert (diagnosis.verdict, codes(diagnosis)) == ("at_risk", ["RD202"])


def test_without_logq_below_popularity_the_correction_is_the_patch(tmp_path, experiment):  # P54
    config = {**experiment, "model": {"logq_correction": False}}
    data = healthy()
    set_recall(data, 0.08, popularity=0.15)
    diagnosis = judge(tmp_path / "run", data, config)
    assert cause(diagnosis, "RD207").confidence == "high"
    assert diagnosis.first_patch.patch == {"model.logq_correction": True}


def test_sgd_and_deep_ftrl_do_not_suit(tmp_path, experiment):
    sgd = judge(tmp_path / "sgd", healthy(optimizer="sgd", learning_rate=0.5))
    other = {"model.optimizer": "adagrad", "model.learning_rate": 0.05}
    assert cause(sgd, "RD208").patch == other
    blown = judge(tmp_path / "nan", healthy(nan_detected=True, nan_epoch=0, optimizer="sgd",
                                            learning_rate=10.0))  # fmt: skip
    assert blown.first_patch.patch == other
    deep = {"optimizer": "ftrl", "buyer_tower_layers": DEEP, "product_tower_layers": DEEP}
    ftrl = judge(tmp_path / "ftrl", dead(optimizer="ftrl"), {**experiment, "model": deep})
    assert cause(ftrl, "RD208").patch["model.optimizer"] == "adagrad"


def test_deep_towers_below_popularity_lose_their_layers(tmp_path, experiment):
    deep = {"buyer_tower_layers": DEEP, "product_tower_layers": DEEP, "learning_rate": 0.02}
    data = healthy(learning_rate=0.02)
    set_recall(data, 0.12, popularity=0.15)
    diagnosis = judge(tmp_path / "run", data, {**experiment, "model": deep})
    patch = cause(diagnosis, "RD209").patch
    assert (patch["model.buyer_tower_layers"], patch["model.product_tower_layers"]) == ([], [])


def test_a_relu_output_is_said_of_what_failed(tmp_path, experiment):
    deep = {"buyer_tower_layers": DEEP, "product_tower_layers": DEEP}
    config = {**experiment, "model": deep}
    found = cause(judge(tmp_path / "run", dead(), config), "RD205")
    assert found.evidence == tuple(
        f"model.{side}_tower_layers[2]: the {side} tower's output is a ReLU layer: its dimensions "
        "can die (RG204)"
        for side in ("buyer", "product")
    )
    assert "RD205" not in codes(judge(tmp_path / "fine", healthy(), config))


@pytest.mark.parametrize(
    ("code", "rule", "model"),
    [
        ("RD201", "RG201", {"learning_rate": 0.3, "buyer_tower_layers": DEEP}),
        ("RD201", "RG202", {"learning_rate": 0.5}),
        ("RD201", "RG203", {"learning_rate": 0.05, "buyer_tower_layers": DEEP * 3}),
        ("RD201", "RG206", {"learning_rate": 0.03, "optimizer": "adam"}),
        ("RD202", "RG228", {"learning_rate": 0.001}),
        ("RD205", "RG204", {"buyer_tower_layers": DEEP}),
        ("RD206", "RG206", {"learning_rate": 1, "optimizer": "sgd", "gradient_clip_norm": None}),
        ("RD207", "RG208", {"logq_correction": False}),
        ("RD208", "RG232", {"optimizer": "ftrl", "buyer_tower_layers": DEEP}),
    ],
)
def test_what_check_warned_of_is_said_in_its_words(tmp_path, experiment, code, rule, model):
    config = {**experiment, "model": model}
    told = {name: model[name] for name in ("optimizer", "learning_rate") if name in model}
    data = dead(gradient_collapse_detected=True, gradient_collapse_epoch=0, **told)
    if code == "RD202":  # steps that are too short kill no tower
        data = healthy(**told)
        set_recall(data, 0.03, popularity=0.15)
    (finding,) = [each for each in check(config).findings if each.code == rule]
    found = cause(judge(tmp_path / "run", data, config), code)
    assert found.evidence[0] == f"{finding.path}: {finding.message} ({rule})"
    assert found.help == finding.help


def test_a_finding_that_the_config_ignores_is_a_cause_all_the_same(tmp_path, experiment):
    run_of(tmp_path / "run", dead(learning_rate=0.5), {**experiment, "model": {}})
    path = tmp_path / "run" / "config.yaml"
    text = yaml.safe_dump({**experiment, "model": {"learning_rate": 0.5}})
    ignored = "learning_rate: 0.5  # recgen: ignore RG202: to see"
    path.write_text(text.replace("learning_rate: 0.5", ignored))
    assert "(RG202)" in cause(diagnose(load_run(tmp_path / "run")), "RD201").evidence[0]


def test_what_the_trainer_was_told_is_checked_not_what_the_config_says(tmp_path, experiment):
    """A pipeline's `custom_config` may override the rate."""
    config = {**experiment, "model": {"learning_rate": 0.05}}
    diagnosis = judge(tmp_path / "run", dead(learning_rate=0.5), config)
    assert "learning rate 0.5" in cause(diagnosis, "RD201").evidence[0]
    config = {**experiment, "model": {"learning_rate": 0.5}}
    assert "RD201" not in codes(judge(tmp_path / "fine", dead(learning_rate=0.05), config))
    odd = dead(learning_rate=1e9, optimizer="no such")
    assert judge(tmp_path / "odd", odd, config).verdict == "bad"


def test_without_a_config_only_the_optimizer_is_checked(tmp_path):
    adam = judge(tmp_path / "adam", dead(optimizer="Adam", learning_rate=0.1))
    assert "(RG206)" in cause(adam, "RD201").evidence[0]
    adagrad = cause(judge(tmp_path / "adagrad", dead(learning_rate=0.1)), "RD201")
    assert adagrad.evidence == ("the learning rate is 0.1 with adagrad; 0.05 is safe",)
    assert adagrad.confidence == "medium"  # how deep the towers were is not known


def test_without_logq_a_whole_catalogue_has_nothing_to_correct(tmp_path, experiment):
    model = {"logq_correction": False, "negatives": "full_catalogue"}
    assert "RD207" not in codes(judge(tmp_path, healthy(), {**experiment, "model": model}))
