"""A stored row's transform does what the former generator's did, for what is kept.

Beside it is a plain re-implementation of what the platform's generator wrote: z-scores, quantiles,
one bucket for unknown texts, cycles by modulo, lists in the order of the data.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runs import Run
from stored_rows import posted_features, posted_model
from synthetic import Table

from recgen.contrib.ml_platform import read_rows
from recgen.contrib.ml_platform.report import TRAINS_ALL_THE_SAME

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

ROWS = 240
DAY = 86_400
START = 1_700_000_000
PERIODS = {"weekly": 7 * DAY, "monthly": 30.44 * DAY}
LONGEST = 5


def stored() -> Any:
    posted = posted_features()
    posted["buyer_model_features"][4]["transforms"]["history"]["max_length"] = LONGEST
    return posted


@pytest.fixture(scope="module")
def table() -> Table:
    random = np.random.default_rng(5)
    products = random.integers(20, size=ROWS)
    lists = [random.permutation(20)[: random.integers(0, 12)] for _ in range(ROWS)]
    return {
        "customer_id": (1000 + random.integers(30, size=ROWS)).tolist(),
        "city": [f"city {number}" for number in random.integers(9, size=ROWS)],
        "basket": np.round(np.exp(random.normal(size=ROWS)), 3).tolist(),
        "sold_at": (START + random.integers(60 * DAY, size=ROWS)).tolist(),
        "purchase_history": [(100 + each).tolist() for each in lists],
        "product_id": (100 + products).tolist(),
        "category": [f"c{number % 4}" for number in products],
    }


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run], table: Table) -> Run:
    config, report = read_rows(stored(), posted_model("minimal", learning_rate=0.01))
    assert config is not None, str(report)
    return make_run(config, table, TRAINS_ALL_THE_SAME)


@pytest.fixture(scope="module")
def written(run: Run) -> dict[str, Any]:
    """Returns the outputs of all rows, in the order of the table."""
    module, args = run.module(), run.fn_args()
    patterns = [args.train_files, args.eval_files, args.custom_config["test_files"]]
    chunks = [
        next(iter(module.runtime.Split.read(each, "some", module.COLUMNS).dataset))
        for each in patterns
    ]
    found: dict[str, Any] = {}
    for name in chunks[0]:
        parts = [chunk[name] for chunk in chunks]
        is_list = hasattr(parts[0], "to_list")
        found[name] = (
            [each for part in parts for each in part.to_list()]
            if is_list
            else np.concatenate([part.numpy() for part in parts])
        )
    return found


@pytest.fixture(scope="module")
def analysed(run: Run) -> slice:
    """Returns the rows that Transform analysed: those of the training."""
    module, args = run.module(), run.fn_args()
    return slice(0, module.runtime.Split.read(args.train_files, "train", module.COLUMNS).count)


@pytest.mark.parametrize("name", ["basket", "sold_at"])
def test_numbers_are_z_scores_whatever_the_range_says(
    written: dict[str, Any], analysed: slice, table: Table, name: str
) -> None:
    values = np.array(table[name], np.float64)
    known = values[analysed]
    wanted = (values - known.mean()) / known.std()
    np.testing.assert_allclose(written[f"{name}_norm"], wanted, atol=2e-4)


def test_buckets_are_quantiles(written: dict[str, Any], analysed: slice, table: Table) -> None:
    values, found = np.array(table["basket"])[analysed], written["basket_bucket"][analysed]
    wanted = np.searchsorted(np.quantile(values, np.arange(1, 10) / 10), values, side="right")
    places = found - found.min()
    assert set(places.tolist()) == set(range(10))
    assert np.abs(places - wanted).max() <= 1  # tft's quantiles are approximate
    assert (places == wanted).mean() > 0.9


@pytest.mark.parametrize("cycle", PERIODS)
def test_cycles_have_their_period(written: dict[str, Any], table: Table, cycle: str) -> None:
    """Where a cycle begins may differ: that turns sine and cosine by a fixed angle."""
    found = written[f"sold_at_{cycle}_sin"], written[f"sold_at_{cycle}_cos"]
    angle = 2 * np.pi * (np.array(table["sold_at"], np.float64) % PERIODS[cycle]) / PERIODS[cycle]
    turned = np.exp(1j * (np.arctan2(*found) - angle))
    np.testing.assert_allclose(np.abs(found[0] + 1j * found[1]), 1, atol=1e-4)
    assert np.abs(turned - turned.mean()).max() < 0.01


@pytest.mark.parametrize(("name", "kind"), [("city", str), ("customer_id", int), ("category", str)])
def test_texts_are_whole_vocabularies_with_one_bucket_for_the_unknown(
    run: Run, written: dict[str, Any], analysed: slice, table: Table, name: str, kind: type
) -> None:
    known = list(dict.fromkeys(table[name][analysed]))
    path = next((run.data / "transform" / "transform_fn" / "assets").glob(f"{name}*"))
    words = [kind(word) for word in path.read_text("utf-8").split("\n")[:-1]]
    assert sorted(words, key=str) == sorted(known, key=str)  # no limit, no least frequency
    places = {word: place for place, word in enumerate(words)}
    wanted = [places.get(value, len(words)) for value in table[name]]
    assert written[name].tolist() == wanted


def test_lists_keep_what_was_kept(run: Run, written: dict[str, Any], table: Table) -> None:
    """The former trainer took the first values: in the platform's views, the newest ones."""
    path = next((run.data / "transform" / "transform_fn" / "assets").glob("product_id*"))
    words = [int(word) for word in path.read_text("utf-8").split("\n")[:-1]]
    found = [[words[place] for place in each] for each in written["purchase_history"]]
    known = [[value for value in each if value in words] for each in table["purchase_history"]]
    assert found == [each[:LONGEST][::-1] for each in known]  # the newest last
    assert max(map(len, found)) == LONGEST


def test_crosses_have_one_bucket_for_each_combination(
    written: dict[str, Any], table: Table
) -> None:
    pairs = list(zip(table["city"], written["basket_bucket"].tolist(), strict=True))
    buckets = written["city_x_basket_cross"].tolist()
    assert min(buckets) >= 0
    assert max(buckets) < 1000
    of_pair: dict[Any, set[int]] = {}
    for pair, bucket in zip(pairs, buckets, strict=True):
        of_pair.setdefault(pair, set()).add(bucket)
    assert all(len(each) == 1 for each in of_pair.values())
    assert len({min(each) for each in of_pair.values()}) > 0.9 * len(of_pair)


@pytest.mark.slow
def test_such_a_row_trains_and_its_metrics_fill_the_platforms_fields(run: Run) -> None:
    from recgen.contrib.ml_platform import quick_test_fields, training_history

    metrics = run.fit(epochs=1, batch_size=64)
    fields = quick_test_fields(json.dumps(metrics))
    assert {"loss", "recall_at_5", "recall_at_10", "recall_at_50", "recall_at_100"} <= set(fields)
    history = training_history(metrics)
    assert history["metrics"]
    assert history["histogram_available"]
