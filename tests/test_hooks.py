"""The hooks for pre-commit: their definition is valid and names commands that there are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from recgen.cli import main

HOOKS = Path(__file__).resolve().parents[1] / ".pre-commit-hooks.yaml"


def hooks():
    return {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))}


def test_pre_commit_takes_the_definition():
    pytest.importorskip("pre_commit", reason="needs the extra `test`")
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("name", ["recgen-check", "recgen-render"])
def test_hooks_run_commands_that_there_are(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(hooks()[name]["entry"])
    assert program == "recgen"
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "missing.yaml"])
    assert ended.value.code == 1  # a finding, not wrong usage
    said = capsys.readouterr()
    assert "there is no file 'missing.yaml'" in said.out + said.err


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("experiment.yaml", True),
        ("shop/experiment.yml", True),
        ("experiments/shop/a.json", True),
        ("configs/shop.recgen.yaml", True),
        ("config.yaml", False),
        ("experiments.yaml", False),
        ("my_experiments/a.yaml", False),
        ("experiments/notes.md", False),
    ],
)
def test_which_files_are_checked_by_default(path, taken):
    assert bool(re.search(hooks()["recgen-check"]["files"], path)) == taken
