"""Odd rows of a platform: what each becomes was written down before it was read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stored_rows import TARGET, posted_features, posted_model

from recgen.contrib.ml_platform import TrainerModuleGenerator, read_rows

Plain = dict[str, Any]
ON = {"enabled": True}


def number(column: str, **transforms: Any) -> Plain:
    """Returns a numeric feature as the page posts it."""
    return {
        "column": column,
        "bq_type": "FLOAT64",
        "data_type": "numeric",
        "transforms": transforms or {"normalize": {"enabled": True, "range": [-1, 1]}},
    }


def text(column: str, width: Any = 16, **settings: Any) -> Plain:
    embedding = {"enabled": True, "embedding_dim": width}
    transforms = {"embedding": embedding}
    return {
        "column": column,
        "bq_type": "STRING",
        "data_type": "text",
        "transforms": transforms,
    } | (settings)


def plus(side: str, feature: Any) -> Plain:
    """Returns the page's features with one more."""
    posted = posted_features()
    posted[f"{side}_model_features"].append(feature)
    return posted


def history(**changes: Any) -> Plain:
    """Returns the page's features with another history; None removes a key."""
    posted = posted_features()
    own = posted["buyer_model_features"][4]["transforms"]["history"]
    own.update(changes)
    return posted


def crossed(side: str, *members: Any, **settings: Any) -> Plain:
    return posted_features(**{f"{side}_model_crosses": [{"features": [*members], **settings}]})


def aliased(index: int, name: str) -> Plain:
    posted = posted_features()
    posted["buyer_model_features"][index]["display_name"] = name
    return posted


READ: dict[str, tuple[Plain, Plain, str]] = {
    "nulls": (
        posted_features(buyer_model_crosses=None, product_model_crosses=None, description=None),
        posted_model(top_k=None, epochs=None, rating_head_layers=None, optimizer=None),
        "",
    ),
    "empty texts": (
        posted_features(description="", target_column=""),
        posted_model(loss_function="", retrieval_algorithm="", epochs="", batch_size=" "),
        "",
    ),
    "numbers as text": (
        posted_features(),
        posted_model(batch_size="4096.0", epochs=20.0, learning_rate="0.01", top_k="100"),
        "",
    ),
    "a feature twice": (plus("buyer", text("city", 8)), posted_model(), "a second feature 'city'"),
    "a number in both towers": (
        plus("product", number("basket")),
        posted_model(),
        "both towers read 'basket' as the buyer tower says",
    ),
    "a text in both towers, of two widths": (
        plus("product", text("city", 32)),
        posted_model(),
        "both towers read 'city' as the buyer tower says",
    ),
    "a text in both towers": (plus("product", text("city", 16)), posted_model(), ""),
    "a cross of what is no feature": (
        crossed("product", {"column": "category"}, {"column": "season", "type": "text"}),
        posted_model(),
        "",
    ),
    "a cross of plain names": (crossed("product", "category", "product_id"), posted_model(), ""),
    "a cross by the column of an alias": (
        crossed("buyer", {"column": "cust_no"}, {"column": "city"}),
        posted_model(),
        "'cust_no' in a cross is 'customer_id'",
    ),
    "a cross of three": (
        crossed(
            "buyer",
            {"column": "city", "type": "text"},
            {"column": "basket", "type": "numeric", "crossing_buckets": "20"},
            {"column": "sold_at", "type": "temporal", "crossing_buckets": 12.0},
            hash_bucket_size="5000",
        ),
        posted_model(),
        "",
    ),
    "a history without a length": (
        history(max_length=None, embedding_dim="32.0"),
        posted_model(),
        "",
    ),
    "no number of buckets": (
        plus("buyer", number("x", bucketize={**ON, "buckets": "", "embedding_dim": None})),
        posted_model(),
        "",
    ),
    "a width of two": (plus("buyer", text("seg", 2)), posted_model(), "is 4, the least there is"),
    "a width of zero": (
        plus("buyer", text("seg", 0)),
        posted_model(),
        "the vectors of 'seg' are 32 wide, not 0",
    ),
    "a tower that ends with a normalization": (
        posted_features(),
        posted_model(buyer_tower_layers=[{"type": "dense", "units": 32}, {"type": "batch_norm"}]),
        "the buyer tower has a linear layer of 32 after its batch norm",
    ),
    "a cross in two orders": (
        posted_features(
            product_model_crosses=[
                {"features": ["product_id", "category"]},
                {"features": ["category", "product_id"]},
            ]
        ),
        posted_model(),
        "the cross 'category_x_product_id' is left out: 'product_id_x_category' has its columns",
    ),
    "a type that no feature has": (
        plus("buyer", {"column": "hour", "bq_type": "INT64", "data_type": "cyclical"}),
        posted_model(),
        "feature 'hour' of type 'cyclical'",
    ),
    "a width that is wide": (
        plus("buyer", text("seg", "4096")),
        posted_model(),
        "is 1024, the most",
    ),
    "a history of two": (history(embedding_dim=2), posted_model(), "is 4, the least there is"),
    "few buckets": (
        plus("buyer", number("x", bucketize={**ON, "buckets": 1, "embedding_dim": 1})),
        posted_model(),
        "`buckets` of 'x' is 2, the least there is, not 1",
    ),
    "a small cross": (
        crossed("buyer", "city", "customer_id", hash_bucket_size=50, embedding_dim=128),
        posted_model(),
        "`hash_bucket_size` of 'city and customer_id' is 100",
    ),
    "an output wider than there is": (
        posted_features(),
        posted_model(output_embedding_dim=600),
        "`output_embedding_dim` is 512, the most there is, not 600",
    ),
    "a head of chances with relu, and labels in a range": (
        posted_features(
            target_column={
                "column": "bought",
                "bq_type": "INT64",
                "transforms": {"normalize": {**ON, "range": [0, 1]}},
            }
        ),
        posted_model(
            task="ranking",
            loss_function="binary_crossentropy",
            rating_head_layers=[{"type": "dense", "units": 1, "activation": "relu"}],
        ),
        "",
    ),
    "an alias that is empty": (aliased(1, ""), posted_model(), ""),
    "a feature that is null": (plus("buyer", None), posted_model(), "that is null"),
    "a truth as text": (
        plus("buyer", text("vip", 8, bq_type="BOOL")),
        posted_model(),
        "",
    ),
    "a day": (
        plus(
            "buyer",
            {
                "column": "born",
                "bq_type": "DATE",
                "data_type": "temporal",
                "transforms": {"normalize": ON, "cyclical": ON},
            },
        ),
        posted_model(),
        "",
    ),
    "an optimizer that is unknown": (
        posted_features(),
        posted_model(optimizer="Adagrad"),
        "the optimizer is adam, which 'Adagrad' stood for",
    ),
    "layers": (
        posted_features(),
        posted_model(
            buyer_tower_layers=[
                {"type": "dense", "units": "64.0", "activation": "ReLU"},
                {"type": "dropout"},
                {"type": "Dense", "units": 32},
                {"type": "dense", "units": 32, "activation": "None", "l2_reg": ""},
            ]
        ),
        "a layer of type 'Dense'",
    ),
    "a name that is code": (posted_features(name="a\nimport os '''\"\"\"\\"), posted_model(), ""),
    "retrieval with a target": (posted_features(target_column=TARGET), posted_model(), ""),
}
REFUSED: dict[str, tuple[Plain, Plain, str]] = {
    "ranking without a target": (posted_features(), posted_model(task="ranking"), "RG231"),
    "two columns of one name": (aliased(1, "basket"), posted_model(), "RG102"),
    "a history of what is not there": (history(shared_with="sku"), posted_model(), "RG126"),
    "a history of a number": (history(shared_with="basket"), posted_model(), "RG126"),
    "a cross of no buckets": (
        crossed("buyer", "city", "customer_id", hash_bucket_size=-1),
        posted_model(),
        "RG013",
    ),
    "a width below zero": (plus("buyer", text("seg", -1)), posted_model(), "RG013"),
    "a rate of zero": (posted_features(), posted_model(learning_rate=0), "RG013"),
    "a list of names": (plus("buyer", "city2"), posted_model(), "RG012"),
    "a tower without features": (
        posted_features(product_model_features=[]),
        posted_model(),
        "RG113",
    ),
    "a cross with the target": (
        crossed("buyer", "city", {"column": "revenue", "type": "numeric", "crossing_buckets": 5})
        | {"target_column": TARGET},
        posted_model(task="ranking"),
        "RG116",
    ),
    "a cross of a buyer's and a product's columns": (
        crossed("buyer", "city", "category"),
        posted_model(),
        "RP011",
    ),
    "such a cross where buyers get products, too": (
        crossed("buyer", "city", "category") | {"target_column": TARGET},
        posted_model(task="multitask"),
        "RP011",
    ),
    "a list of the buyer tower that is a text of the other": (
        posted_features(
            product_model_features=[
                *posted_features()["product_model_features"],
                text("purchase_history", 8),
            ]
        ),
        posted_model(),
        "RG130",
    ),
    "a label in logarithms": (
        posted_features(target_column=TARGET),
        posted_model(task="ranking", loss_function="binary_crossentropy"),
        "RG252",
    ),
    "a list of buyers in the product tower": (
        posted_features(
            product_model_features=[
                *posted_features()["product_model_features"],
                {
                    "column": "buyers",
                    "bq_type": "ARRAY<INT64>",
                    "data_type": "history",
                    "transforms": {"history": {**ON, "shared_with": "customer_id"}},
                },
            ]
        ),
        posted_model(),
        "RG130",
    ),
    "a column crossed with itself": (
        crossed("product", {"column": "category"}, {"column": "category"}),
        posted_model(),
        "RG109",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_an_odd_row_renders_and_its_oddity_is_said(name: str) -> None:
    features, model, words = READ[name]
    config, report = read_rows(features, model)
    assert config is not None, str(report)
    assert len(report.warnings) <= 1
    assert len(report.infos) <= 3
    assert words in " ".join(each.message for each in report.infos)
    code, ok, message, _ = TrainerModuleGenerator(features, model).generate_and_validate()
    assert ok, message
    assert "\nimport os '" not in code


def test_a_cross_of_both_sides_can_rank() -> None:
    """A request for a prediction has a buyer and a product."""
    features = crossed("buyer", "city", "category") | {"target_column": TARGET}
    config, report = read_rows(features, posted_model(task="ranking"))
    assert config is not None, str(report)
    of_both = posted_features()
    of_both["buyer_model_features"].append(text("category", 8))
    of_both["buyer_model_crosses"] = features["buyer_model_crosses"]
    assert read_rows(of_both, posted_model())[0] is not None  # a buyer's request has it


@pytest.mark.parametrize("name", REFUSED)
def test_a_row_that_cannot_work_is_refused_with_a_sentence(name: str) -> None:
    features, model, code = REFUSED[name]
    config, report = read_rows(features, model)
    assert config is None
    assert code in {each.code for each in report.errors}
    assert all(each.message and each.help for each in report.errors)


def clip(enabled: bool = True, **bounds: Any) -> Plain:
    return {"clip_outliers": {"enabled": enabled, **bounds}}


@pytest.mark.parametrize(
    ("transforms", "expected"),
    [
        (None, {}),
        ({}, {}),
        ({"log_transform": ON}, {"log_transform": {}}),
        ({"normalize": {**ON, "range": [0, 1]}}, {"normalize": {"range": (0, 1)}}),
        ({"normalize": {**ON, "range": [-1, 1]}}, {"normalize": {"range": None}}),
        ({"log_transform": True, "normalize": True}, {"log_transform": {}, "normalize": {}}),
        (clip(percentile=95), {"clip_outliers": {"lower": None, "upper": 95}}),
        (
            clip(lower={**ON, "percentile": 5}, upper={**ON, "percentile": "99.9"}),
            {"clip_outliers": {"lower": 5, "upper": 99.9}},
        ),
        (clip(lower=ON, upper={"enabled": False}), {"clip_outliers": {"lower": 1, "upper": None}}),
        (clip(upper={**ON, "percentile": None}), {"clip_outliers": {"lower": None, "upper": 99}}),
        (clip(upper={**ON, "percentile": ""}), {"clip_outliers": {"lower": None, "upper": 99}}),
        (clip(False, upper={**ON, "percentile": 90}), {"clip_outliers": {"upper": 90}}),
        ({"clip_outliers": False}, {}),
    ],
)
def test_each_transform_of_a_target_means_what_it_meant(
    transforms: Plain | None, expected: Plain
) -> None:
    target = {"column": "revenue", "bq_type": "FLOAT64", "transforms": transforms}
    config, report = read_rows(
        posted_features(target_column=target), posted_model("standard", "ranking")
    )
    assert config is not None, str(report)
    assert config.features.target is not None
    found = config.features.target.transforms
    steps = {
        name for name in ("clip_outliers", "log_transform", "normalize") if getattr(found, name)
    }
    assert steps == set(expected)
    if found.normalize and "range" in expected["normalize"]:
        assert found.normalize.range == expected["normalize"]["range"]
    if found.clip_outliers:
        for bound, percentile in expected["clip_outliers"].items():
            own = getattr(found.clip_outliers, bound)
            assert (own.percentile if own else None) == percentile


def test_empty_settings_of_an_experiment_leave_the_row_as_it_is() -> None:
    overrides = {"epochs": "", "batch_size": "512.0", "learning_rate": "0.01", "optimizer": ""}
    config, _ = read_rows(posted_features(), posted_model(epochs=7), overrides=overrides)
    assert config is not None
    model = config.model
    assert (model.epochs, model.batch_size, model.learning_rate) == (7, 512, 0.01)
    assert model.optimizer == "adagrad"


# texts, arrays and lists where something else belongs


@pytest.mark.parametrize("word", ["false", "False ", "off", "no", "0", ""])
def test_a_switch_that_is_written_as_text(word: str) -> None:
    feature = number("n", normalize={"enabled": "true"}, bucketize={"enabled": word})
    config, _ = read_rows(plus("buyer", feature), posted_model())
    assert config is not None
    assert config.features.buyer_model_features[-1].active == ("normalize",)
    with_it, report = read_rows(plus("buyer", number("n", normalize=word)), posted_model())
    assert with_it is not None
    assert "n" not in [each.output_name for each in with_it.features.buyer_model_features]
    assert "feature 'n', which has no transform" in report.infos[0].message


class Unsure:
    """As pandas' NA: neither true nor false."""

    __slots__ = ()

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


@pytest.mark.parametrize("value", [np.array([1, 2]), np.array(True), np.float64(3), Unsure()])
def test_no_value_in_a_row_raises(value: Any) -> None:
    for feature in (
        number("n", normalize={"enabled": value}),
        number("n", normalize=value),
        number("n", bucketize={"enabled": True, "buckets": value}),
        {"column": "n", "data_type": "text", "transforms": value, "display_name": value},
    ):
        assert read_rows(plus("product", feature), posted_model())[1].findings
    for key in ("optimizer", "units", "batch_size", "buyer_tower_layers", "model_type"):
        assert read_rows(posted_features(), posted_model() | {key: value})[1].findings


def test_a_list_of_transforms_is_told() -> None:
    feature = text("n") | {"transforms": ["embedding"]}
    _, report = read_rows(plus("product", feature), posted_model())
    assert "`transforms` of 'n': a list, not a mapping" in report.infos[0].message


def test_the_advice_on_what_the_library_does_not_have() -> None:
    """`legacy=False` refuses a layer of a type that the library does not have."""
    layers = [{"type": "dense", "units": 64}, {"type": "lstm", "units": 8}]
    model = posted_model("minimal") | {"buyer_tower_layers": layers}
    _, report = read_rows(posted_features(), model)
    (note,) = [each for each in report.infos if "'lstm'" in each.message]
    assert "To use a setting" in note.help  # others are ignored, too
    assert note.help.endswith(", without what the library does not have.")
    plain = posted_features()
    for side in ("buyer", "product"):
        plain[f"{side}_model_features"] = [text(f"{side}_id", is_primary_id=True)]
        plain[f"{side}_model_crosses"] = []
    _, report = read_rows(plain, model)
    (note,) = [each for each in report.infos if "'lstm'" in each.message]
    assert note.help == "Nothing has to be done; the library does not have this."


def test_an_index_is_that_of_the_row() -> None:
    """Null, a second feature of a name and one that is not read move those behind them."""
    posted = posted_features()
    own = posted["product_model_features"]
    wrong = text("wrong", width="wide")
    posted["product_model_features"] = [own[0], None, own[0], *own[1:], wrong]
    _, report = read_rows(posted, posted_model())
    (error,) = report.errors
    assert error.path.startswith(f"features.product_model_features[{len(own) + 2}].")
    posted["product_model_features"] = [None, wrong]
    _, report = read_rows(posted, posted_model())
    assert report.errors[0].path.startswith("features.product_model_features[1].")
    posted["buyer_model_features"] = [wrong]  # read by both towers
    posted["product_model_features"] = [own[0], None, wrong | {"bq_type": "BYTES"}]
    paths = [each.path for each in read_rows(posted, posted_model())[1].errors]
    assert any(path.startswith("features.product_model_features[2].") for path in paths), paths


def test_a_long_number_is_not_printed() -> None:
    _, report = read_rows(posted_features(), posted_model(batch_size=10**400))
    assert all(len(each.message) < 2000 and "0" * 50 not in each.message for each in report.infos)
    assert any("not a number with too many digits" in each.message for each in report.infos)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"name', "Unterminated string starting at letter 2"),
        ("[" * 100_000, "the feature config is JSON that is nested too deeply"),
    ],
)
def test_what_is_wrong_with_a_text(row: str, reason: str) -> None:
    assert reason in read_rows(row, posted_model())[1].errors[0].message


def test_a_number_of_gpus_below_zero() -> None:
    _, report = read_rows(posted_features(), posted_model(), gpu_config={"gpu_count": -1})
    assert [(e.message, e.help) for e in report.errors] == [
        ("gpu_count is -1", "Write a whole number, 0 or more.")
    ]
