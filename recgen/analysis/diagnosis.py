"""Data model of a diagnosis: a verdict, and ranked causes with their evidence. Knows no run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from recgen.findings import Fix, Location

Verdict = Literal["good", "at_risk", "bad", "broken"]
Confidence = Literal["high", "medium", "low"]

VERDICTS: tuple[Verdict, ...] = ("good", "at_risk", "bad", "broken")
"""From the best to the worst. good: no problem was found. at_risk: the model works, but
something costs quality or makes its figures doubtful. bad: it learned nothing useful.
broken: its files are missing, or cannot be right."""
CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low")


class Removed:
    """Type of `REMOVED`, which a patch has instead of a value for an entry to remove."""

    def __repr__(self) -> str:
        return "(removed)"


REMOVED: Final = Removed()
Patch = Mapping[str, object]
"""Values by path in the config (`model.learning_rate`); `REMOVED` removes the entry. Indices refer
to the config before the patch."""

_STEP = re.compile(r"\.?([^\W\d]\w*)|\[(\d+)\]")


@dataclass(frozen=True)
class Cause:
    """A likely reason for the outcome of a run.

    Attributes:
        code: `RD…`, which `recgen explain` explains.
        title: The problem in a few words.
        confidence: How likely it is.
        evidence: What was seen, with figures; epochs are counted from 1.
        help: What to do.
        patch: What to change in the config, if that helps.
        verdict: The best verdict that the run can have if this is true.
        explains: Whether it is a setting or a property of the data that explains the outcome;
            then it comes before what merely describes it.
    """

    code: str
    title: str
    confidence: Confidence
    evidence: tuple[str, ...]
    help: str
    patch: Patch | None = None
    verdict: Verdict = "at_risk"
    explains: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the cause as plain JSON data, with the patch as a list of steps."""
        patch = None if self.patch is None else [fix.as_dict() for fix in fixes(self.patch)]
        return {
            "code": self.code,
            "title": self.title,
            "confidence": self.confidence,
            "verdict": self.verdict,
            "evidence": list(self.evidence),
            "help": self.help,
            "patch": patch,
        }


@dataclass(frozen=True)
class Diagnosis:
    """A verdict on one run.

    Attributes:
        verdict: See `VERDICTS`.
        summary: The verdict in a sentence.
        causes: The causes, the likeliest first.
        notes: What could not be examined, and why.
    """

    verdict: Verdict
    summary: str
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def first_patch(self) -> Cause | None:
        """The first cause that has a patch."""
        return next((cause for cause in self.causes if cause.patch), None)

    def as_dict(self) -> dict[str, object]:
        """Return the diagnosis as plain JSON data."""
        return {
            "verdict": self.verdict,
            "summary": self.summary,
            "causes": [cause.as_dict() for cause in self.causes],
            "notes": list(self.notes),
        }


def fixes(patch: Patch) -> tuple[Fix, ...]:
    """Return the steps of a patch."""
    return tuple(
        (
            Fix(location_of(path), "remove")
            if isinstance(value, Removed)
            else Fix(location_of(path), "set", value)
        )
        for path, value in patch.items()
    )


def location_of(path: str) -> Location:
    """Return the location of a path in a patch.

    Raises:
        ValueError: The path has steps other than keys of the config's models and indices.
    """
    steps = list(_STEP.finditer(path))
    if not path or "".join(step[0] for step in steps) != path:
        raise ValueError(f"{path!r} is not a path of a patch")
    return tuple(step[1] if step[1] is not None else int(step[2]) for step in steps)


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """Return the worst verdict, or good if there are none."""
    return max(verdicts, key=VERDICTS.index, default="good")
