"""Half-life and catalogue size against the data: how many rows are drawn, how many products."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, ModelConfig, negatives_of
from recgen.data.columns import date_column, id_column
from recgen.data.estimates import drawn_rows, parts
from recgen.data.profile import Profile
from recgen.findings import Severity
from recgen.rules.base import Problem, Rule

_DAY = 86_400
_STEPS = 20  # of an epoch, at least
_FAR = 2  # times as many products, or as few


def _half_life(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    days, path = model.recency_half_life_days, ("model", "recency_half_life_days")
    date, rows = date_column(features, data, profile), parts(features, data, profile)
    if days is None or date is None or rows is None:
        return
    span = ((date.high or 0) - (date.low or 0)) / _DAY
    if days > span:
        message = (
            f"a half-life of {days:,g} days, and the data spans {span:,.0f}: hardly any effect"
        )
        help = f"Lower it: a sixth of the time, {span / 6:.2g} days, was best on Online Retail."
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


def _catalogue(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    product, size = id_column(features, "product", profile), data.catalogue_size
    if product is None or size is None or product.distinct <= 1:
        return
    if product.distinct / _FAR <= size <= product.distinct * _FAR:
        return
    message = f"catalogue_size {size:,}, and the data has {product.distinct:,} products"
    right = data.model_copy(update={"catalogue_size": product.distinct})
    decides = negatives_of(model, right) != negatives_of(model, data)
    if decides:
        message += f": `negatives: auto` would decide for {negatives_of(model, right)}"
    path = ("data", "catalogue_size")
    help = "Set it to that, roughly: products that nobody bought cannot be compared."
    severity: Severity | None = None if decides else "info"
    yield Problem(path, message, help, severity=severity, fix=("set", product.distinct))


RULES = (
    Rule(
        code="RG529",
        severity="warning",
        title="A half-life that does not fit the data's time",
        reason="With `recency_half_life_days` each epoch draws its rows, by the chance "
        "0.5^(age / half-life). Said where fewer than 20 batches are drawn, and fewer than half "
        "of the rows: validation recall@10 on 5,000 rows of demo data was 0.26 with 3 steps an "
        "epoch, 0.32 with 7, 0.33 with 14 and 0.35 with 57 (one seed). A half-life above the whole "
        "span (a note) draws the oldest row more than half as often as the newest. On Online "
        "Retail 50 to 60 of 337 days were best.",
        example="model:\n  recency_half_life_days: 1  # of a year",
        remedy="Use about a sixth of the time, or a smaller batch.",
        checks=(_half_life,),
    ),
    Rule(
        code="RG530",
        severity="warning",
        title="A catalogue_size far from the data's",
        reason="`negatives: auto` scores the whole catalogue where `catalogue_size` is at most "
        "twice the batch, and rules on memory and temperature go by it. Said where it is more "
        "than twice or less than half of the products in the data, as a note where nothing is "
        "decided by it.",
        example="data:\n  catalogue_size: 1000  # the data has 50,000 products",
        remedy="Set it to the number of products in the data.",
        checks=(_catalogue,),
    ),
)
