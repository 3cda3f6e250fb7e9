"""A run accounts for each row that it read, and for values that its vocabularies do not have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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
from recgen.local import prepare  # noqa: E402
from recgen.local import run as local_run  # noqa: E402
from recgen.local.account import add_to_metrics, counted_values, unknown_values  # noqa: E402
from recgen.local.run import RunResult, train  # noqa: E402
from recgen.metrics import FILE_NAME, Account, TrainingMetrics, Unknown, read_metrics  # noqa: E402
from recgen.schema import schema_of  # noqa: E402


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


def unknown(column: str, places: int, total: int, distinct: int, is_list: bool = False) -> Unknown:
    """Returns values that a vocabulary lacks."""
    return Unknown(column=column, places=places, total=total, distinct=distinct, is_list=is_list)


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
    found = trained(tmp_path, monkeypatch).metrics.data
    assert found is not None
    assert (found.read, found.without_id, found.without_time) == (200, 3, 3)
    assert found.train + found.eval + found.test == 194
    assert found.outside_split == 0
    assert found.format == "CSV"
    written = json.loads((tmp_path / "run" / FILE_NAME).read_text(encoding="utf-8"))
    assert written["data"] == found.model_dump(mode="json")
    assert written["params"] == {"gradient_collapse_detected": True, "seed": 42}


def test_values_without_a_place_in_the_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = trained(tmp_path, monkeypatch)
    assert result.metrics.data is not None
    (unknown,) = result.metrics.data.unknown
    assert (unknown.column, unknown.distinct, unknown.places) == ("product_id", 1, 8)
    assert [line.strip() for line in training.outcome(result)][2:4] == [
        "data      200 rows read, not used: 3 without a buyer or product, 3 without a time",
        f"1 value of 'product_id' not in the vocabulary: 8 of {unknown.total} rows",
    ]


def test_a_random_split_needs_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = {"kind": "random", "date_column": "order date"}
    found = trained(tmp_path, monkeypatch, data={"split": split}).metrics.data
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
    whole = Account(source="data.csv", format="CSV", read=rows + lost)
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
    assert unknown_values(counted_values(config, [table]), tmp_path) == (
        unknown("buyer", 1, 3, 1),
        unknown("sku", 1, 3, 1),
        unknown("before", 2, 4, 1, is_list=True),
    )
    twice = unknown_values(counted_values(config, [table, table.slice(1)]), tmp_path)
    assert [each.places for each in twice] == [2, 2, 3]
    assert [each.distinct for each in twice] == [1, 1, 1]


@pytest.mark.parametrize(
    "part", ["", [], {"unknown": 1}, {"read": "many"}, {"read": -1}, {"unknown": [{}]}, 7]
)
def test_an_account_that_is_none(part: object) -> None:
    file = read_metrics(json.dumps({"data": part}), "metrics")
    assert file.metrics.data is None
    assert any(note.startswith("data ") for note in file.notes)


@pytest.mark.parametrize("content", [{}, {"data": None}])
def test_metrics_without_an_account(content: Mapping[str, object]) -> None:
    file = read_metrics(json.dumps(content), "metrics")
    assert file.metrics.data is None
    assert not any(note.startswith("data ") for note in file.notes)


def test_a_name_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = tmp_path / "\udce9.csv"  # as Python reads the byte E9
    name.write_text(hand_made.csv_rows(), encoding="utf-8")
    monkeypatch.setattr(local_run, "Child", Learning)
    result = train(hand_made.config(), hand_made.MODULES, "text", name, tmp_path / "run")
    assert result.metrics.data is not None
    assert result.metrics.data.source == f"{tmp_path}/\\udce9.csv"


def test_a_run_that_goes_on_after_a_kill_has_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Learning):
        def run(self, job: Mapping[str, Any], *rest: Any) -> None:
            if self.module.endswith("fit"):
                raise KeyboardInterrupt
            super().run(job, *rest)

    whole = trained(tmp_path, monkeypatch).metrics.data
    arguments = (hand_made.config(), hand_made.MODULES, "text", tmp_path / "data.csv")
    monkeypatch.setattr(local_run, "Child", Killed)
    with pytest.raises(KeyboardInterrupt):
        train(*arguments, tmp_path / "again")
    monkeypatch.setattr(local_run, "Child", Learning)
    monkeypatch.setattr(prepare, "open_data", None)  # nothing is read again
    assert train(*arguments, tmp_path / "again").metrics.data == whole


def test_the_account_is_part_of_the_schema() -> None:
    parts = schema_of(TrainingMetrics)
    assert parts["properties"]["data"]["default"] is None
    assert set(Account.model_fields) == set(parts["definitions"]["Account"]["properties"])


def test_the_report_shows_the_account(tmp_path: Path) -> None:
    from run_folders import make_run

    from recgen.analysis import load_run
    from recgen.analysis.report.view import RunView

    folder = make_run(tmp_path / "run")
    before = RunView(load_run(folder), 1).candidates
    counts = {"read": 1100, "without_id": 60, "without_time": 40}
    rows = {"train": 800, "eval": 100, "test": 100}
    missing = (unknown("<b>", 4, 90, 2), unknown("before", 5, 80, 3, is_list=True))
    account = Account(source="data.csv", unknown=missing, **counts, **rows)
    add_to_metrics(account.model_dump(), folder / FILE_NAME)
    TrainingMetrics.read(folder / FILE_NAME)  # it is as strict as before
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
