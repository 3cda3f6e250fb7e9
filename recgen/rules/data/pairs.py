"""Rules on pairs of a buyer's rows in the data: whether there are any to compare."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.data.columns import id_column
from recgen.data.profile import Profile
from recgen.data.targets import learnt
from recgen.findings import percent, show
from recgen.rules.registry import Problem, rule

_FEW = 0.1  # of the buyers


@rule("RG580", "warning")
def few_pairs(features: FeatureConfig, model: ModelConfig, profile: Profile) -> Iterator[Problem]:
    """Hardly any buyer has rows with different targets.

    `pairwise_share` compares two rows of a buyer: the one with the higher target is to be predicted
    higher. A buyer with one row, or with the same target in all rows, has no such pair. If fewer
    than a tenth of the buyers have one, their few rows get that share of the loss, and the rows of
    all others the rest. Batches keep up to 8 rows of a buyer together, so that pairs are not lost
    by shuffling: on Online Retail, 97% of the rows in a batch of 256 have a pair, and 16% would in
    a random order.

    Example:
        features:
          target_column: rating  # one for each buyer
        model:
          model_type: ranking
          pairwise_share: 0.3

    Use instead:
        features:
          target_column: rating
        model:
          model_type: ranking

    Remove `pairwise_share`. The metrics file of a run says how many pairs there were for each row
    of a batch (`health.pairs_per_row`).
    """
    found = learnt(features, model, profile)
    if found is None or not model.pairwise_share or found.column.distinct < 2:
        return
    buyer = id_column(features, "buyer", found.profile)
    if buyer is None:
        return
    several = found.profile.ambiguous(buyer.name, found.column.name)
    if several < _FEW * buyer.distinct:
        share = percent(several / buyer.distinct)
        message = (
            f"only {several:,} of {buyer.distinct:,} buyers ({share}) have rows to compare, with "
            f"different values of {show(found.target.output_name)}"
        )
        help = "Remove it: the loss of single rows already has all that can be learned."
        yield Problem(("model", "pairwise_share"), message, help, fix=("remove", None))
