"""Comments that ignore findings: what they hold for, and that nothing else is one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from generated import MODULES

import recgen
from recgen.check import check, check_text, left_out
from recgen.findings import Finding, RecgenError, Report
from recgen.rules import RULES

WHY = "it is on purpose"
CONFIG = """\
name: shop
features:
  buyer_id_column: customer_id
  product_id_column: sku
  buyer_model_features:
    - {column: customer_id, data_type: text}
    - column: age
      data_type: numeric
      is_primary_id: true
      transforms: {normalize: {}}
  product_model_features:
    - {column: sku, data_type: text}
model:
  gradient_clip_norm: 1.0
data:
  split:
    kind: random
"""
DEEP = """\
model:
  learning_rate: 0.1
  buyer_tower_layers:
    - {type: dense, units: 256}
    - {type: dense, units: 128}
    - {type: dense, units: 64, activation: linear}
"""


@dataclass
class Checked:
    """What is left and what is ignored, by code."""

    left: list[str]
    ignored: dict[str, str | None]
    report: Report


@pytest.fixture
def checked(tmp_path):
    """Returns a function that checks the config with some of its lines replaced."""

    def call(changes: dict[str, str], text: str = CONFIG, **options: Any) -> Checked:
        for line, replacement in changes.items():
            assert f"{line}\n" in text
            text = text.replace(f"{line}\n", f"{replacement}\n", 1)
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        report = check(path, **options)
        left = [finding.code for finding in report.findings]
        return Checked(left, {each.code: each.ignored for each in report.ignored}, report)

    return call


def test_the_config_without_comments(checked):
    """What the other tests ignore: RG112 about a feature, RG301 about the split."""
    found = checked({})
    assert found.left == ["RG112", "RG301"]
    assert [finding.line for finding in found.report.findings] == [9, 17]
    assert found.report.ignored == ()


@pytest.mark.parametrize(
    ("line", "replacement"),
    [
        # At the end of a line: the entry that begins there, and all below it.
        ("    kind: random", f"    kind: random  # recgen: ignore RG301: {WHY}"),
        ("  split:", f"  split:  # recgen: ignore RG301: {WHY}"),
        ("data:", f"data: # recgen: ignore RG301: {WHY}"),
        ("    kind: random", f"    kind: random\t#recgen:ignore RG301 : {WHY}"),
        # On a line of its own: the next entry.
        ("    kind: random", f"    # recgen: ignore RG301: {WHY}\n    kind: random"),
        ("    kind: random", f"# recgen: ignore RG301: {WHY}\n    kind: random"),
        ("  split:", f"  # recgen: ignore RG301: {WHY}\n\n  # More.\n  split:"),
        ("data:", f"# recgen: ignore RG301: {WHY}\ndata:"),
        # Above the first key: the whole file.
        ("name: shop", f"# Shop.\n\n# recgen: ignore RG301: {WHY}\n\nname: shop"),
        ("name: shop", f"---\n# recgen: ignore RG301: {WHY}\nname: shop"),
        # After values of all forms.
        ("name: shop", f"# recgen: ignore RG301: {WHY}\nname: |\n  shop"),
    ],
)
def test_where_a_comment_holds(checked, line, replacement):
    found = checked({line: replacement})
    assert found.left == ["RG112"]
    assert found.ignored == {"RG301": WHY}


@pytest.mark.parametrize(
    ("line", "replacement"),
    [
        ("name: shop", f"name: shop  # recgen: ignore RG301: {WHY}"),
        ("name: shop", f"name: shop\n# recgen: ignore RG301: {WHY}"),  # the next entry: features
        ("  split:", f"  # recgen: ignore RG301: {WHY}\n  source: a.csv\n  split:"),
        ("    kind: random", f"    kind: random\n# recgen: ignore RG301: {WHY}"),
        ("model:", f"model:  # recgen: ignore RG301: {WHY}"),
    ],
)
def test_where_it_does_not(checked, line, replacement):
    found = checked({line: replacement})
    assert sorted(found.left) == ["RG007", "RG112", "RG301"]
    assert found.ignored == {}


def test_a_feature_and_all_of_it(checked):
    entry = f"    - column: age  # recgen: ignore RG112: {WHY}"
    assert checked({"    - column: age": entry}).ignored == {"RG112": WHY}
    above = f"    # recgen: ignore RG112: {WHY}\n    - column: age"
    assert checked({"    - column: age": above}).ignored == {"RG112": WHY}
    other = f"    - {{column: customer_id, data_type: text}} # recgen: ignore RG112: {WHY}"
    found = checked({"    - {column: customer_id, data_type: text}": other})
    assert sorted(found.left) == ["RG007", "RG112", "RG301"]


def test_several_codes_and_several_comments(checked):
    both = f"# recgen: ignore RG112, RG301: {WHY}\nname: shop"
    assert checked({"name: shop": both}).ignored == {"RG112": WHY, "RG301": WHY}
    two = {
        "name: shop": both,
        "    kind: random": "    kind: random # recgen: ignore RG301: nearer",
    }
    assert checked(two).ignored == {"RG112": WHY, "RG301": "nearer"}
    assert checked(two).left == []


@pytest.mark.parametrize(
    "value",
    [
        f'"x # recgen: ignore RG301: {WHY}"',
        f"'x # recgen: ignore RG301: {WHY}'",
        f"|\n  # recgen: ignore RG301: {WHY}\n  shop",
        f">-\n  shop\n  # recgen: ignore RG301: {WHY}",
        f'"x\n  # recgen: ignore RG301: {WHY}"',
        f'&name "x # recgen: ignore RG301: {WHY}"',
        f"x# recgen:ignore RG301:{WHY}",
    ],
)
def test_what_stands_inside_a_text_is_no_comment(checked, value):
    found = checked({"name: shop": f"name: {value}"})
    assert found.left == ["RG112", "RG301"]


@pytest.mark.parametrize("header", ["|", ">-", "&text |+2"])
def test_after_the_header_of_a_block_a_comment_is_one(checked, header):
    text = f"name: {header}  # recgen: ignore RG014: {WHY}\n  # recgen: ignore RG301: {WHY}\n  x"
    found = checked({"name: shop": text})
    assert sorted(found.left) == ["RG008", "RG112", "RG301"]


def test_a_key_may_look_like_a_comment(checked):
    key = '"a # recgen: ignore RG301: x": DATE'
    found = checked({"data:": f"data:\n  column_types:\n    {key}"})
    assert "RG301" in found.left


def test_json_has_no_comments(tmp_path, experiment):
    experiment["data"]["split"] = {"kind": "random"}
    experiment["name"] = "x # recgen: ignore RG301: y"
    for name in ("config.json", "config.yaml"):
        path = tmp_path / name
        path.write_text(json.dumps(experiment, indent=2))
        assert [finding.code for finding in check(path).findings] == ["RG301"]
    assert [finding.code for finding in check(experiment).findings] == ["RG301"]


def test_line_ends_and_marks_of_other_systems(checked):
    text = CONFIG.replace("kind: random", f"kind: random # recgen: ignore RG301: {WHY}")
    for changed in (text.replace("\n", "\r\n"), f"\ufeff{text}", text.replace("\n", "\r")):
        found = checked({}, changed)
        assert (found.left, found.ignored) == (["RG112"], {"RG301": WHY})


# comments that do not work


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("RG301", "the comment gives no reason"),
        ("RG301:", "the comment gives no reason"),
        ("RG301 the split is random", "the comment gives no reason"),
        ("", "the comment gives no code"),
        (": why not", "the comment gives no code"),
    ],
)
def test_rg006_a_comment_without_code_or_reason(checked, comment, message):
    found = checked({"    kind: random": f"    kind: random  # recgen: ignore {comment}"})
    assert sorted(found.left) == ["RG006", "RG112", "RG301"]
    (finding,) = [each for each in found.report.findings if each.code == "RG006"]
    assert finding.message.startswith(message)
    assert (finding.line, finding.column) == (17, 19)
    assert finding.severity == "warning"


def test_rg007_a_comment_that_ignores_nothing(checked):
    comments = f"# recgen: ignore RG999, RG202, RG301: {WHY}\nname: shop"
    found = checked({"name: shop": comments})
    unused = [each for each in found.report.findings if each.code == "RG007"]
    assert [each.message for each in unused] == [
        "there is no rule 'RG999'",
        "nothing here breaks RG202, so the comment ignores nothing",
    ]
    assert found.ignored == {"RG301": WHY}


def test_rules_that_could_not_look_are_not_missed(checked):
    """With a model that is wrong nobody knows whether RG202 is broken; without data, RG5xx."""
    comment = f"# recgen: ignore RG202: {WHY}\nname: shop"
    broken = {"name: shop": comment, "  gradient_clip_norm: 1.0": "  epochs: 0"}
    assert sorted(checked(broken).left) == ["RG013", "RG112", "RG301"]


def test_rg008_an_error_that_cannot_be_ignored(checked):
    line = "  epochs: 0  # recgen: ignore RG013: later"
    found = checked({"  gradient_clip_norm: 1.0": line})
    assert sorted(found.left) == ["RG008", "RG013", "RG112", "RG301"]
    assert not found.report.ok


def test_an_error_of_the_outcome_becomes_a_warning(checked, tmp_path):
    """As with `--allow`: it stays in sight, and rendering works."""
    deep = {"model:\n  gradient_clip_norm: 1.0": DEEP.rstrip()}
    assert not checked(deep).report.ok
    deep["name: shop"] = f"# recgen: ignore RG201: {WHY}\nname: shop"
    found = checked(deep)
    assert found.report.ok
    (finding,) = [each for each in found.report.findings if each.code == "RG201"]
    assert (finding.severity, finding.allowed, finding.ignored) == ("warning", True, WHY)
    assert found.report.warning_dicts()[0]["type"] == "RG112"
    assert f"  allowed in the config: {WHY}\n" in recgen.findings.format_text(found.report)
    path = tmp_path / "config.yaml"
    assert recgen.load(path).model.learning_rate == 0.1
    assert set(recgen.render(path)) == MODULES


def test_ignored_findings_are_counted(checked):
    found = checked({"name: shop": f"# recgen: ignore RG112, RG301: {WHY}\nname: shop"})
    assert found.report.summary() == "no findings, 2 ignored"
    found = checked({"name: shop": f"# recgen: ignore RG112: {WHY}\nname: shop"})
    assert found.report.summary() == "1 warning, 1 ignored"


def test_only_text_has_comments(experiment):
    experiment["features"]["description"] = "# recgen: ignore RG301: x"
    experiment["data"]["split"] = {"kind": "random"}
    assert [each.code for each in check(SimpleNamespace(**experiment)).findings] == ["RG301"]


# --select and --ignore


def test_a_selection_leaves_out_what_can_be_ignored():
    assert left_out([], []) == frozenset()
    dropped = left_out(["RG3"], [])
    assert {"RG202", "RG112", "RG201"} <= dropped
    assert not {"RG301", "RG303"} & dropped
    assert not {code for code in dropped if RULES[code].severity == "error"} - {
        code for code, rule in RULES.items() if rule.allowable
    }
    assert left_out([], ["RG301", "RG112"]) == {"RG301", "RG112"}
    assert left_out(["RG3"], ["RG301"]) == dropped | {"RG301"}
    assert "RG205" not in left_out([], ["RG2"])  # an error that no render survives


@pytest.mark.parametrize(
    ("select", "ignore", "message"),
    [
        (["RG9"], ["RG101"], "RG101 cannot be allowed"),
        (["XY"], [], "no rule 'XY'"),
        ([], ["RG2O1"], "no rule 'RG2O1'"),
        ([""], [], "no rule ''"),
    ],
)
def test_a_selection_that_makes_no_sense(select, ignore, message):
    with pytest.raises(RecgenError, match=message) as caught:
        left_out(select, ignore)
    assert caught.value.help


def test_a_report_without_codes():
    one, two = Finding("RG1", "error", "a", "x"), Finding("RG2", "info", "b", "y")
    report = Report((one, two), ignored=(two,)).without({"RG2"})
    assert (report.findings, report.ignored) == ((one,), ())


def test_an_alias_stands_where_it_is_written(checked):
    text = CONFIG.replace("kind: random", "kind: *kind").replace("name: shop", "name: &kind random")
    comment = f"*kind  # recgen: ignore RG301: {WHY}"
    assert checked({}, text.replace("*kind", comment)).ignored == {"RG301": WHY}
    both = text.replace("{normalize: {}}", "&t {normalize: {}}").replace(
        "data:", f"description: *kind  # recgen: ignore RG301: {WHY}\ndata:"
    )
    assert sorted(checked({}, both).left) == ["RG007", "RG112", "RG301"]


def test_thousands_of_comments_take_no_time(checked):
    """Also memory: a code that is repeated counts once, and unknown ones are one finding."""
    keys = "".join(f"  key{i}: 1  # recgen: ignore RG010: {i}\n" for i in range(5000))
    start = time.process_time()
    found = checked({}, f"name: x\nmodel:\n{keys}")
    assert {"RG008", "RG010"} <= set(found.left)
    codes = ",".join(f"X{i}" for i in range(50_000))
    found = checked({"name: shop": f"# recgen: ignore {codes}, RG301, RG301: {WHY}\nname: shop"})
    assert time.process_time() - start < 5
    assert sorted(found.left) == ["RG007", "RG112"]
    assert found.report.findings[0].message == "there is no rule 'X0', nor any of 49999 more"


@pytest.mark.parametrize("text", ["{} # recgen: ignore RG301: x", "# recgen: ignore RG301: x"])
def test_a_text_without_entries(text):
    assert {each.code for each in check_text(text, "yaml").findings} == {"RG005"}
