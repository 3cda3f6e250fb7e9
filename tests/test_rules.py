"""Rules: each code's failing example is a folder, and each explains itself."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from recgen.check import check
from recgen.findings import format_text
from recgen.local.profile import read_profile
from recgen.rules import RULES

BAD = Path(__file__).parent / "bad"
FOLDERS = sorted(folder.name for folder in BAD.iterdir())


def profile_of_folder():
    """Returns what data.csv is like, in a folder of a rule that compares with data."""
    data = Path("data.csv")
    if not data.exists():
        return None
    pytest.importorskip("pyarrow", reason="needs the extra `data`")
    return read_profile(data)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_bad_config_gets_the_expected_findings(folder, monkeypatch):
    """P14 to P27 as far as a config shows them: see the folders' names."""
    monkeypatch.chdir(BAD / folder)
    report = check("config.yaml", profile=profile_of_folder())
    assert format_text(report) == Path("expected.txt").read_text(encoding="utf-8")
    assert folder[:5] in {finding.code for finding in report.findings}


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_failing_example(code):
    assert any(folder.startswith(f"{code}_") for folder in FOLDERS)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_every_rule_explains_itself(rule):
    assert all([rule.title, rule.reason.endswith("."), rule.remedy.endswith(".")])
    if rule.code not in {"RG001", "RG002", "RG003", "RG004"}:  # theirs are no YAML, on purpose
        YAML(typ="safe", pure=True).load(io.StringIO(rule.example))


def test_codes_of_findings_are_registered():
    found = {
        line.split(" RG")[1][:3]
        for folder in FOLDERS
        for line in (BAD / folder / "expected.txt").read_text(encoding="utf-8").splitlines()
        if " RG" in line
    }
    assert found == {code[2:] for code in RULES}


def codes(experiment, **sections):
    features = {**experiment["features"], **sections.pop("features", {})}
    report = check({**experiment, **sections, "features": features})
    return [finding.code for finding in report.findings]


def test_a_column_in_both_towers_is_fine_when_it_is_treated_alike(experiment):
    """P16."""
    city = {"column": "city", "data_type": "text"}
    both = {
        key: [*experiment["features"][key], {**city, "description": key}]
        for key in ("buyer_model_features", "product_model_features")
    }
    assert codes(experiment, features=both) == []


def test_a_cross_in_both_towers_must_be_the_same(experiment):
    cross = {"features": [{"column": "city"}, {"column": "job"}]}
    both = {"buyer_model_crosses": [cross], "product_model_crosses": [cross]}
    assert codes(experiment, features=both) == []
    both["product_model_crosses"] = [{**cross, "hash_bucket_size": 100}]
    assert codes(experiment, features=both) == ["RG107"]


def test_crosses_that_differ_may_not_share_a_name(experiment):
    crosses = [
        {"features": [{"column": "a_x_b"}, {"column": "c"}]},
        {"features": [{"column": "a"}, {"column": "b_x_c"}]},
    ]
    assert codes(experiment, features={"buyer_model_crosses": crosses}) == ["RG108"]


def test_a_cross_and_a_feature_know_a_column_by_one_name(experiment):
    cross = {"features": [{"column": "years", "display_name": "age"}, {"column": "job"}]}
    assert codes(experiment, features={"buyer_model_crosses": [cross]}) == ["RG102", "RG111"]


def test_a_marked_id_is_no_guess(experiment):
    marked = [{"column": "login", "data_type": "text", "is_primary_id": True}]
    features = {"buyer_model_features": marked, "buyer_id_column": None}
    report = check({**experiment, "features": {**experiment["features"], **features}})
    assert [(f.code, f.severity) for f in report.findings] == [("RG103", "info")]


def test_p24_an_integer_id_is_text(experiment):
    buyer = [{"column": "customer_id", "data_type": "text", "bq_type": "INT64"}]
    assert codes(experiment, features={"buyer_model_features": buyer}) == []


def test_a_history_feature_reads_arrays(experiment):
    """P20: it is refused, not dropped."""
    history = {"column": "past", "data_type": "history"}
    buyer = experiment["features"]["buyer_model_features"]
    assert codes(experiment, features={"buyer_model_features": [*buyer, history]}) == ["RG090"]
    history["bq_type"] = "STRING"
    found = codes(experiment, features={"buyer_model_features": [*buyer, history]})
    assert sorted(found) == ["RG090", "RG111"]


def test_ranking_settings_have_an_effect_in_ranking(experiment):
    model = {"model_type": "ranking", "loss_function": "mse", "retrieval_algorithm": "scann"}
    found = codes(experiment, model={**model, "scann_num_leaves": 5})
    assert found == ["RG090", "RG090"]


def layers(*units):
    return [{"type": "dense", "units": n, "activation": "linear"} for n in units]


@pytest.mark.parametrize(
    ("rate", "units", "expected"),
    [
        (0.09, (256, 128, 64), []),
        (0.1, (256, 128, 64), ["RG201"]),
        (1, (128, 64), ["RG202"]),
        (0.1, (256, 128), ["RG201"]),  # the projection to 64 is the third
        (0.05, (512, 256, 128, 64), ["RG203"]),
        (0.049, (512, 256, 128, 64), []),
        (0.1, (512, 256, 128, 64), ["RG201"]),
    ],
)
def test_p42_the_limits_of_the_learning_rate(experiment, rate, units, expected):
    model = {"learning_rate": rate, "product_tower_layers": layers(*units)}
    assert codes(experiment, model=model) == expected


@pytest.mark.parametrize(
    ("optimizer", "rate", "expected"),
    [
        ("adam", 0.01, []),
        ("adamw", 0.011, ["RG206"]),
        ("rmsprop", 0.2, ["RG202", "RG206"]),
        ("adagrad", 0.05, []),
        ("sgd", 0.2, ["RG202"]),  # clipped by default
    ],
)
def test_p42_the_limit_depends_on_the_optimizer(experiment, optimizer, rate, expected):
    assert codes(experiment, model={"optimizer": optimizer, "learning_rate": rate}) == expected


def test_towers_of_one_width_share_weights(experiment):
    buyer = experiment["features"]["buyer_model_features"][:1]
    model = {"share_tower_weights": True}
    assert codes(experiment, model=model) == ["RG205"]
    assert codes(experiment, model=model, features={"buyer_model_features": buyer}) == []


def test_p23_the_shared_width_leaves_out_an_id_that_skips_the_projection(experiment):
    """64 + 1 wide on both sides, but one projection's input is 1 wide, the other's 65."""
    buyer = experiment["features"]["buyer_model_features"]
    wide = {"embedding": {"embedding_dim": 64}}
    other = {"embedding": {"embedding_dim": 33}}
    features = {
        "buyer_model_features": [{**buyer[0], "transforms": wide}, buyer[1]],
        "product_model_features": [
            {"column": "sku", "data_type": "text"},
            {"column": "group", "data_type": "text", "transforms": other},
        ],
    }
    sharing = {"share_tower_weights": True}
    assert codes(experiment, model=sharing, features=features) == ["RG205"]
    dense = {f"{side}_tower_layers": layers(64) for side in ("buyer", "product")}
    assert codes(experiment, model={**sharing, **dense}, features=features) == []


def test_p33_the_date_column_is_a_time_everywhere(experiment):
    split = {"kind": "strict_time", "date_column": "bought_at"}
    cross = {"features": [{"column": "bought_at"}, {"column": "job"}]}
    as_text = {"column": "bought_at", "data_type": "text"}
    buyer = experiment["features"]["buyer_model_features"]
    types = {"bought_at": "STRING"}
    assert codes(experiment, data={"split": split, "column_types": types}) == ["RG111"]
    assert codes(experiment, features={"buyer_model_crosses": [cross]}) == ["RG111"]
    assert codes(experiment, features={"buyer_model_features": [*buyer, as_text]}) == ["RG111"]
    as_text.update(column="other", display_name="bought_at")
    found = codes(experiment, features={"buyer_model_features": [*buyer, as_text]})
    assert found == ["RG102", "RG111"]


def test_a_linear_output_or_a_projection_is_fine(experiment):
    relu = {"type": "dense", "units": 128}
    assert codes(experiment, model={"buyer_tower_layers": [relu]}) == []
    assert codes(experiment, model={"buyer_tower_layers": layers(64)}) == []


def test_p26_a_split_by_time_is_fine(experiment):
    split = {"kind": "time_holdout", "date_column": "bought_at", "seed": 3}
    types = {"bought_at": "DATE"}
    assert codes(experiment, data={"split": split, "column_types": types}) == []
    types = {"age": "INT64"}  # a feature's own type counts
    assert codes(experiment, data={"split": split, "column_types": types}) == ["RG112"]
