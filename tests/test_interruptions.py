"""`recgen train` as a process that is told to end, or killed: the same command goes on.

Other modules stand in for the children, which need seconds for TensorFlow: they do their work in
the same files and the same words.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the extra `train`")

import local_modules as hand_made
import yaml

pytestmark = pytest.mark.slow

PARENT = """
import sys
from recgen.local import run

class Child(run.Child):
    def __init__(self, module, inherits=()):
        super().__init__(module.replace("recgen.local", "stand_in"), inherits)

run.Child = Child
from recgen.cli import main
main(sys.argv[1:])
"""
TRANSFORM = """
import os, time
from pathlib import Path
from recgen.local.child import obey_parent, read_job

obey_parent()
job = read_job()
Path(job["run"], "pid").write_text(str(os.getpid()))
Path(job["run"], "transformed").open("a").write("once ")
for rows in range(200):
    print("rows", rows, flush=True)
    time.sleep(0.002)
"""
FIT = """
import json, os, time
from pathlib import Path
from recgen.local.child import obey_parent, read_job

obey_parent()
job = read_job()
if job is None:
    raise SystemExit
run = Path(job["run"])
Path(run, "pid").write_text(str(os.getpid()))
(run / "checkpoints-1").mkdir(exist_ok=True)
saved = run / "checkpoints-1" / "first-1.index"
done = int(saved.read_text()) if saved.exists() else 0
if done:
    print("note: going on after epoch", done, flush=True)
for epoch in range(done, 6):
    time.sleep(float(os.environ.get("PAUSE", "0.1")))
    saved.with_suffix(".partial").write_text(str(epoch + 1))
    saved.with_suffix(".partial").replace(saved)
    print(f"epoch {epoch + 1}/6  loss 1.0", flush=True)
print("training again, on validation rows too: 6 of 6 epochs", flush=True)
time.sleep(0.3)
print("second training: epoch 6/6  loss 1.0", flush=True)
print("test_recall@100 0.5  popularity 0.4", flush=True)
print("training again, on test rows too: 6 of 6 epochs", flush=True)
time.sleep(0.3)
print("third training: epoch 6/6  loss 1.0", flush=True)
print("saving the model", flush=True)
time.sleep(0.3)
(run / "serving_model").mkdir(exist_ok=True)
(run / "training_metrics.json").write_text(json.dumps({"params": {"seed": 42}}))
"""
SIGNALS = {"SIGTERM": 143, "SIGINT": 130, "SIGHUP": 129, "SIGKILL": -9}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config, data, and the modules that stand in for the children."""
    package = tmp_path / "modules" / "stand_in"
    package.mkdir(parents=True)
    for name, text in (("__init__", ""), ("transform", TRANSFORM), ("fit", FIT)):
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), *sys.path]))
    (tmp_path / "data.csv").write_text(hand_made.csv_rows(), encoding="utf-8")
    config = hand_made.config().model_dump(mode="json", exclude_unset=True)
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path


class Training:
    """A process that runs `recgen train`, with what it has printed so far."""

    def __init__(self, shop: Path, *options: str, limit: int | None = None) -> None:
        self.out = shop / "runs" / "shop"
        self.process = subprocess.Popen(
            [*_limited(limit), *self.command(*options)],
            cwd=shop,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.text = ""

    @staticmethod
    def command(*options: str) -> list[str]:
        """Returns the command and its arguments."""
        given = ["train", "shop.yaml", "--data", "data.csv", "--out", "runs/shop", *options]
        return [sys.executable, "-c", PARENT, *given, "--allow-worse"]

    def wait_for(self, words: str) -> None:
        """Reads until some words are printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line
            if words in line:
                return
        raise AssertionError(f"{words!r} was not printed:\n{self.text}")

    def end(self, name: str = "") -> int:
        """Sends a signal, if one is named, and returns the exit code."""
        if name:
            self.process.send_signal(getattr(signal, name))
        rest, _ = self.process.communicate(timeout=120)
        self.text += rest
        assert "Traceback" not in self.text
        return self.process.returncode

    @property
    def partial(self) -> Path:
        """The folder in which the run comes into being."""
        return self.out.with_name(".shop.partial")


def _limited(blocks: int | None) -> list[str]:
    """Returns the beginning of a command whose files have at most so many blocks of 512 bytes."""
    return [] if blocks is None else ["sh", "-c", f'ulimit -f {blocks}; exec "$0" "$@"']


def is_gone(number: int) -> bool:
    """Waits for a process to end that is not this one's child."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@needs_proc
@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("SIGTERM", "epoch 2/6"),
        ("SIGKILL", "epoch 2/6"),
        pytest.param("SIGHUP", "epoch 3/6", marks=pytest.mark.slow),
        pytest.param("SIGINT", "training again", marks=pytest.mark.slow),
        pytest.param("SIGTERM", "on test rows too", marks=pytest.mark.slow),
        pytest.param("SIGKILL", "last       done", marks=pytest.mark.slow),
    ],
)
def test_the_same_command_goes_on(shop: Path, name: str, moment: str) -> None:
    first = Training(shop)
    first.wait_for(moment)
    child = int((first.partial / "pid").read_text())
    assert first.end(name) == SIGNALS[name]
    assert is_gone(child)
    if name != "SIGKILL":
        assert first.text.splitlines()[-1] == (
            f"interrupted by {name}: the same command goes on from what is done; "
            "`recgen runs --clean` removes unfinished runs"
        )
    assert [path.name for path in first.out.parent.iterdir()] == [".shop.partial"]
    second = Training(shop)
    assert second.end() == 0
    assert "and was interrupted (stage " in second.text
    assert "going on after epoch" in second.text
    assert "rows      170 training, 10 validation, 20 test" in second.text
    assert (second.out / "transformed").read_text() == "once "
    assert [path.name for path in second.out.parent.iterdir()] == ["shop"]


@needs_proc
@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("SIGTERM", "read "),
        pytest.param("SIGINT", "split ", marks=pytest.mark.slow),
        pytest.param("SIGKILL", "split ", marks=pytest.mark.slow),
    ],
)
def test_before_anything_is_done_the_same_command_begins_again(
    shop: Path, name: str, moment: str
) -> None:
    first = Training(shop)
    first.wait_for(moment)
    assert first.end(name) == SIGNALS[name]
    if name != "SIGKILL":
        assert first.text.endswith(f"interrupted by {name}: the same command begins again\n")
        assert not list(first.out.parent.iterdir())
    second = Training(shop)
    assert second.end() == 0
    assert "interrupted" not in second.text
    assert [path.name for path in second.out.parent.iterdir()] == ["shop"]


def test_an_ignored_signal_stays_ignored(shop: Path) -> None:
    """As under nohup, or in the background of a script."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        training = Training(shop)
    finally:
        signal.signal(signal.SIGHUP, previous)
    training.wait_for("epoch 2/6")
    assert training.end("SIGHUP") == 0


def test_two_trainings_into_one_folder(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE", "60")
    first = Training(shop)
    first.wait_for("transform ")
    second = Training(shop)
    assert second.end() == 2
    assert f"process {first.process.pid} on " in second.text
    assert "is training into runs/shop" in second.text
    assert first.end("SIGTERM") == 143


def test_another_command_begins_from_the_start(shop: Path) -> None:
    first = Training(shop)
    first.wait_for("epoch 2/6")
    first.end("SIGTERM")
    second = Training(shop, "--seed", "7")
    assert second.end() == 0
    assert "an unfinished training with a different seed was removed" in second.text
    assert "going on after" not in second.text


def test_a_command_that_only_trains_otherwise_transforms_nothing_again(shop: Path) -> None:
    first = Training(shop)
    first.wait_for("epoch 2/6")
    first.end("SIGTERM")
    second = Training(shop, "--epochs", "3")
    assert second.end() == 0
    words = "the transformed data of an unfinished training with a different epochs is used again"
    assert words in second.text
    assert "going on" not in second.text
    assert (second.out / "transformed").read_text(encoding="utf-8") == "once "


@pytest.mark.parametrize("is_epoch_done", [True, False])
def test_a_training_that_fails_goes_on_from_an_epoch_or_is_forgotten(
    shop: Path, is_epoch_done: bool
) -> None:
    """Without an epoch it would fail again in the same way."""
    fit = shop / "modules" / "stand_in" / "fit.py"
    text = fit.read_text(encoding="utf-8")
    before = 'print("training again' if is_epoch_done else "for epoch in"
    fit.write_text(text.replace(before, f"raise ValueError\n{before}"), encoding="utf-8")
    first = Training(shop)
    assert first.end() == 2
    assert ("the same command then goes on" in first.text) == is_epoch_done
    assert first.partial.exists() == is_epoch_done
    fit.write_text(text, encoding="utf-8")
    second = Training(shop)
    assert second.end() == 0
    assert ("going on after epoch 6\n" in second.text) == is_epoch_done


def test_a_child_that_is_killed_is_no_end(shop: Path) -> None:
    """The kernel kills the largest process when memory runs out."""
    first = Training(shop)
    first.wait_for("epoch 3/6")
    os.kill(int((first.partial / "pid").read_text()), signal.SIGKILL)
    assert first.end() == 2
    assert "the training was killed by signal 9 (SIGKILL), most likely for want of" in first.text
    assert "the same command then goes on from what is done" in first.text
    second = Training(shop)
    assert second.end() == 0
    assert "going on after epoch" in second.text


def test_runs_lists_what_is_unfinished(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE", "60")
    training = Training(shop)
    training.wait_for("transform ")

    def runs(*options: str) -> str:
        command = [sys.executable, "-m", "recgen", "runs", *options]
        return subprocess.run(command, cwd=shop, capture_output=True, text=True).stdout

    lines = runs().splitlines()
    assert lines[0].startswith("no run in runs")
    assert f"shop is being trained by process {training.process.pid} on " in lines[2]
    assert runs("--clean").startswith("kept      process ")
    training.end("SIGTERM")
    assert "shop is unfinished (stage train): " in runs()
    assert "recgen runs runs --clean removes it" in runs()
    assert runs("--clean").startswith("removed   ")
    assert not list((shop / "runs").iterdir())
    assert runs("--clean") == "no unfinished run in runs\n"


@pytest.mark.parametrize("blocks", [0, 2, 6])
def test_a_full_disk_is_said_in_a_sentence(shop: Path, blocks: int) -> None:
    """Files of few blocks stand for it: for the lock, the record, and the data."""
    training = Training(shop, limit=blocks)
    assert training.end() == 2
    assert re.search(r"^error: .*(File too large|no space left)", training.text, re.MULTILINE)
    assert not training.out.exists()
    assert Training(shop).end() == 0


def test_what_the_caller_has_closed_stays_silent(shop: Path) -> None:
    """Some schedulers start processes without streams."""
    command = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *Training.command()]
    assert subprocess.run(command, cwd=shop).returncode == 0
    assert [path.name for path in (shop / "runs").iterdir()] == ["shop"]
    metrics = (shop / "runs" / "shop" / "training_metrics.json").read_text(encoding="utf-8")
    assert json.loads(metrics)["params"]["seed"] == 42
