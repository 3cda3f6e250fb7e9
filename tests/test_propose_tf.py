"""What `init` proposes trains as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import recgen
from recgen.cli import main
from recgen.demo import demo_data


def run(*arguments: object) -> object:
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.mark.slow
@pytest.mark.one_stack
def test_the_proposal_for_the_demo_data_trains_to_more_than_popularity(tmp_path: Path) -> None:
    data, config, out = tmp_path / "demo.csv", tmp_path / "config.yaml", tmp_path / "run"
    data.write_bytes(demo_data("csv", 20_000))
    assert run("init", "--data", data, "-o", config) == 0
    assert run("train", config, "--data", data, "--out", out, "--epochs", "4") == 0
    metrics = recgen.TrainingMetrics.read(out / "training_metrics.json")
    test, popularity = metrics.test_recall(10), metrics.popularity_recall(10)
    assert test is not None
    assert popularity is not None
    assert test > 1.2 * popularity
