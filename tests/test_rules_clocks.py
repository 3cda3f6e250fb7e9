"""Rule on buyers whose times are shifted against those of others (RG567)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recgen.check import check

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
np = pytest.importorskip("numpy")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local.profile import read_profile  # noqa: E402

DAY = 86_400
CONFIG: dict[str, Any] = {
    "features": {
        "buyer_id_column": "customer",
        "product_id_column": "sku",
        "buyer_model_features": [{"column": "customer", "data_type": "text"}],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    },
    "data": {"split": {"kind": "strict_time", "date_column": "at"}},
}


def found(folder: Path, buyers: Any, seconds: Any) -> Sequence[str]:
    """Returns the messages of RG567 on purchases at these times."""
    table = {
        "customer": pa.array([f"c{buyer}" for buyer in buyers]),
        "sku": pa.array([f"p{number % 7}" for number in range(len(buyers))]),
        "at": pa.array(seconds.astype("int64") + 1_650_000_000, pa.timestamp("s")),
    }
    path = folder / "shop.parquet"
    pq.write_table(pa.table(table), path)
    report = check(CONFIG, profile=read_profile(path))
    return [f.message for f in report.findings if f.code == "RG567"]


def shop(seed: int, buyers: int, rows: int, stay: float = 1000.0, days: float = 365.0) -> Any:
    """Returns buyers and times of purchases: each buyer comes at any time, for some days."""
    draw = np.random.default_rng(seed)
    begin = draw.uniform(-stay, days, buyers)
    buyer = np.repeat(np.arange(buyers), rows)
    times = begin[buyer] + draw.uniform(0, stay, len(buyer))
    kept = (times >= 0) & (times < days)
    return buyer[kept], times[kept] * DAY


@pytest.mark.parametrize("days", [20, 60, 100, 160])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_clock_behind_or_ahead_is_found(
    tmp_path: Path, days: int, share: float, sign: int
) -> None:
    buyers, times = shop(days, 1200, 60)
    is_off = (np.random.default_rng(1).random(1200) < share)[buyers]
    (message,) = found(tmp_path, buyers, times + np.where(is_off, sign * days * DAY, 0))
    told = int(message.split(" days before")[0].split()[-1])
    assert abs(told - days) <= 0.03 * (365 + days)


@pytest.mark.parametrize("turns", [5, 8, 20])
def test_buyers_who_take_turns_have_one_clock(tmp_path: Path, turns: int) -> None:
    """Each buyer's pause is as long as a turn, so a silence at an end says nothing."""
    rows = np.arange(100 * turns)
    assert not found(tmp_path, rows % 100, rows * DAY)


@given(
    st.integers(0, 99), st.integers(20, 900), st.integers(1, 60), st.sampled_from([30, 200, 2000])
)
def test_right_dates_are_believed(
    tmp_path_factory: pytest.TempPathFactory, seed: int, buyers: int, rows: int, stay: int
) -> None:
    who, times = shop(seed, buyers, rows, stay)
    if len(who):
        assert not found(tmp_path_factory.mktemp("shop"), who, times)


GROWTH = {
    "a growing shop": lambda draw, n: 365 * np.sqrt(draw.random(n)),
    "campaigns": lambda draw, n: draw.choice([0.0, 120.0, 240.0], n) + draw.uniform(0, 20, n),
    "all from the start": lambda draw, n: np.zeros(n),
}


@pytest.mark.parametrize("name", GROWTH)
@pytest.mark.parametrize("stay", [60, 200, 400])
def test_shops_that_grow_are_believed(tmp_path: Path, name: str, stay: int) -> None:
    draw = np.random.default_rng(stay)
    begin = GROWTH[name](draw, 900)
    end = begin + draw.exponential(stay, 900)
    buyer = np.repeat(np.arange(900), 15)
    times = begin[buyer] + draw.random(len(buyer)) * (end - begin)[buyer]
    kept = times < 365
    assert not found(tmp_path, buyer[kept], times[kept] * DAY)


def test_a_shop_that_follows_another_one_is_no_clock(tmp_path: Path) -> None:
    """Then buyers of both are never there at the same time."""
    buyers, times = shop(5, 800, 40, days=180)
    late = (buyers % 2 == 1) * 200 * DAY
    assert not found(tmp_path, buyers, times + late)
