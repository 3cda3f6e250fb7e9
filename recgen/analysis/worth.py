"""Whether a finished training is worth its model: by its verdict, and by what counting can do."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import figure
from recgen.analysis.diagnosis import Diagnosis
from recgen.analysis.facts import Facts

NO_BETTER = "no better than counting"
_WORDS = {"model": "model", "popularity": "popularity", "own_history": "own history"}


def shortcoming(facts: Facts, diagnosis: Diagnosis) -> str | None:
    """Return why a model should not be served, in words; None if nothing speaks against it.

    A small test in which model and baselines are within noise says nothing.
    """
    if diagnosis.verdict in ("bad", "broken"):
        return f"the verdict is {diagnosis.verdict}"
    if facts.kind.beats_counting is not False:
        return None
    figures = "; ".join(_evaluated(facts)) or _judged(facts)
    return f"{NO_BETTER}, by more than noise: {figures}"


def _evaluated(facts: Facts) -> Iterator[str]:
    """Yield the figures of the model and the baselines for all pairs and for new ones."""
    for pairs in ("all", "new"):
        found = {who: facts.kind.evaluated(who, pairs) for who in _WORDS}
        shown = [f"{_WORDS[who]} {figure(each.value)}" for who, each in found.items() if each]
        if found["model"]:
            yield f"{facts.curve.measure} on {pairs} pairs, {', '.join(shown)}"


def _judged(facts: Facts) -> str:
    judged = facts.judged
    if judged is None or judged.baseline is None:
        return "unknown"
    popular = f"{facts.kind.baseline} {figure(judged.baseline)}"
    return f"{judged.name}, model {figure(judged.own)}, {popular}"
