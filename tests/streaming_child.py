"""Reads rows in a process that may take little more memory than it has: `python -m tests.…`.

Arguments: the trainer's runtime, the cache, the patterns of the files, the folder for a cache and
the MB that the process may take besides. Prints the rows that it drew, or "out of memory".
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

from recgen.local.child import load_module

PAGE = 1024


def columns(runtime: Any) -> Any:
    """Return columns of rows with a long list."""
    number = tf.io.FixedLenFeature([], tf.int64)
    past = tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64)
    return runtime.Columns(
        specs={"user": number, "sku": number, "past": past},
        buyer="user",
        product="sku",
        buyer_vocabulary="",
        product_vocabulary="",
        product_features=("sku",),
        histories=("past",),
    )


def main() -> None:
    """Read all rows, and draw those of an epoch, with bounded memory."""
    module, kind, pattern, folder, most_mb = sys.argv[1:]
    runtime: Any = load_module(Path(module))
    # Lists of 500 products, so that a test needs few rows: windows are an eighth of the usual.
    runtime.SHUFFLE_ROWS, runtime.STREAMED_ROWS = 16_384, 2_048
    tf.constant(1) + 1  # the threads that TensorFlow starts
    status = Path("/proc/self/status").read_text("utf-8")
    used = next(int(line.split()[1]) for line in status.splitlines() if "VmData" in line)
    most = used * PAGE + int(most_mb) * PAGE**2
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    try:
        cache = runtime.RowCache(kind, folder if kind == "disk" else None)
        split = runtime.Split.read([pattern], "training", columns(runtime), cache)
        assert len(split.column("user")) == split.count
        drawn = 0
        for batch in split.training_batches(1024, seed=1).take(split.count // 1024):
            drawn += len(batch["user"])
    except (MemoryError, tf.errors.ResourceExhaustedError):
        print("out of memory")
        return
    print(split.count, drawn)


if __name__ == "__main__":
    main()
