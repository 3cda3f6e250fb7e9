"""Reading runs: metrics of any trainer and age, what lies beside them, files that are none."""

from __future__ import annotations

import json
import math
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from diagnoses import healthy, older, run_of
from hypothesis import given
from hypothesis import strategies as st
from metrics_data import metrics_data

from recgen.analysis import diagnose, load_run
from recgen.analysis.series import rows_of_chance
from recgen.findings import RecgenError
from recgen.metrics import Interval, TrainingMetrics, read_metrics

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def keys_of(data: object) -> set[str]:
    """Returns all keys of plain data."""
    if not isinstance(data, dict):
        return set()
    return set(data).union(*map(keys_of, data.values()))


MORE = {
    "health": {"loss_to_chance": 0, "val_coverage_at_100": 0, "dead_units": 0},
    "evaluation": {"pairs": 0, "model": {"all": {"recall_at_10": {"value": 0, "low": 0}}}},
    "final_layer": {
        **dict.fromkeys(("weights", "new_pairs_count", "part", "measure"), 0),
        "validation": {"towers": 0},
        "unknown_buyers": {"towers": 0, "half_life": 0, "pairs": 0},
    },
    "params": {
        "failure_kind": 0,
        "measured_rows": 0,
        "served_rows": 0,
        "failure_epoch": 0,
        "unknown_products": 0,
    },
}
KEYS = st.sampled_from(sorted(keys_of(healthy()) | keys_of(MORE)))
METRICS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**400) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=60,
)


def assert_read(text: str) -> None:
    """Asserts that a file is read, and that what was read is read again as the same."""
    today = read_metrics(text, "m.json").metrics.model_dump_json()
    assert TrainingMetrics.model_validate(json.loads(today)).model_dump_json() == today
    assert read_metrics(today, "m.json").metrics.model_dump_json() == today


@given(JSON)
def test_any_json_is_read_or_refused(data):
    text = json.dumps(data)
    if isinstance(data, dict):
        assert_read(text)
    else:
        with pytest.raises(RecgenError):
            read_metrics(text, "m.json")


@given(st.dictionaries(KEYS, METRICS))
def test_any_metrics_are_diagnosed(tmp_path_factory, data):
    """What has the right keys and anything behind them is read, judged and shown."""
    folder = tmp_path_factory.mktemp("run")
    assert_read(json.dumps(data))
    diagnosis = diagnose(run_of(folder, data))
    assert json.dumps(diagnosis.as_dict())
    if not data.get("epochs") and not data.get("loss"):
        assert diagnosis.verdict == "broken"


@given(st.text() | st.binary().map(lambda content: content.decode("latin-1")))
def test_any_text_is_read_or_refused(text):
    with suppress(RecgenError):  # and nothing else
        assert len(read_metrics(text, "m.json").metrics.epochs) >= 0


def test_what_a_trainer_writes_is_read_whole(tmp_path):
    file = run_of(tmp_path / "run", metrics_data(3)).file
    metrics = file.metrics
    assert (metrics.epochs, file.version, file.notes) == ([0, 1, 2], 1, ())
    assert metrics == TrainingMetrics.read(tmp_path / "run" / "training_metrics.json")
    assert metrics.loss.val_loss == (1.0, 0.5, pytest.approx(1 / 3))
    assert metrics.recall["val_recall_at_10"] == (0.05,) * 3
    assert metrics.series["weight_stats.candidate.std"] == metrics.loss.loss
    histogram = metrics.histograms["gradient_stats.query"]
    assert (len(histogram.bin_edges), [row[0] for row in histogram.counts]) == (26, [0, 1, 2])
    assert metrics.final_metrics["test_recall_at_10"] == 0.05
    assert metrics.saved_at is not None
    assert metrics.saved_at.isoformat() == "2026-01-31T12:00:00+00:00"
    assert (metrics.params.optimizer, metrics.params.learning_rate) == ("adam", 0.5)
    assert metrics.params.given["device"] == "CPU"


def test_health_and_evaluation_are_read(tmp_path):
    data = metrics_data(2)
    data["health"] = {
        "loss_to_chance": [1.0, 0.9],
        "query": {"dead_units": [None, 0.5], "mean_cosine": [0.1, 0.2]},
    }
    recall = {"value": 0.3, "low": 0.28, "high": 0.32}
    data["evaluation"] = {
        "pairs": {"all": 100, "new": 60},
        "model": {"all": {"recall_at_100": recall}, "coverage_at_100": 0.4},
        "popularity": {"all": {"recall_at_100": {"value": 0.1}}},
    }
    metrics = run_of(tmp_path / "run", data).metrics
    assert metrics.health is not None
    assert metrics.health.loss_to_chance == (1.0, 0.9)
    assert metrics.health.query.dead_units == (None, 0.5)
    assert metrics.health.candidate.mean_cosine == (None, None)
    assert metrics.evaluation is not None
    assert metrics.evaluation.pairs == {"all": 100, "new": 60}
    figures = metrics.evaluation.figures
    assert figures["model", "all", "recall_at_100"] == Interval.of(0.3, 0.28, 0.32)
    assert figures["popularity", "all", "recall_at_100"] == Interval.of(0.1)
    assert metrics.evaluation.coverage == {"model": 0.4}


def test_the_fit_of_a_final_layer_is_read(tmp_path):
    data = metrics_data(2, measured_rows=90, served_rows="100")
    data["final_layer"] = {
        "weights": {"towers": 0.5, "share": "0.25", "had": None, "share_7_days": float("nan")},
        "new_pairs_count": 1.5,
        "part": "0.5",
        "measure": "recall_at_100",
        "validation": {"model": {"all": 0.3, "new": "?"}, "towers": 7, "popularity": {"all": 0.1}},
        "unknown_buyers": {"towers": "0.4", "half_life": None, "pairs": 7.0, "validation": []},
    }
    data["saved_final_layer"] = {"weights": {"towers": 0.4}, "measure": "recall_at_100"}
    metrics = run_of(tmp_path / "run", data).metrics
    assert metrics.saved_final_layer is not None
    assert metrics.saved_final_layer.weights == {"towers": 0.4}
    assert (metrics.params.measured_rows, metrics.params.served_rows) == (90, 100)
    fit = metrics.final_layer
    assert fit is not None
    assert fit.weights == {"towers": 0.5, "share": 0.25}
    assert (fit.new_pairs_count, fit.part, fit.measure) == (1.5, 0.5, "recall_at_100")
    assert fit.validation == {"model": {"all": 0.3}, "popularity": {"all": 0.1}}
    unknown = fit.unknown_buyers
    assert unknown is not None
    assert (unknown.towers, unknown.half_life, unknown.pairs) == (0.4, None, 7)


@pytest.mark.parametrize("part", [None, 1, "fitted", [], [{"weights": {}}]])
def test_a_file_without_a_final_layer_is_read(tmp_path, part):
    metrics = run_of(tmp_path / "run", {**metrics_data(2), "final_layer": part}).metrics
    assert metrics.final_layer is None
    assert metrics.params.served_rows is None


def test_baselines_with_decay_are_read_and_named(tmp_path):
    recall = {"recall_at_100": {"value": 0.3, "low": 0.28, "high": 0.32}}
    data = metrics_data(2, monitored="mrr", tested_rows=10)
    data["evaluation"] = {
        "pairs": {"all": 100, "new": 60, "unscored": 7},
        "own_history_recent": {"all": recall, "new_filtered": recall},
    }
    data["params"]["half_lives"] = {
        "own_history": {"popularity": None, "own_history": None},
        "popularity_recent": {"popularity": 7},
        "own_history_recent": {"popularity": 14, "own_history": "60"},
        "another": {"popularity": 3},
        "popularity": "none",
    }
    metrics = run_of(tmp_path / "run", data).metrics
    assert metrics.params.measure == "mrr"
    assert metrics.params.baselines == {
        "popularity": "popularity",
        "popularity_recent": "popularity with a half-life of 7 days",
        "own_history": "own history",
        "own_history_recent": "own history with a half-life of 60 days",
    }
    figures = metrics.evaluation.figures
    assert set(figures) == {
        ("own_history_recent", view, "recall_at_100") for view in ("all", "new_filtered")
    }
    assert metrics.evaluation.pairs["unscored"] == 7


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"popularity": None, "own_history": None}, None),
        ({"popularity": -7, "own_history": "soon"}, None),
        ({"own_history": 30}, "own history with a half-life of 30 days"),
        ({"popularity": 7}, "own history, then popularity with a half-life of 7 days"),
        ("weekly", None),
        (None, None),
    ],
)
def test_a_baseline_that_does_not_decay_is_the_plain_one(tmp_path, days, words):
    data = metrics_data(half_lives={"own_history_recent": days})
    named = run_of(tmp_path / "run", data).metrics.params.baselines
    assert named.get("own_history_recent") == words
    assert set(named) - {"own_history_recent"} == {"popularity", "own_history"}


def test_recall_of_a_baseline_is_not_that_of_the_model(tmp_path):
    data = metrics_data()
    final = {f"{part}_own_history_recall_at_{k}": 0.9 for part in ("test", "val") for k in (7, 100)}
    data["final_metrics"] = {**final, **data["final_metrics"]}
    metrics = run_of(tmp_path / "run", data).metrics
    assert (metrics.test_recall(100), metrics.test_recall(7)) == (0.5, None)
    assert metrics.final_metrics["test_own_history_recall_at_100"] == 0.9


def test_older_trainers_monitored_recall(tmp_path):
    measures = [
        run_of(tmp_path / "run", metrics_data(**params)).metrics.params.measure
        for params in ({}, {"monitored_k": 50}, {"monitored_k": 50, "monitored": "mrr"})
    ]
    assert measures == [None, "recall_at_50", "mrr"]


def test_older_trainers_wrote_weights_where_gradients_are_said_to_be(tmp_path):
    file = run_of(tmp_path / "run", older(healthy(3))).file
    assert file.version is None
    assert file.metrics.gradient.query == file.metrics.gradient_stats.query.norm
    assert file.metrics.gradient.total == (None,) * 3  # what is there is of the weights


def test_of_an_older_file_without_gradient_stats_only_zeros_are_believed(tmp_path):
    data = older(healthy(3))
    del data["gradient_stats"]
    assert run_of(tmp_path / "run", data).metrics.gradient.query == (None,) * 3
    data["gradient"]["query"] = [20.0, 0.0, 0.0]
    assert run_of(tmp_path / "run", data).metrics.gradient.query == (20.0, 0.0, 0.0)


def test_recall_in_the_words_of_tfrs_gets_todays_name(tmp_path):
    data = older(healthy(2))
    name = "factorized_top_k/top_10_categorical_accuracy"
    data["loss"][f"val_{name}"] = [0.1, 0.2]
    data["final_metrics"] = {f"test_{name}": 0.3, "test_loss": 5.0}
    metrics = run_of(tmp_path / "run", data).metrics
    assert metrics.recall["val_recall_at_10"] == (0.1, 0.2)
    assert metrics.final_metrics == {"test_recall_at_10": 0.3, "test_loss": 5.0}


def test_what_is_missing_or_odd_is_noted(tmp_path):
    data = metrics_data(3)
    data["loss"]["val_loss"] = [1.0]
    data["loss"]["more_loss"] = [None] * 5
    data["gradient"] = [1, 2]
    del data["final_metrics"]
    data["weight_stats"]["query"]["histogram"] = {"bin_edges": [1], "counts": [[0] * 25]}
    data["recall"]["val_recall_at_5"] = ["x", True, "0.5"]
    file = run_of(tmp_path / "run", data).file
    metrics = file.metrics
    assert metrics.epochs == [0, 1, 2, 3, 4]
    assert metrics.loss.val_loss == (1.0, None, None, None, None)
    assert metrics.weight_stats.query.histogram is None
    assert metrics.recall["val_recall_at_5"][:3] == (None, None, 0.5)
    assert "loss.val_loss has 1 value for 5 epochs" in file.notes
    assert "gradient is a list instead of a mapping" in file.notes
    assert "gradient.query is missing" in file.notes
    assert "final_metrics is missing" in file.notes
    assert "weight_stats.query.histogram cannot be read" in file.notes


def test_epochs_may_be_missing(tmp_path):
    data = metrics_data(3)
    del data["epochs"]
    file = run_of(tmp_path / "run", data).file
    assert (len(file.metrics.epochs), "epochs is missing" in file.notes) == (3, True)


def test_nan_and_infinity_are_taken_and_kept_apart(tmp_path):  # P51
    data = metrics_data(4)
    data["loss"]["loss"] = [1.0, math.nan, math.inf, math.nan]
    data["params"]["learning_rate"] = math.inf
    file = run_of(tmp_path / "run", data).file
    assert file.metrics.loss.loss == (1.0, None, None, None)
    assert file.not_finite == {"loss.loss": (1, 2, 3)}
    assert file.metrics.params.learning_rate is None


def test_numbers_that_are_too_large_for_a_float_are_none(tmp_path):
    path = tmp_path / "training_metrics.json"
    path.write_text('{"loss": {"loss": [1' + "0" * 400 + "]}}")
    assert load_run(path).metrics.loss.loss == (None,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "contains a list instead of the metrics of a training"),
        (b'{"epochs": ' + b"9" * 5000 + b"}", "is not JSON"),  # Python refuses such integers
    ],
)
def test_a_run_whose_metrics_cannot_be_read_is_broken(tmp_path, experiment, content, said):
    run_of(tmp_path / "run", None, experiment)
    path = tmp_path / "run" / "training_metrics.json"
    path.write_bytes(content)
    for place in (path, tmp_path / "run"):
        run = load_run(place)
        assert run.problem is not None
        assert said in run.problem
        assert str(path) in run.problem
        assert run.config is not None
        (cause,) = diagnose(run).causes
        assert (cause.code, cause.verdict) == ("RD501", "broken")
        assert run.problem in cause.evidence
    other = path.rename(tmp_path / "other.json")  # maybe no metrics at all
    with pytest.raises(RecgenError, match=said):
        load_run(other)


def test_what_cannot_be_read_beside_the_metrics_is_noted(tmp_path):
    run_of(tmp_path / "run", healthy())
    for name in ("config.yaml", "trainer_module.py", "train.log"):
        (tmp_path / "run" / name).mkdir()
    run = load_run(tmp_path / "run")
    assert (len(run.metrics.epochs), run.config, run.modules, run.log) == (8, None, {}, "")
    notes = diagnose(run).notes
    for name in ("config.yaml", "trainer_module.py", "train.log"):
        assert f"cannot read {tmp_path / 'run' / name}: Is a directory" in notes


def test_a_run_directory_is_read_whole(tmp_path, experiment):
    folder = tmp_path / "a run"
    run_of(folder, healthy(), experiment)
    (folder / "trainer_module.py").write_text("# Code\n# config: 0123456789ab\n")
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "sku_vocab").write_bytes(b"a\nb\nc")
    (assets / "saved_model").write_bytes(b"x")
    (folder / "serving_model").mkdir()
    (folder / "train.log").write_text("one\ntwo\n")
    run = load_run(folder)
    assert (run.name, run.title, run.path) == ("a run", "shop", str(folder))
    assert run.config is not None
    assert run.config.features.buyer_id == "customer_id"
    assert run.report is not None
    assert (run.report.ok, run.report.source) == (True, str(folder / "config.yaml"))
    assert run.origin_of("trainer_module.py") == "config: 0123456789ab"
    assert run.rendered_digest == "0123456789ab"
    assert run.origin_of("transform_module.py") is None
    assert run.vocabularies == {"sku_vocab": 3}
    assert (run.has_model, run.log, run.problem) == (True, "one\ntwo\n", None)


def test_what_lies_beside_a_metrics_file_is_read(tmp_path, experiment):
    run_of(tmp_path / "run", healthy(), experiment)
    run = load_run(tmp_path / "run" / "training_metrics.json")
    assert (run.name, run.config is not None) == ("run", True)


def test_a_metrics_file_of_another_name(tmp_path):
    path = tmp_path / "experiment 45.json"
    path.write_text(json.dumps(healthy()))
    assert len(load_run(path).metrics.epochs) == 8


@pytest.mark.parametrize("text", ["a: [1\n", "- 1\n", "", "name: 5\nfeatures: {}\n", "\udcff"])
def test_a_config_that_is_none_does_not_hide_the_metrics(tmp_path, text):
    run_of(tmp_path / "run", healthy())
    (tmp_path / "run" / "config.yaml").write_text(text, errors="surrogateescape")
    run = load_run(tmp_path / "run")
    assert (run.config, len(run.metrics.epochs)) == (None, 8)
    assert run.report is not None
    assert not run.report.ok


def test_a_run_without_metrics_says_so(tmp_path, experiment):
    run = run_of(tmp_path / "run", None, experiment)
    assert run.problem == "there is no training_metrics.json"


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "file.txt").write_text("x")
    for place, said in (
        (tmp_path, "is not a run directory"),
        (tmp_path / "nothing", "does not exist"),
        (tmp_path / "file.txt", "is not JSON"),
        ("a\0b", "does not exist"),
    ):
        with pytest.raises(RecgenError, match=said):
            load_run(place)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("recgen.analysis.storage.MAX_BYTES", 1000)
    run_of(tmp_path / "small", {"epochs": []})
    (tmp_path / "small" / "training_metrics.json").write_text(" " * 1001)
    assert "is larger than" in (load_run(tmp_path / "small").problem or "")


# behind a scheme


@pytest.fixture
def memory():
    fsspec = pytest.importorskip("fsspec", reason="needs the extra `gcs`")
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/", recursive=True)


def put(system, path: str, content: str) -> None:
    with system.open(path, "w") as file:
        file.write(content)


def test_a_run_behind_a_scheme(memory, experiment):
    put(memory, "/bucket/runs/45/training_metrics.json", json.dumps(healthy()))
    put(memory, "/bucket/runs/45/config.yaml", json.dumps(experiment))
    put(memory, "/bucket/runs/45/transform/transform_fn/assets/sku_vocab", "a\nb\n")
    for path in ("memory://bucket/runs/45", "memory://bucket/runs/45/training_metrics.json"):
        run = load_run(path)
        assert (run.name, run.path, len(run.metrics.epochs)) == ("45", path, 8)
        assert run.vocabularies == {"sku_vocab": 2}
        assert run.report is not None
        assert run.report.source == "memory://bucket/runs/45/config.yaml"


def test_what_is_not_there_behind_a_scheme(memory):
    put(memory, "/bucket/file.txt", "x")
    for path, said in (
        ("memory://nothing/here", "memory://nothing/here does not exist"),
        ("memory://bucket", "is not a run directory"),
        ("nonsense://bucket", "cannot read nonsense://bucket"),
    ):
        with pytest.raises(RecgenError, match=said):
            load_run(path)


def test_a_missing_library_is_named(monkeypatch):
    pytest.importorskip("fsspec", reason="needs the extra `gcs`")
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(RecgenError, match="gs://bucket/run") as error:
        load_run("gs://bucket/run")
    assert "pip install '.[gcs]'" in error.value.help
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(RecgenError, match="needs fsspec") as error:
        load_run("memory://bucket/run")
    assert "pip install '.[gcs]'" in error.value.help


def test_a_local_path_needs_no_fsspec(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert len(run_of(tmp_path / "run", healthy()).metrics.epochs) == 8


# n·ln n


@given(st.integers(2, 50_000))
def test_the_rows_of_a_chance_loss_are_found(rows):
    assert rows_of_chance(rows * math.log(rows)) == rows


def test_the_reported_loss_is_that_of_154_rows():
    assert rows_of_chance(775.6906) == 154


@given(st.integers(2, 5000), st.floats(0.1, 0.9))
def test_a_loss_between_two_is_that_of_none(rows, share):
    low, high = (n * math.log(n) for n in (rows, rows + 1))
    assert rows_of_chance(low + share * (high - low)) is None


@pytest.mark.parametrize("value", [0.0, 1.0, -5.0, 1e300, 6.93])
def test_a_loss_that_is_no_sum_has_no_rows(value):
    assert rows_of_chance(value) is None


def test_the_path_of_this_file_is_no_run():
    with pytest.raises(RecgenError, match="is not JSON"):
        load_run(Path(__file__))
