"""Checking: paths, words, order, what can be allowed, and that nothing is ever raised."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recgen
from recgen.check import check, load
from recgen.config import ExperimentConfig
from recgen.findings import (
    ConfigError,
    Finding,
    Fix,
    RecgenError,
    Report,
    format_text,
    join_path,
    show,
)
from recgen.reading import Document
from recgen.reading.pydantic_errors import finding_of

DEEP = [{"type": "dense", "units": n, "activation": "relu"} for n in (256, 128)]
DEEP.append({"type": "dense", "units": 64, "activation": "linear"})


def findings(report):
    return [(finding.code, finding.path) for finding in report.findings]


def changed(config, path, value):
    """Returns a copy with the value at a path of keys and indices."""
    config = copy.deepcopy(config)
    place = config
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return config


def test_a_good_config_has_no_findings(experiment):
    report = check(experiment)
    assert (report.ok, report.findings, report.source) == (True, (), None)
    assert (format_text(report), report.summary()) == ("", "no findings")
    assert load(experiment).name == "shop"


@pytest.mark.parametrize(
    ("path", "value", "code", "expected"),
    [
        (("features", "buyer_model_features", 0, "column"), 5, "RG012", None),
        (
            ("features", "buyer_model_features", 1, "transforms"),
            {"normalize": {"range": [0, 9]}},
            "RG013",
            "features.buyer_model_features[1].transforms.normalize.range",
        ),
        (
            ("features", "buyer_model_features", 1, "data_type"),
            "number",
            "RG013",
            "features.buyer_model_features[1].data_type",
        ),
        (
            ("features", "buyer_model_features", 1),
            {"column": "x"},
            "RG011",
            "features.buyer_model_features[1].data_type",
        ),
        (("features", "buyer_model_features", 1), "x", "RG012", None),
        (("features", "buyer_model_features", 0, "text"), 1, "RG010", None),  # a tag's own word
        (("features", "buyer_model_features", 0, "order date"), 1, "RG010", "['order date']"),
        (("model", "buyer_tower_layers"), [{"type": "dense"}], "RG011", "[0].units"),
        (("model", "optimizer"), ["adam"], "RG013", "model.optimizer"),
        (("model", "learning_rate"), "0.1", "RG012", None),
        (("model", "learning_rate"), 10**400, "RG013", "model.learning_rate"),
        pytest.param(("model", "seed"), 10**5000, "RG013", "model.seed", id="huge"),
        (("model", 7), 1, "RG010", "model[7]"),
        (("data", "column_types"), {"x y": "STRNG"}, "RG013", "data.column_types['x y']"),
        (("data", "column_types"), {5: "DATE"}, "RG012", "data.column_types[5]"),
        (("data", "column_types"), {"\ud800": "DATE"}, "RG014", None),
        (("data", "column_types"), {"a\0": "DATE"}, "RG014", r"data.column_types['a\x00']"),
        (("data", "column_types"), {"": "DATE"}, "RG013", "data.column_types['']"),
        (("data", "column_types"), {"x": "%d.%m"}, "RG013", "data.column_types.x"),
        (("data", "null_times"), [0.5], "RG012", "data.null_times[0]"),
        (("data", "split"), {"kind": "random", "test": 0.5}, "RG013", "data.split.test"),
        (("name",), "x" * 300, "RG013", "name"),
        (("features", "buyer_model_crosses"), [{"features": []}], "RG013", "[0].features"),
        (("data", "column_types"), {"[key]": 5}, "RG013", "data.column_types['[key]']"),
        (("[key]",), 5, "RG010", "['[key]']"),
    ],
)
def test_shape_errors_have_the_contracts_paths(experiment, path, value, code, expected):
    """Pydantic's union tags are no part of a path, and its words are not shown."""
    report = check(changed(experiment, path, value))
    (finding,) = [finding for finding in report.errors if finding.code != "RG104"]
    assert finding.code == code
    assert finding.path.endswith(expected or join_path(path)) or code == "RG014"
    assert ".text." not in finding.path
    assert "Input should" not in finding.message
    assert finding.help
    assert finding.message.isprintable()


def test_a_close_word_is_proposed_with_a_fix(experiment):
    (finding,) = check(changed(experiment, ("model", "optimiser"), "adam")).errors
    assert (finding.help, finding.fix) == (
        "Did you mean 'optimizer'?",
        Fix(("model", "optimiser"), "rename", "optimizer", safe=True),
    )
    (finding,) = check(changed(experiment, ("model", "optimizer"), "Adagard")).errors
    assert finding.fix == Fix(("model", "optimizer"), "set", "adagrad", safe=True)


def test_all_problems_at_once_rules_too(experiment):
    """Feature rules speak although the model is broken."""
    broken = changed(experiment, ("model", "epochs"), 0)
    broken["features"]["buyer_model_features"].append({"column": "age", "data_type": "numeric"})
    assert findings(check(broken)) == [
        ("RG013", "model.epochs"),
        ("RG101", "features.buyer_model_features[2]"),
    ]


def test_sections_alone_have_paths_of_their_own(experiment):
    features, model = experiment["features"], {"learning_rate": 0.1, "buyer_tower_layers": DEEP}
    assert findings(check(features=features, model=model)) == [("RG201", "learning_rate")]
    assert findings(check(features=features, model={"epochs": 0})) == [("RG013", "epochs")]
    assert findings(check(features={"buyer_model_feature": []})) == [
        ("RG010", "buyer_model_feature")
    ]
    assert findings(check(model={})) == []
    assert check(features=features).ok
    report = check(model={"optimizer": "sgd", "learning_rate": 1.0, "gradient_clip_norm": None})
    assert Fix(("gradient_clip_norm",), "set", 1.0) in [each.fix for each in report.findings]


def test_findings_stand_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("model: {epochs: 0}\nfeatures:\n  nothing: 1\nname: 5\n")
    report = check(path)
    assert [finding.line for finding in report.findings] == [1, 3, 4]
    assert report.source == str(path)


def test_an_error_of_the_outcome_can_be_allowed(experiment):
    risky = changed(experiment, ("model",), {"learning_rate": 0.1, "buyer_tower_layers": DEEP})
    assert not check(risky).ok
    report = check(risky, allow=["RG201"])
    assert report.ok
    assert report.warning_dicts()[0]["severity"] == "high"
    assert load(risky, allow=["RG201"]).model.learning_rate == 0.1
    with pytest.raises(ConfigError, match="RG201"):
        load(risky)


@pytest.mark.parametrize(
    ("code", "message"),
    [("RG101", "cannot be allowed"), ("RG2O1", "no rule"), ("", "no rule"), (5, "no rule")],
)
def test_what_cannot_be_allowed_is_said(experiment, code, message):
    with pytest.raises(RecgenError, match=message) as caught:
        check(experiment, allow=[code])
    assert caught.value.help
    with pytest.raises(RecgenError, match=message):
        load(experiment, allow=[code])
    assert check(experiment, allow=["RG202"]).ok  # a warning may be "allowed"


def test_a_source_or_sections_but_not_both(experiment):
    with pytest.raises(TypeError):
        check(experiment, features={})
    assert findings(check()) == [("RG005", "")]


def test_require_refuses_what_cannot_be_read():
    with pytest.raises(ConfigError) as caught:
        load("none.yaml")
    assert str(caught.value).startswith("none.yaml: error RG001: there is no file 'none.yaml'\n")
    assert isinstance(caught.value, ValueError)
    assert caught.value.message == "the config has 1 error"


def test_the_shapes_that_the_platform_reads():
    report = Report(
        (
            Finding("RG1", "error", "a", "first"),
            Finding("RG2", "error", "a", "second"),
            Finding("RG3", "warning", "b", "third"),
            Finding("RG4", "info", "c", "fourth", fix=Fix(("c",), "remove")),
        )
    )
    assert report.field_errors() == {"a": "first; second"}
    assert [entry["severity"] for entry in report.warning_dicts()] == ["medium", "low"]
    assert (len(report.warnings), len(report.infos)) == (1, 1)
    assert report.summary() == "2 errors, 1 warning, 1 note"
    assert report.allowing({"RG1"}).warning_dicts()[0]["severity"] == "high"
    entry = json.loads(json.dumps(report.findings[3].as_dict()))
    assert entry["fix"] == {"path": "c", "op": "remove", "value": None, "safe": False}
    assert report.findings[0].as_dict()["fix"] is None


def test_no_text_of_a_config_reaches_the_terminal_as_it_is():
    """Escape sequences, line breaks and lone surrogates are shown, not acted on."""
    finding = Finding(
        "RG1", "error", "a\x1b[2J", "x\nconfig.yaml:1:1: error forged", "\ud800\u2028"
    )
    text = format_text(Report((finding,), "a\nb.yaml"))
    assert text.count("\n") == 2
    assert "\x1b" not in text
    text.encode()


def test_errors_read_well():
    assert str(RecgenError("no disk", "Free some.")) == "no disk\n  help: Free some."
    assert str(RecgenError("no disk")) == "no disk"
    two = Report((Finding("RG1", "error", "a", "x"), Finding("RG2", "error", "b", "y")))
    assert ConfigError(two).message == "the config has 2 errors"
    assert str(ConfigError(two)) == "config: error RG1 a: x\nconfig: error RG2 b: y"


def test_an_error_of_pydantic_that_is_new_still_becomes_a_finding():
    details = {"type": "url_type", "loc": ("name",), "msg": "No URL", "input": 5}
    found = finding_of(details, ExperimentConfig, Document({}), ())
    assert (found.code, found.path, found.message) == ("RG013", "name", "not allowed: No URL")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.05, "0.05"),
        (float("nan"), "nan"),
        (7, "7"),
        pytest.param(-(10**5000), "a number with too many digits", id="huge"),
        ("a'b\n", '"a\'b\\n"'),
        ("x" * 100, f"'{'x' * 60}'…"),
        ([1], "a list"),
        ({}, "a mapping"),
        (object(), "an object of type object"),
    ],
)
def test_values_are_shown_short_and_printable(value, text):
    assert show(value) == text


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["text", "numeric", "temporal", "history", "dense", "\ud800", "a\0", "DATE"])
)
KEYS = st.sampled_from(
    [
        "name",
        "features",
        "model",
        "data",
        "split",
        "kind",
        "column",
        "data_type",
        "transforms",
        "type",
        "units",
        "buyer_model_features",
        "buyer_tower_layers",
        "column_types",
        "[key]",
    ]
)
json_like = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(KEYS | st.text(max_size=4) | st.integers(), inner, max_size=4),
    max_leaves=20,
)
relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def assert_sound(report):
    assert all(finding.code.startswith("RG") for finding in report.findings)
    format_text(report).encode()
    json.dumps([finding.as_dict() for finding in report.findings], default=repr)
    report.field_errors(), report.warning_dicts()


@relaxed
@given(
    st.dictionaries(KEYS, json_like) | json_like.filter(lambda value: not isinstance(value, str))
)
def test_check_raises_nothing_for_any_data(data):
    assert_sound(check(data))
    if data is not None:
        assert_sound(check(features=data, model=data))


def places(value, path=()):
    """Returns the paths of all values in nested data."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        found += places(inner, (*path, key)) if isinstance(inner, (dict, list)) else [(*path, key)]
    return found


@relaxed
@given(data=st.data())
def test_check_raises_nothing_for_a_config_with_some_values_changed(experiment, data):
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(experiment)[1:]))
        experiment = changed(experiment, path, data.draw(json_like))
    report = check(experiment)
    assert_sound(report)
    if report.ok:
        load(experiment)


@relaxed
@given(text=st.text(max_size=60) | st.binary(max_size=60))
def test_check_raises_nothing_for_any_text(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    assert not check(path).ok
    assert not check(path.rename(tmp_path / "config.json")).ok


def test_data_nested_without_end():
    endless: dict = {"name": "x"}
    endless.update(features=endless, model=[endless], data=endless)
    assert_sound(check(endless))
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert_sound(check({"features": deep, "name": deep, "model": {"buyer_tower_layers": deep}}))


# one reading


@pytest.fixture
def readings(monkeypatch):
    """Collects the texts that are parsed as YAML."""
    from recgen.reading import yaml_text

    texts, parse = [], yaml_text.read_yaml

    def counted(text, source=None):
        texts.append(text)
        return parse(text, source)

    monkeypatch.setattr(yaml_text, "read_yaml", counted)
    return texts


def test_a_file_that_is_checked_loaded_and_rendered_is_parsed_once(tmp_path, experiment, readings):
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(experiment))
    report = recgen.check(path)
    assert recgen.load(str(path), allow=["RG201"]) == recgen.load(experiment)
    assert recgen.render(path) == recgen.render(experiment)
    assert recgen.check(path) == report
    assert len(readings) == 1


def test_a_file_that_has_changed_is_parsed_again(tmp_path, experiment, readings):
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({**experiment, "name": "one"}))
    assert recgen.load(path).name == "one"
    path.write_text(json.dumps({**experiment, "name": "two"}))
    assert (recgen.load(path).name, len(readings)) == ("two", 2)
    path.write_text("name: [")
    assert not recgen.check(path).ok
    path.unlink()
    assert [finding.code for finding in recgen.check(path).findings] == ["RG001"]


def test_a_file_of_the_same_text_keeps_its_own_name(tmp_path, experiment):
    for name in ("one.yaml", "two.yaml", "one.json"):
        path = tmp_path / name
        path.write_text(json.dumps(experiment))
        assert recgen.check(path).source == str(path)


def test_what_is_allowed_once_is_not_allowed_the_next_time(tmp_path, experiment):
    path = tmp_path / "config.yaml"
    model = {"optimizer": "ftrl", "buyer_tower_layers": DEEP}
    path.write_text(json.dumps({**experiment, "model": model}))
    assert recgen.check(path, allow=["RG232"]).ok
    assert not recgen.check(path).ok
    with pytest.raises(ConfigError):
        recgen.load(path)


def test_errors_reach_another_process() -> None:
    """A web service may check and render in a pool of processes."""
    import pickle

    report = recgen.check({"name": "x"})
    again = pickle.loads(pickle.dumps(recgen.ConfigError(report)))
    assert str(again) == str(recgen.ConfigError(report))
    error = pickle.loads(pickle.dumps(recgen.RecgenError("what", "do this")))
    assert (str(error), error.help) == ("what\n  help: do this", "do this")


def test_values_of_earlier_versions_are_not_proposed() -> None:
    (found,) = check(model={"distribution": "mirored"}).findings
    assert (found.code, found.message) == ("RG013", "'mirored' is not one of auto")
    assert found.fix is None
