"""A stored cross in the library's form, with the meaning that the former generator gave it.

A column's name alone is text, whatever the feature of that name is. A number or a time without
`crossing_buckets` was crossed as it is, as text; fractions and times, which hardly ever repeat, are
cut into quantiles instead. A column was cut once, as the first cross that cuts it says.
"""

from __future__ import annotations

from collections.abc import Mapping

from recgen.config import Cross, CrossFeature
from recgen.contrib.ml_platform.account import UNUSABLE, Account
from recgen.contrib.ml_platform.plain import output_name
from recgen.contrib.ml_platform.sizes import nearest_size
from recgen.findings import show
from recgen.reading.plain import Plain

_WHOLE = ("INT64", "INTEGER", "BOOL", "BOOLEAN")
_NUMBERS = ("numeric", "temporal")
_SIZES = frozenset(["hash_bucket_size", "embedding_dim"])
_OWN = ("features", "hash_bucket_size", "embedding_dim")


Kinds = Mapping[str, str]
"""Kinds of the features that are no text for a cross, by output name: numeric or temporal."""

Cuts = dict[str, object]
"""Numbers of quantiles into which columns are cut for crosses, by output name."""


def stored_cross(cross: object, kinds: Kinds, cuts: Cuts, account: Account) -> object:
    """Return a stored cross in the library's form.

    A column was cut once, as the first cross that cuts it says: `cuts` has what earlier ones said.
    """
    if not isinstance(cross, dict):
        return cross  # reading the config reports it
    members = cross.get("features")
    found = {key: cross[key] for key in _OWN if cross.get(key) is not None}
    if isinstance(members, list):
        found["features"] = [_member(each, kinds, cuts, account) for each in members]
    for key in _SIZES & found.keys():
        found[key] = nearest_size(found[key], Cross, key, _name(members), account)
    return found


def _name(members: object) -> str:
    """Return the columns of a cross, for a note."""
    known = members if isinstance(members, list) else []
    names = [output_name(each) if isinstance(each, dict) else str(each) for each in known]
    return " and ".join(names)


Aliases = Mapping[str, tuple[str, str]]
"""The column and its output name, where they differ, by each of the two."""


def aliases_of(features: list[Plain]) -> Aliases:
    """Return what a name alone means in a cross; the data's own names come before the source's."""
    both = [(str(each.get("column")), output_name(each)) for each in features]
    renamed = [(column, name) for column, name in both if column != name]
    names = {name for _, name in both}
    of_columns = {column: (column, name) for column, name in renamed if column not in names}
    return of_columns | {name: (column, name) for column, name in renamed}


def with_aliases(cross: object, aliases: Aliases, account: Account) -> object:
    """Return a cross whose columns have the names under which the data has them.

    A cross that names the column alone was refused by the former transform: there is no such input.
    One that names the alias alone was read.
    """
    members = cross.get("features") if isinstance(cross, dict) else None
    if not isinstance(cross, dict) or not isinstance(members, list):
        return cross
    found = []
    for each in members:
        member = {"column": each} if isinstance(each, str) else each
        column = member.get("column") if isinstance(member, dict) else None
        if isinstance(column, str) and column in aliases and not member.get("display_name"):
            of_source, name = aliases[column]
            member = {**member, "column": of_source, "display_name": name}
            if column != name:
                account.decide(f"{show(column)} in a cross is {show(name)}")
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


def refuse_products(features: Plain, account: Account) -> None:
    """Refuse crosses of the buyer tower with a column of products alone, unless it only ranks.

    The former trainer trained them and failed when it exported the model: a buyer's request has no
    product. In training, they give away which product it is.
    """
    found = {
        side: {output_name(each) for each in _dicts(features.get(f"{side}_model_features"))}
        for side in ("buyer", "product")
    }
    for at, cross in enumerate(_dicts(features.get("buyer_model_crosses"))):
        for member in _dicts(cross.get("features")):
            name = output_name(member)
            if name in found["product"] - found["buyer"]:
                place = ("features", "buyer_model_crosses", at)
                message = f"a cross of the buyer tower has {show(name)}, a column of products"
                help = "Remove it from the cross: a buyer's request has no product yet."
                account.refuse(UNUSABLE, place, message, help)


def _dicts(values: object) -> list[Plain]:
    """Return the mappings of a list; reading the config reports anything else."""
    listed = values if isinstance(values, list) else []
    return [each if isinstance(each, dict) else {} for each in listed]


def _member(member: object, kinds: Kinds, cuts: Cuts, account: Account) -> object:
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
        key, name = "crossing_buckets", output_name(found)
        if cuts.setdefault(name, buckets) != buckets:
            account.ignore(f"another number of quantiles for {show(name)} in a later cross")
        buckets = nearest_size(cuts[name], CrossFeature, key, name, account)
        return {**found, "type": kind, "crossing_buckets": buckets}
    if buckets:
        account.ignore("`crossing_buckets` of text")
    kind = kinds.get(output_name(found), "text")
    if kind != "text":
        account.decide(f"{show(output_name(found))} is crossed by its quantiles, not as text")
    return {**found, "type": kind}
