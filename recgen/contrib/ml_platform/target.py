"""The target of stored rows: its form, and that it is not an input."""

from __future__ import annotations

from recgen.config import SIDES
from recgen.contrib.ml_platform.account import UNUSABLE, Account
from recgen.contrib.ml_platform.plain import is_on, mapping_of, output_name
from recgen.contrib.ml_platform.types import stored_type
from recgen.reading.plain import Plain

_BOUNDS = ("lower", "upper")
_USUAL_PERCENTILE = {"lower": 1, "upper": 99}


def stored_target(target: object, account: Account) -> object:
    """Return a stored target with what the former generator did to it; None if there is none.

    A bound of `clip_outliers` that is enabled was applied, whatever the `enabled` around it said:
    the page's default is such an object, so its targets were cut at the 99th percentile.
    """
    if isinstance(target, str):
        return target or None
    if not isinstance(target, dict) or not target:
        return target or None
    place = ("features", "target_column")
    transforms = mapping_of(target.get("transforms"))
    if not output_name(target):
        help = "Name the column that is predicted, or remove the target."
        account.refuse(UNUSABLE, place, "the target has no column", help)
        return None
    found: Plain = {
        "column": target.get("column") or target.get("display_name"),
        "display_name": target.get("display_name") or None,
        "bq_type": stored_type(target.get("bq_type"), output_name(target), place, account),
    }
    steps: Plain = {}
    if clip := _clip(mapping_of(transforms.get("clip_outliers")), account):
        steps["clip_outliers"] = {"enabled": True, **clip}
    if is_on(transforms.get("log_transform")):
        steps["log_transform"] = {"enabled": True}
    if is_on(transforms.get("normalize")):
        normalize = mapping_of(transforms["normalize"])
        steps["normalize"] = {"enabled": True}
        scale = normalize.get("range", [0, 1])  # of a target, unlike of a feature, it counted
        if scale == [0, 1]:
            steps["normalize"]["range"] = scale
        elif scale is not None:
            account.ignore("`normalize.range` of the target")
    found["transforms"] = steps or None
    return {key: value for key, value in found.items() if value is not None}


def _clip(clip: Plain, account: Account) -> Plain:
    if not clip.keys() & set(_BOUNDS):
        clip = {"enabled": is_on(clip), "upper": {**clip, "enabled": is_on(clip)}} if clip else {}
    found = {}
    for bound in _BOUNDS:
        settings = mapping_of(clip.get(bound))
        if is_on(settings):
            percentile = settings.get("percentile", _USUAL_PERCENTILE[bound])
            found[bound] = {"enabled": True, "percentile": percentile}
    if found and "enabled" in clip and not is_on(clip):
        account.ignore("`clip_outliers.enabled: false` around a bound that is enabled")
    return found


def without_target(features: Plain, account: Account) -> Plain:
    """Return stored features of which none is the target, as the platform saves them."""
    target = features.get("target_column")
    name = output_name(target) if isinstance(target, dict) else target
    if not name:
        return features
    column = target.get("column") if isinstance(target, dict) else target
    found = dict(features)
    for side in SIDES:
        key = f"{side}_model_features"
        own = features.get(key) or []
        if not isinstance(own, list):
            continue
        kept = [e for e in own if not isinstance(e, dict) or not _is_target(e, column, name)]
        found[key] = kept
        for _ in range(len(own) - len(kept)):
            account.ignore(f"the target as a feature of the {side} tower")
    return found


def _is_target(feature: Plain, column: object, name: object) -> bool:
    return feature.get("column") == column or output_name(feature) == name
