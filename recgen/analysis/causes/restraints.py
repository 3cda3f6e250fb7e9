"""Causes RD211, RD212, RD214 and RD215: settings that hold training back, and how it shows.

Each compares a setting with a quantity of the run (a bound with the norm of the gradients, a
penalty with the loss), so it means the same for every shop. That alone is not a cause: it is one if
the model is no better than counting.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from recgen.analysis.causes.base import Kind, Sign, confirmed, figure, spoiled
from recgen.analysis.causes.scores import WORSE_THAN_GUESSING, stands
from recgen.analysis.diagnosis import Confidence, Patch
from recgen.analysis.facts import Facts
from recgen.analysis.series import last, points
from recgen.config import SIDES, Dropout, ModelConfig, Side
from recgen.findings import percent

_HARMLESS = 0.1  # bound of the norm of the gradients, which is 0.1 to 0.7 in good runs: RG227
_ALWAYS = 10.0  # median norm of the gradients, divided by the bound: RG227
_NO_STEP = 0.01  # norm of the first epoch's change, relative to the weights; usually above 0.3
_FEW_LEFT = 0.3  # share of the numbers that dropout leaves: RG221
_ASLEEP = 1e-3  # an epoch's change of the weights, relative to that of the first
_MUCH_PENALTY = 0.05  # of the total loss; the tenth of a percent of a useful one is far below
_OUTWEIGHS = 0.5


def _penalty(facts: Facts) -> Iterator[Sign]:
    if not facts.is_held_back:
        return
    found = facts.findings("RG225")
    shares = points(_penalty_share(facts))
    top = max((value for _, value in shares), default=0.0)
    much = _MUCH_PENALTY if _without_penalties(facts) else _OUTWEIGHS
    is_other = facts.model is not None and not _without_penalties(facts)
    if is_other or (not found and top < much):
        return  # without a config, nobody knows whether it is a penalty
    seen = [*confirmed(*found)]
    if top >= _MUCH_PENALTY:
        seen.append(f"the penalty was {percent(top)} of the total loss, {_fallen(facts)}")
    patch: Patch = {finding.path: 0.0 for finding in found} or _without_penalties(facts)
    help = found[0].help if found else ""
    sure = top >= _MUCH_PENALTY and facts.is_failed
    yield Sign(
        "high" if sure else "medium",
        tuple(seen),
        help,
        patch,
        verdict=spoiled(facts),
        explains=True,
    )


def _penalty_share(facts: Facts) -> tuple[float | None, ...]:
    """Return the share of the penalties in the total loss, per epoch."""
    penalties = facts.metrics.loss.regularization_loss
    return tuple(
        penalty / (loss + penalty) if penalty and loss and loss + penalty > 0 else None
        for loss, penalty in zip(facts.loss, penalties, strict=False)
    )


def _fallen(facts: Facts) -> str:
    penalties = points(facts.metrics.loss.regularization_loss)
    first, end = penalties[0][1], penalties[-1][1]
    if end < first:
        return f"and fell from {figure(first)} to {figure(end)}: the weights shrank"
    return f"and rose from {figure(first)} to {figure(end)}"


def _without_penalties(facts: Facts) -> Patch:
    """Return a patch that removes all penalties."""
    return {
        f"model.{side}_tower_layers[{index}].{name}": 0.0
        for side in SIDES
        for index, layer in enumerate(facts.model.layers_of(side) if facts.model else ())
        for name in ("l1_reg", "l2_reg")
        if getattr(layer, name, 0.0)
    }


def _dropout(facts: Facts) -> Iterator[Sign]:
    model = facts.model
    if model is None or not facts.is_held_back:
        return
    left = {side: _left(model, side) for side in SIDES}
    seen = [*confirmed(*facts.findings("RG221", "RG236"))]
    seen += [
        f"dropout leaves {percent(share)} of the numbers in the {side} tower"
        for side, share in left.items()
        if share <= _FEW_LEFT
    ]
    hidden = model.buyer_id_dropout >= 1 - _FEW_LEFT
    if hidden:
        seen.append(f"{percent(model.buyer_id_dropout)} of the rows hide their buyer")
    if not seen or (min(left.values()) > _FEW_LEFT and not hidden):
        return
    loss, val_loss = last(facts.loss), last(facts.val_loss)
    is_seen = loss is not None and val_loss is not None and val_loss < loss
    if is_seen and loss is not None and val_loss is not None:
        seen.append(
            f"the loss ends at {figure(loss)} with dropout, and at {figure(val_loss)} on "
            "validation rows, which have none"
        )
    confidence: Confidence = "high" if facts.is_failed or is_seen else "medium"
    yield Sign(
        confidence, tuple(seen), patch=_less_dropout(model), verdict=spoiled(facts), explains=True
    )


def _left(model: ModelConfig, side: Side) -> float:
    """Return the share of a tower's numbers that all of its dropouts leave."""
    rates = [layer.rate for layer in model.layers_of(side) if isinstance(layer, Dropout)]
    rates += [model.output_dropout] if side == "buyer" else []
    return math.prod(1 - rate for rate in rates)


def _less_dropout(model: ModelConfig) -> Patch:
    """Return a patch in which no dropout is strong, and no tower has many."""
    patch: dict[str, object] = {}
    for side in SIDES:
        layers = enumerate(model.layers_of(side))
        found = [index for index, layer in layers if isinstance(layer, Dropout) and layer.rate]
        if _left(model, side) <= _FEW_LEFT:
            patch |= {f"model.{side}_tower_layers[{index}].rate": 0.1 for index in found}
    if model.output_dropout and _left(model, "buyer") <= _FEW_LEFT:
        patch["model.output_dropout"] = 0.2
    if model.buyer_id_dropout >= 1 - _FEW_LEFT:
        patch["model.buyer_id_dropout"] = 0.1
    return patch


def _clipped(facts: Facts) -> Iterator[Sign]:
    bound = facts.model.gradient_clip_norm if facts.model else None
    norms = [value for _, value in points(facts.gradient("total")) if value > 0]
    worst = max((value for _, value in points(facts.loss_to_chance)), default=0.0)
    if bound is None or bound >= _HARMLESS or not norms or not facts.is_held_back:
        return
    if worst > WORSE_THAN_GUESSING:
        return  # gradients that blow up should be clipped
    ratio = median(norms) / bound
    steps = [points(facts.health(f"{tower}.update_ratio")) for tower in ("query", "candidate")]
    first = max((found[0][1] for found in steps if found), default=None)
    is_still = first is not None and first < _NO_STEP
    info = facts.optimizer_info
    if ratio < _ALWAYS or (info and info.is_adaptive and not is_still):
        return  # an adaptive optimizer takes steps of the same length, whatever the norm
    seen = [
        f"gradients are clipped to a norm of {bound:g}, and theirs is {figure(median(norms))}: "
        f"steps are divided by {ratio:,.0f}"
    ]
    if is_still:
        seen.append(f"the first epoch changed the weights by {percent(first or 0.0)}")
    seen += stands(facts)
    sure = facts.is_failed and (is_still or len(seen) > 1)
    patch = {"model.gradient_clip_norm": 1.0}
    yield Sign(
        "high" if sure else "medium",
        tuple(seen),
        patch=patch,
        verdict=spoiled(facts),
        explains=True,
    )


def _schedule(facts: Facts) -> Iterator[Sign]:
    model = facts.model
    if model is None or model.learning_rate_schedule == "constant" or facts.epochs < 1:
        return
    if facts.zero_gradients or facts.failure_kind not in (None, "not_learning", "popularity_only"):
        return
    steps = points(facts.health("query.update_ratio"))
    asleep = [epoch for epoch, value in steps if value <= _ASLEEP * steps[0][1]]
    seen: list[str] = []
    if asleep and 2 * asleep[0] <= facts.epochs and len(asleep) > 1:
        seen.append(
            f"from epoch {asleep[0] + 1} of {facts.epochs} on, the weights hardly change: the rate "
            "has fallen to nothing"
        )
    is_cosine = model.learning_rate_schedule == "warmup_cosine"
    if is_cosine and facts.epochs == 1 and (facts.requested_epochs or 1) == 1:
        seen.append("warmup_cosine rises and falls to zero within a single epoch")
    if not seen or not (facts.is_held_back or facts.epochs == 1):
        return
    patch: dict[str, object] = {"model.learning_rate_schedule": "constant"}
    if facts.epochs == 1:
        patch["model.epochs"] = 8
    yield Sign(
        "high" if facts.is_failed else "medium",
        tuple(seen),
        patch=patch,
        verdict=spoiled(facts),
        explains=True,
    )


KINDS = (
    Kind(
        code="RD211",
        verdict="at_risk",
        title="A penalty on weights that outweighs the loss",
        reason="L1 and L2 penalties pull every weight towards zero in every step, while the loss "
        "pulls each in the direction of its rows. If the penalty's pull is the stronger one, the "
        "weights vanish and the scores with them. No penalty helped in any measured training "
        "(RG225).",
        signs="The model is no better than counting, and a layer's penalty pulls harder than 0.005 "
        "(RG225, which compares it with the gradient of a healthy loss, 0.1 to 0.5), or the "
        "regularization loss is 5% of the total loss or more (without a config, half of it).",
        remedy="Set `l1_reg` and `l2_reg` to 0, or to 1e-4 at most.",
        check=_penalty,
    ),
    Kind(
        code="RD212",
        verdict="at_risk",
        title="Dropout that leaves too little",
        reason="Several dropouts multiply: three of 0.5 leave an eighth of the numbers. With less "
        "than 30% left, two rows of the same buyer have less than a tenth of them in common, so a "
        "step is mostly noise (RG221: recall of popularity with 0.9). `buyer_id_dropout` hides the "
        "buyer of whole rows in the same way.",
        signs="The model is no better than counting, and all dropouts of a tower together leave "
        "30% of its numbers or less, or 70% of the rows hide their buyer. The loss of training "
        "rows, which have dropout, is then often above that of validation rows.",
        remedy="Use 0.1 to 0.3, once in a tower.",
        check=_dropout,
    ),
    Kind(
        code="RD214",
        verdict="at_risk",
        title="Gradients clipped too tightly",
        reason="Clipping scales the gradient down to the bound. If the usual norm is far above the "
        "bound, every step is divided by their ratio. Measured (RG227): a third of the usual norm "
        "cost little, a thirtieth a third of the recall, and with a three hundredth only "
        "popularity was learnt.",
        signs="The median norm of the gradients is ten times `gradient_clip_norm` or more, the "
        "loss never was above that of guessing, and the model is no better than counting; for "
        "optimizers that divide the norm away, such as Adam, only if the weights changed by less "
        "than 1% in the first epoch, too.",
        remedy="Set `gradient_clip_norm: 1.0`, and choose the length of the steps with the "
        "learning rate.",
        check=_clipped,
    ),
    Kind(
        code="RD215",
        verdict="at_risk",
        title="A schedule that ends too soon",
        reason="A schedule lowers the rate as training goes on. If the rate is nothing before the "
        "model has learnt, further epochs change nothing.",
        signs="With a schedule, an epoch changes the weights by less than a thousandth of what the "
        "first one did, from the first half of the training on; or warmup_cosine has a single "
        "epoch.",
        remedy="Use the `constant` schedule, or more epochs.",
        check=_schedule,
    ),
)
