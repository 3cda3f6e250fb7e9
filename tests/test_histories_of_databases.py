"""Training histories as databases keep them: other names, some of the epochs, inside of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from diagnoses import codes, healthy, older
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

from recgen.analysis import diagnose, load_run, run_of
from recgen.metrics import MetricsFile, read_metrics

Plain = dict[str, Any]
_NAMES = {
    "loss": "train",
    "val_loss": "val",
    "total_loss": "total",
    "val_total_loss": "val_total",
    "regularization_loss": "regularization",
    "val_regularization_loss": "val_regularization",
}


def stored(data: Plain, step: int = 5) -> Plain:
    """Returns metrics as a database keeps them: every fifth epoch and the last, other names."""
    count = len(data["epochs"])
    kept = sorted({*range(0, count, step), count - 1})
    pick = lambda series: [series[n] for n in kept]  # noqa: E731
    stats = ("weight_stats", "gradient_stats")
    return {
        **{part: data[part] for part in ("final_metrics", "params")},
        "cached_at": "2026-01-03T08:00:00Z",
        "mlflow_run_id": "",
        "available": True,
        "epochs": pick(data["epochs"]),
        "loss": {_NAMES.get(name, name): pick(values) for name, values in data["loss"].items()},
        "gradient": {name: pick(values) for name, values in data["gradient"].items()},
        **{
            part: {
                tower: {n: pick(v) for n, v in data[part][tower].items() if n != "histogram"}
                for tower in data[part]
            }
            for part in stats
        },
        "metrics": {},
        "histogram_available": True,
    }


def read(data: object) -> MetricsFile:
    return read_metrics(json.dumps(data), "file")


@pytest.mark.parametrize("count", [1, 5, 6, 12, 100])
def test_a_sample_of_epochs_has_their_places(count):
    whole = older(healthy(count, epochs=count))
    file = read(stored(whole))
    kept = [n for n in range(count) if n % 5 == 0 or n == count - 1]
    assert len(file.metrics.epochs) == count
    assert (file.kept or tuple(range(count))) == tuple(kept)
    expected = [whole["loss"]["loss"][n] if n in kept else None for n in range(count)]
    assert list(file.metrics.loss.loss) == expected
    norms = file.metrics.gradient_stats.query.norm
    assert [norms[n] for n in kept] == [whole["gradient_stats"]["query"]["norm"][n] for n in kept]


def test_epochs_that_were_not_kept_are_not_called_nan(tmp_path):
    whole = older(healthy(12, epochs=12))
    as_file, as_row = run_of(whole), run_of(stored(whole))
    verdicts = [diagnose(run).verdict for run in (as_file, as_row)]
    assert verdicts[0] == verdicts[1]
    assert codes(diagnose(as_file)) == codes(diagnose(as_row))
    notes = diagnose(as_row).notes
    assert any("has 4 of 12 epochs (1, 6, 11, 12)" in note for note in notes)


def test_a_loss_that_was_nan_in_a_kept_epoch_still_is(tmp_path):
    data = stored(older(healthy(12, epochs=12)))
    data["loss"]["train"][1:] = [None, None, None]
    assert "RD204" in codes(diagnose(run_of(data)))


def _first_cache(data: Plain) -> Plain:
    renamed = {**data, "gradient_norms": data["gradient"]}
    del renamed["gradient"]
    return renamed


def _steps(data: Plain) -> Plain:
    points = {
        name: [{"step": e, "value": v} for e, v in zip(data["epochs"], values, strict=True)]
        for name, values in data["loss"].items()
    }
    return {**{k: v for k, v in data.items() if k != "epochs"}, "loss": points}


def _pairs(data: Plain) -> Plain:
    points = {
        name: [[e, v] for e, v in zip(data["epochs"], values, strict=True)][::-1]
        for name, values in data["loss"].items()
    }
    return {**{k: v for k, v in data.items() if k != "epochs"}, "loss": points}


def _by_number(data: Plain) -> Plain:
    points = {
        name: {str(e): v for e, v in zip(data["epochs"], values, strict=True)}
        for name, values in data["loss"].items()
    }
    return {**{k: v for k, v in data.items() if k != "epochs"}, "loss": points}


def _from_one(data: Plain) -> Plain:
    return {**data, "epochs": [epoch + 1 for epoch in data["epochs"]]}


def _as_texts(data: Plain) -> Plain:
    return {**data, "epochs": [str(epoch) for epoch in data["epochs"]]}


def _empty_series(data: Plain) -> Plain:
    return {**data, "gradient": {**data["gradient"], "norm": [], "weight_norm": []}}


GENERATIONS = [_first_cache, _steps, _pairs, _by_number, _from_one, _as_texts, _empty_series]


@pytest.mark.parametrize("changed", GENERATIONS, ids=lambda each: each.__name__)
def test_other_generations_hold_the_same(changed):
    data = stored(older(healthy(12, epochs=12)))
    plain, other = read(data), read(changed(data))
    assert other.kept == plain.kept
    assert other.metrics.loss == plain.metrics.loss
    assert other.notes == plain.notes


def _row(data: Plain, **columns: Any) -> Plain:
    return {"id": 7, "experiment_name": "seven", "training_history_json": data, **columns}


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda data: _row(data),
        lambda data: _row(json.dumps(data)),
        lambda data: [{"model": "shop.quicktest", "pk": 7, "fields": _row(data)}],
        lambda data: {"success": True, "training_history": data},
        lambda data: {"success": True, "data": {"training_history": data}},
    ],
)
def test_a_history_is_found_inside_of_a_row(wrapped):
    data = stored(older(healthy(12, epochs=12)))
    assert read(wrapped(data)).metrics.loss == read(data).metrics.loss


def test_columns_of_the_row_fill_what_the_history_lacks():
    data = stored(older(healthy(12, epochs=12)))
    del data["params"]["optimizer"], data["final_metrics"]["test_recall_at_5"]
    row = _row(data, optimizer="adam", recall_at_5=0.25, dataset_unique_products=77)
    metrics = read({**row, "learning_rate": 9.0}).metrics
    params = metrics.params
    assert (params.optimizer, params.candidates, params.learning_rate) == ("adam", 77, 0.05)
    assert (metrics.test_recall(5), metrics.params.name) == (0.25, "shop")


def test_a_row_without_a_history_still_says_what_it_knows():
    metrics = read(_row({}, recall_at_100=0.2, training_history_json=None)).metrics
    assert (len(metrics.epochs), metrics.test_recall(100)) == (0, 0.2)


def test_a_history_that_is_not_available_says_why():
    file = read({"available": False, "message": "no such run", "epochs": [], "loss": {}})
    assert file.notes[0] == "the file says that no history is available: no such run"


def test_a_cancelled_run_is_said_to_be_one(tmp_path):
    data = older(healthy(7, epochs=50))
    data["final_metrics"] = {}
    for status in (None, "cancelled"):
        run = run_of(_row(data, status=status) if status else data)
        found = diagnose(run).causes[0]
        assert (found.code, found.confidence) == ("RD503", "high")
        assert "7 of 50 epochs were trained" in found.evidence
        assert ("its status is 'cancelled'" in found.evidence) == bool(status)
        assert "RD303" not in codes(diagnose(run))  # nobody stopped early


@given(st.lists(st.integers(-3, 40) | st.floats() | st.text(max_size=3), max_size=6), st.data())
@some(70, 200)
def test_any_list_of_epochs_is_read(epochs, data):
    value = st.none() | st.floats() | st.lists(st.integers(), max_size=2) | st.text(max_size=2)
    series = st.lists(value, max_size=8) | st.dictionaries(st.text(max_size=2), value, max_size=3)
    loss = data.draw(st.dictionaries(st.sampled_from([*_NAMES.values(), "x"]), series))
    diagnose(run_of({"epochs": epochs, "loss": loss, "gradient_norms": loss, "metrics": loss}))


def test_a_huge_epoch_takes_no_room(tmp_path):
    path = Path(tmp_path / "training_metrics.json")
    path.write_text(json.dumps({"epochs": [0, 10**9], "loss": {"train": [1.0, 2.0]}}))
    assert len(load_run(path).metrics.epochs) == 2
