"""Causes RD46x of models that predict a target: a mean is as good, or chances are off."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, epoch, figure
from recgen.analysis.diagnosis import Confidence, Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import Multitask, Ranking
from recgen.analysis.series import last, lowest
from recgen.metrics.parts import TASKS

_MISCALIBRATED = 0.05  # expected calibration error
_FEWEST_EPOCHS = 3
_AT_CHANCE, _LEARNT = 0.99, 0.9  # of the loss of a model that knows nothing
_CLOSER = 0.7  # of the validation loss: the training loss of a model that trained for too long
_ROSE = 1.03  # times the lowest validation loss
_NOT_LONGER = (
    "More epochs or wider vectors would only fit the training rows more closely: add features "
    "that say something about the target."
)
_ROWS = 500  # below which ten bins of random rows are that far off


def _no_better(facts: Facts) -> Iterator[Sign]:
    judged = facts.kind.rated
    if judged is None or judged.baseline is None or judged.beats_baseline:
        return
    if facts.failure_kind or facts.zero_gradients or facts.epochs == 0:
        return  # this says nothing about a dead model
    seen = (
        f"{judged.name} is {figure(judged.own)}; {judged.rival} of training rows, which needs no "
        f"model, has {figure(judged.baseline)}"
    )
    closer, help = _fits_training_closer(facts)
    if judged.is_worse or judged.beats_plain is False:
        is_all = isinstance(facts.kind, Ranking)  # and not one of two tasks
        verdict: Verdict = "bad" if is_all and not judged.beats_plain else "at_risk"
        confidence: Confidence = "high" if judged.is_worse else "medium"
        yield Sign(confidence, (seen, *closer), help, verdict=verdict)
        return
    note = f"the difference is within noise (±{figure(judged.noise)})"
    yield Sign("medium", (seen, note, *closer), help, verdict="at_risk")


def _fits_training_closer(facts: Facts) -> tuple[tuple[str, ...], str]:
    """Return evidence and help for a training that went on after validation no longer gained."""
    top, end = lowest(facts.val_loss), last(facts.loss)
    if not isinstance(facts.kind, Ranking) or top is None or end is None:
        return (), ""  # the loss of two tasks says nothing about one
    rose = (last(facts.val_loss) or 0.0) > _ROSE * top[1] and end < top[1]
    if top[0] + 1 >= facts.epochs or not (rose or end <= _CLOSER * top[1]):
        return (), ""
    seen = (
        f"the training loss fell on to {figure(end)}, that of validation rows only to "
        f"{figure(top[1])}, in {epoch(top[0])}"
    )
    return (seen,), _NOT_LONGER


def _starved(facts: Facts) -> Iterator[Sign]:
    idle = [f for f in facts.findings("RG231") if f.path.startswith("model.")]
    if isinstance(facts.kind, Multitask) and idle:
        patch = {finding.path: 1.0 for finding in idle}
        yield Sign("high", confirmed(*idle), idle[0].help, patch, explains=True)
        return
    health, params = facts.metrics.health, facts.params
    if not health or facts.failure_kind or facts.epochs < _FEWEST_EPOCHS:
        return
    shares = {task: lowest(getattr(health, f"{task}_to_chance") or ()) for task in TASKS}
    for task, other in (TASKS, TASKS[::-1]):
        own, rival = shares[task], shares[other]
        if not own or not rival or own[1] < _AT_CHANCE or rival[1] > _LEARNT:
            continue
        seen = [
            f"the loss of {task} stays {figure(own[1])} of that of a model that knows nothing; "
            f"that of {other} falls to {figure(rival[1])}"
        ]
        weights = [getattr(params, f"{each}_weight", None) for each in (task, other)]
        if None not in weights:
            seen.append(f"their weights are {weights[0]:g} and {weights[1]:g}")
        yield Sign("high", tuple(seen), title=f"Nothing is learnt of {task}")


def _miscalibrated(facts: Facts) -> Iterator[Sign]:
    rating = facts.metrics.rating
    error = rating.figures.get("model", {}).get("ece") if rating else None
    if rating is None or error is None or rating.rows < _ROWS or error.value < _MISCALIBRATED:
        return
    worst = max(rating.bins, key=lambda each: abs(each.predicted - each.actual), default=None)
    seen = [f"the calibration error on test rows is {figure(error.value)}"]
    if worst:
        seen.append(
            f"of {worst.rows:,} rows with a predicted chance of {worst.predicted:.3f} in the mean, "
            f"{worst.actual:.3f} are 1"
        )
    yield Sign("high", tuple(seen))


KINDS = (
    Kind(
        code="RD461",
        verdict="bad",
        title="No better than a mean",
        reason="The mean of the target over all training rows, over those of the buyer or of the "
        "product, or the sum of both, needs no model. A model that does not beat the best of them "
        "adds nothing, however far its loss fell.",
        signs="Only ranking and multitask models: on test rows, the RMSE, or the AUC of a target "
        "of 0 or 1, is not better than that of the best mean by more than noise (the 95% interval "
        "of the difference, from a bootstrap over buyers). It is bad if even the global mean is as "
        "good, unless the model has another task.",
        remedy="Train longer or with a higher learning rate, use wider vectors of the IDs, and add "
        "features that say something about the target.",
        check=_no_better,
    ),
    Kind(
        code="RD462",
        verdict="at_risk",
        title="Miscalibrated chances",
        reason="A predicted chance of 0.8 should come true in 80% of such rows. Otherwise the "
        "order of products may still be right, but the numbers cannot be multiplied with a price "
        "or compared with a limit.",
        signs="Only models that predict a target of 0 or 1: on 500 test rows or more, the expected "
        "calibration error over ten groups of equally many rows is 0.05 or more, although the "
        "trainer calibrates them on validation rows where that helps there.",
        remedy="Check whether later days differ from the validation's; train without "
        "class_weight_damping, and on more recent rows.",
        check=_miscalibrated,
    ),
    Kind(
        code="RD463",
        verdict="at_risk",
        title="One task starves the other",
        reason="Both tasks train the same towers. If the gradients of one are much larger, or ask "
        "for other vectors, the other learns nothing; the sum of both losses falls all the same.",
        signs="Only multitask models: a weight is 0 (RG231); or "
        "after three epochs or more, the loss of one task never fell "
        "below 99% of that of a model that knows nothing (equal scores, or the best constant), and "
        "that of the other fell below 90%.",
        remedy="Raise the weight of the task that learns nothing, or use `task_weights: "
        "uncertainty`. If it learns nothing alone either, its features say nothing about it.",
        check=_starved,
    ),
)
