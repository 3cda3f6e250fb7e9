"""A config as YAML for people to read: what differs from the defaults, in the usual order."""

from __future__ import annotations

from typing import Any, Literal, overload

from recgen.config import ExperimentConfig
from recgen.findings import ArgumentError

_FIRST = ("column", "display_name", "bq_type", "data_type")
_LAST = ("transforms", "stats")


@overload
def dump(config: ExperimentConfig, *, as_mapping: Literal[False] = False) -> str: ...
@overload
def dump(config: ExperimentConfig, *, as_mapping: Literal[True]) -> dict[str, Any]: ...
def dump(config: ExperimentConfig, *, as_mapping: bool = False) -> str | dict[str, Any]:
    """Returns the YAML text of a config; `load` gives the same config again.

    Defaults are left out, so a default that changes changes what the text means.

    Args:
        config: What `load` gives.
        as_mapping: Whether to return plain JSON data instead of text.

    Raises:
        ArgumentError: The value is something else, such as a path, a mapping or a section.
    """
    if not isinstance(config, ExperimentConfig):
        got = _not(config)
        raise ArgumentError(f"dump takes an ExperimentConfig, as recgen.load gives it, {got}")
    from recgen.reading.yaml_writer import write_yaml  # brings the YAML library, which takes time

    if as_mapping:
        found: dict[str, Any] = _ordered(config.model_dump(mode="json", exclude_defaults=True))
        return found
    return write_yaml(_ordered(config.model_dump(exclude_defaults=True)))


def _not(given: object) -> str:
    if isinstance(given, type):
        return f"not the class {given.__name__}"
    return f"not {type(given).__name__}"


def _ordered(value: Any) -> Any:
    """Returns the data with each feature's keys as one would say them."""
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    first = [key for key in _FIRST if key in value]
    last = [key for key in _LAST if key in value]
    others = [key for key in value if key not in first and key not in last]
    return {key: _ordered(value[key]) for key in (*first, *others, *last)}
