"""The config models: what they accept, refuse and derive."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from recgen.config import (
    BqType,
    Cross,
    ExperimentConfig,
    Feature,
    FeatureConfig,
    ModelConfig,
    detect_id,
    dtype_of,
    is_array,
    item_type,
    residuals_of,
)


def feature(**fields):
    return TypeAdapter(Feature).validate_python({"column": "c", **fields})


def error_types(model, data):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [error["type"] for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("given", "active", "keys", "width"),
    [
        ({"data_type": "text"}, ("embedding",), ("c",), 32),
        ({"data_type": "text", "transforms": {}}, ("embedding",), ("c",), 32),
        ({"data_type": "text", "transforms": {"embedding": {"enabled": False}}}, (), (), 0),
        ({"data_type": "numeric"}, ("normalize",), ("c_norm",), 1),
        (
            {
                "data_type": "numeric",
                "transforms": {
                    "missing_flag": {},
                    "log_transform": {},
                    "bucketize": {"embedding_dim": 8},
                    "normalize": {},
                },
            },
            ("normalize", "bucketize", "log_transform", "missing_flag"),
            ("c_norm", "c_bucket", "c_missing"),
            10,
        ),
        ({"data_type": "temporal"}, ("normalize",), ("c_norm",), 1),
        (
            {"data_type": "temporal", "transforms": {"cyclical": {"daily": True, "yearly": True}}},
            ("cyclical",),
            ("c_yearly_sin", "c_yearly_cos", "c_daily_sin", "c_daily_cos"),
            4,
        ),
        ({"data_type": "temporal", "transforms": {"cyclical": {}}}, ("cyclical",), (), 0),
    ],
)
def test_a_feature_knows_its_outputs_and_width(given, active, keys, width):
    """P23: one calculator of names and widths."""
    made = feature(**given)
    assert (made.active, made.output_keys, made.width) == (active, keys, width)


def test_p23_a_history_is_as_wide_as_the_feature_that_it_shares():
    history = {"column": "past", "data_type": "history"}
    history["transforms"] = {"history": {"shared_with": "sku"}}
    wide = {"embedding": {"embedding_dim": 48}}
    product = {"column": "sku", "data_type": "text", "transforms": wide}
    towers = {"buyer_model_features": [history], "product_model_features": [product]}
    features = FeatureConfig.model_validate(towers)
    (made,) = features.features_of("buyer")
    assert (made.active, made.output_keys) == (("history",), ("past",))
    assert features.feature_width(made) == features.width_of("buyer") == 48
    history["transforms"]["history"]["enabled"] = False
    (off,) = FeatureConfig.model_validate(towers).features_of("buyer")
    assert (off.active, off.output_keys, features.feature_width(off)) == ((), (), 0)


def test_p18_a_disabled_transform_gives_nothing_whatever_stands_inside():
    """P18, P19: `enabled: false` is final."""
    cyclical = {"enabled": False, "daily": True}
    made = feature(data_type="temporal", transforms={"cyclical": cyclical, "normalize": {}})
    assert made.output_keys == ("c_norm",)


def test_p17_the_output_name_is_the_alias_everywhere():
    assert feature(data_type="text", display_name="alias").output_keys == ("alias",)
    assert feature(data_type="text", display_name="").output_name == "c"  # a form's "none"
    cross = Cross.model_validate(
        {"features": [{"column": "a", "display_name": "b"}, {"column": "c"}]}
    )
    assert cross.output_name == "b_x_c_cross"


def test_p4_columns_need_not_be_identifiers():
    for column in (
        "order date",
        "1st",
        "имя",
        "🛒",
        "class",
        "self",
        "a\u2028b",
        "\ufeffx",
        "a'b\\",
    ):
        assert feature(data_type="text", column=column).output_name == column


@pytest.mark.parametrize("column", ["a\0b", "half \ud83d", "", "x" * 301, b"bytes", 7, None])
def test_p3_what_no_file_can_hold_is_no_column(column):
    with pytest.raises(ValidationError):
        feature(data_type="text", column=column)


def test_p20_an_unknown_data_type_is_refused():
    with pytest.raises(ValidationError, match="union_tag"):
        feature(data_type="txt")


@pytest.mark.parametrize("good", [None, [0, 1], (0, 1), [0.0, 1.0], [-1, 1]])
def test_ranges_that_are_known(good):
    made = feature(data_type="numeric", transforms={"normalize": {"range": good}})
    assert made.transforms.normalize.range in (None, (0.0, 1.0), (-1.0, 1.0))


@pytest.mark.parametrize("bad", [[0, 2], [1, 0], [False, True], [0], [], "01", 1, {"min": 0}])
def test_ranges_that_are_not(bad):
    with pytest.raises(ValidationError):
        feature(data_type="numeric", transforms={"normalize": {"range": bad}})


@pytest.mark.parametrize(
    "bad",
    ["0.05", True, float("nan"), float("inf"), 1e400, -0.0, 0, 11, [1], 10**400],
)
def test_p5_p2_learning_rates_that_are_no_numbers(bad):
    error_types(ModelConfig, {"learning_rate": bad})


@pytest.mark.parametrize("bad", [8.0, "8", True, 0, -1, pytest.param(10**5000, id="huge")])
def test_p5_epochs_that_are_no_whole_numbers(bad):
    error_types(ModelConfig, {"epochs": bad})


def test_p5_at_most_fifty_layers():
    layers = [{"type": "batch_norm"}] * 51
    assert error_types(ModelConfig, {"buyer_tower_layers": layers}) == ["too_long"]


def test_p2_words_come_from_lists():
    assert (
        error_types(ModelConfig, {"optimizer": "adam')#", "model_type": "x"})
        == ["literal_error"] * 2
    )


@pytest.mark.parametrize("bad", [{1, 2}, {"a": 1}, "text", iter([]), 5])
def test_lists_are_lists(bad):
    assert error_types(FeatureConfig, {"buyer_model_features": bad}) == ["list_type"]


def test_stats_are_kept_when_they_are_json():
    stats = {"mean": 1.5, "top": ["a", None, True], "nested": {"n": 1}}
    assert feature(data_type="text", stats=stats).stats == stats
    endless: dict = {}
    endless["self"] = endless
    unlike = ({"a": {1: 2}}, {"a": object()}, {"a": {"b": {1}}})
    unwritable = ({"a": float("nan")}, {"a": [float("inf")]}, {"a": "\ud800"}, {"\udfff": 1})
    for bad in (endless, *unlike, *unwritable):
        with pytest.raises(ValidationError, match="not_json"):
            feature(data_type="text", stats=bad)


def test_unknown_keys_are_refused_at_every_level():
    """P18: nothing is accepted and ignored."""
    for data in (
        {"column": "c", "data_type": "text", "vocab": 1},
        {"column": "c", "data_type": "text", "transforms": {"normalize": {}}},
        {"column": "c", "data_type": "text", "transforms": {"embedding": {"dim": 3}}},
    ):
        with pytest.raises(ValidationError, match="extra_forbidden"):
            TypeAdapter(Feature).validate_python(data)


def test_depth_counts_the_projection_to_the_output():
    layers = [{"type": "dense", "units": 64}, {"type": "dropout", "rate": 0.1}]
    model = ModelConfig.model_validate(
        {"buyer_tower_layers": layers[:1], "product_tower_layers": layers}
    )
    assert (model.is_projected("buyer"), model.depth_of("buyer")) == (False, 1)
    assert (model.is_projected("product"), model.depth_of("product")) == (True, 2)
    assert ModelConfig().depth_of("buyer") == 1


@pytest.mark.parametrize(
    ("model", "added"),
    [
        ({}, ["user", "past"]),
        ({"buyer_tower_layers": [{"type": "dense", "units": 8}]}, ["user", "past"]),
        ({"output_embedding_dim": 32}, []),  # none is as wide
        ({"share_tower_weights": True}, ["user", "past"]),
        ({"share_tower_weights": True, "buyer_tower_layers": [{"type": "batch_norm"}]}, []),
        ({"model_type": "ranking"}, ["user", "past"]),
        ({"model_type": "ranking", "buyer_tower_layers": [{"type": "batch_norm"}]}, []),
        ({"model_type": "multitask", "buyer_tower_layers": [{"type": "batch_norm"}]}, []),
    ],
)
def test_what_is_as_wide_as_the_output_goes_around_layers(model, added):
    """Not in what was not measured so; and layers with no other input have all of it."""
    town = {"column": "town", "transforms": {"embedding": {"embedding_dim": 16}}}
    wide = {"transforms": {"embedding": {"embedding_dim": 16}}}
    past = {"data_type": "history", "transforms": {"history": {"shared_with": "sku"}}}
    mine = [{"column": "user", **wide}, town, {"column": "past", **past}]
    text = {"data_type": "text"}
    plain = {
        "buyer_id_column": "user",
        "product_id_column": "sku",
        "product_model_features": [{"column": "sku", **text, **wide}],
    }
    model = ModelConfig.model_validate({"output_embedding_dim": 16} | model)
    for features, expected in ((mine, added), ([mine[0], mine[2]], added), (mine[:1], added[:1])):
        given = {"buyer_model_features": [{**text, **each} for each in features]}
        found = residuals_of(FeatureConfig.model_validate(plain | given), model, "buyer")
        has_no_other = model.buyer_tower_layers and town not in features
        assert [each.column for each in found] == ([] if has_no_other else expected)


def test_a_null_activation_is_linear():
    layer = {"type": "dense", "units": 64, "activation": None}
    model = ModelConfig.model_validate({"buyer_tower_layers": [layer]})
    assert model.buyer_tower_layers[0].activation_name == "linear"


def config_with(*buyer, **fields):
    features = [{"data_type": "text", **f} for f in buyer]
    return FeatureConfig.model_validate({"buyer_model_features": features, **fields})


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["customer_id"], ("customer_id",)),
        (["CUST_NO"], ("CUST_NO",)),
        (["sku", "name"], ("sku",)),
        (["ean_code", "item_key"], ("ean_code", "item_key")),
        (["name"], ()),
        ([], ()),
    ],
)
def test_detection_of_an_id(columns, found):
    config = config_with(*({"column": column} for column in columns))
    assert detect_id(config.buyer_model_features) == found
    assert config.buyer_id == (found[0] if len(found) == 1 else None)


def test_p25_a_marked_feature_is_the_id_whatever_the_names_say():
    config = config_with({"column": "customer_id"}, {"column": "login", "is_primary_id": True})
    assert config.buyer_id == "login"
    assert config_with({"column": "a_id"}, buyer_id_column="b").buyer_id == "b"
    assert config_with({"column": "a_id"}, buyer_id_column="").buyer_id == "a_id"
    assert config.product_id is None


def test_the_width_of_a_tower_is_that_of_its_features_and_crosses():
    """P23."""
    cross = {"features": [{"column": "a"}, {"column": "b"}], "embedding_dim": 4}
    config = config_with({"column": "a_id"}, buyer_model_crosses=[cross])
    assert (config.width_of("buyer"), config.width_of("product")) == (36, 0)


def test_p80_every_type_has_a_dtype():
    dtypes = {name: dtype_of(name) for name in TypeAdapter(BqType).json_schema()["enum"]}
    assert set(dtypes.values()) == {"string", "int64", "float32"}
    assert {dtypes["STRING"], dtypes["BYTES"]} == {"string"}
    assert {dtypes["DATE"], dtypes["BOOL"], dtypes["ARRAY<INT64>"]} == {"int64"}
    assert dtypes["NUMERIC"] == "float32"
    assert (item_type("ARRAY<DATE>"), is_array("ARRAY<DATE>"), is_array("DATE")) == (
        "DATE",
        True,
        False,
    )


def test_a_config_comes_back_from_its_own_dump(experiment):
    config = ExperimentConfig.model_validate(experiment)
    assert ExperimentConfig.model_validate(config.model_dump()) == config
    assert ExperimentConfig.model_validate_json(config.model_dump_json()) == config


def test_configs_are_frozen_and_copies_are_checked(experiment):
    config = ExperimentConfig.model_validate(experiment)
    with pytest.raises(ValidationError, match="frozen"):
        config.name = "other"
    copy = config.model_copy(update={"name": 5})
    assert error_types(ExperimentConfig, copy) == ["string_type"]


def test_the_schema_describes_fields():
    schema = ExperimentConfig.model_json_schema()
    assert schema["$defs"]["ModelConfig"]["properties"]["top_k"]["description"]


def test_importing_the_config_is_light():
    code = (
        "import sys, recgen.config, recgen.check\n"
        "heavy = {'jinja2', 'black', 'typer', 'rich', 'tensorflow', 'yaml'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
