"""A stored cross in the library's form, with the meaning that the former generator gave it.

A column's name alone is text, whatever the feature of that name is. A number or a time without
`crossing_buckets` was crossed as it is, as text.
"""

from __future__ import annotations

from recgen.contrib.ml_platform.account import Account
from recgen.reading.plain import Plain

_NUMBERS = ("numeric", "temporal")
_OWN = ("features", "hash_bucket_size", "embedding_dim")


def stored_cross(cross: object, account: Account) -> object:
    """Return a stored cross in the library's form."""
    if not isinstance(cross, dict):
        return cross  # reading the config reports it
    members = cross.get("features")
    found = {key: cross[key] for key in _OWN if cross.get(key) is not None}
    if isinstance(members, list):
        found["features"] = [_member(each, account) for each in members]
    return found


def _member(member: object, account: Account) -> object:
    if isinstance(member, str):
        return {"column": member, "type": "text"}
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
    return {**found, "type": "text"}
