"""The modules, unmodified, in a real TFX 1.21 pipeline; CONTRIBUTING.md says how to have one."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import CASES, write_modules
from synthetic import transactions, write_csv

from recgen.check import load
from recgen.metrics import TrainingMetrics

_ROOT = os.environ.get("RECGEN_TFX_ROOT", "")
_HAS_TFX = importlib.util.find_spec("tfx.v1") is not None  # tests/tfx is a folder, too

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not _HAS_TFX and not _ROOT,
        reason="neither is TFX installed nor does RECGEN_TFX_ROOT name a root that has it",
    ),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Returns a folder that TFX can see: in the root's /tmp, where there is a root."""
    place = None if _HAS_TFX else str(Path(_ROOT) / "tmp")
    path = Path(tempfile.mkdtemp(dir=place))
    yield path
    shutil.rmtree(path)


def _run_pipeline(folder: Path) -> str:
    shutil.copy(Path(__file__).parent / "tfx" / "pipeline.py", folder)
    command = [sys.executable, str(folder / "pipeline.py"), str(folder)]
    if not _HAS_TFX:
        inside = Path("/tmp") / folder.name
        command = ["chroot", _ROOT, "/venv/bin/python", str(inside / "pipeline.py"), str(inside)]
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1"}
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    output = result.stdout + result.stderr
    assert result.returncode == 0, output[-6000:]
    return output


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
