"""From a run to a verdict with ranked causes. Reads nothing."""

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
from recgen.analysis.run import CONFIG, Run
from recgen.plan.header import digest_of

_FAMILIES = ("RD1", "RD2", "RD4", "RD3", "RD5")  # a leaky split makes the fit's figures doubtful
_FEW_ROWS = 200  # below that, one row more or less is half a percent


def diagnose(run: Run) -> Diagnosis:
    """Returns a verdict on a run, and the causes: the likeliest first.

    Nothing is known for sure from figures alone: each cause has its evidence and how sure it is.
    """
    facts = Facts(run)
    found = [cause for kind in KINDS.values() for cause in kind.causes(facts)]
    causes = tuple(sorted(found, key=_rank))
    verdict = worst(tuple(map(_weight, causes)))
    return Diagnosis(verdict, _summary(verdict, causes, facts), causes, tuple(_notes(facts)))


def _rank(cause: Cause) -> tuple[int, int, int]:
    """Returns the place in the order: by confidence, then weight, then family and code."""
    weight = -VERDICTS.index(cause.verdict)
    place = _FAMILIES.index(cause.code[:3]) * len(KINDS) + list(KINDS).index(cause.code)
    return CONFIDENCES.index(cause.confidence), weight, place


def _weight(cause: Cause) -> Verdict:
    """Returns what a cause makes of the run; a guess alone condemns none."""
    if cause.confidence == "low" and cause.verdict != "good":
        return "at_risk"
    return cause.verdict


def _summary(verdict: Verdict, causes: tuple[Cause, ...], facts: Facts) -> str:
    figures = _figures(facts)
    if verdict == "good":
        return f"{figures}; nothing speaks against it" if figures else "nothing speaks against it"
    heavy = [cause for cause in causes if _weight(cause) == verdict]
    first = heavy[0].title if heavy else ""
    return f"{first}; {figures}" if figures else first


def _figures(facts: Facts) -> str:
    judged = facts.judged
    if judged is None:
        return ""
    own = f"{judged.name} {figure(judged.own)}"
    if judged.baseline is None:
        return own
    return f"{own}, {facts.kind.baseline} {figure(judged.baseline)}"


def _notes(facts: Facts) -> Iterator[str]:
    judged, run = facts.judged, facts.run
    if judged and judged.baseline is None:
        baseline = f"{facts.kind.baseline}'s {facts.kind.measure}"
        yield f"{baseline} is not in the file: the model was not compared with it"
    if judged and judged.rows is not None and judged.rows < _FEW_ROWS:
        yield f"{judged.rows} rows are few: differences in {facts.kind.measure} may be chance"
    yield from _own_history(facts)
    if run.config is None:
        told = f"there is no {CONFIG}" if run.report is None else f"{CONFIG} cannot be read as one"
        yield f"{told}: towers and split were not looked at"
    elif (trained := facts.params.config_digest) and trained != digest_of(run.config):
        yield "config.yaml is not the one that was trained: it was changed afterwards"
    if run.file.version is None and facts.epochs:
        yield (
            "an older trainer's file: `gradient` holds the weights' norms there, so gradients are "
            "taken from gradient_stats"
        )


def _own_history(facts: Facts) -> Iterator[str]:
    """Yields that a buyer's past products, by count, would be better than the model."""
    own, history = (facts.kind.evaluated(who, "all") for who in ("model", "own_history"))
    if facts.judged and own and history and history.value > own.value and not facts.is_failed:
        yield (
            f"over all test pairs each buyer's own past products have {facts.judged.measure} "
            f"{figure(history.value)}, the model {figure(own.value)}: they may be shown beside it"
        )
