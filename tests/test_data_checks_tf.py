"""What the trainer sees in its data before it trains: lists with the answer, small catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scored import Scored

pytestmark = pytest.mark.one_stack

PRODUCTS = 40
ROWS = 200


def shop_of(runtime: Any, lists: Sequence[Sequence[int]], products: Sequence[int]) -> Any:
    """Returns rows with these lists and products, and their catalogue."""
    import tensorflow as tf

    shop = Scored(runtime, [(0, product) for product in range(PRODUCTS)], PRODUCTS)
    features = {
        "user": np.zeros(len(products), np.int64),
        "past": tf.ragged.constant(lists, tf.int32, ragged_rank=1, row_splits_dtype=tf.int64),
        "sku": np.array(products, np.int64),
    }
    rows = tf.data.Dataset.from_tensor_slices(features).ragged_batch(ROWS)
    columns = runtime.dataclasses.replace(shop.columns, product_histories=("past",))
    return runtime.Split(rows, columns), shop.catalogue


def bought(seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(PRODUCTS, size=ROWS)


def test_lists_that_hold_the_answer_are_an_error(runtime: Any) -> None:  # P41
    """As a window function makes them that goes to the current row."""
    products = bought()
    lists = [[*products[max(0, row - 3) : row + 1]] for row in range(ROWS)]
    split, catalogue = shop_of(runtime, lists, products)
    with pytest.raises(ValueError, match=r"^100\.0% of the lists in past contain the product"):
        runtime.describe_histories(split, catalogue)
    # Also where some products are unknown, so that no list can hold them.
    unknown = products.copy()
    unknown[::4] = PRODUCTS + 1
    lists = [[p for p in each if p < PRODUCTS] for each in lists]
    split, catalogue = shop_of(runtime, lists, unknown)
    with pytest.raises(ValueError, match="the lists in past contain the product"):
        runtime.describe_histories(split, catalogue)


def test_buyers_may_buy_again(runtime: Any) -> None:
    """Nine of ten rows repeat something; the first ones cannot."""
    products = bought()
    lists = [[products[row]] if row % 10 else [] for row in range(ROWS)]
    split, catalogue = shop_of(runtime, lists, products)
    found = runtime.describe_histories(split, catalogue)
    assert found == {"past": {"empty": 0.1, "length": 0.9, "own_product": pytest.approx(0.9)}}


def test_in_a_small_catalogue_a_list_may_hold_nearly_all_products(runtime: Any) -> None:
    split, catalogue = shop_of(runtime, [range(PRODUCTS)] * ROWS, bought())
    assert runtime.describe_histories(split, catalogue)["past"]["own_product"] == 1


def test_a_list_may_hold_the_product_that_nearly_all_rows_have(runtime: Any) -> None:
    products = [0] * (ROWS - 2) + [1, 2]
    split, catalogue = shop_of(runtime, [[0]] * ROWS, products)
    assert runtime.describe_histories(split, catalogue)["past"]["own_product"] == 0.99


def test_long_lists_of_a_small_catalogue_may_hold_the_answer(runtime: Any) -> None:  # P41
    """Other products are in three of five lists, and the row's own in all."""
    products = bought()
    lists = [sorted({*range(25), own}) for own in products]
    split, catalogue = shop_of(runtime, lists, products)
    with pytest.raises(ValueError, match=r"^100\.0% of the lists in past contain the product"):
        runtime.describe_histories(split, catalogue)


def test_the_share_of_lists_that_hold_another_product(runtime: Any) -> None:
    import tensorflow as tf

    lists = tf.ragged.constant([[0, 0, 1], [], [2], [9]], tf.int32, row_splits_dtype=tf.int64)
    expected = (3 / 4 + 0 + 1 / 4 + 0) / 4
    products = np.array([0, 0, 1, 2], np.int32)
    assert runtime.held_by_chance(lists, products) == pytest.approx(expected)
    assert runtime.held_by_chance(lists[1:2], products[:1]) == 0


def test_lists_of_other_ids_are_empty_and_said(
    runtime: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    split, catalogue = shop_of(runtime, [[]] * (ROWS - 1) + [[1]], bought())
    assert runtime.describe_histories(split, catalogue)["past"]["empty"] == 0.995
    said = capsys.readouterr().out
    assert said == (
        "warning: 99.5% of the lists in past are empty: their items are in no vocabulary, or "
        "buyers have no past\n"
    )
    split, catalogue = shop_of(runtime, [[], [1]] * (ROWS // 2), bought())
    runtime.describe_histories(split, catalogue)
    assert not capsys.readouterr().out
    split, catalogue = shop_of(runtime, [[]] * ROWS, bought())
    with pytest.raises(ValueError, match=r"^100\.0% of the lists in past are empty.* remove past"):
        runtime.describe_histories(split, catalogue)
