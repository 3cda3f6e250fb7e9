"""An experiment made of stored rows: sections in the library's form, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from recgen.config import SIDES, FeatureConfig, ModelConfig, Side
from recgen.contrib.ml_platform.account import Account
from recgen.contrib.ml_platform.crosses import (
    Cuts,
    aliases_of,
    kinds_of,
    stored_cross,
    with_aliases,
)
from recgen.contrib.ml_platform.features import OFF, stored_feature
from recgen.contrib.ml_platform.ids import choose_id
from recgen.contrib.ml_platform.layers import stored_model
from recgen.contrib.ml_platform.plain import mapping_of, named, output_name
from recgen.contrib.ml_platform.repeats import read_once
from recgen.contrib.ml_platform.target import stored_target, without_target
from recgen.findings import show
from recgen.reading.plain import Plain
from recgen.reading.renamed import RENAMED

ROW_COLUMNS = frozenset(
    [
        "id",
        "pk",
        "name",
        "description",
        "dataset",
        "dataset_id",
        "dataset_name",
        "dataset_info",
        "start_from",
        "version",
        "based_on",
        "config_type",
        "config_type_display",
        "target_column_name",
        "created_at",
        "updated_at",
        "created_by",
        "created_by_id",
        "buyer_tensor_dim",
        "product_tensor_dim",
        "buyer_features_count",
        "product_features_count",
        "buyer_crosses_count",
        "product_crosses_count",
        "columns_in_both_models",
        "has_transform_code",
        "generated_transform_code",
        "generated_at",
        "best_recall_at_10",
        "best_recall_at_50",
        "best_recall_at_100",
        "model_endpoint",
        "model_endpoint_id",
        "endpoint_id",
        "model_id",
        "is_global",
        "clone_from",
        "model_type_display",
        "optimizer_display",
        "loss_function_display",
        "retrieval_algorithm_display",
        "validation_errors",
        "estimated_params",
        "buyer_layers_summary",
        "product_layers_summary",
        "rating_head_summary",
        "usage_count",
        "experiments_count",
        "is_favorite",
        "is_archived",
        "tower_preset",
        "rating_head_preset",
    ]
)
"""Columns of rows, and keys of what the page posts, that are no settings."""
FEATURE_FIELDS = frozenset(FeatureConfig.model_fields)
MODEL_FIELDS = frozenset(ModelConfig.model_fields) | RENAMED["model"].keys()
_USUAL_LENGTH = 50


def stored_features(row: Plain, account: Account) -> Plain:
    """Return a stored feature config in the library's form."""
    row = without_target(_known(row, FEATURE_FIELDS, account), account)
    found: Plain = {
        key: row[key]
        for key in ("name", "description", "buyer_id_column", "product_id_column")
        if row.get(key)
    }
    for side in SIDES:
        features = f"{side}_model_features"
        found[features] = _each(
            row.get(features),
            lambda index, each, key=features: stored_feature(
                each, ("features", key, index), account
            ),
            account,
        )
    read_once(found, account)
    kinds, aliases = kinds_of(list(_all(found))), aliases_of(list(_all(found)))
    cuts: Cuts = {}
    for side in SIDES:
        crosses = f"{side}_model_crosses"
        made = _each(
            row.get(crosses),
            lambda _, each: stored_cross(
                with_aliases(each, aliases, account), kinds, cuts, account
            ),
            account,
        )
        found[crosses] = _distinct(made, account) if isinstance(made, list) else made
    _leave_out_unread(found, account)
    _share_widths(found, account)
    _orders(found, account)
    for side in SIDES:
        _set_id(found, side, account)
    target = stored_target(row.get("target_column"), account)
    return found | ({"target_column": target} if target else {})


def model_section(row: Plain, account: Account) -> Plain:
    """Return a stored model config in the library's form."""
    known = _known(row, MODEL_FIELDS, account)
    return stored_model(known, account)


def _known(row: Plain, fields: Iterable[str], account: Account) -> Plain:
    for key in sorted(row.keys() - set(fields) - ROW_COLUMNS):
        account.ignore(f"`{key}`, which is not a setting", is_known=False)
    return {key: row[key] for key in row if key in fields}


def _each(items: object, change: Any, account: Account) -> object:
    """Return a list with each item changed, without those that are or become None."""
    if items is None:
        return []
    if not isinstance(items, list):
        return items  # reading the config reports it
    if None in items:
        account.ignore("a feature or cross that is null")
    changed = [change(index, each) for index, each in enumerate(items)]
    for index, each in enumerate(changed):
        account.place(each, index)
    return [each for each in changed if each is not None]


def _distinct(crosses: list[Any], account: Account) -> list[Any]:
    """Return the crosses without those of the same columns as another.

    Of two with the columns in the same order, the former transform wrote both under one name, and
    its trainer had one table for them: the last one took the others' place.
    """
    found: dict[str, Any] = {}
    for index, cross in enumerate(crosses):
        members = cross.get("features") if isinstance(cross, dict) else None
        known = members if isinstance(members, list) else []
        names = [output_name(each) for each in known if isinstance(each, dict)]
        key = "_x_".join(names) if names else str(index)
        turned = next((k for k in found if k != key and _is_turned(found[k], names)), None)
        if turned:
            account.decide(f"the cross {show(key)} is left out: {show(turned)} has its columns")
            continue
        if key in found:
            account.ignore(f"all crosses {show(key)} but the last one")
        found[key] = cross
    return list(found.values())


def _is_turned(cross: object, names: list[str]) -> bool:
    """Return whether a cross has these columns in another order."""
    if not isinstance(cross, dict) or not isinstance(cross.get("features"), list):
        return False
    return sorted(output_name(e) for e in cross["features"] if isinstance(e, dict)) == sorted(names)


def _leave_out_unread(features: Plain, account: Account) -> None:
    """Remove features that no tower reads; those that a cross reads are put last, for their type.

    `as_examined` removes these, too.
    """
    crossed = {
        output_name(member)
        for side in SIDES
        for cross in _mappings(features[f"{side}_model_crosses"])
        for member in _mappings(cross.get("features"))
    }
    for side in SIDES:
        key = f"{side}_model_features"
        if not isinstance(features[key], list):
            continue  # reading the config reports it
        unread = [each for each in features[key] if _is_unread(each)]
        last = [each for each in unread if output_name(each) in crossed]
        features[key] = [each for each in features[key] if not _is_unread(each)] + last
        for name in (named(each) for each in unread if each not in last):
            account.ask(f"Do clients send {name}? It is no longer an input of the model.")


def as_examined(experiment: Plain) -> Plain:
    """Return an experiment without the features that only crosses read, with their types."""
    features, types = dict(experiment["features"]), Plain()
    for side in SIDES:
        key = f"{side}_model_features"
        unread = [each for each in _mappings(features.get(key)) if _is_unread(each)]
        types |= {output_name(e): e["bq_type"] for e in unread if e.get("bq_type")}
        if unread:
            features[key] = [each for each in features[key] if not _is_unread(each)]
    data = experiment["data"] | ({"column_types": types} if types else {})
    return experiment | {"features": features, "data": data}


def _is_unread(feature: object) -> bool:
    transforms = mapping_of(feature.get("transforms")) if isinstance(feature, dict) else {}
    return bool(transforms) and all(each == OFF for each in transforms.values())


def _mappings(items: object) -> Iterable[Plain]:
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def _all(features: Mapping[str, Any]) -> Iterable[Plain]:
    for side in SIDES:
        yield from _mappings(features[f"{side}_model_features"])


def _histories(features: Mapping[str, Any]) -> Iterable[tuple[Plain, Plain]]:
    for each in _all(features):
        history = (each.get("transforms") or {}).get("history")
        if isinstance(history, dict) and each["data_type"] == "history" and history != OFF:
            yield each, history


def _share_widths(features: Plain, account: Account) -> None:
    """Give features the width of the history that shares their vectors; the first one decides."""
    decided: dict[str, object] = {}
    for feature, history in _histories(features):
        width, shared = history.pop("embedding_dim"), history.get("shared_with")
        if not isinstance(shared, str):
            continue  # reading the config reports it
        if shared in decided:
            if decided[shared] != width:
                account.ignore("`history.embedding_dim` of a second history")
            continue
        decided[shared] = width
        for each in _all(features):
            embedding = (each.get("transforms") or {}).get("embedding")
            if not isinstance(embedding, dict) or output_name(each) != shared:
                continue
            if embedding["embedding_dim"] != width:
                embedding["embedding_dim"] = width
                of = show(output_name(feature))
                account.decide(f"the vectors of {show(shared)} are {width} wide, as {of} says")


def share_back(features: Plain) -> None:
    """Write the width of shared vectors into histories, where the platform's page has it."""
    widths = {
        output_name(each): each["transforms"]["embedding"].get("embedding_dim")
        for each in _all(features)
        if "embedding" in (each.get("transforms") or {})
    }
    for _, history in _histories(features):
        shared = history.get("shared_with")
        if isinstance(shared, str) and widths.get(shared):
            history["embedding_dim"] = widths[shared]


def _orders(features: Plain, account: Account) -> None:
    """Read histories as the platform's views make them: with the newest value first."""
    for feature, history in _histories(features):
        if "order" in history:
            continue
        history["order"] = "newest_first"
        name = show(output_name(feature))
        account.decide(f"the lists {name} begin with the newest value, as the platform's views do")
        length = history.get("max_length", _USUAL_LENGTH)
        account.ask(
            f"Do the lists {name} begin with the newest purchase (ORDER BY … DESC)? It was taken "
            f"so: the first {length} are kept. If not, set `history.order` to `oldest_first`."
        )


def _set_id(features: Plain, side: Side, account: Account) -> None:
    key, own = f"{side}_id_column", features[f"{side}_model_features"]
    if not features.get(key) and isinstance(own, list):
        chosen = choose_id(side, own, account)
        if chosen is not None:
            features[key] = chosen


def data_section(
    split_strategy: object, date_column: object, catalogue_size: object, account: Account
) -> Plain:
    """Return the section `data`: how the platform divides the rows."""
    found: Plain = {}
    if split_strategy in ("time_holdout", "strict_time") and not date_column:
        account.decide(
            f"the split {show(split_strategy)} is left to the pipeline, since no date column is "
            "given"
        )
    elif split_strategy or date_column:
        found["split"] = {"kind": split_strategy or "strict_time"}
        if date_column:
            found["split"]["date_column"] = date_column
    if catalogue_size:
        found["catalogue_size"] = catalogue_size
    return found
