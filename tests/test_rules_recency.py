"""Histories, half-lives and catalogue sizes against data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import Rows, added, problems
from test_rules_data import DAY, FIRST, codes, found, plain, profile_of, shop

from recgen.config import DataConfig, FeatureConfig, HistoryFeature, ModelConfig, Split
from recgen.data.estimates import drawn_rows, list_values, split_sizes
from recgen.data.statistics import ColumnProfile
from recgen.rules import RULES

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

__all__ = ["plain"]  # a fixture

PAST = {
    "column": "past",
    "data_type": "history",
    "transforms": {"history": {"shared_with": "sku", "max_length": 30}},
}


@pytest.fixture
def with_past(plain: dict[str, Any]) -> dict[str, Any]:
    """Returns the small config with a history."""
    return {**plain, "features": {**plain["features"], **added(plain, buyer=[PAST])}}


def test_a_history_that_the_data_lacks_is_made_where_there_is_a_date(
    with_past: dict[str, Any], tmp_path: Path
) -> None:
    profile = profile_of(tmp_path, shop())
    assert codes(with_past, profile) == []
    share = {"validation": 0.1, "test": 0.1}
    random = {**with_past, "data": {"split": {"kind": "random", **share}}}
    (finding,) = found(random, profile)
    assert (finding.code, finding.severity) == ("RG501", "error")
    assert "data.split.date_column" in finding.help
    dated = {"kind": "random", "date_column": "bought_at", **share}
    assert codes({**with_past, "data": {"split": dated}}, profile) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([["p1", "p2"], [], None], []),
        (["p1 p2", "p3", "p4"], ["RG503"]),
        ([1, 2, 3], ["RG503"]),
        ([None, None, None], ["RG504"]),
    ],
)
def test_a_history_that_the_data_has_holds_lists(
    with_past: dict[str, Any], tmp_path: Path, values: list[Any], expected: list[str]
) -> None:
    table = {**shop(), "past": pa.array(values * 2000)}
    assert codes(with_past, profile_of(tmp_path, table)) == expected


def test_p41_with_the_data_at_hand_nobody_asks_for_lists(
    with_past: dict[str, Any], tmp_path: Path
) -> None:
    without_date = {**with_past, "data": {"split": {"kind": "random"}}}
    table = {**shop(), "past": pa.array([["p1"]] * 6000)}
    from recgen.check import check

    assert "RG133" in {f.code for f in check(without_date).findings}
    report = check(without_date, profile=profile_of(tmp_path, table))
    assert not {"RG133", "RG501", "RG503"} & {f.code for f in report.findings}


def test_p62_the_lists_of_a_run_are_counted(plain: dict[str, Any], tmp_path: Path) -> None:
    table = shop(100)
    table["customer_id"] = ["a"] * 50 + ["b"] * 45 + [f"c{n}" for n in range(5)]
    features = FeatureConfig.model_validate({**plain["features"], **added(plain, buyer=[PAST])})
    data = DataConfig.model_validate(plain["data"])
    feature = features.features_of("buyer")[-1]
    assert isinstance(feature, HistoryFeature)
    counted = sum(min(n, 30) for rows in (50, 45, *[1] * 5) for n in range(rows))
    assert list_values(features, feature, profile_of(tmp_path, table), data) == counted
    table["past"] = [["p1"]] * 100  # of any length, as far as anybody knows
    assert list_values(features, feature, profile_of(tmp_path, table), data) == 100 * 30


class Many(Rows):
    """So many rows of few buyers: their lists are full."""

    def column(self, name: str) -> ColumnProfile:
        return ColumnProfile(name, "text", self.rows, 0, self.values[name])

    def counts(self, name: str) -> list[int]:
        return [self.rows // 100] * 100


def test_p62_lists_fill_the_memory_before_rows_do(with_past: dict[str, Any]) -> None:
    """Four keys of 8 bytes and up to 30 values of 4: 152 bytes a row, 8 GiB for 56.5 million."""
    names = {"customer_id": 100, "sku": 10, "age": 9, "bought_at": 9}
    few, many = (problems("RG408", with_past, Many(n * 10**6, names)) for n in (56, 57))
    assert few == []
    assert "past values take" in many[0]


def drawn(times: list[int], days: float, split: Split, folder: Path) -> tuple[float, float]:
    """Returns how many rows are drawn in an epoch as the rule has it, and as a run does."""
    table = {**shop(len(times)), "bought_at": times}
    data = DataConfig(split=split)
    profile = profile_of(folder, table)
    features = FeatureConfig()
    rows, estimated = split_sizes(features, data, profile), drawn_rows(
        features, data, profile, days
    )
    assert rows is not None
    assert estimated is not None
    training = np.sort(times)[: rows.training]
    newest = np.quantile(training, 0.999, method="nearest")
    chances = np.minimum(1, 0.5 ** ((newest - training) / DAY / days))
    return estimated, float(chances.sum())


@pytest.mark.parametrize("days", [2, 20, 200])
@pytest.mark.parametrize("shape", ["even", "late", "gap"])
def test_the_rows_of_an_epoch_are_those_that_a_run_draws(
    tmp_path: Path, days: float, shape: str
) -> None:
    share = np.linspace(0, 1, 6000)
    share = {"even": share, "late": share**0.3, "gap": np.where(share < 0.7, share / 2, 1)}[shape]
    if shape == "gap":  # nothing is bought for months, and all the rest in a day
        share = np.where(share == 1, 0.995 + np.linspace(0, 0.005, 6000), share)
    times = (FIRST + share * 300 * DAY).astype(int).tolist()
    split = Split(kind="strict_time", date_column="bought_at", validation=0.001, test=0.001)
    estimated, exact = drawn(times, days, split, tmp_path)
    assert estimated == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize(
    ("days", "batch", "expected"),
    [
        (40, 64, []),  # some 1,070 rows, of 4,800
        (40, 128, ["RG529 warning"]),
        (249, 128, []),
        (250, 128, ["RG529 info"]),  # 5,999 hours
        (60, 512, ["RG529 warning"]),
    ],
)
def test_half_lives(
    plain: dict[str, Any], tmp_path: Path, days: float, batch: int, expected: list[str]
) -> None:
    model = {**plain["model"], "batch_size": batch, "recency_half_life_days": float(days)}
    told = found({**plain, "model": model}, profile_of(tmp_path, shop()))
    assert [f"{f.code} {f.severity}" for f in told] == expected


def test_a_small_file_is_not_blamed_on_the_half_life(plain: dict[str, Any], tmp_path: Path) -> None:
    """Less than 20 batches, but more than half of the rows."""
    model = {**plain["model"], "recency_half_life_days": 240.0}
    assert codes({**plain, "model": model}, profile_of(tmp_path, shop())) == []


@pytest.mark.parametrize(
    ("size", "more", "expected"),
    [
        (None, {}, []),
        (106, {}, []),  # of 106 products: i * i modulo a prime
        (53, {}, []),
        (52, {}, ["RG530 info"]),
        (212, {}, []),
        (213, {}, ["RG530 info"]),
        (5000, {}, ["RG530 warning"]),  # for auto, too many
        (5000, {"negatives": "in_batch"}, ["RG530 info"]),
    ],
)
def test_the_size_of_the_catalogue(
    plain: dict[str, Any], tmp_path: Path, size: int | None, more: Any, expected: list[str]
) -> None:
    data = {**plain["data"], "catalogue_size": size}
    told = found(
        {**plain, "data": data, "model": {**plain["model"], **more}}, profile_of(tmp_path, shop())
    )
    assert [f"{f.code} {f.severity}" for f in told] == expected


def test_rules_on_times_ask_only_a_split_by_time(plain: dict[str, Any]) -> None:
    config = {
        "features": FeatureConfig.model_validate(plain["features"]),
        "model": ModelConfig(recency_half_life_days=1.0),
        "data": DataConfig(),
        "profile": Rows(10_000, {"sku": 10}),
    }
    assert list(RULES["RG529"].problems(config)) == []
