"""What a change of config breaks, by doing it: code of the transform, rows of the test."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from breaking_changes import BASE, CHANGES, Change
from synthetic import write_csv

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.generate import generate
from recgen.plan import input_columns

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

_CODES = {"RB301", "RB302", "RB303", "RB304"}
_ROWS = {"RB401", "RB402", "RB403", "RB406"}
_UNREADABLE = ("delimiter", "quote", "decimal", "column_names")  # of the file that is written here


def transform_of(config: ExperimentConfig) -> str:
    """Returns the code of the transform without its comments."""
    return ast.dump(ast.parse(generate(config)["transform_module.py"]))


@pytest.fixture(scope="module")
def transform() -> str:
    return transform_of(load(BASE))


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_the_transform_has_the_same_code_unless_it_is_said(change: Change, transform: str) -> None:
    codes, config = set(change.codes.split()), load(change.config)
    before = transform if change.base is BASE else transform_of(load(change.base))
    is_same = transform_of(config) == before
    assert is_same == codes.isdisjoint(_CODES)
    old, new = types_of(load(change.base)), types_of(config)
    is_another = any(new[name] != old[name] for name in old.keys() & new.keys())
    # A column of another kind is another feature.
    assert is_another == ("RB305" in codes) or "RB302" in codes


def types_of(config: ExperimentConfig) -> dict[str, tuple[str, bool]]:
    return {each.name: (each.dtype, each.is_list) for each in input_columns(config)}


@pytest.fixture(scope="module")
def table() -> dict[str, list[Any]]:
    numbers = range(200)
    return {
        "user_id": [f"u{n % 17}" for n in numbers],
        "city": [str(n % 5) for n in numbers],
        "age": [20 + n % 40 for n in numbers],
        "since": [1_600_000_000 + 86_400 * ((n * 31) % 200) for n in numbers],
        "sku": [str(100 + n % 23) for n in numbers],
        "brand": [str(n % 7) for n in numbers],
        "price": [1.5 + n % 9 for n in numbers],
        "weight": [n % 4 for n in numbers],
        "time": [1_700_000_000 + 3600 * n for n in numbers],
        "zip": [str(n % 3) for n in numbers],
        "town": [str(n % 5) for n in numbers],
        "maker": [str(n % 7) for n in numbers],
        "cost": [1.5 + n % 9 for n in numbers],
        "member_since": [1_600_000_000 + n for n in numbers],
    }


def rows_of_test(config: ExperimentConfig, path: Path) -> Any:
    """Returns validation and test rows as `recgen train` makes them: buyer, product and times."""
    from recgen.local.histories import missing_histories
    from recgen.local.ingest import open_data, table_of
    from recgen.local.split import split_table

    file = open_data(path, config.data)
    unread = {each.name for each in missing_histories(config, file.names)}
    columns = [each for each in input_columns(config) if each.name not in unread]
    table = table_of(file, columns, config.data.null_values)
    split = config.data.split
    seed = config.model.seed
    names = [str(config.features.buyer_id), str(config.features.product_id)]
    parts = split_table(table, split, split.date_column if split else None, seed, names)
    return [part.select(names).to_pydict() for part in (parts.eval, parts.test)]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_the_same_rows_are_tested_unless_it_is_said(
    change: Change, table: dict[str, list[Any]], tmp_path: Path
) -> None:
    codes = set(change.codes.split())
    if any(name in change.name for name in _UNREADABLE):
        assert "RB402" in codes
        return
    path = write_csv(table, tmp_path / "a.csv")
    same = rows_of_test(load(change.base), path) == rows_of_test(load(change.config), path)
    if codes.isdisjoint(_ROWS):
        assert same
    if change.name in _OTHERS:
        assert not same


_OTHERS = {
    "another product's ID",
    "another buyer's ID",
    "data.split.kind time_holdout",
    "data.split.date_column since",
    "data.split.validation 0.1",
    "data.split.test 0.2",
    "the split by default",
}
"""Changes that must show in these rows; the others depend on what the data has."""
