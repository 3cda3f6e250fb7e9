"""A drop-in for the generator of a Django platform that stores feature and model configs.

Pure Python: neither Django nor TensorFlow is imported. docs/platform.md describes the switch.
"""

from recgen.contrib.ml_platform.generators import (
    PreprocessingFnGenerator,
    TrainerModuleGenerator,
    validate_python_code,
)
from recgen.contrib.ml_platform.rows import read_rows

__all__ = [
    "PreprocessingFnGenerator",
    "TrainerModuleGenerator",
    "read_rows",
    "validate_python_code",
]
