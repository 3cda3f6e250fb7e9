"""Commands on many runs: none hides the others, and all of it fits a screen."""

from __future__ import annotations

import json

import pytest
from diagnoses import dead, healthy, older, run_of, set_recall
from hypothesis import given
from hypothesis import strategies as st
from many import BROKEN, FOREIGN, sweep

from recgen.analysis import load_run
from recgen.analysis.comparing import compare
from recgen.analysis.groups import numbers
from recgen.analysis.naming import short_names
from recgen.cli.output.comparison import lines
from recgen.cli.table import width_of
from recgen.metrics import Interval

pytest_plugins = ["running"]


# One unreadable file


@pytest.mark.parametrize("content", [b"", b"{", b"\x00\xff", b"[]", b'{"epochs": [0', None])
@pytest.mark.parametrize("command", ["compare", "report", "diagnose"])
def test_a_run_that_cannot_be_read_hides_no_other(run, folder, experiment, content, command):
    for name in ("a", "b", "c"):
        run_of(folder / name, healthy(), experiment)
    file = folder / "b" / "training_metrics.json"
    if content is None:
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(content)
    code, out, err = run(command, "a", "b", "c")
    page = folder / "report.html"
    shown = page.read_text("utf-8") if command == "report" else out
    assert (code, err) == (1 if command == "diagnose" else 0, "")
    assert "broken" in shown
    assert shown.count("good") >= 2


@pytest.mark.parametrize("command", ["compare", "report", "diagnose"])
def test_a_path_that_is_no_run_hides_no_other(run, folder, command):
    for name in ("a", "b"):
        run_of(folder / name, healthy())
    (folder / "notes.txt").write_text("x")
    (folder / "empty").mkdir()
    code, out, err = run(command, "a", "nowhere", "notes.txt", "empty", "b")
    assert code == 2
    assert [line for line in err.splitlines() if line.startswith("error")] == [
        "error: nowhere does not exist",
        "error: notes.txt is not JSON: Expecting value: line 1 column 1 (char 0)",
        "error: empty is not a run directory",
    ]
    assert "wrote" in out if command == "report" else out.count("good") >= 2


def test_if_no_path_is_a_run_all_are_told(run, folder):
    code, out, err = run("report", "nowhere", "neither")
    assert (code, out) == (2, "")
    assert "nowhere does not exist" in err
    assert "neither does not exist" in err
    assert not (folder / "report.html").exists()


def test_a_folder_stands_for_its_runs(run, folder):
    sweep(folder / "runs", 12)
    code, out, _ = run("compare", "runs", "--format", "json")
    plain = json.loads(out)
    assert (code, len(plain["runs"])) == (0, 12)
    assert run("report", "runs")[0] == 0


# Groups, and runs tested on the same rows


def test_runs_are_grouped_by_verdict_and_cause(tmp_path):
    comparison = compare(sweep(tmp_path, 30))
    named = {(group.verdict, group.code): group.runs for group in comparison.groups}
    dead_ones = {run for run in range(30) if run % 6 >= 4} - {*BROKEN}
    assert {*named[("bad", "RD101")]} == dead_ones
    assert named[("broken", "RD501")] == BROKEN
    plain = json.loads(json.dumps(comparison.as_dict()))
    assert sum(len(group["runs"]) for group in plain["groups"]) == 30
    assert plain["runs"][4]["cause"] == "RD101"
    assert plain["runs"][2]["cause"] is None


def test_runs_tested_on_other_rows_are_left_out_and_said(tmp_path):
    comparison = compare(sweep(tmp_path, 30))
    (left,) = comparison.tested.left_out
    assert (left.runs, left.why) == (FOREIGN, "tested on 4,821 rows, not 2,000")
    assert comparison.tested.rows == 2000
    for row in comparison.rows:
        assert row.best not in FOREIGN
        assert not row.close & {*FOREIGN}
    assert any(f"not compared: runs {numbers(FOREIGN)} (tested on" in d for d in comparison.doubts)


def test_other_baselines_mean_other_rows(tmp_path):
    runs = []
    for number in range(5):
        data = healthy()
        set_recall(data, 0.3 + number / 100, popularity=0.2 if number == 4 else 0.15)
        runs.append(run_of(tmp_path / str(number), data))
    comparison = compare(runs)
    (left,) = comparison.tested.left_out
    assert left.runs == (4,)
    assert left.why == (
        "popularity, test recall@100 of rows is 0.2000, not 0.1500: other test rows, or other "
        "training data"
    )
    assert next(row for row in comparison.rows if row.name == "test recall@100 of rows").best == 3


def test_a_file_that_does_not_say_on_what_it_was_tested_is_left_out(tmp_path):
    runs = [run_of(tmp_path / str(number), healthy()) for number in range(3)]
    runs.append(run_of(tmp_path / "older", older(healthy())))
    (left,) = compare(runs).tested.left_out
    assert left.runs == (3,)
    assert "does not say" in left.why
    alone = [run_of(tmp_path / name, older(healthy())) for name in ("x", "y")]
    assert compare(alone).tested.left_out == ()


def test_random_splits_of_other_seeds_are_other_rows(tmp_path, experiment):
    runs = []
    for seed in (1, 1, 2):
        split = {"kind": "random", "seed": seed}
        config = {**experiment, "data": {"split": split}}
        runs.append(run_of(tmp_path / str(len(runs)), healthy(), config))
    (left,) = compare(runs).tested.left_out
    assert (left.runs, left.why) == ((2,), "its split is drawn with the seed 2, not 1")


def test_a_leak_and_a_broken_run_are_never_the_best(tmp_path):
    data = healthy()
    set_recall(data, 0.2, popularity=0.15)
    leak = healthy()
    set_recall(leak, 1.0, popularity=0.15)
    runs = [run_of(tmp_path / str(number), each) for number, each in enumerate([data, leak, data])]
    comparison = compare(runs)
    assert comparison.diagnoses[1].verdict in ("bad", "broken")
    assert next(row for row in comparison.rows if row.name == "test recall@100 of rows").best == 0


# Tries


def test_seeds_are_no_settings_and_unknown_settings_are_no_difference(tmp_path, experiment):
    runs = sweep(tmp_path / "known", 12, config=experiment)
    runs += sweep(tmp_path / "unknown", 8)
    comparison = compare(runs)
    assert "model.seed" in comparison.settings
    assert {path for factor in comparison.factors for path in factor.paths} == {
        "model.learning_rate"
    }
    assert comparison.factors[0].chance < 0.01
    assert not any(path.startswith("buyer.") for path in comparison.settings)


def test_the_best_of_many_is_told_apart_only_if_that_is_clear_for_so_many(tmp_path):
    def ties(count: int) -> int:
        runs = []
        for number in range(count):
            data = healthy()
            set_recall(data, 0.34 if number == 0 else 0.30, popularity=0.15)
            runs.append(run_of(tmp_path / f"{count} {number}", data))
        row = next(row for row in compare(runs).rows if row.name == "test recall@100 of rows")
        assert row.best == 0
        return len(row.close)

    assert ties(2) == 0
    assert ties(20) == 19


def test_two_runs_are_compared_by_their_plain_intervals(tmp_path):
    runs = []
    for name, own in (("a", 0.30), ("b", 0.33)):
        data = healthy()
        set_recall(data, own, popularity=0.15)
        data["evaluation"] = {"model": {"all": {"recall_at_100": _near(own, 0.0211)}}}
        runs.append(run_of(tmp_path / name, data))
    row = next(row for row in compare(runs).rows if row.name == "test recall@100 of all pairs")
    assert row.figures[0] == Interval.of(0.30, 0.30 - 0.0211, 0.30 + 0.0211)
    assert row.close == set()  # sqrt(2) * 0.0211 < 0.03


def _near(value, half):
    return {"value": value, "low": value - half, "high": value + half}


# A screen


@pytest.mark.parametrize("count", [2, 6, 7, 13, 60])
@pytest.mark.parametrize("width", [80, 120])
def test_a_comparison_fits_a_screen(tmp_path, experiment, count, width):
    long = {**experiment, "name": "n" * 200}
    runs = sweep(tmp_path / ("a folder of many characters " * 5), count, config=long)
    found = list(lines(compare(runs), True, width))
    assert max(map(width_of, found)) <= width
    if count == 60:
        assert len(found) < 100


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("sort", ["cause", "rate", "data", "date"])
def test_runs_fit_a_screen(run, folder, monkeypatch, columns, sort):
    monkeypatch.setenv("COLUMNS", columns)
    sweep(folder / "runs" / ("a long folder " * 6), 12)
    code, out, _ = run("runs", "--sort", sort)
    assert code == 0
    assert max(map(len, out.splitlines())) <= int(columns)
    head = out.splitlines()[0].split()
    assert {"run", "rate", "optimizer", "epochs", "verdict", "cause"} <= {*head}
    assert ("data" in head) == (columns == "120")
    assert "RD101" in out


def test_runs_have_rate_optimizer_epochs_cause_and_data(run, folder):
    sweep(folder / "runs", 12)
    plain = json.loads(run("runs", "--format", "json", "--sort", "name")[1])
    bad = next(each for each in plain if each["place"].endswith("004"))
    assert (bad["optimizer"], bad["learning_rate"], bad["epochs"]) == ("adagrad", 0.1, "8")
    assert bad["cause"] == {"code": "RD101", "title": "Gradient collapse"}
    assert bad["data"] == {"source": "shops/eu.parquet", "rows": 23_000}
    line = next(each for each in run("runs")[1].splitlines() if each.startswith("004 "))
    assert "eu.parquet (23,000 rows)" in line
    assert line.endswith("bad      RD101 Gradient collapse")


def test_a_run_that_diverged_has_a_short_change(run, folder):
    for name in ("a", "b"):
        data = healthy()
        if name == "b":
            data["loss"]["loss"] = [7.0, *[1e12] * 7]
        run_of(folder / name, data)
    assert " x1e+11 " in run("compare", "a", "b")[1]


# Parts


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["runs/a", "runs/b"], ["a", "b"]),
        (["one/run", "other/run"], ["one/run", "other/run"]),
        (["/x/one/run/", "/x/other/run"], ["one/run", "other/run"]),
        (["runs/a"], ["a"]),
        (["a", "a"], ["a", "a"]),
        (["gs://b/runs/1/m.json", "gs://b/runs/2/m.json"], ["1/m.json", "2/m.json"]),
        (["/", "/"], ["/", "/"]),
        ([], []),
    ],
)
def test_names_without_what_all_share(paths, names):
    assert short_names(paths) == names


@given(st.lists(st.text("ab/", min_size=1, max_size=8), min_size=1, max_size=6))
def test_short_names_of_different_paths_differ(paths):
    names = short_names(paths)
    assert all(names)
    pairs = list(zip(paths, names, strict=True))
    for one, short in pairs:
        for other, shorter in pairs:
            same = one.rstrip("/") == other.rstrip("/")
            assert same == (short.rstrip("/") == shorter.rstrip("/"))


@given(st.sets(st.integers(0, 300)))
def test_numbers_of_runs_are_those_runs(runs):
    found = set()
    for part in filter(None, numbers(runs).split(", ")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == {run + 1 for run in runs}


def test_a_hundred_dead_runs_have_nothing_to_compare(tmp_path):
    (tmp_path / "x").mkdir()
    runs = [run_of(tmp_path / "x" / str(number), dead(2)) for number in range(100)]
    comparison = compare(runs)
    assert comparison.factors == ()
    assert [group.runs for group in comparison.groups] == [tuple(range(100))]
    assert max(map(width_of, lines(comparison, True, 80))) <= 80
    assert load_run(tmp_path / "x" / "7").problem is None
