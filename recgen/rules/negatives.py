"""Rules on hard negatives: their number, and whether the right product is among them."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig, negatives_of
from recgen.rules.registry import NO_DATA, Problem, rule

_HARD = ("model", "hard_negatives")
_FEW = 8


@rule("RG233", "info", of_retrieval=True)
def hard_negatives_few(model: ModelConfig) -> Iterator[Problem]:
    """Few hard negatives, or smoothed ones.

    With `hard_negatives`, only the negatives with the highest scores count. The fewer there are,
    the larger the share of products that the buyer would also like but has not bought yet. Label
    smoothing is distributed over the remaining negatives and raises exactly these scores. The logQ
    correction comes first, so among equal scores rare products count as harder. None of this was
    measured for this trainer.

    Example:
        model:
          hard_negatives: 3

    Use instead:
        model:
          hard_negatives: 64
          remove_accidental_hits: true

    Compare its recall with that of all negatives (null) before you keep it.
    """
    hard = model.hard_negatives
    if hard is None:
        return
    if hard < _FEW:
        number = "one hard negative" if hard == 1 else f"{hard} hard negatives"
        message = (
            f"{number}: each row is only compared with the products that the model confuses most"
        )
        yield Problem(_HARD, message, "Use more, or all negatives (null).")
    if model.label_smoothing:
        message = "label_smoothing applies to the hard negatives only"
        help = "Remove it, unless you compare recall with and without it."
        yield Problem(("model", "label_smoothing"), message, help, fix=("set", 0.0))


@rule("RG234", "warning", of_retrieval=True)
def hits_among_hard_negatives(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Hard negatives with the right product among them.

    Another row of the batch may have the same product. It has the same score as the row's own
    product, so it is among the hardest negatives as soon as the model has learnt anything, and the
    softmax cannot separate the two. Among all negatives of a batch it is one of many, but not among
    a few.

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
            "if two rows of a batch have the same product, each one's hardest negative is its own "
            "product"
        )
        yield Problem(_HARD, message, "Set `remove_accidental_hits: true`.")
