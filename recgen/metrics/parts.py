"""Parts of training_metrics.json: losses, statistics, health, evaluation, parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

BINS = 25
TOWERS: tuple[Tower, ...] = ("query", "candidate")
LOSSES = tuple(
    f"{part}{name}"
    for part in ("", "val_")
    for name in ("loss", "regularization_loss", "total_loss")
)
WAYS = ("model", "popularity", "own_history")
MOMENTS = ("mean", "std", "min", "max", "norm")

Series = Annotated[tuple[float | None, ...], Field(strict=False)]
"""A value per epoch; null where it was NaN, infinite or not measured."""

_Count = Annotated[int, Field(ge=0)]
Tower = Literal["query", "candidate"]
FailureKind = Literal[
    "collapse", "dead_tower", "not_learning", "popularity_only", "divergence", "nan"
]


class MetricsPart(BaseModel):
    """What all parts share: more keys may be there, and nothing is converted."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),  # `model_type` is a name of the contract
        defer_build=True,  # on first use
        use_attribute_docstrings=True,
    )


class Histogram(MetricsPart):
    """How values are distributed, per epoch, over bins that stay the same."""

    bin_edges: Annotated[list[float], Field(min_length=BINS + 1, max_length=BINS + 1)]
    counts: list[Annotated[list[_Count], Field(min_length=BINS, max_length=BINS)]]

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
    """None where a file does not have it."""


class Towers(MetricsPart):
    """Both towers' statistics."""

    query: TowerStats
    candidate: TowerStats


class Losses(MetricsPart):
    """Losses per epoch: means over the epoch's rows; the total includes the regularization."""

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
    """How a tower uses its vectors, per epoch, over a fixed sample of training rows."""

    effective_rank: Series
    """Dimensions in use: the exponential of the entropy of the singular values' shares."""
    mean_cosine: Series
    """Mean cosine over all pairs of rows: 1 means that all are alike."""
    update_ratio: Series
    """Length of an epoch's change of the weights, relative to the weights' own."""
    dead_units: Series | None = None
    """Share of units that hardly fire, in the worst ReLU layer; None without such a layer."""


class Health(MetricsPart):
    """Signs of a failing training, per epoch."""

    loss_to_chance: Series | None = None
    """Retrieval: the training loss divided by that of equal scores."""
    val_coverage_at_100: Series | None = None
    """Retrieval: share of the catalogue among the first 100 products of some validation rows."""
    query: TowerHealth
    candidate: TowerHealth


class Interval(MetricsPart):
    """A figure with its 95% interval, from a bootstrap over buyers."""

    value: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, value: float, low: float | None = None, high: float | None = None) -> Interval:
        """Returns a figure; without ends where nothing is known of its error."""
        return cls.model_construct(value=value, low=low, high=high)


class Evaluated(MetricsPart):
    """Metrics of one way to recommend, over all test pairs and over new ones."""

    all: dict[str, Interval]
    new: dict[str, Interval] | None = None
    coverage_at_100: float | None = None
    """Share of the catalogue among the first 100 products of the test's buyers."""


class Evaluation(MetricsPart):
    """The model on the test's pairs of buyer and product, beside two baselines."""

    pairs: dict[str, _Count]
    """How many: `all`, `new`, and `left_out` for what training does not know."""
    model: Evaluated
    popularity: Evaluated
    own_history: Evaluated

    @property
    def figures(self) -> dict[tuple[str, str, str], Interval]:
        """All figures, by who (`model`), pairs (`new`) and name (`recall_at_100`)."""
        return {
            (who, pairs, name): interval
            for who in WAYS
            for pairs in ("all", "new")
            for name, interval in (getattr(getattr(self, who), pairs) or {}).items()
        }

    @property
    def coverage(self) -> dict[str, float]:
        """The coverage of each, where it was measured."""
        shares = {who: getattr(self, who).coverage_at_100 for who in WAYS}
        return {who: share for who, share in shares.items() if share is not None}


class Params(MetricsPart):
    """What was trained, and how the training failed if it did."""

    name: str | None = None
    config_digest: str | None = None
    """Identifies the config, as the header of the generated modules does."""
    model_type: str | None = None
    optimizer: str | None = None
    epochs: int | None = None
    """Epochs that were asked for."""
    batch_size: int | None = None
    learning_rate: float | None = None
    embedding_dim: int | None = None
    seed: int | None = None
    candidates: int | None = None
    """Products to choose from."""
    train_rows: int | None = None
    eval_rows: int | None = None
    validated_rows: int | None = None
    """Rows of the validation by which epochs are compared: all of them, or a part."""
    test_rows: int | None = None
    unknown_products: dict[str, float] | None = None
    """Share of validation (`eval`) and `test` rows whose product the training rows do not have."""
    negatives: str | None = None
    """What a product was compared with: in_batch, mixed or full_catalogue."""
    monitored_k: int | None = None
    """The k of the recall by which the best epoch was chosen."""
    best_epoch: int | None = None
    best_recall: float | None = None
    """Validation recall of the best epoch."""
    stopped_early: bool = False
    refit_epochs: int | None = None
    """Epochs of the second training, on validation rows too, whose model is saved."""
    failure: str | None = None
    """Why training was stopped, in a sentence."""
    failure_kind: FailureKind | None = None
    failure_epoch: int | None = None
    gradient_collapse_detected: bool = False
    collapsed_towers: list[Tower] = []
    gradient_collapse_epoch: int | None = None
    nan_detected: bool = False
    nan_epoch: int | None = None

    @property
    def given(self) -> dict[str, object]:
        """What the file says, those that the model does not know included."""
        return self.model_dump(exclude_unset=True, exclude_none=True)

    @model_validator(mode="after")
    def _explained(self) -> Params:
        if self.gradient_collapse_detected and self.gradient_collapse_epoch is None:
            raise ValueError("a collapse was detected, but gradient_collapse_epoch is missing")
        return self
