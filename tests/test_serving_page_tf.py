"""docs/serving.md: each of its examples runs, and what it says of requests is true."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run
from serving_page import LEAST, PAGE, ROW, blocks, bodies, caller, inferred, plain, served, trained

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def model(make_run: Callable[..., Run]) -> Path:
    return trained(make_run)


@pytest.fixture(scope="module")
def recommend(model: Path) -> Callable[..., dict[str, Any]]:
    return caller(model)


def test_the_table_of_inputs_is_the_signature(recommend: Any) -> None:
    found = {name: (spec.dtype.name, spec.shape.rank) for name, spec in recommend.specs.items()}
    assert found == {
        "customer_id": ("string", 1),
        "country": ("string", 1),
        "age": ("float32", 1),
        "joined_at": ("int64", 1),
        "past": ("string", 2),
    }
    table = PAGE.partition("## Multitask models")[2]
    assert sorted(recommend.loaded.signatures) == sorted(re.findall(r"^\| `(\w+)`", table, re.M))


def test_the_examples_in_python_run(
    model: Path, recommend: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Any) -> io.BytesIO:
        return io.BytesIO(json.dumps(served(request.data.decode(), recommend)).encode())

    monkeypatch.setattr("urllib.request.urlopen", answer)
    first, filtered, second, _ = blocks("python")
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
    of_shell = (re.findall(r"-d '(.*?)'", block, re.DOTALL)[0] for block in blocks("sh"))
    by_rows, by_columns, filtered = of_shell
    rows = served(by_rows, recommend)["predictions"]
    assert [sorted(row) for row in rows] == [["product_ids", "scores"]] * 2
    assert all(len(row["product_ids"]) == len(set(row["product_ids"])) == 5 for row in rows)
    columns = served(by_columns, recommend)["outputs"]
    assert np.shape(columns["product_ids"]) == np.shape(columns["scores"]) == (1, 5)
    assert columns["scores"][0] == sorted(columns["scores"][0], reverse=True)
    (best,) = served(filtered, recommend)["outputs"]["product_ids"]
    assert len(best) == 5
    assert not {"P3", "P11"} & set(best)


def test_the_example_of_grpc_is_answered_by_a_server_of_its_service(recommend: Any) -> None:
    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802
            columns = {name: tf.make_ndarray(given) for name, given in request.inputs.items()}
            response = predict_pb2.PredictResponse()
            for name, values in recommend(columns, request.model_spec.signature_name).items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
            return response

    server = grpc.server(ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    names: dict[str, Any] = {}
    *_, example = blocks("python")
    assert "localhost:8500" in example
    exec(example.replace("localhost:8500", f"localhost:{port}"), names)
    server.stop(None).wait()
    assert len(names["best"]) == 5
    unknown = {**ROW, "age": [float("nan")], "joined_at": [LEAST]}
    every = recommend(
        {**unknown, "exclude_product_ids": [["P3", "P11"]], "only_product_ids": [[]]},
        "serve_filtered",
    )
    assert names["best"] == plain(every["product_ids"])[0]


def test_the_body_of_kserves_protocol_is_answered(recommend: Any) -> None:
    _, body = bodies("serve_filtered")
    answer = inferred(body, recommend)
    first, second = answer["product_ids"]
    assert np.shape(answer["scores"]) == (2, 5)
    assert "P3" not in first
    given = {**ROW, "exclude_product_ids": [["P3"]], "only_product_ids": [[]]}
    assert first == plain(recommend(given, "serve_filtered")["product_ids"])[0]
    assert len(set(second)) == 5


def test_the_bodies_of_both_tasks_are_answered(recommend: Any) -> None:
    (body,) = bodies("serve_ranking")
    rows = served(body, recommend)["predictions"]
    assert [sorted(row) for row in rows] == [["predictions", "predictions_normalized"]] * 2
    assert rows[0]["predictions"] != rows[1]["predictions"]
    (body,) = bodies("serve_reranked")
    answer = served(body, recommend)["outputs"]
    request = {**json.loads(body), "signature_name": "serve_filtered"}
    filtered = served(json.dumps(request), recommend)["outputs"]
    assert sorted(answer["product_ids"][0]) == sorted(filtered["product_ids"][0])
    assert answer["predictions"][0] == sorted(answer["predictions"][0], reverse=True)


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
