"""Any config that passes the check gives modules that are well made."""

from __future__ import annotations

from typing import Any

from configs import experiments, names
from generated import assert_well_made
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recgen.check import check, require
from recgen.generate import generate
from recgen.plan.names import Names, slug

_SLOW = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@_SLOW
@given(experiments())
def test_a_config_that_passes_the_check_renders(experiment: dict[str, Any]) -> None:
    assume(check(experiment).ok)
    assert_well_made(generate(require(experiment)))


@given(st.lists(names, unique=True))
def test_names_for_code_are_distinct_identifiers(columns: list[str]) -> None:  # P4
    handed_out = Names(frozenset({"tf", "inputs"}))
    found = [handed_out.of((column,)) for column in columns]
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() and name not in ("tf", "inputs") for name in found)
    assert found == [handed_out.of((column,)) for column in columns]


@given(names)
def test_a_slug_is_ascii_and_no_keyword(name: str) -> None:
    assert slug(name).isascii()
    compile(f"{slug(name)} = 1", "test", "exec")
