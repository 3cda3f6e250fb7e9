"""A stored feature in the library's form, with the meaning that the former generator gave it.

| stored | read as |
|---|---|
| `type: string_embedding`, `data_type: text` | text; embedded also with `enabled: false` |
| `vocab_size`, `min_frequency` and other limits | ignored: all values, one OOV bucket |
| `normalize.range` | ignored: z-scores |
| `log_transform` | ignored |
| a transform without `enabled: true` | switched off |
| `cyclical` | its cycles, if it is enabled or has a yearly or weekly one; `annual` is yearly |
| a kind that is unknown, or nothing that is switched on | no transforms |
"""

from __future__ import annotations

from collections.abc import Callable

from recgen.config import Bucketize, Embedding
from recgen.contrib.ml_platform.account import Account
from recgen.contrib.ml_platform.plain import is_on, mapping_of, named, output_name
from recgen.contrib.ml_platform.sizes import nearest_size
from recgen.contrib.ml_platform.types import BQ_TYPES, stored_type
from recgen.findings import Location, kind_of, show
from recgen.reading.plain import Plain

_WIDTH = 32
_KINDS = {
    "text": ("text", "string_embedding"),
    "numeric": ("numeric", "numeric"),
    "temporal": ("temporal", "timestamp"),
    "history": ("history", None),
}
_OWN = frozenset(
    [
        "column",
        "display_name",
        "description",
        "bq_type",
        "data_type",
        "type",
        "is_primary_id",
        "stats",
        "transforms",
        "embedding_dim",
        "vocab_settings",
        "cyclical",
    ]
)
OFF: Plain = {"enabled": False}
_NAMES = ("column", "display_name")
_USUAL = {
    "text": "embedding",
    "numeric": "normalize",
    "temporal": "normalize",
    "history": "history",
}
_CYCLES = ("quarterly", "monthly", "daily")
_GATES = ("yearly", "weekly")
_OF_NUMBERS = ("normalize", "bucketize", "missing_flag")
_HISTORY = ("shared_with", "max_length", "half_life", "repeat_bonus", "order")


def kind_of_feature(feature: Plain) -> str | None:
    """Return today's data type of a stored feature; None for one that no model reads."""
    for kind, (data_type, older) in _KINDS.items():
        if feature.get("data_type") == data_type:
            return kind
        if older is not None and feature.get("type") == older:
            return kind
    return None


def stored_feature(feature: object, place: Location, account: Account) -> object:
    """Return a stored feature in the library's form.

    One that no tower reads has a transform that is `OFF`.
    """
    if not isinstance(feature, dict):
        return feature  # reading the config reports it
    kind = kind_of_feature(feature)
    bq_type = stored_type(feature.get("bq_type"), output_name(feature), place, account)
    if kind == "history" and bq_type in BQ_TYPES and not str(bq_type).startswith("ARRAY"):
        # BigQuery's schema says of a list the type of its values, and the mode REPEATED beside it.
        bq_type = f"ARRAY<{bq_type}>"
        account.decide(f"the type of {named(feature)} is {bq_type}, since it is a history")
    if kind is None and feature.get("data_type") is None and feature.get("type") is None:
        return {key: feature[key] for key in _NAMES if feature.get(key)}  # reading reports it
    is_id = bool(feature.get("is_primary_id"))
    transforms: Plain = {}
    if (given := feature.get("transforms")) and not isinstance(given, (dict, bool)):
        what = f"`transforms` of {named(feature)}: {kind_of(given)}, not a mapping"
        account.ignore(what, is_known=False)
    if kind is None:
        word = feature.get("data_type") or feature.get("type")
        account.ignore(f"feature {named(feature)} of type {show(word)}", is_known=False)
    else:
        transforms = _TRANSFORMS[kind](feature, mapping_of(feature.get("transforms")), account)
        if not transforms and not is_id:
            account.ignore(f"feature {named(feature)}, which has no transform")
    data_type = kind or _kind_of_column(bq_type)
    if not transforms and not (is_id and kind):
        transforms = {_USUAL[data_type]: OFF}  # else the library would add its own
    for key in sorted(feature.keys() - _OWN):
        account.ignore(f"`{key}` of features", is_known=False)
    found = {
        "column": feature.get("column") or feature.get("display_name"),
        "display_name": feature.get("display_name") or None,
        "description": feature.get("description") or None,
        "bq_type": bq_type,
        "data_type": data_type,
        "is_primary_id": is_id or None,
        "transforms": transforms,
    }
    return {key: value for key, value in found.items() if value is not None}


def _kind_of_column(bq_type: object) -> str:
    """Return the data type of a column that no tower reads by itself, for crosses."""
    if bq_type in ("TIMESTAMP", "DATETIME", "DATE", "TIME"):
        return "temporal"
    numbers = ("INT64", "INTEGER", "FLOAT64", "FLOAT", "NUMERIC", "BIGNUMERIC")
    return "numeric" if bq_type in numbers else "text"


def _text(feature: Plain, transforms: Plain, account: Account) -> Plain:
    embedding = mapping_of(transforms.get("embedding"))
    if "embedding" in transforms and not is_on(transforms["embedding"]):
        account.ignore("`embedding.enabled: false`")
    for key, without in (("vocab_size", None), ("min_frequency", 1), ("oov_buckets", 1)):
        if embedding.get(key) not in (None, without):
            account.ignore(f"`embedding.{key}`")
    if feature.get("vocab_settings"):
        account.ignore("`vocab_settings`")
    _others(transforms, ("embedding",), account)
    own, older = embedding.get("embedding_dim"), feature.get("embedding_dim")
    width = own or (_WIDTH if older is None else older)  # 0 said nothing
    if own == 0:
        account.decide(f"the vectors of {named(feature)} are {show(width)} wide, not 0")
    return {"embedding": {"embedding_dim": _size(width, Embedding, feature, account)}}


def _numeric(feature: Plain, transforms: Plain, account: Account) -> Plain:
    _others(transforms, (*_OF_NUMBERS, "log_transform"), account)
    return _scaled(feature, transforms, account)


def _scaled(feature: Plain, transforms: Plain, account: Account) -> Plain:
    """Return what numbers and times have in common."""
    found: Plain = {}
    if is_on(transforms.get("normalize")):
        found["normalize"] = {}
        if mapping_of(transforms["normalize"]).get("range") is not None:
            account.ignore("`normalize.range`")
    if is_on(transforms.get("bucketize")):
        bucketize = mapping_of(transforms["bucketize"])
        keys = ("buckets", "embedding_dim")
        given = {k: _size(bucketize.get(k), Bucketize, feature, account, k) for k in keys}
        found["bucketize"] = {key: value for key, value in given.items() if value is not None}
    if is_on(transforms.get("missing_flag")):
        found["missing_flag"] = {}
    if is_on(transforms.get("log_transform")):
        account.ignore("`log_transform`")
    return found


def _temporal(feature: Plain, transforms: Plain, account: Account) -> Plain:
    _others(transforms, (*_OF_NUMBERS, "log_transform", "cyclical"), account)
    found = _scaled(feature, transforms, account)
    cyclical = mapping_of(transforms.get("cyclical"))
    is_open = is_on(cyclical) or any(cyclical.get(gate) for gate in _GATES)
    cycles = [c for c in (*_GATES, *_CYCLES) if cyclical.get(c) and is_open]
    left = [c for c in _CYCLES if cyclical.get(c) and not is_open]
    for cycle in left:
        account.ignore(f"`cyclical.{cycle}` without `enabled: true`")
    if cyclical.get("annual"):
        cycles = list(dict.fromkeys(["yearly", *cycles]))
    if feature.get("cyclical"):
        account.ignore("`cyclical` beside `transforms`")
    return found | ({"cyclical": dict.fromkeys(cycles, True)} if cycles else {})


def _history(feature: Plain, transforms: Plain, account: Account) -> Plain:
    if not is_on(transforms.get("history")):
        return {}
    history = mapping_of(transforms["history"])
    _others(transforms, ("history",), account)
    found = {key: history[key] for key in _HISTORY if history.get(key) is not None}
    # Read by `share_widths`, which removes it.
    width = history.get("embedding_dim")
    width = _WIDTH if width is None else _size(width, Embedding, feature, account)
    return {"history": {**found, "embedding_dim": width}}


def _size(
    value: object,
    model: type[Embedding | Bucketize],
    feature: Plain,
    account: Account,
    key: str = "embedding_dim",
) -> object:
    return nearest_size(value, model, key, output_name(feature), account)


def _others(transforms: Plain, known: tuple[str, ...], account: Account) -> None:
    for name in transforms:
        if name not in known and is_on(transforms[name]):
            what = f"`transforms.{name}`, which features of this kind have not"
            account.ignore(what, is_known=False)


_TRANSFORMS: dict[str, Callable[[Plain, Plain, Account], Plain]] = {
    "text": _text,
    "numeric": _numeric,
    "temporal": _temporal,
    "history": _history,
}
