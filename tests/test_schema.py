"""The JSON Schema says of a config what reading says, as far as JSON Schema can."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from configs import experiments
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from metrics_data import metrics_data
from pydantic import BaseModel

from recgen.cli import main
from recgen.config import ExperimentConfig
from recgen.metrics import TrainingMetrics
from recgen.reading import parse, read
from recgen.reading.document import Document
from recgen.reference import reference_page
from recgen.schema import schema_of, schema_text

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted([*ROOT.glob("examples/*/config.yaml"), *ROOT.glob("tests/cases/*/config.yaml")])
BAD = sorted(ROOT.glob("tests/bad/*/config.yaml"))
VALIDATOR = Draft7Validator(schema_of(ExperimentConfig))
SHAPE = {"RG010", "RG011", "RG012", "RG013", "RG014"}

# What JSON Schema cannot say, or not in a way that an editor's user would understand:
# - RG014: a pattern for NUL would stand at each text, one for surrogates would refuse all emoji;
# - RG012: to JSON Schema, 8.0 is a whole number;
# - RG013: there are no NaN and infinity in JSON; `stats` that are no JSON, or nested too deeply.
# Older dialects (RG020 to RG026) are read, but editors shall propose today's form.
NOT_SAID = {"RG014_nul"}


def shape_codes(data: object) -> set[str]:
    """Returns the codes that reading gives data, without those of rules."""
    return {finding.code for finding in parse(Document(data)).findings}


def test_it_is_a_schema_of_draft_7():
    for model in (ExperimentConfig, TrainingMetrics):
        Draft7Validator.check_schema(schema_of(model))
        assert schema_of(model)["$schema"] == "http://json-schema.org/draft-07/schema#"
        text = json.dumps(schema_of(model))
        for later in ('"$defs"', '"prefixItems"', '"discriminator"', '"unevaluatedProperties"'):
            assert later not in text
    assert json.loads(schema_text()) == schema_of(ExperimentConfig)


def models(schema: dict[str, Any]):
    """Yields the schemas of all config models with their names."""
    yield from schema["definitions"].items()
    yield schema["title"], schema


def test_every_field_says_what_it_is_and_its_default():
    schema = schema_of(ExperimentConfig)
    silent = [
        f"{name}.{key}"
        for name, model in models(schema)
        for key, field in model["properties"].items()
        if not field.get("description")
        or ("default" in field) == (key in model.get("required", ()))
    ]
    assert silent == []
    numbers = [
        f"{name}.{key}"
        for name, model in models(schema)
        for key, field in model["properties"].items()
        if {"integer", "number"}
        & {*([field.get("type")] if isinstance(field.get("type"), str) else field.get("type", []))}
        and not {"minimum", "exclusiveMinimum"} & field.keys()
    ]
    assert numbers == []


def test_nothing_stands_beside_a_reference():
    """Draft 7 does not look at it."""

    def walk(part):
        if isinstance(part, dict):
            assert "$ref" not in part or len(part) == 1
            part = list(part.values())
        if isinstance(part, list):
            for each in part:
                walk(each)

    walk(schema_of(ExperimentConfig))


def test_arrays_have_limits_of_arrays():
    definitions = schema_of(ExperimentConfig)["definitions"]
    layers = definitions["ModelConfig"]["properties"]["buyer_tower_layers"]
    assert (layers["maxItems"], "maxLength" in layers) == (50, False)
    assert definitions["Normalize"]["properties"]["range"]["enum"] == [None, [0, 1], [-1, 1]]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.parent.name)
def test_good_configs_fit(path):
    assert [error.message for error in VALIDATOR.iter_errors(read(path).data)] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.parent.name)
def test_bad_configs_fit_unless_their_shape_is_wrong(path):
    expected = (path.parent / "expected.txt").read_text(encoding="utf-8")
    codes = set(re.findall(r" (?:error|warning|info) (RG\d{3})", expected))
    document = read(path)
    if not document.readable or codes & {"RG003", "RG004"}:
        pytest.skip("the text itself is wrong, which an editor sees without a schema")
    wrong = bool(codes & SHAPE) and path.parent.name not in NOT_SAID
    older = any(code.startswith("RG02") for code in codes)
    assert VALIDATOR.is_valid(document.data) == (not wrong and not older)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("features", "buyer_model_features", 0, "data_type"), "txt", "is not one of ['text', "),
        (("features", "buyer_model_features", 0, "colum"), "a", "'colum' was unexpected"),
        (("model", "optimizer"), "adagard", "'adagard' is not one of ['adagrad', "),
        (("model", "buyer_tower_layers"), [{"type": "dense", "units": 0}], "less than the minimum"),
        (("model", "buyer_tower_layers"), [{"type": "dens"}], "'dens' is not one of ['dense', "),
        (("data", "split", "kind"), "rnd", "'rnd' is not one of ['strict_time', "),
    ],
)
def test_what_is_wrong_is_said_once_and_in_its_place(experiment, path, value, message):
    """Tags are looked at first, so that a message is not about all kinds of features or layers."""
    put(experiment, path, value)
    (error,) = leaves(VALIDATOR.iter_errors(experiment))
    assert message in error.message


def leaves(errors):
    """Returns the innermost errors, of the choice that is meant where there is one or null."""
    found = []
    for error in errors:
        inner = [each for each in error.context if each.validator != "type"]
        found += leaves(inner) if inner else [error]
    return found


def test_metrics_fit():
    validator = Draft7Validator(schema_of(TrainingMetrics))
    assert validator.is_valid(metrics_data())
    assert not validator.is_valid({**metrics_data(), "epochs": "3"})


def put(data: Any, path: tuple[Any, ...], value: object) -> None:
    for part in path[:-1]:
        data = data[part]
    data[path[-1]] = value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the paths of all values in nested data."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        found += places(inner, (*path, key)) if isinstance(inner, (dict, list)) else [(*path, key)]
    return found


# None of what JSON Schema cannot say: see above.
# fmt: off
_VALUES = [
    None, True, False, 0, 1, -1, 2, 5, 64, 10**6, 2**31, 0.5, -0.5, 1e-13, 1e300, "", "x", "text",
    "numeric", "history", "dense", "linear", "random", "DATE", "x" * 301, "x" * 10_001,
    [], [0, 1], [1, 0], [-1.0, 1.0], [0, True], {}, {"enabled": False}, {"type": "dense"},
    [{"column": "x"}], [{"column": "x"}, {"column": "y"}], ["x", "y"],
]
# fmt: on
_values = st.sampled_from(_VALUES).map(copy.deepcopy)
_keys = st.sampled_from(
    ["name", "x", "enabled", "column", "range", "embedding", "bucketize", "units", "rate", "stats"]
)


@some(70, 200)
@given(experiments(), st.data())
def test_a_changed_config_fits_when_reading_finds_no_fault(experiment, data):
    for _ in range(data.draw(st.integers(0, 2))):
        path = data.draw(st.sampled_from(places(experiment)))
        if data.draw(st.booleans()) and isinstance(path[-1], str):
            path = (*path[:-1], data.draw(_keys))
        put(experiment, path, data.draw(_values))
    codes = shape_codes(experiment)
    if not any(code.startswith("RG02") for code in codes):
        assert VALIDATOR.is_valid(experiment) == (not codes)


def test_the_page_of_all_keys_is_current():
    page = Path(__file__).parents[1] / "docs" / "config.md"
    assert page.read_text("utf-8") == reference_page(), "run `make docs`"


def test_the_page_has_every_key_with_what_it_means():
    page = reference_page()
    for model in _models(ExperimentConfig):
        for name, field in model.model_fields.items():
            assert field.description, (model, name)
            assert f"| `{name}` |" in page
    assert "| `batch_size` | whole number, 1 to 1,048,576 | `1024` |" in page
    assert "| `learning_rate` | number, above 0, at most 10 | `0.05` |" in page
    assert "| `column` | text, at most 300 characters | required |" in page
    assert " any value " not in page


def test_every_number_has_a_smallest_and_a_largest_value():
    """So that no number is too large for what is computed from it."""
    unbounded = []
    for model in _models(ExperimentConfig):
        for name, part in model.model_json_schema()["properties"].items():
            for each in (part, *part.get("anyOf", ())):
                low = {"minimum", "exclusiveMinimum"} & each.keys()
                high = {"maximum", "exclusiveMaximum"} & each.keys()
                if each.get("type") in ("integer", "number") and not (low and high):
                    unbounded.append(f"{model.__name__}.{name}")
    assert not unbounded


def _models(model):
    """Yields a model and all models within it."""
    yield model
    for field in model.model_fields.values():
        for inner in _within(field.annotation):
            yield from _models(inner)


def _within(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _within(inner)]


def test_the_command_prints_the_page(capsys):
    main(["schema", "--format", "markdown"])
    assert capsys.readouterr().out == reference_page()
    with pytest.raises(SystemExit) as ended:
        main(["schema", "metrics", "--format", "markdown"])
    assert ended.value.code == 2
