"""The platform's checks, proposals and widths in its shapes."""

from __future__ import annotations

from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from stored_rows import TARGET, Row, drawn_features, drawn_models, posted_features, posted_model

from recgen.contrib.ml_platform import (
    denormalised,
    example_instance,
    experiment_warnings,
    read_rows,
    semantic_type,
    semantic_type_options,
    serving_schema,
    smart_defaults,
    tensor_dims,
    validate_experiment_config,
    validate_feature_config,
    validate_model_config,
)
from recgen.findings import ArgumentError
from recgen.plan.columns import serving_inputs

Plain = dict[str, Any]


def history(**settings: Any) -> Plain:
    return {
        "column": "past",
        "bq_type": "ARRAY<STRING>",
        "data_type": "history",
        "transforms": {"history": {"enabled": True, **settings}},
    }


# validation


def test_what_the_page_posts_is_valid() -> None:
    assert validate_feature_config(posted_features()) == (True, {})
    assert validate_model_config(posted_model()) == []
    assert validate_experiment_config(posted_features(), posted_model()) == (True, [])
    assert validate_feature_config(posted_features(target_column=TARGET)) == (True, {})


def test_names_are_required_and_the_caller_knows_those_that_are_taken() -> None:
    _, errors = validate_feature_config(posted_features(name="  "))
    assert errors == {"name": "Name is required"}
    is_valid, errors = validate_feature_config(
        posted_features(name=" mine "), None, 7, name_taken=["mine"].__contains__
    )
    assert not is_valid
    assert errors == {"name": "A feature config with this name already exists for this dataset"}


def test_an_update_is_judged_by_what_it_posts() -> None:
    posted = posted_features()
    assert validate_feature_config({"name": "renamed", "description": "new"}) == (True, {})
    for side in ("buyer", "product"):
        own = {key: posted[key] for key in posted if key.startswith((side, "name"))}
        assert validate_feature_config(own) == (True, {})
        own[f"{side}_model_features"] = [{"data_type": "text"}]
        assert f"{side}_model_features[0]" in validate_feature_config(own)[1]
    _, errors = validate_feature_config({"name": "empty", "buyer_model_features": []})
    assert list(errors) == ["buyer_model_features"]
    assert validate_feature_config({**posted, "product_model_features": None})[0] is False


@pytest.mark.parametrize(
    ("feature", "path"),
    [
        ({"bq_type": "STRING", "data_type": "text"}, "buyer_model_features[5]"),
        ({"column": "untyped"}, "buyer_model_features[5]"),
        ({"column": "city", "data_type": "text"}, "buyer_model_features[5]"),
        (history(), "buyer_model_features[5].history"),
        (history(shared_with="nothing"), "buyer_model_features[5].history"),
        (history(shared_with="product_id", max_length=0), "buyer_model_features[5].max_length"),
        ({"column": "j", "bq_type": "JSON", "data_type": "text"}, "buyer_model_features[5]"),
    ],
)
def test_errors_have_the_paths_that_the_page_knows(feature: Plain, path: str) -> None:
    posted = posted_features()
    posted["buyer_model_features"].append(feature)
    is_valid, errors = validate_feature_config(posted)
    assert not is_valid
    assert set(errors) == {path}
    assert all(text.endswith((".", "?")) for text in errors.values())


def test_texts_name_the_setting_that_a_path_does_not() -> None:
    posted = posted_features()
    posted["buyer_model_features"][1]["transforms"]["embedding"]["embedding_dim"] = -1
    _, errors = validate_feature_config(posted)
    (text,) = errors.values()
    assert text.startswith("transforms.embedding.embedding_dim: expected at least 4, got -1. ")


def test_crosses_have_paths_too() -> None:
    one = [{"features": [{"column": "city", "type": "text"}]}]
    _, errors = validate_feature_config(posted_features(buyer_model_crosses=one))
    assert set(errors) == {"buyer_model_crosses[0]"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"optimizer": "lion"}, "'lion' is not one of"),
        ({"output_embedding_dim": 4}, "output_embedding_dim"),
        ({"buyer_tower_layers": [{"type": "dense", "units": 0}]}, "units"),
        ({"learning_rate": "fast"}, "expected"),
    ],
)
def test_models_are_judged_alone(model: Plain, words: str) -> None:
    texts = validate_model_config(posted_model(**model))
    assert len(texts) == 1
    assert words in texts[0]


def test_kinds_of_models_need_a_target_or_none() -> None:
    with_target = posted_features(target_column=TARGET)
    is_valid, (text,) = validate_experiment_config(with_target, posted_model())
    assert not is_valid
    assert "has a target column" in text
    is_valid, (text,) = validate_experiment_config(posted_features(), posted_model(task="ranking"))
    assert not is_valid
    assert "has no target column" in text


@pytest.mark.parametrize("row", [None, "", [], 0, "{"])
def test_what_is_no_row_is_refused(row: Any) -> None:
    (text,) = validate_model_config(row)
    assert validate_experiment_config(posted_features(), row) == (False, [text])
    assert text.startswith("The model config is ")


def test_what_is_proposed_of_odd_arguments() -> None:
    assert semantic_type(None, None) == "category"
    with pytest.raises(ArgumentError, match="selected_columns is a list"):
        smart_defaults([{"name": "a"}])  # type: ignore[arg-type]


# warnings


def test_the_warning_on_rates_keeps_its_type_and_others_have_their_own() -> None:
    rows = posted_features(), posted_model(learning_rate=0.01)
    assert {each["type"] for each in experiment_warnings(*rows)} == {"layers"}
    found = experiment_warnings(*rows, {"learning_rate": 0.1})
    (rate,) = [each for each in found if each["type"] == "learning_rate"]
    assert (rate["severity"], rate["code"], rate["path"]) == (
        "high",
        "RG201",
        "model.learning_rate",
    )
    assert rate["fix"] == {
        "path": "model.learning_rate",
        "op": "set",
        "value": 0.05,
        "safe": False,
    }
    assert set(rate) == {"type", "severity", "message", "code", "path", "help", "fix"}
    random = experiment_warnings(*rows, {"split_strategy": "random"})
    assert "rg301" in {each["type"] for each in random}


# widths


def test_widths_are_those_of_the_towers() -> None:
    posted = posted_features()
    config, _ = read_rows(posted, posted_model())
    assert config is not None
    found = tensor_dims(posted["buyer_model_features"], posted["buyer_model_crosses"])
    assert found["total"] == config.features.width_of("buyer")
    assert {each["name"]: each["dim"] for each in found["breakdown"]} == {
        "customer_id": 64,
        "city": 16,
        "basket_norm": 1,
        "basket_bucket": 8,
        "sold_at_norm": 1,
        "sold_at_weekly_sin": 1,
        "sold_at_weekly_cos": 1,
        "sold_at_monthly_sin": 1,
        "sold_at_monthly_cos": 1,
        "purchase_history": 32,
        "city × basket": 8,  # noqa: RUF001 (the page shows it)
    }
    assert found["breakdown"][-1]["is_cross"] is True


def test_widths_of_what_is_half_typed() -> None:
    half = [{"data_type": "text"}, {}, None, *posted_features()["product_model_features"]]
    assert tensor_dims(half)["total"] == 32 + 8  # type: ignore[arg-type]
    assert tensor_dims([], [{"features": ["a", "b"]}])["total"] == 16
    assert tensor_dims([]) == tensor_dims(None, None) == {"total": 0, "breakdown": []}


@some(10, 30)
@given(drawn_features)
def test_widths_of_any_rows_add_up(features: Plain) -> None:
    for side in ("buyer", "product"):
        parts = features.get(f"{side}_model_features"), features.get(f"{side}_model_crosses")
        if not all(isinstance(each, list) for each in parts):
            continue
        found = tensor_dims(*parts)  # type: ignore[arg-type]
        assert found["total"] == sum(each["dim"] for each in found["breakdown"])


def test_copies_of_settings() -> None:
    found = denormalised(
        posted_features(), posted_model("regularized"), {"row_count": 900, "unique_users": 7}
    )
    assert found["buyer_tower_structure"] == "128→64→32"
    assert (found["buyer_activation"], found["buyer_l2_category"]) == ("relu", "medium")
    assert found["buyer_feature_count"] == 5
    assert found["buyer_feature_details"][2] == {"name": "basket", "dim": 9}
    assert found["buyer_cross_details"] == [{"name": "city × basket", "dim": 8}]  # noqa: RUF001
    width = found["product_tensor_dim"]
    assert width == 40
    assert found["product_total_params"] == width * 128 + 128 + 128 * 64 + 64 + 64 * 32 + 32
    assert (found["dataset_row_count"], found["dataset_unique_users"]) == (900, 7)
    assert denormalised({}, posted_model()) == {}


# types and proposals


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("past", "ARRAY<STRING>"), "history"),
        (("day", "STRING", {}, ["2024-01-15", "2024-01-16", "n/a"]), "date"),
        (("when", "STRING", {}, ["20240115", "20240116"]), "date"),
        (("when", "STRING", {}, ["2024"]), "category"),
        (("cust_id", "STRING"), "id"),
        (("zip", "INT64"), "id"),
        (("n", "int64", {"cardinality": 500, "total_rows": 1000}), "id"),
        (("n", "int64", {"cardinality": 500, "total_rows": 100_000}), "number"),
        (("hour", "INTEGER", {"min": "0", "max": 23}), "cyclical"),
        (("n", "INT64", {"min": 1, "max": 12}), "cyclical"),
        (("price", "DECIMAL", {"min": 0.5, "max": 900}), "number"),
        (("at", "TIMESTAMP"), "date"),
        (("flag", "BOOL"), "category"),
        (("x", None), "category"),
        (("doc", "JSON"), "category"),
    ],
)
def test_what_a_column_is_about(arguments: tuple[Any, ...], wanted: str) -> None:
    assert semantic_type(*arguments) == wanted
    if wanted in ("history", "date", "id", "number", "cyclical"):
        assert wanted in semantic_type_options(arguments[1])


def test_options_begin_with_the_usual_one() -> None:
    assert semantic_type_options("DECIMAL(9, 2)") == ["number", "id", "cyclical"]
    assert semantic_type_options(None) == ["category", "id", "date"]
    assert semantic_type_options("ARRAY<INT64>") == ["history"]


def test_proposals_are_of_todays_dialect_with_ids_as_text() -> None:
    selected = {
        "shop.sales": ["cust", "sku", "amount", "sold_at", "shape", "city", "is_new"],
        "shop.customers": ["cust", "customer_kind"],
    }
    mapping = {"customer_id": "cust", "product_id": "sku", "user_city": "city"}
    stats: dict[str, Plain] = {
        "sales.cust": {"type": "INTEGER", "cardinality": 9000},
        "sales.sku": {"type": "INT64", "unique_count": 40},
        "sales.amount": {"type": "DECIMAL", "cardinality": 2000},
        "sales.sold_at": {"type": "DATE"},
        "sales.shape": {"type": "GEOGRAPHY"},
        "sales.city": {"cardinality": 300},
    }
    found = smart_defaults(selected, mapping, stats, {"sales.cust": "customer_id"})
    buyer = {each["column"]: each for each in found["buyer_model_features"]}
    assert list(buyer) == ["cust", "amount", "city", "customers_cust", "customer_kind"]
    assert buyer["cust"]["display_name"] == "customer_id"
    assert buyer["cust"]["data_type"] == "text"
    assert buyer["cust"]["is_primary_id"] is True
    assert buyer["cust"]["transforms"]["embedding"]["embedding_dim"] == 64
    assert set(buyer["amount"]["transforms"]) == {"normalize", "bucketize"}
    assert "is_primary_id" not in buyer["customers_cust"]
    (product,) = found["product_model_features"]
    assert (product["data_type"], product["transforms"]["embedding"]["embedding_dim"]) == (
        "text",
        8,
    )
    (cross,) = found["buyer_model_crosses"]  # not with the ID
    assert [each["column"] for each in cross["features"]] == ["customers_cust", "city"]
    config, report = read_rows({"name": "p", **found}, posted_model())
    assert config is not None, str(report)
    assert not [each for each in report.infos if each.code == "RP001"]
    assert smart_defaults({}) == {
        "buyer_model_features": [],
        "product_model_features": [],
        "buyer_model_crosses": [],
        "product_model_crosses": [],
    }


# serving


def test_inputs_are_those_of_the_signature() -> None:
    config, _ = read_rows(posted_features(), posted_model())
    assert config is not None
    found = {each["name"]: each for each in serving_schema(config)}
    assert list(found) == ["customer_id", "city", "basket", "sold_at", "purchase_history"]
    assert found["customer_id"]["type"] == "int64"
    assert found["sold_at"]["notes"] == "seconds since 1970"
    assert found["purchase_history"]["shape"] == [None, None]
    assert "the newest first; 50 are used" in found["purchase_history"]["notes"]
    instance = example_instance(config)
    assert list(instance) == list(found)
    assert instance["purchase_history"] == [1, 1]


def test_inputs_are_named_as_the_graph_has_them_and_crosses_count() -> None:
    posted = posted_features()
    posted["buyer_model_features"][1]["column"] = "class"
    posted["buyer_model_crosses"][0]["features"][0] = {"column": "region", "type": "text"}
    config, report = read_rows(posted, posted_model())
    assert config is not None, str(report)
    names = [each["name"] for each in serving_schema(config)]
    assert names == [each.name for each in serving_inputs(config)]
    assert "class" not in names
    assert "region" in names


@some(10, 20)
@given(drawn_features, drawn_models, st.sampled_from([None, {}, {"learning_rate": 3}]))
def test_no_check_of_any_rows_raises(features: Plain, model: Plain, params: Any) -> None:
    is_valid, errors = validate_feature_config(features)
    assert is_valid == (not errors)
    assert all(isinstance(each, str) for each in validate_model_config(model))
    is_valid, texts = validate_experiment_config(features, model)
    assert is_valid == (not texts)
    for each in experiment_warnings(features, model, params):
        assert each["severity"] in ("high", "medium", "low")
    denormalised(features, model, Row(row_count=7))
