"""JSON Schema (draft 7) of the files that recgen reads and writes, for editors and programs."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from recgen.config import ExperimentConfig
from recgen.config.types import Config

DRAFT = "http://json-schema.org/draft-07/schema#"
_ARRAY_LIMITS = {"minLength": "minItems", "maxLength": "maxItems"}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model in draft 7, for editors and validators."""
    generator = _ConfigGenerator if issubclass(model, Config) else _Generator
    schema = model.model_json_schema(
        ref_template="#/definitions/{model}", schema_generator=generator
    )
    definitions = schema.pop("$defs", {})
    return {"$schema": DRAFT, **_as_draft_7(schema), "definitions": _as_draft_7(definitions)}


def schema_text(model: type[BaseModel] = ExperimentConfig) -> str:
    """Return the schema of configs, or of another model, as the text of a file."""
    return json.dumps(schema_of(model), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Schema generator that omits what is redundant in an editor and adapts the rest to one."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # the title would repeat the key

    def encode_default(self, dft: Any) -> Any:
        """Return a default as a user would write it, without its own defaults."""
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", exclude_defaults=True)
        return super().encode_default(dft)

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return a schema with null among the types, so that editors do not show two schemas."""
        inner = self.generate_inner(schema["schema"])
        return _or_null(inner)

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Return a schema that checks the tag first, so that editors report on one model only."""
        tag = schema["discriminator"]
        assert isinstance(tag, str)  # no model of ours has a function there
        choices = schema["choices"]
        branches = [
            {
                "if": {"properties": {tag: {"const": word}}, "required": [tag]},
                "then": self.generate_inner(choice),
            }
            for word, choice in choices.items()
        ]
        known = {tag: {"enum": list(choices)}}
        return {"type": "object", "required": [tag], "properties": known, "allOf": branches}


class _ConfigGenerator(_Generator):
    """Generator for configs, where null is the default of a field that has one."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of a field with a default, which null stands for."""
        found = super().default_schema(schema)
        default = {key: found.pop(key) for key in ("default",) if key in found}
        return {**_or_null(found), **default}


def _or_null(inner: JsonSchemaValue) -> JsonSchemaValue:
    """Return a schema that allows null as well."""
    if "enum" in inner:
        words = {key: value for key, value in inner.items() if key != "type"}
        return {**words, "enum": [*inner["enum"], *([] if None in inner["enum"] else [None])]}
    kind = inner.get("type")
    if isinstance(kind, list) and "null" in kind:
        return inner
    if isinstance(kind, str) and "$ref" not in inner:
        return {**inner, "type": [kind, "null"]}
    if {"type": "null"} in inner.get("anyOf", ()):
        return inner
    return {"anyOf": [inner, {"type": "null"}]}


def _as_draft_7(part: Any) -> Any:
    """Return a part of a schema translated to draft 7."""
    if isinstance(part, list):
        return [_as_draft_7(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: _as_draft_7(value) for key, value in part.items()}
    if part.get("type") in ("array", ["array", "null"]):
        found = {_ARRAY_LIMITS.get(key, key): value for key, value in found.items()}
    if "$ref" in found and len(found) > 1:  # draft 7 ignores keys beside it
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found
