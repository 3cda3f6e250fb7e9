"""Whether a finished training is worth its model: by its verdict, and by what counting can do."""

from __future__ import annotations

from recgen.analysis.causes.base import figure
from recgen.analysis.diagnosis import Diagnosis
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import Judged

NO_BETTER = "no better than counting"


def shortcoming(facts: Facts, diagnosis: Diagnosis) -> str | None:
    """Return why a model should not be served, in words; None if nothing speaks against it.

    A small test in which model and baselines are within noise says nothing.
    """
    if diagnosis.verdict in ("bad", "broken"):
        return f"the verdict is {diagnosis.verdict}"
    if facts.kind.beats_counting is not False:
        return None
    figures = [_compared(each) for each in (facts.judged, *facts.kind.others) if each]
    return f"{NO_BETTER}, by more than noise: {'; '.join(figures)}"


def _compared(judged: Judged) -> str:
    """Return the figures of the model and the best baseline."""
    baseline = "" if judged.baseline is None else f", {judged.rival} {figure(judged.baseline)}"
    return f"{judged.name}, model {figure(judged.own)}{baseline}"
