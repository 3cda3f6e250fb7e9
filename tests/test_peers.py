"""The page on other tools has every rule and is what its generator writes; no peer is needed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from recgen.rules import RULES

_ROOT = Path(__file__).parents[1]


def _load(name: str) -> ModuleType:
    path = _ROOT / "bench" / "peers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"peers_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return _load("page")


@pytest.fixture(scope="module")
def pipelines() -> ModuleType:
    return _load("pipelines")


def test_the_page_is_current(generator: ModuleType) -> None:
    page = (_ROOT / "docs" / "peers.md").read_text("utf-8")
    assert page == generator.page(), "run `python bench/peers/page.py`"


def test_each_rule_has_one_row(generator: ModuleType) -> None:
    codes = [code for codes, _, _ in generator.rows() for code in codes.split(", ")]
    assert sorted(codes) == sorted(RULES)


def test_every_cell_says_what_and_how(generator: ModuleType) -> None:
    cells = generator.cells()
    for code in RULES:
        for peer in generator.PEERS:
            cell = cells[peer, code]
            assert cell["did"] in generator.DID, (peer, code)
            assert cell["how"] in ("R", "S", "J"), (peer, code)


def test_judgements_are_few(generator: ModuleType) -> None:
    marks = generator.marks()
    assert marks["J"] < 0.15 * sum(marks.values())


def test_what_is_known_names_rules_and_peers_that_exist(generator: ModuleType) -> None:
    for entry in generator.known():
        assert set(entry["rules"]) <= set(RULES)
        assert set(entry["peers"]) <= set(generator.PEERS)


def test_the_readme_has_the_counts(generator: ModuleType) -> None:
    readme = (_ROOT / "README.md").read_text("utf-8")
    for peer, did in generator.counts().items():
        noticed = did["refuses"] + did["crashes"] + did["warns"]
        apply = noticed + did["silent"]
        assert f"{generator.PEERS[peer]} {noticed} of {apply}" in " ".join(readme.split())


def test_the_tables_on_pipelines_are_current(pipelines: ModuleType) -> None:
    wanted = pipelines.page()
    assert pipelines.PAGE.read_text("utf-8") == wanted, "run `python bench/peers/pipelines.py page`"
    counted = json.loads(pipelines.RESULTS.read_text("utf-8"))["lines"]["recgen"]
    assert counted == pipelines.config_lines(pipelines.CONFIG.read_text("utf-8"))


def test_each_mistake_in_a_pipeline_was_tried_and_the_right_one_passed(
    pipelines: ModuleType,
) -> None:
    said = json.loads(pipelines.RESULTS.read_text("utf-8"))["said"]
    assert said.pop("nothing") == ""
    tried = {each["what"] for each in pipelines.mistakes() if "given" in each}
    assert tried == set(said)
    assert {each["platform"] for each in pipelines.mistakes()} == {
        "makes",
        "passes",
        "refuses",
        "n/a",
    }


def test_lines_with_code_are_counted(pipelines: ModuleType) -> None:
    text = """
'''A docstring,
of two lines.'''

# A comment.
TEXT = '''two
lines'''  # and a comment


def f():
    '''Another.'''

    return (
        TEXT
    )
"""
    assert pipelines.code_lines(text) == 2 + 1 + 3
    function = "def script():\n    return 'x = 1'\n"
    assert pipelines.returned(function, "script") == "x = 1"
    assert pipelines.config_lines("# a\nname: b\n\npipeline:\n  c: 1\n") == {
        "pipeline": 2,
        "model": 1,
    }
