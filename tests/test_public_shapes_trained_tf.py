"""What `init` writes for the shapes of public exports trains as it is, and recommends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from one_process import in_one_process
from public_shapes import SHAPES, Shape
from running import run
from ugly import write_csv

import recgen
from recgen.config import SIDES

__all__ = ["in_one_process", "run"]  # fixtures

Run = Callable[..., tuple[int, str, str]]


def answers(shape: Shape) -> list[str]:
    """Returns the options with which a user answers what `init` asks."""
    columns = {"buyer": shape.buyer, "product": shape.product}
    return [
        word
        for side in SIDES
        if side in shape.asked
        for word in (f"--{side}-id", columns[side].split("|")[0])
    ]


@pytest.mark.parametrize("name", [name for name in SHAPES if SHAPES[name].refused])
def test_a_public_shape_is_refused_by_init_and_by_train(
    name: str, tmp_path: Path, run: Run
) -> None:
    """And the help says what to do if the columns are right."""
    shape = SHAPES[name]
    data = write_csv(tmp_path / f"{name}.csv", shape.rows(), shape.delimiter)
    config = tmp_path / "config.yaml"
    code, out, _ = run("init", "--data", data, *answers(shape), "-o", config)
    assert (code, f"error {shape.refused}" in out) == (1, True)
    code, _, err = run("train", config, "--data", data, "--out", tmp_path / "run")
    assert (code, f"error {shape.refused}" in err) == (1, True)
    assert f"`--allow {shape.refused}`" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.one_stack
@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize("name", [name for name in SHAPES if not SHAPES[name].refused])
def test_a_public_shape_is_trained_as_init_writes_it(name: str, tmp_path: Path, run: Run) -> None:
    shape = SHAPES[name]
    data = write_csv(tmp_path / f"{name}.csv", shape.rows(), shape.delimiter)
    config, out = tmp_path / "config.yaml", tmp_path / "run"
    code, _, err = run("init", "--data", data, *answers(shape), "-o", config)
    assert code == 0, err
    code, said, err = run("train", config, "--data", data, "--out", out, "--epochs", 2)
    # Two epochs may be too few to be better than popularity, which is said.
    assert code == 0 or "is saved, but not good" in said, err
    metrics = recgen.TrainingMetrics.read(out / "training_metrics.json")
    assert metrics.params.failure is None
    assert (out / "serving_model" / "saved_model.pb").exists()
    loaded = recgen.load(config)
    buyers = shape.rows()[str(loaded.features.buyer_id)]
    buyer = next(str(value) for value in buyers if value not in (None, "", "NA", "guest"))
    code, out_text, err = run("recommend", out, "--buyer", buyer, "-k", 3)
    assert code == 0, err
    assert "unknown" not in out_text + err
