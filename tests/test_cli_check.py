"""The command check: findings, their fixes, exit codes, and that nothing is written by mistake."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from commands import ALLOW, BAD, COLLAPSING, save

import recgen
from recgen.cli.fixes import describe
from recgen.findings import Finding, Fix

pytest_plugins = ["running"]


def test_check_of_a_good_config(run, config):
    assert run("check", "config.yaml") == (0, "config.yaml: no findings\n", "")


def test_check_of_several_configs(run, config, experiment):
    save(Path("bad.yaml"), {**experiment, "model": {"epochs": 0, "top_k": 0}})
    code, out, err = run("check", "config.yaml", "bad.yaml", "missing.yaml")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "config.yaml: no findings"
    assert lines[1].startswith("bad.yaml:1:")
    assert " error RG013 model.epochs: " in lines[1]
    assert lines[2].startswith("    1 | ")
    assert lines[3].endswith("^")
    assert lines[4].startswith("  help: ")
    assert "bad.yaml: 2 errors" in lines
    assert "missing.yaml: error RG001: there is no file 'missing.yaml'" in lines
    assert lines[-1] == "missing.yaml: 1 error"


def test_check_as_json(run, config, experiment):
    save(Path("bad.yaml"), {**experiment, "name": 5})
    code, out, err = run("check", "config.yaml", "bad.yaml", "--format", "json")
    good, bad = json.loads(out)
    assert (code, err) == (1, "")
    assert good == {"source": "config.yaml", "ok": True, "findings": [], "ignored": []}
    assert (bad["ok"], bad["findings"][0]["code"], bad["findings"][0]["line"]) == (
        False,
        "RG012",
        1,
    )


@pytest.fixture
def misspelled(folder, experiment):
    """A file with a safe and an unsafe fix, a comment, a warning and a byte order mark."""
    path = folder / "experiment.yaml"
    path.write_bytes(MISSPELLED.encode("utf-8-sig"))
    return path


MISSPELLED = """\
# Ours.
features:
  buyer_id_column: customer_id
  product_id_column: sku
  buyer_model_features:
    - {column: customer_id, data_type: text}
  product_model_features:
    - {column: sku, data_type: text}
model:
  learning_rte: 0.05  # as measured
  optimizer: adagard
  clip_outliers: true
data:
  split: {kind: random}
"""


def test_check_selects_and_ignores(run, misspelled):
    def codes(*options: str) -> list[str]:
        code, out, _ = run("check", misspelled, "--format", "json", *options)
        assert code == 1
        return [finding["code"] for finding in json.loads(out)[0]["findings"]]

    assert codes() == ["RG010", "RG013", "RG010", "RG301"]
    assert codes("--ignore", "RG2, RG301") == ["RG010", "RG013", "RG010"]
    assert codes("--select", "RG2", "--select", "RG3") == codes()  # errors stay
    assert codes("--select", "RG2") == ["RG010", "RG013", "RG010"]
    code, out, err = run("check", misspelled, "--ignore", "RG010")
    assert (code, out, "RG010 cannot be allowed" in err) == (2, "", True)


def test_check_counts_what_can_be_fixed(run, misspelled):
    _, out, _ = run("check", misspelled)
    assert out.splitlines()[-1] == (
        f"{misspelled}: 3 errors, 1 warning; 2 fixable with --fix, 1 more with --unsafe-fixes"
    )


def test_check_in_machines_formats(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--format", "sarif")
    assert (code, err, len(json.loads(out)["runs"][0]["results"])) == (1, "", 4)
    code, out, err = run("check", "experiment.yaml", "--format", "github")
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith("::error file=experiment.yaml,line=10,endLine=10,col=3,")


def test_allowed_errors_are_warnings(run, folder, experiment):
    save(Path("deep.yaml"), {**experiment, "model": COLLAPSING})
    assert run("check", "deep.yaml")[0] == 1
    code, out, _ = run("check", "deep.yaml", *ALLOW, "--allow", "RG203")
    assert code == 0
    assert " warning RG201 " in out


def test_unknown_codes_and_formats_are_usage_errors(run, config):
    code, out, err = run("check", "config.yaml", "--allow", "RG20")
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no rule 'RG20'\n  help: Codes look like RG201")
    code, _, err = run("check", "config.yaml", "--format", "xml")
    assert code == 2
    assert "xml" in err


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize("name", BAD)
def test_files_that_are_no_configs(run, name):
    for command in ("check", "render", "train"):
        code, out, err = run(command, name)
        assert code == 1
        text = out if command == "check" else err
        assert BAD[name] in text
        assert len(text.splitlines()) <= 5
        assert (out == "") == (command != "check")


def test_fix_mends_what_is_safe(run, misspelled):
    """Comments, order and the mark at the beginning of the file stay."""
    misspelled.chmod(0o640)
    code, out, err = run("check", "experiment.yaml", "--fix")
    assert (code, err) == (1, "")
    fixed = MISSPELLED.replace("learning_rte", "learning_rate").replace("adagard", "adagrad")
    assert misspelled.read_bytes() == fixed.encode("utf-8-sig")
    assert misspelled.stat().st_mode & 0o777 == 0o640
    lines = out.splitlines()
    assert lines[:2] == [
        "experiment.yaml:10:3: fixed RG010 model.learning_rte: renamed to 'learning_rate'",
        "experiment.yaml:11:3: fixed RG013 model.optimizer: set to 'adagrad'",
    ]
    assert lines[2].startswith("experiment.yaml:12:3: error RG010 model.clip_outliers: ")
    assert lines[-1] == ("experiment.yaml: 1 error, 1 warning; 1 fixable with --fix --unsafe-fixes")
    assert [path.name for path in misspelled.parent.iterdir()] == ["experiment.yaml"]


def test_unsafe_fixes_are_asked_for(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--unsafe-fixes")
    assert (code, out, "add --fix" in err) == (2, "", True)
    code, out, _ = run("check", "experiment.yaml", "--fix", "--unsafe-fixes")
    assert code == 0
    assert "fixed RG010 model.clip_outliers: removed" in out
    assert "clip_outliers" not in misspelled.read_text()
    assert run("check", "experiment.yaml", "--fix")[1].startswith("experiment.yaml:13:11: warning")


@pytest.mark.parametrize("text", ['{"services": 1}', "services: 1\n", '{"\\u0001\\u009f": 1}'])
def test_no_fix_empties_a_file(run, text):
    """It is another file than was meant, and removing all that is unknown would lose it."""
    path = Path("compose.json" if text.startswith("{") else "compose.yaml")
    path.write_text(text)
    code, out, _ = run("check", str(path), "--fix", "--unsafe-fixes")
    assert code == 1
    assert "unknown key" in out
    assert path.read_text() == text


def test_fixes_of_selected_findings_only(run, misspelled):
    """What is not shown is not fixed."""
    text = (
        MISSPELLED.replace("_rte", "_rate")
        .replace("adagard", "adagrad")
        .replace("  clip_outliers: true\n", "")
    )
    misspelled.write_text(text.replace("features:\n", "features:\n  target_column: price\n", 1))
    before = misspelled.read_text()
    assert run("check", "experiment.yaml", "--fix", "--ignore", "RG112")[0] == 0
    assert misspelled.read_text() == before
    assert run("check", "experiment.yaml", "--fix", "--select", "RG112")[0] == 0
    assert misspelled.read_text() == text


def test_fixes_are_shown_before_they_are_made(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--diff")
    assert (code, err) == (1, "experiment.yaml: 2 fixable\n")
    assert out.startswith("--- experiment.yaml\n+++ experiment.yaml\n@@ ")
    assert "-  learning_rte: 0.05  # as measured\n+  learning_rate: 0.05  # as measured\n" in (
        out.replace("-  optimizer: adagard\n", "")
    )
    assert misspelled.read_bytes() == MISSPELLED.encode("utf-8-sig")
    run("check", "experiment.yaml", "--fix")
    assert run("check", "experiment.yaml", "--diff") == (0, "", "")


def test_fixes_in_machines_formats_are_told_on_stderr(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--fix", "--format", "json")
    assert (code, err.count("fixed RG")) == (1, 2)
    assert [finding["code"] for finding in json.loads(out)[0]["findings"]] == ["RG010", "RG301"]


def test_several_files_are_fixed(run, misspelled, experiment, config):
    save(Path("b.json"), {**experiment, "model": {"epoch": 3}})
    code, out, err = run("check", "experiment.yaml", "config.yaml", "b.json", "--fix")
    assert (code, err, out.count("fixed RG")) == (1, "", 3)
    assert json.loads(Path("b.json").read_text())["model"] == {"epochs": 3}
    assert "b.json: no findings" in out.splitlines()


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_not_fixed(run, name):
    path = Path(name)
    before = path.read_bytes() if path.is_file() else None
    code, out, _ = run("check", name, "--fix", "--unsafe-fixes")
    assert (code, "fixed" in out, BAD[name] in out) == (1, False, True)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_link_to_a_config_stays_a_link(run, misspelled):
    link = Path("link.yaml")
    link.symlink_to("experiment.yaml")
    run("check", "link.yaml", "--fix")
    assert link.is_symlink()
    assert "learning_rate" in misspelled.read_text()


def test_a_config_that_changes_while_it_is_fixed(run, misspelled, monkeypatch):
    real = recgen.check

    def check(source, **options):
        report = real(source, **options)
        Path(source).write_text("name: mine\n")
        return report

    monkeypatch.setattr(recgen, "check", check)
    code, _, err = run("check", "experiment.yaml", "--fix")
    assert (code, "changed while it was being checked" in err) == (2, True)
    assert misspelled.read_text() == "name: mine\n"


def test_a_config_that_cannot_be_written(run, misspelled, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("check", "experiment.yaml", "--fix")
    assert (code, "No space left on device" in err) == (2, True)
    assert misspelled.read_bytes() == MISSPELLED.encode("utf-8-sig")
    assert [path.name for path in misspelled.parent.iterdir()] == ["experiment.yaml"]


def test_what_a_fix_of_several_steps_did():
    fix = Fix(("a", "b"), "set", 8, safe=True, then=(Fix(("c",), "remove"),))
    finding = Finding("RG021", "info", "c", "m", fix=fix)
    assert describe(finding) == "set to 8, c removed"


def test_fixing_comes_to_an_end(run, misspelled, monkeypatch):
    """Even if each fix made room for the next one."""
    rounds = []

    def fixed(text: str, findings: Any, kind: str, unsafe: bool) -> Any:
        rounds.append((kind, unsafe))
        return text.replace("learning_rte", "learning_rtee"), findings[:1]

    monkeypatch.setattr("recgen.cli.fixes.fixed", fixed)
    assert run("check", "experiment.yaml", "--fix")[0] == 1
    assert rounds == [("yaml", False)] * 10


def test_check_compares_with_data(run, folder, experiment):
    pytest.importorskip("pyarrow", reason="needs the extra `data`")
    save(Path("config.yaml"), experiment)
    Path("d.csv").write_text("customer_id,age,bought_at\n" + "a,5,2024-01-01\n" * 9)
    code, out, err = run("check", "config.yaml", "--data", "d.csv", "--select", "RG501")
    assert (code, err) == (1, "")
    assert "'sku'" in out
    code, _, err = run("check", "config.yaml", "--data", "none.csv")
    assert (code, "none.csv" in err) == (2, True)
