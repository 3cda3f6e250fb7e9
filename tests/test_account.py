"""A run accounts for each row that it read, and for values that its vocabularies do not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")

import local_modules as hand_made  # noqa: E402
from test_local_run import FakeChild  # noqa: E402

from recgen.cli.output import training  # noqa: E402
from recgen.config import ExperimentConfig  # noqa: E402
from recgen.data.account import FILE, Account, Unknown  # noqa: E402
from recgen.local import run as local_run  # noqa: E402
from recgen.local.account import read_account, unknown_values, write_account  # noqa: E402
from recgen.local.run import RunResult, train  # noqa: E402


class Learning(FakeChild):
    """Writes the vocabulary of the products, without the rarest one."""

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        super().run(job, log, on_line, doing)
        if self.module.endswith("transform"):
            assets = Path(job["run"], "transform/transform_fn/assets")
            assets.mkdir(parents=True)
            known = "\n".join(f"p{number}" for number in range(22))
            (assets / "product_id_vocab").write_text(f"{known}\n")


def trained(folder: Path, monkeypatch: pytest.MonkeyPatch, **config: Any) -> RunResult:
    """Returns a run on 200 rows of which some lack a buyer, a product or a time."""
    monkeypatch.setattr(local_run, "Child", Learning)
    header, *lines = hand_made.csv_rows().splitlines()
    for number, part in ((3, 0), (40, 1), (41, 1), (60, 4), (61, 4), (62, 4)):
        cells = lines[number].split(",")
        cells[part] = ""
        lines[number] = ",".join(cells)
    path = folder / "data.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    experiment = hand_made.config(**config)
    return train(experiment, hand_made.MODULES, "text", path, folder / "run")


def test_each_row_is_accounted_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = trained(tmp_path, monkeypatch).account
    assert found is not None
    assert (found.read, found.without_id, found.without_time) == (200, 3, 3)
    assert found.train + found.eval + found.test == 194
    assert found.outside_split == 0
    assert found.format == "CSV"
    assert found == read_account(tmp_path / "run")


def test_values_without_a_place_in_the_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = trained(tmp_path, monkeypatch)
    assert result.account is not None
    (unknown,) = result.account.unknown
    assert (unknown.column, unknown.distinct, unknown.places) == ("product_id", 1, 7)
    assert [line.strip() for line in training.outcome(result)][2:4] == [
        "data      200 rows read, not used: 3 without a buyer or product, 3 without a time",
        f"1 value of 'product_id' not in the vocabulary: 7 of {unknown.total} rows",
    ]


def test_a_random_split_needs_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = {"kind": "random", "date_column": "order date"}
    found = trained(tmp_path, monkeypatch, data={"split": split}).account
    assert found is not None
    assert (found.without_id, found.without_time, found.outside_split) == (3, 0, 0)


@given(
    read=st.integers(0, 10**9),
    lost=st.integers(0, 10),
    undated=st.integers(0, 10),
    parts=st.lists(st.integers(0, 10**6), min_size=3, max_size=3),
    outside=st.integers(0, 10),
)
def test_the_counts_add_up(
    read: int, lost: int, undated: int, parts: list[int], outside: int
) -> None:
    rows = sum(parts) + undated + outside
    whole = Account("data.csv", "CSV", rows + lost)
    found = whole.split(rows, undated, dict(zip(("train", "eval", "test"), parts, strict=True)))
    assert (found.without_id, found.without_time, found.outside_split) == (lost, undated, outside)
    assert bool(list(found.lines())) == bool(lost or undated or outside)


LISTS = {
    "features": {
        "buyer_id_column": "buyer",
        "product_id_column": "sku",
        "buyer_model_features": [
            {"column": "buyer", "data_type": "text", "bq_type": "INT64"},
            {
                "column": "before",
                "data_type": "history",
                "bq_type": "ARRAY<STRING>",
                "transforms": {"history": {"shared_with": "sku"}},
            },
        ],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    }
}


def test_what_a_vocabulary_cannot_hold_and_unknown_items_of_lists(tmp_path: Path) -> None:
    config = ExperimentConfig.model_validate(LISTS)
    assets = tmp_path / "transform/transform_fn/assets"
    assets.mkdir(parents=True)
    (assets / "sku_vocab").write_bytes("A\nÄ\nC D\n".encode())
    (assets / "buyer_vocab").write_bytes(b"-5\n9007199254740993\n")
    lists = pa.array([["A", "Z"], ["Ä"], [], ["Z"]], pa.large_list(pa.large_string()))
    table = pa.table(
        {
            "buyer": pa.array([-5, 9007199254740993, 9007199254740992, None]),
            "sku": pa.array(["A", "C\nD", "C D", None], pa.large_string()),
            "before": lists,
        }
    )
    assert unknown_values(config, [table], tmp_path) == (
        Unknown("buyer", 1, 3, 1),
        Unknown("sku", 1, 3, 1),
        Unknown("before", 2, 4, 1, is_list=True),
    )
    twice = unknown_values(config, [table, table.slice(1)], tmp_path)
    assert [each.places for each in twice] == [2, 2, 3]
    assert [each.distinct for each in twice] == [1, 1, 1]


def test_an_account_that_is_none(tmp_path: Path) -> None:
    assert read_account(tmp_path) is None
    for text in (
        "",
        "[]",
        '{"unknown": []}x',
        '{"unknown": 1}',
        '{"read": "many"}',
        '{"read": -1}',
    ):
        (tmp_path / FILE).write_text(text)
        assert read_account(tmp_path) is None
    odd = replace(Account("\ud800.csv", "CSV", 3), unknown=(Unknown("\u2028", 1, 2, 1),))
    write_account(odd, tmp_path)
    found = read_account(tmp_path)
    assert found is not None
    assert (found.read, found.unknown) == (3, odd.unknown)


def test_the_report_shows_the_account(tmp_path: Path) -> None:
    from run_folders import make_run

    from recgen.analysis import load_run
    from recgen.analysis.report.view import RunView

    folder = make_run(tmp_path / "run")
    before = RunView(load_run(folder), 1).candidates
    unknown = (Unknown("<b>", 4, 90, 2), Unknown("before", 5, 80, 3, is_list=True))
    account = Account("data.csv", "CSV", 1100, 60, 40, 0, 800, 100, 100, unknown)
    write_account(account, folder)
    found = RunView(load_run(folder), 1).candidates
    assert found == [
        ("rows read", "1,100"),
        ("rows without a buyer or product, not used", "60"),
        ("rows without a time, not used", "40"),
        ("training rows", "800"),
        ("validation rows", "100"),
        ("test rows", "100"),
        ("rows with a value of <b> that is not in the vocabulary", "4 of 90 (2 distinct)"),
        (
            "items of lists with a value of before that is not in the vocabulary",
            "5 of 80 (3 distinct)",
        ),
        *before,
    ]
