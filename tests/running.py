"""Fixtures that run commands: in a folder of their own, on a terminal, on files of all kinds."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from commands import save

from recgen.cli import main


@pytest.fixture
def run(capsys):
    """Returns a function that runs a command: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code: Any = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def config(folder, experiment):
    return save(folder / "config.yaml", experiment)


@pytest.fixture
def terminal(monkeypatch):
    """Makes stdout and stderr a terminal of 60 columns."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")

    def switch() -> None:  # capsys has replaced the streams by then
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    return switch


@pytest.fixture
def bad_files(folder):
    (folder / "folder").mkdir()
    (folder / "empty.yaml").write_text("")
    (folder / "junk.yaml").write_bytes(os.urandom(6_000_000))
    (folder / "noise.yaml").write_bytes(b"\xff\xfe\x00\x80")
    (folder / "list.yaml").write_text("- 1\n")
    (folder / "syntax.yaml").write_text("a: [1\n")
