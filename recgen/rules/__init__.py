"""All rules by code: the one registry that checking and `recgen explain` read."""

from recgen.rules import (
    columns,
    cost,
    crosses,
    data,
    effect,
    hardware,
    history,
    ids,
    ignores,
    layers,
    leakage,
    loss,
    negatives,
    optimizer,
    reading,
    size,
    split,
    support,
    training,
    transforms,
    vectors,
    vocabulary,
)
from recgen.rules.base import Check, Problem, Rule

_FAMILIES = (
    reading,
    ignores,
    support,
    columns,
    ids,
    transforms,
    vocabulary,
    crosses,
    history,
    leakage,
    effect,
    training,
    loss,
    negatives,
    vectors,
    layers,
    optimizer,
    hardware,
    split,
    cost,
    size,
    data,
)

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        (rule for family in _FAMILIES for rule in family.RULES), key=lambda rule: rule.code
    )
}

__all__ = ["RULES", "Check", "Problem", "Rule"]
