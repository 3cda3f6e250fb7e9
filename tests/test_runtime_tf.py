"""Parts of the runtime by themselves: rows, gradients, statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

ROWS = 23


@pytest.fixture
def columns(runtime: Any) -> Any:
    from streaming_child import columns  # TensorFlow is there

    return columns(runtime)


@pytest.fixture
def split(runtime: Any, columns: Any, tmp_path: Path) -> Any:
    """Rows of one user each, in two files, read in chunks of ten."""
    for name, numbers in (("a", range(9)), ("b", range(9, ROWS))):
        with tf.io.TFRecordWriter(str(tmp_path / f"rows-{name}")) as writer:
            for number in numbers:
                writer.write(example(user=[number], sku=[number % 4], past=[1] * (number % 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "SHUFFLE_ROWS", 10)
        return runtime.Split.read([str(tmp_path / "rows-*")], "training", columns)


def example(**features: list[int]) -> bytes:
    lists = {k: tf.train.Int64List(value=values) for k, values in features.items()}
    content = {k: tf.train.Feature(int64_list=values) for k, values in lists.items()}
    return bytes(tf.train.Example(features=tf.train.Features(feature=content)).SerializeToString())


def users(batches: Any) -> list[list[int]]:
    return [batch["user"].numpy().tolist() for batch in batches]


def test_a_split_has_the_rows_of_all_files_in_their_order(split: Any) -> None:
    assert split.count == ROWS
    assert split.column("user").tolist() == list(range(ROWS))
    assert [len(chunk["sku"]) for chunk in split.chunks("sku")] == [10, 10, 3]
    lists = [each for chunk in split.dataset for each in chunk["past"].to_list()]
    assert lists == [[1] * (number % 3) for number in range(ROWS)]


def test_two_splits_together_have_the_rows_of_both(split: Any) -> None:
    both = split + split.spaced(5)
    assert both.count == len(both.column("user")) > ROWS


@pytest.mark.parametrize(("most", "step"), [(1000, 1), (ROWS, 1), (12, 2), (5, 5), (0, ROWS)])
def test_a_large_split_is_thinned_evenly_chunk_by_chunk(split: Any, most: int, step: int) -> None:
    chunks = [list(range(ROWS))[start : start + 10] for start in (0, 10, 20)]
    kept = [user for chunk in chunks for user in chunk[::step]]
    assert split.spaced(most).column("user").tolist() == kept
    assert split.spaced(most).count == len(kept)


def test_a_sample_is_spread_over_the_first_chunk(split: Any) -> None:
    assert split.sample(3)["user"].numpy().tolist() == [0, 3, 6]
    assert split.sample(100)["user"].numpy().tolist() == list(range(10))


def test_evaluation_batches_have_each_row_once(split: Any) -> None:
    batches = split.evaluation_batches(8)
    assert len(batches) == 3
    assert [len(batch) for batch in users(batches)] == [8, 8, 7]
    assert sorted(user for batch in users(batches) for user in batch) == list(range(ROWS))


def test_training_batches_are_endless_of_one_size_and_shuffled_anew(split: Any) -> None:
    batches = users(split.training_batches(ROWS, seed=1).take(4))
    assert all(sorted(batch) == list(range(ROWS)) for batch in batches)
    assert len({tuple(batch) for batch in batches}) == 4
    sizes = {len(batch) for batch in users(split.training_batches(8, seed=1).take(9))}
    assert sizes == {8}


def test_training_goes_on_with_the_batch_after_the_last_one(split: Any) -> None:  # P52
    whole = users(split.training_batches(8, seed=1).take(6))
    assert users(split.training_batches(8, seed=1, first_step=4).take(2)) == whole[4:]
    assert users(split.training_batches(8, seed=2).take(6)) != whole


@pytest.fixture
def read(runtime: Any, columns: Any, split: Any, tmp_path: Path) -> Any:
    """Function that reads the same rows with one of the caches, in chunks of four."""

    def read(kind: str, *files: str) -> Any:
        patch.setattr(runtime, "STREAMED_ROWS", 4)
        folder = str(tmp_path / "row_cache") if kind == "disk" else None
        patterns = [str(tmp_path / name) for name in files or ("rows-*",)]
        cache = runtime.RowCache(kind, folder)
        caches.append(cache)  # as a training does; the folder is removed with it
        return runtime.Split.read(patterns, f"training {len(caches)}", columns, cache)

    caches: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        yield read


@pytest.mark.parametrize("kind", ["disk", "none"])
def test_rows_that_are_not_in_memory_are_the_same(split: Any, read: Any, kind: str) -> None:
    streamed = read(kind)
    assert [len(chunk["sku"]) for chunk in streamed.chunks("sku")] == [4, 4, 4, 4, 4, 3]
    assert streamed.digest() != split.digest()  # chunk by chunk, which are others
    for name, values in zip(("user", "sku"), streamed.arrays("user", "sku"), strict=True):
        assert values.tolist() == split.column(name).tolist()
    places = np.array([22, 3, 4, 0, 17])
    for each in (split, streamed):
        rows = each.rows_at(places)
        assert rows["user"].numpy().tolist() == places.tolist()
        assert rows["past"].to_list() == [[1] * (place % 3) for place in places]
    assert len(split.rows_at(places[:0])["user"]) == 0


@pytest.mark.parametrize("kind", ["disk", "none"])
def test_streamed_batches_are_shuffled_anew_and_go_on(read: Any, kind: str) -> None:
    split = read(kind)
    batches = users(split.training_batches(ROWS, seed=1).take(4))
    assert all(sorted(batch) == list(range(ROWS)) for batch in batches)
    assert len({tuple(batch) for batch in batches}) == 4
    whole = users(split.training_batches(8, seed=1).take(6))
    assert users(split.training_batches(8, seed=1, first_step=4).take(2)) == whole[4:]
    assert users(split.training_batches(8, seed=2).take(6)) != whole


@pytest.mark.parametrize("kind", ["disk", "none"])
def test_two_streamed_splits_are_mixed(read: Any, kind: str) -> None:
    both = read(kind, "rows-b") + read(kind, "rows-a")
    assert both.column("user").tolist() == [*range(9, ROWS), *range(9)]
    epochs = users(both.training_batches(ROWS, seed=1).take(8))
    assert all(sorted(epoch) == list(range(ROWS)) for epoch in epochs)
    assert {epoch[0] < 9 for epoch in epochs} == {True, False}  # either comes first
    even = both.map(lambda chunk: {k: v[1::2] for k, v in chunk.items()})
    assert even.count == 11
    assert len(users(even.training_batches(11, seed=1).take(1))[0]) == 11


def test_rows_on_disk_are_removed_with_the_training(read: Any, tmp_path: Path) -> None:
    folder = tmp_path / "row_cache"
    folder.mkdir()
    (folder / "of a killed process").touch()
    split = read("disk")
    assert not (folder / "of a killed process").exists()
    assert any(folder.iterdir())
    for path in tmp_path.glob("rows-*"):
        path.unlink()
    assert split.column("user").tolist() == list(range(ROWS))  # of the cache


def test_files_that_are_missing_or_empty_are_one_clear_error(
    runtime: Any, columns: Any, tmp_path: Path
) -> None:  # P57
    with pytest.raises(ValueError, match="No test files match"):
        runtime.Split.read([str(tmp_path / "*")], "test", columns)
    (tmp_path / "part").touch()
    with pytest.raises(ValueError, match="The test files contain no rows"):
        runtime.Split.read([str(tmp_path / "*")], "test", columns)


def test_a_gradient_has_one_entry_for_each_row_of_its_table(runtime: Any) -> None:  # P46
    values, rows = np.arange(8.0).reshape(4, 2), [5, 1, 5, 5]
    merged = runtime.merge_rows(tf.IndexedSlices(tf.constant(values), tf.constant(rows), [7, 2]))
    assert merged.indices.numpy().tolist() == [5, 1]
    assert merged.values.numpy().tolist() == [[0 + 4 + 6, 1 + 5 + 7], [2, 3]]
    assert merged.dense_shape == [7, 2]
    dense = tf.ones([2, 2])
    assert runtime.merge_rows(dense) is dense


@pytest.mark.parametrize(
    ("vectors", "share"),
    [
        ([[1.0, 2.0]] * 5, 0.0),
        ([[1.0], [-1.0]], 1.0),
        ([[3.0], [1.0]], 1 / 5),  # mean 2, mean square 5
        ([[4.0, 4.0]], 1.0),  # one row cannot be like the others
    ],
)
def test_relative_variance(runtime: Any, vectors: Any, share: float) -> None:
    assert float(runtime.relative_variance(tf.constant(vectors))) == pytest.approx(share, abs=1e-6)


def test_histograms_count_all_values_and_what_is_beyond_in_the_outermost_bins(
    runtime: Any,
) -> None:
    edges = [-1.0, -0.1, 0.1, 1.0]
    tensors = [tf.constant([[-7.0, -0.5], [0.0, 0.05]]), tf.constant([0.1, 99.0, 0.5])]
    moments, counts = runtime.describe(tensors, edges)
    assert counts.numpy().tolist() == [2, 2, 3]
    values = np.concatenate([tensor.numpy().ravel() for tensor in tensors])
    expected = {"mean": values.mean(), "std": values.std(), "min": -7, "max": 99}
    expected["norm"] = np.linalg.norm(values)
    found = {name: float(value) for name, value in moments.items()}
    assert found == pytest.approx(expected, rel=1e-5)


def test_sampled_weights_are_the_first_rows_of_each(runtime: Any) -> None:
    layer = tf.keras.layers.Dense(2)
    layer.build([None, 3000])
    sampled = runtime.sample_weights(layer).numpy()
    kernel, bias = (weight.numpy() for weight in layer.trainable_variables)
    np.testing.assert_array_equal(sampled, np.concatenate([kernel[:1024].ravel(), bias]))


def test_files_are_copied_and_half_written_folders_are_not(runtime: Any, tmp_path: Path) -> None:
    (tmp_path / "from" / "partial_temp").mkdir(parents=True)
    (tmp_path / "from" / "checkpoint").write_text("new")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "stale").touch()
    runtime.copy_files(str(tmp_path / "from"), str(tmp_path / "to"))
    assert [(path.name, path.read_text()) for path in (tmp_path / "to").iterdir()] == [
        ("checkpoint", "new")
    ]
    runtime.copy_files(str(tmp_path / "nowhere"), str(tmp_path / "to"))
    assert list((tmp_path / "to").iterdir()) == []


def test_keras_takes_many_steps_in_a_call(runtime: Any) -> None:
    assert [runtime.steps_per_execution(steps) for steps in (1, 12, 5000)] == [1, 12, 32]
