"""What is right about labelled runs: verdicts, root causes, and whether a config can mend them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from verdicts_made import Made

Plain = dict[str, Any]

CODES: dict[str, tuple[str, ...]] = {
    "collapse": ("RD101", "RD102"),
    "rate too high": ("RD201",),
    "divergence": ("RD203",),
    "not a number": ("RD204",),
    "rate too low": ("RD202",),
    "optimizer": ("RD208",),
    "too deep": ("RD209",),
    "no logQ": ("RD207",),
    "undertraining": ("RD302",),
    "overfitting": ("RD301",),
    "leak": ("RD402",),
    "random split": ("RD401",),
    "unfinished": ("RD503",),
    "files": ("RD404", "RD501", "RD502", "RD504"),
    "vocabulary cut": ("RD411",),
    "new products": ("RD405",),
    "nothing to learn": ("RD103",),
    "temperature": ("RD210",),
    "penalty": ("RD211",),
    "dropout": ("RD212",),
    "max norm": ("RD213",),
    "clipping": ("RD214",),
    "schedule": ("RD215",),
    "grain": ("RD407",),
    "one buyer": ("RD408",),
    "drift": ("RD412",),
    "dates": ("RD410",),
    "duplicates": ("RD409",),
    "counting": ("RD104", "RD304"),
    "confirmed": ("RD414",),
    "constant prediction": ("RD460",),
    "no better than a mean": ("RD461",),
    "starved task": ("RD463",),
    "new buyers": ("RD415",),
    "one product": ("RD416",),
}
"""Codes that name a subject as the root. New causes are added here, and nowhere else."""


@dataclass(frozen=True)
class Label:
    """What is right about the runs of a label."""

    verdicts: tuple[str, ...]
    """Where a run may come out as more than one of them, each is right: whether a diverging loss
    reaches infinity within its epochs, say."""
    roots: tuple[str, ...] = ()
    """Subjects of the root cause; any may be named first."""
    has_remedy: bool = False
    """Whether a change of the config mends it."""
    may_be_harmless: bool = False
    """Whether a run may learn in spite of it: it is then rightly called good."""
    like: str = "fine"
    """The label of fine runs on the same data, whose recall says what is harmless."""


BAD, DOUBTFUL = ("bad",), ("at_risk", "bad")
SHOP = "fine, other shop"
_RATE = ("collapse", "rate too high", "divergence", "not a number")

LABELS: dict[str, Label] = {
    "fine": Label(("good",)),
    "replenishment": Label(("good",)),
    "collapsed": Label(BAD, _RATE, True),
    "diverged": Label(("bad", "broken"), _RATE, True),
    "NaN": Label(("broken", "bad"), (*_RATE, "optimizer"), True),
    "popularity only": Label(BAD, (*_RATE, "too deep"), True),
    "rate too low": Label(("bad", "at_risk"), ("rate too low",), True),
    "no logQ, deep": Label(BAD, ("no logQ", "too deep"), True),
    "undertrained": Label(DOUBTFUL, ("undertraining",), True),
    "overfitted": Label(DOUBTFUL, ("overfitting",), True),
    "answer in a tower": Label(BAD, ("leak",), True),
    "random split": Label(("at_risk",), ("random split",), True),
    "interrupted": Label(("at_risk",), ("unfinished",)),
    "mixed modules": Label(("broken",), ("files",)),
    "temperature": Label(DOUBTFUL, ("temperature",), True, may_be_harmless=True),
    "penalty": Label(DOUBTFUL, ("penalty",), True, may_be_harmless=True),
    "dropout": Label(DOUBTFUL, ("dropout",), True, may_be_harmless=True),
    "max norm": Label(DOUBTFUL, ("max norm",), True, may_be_harmless=True),
    "clipping": Label(DOUBTFUL, ("clipping",), True, may_be_harmless=True),
    "schedule": Label(DOUBTFUL, ("schedule", "undertraining"), True, may_be_harmless=True),
    "vocabulary cut": Label(DOUBTFUL, ("vocabulary cut",), True),
    "grain": Label(DOUBTFUL, ("grain",)),
    "one buyer": Label(DOUBTFUL, ("one buyer",)),
    "nothing to learn": Label(BAD, ("nothing to learn",)),
    "drift": Label(DOUBTFUL, ("drift",)),
    "new products": Label(DOUBTFUL, ("new products",)),
    "partial leak": Label(DOUBTFUL, ("leak",), True),
    "wrong dates": Label(DOUBTFUL, ("dates",)),
    "foreign files": Label(("broken",), ("files",)),
    "duplicates": Label(("at_risk",), ("duplicates",)),
    "deep on little data": Label(BAD, (*_RATE, "too deep"), True, may_be_harmless=True),
    "two causes": Label(DOUBTFUL),
    "fine, other shop": Label(("good",)),
    "fine, other task": Label(("good",)),
    "random split, other shop": Label(("at_risk",), ("random split",), True),
    "visit as the buyer": Label(DOUBTFUL, ("grain",)),
    "renamed products": Label(DOUBTFUL, ("new products",)),
    "renamed buyers": Label(DOUBTFUL, ("new buyers",)),
    "unique text": Label(DOUBTFUL, ("confirmed", "grain"), True, True, SHOP),
    "one product": Label(DOUBTFUL, ("one product",)),
    "shuffled": Label(BAD, ("nothing to learn", "counting")),
    "closing sale": Label(DOUBTFUL, ("drift",)),
    "replayed": Label(DOUBTFUL, ("duplicates", "dates")),
    "mistyped year": Label(DOUBTFUL, ("dates",)),
    "one step an epoch": Label(DOUBTFUL, ("undertraining",), True, True, SHOP),
    "long average": Label(DOUBTFUL, ("undertraining", "confirmed"), True, True, SHOP),
    "short recency": Label(DOUBTFUL, ("undertraining", "confirmed"), True, True, SHOP),
    "one negative": Label(DOUBTFUL, ("confirmed",), True, True, SHOP),
    "narrow": Label(DOUBTFUL, ("confirmed", "undertraining"), True, True, SHOP),
    "penalty, other shop": Label(DOUBTFUL, ("penalty",), True, True, SHOP),
    "constant target": Label(("bad", "broken"), ("constant prediction", "no better than a mean")),
    "target of chance": Label(("bad",), ("constant prediction", "no better than a mean")),
    "target among features": Label(DOUBTFUL, ("leak",), True),
    "ranking, rate too high": Label(("bad", "broken"), (*_RATE, "constant prediction"), True),
    "ranking, rate too low": Label(("bad", "at_risk"), ("rate too low",), True),
    "starved task": Label(DOUBTFUL, ("starved task",), True),
}

COUNTED = ("replenishment", "fine, other task")
"""Labels of fine runs on data of which counting finds nearly everything: staples that are bought
again, a target that is the sum of two effects. Where it measured better, a risk is right, too."""
HARMLESS = 0.95
"""Share of the recall of a fine run on the same data from which a setting did no harm."""
HALVES = ("development", "held out")


def halves(runs: Iterable[Made]) -> dict[str, str]:
    """Returns the half of each run, by key.

    The runs of a label alternate in the order of their definition, so runs that are added later
    change nobody's half; the label's digest decides which half begins.
    """
    counts: dict[str, int] = defaultdict(int)
    found = {}
    for run in runs:
        first = hashlib.sha256(run.label.encode()).digest()[0]
        found[run.key] = HALVES[(first + counts[run.label]) % 2]
        counts[run.label] += 1
    return found


def right(run: Plain) -> tuple[str, ...]:
    """Returns the verdicts that would be right for a result."""
    is_doubtful = run["label"] in COUNTED and not _beats_counting(run)
    return ("good", "at_risk") if is_doubtful or is_harmless(run) else tuple(run["right"])


def _beats_counting(run: Plain) -> bool:
    counting = run.get("counting")
    if not run["recall"] or not counting:
        return True
    name, own, _ = run["recall"]
    return bool(own <= counting if "RMSE" in name else own >= counting)


def is_harmless(run: Plain) -> bool:
    """Says whether what should have harmed a run did not.

    A trainer that keeps the best epoch's weights cannot be harmed by epochs that come after it; of
    other settings, the recall of a fine run on the same data tells.
    """
    if run["label"] == "overfitted":
        return bool(run["kept_best"])
    if not LABELS[run["label"]].may_be_harmless or not run["recall"] or not run.get("fine_recall"):
        return False
    return bool(run["recall"][1] >= HARMLESS * run["fine_recall"])


def is_missed(run: Plain) -> bool:
    """Says whether a run that was made to be bad is called good."""
    return run["verdict"] == "good" and "good" not in right(run)


def has_root(run: Plain) -> bool:
    """Says whether there is a root cause to name."""
    return bool(run["roots"]) and not is_harmless(run)


def is_root(run: Plain, code: str) -> bool:
    """Says whether a code names a root cause of a run."""
    return any(code in CODES[subject] for subject in run["roots"])


def names_root_first(run: Plain) -> bool:
    """Says whether the first cause of a diagnosis is a root cause."""
    return bool(run["causes"]) and is_root(run, run["causes"][0][0])


def mends(run: Plain) -> bool:
    """Says whether a run is good, or as good as it gets, once the first patch is applied."""
    return "patched" in run and run["patched"]["verdict"] == "good"
