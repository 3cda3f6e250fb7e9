"""What the platform's checks return, in their shapes, from the library's findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from recgen.config import SIDES
from recgen.contrib.ml_platform.experiment import MODEL_FIELDS
from recgen.contrib.ml_platform.layers import SIZES
from recgen.contrib.ml_platform.plain import plain_row, sentence
from recgen.contrib.ml_platform.repeats import repeated
from recgen.contrib.ml_platform.rows import Reading, examine_rows
from recgen.findings import Finding, RecgenError, Severity

_PLACE = re.compile(r"^(?:features\.)?((?:buyer|product)_model_(?:features|crosses)(?:\[\d+\])?)")
_HISTORY_KEYS = {
    "shared_with": "history",
    "embedding_dim": "embedding_dim",
    "max_length": "max_length",
}
_IN_HISTORY = re.compile(r"transforms\.history\.(\w+)$")
_RATE_RULES = ("RG201", "RG202", "RG203", "RG206")
_TYPES = {"RG204": "layers", "RG228": "learning_rate"} | dict.fromkeys(_RATE_RULES, "learning_rate")
_DEEP = 3  # dense layers from which on the platform calls a high rate severe


class ExperimentWarning(TypedDict):
    """A warning in the platform's shape, with more to show."""

    type: str
    severity: str
    message: str
    code: str
    path: str
    help: str
    fix: dict[str, object] | None


def validate_feature_config(
    data: Mapping[str, Any],
    dataset: object = None,
    exclude_config_id: int | None = None,
    *,
    name_taken: Callable[[str], bool] | None = None,
) -> tuple[bool, dict[str, str]]:
    """Check a feature config before it is saved.

    What an update does not post stays as it is stored, so nothing is said about a tower whose
    features are not posted.

    Args:
        data: What the page posts.
        dataset: The platform's argument; not used, since the caller does the query.
        exclude_config_id: Likewise.
        name_taken: Whether a name belongs to another config of the dataset.

    Returns:
        `(is_valid, errors)` with `{path: text}`; paths are those of the platform: `name`,
        `buyer_model_features[2]`, `buyer_model_features[2].history`.
    """
    errors: dict[str, str] = {}
    name = data.get("name") if isinstance(data, Mapping) else None
    name = name.strip() if isinstance(name, str) else ""
    if not name:
        errors["name"] = "Name is required"
    elif name_taken is not None and name_taken(name):
        errors["name"] = "A feature config with this name already exists for this dataset"
    errors |= repeated(data)  # a stored row is read all the same
    for finding in examine_rows(data).full.errors:
        path = _stored_path(finding.path)
        if not _is_posted(path, data):
            continue
        text = _within(finding, path)
        errors[path] = f"{errors[path]} {text}" if path in errors else text
    return not errors, errors


def _is_posted(path: str, data: object) -> bool:
    """Return whether an error is about what is posted; a history may share with either tower."""
    if not isinstance(data, Mapping):
        return True
    missing = [side for side in SIDES if f"{side}_model_features" not in data]
    is_shared = path.endswith(".history") and bool(missing)
    return not is_shared and not path.startswith(tuple(f"{side}_" for side in missing))


def _within(finding: Finding, path: str) -> str:
    """Return what is wrong, with the part of its place that the path does not name."""
    place = finding.path.removeprefix("features.").removeprefix(path).lstrip(".")
    is_named = not place or path.endswith(tuple(f".{key}" for key in _HISTORY_KEYS.values()))
    text = f"{finding.message}. {finding.help}".strip()
    return text if is_named else f"{place}: {text}"


def _stored_path(path: str) -> str:
    """Return a finding's path as the platform writes it."""
    place = _PLACE.match(path)
    if place is None:
        return path.removeprefix("features.")
    history = _IN_HISTORY.search(path)
    key = _HISTORY_KEYS.get(history[1]) if history else None
    return f"{place[1]}.{key}" if key else place[1]


def validate_model_config(model_config: object) -> list[str]:
    """Return what is wrong with a model config, as texts; an empty list if it can be trained."""
    try:
        plain_row(model_config, MODEL_FIELDS, "model config")
    except RecgenError as error:
        return [_refusal(error)]
    found = examine_rows(features_for(model_config), model_config)
    own = [f for f in found.full.errors if f.path.startswith(("model", "overrides"))]
    sizes = tuple(f"`{key}` is" for key in SIZES)
    said = [each for each in found.account.decided if each.startswith(sizes)]
    return [_sentence(each).removeprefix("model.") for each in own] + [f"{each}." for each in said]


def features_for(model_config: object) -> dict[str, object]:
    """Return the features with which a model config can be judged alone."""
    found: dict[str, object] = {
        f"{side}_model_features": [
            {"column": f"{side}_id", "data_type": "text", "is_primary_id": True}
        ]
        for side in SIDES
    }
    try:
        kind = plain_row(model_config, MODEL_FIELDS, "model config").get("model_type")
    except RecgenError:
        return found
    if kind in ("ranking", "multitask"):
        found["target_column"] = {"column": "target", "bq_type": "FLOAT64"}
    return found


def validate_experiment_config(
    feature_config: object, model_config: object
) -> tuple[bool, list[str]]:
    """Return whether two configs can be trained together, and what is wrong, as texts."""
    texts = [*_mismatch(feature_config, model_config)]
    if not texts:
        found = examine_rows(feature_config, model_config)
        texts = [_sentence(each) for each in found.full.errors]
    return not texts, texts


def _mismatch(feature_config: object, model_config: object) -> list[str]:
    """Return why a kind of model does not go with the target, or with its absence."""
    try:
        features = plain_row(feature_config, ("name", "target_column"), "feature config")
        model = plain_row(model_config, ("name", "model_type"), "model config")
    except RecgenError as error:
        return [_refusal(error)]
    kind, target = model.get("model_type") or "retrieval", features.get("target_column")
    named = f"Feature config '{features.get('name') or ''}'"
    wanted = f"Model config '{model.get('name') or ''}' is of type {kind}"
    if target and kind == "retrieval":
        return [
            f"{named} has a target column, but {wanted}, which learns from purchases alone. Use a "
            "feature config without a target."
        ]
    if not target and kind in ("ranking", "multitask"):
        return [f"{named} has no target column, but {wanted}, which predicts one. Add a target."]
    return []


def experiment_warnings(
    feature_config: object, model_config: object, params: Mapping[str, object] | None = None
) -> list[ExperimentWarning]:
    """Return the warnings on an experiment, each in the platform's shape.

    `type` is `learning_rate` for what the platform's own warning was about; others have types of
    their own: `layers`, or the code of the rule in lower case.

    Args:
        feature_config: A row.
        model_config: A row.
        params: What the experiment sets: `learning_rate`, `epochs`, `batch_size`, `split_strategy`,
            `date_column`, `gpu_config`.
    """
    found = examine_rows(feature_config, model_config, overrides=params)
    return [_warning(each, found) for each in found.full.warnings]


def _warning(finding: Finding, found: Reading) -> ExperimentWarning:
    return {
        "type": _TYPES.get(finding.code, finding.code.lower()),
        "severity": _severity(finding, found),
        "message": finding.message,
        "code": finding.code,
        "path": finding.path,
        "help": finding.help,
        "fix": finding.fix.as_dict() if finding.fix else None,
    }


def _severity(finding: Finding, found: Reading) -> str:
    """Return high, medium or low; a high rate is severe with as many layers as on the platform."""
    if finding.allowed:
        model = found.config.model if found.config else None
        is_deep = model is None or max(model.depth_of(side) for side in SIDES) >= _DEEP
        return "high" if is_deep else "medium"
    levels: dict[Severity, str] = {"error": "high", "warning": "medium", "info": "low"}
    return levels[finding.severity]


def _refusal(error: RecgenError) -> str:
    return f"{sentence(error.message)}. {sentence(error.help)}"


def _sentence(finding: Finding) -> str:
    place = f"{finding.path}: " if finding.path else ""
    return f"{place}{finding.message}. {finding.help}".strip()
