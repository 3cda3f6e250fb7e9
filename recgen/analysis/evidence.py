"""What other commands of recgen find on the data and the files of a run. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recgen.data.grain import Finer, Variants
from recgen.findings import Finding

if TYPE_CHECKING:  # it imports numpy
    from recgen.inspect.report import Entry, Inspection, Issue, SplitReport, VocabularyReport


@dataclass(frozen=True)
class Evidence:
    """What `recgen check` finds with the data, and `recgen inspect` in the run directory.

    Attributes:
        findings: Those of the trained config and its data; None if the data was not read.
        inspection: What lies in the run directory; None if it was not inspected.
        finer: The column of the data whose values the product ID groups, if there is one.
        known: Names of the buyer's features that cannot name what was bought in a row: they are the
            same in all rows of a buyer, or lists that are not in the data.
        variants: How the product IDs are made of products and their variants, if they are.
        foreign: What shows that files are of another run, in words.
        notes: What could not be examined, and why.
    """

    findings: tuple[Finding, ...] | None = None
    inspection: Inspection | None = None
    finer: Finer | None = None
    variants: Variants | None = None
    foreign: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What is broken or does not fit together in the run directory."""
        return self.inspection.issues if self.inspection else ()

    @property
    def splits(self) -> tuple[SplitReport, ...]:
        """The examples in the run directory, the training split first."""
        return self.inspection.splits if self.inspection else ()

    def vocabulary_of(self, feature: str | None) -> VocabularyReport | None:
        """Return the vocabulary of a feature."""
        found = self.inspection.vocabularies if self.inspection else ()
        return next((each for each in found if feature and each.feature == feature), None)

    def most_frequent(self, feature: str | None) -> tuple[Entry, float] | None:
        """Return the value that most training rows have, and its share of these rows."""
        vocabulary = self.vocabulary_of(feature)
        rows = self.splits[0].rows if self.splits else 0
        known = [each for each in vocabulary.head if each.count] if vocabulary else []
        if not known or not rows:
            return None
        top = max(known, key=lambda each: each.count or 0)
        return top, (top.count or 0) / rows
