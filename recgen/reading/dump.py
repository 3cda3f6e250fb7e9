"""A config as YAML for people to read: what differs from the defaults, in the usual order."""

from __future__ import annotations

from typing import Any

from recgen.config import ExperimentConfig

_FIRST = ("column", "display_name", "bq_type", "data_type")
_LAST = ("transforms", "stats")


def dump(config: ExperimentConfig) -> str:
    """Returns the YAML text of a config; `load` gives the same config again.

    Defaults are left out, so a default that changes changes what the text means.
    """
    from recgen.reading.yaml_writer import write_yaml  # brings the YAML library, which takes time

    return write_yaml(_ordered(config.model_dump(exclude_defaults=True)))


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
