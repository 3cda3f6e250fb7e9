"""Finished runs for other tools: what is written, where, and that it is written once."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from attacks import ATTACKS
from diagnoses import healthy, run_of
from pages import attacked

from recgen.analysis import load_run
from recgen.analysis.exporting import FILE, event_file
from recgen.analysis.exporting.events import _checksum, event_records
from recgen.analysis.exporting.measures import figures_of, series_of

pytest_plugins = ["running"]

REPORTED = Path(__file__).parent / "reported"


def records(content):
    """Returns the records of a TFRecord file."""
    found = []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        assert content[8:12] == _checksum(content[:8])
        data, check = content[12 : 12 + length], content[12 + length : 16 + length]
        assert check == _checksum(data)
        found.append(data)
        content = content[16 + length :]
    return found


def test_the_checksum_is_that_of_the_format():
    # CRC-32C of RFC 3720, B.4, and TensorFlow's mask of it.
    for data, crc in ((b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA)):
        masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
        assert struct.unpack("<I", _checksum(data)) == (masked,)


def test_a_file_begins_with_its_version():
    first, second = records(event_records(1.5, "recgen", [(300, [])]))
    assert first == b"\x09" + struct.pack("<d", 1.5) + b"\x1a\x0dbrain.Event:2R\x08\n\x06recgen"
    assert second == b"\x09" + struct.pack("<d", 1.5) + b"\x10\xac\x02\x2a\x00"


def test_every_epoch_has_an_event_and_the_same_run_the_same_bytes(folder):
    run = run_of(folder / "run", healthy(5))
    assert len(records(event_file(run))) == 6
    assert event_file(run) == event_file(load_run(folder / "run"))


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


def test_runs_of_one_name_get_a_folder_each(run, folder):
    for place in ("a", "b"):
        (folder / place).mkdir()
        run_of(folder / place / "run", healthy(2))
    command = ("export", "a/run", "b/run", "--to", "tensorboard")
    code, out, err = run(*command)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"wrote     tensorboard/run/{FILE}",
        f"wrote     tensorboard/run-2/{FILE}",
        "next      tensorboard --logdir tensorboard",
    ]
    assert run(*command)[1].startswith("unchanged tensorboard/run/")
    run_of(folder / "a" / "run", healthy(3))
    assert run(*command)[1].startswith("wrote     tensorboard/run/")
    assert [each.name for each in (folder / "tensorboard" / "run").iterdir()] == [FILE]


def test_what_cannot_be_exported(run, folder):
    assert run("export", "nothing", "--to", "tensorboard")[0] == 2
    (folder / "file").write_text("")
    code, _, err = run("export", REPORTED / "39", "--to", "tensorboard", "--out", "file")
    assert code == 2
    assert err.startswith(f"error: writing file/39/{FILE} failed: Not a directory\n")
    code, _, err = run("export", REPORTED / "39", "--to", "excel")
    assert code == 2
    assert "excel" in err


def test_attacks_leave_the_folder_nowhere(run, folder, experiment):
    for kind in ("path", "absolute path", "Windows path", "NUL", "lone surrogate", "dot"):
        attacked(folder / "run", ATTACKS[kind], experiment)
        assert run("export", "run", "--to", "tensorboard")[0] == 0
    assert sorted(each.name for each in folder.iterdir()) == ["run", "tensorboard"]
    assert [each.name for each in folder.rglob("*tfevents*")] == [FILE]


# MLflow


def test_without_mlflow_it_is_said_how_to_install_it(run, folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    assert run("export", REPORTED / "39", "--to", "mlflow") == (
        2,
        "",
        'error: MLflow is not installed\n  help: install the extra: pip install "recgen[mlflow]"\n',
    )
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
