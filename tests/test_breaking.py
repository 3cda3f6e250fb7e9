"""What a change of a config breaks, by the plans: each single change has its codes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from breaking_changes import BASE, CHANGES, OF_PIPELINES, SEVERAL, STATED, Change, Plain
from configs import experiments
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel
from strategies import models_in

import recgen
from recgen.changes.steps import aligned, keyed, plain_of, renames, steps
from recgen.config import ExperimentConfig
from recgen.plan.levels import LEVELS, Facts, facts_of
from recgen.plan.transform import plan_transform


def codes_of(change: Change) -> str:
    found = recgen.breaking(change.base, change.config).differences
    assert found or recgen.load(change.base) == recgen.load(change.config)
    return " ".join(dict.fromkeys(each.code for each in found if each.code != "RB001"))


@pytest.mark.parametrize("change", [*CHANGES, *STATED, *SEVERAL], ids=lambda each: each.name)
def test_each_change_breaks_what_it_breaks(change: Change) -> None:
    assert codes_of(change) == change.codes


_EXEMPT = {
    ("ModelConfig", "model_type"): "everything is another: see below",
    ("ModelConfig", "share_tower_weights"): "both towers must have the same widths: see below",
    ("Transform", "enabled"): "as a transform that is gone: see `no logarithm`",
    ("CrossFeature", "type"): "changes the kind of the column: see `a time is a number`",
    ("Dropout", "rate"): "see `dropout`",
    ("Source", "parquet"): "it is refused",
    ("Push", "vertex_registry"): "likewise",
    ("Gate", "metric"): "it has one value",
}


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yields the fields that a model defines itself, so each inherited one counts once."""
    for name in model.model_fields:
        owner = next(c for c in reversed(model.__mro__) if name in getattr(c, "model_fields", {}))
        yield owner.__name__, name


def changed_fields(old: BaseModel, new: BaseModel) -> Iterator[tuple[str, str]]:
    """Yields the fields in which two models differ, the innermost ones."""
    owners = dict(zip(type(new).model_fields, fields_of(type(new)), strict=True))
    for name in type(new).model_fields:
        one, other = getattr(old, name, None), getattr(new, name)
        if one == other:
            continue
        yield owners[name]
        pairs = zip(one, other, strict=False) if isinstance(one, tuple) else [(one, other)]
        for left, right in pairs:
            if isinstance(left, BaseModel) and isinstance(right, BaseModel):
                yield from changed_fields(left, right)


def test_each_key_of_a_config_is_changed_by_some_change() -> None:
    """A new key needs a row in `CHANGES`, which says what it breaks and is then done."""
    wanted = {field for model in models_in(ExperimentConfig) for field in fields_of(model)}
    found = {
        field
        for change in (*CHANGES, *STATED)
        for field in changed_fields(recgen.load(change.base), recgen.load(change.config))
    }
    kinds = {field for field in wanted if field[1] in ("data_type", "type", "transforms")}
    assert wanted - found - kinds - _EXEMPT.keys() == set()
    assert not _EXEMPT.keys() - wanted
    assert len(CHANGES) >= 60


@pytest.mark.parametrize("change", OF_PIPELINES, ids=lambda each: each.name)
def test_a_change_of_the_pipeline_leaves_the_modules_and_says_so(change: Change) -> None:
    assert recgen.render(change.base) == recgen.render(change.config)
    found = recgen.breaking(change.base, change.config).differences
    assert any("a schedule runs the pipeline as it was" in each.message for each in found)


def test_shared_layers_have_other_names() -> None:
    features = {
        "buyer_model_features": [{"column": "user_id", "data_type": "text"}],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    }
    found = recgen.breaking(
        {"features": features}, {"features": features, "model": {"share_tower_weights": True}}
    )
    assert [each.code for each in found.differences] == ["RB201"]


RENAMES = ("RB203", "RB303")  # a product ID is in no request


def two_ids(buyer: str, product: str) -> Plain:
    return {
        "features": {
            "buyer_model_features": [{"column": buyer, "data_type": "text"}],
            "product_model_features": [{"column": product, "data_type": "text"}],
            "buyer_id_column": buyer,
            "product_id_column": product,
        }
    }


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        pytest.param(("a", "b"), ("b", "c"), ["RB103", *RENAMES, *RENAMES], id="passed on"),
        pytest.param(("b", "c"), ("a", "b"), ["RB103", *RENAMES, *RENAMES], id="passed back"),
    ],
)
def test_a_name_that_another_column_had_is_free_first(
    old: tuple[str, str], new: tuple[str, str], codes: list[str]
) -> None:
    found = recgen.breaking(two_ids(*old), two_ids(*new))
    assert sorted(each.code for each in found.differences) == sorted(codes)


def test_columns_that_change_their_names_with_each_other_are_no_renames() -> None:
    """The client's requests have the same names, whose values mean something else."""
    found = recgen.breaking(two_ids("a", "b"), two_ids("b", "a"))
    codes = {each.code for each in found.differences}
    assert not codes & {"RB103", "RB203", "RB303"}
    assert "weights" in {each.level for each in found.differences}


def with_ids() -> Plain:
    config = copy.deepcopy(BASE)
    config["features"] |= {"buyer_id_column": "user_id", "product_id_column": "sku"}
    return config


def renamed_in(found: Any) -> set[str]:
    """Returns the renames that are told."""
    words = (each.message.partition(":")[0] for each in found.differences)
    return {each for each in words if "is now named" in each}


def test_features_that_change_towers_are_no_renames() -> None:
    """Though one that goes the other way is the same but for its name."""
    old = with_ids()
    old["features"]["buyer_model_crosses"] = []
    old["features"]["buyer_model_features"].pop()
    new, own = copy.deepcopy(old), old["features"]
    new["features"] |= {
        "buyer_model_features": own["product_model_features"],
        "product_model_features": own["buyer_model_features"],
        "buyer_id_column": "sku",
        "product_id_column": "user_id",
    }
    found = recgen.breaking(old, new)
    assert not renamed_in(found)
    said = [each.message for each in found.of("client")]
    assert len([each for each in said if "'city'" in each]) == 1
    assert {"RB101", "RB102", "RB105"} <= {each.code for each in found.differences}


@pytest.mark.parametrize(("is_in_both", "count"), [(False, 0), (True, 1)])
def test_a_column_of_both_towers_is_renamed_in_both_or_not_at_all(
    is_in_both: bool, count: int
) -> None:
    old = with_ids()
    city = copy.deepcopy(old["features"]["buyer_model_features"][1])
    old["features"]["product_model_features"].append(city)
    new = copy.deepcopy(old)
    new["features"]["buyer_model_features"][1]["column"] = "town"
    new["features"]["buyer_model_crosses"][0]["features"][0]["column"] = "town"
    if is_in_both:
        new["features"]["product_model_features"][-1]["column"] = "town"
    assert len(renamed_in(recgen.breaking(old, new))) == count


def test_a_list_and_what_it_shares_are_renamed_together() -> None:
    old, new = with_ids(), with_ids()
    features = new["features"]
    features["product_model_features"][0]["column"] = features["product_id_column"] = "product"
    features["buyer_model_features"][4] |= {"column": "bought"}
    features["buyer_model_features"][4]["transforms"]["history"]["shared_with"] = "product"
    found = recgen.breaking(old, new)
    assert {each.code for each in found.differences} == {"RB103", "RB203", "RB303"}
    assert len(renamed_in(found)) == 2


def test_names_may_pass_from_tower_to_tower() -> None:
    old, new = with_ids(), with_ids()
    new["features"]["buyer_model_features"][1]["column"] = "town"
    new["features"]["buyer_model_crosses"][0]["features"][0]["column"] = "town"
    new["features"]["product_model_features"][1]["column"] = "city"
    found = recgen.breaking(old, new)
    assert {each.code for each in found.differences} == {"RB103", "RB203", "RB303"}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("product_model_features", 3), {"column": "weight", "data_type": "text"}, "is text, not"),
        (("buyer_model_features", 2, "transforms", "bucketize"), None, "'bucketize' is gone"),
        (
            ("buyer_model_crosses", 0, "features", 1),
            {"column": "age", "type": "numeric", "crossing_buckets": 7},
            "'features' is not the same",
        ),
    ],
)
def test_a_change_is_told_in_words(path: tuple[Any, ...], value: Any, words: str) -> None:
    new = with_ids()
    inner: Any = new["features"]
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    found = recgen.breaking(with_ids(), new)
    assert any(words in each.message for each in found.differences)
    assert not any("a mapping" in each.message for each in found.differences)


@pytest.mark.slow
@pytest.mark.nightly
@settings(some(10, 20), suppress_health_check=list(HealthCheck))
@given(experiments(), experiments())
def test_any_two_configs_are_compared(one: Plain, other: Plain) -> None:
    """Every level whose facts differ is named, no other one is, and nothing is when nothing is."""
    for pair in ((one, other), (other, one)):
        if not all(recgen.check(each).ok for each in pair):
            return
        old, new = map(recgen.load, pair)
        found = recgen.breaking(*pair)
        assert bool(found.differences) == (old != new)
        own, others = (facts_of(each, plan_transform(each)) for each in (old, new))
        same = [level for level in LEVELS if own[level] == others[level]]
        assert not set(same) & {each.level for each in found.differences}
        named = {each.level for each in found.differences}
        renamed = any(each.code in ("RB103", "RB203", "RB303") for each in found.differences)
        assert renamed or {level for level in LEVELS if told(own[level], others[level])} <= named
    assert not recgen.breaking(one, one).differences


def told(old: Facts, new: Facts) -> bool:
    """Says whether a difference of facts does not merely follow from others."""
    quiet = ("meaning", "source", "column")
    differ = [key for key in {*old, *new} if old.get(key) != new.get(key)]
    return any(key[0] not in quiet or (key in old and key in new) for key in differ)


@pytest.mark.parametrize("change", CHANGES[::5], ids=lambda each: each.name)
def test_the_steps_lead_to_the_new_config(change: Change) -> None:
    old, new = (keyed(recgen.load(each)) for each in (change.base, change.config))
    for step in renames(old, new):
        old = step.done(old)
    left, right = aligned(old, new)
    for step in steps(left, right):
        left = step.done(left)
    assert recgen.load(plain_of(left)) == recgen.load(change.config)


def test_a_rename_is_no_removal() -> None:
    """Also if several columns are renamed at once, and if the ID is."""
    changed = copy.deepcopy(BASE)
    features = changed["features"]
    features["buyer_model_features"][0]["column"] = "customer_id"
    features["product_model_features"][0]["column"] = "item_id"
    features["product_model_features"][2]["column"] = "cost"
    features["buyer_model_features"][4]["transforms"]["history"]["shared_with"] = "item_id"
    found = recgen.breaking(BASE, changed, deployed=True)
    assert {each.code for each in found.differences} == {"RB103", "RB203", "RB303"}
    assert [each.old.path for each in found.of("client")] == ["features.buyer_model_features[0]"]
    assert not found.ok


def test_two_columns_that_are_alike_are_renamed_by_their_places() -> None:
    base, changed = copy.deepcopy(BASE), copy.deepcopy(BASE)
    for config, names in ((base, ("a", "b")), (changed, ("c", "d"))):
        texts = [{"column": name, "data_type": "text"} for name in names]
        config["features"]["product_model_features"] += texts
    found = recgen.breaking(base, changed)
    words = [each.message.partition(":")[0] for each in found.of("weights")]
    assert words == ["the column 'a' is now named 'c'", "the column 'b' is now named 'd'"]


def test_what_only_two_changes_break_is_found() -> None:
    """A layer as wide as the output needs no projection: neither change alone shows that."""
    old = copy.deepcopy(BASE)
    old["model"] |= {"output_embedding_dim": 32, "buyer_tower_layers": []}
    new = copy.deepcopy(old)
    new["model"]["buyer_tower_layers"] = [{"type": "dense", "units": 16}]
    new["model"]["output_embedding_dim"] = 16
    found = recgen.breaking(old, new)
    assert {each.new.path for each in found.of("weights")} == {
        "model.buyer_tower_layers",
        "model.output_embedding_dim",
    }


def test_only_what_is_deployed_is_an_error() -> None:
    changed = copy.deepcopy(BASE)
    changed["model"] |= {"top_k": 10, "output_embedding_dim": 32, "normalize_embeddings": True}
    for deployed in (False, True):
        found = recgen.breaking(BASE, changed, deployed)
        severities = {each.code: each.severity for each in found.differences}
        assert severities["RB106"] == ("error" if deployed else "warning")
        assert severities["RB201"] == "warning"
        assert severities["RB108"] == "info"
        assert found.ok is not deployed


def test_a_config_that_cannot_be_rendered_is_refused() -> None:
    with pytest.raises(recgen.ConfigError, match="RG013"):
        recgen.breaking(BASE, {**BASE, "model": {"epochs": 0}})
