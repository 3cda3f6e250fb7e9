"""Hard negatives: how few, and whether the right product is among them."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig, negatives_of
from recgen.rules.registry import NO_DATA, Problem, rule

_HARD = ("model", "hard_negatives")
_FEW = 8


@rule("RG233", "info")
def hard_negatives_few(model: ModelConfig) -> Iterator[Problem]:
    """Few hard negatives, or smoothed ones.

    With `hard_negatives`, only the negatives with the highest scores count. The fewer they are, the
    larger the share of products that the buyer would like as well and has not bought yet. Label
    smoothing, which is spread over what is compared, then raises exactly these scores. The logQ
    correction comes first, so among equal scores rare products are the harder ones. None of this
    was measured for this trainer.

    Example:
        model:
          hard_negatives: 3

    Use instead:
        model:
          hard_negatives: 64
          remove_accidental_hits: true

    Compare recall with that of all negatives (null) before you keep it.
    """
    hard = model.hard_negatives
    if hard is None:
        return
    if hard < _FEW:
        number = "one hard negative" if hard == 1 else f"{hard} hard negatives"
        message = f"{number}: a row is compared only with what the model confuses most"
        yield Problem(_HARD, message, "Use more, or all negatives (null).")
    if model.label_smoothing:
        message = "label_smoothing is spread over the hard negatives only"
        help = "Remove it, unless you compare recall with and without it."
        yield Problem(("model", "label_smoothing"), message, help, fix=("set", 0.0))


@rule("RG234", "warning")
def hits_among_hard_negatives(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Hard negatives with the right product among them.

    Another row of the batch may have the same product. Its score is the row's own, so it is among
    the negatives with the highest scores as soon as the model has learnt anything, and the softmax
    cannot prefer one to the other. Among all negatives of a batch it is one of many; among few it
    is not.

    Example:
        model:
          hard_negatives: 64

    Use instead:
        model:
          hard_negatives: 64
          remove_accidental_hits: true
    """
    is_sampled = negatives_of(model, data) != "full_catalogue"
    if model.hard_negatives and is_sampled and not model.remove_accidental_hits:
        message = (
            "where another row of the batch has a row's product, it is that row's hardest negative"
        )
        yield Problem(_HARD, message, "Set `remove_accidental_hits: true`.")
