"""SavedModels as clients meet them: raw columns in, original IDs out, TensorFlow alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import CASES, Run, arrow
from synthetic import Table, random_table
from trainings import ONCE, models_of

from recgen.check import load

# These have nothing of their own to run, do not load everywhere, or have no products to rank; each
# case takes ten seconds.
_OTHERS = {
    "ids_only",
    "both_towers",
    "single_file",
    "scann",
    "multitask",
    "ranking",
    "ranking_chance",
}
ALL = sorted({case.name for case in CASES.iterdir()} - _OTHERS)
TRAINED_ONLY = {"bare_training", "deep_towers", "devices", "mixed_negatives", "no_dates"}
TRAINED_ONLY |= {"recency", "smoothed_labels", "softmax_options", "workers"}
"""Cases that differ in how they are trained, which other tests show."""
TWO_STACKS = {"crosses", "history_layers", "integer_ids", "odd_names", "times"}
ONE_STACK = {*ALL} - TRAINED_ONLY - TWO_STACKS
_BY_NIGHT = [pytest.mark.one_stack, pytest.mark.nightly]
Plain = dict[str, Any]


def serve(*requests: tuple[Path, Plain], signature: str = "serving_default") -> list[Plain]:
    """Returns the answers of a process that can import neither TFT nor TFRS nor Keras 2."""
    script = Path(__file__).with_name("serve.py")
    content = json.dumps(
        [
            {"path": str(path), "columns": columns, "signature": signature}
            for path, columns in requests
        ]
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    result = subprocess.run(
        [sys.executable, str(script)],
        input=content,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return list(json.loads(result.stdout))


@pytest.fixture(scope="module")
def answer(shop: Run) -> Plain:
    columns = {
        "customer_id": ["10003", "10004", "never seen", ""],
        "country": ["Italy", "UK", "Nowhere", ""],
        "age": [30.0, 31.0, float("nan"), 200.0],
    }
    return serve((shop.saved(), columns))[0]


def test_the_signature_takes_the_raw_columns_of_the_buyer(answer: Plain) -> None:  # P76, P77
    assert answer["inputs"] == {
        "customer_id": ["string", [None]],
        "country": ["string", [None]],
        "age": ["float32", [None]],
    }


def test_products_are_left_out_and_allowed_by_their_ids(shop: Run, answer: Plain) -> None:
    """Each row has its own lists; null and unknown IDs count for nothing."""
    best, null = [list(map(int, ids)) for ids in answer["product_ids"]], -(2**63)
    columns = {
        "customer_id": ["10003", "10004", "never seen", ""],
        "country": ["Italy", "UK", "Nowhere", ""],
        "age": [30.0, 31.0, float("nan"), 200.0],
        "exclude_product_ids": [best[0][:2], [null, null], [best[2][0], -5], [null, null]],
        "only_product_ids": [[null] * 3, [*best[1][4:1:-2], -5], [-5, null, -6], [null] * 3],
    }
    (found,) = serve((shop.saved(), columns), signature="serve_filtered")
    assert found["inputs"] == {
        **answer["inputs"],
        "exclude_product_ids": ["int64", [None, None]],
        "only_product_ids": ["int64", [None, None]],
    }
    ids = [list(map(int, row)) for row in found["product_ids"]]
    assert ids[0][:98] == best[0][2:]
    assert found["scores"][0][:98] == answer["scores"][0][2:]
    assert ids[1] == [best[1][2], best[1][4], *[null] * 98]
    assert found["scores"][1][:2] == answer["scores"][1][2:5:2]
    assert set(found["scores"][1][2:]) == {float(np.finfo(np.float32).min)}
    assert ids[2] == [null] * 100
    assert (ids[3], found["scores"][3]) == (best[3], answer["scores"][3])


def test_the_answer_holds_original_ids_with_their_type(answer: Plain) -> None:  # P73, P80
    assert answer["dtype"] == "int64"
    for ids in answer["product_ids"]:
        assert len(set(ids)) == len(ids) == 100
        assert {*ids} <= {str(900_000 + number) for number in range(240)}


def test_scores_fall_and_are_numbers(answer: Plain) -> None:
    scores = np.array(answer["scores"])
    assert scores.shape == (4, 100)
    assert np.isfinite(scores).all()
    assert (np.diff(scores, axis=1) <= 0).all()


def test_buyers_get_products_of_their_group(answer: Plain) -> None:
    for row, group in ((0, 3), (1, 4)):  # 10003 and 10004 of eight groups
        products = [int(name) - 900_000 for name in answer["product_ids"][row][:10]]
        assert sum(product % 8 == group for product in products) >= 8
    assert answer["product_ids"][0][:10] != answer["product_ids"][1][:10]


@pytest.mark.slow
def test_scores_are_the_towers_and_ids_are_in_their_order(shop: Run) -> None:  # P74
    run = shop.variant(**ONCE)
    module = run.module()
    trained = models_of(module)
    module.run_fn(run.fn_args(epochs=1))
    (model,) = trained
    rows = module.runtime.Split.read(run.fn_args().train_files, "training", module.COLUMNS)
    chunk = next(rows.dataset.as_numpy_iterator())
    table = arrow(shop.config, _shop_table(), 0, 3200)
    buyers = {name: chunk[name][:20] for name in module.COLUMNS.specs}
    columns = {
        "customer_id": table["customer_id"][:20].to_pylist(),
        "country": [value or "" for value in table["country"][:20].to_pylist()],
        "age": [float("nan") if v is None else v for v in table["age"][:20].to_pylist()],
    }
    found = serve((run.saved(), columns))[0]
    queries = model.query_tower(buyers).numpy()
    vectors = model.candidate_tower(chunk).numpy()
    prices, skus = table["price"].to_pylist(), table["sku"].to_pylist()
    # Of each product, the latest row with a price counts: it has no other nulls.
    rows_in_order = sorted(range(len(vectors)), key=lambda row: prices[row] is not None)
    by_id = {str(skus[row]): vectors[row] for row in rows_in_order}
    assert len(vectors) == len(skus) > len(by_id)
    for query, ids, scores in zip(queries, found["product_ids"], found["scores"], strict=True):
        expected = [query @ by_id[product] for product in ids]
        np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-3)


def _shop_table() -> Table:
    from synthetic import transactions

    return transactions()


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, make_run: Callable[..., Run]) -> dict[str, Run]:
    """Transforms and trains the golden cases that are to be tested."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    names = {str(call.params.get("case")) for call in calls if call} | {"shared_towers"}
    found = {}
    for name in sorted(names.intersection(ALL)):
        path = CASES / name / "config.yaml"
        found[name] = make_run(path, random_table(load(path))).variant(refit="none")
        found[name].fit(epochs=1, batch_size=64)
    return found


@pytest.fixture(scope="module")
def answers(runs: dict[str, Run]) -> dict[str, Plain]:
    """Serves every golden case."""
    requests = [(run.saved(), _request(run)) for run in runs.values()]
    return dict(zip(runs, serve(*requests), strict=True))


def _request(run: Run) -> Plain:
    """Returns two buyers, by the names of the signature's inputs."""
    module = run.module()
    names = getattr(module, "SERVING_NAMES", {})
    examples = {"string": ["№ 3", "new"], "int64": [1_700_015_000, 7], "float32": [0.5, 2.0]}
    lists = {"string": [["№ 3", "new"], ["", ""]], "int64": [[1_700_015_000, 7], [7, -(2**63)]]}
    histories = module.COLUMNS.histories
    return {
        names.get(column, column): (lists if column in histories else examples)[dtype.name]
        for column, dtype in module.SERVING_COLUMNS.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        *(pytest.param(case, marks=pytest.mark.nightly) for case in sorted(TRAINED_ONLY)),
        *(pytest.param(case, marks=_BY_NIGHT) for case in sorted(ONE_STACK)),
        *sorted(TWO_STACKS),
    ],
)
def test_every_case_trains_and_answers(  # P4, P78, P79
    answers: dict[str, Plain], case: str
) -> None:
    config = load(CASES / case / "config.yaml")
    scores = np.array(answers[case]["scores"])
    assert scores.shape == (2, min(config.model.top_k, 40))
    assert np.isfinite(scores).all()
    is_integer = case in ("integer_ids", "shop", "history_layers")
    assert answers[case]["dtype"] == ("int64" if is_integer else "string")
    start = "17" if is_integer else "№ "
    assert all(ids[0].startswith(start) for ids in answers[case]["product_ids"])


@pytest.mark.slow
def test_every_case_takes_filters(runs: dict[str, Run], answers: dict[str, Plain]) -> None:
    requests, expected = [], []
    for name, run in runs.items():
        best = [[as_sent(x, answers[name]) for x in row] for row in answers[name]["product_ids"]]
        lists = {"exclude_product_ids": [row[:1] for row in best]}
        lists["only_product_ids"] = [row[:3][::-1] for row in best]
        requests.append((run.saved(), _request(run) | lists))
        expected.append([row[1:3] for row in answers[name]["product_ids"]])
    found = serve(*requests, signature="serve_filtered")
    assert [[row[:2] for row in each["product_ids"]] for each in found] == expected
    assert all(row[2] in ("", str(-(2**63))) for each in found for row in each["product_ids"])


def as_sent(product: str, answer: Plain) -> str | int:
    return int(product) if answer["dtype"] == "int64" else product


@pytest.mark.slow
def test_shared_towers_have_the_same_layers(runs: dict[str, Run]) -> None:  # P18
    built = runs["shared_towers"].built()
    model = built.model
    model.compute_losses(built.batch, training=True)  # a layer has its weights after its first call
    assert model.query_tower.shared_layers is model.candidate_tower.shared_layers
    shared = {weight.ref() for weight in model.query_tower.shared_layers.trainable_weights}
    assert len(shared) == 6  # two dense layers, a batch normalization
    assert len(model.trainable_variables) == 6 + 4  # and four tables of embeddings
