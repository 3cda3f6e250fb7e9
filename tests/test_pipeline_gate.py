"""`evaluator_module.py`: what its metrics make of rows, whoever adds them up."""

from __future__ import annotations

import importlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from golden import PIPELINES, TESTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recgen.check import load
from recgen.generate import generate_pipeline

pytestmark = pytest.mark.tf  # Beam comes with tensorflow-transform

BOTH = TESTS / "pipelines" / "both_tasks" / "config.yaml"
ABSENT = "no such key"
NO_ROWS = [[], None, [None], [float("nan")], ABSENT]  # what TFMA may give for a null
Plain = dict[str, Any]


class Row:
    """What TFMA gives a metric: answers by model, and the features of the example."""

    def __init__(self, answer: Plain, **features: Any) -> None:
        self.answer = answer
        # A batch in which no row has the column has no key for it; some are of one row.
        self.features = {key: value for key, value in features.items() if value is not ABSENT}

    def get_predictions(self, model: str) -> Plain:
        found: Plain = self.answer.get(model, self.answer)
        return found


@pytest.fixture
def evaluator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Returns the module for both tasks, with what it needs of TFMA."""
    tfma: Any = ModuleType("tensorflow_model_analysis")
    tfma.metrics = ModuleType("tensorflow_model_analysis.metrics")

    class Metric:
        def __init__(self, create: Callable[..., Any], **options: Any) -> None:
            self.create, self.options = create, options

    class MetricKey:
        def __init__(self, name: str, model_name: str) -> None:
            self.name, self.model_name = name, model_name

    tfma.metrics.Metric, tfma.metrics.MetricKey = Metric, MetricKey
    tfma.metrics.FeaturePreprocessor = lambda feature_keys: feature_keys
    tfma.metrics.MetricComputation = lambda *parts: parts
    monkeypatch.setitem(sys.modules, tfma.__name__, tfma)
    text = generate_pipeline(load(BOTH))["evaluator_module.py"]
    (tmp_path / "evaluator_module.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("evaluator_module")
    sys.modules.pop("evaluator_module", None)


def measured(
    evaluator: ModuleType, measure: str, rows: list[Row], label: str, top_k: int | None = None
) -> float:
    """Returns a metric of rows that are added up in three parts."""
    metric = evaluator.RowMetric(measure, measure, label, top_k)
    ((keys, needed, combine),) = metric.create(**metric.options, model_names=[""])
    assert needed == [[label]]
    sums = []
    for start in range(3):
        own = combine.create_accumulator()
        for row in itertools.islice(rows, start, None, 3):
            own = combine.add_input(own, row)
        sums.append(own)
    found = combine.extract_output(combine.merge_accumulators(sums))
    return float(found[keys[0]])


def lists(found: list[Any], popular: list[Any], sku: Any) -> Row:
    answer = {"product_ids": np.array(found), "popular_product_ids": np.array(popular)}
    return Row({**answer, "catalogue_size": np.array([10])}, sku=sku)


@pytest.mark.parametrize("null", [np.array([]), ABSENT])
@pytest.mark.parametrize("kind", [int, str, lambda value: f"{value}".encode()])
def test_lists_are_compared_with_those_of_popularity(
    evaluator: ModuleType, kind: Any, null: Any
) -> None:
    def ids(*values: int) -> list[Any]:
        return [*map(kind, values)]

    rows = [
        lists(ids(1, 2, 3), ids(7, 8), np.array(ids(1))),
        lists(ids(4, 1, 2), ids(7, 8), np.array(ids(2))),  # the third of two
        lists(ids(1, 5, 9), ids(7, 8), np.array(ids(8))),
        lists(ids(1, 5, 9), ids(7, 8), null),
    ]
    found = {
        name: measured(evaluator, name, rows, "sku", 2)
        for name in ("recall", "popularity_recall", "lead", "coverage")
    }
    assert found == {"recall": 0.25, "popularity_recall": 0.25, "lead": 0, "coverage": 0.4}


CHANCES = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, None]), st.sampled_from([0.001, 0.01, 0.3, 0.9, 0.99])),
    min_size=1,
    max_size=30,
)


@settings(max_examples=50, suppress_health_check=list(HealthCheck), deadline=None)
@given(CHANCES, st.sampled_from(NO_ROWS))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # means of no rows are NaN
def test_predictions_are_compared_with_the_mean(
    evaluator: ModuleType, pairs: list[tuple[float | None, float]], null: Any
) -> None:
    rows = [
        Row(
            {"predictions": np.array([chance], np.float32), "mean_target": np.array([0.25])},
            liked=null if target is None else np.array([target]),
        )
        for target, chance in pairs
    ]
    known = np.array([pair for pair in pairs if pair[0] is not None]).reshape(-1, 2)
    targets, chances = known[:, 0], known[:, 1].astype(np.float32)
    names = ("rmse", "mean_rmse", "rmse_lead", "calibration", "auc")
    found = {name: measured(evaluator, name, rows, "liked") for name in names}
    if not len(known):
        assert np.isnan([*found.values()]).all()
        return
    rmse, mean = np.sqrt(np.mean((chances - targets) ** 2)), np.sqrt(np.mean((targets - 0.25) ** 2))
    wanted = {"rmse": rmse, "mean_rmse": mean, "rmse_lead": mean - rmse}
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-6)
    if targets.any():
        assert found["calibration"] == pytest.approx(chances.sum() / targets.sum(), rel=1e-6)
    ones, zeros = chances[targets == 1], chances[targets == 0]
    if len(ones) and len(zeros):
        order = ones[:, None] - zeros
        assert found["auc"] == pytest.approx(np.mean((order > 0) + 0.5 * (order == 0)))
    else:
        assert np.isnan(found["auc"])  # which no bound lets pass


def test_each_model_has_a_metric_of_its_own(evaluator: ModuleType) -> None:
    metric = evaluator.RowMetric("rmse", "rmse", "liked", None)
    found = metric.create(**metric.options, model_names=["candidate", "baseline"])
    one = {"predictions": np.array([1.0]), "mean_target": np.array([0.5])}
    row = Row(
        {"candidate": one, "baseline": {**one, "predictions": np.array([0.5])}},
        liked=np.array([1]),
    )
    values = {}
    for (key,), _, combine in found:
        values[key.model_name] = combine.extract_output(
            combine.add_input(combine.create_accumulator(), row)
        )[key]
    assert values == {"candidate": 0, "baseline": 0.5}


@pytest.mark.parametrize("folder", PIPELINES, ids=lambda folder: folder.name)
def test_each_metric_that_is_asked_for_is_there(folder: Path) -> None:
    files = generate_pipeline(load(folder / "config.yaml"))
    if "evaluator_module.py" in files:
        asked = {
            line.split('"')[1]
            for line in files["pipeline.py"].replace("metric(\n", "metric(").splitlines()
            if line.strip().startswith("metric(") and '"' in line
        }
        _, _, known = files["evaluator_module.py"].partition("MEASURES = ")
        assert asked
        assert all(json.dumps(name) in known for name in asked)
