"""Diagnosis of a run: a verdict with ranked causes. Reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.analysis.causes import KINDS
from recgen.analysis.causes.base import figure
from recgen.analysis.causes.contradictions import resolved
from recgen.analysis.diagnosis import (
    CONFIDENCES,
    VERDICTS,
    Cause,
    Diagnosis,
    Verdict,
    worst,
)
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import FEW_ROWS, share
from recgen.analysis.older import WORDS, unwritten
from recgen.analysis.run import CONFIG, Run
from recgen.findings import counted, percent, show
from recgen.plan.header import digest_of

_LISTED = 6
_TELLING = ("gradient_clip_norm", "logq_correction")  # settings that decide whether runs train
_FAMILIES = (
    "RD1",
    "RD2",
    "RD6",
    "RD4",
    "RD3",
    "RD5",
)  # inputs before fit: a leaky split makes its figures doubtful


def diagnose(run: Run) -> Diagnosis:
    """Return a verdict on a run and its causes, the likeliest first.

    Figures alone prove nothing, so each cause has its evidence and a confidence.
    """
    facts = Facts(run)
    applies = facts.kind.applies
    kinds = [kind for kind in KINDS.values() if applies is None or kind.code in applies]
    found = [cause for kind in kinds for cause in kind.causes(facts)]
    causes = resolved(sorted(found, key=_rank), facts)
    verdict = worst(tuple(map(weight, causes)))
    return Diagnosis(verdict, _summary(verdict, causes, facts), causes, tuple(_notes(facts)))


def _rank(cause: Cause) -> tuple[bool, int, int, int]:
    """Return the rank of a cause: what explains first, then by confidence, verdict and code."""
    is_root = cause.explains and cause.confidence != "low"
    weight = -VERDICTS.index(cause.verdict)
    position = _FAMILIES.index(cause.code[:3]) * len(KINDS) + list(KINDS).index(cause.code)
    return not is_root, CONFIDENCES.index(cause.confidence), weight, position


def weight(cause: Cause) -> Verdict:
    """Return the verdict that a cause implies; one of low confidence implies at most at_risk."""
    if cause.confidence == "low" and cause.verdict != "good":
        return "at_risk"
    return cause.verdict


def _summary(verdict: Verdict, causes: tuple[Cause, ...], facts: Facts) -> str:
    figures = _figures(facts)
    if verdict == "good":
        return f"{figures}; no problem was found" if figures else "no problem was found"
    heavy = [cause for cause in causes if cause.explains or weight(cause) == verdict]
    first = heavy[0].title if heavy else ""
    return f"{first}; {figures}" if figures else first


def _figures(facts: Facts) -> str:
    judged = facts.judged
    if judged is None:
        return ""
    own = f"{judged.name} {share(judged.own)}"
    if judged.baseline is not None:
        return f"{own}, {judged.rival} {share(judged.baseline)}"
    return own if judged.chance is None else f"{own}, random products {share(judged.chance)}"


def _notes(facts: Facts) -> Iterator[str]:
    judged, run = facts.judged, facts.run
    yield from facts.kind.notes
    yield from run.evidence.notes
    if judged and judged.baseline is None and (facts.is_failed or facts.is_mismatched):
        baseline = f"the {facts.kind.measure} of {facts.kind.baseline}"
        yield f"{baseline} is not in the file, so the model was not compared with it"
    if judged and judged.rows is not None and judged.rows < FEW_ROWS:
        few = counted(judged.rows, judged.unit)
        yield f"with only {few}, differences in {facts.kind.measure} may be chance"
    yield from _few_known(facts)
    yield from _better_counting(facts)
    if run.file.kept is not None:
        few = f"{len(run.file.kept)} of {facts.epochs} epochs ({_some(run.file.kept)})"
        yield f"the file has {few}, as a database keeps them; the others are unknown"
    yield from run.unread
    if run.config is None:
        missing = f"there is no {CONFIG}" if run.report is None else f"{CONFIG} cannot be read"
        yield f"{missing}: the towers and the split were not examined"
    elif (trained := facts.params.config_digest) and trained != digest_of(run.config):
        yield "config.yaml was changed after the training"
    if run.config is not None and facts.epochs and not run.vocabularies:
        yield (
            "there is no vocabulary beside the metrics: whether the transform is the one that was "
            "trained on (RD404) was not examined"
        )
    has_norms = "gradient.query is missing" not in run.file.notes
    if run.file.version is None and facts.epochs and has_norms:
        yield (
            "the file is from an older trainer: its `gradient` holds the norms of the weights, so "
            "gradients are taken from gradient_stats"
        )
    yield from _taken_over(run)


def _taken_over(run: Run) -> Iterator[str]:
    """Yield the settings that are read as what an older trainer did."""
    by_source: dict[str, list[str]] = {}
    for name, (value, source) in unwritten(run).items():
        if name in _TELLING:
            by_source.setdefault(WORDS[source], []).append(f"{name} {show(value)}")
    for words, settings in by_source.items():
        yield f"{' and '.join(settings)}, {words}"


def _some(epochs: Sequence[int]) -> str:
    shown = [str(epoch + 1) for epoch in epochs]
    return ", ".join(shown if len(shown) <= _LISTED else [*shown[:3], "…", shown[-1]])


def _few_known(facts: Facts) -> Iterator[str]:
    """Yield a note where the verdict is on a minority of the test: pairs of known buyers."""
    judged, found = facts.judged, facts.metrics.evaluation
    if judged is None or judged.unit != "pair" or found is None:
        return
    known, others = found.pairs.get("all", 0), found.pairs.get("left_out", 0)
    if others > known:
        left = percent(others / (known + others))
        yield (
            f"{judged.name} is of {counted(known, 'pair')}: {left} of the test was left out, as "
            "the buyer or the product was unknown to training"
        )


def _better_counting(facts: Facts) -> Iterator[str]:
    """Yield a note where counting is as good as the model, and for each part where it is better."""
    judged = facts.judged
    if judged and facts.beats_plain and judged.is_equal:
        yield (
            f"{judged.name} is {figure(judged.own)}, and {judged.rival}, which needs no model, has "
            f"{figure(judged.baseline or 0.0)}: as good, within noise (±{figure(judged.noise)})"
        )
    for each in () if facts.is_failed else facts.kind.others:
        if each.is_worse:
            yield (
                f"{each.name} is {figure(each.own)}, and {each.rival}, which needs no model, has "
                f"{figure(each.baseline or 0.0)}"
            )
