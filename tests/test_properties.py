"""Any config that passes the check gives modules that are well made; and what is drawn at all."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from configs import MODELS, experiments, names
from fuzzing import some, tried
from generated import assert_well_made
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from strategies import plain_of, values

from recgen.check import check, load
from recgen.config import Dense
from recgen.generate import generate
from recgen.plan.names import Names, slug


@some(ci=12, nightly=600)
@given(experiments())
def test_a_config_that_passes_the_check_renders(experiment: dict[str, Any]) -> None:
    assume(check(experiment).ok)
    tried["valid: renders, is well made"] += 1
    assert_well_made(generate(load(experiment)))  # `generate` attests it


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Returns what a strategy draws first, always the same."""
    found: list[Any] = []

    @settings(max_examples=count, derandomize=True, phases=[Phase.generate], database=None)
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def never_drawn(model: type[BaseModel], examples: list[dict[str, Any]]) -> list[str]:
    """Returns the fields that no example sets to anything but the default."""
    return [
        name
        for name, field in model.model_fields.items()
        if not any(name in example and is_unusual(example[name], field) for example in examples)
    ]


def is_unusual(value: object, field: FieldInfo) -> bool:
    only = getattr(field.annotation, "__args__", ())
    if field.is_required() or only == (value,):  # one literal: there is nothing else
        return True
    default = field.get_default(call_default_factory=True, validated_data={})
    return value != (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_of_every_model_is_drawn(model: type[BaseModel]) -> None:
    examples = drawn(plain_of(model), 100)
    assert never_drawn(model, examples) == []
    for example in examples:
        model.model_validate(example)


class Tomorrow(Dense):
    """A layer that somebody will add."""

    sharpness: Annotated[float, Field(strict=True, gt=2, lt=3)] | None = None
    groups: Annotated[tuple[Annotated[int, Field(ge=7, le=9)], ...], Field(max_length=2)] = ()
    note: Annotated[str, Field(max_length=5)] = ""


def test_a_field_that_is_added_to_a_model_is_drawn_within_its_limits() -> None:
    examples = drawn(plain_of(Tomorrow), 200)
    assert never_drawn(Tomorrow, examples) == []
    for example in examples:
        Tomorrow.model_validate(example)


def test_a_kind_of_field_that_nobody_can_draw_is_said() -> None:
    with pytest.raises(TypeError, match=r"say in tests/strategies\.py how"):
        values(complex)


def test_most_drawn_configs_pass_the_check_and_use_what_there_is() -> None:
    examples = drawn(experiments(), 150)  # what is drawn depends on the modules that are imported
    valid = [example for example in examples if check(example).ok]
    assert len(valid) >= 0.9 * len(examples)
    features = [example["features"] for example in valid]
    uses = {
        "crosses": [
            f.get("buyer_model_crosses") or f.get("product_model_crosses") for f in features
        ],
        "alias": ["display_name" in str(f) for f in features],
        "temporal": ["'temporal'" in str(f) for f in features],
        "history": ["'history': {'" in str(f["buyer_model_features"]) for f in features],
        "bucketize": ["'bucketize'" in str(f) for f in features],
        "layers": [e.get("model", {}).get("buyer_tower_layers") for e in valid],
        "shared": [e.get("model", {}).get("share_tower_weights") for e in valid],
        "split": [e.get("data", {}).get("split") for e in valid],
    }
    assert [use for use, found in uses.items() if not any(found)] == []


@some(ci=100, nightly=1000)
@given(st.lists(names, unique=True))
def test_names_for_code_are_distinct_identifiers(columns: list[str]) -> None:  # P4
    tried["valid: names for code"] += 1
    handed_out = Names(frozenset({"tf", "inputs"}))
    found = [handed_out.of((column,)) for column in columns]
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() and name not in ("tf", "inputs") for name in found)
    assert found == [handed_out.of((column,)) for column in columns]


@some(ci=100, nightly=1000)
@given(names)
def test_a_slug_is_ascii_and_no_keyword(name: str) -> None:
    tried["valid: names for code"] += 1
    assert slug(name).isascii()
    compile(f"{slug(name)} = 1", "test", "exec")
