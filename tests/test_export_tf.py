"""TensorBoard's own reader, with TensorFlow's, reads what `export` writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacks import ATTACKS
from diagnoses import healthy, run_of
from pages import attacked

from recgen.analysis import Run, load_run
from recgen.analysis.exporting import FILE, event_file

pytest.importorskip("tensorflow")
accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

REPORTED = Path(__file__).parent / "reported"
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources", "ignore::DeprecationWarning")


def read(folder: Path, run: Run):
    """Returns what TensorBoard reads of a run."""
    (folder / FILE).write_bytes(event_file(run))
    everything = dict.fromkeys(accumulators.DEFAULT_SIZE_GUIDANCE, 0)
    accumulator = accumulators.EventAccumulator(str(folder), size_guidance=everything)
    accumulator.Reload()
    return accumulator


def test_tensorboard_reads_scalars_histograms_and_texts(tmp_path):
    run = load_run(REPORTED / "39")
    found = read(tmp_path, run)
    losses = found.Scalars("loss/val_loss")
    assert [each.step for each in losses] == list(range(12))
    assert [each.value for each in losses] == pytest.approx(run.metrics.loss.val_loss)
    assert losses[0].wall_time == run.metrics.saved_at.timestamp()
    (recall,) = found.Scalars("final/test_recall_at_5")
    assert (recall.step, recall.value) == (11, pytest.approx(0.052))
    histograms = found.Histograms("weight_stats/query")
    stored = run.metrics.histograms["weight_stats.query"]
    assert len(histograms) == 12
    for epoch, each in enumerate(histograms):
        value = each.histogram_value
        assert list(value.bucket) == list(stored.counts[epoch])
        assert value.num == 1000
        assert value.min <= value.bucket_limit[0]
        assert list(value.bucket_limit) == sorted(value.bucket_limit)
    (verdict,) = found.Tensors("verdict")
    assert verdict.tensor_proto.string_val[0].decode().strip().startswith("good: test recall@100")


def test_empty_bins_at_the_ends_are_left_out(tmp_path):
    data = healthy(2)
    part = data["gradient_stats"]["query"]
    part["histogram"]["counts"] = [[0] * 12 + [1000] + [0] * 12, [0] * 25]
    part |= {"min": [-0.25, 0.0], "max": [0.25, 0.0], "mean": [0.0, 0.0], "std": [0.1, 0.0]}
    edges = part["histogram"]["bin_edges"] = [edge - 12.5 for edge in range(26)]
    assert edges[12] == -0.5
    (only,) = read(tmp_path, run_of(tmp_path / "run", data)).Histograms("gradient_stats/query")
    value = only.histogram_value
    assert (value.min, value.max, value.num) == (-0.25, 0.25, 1000)
    assert (list(value.bucket), list(value.bucket_limit)) == ([1000], [0.25])
    assert value.sum_squares == pytest.approx(10.0)


def test_tensorboard_reads_runs_whose_every_text_is_an_attack(tmp_path, experiment):
    for place, kind in enumerate(("html", "NUL", "lone surrogate", "escape sequence", "path")):
        run = load_run(attacked(tmp_path / f"run {place}", ATTACKS[kind], experiment).place)
        folder = tmp_path / f"board {place}"
        folder.mkdir()
        found = read(folder, run)
        assert len(found.Scalars("loss/val_loss")) == 3
        assert len(found.Tensors("config")) == 1
