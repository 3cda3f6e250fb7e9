"""All rules by code: the one registry that checking and `recgen explain` read."""

from recgen.rules import (
    columns,
    cost,
    crosses,
    data,
    effect,
    history,
    ids,
    ignores,
    layers,
    leakage,
    loss,
    optimizer,
    reading,
    size,
    split,
    support,
    training,
    transforms,
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
    layers,
    optimizer,
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
