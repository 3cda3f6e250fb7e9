"""What a diagnosis is: a verdict, and ranked causes with their evidence. Knows no run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from recgen.findings import Fix, Location

Verdict = Literal["good", "at_risk", "bad", "broken"]
Confidence = Literal["high", "medium", "low"]

VERDICTS: tuple[Verdict, ...] = ("good", "at_risk", "bad", "broken")
"""From the best to the worst. good: nothing speaks against the model. at_risk: it works, but
something costs quality or makes its figures doubtful. bad: it learnt nothing that is of use.
broken: what was written is missing, or cannot be right."""
CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low")


class Removed:
    """What a patch gives instead of a value for what is to be taken out."""

    def __repr__(self) -> str:
        return "(removed)"


REMOVED: Final = Removed()
Patch = Mapping[str, object]
"""Values by path in the config (`model.learning_rate`); `REMOVED` takes the entry out. Indices
count what was there at first."""

_STEP = re.compile(r"\.?([^\W\d]\w*)|\[(\d+)\]")


@dataclass(frozen=True)
class Cause:
    """Why a run is as it is.

    Attributes:
        code: `RD…`, as `recgen explain` knows it.
        title: What is the matter, in a few words.
        confidence: How sure it is.
        evidence: What was seen, with figures; epochs count from 1.
        help: What to do.
        patch: What to change in the config, if a change of the config addresses it.
        verdict: What the run is at best if this is true.
    """

    code: str
    title: str
    confidence: Confidence
    evidence: tuple[str, ...]
    help: str
    patch: Patch | None = None
    verdict: Verdict = "at_risk"

    def as_dict(self) -> dict[str, object]:
        """Returns the cause as plain JSON data; the patch as a list of steps."""
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
        causes: The likeliest first.
        notes: What could not be looked at, and why.
    """

    verdict: Verdict
    summary: str
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def first_patch(self) -> Cause | None:
        """The first cause that a change of the config addresses."""
        return next((cause for cause in self.causes if cause.patch), None)

    def as_dict(self) -> dict[str, object]:
        """Returns the diagnosis as plain JSON data."""
        return {
            "verdict": self.verdict,
            "summary": self.summary,
            "causes": [cause.as_dict() for cause in self.causes],
            "notes": list(self.notes),
        }


def fixes(patch: Patch) -> tuple[Fix, ...]:
    """Returns what a patch does to a config, step by step."""
    return tuple(
        (
            Fix(location_of(path), "remove")
            if isinstance(value, Removed)
            else Fix(location_of(path), "set", value)
        )
        for path, value in patch.items()
    )


def location_of(path: str) -> Location:
    """Returns the location that a path of a patch stands for.

    Raises:
        ValueError: It is none; patches name keys of the config's own models and indices.
    """
    steps = list(_STEP.finditer(path))
    if not path or "".join(step[0] for step in steps) != path:
        raise ValueError(f"{path!r} is no path of a patch")
    return tuple(step[1] if step[1] is not None else int(step[2]) for step in steps)


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """Returns the worst of some verdicts; good when there are none."""
    return max(verdicts, key=VERDICTS.index, default="good")
