"""Parts of training_metrics.json: losses, statistics, health, evaluation, parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

BINS = 25
TOWERS: tuple[Tower, ...] = ("query", "candidate")
PARTS: tuple[Part, ...] = (*TOWERS, "rating_head")
LOSSES = tuple(
    f"{part}{name}"
    for part in ("", "val_")
    for name in ("loss", "regularization_loss", "total_loss")
)
TASKS = ("retrieval", "ranking")
BASELINES = ("popularity", "popularity_recent", "own_history", "own_history_recent")
WAYS = ("model", *BASELINES)
VIEWS = ("all", "new", "new_filtered", "unknown_buyers")
MOMENTS = ("mean", "std", "min", "max", "norm")

Series = Annotated[tuple[float | None, ...], Field(strict=False)]
"""A value per epoch; null where it was NaN, infinite or not measured."""

Count = Annotated[int, Field(ge=0)]
Tower = Literal["query", "candidate"]
Part = Literal["query", "candidate", "rating_head"]
FailureKind = Literal[
    "collapse",
    "dead_tower",
    "not_learning",
    "popularity_only",
    "constant_prediction",
    "divergence",
    "nan",
    "out_of_data",
]


class MetricsPart(BaseModel):
    """Base class of all parts: additional keys are accepted, and nothing is converted."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),  # `model_type` is a name of the contract
        defer_build=True,  # built on first use
        use_attribute_docstrings=True,
    )


class Histogram(MetricsPart):
    """Distribution of values per epoch, over fixed bins."""

    bin_edges: Annotated[list[float], Field(min_length=BINS + 1, max_length=BINS + 1)]
    counts: list[Annotated[list[Count], Field(min_length=BINS, max_length=BINS)]]

    @model_validator(mode="after")
    def _increasing(self) -> Histogram:
        edges = self.bin_edges
        if any(left >= right for left, right in pairwise(edges)):
            raise ValueError("bin_edges do not increase")
        return self


class TowerStats(MetricsPart):
    """Statistics over all values of a tower's weights or gradients, per epoch."""

    mean: Series
    std: Series
    min: Series
    max: Series
    norm: Series
    histogram: Histogram | None
    """None if the file does not have it."""


class Towers(MetricsPart):
    """Statistics of both towers."""

    query: TowerStats
    candidate: TowerStats
    rating_head: TowerStats | None = None
    """Only of models that predict a target."""


class Losses(MetricsPart):
    """Losses per epoch: means over the epoch's rows; the total includes the regularization.

    With `pairwise_share`, the total includes the pairs, too, whose mean is `pairwise_loss`; `loss`
    and `val_loss` are those of the rows alone.
    """

    __pydantic_extra__: dict[str, Series]

    loss: Series
    regularization_loss: Series
    total_loss: Series
    val_loss: Series
    val_regularization_loss: Series
    val_total_loss: Series


class Gradients(MetricsPart):
    """Norms of the gradients per epoch: means over its steps."""

    __pydantic_extra__: dict[str, Series]

    total: Series
    query: Series
    candidate: Series


class TowerHealth(MetricsPart):
    """How a tower uses its dimensions, per epoch, on a fixed sample of training rows."""

    effective_rank: Series
    """Effective rank: the exponential of the entropy of the normalized singular values."""
    mean_cosine: Series
    """Mean cosine over all pairs of rows; 1 means that all vectors point in one direction."""
    update_ratio: Series
    """Norm of an epoch's change of the weights, relative to the norm of the weights."""
    dead_units: Series | None = None
    """Share of units that rarely fire, in the worst ReLU layer; None without such a layer."""


class HeadHealth(MetricsPart):
    """What a rating head does, per epoch, on a fixed sample of training rows."""

    update_ratio: Series
    """Norm of an epoch's change of the weights, relative to the norm of the weights."""
    spread: Series
    """Standard deviation of the predictions, relative to that of the target."""
    dead_units: Series | None = None
    """Share of units that rarely fire, in the worst ReLU layer; None without such a layer."""


class Health(MetricsPart):
    """Signs of a failing training, per epoch."""

    loss_to_chance: Series | None = None
    """Training loss divided by that of equal scores; of ranking, by that of the best constant."""
    retrieval_to_chance: Series | None = None
    """Multitask only: the loss of retrieval divided by that of equal scores."""
    ranking_to_chance: Series | None = None
    """Multitask only: the loss of ranking divided by that of the best constant."""
    retrieval_weight: Series | None = None
    """Multitask only: the weight of the task, with what is learnt of it."""
    ranking_weight: Series | None = None
    """Multitask only: the same of the other task."""
    pairs_per_row: Series | None = None
    """With `pairwise_share`: pairs of a buyer's rows that were compared, for each row."""
    val_coverage_at_100: Series | None = None
    """Not of ranking: share of the catalogue in the top 100 of a sample of validation rows."""
    query: TowerHealth
    candidate: TowerHealth
    rating_head: HeadHealth | None = None
    """Only of models that predict a target."""


class Interval(MetricsPart):
    """A figure with its 95% interval, from a bootstrap over buyers."""

    value: float
    low: float | None
    high: float | None
    lead_low: float | None = None
    """Of a baseline: the lower end of the interval of the model's lead over it."""
    lead_high: float | None = None

    @classmethod
    def of(cls, value: float, low: float | None = None, high: float | None = None) -> Interval:
        """Return a figure; without `low` and `high` if its error is unknown."""
        return cls.model_construct(value=value, low=low, high=high)


class BuyerGroups(MetricsPart):
    """Sums over groups of buyers, by which two runs are compared on the same test in pairs.

    A buyer's group is a hash of the ID; the file names no buyer.
    """

    rows: list[Count]
    """Rows or pairs of each group."""
    sums: dict[str, list[float]]
    """By measure, what they add up to: hits of recall, squares of the RMSE, …"""

    @model_validator(mode="after")
    def _alike(self) -> BuyerGroups:
        odd = [name for name, values in self.sums.items() if len(values) != len(self.rows)]
        if odd:
            raise ValueError(f"sums.{odd[0]} has other groups than rows")
        return self


class Evaluated(MetricsPart):
    """Metrics of one recommender on all test pairs and on new ones."""

    all: dict[str, Interval]
    new: dict[str, Interval] | None = None
    new_filtered: dict[str, Interval] | None = None
    """New pairs, with the buyer's past products taken out of the lists."""
    unknown_buyers: dict[str, Interval] | None = None
    """Pairs of buyers who are unknown to training, shown with an unknown ID and no history."""
    coverage_at_100: float | None = None
    """Share of the catalogue in the top 100 of the test's buyers."""


class Evaluation(MetricsPart):
    """The model and the baselines that count, on the test's pairs of buyer and product."""

    pairs: dict[str, Count]
    """Numbers of pairs: `all`, `new`, `left_out` (buyer or product unknown to training),
    `unscored` (beyond the bound of the test), `unknown_buyers`, and `shown_as_unknown`: those of
    them whose buyers are known, where no buyer is unknown."""
    model: Evaluated
    popularity: Evaluated
    own_history: Evaluated
    popularity_recent: Evaluated | None = None
    """Popularity, with the half-life of `params.half_lives`. None if rows have no time."""
    own_history_recent: Evaluated | None = None
    """Own history, with the half-lives of `params.half_lives`. None if rows have no time."""
    groups: dict[str, BuyerGroups] | None = None
    """The model's monitored measure by group of buyers, for `all`, `new` and `new_filtered`."""

    @property
    def figures(self) -> dict[tuple[str, str, str], Interval]:
        """All figures, by recommender (`model`), pairs (`new`) and name (`recall_at_100`)."""
        return {
            (who, pairs, name): interval
            for who in WAYS
            for pairs in VIEWS
            for name, interval in (getattr(getattr(self, who), pairs, None) or {}).items()
        }

    @property
    def coverage(self) -> dict[str, float]:
        """The coverage by recommender, if measured."""
        shares = {who: getattr(getattr(self, who), "coverage_at_100", None) for who in WAYS}
        return {who: share for who, share in shares.items() if share is not None}


class Bin(MetricsPart):
    """Predictions that are close to each other, with the targets of their rows."""

    rows: Count
    predicted: float
    """Mean of the predictions."""
    actual: float
    """Mean of the targets."""


class RatingEvaluation(MetricsPart):
    """Predictions of test rows, compared with means of the target in training rows."""

    measure: str
    """By which the model is judged: `auc_roc` for a target of 0 or 1, otherwise `rmse`, or
    `rmse_log` where the logarithm is learnt."""
    rows: Count
    """Test rows that have a target: all of them, or a sample."""
    buyers: Count = 0
    bins: list[Bin] = []
    """Ten groups of rows by their predictions, with equally many rows."""
    figures: dict[str, dict[str, Interval]]
    """By who predicts (`model`, `global_mean`, `buyer_mean`, `product_mean`,
    `buyer_and_product_mean`) and name: `rmse`, `mae` and `ndcg_at_10`, and of a target of 0 or 1
    `auc_roc`, `gauc` (the AUC within buyers), `log_loss` and `ece` (calibration error)."""
    groups: BuyerGroups | None = None
    """The model's measures that are means over rows, by group of buyers; the AUC is that of
    DeLong's terms."""


class Calibration(MetricsPart):
    """Calibration of predicted chances, on validation rows."""

    method: Literal["platt", "mean", "none"]
    """Platt scaling, or drawn to the mean; `none` if neither helped on rows that it was not fitted
    on."""
    slope: float
    """Platt scaling's factor of the logits."""
    intercept: float
    """What it adds to them."""
    mean_weight: float = 0.0
    """How far the chances are drawn to the mean: 1 is the mean alone."""
    mean: float = 0.0
    """That of the validation rows."""
    tried: dict[str, float] = {}
    """The log loss by method, on rows that it was not fitted on."""
    rows: int | None = None
    log_loss_before: float | None = None
    log_loss_after: float | None = None
    ece_before: float | None = None
    """Expected calibration error over ten groups of equally many rows."""
    ece_after: float | None = None


class UnknownBuyersFit(MetricsPart):
    """How products are ranked for buyers of whom nothing is known."""

    towers: float
    """The weight of the towers' score; the log share of a product has the weight 1."""
    half_life: float | None = None
    """Half-life of that share in days; None counts rows of all ages alike."""
    pairs: int | None = None
    """Validation pairs by which both were chosen."""
    validation: dict[str, float] = {}
    """By recommender: the `model`, and each popularity."""


class FinalLayerFit(MetricsPart):
    """The fit of the final layer, which ranks products by the towers' score and other terms."""

    weights: dict[str, float]
    """By term: `towers`, `share_<n>_days` and `share` (log shares of rows), `had…` (purchases)."""
    new_pairs_count: float | None = None
    """How often a pair that is no repeat counts in the fit."""
    part: float | None = None
    """How far the weights went from the towers alone, 0, to the fit, 1."""
    measure: str | None = None
    """The measure of `validation`."""
    validation: dict[str, dict[str, float]] = {}
    """By recommender and view: the `model` with the layer, the `towers` alone, each baseline."""
    unknown_buyers: UnknownBuyersFit | None = None


class Params(MetricsPart):
    """Settings of the training, and how it failed if it did."""

    name: str | None = None
    config_digest: str | None = None
    """Identifies the config, as in the header of the generated modules."""
    digests: dict[str, str] | None = None
    """By level of `recgen breaking` (`client`, …): the same as long as nothing changes there."""
    model_type: str | None = None
    optimizer: str | None = None
    epochs: int | None = None
    """Number of epochs in the settings."""
    batch_size: int | None = None
    learning_rate: float | None = None
    embedding_dim: int | None = None
    seed: int | None = None
    candidates: int | None = None
    """Number of products that can be recommended."""
    train_rows: int | None = None
    eval_rows: int | None = None
    validated_rows: int | None = None
    """Number of validation rows by which epochs are compared: all of them, or a sample."""
    test_rows: int | None = None
    tested_rows: int | None = None
    """Number of test rows on which the model was tested: all of them, or a sample."""
    unknown_products: dict[str, float] | None = None
    """Share of rows of each split (`eval`) whose product is not in the rows of the first
    training."""
    unknown_ids: dict[str, dict[str, float]] | None = None
    """Share of rows of each split whose buyer or product is in no vocabulary, by column."""
    histories: dict[str, dict[str, float]] | None = None
    """A sample of training rows' lists: `empty` ones, mean `length`, with the `own_product`."""
    steps_per_epoch: int | None = None
    negatives: str | None = None
    """Negatives: in_batch, mixed or full_catalogue."""
    retrieval_weight: float | None = None
    """Multitask only: the weight of the task's loss, relative to that of equal scores."""
    ranking_weight: float | None = None
    """Multitask only: the same, relative to the loss of the best constant."""
    starved_task: str | None = None
    """Multitask only: the task of which nothing was learnt, if the other was."""
    loss_function: str | None = None
    """Of models that predict a target: mse, huber or binary_crossentropy."""
    is_binary_labels: bool = False
    """Of models that predict a target: whether the target is 0 or 1."""
    without_target: dict[str, float] | None = None
    """Of models that predict a target: rows of each split that have none, on which only retrieval
    learns."""
    monitored: str | None = None
    """The measure that tells models apart and determined the best epoch: `recall_at_<k>`, or
    `mrr`, the mean reciprocal rank, where lists of any length are too easy; `loss` of ranking."""
    kept_by: str | None = None
    """What determined the best epoch, if it is not that measure: `both_tasks` of multitask, the
    mean of the monitored measure and of the share of the best constant's loss that predictions
    avoid, weighted like the tasks."""
    monitored_k: int | None = None
    """The k of the monitored recall, in files of older trainers."""
    half_lives: dict[str, dict[str, float | None]] | None = None
    """Days after which a row counts half in each baseline, by what is counted; null: no decay."""
    best_epoch: int | None = None
    best_recall: float | None = None
    """Validation value of the monitored measure in the best epoch."""
    best_of_both: float | None = None
    """Multitask only: the highest validation value of `both_tasks`, that of the best epoch."""
    best_loss: float | None = None
    """Ranking only: the lowest validation loss, that of the best epoch."""
    stopped_early: bool = False
    status: str | None = None
    """How the run ended, in the words of a platform's database: `completed`, `cancelled`."""
    refit_epochs: int | None = None
    """Epochs of the second training, on validation rows too, and of the third, on test rows too."""
    measured_rows: int | None = None
    """Number of rows that the model was trained on whose test is in this file."""
    measured_unknown_products: float | None = None
    """Share of test rows whose product that model does not know."""
    served_rows: int | None = None
    """Number of rows that the saved model was trained on."""
    at_chance: bool = False
    """Whether the loss stayed that of chance, in a training too short to call it a failure."""
    failure: str | None = None
    """Why training was stopped, in a sentence."""
    failure_kind: FailureKind | None = None
    failure_epoch: int | None = None
    gradient_collapse_detected: bool = False
    collapsed_towers: list[Part] = []
    gradient_collapse_epoch: int | None = None
    nan_detected: bool = False
    nan_epoch: int | None = None

    @property
    def measure(self) -> str | None:
        """The monitored measure, of older trainers too."""
        older = None if self.monitored_k is None else f"recall_at_{self.monitored_k}"
        return self.monitored or older

    @property
    def baselines(self) -> dict[str, str]:
        """What each baseline is, in words; one with decay only if a half-life was chosen."""
        found = {who: _described(who, (self.half_lives or {}).get(who, {})) for who in BASELINES}
        return {who: words for who, words in found.items() if words}

    @property
    def given(self) -> dict[str, object]:
        """All parameters in the file, including those unknown to the model."""
        return self.model_dump(exclude_unset=True, exclude_none=True)

    @model_validator(mode="after")
    def _explained(self) -> Params:
        if self.gradient_collapse_detected and self.gradient_collapse_epoch is None:
            raise ValueError("a collapse was detected, but gradient_collapse_epoch is missing")
        return self


def _described(who: str, days: dict[str, float | None]) -> str | None:
    """Return a baseline in words; None for one that should decay and does not."""
    words = who.removesuffix("_recent").replace("_", " ")
    if words == who.replace("_", " "):
        return words
    own, popular = days.get("own_history"), days.get("popularity")
    if own is None and popular is not None and words != "popularity":
        return f"{words}, then popularity with a half-life of {popular:g} days"
    half_life = popular if words == "popularity" else own
    return None if half_life is None else f"{words} with a half-life of {half_life:g} days"
