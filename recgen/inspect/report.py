"""What `inspect` finds, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recgen.findings import Severity
from recgen.inspect.records.schema import FeatureSchema

Sort = Literal["records", "split", "splits", "vocabulary", "transform", "model", "run", "pipeline"]
Figure = int | float | str | None
Value = int | float | str


@dataclass(frozen=True)
class Issue:
    """Something that is broken or does not fit together (error), or is doubtful.

    Attributes:
        slug: What it is, such as `index-out-of-range`.
        severity: `error` makes the command end with exit code 1.
        place: The file, feature or vocabulary, with the split where that matters.
        message: A sentence.
        figures: The numbers behind it.
    """

    slug: str
    severity: Severity
    place: str
    message: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


def unreadable(place: str, error: OSError) -> Issue:
    """Returns the issue of a file or folder that the system cannot read."""
    reason = error.strerror or str(error)
    return Issue("unreadable-file", "error", place, f"it cannot be read: {reason}")


@dataclass(frozen=True)
class Count:
    """How many, and whether that is exact or an estimate."""

    value: int
    is_exact: bool = True


@dataclass(frozen=True)
class FeatureReport:
    """A feature in a split.

    Attributes:
        name: Its name.
        kinds: In how many rows it is of which kind: bytes, float, int64, none.
        nulls: Rows without it or without a value.
        values: Values in all rows together.
        fewest: Of a row that has a value: the fewest.
        most: The most.
        unique: Different values.
        low: The smallest finite number, or the length in bytes of the shortest string.
        high: The largest.
        mean: Their mean.
        not_finite: NaN and infinite values.
        out_of_vocabulary: Values in the vocabulary's buckets for what is not in it; None where
            there is no vocabulary.
        out_of_range: Values that neither the vocabulary nor its buckets have.
        unseen: Share of the values that the training split does not have; None for itself.
    """

    name: str
    kinds: Mapping[str, int]
    nulls: int
    values: int
    fewest: int
    most: int
    unique: Count
    low: float | None
    high: float | None
    mean: float | None
    not_finite: int
    out_of_vocabulary: int | None
    out_of_range: int
    unseen: float | None = None

    @property
    def kind(self) -> str:
        """The kind of its values, or the kinds, joined."""
        return " and ".join(k for k in self.kinds if k != "none") or "no values"


@dataclass(frozen=True)
class FileReport:
    """A TFRecord file: its records, how many of them are corrupt, its bytes uncompressed."""

    name: str
    records: int
    corrupt: int
    size: int


@dataclass(frozen=True)
class SplitReport:
    """A split of examples.

    Attributes:
        name: The folder's name.
        files: Its files.
        rows: Records that are Examples.
        malformed: Records that are none.
        features: By name.
        duplicates: Rows that are equal to an earlier one in every feature.
        seen: Share of the rows that are equal to a row of the training split; None for itself.
        first: The first rows, by feature; of a long list, the first thousand values.
    """

    name: str
    files: tuple[FileReport, ...]
    rows: int
    malformed: int
    features: tuple[FeatureReport, ...]
    duplicates: Count
    first: tuple[Mapping[str, tuple[Value, ...]], ...]
    seen: float | None = None


@dataclass(frozen=True)
class Entry:
    """An entry of a vocabulary: its index, and rows of the training data that have it."""

    index: int
    text: str
    count: int | None = None


@dataclass(frozen=True)
class VocabularyReport:
    """A vocabulary file.

    Attributes:
        name: The file's name.
        entries: How many it has.
        head: The first ones.
        tail: The last ones, without those in `head`.
        odd: Odd entries by what is odd about them: how many and, in `examples`, the first.
        examples: The first odd entries of each sort.
        feature: The feature whose values are its indices, if one is known.
        unused: Entries that no training row has; None where there are no rows.
    """

    name: str
    entries: int
    head: tuple[Entry, ...]
    tail: tuple[Entry, ...]
    odd: Mapping[str, int]
    examples: Mapping[str, tuple[Entry, ...]]
    feature: str | None = None
    unused: int | None = None


@dataclass(frozen=True)
class TensorReport:
    """A tensor's name, type, and shape in words, such as `[batch, 100]`."""

    name: str
    dtype: str
    shape: str


@dataclass(frozen=True)
class SignatureReport:
    """A signature of a SavedModel."""

    name: str
    inputs: tuple[TensorReport, ...]
    outputs: tuple[TensorReport, ...]


@dataclass(frozen=True)
class ModelReport:
    """A SavedModel."""

    name: str
    tensorflow: str
    signatures: tuple[SignatureReport, ...]
    variables: tuple[TensorReport, ...]


@dataclass(frozen=True)
class Inspection:
    """All that was found at a path; a part is empty where nothing is there.

    Attributes:
        path: What was looked at.
        sort: What it is.
        splits: The training split first; those of a pipeline's raw columns after the others.
        parts: Of a pipeline: what was looked at, by its path below the root.
        vocabularies: By name.
        raw_schema: The raw columns of a transform output.
        schema: Its transformed features.
        models: SavedModels.
        words: Vocabulary entries of the indices in the splits' first rows, by feature.
        issues: The errors first.
    """

    path: str
    sort: Sort
    splits: tuple[SplitReport, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    vocabularies: tuple[VocabularyReport, ...] = ()
    raw_schema: tuple[FeatureSchema, ...] = ()
    schema: tuple[FeatureSchema, ...] = ()
    models: tuple[ModelReport, ...] = ()
    words: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is broken and everything agrees."""
        return all(issue.severity != "error" for issue in self.issues)
