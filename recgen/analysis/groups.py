"""Runs by verdict and cause, and their numbers in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recgen.analysis.diagnosing import weight
from recgen.analysis.diagnosis import VERDICTS, Cause, Diagnosis, Verdict


@dataclass(frozen=True)
class Group:
    """Runs with the same verdict and the same leading cause; no cause if they are good.

    Attributes:
        verdict: Their verdict.
        code: The code of the cause, or empty.
        title: The cause in a few words, or empty.
        runs: The runs, counted from 0, in the order given.
    """

    verdict: Verdict
    code: str
    title: str
    runs: tuple[int, ...]


def leading_cause(diagnosis: Diagnosis) -> Cause | None:
    """Return the first cause that alone gives the verdict; None for a good run."""
    if diagnosis.verdict == "good":
        return None
    return next((each for each in diagnosis.causes if weight(each) == diagnosis.verdict), None)


def groups_of(diagnoses: Sequence[Diagnosis]) -> tuple[Group, ...]:
    """Return the runs by verdict and cause: the best verdict first, then the largest group."""
    found: dict[tuple[Verdict, str, str], list[int]] = {}
    for index, diagnosis in enumerate(diagnoses):
        cause = leading_cause(diagnosis)
        key = (diagnosis.verdict, cause.code if cause else "", cause.title if cause else "")
        found.setdefault(key, []).append(index)
    groups = (Group(*key, tuple(runs)) for key, runs in found.items())
    return tuple(sorted(groups, key=lambda each: (VERDICTS.index(each.verdict), -len(each.runs))))


def numbers(runs: Iterable[int]) -> str:
    """Return the numbers of runs, which are counted from 0, as they are shown: `1-3, 7`."""
    spans: list[list[int]] = []
    for number in sorted(run + 1 for run in runs):
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return ", ".join("-".join(map(str, span)) for span in spans)
