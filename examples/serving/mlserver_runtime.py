"""Serves a SavedModel by MLServer, with the Open Inference (V2) protocol over REST and gRPC.

`mlserver start FOLDER`, where FOLDER has this file and model-settings.json.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mlserver import MLModel
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput


class SavedModel(MLModel):
    """One request is one call of a signature, of that in `parameters.signature_name`."""

    async def load(self) -> bool:
        """Loads the model."""
        import tensorflow as tf

        self.tf, self.model = tf, tf.saved_model.load(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Returns the outputs of a signature."""
        extra = payload.parameters and payload.parameters.model_extra
        name = (extra or {}).get("signature_name", "serving_default")
        if name not in self.model.signatures:
            raise InferenceError(f"no signature {name!r}; there are {[*self.model.signatures]}")
        signature = self.model.signatures[name]
        specs = signature.structured_input_signature[1]
        given = {each.name: each for each in payload.inputs}
        if given.keys() != specs.keys():
            raise InferenceError(f"inputs are {[*given]}, and have to be {[*specs]}")
        try:
            columns = {key: self.tensor(given[key], spec) for key, spec in specs.items()}
            if len({len(each) for each in columns.values()} | {0}) != 2:
                raise ValueError("inputs have one value for each row, and there is one row or more")
            outputs = signature(**columns)
        except (TypeError, ValueError, self.tf.errors.InvalidArgumentError) as error:
            raise InferenceError(f"{name}: {error}") from error
        encoded = [encode(key, value.numpy()) for key, value in outputs.items()]
        return InferenceResponse(model_name=self.name, outputs=encoded)

    def tensor(self, given: RequestInput, spec: Any) -> Any:
        """Returns a column of a request, whose data are nested or flat; null among floats is NaN."""
        if len(given.shape) != spec.shape.rank:
            raise ValueError(f"{given.name} has {len(given.shape)} dimensions, not {spec.shape.rank}")
        values = np.array(given.data.root, spec.dtype.as_numpy_dtype).reshape(given.shape)
        return self.tf.constant(values, spec.dtype)


def encode(name: str, values: Any) -> ResponseOutput:
    """Returns an output of texts or numbers."""
    data = values.ravel().tolist()
    if values.dtype == object:
        data = [text.decode() for text in data]
    kind = {"object": "BYTES", "float32": "FP32", "int64": "INT64", "int32": "INT32"}
    datatype = kind[values.dtype.name]
    return ResponseOutput(name=name, shape=list(values.shape), datatype=datatype, data=data)
