"""How data is split: what makes a test say too much or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig
from recgen.findings import show
from recgen.rules.base import Problem, Rule

_KIND = ("data", "split", "kind")
_DATE = ("data", "split", "date_column")


def _random_with_buyer(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    if data.split and data.split.kind == "random" and features.buyer_id:
        message = (
            f"a random split with the buyer ID {show(features.buyer_id)}: "
            "the test knows each buyer's later purchases"
        )
        help = "Use `strict_time` with a `date_column`."
        yield Problem(_KIND, message, help)


def _no_date(data: DataConfig) -> Iterator[Problem]:
    if data.split and data.split.kind != "random" and not data.split.date_column:
        message = f"the split {data.split.kind!r} needs `date_column`"
        yield Problem(_DATE, message, "Name the column with the time of the transaction.")


def _date_unused(data: DataConfig) -> Iterator[Problem]:
    if data.split and data.split.kind == "random" and data.split.date_column:
        message = "date_column does not change a random split: it only gives `event_time`"
        yield Problem(_DATE, message, "Remove it, or split by time.")


def _nothing_left(data: DataConfig) -> Iterator[Problem]:
    held_out = data.split.validation + data.split.test if data.split else 0.0
    if held_out >= 0.8:
        message = f"validation and test take {held_out:.0%}: too little is left to train on"
        help = "Lower them; 0.05 and 0.1 are usual."
        yield Problem(("data", "split", "test"), message, help)


RULES = (
    Rule(
        code="RG301",
        severity="warning",
        title="Random split together with a buyer ID",
        reason="The model sees each buyer's later purchases while it is trained, so the test says "
        "too much: measured on one catalogue, recall@5 was 41% in the pipeline and 16% on a later "
        "day.",
        example="data:\n  split: {kind: random}",
        remedy="Use `kind: strict_time` with a `date_column`.",
        checks=(_random_with_buyer,),
    ),
    Rule(
        code="RG302",
        severity="error",
        title="A split by time without date_column",
        reason="There is no time to split by.",
        example="data:\n  split: {kind: strict_time}",
        remedy="Name the column with the time of the transaction.",
        checks=(_no_date,),
    ),
    Rule(
        code="RG303",
        severity="info",
        title="date_column with a random split",
        reason="The split ignores it; it is only carried into the examples as `event_time`.",
        example="data:\n  split: {kind: random, date_column: order_date}",
        remedy="Remove it, or split by time.",
        checks=(_date_unused,),
    ),
    Rule(
        code="RG304",
        severity="error",
        title="Validation and test leave too little to train on",
        reason="With 80% or more held out the model is not the one that is judged.",
        example="data:\n  split: {kind: random, validation: 0.4, test: 0.45}",
        remedy="Lower them; 0.05 and 0.1 are usual.",
        checks=(_nothing_left,),
    ),
)
