"""`init --preset NAME --data FILE`: the preset's model, fitted to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_propose import NAMES as COLUMNS
from ugly import UGLY, Rows, shop, write_csv

import recgen
from recgen.cli import main
from recgen.config import ExperimentConfig, HistoryFeature
from recgen.demo import demo_data
from recgen.presets import NAMES, find_preset
from recgen.proposal import Proposal, read_recipe
from recgen.reading import parse
from recgen.reading.sources import read_text

pytest.importorskip("pyarrow", reason="needs the extra `data`")


def rows_of(**changes: Any) -> Rows:
    return {**dict(zip(COLUMNS, shop().values(), strict=True)), **changes}


def fitted(rows: Rows, name: str) -> tuple[Proposal, ExperimentConfig]:
    proposal = recgen.propose(rows, preset=name)
    config = parse(read_text(proposal.text, "yaml")).config
    assert config is not None
    report = recgen.check_text(proposal.text, "yaml", profile=recgen.profile(rows))
    assert not report.errors
    assert set(recgen.render(config))
    return proposal, config


def history_of(config: ExperimentConfig) -> HistoryFeature | None:
    features = config.features.buyer_model_features
    return next((each for each in features if isinstance(each, HistoryFeature)), None)


@pytest.mark.parametrize("name", NAMES)
def test_the_model_is_the_presets_in_sizes_of_the_data(name: str) -> None:
    proposal, config = fitted(rows_of(), name)
    preset = recgen.load(read_text(find_preset(name).text, "yaml").data)
    sized = {"batch_size", "top_k", "recency_half_life_days", "ema_decay"}
    left = config.model.model_dump(exclude=sized)
    assert left == preset.model.model_dump(exclude=sized)
    assert config.model.batch_size < preset.model.batch_size  # 6,159 rows
    ids = [config.features.vectors[column].width for column in ("customer_id", "sku")]
    assert ids == [preset.features.vectors[column].width for column in ("CustomerID", "StockCode")]
    assert (history_of(config) is None) == (history_of(preset) is None)
    head = find_preset(name).text.split("\n")[0].removeprefix("# ")
    assert head in " ".join(proposal.text.replace("\n#", "").split())


@pytest.mark.parametrize(
    ("name", "buyer", "product"),
    [
        ("tutorial", [], []),
        ("small_catalogue", ["city"], []),
        ("cold_start", ["city"], ["kind", "price"]),
    ],
)
def test_other_features_only_where_the_preset_has_some(
    name: str, buyer: list[str], product: list[str]
) -> None:
    proposal, config = fitted(rows_of(), name)
    found = [each.column for each in config.features.buyer_model_features]
    assert [each for each in found if each not in ("customer_id", "past_products")] == buyer
    assert [each.column for each in config.features.product_model_features[1:]] == product
    if not product:
        assert f"the preset {name} has only the ID of the product" in proposal.left_out["price"]


def test_features_are_transformed_as_in_the_preset() -> None:
    _, config = fitted(rows_of(), "cold_start")
    kind, price = config.features.product_model_features[1:]
    assert kind.transforms.embedding.min_frequency == 5  # type: ignore[union-attr]
    assert price.transforms.bucketize.buckets == 20  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
def test_without_times_history_and_recency_are_left_out_and_it_is_said(name: str) -> None:
    rows = rows_of()
    del rows["order_date"]
    proposal, config = fitted(rows, name)
    assert history_of(config) is None
    assert config.model.recency_half_life_days is None
    model = find_preset(name).text
    assert ("preset's history needs times" in proposal.text) == ("data_type: history" in model)
    assert ("The preset's recency" in proposal.text) == ("recency_half_life_days" in model)
    assert "AT RANDOM" in proposal.text


def test_a_history_is_no_longer_than_what_buyers_had() -> None:
    history = history_of(fitted(rows_of(), "small_catalogue")[1])
    assert history
    assert history.history
    assert history.history.max_length <= 100


def test_averages_go_over_an_epoch_or_two() -> None:
    small = fitted(rows_of(), "small_catalogue")[1].model
    assert small.ema_decay is not None
    assert small.ema_decay <= 0.99
    recipe = read_recipe("small_catalogue", find_preset("small_catalogue").text)
    proposed = {"batch_size": 4096, "top_k": 100}
    assert recipe.model_of(proposed, None, 4_000_000)["ema_decay"] == 0.999


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_data_gets_the_presets_own_columns(name: str, tmp_path: Path) -> None:
    path, config = tmp_path / "demo.csv", tmp_path / "config.yaml"
    path.write_bytes(demo_data("csv", 30_000))
    main(["init", "--preset", name, "--data", str(path), "-o", str(config)])
    found = recgen.load(config)
    preset = recgen.load(read_text(find_preset(name).text, "yaml").data)
    for side in ("buyer", "product"):
        columns = {each.column for each in getattr(found.features, f"{side}_model_features")}
        wanted = {each.column for each in getattr(preset.features, f"{side}_model_features")}
        assert columns == wanted - {"Description"}  # it only repeats which product it is
    assert found.data.split
    assert found.data.split.kind == "strict_time"


@pytest.mark.parametrize("shape", sorted(UGLY.keys() - {"wide"}))
def test_a_preset_fits_whatever_a_proposal_fits(shape: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", UGLY[shape]())
    profile = recgen.profile(path)
    plain = recgen.check_text(recgen.propose(path).text, "yaml", profile=profile)
    report = recgen.check_text(
        recgen.propose(path, preset="cold_start").text, "yaml", profile=profile
    )
    assert {each.code for each in report.errors} <= {each.code for each in plain.errors}


def test_what_to_run_next_names_the_preset(tmp_path: Path, capsys: Any) -> None:
    path = write_csv(tmp_path / "shop.csv", rows_of())
    main(["init", "--preset", "tutorial", "--data", str(path)])
    assert f"next: recgen init --data {path} --preset tutorial -o config.yaml" in (
        capsys.readouterr().err
    )


def test_an_unknown_preset_is_a_sentence() -> None:
    with pytest.raises(recgen.RecgenError, match="there is no preset 'tutoral'"):
        recgen.propose(rows_of(), preset="tutoral")
