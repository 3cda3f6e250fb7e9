"""The same config gives the same bytes: in every process, in every order of hashes."""

from __future__ import annotations

import builtins
import hashlib
import keyword
import os
import subprocess
import sys
from typing import Any

import pytest
from golden import CASES, TESTS

from recgen import render
from recgen.plan.names import BUILTINS, KEYWORDS
from recgen.render import _finish

_SCRIPT = """
import hashlib, sys
from recgen.generate import render
for config in sys.argv[1:]:
    for name, text in render(config).items():
        print(hashlib.sha256(text.encode()).hexdigest(), name)
"""


def test_the_seed_of_hashes_changes_nothing() -> None:
    configs = [str(case / "config.yaml") for case in CASES]
    expected = [
        f"{hashlib.sha256(text.encode()).hexdigest()} {name}"
        for config in configs
        for name, text in render(config).items()
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(TESTS.parent)}
    command = [sys.executable, "-c", _SCRIPT, *configs]  # this process has a seed of its own
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, cwd=TESTS
    )
    assert result.stdout.splitlines() == expected


# What other programs add to Python's builtins: the interactive Python and gettext (`_`), IPython
# (`display`, `get_ipython`), line_profiler (`profile`), icecream (`ic`), others anything.
_ADDED = ("_", "display", "get_ipython", "profile", "ic", "tf", "x", "outputs", "display_time")


def _config_with_columns(experiment: dict[str, Any]) -> dict[str, Any]:
    added = [{"column": name, "data_type": "text"} for name in _ADDED]
    experiment["features"]["buyer_model_features"] += added
    return experiment


def test_names_that_others_add_to_the_builtins_change_nothing(
    monkeypatch: pytest.MonkeyPatch, experiment: dict[str, Any]
) -> None:
    config = _config_with_columns(experiment)
    expected = render(config)
    for name in _ADDED:
        monkeypatch.setattr(builtins, name, print, raising=False)
    _finish.cache_clear()
    assert render(config) == expected


@pytest.mark.parametrize("name", ["copyright", "exit", "license", "quit"])
def test_a_builtin_that_is_missing_changes_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, experiment: dict[str, Any]
) -> None:
    """`python -S` has none of these."""
    column = {"column": name, "data_type": "text"}
    experiment["features"]["buyer_model_features"].append(column)
    expected = render(experiment)
    assert f"{name}_column = " in expected["transform_module.py"]
    monkeypatch.delattr(builtins, name, raising=False)
    _finish.cache_clear()
    assert render(experiment) == expected


def test_the_lists_of_python_names_have_those_of_this_python() -> None:
    command = [sys.executable, "-I", "-c", "import builtins; print(*dir(builtins))"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in told if not name.startswith("_")} <= BUILTINS
    assert {*keyword.kwlist, *keyword.softkwlist} - {"_"} <= KEYWORDS


def test_rendering_works_in_an_interactive_python() -> None:
    """There, an expression that is displayed becomes `_`."""
    source = str(CASES[0] / "config.yaml")
    lines = ["import recgen", "1 + 1", f"len(recgen.render({source!r}))", "_"]
    result = subprocess.run(
        [sys.executable, "-i", "-q"],
        input="\n".join(lines) + "\n",
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        check=True,
        cwd=TESTS,
    )
    assert result.stdout.splitlines() == ["2", "3", "3"]
