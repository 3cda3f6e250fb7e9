"""Raw inputs: what a client sends, as preprocessing_fn takes it."""

import math

import tensorflow as tf


def as_raw(column, spec, is_newest_first=False):
    """Return what a client sends in the form with which preprocessing_fn was traced.

    Clients cannot send null: they send "", NaN or the smallest int64 instead. Where the
    column can be null, such values are left out; where it cannot, preprocessing_fn knows
    them as null.

    Args:
        column: Values [batch], or lists [batch, n] that are padded with such values.
        spec: The raw column's specification.
        is_newest_first: Whether lists begin with the newest value. Of a list that is
            too long for the specification, the newest values are kept.
    """
    values = as_dtype(column, spec.dtype)
    rows = values if values.shape.rank == 2 else values[:, tf.newaxis]
    rows = tf.ragged.boolean_mask(rows, ~is_null(rows))
    if isinstance(spec, tf.io.FixedLenFeature):
        length = math.prod(spec.shape)
        nulls = tf.fill(
            [rows.nrows(), length], tf.constant(null(rows.dtype), rows.dtype)
        )
        if is_newest_first:
            rows = tf.concat([rows, nulls], axis=1)[:, :length]
        else:
            rows = tf.concat([nulls, rows], axis=1)[:, -length:]
        return tf.reshape(rows.to_tensor(), [-1, *spec.shape])
    return rows if isinstance(spec, tf.io.RaggedFeature) else rows.to_sparse()


def parse_examples(examples, specs):
    """Return the columns of serialized tf.Examples [batch], as clients send them.

    Each is [batch, n], padded with what stands for null, which a missing value is, too.
    """
    kinds = {name: tf.io.VarLenFeature(spec.dtype) for name, spec in specs.items()}
    found = tf.io.parse_example(examples, kinds)
    return {k: tf.sparse.to_dense(v, null(v.dtype)) for k, v in found.items()}


def null(dtype):
    """Return what stands for null in a column."""
    return {tf.string: "", tf.int64: tf.int64.min}.get(dtype, math.nan)


def is_null(values):
    """Return which values stand for null."""
    if values.dtype.is_floating:
        return tf.math.is_nan(values)
    return values == null(values.dtype)


def as_dtype(values, dtype):
    """Return strings, int64 or floats as another of these types, with null as null."""
    if values.dtype == dtype:
        return values
    if values.dtype == tf.string:
        return whole_numbers(values)
    if dtype == tf.int64:
        is_known, converted = tf.abs(values) < 2.0**63, tf.cast(tf.round(values), dtype)
    else:
        is_known = values != tf.int64.min
        to_text = dtype == tf.string
        converted = tf.strings.as_string(values) if to_text else tf.cast(values, dtype)
    return tf.where(is_known, converted, null(dtype))


def whole_numbers(texts):
    """Return the int64 that each text spells, or null: "007" and "a guest" spell none.

    IDs of digits become numbers in CSV files.
    """
    digits = tf.strings.regex_replace(texts, "^-", "")
    is_number = tf.strings.regex_full_match(digits, "[0-9]{1,19}")
    digits = tf.where(is_number, tf.strings.join(["0" * 18, digits]), "0" * 19)
    high = tf.strings.to_number(tf.strings.substr(digits, -19, 10), tf.int64)
    low = tf.strings.to_number(tf.strings.substr(digits, -9, 9), tf.int64)
    numbers = high * 10**9 + low
    numbers = tf.where(tf.strings.regex_full_match(texts, "-.*"), -numbers, numbers)
    # Numbers beyond int64 wrap around, so they are spelt differently.
    return tf.where(tf.strings.as_string(numbers) == texts, numbers, tf.int64.min)
