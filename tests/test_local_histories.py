"""A buyer's past, made of the transactions or read as lists; no TensorFlow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recgen.config import ExperimentConfig, Split
from recgen.findings import RecgenError
from recgen.plan.columns import InputColumn

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local import buyers, prepare  # noqa: E402
from recgen.local.cast import to_column  # noqa: E402
from recgen.local.histories import Wanted, add_histories, missing_histories  # noqa: E402
from recgen.local.ingest import clean, read_table  # noqa: E402
from recgen.local.raw import read_batches, without_lists, write_tables  # noqa: E402
from recgen.local.split import SplitData, split_table  # noqa: E402

Row = tuple[str, int | None, Any]
"""Buyer, time, product."""
Lists = dict[str, list[list[Any]]]


def table(rows: Sequence[Row], product: Any = None) -> Any:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    types = (pa.large_string(), pa.int64(), product or pa.large_string())
    arrays = [pa.array(list(c), kind) for c, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, ["buyer", "at", "product"])


def made(
    train: Sequence[Row],
    evaluation: Sequence[Row],
    test: Sequence[Row],
    length: int = 50,
    product: Any = None,
    dtype: str = "string",
    at_random: bool = False,
) -> tuple[Lists, dict[str, list[Any]]]:
    """Returns the lists of each part's rows, and what is known of each buyer at the end."""
    parts = SplitData(*(table(rows, product) for rows in (train, evaluation, test)))
    wanted = Wanted("past", "product", length, dtype)
    parts, latest = add_histories(parts, [wanted], "buyer", "at", at_random=at_random)
    lists = {name: part["past"].to_pylist() for name, part in parts.tables().items()}
    end = latest["past"].to_pydict()
    return lists, dict(zip(end["buyer"], end["history"], strict=True))


def test_with_a_runner_of_beam_only_the_final_lists_are_made_here() -> None:
    rows = table([("a", 1, "x"), ("a", 2, "y"), ("b", 1, "x")])
    parts, wanted = SplitData(rows, rows, rows), [Wanted("past", "product", 5, "string")]
    run: Any = SimpleNamespace(
        ids=("buyer", "product"), date="at", known=("train",), is_by_time=True, made={}
    )
    run.beam = ()
    here, latest = prepare._with_histories(run, parts, wanted)
    assert (here.train.column_names[-1], run.made) == ("past", {})
    run.beam = ("--runner=DirectRunner",)
    on_beam, also = prepare._with_histories(run, parts, wanted)
    assert "past" not in on_beam.train.column_names
    assert run.made == {"past": "string"}
    assert also["past"].equals(latest["past"])
    assert also["past"].to_pydict() == {"buyer": ["a", "b"], "history": [["x", "y"], ["x"]]}


def test_buyers_may_be_numbers() -> None:
    def parts_of(kind: Any) -> SplitData:
        rows = pa.table({"buyer": ["7", "8", "7"], "at": [1, 2, 3], "product": ["a", "b", "c"]})
        rows = rows.set_column(0, "buyer", rows["buyer"].cast(kind))
        return SplitData(rows, rows.slice(0, 0), rows.slice(2))

    wanted = [Wanted("past", "product", 50, "string")]
    for kind in (pa.int64(), pa.large_string()):
        parts, latest = add_histories(parts_of(kind), wanted, "buyer", "at")
        assert parts.train["past"].to_pylist() == [[], [], ["a"]]
        known = latest["past"].to_pydict()
        assert dict(zip(map(str, known["buyer"]), known["history"], strict=True)) == {
            "7": ["a", "c"],
            "8": ["b"],
        }


def test_a_list_holds_what_came_strictly_before() -> None:  # P41
    train = [
        ("ann", 10, "a"),
        ("ann", 20, "b"),
        ("ann", 20, "c"),
        ("ann", 30, "d"),
        ("bob", 5, "z"),
    ]
    lists, _ = made(train, [("ann", 20, "x")], [("ann", 20, "y")])
    # One invoice is one time: neither the row's own product nor the others on it.
    assert [sorted(each) for each in lists["train"]] == [[], ["a"], ["a"], ["a", "b", "c"], []]
    assert lists["eval"] == [["a"]]
    assert lists["test"] == [["a"]]  # the validation row is of the same time


def test_the_test_knows_what_validation_rows_had_and_validation_does_not() -> None:
    train, evaluation = [("ann", 10, "a")], [("ann", 20, "b"), ("ann", 30, "c")]
    lists, end = made(train, evaluation, [("ann", 40, "d"), ("ann", 50, "e")])
    assert lists["eval"] == [["a"], ["a"]]
    assert lists["test"] == [["a", "b", "c"], ["a", "b", "c"]]  # of the test nothing is known
    assert end == {"ann": ["a", "b", "c"]}


def test_each_value_is_there_once_and_the_latest_is_last() -> None:
    train = [("ann", at, product) for at, product in enumerate("abcab")]
    lists, end = made(train, [("ann", 9, "x")], [("ann", 9, "x")])
    assert lists["train"][-1] == ["b", "c", "a"]  # before the last b
    assert lists["eval"] == [["c", "a", "b"]]
    assert end["ann"] == ["c", "a", "b", "x"]


def test_lists_may_begin_with_the_latest_value() -> None:
    rows = table([("ann", at, name) for at, name in enumerate("abcad")])
    parts = SplitData(rows, rows.slice(0, 0), rows.slice(4))
    wanted = Wanted("past", "product", 2, "string", is_newest_first=True)
    found, latest = add_histories(parts, [wanted], "buyer", "at")
    assert found.train["past"].to_pylist() == [[], ["a"], ["b", "a"], ["c", "b"], ["a", "c"]]
    assert latest["past"].to_pydict()["history"] == [["d", "a"]]


def test_the_oldest_values_are_left_out_of_a_long_list() -> None:
    train = [("ann", at, product) for at, product in enumerate("abcdb")]
    lists, end = made(train, [("ann", 9, "x")], [("ann", 9, "x")], length=2)
    assert lists["train"] == [[], ["a"], ["a", "b"], ["b", "c"], ["c", "d"]]
    assert lists["eval"] == [["d", "b"]]
    assert end["ann"] == ["b", "x"]


def test_rows_may_come_in_any_order() -> None:
    rows = [
        ("ann", 30, "c"),
        ("bob", 20, "y"),
        ("ann", 10, "a"),
        ("bob", 10, "x"),
        ("ann", 20, "b"),
    ]
    lists, _ = made(rows, [("bob", 99, "q")], [("new", 99, "q")])
    assert lists["train"] == [["a", "b"], ["x"], [], [], ["a"]]
    assert lists["eval"] == [["x", "y"]]
    assert lists["test"] == [[]]  # a buyer without a past


_ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.sampled_from("xyz")))


@given(train=_ROWS, evaluation=_ROWS, test=_ROWS)
def test_a_random_split_tests_with_the_lists_that_are_served(
    train: list[Row], evaluation: list[Row], test: list[Row]
) -> None:
    lists, end = made(train, evaluation, test, at_random=True)
    assert lists["test"] == [end.get(buyer, []) for buyer, *_ in test]
    _, known = made(train, [], [])
    assert lists["eval"] == [known.get(buyer, []) for buyer, *_ in evaluation]
    by_time, _ = made(train, evaluation, test)
    assert lists["train"] == by_time["train"]  # P41: only what was before


def test_a_row_without_a_time_is_before_and_after_nothing() -> None:  # P32, P41
    """Were it at the end of time, it would see the future; in 1970, everybody would see it."""
    lists, end = made(
        [("ann", None, "a"), ("ann", 10, "b"), ("ann", 20, "c")],
        [("ann", None, "x"), ("ann", 30, "y")],
        [("ann", None, "z"), ("ann", -(10**9), "q")],
    )
    assert lists["train"] == [[], [], ["b"]]
    assert lists["eval"] == [[], ["b", "c"]]
    assert lists["test"] == [[], []]
    assert end == {"ann": ["b", "c", "y"]}


def test_a_buyer_of_whom_no_time_is_known_has_an_empty_list_at_the_end() -> None:
    """It is asked for when the buyer is: null would not be a list."""
    _, end = made([("ann", None, "a"), ("bob", 1, "b")], [("bob", 2, "c")], [("bob", 3, "d")])
    assert end == {"ann": [], "bob": ["b", "c"]}


def test_times_far_from_1970_are_in_order() -> None:
    times = [-(10**10), -1, 0, 10**10]
    lists, _ = made([("ann", at, str(at)) for at in times], [("ann", 1, "x")], [("ann", 1, "x")])
    assert lists["train"][-1] == ["-10000000000", "-1", "0"]


def test_nulls_are_no_values() -> None:
    """A history may hold the values of any text feature, which may have nulls."""
    rows = [("ann", 10, "a"), ("ann", 20, None), ("ann", 30, "c")]
    lists, end = made(rows, [("ann", 40, None)], [("ann", 50, "x")])
    assert lists["train"] == [[], ["a"], ["a"]]
    assert lists["test"] == [["a", "c"]]
    assert end["ann"] == ["a", "c"]
    lists, end = made([("ann", 10, None)], [("ann", 20, None)], [("ann", 30, None)])
    assert lists == {"train": [[]], "eval": [[]], "test": [[]]}
    assert end == {"ann": []}


def test_whole_numbers_become_the_text_that_clients_send() -> None:  # P24
    """The signature takes text for ARRAY<STRING>, so the graph has to be traced with it."""
    rows = [("ann", 10, 7), ("ann", 20, -3)], [("ann", 30, 8)], [("ann", 40, 9)]
    assert made(*rows, product=pa.int64())[0]["test"] == [["7", "-3", "8"]]
    assert made(*rows, product=pa.int64())[1] == {"ann": ["7", "-3", "8"]}
    lists, _ = made(*rows, product=pa.int64(), dtype="int64")
    assert lists["test"] == [[7, -3, 8]]


def test_text_becomes_whole_numbers_where_it_can() -> None:
    rows = [("ann", 10, "7")], [("ann", 20, "8")], [("ann", 30, "9")]
    assert made(*rows, dtype="int64")[0]["test"] == [[7, 8]]
    with pytest.raises(
        RecgenError, match=r"'past' expects whole numbers, but .*column 'product'"
    ) as caught:
        made([("ann", 10, "7a")], *rows[1:], dtype="int64")
    assert "ARRAY<STRING>" in caught.value.help


def test_bytes_stay_bytes() -> None:
    rows = [("ann", 10, b"\xff")], [("ann", 20, b"b")], [("ann", 30, b"c")]
    assert made(*rows, product=pa.large_binary())[0]["test"] == [[b"\xff", b"b"]]


def test_buyers_of_whole_numbers() -> None:
    columns = {"buyer": [3, -3, 3], "at": [1, 2, 3], "product": ["a", "b", "c"]}
    train = pa.table({k: pa.array(v) for k, v in columns.items()})
    parts = SplitData(train, train.slice(0, 1), train.slice(2))
    parts, latest = add_histories(parts, [Wanted("past", "product", 9, "string")], "buyer", "at")
    assert parts.train["past"].to_pylist() == [[], [], ["a"]]
    assert latest["past"]["buyer"].to_pylist() == [3, -3]


def test_two_histories_are_made_apart() -> None:  # P22
    rows = table([("ann", 10, "a"), ("ann", 20, "b"), ("ann", 30, "c")])
    rows = rows.append_column("kind", pa.array(["k", "k", "l"], pa.large_string()))
    wanted = [Wanted("past", "product", 9, "string"), Wanted("kinds", "kind", 1, "string")]
    parts, latest = add_histories(SplitData(rows, rows, rows), wanted, "buyer", "at")
    assert parts.train["past"].to_pylist() == [[], ["a"], ["a", "b"]]
    assert parts.train["kinds"].to_pylist() == [[], ["k"], ["k"]]
    assert latest.keys() == {"past", "kinds"}


times = st.none() | st.integers(-3, 6)
row = st.tuples(st.sampled_from(["ann", "bob", "eve"]), times, st.none() | st.sampled_from("abcde"))
rows_of_parts = st.tuples(*[st.lists(row, min_size=1, max_size=25)] * 3)


def naive(rows: Sequence[Row], past: Sequence[Row], length: int) -> Iterator[tuple[set[str], list]]:
    """Yields what a row's list may hold: for values of one time any order is right."""
    for who, when, _ in rows:
        seen = (
            []
            if when is None
            else [
                (at, product)
                for buyer, at, product in past
                if buyer == who and at is not None and at < when and product is not None
            ]
        )
        last = {product: max(at for at, other in seen if other == product) for _, product in seen}
        yield set(last), sorted(last.values())[-length:]


@given(rows_of_parts, st.integers(1, 6))
def test_lists_are_those_of_a_naive_implementation(
    parts: tuple[list[Row], list[Row], list[Row]], length: int
) -> None:
    train, evaluation, test = parts
    lists, end = made(train, evaluation, test, length)
    both = train + evaluation
    people = list(dict.fromkeys(who for who, _, _ in both))
    questions = {"train": train, "eval": evaluation, "test": test}
    sources = {"train": train, "eval": train, "test": both}
    found = [*itertools.chain(*lists.values()), *(end[who] for who in people)]
    expected = [
        *(naive(rows, sources[name], length) for name, rows in questions.items()),
        naive([(who, 99, None) for who in people], both, length),
    ]
    pasts = [both if name == "test" else train for name, rows in questions.items() for _ in rows]
    askers = [*itertools.chain(*questions.values()), *((who, 99, None) for who in people)]
    pasts += [both] * len(people)
    assert end.keys() == set(people)
    for items, (values, moments), past, (who, when, _) in zip(
        found, itertools.chain(*expected), pasts, askers, strict=True
    ):
        assert len(set(items)) == len(items) == min(len(values), length)
        assert set(items) <= values
        last = [_last(past, who, when, item) for item in items]
        assert last == moments  # the latest ones, in the order of time


def _last(past: Sequence[Row], who: str, when: int | None, product: str) -> int:
    assert when is not None
    times = (at for buyer, at, it in past if (buyer, it) == (who, product) and at is not None)
    return max(at for at in times if at < when)


@pytest.mark.parametrize("kind", ["strict_time", "time_holdout", "random"])
def test_no_split_lets_a_row_see_its_own_time_or_the_future(kind: str) -> None:  # P41
    rows = [("ann" if n % 3 else "bob", n // 2, f"p{n}") for n in range(120)]
    split = Split(kind=kind, date_column="at", validation=0.2, test=0.2)
    parts = split_table(table(rows), split, "at", ids=("buyer", "product"))
    past = {"train": parts.train, "eval": parts.train}
    past["test"] = pa.concat_tables([parts.train, parts.eval])
    wanted = Wanted("past", "product", 1000, "string")
    filled, _ = add_histories(parts, [wanted], "buyer", "at")
    number_of_lists = 0
    for name, part in filled.tables().items():
        assert part.num_rows == parts.tables()[name].num_rows
        for each in part.to_pylist():
            source = past[name].to_pylist()
            expected = [
                earlier["product"]
                for earlier in sorted(source, key=lambda r: r["at"])
                if earlier["buyer"] == each["buyer"] and earlier["at"] < each["at"]
            ]
            assert sorted(each["past"]) == sorted(expected)
            number_of_lists += bool(expected)
    assert number_of_lists


def test_a_buyer_with_many_rows_and_values() -> None:
    """What a list costs must not grow with the buyer's past: it is read from its end."""
    count, values, length = 30_000, 9000, 5
    rows = [("ann", at, f"p{at % values}") for at in range(count)]
    lists, end = made(rows, [("ann", count, "x")], [("ann", count, "x")], length)
    for at in (0, 3, values, count - 1):
        assert lists["train"][at] == [f"p{n % values}" for n in range(max(0, at - length), at)]
    assert end["ann"] == [*(f"p{n % values}" for n in range(count - 4, count)), "x"]


def test_lists_are_taken_along_to_the_examples(tmp_path: Path) -> None:
    """As a dictionary, each value is written once; and each list of several rows is, too."""
    rows = table([("ann", 10, "a"), ("ann", 20, "ä"), ("ann", 20, "b"), ("ann", 30, "a")])
    wanted = Wanted("past", "product", 9, "string")
    parts, _ = add_histories(SplitData(rows, rows, rows), [wanted], "buyer", "at")
    lists = parts.train["past"].combine_chunks()
    assert len(lists.dictionary) == 3
    assert lists.dictionary.values.dictionary.to_pylist() == ["a", "b", "ä"]
    paths = write_tables({"train": parts.train.select(["past"])}, tmp_path)
    (batch,) = read_batches(paths["train"])
    found = batch.column(0).dictionary.take(batch.column(0).indices).to_pylist()
    assert found == [[], [b"a"], [b"a"], [b"a", b"b", "ä".encode()]]
    # The analysis learns nothing from lists.
    assert without_lists(batch).to_pydict() == {"past": [[], [], [], []]}
    assert without_lists(batch).schema.field("past").type == pa.large_list(pa.large_binary())


def test_lists_of_whole_numbers_and_null_lists_are_taken_along_too(tmp_path: Path) -> None:
    lists = pa.array([[1, 2], None, [], [3]], pa.large_list(pa.int64()))
    paths = write_tables({"train": pa.table({"past": lists})}, tmp_path)
    (batch,) = read_batches(paths["train"])
    assert batch.to_pydict() == {"past": [[1, 2], None, [], [3]]}
    assert without_lists(batch).to_pydict() == {"past": [[], [], [], []]}


def work(rows: Sequence[Row]) -> int:
    """Returns the number of items in all distinct lists, and that of the lists."""
    parts = SplitData(table(rows), table(rows[-1:]), table(rows[-1:]))
    parts, _ = add_histories(parts, [Wanted("past", "product", 40, "string")], "buyer", "at")
    lists = parts.train["past"].combine_chunks().dictionary
    return len(lists) + len(lists.values)


def test_lists_grow_no_faster_than_the_data() -> None:
    """With other buyers, in larger invoices, and with more invoices, if lists are full."""
    rows = [
        (f"b{b}", at, f"p{(at * 7 + b + n) % 61}")
        for b in range(5)
        for at in range(30)
        for n in range(4)
    ]
    other = [(f"other {buyer}", at, product) for buyer, at, product in rows]
    larger = [(buyer, at, f"{product}'") for buyer, at, product in rows]
    later = [(buyer, at + 30, product) for buyer, at, product in rows]
    assert work(rows + other) == 2 * work(rows)
    assert work(rows + larger) < 2 * work(rows)
    assert work(rows + later) < 2.5 * work(rows)  # the first lists were not full yet


def test_what_is_known_at_the_end_is_what_a_buyer_is_asked_with(tmp_path: Path) -> None:
    """Not the list of the buyer's last row, in which that row's own product is not yet."""
    train = table([("ann", 10, "a"), ("bob", 5, "z"), ("ann", 20, "b")])
    evaluation, test = table([("ann", 30, "c")]), table([("ann", 40, "d")])
    wanted = Wanted("past", "product", 9, "string")
    split = SplitData(train, evaluation, test)
    serving = {"buyer": "buyer", "past": "past_input"}
    for names, past in (("train", "eval"), "abc"), (("train", "eval", "test"), "abcd"):
        parts, latest = add_histories(split, [wanted], "buyer", "at", names)
        tables = [parts.tables()[name] for name in names]
        buyers.write(tmp_path, tables, "buyer", "product", "at", serving, latest)
        known = pq.read_table(tmp_path / "buyers.parquet").to_pylist()
        assert sorted(known, key=lambda each: each["buyer"]) == [
            {"buyer": "ann", "past_input": [*past]},
            {"buyer": "bob", "past_input": ["z"]},
        ]


def config(**feature: Any) -> ExperimentConfig:
    history = {"column": "past", "data_type": "history", **feature}
    history.setdefault("transforms", {"history": {"shared_with": "product", "max_length": 7}})
    return ExperimentConfig.model_validate(
        {
            "features": {
                "buyer_model_features": [{"column": "buyer", "data_type": "text"}, history],
                "product_model_features": [{"column": "product", "data_type": "text"}],
            }
        }
    )


def test_only_histories_that_the_data_lacks_are_made() -> None:  # P17
    assert missing_histories(config(), ["buyer", "product"]) == [
        Wanted("past", "product", 7, "string")
    ]
    assert missing_histories(config(), ["past"]) == []
    renamed = config(display_name="Past products", bq_type="ARRAY<INT64>")
    assert missing_histories(renamed, ["buyer"]) == [Wanted("Past products", "product", 7, "int64")]
    assert missing_histories(renamed, ["past"]) == []  # under its name in the source
    assert missing_histories(renamed, ["Past products"]) == []
    switched_off = {"history": {"shared_with": "product", "enabled": False}}
    assert missing_histories(config(transforms=switched_off), []) == []


TEXTS = InputColumn("past", "past_in_source", "ARRAY<STRING>", "string")
NUMBERS = InputColumn("past", "past", "ARRAY<INT64>", "int64")


def hiding_list() -> Any:
    """Returns lists of which the second is null, and has an item all the same."""
    offsets = pa.array([0, 2, 3, 3, 4], pa.int32()).buffers()[1]
    validity = pa.py_buffer(bytes([0b1101]))
    items = pa.array(["a", "b", "hidden", "c"])
    buffers = [validity, offsets]
    return pa.Array.from_buffers(pa.list_(pa.string()), 4, buffers, children=[items])


@pytest.mark.parametrize(
    "lists",
    [
        pa.array([["a", "b"], None, [], ["c", None, ""]]),
        pa.array([["a", "b"], None, [], ["c", None, ""]], pa.large_list(pa.large_string())),
        pa.array(
            [["a", "b"], None, [], ["c", None]], pa.list_(pa.dictionary(pa.int32(), pa.string()))
        ),
        pa.chunked_array([[["a", "b"], None], [[]], [["c", None, ""]]], pa.list_(pa.string())),
        pa.array([["x"], ["a", "b"], None, [], ["c"], ["y"]]).slice(1, 4),
        pa.array([["a", "b"], [None, None], None, ["c", None]], pa.list_(pa.string(), 2)),
        hiding_list(),
    ],
    ids=["list", "large list", "dictionary", "chunks", "slice", "fixed size", "hidden item"],
)
def test_lists_of_every_kind_become_large_lists_without_nulls(lists: Any) -> None:
    column = lists if isinstance(lists, pa.ChunkedArray) else pa.chunked_array([lists])
    found = to_column(column, TEXTS)
    assert found.type == pa.large_list(pa.large_string())
    assert found.to_pylist() == [["a", "b"], [], [], ["c"]]
    assert found.null_count == 0


def test_items_are_cast_like_single_values() -> None:
    def cast(lists: list[Any], column: InputColumn, kind: Any = None) -> list[Any]:
        return list(to_column(pa.chunked_array([pa.array(lists, kind)]), column).to_pylist())

    assert cast([[1, 2], None], TEXTS) == [["1", "2"], []]
    assert cast([[17850.0, None]], TEXTS) == [["17850"]]  # pandas makes floats of them
    assert cast([[1.0, 2.0, None]], NUMBERS) == [[1, 2]]
    assert cast([["7", " 8", "NA"]], NUMBERS) == [[7, 8]]
    assert cast([None, None], TEXTS, pa.null()) == [[], []]
    assert cast([None, []], TEXTS, pa.list_(pa.null())) == [[], []]


@pytest.mark.parametrize(
    ("lists", "column", "message"),
    [
        (["a"], TEXTS, "'a' in row 1 is not a list, each item text"),
        (
            [[1], [2, 3], [4.5]],
            NUMBERS,
            r"\[4.5\] in row 3 is not a list, each item a whole number",
        ),
        ([["1"], None, ["x"]], NUMBERS, r"\['x'\] in row 3 is not a list, each item a whole"),
        ([[["a"]]], TEXTS, r"\[\['a'\]\] in row 1 is not a list, each item text"),
    ],
)
def test_what_is_no_list_of_such_items_is_named(
    lists: list[Any], column: InputColumn, message: str
) -> None:
    with pytest.raises(RecgenError, match=message):
        to_column(pa.chunked_array([pa.array(lists)]), column)


ORDERS = (
    InputColumn("buyer", "buyer", "STRING", "string"),
    InputColumn("product", "product", "STRING", "string"),
    TEXTS,
)


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "orders.parquet"
    rows: Mapping[str, Any] = {"buyer": ["ann", "bob"], "product": ["a", "b"], **columns}
    pq.write_table(pa.table({name: pa.array(values) for name, values in rows.items()}), path)
    return path


def test_lists_are_read_from_parquet_by_either_name(tmp_path: Path) -> None:
    for name in ("past", "past_in_source"):
        path = parquet(tmp_path, **{name: [["a"], None]})
        found = read_table(path, ORDERS)
        assert found["past"].to_pylist() == [["a"], []]
        assert clean(found, "buyer", "product")[0].num_rows == 2


def test_lists_that_are_all_empty_are_a_column_without_values(tmp_path: Path) -> None:
    found = read_table(parquet(tmp_path, past=[[], [None]]), ORDERS)
    with pytest.raises(RecgenError, match="column 'past' has no values in 2 rows"):
        clean(found, "buyer", "product")


def test_a_csv_file_has_no_lists(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("buyer,product,past\nann,a,\nbob,b,a b\n", encoding="utf-8")
    with pytest.raises(
        RecgenError, match=r"'past' must contain lists, but .* is a CSV file"
    ) as caught:
        read_table(path, ORDERS)
    assert "remove the column" in caught.value.help
