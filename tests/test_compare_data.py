"""What `compare` says of data and gradients, and a comparison with a preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from diagnoses import dead, healthy, older, run_of

from recgen.analysis import load_run
from recgen.analysis.comparing import compare
from recgen.findings import RecgenError
from recgen.presets import NAMES

Plain = dict[str, Any]


def test_rows_products_data_set_and_gradients_are_shown(tmp_path, experiment):
    first, second = healthy(), dead(dataset_name="city")
    second["params"] |= {"train_rows": 500, "candidates": 77}
    runs = [run_of(tmp_path / "a", first, experiment), run_of(tmp_path / "b", second, experiment)]
    found = compare(runs)
    shown = found.circumstances
    assert shown["data set"][1] == "city"
    assert shown["training rows"] == ("20,000", "500")
    assert shown["products"] == ("3,600", "77")
    assert shown["gradient, buyer tower"] == ("0.1250", "0, zero since epoch 1")
    assert shown["trainer"] == ("recgen", "recgen")
    assert found.as_dict()["circumstances"] == {k: list(v) for k, v in shown.items()}


def test_data_that_differ_more_than_settings_are_said(tmp_path, experiment):
    runs = [
        run_of(tmp_path / name, healthy(train_rows=rows, dataset_name=name), experiment)
        for name, rows in (("a", 20_000), ("b", 500))
    ]
    doubts = compare(runs).doubts
    assert (
        "the data of the runs differ (data set, training rows), and the settings do not, so "
        "figures say more of the data than of the models"
    ) in doubts


@pytest.mark.parametrize("rows", [20_000, 20_100])
def test_the_same_data_are_no_doubt(tmp_path, experiment, rows):
    runs = [run_of(tmp_path / f"{n}", healthy(train_rows=n), experiment) for n in (20_000, rows)]
    assert not any("the data of the runs differ" in doubt for doubt in compare(runs).doubts)


def test_settings_that_differ_more_than_data_are_counted(tmp_path, experiment):
    other = {**experiment, "model": {**experiment["model"], "epochs": 3, "seed": 7, "top_k": 9}}
    params = {"train_rows": 500, "epochs": 3}
    runs = [
        run_of(tmp_path / "a", healthy(), experiment),
        run_of(tmp_path / "b", healthy(3, **params), other),
    ]
    (said,) = (each for each in compare(runs).doubts if "data of the runs differ" in each)
    assert said.endswith("settings differ")


def test_an_older_trainer_is_named(tmp_path, experiment):
    runs = [
        run_of(tmp_path / "a", healthy(), experiment),
        run_of(tmp_path / "b", older(healthy()), experiment),
    ]
    found = compare(runs)
    assert found.circumstances["trainer"] == ("recgen", "older")
    assert found.settings["model.gradient_clip_norm"] == ("1", "null")


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_compared_with_a_preset(tmp_path, experiment, name):
    run = run_of(tmp_path / "run", healthy(), {**experiment, "model": {"learning_rate": 0.5}})
    preset = load_run(f"preset:{name}")
    found = compare([run, preset])
    assert preset.config is not None
    rate = f"{preset.config.model.learning_rate:g}"
    assert found.settings.get("model.learning_rate", ("0.05", "0.05")) == ("0.05", rate)
    assert all(path.startswith("model.") for path in found.settings)  # columns are placeholders
    assert not any("data of the runs differ" in doubt for doubt in found.doubts)


def test_a_preset_is_no_run_that_fails(tmp_path, experiment):
    runs = [
        run_of(tmp_path / f"{n}", healthy(learning_rate=0.05 + n / 100), experiment)
        for n in range(4)
    ]
    assert compare([*runs, load_run("preset:tutorial")]).factors == compare(runs).factors


def test_an_unknown_preset_is_told(tmp_path: Path):
    with pytest.raises(RecgenError, match="there is no preset 'tutoral'"):
        load_run("preset:tutoral")


def test_the_command_takes_a_preset(tmp_path, experiment, capsys):
    from recgen.cli import main

    run_of(tmp_path / "run", healthy(), experiment)
    main(["compare", str(tmp_path / "run"), "preset:tutorial"])
    out = capsys.readouterr().out
    assert "not trained" in out
    assert "data and gradients" in out
