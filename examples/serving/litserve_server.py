"""Serves a SavedModel by LitServe: `python litserve_server.py SAVED_MODEL NAME PORT`.

It answers TensorFlow Serving's REST requests at /v1/models/NAME:predict, and takes null for what is
not known, and lists of different lengths in one request.
"""

import sys
from typing import Any

import litserve
import numpy as np
from fastapi import HTTPException

NULLS = {"string": "", "float32": float("nan"), "int64": -(2**63)}
DECODED = np.vectorize(bytes.decode, otypes=[object])  # texts of TensorFlow are UTF-8


class Recommender(litserve.LitAPI):
    """One request is one call of a signature."""

    def __init__(self, model: str, name: str) -> None:
        super().__init__(api_path=f"/v1/models/{name}:predict")
        self.path = model

    def setup(self, device: str) -> None:
        """Loads the model, in the process that answers."""
        import tensorflow as tf

        self.tf, self.model = tf, tf.saved_model.load(self.path)

    def predict(self, request: dict[str, Any]) -> dict[str, Any]:
        """Returns the outputs, in the form of the request: by rows, or by columns."""
        name = request.get("signature_name", "serving_default")
        if name not in self.model.signatures:
            raise HTTPException(404, f"no signature {name!r}; there are {[*self.model.signatures]}")
        signature = self.model.signatures[name]
        specs = signature.structured_input_signature[1]
        try:
            columns = columns_of(request, specs.keys())
            tensors = {key: self.tensor(columns[key], specs[key]) for key in specs}
            if len({len(each) for each in tensors.values()} | {0}) != 2:
                raise ValueError("inputs have one value for each row, and there is one row or more")
            outputs = signature(**tensors)
        except (TypeError, ValueError, self.tf.errors.InvalidArgumentError) as error:
            raise HTTPException(422, f"{name}: {error}") from error
        found = {key: value.numpy() for key, value in outputs.items()}
        found |= {key: DECODED(value) for key, value in found.items() if value.dtype == object}
        plain = {key: value.tolist() for key, value in found.items()}
        if "instances" not in request:
            return {"outputs": plain}
        rows = zip(*plain.values(), strict=True)
        return {"predictions": [dict(zip(plain, row, strict=True)) for row in rows]}

    def tensor(self, values: list[Any], spec: Any) -> Any:
        """Returns a column; what is null, or missing at the end of a list, is the type's null."""
        null, is_list = NULLS[spec.dtype.name], spec.shape.rank == 2
        if any(isinstance(each, list) != is_list for each in values):
            wanted = "lists" if is_list else "single values"
            raise ValueError(f"{spec.name} has to be a list of {wanted}, one for each row")
        if is_list:
            longest = max(map(len, values), default=0)
            values = [[*each, *[None] * (longest - len(each))] for each in values]
            filled: Any = [[null if value is None else value for value in each] for each in values]
        else:
            filled = [null if value is None else value for value in values]
        return self.tf.constant(filled, spec.dtype)


def columns_of(request: dict[str, Any], names: Any) -> dict[str, Any]:
    """Returns the values of a request by input."""
    rows = request.get("instances", [request.get("inputs")])
    for row in rows:
        found = [*row] if isinstance(row, dict) else row
        if not isinstance(row, dict) or row.keys() != names:
            raise ValueError(f"inputs are {found}, and have to be {[*names]}")
    if "inputs" in request:
        return dict(request["inputs"])
    return {name: [row[name] for row in rows] for name in names}


if __name__ == "__main__":
    folder, name, port = sys.argv[1:]
    server = litserve.LitServer(Recommender(folder, name), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(port), generate_client_file=False)
