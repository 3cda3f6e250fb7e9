"""`examples_module.py`: histories by Beam are those of `recgen train`; Parquet keeps zeros."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_files import example, read_all
from runs import CASES

from recgen.check import load
from recgen.generate import generate_pipeline
from recgen.local.histories import add_histories, missing_histories
from recgen.local.split import SplitData

pytestmark = [pytest.mark.tf, pytest.mark.one_stack]

Plain = dict[str, Any]
Rows = dict[str, list[Plain]]  # by split
Load = Callable[[Plain], ModuleType]
SPLITS = ("train", "eval", "test")
GEN = "tfx.components.example_gen"


@pytest.fixture
def load_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Returns what loads the module of a config, with what it needs of TFX."""
    import apache_beam as beam

    class Base:
        def GenerateExamplesByBeam(self, pipeline: Any, properties: Plain) -> Plain:  # noqa: N802
            read = self.GetInputSourceToExamplePTransform()
            return {
                name: pipeline | f"Input[{name}]" >> read(properties, f"{name}*") for name in SPLITS
            }

        def GetInputSourceToExamplePTransform(self) -> Callable[..., Any]:  # noqa: N802
            return lambda properties, name: beam.Create(properties["rows"][name[:-1]])

    def load_one(plain: Plain) -> ModuleType:
        (tmp_path / "examples_module.py").write_text(
            generate_pipeline(load(plain))["examples_module.py"], encoding="utf-8"
        )
        return importlib.import_module("examples_module")

    for name in (
        f"{GEN}.base_example_gen_executor",
        f"{GEN}.import_example_gen.executor",
        "tfx.extensions.google_cloud_big_query.example_gen.executor",
    ):
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            own = ".".join(parts[:end])
            if own not in sys.modules or not hasattr(sys.modules[own], "is_stub"):
                stub: Any = ModuleType(own)
                stub.is_stub, stub.__path__ = True, []
                monkeypatch.setitem(sys.modules, own, stub)
                if end > 1:
                    setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], stub)
        stub.Executor = stub.BaseExampleGenExecutor = Base
    monkeypatch.syspath_prepend(str(tmp_path))
    yield load_one
    sys.modules.pop("examples_module", None)


def config_with(**changes: Any) -> Plain:
    """Returns the shop with a history that its pipeline makes."""
    plain = load(CASES / "shop" / "config.yaml").model_dump(mode="json", exclude_defaults=True)
    kind, options = changes.pop("bq_type", "ARRAY<INT64>"), changes.pop("options", {})
    history = {"history": {"shared_with": "sku", "max_length": 3, **options}}
    past = {"column": "past", "bq_type": kind, "data_type": "history", "transforms": history}
    plain["features"]["buyer_model_features"].append(past)
    source = {"source": {"tfrecord": "{split}*"}, "histories": ["past"]}
    plain["pipeline"] = {"runner": "local", **source}
    plain["pipeline"] |= changes.pop("pipeline", {})
    return plain | {"data": {**plain["data"], **changes}}


def lists_of_train(plain: Plain, rows: Rows) -> dict[int, list[Any]]:
    """Returns the list of each row, by its number, as `recgen train` makes it."""
    config = load(plain)
    names = ("number", "customer_id", "sku", "bought_at")
    types = (pa.int64(), pa.string(), pa.int64(), pa.int64())
    tables = [
        pa.table(
            {
                name: pa.array([row[name] for row in rows[split] if row["customer_id"]], kind)
                for name, kind in zip(names, types, strict=True)
            }
        )
        for split in SPLITS
    ]
    wanted = missing_histories(config, names)
    given_split = config.data.split
    found, _ = add_histories(
        SplitData(*tables),
        wanted,
        "customer_id",
        "bought_at",
        at_random=given_split is None or given_split.kind == "random",
    )
    return {
        number: items
        for table in found.tables().values()
        for number, items in zip(
            table["number"].to_pylist(), table["past"].to_pylist(), strict=True
        )
    }


def lists_of_examples(records: list[tuple[str, bytes]]) -> dict[int, list[Any]]:
    import tensorflow as tf

    found = {}
    for _, record in records:
        features = tf.train.Example.FromString(record).features.feature
        past = features["past"]
        items = [*past.int64_list.value, *(value.decode() for value in past.bytes_list.value)]
        found[features["number"].int64_list.value[0]] = items
    return found


def by_buyer(module: ModuleType, rows: Rows) -> list[tuple[str, bytes]]:
    """Returns what the module makes of rows, grouped without Beam."""
    groups: dict[bytes, list[tuple[str, bytes]]] = {}
    for split, own in rows.items():
        for row in own:
            buyer, pair = module.of_buyer(example(**row), split)
            groups.setdefault(buyer, []).append(pair)
    return [each for group in groups.items() for each in module.with_histories(group)]


@st.composite
def rows_of_splits(draw: st.DrawFn) -> Rows:
    row = st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(["a", "b", "a", "b", "", None]),
            "sku": st.sampled_from([None, 2, 10, 9, 100]),
            "bought_at": st.sampled_from([None, 1_700_000_000, 1_700_000_001, 1_700_000_002]),
        }
    )
    rows = draw(st.lists(st.tuples(st.sampled_from(SPLITS), row), max_size=25))
    found: Rows = {name: [] for name in SPLITS}
    for number, (split, each) in enumerate(rows):
        found[split].append({"number": number, **each})
    return found


RANDOM = {"split": {"kind": "random", "date_column": "bought_at"}}
KINDS: list[Plain] = [
    {},
    {"bq_type": "ARRAY<STRING>"},
    {"options": {"order": "newest_first", "max_length": 1}},
    RANDOM,
    {"options": {"order": "newest_first"}, "bq_type": "ARRAY<STRING>", **RANDOM},
]


@pytest.mark.parametrize("changes", KINDS, ids=str)
def test_lists_are_those_of_train(load_module: Load, changes: Plain) -> None:
    plain = config_with(**changes)
    module = load_module(plain)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows_of_splits())
    def check_rows(rows: Rows) -> None:
        found, wanted = lists_of_examples(by_buyer(module, rows)), lists_of_train(plain, rows)
        for own in rows.values():
            for row in own:  # recgen train leaves rows without a buyer out
                assert found.pop(row["number"]) == wanted.get(row["number"], [])
        assert not found

    check_rows()


def test_ties_are_in_the_order_of_the_lists_type(load_module: Load) -> None:
    row = {"customer_id": "a", "bought_at": 1_700_000_000}
    train = [{"number": sku, **row, "sku": sku} for sku in (9, 100, 10)]
    rows = {"train": train, "eval": [], "test": [{**row, "number": 0, "sku": 1}]}
    rows["test"][0]["bought_at"] += 1
    for kind, wanted in (
        ("ARRAY<INT64>", [9, 10, 100]),
        ("ARRAY<STRING>", ["10", "100", "9"]),
    ):
        plain = config_with(bq_type=kind)
        module = load_module(plain)
        found = lists_of_examples(by_buyer(module, rows))
        assert found[0] == wanted == lists_of_train(plain, rows)[0]
        sys.modules.pop("examples_module")
        importlib.invalidate_caches()


def test_times_that_stand_for_null_are_in_no_list(load_module: Load) -> None:
    plain = config_with(null_times=["1970-01-01"])
    row = {"customer_id": "a", "sku": 5}
    rows = {
        "train": [{**row, "number": 1, "bought_at": 0}],
        "eval": [{**row, "number": 2, "bought_at": 1_700_000_000}],
        "test": [],
    }
    assert lists_of_examples(by_buyer(load_module(plain), rows)) == {1: [], 2: []}


def test_values_that_are_no_whole_numbers_are_an_error(load_module: Load) -> None:
    module = load_module(config_with())
    row = {"customer_id": "a", "sku": "A-1", "bought_at": 1_700_000_000}
    with pytest.raises(ValueError, match="A-1"):
        by_buyer(module, {"train": [row], "eval": [], "test": []})


def run(module: ModuleType, properties: Plain) -> Rows:
    """Runs the executor with Beam; returns the features of each split's examples."""
    import apache_beam as beam
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline("DirectRunner") as pipeline:
            splits = module.FileExecutor().GenerateExamplesByBeam(pipeline, properties)
            for name, part in splits.items():
                # A function that keeps rows would be given to a worker as a copy.
                place = beam.io.WriteToTFRecord(f"{folder}/{name}-", num_shards=1)
                part | f"Bytes[{name}]" >> beam.Map(as_bytes) | f"Keep[{name}]" >> place
        return {
            name: [read(tf, row) for row in read_all(next(Path(folder).glob(f"{name}-*")))[1]]
            for name in SPLITS
        }


def as_bytes(row: Any) -> bytes:
    return row if isinstance(row, bytes) else bytes(row.SerializeToString())


def read(tf: Any, row: Any) -> Plain:
    """Returns the features of an example that have values."""
    example = tf.train.Example.FromString(row) if isinstance(row, bytes) else row
    found = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        if kind and getattr(feature, kind).value:
            found[name] = [*getattr(feature, kind).value]
    return found


def test_beam_groups_by_buyer(load_module: Load) -> None:
    plain = config_with()
    rows: Rows = {name: [] for name in SPLITS}
    for number in range(60):
        buyer, time = "abc "[number % 4].strip(), 1_700_000_000 + number // 7
        row = {"customer_id": buyer, "sku": 1 + number * 7 % 11, "bought_at": time}
        rows[SPLITS[number // 20]].append({"number": number, **row})
    records = {name: [example(**row) for row in own] for name, own in rows.items()}
    found, wanted = run(load_module(plain), {"rows": records}), lists_of_train(plain, rows)
    for name, own in found.items():
        assert len(own) == 20
        numbers = {row["number"][0] for row in own}
        assert numbers == {row["number"] for row in rows[name]}
        for row in own:
            assert row.get("past", []) == wanted.get(row["number"][0], [])


PARQUET: Plain = {"pipeline": {"source": {"parquet": "{split}*"}}}
NOON = datetime(1969, 12, 31, 12, 0, 0, 500_000, tzinfo=timezone.utc)


def write_parquet(folder: Path, **changes: Any) -> Path:
    table = {
        "customer_id": pa.array(["a", "a", None, ""]).dictionary_encode(),
        "country": ["Italy", "", None, "Italy"],
        "age": pa.array([Decimal("0.00"), None, Decimal(1), Decimal(1)]),
        "sku": pa.array([1, 0, 3, 4]),
        "category": pa.array([b"x", None, b"y", b"z"]),
        "price": [0.0, float("nan"), 1.0, 1.0],
        "bought_at": pa.array([NOON] * 4, pa.timestamp("us", "UTC")),
    }
    for split in SPLITS:
        own = pa.table({k: v for k, v in {**table, **changes}.items() if v is not None})
        pq.write_table(own, folder / f"{split}-0.parquet")
    return folder


def test_parquet_keeps_zeros_and_nulls(load_module: Load, tmp_path: Path) -> None:
    module = load_module(config_with(**PARQUET))
    found = run(module, {"input_base": str(write_parquet(tmp_path))})
    seconds = -43_200  # the half second is cut towards the past
    zeros = {"age": [0.0], "price": [0.0], "sku": [1], "country": [b"Italy"], "category": [b"x"]}
    same = {"customer_id": [b"a"], "bought_at": [seconds]}
    for rows in found.values():
        first, second = sorted(rows, key=lambda row: -row["sku"][0])
        assert first == {**zeros, **same}
        assert second == {"sku": [0], **same}


@pytest.mark.parametrize(
    ("unit", "values", "seconds"),
    [
        ("EPOCH_MILLIS", pa.array([1_700_000_000_999] * 4), 1_700_000_000),
        ("EPOCH_DAYS", pa.array([0.5] * 4), 43_200),
        ("EPOCH_DAYS", pa.array([date(1970, 1, 2)] * 4), 86_400),
        ("EXCEL_DAYS", pa.array([25_569] * 4), 0),
        ("days since 1960-01-01", pa.array([3653] * 4), 0),
    ],
)
def test_times_of_parquet(
    load_module: Load, tmp_path: Path, unit: str, values: Any, seconds: int
) -> None:
    module = load_module(config_with(**PARQUET, column_types={"bought_at": unit}))
    write_parquet(tmp_path, bought_at=values)
    row, *_ = module.examples_of(pq.read_table(tmp_path / "train-0.parquet"))
    assert [*row.features.feature["bought_at"].int64_list.value] == [seconds]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bought_at": pa.array([1] * 4)}, "'bought_at' is int64 .* data.column_types names it"),
        ({"bought_at": ["2020-01-01"] * 4}, "'bought_at' is string .* cannot be a time"),
        ({"sku": [1.5] * 4}, "'sku' is double .* 1.5 is not whole"),
        ({"customer_id": [1.0] * 4}, "'customer_id' is double .* large IDs are rounded"),
        ({"price": ["1"] * 4}, "'price' is string .* cannot be a number"),
        ({"price": None}, "no column 'price'"),
    ],
)
def test_columns_of_parquet_that_cannot_be_read_are_named(
    load_module: Load, tmp_path: Path, changes: Plain, message: str
) -> None:
    module = load_module(config_with(**PARQUET))
    write_parquet(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        list(module.examples_of(pq.read_table(tmp_path / "train-0.parquet")))


def test_lists_of_parquet_are_kept(load_module: Load, tmp_path: Path) -> None:
    module = load_module(config_with(pipeline={"source": {"parquet": "{split}*"}, "histories": []}))
    lists = pa.array([[0, 7], [], None, [1]], pa.list_(pa.int32()))
    write_parquet(tmp_path, past=lists)
    found = list(module.examples_of(pq.read_table(tmp_path / "train-0.parquet")))
    assert [[*row.features.feature["past"].int64_list.value] for row in found] == [[0, 7], []]


@pytest.mark.parametrize("is_renamed", [True, False])
def test_columns_of_parquet_have_their_own_name_or_that_of_the_source(
    load_module: Load, tmp_path: Path, is_renamed: bool
) -> None:
    plain = config_with(**PARQUET)
    price = plain["features"]["product_model_features"][-1]
    assert price["column"] == "price"
    price |= {"column": "unit_price", "display_name": "price"}
    crossed = plain["features"]["product_model_crosses"][0]["features"][1]
    crossed |= {"column": "unit_price", "display_name": "price"}
    changes = {} if is_renamed else {"price": None, "unit_price": [0.5] * 4}
    wanted = [[0.0], []] if is_renamed else [[0.5]] * 2
    found = run(load_module(plain), {"input_base": str(write_parquet(tmp_path, **changes))})
    for rows in found.values():
        assert sorted(row.get("price", []) for row in rows) == sorted(wanted)


def test_null_values_of_parquet_are_null(load_module: Load, tmp_path: Path) -> None:
    config = config_with(
        pipeline={"source": {"parquet": "{split}*"}, "histories": []},
        null_values=["0", "Italy", "z", "-999.5", "9"],
    )
    module = load_module(config)
    changes = {
        "sku": pa.array([1, 0, 3, 40]),
        "customer_id": ["a", "a", "0", "b"],
        "price": [-999.5, 1.0, 1.0, 0.0],
        "bought_at": pa.array([datetime(1970, 1, 1)] * 4, pa.timestamp("us")),
        "past": pa.array([[0, 7], [], None, [9, 0]], pa.list_(pa.int64())),
    }
    write_parquet(tmp_path, **changes)
    found = list(module.examples_of(pq.read_table(tmp_path / "train-0.parquet")))
    first, last = (
        {
            name: [*(kind.bytes_list.value or kind.int64_list.value or kind.float_list.value)]
            for name, kind in row.features.feature.items()
        }
        for row in found
    )
    same = {"bought_at": [0]}
    assert first == {"customer_id": [b"a"], "sku": [1], "category": [b"x"], "past": [7], **same}
    assert last == {"customer_id": [b"b"], "sku": [40], "age": [1.0], **same}
