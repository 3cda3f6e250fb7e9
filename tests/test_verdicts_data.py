"""The data and the spoiled files of the labelled runs are wrong in the way that their names say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[1] / "bench"
ROWS = 2_000


@pytest.fixture
def data(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    import verdicts_data

    return verdicts_data


@pytest.fixture
def spoil(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    import verdicts_spoil

    return verdicts_spoil


def _split(table):
    times = table["InvoiceDate"].to_pylist()
    cut = times[0] + (times[-1] - times[0]) * 0.9
    first = next(place for place, time in enumerate(times) if time >= cut)
    return table.slice(0, first), table.slice(first)


def test_every_variant_is_in_order_of_time_and_has_about_as_many_rows(data):
    for variant in data.VARIANTS:
        table = data.make(variant, ROWS, 0)
        times = table["InvoiceDate"].to_pylist()
        assert times == sorted(times), variant
        assert 0.9 * ROWS <= table.num_rows <= ROWS, variant


def test_a_variant_is_the_same_every_time(data):
    for variant in ("guest 60", "12 sizes", "day for month"):
        assert data.make(variant, ROWS, 3).equals(data.make(variant, ROWS, 3))


@pytest.fixture
def shops(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    import verdicts_shops

    return verdicts_shops


def test_every_shop_is_in_order_of_time_and_the_same_every_time(shops):
    for variant in shops.SHOPS.values():
        table = shops.make_shop(variant, ROWS, 1)
        times = table["sold_at"].to_pylist()
        assert times == sorted(times), variant
        assert 0.8 * ROWS <= table.num_rows <= 1.4 * ROWS, variant
        again = shops.make_shop(variant, ROWS, 1)
        assert str(again.to_pydict()) == str(table.to_pydict()), variant  # NaN is not NaN


def test_shops_that_were_written_anew_are_the_same_every_time(shops):
    from verdicts_anew import ANEW

    for variant, shop in ANEW.items():
        table = shops.make_shop(shop, 600, 1)
        assert table.num_rows >= 400, variant
        assert table.equals(shops.make_shop(shop, 600, 1)), variant


def _parts(table, column):
    times = table["sold_at"].to_pylist()
    cut = times[0] + (times[-1] - times[0]) * 0.9
    values = list(zip(times, table[column].to_pylist(), strict=True))
    return {v for time, v in values if time < cut}, {v for time, v in values if time >= cut}


def test_a_shop_has_new_products_and_buyers_in_its_test(shops):
    plain = shops.make_shop(shops.SHOPS["shop"], 3 * ROWS, 0)
    for column, least in (("sku", 3), ("member", 10)):
        before, after = _parts(plain, column)
        assert least <= len(after - before) < 0.2 * len(before)
    before, after = _parts(shops.make_shop(shops.SHOPS["buyers renamed"], ROWS, 0), "member")
    assert not before & after
    before, after = _parts(shops.make_shop(shops.SHOPS["closing, 10"], ROWS, 0), "sku")
    assert len(after) <= 10
    assert after < before


def test_a_target_of_a_shop_says_what_its_name_says(shops):
    assert set(shops.make_shop(shops.SHOPS["one piece"], ROWS, 0)["pieces"].to_pylist()) == {1}
    assert set(shops.make_shop(shops.SHOPS["shop"], ROWS, 0)["kept"].to_pylist()) == {0, 1}
    billed = shops.make_shop(shops.SHOPS["billed"], ROWS, 0)
    pairs = zip(billed["paid"].to_pylist(), billed["pieces"].to_pylist(), strict=True)
    assert all(float(paid) == 2.5 * pieces for paid, pieces in pairs)


def test_the_guest_has_most_rows(data):
    buyers = Counter(data.make("guest 90", ROWS, 0)["CustomerID"].to_pylist())
    assert 0.75 < buyers["guest"] / ROWS < 0.95


def test_launched_products_are_bought_at_the_end_alone(data):
    before, after = _split(data.make("launches 60", ROWS, 0))
    new = [code.startswith("N") for code in after["StockCode"].to_pylist()]
    assert sum(new) / len(new) > 0.4
    assert not any(code.startswith("N") for code in before["StockCode"].to_pylist())


def test_other_tastes_change_who_buys_and_not_what(data):
    plain, changed = (data.make(name, ROWS, 0) for name in ("demo", "other tastes"))
    assert plain["StockCode"].equals(changed["StockCode"])
    (before, after), (old, new) = _split(plain), _split(changed)
    assert before["CustomerID"].equals(old["CustomerID"])
    assert not after["CustomerID"].equals(new["CustomerID"])


def test_the_basket_names_the_product(data):
    table = data.make("basket", ROWS, 0)
    rows = zip(table["StockCode"].to_pylist(), table["basket"].to_pylist(), strict=True)
    assert all(code in basket for code, basket in rows)


def test_day_and_month_are_swapped_where_both_can_be(data):
    plain = {t.date() for t in data.make("demo", ROWS, 0)["InvoiceDate"].to_pylist()}
    swapped = {t.date() for t in data.make("day for month", ROWS, 0)["InvoiceDate"].to_pylist()}
    expected = {
        day.replace(month=day.day, day=day.month) if day.day <= 12 else day for day in plain
    }
    assert swapped == expected


@pytest.fixture
def folders(tmp_path):
    """Two runs, whose vocabularies are links as those of the bench are."""
    assets = tmp_path / "prepared" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "CustomerID_vocab").write_text("a\nb\n")
    (assets / "StockCode_vocab").write_text("1\n2\n3\n4\n")
    for name in ("run", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "transform").symlink_to(tmp_path / "prepared")
        for file in ("config.yaml", "transform_module.py", "trainer_module.py"):
            (folder / file).write_text(name)
        metrics = {"recall": {"val_recall_at_5": [0.1]}, "final_metrics": {"test_loss": 1.0},
                   "params": {"name": name}}  # fmt: skip
        (folder / "training_metrics.json").write_text(json.dumps(metrics))
    return tmp_path / "run", tmp_path / "other"


def _contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in [*folder.iterdir(), *folder.glob("transform/transform_fn/assets/*")]
        if path.is_file()
    }


def test_spoiling_changes_the_run_and_nothing_else(spoil, folders):
    run, other = folders
    for name, change in spoil.SPOILS.items():
        before, beside = _contents(run), _contents(other)
        change(run, other)
        assert _contents(run) != before, name
        assert _contents(other) == beside, name
        for file in before:
            (run / file).unlink(missing_ok=True)
            (run / file).write_bytes(before[file])
