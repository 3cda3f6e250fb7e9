"""A run as an event file: scalars and histograms per epoch, the verdict and the config as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.exporting.events import event_records, histogram, scalar, text
from recgen.analysis.exporting.measures import figures_of, series_of, tag
from recgen.analysis.run import Run
from recgen.analysis.series import points
from recgen.analysis.text import WORDS
from recgen.findings import printable
from recgen.metrics import Histogram, Series, TrainingMetrics

FILE = "events.out.tfevents.recgen"
"""The name of the file; TensorBoard looks for `tfevents` in it."""
_LARGEST = 3.4028234e38  # of float32


def event_file(run: Run) -> bytes:
    """Returns the event file of a run. Steps are epochs, from 0.

    The same run gives the same bytes: all events have the time at which the metrics were written.
    """
    steps: defaultdict[int, list[bytes]] = defaultdict(list)
    metrics = run.metrics
    for name, series in series_of(metrics):
        for epoch, value in points(series):
            if abs(value) <= _LARGEST:
                steps[epoch].append(scalar(name, value))
    for name, found in metrics.histograms.items():
        for epoch, summary in _histograms(name, found, metrics):
            steps[epoch].append(summary)
    end = steps[max(len(metrics.epochs) - 1, 0)]
    end += (scalar(name, value) for name, value in figures_of(metrics) if abs(value) <= _LARGEST)
    end += _texts(run)
    time = metrics.saved_at.timestamp() if metrics.saved_at else 0.0
    return event_records(time, "recgen", sorted(steps.items()))


def _histograms(
    name: str, found: Histogram, metrics: TrainingMetrics
) -> Iterator[tuple[int, bytes]]:
    """Yields each epoch's histogram, without the empty bins at its ends."""
    group, tower = name.split(".")
    stats = getattr(getattr(metrics, group), tower)
    for epoch, counts in enumerate(found.counts):
        used = [place for place, count in enumerate(counts) if count]
        if not used:
            continue
        first, last = used[0], used[-1]
        edges = found.bin_edges
        least = _of(stats.min, epoch, edges[first], (edges[first], edges[first + 1]))
        most = _of(stats.max, epoch, edges[last + 1], (edges[last], edges[last + 1]))
        mean = _of(stats.mean, epoch, 0.0, (least, most))
        std = _of(stats.std, epoch, 0.0, (0.0, most - least))
        limits = [*edges[first + 1 : last + 1], most]
        kept = counts[first : last + 1]
        yield epoch, histogram(tag(group, tower), limits, kept, least, most, mean, std)


def _of(series: Series, epoch: int, otherwise: float, within: tuple[float, float]) -> float:
    """Returns the value of an epoch, within limits that must hold, or another one."""
    value = series[epoch] if epoch < len(series) else None
    return min(max(otherwise if value is None else value, within[0]), within[1])


def _texts(run: Run) -> Iterator[bytes]:
    diagnosis = diagnose(run)
    told = [f"{WORDS[diagnosis.verdict]}: {diagnosis.summary}"]
    for cause in diagnosis.causes:
        told += [f"{cause.code} {cause.title} ({cause.confidence})", *cause.evidence, cause.help]
    # Four spaces make Markdown take it as it is: names may hold anything.
    yield text("verdict", "\n".join(f"    {printable(line)}" for line in told))
    if run.report and run.report.text is not None:
        lines = run.report.text.splitlines()
        yield text("config", "\n".join(f"    {printable(line.expandtabs())}" for line in lines))
