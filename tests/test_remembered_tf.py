"""What the final layer remembers of known buyers, by hand; nothing is trained here."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from scored import Scored
from test_final_layer_tf import DAY, DAYS, Shop


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        # Product: how often, and how many products were bought since. Buyer 0 bought 4, 6 and 4
        # again in counted rows; what is in the list as well is one of those purchases.
        ([], {6: (1, 1), 4: (2, 0)}),
        ([6, 4], {6: (1, 1), 4: (2, 0)}),
        ([4, 9], {6: (1, 2), 4: (2, 1), 9: (1, 0)}),  # 9 was bought after the rows
        ([-1], {6: (1, 2), 4: (2, 1)}),  # a product that no row has
    ],
)
def test_what_a_buyer_had_is_remembered(
    runtime: Any, listed: list[int], expected: dict[int, tuple[float, float]]
) -> None:
    train = [(0, 4), (0, 6), (0, 4), (1, 9), (2, 2)]
    scored = Scored(runtime, train, 10, 4, [5 * DAY, 6 * DAY, 9 * DAY, 9 * DAY, DAY])
    layer = runtime.FinalLayer(scored.catalogue, 0.0)
    layer.remember(scored.counting())
    rows = scored.rows([(0, 4), (4, 4)], lists=[[2 if p < 0 else p for p in listed], []])
    features = next(iter(rows.dataset))
    if listed == [-1]:
        features["past"] = features["past"] * 0  # product 0 is in no row
    past = layer.purchases(features)
    own = {item: [0.0, math.inf] for item in past.places.numpy().tolist() if item >= 0}
    for row, item, age, count in zip(*(each.numpy().tolist() for each in past), strict=True):
        assert row == 0  # not of the unknown buyer
        if item >= 0:
            own[item] = [own[item][0] + count, min(own[item][1], age)]
    names = [int(name[1:]) for name in scored.catalogue.names]
    assert {names[item]: tuple(each) for item, each in own.items()} == expected


def test_no_variable_is_empty_before_it_remembers(runtime: Any) -> None:
    """Workers that send each other an empty variable crash; of the one value, nobody has it."""
    scored = Scored(runtime, [(0, 1), (1, 2)], 4, 3, [1, 2])
    layer = runtime.FinalLayer(scored.catalogue, 0.0)
    assert all(each.numpy().size for each in layer.variables)
    features = next(iter(scored.rows([(0, 1)], lists=[[]]).dataset))
    assert layer.had(features).numpy().tolist() in ([[]], [[-1]])


def test_a_long_past_is_remembered_in_part(runtime: Any) -> None:
    train = [(0, p) for p in range(8)] + [(1, 3), (1, 3), (2, 1), (2, 5)]
    scored = Scored(runtime, train, 8, 4, [10 - p for p in range(8)] + [3, 9, 7, 7])
    splits, places, counts = scored.counting().purchases(3, 6)
    assert splits.tolist() == [0, 3, 4, 6, 6, 6]
    assert places.tolist() == [2, 1, 0, 3, 1, 5]  # the latest last, then by index
    assert counts.tolist() == [1, 1, 1, 2, 1, 1]
    splits, places, _ = scored.counting().purchases(3, 5)  # 6 are too many: 1 each, not 3
    assert (splits.tolist(), places.tolist()) == ([0, 1, 2, 3, 3, 3], [0, 3, 5])


def test_a_model_that_does_not_remember_has_no_terms_of_it(runtime: Any) -> None:
    """XLA cannot compile lists of varying length."""
    shop = Shop(runtime)
    columns = replace(shop.scored.columns, past="", histories=())
    catalogue = SimpleNamespace(**{**vars(shop.scored.catalogue), "columns": columns})
    layer = runtime.FinalLayer(catalogue, 0.0, remembers=False)
    layer.remember(shop.scored.counting())
    assert layer.names == ["towers", *(f"share_{n}_days" for n in DAYS[:-1]), "share"]
    assert not layer.splits.numpy().any()  # nobody had anything
    remembering = runtime.FinalLayer(catalogue, 0.0)
    assert "had_often" in remembering.names
