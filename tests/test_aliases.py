"""Aliases of YAML, written out before a patch."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recgen.edit.aliases import written_out
from recgen.reading.sources import read_text

SHARED = """\
model:
  a:
  - &id001
    type: dense  # first
    units: 128
  - &id002 {type: x}
  b: &l
  - 1
  c:
  - *id001   # same
  - *id002
  d: *l
  e: &s text
  f: *s
  i: [*s, "&no", '*no']
"""
APART = """\
model:
  a:
  - type: dense  # first
    units: 128
  - {type: x}
  b:
  - 1
  c:
  - {type: dense, units: 128}   # same
  - {type: x}
  d: [1]
  e: text
  f: text
  i: [text, "&no", '*no']
"""


def test_comments_and_the_rest_stay() -> None:
    assert written_out(SHARED) == APART
    assert written_out(SHARED.replace("\n", "\r\n")) == APART.replace("\n", "\r\n")


@pytest.mark.parametrize("text", ["a: 1\n", "", "a: *unknown\n", "a: [1\n", 'a: "&x *y"\n'])
def test_a_text_without_aliases_or_that_cannot_be_read(text: str) -> None:
    assert written_out(text) is None


def test_a_label_that_nothing_refers_to_goes() -> None:
    assert written_out("a: &x 1\n") == "a: 1\n"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab*&: #-'\"", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner),
    max_leaves=6,
)


@given(st.lists(values, min_size=1, max_size=3), st.data(), st.booleans())
def test_values_are_the_same_as_before(shared: list[Any], data: st.DataObject, flow: bool) -> None:
    """In what PyYAML writes, in blocks or brackets."""
    places = data.draw(st.lists(st.sampled_from(range(len(shared))), min_size=1, max_size=6))
    config = {f"k{at}": [shared[place]] for at, place in enumerate(places)}
    text = yaml.safe_dump(config, default_flow_style=flow)
    before = read_text(text, "yaml")
    apart = written_out(text)
    if before.findings:  # an alias inside of a shared value
        assert apart is None
    elif "&id" in text:
        assert apart is not None
        assert read_text(apart, "yaml").data == before.data
        assert "*id" not in apart
