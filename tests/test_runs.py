"""The index of runs: what is found below a folder, and in which order."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from diagnoses import dead, healthy, run_of
from pipeline_roots import VERTEX

from recgen.analysis.indexing import Entry, entry_of, find_runs
from recgen.analysis.kinds import Judged
from recgen.cli.output.runs import filtered, ordered
from recgen.findings import RecgenError
from recgen.presets import find_preset


def test_runs_are_found_below_a_folder(tmp_path, experiment):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "config.yaml").write_text("name: no run")  # never trained
    run_of(tmp_path / "deep" / "er" / "run", healthy())
    run_of(tmp_path / "a", healthy())
    run_of(tmp_path / "a" / "inner", healthy())  # a run holds no other
    run_of(tmp_path / ".b.partial-1", healthy())  # being trained
    failed = tmp_path / "failed"
    run_of(failed, healthy(), experiment)
    (failed / "training_metrics.json").unlink()
    (failed / "trainer_module.py").write_text("")
    os.symlink(tmp_path, tmp_path / "loop")
    found = [str(path.relative_to(tmp_path)) for path in find_runs(tmp_path)]
    assert found == ["a", "deep/er/run", "failed"]


def test_a_run_directory_is_its_own_index(tmp_path):
    run_of(tmp_path / "a", healthy())
    assert list(find_runs(tmp_path / "a")) == [tmp_path / "a"]


def test_runs_of_pipelines_are_found_below_a_folder_of_roots(tmp_path):
    """Vertex AI has the project, the job, the component and the output below a root."""
    folder = tmp_path / "roots" / VERTEX["metrics"]
    folder.mkdir(parents=True)
    run_of(folder, healthy())
    assert list(find_runs(tmp_path)) == [folder]


def test_a_folder_that_is_missing_is_told(tmp_path):
    with pytest.raises(RecgenError, match="there is no folder"):
        list(find_runs(tmp_path / "runs"))


def test_a_run_has_a_line(tmp_path):
    run_of(tmp_path / "a", healthy())
    entry = entry_of(tmp_path / "a")
    assert (entry.path, entry.name, entry.verdict) == (str(tmp_path / "a"), "shop", "good")
    assert entry.judged is not None
    assert (entry.judged.name, entry.judged.baseline) == ("test recall@100 of rows", 0.15)
    assert entry.judged.own == pytest.approx(0.3, abs=0.001)
    assert entry.date == datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    plain = json.loads(json.dumps(entry.as_dict()))
    assert plain["date"] == "2026-01-31T12:00:00+00:00"
    assert (plain["measure"], plain["k"], plain["popularity"]) == ("recall@100", 100, 0.15)


def test_a_run_that_cannot_be_read_has_a_line_too(tmp_path):
    (tmp_path / "training_metrics.json").write_text("{")
    entry = entry_of(tmp_path)
    assert (entry.verdict, entry.judged, entry.name) == ("broken", None, tmp_path.name)
    assert entry.as_dict()["recall"] is None
    assert "is not JSON" in entry.summary
    assert entry.date is not None


def line(path: str, **fields: object) -> Entry:
    plain = {"name": path, "date": None, "preset": None, "judged": None}
    return Entry(**{"path": path, "verdict": "good", "summary": "", **plain, **fields})


def recall(own: float) -> Judged:
    return Judged("test", "recall@100", own, baseline=None, rows=None)


ENTRIES = [
    line("b", date=datetime(2026, 1, 2, tzinfo=timezone.utc), judged=recall(0.2)),
    line(
        "a", date=datetime(2026, 1, 3), judged=recall(0.1), preset="tutorial", verdict="bad"
    ),  # without a zone: UTC
    line("C", name="Shop", judged=recall(0.3), verdict="broken"),
    line("d", preset="cold_start", verdict="at_risk"),
]


@pytest.mark.parametrize(
    ("by", "paths"),
    [
        ("name", "abdC"),
        ("date", "abCd"),
        ("preset", "dabC"),
        ("recall", "Cbad"),
        ("verdict", "bdaC"),
    ],
)
def test_runs_are_sorted(by, paths):
    assert "".join(entry.path for entry in ordered(ENTRIES, by)) == paths


@pytest.mark.parametrize(
    ("text", "verdicts", "paths"),
    [
        (None, (), "baCd"),
        ("SHOP", (), "C"),
        ("c", (), "C"),
        (None, ("good", "bad"), "ba"),
        ("a", ("good",), ""),
    ],
)
def test_runs_are_filtered(text, verdicts, paths):
    assert "".join(entry.path for entry in filtered(ENTRIES, text, verdicts)) == paths


def test_runs_are_filtered_by_preset():
    assert [entry.path for entry in filtered(ENTRIES, presets=("tutorial",))] == ["a"]


@pytest.mark.parametrize(
    ("changed", "preset"),
    [
        ({}, "tutorial"),
        ({"epochs": 2, "seed": 9, "top_k": 7}, "tutorial"),
        ({"batch_size": 77}, None),
    ],
)
def test_a_run_has_the_preset_whose_model_it_has(tmp_path, changed, preset):
    config = yaml.safe_load(find_preset("tutorial").text)
    config["model"] |= changed
    run_of(tmp_path / "a", healthy(), config)
    assert entry_of(tmp_path / "a").preset == preset


def test_the_verdict_is_that_of_diagnose(tmp_path):
    run_of(tmp_path / "dead", dead(learning_rate=0.1))
    entry = entry_of(Path(tmp_path / "dead"))
    assert (entry.verdict, entry.summary.partition(";")[0]) == ("bad", "Gradient collapse")
