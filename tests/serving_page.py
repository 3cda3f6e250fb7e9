"""docs/serving.md as tests read it, its example trained, and answers as servers describe them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from runs import Run
from synthetic import Table

PAGE = (Path(__file__).parents[1] / "docs" / "serving.md").read_text("utf-8")
LEAST = -(2**63)
ROW = {
    "customer_id": ["10003"],
    "country": ["Italy"],
    "age": [30.0],
    "joined_at": [1_672_531_200],
    "past": [["P3", "P11"]],
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def bodies(signature: str) -> list[str]:
    return [block for block in blocks("json") if f'"signature_name": "{signature}"' in block]


def table(rows: int = 600) -> Table:
    random = np.random.default_rng(3)
    buyers = random.integers(40, size=rows).tolist()
    joined = [None if buyer % 5 == 0 else 1_600_000_000 + 86_400 * buyer for buyer in buyers]
    past = [[f"P{(buyer + n) % 12}" for n in range(row % 4)] for row, buyer in enumerate(buyers)]
    return {
        "customer_id": [str(10_000 + buyer) for buyer in buyers],
        "country": [("Italy", "France", None)[buyer % 3] for buyer in buyers],
        "age": [None if buyer % 7 == 0 else 20.0 + buyer for buyer in buyers],
        "joined_at": joined,
        "past": past,
        "sku": [f"P{(buyer + row) % 12}" for row, buyer in enumerate(buyers)],
        "bought_at": [1_672_531_200 + 3600 * row for row in range(rows)],
        "amount": [5.0 + buyer % 7 for buyer in buyers],
    }


def trained(make_run: Callable[..., Run]) -> Path:
    """Trains the example with both tasks, which has the signatures of each; returns the model."""
    config, both = map(yaml.safe_load, blocks("yaml"))
    run = make_run({**config, **{key: {**config[key], **both[key]} for key in both}}, table())
    run.fit(epochs=1, batch_size=64)
    return run.saved()


def caller(model: Path) -> Callable[..., dict[str, Any]]:
    """Returns a function that calls a signature of a model on columns."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(model))

    def specs_of(name: str) -> Any:
        return loaded.signatures[name].structured_input_signature[1]

    def call(columns: Mapping[str, Any], name: str = "serving_default") -> dict[str, Any]:
        specs = specs_of(name)
        given = {key: tf.constant(values, specs[key].dtype) for key, values in columns.items()}
        return {key: value.numpy() for key, value in loaded.signatures[name](**given).items()}

    call.loaded, call.specs = loaded, specs_of("serving_default")  # type: ignore[attr-defined]
    return call


def served(body: str, recommend: Callable[..., dict[str, Any]]) -> Any:
    """Answers a REST request as TensorFlow Serving's documentation says."""
    request = json.loads(body)
    name = request.get("signature_name", "serving_default")
    if "inputs" in request:
        answer = recommend(request["inputs"], name)
        return {"outputs": {name: plain(values) for name, values in answer.items()}}
    rows = request["instances"]
    answer = recommend({name: [row[name] for row in rows] for name in rows[0]}, name)
    lists = {name: plain(values) for name, values in answer.items()}
    return {
        "predictions": [{name: lists[name][at] for name in lists} for at in range(len(rows))],
    }


def inferred(body: str, recommend: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Answers a request of the Open Inference protocol, whose null among floats is NaN."""
    types = {"BYTES": "object", "FP32": "float32", "INT64": "int64"}
    request = json.loads(body)
    columns = {
        each["name"]: np.array(each["data"], types[each["datatype"]]).reshape(each["shape"])
        for each in request["inputs"]
    }
    answer = recommend(columns, request["parameters"]["signature_name"])
    return {name: plain(values) for name, values in answer.items()}


def plain(values: Any) -> Any:
    if values.dtype == object:
        return [[value.decode() for value in row] for row in values]
    return values.tolist()
