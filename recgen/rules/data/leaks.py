"""Which column belongs to whom, seen in the data: to the product, to the buyer, to the row."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.data.columns import described_of, id_column, read_by
from recgen.data.profile import Profile
from recgen.findings import percent, show
from recgen.rules.registry import Problem, rule

_FEW, _MOST = 0.01, 0.5
_SEEN = 20  # products bought more than once: fewer agree by chance


@rule("RG526", "error", allowable=True)
def of_the_product(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """A property of the product in the buyer tower.

    The column has one value per product (in 99% of those bought more than once) and several for
    half of the buyers or more. So it was copied from the product that was bought: the buyer tower
    is told part of the answer, which it lacks when a buyer asks. Measured on Online Retail: with
    the price in both towers, the test's recall@100 was 0.57 instead of 0.27, a gain that no shop
    will ever see (one seed).

    Example:
        features:
          buyer_model_features:
            - {column: price, data_type: numeric}  # that of the product bought

    Use instead:
        features:
          product_model_features:
            - {column: price, data_type: numeric}

    Move the feature to the product tower.
    """
    buyer = id_column(features, "buyer", profile)
    product = id_column(features, "product", profile)
    if buyer is None or product is None:
        return
    repeated = sum(1 for count in profile.counts(product.name) if count > 1)
    for place, (path, name) in read_by(features, "buyer", profile).items():
        if place in (buyer.name, product.name) or profile.column(place).distinct < 2:
            continue
        products, buyers = (profile.ambiguous(key.name, place) for key in (product, buyer))
        fixed = repeated >= _SEEN and products <= _FEW * repeated
        if fixed and buyers >= _MOST * buyer.distinct:
            message = (
                f"{show(name)} in the buyer tower is a property of the product: it is the same "
                f"in all rows of a product, and varies for {percent(buyers / buyer.distinct)} "
                "of the buyers"
            )
            help = "Move it to the product tower: it is not known when a buyer asks."
            yield Problem(path, message, help)


@rule("RG527", "error", allowable=True)
def gives_the_pair_away(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """A column in both towers that gives the pair away.

    Training looks for the right product among those of the batch. When both towers see an invoice
    number or the time to the minute, and the sum of p² over its values times the batch is below 1,
    this column alone finds the right one: the loss falls, and nothing is learnt about taste.
    Measured on Online Retail: with the time of the invoice in both towers, recall@100 was 0.06
    instead of 0.27 (one seed). Columns that many rows share are reported by RG118.

    Example:
        features:
          buyer_model_features:
            - {column: invoice, data_type: text}
          product_model_features:
            - {column: invoice, data_type: text}

    Remove it from both towers.
    """
    buyers = read_by(features, "buyer", profile)
    for place, (path, name) in read_by(features, "product", profile).items():
        if place not in buyers or profile.column(place).kind == "list":
            continue
        others = _same_in_a_batch(profile, place, model.batch_size)
        if others < 1:
            message = (
                f"both towers read {show(name)}, and a batch of {model.batch_size:,} has on "
                f"average {others:.2f} other rows with the same value: it gives the "
                "right product away"
            )
            yield Problem(path, message, "Remove it from both towers.")


def _same_in_a_batch(profile: Profile, place: str, batch_size: int) -> float:
    """Returns how many rows of a batch share a row's value, on average: Simpson's index."""
    counts = profile.counts(place)
    rows = sum(counts)
    same = sum(count * (count - 1) for count in counts) / max(1, rows * (rows - 1))
    return same * (min(batch_size, rows) - 1)


@rule("RG528", "info")
def of_the_row(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """A product feature that is not a property of the product.

    In training each row brings its own value; when products are recommended, and in every recall,
    each has the value of its latest row. The two differ where a product has many values. Reported
    from 1% of the products on.

    Example:
        features:
          product_model_features:
            - {column: quantity, data_type: numeric}  # another one in each row

    Keep what changes slowly; remove what belongs to the purchase.
    """
    product = id_column(features, "product", profile)
    if product is None:
        return
    for path, feature, column in described_of(features, "product", profile):
        several = profile.ambiguous(product.name, column.name)
        if several > _FEW * product.distinct:
            message = (
                f"{show(feature.output_name)} has more than one value for "
                f"{percent(several / product.distinct)} of the products: each is "
                "recommended with the value of its latest row"
            )
            help = "Keep it if it changes slowly, like a price; otherwise remove it."
            yield Problem(path, message, help)
