"""Generates the TFX modules that train a two-tower recommender.

What slow libraries do (YAML, Jinja, black, TensorFlow) is imported where it is used: a web
server imports this package. The functions below hide the modules of the same names.
"""

from importlib.metadata import PackageNotFoundError, version

from recgen.check import check
from recgen.check import require as load
from recgen.config import ExperimentConfig, FeatureConfig, ModelConfig
from recgen.findings import ConfigError, Finding, RecgenError, Report
from recgen.generate import render
from recgen.metrics import TrainingMetrics
from recgen.presets import Preset, presets
from recgen.reading.dump import dump

try:
    __version__ = version("recgen")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0+unknown"

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
    "check",
    "dump",
    "load",
    "presets",
    "render",
]
