"""Two JSON files as a database stores configs: read, checked, and used for a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnoses import healthy, older
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

from recgen.analysis import load_run
from recgen.check import examine
from recgen.findings import RecgenError
from recgen.reading.stored import read_stored, section_of, stored_of

pytest_plugins = ["running"]
Plain = dict[str, Any]

FEATURES: Plain = {
    "id": 4,
    "name": "shop",
    "dataset_id": 1,
    "created_at": "2026-01-01T00:00:00Z",
    "description": None,
    "buyer_model_features": [
        {
            "column": "cust_no",
            "display_name": "buyer",
            "bq_type": "int64",
            "data_type": "text",
            "is_primary_id": True,
            "transforms": {"embedding": {"enabled": True, "embedding_dim": 48}},
        },
        {
            "column": "value",
            "bq_type": "DECIMAL",
            "data_type": "numeric",
            "transforms": {"normalize": {"enabled": True}, "log_transform": False},
        },
    ],
    "product_model_features": [
        {"column": "sku", "bq_type": "STRING", "data_type": "text", "is_primary_id": True}
    ],
    "buyer_model_crosses": [],
    "product_model_crosses": None,
    "target_column": None,
}
MODEL: Plain = {
    "id": 9,
    "model_endpoint": 2,
    "model_type": "retrieval",
    "buyer_tower_layers": [{"type": "dense", "units": 32, "activation": None}],
    "product_tower_layers": [{"type": "dense", "units": 32, "activation": None}],
    "output_embedding_dim": 32,
    "optimizer": "adagrad",
    "learning_rate": 0.05,
    "batch_size": 4096.0,
    "epochs": 5,
}


def stored(features: object = FEATURES, model: object = MODEL) -> Any:
    texts = [("features", "f", json.dumps(features)), ("model", "m", json.dumps(model))]
    return stored_of(texts)


def test_two_rows_are_an_experiment_and_what_is_left_out_is_said():
    found = stored()
    checked = examine(found.experiment)
    assert not checked.report.errors
    assert checked.config is not None
    assert checked.config.features.buyer_id == "buyer"
    assert checked.config.model.batch_size == 4096
    assert found.notes == (
        "f: 3 columns left out, since a config has no such key: created_at, dataset_id, id",
        "m: 2 columns left out, since a config has no such key: id, model_endpoint",
    )


WRAPPED: list[Callable[[Plain], object]] = [
    lambda row: [{"model": "shop.featureconfig", "pk": 4, "fields": row}],
    lambda row: {"success": True, "data": row},
    lambda row: {"success": True, "feature_config": row},
    lambda row: [row],
    lambda row: json.dumps(row),
    lambda row: {**row, "buyer_model_features": json.dumps(row["buyer_model_features"])},
]


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_a_row_is_found_in_an_export(wrapped):
    assert stored(wrapped(FEATURES)).experiment["features"] == stored().experiment["features"]


def test_a_target_is_stored_as_a_mapping():
    target = {"column": "sales", "display_name": "amount", "transforms": {}}
    found = stored({**FEATURES, "target_column": target}, {**MODEL, "model_type": "ranking"})
    assert found.experiment["features"]["target_column"] == target


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "is not a stored config of the features"),
        (json.dumps(MODEL), "is not a stored config of the features"),
        ("\0", "is not JSON"),
    ],
)
def test_what_is_no_row_is_refused(tmp_path, content, said):
    path = tmp_path / "f.json"
    path.write_text(content)
    with pytest.raises(RecgenError, match=said):
        read_stored(path, None)
    with pytest.raises(RecgenError, match="cannot read"):
        read_stored(tmp_path / "gone.json", None)


def test_swapped_files_are_told(tmp_path):
    path = tmp_path / "f.json"
    path.write_text(json.dumps(MODEL))
    with pytest.raises(RecgenError) as raised:
        read_stored(path, None)
    assert raised.value.help == "it is a config of the model: give it with --model"


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from([*FEATURES, *MODEL, "transforms", "fields"]), inner),
    max_leaves=8,
)


@given(_json)
@some(50, 150)
def test_any_row_is_read_or_refused(data):
    text = json.dumps(data)
    section = section_of(text)
    if section is not None:
        examine(stored_of([(section, "row", text)]).experiment)


def run_folder(tmp_path: Path, **files: object) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    data = older(healthy(5, epochs=5))
    (folder / "training_metrics.json").write_text(json.dumps(data))
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_rows_beside_the_metrics_are_the_config_of_the_run(tmp_path):
    folder = run_folder(tmp_path, a_model=MODEL, features_4=FEATURES, other=[1], x={"loss": {}})
    run = load_run(folder)
    assert run.config is not None
    assert (run.config.name, run.config.model.epochs) == ("shop", 5)


def test_one_of_the_two_is_not_enough(tmp_path):
    assert load_run(run_folder(tmp_path, features=FEATURES)).config is None


def test_a_config_of_the_run_counts_more(tmp_path, experiment):
    folder = run_folder(tmp_path, features=FEATURES, model=MODEL)
    (folder / "config.yaml").write_text(json.dumps(experiment))
    run = load_run(folder)
    assert run.config is not None
    assert run.config.name == experiment["name"]


# Commands


def test_the_commands_take_both_files(tmp_path, run):
    f, m = tmp_path / "f.json", tmp_path / "m.json"
    f.write_text(json.dumps(FEATURES))
    m.write_text(json.dumps({**MODEL, "learning_rate": 0.1, "buyer_tower_layers": []}))
    code, out, err = run("check", "--features", f, "--model", m)
    assert code == 0
    assert "RG103" in out
    assert "3 columns left out" in err
    assert run("check", "--model", m)[0] == 0
    folder = run_folder(tmp_path)
    _, out, _ = run("diagnose", folder, "--features", f, "--model", m)
    assert "there is no config.yaml" not in out
    assert "depth 1" in out
    code, _, err = run("diagnose", folder, "--features", f)
    assert (code, err.splitlines()[0]) == (2, "error: --features and --model belong together")
    assert run("check")[0] == 2
    assert run("check", "--fix", "--features", f, "--model", m)[0] == 2
