"""docs/serving.md: each of its examples runs, and what it says of requests is true."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from runs import Run
from synthetic import Table

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

tf = pytest.importorskip("tensorflow")

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


def _table(rows: int = 600) -> Table:
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
    }


@pytest.fixture(scope="module")
def model(make_run: Callable[..., Run]) -> Path:
    (config,) = map(yaml.safe_load, blocks("yaml"))
    run = make_run(config, _table())
    run.fit(epochs=1, batch_size=64)
    return run.saved()


@pytest.fixture(scope="module")
def recommend(model: Path) -> Callable[..., dict[str, Any]]:
    loaded = tf.saved_model.load(str(model))

    def specs_of(name: str) -> Any:
        return loaded.signatures[name].structured_input_signature[1]

    def call(columns: Mapping[str, Any], name: str = "serving_default") -> dict[str, Any]:
        specs = specs_of(name)
        given = {key: tf.constant(values, specs[key].dtype) for key, values in columns.items()}
        return {key: value.numpy() for key, value in loaded.signatures[name](**given).items()}

    call.loaded, call.specs = loaded, specs_of("serving_default")  # type: ignore[attr-defined]
    return call


def _served(body: str, recommend: Callable[..., dict[str, Any]]) -> Any:
    """Answers a REST request as TensorFlow Serving's documentation says."""
    request = json.loads(body)
    if "inputs" in request:
        answer = recommend(request["inputs"], request.get("signature_name", "serving_default"))
        return {"outputs": {name: _plain(values) for name, values in answer.items()}}
    rows = request["instances"]
    answer = recommend({name: [row[name] for row in rows] for name in rows[0]})
    plain = {name: _plain(values) for name, values in answer.items()}
    return {
        "predictions": [{name: plain[name][at] for name in plain} for at in range(len(rows))],
    }


def _plain(values: Any) -> Any:
    if values.dtype == object:
        return [[value.decode() for value in row] for row in values]
    return values.tolist()


def test_the_table_of_inputs_is_the_signature(recommend: Any) -> None:
    found = {name: (spec.dtype.name, spec.shape.rank) for name, spec in recommend.specs.items()}
    assert found == {
        "customer_id": ("string", 1),
        "country": ("string", 1),
        "age": ("float32", 1),
        "joined_at": ("int64", 1),
        "past": ("string", 2),
    }
    assert sorted(recommend.loaded.signatures) == [
        "serve_filtered",
        "serving_default",
        "serving_examples",
    ]


def test_the_examples_in_python_run(
    model: Path, recommend: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Any) -> io.BytesIO:
        return io.BytesIO(json.dumps(_served(request.data.decode(), recommend)).encode())

    monkeypatch.setattr("urllib.request.urlopen", answer)
    first, filtered, second = blocks("python")
    assert "runs/shop/serving_model" in first
    names: dict[str, Any] = {}
    exec(first.replace("runs/shop/serving_model", str(model)), names)
    assert capsys.readouterr().out.count("'P") == 10
    exec(filtered, names)
    without, within = map(ast.literal_eval, capsys.readouterr().out.splitlines())
    assert len(without) == 5
    assert not {"P3", "P11"} & set(without)
    assert sorted(within) == ["P1", "P2", "P7"]
    names = {}
    exec(second, names)
    assert len(names["best"]) == 5


def test_the_examples_of_rest_are_answered_in_the_form_that_the_page_says(recommend: Any) -> None:
    bodies = (re.findall(r"-d '(.*?)'", block, re.DOTALL)[0] for block in blocks("sh"))
    by_rows, by_columns, filtered = bodies
    rows = _served(by_rows, recommend)["predictions"]
    assert [sorted(row) for row in rows] == [["product_ids", "scores"]] * 2
    assert all(len(row["product_ids"]) == len(set(row["product_ids"])) == 5 for row in rows)
    columns = _served(by_columns, recommend)["outputs"]
    assert np.shape(columns["product_ids"]) == np.shape(columns["scores"]) == (1, 5)
    assert columns["scores"][0] == sorted(columns["scores"][0], reverse=True)
    (best,) = _served(filtered, recommend)["outputs"]["product_ids"]
    assert len(best) == 5
    assert not {"P3", "P11"} & set(best)


def _scores(recommend: Any, **changed: Any) -> dict[str, float]:
    answer = recommend({**ROW, **changed})
    assert np.isfinite(answer["scores"]).all()
    return dict(zip(answer["product_ids"][0], answer["scores"][0].tolist(), strict=True))


@pytest.mark.parametrize("past", [["P3", "P11", ""], ["", "P3", "P11"], ["P3", "none", "P11"]])
def test_lists_are_filled_up_at_either_end_and_unknown_products_left_out(
    recommend: Any, past: list[str]
) -> None:
    assert _scores(recommend, past=[past]) == pytest.approx(_scores(recommend), abs=1e-5)


def test_a_list_of_nulls_is_an_empty_list(recommend: Any) -> None:
    assert _scores(recommend, past=[["", ""]]) == _scores(recommend, past=[[]])


def test_buyers_that_are_unknown_are_one(recommend: Any) -> None:
    unknown = _scores(recommend, customer_id=["never seen"])
    assert unknown == _scores(recommend, customer_id=["010003"]) != _scores(recommend)


@pytest.mark.parametrize(
    "null", [{"country": [""]}, {"age": [float("nan")]}, {"joined_at": [LEAST]}]
)
def test_nulls_of_each_type_are_answered_and_are_not_zero(recommend: Any, null: Any) -> None:
    (name,) = null
    zero = {"country": ["0"], "age": [0.0], "joined_at": [0]}[name]
    found = _scores(recommend, **null)
    if name != "country":
        assert found != _scores(recommend, **{name: zero})


def test_an_input_that_is_left_out_is_an_error(recommend: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        recommend({name: values for name, values in ROW.items() if name != "age"})
