"""A stored cross in the library's form, with the meaning that the former generator gave it.

A column's name alone is text, whatever the feature of that name is. A number or a time without
`crossing_buckets` was crossed as it is, as text; fractions and times, which hardly ever repeat, are
cut into quantiles instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from recgen.contrib.ml_platform.account import Account
from recgen.contrib.ml_platform.plain import output_name
from recgen.findings import show
from recgen.reading.plain import Plain

_WHOLE = ("INT64", "INTEGER", "BOOL", "BOOLEAN")
_NUMBERS = ("numeric", "temporal")
_OWN = ("features", "hash_bucket_size", "embedding_dim")


Kinds = Mapping[str, str]
"""Kinds of the features that are no text for a cross, by output name: numeric or temporal."""


def stored_cross(cross: object, kinds: Kinds, account: Account) -> object:
    """Return a stored cross in the library's form."""
    if not isinstance(cross, dict):
        return cross  # reading the config reports it
    members = cross.get("features")
    found = {key: cross[key] for key in _OWN if cross.get(key) is not None}
    if isinstance(members, list):
        found["features"] = [_member(each, kinds, account) for each in members]
    return found


def aliases_of(features: list[Plain]) -> dict[str, str]:
    """Return the output names of columns that have another one, by column."""
    names = {output_name(each) for each in features}
    found = {str(each.get("column")): output_name(each) for each in features}
    return {column: name for column, name in found.items() if column not in names}


def with_aliases(cross: object, aliases: Mapping[str, str], account: Account) -> object:
    """Return a cross whose columns have the names under which the data has them.

    A cross that names the column alone was refused by the former transform: there is no such input.
    """
    members = cross.get("features") if isinstance(cross, dict) else None
    if not isinstance(cross, dict) or not isinstance(members, list):
        return cross
    found = []
    for each in members:
        member = {"column": each} if isinstance(each, str) else each
        column = member.get("column") if isinstance(member, dict) else None
        if isinstance(column, str) and column in aliases and not member.get("display_name"):
            member = {**member, "display_name": aliases[column]}
            account.decide(f"{show(column)} in a cross is {show(aliases[column])}")
        found.append(member)
    return {**cross, "features": found}


def kinds_of(features: list[Plain]) -> dict[str, str]:
    """Return the kinds of the features that cannot be crossed as text."""
    return {
        output_name(each): str(each["data_type"])
        for each in features
        if each.get("data_type") == "temporal"
        or (each.get("data_type") == "numeric" and each.get("bq_type") not in _WHOLE)
    }


def _member(member: object, kinds: Kinds, account: Account) -> object:
    if isinstance(member, str):
        member = {"column": member}
    if not isinstance(member, dict):
        return member
    kind, buckets = member.get("type"), member.get("crossing_buckets")
    names = {
        "column": member.get("column") or member.get("display_name"),
        "display_name": member.get("display_name") or None,
    }
    found: Plain = {key: value for key, value in names.items() if value is not None}
    if kind in _NUMBERS and buckets:
        return {**found, "type": kind, "crossing_buckets": buckets}
    if buckets:
        account.ignore("`crossing_buckets` of text")
    kind = kinds.get(output_name(found), "text")
    if kind != "text":
        account.decide(f"{show(output_name(found))} is crossed by its quantiles, not as text")
    return {**found, "type": kind}
