"""Entry point: the public names of recgen, each imported on first use.

Importing the package costs next to nothing: Pydantic's models are built, and YAML, Jinja and black
are imported, when something needs them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recgen.api import diagnose, gate, profile, propose, upgrade
    from recgen.changes import breaking
    from recgen.check import check, check_text, load
    from recgen.config import ExperimentConfig, FeatureConfig, ModelConfig
    from recgen.findings import ConfigError, Finding, RecgenError, Report
    from recgen.generate import render, render_pipeline
    from recgen.metrics import TrainingMetrics
    from recgen.presets import Preset, presets
    from recgen.reading.dump import dump

    __version__: str

__all__ = [
    "ConfigError",
    "ExperimentConfig",
    "FeatureConfig",
    "Finding",
    "ModelConfig",
    "Preset",
    "RecgenError",
    "Report",
    "TrainingMetrics",
    "__version__",
    "breaking",
    "check",
    "check_text",
    "diagnose",
    "dump",
    "gate",
    "load",
    "presets",
    "profile",
    "propose",
    "render",
    "render_pipeline",
    "upgrade",
]

if not TYPE_CHECKING:  # a type checker would believe that every name is there
    _HOMES = {  # module and name there
        "ConfigError": ("recgen.findings", "ConfigError"),
        "ExperimentConfig": ("recgen.config", "ExperimentConfig"),
        "FeatureConfig": ("recgen.config", "FeatureConfig"),
        "Finding": ("recgen.findings", "Finding"),
        "ModelConfig": ("recgen.config", "ModelConfig"),
        "Preset": ("recgen.presets", "Preset"),
        "RecgenError": ("recgen.findings", "RecgenError"),
        "Report": ("recgen.findings", "Report"),
        "TrainingMetrics": ("recgen.metrics", "TrainingMetrics"),
        "breaking": ("recgen.changes", "breaking"),
        "check": ("recgen.check", "check"),
        "check_text": ("recgen.check", "check_text"),
        "diagnose": ("recgen.api", "diagnose"),
        "dump": ("recgen.reading.dump", "dump"),
        "gate": ("recgen.api", "gate"),
        "load": ("recgen.check", "load"),
        "presets": ("recgen.presets", "presets"),
        "profile": ("recgen.api", "profile"),
        "propose": ("recgen.api", "propose"),
        "render": ("recgen.generate", "render"),
        "render_pipeline": ("recgen.generate", "render_pipeline"),
        "upgrade": ("recgen.api", "upgrade"),
    }

    class _Package(ModuleType):
        """A package whose functions are not hidden by its modules of the same names.

        Importing a module sets it as an attribute of its package: `import recgen.check`, anywhere,
        would make `recgen.check` a module.
        """

        def __setattr__(self, name: str, value: object) -> None:
            if name not in _HOMES or not isinstance(value, ModuleType):
                super().__setattr__(name, value)

    sys.modules[__name__].__class__ = _Package

    def __getattr__(name: str) -> object:
        if name == "__version__":
            return _version()
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, name_there = _HOMES[name]
        globals()[name] = getattr(import_module(module), name_there)
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted(__all__)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("recgen")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
