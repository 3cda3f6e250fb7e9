"""Rules on splitting the data, so that the test is neither too optimistic nor meaningless."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, HistoryFeature, ModelConfig
from recgen.config.paths import all_features
from recgen.data.columns import name_counts
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_KIND = ("data", "split", "kind")
_DATE = ("data", "split", "date_column")
_SMALL_SHARE = 0.01
_LONG_GAP = 0.2
_PARTS = 3  # of a split: fewer times than that cannot be divided
_BY_TIME = "Use `strict_time` with a `date_column`"


@rule("RG301", "warning", words=("profile",))
def random_split(
    features: FeatureConfig, data: DataConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    """Random split together with a buyer ID.

    The model sees each buyer's later purchases during training, so the test is too optimistic: on
    one catalogue, recall@5 was 41% in the pipeline and 16% on a later day. Data without times
    cannot be split otherwise: then say so in a comment, `# recgen: ignore RG301: no dates`.

    Example:
        data:
          split: {kind: random}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}
    """
    if data.split and data.split.kind == "random" and features.buyer_id:
        message = (
            f"a random split with the buyer ID {show(features.buyer_id)}: "
            "the model knows each buyer's later purchases"
        )
        unknown = f"{_BY_TIME}, if a column has times."
        yield Problem(_KIND, message, unknown if profile is None else _of_data(profile))


def _can_split(column: ColumnProfile) -> bool:
    """Return whether most rows have a time, and there are enough for each part."""
    is_known = 2 * column.nulls <= column.rows
    return column.kind == "time" and column.distinct >= _PARTS and is_known


def _of_data(profile: Profile) -> str:
    """Return what to do, as far as the data has times."""
    counts = name_counts(profile)
    columns = (profile.column(name) for name in profile.names if counts[name] == 1)
    if any(map(_can_split, columns)):
        return f"{_BY_TIME}."
    return (
        "No column has times to split by: add one to the data if there is one. If there is none, "
        "say so in a comment: `# recgen: ignore RG301: the data has no times`."
    )


@rule("RG302", "error")
def date_missing(data: DataConfig) -> Iterator[Problem]:
    """A split by time without date_column.

    Without a date column, there is no time to split by.

    Example:
        data:
          split: {kind: strict_time}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}

    Name the column with the time of the transaction.
    """
    if data.split and data.split.kind != "random" and not data.split.date_column:
        message = f"the split {data.split.kind!r} needs `date_column`"
        yield Problem(_DATE, message, "Name the column with the time of the transaction.")


@rule("RG303", "info")
def date_unused(features: FeatureConfig, model: ModelConfig, data: DataConfig) -> Iterator[Problem]:
    """date_column with a random split.

    Rows are drawn whatever their time; it only decides whether two purchases of a product are one
    row, and becomes `event_time` in the examples, which determines the latest row of a product and
    the age of rows in baselines with decay. Nothing is reported if histories
    or `recency_half_life_days` need the time.

    Example:
        data:
          split: {kind: random, date_column: order_date}

    Use instead:
        data:
          split: {kind: strict_time, date_column: order_date}

    Split by time, or remove it.
    """
    histories = any(isinstance(feature, HistoryFeature) for _, feature in all_features(features))
    if _is_random_with_date(data) and not histories and not model.recency_half_life_days:
        message = "date_column does not make a split by time of a random one"
        yield Problem(_DATE, message, "Remove it, or split by time.")


def _is_random_with_date(data: DataConfig) -> bool:
    return bool(data.split and data.split.kind == "random" and data.split.date_column)


@rule("RG310", "info")
def recency_at_random(model: ModelConfig, data: DataConfig) -> Iterator[Problem]:
    """Recency with a random split.

    `recency_half_life_days` prepares a model for the time after training: the older rows are, the
    less often they are drawn. A random split tests on rows of all times, including those that were
    rarely drawn, so it cannot judge this setting.

    Example:
        model:
          recency_half_life_days: 60
        data:
          split: {kind: random, date_column: order_date}

    Use instead:
        model:
          recency_half_life_days: 60
        data:
          split: {kind: strict_time, date_column: order_date}
    """
    if model.recency_half_life_days and _is_random_with_date(data):
        message = "newer rows are drawn more often, but the test has rows of all times"
        path = ("model", "recency_half_life_days")
        yield Problem(path, message, "Split by time: recency helps with future purchases.")


@rule("RG304", "error")
def nothing_left(data: DataConfig) -> Iterator[Problem]:
    """Validation and test leave too little to train on.

    With 80% or more held out, the evaluated model differs much from one trained on all the data.

    Example:
        data:
          split: {kind: random, validation: 0.4, test: 0.45}

    Use instead:
        data:
          split: {kind: random, validation: 0.05, test: 0.1}
    """
    held_out = data.split.validation + data.split.test if data.split else 0.0
    if held_out >= 0.8:
        message = f"validation and test take {held_out:.0%}: too little is left to train on"
        help = "Lower them; 0.05 and 0.1 are common."
        yield Problem(("data", "split", "test"), message, help)


@rule("RG305", "warning", of_retrieval=True)
def small_share(data: DataConfig) -> Iterator[Problem]:
    """Too few held-out rows for a meaningful recall.

    The standard error of a recall r over n rows is sqrt(r(1-r)/n): at a recall of 0.2, it is 0.013
    with 1,000 rows and 0.04 with 100, while most improvements are about 0.01. A part without any
    rows stops the run.

    Example:
        data:
          split: {kind: strict_time, date_column: bought_at, test: 0.001}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at, test: 0.1}

    Hold out 1,000 rows or more.
    """
    for part in ("validation", "test") if data.split else ():
        share = float(getattr(data.split, part))
        if share < _SMALL_SHARE:
            message = (
                f"{share:.2%} for the {part} is only a few rows, unless the data is very large"
            )
            yield Problem(("data", "split", part), message, "Hold out 1,000 rows or more.")


@rule("RG306", "info")
def drawn_validation(data: DataConfig) -> Iterator[Problem]:
    """A validation that does not resemble the test.

    time_holdout draws validation rows from the training period. The model has seen each buyer's
    purchases before and after them, so validation is too optimistic and favours settings that
    memorize over settings that predict. Measured on Online Retail: recall@100 is 0.420 in
    validation and 0.274 in the test; with strict_time the two are 0.278 and 0.270.

    Example:
        data:
          split: {kind: time_holdout, date_column: bought_at}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}

    Validation is then the last days before the test.
    """
    if data.split and data.split.kind == "time_holdout":
        message = "validation is drawn from the training period, but the test lies after it"
        help = (
            "Use `strict_time` to choose epochs and rates on days that resemble those of the test."
        )
        is_long = data.split.validation >= _LONG_GAP  # RG308 would take its place
        yield Problem(_KIND, message, help, fix=None if is_long else ("set", "strict_time"))


@rule("RG307", "warning")
def no_split(data: DataConfig, profile: Profile | None = None) -> Iterator[Problem]:
    """Data without a split.

    By default, `recgen train` draws 5% for validation and 5% for the test, so the model knows each
    buyer's later purchases: on one catalogue, recall@5 was 41% this way and 16% on a later day.

    Example:
        data:
          source: transactions.parquet

    Use instead:
        data:
          source: transactions.parquet
          split: {kind: strict_time, date_column: bought_at}
    """
    if data.split is None and (data.source or profile is not None):
        message = "there is no split for the data: rows are drawn at random for the test"
        help = "Add `split: {kind: strict_time, date_column: …}`."
        yield Problem(("data", "split"), message, help)


@rule("RG308", "info")
def long_gap(data: DataConfig) -> Iterator[Problem]:
    """A long gap between training and test.

    With strict_time, validation lies between training and test, so its share determines how
    outdated the model is when it is tested.

    Example:
        data:
          split: {kind: strict_time, date_column: bought_at, validation: 0.3}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at, validation: 0.05}

    Use 0.03 to 0.1 for validation.
    """
    split = data.split
    if split and split.kind == "strict_time" and split.validation >= _LONG_GAP:
        message = f"training ends {split.validation:.0%} of the whole time before the test begins"
        path = ("data", "split", "validation")
        yield Problem(path, message, "Lower it; 0.03 to 0.1 are common.")


@rule("RG309", "error")
def date_without_day(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    """A date column without dates.

    A TIME is a time of day, so the test would be the evenings of all days instead of the last days.

    Example:
        data:
          column_types: {bought_at: TIME}
          split: {kind: strict_time, date_column: bought_at}

    Use instead:
        data:
          column_types: {bought_at: TIMESTAMP}
          split: {kind: strict_time, date_column: bought_at}

    Name a column with the date of the transaction.
    """
    date = data.split.date_column if data.split else None
    types = dict(data.column_types)
    types |= {feature.output_name: feature.bq_type for _, feature in all_features(features)}
    if date and types.get(date) == "TIME":
        message = f"the date column {show(date)} is a TIME, which has no date"
        yield Problem(_DATE, message, "Name a column with the date of the transaction.")
