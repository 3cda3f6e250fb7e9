"""Older dialects are read as today's form, and each change is a finding that can be applied."""

from __future__ import annotations

import copy
import datetime
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

import recgen
from recgen.config import FeatureConfig
from recgen.edit import fixed
from recgen.findings import Fix, Location
from recgen.reading import load, parse, read
from recgen.reading.changes import Change, Rewritten, at, rewrite
from recgen.reading.dialects import DIALECTS, modernize
from recgen.reading.document import Document
from recgen.reading.plain import Plain
from recgen.reading.sources import read_text

BUYER = "features.buyer_model_features[0]"
EMBEDDING = "transforms.embedding"


def experiment(*features: Any, crosses: Any = (), product: Any = (), **more: Any) -> dict[str, Any]:
    side = {"buyer_model_features": [*features], "buyer_model_crosses": [*crosses]}
    return {"features": {**side, "product_model_features": [*product]}, **more}


def changes(data: Any) -> list[tuple[str, str, str]]:
    """Returns code, severity and path of what is found while data is brought into today's form."""
    return [(f.code, f.severity, f.path) for f in modernize(Document(data)).findings]


def today(*features: Any, **more: Any) -> Any:
    """Returns the buyer's features, as plain data of today's form."""
    return modernize(Document(experiment(*features, **more))).data["features"][
        "buyer_model_features"
    ]


def built(*features: Any, **more: Any) -> FeatureConfig:
    return load(experiment(*features, **more)).features


@pytest.mark.parametrize(
    ("older", "now"),
    [
        # What nothing is said about has the default of its kind.
        ({"type": "string_embedding"}, {"data_type": "text"}),
        ({"type": "numeric"}, {"data_type": "numeric"}),
        ({"type": "timestamp"}, {"data_type": "temporal"}),
        ({"type": "text"}, {"data_type": "text"}),  # today's word in the older key
        ({"type": "numeric", "data_type": None}, {"data_type": "numeric"}),
        (
            {"type": "string_embedding", "embedding_dim": 64},
            {"data_type": "text", "transforms": {"embedding": {"embedding_dim": 64}}},
        ),
        (
            {"data_type": "text", "embedding_dim": 64, "transforms": None},
            {"data_type": "text", "transforms": {"embedding": {"embedding_dim": 64}}},
        ),
        (
            {
                "type": "string_embedding",
                "vocab_settings": {"max_size": 500, "oov_buckets": 3, "min_frequency": 2},
                "embedding_dim": 8,
            },
            {
                "data_type": "text",
                "transforms": {
                    "embedding": {
                        "vocab_size": 500,
                        "oov_buckets": 3,
                        "min_frequency": 2,
                        "embedding_dim": 8,
                    }
                },
            },
        ),
        (
            {"type": "numeric", "embedding_dim": 8, "transforms": {"bucketize": {"buckets": 5}}},
            {
                "data_type": "numeric",
                "transforms": {"bucketize": {"buckets": 5, "embedding_dim": 8}},
            },
        ),
        (
            {
                "data_type": "history",
                "embedding_dim": 8,
                "transforms": {"history": {"shared_with": "x"}},
            },
            {
                "data_type": "history",
                "transforms": {"history": {"shared_with": "x", "embedding_dim": 8}},
            },
        ),
        (
            {"type": "timestamp", "cyclical": {"annual": True, "weekly": True}},
            {"data_type": "temporal", "transforms": {"cyclical": {"weekly": True, "yearly": True}}},
        ),
        (
            {"type": "timestamp", "cyclical": {"annual": True}, "transforms": {"normalize": {}}},
            {
                "data_type": "temporal",
                "transforms": {"normalize": {}, "cyclical": {"yearly": True}},
            },
        ),
        (
            {"data_type": "temporal", "transforms": {"cyclical": {"annual": True}}},
            {"data_type": "temporal", "transforms": {"cyclical": {"yearly": True}}},
        ),
        (
            {"data_type": "temporal", "transforms": {"cyclical": {"annual": None}}},
            {"data_type": "temporal", "transforms": {"cyclical": {}}},
        ),
        (
            {"data_type": "temporal", "transforms": {"cyclical": {"annual": True, "yearly": None}}},
            {"data_type": "temporal", "transforms": {"cyclical": {"yearly": True}}},
        ),
    ],
)
def test_an_older_feature_and_todays(older, now):
    older, now = {"column": "c", **older}, {"column": "c", **now}
    given = copy.deepcopy(older)
    assert today(older) == [now]
    assert older == given  # what the user gave is as it was
    assert built(older) == built(now)
    assert {severity for _, severity, _ in changes(experiment(older))} == {"info"}
    assert changes(experiment(now)) == []


@pytest.mark.parametrize(
    ("older", "expected"),
    [
        ({"data_type": "numeric", "embedding_dim": 8}, ("warning", "embedding_dim")),
        ({"data_type": "numeric", "vocab_settings": {"a": 1}}, ("warning", "vocab_settings")),
        ({"data_type": "text", "cyclical": {"daily": True}}, ("warning", "cyclical")),
        ({"data_type": "text", "vocab_settings": {}}, ("info", "vocab_settings")),
        ({"data_type": "text", "vocab_settings": None}, ("info", "vocab_settings")),
        ({"data_type": "text", "type": None}, ("info", "type")),
        ({"data_type": "text", "embedding_dim": None}, ("info", "embedding_dim")),
        (
            {"data_type": "text", "vocab_settings": {"max_size": None}},
            ("info", "vocab_settings.max_size"),
        ),
        (
            {"data_type": "text", "vocab_settings": {"min_frequency": 0}},
            ("info", "vocab_settings.min_frequency"),
        ),
    ],
)
def test_p18_what_has_no_place_is_left_out_and_told(older, expected):
    older = {"column": "c", **older}
    severity, path = expected
    assert changes(experiment(older)) == [("RG024", severity, f"{BUYER}.{path}")]
    assert today(older) == [{"column": "c", "data_type": older["data_type"]}]


@pytest.mark.parametrize(
    ("older", "path"),
    [
        ({"type": "numeric", "data_type": "text"}, "type"),
        (
            {
                "data_type": "text",
                "embedding_dim": 8,
                "transforms": {"embedding": {"embedding_dim": 16}},
            },
            "embedding_dim",
        ),
        (
            {
                "data_type": "temporal",
                "cyclical": {"daily": True},
                "transforms": {"cyclical": {"daily": False}},
            },
            "cyclical",
        ),
        (
            {
                "data_type": "temporal",
                "transforms": {"cyclical": {"annual": True, "yearly": False}},
            },
            "transforms.cyclical.annual",
        ),
        (
            {
                "data_type": "text",
                "vocab_settings": {"oov_buckets": 2},
                "transforms": {"embedding": {"oov_buckets": True}},
            },
            "vocab_settings.oov_buckets",
        ),
    ],
)
def test_what_contradicts_today_is_an_error(older, path):
    document = Document(experiment({"column": "c", **older}))
    (found,) = [each for each in parse(document).findings if each.code != "RG012"]
    assert (found.code, found.severity, found.path) == ("RG025", "error", f"{BUYER}.{path}")
    assert found.fix is None
    assert parse(document).config is None


@pytest.mark.parametrize(
    "older",
    [
        {"type": "string_embedding", "data_type": "text"},
        {
            "data_type": "text",
            "embedding_dim": 8,
            "transforms": {"embedding": {"embedding_dim": 8}},
        },
        {
            "data_type": "temporal",
            "cyclical": {"daily": True},
            "transforms": {"cyclical": {"daily": True}},
        },
    ],
)
def test_what_is_said_twice_alike_is_no_contradiction(older):
    ((_, severity, _),) = changes(experiment({"column": "c", **older}))
    assert severity == "info"
    assert not {"type", "embedding_dim", "cyclical"} & today({"column": "c", **older})[0].keys()


@pytest.mark.parametrize(
    ("older", "code", "path"),
    [
        ({"type": "text", "data_type": "text", "vocabulary": 5}, "RG010", "vocabulary"),
        ({"type": "thing", "data_type": "text"}, "RG010", "type"),
        ({"type": "numbr"}, "RG013", "data_type"),
        ({"type": ["numeric"]}, "RG013", "data_type"),
        ({"type": "numeric", "cyclical": 5, "data_type": 5}, "RG013", "data_type"),
        ({"type": "string_embedding", "embedding_dim": "8"}, "RG012", f"{EMBEDDING}.embedding_dim"),
        ({"type": "string_embedding", "embedding_dim": 2}, "RG013", f"{EMBEDDING}.embedding_dim"),
        (
            {"type": "string_embedding", "vocab_settings": {"max_sise": 2}},
            "RG010",
            f"{EMBEDDING}.max_sise",
        ),
        ({"type": "string_embedding", "vocab_settings": 5}, "RG010", "vocab_settings"),
        (
            {
                "data_type": "text",
                "vocab_settings": {"max_size": 5, "oov_buckets": None},
                "transforms": {"embedding": 5},
            },
            "RG010",
            "vocab_settings",  # not moved, so not left out either
        ),
        ({"type": "timestamp", "cyclical": {"anual": True}}, "RG010", "transforms.cyclical.anual"),
        ({"type": "timestamp", "cyclical": 5}, "RG012", "transforms.cyclical"),
        ({"type": "numeric", "embedding_dim": 8, "transforms": 5}, "RG012", "transforms"),
        ({"type": "string_embedding", "embedding_dim": 8, "transforms": 5}, "RG012", "transforms"),
        ({}, "RG011", "data_type"),
    ],
)
def test_what_is_wrong_in_both_forms_is_left_to_reading(older, code, path):
    findings = parse(Document(experiment({"column": "c", **older}))).findings
    assert (code, f"{BUYER}.{path}") in [(f.code, f.path) for f in findings]


def test_crosses_of_names_take_their_columns_as_the_features_have_them():
    text = {"column": "city", "data_type": "text"}
    older = {"column": "CUST_AGE", "display_name": "age", "type": "numeric"}
    product = [
        {"column": "price", "data_type": "numeric"},
        {"column": "city", "data_type": "numeric"},
        {"column": "sold", "type": "timestamp"},
    ]
    crosses = [
        {"features": ["city", "age"], "embedding_dim": 8},
        {"features": ["price", {"column": "x", "type": "string_embedding"}, "CUST_AGE"]},
        {"features": ["sold", "day", "nobody"]},
    ]
    split = {"kind": "strict_time", "date_column": "day"}
    data = experiment(text, older, product=product, crosses=crosses, data={"split": split})
    age = {"column": "CUST_AGE", "display_name": "age", "type": "numeric"}
    found = modernize(Document(data))
    assert found.data["features"]["buyer_model_crosses"] == [
        {"features": [{"column": "city"}, age], "embedding_dim": 8},  # the own tower comes first
        {
            "features": [
                {"column": "price", "type": "numeric"},
                {"column": "x", "type": "text"},
                age,
            ]
        },
        {
            "features": [
                {"column": "sold", "type": "temporal"},
                {"column": "day", "type": "temporal"},
                {"column": "nobody"},
            ]
        },
    ]
    guesses = [(f.path, f.code) for f in found.findings if f.severity == "warning"]
    assert guesses == [("features.buyer_model_crosses[2].features[2]", "RG023")]
    assert load(data).features.buyer_model_crosses[0].output_name == "city_x_age_cross"


def test_crosses_of_todays_form_are_left_as_they_are():
    crosses = [{"features": [{"column": "a"}, {"column": "b", "type": "numeric"}]}, {}, 5, None]
    assert changes(experiment(crosses=crosses)) == []


def test_crosses_beside_what_is_no_feature():
    older = {"features": ["a", "b"]}
    found = modernize(Document(experiment(5, None, {"column": 5}, {}, crosses=[older])))
    assert found.data["features"]["buyer_model_crosses"] == [
        {"features": [{"column": "a"}, {"column": "b"}]}
    ]


def test_objects_with_attributes():
    """As Django's: attributes that a config does not know, and None where nothing is set."""

    @dataclass
    class Row:
        column: str
        type: str | None = None
        data_type: str | None = None
        embedding_dim: int | None = None
        vocab_settings: Any = None
        cyclical: Any = None
        description: str | None = None
        pk: int = 7

    @dataclass
    class Features:
        buyer_model_features: Any = field(
            default_factory=lambda: [
                Row("a", "string_embedding", None, 8, SimpleNamespace(max_size=9)),
                Row("b", "timestamp", cyclical=SimpleNamespace(annual=True, other=1)),
                Row("c", "anything", "numeric"),  # an attribute that is about something else
            ]
        )
        product_model_features: Any = (Row("sku", "string_embedding", description="x"),)
        buyer_model_crosses: Any = (SimpleNamespace(features=("a", "c"), hash_bucket_size=100),)

    expected = load(
        {
            "features": {
                "buyer_model_features": [
                    {
                        "column": "a",
                        "data_type": "text",
                        "transforms": {"embedding": {"embedding_dim": 8, "vocab_size": 9}},
                    },
                    {
                        "column": "b",
                        "data_type": "temporal",
                        "transforms": {"cyclical": {"yearly": True}},
                    },
                    {"column": "c", "data_type": "numeric"},
                ],
                "product_model_features": [
                    {"column": "sku", "data_type": "text", "description": "x"}
                ],
                "buyer_model_crosses": [
                    {
                        "features": [{"column": "a"}, {"column": "c", "type": "numeric"}],
                        "hash_bucket_size": 100,
                    }
                ],
            }
        }
    )
    assert load(SimpleNamespace(features=Features())) == expected
    report = recgen.check(features=Features())
    assert [f.path for f in report.infos if f.code == "RG021"] == [
        "buyer_model_features[0].embedding_dim",
        "buyer_model_features[0].vocab_settings.max_size",
        "buyer_model_features[1].cyclical",
    ]


def test_transforms_that_are_objects():
    bucketize = SimpleNamespace(buckets=5, enabled=True)
    older = {
        "column": "c",
        "type": "numeric",
        "embedding_dim": 8,
        "transforms": SimpleNamespace(bucketize=bucketize, normalize=None, pk=3),
    }
    (feature,) = built(older).buyer_model_features
    assert (feature.width, feature.active) == (8, ("bucketize",))
    assert not hasattr(bucketize, "embedding_dim")


@pytest.mark.parametrize("name", ["data_type", "embedding_dim", "transforms"])
def test_an_object_whose_attributes_raise_is_left_to_reading(name):
    class Row:
        column = "c"
        type = "numeric"

    def refuse(self):
        raise RuntimeError("boom")

    setattr(Row, name, property(refuse))
    findings = parse(Document(experiment(Row()))).findings
    assert {f.code for f in findings} <= {"RG001", "RG011"}
    assert findings


def test_an_attribute_of_the_lists_that_raises():
    class Features:
        product_model_features = ()

        @property
        def buyer_model_features(self):
            raise RuntimeError("boom")

    found = parse(Document({"features": Features()})).findings
    assert [f.code for f in found] == ["RG001"]


def test_paths_start_within_what_was_given():
    features = experiment({"column": "c", "type": "numeric", "embedding_dim": 2})["features"]
    features["buyer_model_features"][0]["transforms"] = {"bucketize": {}}
    report = recgen.check(features=features, model={})
    paths = {f.code: (f.path, f.fix and f.fix.path) for f in report.findings}
    assert paths["RG020"] == ("buyer_model_features[0].type", "buyer_model_features[0].type")
    assert paths["RG013"][0] == "buyer_model_features[0].transforms.bucketize.embedding_dim"


TEXT = """\
name: old
features:
  buyer_model_features:
    - column: customer_id
      type: string_embedding
      vocab_settings:
        max_size: 0
      embedding_dim: 2
    - column: seen
      cyclical:
        annual: 5
      type: timestamp
  buyer_model_crosses:
    - features: [customer_id, ""]
"""


def test_positions_are_those_of_the_older_text(tmp_path):
    """What is wrong with a value is said where the user wrote it."""
    path = tmp_path / "config.yaml"
    path.write_text(TEXT)
    errors = [(f.code, f.line, f.column, f.path) for f in recgen.check(path).errors]
    assert [each for each in errors if each[0] in {"RG012", "RG013"}] == [
        ("RG013", 7, 9, f"{BUYER}.transforms.embedding.vocab_size"),
        ("RG013", 8, 7, f"{BUYER}.transforms.embedding.embedding_dim"),
        ("RG012", 11, 9, "features.buyer_model_features[1].transforms.cyclical.yearly"),
        ("RG013", 14, 31, "features.buyer_model_crosses[0].features[1].column"),
    ]
    path.with_suffix(".json").write_text(json.dumps(read(path).data, indent=1))
    lines = [(f.code, f.line) for f in recgen.check(path.with_suffix(".json")).errors]
    assert ("RG013", 9) in lines


def taken(data: Any, findings: Any) -> Any:
    """Returns a copy of the data to which the steps of all findings are applied, in their order."""
    data = copy.deepcopy(data)
    for step in [step for found in findings for step in (found.fix.steps if found.fix else ())]:
        place = data
        for part in step.location[:-1]:
            place = place[part]
        if step.op == "set":
            place[step.location[-1]] = copy.deepcopy(step.value)
        elif step.op == "remove":
            del place[step.location[-1]]
        else:
            place[step.value] = place.pop(step.location[-1])
    return data


_setting = st.sampled_from([None, 0, 1, 8, 64, True, "x", {}, {"embedding_dim": 8}])
_flag = st.sampled_from([None, True, False])
_cycles = st.dictionaries(st.sampled_from(["annual", "yearly", "weekly", "enabled"]), _flag)
_older = st.fixed_dictionaries(
    {"column": st.sampled_from("abc")},
    optional={
        "type": st.sampled_from([None, "string_embedding", "numeric", "timestamp", "text", "x", 5]),
        "data_type": st.sampled_from([None, "text", "numeric", "temporal", "history", "x"]),
        "display_name": st.sampled_from(["d", "", None]),
        "embedding_dim": _setting,
        "vocab_settings": st.none()
        | st.dictionaries(
            st.sampled_from(["max_size", "oov_buckets", "min_frequency", "other"]), _setting
        ),
        "cyclical": st.none() | _cycles,
        "transforms": st.none()
        | st.just(5)
        | st.fixed_dictionaries(
            {},
            optional={
                "embedding": _setting,
                "bucketize": _setting,
                "cyclical": st.none() | _cycles,
            },
        ),
    },
)
_members = st.lists(
    st.sampled_from(["a", "b", "d", "", {"column": "a"}, {"column": "b", "type": "timestamp"}, 5])
)


@some(130, 400)
@given(st.lists(_older, max_size=3), st.lists(_members, max_size=2))
def test_the_steps_of_the_findings_are_the_whole_change(features, crosses):
    """Without a contradiction, applying them in the text's order gives what is read."""
    data = experiment(*features, crosses=[{"features": members} for members in crosses])
    given = copy.deepcopy(data)
    document = modernize(Document(data))
    assert data == given
    if any(found.code == "RG025" for found in document.findings):
        assert parse(Document(data)).config is None
    else:
        assert taken(data, document.findings) == document.data
        assert modernize(Document(document.data)).findings == ()
    recgen.check(data)


def test_a_date_in_one_older_feature_leaves_the_others_upgraded() -> None:
    """A mapping's value that JSON has not cannot be in a fix: that feature alone stays older."""
    features = {
        "buyer_model_features": [
            {"name": "a", "type": "string_embedding", "embedding_dim": datetime.date(2024, 1, 1)},
            {"name": "b", "type": "timestamp"},
        ]
    }
    report = recgen.check(features=features)
    json.dumps([finding.as_dict() for finding in report.findings])
    older = {finding.path for finding in report.findings if finding.code == "RG020"}
    assert "buyer_model_features[1].type" in older
    assert any(e.path.startswith("buyer_model_features[0]") for e in report.errors)
    assert not any(e.path == "buyer_model_features[1].data_type" for e in report.errors)


OLD_MODEL = {"weight_average_decay": 0.999, "epochs": 3}
NEW_MODEL = {"ema_decay": 0.999, "epochs": 3}


@pytest.mark.parametrize(
    "model",
    [
        OLD_MODEL,
        SimpleNamespace(**OLD_MODEL, pk=7),
    ],
)
def test_a_renamed_key_is_read_as_before(model):
    assert load(experiment(model=model)) == load(experiment(model=NEW_MODEL))
    assert changes(experiment(model=model)) == [("RG026", "info", "model.weight_average_decay")]
    assert changes(experiment(model=NEW_MODEL)) == []
    (found,) = [f for f in recgen.check(features={}, model=model).findings if f.code == "RG026"]
    assert found.path == "weight_average_decay"
    assert found.fix is not None
    assert found.fix == Fix(("weight_average_decay",), "rename", "ema_decay", safe=True)


def test_a_renamed_key_that_is_null_is_read_too():
    model = {"weight_average_decay": None}
    assert load(experiment(model=model)) == load(experiment())
    assert changes(experiment(model=model)) == [("RG026", "info", "model.weight_average_decay")]
    unset = SimpleNamespace(weight_average_decay=None, ema_decay=0.9)
    assert load(experiment(model=unset)).model.ema_decay == 0.9


def test_both_names_of_a_renamed_key_are_an_error_where_they_differ():
    document = Document(experiment(model={**OLD_MODEL, "ema_decay": 0.99}))
    (found,) = parse(document).findings
    assert (found.code, found.severity) == ("RG025", "error")
    assert "`weight_average_decay` and `ema_decay`" in found.message
    assert "different values" in found.message
    assert (found.fix, parse(document).config) == (None, None)


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [(0.999, 0.999, 0.999), (0.999, None, 0.999), (None, 0.99, 0.99), (None, None, None)],
)
def test_one_of_two_names_is_removed_where_they_do_not_contradict(old, new, value):
    model = {"weight_average_decay": old, "ema_decay": new}
    text = json.dumps(experiment(model=model))
    parsed = parse(read_text(text, "json"))
    assert [found.code for found in parsed.findings] == ["RG026"]
    assert parsed.config is not None
    after, done = fixed(text, parsed.findings, "json")
    assert len(done) == 1
    assert json.loads(after)["model"] == {"ema_decay": value}


def test_what_is_wrong_with_a_renamed_key_is_said_where_it_is_written(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("features: {}\nmodel:\n  epochs: 3\n  weight_average_decay: 2\n")
    (wrong,) = [f for f in recgen.check(path).errors if f.code == "RG013"]
    assert (wrong.path, wrong.line, wrong.column) == ("model.ema_decay", 4, 3)


def test_an_older_and_a_newer_config_render_alike():
    """The header's digest, too, is that of what was read."""
    features = experiment(
        {"column": "customer_id", "data_type": "text"},
        product=[{"column": "sku", "data_type": "text"}],
        data={"split": {"kind": "random"}},
    )
    assert recgen.render({**features, "model": OLD_MODEL}, allow=["RG301"]) == recgen.render(
        {**features, "model": NEW_MODEL}, allow=["RG301"]
    )


def test_a_further_dialect_is_a_function():
    """It runs before or after the others; what it moves keeps its place in the text."""

    def target_as_name(data: Plain) -> Rewritten:
        place = ("features", "target")

        def change(data: Plain, place: Location) -> Change | None:
            if not isinstance(at(data, place), dict):
                return None
            name = Fix(("features", "target_column"), "set", at(data, (*place, "column")))
            steps = (name, Fix(place, "remove"))
            return Change("RG021", place, "m", "h", steps, today=name.location)

        return rewrite(data, [place], change)

    data = experiment({"column": "c", "type": "numeric"})
    data["features"]["target"] = {"column": "price"}
    found = modernize(Document(data), dialects=[target_as_name, *DIALECTS])
    assert found.data["features"]["target_column"] == "price"
    assert [each.path for each in found.findings] == ["features.target", f"{BUYER}.type"]
    assert found.origins["features", "target_column"] == ("features", "target")
