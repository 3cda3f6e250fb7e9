"""Features that a row has twice: in one tower, or in both with different transforms."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from recgen.config import SIDES
from recgen.contrib.ml_platform.account import Account
from recgen.contrib.ml_platform.plain import output_name
from recgen.findings import show
from recgen.reading.plain import Plain

_READ = ("data_type", "bq_type", "transforms")


def repeated(posted: object) -> dict[str, str]:
    """Return what is wrong with features that a tower has already, by their places."""
    found: dict[str, str] = {}
    for side in SIDES:
        key = f"{side}_model_features"
        own = posted.get(key) if isinstance(posted, Mapping) else None
        seen: set[tuple[str, object]] = set()
        for index, each in enumerate(own if isinstance(own, list) else ()):
            if not isinstance(each, dict) or not output_name(each):
                continue
            name = (output_name(each), each.get("column"))
            if name in seen:
                what = f"column {show(name[0])} appears twice in the {side} tower"
                found[f"{key}[{index}]"] = (
                    f"{what}. Keep one feature and give it all the transforms."
                )
            seen.add(name)
    return found


def read_once(features: Plain, account: Account) -> None:
    """Keep the first of equal features of a tower, and give one of both towers its transforms.

    The former transform took the first feature of a name, the buyer's before the product's, and
    wrote its outputs once. Two columns of one name are left for the check.
    """
    first: dict[str, Any] = {}
    for side in SIDES:
        key = f"{side}_model_features"
        if not isinstance(features[key], list):
            continue  # reading the config reports it
        kept: list[Any] = []
        own: set[str] = set()
        for feature in features[key]:
            name = output_name(feature) if isinstance(feature, dict) else ""
            same = first.get(name)
            if not name or (same and same.get("column") != feature.get("column")):
                kept.append(feature)
                continue
            if name in own:
                account.ignore(f"a second feature {show(name)} of the {side} tower")
                continue
            own.add(name)
            if same and any(same.get(part) != feature.get(part) for part in _READ):
                account.decide(f"both towers read {show(name)} as the buyer tower says")
                read = {part: deepcopy(same[part]) for part in _READ if part in same}
                _, index = account.places.get(id(feature), (feature, len(kept)))
                feature = {k: v for k, v in feature.items() if k not in _READ} | read
                account.place(feature, index)
            first.setdefault(name, feature)
            kept.append(feature)
        features[key] = kept
