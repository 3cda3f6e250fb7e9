"""The gate: a training beside stored figures, what is stored, and the command. No training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

pytest.importorskip("numpy", reason="needs the extra `data`")
pytest.importorskip("pyarrow", reason="needs the extra `data`")

from hypothesis import given
from hypothesis import strategies as st
from metrics_data import metrics_data
from run_folders import make_run

from bench import gate
from bench.expectations import (
    VIEWS,
    Outcome,
    as_json,
    compare,
    from_json,
    table,
    tolerance,
)
from bench.store import digest
from recgen.presets import NAMES

_SHARES = st.floats(0.01, 0.99)


def _outcome(seed: int, recall: float, **changes: Any) -> Outcome:
    return replace(Outcome(seed, "good", dict.fromkeys(VIEWS, recall)), **changes)


_SEEDS = [_outcome(1, 0.30), _outcome(2, 0.31), _outcome(3, 0.29)]


_TRAININGS = {name: {"trainings": as_json(_SEEDS)} for name in NAMES}


def _problems(found: Outcome) -> list[str]:
    return [row.problem for row in compare("shop", _SEEDS, found) if row.problem]


@pytest.mark.skipif(not gate.FILE.exists(), reason="nothing is stored: `bench.gate --update`")
def test_every_preset_is_expected_to_train_on_a_small_shop(tmp_path: Path) -> None:
    stored = json.loads(gate.FILE.read_text("utf-8"))
    assert stored["data"] == digest(gate.write_data(tmp_path))
    assert set(stored["presets"]) == set(NAMES)
    for name in NAMES:
        outcomes = from_json(stored["presets"][name]["trainings"])
        assert len(outcomes) >= 2
        for each in outcomes:
            assert each.verdict in ("good", "at_risk"), name
            assert not [row for row in compare(name, outcomes, each) if row.problem]


@pytest.mark.parametrize("view", VIEWS)
def test_a_training_that_is_worse_in_one_view_is_found(view: str) -> None:
    worse = replace(_SEEDS[0], recall={**_SEEDS[0].recall, view: 0.0})
    wrong = [row for row in compare("shop", _SEEDS, worse) if row.problem]
    assert [(row.what, row.problem) for row in wrong] == [
        (f"recall@10, {VIEWS[view]}", "too low"),
    ]


def test_what_is_outside_the_tolerance_is_named() -> None:
    assert _problems(_outcome(9, 0.26)) == []
    assert _problems(_outcome(9, 0.24)) == ["too low"] * 3
    assert _problems(_outcome(9, 0.36)) == ["too high: has it seen the test?"] * 3
    assert _problems(_outcome(9, float("nan"))) == ["not measured"] * 3
    assert _problems(_outcome(9, 0.3, verdict="at_risk")) == ["worse"]


def test_a_training_that_failed_is_no_pass() -> None:
    failed = Outcome(9, "broken", problem="the training ended with exit code 1")
    assert _problems(failed) == [*["not measured"] * 3, "the training ended with exit code 1"]
    # Its figures may be fine, as when the export fails.
    assert _problems(_outcome(9, 0.3, problem="exit code 1")) == ["exit code 1"]


def test_a_verdict_may_be_as_bad_as_the_worst_stored_one() -> None:
    stored = [*_SEEDS, _outcome(4, 0.3, verdict="at_risk")]
    for verdict, problem in (("good", ""), ("at_risk", ""), ("bad", "worse")):
        rows = compare("shop", stored, _outcome(9, 0.3, verdict=verdict))
        assert rows[-1].problem == problem


@given(st.lists(_SHARES, min_size=2, max_size=6), _SHARES)
def test_a_figure_passes_if_it_is_within_the_tolerance(values: list[float], value: float) -> None:
    stored = [_outcome(seed, each) for seed, each in enumerate(values)]
    distance, most = abs(value - fmean(values)), tolerance(values)
    wrong = [row for row in compare("shop", stored, _outcome(9, value)) if row.problem]
    assert bool(wrong) == (distance > most)
    # No seed of those that are stored can be so far from their mean.
    assert all(abs(each - fmean(values)) <= most for each in values)


def test_one_stored_training_has_no_spread() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        compare("shop", _SEEDS[:1], _SEEDS[0])


def test_the_table_has_a_line_for_each_figure() -> None:
    lines = table(compare("shop", _SEEDS, _outcome(9, 0.2))).split("\n")
    assert len(lines) == 1 + 4
    assert lines[1].split("  ")[0] == "shop"
    assert all("0.300" in line and "WRONG: too low" in line for line in lines[1:4])
    assert lines[4].endswith("ok")


def test_outcomes_are_stored_and_read_again() -> None:
    assert from_json(json.loads(json.dumps(as_json(_SEEDS)))) == _SEEDS


def test_an_outcome_is_read_from_a_run(tmp_path: Path) -> None:
    interval = {"value": 0.4, "low": 0.3, "high": 0.5}
    views = {view: {"recall_at_10": interval} for view in VIEWS}
    run = make_run(tmp_path / "run")
    evaluation = {
        "pairs": {"all": 9},
        **dict.fromkeys(("model", "popularity", "own_history"), views),
    }
    content = {**metrics_data(), "evaluation": evaluation}
    (run / "training_metrics.json").write_text(json.dumps(content), "utf-8")
    found = gate.outcome(run, 3)
    assert (found.seed, found.problem) == (3, "")
    assert found.recall == dict.fromkeys(VIEWS, 0.4)
    assert gate.outcome(run, 3, code=1).problem == "the training ended with exit code 1"
    nothing = gate.outcome(tmp_path / "none", 3, code=1)
    assert (nothing.verdict, nothing.recall) == ("broken", {})
    assert nothing.problem == "the training ended with exit code 1"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Outcome]:
    """What trainings are said to result in, by preset; as stored, unless a test changes it."""
    found: dict[str, Outcome] = dict.fromkeys(NAMES, _SEEDS[0])
    monkeypatch.setattr(gate, "train", lambda name, seed, *_: replace(found[name], seed=seed))
    monkeypatch.setattr(gate, "FILE", tmp_path / "gate.json")
    stored = {"data": digest(gate.write_data(tmp_path)), "presets": _TRAININGS}
    gate.FILE.write_text(json.dumps(stored), "utf-8")
    return found


def _run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["gate", "--runs", str(tmp_path / "runs"), *arguments])
    return gate.main()


def test_the_command_fails_if_one_preset_does(
    trained: dict[str, Outcome],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(monkeypatch, tmp_path) == 0
    assert capsys.readouterr().out.count("ok\n") == 4 * len(NAMES)
    trained["cold_start"] = replace(trained["cold_start"], verdict="bad")
    assert _run(monkeypatch, tmp_path, "tutorial") == 0
    assert _run(monkeypatch, tmp_path) == 1
    shown = capsys.readouterr().out
    assert shown.count("WRONG: worse") == 1
    assert f"1 of {4 * len(NAMES)} figures" in shown


def test_an_update_stores_what_is_found_and_keeps_the_other_presets(
    trained: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained["tutorial"] = _outcome(1, 0.123)
    assert _run(monkeypatch, tmp_path, "tutorial") == 1
    assert _run(monkeypatch, tmp_path, "tutorial", "--update", "--seeds", "3") == 0
    written = json.loads(gate.FILE.read_text("utf-8"))
    assert [
        each.recall["all"] for each in from_json(written["presets"]["tutorial"]["trainings"])
    ] == [0.123] * 3
    assert {**written["presets"], "tutorial": 0} == {**_TRAININGS, "tutorial": 0}
    assert _run(monkeypatch, tmp_path) == 0


def test_a_failed_training_is_not_stored_as_expected(
    trained: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained["tutorial"] = Outcome(1, "bad", problem="the training ended with exit code 1")
    assert _run(monkeypatch, tmp_path, "tutorial", "--update") == 1
    assert json.loads(gate.FILE.read_text("utf-8"))["presets"] == _TRAININGS


def test_figures_of_other_rows_are_not_compared(
    trained: dict[str, Outcome],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gate.FILE.write_text(json.dumps({"data": "other", "presets": _TRAININGS}), "utf-8")
    assert _run(monkeypatch, tmp_path) == 2
    assert "figures of other rows" in capsys.readouterr().err
