"""Loads SavedModels where TensorFlow is all there is: `python serve.py`, JSON in, JSON out.

Reads a list of `{"path": ..., "columns": {input: [values]}}`, and the name of a `signature` that is
not `serving_default`; prints a list of answers: inputs, and the IDs, scores or predictions.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any

_ABSENT = {"tensorflow_transform", "tensorflow_recommenders", "tf_keras", "tfx_bsl", "recgen"}


class _Absent(MetaPathFinder):
    """Makes packages look as if they were not installed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> None:
        if name.partition(".")[0] in _ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.meta_path.insert(0, _Absent())
    import tensorflow as tf

    answers = []
    for request in json.load(sys.stdin):
        name = request.get("signature", "serving_default")
        signature = tf.saved_model.load(request["path"]).signatures[name]
        specs = signature.structured_input_signature[1]
        columns = {
            name: tf.constant(values, specs[name].dtype)
            for name, values in request["columns"].items()
        }
        answer = dict(signature(**columns))
        found = {"inputs": {name: [s.dtype.name, s.shape.as_list()] for name, s in specs.items()}}
        if "product_ids" in answer:
            ids = answer.pop("product_ids").numpy()
            found["dtype"] = "string" if ids.dtype == object else ids.dtype.name
            texts = [[v.decode() if isinstance(v, bytes) else str(v) for v in row] for row in ids]
            found["product_ids"] = texts
        answers.append(found | {name: each.numpy().tolist() for name, each in answer.items()})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
