"""What stands at the top of every generated file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from recgen.config import ExperimentConfig


@dataclass(frozen=True, slots=True)
class Header:
    """Origin of a generated file: no time, host, path or tool version, so that diffs are small."""

    title: str
    digest: str
    description: str


_FEATURES = ("buyer_model_features", "product_model_features")
_WITHOUT_EFFECT: dict[str, Any] = {
    "data": {"source", "split"},
    "features": {name: {"__all__": {"stats"}} for name in _FEATURES},
}


def plan_header(config: ExperimentConfig) -> Header:
    """Returns the header of a config's modules."""
    return Header(
        title=config.name or config.features.name or "unnamed",
        digest=digest_of(config),
        description=config.description or config.features.description or "",
    )


def digest_of(config: ExperimentConfig) -> str:
    """Returns the first 12 hex digits of the SHA-256 of what decides the generated code.

    Where the data lies and how it is split do not change the modules, so they do not change
    the digest; the defaults do, since a new default gives a new trainer.
    """
    decisive = config.model_dump(mode="json", exclude=_WITHOUT_EFFECT)
    split = config.data.split
    decisive["date_column"] = split.date_column if split else None
    text = json.dumps(decisive, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
