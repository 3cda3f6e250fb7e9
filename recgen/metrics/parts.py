"""Parts of training_metrics.json with values per epoch: losses, statistics, health."""

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
