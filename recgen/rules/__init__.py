"""All rules by code: the one registry that checking and `recgen explain` read."""

from recgen.rules import columns, data, effect, ids, reading, split, support, training, transforms
from recgen.rules.base import Check, Problem, Rule

_FAMILIES = (reading, support, columns, ids, transforms, effect, training, split, data)

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        (rule for family in _FAMILIES for rule in family.RULES), key=lambda rule: rule.code
    )
}

__all__ = ["RULES", "Check", "Problem", "Rule"]
