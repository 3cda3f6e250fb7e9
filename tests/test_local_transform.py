"""Tables on their way to tensorflow-transform and back; its real work is in test_local_run."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from recgen.local.fit import fn_args

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
np = pytest.importorskip("numpy")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from recgen.local import apply, raw, transform  # noqa: E402


class Tensor:
    """As much of an eager tensor as is needed."""

    def __init__(self, values: object) -> None:
        self._values = np.asarray(values)
        self.shape = self._values.shape

    def numpy(self) -> object:
        return self._values


def test_nulls_become_empty_lists_and_text_becomes_bytes(tmp_path: Path) -> None:
    text = pa.array(["ä", None], pa.large_string())
    table = pa.table({"text": text, "number": pa.array([None, 2.5], pa.float32())})
    paths = raw.write_tables({"train": table}, tmp_path)
    (batch,) = map(raw.without_lists, raw.read_batches(paths["train"]))
    assert batch.to_pydict() == {"text": [["ä".encode()], []], "number": [[], [2.5]]}


def test_beam_gets_small_batches_first_and_every_row_once(tmp_path: Path) -> None:
    rows = raw.ROWS_PER_BATCH + 100
    paths = raw.write_tables({"train": pa.table({"n": range(rows)})}, tmp_path)
    batches = list(transform._batches_for_beam(paths["train"]))
    assert [batch.num_rows for batch in batches[:40]] == [64] * 40
    assert len(batches) == 42
    numbers = [number for batch in batches for (number,) in batch.column(0).to_pylist()]
    assert numbers == list(range(rows))


@given(st.lists(st.integers(0, 9)), st.integers(1, 20))
def test_pieces_are_bounded_by_their_items_and_not_by_their_rows(
    lengths: list[int], items: int
) -> None:
    found = [lengths[piece] for piece in raw.pieces(np.array(lengths, int), items)]
    assert [length for piece in found for length in piece] == lengths
    assert all(len(piece) == 1 or sum(piece) <= items for piece in found)
    # Nor smaller than they have to be: each could not have held the next list, too.
    assert all(sum(piece) + after[0] > items for piece, after in itertools.pairwise(found))


def test_lists_that_rows_share_are_written_once(tmp_path: Path) -> None:
    """What a buyer had before an invoice is the same for each of its rows."""

    def written(copies: int) -> int:
        items = pa.array([f"product {n}" for n in range(300)], pa.large_string())
        lists = pa.LargeListArray.from_arrays(pa.array([0, 300]), items.dictionary_encode())
        rows = pa.array([0] * copies, pa.int32())
        table = pa.table({"past": pa.DictionaryArray.from_arrays(rows, lists)})
        return Path(raw.write_tables({"train": table}, tmp_path)["train"]).stat().st_size

    assert written(2000) - written(1000) < 1000 * 8  # bytes; a list of codes has 1,200


def test_outputs_may_be_columns_of_one(tmp_path: Path) -> None:
    outputs = {"a": Tensor([1, 2]), "b": Tensor([[0.5], [1.5]])}
    columns = {name: column.to_pylist() for name, column in apply._columns(outputs, 2)}
    assert columns == {"a": [[1], [2]], "b": [[0.5], [1.5]]}


@pytest.mark.parametrize("values", [3.5, [1, 2, 3], [[1, 2], [3, 4]]])
def test_an_output_that_is_not_one_value_a_row_is_refused(values: object) -> None:
    """P36, P37: a statistic of the data, or a cross that was joined along the wrong axis."""
    with pytest.raises(ValueError, match=r"output 'a' has shape .*, not one value per row"):
        dict(apply._columns({"a": Tensor(values)}, 2))


def test_fn_args_are_tfxs() -> None:
    args = fn_args(Path("run"), {"seed": 7})
    assert set(vars(args)) == {
        "working_dir",
        "train_files",
        "eval_files",
        "train_steps",
        "eval_steps",
        "schema_path",
        "schema_file",
        "transform_graph_path",
        "transform_output",
        "data_accessor",
        "serving_model_dir",
        "eval_model_dir",
        "model_run_dir",
        "base_model",
        "hyperparameters",
        "custom_config",
    }
    assert args.custom_config == {"test_files": ["run/examples/test/*"], "seed": 7}
