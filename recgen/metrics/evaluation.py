"""Parts of training_metrics.json on the test, and on what is fitted after the training."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from recgen.metrics.parts import VIEWS, WAYS, Count, MetricsPart

_FEW_PAIRS, _FAR_MORE = 100, 10  # times as many


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
        """All figures, by recommender (`model`), pairs (`new`) and name (`recall_at_100`).

        Those of known buyers are left out where they are a few among many unknown ones.
        """
        known = self.pairs.get("all", 0)
        are_few = known < _FEW_PAIRS and self.pairs.get("left_out", 0) > _FAR_MORE * known
        return {
            (who, pairs, name): interval
            for who in WAYS
            for pairs in (VIEWS[-1:] if are_few else VIEWS)
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

    weights: dict[str, float] = {}
    """By term: `towers`, `share_<n>_days` and `share` (log shares of rows), `had…` (purchases).

    Empty if no validation row is of a known buyer: then `unknown_buyers` has what is used.
    """
    new_pairs_count: float | None = None
    """How often a pair that is not a repeat counts in the fit."""
    part: float | None = None
    """How far the weights went from the towers alone, 0, to the fit, 1."""
    measure: str | None = None
    """The measure of `validation`."""
    validation: dict[str, dict[str, float]] = {}
    """By recommender and view: the `model` with the layer, the `towers` alone, each baseline."""
    unknown_buyers: UnknownBuyersFit | None = None
