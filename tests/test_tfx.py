"""The modules, unmodified, in a real TFX pipeline; CONTRIBUTING.md says how to have one."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from real_tfx import HAS_TFX, ROOT, folder_for_tfx, python
from record_files import example, write_records
from runs import CASES, write_modules
from synthetic import transactions, write_csv

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.contrib.ml_platform import pipeline_script
from recgen.contrib.ml_platform.pipeline_script import PipelineKind
from recgen.generate import generate, render_pipeline
from recgen.local.histories import add_histories, missing_histories
from recgen.local.run import train
from recgen.local.split import split_table
from recgen.metrics import TrainingMetrics
from recgen.plan import input_columns
from recgen.write import write_files

Plain = dict[str, Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not HAS_TFX and not ROOT,
        reason="neither is TFX installed nor does RECGEN_TFX_ROOT or RECGEN_TFX_PYTHON name one",
    ),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_tfx() as path:
        yield path


def _json(folder: Path, script: str, *arguments: str) -> Any:
    """Returns what a script of tests/tfx prints, a line among those of TensorFlow."""
    shutil.copy(Path(__file__).parent / "tfx" / script, folder)
    return _json_of(python(folder, script, *arguments))


def _json_of(output: str) -> Any:
    lines = reversed(output.splitlines())
    return json.loads(next(line for line in lines if line.startswith("{")))


def _run_pipeline(folder: Path) -> str:
    shutil.copy(Path(__file__).parent / "tfx" / "pipeline.py", folder)
    return python(folder, "pipeline.py", ".")


@pytest.mark.parametrize("form", ["sibling modules", "a single file"])
def test_a_pipeline_trains_and_pushes(folder: Path, form: str) -> None:
    config = load(CASES / "shop" / "config.yaml")
    write_modules(config, folder, single_file=form == "a single file")
    assert (folder / "trainer_runtime.py").exists() == (form == "sibling modules")
    (folder / "data").mkdir()
    write_csv(transactions(20_000), folder / "data" / "data.csv")
    output = _run_pipeline(folder)
    assert "epoch 2/2" in output
    (pushed,) = (folder / "pushed").iterdir()
    assert (pushed / "saved_model.pb").exists()

    (beside,) = (folder / "root" / "Trainer").rglob("training_metrics.json")
    copy = folder / "results" / "training_metrics.json"
    assert copy.read_text("utf-8") == beside.read_text("utf-8")
    metrics = TrainingMetrics.model_validate_json(copy.read_text("utf-8"))
    final = metrics.model_dump()["final_metrics"]
    assert final["test_recall_at_10"] != final["final_val_recall_at_10"]
    rows = (metrics.params.train_rows, metrics.params.eval_rows, metrics.params.test_rows)
    assert sum(rows) == 20_000
    assert 1700 < rows[2] < 2300
    assert final["test_recall_at_10"] > 1.5 * final["test_popularity_recall_at_10"]

    # IDs of digits are integers in what CsvExampleGen makes; the config calls the buyer's text.
    if importlib.util.find_spec("tensorflow"):
        from test_serving_tf import serve

        known = {"customer_id": ["10003"], "country": ["Italy"], "age": [23.0]}
        unknown = {"customer_id": ["a guest"], "country": [""], "age": [float("nan")]}
        answer, other = serve((pushed, known), (pushed, unknown))
        assert sum(int(name) % 8 == 3 for name in answer["product_ids"][0][:10]) >= 8
        assert len(other["product_ids"][0]) == 100
        assert json.dumps(other["scores"], allow_nan=False)


@pytest.mark.parametrize("kind", get_args(PipelineKind))
def test_the_platforms_script_compiles(folder: Path, kind: PipelineKind) -> None:
    (folder / "compile_and_submit.py").write_text(pipeline_script(kind), encoding="utf-8")
    shutil.copy(Path(__file__).parent / "tfx" / "compile_platform.py", folder)
    output = python(folder, "compile_platform.py", "compile_and_submit.py")
    assert "PIPELINE_JOB_NAME=projects/1/pipelineJobs/9" in output
    found = _json_of(output)
    names = {each.partition("-")[0] for each in found["components"]}
    assert names >= {"BigQueryExampleGen", "StatisticsGen", "SchemaGen", "Transform", "Trainer"}
    assert ("Pusher" in names) == (kind == "training")
    assert all("tfx-trainer" in image for image in found["images"])


GATED: Plain = {
    "source": {"bigquery": {"table": "my-project.shop.sales"}},
    "vertex": {"project": "my-project", "region": "europe-west4", "bucket": "gs://my-bucket"},
    "trainer": {"accelerator_type": "NVIDIA_TESLA_T4", "spot": True},
    "beam": {"runner": "dataflow", "max_workers": 4},
    "gate": {"k": 10, "slices": ["country"]},
    "bulk_inference": True,
}


def _rendered(folder: Path, *, makes_lists: bool = False, **gate: Any) -> ExperimentConfig:
    """Writes the pipeline of the shop, with a history of what each buyer had: made, or read."""
    plain = load(CASES / "shop" / "config.yaml").model_dump(mode="json", exclude_defaults=True)
    history = {"history": {"shared_with": "sku", "max_length": 10}}
    past = {"column": "past", "bq_type": "ARRAY<INT64>", "data_type": "history"}
    plain["features"]["buyer_model_features"].append({**past, "transforms": history})
    plain["model"] |= {"epochs": 2, "refit": "validation"}
    plain["pipeline"] = {**GATED, "gate": {**GATED["gate"], **gate}}
    plain["pipeline"]["histories"] = ["past"] if makes_lists else []
    config = load(plain)
    write_files(render_pipeline(plain), folder)
    return config


def _write_rows(config: ExperimentConfig, folder: Path) -> dict[str, int]:
    """Writes TFRecords as the queries would give them; returns the rows of each split."""
    columns = input_columns(config)
    kinds = {"string": pa.string(), "int64": pa.int64(), "float32": pa.float32()}
    rows = transactions(12_000)
    plain = {c.name: pa.array(rows[c.name], kinds[c.dtype]) for c in columns if c.name in rows}
    split = split_table(pa.table(plain), config.data.split, "bought_at")
    if not (config.pipeline and config.pipeline.histories):
        wanted = missing_histories(config, list(rows))
        split, _ = add_histories(split, wanted, "customer_id", "bought_at")
    for name, table in split.tables().items():
        lists = {key: table[key].to_pylist() for key in table.column_names}
        found = [
            dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)
        ]
        write_records(folder / f"{name}-0.tfrecord.gz", [example(**row) for row in found])
    return {name: table.num_rows for name, table in split.tables().items()}


@pytest.mark.parametrize("makes_lists", [False, True])
def test_a_rendered_pipeline_compiles_offline(folder: Path, makes_lists: bool) -> None:
    _rendered(folder, makes_lists=makes_lists)
    python(folder, "pipeline.py", "compile", "shop.yaml")
    found = _json(folder, "check_spec.py", "shop.yaml")
    wanted = {"BigQueryExampleGen", "StatisticsGen", "Transform", "Trainer", "Evaluator", "Pusher"}
    assert wanted <= set(found["components"])
    (image,) = found["images"]
    assert image.startswith("europe-west4-docker.pkg.dev/my-project/recgen/shop:")
    # YAML breaks long lines where it likes.
    text = json.dumps(yaml.safe_load((folder / "shop.yaml").read_text("utf-8")))
    assert "SPOT" in text
    assert ("examples_module.TableExecutor" in text) == makes_lists
    assert "{snapshot}" not in text
    assert text.count("FOR SYSTEM_TIME AS OF TIMESTAMP") == 3
    assert len(set(re.findall(r"OF TIMESTAMP '([^']+)'", text))) == 1


@pytest.mark.parametrize("is_blessed", [True, False])
def test_a_rendered_pipeline_pushes_what_its_gate_blesses(folder: Path, is_blessed: bool) -> None:
    least = 0.05 if is_blessed else 0.99
    config = _rendered(folder, makes_lists=not is_blessed, at_least=least)
    rows = _write_rows(config, folder / "data")
    output = python(folder, "pipeline.py", "run", "data", "out")
    assert "epoch 2/2" in output
    blessed = [path.name for path in (folder / "out/root/Evaluator/blessing").rglob("*BLESSED")]
    assert blessed == ["BLESSED" if is_blessed else "NOT_BLESSED"]
    pushed = folder / "out" / "pushed"
    assert pushed.exists() == is_blessed
    answers = [*(folder / "out/root/BulkInferrer").rglob("prediction_logs*")]
    assert bool(answers) == is_blessed  # BulkInferrer, too, takes blessed models alone
    (metrics,) = (folder / "out" / "root" / "Trainer").rglob("training_metrics.json")
    found = TrainingMetrics.model_validate_json(metrics.read_text("utf-8"))
    counted = (found.params.train_rows, found.params.eval_rows, found.params.test_rows)
    assert counted == tuple(rows.values())
    final = found.model_dump()["final_metrics"]
    measured = _json(folder, "read_evaluation.py", "out")
    whole = measured["whole"]
    assert whole["example_count"] == rows["test"]
    # The trainer counts each pair of buyer and product once, the Evaluator each row.
    assert abs(whole["recall_at_10"] - final["test_recall_at_10"]) < 0.1
    lead = whole["recall_at_10"] - whole["popularity_recall_at_10"]
    assert whole["lead_at_10"] == pytest.approx(lead, abs=1e-6)
    assert lead > 0.1
    assert len(measured["slices"]) >= 5  # countries
    assert sum(measured["slices"].values()) == pytest.approx(rows["test"], rel=0.2)
    if is_blessed and importlib.util.find_spec("tensorflow"):
        here = _trained_here(config, folder)
        own = (here.params.train_rows, here.params.eval_rows, here.params.test_rows)
        assert own == counted
        figures = here.model_dump()["final_metrics"]
        # Two seeds here differ by 0.001; popularity counts the same rows.
        assert figures["test_recall_at_10"] == pytest.approx(final["test_recall_at_10"], abs=0.03)
        name = "test_popularity_recall_at_10"
        assert figures[name] == pytest.approx(final[name], abs=1e-6)


def _trained_here(config: ExperimentConfig, folder: Path) -> TrainingMetrics:
    """Returns the metrics of `recgen train` on the same shop, as one file."""
    columns = {each.name for each in input_columns(config)}
    rows = {name: own for name, own in transactions(12_000).items() if name in columns}
    (folder / "here").mkdir()
    pq.write_table(pa.table(rows), folder / "here" / "rows.parquet")
    data = folder / "here" / "rows.parquet"
    return train(config, generate(config), "", data, folder / "here" / "run").metrics


def _rated(folder: Path, kind: str, **model: Any) -> ExperimentConfig:
    """Writes the pipeline of a model that predicts amounts, with histories of Parquet files."""
    plain = load(CASES / "shop" / "config.yaml").model_dump(mode="json", exclude_defaults=True)
    history = {"history": {"shared_with": "sku", "max_length": 10}}
    past = {"column": "past", "bq_type": "ARRAY<INT64>", "data_type": "history"}
    plain["features"]["buyer_model_features"].append({**past, "transforms": history})
    plain["features"]["target_column"] = "amount"
    head = [{"type": "dense", "units": 16}, {"type": "dense", "units": 1, "activation": "linear"}]
    plain["model"] |= {"model_type": kind, "rating_head_layers": head}
    plain["model"] |= {"refit": "validation", **model}
    gate = {"rmse_at_most": 5.0, "slices": ["country"]} | ({"k": 10} if kind == "multitask" else {})
    source = {"source": {"parquet": "{split}*"}, "runner": "local"}
    plain["pipeline"] = {**source, "histories": ["past"], "gate": gate}
    write_files(render_pipeline(plain), folder)
    return load(plain)


def _write_parquet(config: ExperimentConfig, folder: Path, count: int = 12_000) -> dict[str, int]:
    """Writes the rows of each split as recgen divides them; returns their numbers."""
    rows = transactions(count)
    random = np.random.default_rng(3)
    skus, buyers = np.array(rows["sku"]), np.array(rows["customer_id"]).astype(int)
    amounts = 10 + 5 * (skus % 7) + 3 * (buyers % 5) + random.normal(size=len(skus))
    known = random.random(len(skus)) < 0.95
    table = pa.table({**rows, "amount": pa.array(amounts, mask=~known)})
    split = split_table(table, config.data.split, "bought_at")
    folder.mkdir()
    for name, part in split.tables().items():
        place = part.column_names.index("bought_at")
        times = part["bought_at"].cast(pa.timestamp("s")).cast(pa.timestamp("us"))
        pq.write_table(part.set_column(place, "bought_at", times), folder / f"{name}.parquet")
    return {name: part.num_rows for name, part in split.tables().items()}


def test_both_tasks_and_a_worse_model_after_a_good_one(folder: Path) -> None:
    config = _rated(folder, "multitask", epochs=2)
    rows = _write_parquet(config, folder / "data")
    python(folder, "pipeline.py", "run", "data", "out")
    (metrics,) = (folder / "out/root/Trainer").rglob("training_metrics.json")
    found = TrainingMetrics.model_validate_json(metrics.read_text("utf-8"))
    counted = (found.params.train_rows, found.params.eval_rows, found.params.test_rows)
    assert counted == tuple(rows.values())
    final = found.model_dump()["final_metrics"]
    measured = _json(folder, "read_evaluation.py", "out")["whole"]
    assert measured["recall_at_10"] == pytest.approx(final["test_recall_at_10"], abs=0.005)
    assert measured["popularity_recall_at_10"] < 0.5 * measured["recall_at_10"]
    assert measured["rmse"] == pytest.approx(final["test_rmse"], rel=1e-4)
    assert measured["mean_rmse"] == pytest.approx(final["test_global_mean_rmse"], rel=1e-4)
    assert measured["rmse_lead"] > 5
    assert 0.9 < measured["calibration"] < 1.1
    assert 0.3 < measured["coverage_at_10"] <= 1
    pushed = folder / "out" / "pushed"
    (first,) = pushed.iterdir()

    _rated(folder, "multitask", epochs=1)  # good enough, were it not for the one before
    python(folder, "pipeline.py", "run", "data", "out")
    blessed = [path.name for path in (folder / "out/root/Evaluator/blessing").rglob("*BLESSED")]
    assert sorted(blessed) == ["BLESSED", "NOT_BLESSED"]
    assert [*pushed.iterdir()] == [first]
    failed = _json(folder, "read_evaluation.py", "out", "candidate")["failed"]
    assert failed == [[0, *failed[0][1:]]]  # all rows decide, and no slice
    assert set(failed[0][1:]) <= {"recall_at_10", "rmse"}


def test_a_ranking_model_alone_is_measured_blessed_and_pushed(folder: Path) -> None:
    config = _rated(folder, "ranking", epochs=5)
    rows = _write_parquet(config, folder / "data", 6_000)
    python(folder, "pipeline.py", "run", "data", "out")
    (metrics,) = (folder / "out/root/Trainer").rglob("training_metrics.json")
    found = TrainingMetrics.model_validate_json(metrics.read_text("utf-8"))
    final = found.model_dump()["final_metrics"]
    measured = _json(folder, "read_evaluation.py", "out")["whole"]
    assert measured["example_count"] == rows["test"]
    assert "recall_at_10" not in measured
    assert measured["rmse"] == pytest.approx(final["test_rmse"], rel=1e-4)
    assert measured["mean_rmse"] == pytest.approx(final["test_global_mean_rmse"], rel=1e-4)
    assert measured["rmse"] < 5 < measured["mean_rmse"]
    assert 0.9 < measured["calibration"] < 1.1
    blessed = [path.name for path in (folder / "out/root/Evaluator/blessing").rglob("*BLESSED")]
    assert blessed == ["BLESSED"]
    (pushed,) = (folder / "out/pushed").iterdir()
    assert (pushed / "saved_model.pb").exists()
