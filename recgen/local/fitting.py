"""The trainer's stages, as its output tells them: up to three trainings, and export."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from recgen.local.child import Child, ChildError
from recgen.local.folder import Staging
from recgen.local.names import plain_path
from recgen.local.progress import Progress, parse_epoch
from recgen.metrics import FILE_NAME, read_metrics

# How the trainer's lines begin, beside those of epochs; all that a user must see is one of these.
AGAIN = re.compile(r"^training again, on (\w+) rows too: (\d+) of \d+ epochs$")
SAVING = "saving the model"
NOTE, WARNING, FINAL_LAYER = "note: ", "warning: ", "final layer: "
_LAST = "test"  # rows that only the last training has
CHECKPOINTS = "checkpoints-*/*.index"  # in the run directory


def fit(
    staging: Staging, child: Child, custom_config: Mapping[str, int], progress: Progress
) -> None:
    """Train in a child process, which goes on from its own checkpoints.

    Args:
        staging: The run, whose transform is done.
        child: The child.
        custom_config: Settings of the trainer that override the config.
        progress: Receiver of progress.

    Raises:
        ChildError: The training failed. A later run can go on if an epoch was done.
        RecgenError: The disk is full, say.
    """
    stages = _Stages(staging, progress)
    stages.begin("train")
    try:
        with plain_path(staging.folder) as folder:
            job = {"run": str(folder), "custom_config": dict(custom_config)}
            child.run(job, folder / "train.log", stages.hear, "the training")
    except ChildError:
        if not has_stopped(staging):
            if not stages.epochs or not any(staging.folder.glob(CHECKPOINTS)):
                staging.forget()  # it would fail again in the same way
            raise
    stages.end("stopped" if has_stopped(staging) else "model saved")


def has_stopped(staging: Staging) -> bool:
    """Return whether the trainer stopped on purpose: it then fails after writing the metrics."""
    path = staging.folder / FILE_NAME
    if not path.exists():
        return False
    metrics = read_metrics(path.read_text(encoding="utf-8"), str(path)).metrics
    return bool(metrics.params.failure)


@dataclass
class _Stages:
    """Listener to the trainer's output, which shows and times its stages."""

    staging: Staging
    progress: Progress
    stage: str = ""
    began: float = 0.0
    epochs: int = 0
    """Number of epochs that this process has seen."""

    def begin(self, stage: str) -> None:
        """Handle the start of a stage."""
        self.stage, self.began = stage, time.monotonic()
        self.progress.start(stage)
        self.staging.reach(stage)

    def end(self, detail: str) -> None:
        """Handle the end of a stage."""
        self.staging.record.seconds[self.stage] = time.monotonic() - self.began
        self.progress.done(detail)

    def hear(self, line: str) -> None:
        """Handle a line of the trainer's output."""
        epoch, again = parse_epoch(line), AGAIN.match(line)
        if epoch is not None:
            self.epochs += 1
            self.progress.epoch(epoch)
            self.staging.reach(f"{self.stage}, epoch {epoch.number} of {epoch.epochs}")
        elif again is not None:
            self.end("done" if self.stage == "refit" else f"epoch {again[2]} kept")
            self.progress.say(line)
            self.begin("last" if again[1] == _LAST else "refit")
        elif line == SAVING:
            self.end("done")
            self.begin("export")
        elif line.startswith(FINAL_LAYER):
            self.progress.say(line)
        elif line.startswith(NOTE):
            self.progress.say(line.removeprefix(NOTE))
        elif line.startswith(WARNING):
            self._warn(line.removeprefix(WARNING))

    def _warn(self, text: str) -> None:
        """Show a warning, and keep it for the result; a training that goes on may repeat it."""
        self.progress.note(text)
        if text not in self.staging.record.warnings:
            self.staging.record.warnings.append(text)
