"""Rules: each code's failing example is a folder, and each explains itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from recgen.check import check
from recgen.findings import format_text
from recgen.local.profile import read_profile
from recgen.rules import RULES

TESTS = Path(__file__).parent
BAD = TESTS / "bad"
FOLDERS = sorted(folder.name for folder in BAD.iterdir())
CONFIGS = [*TESTS.glob("cases/*/config.yaml"), *TESTS.parent.glob("examples/*/config.yaml")]
# What makes them speak is data of a million rows and more (test_rules_cost.py), or hundreds of
# findings (test_load_hostile.py).
LARGE = {"RG406", "RG408", "RG015"}


def profile_of_folder():
    """Returns what data.csv is like, in a folder of a rule that compares with data."""
    data = Path("data.csv")
    if not data.exists():
        return None
    pytest.importorskip("pyarrow", reason="needs the extra `data`")
    return read_profile(data)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_bad_config_gets_the_expected_findings(folder, monkeypatch):
    """P14 to P27 as far as a config shows them: see the folders' names."""
    monkeypatch.chdir(BAD / folder)
    report = check("config.yaml", profile=profile_of_folder())
    assert format_text(report) == Path("expected.txt").read_text(encoding="utf-8")
    assert folder[:5] in {finding.code for finding in report.findings}


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_failing_example(code):
    assert any(folder.startswith(f"{code}_") for folder in FOLDERS) != (code in LARGE)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_every_rule_explains_itself(rule):
    assert all([rule.title, rule.reason.endswith("."), rule.remedy.endswith(".")])
    if rule.code not in {"RG001", "RG002", "RG003", "RG004"}:  # theirs are no YAML, on purpose
        yaml.safe_load(rule.example)


def test_codes_of_findings_are_registered():
    found = {
        code
        for folder in FOLDERS
        for code in re.findall(
            r"^\S+: (?:error|warning|info) (RG\d+)",
            (BAD / folder / "expected.txt").read_text("utf-8"),
            re.MULTILINE,
        )
    }
    assert found == RULES.keys() - LARGE


def test_there_are_rules_enough():
    assert len(RULES) >= 60
    assert {code[2] for code in RULES} == set("012345")


def test_every_pitfall_that_a_config_shows_is_named_by_a_test():
    """P14 to P27 are of configs; of training, those that a setting brings about."""
    wanted = {*range(14, 28), 42, 43, 46, 49, *range(54, 59), 67, 78}
    texts = [path.read_text("utf-8") for path in TESTS.glob("test_*.py")]
    named = {int(number) for text in texts for number in re.findall(r"(?:\bP|_p)(\d+)", text)}
    assert wanted <= named


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.parent.name)
def test_what_is_rendered_as_an_example_has_no_errors(config):
    report = check(config)
    assert report.ok
    if config.parent.parent.name == "examples":
        assert report.findings == ()
