"""The command breaking: formats, exit codes, sources, and its page."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from breaking_changes import BASE

import recgen
from recgen.changes import CODES
from recgen.changes.page import breaking_page
from recgen.findings import RecgenError
from recgen.plan.levels import LEVELS, digests_of
from recgen.plan.transform import plan_transform

pytest_plugins = ["running"]
DOCS = Path(__file__).parents[1] / "docs"


def save(name: str, config: Any) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return name


@pytest.fixture
def pair(folder: Path) -> tuple[str, str]:
    """Returns two files: one more column of the buyer, and a harmless change."""
    changed = copy.deepcopy(BASE)
    changed["features"]["buyer_model_features"].insert(1, {"column": "zip", "data_type": "text"})
    changed["model"]["epochs"] = 5
    return save("old.yaml", BASE), save("new.yaml", changed)


def test_text_has_both_places(run, pair) -> None:
    code, out, err = run("breaking", *pair)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("new.yaml:6:5: warning RB101 features.buyer_model_features[1]: ")
    assert "requests need 'zip' (string)" in lines[0]
    assert lines[3] == "  before: old.yaml:3:3 features.buyer_model_features"
    assert lines[4].startswith("  help: ")
    assert any(": info RB001 model.epochs: 2 is now 5" in line for line in lines)
    assert lines[-1] == (
        "old.yaml to new.yaml: client: 1 warning; weights: 1 warning; transform: 1 warning; "
        "1 harmless change"
    )


def test_what_is_deployed_is_an_error(run, pair) -> None:
    code, out, _ = run("breaking", *pair, "--deployed")
    assert code == 1
    assert ": error RB101 " in out
    assert run("breaking", pair[0], pair[0], "--deployed") == (
        0,
        "old.yaml to old.yaml: no difference\n",
        "",
    )


def test_json_has_levels_and_places(run, pair) -> None:
    code, out, _ = run("breaking", *pair, "--deployed", "--format", "json")
    found = json.loads(out)
    assert (code, found["ok"], found["old"], found["new"]) == (1, False, *pair)
    assert found["levels"] == ["client", "weights", "transform"]
    first = found["differences"][0]
    assert (first["code"], first["level"], first["severity"]) == ("RB101", "client", "error")
    assert first["old"]["line"] == 3
    assert first["new"]["path"] == "features.buyer_model_features[1]"


def test_sarif_and_github_annotate_the_new_config(run, pair) -> None:
    _, out, _ = run("breaking", *pair, "--format", "sarif")
    (log,) = json.loads(out)["runs"]
    assert [rule["id"] for rule in log["tool"]["driver"]["rules"]] == list(CODES)
    first = log["results"][0]
    assert log["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "RB101"
    places = [first["locations"][0], first["relatedLocations"][0]]
    uris = [each["physicalLocation"]["artifactLocation"]["uri"] for each in places]
    assert uris == ["new.yaml", "old.yaml"]
    _, out, _ = run("breaking", *pair, "--format", "github")
    assert out.startswith("::warning file=new.yaml,line=6,")
    assert "%0Abefore: old.yaml:3:3%0A" in out


def test_a_run_and_a_revision_of_git_can_be_named(run, pair) -> None:
    save("runs/a/config.yaml", BASE)
    assert run("breaking", "runs/a", pair[0])[0] == 0
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *command], check=True)
    save("old.yaml", {**BASE, "name": "other"})
    code, out, _ = run("breaking", "git:HEAD:old.yaml", "old.yaml")
    assert code == 0
    assert "before: git:HEAD:old.yaml:1:1 name" in out
    assert "git:HEAD:old.yaml to old.yaml: 1 harmless change" in out
    _, out, _ = run("breaking", "old.yaml", "git:HEAD:old.yaml", "--format", "github")
    assert out.startswith("::notice file=old.yaml,")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("git:HEAD", "names no file"),
        ("git:--output=x:a.yaml", "names no file"),
        ("git:HEAD:nowhere.yaml", "git has no HEAD:nowhere.yaml"),
        (".", "holds no config.yaml"),
    ],
)
def test_what_cannot_be_named_is_said(run, pair, given: str, words: str) -> None:
    code, out, err = run("breaking", given, pair[1])
    assert (code, out) == (2, "")
    assert words in err


def test_errors_of_a_config_are_shown(run, pair) -> None:
    save("bad.yaml", {**BASE, "model": {"epochs": 0}})
    code, out, err = run("breaking", pair[0], "bad.yaml")
    assert (code, out) == (1, "")
    assert "error RG013 model.epochs" in err


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_explained(run, code: str) -> None:
    status, out, err = run("explain", code)
    assert (status, err) == (0, "")
    assert out.startswith(f"{code} {CODES[code].title} ({CODES[code].levels})\n")
    assert max(map(len, out.splitlines())) <= 100


def test_unknown_codes_are_said(run) -> None:
    assert run("explain", "RB999")[0] == 2
    assert all(f"{code} " in run("explain", "RB")[1] for code in ("RB001", "RB404"))


def test_the_page_is_current() -> None:
    assert (DOCS / "breaking.md").read_text("utf-8") == breaking_page(), "run `make docs`"


def test_modules_have_a_digest_for_each_level() -> None:
    """A digest changes exactly if something at its level does."""
    config = recgen.load(BASE)
    text = recgen.render(config)["trainer_module.py"]
    digests = digests_of(config, plan_transform(config))
    assert list(digests) == list(LEVELS)
    for level, digest in digests.items():
        assert f"#   {level} {digest}\n" in text
        assert f'"{level}": "{digest}",\n' in text
    moved = {**BASE, "data": {**BASE["data"], "source": "elsewhere.csv"}}
    assert recgen.render(moved)["trainer_module.py"] == text
    for changes, expected in (({"top_k": 9}, {"client"}), ({"optimizer": "adam"}, {"weights"})):
        other = recgen.load({**BASE, "model": {**BASE["model"], **changes}})
        found = digests_of(other, plan_transform(other))
        assert {level for level in LEVELS if found[level] != digests[level]} == expected


def test_in_python_a_mapping_is_enough() -> None:
    assert recgen.breaking(BASE, recgen.load(BASE)).differences == ()
    with pytest.raises(RecgenError):
        recgen.breaking("nowhere.yaml", BASE)
