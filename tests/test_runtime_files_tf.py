"""The trainer and its runtime as files: only the right runtime will do, and one file of both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Plain, Run, write_modules

from recgen.generate import render
from recgen.local.child import load_module
from recgen.runtime import NAME

pytestmark = pytest.mark.one_stack

pytest.importorskip("tensorflow", reason="needs the extra `train`")


@pytest.fixture
def folder(tmp_path: Path, experiment: Plain) -> Path:
    for name, text in render(experiment).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def load(folder: Path) -> Any:
    return load_module(folder / "trainer_module.py")


def edit(folder: Path, change: Callable[[str], str]) -> None:
    path = folder / NAME
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8")


def test_a_trainer_uses_the_runtime_that_lies_beside_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / NAME).write_text("DIGEST = 'foreign'")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert load(folder).runtime.__file__ == str(folder / NAME)


def test_line_endings_are_no_edit(folder: Path) -> None:
    """Git writes them as the system has them."""
    text = (folder / NAME).read_bytes()
    (folder / NAME).write_bytes(text.replace(b"\n", b"\r\n"))
    load(folder)


def of_another_version(text: str) -> str:
    """Returns a whole runtime of another recgen: its header has the digest of its text."""
    mark, _, body = text.split("\n", 2)
    body += "\nVERSION = 2\n"
    return f"{mark}\n# digest: {hashlib.sha256(body.encode()).hexdigest()[:12]}\n{body}"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("DEAD_STEPS = 5", "DEAD_STEPS = 50"),
        lambda text: text.replace("# digest: ", "# digest: 0"),
        lambda text: text.split("\n", 2)[2],
        of_another_version,
        lambda text: "",
    ],
    ids=["edited text", "edited header", "no header", "another version", "empty"],
)
def test_another_runtime_is_refused(folder: Path, change: Callable[[str], str]) -> None:
    edit(folder, change)
    with pytest.raises(ImportError, match="not the runtime that this trainer") as raised:
        load(folder)
    assert str(folder / NAME) in str(raised.value)
    assert "run `recgen render` again" in str(raised.value)


def test_a_missing_runtime_is_one_clear_error(folder: Path) -> None:
    (folder / NAME).unlink()
    with pytest.raises(ImportError, match="put it beside this file") as raised:
        load(folder)
    assert "recgen render --single-file" in str(raised.value)


def single_file(run: Run) -> Run:
    """Returns the same config with a trainer of one file."""
    other = run.variant()
    assert other.config == run.config
    (other.folder / NAME).unlink()
    write_modules(run.config, other.folder, single_file=True)
    return other


LAYERS = [{"type": "dense", "units": 64}, {"type": "dropout", "rate": 0.2}]
OPTIONS: Plain = {
    "buyer_tower_layers": LAYERS,
    "product_tower_layers": LAYERS,
    "negatives": "mixed",
    "catalogue_negatives": 64,
    "recency_half_life_days": 90,
    "ema_decay": 0.9,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        pytest.param({}, marks=pytest.mark.nightly, id="defaults"),
        pytest.param(OPTIONS, id="options"),
    ],
)
def test_one_file_and_two_train_alike(shop_with_past: Run, model: Plain) -> None:
    tf = pytest.importorskip("tensorflow")
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("on a GPU, the last digits of gradients vary")
    two = shop_with_past.variant(**model)
    one = single_file(two)
    found = [run.fit(epochs=2) for run in (two, one)]
    for metrics in found:
        del metrics["saved_at"]
    assert found[0] == found[1]
    served = [tf.saved_model.load(str(run.saved())).signatures for run in (two, one)]
    columns = {
        "customer_id": tf.constant(["10003", "nobody"]),
        "country": tf.constant(["Italy", "UK"]),
        "age": tf.constant([30.0, 31.0]),
        "past": tf.constant([[900_008, 900_016], [900_001, -(2**63)]], tf.int64),
    }
    answers = [each["serving_default"](**columns) for each in served]
    for name, values in answers[0].items():
        np.testing.assert_array_equal(values, answers[1][name])
