"""What the trainer prints becomes what the user sees."""

from __future__ import annotations

import io

import pytest

from recgen.local.progress import Epoch, Lines, Progress, Silent, open_progress, parse_epoch

LINE = "epoch 2/8  loss 6.1234  val_recall@100 0.2311  3.1 s"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def tell(progress: Progress) -> None:
    progress.start("train")
    progress.rows(5, 1000)
    epoch = parse_epoch(LINE)
    assert epoch is not None
    progress.epoch(epoch)
    progress.note("a [bold] warning")
    progress.done("model saved")


def test_parse_epoch() -> None:
    assert parse_epoch(LINE) == Epoch(2, 8, "6.1234", "val_recall@100 0.2311", 3.1)
    assert parse_epoch("epoch 1/2  loss nan") == Epoch(1, 2, "nan")
    assert parse_epoch("stopped at epoch 1/2") is None


def test_lines() -> None:
    stream = io.StringIO()
    with open_progress(stream) as progress:
        assert isinstance(progress, Lines)
        tell(progress)
    epoch, warning, done = stream.getvalue().splitlines()
    assert epoch == "train      epoch 2/8  loss 6.1234  val_recall@100 0.2311  19 s left"
    assert warning == "warning: a [bold] warning"
    assert done.startswith("train      model saved  0.")


@pytest.mark.parametrize(("seconds", "left"), [(10.0, "60 s left"), (60.0, "6 min left")])
def test_time_left(seconds: float, left: str) -> None:
    stream = io.StringIO()
    Lines(stream).epoch(Epoch(2, 8, seconds=seconds))
    assert stream.getvalue().rstrip().endswith(left)


def test_no_time_left_after_the_last_epoch() -> None:
    stream = io.StringIO()
    Lines(stream).epoch(Epoch(8, 8))
    assert stream.getvalue().strip() == "epoch 8/8"


def test_terminal_shows_the_same() -> None:
    stream = Terminal()
    with open_progress(stream) as progress:
        tell(progress)
    shown = stream.getvalue()
    assert "a [bold] warning" in shown
    assert "model saved" in shown


def test_silent() -> None:
    tell(Silent())
