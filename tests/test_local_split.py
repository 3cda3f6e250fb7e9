"""Rows go where the config says, and never into two parts."""

from __future__ import annotations

import hashlib
import os
import weakref
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from recgen.config import Split
from recgen.findings import RecgenError

np = pytest.importorskip("numpy", reason="needs the extra `train`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")

from recgen.local.prepare import prepare  # noqa: E402
from recgen.local.profile import read_profile  # noqa: E402
from recgen.local.split import draws, split_table  # noqa: E402


def hours(count: int) -> object:
    return pa.table({"at": pa.array(range(0, count * 3600, 3600), pa.int64()), "n": range(count)})


def numbers(part: object) -> list[int]:
    return part["n"].to_pylist()


def test_strict_time_keeps_the_order_of_time() -> None:
    split = Split(kind="strict_time", date_column="at", validation=0.2, test=0.1)
    parts = split_table(hours(101), split, "at")
    assert sorted(numbers(parts.train)) == list(range(70))
    assert numbers(parts.eval) == list(range(70, 90))
    assert numbers(parts.test) == list(range(90, 101))


@pytest.mark.parametrize("kind", ["strict_time", "time_holdout"])
def test_a_row_at_the_cut_is_in_the_later_split(kind: str) -> None:
    """The cuts of 101 hours are at the 50th (of strict_time) and the 75th, to the last bit."""
    split = Split(kind=kind, date_column="at", validation=0.25, test=0.25)
    parts = split_table(hours(101), split, "at", ids=["n"])
    assert min(numbers(parts.test)) == 75
    assert 75 not in numbers(parts.eval) + numbers(parts.train)
    if kind == "strict_time":
        assert min(numbers(parts.eval)) == 50
        assert 50 not in numbers(parts.train)


def test_time_holdout_draws_validation_from_the_rest() -> None:
    split = Split(kind="time_holdout", date_column="at", validation=0.1, test=0.1)
    parts = split_table(hours(1010), split, "at", ids=["n"])
    assert numbers(parts.test) == list(range(909, 1010))
    assert 70 <= len(numbers(parts.eval)) <= 110
    assert sorted(numbers(parts.train) + numbers(parts.eval)) == list(range(909))


def test_random_draws_by_a_hash() -> None:
    parts = split_table(hours(4000), Split(kind="random"), None, ids=["n"])
    found = {name: sorted(numbers(table)) for name, table in parts.tables().items()}
    wanted: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for number in range(4000):
        chance = int(hashlib.md5(f"42|{number}".encode()).hexdigest()[:8], 16) / 2**32
        wanted["test" if chance < 0.1 else "eval" if chance < 0.15 else "train"].append(number)
    assert found == wanted


@pytest.mark.parametrize("kind", ["random", "time_holdout"])
def test_a_drawn_row_stays_in_its_part(kind: str) -> None:
    """Other rows, another order and equal rows change nothing."""
    split = Split(kind=kind, date_column="at", validation=0.2, test=0.2)
    rows = hours(500)
    twice = pa.concat_tables([rows, rows]).take(pa.array([*range(999, -1, -1)]))
    few, many = (split_table(each, split, "at", ids=["n"]).tables() for each in (rows, twice))
    assert {name: sorted(numbers(part) * 2) for name, part in few.items()} == {
        name: sorted(numbers(part)) for name, part in many.items()
    }


def test_a_draw_that_equals_a_share_is_not_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries draw by `<`, so a row that drew 0.25 is not in a quarter."""
    drawn = np.array([0, 0.25, 0.5, 0.75, 0.2, 0.45])
    monkeypatch.setattr("recgen.local.split.draws", lambda *_: drawn)
    split = Split(kind="random", validation=0.25, test=0.25)
    parts = split_table(hours(6), split, None, ids=["n"])
    found = {name: sorted(numbers(table)) for name, table in parts.tables().items()}
    assert found == {"test": [0, 4], "eval": [1, 5], "train": [2, 3]}


def test_few_rows_are_in_all_parts() -> None:
    for seed in range(20):
        parts = split_table(hours(20), Split(kind="random", seed=seed), None, ids=["n"])
        assert all(table.num_rows for table in parts.tables().values())
        together = [number for part in parts.tables().values() for number in numbers(part)]
        assert sorted(together) == list(range(20))


def test_keys_of_any_kind_are_drawn_as_text() -> None:
    keys = {"t": ["a", None], "b": [b"x", b"y"], "n": [5, -7]}
    table = pa.table(keys).set_column(0, "t", pa.array(["a", None]).dictionary_encode())
    texts = [b"1|a|x|5", b"1||y|-7"]
    wanted = [int(hashlib.md5(text).hexdigest()[:8], 16) / 2**32 for text in texts]
    assert draws(table, ["t", "b", "n", "t"], 1).tolist() == wanted


def test_no_split_is_a_warning() -> None:
    parts = split_table(hours(2000), None, None, ids=["n"])
    assert sum(table.num_rows for table in parts.tables().values()) == 2000
    assert 60 <= parts.eval.num_rows <= 140
    assert 60 <= parts.test.num_rows <= 140
    assert "no data.split" in parts.warnings[0]


def test_training_rows_are_shuffled_by_the_seed_and_drawn_by_the_splits() -> None:
    split = Split(kind="random", seed=1)
    one, same, other = (split_table(hours(200), split, None, seed, ["n"]) for seed in (1, 1, 2))
    assert numbers(one.train) == numbers(same.train) != sorted(numbers(one.train))
    assert numbers(one.train) != numbers(other.train)
    assert numbers(one.test) == numbers(other.test)


def test_rows_without_a_date_are_left_out() -> None:
    data = pa.table({"at": pa.array([None, *range(100)], pa.int64()), "n": range(101)})
    parts = split_table(data, Split(kind="strict_time", date_column="at"), "at")
    assert sum(table.num_rows for table in parts.tables().values()) == 100
    assert parts.warnings == ("1 row has no 'at' and was dropped",)


@pytest.mark.parametrize(
    ("times", "missing"),
    [
        ([5] * 50, "training rows and no validation|no training and no validation"),
        ([0, 9], "valid"),
    ],
)
def test_an_empty_part_is_an_error(times: list[int], missing: str) -> None:
    data = pa.table({"at": pa.array(times, pa.int64()), "n": times})
    with pytest.raises(RecgenError, match=missing):
        split_table(data, Split(kind="strict_time", date_column="at"), "at")


def test_time_split_without_a_date_column() -> None:
    with pytest.raises(RecgenError, match="no date column"):
        split_table(hours(9), Split(kind="strict_time"), None)


def online_retail() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail.parquet"
    path = Path(os.environ.get("RECGEN_ONLINE_RETAIL", beside))
    if not path.exists():
        pytest.skip("needs the UCI Online Retail file; set RECGEN_ONLINE_RETAIL")
    return path


def test_the_protocols_split_of_online_retail() -> None:
    from recgen.local.ingest import read_table
    from recgen.plan.columns import InputColumn

    columns = [InputColumn("InvoiceDate", "InvoiceDate", "DATETIME", "int64")]
    split = Split(kind="strict_time", date_column="InvoiceDate")
    parts = split_table(read_table(online_retail(), columns), split, "InvoiceDate")
    assert parts.test.num_rows == 79_825
    assert parts.train.num_rows + parts.eval.num_rows == 316_512


def test_the_profile_of_a_check_is_freed_before_the_data_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It references itself, so that it would stay in memory beside the table, of the same size."""
    (tmp_path / "rows.csv").write_text("buyer,product\na,x\n")
    profiles = []

    def examine(data: Path) -> None:
        profile = read_profile(data)
        profile.column("buyer")
        profiles.append(weakref.ref(profile))

    def opened(*_: object) -> None:
        assert profiles
        assert profiles[0]() is None
        raise RecgenError("read")

    monkeypatch.setattr("recgen.local.prepare.open_data", opened)
    config = SimpleNamespace(data=None)
    run = SimpleNamespace(
        ids=("buyer", "product"), config=config, examine=examine, stage=lambda _: nullcontext()
    )
    with pytest.raises(RecgenError, match="read"):
        prepare(run, tmp_path / "rows.csv")  # type: ignore[arg-type]
