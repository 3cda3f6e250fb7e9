"""Whether examples, vocabularies, schemas and models fit together: one function a question."""

from collections.abc import Iterator

from recgen.inspect.agreement import examples, training, vocabularies
from recgen.inspect.agreement.evidence import Evidence
from recgen.inspect.agreement.training import unknown_values
from recgen.inspect.report import Issue

__all__ = ["Evidence", "disagreements", "unknown_values"]


def disagreements(evidence: Evidence) -> Iterator[Issue]:
    """Yields what does not fit together, and what is doubtful."""
    for part in (examples, vocabularies, training):
        for question in part.QUESTIONS:
            yield from question(evidence)
