"""Rules by code, for `recgen check` and `recgen explain`."""

# Importing a family registers its rules.
from recgen.rules import (  # noqa: F401
    activations,
    columns,
    cost,
    crosses,
    data,
    dialects,
    effect,
    effect_kinds,
    effect_training,
    hardware,
    history,
    ids,
    ignores,
    layers,
    leakage,
    loss,
    multitask,
    negatives,
    nulls,
    optimizer,
    pipeline,
    ranking,
    reading,
    search,
    size,
    split,
    support,
    training,
    transforms,
    vectors,
    vocabulary,
)
from recgen.rules.registry import Problem, Rule, registered

RULES: dict[str, Rule] = registered()

__all__ = ["RULES", "Problem", "Rule"]
