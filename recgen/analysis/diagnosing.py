"""Diagnosis of a run: a verdict with ranked causes. Reads no files."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes import KINDS
from recgen.analysis.causes.base import figure
from recgen.analysis.diagnosis import (
    CONFIDENCES,
    VERDICTS,
    Cause,
    Diagnosis,
    Verdict,
    worst,
)
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import FEW_ROWS
from recgen.analysis.run import CONFIG, Run
from recgen.findings import counted
from recgen.plan.header import digest_of

_FAMILIES = (
    "RD1",
    "RD2",
    "RD4",
    "RD3",
    "RD5",
)  # inputs before fit: a leaky split makes its figures doubtful


def diagnose(run: Run) -> Diagnosis:
    """Return a verdict on a run and its causes, the likeliest first.

    Figures alone prove nothing, so each cause has its evidence and a confidence.
    """
    facts = Facts(run)
    found = [cause for kind in KINDS.values() for cause in kind.causes(facts)]
    causes = tuple(sorted(found, key=_rank))
    verdict = worst(tuple(map(weight, causes)))
    return Diagnosis(verdict, _summary(verdict, causes, facts), causes, tuple(_notes(facts)))


def _rank(cause: Cause) -> tuple[int, int, int]:
    """Return the rank of a cause: by confidence, then verdict, then family and code."""
    weight = -VERDICTS.index(cause.verdict)
    position = _FAMILIES.index(cause.code[:3]) * len(KINDS) + list(KINDS).index(cause.code)
    return CONFIDENCES.index(cause.confidence), weight, position


def weight(cause: Cause) -> Verdict:
    """Return the verdict that a cause implies; one of low confidence implies at most at_risk."""
    if cause.confidence == "low" and cause.verdict != "good":
        return "at_risk"
    return cause.verdict


def _summary(verdict: Verdict, causes: tuple[Cause, ...], facts: Facts) -> str:
    figures = _figures(facts)
    if verdict == "good":
        return f"{figures}; no problem was found" if figures else "no problem was found"
    heavy = [cause for cause in causes if weight(cause) == verdict]
    first = heavy[0].title if heavy else ""
    return f"{first}; {figures}" if figures else first


def _figures(facts: Facts) -> str:
    judged = facts.judged
    if judged is None:
        return ""
    own = f"{judged.name} {figure(judged.own)}"
    if judged.baseline is None:
        return own
    return f"{own}, {judged.rival} {figure(judged.baseline)}"


def _notes(facts: Facts) -> Iterator[str]:
    judged, run = facts.judged, facts.run
    if judged and judged.baseline is None:
        baseline = f"the {facts.kind.measure} of {facts.kind.baseline}"
        yield f"{baseline} is not in the file, so the model was not compared with it"
    if judged is None and facts.kind.tests:
        yield (
            f"each list holds all {facts.candidates} products, so any model has a "
            f"{facts.kind.measure} of 1: it says nothing"
        )
    if judged and judged.rows is not None and judged.rows < FEW_ROWS:
        few = counted(judged.rows, judged.unit)
        yield f"with only {few}, differences in {facts.kind.measure} may be chance"
    yield from _better_counting(facts)
    yield from run.unread
    if run.config is None:
        missing = f"there is no {CONFIG}" if run.report is None else f"{CONFIG} cannot be read"
        yield f"{missing}: the towers and the split were not examined"
    elif (trained := facts.params.config_digest) and trained != digest_of(run.config):
        yield "config.yaml was changed after the training"
    if run.file.version is None and facts.epochs:
        yield (
            "the file is from an older trainer: its `gradient` holds the norms of the weights, so "
            "gradients are taken from gradient_stats"
        )


def _better_counting(facts: Facts) -> Iterator[str]:
    """Yield a note for each part of the test in which counting beats the model."""
    for each in () if facts.is_failed else facts.kind.others:
        if each.baseline is not None and each.own + each.noise < each.baseline:
            yield (
                f"{each.name} is {figure(each.own)}, and {each.rival}, which needs no model, has "
                f"{figure(each.baseline)}"
            )
