"""What every pair of generated modules must be, whatever the config. No TensorFlow."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import black

MODULES = {"transform_module.py", "trainer_module.py", "trainer_runtime.py"}


def assert_well_made(files: Mapping[str, str]) -> None:
    """Asserts that modules compile, and that formatter and linter find nothing in them."""
    for name, text in files.items():
        _assert_formatted(name, text)
    assert_ruff_clean(files)


@cache  # the runtime is the same for all configs, and black takes seconds for it
def _assert_formatted(name: str, text: str) -> None:
    # As bytes, as Python reads a file: a comment in its first lines can name an encoding.
    compile(text.encode(), name, "exec", dont_inherit=True)
    assert ast.dump(ast.parse(text.encode())) == ast.dump(ast.parse(text)), name
    assert black.format_str(text, mode=black.Mode()) == text, f"black would change {name}"


def assert_ruff_clean(files: Mapping[str, str]) -> None:
    """Asserts that ruff finds nothing: neither undefined nor unused names, nor likely bugs."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        rules = ["--select", "E4,E7,E9,F,B,I", "--target-version", "py310"]
        command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules]
        result = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
