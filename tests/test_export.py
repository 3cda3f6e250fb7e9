"""Finished runs for other tools: what is written, where, and that it is written once."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacks import ATTACKS
from diagnoses import healthy, run_of
from pages import attacked

from recgen.analysis.exporting.measures import figures_of, series_of
from recgen.analysis.exporting.mlflow_store import unique_names

pytest_plugins = ["running"]

REPORTED = Path(__file__).parent / "reported"


def test_what_is_measured_has_a_tag(folder):
    data = healthy(2)
    data["health"] = {"loss_to_chance": [1.0, 0.9], "query": {"mean_cosine": [0.5, None]}}
    figure = {"value": 0.3, "low": 0.2, "high": 0.4}
    data["evaluation"] = {"model": {"all": {"mrr": figure}, "coverage_at_100": 0.5}}
    data["loss"]["a/../b\x1b"] = [1.0, 2.0]
    data["loss"]["nothing"] = [None, None]
    metrics = run_of(folder / "run", data).metrics
    series = dict(series_of(metrics))
    assert series["health/query/mean_cosine"] == (0.5, None)
    assert series["loss/a_.._b\\x1b"] == (1.0, 2.0)
    assert {"loss/val_loss", "gradient/query", "weight_stats/candidate/norm"} <= series.keys()
    assert "loss/nothing" not in series
    figures = dict(figures_of(metrics))
    assert figures["evaluation/model/all/mrr"] == 0.3
    assert figures["evaluation/model/coverage_at_100"] == 0.5
    assert figures["final/test_recall_at_100"] == pytest.approx(0.3, abs=0.1)


def test_what_ranks_products_has_a_tag(folder):
    data = healthy(2)
    data["final_layer"] = {
        "weights": {"towers": 0.8, "share_7_days": -0.25, "had/../": 2.0},
        "new_pairs_count": 1.5,
        "part": 0.5,
        "measure": "recall_at_100",
        "validation": {"model": {"all": 0.3, "new": 0.1}, "popularity": {"all": 0.2}},
        "unknown_buyers": {"towers": 0.4, "half_life": 30, "pairs": 9, "validation": {}},
    }
    figures = dict(figures_of(run_of(folder / "run", data).metrics))
    found = {tag: value for tag, value in figures.items() if tag.startswith("final_layer/")}
    assert found == {
        "final_layer/weights/towers": 0.8,
        "final_layer/weights/share_7_days": -0.25,
        "final_layer/weights/had_.._": 2.0,
        "final_layer/new_pairs_count": 1.5,
        "final_layer/part": 0.5,
        "final_layer/validation/model/all": 0.3,
        "final_layer/validation/model/new": 0.1,
        "final_layer/validation/popularity/all": 0.2,
        "final_layer/unknown_buyers/towers": 0.4,
        "final_layer/unknown_buyers/half_life": 30.0,
    }


@pytest.mark.parametrize("damaged", [3, {"towers": "x"}, {"half_life": 7}, None])
def test_a_damaged_fit_for_unknown_buyers_is_left_out(folder, damaged):
    data = healthy(2)
    data["final_layer"] = {"weights": {"towers": 0.8}, "unknown_buyers": damaged}
    figures = dict(figures_of(run_of(folder / "run", data).metrics))
    assert figures["final_layer/weights/towers"] == 0.8
    assert not any("unknown_buyers" in tag for tag in figures)


def test_names_that_meet_lose_nothing():
    keys = ["loss/a!", "loss/a?", "loss/A_", "loss/a_ 2", "b", "b"]
    names = unique_names(keys)
    assert len({name.casefold() for name in names}) == len(keys)
    assert names[0] == "loss/a_"
    assert names[4:] == ["b", "b 2"]


def test_what_cannot_be_exported(run, folder):
    assert run("export", "nothing", "--to", "mlflow")[0] == 2
    code, _, err = run("export", REPORTED / "39", "--to", "excel")
    assert code == 2
    assert "'excel' is not 'mlflow'" in err


def test_who_asks_for_tensorboard_is_told_that_it_is_there(run, folder):
    code, _, err = run("export", REPORTED / "39", "--to", "tensorboard")
    assert code == 2
    words = " ".join(err.replace("│", " ").split())
    assert "the trainer writes TensorBoard's files into the run's folder" in words
    assert "tensorboard --logdir RUN" in words
    assert list(folder.iterdir()) == []


# MLflow


def test_without_mlflow_it_is_said_how_to_install_it(run, folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    code, out, err = run("export", REPORTED / "39", "--to", "mlflow")
    assert (code, out) == (2, "")
    assert err.startswith("error: MLflow is not installed\n  help: in a checkout of recgen: pip ")
    assert "pip install '.[mlflow]'; or pip install 'FILE.whl[mlflow]'" in err
    assert list(folder.iterdir()) == []


@pytest.fixture
def store(folder, monkeypatch):
    """Returns a function that opens the store that `export` wrote."""
    mlflow = pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return lambda: mlflow.MlflowClient(tracking_uri=(folder / "mlruns").as_uri())


pytestmark = pytest.mark.filterwarnings("ignore:.*:FutureWarning")  # MLflow's, of its own store


def runs_of(client):
    (experiment,) = [each for each in client.search_experiments() if each.name == "recgen"]
    return {each.info.run_name: each for each in client.search_runs([experiment.experiment_id])}


def test_mlflow_reads_metrics_params_and_tags(run, folder, store):
    code, out, err = run("export", REPORTED / "39", REPORTED / "45", "--to", "mlflow")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("next      MLFLOW_ALLOW_FILE_STORE=true mlflow ui")
    client = store()
    found = runs_of(client)
    good, bad = found["experiment 39"], found["experiment 45"]
    assert (good.info.status, bad.info.status) == ("FINISHED", "FAILED")
    assert good.data.tags["recgen.verdict"] == "good"
    assert bad.data.tags["recgen.causes"].startswith("RD101 RD201")
    assert bad.data.params["params.learning_rate"] == "0.1"
    assert bad.data.params["model.buyer_tower_layers"] == "256 relu, 128 relu, 64 relu"
    history = client.get_metric_history(bad.info.run_id, "loss/val_loss")
    assert [(each.step, each.value) for each in history] == [(e, 783.4475) for e in range(12)]
    assert good.data.metrics["final/test_recall_at_5"] == 0.052


def test_mlflow_reads_the_weights_that_rank_products(run, folder, store):
    data = healthy(2)
    data["final_layer"] = {"weights": {"towers": 0.8, "had": 2.0}}
    run_of(folder / "fitted", data)
    assert run("export", "fitted", "--to", "mlflow")[0] == 0
    (found,) = runs_of(store()).values()
    assert found.data.metrics["final_layer/weights/towers"] == 0.8
    assert found.data.metrics["final_layer/weights/had"] == 2.0


def test_the_same_run_is_logged_once(run, folder, store):
    first = run("export", REPORTED / "39", "--to", "mlflow")[1]
    again = run("export", REPORTED / "39", "--to", "mlflow")[1]
    assert first.replace("wrote    ", "unchanged") == again
    assert len(runs_of(store())) == 1


def test_attacks_leave_the_store_nowhere(run, folder, store, experiment):
    kinds = ("path", "absolute path", "Windows path", "html", "NUL", "lone surrogate", "dot", "sql")
    for kind in kinds:
        attacked(folder / "run", ATTACKS[kind], experiment)
        assert run("export", "run", "--to", "mlflow")[0] == 0, kind
    assert sorted(each.name for each in folder.iterdir()) == ["mlruns", "run"]
    assert len(runs_of(store())) >= len(kinds) - 2  # some names are the same once escaped
