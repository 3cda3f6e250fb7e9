"""A drop-in for the generator of a Django platform that stores feature and model configs.

Pure Python: neither Django nor TensorFlow is imported. docs/platform.md describes the switch.
"""

from recgen.contrib.ml_platform.defaults import smart_defaults
from recgen.contrib.ml_platform.failures import classify_failure
from recgen.contrib.ml_platform.generators import (
    PreprocessingFnGenerator,
    TrainerModuleGenerator,
    validate_python_code,
)
from recgen.contrib.ml_platform.history import (
    blessing,
    histograms,
    quick_test_fields,
    training_history,
)
from recgen.contrib.ml_platform.migration import migrate
from recgen.contrib.ml_platform.pipeline_script import pipeline_script
from recgen.contrib.ml_platform.rows import read_rows
from recgen.contrib.ml_platform.semantics import semantic_type, semantic_type_options
from recgen.contrib.ml_platform.serving import example_instance, serving_schema
from recgen.contrib.ml_platform.validation import (
    experiment_warnings,
    validate_experiment_config,
    validate_feature_config,
    validate_model_config,
)
from recgen.contrib.ml_platform.widths import config_digest, denormalised, tensor_dims

__all__ = [
    "PreprocessingFnGenerator",
    "TrainerModuleGenerator",
    "blessing",
    "classify_failure",
    "config_digest",
    "denormalised",
    "example_instance",
    "experiment_warnings",
    "histograms",
    "migrate",
    "pipeline_script",
    "quick_test_fields",
    "read_rows",
    "semantic_type",
    "semantic_type_options",
    "serving_schema",
    "smart_defaults",
    "tensor_dims",
    "training_history",
    "validate_experiment_config",
    "validate_feature_config",
    "validate_model_config",
    "validate_python_code",
]
