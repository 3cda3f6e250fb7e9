"""The stages of an inspection: find, read, compare. Knows all of this package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from recgen.findings import Severity
from recgen.inspect.agreement import Evidence, disagreements, unknown_values
from recgen.inspect.artifacts import Model, Transform, read_model, read_transform
from recgen.inspect.expected import (
    Expected,
    Link,
    links_of_schema,
    of_run,
    ranges_of,
    raw_links,
)
from recgen.inspect.layout import Layout, find, is_training
from recgen.inspect.records.places import Place
from recgen.inspect.records.spans import Ints
from recgen.inspect.report import (
    Inspection,
    Issue,
    SplitReport,
    VocabularyReport,
)
from recgen.inspect.splits import Progress, SplitScan
from recgen.inspect.values import Range
from recgen.inspect.vocabulary import VocabularyScan
from recgen.metrics import Params

_RANKS: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


def inspect(path: Place, rows: int = 5, progress: Progress = lambda rows: None) -> Inspection:
    """Returns what lies at a path, and whether its parts agree.

    Files are read from beginning to end, in memory that does not depend on their size; of a
    vocabulary, eight bytes an entry are kept. A file that cannot be read is an issue.

    Args:
        path: A TFRecord file, a folder of them or of such folders, a vocabulary, a transform
            output, a SavedModel, a run directory, or the root of a pipeline.
        rows: How many of each split's first rows to keep.
        progress: Called with the rows of a split that were read so far.

    Raises:
        RecgenError: There is nothing at the path that can be inspected.
    """
    layout = find(path)
    transform = read_transform(layout.transform) if layout.transform else Transform()
    single = {file.name: VocabularyScan(file) for file in layout.vocabularies}
    models = [read_model(folder) for folder in layout.models]
    issues = list(transform.issues)
    issues += [issue for scan in single.values() for issue in scan.issues]
    issues += [issue for model in models for issue in model.issues]
    issues += layout.issues
    expected, ranges = _expected(layout, transform, issues)
    splits = [SplitScan(name, ranges, rows) for name in layout.splits]
    _read(splits, layout.splits, progress, issues)
    evidence = _evidence(transform, models, expected, ranges, splits)
    issues += disagreements(evidence)
    raw = _raw(layout, transform, expected, rows, progress, issues)
    vocabularies = {**transform.vocabularies, **single}
    used = _used(_training(splits))
    return Inspection(
        path=str(path),
        sort=layout.sort,
        splits=(*evidence.splits, *raw),
        parts=layout.parts,
        vocabularies=tuple(_vocabularies(vocabularies, expected.links, used)),
        raw_schema=transform.raw,
        schema=transform.schema,
        models=tuple(report for model in models if (report := model.report())),
        words=_words(transform.vocabularies, expected.links, evidence.splits),
        issues=tuple(sorted(issues, key=lambda issue: _RANKS[issue.severity])),
    )


def _read(
    scans: Sequence[SplitScan],
    files: Mapping[str, Sequence[Place]],
    progress: Progress,
    issues: list[Issue],
) -> None:
    for scan in scans:
        scan.read(files[scan.name], progress)
        issues += scan.issues


def _training(scans: Sequence[SplitScan]) -> SplitScan | None:
    return next((scan for scan in scans if is_training(scan.name)), None)


def _reports(scans: Sequence[SplitScan]) -> tuple[SplitReport, ...]:
    """Returns what was found in each split; the others are compared with the training split."""
    train = _training(scans)
    return tuple(scan.report(None if scan is train else train) for scan in scans)


def _evidence(
    transform: Transform,
    models: Sequence[Model],
    expected: Expected,
    ranges: Mapping[str, Range],
    splits: Sequence[SplitScan],
) -> Evidence:
    used = _used(_training(splits))
    served = used
    for name in _added(expected.params):
        scan = next((scan for scan in splits if scan.name == name), None)
        served = _sum(served, _used(scan))
    return Evidence(
        splits=_reports(splits),
        vocabularies=transform.vocabularies,
        raw=transform.raw,
        schema=transform.schema,
        models=models,
        expected=expected,
        ranges=ranges,
        used=_entries(used),
        served=_entries(served),
    )


def _added(params: Params | None) -> tuple[str, ...]:
    """Returns the splits on whose rows the saved model was trained beside the training's."""
    if params is None or params.refit_epochs is None:
        return ()
    measured = (params.train_rows or 0) + (params.eval_rows or 0)
    knows_test = params.served_rows is not None and params.served_rows > measured
    return ("eval", "test") if knows_test else ("eval",)


def _raw(
    layout: Layout,
    transform: Transform,
    expected: Expected,
    rows: int,
    progress: Progress,
    issues: list[Issue],
) -> tuple[SplitReport, ...]:
    """Returns examples as a pipeline read them, each value looked up in its vocabulary."""
    names = [column.name for column in transform.raw]
    links = raw_links(expected, names, transform.vocabularies)
    known = {name: transform.vocabularies[file].known for name, file in links.items()}
    scans = [SplitScan(name, {}, rows, known) for name in layout.raw]
    _read(scans, layout.raw, progress, issues)
    reports = _reports(scans)
    issues += unknown_values(reports, expected)
    return reports


def _expected(
    layout: Layout, transform: Transform, issues: list[Issue]
) -> tuple[Expected, Mapping[str, Range]]:
    """Returns what the files should hold, and the integers that features may have."""
    entries = {name: scan.entries for name, scan in transform.vocabularies.items()}
    found = of_run(layout.config, layout.metrics, issues)
    if not found.links:  # no config, or none that can be read
        found = replace(found, links=links_of_schema(transform.schema, entries))
    return found, ranges_of(found, transform.schema, entries)


def _used(split: SplitScan | None) -> dict[str, Ints]:
    """Returns how many of a split's values each vocabulary entry has, by feature."""
    features = split.features.values() if split else ()
    return {f.name: f.counts for f in features if f.counts is not None}


def _sum(first: Mapping[str, Ints], second: Mapping[str, Ints]) -> dict[str, Ints]:
    return {name: counts + second.get(name, 0) for name, counts in first.items()}


def _entries(used: Mapping[str, Ints]) -> dict[str, int]:
    """Returns how many entries have a value at all, by feature."""
    return {name: int((counts > 0).sum()) for name, counts in used.items()}


def _vocabularies(
    scans: Mapping[str, VocabularyScan], links: Sequence[Link], used: Mapping[str, Ints]
) -> Iterator[VocabularyReport]:
    for name, scan in scans.items():
        features = [link.feature for link in links if link.vocabulary == name]
        # A history has the vocabulary of the feature whose values it collects.
        features.sort(key=lambda feature: not name.startswith(feature))
        feature = next(iter(features), None)
        yield scan.report(feature, used.get(feature or ""))


def _words(
    scans: Mapping[str, VocabularyScan], links: Sequence[Link], splits: Sequence[SplitReport]
) -> dict[str, dict[int, str]]:
    """Returns what indices in the first rows mean, by feature."""
    words: dict[str, dict[int, str]] = {}
    rows = [row for split in splits for row in split.first]
    for link in links:
        values = {value for row in rows for value in row.get(link.feature, ())}
        indices = [value for value in values if isinstance(value, int)]
        if indices and link.vocabulary in scans:
            words[link.feature] = scans[link.vocabulary].look_up(indices)
    return words
