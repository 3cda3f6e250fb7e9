"""How data is split: what makes a test say too much or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, HistoryFeature, ModelConfig
from recgen.config.paths import all_features
from recgen.data.profile import Profile
from recgen.findings import show
from recgen.rules.base import Problem, Rule

_KIND = ("data", "split", "kind")
_DATE = ("data", "split", "date_column")
_SMALL_SHARE = 0.01
_LONG_GAP = 0.2


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


def _date_unused(
    features: FeatureConfig, model: ModelConfig, data: DataConfig
) -> Iterator[Problem]:
    histories = any(isinstance(feature, HistoryFeature) for _, feature in all_features(features))
    if _is_random_with_date(data) and not histories and not model.recency_half_life_days:
        message = "date_column does not change a random split: it only gives `event_time`"
        yield Problem(_DATE, message, "Remove it, or split by time.")


def _is_random_with_date(data: DataConfig) -> bool:
    return bool(data.split and data.split.kind == "random" and data.split.date_column)


def _recency_at_random(model: ModelConfig, data: DataConfig) -> Iterator[Problem]:
    if model.recency_half_life_days and _is_random_with_date(data):
        message = "late rows are drawn more often, and the test's rows are of all times"
        path = ("model", "recency_half_life_days")
        yield Problem(path, message, "Split by time: recency helps with what comes next.")


def _nothing_left(data: DataConfig) -> Iterator[Problem]:
    held_out = data.split.validation + data.split.test if data.split else 0.0
    if held_out >= 0.8:
        message = f"validation and test take {held_out:.0%}: too little is left to train on"
        help = "Lower them; 0.05 and 0.1 are usual."
        yield Problem(("data", "split", "test"), message, help)


def _small_share(data: DataConfig) -> Iterator[Problem]:
    for part in ("validation", "test") if data.split else ():
        share = float(getattr(data.split, part))
        if share < _SMALL_SHARE:
            message = f"{share:.2%} for {part} are few rows, unless the data is very large"
            yield Problem(("data", "split", part), message, "Hold out 1,000 rows or more.")


def _drawn_validation(data: DataConfig) -> Iterator[Problem]:
    if data.split and data.split.kind == "time_holdout":
        message = "validation is drawn from the training time, the test lies after it"
        help = "Use `strict_time` to choose epochs and rates on days that look like the test's."
        yield Problem(_KIND, message, help, fix=("set", "strict_time"))


def _unsplit(data: DataConfig, profile: Profile | None = None) -> Iterator[Problem]:
    if data.split is None and (data.source or profile is not None):
        message = "there is data and no split: rows are drawn at random for the test"
        help = "Add `split: {kind: strict_time, date_column: …}`."
        yield Problem(("data", "split"), message, help)


def _gap(data: DataConfig) -> Iterator[Problem]:
    split = data.split
    if split and split.kind == "strict_time" and split.validation >= _LONG_GAP:
        message = f"training ends {split.validation:.0%} of the whole time before the test begins"
        path = ("data", "split", "validation")
        yield Problem(path, message, "Lower it: 0.03 to 0.1 are usual.")


def _no_day(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    date = data.split.date_column if data.split else None
    types = dict(data.column_types)
    types |= {feature.output_name: feature.bq_type for _, feature in all_features(features)}
    if date and types.get(date) == "TIME":
        message = f"the date column {show(date)} is a TIME: it has no day"
        yield Problem(_DATE, message, "Name a column with the date of the transaction.")


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
        reason="The split ignores it; it is only carried into the examples as `event_time`, by "
        "which a product's latest row is known. Nothing is said where histories or "
        "`recency_half_life_days` need the time.",
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
    Rule(
        code="RG305",
        severity="warning",
        title="So few rows held out that recall is noise",
        reason="The standard error of a recall r over n rows is sqrt(r(1-r)/n): at 0.2, 0.013 "
        "with 1,000 rows and 0.04 with 100, while most changes are worth 0.01. A part without any "
        "row stops the run.",
        example="data:\n  split: {kind: strict_time, date_column: bought_at, test: 0.001}",
        remedy="Hold out 1,000 rows or more.",
        checks=(_small_share,),
    ),
    Rule(
        code="RG306",
        severity="info",
        title="A validation that does not look like the test",
        reason="time_holdout draws validation rows from the time of the training. The model has "
        "seen each buyer's purchases before and after them, so they say too much, and favour "
        "settings that remember over settings that predict. Measured on Online Retail: validation "
        "recall@100 0.420, test 0.274; with strict_time the two are 0.278 and 0.270.",
        example="data:\n  split: {kind: time_holdout, date_column: bought_at}",
        remedy="Use `strict_time`: validation is then the last days before the test.",
        checks=(_drawn_validation,),
    ),
    Rule(
        code="RG307",
        severity="warning",
        title="Data without a split",
        reason="`recgen train` then draws 5% for validation and 5% for the test, so the model "
        "knows each buyer's later purchases: measured on one catalogue, recall@5 was 41% so and "
        "16% on a later day.",
        example="data:\n  source: transactions.parquet",
        remedy="Add `split: {kind: strict_time, date_column: ...}`.",
        checks=(_unsplit,),
    ),
    Rule(
        code="RG308",
        severity="info",
        title="A long gap between training and test",
        reason="With strict_time validation lies between training and test, so that its share is "
        "also the time that the model is out of date when it is tested.",
        example="data:\n  split: {kind: strict_time, date_column: bought_at, validation: 0.3}",
        remedy="Use 0.03 to 0.1 for validation.",
        checks=(_gap,),
    ),
    Rule(
        code="RG309",
        severity="error",
        title="The date column has no date",
        reason="A TIME is the time of the day, so that the test would be the evenings of all days "
        "instead of the last days.",
        example="data:\n  column_types: {bought_at: TIME}\n"
        "  split: {kind: strict_time, date_column: bought_at}",
        remedy="Name a column with the date of the transaction.",
        checks=(_no_day,),
    ),
    Rule(
        code="RG310",
        severity="info",
        title="Recency with a test of all times",
        reason="`recency_half_life_days` prepares for what comes after the training: rows are "
        "drawn the less often the older they are. A random split tests on rows of all times, "
        "those that were hardly drawn included, and so judges the setting by something else.",
        example="model:\n  recency_half_life_days: 60\n"
        "data:\n  split: {kind: random, date_column: order_date}",
        remedy="Use `strict_time`.",
        checks=(_recency_at_random,),
    ),
)
