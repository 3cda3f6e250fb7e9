"""Rules on ranking: the head, the loss, the target; and that retrieval's rules are silent there."""

from __future__ import annotations

from typing import Any

import pytest
from checks import codes, told

from recgen.check import check
from recgen.rules import RULES

UNIT = {"type": "dense", "units": 1, "activation": "linear"}
HEAD = [{"type": "dense", "units": 32}, UNIT]
Plain = dict[str, Any]


def found(
    experiment: Plain, model: Plain | None = None, target: object = "rating", kind: str = "ranking"
) -> list[str]:
    """Returns the codes that a config of a kind gets."""
    whole = {"model_type": kind, "rating_head_layers": HEAD, **(model or {})}
    return codes(experiment, model=whole, features={"target_column": target})


def ending(activation: str | None) -> Plain:
    return {"rating_head_layers": [*HEAD[:1], {**UNIT, "activation": activation}]}


@pytest.mark.parametrize("kind", ["ranking", "multitask"])
def test_a_config_of_each_kind_has_no_findings(experiment, kind):
    assert found(experiment, kind=kind) == []
    assert found(experiment, ending(None), kind=kind) == []
    chance = {"loss_function": "binary_crossentropy"}
    assert found(experiment, chance, kind=kind) == []


@pytest.mark.parametrize(
    ("layers", "severity"),
    [
        ([], ["info"]),
        ([{"type": "dense", "units": 2}], ["warning"]),
        ([*HEAD, {"type": "dropout", "rate": 0.1}], ["warning"]),
        ([*HEAD, {"type": "batch_norm"}], ["warning"]),
        ([{"type": "layer_norm"}], ["warning"]),
        ([UNIT], []),
    ],
)
def test_a_head_ends_in_one_unit(experiment, layers, severity):
    model = {"model_type": "ranking", "rating_head_layers": layers}
    got = told(experiment, model=model, features={"target_column": "rating"})
    assert [each for each in got if each[:5] == "RG250"] == [f"RG250 {each}" for each in severity]


AMOUNT = {"column": "rating"}
SCALED = {**AMOUNT, "transforms": {"normalize": {}}}
UNIT_RANGE = {**AMOUNT, "transforms": {"normalize": {"range": [0, 1]}}}
BOTH_SIGNS = {**AMOUNT, "transforms": {"normalize": {"range": [-1, 1]}}}
LOGGED = {**AMOUNT, "transforms": {"log_transform": {}}}


@pytest.mark.parametrize(
    ("activation", "target", "is_reached"),
    [
        ("linear", SCALED, True),
        ("leaky_relu", SCALED, True),
        ("sigmoid", SCALED, False),
        ("sigmoid", UNIT_RANGE, True),
        ("sigmoid", BOTH_SIGNS, False),
        ("tanh", BOTH_SIGNS, True),
        ("tanh", SCALED, False),
        ("elu", LOGGED, True),
        ("elu", BOTH_SIGNS, True),
        ("elu", SCALED, False),
        ("swish", UNIT_RANGE, True),
        ("relu", UNIT_RANGE, False),  # it may die
        ("sigmoid", AMOUNT, False),
    ],
)
def test_the_last_activation_reaches_the_target(experiment, activation, target, is_reached):
    assert ("RG251" in found(experiment, ending(activation), target)) != is_reached


@pytest.mark.parametrize(
    ("activation", "severity"),
    [
        ("linear", None),
        ("leaky_relu", None),
        ("sigmoid", "info"),
        ("relu", "error"),
        ("tanh", "error"),
        ("selu", "error"),
    ],
)
def test_a_chance_needs_a_logit(experiment, activation, severity):
    model = {"model_type": "ranking", "loss_function": "binary_crossentropy", **ending(activation)}
    got = told(experiment, model=model, features={"target_column": "clicked"})
    wanted = [f"RG251 {severity}"] if severity else []
    assert [each for each in got if each[:5] == "RG251"] == wanted


@pytest.mark.parametrize(
    ("transforms", "is_fine"),
    [
        ({}, True),
        ({"normalize": {"enabled": False}}, True),
        ({"clip_outliers": {"enabled": False, "upper": {"percentile": 90}}}, True),
        ({"clip_outliers": {"enabled": True, "upper": {"enabled": False}}}, True),
        ({"normalize": {}}, False),
        ({"log_transform": True}, False),
        ({"clip_outliers": {"percentile": 99}}, False),
    ],
)
def test_a_chance_is_that_of_0_or_1(experiment, transforms, is_fine):
    target = {"column": "clicked", "transforms": transforms}
    got = found(experiment, {"loss_function": "binary_crossentropy"}, target)
    assert ("RG252" not in got) == is_fine
    assert "RG252" not in found(experiment, {"loss_function": "huber"}, target)


def test_a_range_of_0_to_1_leaves_labels_as_they_are(experiment):
    target = {"column": "clicked", "transforms": {"normalize": {"range": [0, 1]}}}
    model = {"model_type": "ranking", "loss_function": "binary_crossentropy"}
    got = told(experiment, model=model, features={"target_column": target})
    assert [each for each in got if each[:5] == "RG252"] == ["RG252 warning"]


@pytest.mark.parametrize(
    ("dim", "units", "is_wide"), [(8, [17], False), (8, [18], True), (64, [64, 65], True)]
)
def test_a_layer_of_the_head_is_no_wider_than_its_input(experiment, dim, units, is_wide):
    layers = [{"type": "dense", "units": each} for each in units]
    model = {"output_embedding_dim": dim, "rating_head_layers": [*layers, UNIT]}
    assert ("RG253" in found(experiment, model)) == is_wide


@pytest.mark.parametrize(("lower", "upper", "is_fine"), [(1, 99, True), (50, 50, False)])
def test_limits_are_in_order(experiment, lower, upper, is_fine):
    clip = {"lower": {"percentile": lower}, "upper": {"percentile": upper}}
    got = found(experiment, target={"column": "rating", "transforms": {"clip_outliers": clip}})
    assert ("RG254" not in got) == is_fine


def test_weights_of_tasks_are_not_negative(experiment):
    for name in ("retrieval_weight", "ranking_weight"):
        assert found(experiment, {name: -0.1}, kind="multitask") == ["RG013"]
        assert found(experiment, {name: 0}, kind="multitask") == ["RG231"]
    both = {"retrieval_weight": 0, "ranking_weight": 0}
    assert found(experiment, both, kind="multitask") == ["RG231"]


@pytest.mark.parametrize("column", ["rating", "stars"])
def test_the_target_is_no_input_under_either_name(experiment, column):
    target = {"column": "rating", "display_name": "stars"}
    extra = {"column": column, "data_type": "numeric"}
    features = {"target_column": target}
    for side in ("buyer", "product"):
        own = [*experiment["features"][f"{side}_model_features"], extra]
        got = codes(experiment, features={**features, f"{side}_model_features": own})
        assert "RG116" in got


def test_the_target_has_a_name_and_keys_of_its_own(experiment):
    text = {"column": "note", "display_name": "rating_target", "data_type": "text"}
    own = [*experiment["features"]["product_model_features"], text]
    features = {"target_column": "rating", "product_model_features": own}
    model = {"model_type": "ranking", "rating_head_layers": HEAD}
    assert "RG108" in codes(experiment, model=model, features=features)
    aliased = {"target_column": {"column": "rating", "display_name": "age"}}
    assert "RG102" in codes(experiment, model=model, features=aliased)


@pytest.mark.parametrize(
    ("bq_type", "is_number"),
    [("FLOAT64", True), ("BOOL", True), ("NUMERIC", True), ("STRING", False), ("DATE", False)],
)
def test_the_target_is_a_number(experiment, bq_type, is_number):
    target = {"column": "rating", "bq_type": bq_type}
    assert ("RG111" not in found(experiment, target=target)) == is_number
    model = {"model_type": "ranking", "rating_head_layers": HEAD}
    data = {"column_types": {"rating": bq_type}}
    got = codes(experiment, model=model, features={"target_column": "rating"}, data=data)
    assert ("RG111" not in got) == is_number
    assert "RG112" not in got  # the type is used


def test_what_retrieval_alone_has_is_without_effect_in_ranking(experiment):
    settings = {
        "retrieval_weight": 1.0,
        "ranking_weight": 0.0,
        "temperature": 0.01,
        "label_smoothing": 0.4,
        "hard_negatives": 3,
        "logq_correction": False,
        "top_k": 7,
        "scann_num_leaves": 3,
    }
    assert set(found(experiment, settings)) == {"RG112"}
    assert len(found(experiment, settings)) == len(settings)
    assert set(found(experiment, settings, kind="multitask")) > {"RG112"}


def test_a_batch_of_one_row_ranks(experiment):
    assert found(experiment, {"batch_size": 1}) == []
    assert any(rule.of_retrieval for rule in RULES.values())


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ({"type": "dropout", "rate": 0.8}, "RG221"),
        ({"type": "dropout", "rate": 0}, "RG112"),
        ({"type": "batch_norm"}, None),
    ],
)
def test_rules_on_layers_look_at_the_head_too(experiment, layer, code):
    layers = {"rating_head_layers": [HEAD[0], layer, UNIT]}
    assert found(experiment, layers) == ([code] if code else [])
    shared = {**layers, "share_tower_weights": True}
    assert "RG223" not in found(experiment, shared)


def test_a_target_that_retrieval_does_not_read_has_no_other_findings(experiment):
    target = {"column": "rating", "bq_type": "STRING", "transforms": {"clip_outliers": {}}}
    assert codes(experiment, features={"target_column": target}) == ["RG112"]


@pytest.mark.parametrize("given", [5, True, ["rating"], {"name": "rating"}, {"column": ""}])
def test_what_is_no_target_is_a_finding(experiment, given):
    report = check({**experiment, "features": {**experiment["features"], "target_column": given}})
    assert not report.ok
    assert all(each.path.startswith("features.target_column") for each in report.errors)
