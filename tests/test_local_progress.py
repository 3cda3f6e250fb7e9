"""What the trainer prints becomes what the user sees."""

from __future__ import annotations

import io
import re

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
    progress.say("a [bold] word")
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
    epoch, warning, word, done = stream.getvalue().splitlines()
    assert epoch == "train      epoch 2/8  loss 6.1234  val_recall@100 0.2311  19 s left"
    assert warning == "warning: a [bold] warning"
    assert word == "a [bold] word"
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


@pytest.mark.parametrize("columns", ["30", "80", "200"])
@pytest.mark.parametrize("no_color", ["", "1"])
def test_terminal_keeps_a_line_for_each_epoch(
    monkeypatch: pytest.MonkeyPatch, columns: str, no_color: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    stream = Terminal()
    with open_progress(stream) as progress:
        tell(progress)
        progress.start("train")
        for number in range(9, 12):
            progress.epoch(Epoch(number, 11, "6.1234", "val_recall@100 0.2311", 3.1))
        progress.done("epoch 11 kept")
        progress.start("refit")
        progress.epoch(Epoch(1, 1, "5"))
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", shown)]
    assert columns == "30" or "  epoch      loss  val_recall@100" in lines
    rows = [line for line in lines if re.match(r" +\d+/\d+  ", line)]
    assert len(rows) == 5
    assert rows[1].split() == ["9/11", "6.1234", *(["0.2311"] if columns != "30" else [])]
    assert "a [bold] warning" in shown
    assert any(line.startswith("train      epoch 11 kept  0.") for line in lines)
    assert bool(no_color) != ("\x1b[33m" in stream.getvalue())


def test_silent() -> None:
    tell(Silent())
