"""Every preset trains on little data as it is: nothing diverges or collapses, whatever the seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from one_process import in_one_process
from running import run

import recgen
from recgen.demo import demo_data
from recgen.presets import NAMES

__all__ = ["in_one_process", "run"]  # fixtures

Run = Callable[..., tuple[int, str, str]]
PRESETS = Path(recgen.__file__).parent / "presets"
_BY_NIGHT = pytest.mark.nightly
_CASES = [
    # With Adagrad and batches of 1,024, which it had, it diverged with each seed of 20,000 rows.
    pytest.param("deep_features", 5_000, 1, id="deep_features"),
    *(
        pytest.param(name, rows, seed, marks=_BY_NIGHT, id=f"{name}-{rows}-{seed}")
        for name in NAMES
        for rows in (5_000, 20_000)
        for seed in (2, 3)
    ),
]


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize(("name", "rows", "seed"), _CASES)
def test_a_preset_trains_on_little_data(
    name: str, rows: int, seed: int, tmp_path: Path, run: Run
) -> None:
    data, out = tmp_path / "shop.csv", tmp_path / "run"
    data.write_bytes(demo_data("csv", rows))
    arguments = ("train", PRESETS / f"{name}.yaml", "--data", data, "--out", out, "--seed", seed)
    _, said, err = run(*arguments)
    metrics = recgen.TrainingMetrics.read(out / "training_metrics.json")
    assert metrics.params.failure is None, said + err
    verdict = recgen.diagnose(out).verdict
    assert verdict in ("good", "at_risk") if rows < 20_000 else verdict == "good", said + err
