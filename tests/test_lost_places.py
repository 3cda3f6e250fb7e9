"""`recgen train` whose terminal, reader or folder is gone before it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from test_interruptions import SIGNALS, Training, shop

__all__ = ["shop"]  # fixture

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_terminal_that_is_closed(shop: Path, is_ignored: bool) -> None:
    """The kernel sends SIGHUP, and nothing can be written any more; `trap "" HUP` ignores it."""
    pty = pytest.importorskip("pty")
    terminal, other_end = pty.openpty()
    trap = "trap '' HUP; " if is_ignored else ""
    open_terminal = f'{trap}exec "$0" "$@" <>{os.ttyname(other_end)} >&0 2>&0'
    command = ["sh", "-c", open_terminal, *Training.command()]
    with subprocess.Popen(command, cwd=shop, start_new_session=True) as process:
        shown = b""
        while b"2/6" not in shown:
            shown += os.read(terminal, 4096)
        os.close(other_end)
        os.close(terminal)
    assert process.returncode == (0 if is_ignored else SIGNALS["SIGHUP"])
    (left,) = (shop / "runs").iterdir()
    assert left.name == ("shop" if is_ignored else ".shop.partial")
    if not is_ignored:
        second = Training(shop)
        assert second.end() == 0
        assert "going on after epoch" in second.text


def test_a_reader_that_ends_does_not_end_the_training(shop: Path) -> None:
    """As in `recgen train 2>&1 | head -1`."""
    training = Training(shop)
    training.wait_for("warning")
    assert training.process.stdout is not None
    training.process.stdout.close()
    assert training.process.wait(timeout=120) == 1  # that of click, for figures nobody reads
    assert [path.name for path in training.out.parent.iterdir()] == ["shop"]


@pytest.mark.parametrize("removed", [".shop.partial", ""])
def test_a_folder_that_somebody_removes_is_named(shop: Path, removed: str) -> None:
    training = Training(shop)
    training.wait_for("epoch 2/6")
    (shop / "runs" / removed).rename(shop / "elsewhere")  # at once, while it is written to
    assert training.end() == 2
    assert f"{training.partial} was removed while the run was written to it" in training.text
    assert training.text.endswith("help: run the same command again: it begins from the start\n")
    assert not list((shop / "runs").glob("*"))
