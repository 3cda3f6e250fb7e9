"""Prints what the Evaluator of a pipeline measured, as JSON: `read_evaluation.py OUT [MODEL]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import evaluator_module  # noqa: F401  # TFMA loads its metrics
import tensorflow_model_analysis as tfma


def main(out: str, model: str | None = None) -> None:
    """Print the last run's metrics of all rows, the rows of each slice, and what failed where."""
    folders = Path(out, "root", "Evaluator", "evaluation").iterdir()
    folder = max(folders, key=lambda path: int(path.name))
    result = tfma.load_eval_result(str(folder), model_name=model)
    validation = tfma.load_validation_result(str(folder))
    found = {"whole": {}, "slices": {}, "failed": []}
    for each in validation.metric_validations_per_slice:
        names = [failure.metric_key.name for failure in each.failures]
        found["failed"].append([len(each.slice_key.single_slice_keys), *names])
    for key, metrics in result.slicing_metrics:
        values = {name: each["doubleValue"] for name, each in metrics[""][""].items()}
        if key:
            found["slices"][str(key[0][1])] = values["example_count"]
        else:
            found["whole"] = values
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
