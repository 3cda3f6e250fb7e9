"""ScaNN on this machine: models with approximate search need its operations for TensorFlow."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from recgen.config import ExperimentConfig
from recgen.findings import RecgenError

_HELP = "use TensorFlow 2.16 with scann 1.3.2, or train with `retrieval_algorithm: brute_force`"


def require_scann(config: ExperimentConfig) -> None:
    """Raise RecgenError if a training would end with a search that cannot be built here."""
    if config.model.retrieval_algorithm == "scann" and find_spec("scann") is None:
        raise RecgenError("retrieval_algorithm: scann needs the package scann", _HELP)


def load_operations(model: Path) -> None:
    """Load ScaNN's operations if a SavedModel has any.

    Raises:
        RecgenError: They are not installed, or are for another TensorFlow.
    """
    if b"Scann>" not in (model / "saved_model.pb").read_bytes():
        return
    import tensorflow as tf

    try:
        import_module("scann.scann_ops.py.scann_ops")
    except (ImportError, tf.errors.OpError) as error:
        stack = f"TensorFlow {tf.__version__}"
        message = f"the model searches with ScaNN, which does not load with {stack} here"
        raise RecgenError(message, _HELP) from error
