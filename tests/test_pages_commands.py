"""Commands, options, targets of make and names in the README and in the pages exist."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from recgen.cli.app import app
from recgen.metrics.parts import FailureKind

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "bench" / "README.md",
    ROOT / "examples" / "online_retail" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
_ROW = re.compile(r"^\| `([a-z-]+)[^`]*` \| .*$", re.MULTILINE)
_CALL = re.compile(r"\brecgen ([a-z-]+)((?: [^`\n#|…]*)?)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
_BENCH = re.compile(r"python (?:-m bench\.|bench/(?=[\w/]+\.py))([\w/]+)(?:\.py)?((?: [^`\n#|]*)?)")


@pytest.fixture(scope="module")
def commands() -> dict[str, set[str]]:
    """The options of each command."""
    for module in (ROOT / "recgen" / "cli").glob("[a-z]*.py"):
        importlib.import_module(f"recgen.cli.{module.stem}")  # adds its command to the app
    found: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
    return {
        name: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for name, command in found.items()
    }


def _called(page: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for match in pattern.finditer(page.read_text("utf-8")):
        yield match[1], match[2]


def test_the_readme_has_a_row_for_each_command(commands: dict[str, set[str]]) -> None:
    table = README.partition("## Commands")[2].partition("\n\nExit codes")[0]
    rows = {match[1]: match[0] for match in _ROW.finditer(table)}
    assert {*rows} == {*commands}
    unknown = {name: {*_OPTION.findall(row)} - commands[name] for name, row in rows.items()}
    assert not [name for name, options in unknown.items() if options], unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_have_their_options(page: Path, commands: dict[str, set[str]]) -> None:
    wrong = [
        f"{name} {option}"
        for name, rest in _called(page, _CALL)
        if name in commands
        for option in _OPTION.findall(rest)
        if option not in commands[name]
    ]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scripts_of_bench_have_their_options(page: Path) -> None:
    for name, rest in _called(page, _BENCH):
        source = (ROOT / "bench" / f"{name}.py").read_text("utf-8")
        known = {"--help", *re.findall(r'"(--[a-z-]+)"', source)}
        assert {*_OPTION.findall(rest)} <= known, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9.-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    calls = re.findall(
        r"(?:`|^    )make ([a-z](?:[a-z0-9.-]*[a-z0-9])?)", page.read_text("utf-8"), re.M
    )
    assert {*calls} <= targets


def test_the_readme_names_all_failures() -> None:
    failures = README.partition("- **Failures**")[2].partition("No model is saved")[0]
    assert {*re.findall(r"`([a-z_]+)`", failures)} == {*get_args(FailureKind)}
