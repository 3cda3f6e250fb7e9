"""The same figure everywhere: train, diagnose, runs, compare and the report agree on each run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from diagnoses import healthy, older, run_of, set_recall
from test_ranking_runs import compared

from recgen.analysis import Run, diagnose
from recgen.analysis.comparing import compare
from recgen.analysis.facts import Facts
from recgen.analysis.indexing import entry_of
from recgen.analysis.report import report_page
from recgen.cli.output.comparison import lines as comparison_lines
from recgen.cli.output.runs import described
from recgen.cli.output.runs import lines as runs_lines
from recgen.cli.output.training import figures as trained
from recgen.cli.output.training import recalls

Plain = dict[str, Any]


def on_pairs(own: float, counting: float) -> Plain:
    """Returns metrics whose test has pairs, which have another recall than rows."""
    data = healthy()
    names = [f"recall_at_{k}" for k in (5, 10, 50, 100)]

    def evaluated(value: float) -> Plain:
        interval = {"value": value, "low": value - 0.01, "high": value + 0.01}
        return {view: dict.fromkeys(names, interval) for view in ("all", "new")}

    data["evaluation"] = {
        "pairs": {"all": 1500, "new": 900, "left_out": 20},
        "model": evaluated(own),
        "popularity": evaluated(0.05),
        "own_history": evaluated(counting),
    }
    return data


def without_test() -> Plain:
    """Returns metrics of a run without a test, which is judged by its validation rows."""
    data = healthy()
    final = data["final_metrics"]
    kept = {f"val_popularity_recall_at_{k}": 0.1 for k in (5, 10, 50, 100)}
    data["final_metrics"] = {k: v for k, v in final.items() if "test" not in k} | kept
    return data


def two_pairs(known: int = 2) -> Plain:
    """Returns metrics of a test whose buyers are unknown, but for those of a few pairs."""
    data = on_pairs(0.0, 0.5)
    data["evaluation"]["pairs"] = {"all": known, "new": known, "left_out": 1998}
    return data


def small() -> Plain:
    """Returns metrics of a small recall, of which four decimals show little."""
    data = healthy(candidates=100_000)
    set_recall(data, 0.00049, popularity=0.0001)
    return data


RUNS = {
    "pairs": on_pairs(0.31, 0.28),
    "pairs below counting": on_pairs(0.21, 0.28),
    "rows": healthy(),
    "two pairs": two_pairs(),
    "rows of an older trainer": older(healthy()),
    "validation rows": without_test(),
    "small": small(),
}


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """A run of each kind of test."""
    return run_of(tmp_path / "run", RUNS[request.param])


def plain(lines: Iterator[Any]) -> list[str]:
    """Returns lines of segments as text, without double spaces."""
    texts = ("".join(p if isinstance(p, str) else p[0] for p in line) for line in lines)
    return [" ".join(text.split()) for text in texts]


def page_text(page: str) -> str:
    """Returns the words of an HTML page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_every_command_gives_the_figure_by_which_a_run_is_judged(run: Run) -> None:
    judged = Facts(run).judged
    assert judged is not None
    own = f"{judged.own:.4f}"
    counted = judged.name.rpartition(" of ")[2]
    assert counted in ("rows", "all pairs")

    assert diagnose(run).summary.count(f"{judged.name} {own}") == 1  # and train prints this
    entry = entry_of(Path(run.path))
    assert f"({judged.name} {own}, " in described(entry)
    listed = plain(runs_lines([entry], Path(run.path).parent, 1))
    assert f"{judged.label} {own}" in listed[1]
    assert listed[2] == f"recall counts {judged.unit}s"
    assert own in judged.short
    assert judged.short.endswith("pairs" if counted == "all pairs" else "rows")
    compared = plain(comparison_lines(compare([run, run]), shorten=False))
    assert judged.short in compared[1]
    if judged.split == "test":
        assert any(line.startswith(f"{judged.name} {own} ") for line in compared)
    page = page_text(report_page([run]))
    assert f"{judged.name} {own}" in page


def test_the_table_of_train_has_it_in_the_row_of_what_it_counts(run: Run) -> None:
    judged = Facts(run).judged
    assert judged is not None
    rows = plain(recalls(run.metrics))
    head = rows[0].split()
    row = {"val": "validation rows"}.get(judged.split)
    row = row or {"rows": "test rows", "all pairs": "test, all pairs"}[judged.view]
    (cells,) = [line.removeprefix(row).split() for line in rows if line.startswith(row)]
    assert cells[head.index(judged.label) - 1] == f"{judged.own:.4f}"


def test_a_few_pairs_of_known_buyers_among_many_decide_nothing(tmp_path: Path) -> None:
    few = diagnose(run_of(tmp_path / "few", two_pairs()))
    enough = diagnose(run_of(tmp_path / "enough", two_pairs(100)))
    assert (few.verdict, enough.verdict) == ("good", "bad")
    assert "of rows" in few.summary


def test_two_runs_that_count_differently_are_not_mixed(tmp_path: Path) -> None:
    """One is judged by its pairs; the other has only rows: each figure says of what it is."""
    one = run_of(tmp_path / "one", on_pairs(0.31, 0.28))
    two = run_of(tmp_path / "two", healthy())
    names = {row.name: row.figures for row in compare([one, two]).rows}
    assert names["test recall@100 of all pairs"][1] is None
    assert None not in names["test recall@100 of rows"]
    compared = plain(comparison_lines(compare([one, two]), shorten=False))
    assert "@100 0.3100 of pairs" in compared[1]
    assert " of rows" in compared[2]


@pytest.mark.parametrize(("measure", "own"), [("rmse", 0.84), ("auc_roc", 0.7123)])
def test_a_ranking_run_has_one_figure_everywhere(tmp_path: Path, measure: str, own: float) -> None:
    means = [1.0, 0.97, 0.95, 0.94] if measure == "rmse" else [0.5, 0.55, 0.6, 0.61]
    run = run_of(tmp_path / "run", compared(measure, own, means))
    judged = Facts(run).judged
    assert judged is not None
    assert judged.own == own
    told = f"{judged.name} {own:.4f}"
    assert told in diagnose(run).summary
    entry = entry_of(Path(run.path))
    assert f"({told}, " in described(entry)
    assert f"{own:.4f}" in plain(runs_lines([entry], Path(run.path).parent, 1))[1]
    compared_lines = plain(comparison_lines(compare([run, run]), shorten=False))
    assert any(line.startswith(told) for line in compared_lines)
    assert told in page_text(report_page([run]))
    assert f"{own:.4f}" in " ".join(plain(trained(run.metrics)))
