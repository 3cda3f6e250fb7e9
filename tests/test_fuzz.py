"""Whatever is wrong with a config: `check` returns findings, `load` and `render` say the same."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from configs import experiments
from fuzzing import some, tried
from hypothesis import given
from hypothesis import strategies as st
from mutations import (
    BrokenDict,
    BrokenList,
    BrokenText,
    Raising,
    as_json,
    as_yaml,
    broken_texts,
    monsters,
    mutants,
)
from said import assert_file_said, assert_findings, assert_said

from recgen.check import check
from recgen.findings import Report

ROOT = Path(__file__).resolve().parents[1]
TEXTS = tuple(
    path.read_text("utf-8", "replace")
    for folder in ("tests", "examples")
    for path in sorted((ROOT / folder).glob("**/*.yaml"))
)


@some(ci=80, nightly=3500)
@given(mutants(experiments()))
def test_broken_data_gives_findings(data: Any) -> None:  # P5
    tried["mutated: data"] += 1
    assert_said(data)
    if isinstance(data, dict):
        features, model = data.get("features"), data.get("model")
        assert_findings(check(features=features, model=model) if features or model else Report())


@some(ci=50, nightly=3000)
@given(monsters(experiments()), st.booleans())
def test_objects_that_misbehave_give_findings(data: Any, has_attributes: bool) -> None:
    tried["mutated: objects"] += 1
    if has_attributes and isinstance(data, dict):
        data = SimpleNamespace(**{str(key): value for key, value in data.items()})
    # Pydantic tries to show a list of 3,000 levels, and says on the side that it cannot.
    with patch.object(sys, "unraisablehook"):
        assert_said(data)


@some(ci=60, nightly=4000)
@given(broken_texts((mutants(experiments()) | experiments()).map(as_json)))
def test_broken_json_gives_findings(text: str) -> None:
    tried["mutated: JSON text"] += 1
    assert_text_said(text, "config.json")


_dumped = (mutants(experiments()) | experiments()).map(as_yaml)


@some(ci=60, nightly=6000)
@given(broken_texts(_dumped | st.sampled_from(TEXTS)))
def test_broken_yaml_gives_findings(text: str) -> None:  # P6
    tried["mutated: YAML text"] += 1
    assert_text_said(text, "config.yaml")


def assert_text_said(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        assert_file_said(path)


_FEATURE = ("features", "buyer_model_features", 0)
_HOLDS_ITSELF: list[Any] = []
_HOLDS_ITSELF.append(_HOLDS_ITSELF)
FOUND = {
    "a cross that cannot be walked": (
        ("features", "buyer_model_crosses", 0, "features"),
        BrokenList([1]),
    ),
    "statistics that cannot be read": ((*_FEATURE, "stats"), {"a": BrokenDict(a=1)}),
    "a range that cannot be walked": (
        (*_FEATURE, "transforms"),
        {"normalize": {"range": BrokenList([0, 1])}},
    ),
    "a section's key that cannot be compared": (("model",), {BrokenText("epochs"): 3}),
    "a feature that raises": (_FEATURE, Raising(RuntimeError)),
    "a kind that cannot be compared": (
        ("features", "buyer_model_crosses", 0, "features", 0),
        {"column": "a", "type": BrokenText("text")},
    ),
    "an older kind that cannot be walked": (_FEATURE, {"name": "a", "type": BrokenDict(a=1)}),
    "an older width that cannot be walked": (
        _FEATURE,
        {"name": "a", "type": "string_embedding", "embedding_dim": BrokenDict(a=1)},
    ),
    "an older kind that holds itself": (_FEATURE, {"name": "a", "type": _HOLDS_ITSELF}),
    "an older width that cannot be listed": (
        _FEATURE,
        {"name": "a", "type": "string_embedding", "embedding_dim": BrokenList([1])},
    ),
    "a key that cannot be compared": (_FEATURE, {BrokenText("column"): "a"}),
    "a name that cannot be compared": (
        ("features", "buyer_model_crosses", 0, "features", 0),
        BrokenText("a"),
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_fuzzing_found_gives_findings(case: str) -> None:
    place, junk = FOUND[case]
    data: Any = {
        "features": {
            "buyer_model_features": [{"column": "a", "data_type": "numeric"}],
            "buyer_model_crosses": [{"features": ["a", "b"]}],
        }
    }
    inner = data
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = junk
    assert_said(data)
    assert not check(data).ok
