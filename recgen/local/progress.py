"""Progress of a run: lines that stay, and on a terminal a bar below them."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

from recgen.findings import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_EPOCH = re.compile(r"^(?:\w+ training: )?epoch (\d+)/(\d+)\b(.*)$")
_LOSS = re.compile(r"\bloss (\S+)")
_RECALL = re.compile(r"\b(val_recall@\d+|val_mrr|val_auc_roc|val_rmse(?:_log)?) (\S+)")
_SECONDS = re.compile(r"\b([\d.]+) s\b")
_STAGE_WIDTH = 9  # length of the longest name
_WIDE = 90  # terminal width from which bars fit


@dataclass(frozen=True)
class Epoch:
    """The line that a trainer prints at the end of an epoch."""

    number: int
    epochs: int
    loss: str | None = None
    recall: str | None = None
    """As printed, with its name: `val_recall@100 0.2311` or `val_rmse 0.4012`."""
    seconds: float | None = None

    @property
    def text(self) -> str:
        """The epoch in a few words."""
        parts = (f"epoch {self.number}/{self.epochs}", self.loss and f"loss {self.loss}")
        return "  ".join(part for part in (*parts, self.recall) if part)


def parse_epoch(line: str) -> Epoch | None:
    """Return the epoch that a trainer's line reports, or None for other lines."""
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
    """Receiver of progress. Each stage calls `start`, any of the other methods, then `done`."""

    def start(self, stage: str) -> None:
        """Handle the start of a stage."""

    def rows(self, done: int, total: int) -> None:
        """Handle the number of rows that are done."""

    def epoch(self, epoch: Epoch) -> None:
        """Handle the end of an epoch."""

    def note(self, text: str) -> None:
        """Handle a warning for the user."""

    def say(self, text: str) -> None:
        """Handle a message for the user that is not a warning."""

    def done(self, detail: str) -> None:
        """Handle the end of a stage."""


class Silent:
    """Progress that shows nothing."""

    def start(self, stage: str) -> None:
        """Show nothing."""

    def rows(self, done: int, total: int) -> None:
        """Show nothing."""

    def epoch(self, epoch: Epoch) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def done(self, detail: str) -> None:
        """Show nothing."""


class Lines:
    """Progress as one line for each stage and epoch, for logs and pipes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._stage = ""
        self._began = self._last_epoch = time.monotonic()

    def _print(self, text: str, style: str = "") -> None:
        print(printable(text), file=self._stream, flush=True)

    def start(self, stage: str) -> None:
        """Remember the stage, whose line is printed at its end."""
        self._stage = stage
        self._began = self._last_epoch = time.monotonic()

    def rows(self, done: int, total: int) -> None:
        """Print nothing: rows go by too fast for lines."""

    def epoch(self, epoch: Epoch) -> None:
        """Print the epoch and the time left."""
        left = self._time_left(epoch)
        self._print(f"{self._stage:<10} {epoch.text}" + (f"  {left} left" if left else ""))

    def note(self, text: str) -> None:
        """Print the text as a warning."""
        self._print(f"warning: {text}")

    def say(self, text: str) -> None:
        """Print the text."""
        self._print(text)

    def done(self, detail: str) -> None:
        """Print the stage, the detail and the seconds it took."""
        self._print(f"{self._stage:<10} {detail}  {time.monotonic() - self._began:.1f} s")

    def _time_left(self, epoch: Epoch) -> str:
        """Return the time for the remaining epochs in words; empty if there are none."""
        now = time.monotonic()
        took, self._last_epoch = epoch.seconds or now - self._last_epoch, now
        ahead = epoch.epochs - epoch.number
        if ahead <= 0:
            return ""
        seconds = ahead * took
        return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class Display(Lines):
    """Progress on a terminal: lines that stay, and below them a bar for the stage going on."""

    def __init__(self, bars: Bars) -> None:
        super().__init__(bars.console.file)
        self._bars = bars
        self._task: TaskID | None = None
        self._has_header = False

    def _print(self, text: str, style: str = "") -> None:
        printed = printable(text)
        self._bars.console.print(printed, style=style, markup=False, highlight=False)

    def start(self, stage: str) -> None:
        """Show a bar for the stage, which pulses until there is progress."""
        super().start(stage)
        self._has_header = False
        self._remove_bar()
        self._task = self._bars.add_task(stage, total=None, detail="")

    def rows(self, done: int, total: int) -> None:
        """Move the bar."""
        self._update(done, total, f"{done:,} of {total:,} rows")

    def epoch(self, epoch: Epoch) -> None:
        """Print a row of the table of epochs, and move the bar."""
        recall, _, share = (epoch.recall or "").partition(" ")
        wide = max(len(f"{epoch.epochs}/{epoch.epochs}"), len("epoch"))
        widths = (wide, 8, len(recall))
        if not self._has_header:
            self._has_header = True
            self._print(_row(("epoch", "loss", recall), widths), "bold")
        number = f"{epoch.number}/{epoch.epochs}"
        self._print(_row((number, epoch.loss or "", share), widths))
        left = self._time_left(epoch)
        self._update(epoch.number, epoch.epochs, f"{left} left" if left else "")

    def note(self, text: str) -> None:
        """Print the text as a warning."""
        self._print(f"warning: {text}", "yellow")

    def done(self, detail: str) -> None:
        """Print the stage, the detail and the seconds it took, instead of the bar."""
        self._remove_bar()
        super().done(detail)

    def _remove_bar(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None

    def _update(self, done: int, total: int, detail: str) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total, detail=detail)


def _row(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row of texts, each at the right end of its width."""
    cells = zip(texts, widths, strict=True)
    return "".join(f"  {text:>{width}}" for text, width in cells).rstrip()


@contextmanager
def open_progress(stream: IO[str] | None = None) -> Iterator[Progress]:
    """Yield the progress that suits a stream (default: stderr), and close it at the end."""
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
