"""Configs as a platform's database stores them: two JSON files, each a row of a table.

A row has columns that are no settings (`id`, `created_at`), is perhaps inside of an export, and
has values in shapes that its own platform accepted. What is left out is counted and said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recgen.config import FeatureConfig, ModelConfig
from recgen.findings import RecgenError, counted, kind_of, printable
from recgen.reading.plain import Plain

FEATURES, MODEL = "features", "model"
_FIELDS: Mapping[str, frozenset[str]] = {
    FEATURES: frozenset(FeatureConfig.model_fields),
    MODEL: frozenset(ModelConfig.model_fields),
}
_MARKS: Mapping[str, frozenset[str]] = {
    FEATURES: frozenset(["buyer_model_features", "product_model_features"]),
    MODEL: frozenset(
        ["buyer_tower_layers", "product_tower_layers", "output_embedding_dim", "learning_rate"]
    ),
}
_WRAPPERS = ("fields", "data", "config", "feature_config", "model_config", FEATURES, MODEL)
_MOST = 5_000_000  # bytes of a file
_DEEPEST = 4
_LISTED = 6
_TYPES = {"DECIMAL": "NUMERIC", "VARCHAR": "STRING", "TEXT": "STRING", "DOUBLE": "FLOAT64"}
_ABSENT: tuple[object, ...] = (None, "", [])


@dataclass(frozen=True)
class Stored:
    """An experiment that was stored in two files.

    Attributes:
        experiment: Its sections as plain data.
        notes: What was left out.
    """

    experiment: Plain
    notes: tuple[str, ...] = ()


def read_stored(features: Path | None, model: Path | None) -> Stored:
    """Return the experiment of two files; a file that is not given leaves out its section.

    Raises:
        RecgenError: A file cannot be read, is not JSON, or is no such row.
    """
    texts = [
        (name, str(path), _text(path))
        for name, path in ((FEATURES, features), (MODEL, model))
        if path is not None
    ]
    return stored_of(texts)


def stored_of(texts: list[tuple[str, str, str]]) -> Stored:
    """Return the experiment of texts, each with its section and its file's name."""
    experiment: Plain = {}
    notes: list[str] = []
    for section, source, text in texts:
        row = _row(text, section, source)
        fields = _FIELDS[section]
        if section == FEATURES and isinstance(row.get("name"), str):
            experiment["name"] = row["name"]
        left = sorted(key for key in row.keys() - fields if row[key] not in _ABSENT)
        if left:
            shown = ", ".join(map(printable, left[:_LISTED]))
            more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
            what = counted(len(left), "column")
            notes.append(
                f"{source}: {what} left out, since a config has no such key: {shown}{more}"
            )
        own = {key: _plain(key, row[key]) for key in row if key in fields}
        experiment[section] = {key: value for key, value in own.items() if value is not None}
    experiment.setdefault("name", "stored")
    return Stored(experiment, tuple(notes))


def section_of(text: str) -> str | None:
    """Return which of the two a text is, by its keys; None for anything else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for section in (FEATURES, MODEL):
        if _found(data, section) is not None:
            return section
    return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise RecgenError(f"cannot read {path}: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise RecgenError(f"{path} is not UTF-8: {error}", "save the row as JSON") from error
    if len(content) > _MOST:
        raise RecgenError(f"{path} is larger than 5 MB", "a row takes a few kB; is it data?")
    return text


def _row(text: str, section: str, source: str) -> Plain:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecgenError(f"{source} is not JSON: {error}", "save the row as JSON") from error
    found = _found(data, section)
    if found is None:
        keys = " or ".join(sorted(_MARKS[section])[:2])
        other = next((s for s in (FEATURES, MODEL) if _found(data, s) is not None), None)
        help = f"it has {kind_of(data)} without {keys}"
        if other is not None:
            help = f"it is a config of the {other}: give it with --{other}"
        raise RecgenError(f"{source} is not a stored config of the {section}", help)
    return found


def _found(data: object, section: str, depth: int = _DEEPEST) -> Plain | None:
    """Return the row in some data: alone, in a list of one, in an export or an answer."""
    if isinstance(data, str) and data.lstrip()[:1] in ("{", "["):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return None
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict):
        return None
    if data.keys() & _MARKS[section]:
        return data
    inner = (data[name] for name in _WRAPPERS if depth and name in data)
    return next(filter(None, (_found(each, section, depth - 1) for each in inner)), None)


def _plain(key: str, value: object) -> object:
    """Return the value of a field in the shape of a config; None to leave it out."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") and key.endswith(_LISTS):
        try:
            value = json.loads(value)  # a list that a database keeps as text
        except (ValueError, RecursionError):
            return value
    if isinstance(value, float) and value.is_integer() and key in _COUNTS:
        return int(value)
    if key == "target_column":
        return _feature(value) if isinstance(value, dict) else value or None
    if key.endswith("_features") and isinstance(value, list):
        return [_feature(each) if isinstance(each, dict) else each for each in value]
    return value


_LISTS = ("_features", "_crosses", "_layers")
_COUNTS = frozenset(["batch_size", "epochs", "output_embedding_dim", "top_k", "seed"])


def _feature(feature: Plain) -> Plain:
    """Return a feature whose transforms are mappings, and whose type is one of BigQuery's."""
    found = dict(feature)
    kind = found.get("bq_type")
    if isinstance(kind, str):
        found["bq_type"] = _TYPES.get(kind.upper(), kind.upper())
    transforms = found.get("transforms")
    if isinstance(transforms, dict):
        found["transforms"] = {
            name: {"enabled": own} if isinstance(own, bool) else own
            for name, own in transforms.items()
            if own is not None
        }
    return {key: value for key, value in found.items() if value is not None}
