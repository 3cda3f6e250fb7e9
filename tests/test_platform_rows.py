"""Stored rows of a platform: each renders or is refused with a sentence; what they mean."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from stored_rows import (
    HEAD,
    TARGET,
    TASKS,
    TOWERS,
    Row,
    dense,
    drawn_features,
    drawn_models,
    posted_features,
    posted_model,
)

import recgen
from recgen.config import ExperimentConfig
from recgen.contrib.ml_platform import (
    TrainerModuleGenerator,
    migrate,
    read_rows,
    serving_schema,
    smart_defaults,
)
from recgen.contrib.ml_platform.report import TRAINS_ALL_THE_SAME
from recgen.contrib.ml_platform.rows import examine_rows
from recgen.findings import Report
from recgen.generate import generate

ROOT = Path(__file__).resolve().parents[1]
Plain = dict[str, Any]


def read(features: Any = None, model: Any = None, **arguments: Any) -> ExperimentConfig:
    """Returns the config of rows that render."""
    features = posted_features() if features is None else features
    config, report = read_rows(features, posted_model() if model is None else model, **arguments)
    assert config is not None, str(report)
    return config


def refused(features: Any, model: Any = None, **arguments: Any) -> Report:
    """Returns the report on rows that do not render."""
    config, report = read_rows(features, model or posted_model(), **arguments)
    assert config is None
    assert report.errors
    return report


def with_feature(feature: Plain) -> Plain:
    """Returns the page's features with one more of the buyer."""
    posted = posted_features()
    posted["buyer_model_features"].append(feature)
    return posted


def feature(config: ExperimentConfig, name: str) -> Any:
    both = (*config.features.buyer_model_features, *config.features.product_model_features)
    return next(each for each in both if each.output_name == name)


# what the page posts


def test_what_the_page_posts_is_read_with_one_warning_and_three_notes() -> None:
    config, report = read_rows(posted_features(), posted_model())
    assert config is not None
    assert len(report.warnings) == 1
    assert len(report.infos) <= 3
    (ignored,) = [each for each in report.infos if each.code == "RP001"]
    assert "`embedding.vocab_size` (4 times), `normalize.range` (2 times)" in ignored.message


@pytest.mark.parametrize("gpus", [{}, {"gpu_count": 2, "gpu_type": "NVIDIA_TESLA_T4"}])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("preset", TOWERS)
def test_every_preset_of_the_platform_is_read(preset: str, task: str, gpus: Plain) -> None:
    target = None if task == "retrieval" else TARGET
    config, report = read_rows(
        posted_features(target_column=target), posted_model(preset, task), gpu_config=gpus
    )
    assert config is not None, str(report)
    assert config.model.model_type == task
    if not gpus:
        assert "trainer_module.py" in generate(config)
    assert len(report.warnings) <= 1
    assert len(report.infos) <= 3


def test_a_preset_with_two_gpus_renders_as_one_file() -> None:
    rows = posted_features(), posted_model("deep")
    generator = TrainerModuleGenerator(*rows, gpu_config={"gpu_count": 2}, epochs=3)
    code, ok, message, line = generator.generate_and_validate()
    assert (ok, message, line) == (True, None, None)
    assert "trainer_runtime" not in {
        word for text in code.splitlines() if text.startswith("import") for word in text.split()
    }


def test_relu_last_and_high_rates_are_a_warning_with_a_proposal() -> None:
    _, report = read_rows(posted_features(), posted_model("standard"))
    (warning,) = report.warnings
    assert "(RG201)" in warning.message
    assert "(RG204)" in warning.message
    assert warning.fix is not None
    proposed = {step.path: step.value for step in warning.fix.steps}
    assert proposed["model.learning_rate"] == 0.05
    for side in ("buyer", "product"):
        assert proposed[f"model.{side}_tower_layers[2]"]["activation"] == "linear"


def test_rows_are_objects_or_json_or_exports_of_django() -> None:
    features, model = posted_features(), posted_model()
    wanted = read(features, model)
    dataset = SimpleNamespace(id=3, name="d")
    assert read(Row(**features, dataset=dataset), Row(**model)) == wanted
    assert read(SimpleNamespace(**features), SimpleNamespace(**model)) == wanted
    assert read(json.dumps(features), json.dumps(model).encode()) == wanted
    export = {"model": "ml_platform.featureconfig", "pk": 3, "fields": features}
    assert read(export, {"model": "ml_platform.modelconfig", "pk": 4, "fields": model}) == wanted
    as_text = {
        key: json.dumps(value) if isinstance(value, list) else value
        for key, value in features.items()
    }
    assert read(as_text, model) == wanted


def test_rows_are_not_changed() -> None:
    features, model = posted_features(target_column=TARGET), posted_model(task="ranking")
    before = copy.deepcopy((features, model))
    read_rows(features, model)
    assert (features, model) == before


def test_numbers_of_clients_and_databases_are_numbers() -> None:
    model = posted_model(batch_size=4096.0, learning_rate=Decimal("0.010"), top_k="50")
    model |= {"epochs": np.int64(7), "output_embedding_dim": np.float64(32)}
    assert read(model=model).model.epochs == 7
    assert read(model=model).model.batch_size == 4096
    assert read(model=model).model.learning_rate == 0.01
    assert read(model=model).model.top_k == 50


@pytest.mark.parametrize(
    ("stored", "known"),
    [
        ("DECIMAL", "NUMERIC"),
        ("decimal(10, 2)", "NUMERIC"),
        ("BIGDECIMAL", "BIGNUMERIC"),
        ("float64", "FLOAT64"),
        (" Int64 ", "INT64"),
        ("bigint", "INT64"),
    ],
)
def test_types_are_read_in_any_spelling(stored: str, known: str) -> None:
    numeric = {"column": "amount", "bq_type": stored, "data_type": "numeric"}
    numeric["transforms"] = {"normalize": {"enabled": True}}
    assert feature(read(with_feature(numeric)), "amount").bq_type == known


@pytest.mark.parametrize("kind", ["JSON", "geography", "STRUCT<a INT64>", "ARRAY<JSON>", "RECORD"])
@pytest.mark.parametrize("data_type", ["text", "cyclical"])
def test_a_type_that_no_model_can_read_is_refused_with_a_sentence(
    kind: str, data_type: str
) -> None:
    (error,) = refused(
        with_feature({"column": "j", "bq_type": kind, "data_type": data_type})
    ).errors
    assert error.path == "features.buyer_model_features[5].bq_type"
    assert error.message.startswith("column 'j' is of type ")
    assert error.help.startswith("Select ")


# what rows meant to the former generator


def test_what_the_former_generator_ignored_has_no_effect() -> None:
    config = read()
    assert feature(config, "customer_id").transforms.embedding.vocab_size is None
    assert feature(config, "basket").transforms.normalize.range is None
    assert feature(config, "basket").transforms.log_transform is None
    assert config.model.share_tower_weights is False


def test_without_legacy_settings_count() -> None:
    config, _ = read_rows(
        posted_features(), posted_model("minimal", learning_rate=0.01), legacy=False
    )
    assert config is None  # `log_transform: false` is no transform of the library
    posted = posted_features()
    posted["buyer_model_features"] = posted["buyer_model_features"][:2]
    posted["buyer_model_crosses"] = []
    config, report = read_rows(posted, posted_model("minimal", learning_rate=0.01), legacy=False)
    assert config is not None, str(report)
    assert feature(config, "customer_id").transforms.embedding.vocab_size == 100000
    assert {each.code for each in report.findings} >= {"RG119", "RG204", "RG112"}


def test_the_oldest_dialect_is_read_as_it_was_meant() -> None:
    oldest = {
        "name": "oldest",
        "buyer_model_features": [
            {
                "column": "user_id",
                "type": "string_embedding",
                "embedding_dim": 48,
                "vocab_settings": {"max_size": 1500, "oov_buckets": 10, "min_frequency": 5},
            },
            {
                "column": "at",
                "type": "timestamp",
                "transforms": {
                    "normalize": {"enabled": True, "range": [-1, 1]},
                    "bucketize": {"enabled": False},
                    "cyclical": {"annual": True, "quarterly": True, "monthly": True},
                },
            },
            {
                "column": "spent",
                "type": "numeric",
                "transforms": {
                    "normalize": {"enabled": True, "range": [-1, 1]},
                    "bucketize": {"buckets": 100, "embedding_dim": 32},
                    "log_transform": True,
                },
            },
        ],
        "product_model_features": [
            {"column": "sku", "type": "string_embedding", "embedding_dim": 32}
        ],
        "buyer_model_crosses": [
            {"features": ["user_id", "spent"], "hash_bucket_size": 5000, "embedding_dim": 16}
        ],
    }
    config, report = read_rows(oldest, posted_model("minimal", learning_rate=0.01))
    assert config is not None, str(report)
    user = feature(config, "user_id").transforms.embedding
    assert (user.embedding_dim, user.oov_buckets, user.min_frequency) == (48, 1, None)
    assert feature(config, "at").cycles == ("yearly",)  # others were dropped without a gate
    assert feature(config, "spent").active == ("normalize",)  # what is not enabled was off
    (cross,) = config.features.buyer_model_crosses
    assert [member.type for member in cross.features] == ["text", "numeric"]
    (ignored,) = [each for each in report.infos if each.code == "RP001"]
    for setting in ("`vocab_settings`", "`cyclical.monthly` without", "`log_transform`"):
        assert setting in ignored.message


@pytest.mark.parametrize(
    ("cyclical", "cycles"),
    [
        ({"enabled": False, "weekly": True, "daily": True}, ("weekly", "daily")),
        ({"enabled": True, "monthly": True}, ("monthly",)),
        ({"quarterly": True, "monthly": True}, ()),
        ({"annual": True}, ("yearly",)),
        ({"daily": True}, ()),
        ({"yearly": True, "monthly": True}, ("yearly", "monthly")),
    ],
)
def test_cycles_are_those_that_were_written(cyclical: Plain, cycles: tuple[str, ...]) -> None:
    times = {"column": "at", "bq_type": "DATE", "data_type": "temporal"}
    times["transforms"] = {"normalize": {"enabled": True}, "cyclical": cyclical}
    assert feature(read(with_feature(times)), "at").cycles == cycles


def test_what_reached_no_model_still_does_not() -> None:
    odd = [
        {"column": "hour", "bq_type": "INT64", "data_type": "cyclical"},
        {"column": "n", "data_type": "numeric", "transforms": {"normalize": {"enabled": False}}},
        {"column": "old", "type": "history"},
    ]
    posted = posted_features()
    posted["buyer_model_features"] += odd
    config, report = read_rows(posted, posted_model())
    assert config is not None
    assert len(config.features.buyer_model_features) == 5
    (ignored,) = [each for each in report.infos if each.code == "RP001"]
    for name in ("'hour' of type 'cyclical'", "'n', which has no transform", "'old' of type"):
        assert name in ignored.message


def test_text_is_embedded_even_if_it_says_no() -> None:
    text = {"column": "t", "data_type": "text"}
    text["transforms"] = {"embedding": {"enabled": False, "embedding_dim": 12}}
    assert feature(read(with_feature(text)), "t").width == 12


def test_the_width_of_a_history_decides_on_what_it_shares() -> None:
    posted = posted_features()
    history = posted["buyer_model_features"][4]["transforms"]["history"]
    history["embedding_dim"] = 64
    config = read(posted)
    assert feature(config, "product_id").width == 64
    del history["embedding_dim"]  # 32 was the usual width
    posted["product_model_features"][0]["transforms"]["embedding"]["embedding_dim"] = 128
    assert feature(read(posted), "product_id").width == 32


def test_lists_begin_with_the_newest_value_unless_the_row_says_otherwise() -> None:
    posted = posted_features()
    config, report = read_rows(posted, posted_model())
    assert config is not None
    assert feature(config, "purchase_history").history.order == "newest_first"
    (decided,) = [each for each in report.infos if each.code == "RP002"]
    assert "'purchase_history' begin with the newest value" in decided.message
    posted["buyer_model_features"][4]["transforms"]["history"]["order"] = "oldest_first"
    assert feature(read(posted), "purchase_history").history.order == "oldest_first"


def test_an_empty_tower_has_the_layer_that_it_had() -> None:
    config = read(model=posted_model(buyer_tower_layers=[], learning_rate=0.01))
    (layer,) = config.model.buyer_tower_layers
    assert (layer.type, layer.units, layer.activation) == ("dense", 64, "relu")


def test_layers_have_the_defaults_that_they_had() -> None:
    layers = [
        {"type": "dense", "activation": "None"},
        {"type": "dropout"},
        {"type": "layer_norm"},
        {"type": "attention"},
        {"units": 32},
    ]
    config = read(model=posted_model(buyer_tower_layers=layers, learning_rate=0.001))
    first, dropout, norm, last, added = config.model.buyer_tower_layers
    assert (first.units, first.activation_name) == (64, "linear")
    assert (dropout.rate, norm.epsilon) == (0.2, 1e-6)
    assert (last.units, last.activation_name) == (32, "relu")
    assert (added.units, added.activation_name) == (32, "linear")  # none says `dense` and 32


@pytest.mark.parametrize(("output", "added"), [(64, ["linear"]), (32, [])])
def test_a_tower_without_layers_ends_with_a_linear_one(output: int, added: list[str]) -> None:
    model = posted_model(buyer_tower_layers=[], output_embedding_dim=output)
    layers = read(model=model).model.buyer_tower_layers
    assert [each.activation_name for each in layers] == ["relu", *added]
    assert read(model=model).model.is_projected("buyer") == (not added)


def test_a_target_is_scaled_to_0_and_1_unless_a_range_says_otherwise() -> None:
    for normalize, expected in (({}, (0, 1)), ({"range": None}, None), ({"range": [-1, 1]}, None)):
        target = {"column": "paid", "transforms": {"normalize": {"enabled": True, **normalize}}}
        config = read(posted_features(target_column=target), posted_model(task="ranking"))
        assert config.features.target.normalize.range == expected  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "as_text", "type"), [("INT64", True, "int64"), ("FLOAT64", False, "float32")]
)
@pytest.mark.parametrize("data_type", ["numeric", "cyclical"])
def test_a_column_that_only_a_cross_reads_keeps_its_type(
    kind: str, as_text: bool, type: str, data_type: str
) -> None:
    off = {"normalize": {"enabled": False}}
    posted = with_feature(
        {"column": "hour", "bq_type": kind, "data_type": data_type, "transforms": off}
    )
    posted["buyer_model_crosses"] = [{"features": ["hour", "city"]}]
    config, report = read_rows(posted, posted_model())
    assert config is not None, str(report)
    names = [each.output_name for each in config.features.buyer_model_features]
    assert "hour" not in names
    (cross,) = config.features.buyer_model_crosses
    assert cross.features[0].type == ("text" if as_text else "numeric")
    (read_by_a_cross,) = [each for each in serving_schema(config) if each["name"] == "hour"]
    assert read_by_a_cross["type"] == type
    (row,) = migrate([posted]).rows
    assert read(row.proposal) == read(posted)


def test_a_column_is_cut_once_for_all_crosses() -> None:
    cut = {"column": "basket", "type": "numeric"}
    posted = posted_features(
        buyer_model_crosses=[
            {"features": [{**cut, "crossing_buckets": 10}, "city"]},
            {"features": [{**cut, "crossing_buckets": 20}, "customer_id"]},
            {"features": [{**cut, "crossing_buckets": 10}, "city"], "hash_bucket_size": 700},
        ]
    )
    config, report = read_rows(posted, posted_model())
    assert config is not None, str(report)
    crosses = config.features.buyer_model_crosses
    assert [each.features[0].crossing_buckets for each in crosses] == [10, 10]
    assert [each.hash_bucket_size for each in crosses] == [700, 5000]
    (ignored,) = [each for each in report.infos if each.code == "RP001"]
    assert "another number of quantiles for 'basket' in a later cross" in ignored.message


def test_a_row_that_says_nothing_has_the_defaults_of_its_table() -> None:
    model = read(model={"name": "bare", "learning_rate": None, "epochs": None, "top_k": None}).model
    assert (model.optimizer, model.learning_rate, model.batch_size) == ("adagrad", 0.1, 4096)
    assert (model.epochs, model.top_k, model.output_embedding_dim) == (5, 100, 32)


# IDs


def texts(*names: str, marked: str | None = None) -> list[Plain]:
    return [
        {
            "column": name,
            "data_type": "text",
            "is_primary_id": name == marked,
            "transforms": {"embedding": {"enabled": True}},
        }
        for name in names
    ]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["category_id", "product_id", "sku"], "product_id"),
        (["brand", "item_name"], "item_name"),
        (["brand", "colour"], "brand"),
    ],
)
def test_the_product_id_is_the_one_that_was_taken(names: list[str], chosen: str) -> None:
    posted = posted_features(product_model_features=texts(*names))
    posted["buyer_model_features"] = posted["buyer_model_features"][:2]
    posted["buyer_model_crosses"] = []
    assert read(posted).features.product_id == chosen


def test_of_two_marked_ids_the_first_counts() -> None:
    posted = posted_features()
    posted["buyer_model_features"][1]["is_primary_id"] = True
    assert read(posted).features.buyer_id == "customer_id"


def test_a_buyer_id_is_found_by_its_name() -> None:
    posted = posted_features()
    posted["buyer_model_features"][:1] = texts("region_id", "client_no")
    assert read(posted).features.buyer_id == "client_no"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["Bundesland", "Kunden_Nr"], "Kunden_Nr"),
        (["Kundenstadt", "Kundennummer_Nr"], "Kundennummer_Nr"),
        (["Ville", "Numéro_fidélité", "Région"], "Numéro_fidélité"),
    ],
)
def test_a_buyer_id_in_another_language_is_taken_and_asked(names: list[str], chosen: str) -> None:
    # The former generator needed no buyer ID, so such rows are trained today.
    posted = posted_features(buyer_model_features=texts(*names), buyer_model_crosses=[])
    for each in posted["buyer_model_features"]:
        width = 64 if each["column"] == chosen else 16
        each["transforms"]["embedding"]["embedding_dim"] = width
    posted["product_model_features"] = texts("product_id")
    found = examine_rows(posted, posted_model())
    assert found.config is not None, str(found.full)
    assert found.config.features.buyer_id == chosen
    assert f"the buyer ID is {chosen!r}" in " ".join(found.account.decided)
    if chosen == "Numéro_fidélité":
        assert f"Which feature is the buyer ID? Taken: {chosen!r}" in found.account.questions[0]


@pytest.mark.parametrize(("stored", "known"), [("STRING", "STRING"), ("integer", "INTEGER")])
def test_a_list_may_be_stored_with_the_type_of_its_values(stored: str, known: str) -> None:
    posted = posted_features()
    posted["buyer_model_features"][4]["bq_type"] = stored
    found = examine_rows(posted, posted_model())
    assert found.config is not None, str(found.full)
    assert feature(found.config, "purchase_history").bq_type == f"ARRAY<{known}>"
    assert f"is ARRAY<{known}>" in " ".join(found.account.decided)


def test_without_any_id_a_row_is_refused_with_a_sentence() -> None:
    posted = posted_features()
    posted["buyer_model_features"] = posted["buyer_model_features"][2:4]
    posted["buyer_model_crosses"] = []
    (error,) = refused(posted).errors
    assert error.code == "RG104"
    assert error.message.startswith("no feature of the buyer tower can be the buyer ID")
    assert "primary ID" in error.help


# experiments


def test_overrides_are_checked_with_the_row() -> None:
    rows = posted_features(), posted_model("minimal", learning_rate=0.01)
    config, report = read_rows(*rows, overrides={"learning_rate": 0.5, "epochs": 2.0})
    assert config is not None
    assert (config.model.learning_rate, config.model.epochs) == (0.5, 2)
    assert "learning rate 0.5" in report.warnings[0].message
    config, report = read_rows(*rows, overrides={"batch_size": 0})
    assert config is None
    assert report.errors[0].path == "model.batch_size"
    nothing = {"epochs": None, "machine_type": "n1", "data_sample_percent": 10}
    assert read(*rows, overrides=nothing) == read(*rows)


def test_the_split_is_that_of_the_experiment() -> None:
    timed = read(split_strategy="strict_time", date_column="sold_at", catalogue_size=900)
    assert timed.data.split is not None
    assert (timed.data.split.kind, timed.data.split.date_column) == ("strict_time", "sold_at")
    assert timed.data.catalogue_size == 900
    assert read(split_strategy="time_holdout").data.split is None  # the pipeline's own
    assert read(overrides={"split_strategy": "random"}).data.split is not None


@pytest.mark.parametrize("count", ["two", -1, 1.5, True])
def test_a_number_of_gpus_that_is_none_is_refused(count: Any) -> None:
    (error,) = refused(posted_features(), gpu_config={"gpu_count": count}).errors
    assert error.path == "gpu_config.gpu_count"


def test_a_setting_of_gpus_that_is_none_is_named() -> None:
    _, report = read_rows(posted_features(), posted_model(), gpu_config={"count": 2})
    assert any("`count` of the GPU config" in each.message for each in report.infos)


@pytest.mark.parametrize("given", ["none", "{", [1], 2, object()])
def test_settings_of_gpus_that_cannot_be_read_are_refused(given: Any) -> None:
    (error,) = refused(posted_features(), gpu_config=given).errors
    assert error.path == "gpu_config"
    message = TrainerModuleGenerator(
        posted_features(), posted_model(), gpu_config=given
    ).generate_and_validate()[2]
    assert message is not None
    assert "\n" not in message


@pytest.mark.parametrize("given", [{}, {"gpu_count": None}, '{"gpu_count": "2"}', Row(gpu_count=2)])
def test_settings_of_gpus_have_every_form_of_a_row(given: Any) -> None:
    assert read(gpu_config=given, catalogue_size="900").data.catalogue_size == 900


@pytest.mark.parametrize("task", ["retrieval", "multitask"])
def test_scann_stays_the_search(task: str) -> None:
    target = None if task == "retrieval" else TARGET
    model = posted_model(task=task, retrieval_algorithm="scann")
    config, report = read_rows(posted_features(target_column=target), model)
    assert config is not None, str(report)
    assert config.model.retrieval_algorithm == "scann"


@pytest.mark.parametrize("task", ["retrieval", "ranking"])
@pytest.mark.parametrize("weight", [0.0, None, 0.4])
def test_a_task_that_no_step_would_train_gets_a_weight(weight: float | None, task: str) -> None:
    """Such a row was trained and served: the head's weight of 0 is the table's default."""
    weights = {"retrieval_weight": 0.7, "ranking_weight": 0.7, f"{task}_weight": weight}
    model = posted_model(task="multitask", **weights)
    config, report = read_rows(posted_features(target_column=TARGET), model)
    assert config is not None, str(report)
    assert config.model.weight_of(task) == (weight or 1.0)
    told = [each.message for each in report.infos if f"{task}_weight" in each.message]
    assert bool(told) == (weight == 0 or (task == "ranking" and not weight))


def test_without_any_weight_a_row_is_refused() -> None:
    model = posted_model(task="multitask", retrieval_weight=0, ranking_weight=0)
    (error,) = refused(posted_features(target_column=TARGET), model).errors
    assert error.code == "RG231"


@pytest.mark.parametrize("target", [{"column": ""}, {"transforms": {}}, {"bq_type": "INT64"}])
def test_a_target_without_a_column_is_refused_with_a_sentence(target: Plain) -> None:
    """The platform calls such a row ranking, and its transform failed."""
    (error,) = refused(posted_features(target_column=target)).errors
    assert (error.code, error.path) == ("RP011", "features.target_column")
    assert read_rows(posted_features(target_column={}), posted_model())[0] is not None


def test_the_target_is_cut_where_it_was_cut() -> None:
    """The page's default has an outer `enabled: false` that the former generator did not read."""
    _, report = read_rows(posted_features(target_column=TARGET), posted_model(task="ranking"))
    (ignored,) = [each for each in report.infos if each.code == "RP001"]
    assert "`clip_outliers.enabled: false` around a bound" in ignored.message
    from recgen.contrib.ml_platform.account import Account
    from recgen.contrib.ml_platform.target import stored_target

    target = stored_target(TARGET, Account())
    assert isinstance(target, dict)
    assert target["transforms"] == {
        "clip_outliers": {"enabled": True, "upper": {"enabled": True, "percentile": 99}},
        "log_transform": {"enabled": True},
        "normalize": {"enabled": True, "range": [0, 1]},
    }
    older = {"column": "v", "transforms": {"clip_outliers": {"enabled": True, "percentile": 95}}}
    found = stored_target(older, Account())
    assert isinstance(found, dict)
    assert found["transforms"]["clip_outliers"]["upper"]["percentile"] == 95


def test_the_target_is_no_input() -> None:
    target = {"column": "basket", "display_name": "", "bq_type": "FLOAT64"}
    posted = posted_features(target_column=target, buyer_model_crosses=[])
    from recgen.contrib.ml_platform.rows import examine_rows

    found = examine_rows(posted, posted_model(task="ranking", rating_head_layers=HEAD))
    names = [each["column"] for each in found.experiment["features"]["buyer_model_features"]]
    assert "basket" not in names


def test_a_head_loses_what_it_lost() -> None:
    from recgen.contrib.ml_platform.account import Account
    from recgen.contrib.ml_platform.layers import stored_model

    head = [dense(8, l1_reg=0.1), {"type": "layer_norm"}, dense(1, None)]
    found = stored_model(posted_model(task="ranking", rating_head_layers=head), Account())
    assert [each["type"] for each in found["rating_head_layers"]] == ["dense", "dense"]
    assert "l1_reg" not in found["rating_head_layers"][0]
    empty = stored_model(posted_model(task="multitask", rating_head_layers=[]), Account())
    assert [each["units"] for each in empty["rating_head_layers"]] == [256, 64, 1]


# what is no row


@pytest.mark.parametrize("row", ["{", "not JSON", 7, [], b"\xff", "[]", object()])
def test_what_is_no_row_is_said(row: Any) -> None:
    for rows in ((row, posted_model()), (posted_features(), row)):
        if rows[1]:
            config, report = read_rows(*rows)
            assert config is None
            assert report.errors[0].path in ("features", "model")


def test_an_attribute_that_cannot_be_read_is_said() -> None:
    class Deferred:
        @property
        def buyer_model_features(self) -> list[Plain]:
            raise ConnectionError("the database is away")

    (error,) = refused(Deferred()).errors
    assert "buyer_model_features cannot be read: ConnectionError: the database" in error.message


def said(rows: tuple[Any, Any]) -> ExperimentConfig | None:
    """Returns the config of any rows; what is said about them is short and complete."""
    config, report = read_rows(*rows)
    assert (config is None) == bool(report.errors)
    assert len(report.warnings) <= 1
    assert len(report.infos) <= 3
    assert all(each.message and each.help for each in report.findings)
    # The page has no command line.
    assert not any(word in each.help for each in report.errors for word in ("recgen ", "--"))
    read_rows(*rows, legacy=False)
    return config


@some(16, 50)
@given(drawn_features, drawn_models | st.none())
def test_any_row_is_read_or_refused_with_a_sentence(features: Plain, model: Any) -> None:
    said((features, model))


@pytest.mark.slow
@some(ci=60, nightly=2000)
@given(drawn_features, drawn_models | st.none())
def test_any_row_that_is_read_renders(features: Plain, model: Any) -> None:
    as_mappings = said((features, model))
    as_objects, _ = read_rows(Row(**features), Row(**model) if model else None)
    assert as_objects == as_mappings
    if as_mappings is not None:
        recgen.render(as_mappings, allow=TRAINS_ALL_THE_SAME, single_file=True)


def test_the_import_is_light() -> None:
    script = (
        "import recgen.contrib.ml_platform, sys;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    slow = {"tensorflow", "django", "numpy", "pyarrow", "jinja2", "black", "yaml", "typer"}
    assert not slow & set(found)


def test_proposed_defaults_are_read() -> None:
    selected = {"shop.sales": ["customer_id", "product_id", "revenue", "day", "city"]}
    mapping = {"customer_id": "customer_id", "product_id": "product_id", "user_city": "city"}
    kinds = {"customer_id": "INT64", "product_id": "INTEGER", "revenue": "DECIMAL", "day": "DATE"}
    stats = {f"sales.{name}": {"type": kind, "cardinality": 900} for name, kind in kinds.items()}
    config = read({"name": "proposed", **smart_defaults(selected, mapping, stats)})
    assert (config.features.buyer_id, config.features.product_id) == ("customer_id", "product_id")
