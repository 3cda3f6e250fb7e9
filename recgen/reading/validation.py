"""Data to config models, and Pydantic's errors to findings in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails

from recgen.config import DataConfig, ExperimentConfig, FeatureConfig, ModelConfig
from recgen.findings import ConfigError, Finding, Location, Report
from recgen.reading.dialects import SECTIONS, modernize
from recgen.reading.document import MAX_FINDINGS, Document, problem
from recgen.reading.pydantic_errors import finding_of
from recgen.reading.sources import read

_ABSENT = object()


@dataclass(frozen=True)
class Parsed:
    """The config as far as it could be built: a section that is wrong is missing."""

    document: Document
    sections: Mapping[str, BaseModel] = field(default_factory=dict)
    config: ExperimentConfig | None = None
    findings: tuple[Finding, ...] = ()
    unlisted: int = 0  # how many more findings there are


def load(source: object) -> ExperimentConfig:
    """Returns the config of a path, a mapping, or an object with these attributes.

    Looks at the shape only; `recgen.check` has the rules.

    Raises:
        ConfigError: The source cannot be read or has not the shape of a config.
    """
    parsed = parse(read(source))
    if parsed.config is None:
        raise ConfigError(Report(parsed.findings, parsed.document.source, parsed.document.text))
    return parsed.config


def parse(document: Document) -> Parsed:
    """Returns the config in a document, or its sections that are right, and all findings."""
    found = document.findings
    if not document.readable:
        return Parsed(document, findings=found)
    if _is_bare(document.data):
        return Parsed(document, findings=(*found, _bare(document)))
    refused = {finding.path for finding in found}  # its value was not read: no second error
    document = modernize(document)
    config, error = _build(ExperimentConfig, document.data)
    wrong, unlisted = _findings(error, ExperimentConfig, document, ())
    unlisted += document.unlisted
    found = (*document.findings, *(each for each in wrong if each.path not in refused))
    if isinstance(config, ExperimentConfig):
        parts = {name: part for name in SECTIONS if (part := getattr(config, name)) is not None}
        sound = not any(finding.severity == "error" for finding in found)
        return Parsed(document, parts, config if sound else None, found, unlisted)
    return Parsed(document, _right_sections(document.data), None, found, unlisted)


def _right_sections(data: object) -> dict[str, BaseModel]:
    """Returns the sections that can be built, so that rules can say more about a broken config."""
    sections: dict[str, BaseModel] = {}
    for name, model in SECTIONS.items():
        given = _value(data, name, None)
        if given is None and name == "pipeline":
            continue  # most configs have none
        default: object = None if name == "features" else {}
        section, _ = _build(model, default if given is None else given)
        if section is not None:
            sections[name] = section
    return sections


def parse_sections(given: Mapping[str, object]) -> Parsed:
    """Returns the sections (`features`, `model`) that are right; paths start within them."""
    document = modernize(Document(dict(given)), depth=1)
    sections: dict[str, BaseModel] = {"data": DataConfig()}
    found, unlisted = list(document.findings), document.unlisted
    for name, value in document.data.items():
        section, error = _build(SECTIONS[name], value)
        wrong, more = _findings(error, SECTIONS[name], document, (name,))
        found, unlisted = [*found, *wrong], unlisted + more
        if section is not None:
            sections[name] = section
    return Parsed(document, sections, None, tuple(found), unlisted)


def data_section(given: Mapping[str, object]) -> DataConfig:
    """Returns the section `data` with these keys.

    Raises:
        ConfigError: A key does not exist, or has a value that it cannot have.
    """
    section, error = _build(DataConfig, dict(given))
    if not isinstance(section, DataConfig):
        document = Document({"data": dict(given)})
        found, _ = _findings(error, DataConfig, document, ("data",))
        raise ConfigError(Report(tuple(found)))
    return section


def _build(model: type[BaseModel], data: object) -> tuple[BaseModel | None, ValidationError | None]:
    try:
        return model.model_validate(data), None
    except ValidationError as error:
        return None, error
    except Exception as error:  # of an object's own code, where Pydantic does not expect it
        raised = InitErrorDetails(type="get_attribute_error", input=None, ctx={"error": str(error)})
        return None, ValidationError.from_exception_data(model.__name__, [raised])


def _findings(
    error: ValidationError | None, model: type[BaseModel], document: Document, prefix: Location
) -> tuple[list[Finding], int]:
    """Returns the findings of an error that are listed, and how many more there are."""
    if error is None:
        return [], 0
    listed = error.errors(include_url=False)[:MAX_FINDINGS]
    found = [finding_of(details, model, document, prefix) for details in listed]
    return found, error.error_count() - len(listed)


def _is_bare(data: object) -> bool:
    """Return whether this is a FeatureConfig (or a ModelConfig) without its key around it."""
    own = (set(FeatureConfig.model_fields) | set(ModelConfig.model_fields)) - {
        *ExperimentConfig.model_fields
    }
    return not _has(data, "features") and any(_has(data, key) for key in own)


def _bare(document: Document) -> Finding:
    is_model = any(_has(document.data, key) for key in ("optimizer", "buyer_tower_layers"))
    kind, key = ("model", "model") if is_model else ("feature", "features")
    return problem(
        "RG011",
        f"`features:` is missing: this looks like a {kind} config alone",
        f"Put what is here under `{key}:`; an experiment has `features:`, `model:`, `data:`.",
        document.position(()),
    )


def _has(data: object, key: str) -> bool:
    return _value(data, key, _ABSENT) is not _ABSENT


def _value(data: object, key: str, default: object) -> object:
    try:
        return data.get(key, default) if isinstance(data, Mapping) else getattr(data, key, default)
    except Exception:  # the object's own code; comparing it with the model reports what it raised
        return default
