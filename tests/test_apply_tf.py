"""Examples are what the graph gives for whole rows, however their lists were computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from runs import transform_parts, write_modules

from recgen.check import load

pytest_plugins = ["runs"]
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")
pa = pytest.importorskip("pyarrow")
np = pytest.importorskip("numpy")

from recgen.local import apply, raw  # noqa: E402

pytestmark = pytest.mark.slow

Plain = dict[str, Any]
PRODUCTS = [f"{n}" for n in range(8)]


def history(column: str, length: int) -> Plain:
    transforms = {"history": {"shared_with": "product", "max_length": length}}
    kind = "ARRAY<INT64>" if column == "numbers" else "ARRAY<STRING>"
    return {"column": column, "data_type": "history", "bq_type": kind, "transforms": transforms}


CONFIG = {
    "features": {
        "buyer_id_column": "buyer",
        "product_id_column": "product",
        "buyer_model_features": [
            {"column": "buyer", "data_type": "text", "transforms": {"embedding": {}}},
            history("shared", 5),
            history("own", 3),
            history("numbers", 50),
        ],
        "product_model_features": [
            {"column": "product", "data_type": "text", "transforms": {"embedding": {}}},
            {"column": "price", "data_type": "numeric", "transforms": {"normalize": {}}},
        ],
    }
}


def columns(rows: Sequence[Sequence[Any]]) -> Plain:
    """Returns rows as columns of the config: plain Python."""
    names = ("buyer", "product", "price", "shared", "own", "numbers")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def arrow(plain: Mapping[str, Any]) -> Any:
    """Returns columns as `recgen train` has them; `shared` has each distinct list once."""
    distinct = [list(each) for each in dict.fromkeys(map(tuple, plain["shared"]))]
    numbers = pa.array([distinct.index(each) for each in plain["shared"]], pa.int32())
    flat = pa.array([item for each in distinct for item in each], pa.large_string())
    offsets = pa.array(np.cumsum([0, *map(len, distinct)]))
    lists = pa.LargeListArray.from_arrays(offsets, flat.dictionary_encode())
    return pa.table(
        {
            "buyer": pa.array(plain["buyer"], pa.large_string()),
            "product": pa.array(plain["product"], pa.large_string()),
            "price": pa.array(plain["price"], pa.float32()),
            "shared": pa.DictionaryArray.from_arrays(numbers, lists),
            "own": pa.array(plain["own"], pa.large_list(pa.large_string())),
            "numbers": pa.array(plain["numbers"], pa.large_list(pa.int64())),
        }
    )


@dataclass(frozen=True)
class Fitted:
    """A transform that has seen products 0 to 5."""

    folder: Path
    layer: Any

    def expected(self, plain: Mapping[str, Any]) -> Plain:
        """Returns what the graph gives for all columns of all rows at once."""
        dtypes = {"price": tf.float32, "numbers": tf.int64}
        tensors = {}
        for name, values in plain.items():
            many = name in ("shared", "own", "numbers")
            lists = [(v or []) if many else [] if v is None else [v] for v in values]
            ragged = tf.ragged.constant(lists, dtypes.get(name, tf.string), ragged_rank=1)
            tensors[name] = ragged.to_sparse()
        return {name: listed(tensor) for name, tensor in self.layer(tensors).items()}

    def found(self, plain: Mapping[str, Any], parts: int = 1) -> Plain:
        """Returns what `recgen train` makes of the rows."""
        paths = raw.write_tables({"rows": arrow(plain)}, self.folder)
        batches = list(apply.transformed(paths["rows"], self.layer))
        assert len(batches) >= parts
        return pa.Table.from_batches(batches).to_pydict()


def listed(tensor: Any) -> list[list[Any]]:
    if isinstance(tensor, tf.SparseTensor):
        return tf.RaggedTensor.from_sparse(tensor).to_list()  # type: ignore[no-any-return]
    return [[value] for value in tensor.numpy().tolist()]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    import tensorflow_transform as tft

    folder = tmp_path_factory.mktemp("fitted")
    write_modules(load(CONFIG), folder)
    rows = [(f"b{n % 4}", f"{n % 6}", n / 2, [], [], []) for n in range(60)]
    transform_parts(folder, {"train": arrow(columns(rows))})
    output = tft.TFTransformOutput(str(folder / "transform"))
    return Fitted(folder, output.transform_features_layer())


texts = st.lists(st.sampled_from([*PRODUCTS, "", "ä\n"]), max_size=9)
drawn_rows = st.lists(
    st.tuples(
        st.sampled_from(["b0", "b1", "new"]) | st.none(),
        st.sampled_from(PRODUCTS),
        st.none() | st.floats(-9, 9, width=32),
        st.sampled_from([[], ["1"], ["7", "2", "1"], ["5", "4", "3", "2", "1", "0"]]),
        texts | st.none(),
        st.lists(st.integers(-1, 7), max_size=5) | st.none(),
    ),
    min_size=1,
    max_size=30,
)


@some(10, 30)
@given(drawn_rows, st.integers(1, 12))
def test_examples_are_what_the_graph_gives_for_whole_rows(
    fitted: Fitted, rows: list[tuple[Any, ...]], items: int
) -> None:
    plain = columns(rows)
    with mock.patch.multiple(apply, _ITEMS=items, _ITEMS_TO_WRITE=items):
        found = fitted.found(plain)
    expected = fitted.expected(plain)
    assert found == expected
    assert list(found) == sorted(expected)  # so that the same data gives the same bytes


def test_the_graph_reads_each_shared_list_once_and_few_items_at_a_time(fitted: Fitted) -> None:
    """The work for histories grows with the invoices, and memory with neither."""

    def read(copies: int) -> list[int]:
        rows = [("b0", "1", 1.0, [f"{n}", "3"], [], []) for n in range(8)] * copies
        with (
            mock.patch.object(apply, "_ITEMS", 6),
            mock.patch.object(apply, "_values", side_effect=apply._values) as values,
        ):
            fitted.found(columns(rows))
        return [len(call.args[0]) for call in values.call_args_list]

    once = [size for size in read(1) if size]
    assert once == [6, 6, 4]
    assert [size for size in read(50) if size] == once


def test_rows_are_written_in_parts_of_bounded_size(fitted: Fitted) -> None:
    rows = [("b0", "1", 1.0, ["1", "2", "3"], [], [])] * 10
    with mock.patch.object(apply, "_ITEMS_TO_WRITE", 6):
        found = fitted.found(columns(rows), parts=5)
    assert found == fitted.expected(columns(rows))


def test_an_output_of_a_list_and_another_column_is_refused(fitted: Fitted, tmp_path: Path) -> None:
    """Generated modules have none; in an edited one it must not vanish from the examples."""
    paths = raw.write_tables({"rows": arrow(columns([("b0", "1", 1.0, ["1"], [], [])]))}, tmp_path)

    def without(path: str, layer: Any) -> Any:
        for batch in transformed(path, layer):
            yield batch.from_pydict({"buyer": batch.column(0)})

    transformed = apply.transformed
    with (
        mock.patch.object(apply, "transformed", without),
        pytest.raises(ValueError, match=r"own.*shared"),
    ):
        apply.apply(paths["rows"], fitted.folder / "transform", tmp_path / "x.tfrecord", 0)
