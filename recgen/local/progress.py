"""What the user sees while a run goes on: a display in a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_EPOCH = re.compile(r"^epoch (\d+)/(\d+)\b(.*)$")
_LOSS = re.compile(r"\bloss (\S+)")
_RECALL = re.compile(r"\b(val_recall@\d+) (\S+)")
_SECONDS = re.compile(r"\b([\d.]+) s\b")
_STAGE_WIDTH = 9  # of the longest name
_WIDE = 90  # columns of a terminal that has room for bars


@dataclass(frozen=True)
class Epoch:
    """What a trainer prints at the end of an epoch."""

    number: int
    epochs: int
    loss: str | None = None
    recall: str | None = None
    """As printed, with its name: `val_recall@100 0.2311`."""
    seconds: float | None = None

    @property
    def text(self) -> str:
        """The epoch in a few words."""
        parts = (f"epoch {self.number}/{self.epochs}", self.loss and f"loss {self.loss}")
        return "  ".join(part for part in (*parts, self.recall) if part)


def parse_epoch(line: str) -> Epoch | None:
    """Returns what a trainer's line tells, or None when it is none of an epoch."""
    match = _EPOCH.match(line)
    if match is None:
        return None
    rest = match[3]
    loss, recall, seconds = _LOSS.search(rest), _RECALL.search(rest), _SECONDS.search(rest)
    return Epoch(
        number=int(match[1]),
        epochs=int(match[2]),
        loss=loss[1] if loss else None,
        recall=f"{recall[1]} {recall[2]}" if recall else None,
        seconds=float(seconds[1]) if seconds else None,
    )


class Progress(Protocol):
    """Told what happens. Stages follow each other: `start`, any number of news, `done`."""

    def start(self, stage: str) -> None:
        """A stage begins."""

    def rows(self, done: int, total: int) -> None:
        """So many rows of the stage are done."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is over."""

    def note(self, text: str) -> None:
        """Something that the user should know, such as a warning."""

    def done(self, detail: str) -> None:
        """The stage is over."""


class Silent:
    """Shows nothing."""

    def start(self, stage: str) -> None:
        """Shows nothing."""

    def rows(self, done: int, total: int) -> None:
        """Shows nothing."""

    def epoch(self, epoch: Epoch) -> None:
        """Shows nothing."""

    def note(self, text: str) -> None:
        """Shows nothing."""

    def done(self, detail: str) -> None:
        """Shows nothing."""


class Lines:
    """One line a stage and an epoch, for logs and pipes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._stage = ""
        self._began = time.monotonic()

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def start(self, stage: str) -> None:
        """Remembers the stage; its line comes when it is over."""
        self._stage, self._began = stage, time.monotonic()

    def rows(self, done: int, total: int) -> None:
        """Prints nothing: rows go by too fast for lines."""

    def epoch(self, epoch: Epoch) -> None:
        """Prints the epoch, and the time that the remaining ones will take."""
        left = _time_left(epoch, time.monotonic() - self._began)
        self._print(f"{self._stage:<10} {epoch.text}" + (f"  {left} left" if left else ""))

    def note(self, text: str) -> None:
        """Prints the text."""
        self._print(f"warning: {text}")

    def done(self, detail: str) -> None:
        """Prints stage, detail and seconds."""
        self._print(f"{self._stage:<10} {detail}  {time.monotonic() - self._began:.1f} s")


class Display:
    """Bars that move, for a terminal."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._stage = ""
        self._began = time.monotonic()

    def start(self, stage: str) -> None:
        """Adds the stage's bar, which pulses until something is known."""
        self._stage, self._began = stage, time.monotonic()
        self._task = self._bars.add_task(stage, total=None, detail="")

    def rows(self, done: int, total: int) -> None:
        """Moves the bar."""
        self._update(done, total, f"{done:,} of {total:,} rows")

    def epoch(self, epoch: Epoch) -> None:
        """Moves the bar, with loss, recall and the time left."""
        left = _time_left(epoch, time.monotonic() - self._began)
        self._update(epoch.number, epoch.epochs, epoch.text + (f"  {left} left" if left else ""))

    def note(self, text: str) -> None:
        """Prints the text above the bars."""
        self._bars.console.print(f"warning: {text}", style="yellow", markup=False, highlight=False)

    def done(self, detail: str) -> None:
        """Fills the bar."""
        self._update(1, 1, detail)

    def _update(self, done: int, total: int, detail: str) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total, detail=detail)


@contextmanager
def open_progress(stream: IO[str] | None = None) -> Iterator[Progress]:
    """Gives the display that suits a stream (default: stderr); it is cleared up at the end."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield Lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    console = Console(file=stream)
    stage = Column(no_wrap=True, min_width=_STAGE_WIDTH)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=stage),
        *([BarColumn(bar_width=20)] if console.width >= _WIDE else []),
        TimeElapsedColumn(Column(no_wrap=True, min_width=7)),
        TextColumn("{task.fields[detail]}", markup=False, table_column=Column(no_wrap=False)),
    )
    with Bars(*columns, console=console) as bars:
        yield Display(bars)


def _time_left(epoch: Epoch, elapsed: float) -> str:
    """Returns the time for the epochs to come, in words; empty when there are none."""
    ahead = epoch.epochs - epoch.number
    if ahead <= 0:
        return ""
    seconds = ahead * (epoch.seconds or elapsed / epoch.number)
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
