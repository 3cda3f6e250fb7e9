"""Runs of one config with several seeds: their figures are averaged, with their spread."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
from diagnoses import healthy, run_of, set_recall
from hypothesis import given
from hypothesis import strategies as st
from many import seeds, sweep

from recgen.analysis.comparing import compare
from recgen.cli.output.comparison import lines
from recgen.cli.table import width_of

ROWS = "test recall@100 of rows"
SLOW = (0.30, 0.31, 0.32)
FAST = (0.25, 0.29, 0.24, 0.26)


def test_figures_of_seeds_are_averaged(tmp_path: Path, experiment: dict[str, Any]) -> None:
    runs = seeds(tmp_path, {0.05: SLOW, 0.1: FAST}, experiment)
    fast, slow = compare(runs).repeats
    assert (fast.runs, slow.runs) == ((3, 4, 5, 6), (0, 1, 2))
    assert slow.settings["model.learning_rate"] == "0.05"
    assert "model.seed" not in slow.settings
    for each, values in ((slow, SLOW), (fast, FAST)):
        spread = each.figures[ROWS]
        assert spread.mean == pytest.approx(statistics.mean(values))
        assert spread.deviation == pytest.approx(statistics.stdev(values))
        assert (spread.low, spread.high, spread.count) == (min(values), max(values), len(values))


def test_other_settings_other_rows_and_unknown_configs_repeat_nothing(
    tmp_path: Path, experiment: dict[str, Any]
) -> None:
    different = seeds(tmp_path / "rates", {0.05: (0.3,), 0.1: (0.3,), 0.2: (0.3,)}, experiment)
    assert compare(different).repeats == ()
    assert compare(seeds(tmp_path / "unknown", {0.05: SLOW}, None)).repeats == ()
    other = healthy(8, learning_rate=0.05, seed=7, batch_size=1024)
    set_recall(other, 0.4, popularity=0.15)
    other["params"]["test_rows"] = 4821
    runs = [
        *seeds(tmp_path / "same", {0.05: SLOW}, experiment),
        run_of(tmp_path / "other", other, experiment),
    ]
    (found,) = compare(runs).repeats
    assert found.runs == (0, 1, 2)


def test_the_same_training_twice_is_no_other_seed(
    tmp_path: Path, experiment: dict[str, Any]
) -> None:
    runs = [*seeds(tmp_path / "a", {0.05: (0.3,)}, experiment)]
    assert compare([*runs, *seeds(tmp_path / "b", {0.05: (0.3,)}, experiment)]).repeats == ()


def test_a_seed_that_fails_counts(tmp_path: Path, experiment: dict[str, Any]) -> None:
    (found,) = compare(seeds(tmp_path, {0.05: (0.3, 0.31, 0.02)}, experiment)).repeats
    assert (found.works, len(found.runs)) == (2, 3)
    assert found.figures[ROWS].low == 0.02


@given(st.lists(st.floats(0.16, 0.9), min_size=2, max_size=6))
def test_a_mean_is_among_its_values(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    config = {
        "features": {
            "buyer_id_column": "b",
            "product_id_column": "p",
            "buyer_model_features": [{"column": "b", "data_type": "text"}],
            "product_model_features": [{"column": "p", "data_type": "text"}],
        }
    }
    folder = tmp_path_factory.mktemp("seeds")
    (found,) = compare(seeds(folder, {0.05: tuple(values)}, config)).repeats
    spread = found.figures[ROWS]
    assert spread.low - 1e-9 <= spread.mean <= spread.high + 1e-9
    assert 0 <= spread.deviation <= spread.high - spread.low + 1e-9


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("rates", [1, 3, 15])
def test_they_are_told_on_a_screen(
    tmp_path: Path, experiment: dict[str, Any], width: int, rates: int
) -> None:
    recalls = {0.001 * (1 + number): SLOW for number in range(rates)}
    found = list(lines(compare(seeds(tmp_path, recalls, experiment)), True, width))
    text = "\n".join("".join(p if isinstance(p, str) else p[0] for p in line) for line in found)
    assert max(map(width_of, found)) <= width
    assert "averages over seeds" in text
    assert "0.3100 ±0.0100" in text


def test_sixty_runs_with_seeds_fit_a_screen(tmp_path: Path, experiment: dict[str, Any]) -> None:
    runs = sweep(tmp_path, 60, config=experiment)
    comparison = compare(runs)
    assert sum(len(each.runs) for each in comparison.repeats) > 40
    assert len(list(lines(comparison, True, 80))) < 100
    plain = json.loads(json.dumps(comparison.as_dict()))
    assert plain["repeats"][0]["figures"][ROWS]["count"] == len(plain["repeats"][0]["runs"])
