"""Rows drawn by their age: how many, which ones, and what the correction makes of it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from recgen.generate import render

pytestmark = pytest.mark.one_stack

DAY = 86_400
NOW = 1_700_000_000
HALF_LIFE = 30
MISSING = -(2**63)
PRODUCTS = 5

EXPERIMENT: dict[str, Any] = {
    "features": {
        "buyer_id_column": "user",
        "product_id_column": "sku",
        "buyer_model_features": [{"column": "user", "data_type": "text"}],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    },
    "model": {"recency_half_life_days": HALF_LIFE},
    "data": {"split": {"kind": "strict_time", "date_column": "at"}},
}


class Vocabulary:
    def vocabulary_by_name(self, name: str) -> list[bytes]:
        return [b"p%d" % number for number in range(PRODUCTS)]

    def vocabulary_size_by_name(self, name: str) -> int:
        return 0  # no buyer is asked for


def rows_of(runtime: Any, times: Any, products: Any = None, chunk: int = 1500) -> Any:
    """Returns rows in chunks; the user is the row's number, so that rows can be told apart."""
    import tensorflow as tf

    columns = runtime.Columns(
        specs={name: tf.io.FixedLenFeature([], tf.int64) for name in ("user", "sku", "event_time")},
        buyer="user",
        product="sku",
        buyer_vocabulary="user_vocab",
        product_vocabulary="sku_vocab",
        product_features=("sku",),
        time="event_time",
    )
    times = np.asarray(times, np.int64)
    numbers = np.arange(len(times))
    products = numbers % PRODUCTS if products is None else products
    features = {"user": numbers, "sku": np.asarray(products, np.int64), "event_time": times}
    return runtime.Split(tf.data.Dataset.from_tensor_slices(features).batch(chunk), columns)


def an_epoch(rows: Any, draw_chance: Any, batch_size: int, steps: int, seed: int = 1) -> Any:
    """Returns the rows' numbers in the first steps: [steps, batch]."""
    batches = rows.training_batches(batch_size, seed, draw_chance=draw_chance)
    return np.stack([batch["user"].numpy() for batch in batches.take(steps)])


AGES = (0, 1, 2, 4)  # half-lives


def aged(count: int = 3000) -> Any:
    """Returns times, so many of each age; in every chunk there are all of them."""
    return np.tile([NOW - age * HALF_LIFE * DAY for age in AGES], count)


def drawn(runtime: Any, times: Any, batch_size: int, steps: int, seed: int = 1) -> Any:
    """Returns the numbers of the rows that are drawn by their times."""
    chance = runtime.recency(times, HALF_LIFE)
    return an_epoch(rows_of(runtime, times), chance, batch_size, steps, seed)


def test_a_row_is_drawn_by_its_age(runtime: Any) -> None:
    times = aged()
    epoch = int(3000 * sum(0.5**age for age in AGES))
    seen = drawn(runtime, times, 100, epoch // 100 - 1).reshape(-1)
    assert len(set(seen.tolist())) == len(seen)  # in an epoch, a row comes once at most
    counts = np.bincount(np.searchsorted(AGES, (NOW - times[seen]) / DAY / HALF_LIFE), minlength=4)
    for age, count in zip(AGES, counts, strict=True):
        expected = 3000 * 0.5**age
        assert abs(count - expected) < 5 * np.sqrt(expected) + 100  # the last batch is left out


def test_each_epoch_draws_others(runtime: Any) -> None:
    times = aged()
    steps = int(3000 * sum(0.5**age for age in AGES)) // 100
    seen = drawn(runtime, times, 100, 40 * steps).reshape(-1)
    counts = np.bincount(seen, minlength=len(times)).reshape(3000, 4)
    means = counts.mean(axis=0) / counts[:, 0].mean()
    np.testing.assert_allclose(means, [0.5**age for age in AGES], rtol=0.05)
    oldest = counts[:, 3]  # 40 draws with a chance of one in 16: nobody is drawn always or never
    assert (oldest > 0).mean() == pytest.approx(1 - (15 / 16) ** 40, abs=0.05)
    assert oldest.max() < 15


def test_the_draws_depend_on_the_seed_only(runtime: Any) -> None:  # P60
    times = aged(500)
    one, same, other = (drawn(runtime, times, 50, 30, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert set(one.reshape(-1).tolist()) != set(other.reshape(-1).tolist())


def chances(runtime: Any, times: Any, asked: list[int]) -> list[float]:
    """Returns the chance of rows with the times `asked`, where `times` are those of the data."""
    return list(runtime.recency(times, HALF_LIFE)(np.array(asked)).numpy().tolist())


def test_rows_without_a_time_are_never_drawn(runtime: Any) -> None:  # P32
    times = aged(500)
    times[::3] = MISSING
    seen = drawn(runtime, times, 50, 60).reshape(-1)
    assert (times[seen] != MISSING).all()
    assert chances(runtime, times, [MISSING, NOW]) == [0, 1]


def test_the_correction_counts_what_is_drawn(runtime: Any) -> None:  # P54
    """A product that was popular long ago is a rare negative now."""
    times = np.append(np.tile([NOW, NOW - 3 * HALF_LIFE * DAY], 900), MISSING)
    products = np.append(np.tile([0, 1], 900), 2)
    rows, chance = rows_of(runtime, times, products), runtime.recency(times, HALF_LIFE)
    catalogue = runtime.Catalogue(rows, Vocabulary(), chance)
    np.testing.assert_allclose(catalogue.draws, [900, 112.5, 0, 0, 0, 0])
    assert catalogue.counts.tolist() == [900, 900, 1, 0, 0, 0]  # popularity is of all rows
    assert catalogue.steps(100) == 10  # an epoch is as long as what it draws
    shares = np.exp(catalogue.log_probability())
    assert shares[0] / shares[1] == pytest.approx(8, rel=1e-4)
    assert shares[2] == pytest.approx(shares[1] / 112.5, rel=1e-4)  # never drawn: like one row
    seen = an_epoch(rows, chance, 50, 400).reshape(-1)
    drawn = np.bincount(products[seen], minlength=3)
    assert drawn[0] / drawn[1] == pytest.approx(8, rel=0.1)
    assert drawn[2] == 0


def test_an_epoch_with_less_than_a_batch_is_one_clear_error(runtime: Any) -> None:  # P57
    times = np.array([NOW - age * HALF_LIFE * DAY for age in range(300)])  # draws two rows
    chance = runtime.recency(times, HALF_LIFE)
    catalogue = runtime.Catalogue(rows_of(runtime, times), Vocabulary(), chance)
    assert 1.9 < catalogue.draws.sum() < 2.5
    message = r"draws 2 of 300 rows, and a batch has 3: use a longer half-life \(recency_half_life"
    for steps in (None, 7):
        with pytest.raises(ValueError, match=message):
            catalogue.steps(3, steps)
    assert catalogue.steps(2, 7) == 7


def test_batches_go_on_where_a_pass_draws_less_than_one(runtime: Any) -> None:
    """With about a batch drawn in an epoch, every other pass has none by itself."""
    times = np.array([NOW - age * HALF_LIFE * DAY for age in range(300)])
    seen = drawn(runtime, times, batch_size=2, steps=200)
    assert seen.shape == (200, 2)
    chance = runtime.recency(times, HALF_LIFE)
    batches = rows_of(runtime, times).training_batches(2, 1, draw_chance=chance)
    later = rows_of(runtime, times).training_batches(2, 1, 150, draw_chance=chance)
    whole = np.stack([batch["user"].numpy() for batch in batches.take(200)])
    np.testing.assert_array_equal([b["user"].numpy() for b in later.take(50)], whole[150:])


def test_one_wrong_date_in_the_future_does_not_make_all_rows_old(runtime: Any) -> None:
    times = aged(500)
    times[7] = NOW + 500 * 365 * DAY
    chance = runtime.recency(times, HALF_LIFE)
    catalogue = runtime.Catalogue(rows_of(runtime, times), Vocabulary(), chance)
    assert catalogue.draws.sum() == pytest.approx(500 * sum(0.5**age for age in AGES), rel=0.01)
    assert chances(runtime, times, [NOW, int(times[7])]) == [1, 1]


def test_missing_dates_do_not_make_the_newest_one_old(runtime: Any) -> None:
    times = aged(500)
    times[: len(times) // 2 : 2] = MISSING
    assert chances(runtime, times, [NOW, NOW - HALF_LIFE * DAY]) == [1, 0.5]


@pytest.mark.parametrize("data", [{"split": {"kind": "random"}}, {}], ids=["random", "no split"])
def test_without_dates_there_is_no_code_for_it(data: dict[str, Any]) -> None:
    config = copy.deepcopy(EXPERIMENT) | {"data": data}
    text = render(config)["trainer_module.py"]
    for word in ("HALF_LIFE", "recency", "draw_chance"):
        assert word not in text
    plain = copy.deepcopy(config) | {"model": {}}
    without = render(plain)["trainer_module.py"].splitlines()
    assert [line for line in text.splitlines() if "config" not in line] == [
        line for line in without if "config" not in line
    ]
