"""Hard negatives: how few, and whether the right product is among them."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig, negatives_of
from recgen.rules.base import NO_DATA, Problem, Rule

_HARD = ("model", "hard_negatives")
_FEW = 8


def _few(model: ModelConfig) -> Iterator[Problem]:
    hard = model.hard_negatives
    if hard is None:
        return
    if hard < _FEW:
        number = "one hard negative" if hard == 1 else f"{hard} hard negatives"
        message = f"{number}: a row is compared with what the model mixes up most, and nothing else"
        yield Problem(_HARD, message, "Compare with more, or with all (null).")
    if model.label_smoothing:
        message = "label_smoothing is spread over the hard negatives alone"
        help = "Leave it away, unless you compare both."
        yield Problem(("model", "label_smoothing"), message, help, fix=("set", 0.0))


def _right_among_them(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    is_sampled = negatives_of(model, data) != "full_catalogue"
    if model.hard_negatives and is_sampled and not model.remove_accidental_hits:
        message = (
            "a row's own product is its hardest negative, where another row of the batch has it"
        )
        yield Problem(_HARD, message, "Set `remove_accidental_hits: true`.")


RULES = (
    Rule(
        code="RG233",
        severity="info",
        title="Few hard negatives, or smoothed ones",
        reason="With `hard_negatives` only the negatives with the highest scores count. The fewer "
        "they are, the larger is the share of products that the buyer would like as well and has "
        "not bought yet. Smoothing, which is spread over what is compared, then raises exactly "
        "these scores. The logQ correction comes first, so that among equal scores rare products "
        "are the harder ones. None of it was measured for this trainer.",
        example="model:\n  hard_negatives: 3",
        remedy="Compare recall with that of all negatives (null) before you keep it.",
        checks=(_few,),
    ),
    Rule(
        code="RG234",
        severity="warning",
        title="Hard negatives with the right product among them",
        reason="In a batch another row may have the same product. Its score is the row's own, so "
        "it is among the negatives with the highest scores as soon as the model has learnt "
        "anything, and the softmax cannot prefer the one to the other. Among all negatives of a "
        "batch it is one of many, among few it is not.",
        example="model:\n  hard_negatives: 64",
        remedy="Set `remove_accidental_hits: true`.",
        checks=(_right_among_them,),
    ),
)
