"""Sizes that the former generator took and the library does not: the nearest that it takes."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel

from recgen.contrib.ml_platform.account import Account
from recgen.findings import show


def nearest_size(
    value: object, model: type[BaseModel], key: str, name: str, account: Account
) -> object:
    """Return a size as it is or, if it is beyond what a field takes, the nearest that it takes.

    What is not a whole number above 0 worked nowhere: it stays, and reading the config reports it.

    Args:
        value: The stored size.
        model: The part of a config that has the field.
        key: The field.
        name: Output name of the column or the cross, for the note; "" for a setting of the model.
        account: Where the note is added.
    """
    least, most = _limits(model, key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        return value
    found = min(max(value, least), most)
    if found != value:
        word = "least" if value < least else "most"
        whose = f" of {show(name)}" if name else ""
        account.decide(f"`{key}`{whose} is {found}, the {word} there is, not {show(value)}")
    return found


@cache
def _limits(model: type[BaseModel], key: str) -> tuple[int, int]:
    rules = model.model_fields[key].metadata
    least = next(rule.ge for rule in rules if hasattr(rule, "ge"))
    most = next(rule.le for rule in rules if hasattr(rule, "le"))
    return least, most
