"""Rules on half-life and catalogue size in comparison with the data."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, ModelConfig, negatives_of
from recgen.data.columns import date_column, id_column
from recgen.data.estimates import drawn_rows, split_sizes
from recgen.data.profile import Profile
from recgen.findings import Severity, counted
from recgen.rules.registry import Problem, rule

_DAY = 86_400
_STEPS = 20  # of an epoch, at least
_FAR = 2  # times as many products, or as few


@rule("RG529", "warning", also=("info",))
def half_life(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """A half-life that does not fit the time span of the data.

    With `recency_half_life_days`, each epoch draws its rows with the probability 0.5^(age /
    half-life). Reported if fewer than 20 batches and fewer than half of the rows are drawn:
    validation recall@10 on 5,000 rows of demo data was 0.26 with 3 steps per epoch, 0.32 with 7,
    0.33 with 14 and 0.35 with 57 (one seed). With a half-life longer than the whole time span (a
    note), the oldest row is drawn more than half as often as the newest. On Online Retail, 50 to 60
    of 337 days were best.

    Example:
        model:
          recency_half_life_days: 1  # of a year

    Use instead:
        model:
          recency_half_life_days: 60  # of a year

    Use about a sixth of the time span, or a smaller batch.
    """
    days, path = model.recency_half_life_days, ("model", "recency_half_life_days")
    date, rows = date_column(features, data, profile), split_sizes(features, data, profile)
    if days is None or date is None or rows is None:
        return
    span = ((date.high or 0) - (date.low or 0)) / _DAY
    if days > span:
        message = f"a half-life of {days:,g} days has little effect: the data spans {span:,.0f}"
        help = (
            f"Lower it: on Online Retail a sixth of the time, here {span / 6:.2g} days, was best."
        )
        yield Problem(path, message, help, severity="info")
        return
    drawn = drawn_rows(features, data, profile, days)
    if drawn is None or drawn >= min(_STEPS * model.batch_size, rows.training / 2):
        return
    message = (
        f"with a half-life of {days:g} days an epoch draws about {drawn:,.0f} of "
        f"{rows.training:,} rows: {drawn / model.batch_size:,.1f} batches of {model.batch_size:,}"
    )
    yield Problem(path, message, "Raise it, or lower `batch_size`.")


@rule("RG530", "warning", also=("info",))
def catalogue_size(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """A catalogue_size that differs from that of the data.

    `negatives: auto` scores the whole catalogue if `catalogue_size` is at most twice the batch
    size, and the rules on memory and temperature rely on it. Reported if it is more than twice or
    less than half of the number of products in the data, as a note if nothing depends on it.

    Example:
        data:
          catalogue_size: 1000  # the data has 50,000 products

    Use instead:
        data:
          catalogue_size: 50000  # the data has 50,000 products

    Set it to the number of products in the data.
    """
    product, size = id_column(features, "product", profile), data.catalogue_size
    if product is None or size is None or product.distinct <= 1:
        return
    if product.distinct / _FAR <= size <= product.distinct * _FAR:
        return
    message = f"catalogue_size is {size:,}, but the data has {counted(product.distinct, 'product')}"
    right = data.model_copy(update={"catalogue_size": product.distinct})
    decides = negatives_of(model, right) != negatives_of(model, data)
    if decides:
        message += f": `negatives: auto` would choose {negatives_of(model, right)}"
    path = ("data", "catalogue_size")
    help = "Set it to about that number: products that nobody bought do not count."
    severity: Severity | None = None if decides else "info"
    yield Problem(path, message, help, severity=severity, fix=("set", product.distinct))
