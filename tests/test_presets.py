"""Presets: each is a config without findings that matter, and says when to use it."""

from __future__ import annotations

import re

import pytest
from generated import MODULES

import recgen
from recgen.cli import main
from recgen.config import SIDES, residuals_of
from recgen.presets import ALL, PREDICTING, find_preset
from recgen.reading import parse, read


@pytest.mark.parametrize("name", ALL)
def test_a_preset_passes_the_check_and_renders(name, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(find_preset(name).text, encoding="utf-8")
    report = recgen.check(path)
    assert not report.errors
    assert not report.warnings
    assert set(recgen.render(path)) == MODULES


@pytest.mark.parametrize("name", PREDICTING)
def test_a_preset_that_predicts_has_a_target(name, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(find_preset(name).text, encoding="utf-8")
    config = recgen.load(path)
    assert config.features.target.output_name == "Quantity"
    assert config.model.model_type == name


def test_ids_and_lists_of_deep_features_go_around_its_layers(tmp_path):
    """Through layers, it is below weekly popularity on new pairs (docs/presets.md)."""
    path = tmp_path / "config.yaml"
    path.write_text(find_preset("deep_features").text, encoding="utf-8")
    config = parse(read(path)).config
    around = [residuals_of(config.features, config.model, side) for side in SIDES]
    names = [[feature.column for feature in each] for each in around]
    assert names == [["CustomerID", "past_products"], ["StockCode"]]
    assert all(config.model.layers_of(side) for side in SIDES)


def test_every_file_is_a_preset_that_is_told_by_its_first_line():
    from recgen import presets as function
    from recgen.presets import _FOLDER

    assert {path.stem for path in _FOLDER.glob("*.yaml")} == set(ALL)
    found = function()
    assert [each.name for each in found] == list(ALL)
    for each in found:
        assert each.text.startswith(f"# {each.summary}")
        assert f"\nname: {each.name}\n" in each.text


def test_the_help_of_init_says_when_to_use_which(capsys):
    main(["init", "--help"])
    lines = capsys.readouterr().out.splitlines()
    for preset in recgen.presets():
        assert f"  {preset.name:15}  {preset.summary}" in [
            line.removeprefix("  ") for line in lines
        ]


def test_init_writes_a_preset_under_a_name(tmp_path, capsys):
    path = tmp_path / "new.yaml"
    main(["init", "--preset", "tutorial", "--name", 'Büro "x": 1', "-o", str(path)])
    assert recgen.load(path).name == 'Büro "x": 1'
    preset = find_preset("tutorial").text.replace("\nname: tutorial\n", "\nNAME\n")
    written = re.sub(r"(?m)^name: .*$", "NAME", path.read_text("utf-8"))
    assert written.removesuffix(preset).startswith("# yaml-language-server")
    assert written.endswith(preset)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--preset", "small_catalog"], "did you mean 'small_catalogue'"),
        (["--preset", "tutoral", "--data", "x.csv"], "did you mean 'tutorial'"),
        (["--preset", "tutorial", "--data", "no.csv"], "no.csv"),
    ],
)
def test_a_preset_that_cannot_be_is_an_error(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["init", *arguments])
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
