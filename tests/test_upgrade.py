"""Older configs as files: rewritten in their place, nothing lost, nothing else touched."""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from configs import experiments
from fuzzing import some
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import recgen
from recgen.cli import main
from recgen.config import SIDES, ExperimentConfig
from recgen.findings import ConfigError, RecgenError
from recgen.reading import load
from recgen.reading.yaml_writer import write_yaml
from recgen.upgrade import upgrade_file

BAD = Path(__file__).parent / "bad"

OLD = """\
# The shop's first config.
name: "old shop" # as it was
features:
  buyer_id_column: customer_id
  product_id_column: sku
  buyer_model_features:
    # who buys
    - column: customer_id
      type: string_embedding # an ID
      embedding_dim: 64
      vocab_settings:
        max_size: 100000
        min_frequency: null
    - {column: age, type: numeric}
    - column: seen_at
      type: timestamp
      cyclical: {annual: true, weekly: true}
  product_model_features:
    - {column: sku, data_type: text}
  buyer_model_crosses:
    - features: [customer_id, age]
      embedding_dim: 8
data: {split: {kind: random, seed: 7}}
"""
CHANGES = ["RG020", "RG021", "RG021", "RG024", "RG020", "RG020", "RG021", "RG022", "RG023", "RG023"]


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(OLD)
    return path


@pytest.fixture
def run(capsys):
    """Returns a function that runs a command: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code: Any = 0
        try:
            main(list(arguments))
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return call


def older_findings(path: Path) -> list[str]:
    return [f.code for f in recgen.check(path).findings if f.code.startswith("RG02")]


def test_a_file_is_rewritten_in_its_place(file, run):
    config = load(file)
    code, out, err = run("upgrade", "config.yaml")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split(": ")[1].split()[0] for line in lines[:-1]] == CHANGES
    assert lines[1] == (
        "config.yaml:10:7: RG021 features.buyer_model_features[0].embedding_dim: "
        "`embedding_dim: 64` is an older form of `transforms.embedding.embedding_dim: 64`"
    )
    assert lines[-1] == "wrote     config.yaml"
    assert load(file) == config
    assert older_findings(file) == []
    text = file.read_text()
    for comment in ("# The shop's first config.", "# as it was", "# who buys", "# an ID"):
        assert comment in text
    assert text.splitlines()[:5] == OLD.splitlines()[:5]
    assert text.splitlines()[-2:] == OLD.splitlines()[-2:]
    assert os.listdir() == ["config.yaml"]


def test_a_file_of_todays_form_is_not_touched(file, run):
    run("upgrade", "config.yaml")
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert run("upgrade", "config.yaml") == (0, "unchanged config.yaml\n", "")
    assert run("upgrade", "config.yaml", "--check") == (0, "", "")
    assert run("upgrade", "config.yaml", "--diff") == (0, "", "")
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_check_and_diff_write_nothing(file, run):
    code, out, err = run("upgrade", "config.yaml", "--check")
    assert (code, out, len(err.splitlines())) == (1, "", len(CHANGES))
    code, out, err = run("upgrade", "config.yaml", "--diff")
    assert (code, len(err.splitlines())) == (1, len(CHANGES))
    assert out.startswith("--- config.yaml\n+++ config.yaml\n")
    assert "+      data_type: text # an ID\n" in out
    assert "-      embedding_dim: 64\n" in out
    assert file.read_text() == OLD


RENAMED = """\
name: shop
features: {}
model: # of the shop
  epochs: 3 # enough

  weight_average_decay: 0.999 # over a thousand steps
  # and so on
  seed: 1
data: {split: {kind: random}}
"""


@pytest.mark.parametrize("command", [("check", "--fix", "config.yaml"), ("upgrade", "config.yaml")])
def test_a_key_is_renamed_and_all_else_stays(file, run, command):
    file.write_text(RENAMED)
    config = load(file)
    assert [f.line for f in recgen.check(file).findings if f.code == "RG026"] == [6]
    _, out, _ = run(*command)
    assert "RG026" in out
    assert file.read_text() == RENAMED.replace("weight_average_decay", "ema_decay")
    assert load(file) == config
    assert older_findings(file) == []


@pytest.mark.parametrize("command", [("check", "--fix", "config.yaml"), ("upgrade", "config.yaml")])
@pytest.mark.parametrize(("older", "today"), [("true", "validation"), ("false", "none")])
def test_what_was_a_switch_gets_its_word(file, run, command, older, today):
    text = RENAMED.replace("weight_average_decay: 0.999", f"refit: {older}")
    file.write_text(text)
    config = load(file)
    assert config.model.refit == today
    assert [f.line for f in recgen.check(file).findings if f.code == "RG027"] == [6]
    _, out, _ = run(*command)
    assert "RG027" in out
    assert file.read_text() == text.replace(f"refit: {older}", f"refit: {today}")
    assert load(file) == config
    assert older_findings(file) == []


def test_to_another_file(file, run):
    code, out, _ = run("upgrade", "config.yaml", "-o", "new.yaml")
    assert (code, out.splitlines()[-1]) == (0, "wrote     new.yaml")
    assert file.read_text() == OLD
    assert load("new.yaml") == load(file)
    assert older_findings(Path("new.yaml")) == []
    Path("new.yaml").write_text("mine")
    assert run("upgrade", "config.yaml", "-o", "new.yaml")[0] == 2
    assert Path("new.yaml").read_text() == "mine"
    assert run("upgrade", "config.yaml", "-o", "new.yaml", "--force")[0] == 0
    code, _, err = run("upgrade", "config.yaml", "-o", "new.json")
    assert (code, "would contain YAML" in err) == (2, True)


def test_json(file, run):
    data = {"features": {"buyer_model_features": [{"column": "a", "type": "numeric"}]}}
    Path("a.json").write_text(json.dumps(data, indent=2))
    config = load("a.json")
    assert run("upgrade", "a.json")[0] == 0
    assert json.loads(Path("a.json").read_text())["features"]["buyer_model_features"] == [
        {"column": "a", "data_type": "numeric"}
    ]
    assert load("a.json") == config


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (OLD.replace("type: numeric", "type: numeric, data_type: text"), "RG025"),
        (OLD.replace("embedding_dim: 64", "embedding_dim: 64\n      embedding_dim: 4"), "RG003"),
        (OLD + "\n]", "RG002"),
        ("", "RG005"),
        ("buyer_model_features:\n  - {column: a, type: numeric}\n", "RG011"),
    ],
)
def test_what_cannot_be_rewritten_is_refused(file, run, text, code):
    file.write_text(text)
    exit_code, out, err = run("upgrade", "config.yaml")
    assert (exit_code, out) == (1, "")
    assert f" error {code} " in err.replace(f"{code}:", f"{code} ")
    assert file.read_text() == text
    with pytest.raises(ConfigError):
        upgrade_file("config.yaml")


def test_other_errors_are_no_hindrance(file):
    """They are as they were, and `check` tells them."""
    file.write_text(OLD.replace("seed: 7", "sed: 7"))
    assert main(["upgrade", "config.yaml"]) is None
    assert [f.code for f in recgen.check(file).errors] == ["RG010"]
    assert older_findings(file) == []


def test_p6_an_older_form_that_stands_in_two_places_is_refused(file, run):
    """Where an alias repeats it, a change in one place would be a change in both."""
    text = OLD.replace("vocab_settings:\n", "vocab_settings: &settings\n").replace(
        "{column: sku, data_type: text}",
        "{column: sku, data_type: text, vocab_settings: *settings}",
    )
    file.write_text(text)
    code, out, err = run("upgrade", "config.yaml")
    assert (code, out) == (2, "")
    assert "cannot be rewritten in its place" in err
    assert "anchor" in err
    assert file.read_text() == text


def test_a_text_that_would_mean_something_else_is_not_written(file, monkeypatch):
    monkeypatch.setattr(sys.modules["recgen.upgrade"], "edit", lambda *_: "features: {}\n")
    with pytest.raises(RecgenError, match="would not mean the same"):
        upgrade_file(str(file))


@pytest.mark.parametrize("folder", sorted(path.name for path in BAD.glob("RG02[0-46]*")))
def test_the_examples_of_the_rules(folder, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text((BAD / folder / "config.yaml").read_text())
    errors = [(f.code, f.path) for f in recgen.check(path).errors]
    path.write_text(upgrade_file(str(path)).after)
    assert older_findings(path) == []
    assert [(f.code, f.path) for f in recgen.check(path).errors] == errors


# Today's form turned into the older ones, as far as they can say it.
WORDS = {"text": "string_embedding", "numeric": "numeric", "temporal": "timestamp"}
SETTINGS = {
    "vocab_size": "max_size",
    "oov_buckets": "oov_buckets",
    "min_frequency": "min_frequency",
}


def older_feature(feature: dict[str, Any], draw: Any) -> None:
    """Makes what is drawn of a feature older."""
    kind, transforms = feature["data_type"], feature.get("transforms") or {}
    embedding, bucketize = transforms.get("embedding") or {}, transforms.get("bucketize") or {}
    cyclical = transforms.get("cyclical")
    if "embedding_dim" in embedding and draw(st.booleans()):
        feature["embedding_dim"] = embedding.pop("embedding_dim")
    if "embedding_dim" in bucketize and draw(st.booleans()):
        feature["embedding_dim"] = bucketize.pop("embedding_dim")
    settings = {SETTINGS[key]: embedding.get(key) for key in SETTINGS if embedding.get(key)}
    if settings and draw(st.booleans()):
        feature["vocab_settings"] = settings
        for key in SETTINGS:
            embedding.pop(key, None)
    if cyclical and "yearly" in cyclical and draw(st.booleans()):
        cyclical["annual"] = cyclical.pop("yearly")
    if cyclical and draw(st.booleans()):
        feature["cyclical"] = transforms.pop("cyclical")
    if transforms in ({"embedding": {}}, {}) and feature.keys() & {"vocab_settings", "cyclical"}:
        feature.pop("transforms", None)
    if kind in WORDS and draw(st.booleans()):
        feature["type"] = WORDS[feature.pop("data_type")]


def older_members(members: list[Any], features: list[dict[str, Any]], draw: Any) -> list[Any]:
    """Makes names of the members of a cross that are as the tower's features are."""
    known: dict[str, Any] = {}
    for feature in features:
        name = feature.get("display_name") or feature["column"]
        known.setdefault(
            name, (feature["column"], feature.get("display_name"), feature["data_type"])
        )
    found = []
    for member in members:
        name = member.get("display_name") or member["column"]
        said = (member["column"], member.get("display_name"), member.get("type", "text"))
        alike = known.get(name) == said and said[1] != ""  # "" is no alias, and not said again
        plain = alike and not member.get("crossing_buckets")
        found.append(name if plain and draw(st.booleans()) else member)
    return found


def made_older(experiment: dict[str, Any], draw: Any) -> dict[str, Any]:
    experiment = copy.deepcopy(experiment)
    features = experiment["features"]
    for side in SIDES:
        own = features.get(f"{side}_model_features") or []
        for cross in features.get(f"{side}_model_crosses") or []:
            cross["features"] = older_members(cross["features"], own, draw)
    for side in SIDES:
        for feature in features.get(f"{side}_model_features") or []:
            older_feature(feature, draw)
    return experiment


@settings(
    some(30, 100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(experiments(), st.data())
def test_an_upgraded_config_is_the_older_one(tmp_path, experiment, data):
    try:
        now = ExperimentConfig.model_validate(experiment)
    except ValidationError:
        assume(False)
    older = made_older(experiment, data.draw)
    assert load(older) == now
    is_json = data.draw(st.booleans())
    path = tmp_path / ("config.json" if is_json else "config.yaml")
    path.write_text(json.dumps(older) if is_json else write_yaml(older), encoding="utf-8")
    done = upgrade_file(str(path))
    assert bool(done.changes) == (older != experiment)
    path.write_text(done.after, encoding="utf-8")
    assert load(path) == now
    assert older_findings(path) == []
