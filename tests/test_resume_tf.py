"""A training that was killed goes on, in the next process, as if nothing had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import Plain, Run
from trainings import at_epoch_end

from recgen.local.fitting import CHECKPOINTS

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]  # test_checkpoints_tf.py runs on both

# What the first process runs: a training that kills itself with SIGKILL, so nothing is tidied up.
KILLED = """
import os, signal, sys
from pathlib import Path
from recgen.local.child import load_module
from recgen.local.fit import fn_args
module_file, data, folder, epochs, when, epoch = sys.argv[1:]
module = load_module(Path(module_file))
owner = {"epoch_end": module.runtime.Checkpoints, "batch_end": module.runtime.FailureWatch}[when]
name = {"epoch_end": "on_epoch_end", "batch_end": "on_train_batch_end"}[when]
usual = getattr(owner, name)
def killing(callback, number, logs=None):
    usual(callback, number, logs)
    now = number if when == "epoch_end" else callback.epoch
    if now == int(epoch):
        os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, killing)
args = fn_args(Path(data), {"epochs": int(epochs)})
args.model_run_dir, args.serving_model_dir = folder, folder + "/serving_model"
module.run_fn(args)
"""
EPOCHS = 5
MODEL: Plain = {"early_stopping_patience": None, "batch_size": 64}  # 50 steps: two calls of Keras


def kill(run: Run, name: str, when: str, epoch: int) -> None:
    """Trains in a process that is killed at the end of an epoch, or after its first 32 steps."""
    folder = run.folder / name
    folder.mkdir()
    module = run.folder / "trainer_module.py"
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, (module, run.data, folder, EPOCHS, when, epoch))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-3000:]
    assert not run.saved(name).exists()
    assert checkpoints_of(folder)


def checkpoints_of(folder: Path) -> list[Path]:
    return list(folder.glob("checkpoints*"))


def comparable(metrics: Plain) -> Plain:
    return {key: value for key, value in metrics.items() if key != "saved_at"}


@pytest.fixture(scope="module")
def run(shop: Run) -> Run:
    return shop.variant(**MODEL)


@pytest.fixture(scope="module")
def uninterrupted(run: Run) -> Plain:
    return comparable(run.fit("uninterrupted", epochs=EPOCHS))


def test_a_finished_training_leaves_no_checkpoints(run: Run, uninterrupted: Plain) -> None:
    assert uninterrupted["epochs"] == list(range(EPOCHS))
    found = {path.name for path in (run.folder / "uninterrupted").iterdir()}
    assert found == {"serving_model", "tensorboard", "training_metrics.json"}


@pytest.mark.one_stack
@pytest.mark.parametrize(("when", "epoch", "done"), [("epoch_end", 2, 3), ("batch_end", 2, 2)])
def test_a_killed_training_goes_on(
    run: Run,
    uninterrupted: Plain,
    when: str,
    epoch: int,
    done: int,
    capfd: pytest.CaptureFixture[str],
) -> None:  # P52
    """The same in every figure."""
    kill(run, when, when, epoch)
    assert [*(run.folder / when).glob(CHECKPOINTS)]  # for these `recgen train` keeps the folder
    assert run.metrics(when)["epochs"] == list(range(3 if when == "epoch_end" else 2))
    metrics = comparable(run.fit(when, epochs=EPOCHS))
    assert f"going on after epoch {done}\n" in capfd.readouterr().out
    assert metrics == uninterrupted
    assert run.saved(when).exists()
    assert not checkpoints_of(run.folder / when)


class _StopError(Exception):
    pass


def stopped_after(run: Run, name: str, epoch: int, **custom: Any) -> None:
    """Trains up to the end of an epoch, and leaves what a killed training would."""
    module = run.module()

    def stop(checkpoints: Any, now: int, _: Plain) -> None:
        if now == epoch + 1:
            raise _StopError

    at_epoch_end(module, stop)
    with pytest.raises(_StopError):
        module.run_fn(run.fn_args(name, **custom))
    assert checkpoints_of(run.folder / name)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 7},
        {"learning_rate": 0.02},
        {"batch_size": 128},
        {"epochs": 2},  # a schedule is laid over all epochs
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_settings_start_anew(
    shop: Run, change: Plain, capfd: pytest.CaptureFixture[str]
) -> None:
    run = shop.variant(refit=False)
    stopped_after(run, "run", 0, epochs=3)
    module = run.module()
    started = []
    usual = module.RetrievalModel.fit

    def fit(model: Any, batches: Any, **options: Any) -> Any:
        started.append(options["initial_epoch"])
        return usual(model, batches, **options)

    module.RetrievalModel.fit = fit
    module.run_fn(run.fn_args("run", **{"epochs": 3, **change}))
    assert started == [0]
    assert "going on" not in capfd.readouterr().out
    assert len(checkpoints_of(run.folder / "run")) == 1  # not its own


def test_another_config_starts_anew(shop: Run, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = shop.variant(refit=False), shop.variant(refit=False, top_k=7)
    stopped_after(one, "run", 0, epochs=2)
    args = other.fn_args("run", epochs=2)
    args.model_run_dir = str(one.folder / "run")
    other.module().run_fn(args)
    assert "going on" not in capfd.readouterr().out
    assert other.metrics()["epochs"] == [0, 1]


def test_a_training_that_had_ended_is_not_trained_again(shop: Run) -> None:
    """It was killed in the second training, or while it was saved."""
    run = shop.variant(early_stopping_patience=1)
    module = run.module()

    def flat(_: Any, __: int, logs: Plain) -> None:
        logs["val_recall_at_10"] = 0.5

    at_epoch_end(module, flat)
    usual = module.runtime.Checkpoints.restore_best

    def killed(_: Any) -> None:
        raise _StopError

    module.runtime.Checkpoints.restore_best = killed
    with pytest.raises(_StopError):
        module.run_fn(run.fn_args())
    before = run.metrics()
    assert before["epochs"] == [0, 1]
    module.runtime.Checkpoints.restore_best = usual
    module.run_fn(run.fn_args())
    after = run.metrics()
    assert after["params"]["stopped_early"]
    assert after["params"]["refit_epochs"] == 1
    assert after["loss"] == before["loss"]
    assert run.saved().exists()


def test_the_halved_rate_is_gone_on_with(shop: Run) -> None:
    run = shop.variant(learning_rate_schedule="plateau", refit=False, early_stopping_patience=None)

    def trained(name: str, stop: bool) -> Plain:
        module = run.module()

        def flat(_: Any, epoch: int, logs: Plain) -> None:
            if stop and epoch == 2:
                raise _StopError
            logs["val_recall_at_10"] = 0.5

        at_epoch_end(module, flat)
        module.run_fn(run.fn_args(name, epochs=4))
        return run.metrics(name)

    whole = trained("whole", stop=False)
    with pytest.raises(_StopError):
        trained("parts", stop=True)
    parts = trained("parts", stop=False)
    assert parts["params"]["learning_rates"] == pytest.approx([0.05, 0.05, 0.025, 0.0125])
    assert comparable(parts) == comparable(whole)
