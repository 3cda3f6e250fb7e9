"""Training stage: calls the generated `run_fn` with the arguments that TFX would pass.

A child process: `python -m recgen.local.fit`. Knows the fields of TFX's FnArgs.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from recgen.local.child import load_module, obey_parent, read_job

_SLOW = ("tensorflow", "tensorflow_transform")


def fn_args(run: Path, custom_config: Mapping[str, Any]) -> SimpleNamespace:
    """Return an object with all fields of TFX's FnArgs, for a run directory.

    Args:
        run: The run directory, with `transform/` and `examples/`.
        custom_config: Settings of the trainer that override the config.
    """
    transform, examples = run / "transform", run / "examples"
    schema = transform / "transformed_metadata" / "schema.pbtxt"
    return SimpleNamespace(
        working_dir=str(run),
        train_files=[str(examples / "train" / "*")],
        eval_files=[str(examples / "eval" / "*")],
        train_steps=None,
        eval_steps=None,
        schema_path=str(schema),
        schema_file=str(schema),
        transform_graph_path=str(transform),
        transform_output=str(transform),
        data_accessor=None,
        serving_model_dir=str(run / "serving_model"),
        eval_model_dir=str(run / "eval_model"),
        model_run_dir=str(run),
        base_model=None,
        hyperparameters=None,
        custom_config={"test_files": [str(examples / "test" / "*")], **custom_config},
    )


def main() -> int:
    """Import slow packages, then train with the job from the parent."""
    obey_parent()
    for name in _SLOW:  # packages that the trainer does not need may be missing
        with suppress(ImportError):
            importlib.import_module(name)
    job = read_job()
    if job is None:
        return 0
    run = Path(job["run"])
    module = load_module(run / "trainer_module.py")
    module.run_fn(fn_args(run, job["custom_config"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
