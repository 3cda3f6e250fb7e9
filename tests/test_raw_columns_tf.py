"""What clients send, in the form with which `preprocessing_fn` was traced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")


def sparse(spec: Any, column: Any, runtime: Any) -> tuple[Any, ...]:
    found = runtime.as_raw(tf.constant(column), spec)
    return found.values.numpy().tolist(), found.indices.numpy()[:, 0].tolist(), found.shape


@pytest.mark.parametrize(
    ("column", "known"),
    [
        (["a", "", "b"], ([b"a", b"b"], [0, 2])),
        ([1.5, float("nan"), 0.0], ([1.5, 0.0], [0, 2])),
        (np.array([7, -(2**63), 0]), ([7, 0], [0, 2])),
    ],
    ids=["text", "numbers", "integers"],
)
def test_a_client_has_no_null_and_says_so(runtime: Any, column: Any, known: Any) -> None:  # P77
    spec = tf.io.VarLenFeature(tf.constant(column).dtype)
    assert sparse(spec, column, runtime) == (*known, (3, 1))


def test_a_column_that_is_never_null_stays_dense(runtime: Any) -> None:
    spec = tf.io.FixedLenFeature([1], tf.float32)
    found = runtime.as_raw(tf.constant([1.5, float("nan")]), spec)
    np.testing.assert_array_equal(found, [[1.5], [math.nan]])  # not 0, which is a number
    flat = runtime.as_raw(tf.constant(["a", ""]), tf.io.FixedLenFeature([], tf.string))
    assert flat.numpy().tolist() == [b"a", b""]


@pytest.mark.parametrize(
    ("is_newest_first", "expected"),
    [
        (False, [[b"", b"", b"a"], [b"b", b"c", b"d"], [b"", b"e", b"f"]]),
        (True, [[b"a", b"", b""], [b"a", b"b", b"c"], [b"e", b"f", b""]]),
    ],
)
def test_of_a_list_of_fixed_length_the_newest_values_are_kept(
    runtime: Any, is_newest_first: bool, expected: Any
) -> None:
    """And what fills a short list is as far away from the newest value as it can be."""
    lists = [["a", "", "", ""], ["a", "b", "c", "d"], ["", "e", "", "f"]]
    spec = tf.io.FixedLenFeature([3], tf.string)
    found = runtime.as_raw(tf.constant(lists), spec, is_newest_first)
    assert found.numpy().tolist() == expected
    whole = runtime.as_raw(tf.constant(lists), tf.io.RaggedFeature(tf.string), is_newest_first)
    assert whole.to_list()[1] == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("required", [False, True])
def test_ids_that_a_csv_file_made_integers_are_parsed_and_guests_are_unknown(
    runtime: Any, required: bool
) -> None:
    whole = [10003, 0, -1, 10**18, 2**63 - 1, 1 - 2**63, 999_999_999, 10**9, -(10**9)]
    others = ["a guest", "", "-", "--1", "007", "+7", "-0", "1.0", " 1", "1\n", "٣", "1e3", "x9"]
    others += [str(2**63), str(-(2**63) - 1), str(2**64 + 5), "9" * 19, "9" * 30, "0x1"]
    column = tf.constant([*map(str, whole), *others])
    spec = tf.io.FixedLenFeature([], tf.int64) if required else tf.io.VarLenFeature(tf.int64)
    found = runtime.as_raw(column, spec)
    null = -(2**63)
    assert (found if required else found.values).numpy().tolist() == [
        *whole,
        *([null] * len(others) if required else []),
    ]


@given(st.integers(1 - 2**63, 2**63 - 1) | st.integers(-(2**70), 2**70), st.text(max_size=25))
@some(70, 200)
def test_exactly_the_texts_of_int64_are_read_as_numbers(
    runtime: Any, number: int, text: str
) -> None:
    text = text.encode("utf-8", "replace").decode()
    found = runtime.whole_numbers(tf.constant([str(number), text])).numpy().tolist()
    is_int64 = -(2**63) <= number < 2**63
    assert found[0] == (number if is_int64 else -(2**63))
    spelt = text.isascii() and text.removeprefix("-").isdigit() and str(int(text)) == text
    assert found[1] == (int(text) if spelt and abs(int(text)) < 2**63 else -(2**63))


@pytest.mark.parametrize(
    ("column", "dtype", "wanted"),
    [
        (np.array([7, -(2**63)]), tf.string, [b"7", b""]),
        (np.array([7, -(2**63)]), tf.float32, [7.0, math.nan]),
        (
            np.array([19.99, 2.4, math.nan, math.inf, -1e30], np.float32),
            tf.int64,
            [20, 2, *[None] * 3],
        ),
    ],
    ids=["numbers as text", "whole numbers as floats", "floats as whole numbers"],
)
def test_a_value_is_sent_in_the_type_that_the_pipeline_had(
    runtime: Any, column: Any, dtype: Any, wanted: list[Any]
) -> None:
    found = runtime.as_raw(tf.constant(column), tf.io.FixedLenFeature([], dtype)).numpy()
    expected = [-(2**63) if value is None else value for value in wanted]
    np.testing.assert_array_equal(found, np.array(expected, found.dtype))


@pytest.mark.parametrize("kind", ["sparse", "ragged", "[3]", "[1]"])
def test_lists_come_in_every_form_with_the_latest_values_last(runtime: Any, kind: str) -> None:
    column = tf.constant([["a", "b", "", ""], ["", "", "", ""], ["1", "2", "3", "4"]])
    specs = {
        "sparse": tf.io.VarLenFeature(tf.string),
        "ragged": tf.io.RaggedFeature(tf.string),
        "[3]": tf.io.FixedLenFeature([3], tf.string),
        "[1]": tf.io.FixedLenFeature([1], tf.string),
    }
    single = runtime.as_raw(column[1:2], specs[kind])  # a request without any value
    assert single.shape[0] == 1
    found = runtime.as_raw(column, specs[kind])
    if kind == "sparse":
        found = tf.RaggedTensor.from_sparse(found)
    kept = {"[3]": 3, "[1]": 1}.get(kind, 9)
    rows = [[value for value in row if value] for row in found.numpy().tolist()]
    assert rows == [values[-kept:] for values in ([b"a", b"b"], [], [b"1", b"2", b"3", b"4"])]


def test_lists_are_as_sparse_as_the_transform_reads_them(runtime: Any) -> None:
    found = runtime.as_raw(tf.constant([["a", ""], ["b", "c"]]), tf.io.VarLenFeature(tf.string))
    assert tf.sparse.to_dense(found).numpy().tolist() == [[b"a", b""], [b"b", b"c"]]
