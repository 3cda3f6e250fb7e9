"""Rules: each code's failing example is a folder, and each explains itself."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from recgen.check import check
from recgen.findings import format_text
from recgen.local.profile import read_profile
from recgen.rules import RULES, Rule
from recgen.rules.page import Page, parse_page
from recgen.rules.registry import registered, rule

TESTS = Path(__file__).parent
BAD = TESTS / "bad"
FOLDERS = sorted(folder.name for folder in BAD.iterdir())
CONFIGS = [*TESTS.glob("cases/*/config.yaml"), *TESTS.parent.glob("examples/*/config.yaml")]
# What makes them speak is data of a million rows and more (test_rules_cost.py), or hundreds of
# findings (test_load_hostile.py).
LARGE = {"RG406", "RG408", "RG015"}
# What a few lines cannot show: a command, a file of hundreds of lines, the ninth wide feature.
NOT_SHOWN = {"RG001", "RG015", "RG405"}


def profile_of_folder():
    """Returns what the data is like, in a folder of a rule that compares with it."""
    data = next(Path().glob("data.*"), None)  # lists are in a Parquet file
    if data is None:
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
    page = rule.page
    assert page.title
    assert not page.title.endswith(".")
    assert all(paragraph.endswith(".") for paragraph in page.paragraphs)
    assert page.instead or page.remedy
    assert not page.remedy or page.remedy.endswith(".")
    if rule.code not in {"RG001", "RG002", "RG003", "RG004"}:  # theirs are not YAML, on purpose
        yaml.safe_load(page.example)
    if rule.code != "RG001":
        yaml.safe_load(page.instead)


def codes_of(text: str, experiment: dict[str, Any]) -> set[str]:
    """Returns the codes of the findings in a text: if it can be read, within an experiment."""
    Path("config.yaml").write_text(text, encoding="utf-8")
    found = {finding.code for finding in check("config.yaml").findings}
    if min(found, default="RG999") < "RG010":
        return found
    whole = merged(experiment, yaml.safe_load(text))
    return {finding.code for finding in check(whole).findings}


def merged(first: Any, second: Any) -> Any:
    """Returns the second mapping within the first one; lists are replaced."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        return second
    return {**first, **{key: merged(first.get(key), value) for key, value in second.items()}}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_an_example_breaks_its_rule_and_what_to_use_instead_does_not(
    rule, experiment, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    del experiment["data"]
    if rule.code in {"RG103", "RG104"}:  # about IDs that are not set
        missing = {"RG103": "buyer_id_column", "RG104": "product_id_column"}[rule.code]
        del experiment["features"][missing]
    if rule.code == "RG237":  # about towers that are nothing but an ID's vector
        del experiment["features"]["buyer_model_features"][1]
    if rule.code not in NOT_SHOWN and not needs_data(rule):
        assert rule.code in codes_of(rule.page.example, experiment)
    if rule.page.instead and rule.code != "RG001":
        assert rule.code not in codes_of(rule.page.instead, experiment)


def needs_data(rule: Rule) -> bool:
    """Returns whether a rule compares a config with its data."""
    parameters = [inspect.signature(check).parameters.get("profile") for check in rule.checks]
    return any(each and each.default is each.empty for each in parameters)


def test_a_code_is_registered_once():
    before = registered()
    with pytest.raises(ValueError, match="RG201 is already the code of learning_rate_collapses"):

        @rule("RG201", "error")
        def another() -> None:
            """Another rule."""

    assert registered() == before


def test_a_page_is_parsed_from_a_docstring():
    page = parse_page("""A title.

        One paragraph
        in two lines.

        And another one.

        Example:
            model:
              epochs: 1

            data: {}

        Use instead:
            model:
              epochs: 2

        Or do
        something else.
        """)
    assert page == Page(
        title="A title",
        reason="One paragraph in two lines.\n\nAnd another one.",
        example="model:\n  epochs: 1\n\ndata: {}",
        instead="model:\n  epochs: 2",
        remedy="Or do something else.",
    )


def test_a_page_needs_no_config_to_use_instead():
    page = parse_page("A title.\n\nReason.\n\nExample:\n    a: 1\n\nDo this.\n")
    assert (page.example, page.instead, page.remedy) == ("a: 1", "", "Do this.")


def test_without_docstrings_rules_work_and_pages_are_empty():
    """As Python runs with -OO."""
    assert parse_page("") == Page("", "", "", "", "")


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


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_finding_has_a_severity_that_its_page_names(folder, monkeypatch):
    monkeypatch.chdir(BAD / folder)
    for finding in check("config.yaml", profile=profile_of_folder()).findings:
        rule = RULES[finding.code]
        assert finding.allowed or finding.severity in (rule.severity, *rule.also), finding
