"""`data.cache`: trainers of more rows than the process may hold in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "examples" / "online_retail" / "trainer_runtime.py"
ROWS, ITEMS, FILES = 16_000, 500, 14  # 448 MB in memory, as int32
MOST_MB = 270

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pattern of files of rows with long lists; they are one file under several names."""
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

    folder, draw = tmp_path_factory.mktemp("rows"), np.random.default_rng(0)
    ends = np.arange(ROWS + 1)
    columns = {"user": (ends, ROWS), "sku": (ends, ROWS), "past": (ends * ITEMS, ROWS * ITEMS)}
    lists = {
        name: pa.LargeListArray.from_arrays(pa.array(at), pa.array(draw.integers(0, 5000, count)))
        for name, (at, count) in columns.items()
    }
    with tf.io.TFRecordWriter(str(folder / "part-00")) as writer:
        for example in RecordBatchToExamplesEncoder().encode(pa.RecordBatch.from_pydict(lists)):
            writer.write(example)
    for number in range(1, FILES):
        os.link(folder / "part-00", folder / f"part-{number:02}")
    return str(folder / "part-*")


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        ("none", True),
        pytest.param("disk", True, marks=pytest.mark.nightly),
        pytest.param("memory", False, marks=pytest.mark.nightly),
    ],
)
def test_rows_beyond_the_memory_of_a_process(
    pattern: str, tmp_path: Path, kind: str, fits: bool
) -> None:
    words = [RUNTIME, kind, pattern, tmp_path / "rows", MOST_MB]
    done = subprocess.run(
        [sys.executable, "-m", "tests.streaming_child", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    rows = ROWS * FILES
    drawn = f"{rows} {rows // 1024 * 1024}"
    assert (done.stdout.strip() == drawn) == fits, done.stderr[-2000:]
    assert not any(tmp_path.iterdir())  # also the cache on disk
