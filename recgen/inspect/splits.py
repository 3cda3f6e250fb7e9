"""A split's files, read once from beginning to end. Knows examples, no vocabularies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from recgen.findings import counted, printable
from recgen.inspect.distinct import BOUND, Distinct
from recgen.inspect.records import Batch, Block, FormatError, Parser, RecordFile
from recgen.inspect.records.places import Place
from recgen.inspect.records.spans import Words
from recgen.inspect.report import (
    Count,
    Figure,
    FileReport,
    Issue,
    SplitReport,
    Value,
    unreadable,
)
from recgen.inspect.values import FeatureScan, Range

MAX_COUNTS = 2**26
"""Vocabulary entries whose values are counted, those of all features together: 512 MiB."""

_MANY, _LOW_BOUND = 64, 2**12  # features beyond so many have less room for different values

_MOST_VALUES = 1000  # that are kept of a list in a first row

Progress = Callable[[int], None]
"""Called with the number of rows that were read, from time to time."""


class SplitScan:
    """Reads the files of a split and gathers what a `SplitReport` says.

    Attributes:
        name: The split's name.
        features: What was gathered of each feature, by name.
        rows: Records that are Examples.
        unique: The different rows.
        issues: What is wrong with the files.

    Args:
        name: The split's name.
        ranges: The integers that features may have.
        shown: How many of the first rows to keep.
        known: Ordered hashes of the vocabulary entries that raw values should be among, by feature.
    """

    def __init__(
        self,
        name: str,
        ranges: Mapping[str, Range],
        shown: int,
        known: Mapping[str, Words] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self._known = known
        self.features: dict[str, FeatureScan] = {}
        self.rows = 0
        self.unique = Distinct()
        self.issues: list[Issue] = []
        self._ranges = ranges
        self._shown = shown
        self._files: list[FileReport] = []
        self._malformed = 0
        self._counted = 0
        self._first_malformed = ("", 0, "")
        self._first: list[dict[str, tuple[Value, ...]]] = []

    def read(self, files: Sequence[Place], progress: Progress = lambda rows: None) -> None:
        """Reads files, in memory that does not depend on their size."""
        parser = Parser()
        for path in files:
            source = RecordFile(path)
            place = f"{self.name}/{path.name}" if self.name else path.name
            try:
                for block in source.blocks():
                    self._add(block, parser, place)
                    progress(self.rows)
            except FormatError as error:
                self.issues.append(Issue("many-features", "error", place, error.message))
            except OSError as error:
                self.issues.append(unreadable(place, error))
            self.issues += _damaged(source, place)
            report = FileReport(path.name, source.records, source.corrupt, source.size)
            self._files.append(report)
        if self._malformed:
            place, number, reason = self._first_malformed
            records = self.rows + self._malformed
            message = f"{self._malformed:,} of {records:,} records are no tf.train.Example; the "
            message += f"first is record {number:,}: {reason}"
            figures = {"malformed": self._malformed, "records": records}
            self.issues.append(Issue("no-example", "error", place, message, figures))

    def _add(self, block: Block, parser: Parser, place: str) -> None:
        batch = parser.parse(block)
        self._complain(batch, place)
        hashes = np.zeros(batch.rows, np.uint64)
        for column in batch.columns:
            if column.name not in self.features:
                self.features[column.name] = self._scan(column.name)
            hashes[column.rows] += self.features[column.name].add(column)
        good = np.ones(batch.rows, np.bool_)
        good[list(batch.bad)] = False
        if len(self._first) < self._shown:
            self._first += _rows(
                batch, np.flatnonzero(good).tolist()[: self._shown - len(self._first)]
            )
        self.unique.add(hashes[good])
        self.rows += int(good.sum())

    def _scan(self, name: str) -> FeatureScan:
        """Return what gathers a feature that is new."""
        bound = BOUND if len(self.features) < _MANY else _LOW_BOUND
        range = self._ranges.get(name)
        self._counted += (range.entries or 0) if range else 0
        if self._counted > MAX_COUNTS:
            most = f"{MAX_COUNTS:,} entries"
            raise FormatError(f"the vocabularies of its features have more than {most} together")
        return FeatureScan(name, range, bound, self._known.get(name))

    def _complain(self, batch: Batch, place: str) -> None:
        if batch.bad and not self._malformed:
            number, reason = next(iter(batch.bad.items()))
            self._first_malformed = place, self.rows + number + 1, printable(reason)
        self._malformed += len(batch.bad)

    def report(self, train: SplitScan | None = None) -> SplitReport:
        """Returns what was found.

        Args:
            train: The training split, where this is another one.
        """
        others = {} if train is None else train.features
        features = sorted(self.features.items())
        return SplitReport(
            name=self.name,
            files=tuple(self._files),
            rows=self.rows,
            malformed=self._malformed,
            features=tuple(f.report(self.rows, others.get(name)) for name, f in features),
            duplicates=Count(self.unique.repeated, self.unique.is_exact),
            first=tuple(self._first),
            seen=None if train is None else self.unique.share_in(train.unique),
        )


def _damaged(source: RecordFile, place: str) -> Iterator[Issue]:
    for damage in source.damage:
        figures: dict[str, Figure] = {"records_before": damage.record, "offset": damage.offset}
        before = counted(damage.record, "record")
        where = f"after {before}, at byte {damage.offset:,}"
        message = f"{where}, the file {damage.message}"
        if damage.slug in ("empty-file", "not-tfrecord"):
            message = f"the file {damage.message}"
        if damage.slug == "corrupt-record":
            message = f"{source.corrupt:,} of {source.records:,} records do not have their "
            message += f"checksum and are left out; the first is {where}"
            figures |= {"corrupt": source.corrupt, "records": source.records}
        yield Issue(damage.slug, "error", place, message, figures)


def _rows(batch: Batch, wanted: Sequence[int]) -> Iterator[dict[str, tuple[Value, ...]]]:
    """Yields rows of a batch by feature; a feature without values has none."""
    for row in wanted:
        found: dict[str, tuple[Value, ...]] = {}
        for column in batch.columns:
            at = int(np.searchsorted(column.rows, row))
            if at < len(column.rows) and column.rows[at] == row:
                first = int(column.counts[:at].sum())
                count = min(int(column.counts[at]), _MOST_VALUES)
                values = column.values[first : first + count]
                found[column.name] = tuple(map(_plain, values))
        yield found


def _plain(value: object) -> Value:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return value.item() if isinstance(value, np.generic) else str(value)
