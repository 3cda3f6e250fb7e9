"""What the questions of this package look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recgen.inspect.artifacts import Model
from recgen.inspect.expected import Expected
from recgen.inspect.records.schema import FeatureSchema
from recgen.inspect.report import FeatureReport, SplitReport
from recgen.inspect.values import Range
from recgen.inspect.vocabulary import VocabularyScan


@dataclass(frozen=True)
class Evidence:
    """All that was read.

    Attributes:
        splits: The training split first.
        vocabularies: Those of the transform output, by name.
        raw: The schema of the raw columns.
        schema: The schema of the transformed features.
        models: SavedModels.
        expected: What the config and the metrics say.
        ranges: The integers that features may have, by feature.
        used: How many entries of its vocabulary training rows have, by feature.
        served: The same of the rows that the saved model knows: with those of the validation, and
            of the test, where it was trained again on them.
    """

    splits: Sequence[SplitReport]
    vocabularies: Mapping[str, VocabularyScan]
    raw: Sequence[FeatureSchema]
    schema: Sequence[FeatureSchema]
    models: Sequence[Model]
    expected: Expected
    ranges: Mapping[str, Range]
    used: Mapping[str, int]
    served: Mapping[str, int]

    def features(self) -> Iterator[tuple[SplitReport, FeatureReport, str]]:
        """Yields all features of all splits, with their place in words."""
        for split in self.splits:
            for feature in split.features:
                yield split, feature, f"{split.name}/{feature.name}" if split.name else feature.name
