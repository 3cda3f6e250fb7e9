"""Files: those that match patterns, and their records."""

import os
import re

import tensorflow as tf

SHUFFLE_ROWS = 131_072  # rows that are read, and shuffled, together
STREAMED_ROWS = 16_384  # rows that are read together if not all are kept in memory
FILES_TOGETHER = 16  # files that are read in turn, to mix their rows


def matching(patterns):
    """Return the files that match a pattern, or any of some patterns, sorted."""
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return sorted({f for pattern in patterns for f in tf.io.gfile.glob(pattern)})


def split_beside(eval_files):
    """Return the patterns of the test split beside the validation's, () if there is none."""
    beside = []
    for pattern in [eval_files] if isinstance(eval_files, str) else eval_files:
        folder, name = os.path.split(pattern)
        parent, split = os.path.split(folder)
        if split.startswith("Split-"):
            beside.append(os.path.join(parent, "Split-test", name))
        elif split in ("eval", "val", "valid", "validation"):
            beside.append(os.path.join(parent, "test", name))
    return tuple(pattern for pattern in beside if matching([pattern]))


def records(files):
    """Return the records of TFRecord files; those that end in .gz are compressed."""
    return _named(files).flat_map(tf.data.TFRecordDataset)


def shuffled_records(files, seed):
    """Return the records in an order that a seed draws, another one in each iteration.

    Files come in any order and are read several at a time; records are shuffled in a window.
    """
    rows = _named(files).shuffle(len(files), seed)
    rows = rows.interleave(tf.data.TFRecordDataset, FILES_TOGETHER, block_length=64)
    return rows.shuffle(SHUFFLE_ROWS, seed)


def _named(files):
    """Return a dataset of files and how each is compressed."""
    kinds = ["GZIP" if file.endswith(".gz") else "" for file in files]
    return tf.data.Dataset.from_tensor_slices((files, kinds))


def why_unreadable(files, error):
    """Return which of the files is damaged and how, or else TensorFlow's error in short."""
    place = ""
    for file in files:
        try:
            for _ in records([file]).batch(SHUFFLE_ROWS):
                pass
        except tf.errors.OpError as damage:
            error, place = damage, f"{file}: "
            break
    text = re.sub(r"\{\{.*?\}\} | \[Op:.*", "", error.message)
    return place + text.rpartition("Name: <unknown>, ")[2]


def copy_files(source, target):
    """Replace the files of a folder with those of another one."""
    if tf.io.gfile.exists(target):
        tf.io.gfile.rmtree(target)
    tf.io.gfile.makedirs(target)
    for name in tf.io.gfile.listdir(source) if tf.io.gfile.exists(source) else ():
        path = os.path.join(source, name)
        if not tf.io.gfile.isdir(path):  # a half-written checkpoint leaves folders
            tf.io.gfile.copy(path, os.path.join(target, name))
