"""Prints what the Evaluator of a pipeline measured, as JSON: `python read_evaluation.py OUT`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import evaluator_module  # noqa: F401  # TFMA loads its metrics
import tensorflow_model_analysis as tfma


def main(out: str) -> None:
    """Print the metrics of all rows, and the rows of each slice."""
    (folder,) = Path(out, "root", "Evaluator", "evaluation").iterdir()
    result = tfma.load_eval_result(str(folder))
    found = {"whole": {}, "slices": {}}
    for key, metrics in result.slicing_metrics:
        values = {name: each["doubleValue"] for name, each in metrics[""][""].items()}
        if key:
            found["slices"][str(key[0][1])] = values["example_count"]
        else:
            found["whole"] = values
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
