"""Page on all keys of a config, made of the models: type, range, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from recgen.config import (
    BatchNorm,
    Beam,
    BigQuery,
    ClipOutliers,
    Cross,
    CrossFeature,
    DataConfig,
    Dense,
    Dropout,
    ExperimentConfig,
    FeatureConfig,
    Gate,
    HistoryFeature,
    HistoryTransforms,
    LayerNorm,
    LowerBound,
    ModelConfig,
    NumericFeature,
    NumericTransforms,
    PipelineConfig,
    Push,
    Source,
    Split,
    Target,
    TargetLog,
    TargetTransforms,
    TemporalFeature,
    TemporalTransforms,
    TextFeature,
    TextTransforms,
    TrainerMachine,
    UpperBound,
    Vertex,
)

_INTRODUCTION = """\
# Keys of a config

Every key with its type, its range, its default and what it does. This page is made from the models
that read configs (`make docs`); `recgen schema` prints the same for editors, as JSON Schema.

A key without a default is required. `null` for a key that has another default means the default, as
does a key that is left out. What a combination of keys does, and which do not train, is in
[rules.md](rules.md).
"""
_SETS = (TextTransforms, NumericTransforms, TemporalTransforms, HistoryTransforms)
_TRANSFORMS = {name: field for each in _SETS for name, field in each.model_fields.items()}
_TITLES: dict[type[BaseModel], str] = {
    ExperimentConfig: "The file",
    FeatureConfig: "`features`",
    TextFeature: "A feature with `data_type: text`",
    NumericFeature: "A feature with `data_type: numeric`",
    TemporalFeature: "A feature with `data_type: temporal`",
    HistoryFeature: "A feature with `data_type: history`",
    TextTransforms: "`transforms` of text",
    NumericTransforms: "`transforms` of numbers",
    TemporalTransforms: "`transforms` of times",
    HistoryTransforms: "`transforms` of a history",
    **{get_args(field.annotation)[0]: f"`{name}`" for name, field in _TRANSFORMS.items()},
    Cross: "A cross",
    CrossFeature: "A column of a cross",
    Target: "`target_column`",
    TargetTransforms: "`transforms` of the target",
    ClipOutliers: "`clip_outliers`",
    LowerBound: "`lower`",
    UpperBound: "`upper`",
    TargetLog: "`log_transform` of the target",
    ModelConfig: "`model`",
    Dense: "A layer with `type: dense`",
    Dropout: "A layer with `type: dropout`",
    BatchNorm: "A layer with `type: batch_norm`",
    LayerNorm: "A layer with `type: layer_norm`",
    DataConfig: "`data`",
    Split: "`data.split`",
    PipelineConfig: "`pipeline`",
    Source: "`pipeline.source`",
    BigQuery: "`pipeline.source.bigquery`",
    Vertex: "`pipeline.vertex`",
    TrainerMachine: "`pipeline.trainer`",
    Beam: "`pipeline.beam`",
    Gate: "`pipeline.gate`",
    Push: "`pipeline.push`",
}
_MANY = 10  # words of a choice, from which on they are listed below the table
_NAMES = {model.__name__: model for model in _TITLES}


class _Choices(dict[str, list[str]]):
    """Long choices by the key that has them first, listed at the end of the page."""

    def link(self, key: str, words: list[str]) -> str:
        """Return a link to the list of these words."""
        name = next((name for name, known in self.items() if known == words), key)
        self.setdefault(name, words)
        return f"[a value of {name}](#values-of-{name})"


def reference_page() -> str:
    """Return the page as Markdown.

    Raises:
        AssertionError: A model of the config has no title here, which is a bug of recgen.
    """
    schema = ExperimentConfig.model_json_schema()
    definitions = {ExperimentConfig.__name__: schema, **schema["$defs"]}
    missing = definitions.keys() - _NAMES.keys()
    assert not missing, f"the page has no title for {', '.join(sorted(missing))}"
    parts, long = [_INTRODUCTION], _Choices()
    for model, title in _TITLES.items():
        parts.append("\n".join(_section(model, title, definitions[model.__name__], long)))
    for name, words in long.items():
        parts.append(f"## Values of `{name}`\n\n{', '.join(words)}.\n")
    return "\n".join(parts)


def _section(
    model: type[BaseModel], title: str, schema: dict[str, Any], long: _Choices
) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{_prose(model.__doc__ or '')}\n"
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        part = schema["properties"][name]
        kind = _kind(part, name, long)
        default = "required" if field.is_required() else _default(field.default)
        meaning = _cell(_prose(field.description or ""))
        yield f"| `{name}` | {kind} | {default} | {meaning} |"
    yield ""


def _kind(part: dict[str, Any], key: str, long: _Choices) -> str:
    """Return a type in words, with its range; long choices are added to `long`."""
    for several in ("anyOf", "oneOf", "allOf"):
        if several in part:
            kinds = [_kind(each, key, long) for each in part[several]]
            return " or ".join(dict.fromkeys(kinds))
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        return f"[{_TITLES[_NAMES[name]].replace('`', '')}](#{_anchor(_TITLES[_NAMES[name]])})"
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        words = [_word(word) for word in part["enum"]]
        if len(words) <= _MANY:
            return ", ".join(words)
        return long.link(key, words)
    return _simple(part, key, long)


def _simple(part: dict[str, Any], key: str, long: _Choices) -> str:
    kind = part.get("type")
    if kind == "array":
        items = _kind(part.get("items", {}), key, long) if "items" in part else "two numbers"
        return f"list of: {items}{_count(part)}"
    if kind == "object":
        values = part.get("additionalProperties")
        if not isinstance(values, dict):
            return "mapping"
        return f"mapping of column to {_kind(values, key, long)}"
    words = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "string": "text",
        "null": "`null`",
    }
    return f"{words.get(str(kind), 'any value')}{_range(part)}"


def _count(part: dict[str, Any]) -> str:
    low, high = part.get("minItems"), part.get("maxItems")
    if high is None:
        return ""
    return f", {low} to {high}" if low else f", at most {high}"


def _range(part: dict[str, Any]) -> str:
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    parts = []
    if low is not None and high is not None:
        return f", {_number(low)} to {_number(high)}"
    if low is not None or above is not None:
        parts.append(f"at least {_number(low)}" if low is not None else f"above {_number(above)}")
    if high is not None or below is not None:
        parts.append(f"at most {_number(high)}" if high is not None else f"below {_number(below)}")
    if "maxLength" in part:
        parts.append(f"at most {part['maxLength']:,} characters")
    return f", {', '.join(parts)}" if parts else ""


def _number(value: float | None) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def _word(value: object) -> str:
    return "`null`" if value is None else f"`{json.dumps(value)}`".replace('"', "")


def _default(value: object) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True)
        shown = json.dumps(value).replace('"', "") if value else ""
        return f"`{shown}`" if shown else "its own defaults"
    if value == "":
        return "empty"
    if value in ((), {}):
        return "none"
    return _word(value)


def _prose(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _cell(text: str) -> str:
    return text.replace("\n\n", " ").replace("|", "\\|")


def _anchor(title: str) -> str:
    kept = (c for c in title.lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")
