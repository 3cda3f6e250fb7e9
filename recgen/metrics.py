"""The schema of training_metrics.json, for everything that reads the file. No TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from recgen.findings import RecgenError, join_path

BINS = 25
FILE_NAME = "training_metrics.json"

Series = list[float | None]
"""A value per epoch; null where it was NaN, infinite or not measured."""

_Count = Annotated[int, Field(ge=0)]
_Tower = Literal["query", "candidate"]
FailureKind = Literal[
    "collapse", "dead_tower", "not_learning", "popularity_only", "divergence", "nan"
]
_SHOWN = 3  # misfits of a file in a message


class _Part(BaseModel):
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


class Histogram(_Part):
    """How values are distributed, per epoch, over bins that stay the same."""

    bin_edges: Annotated[list[float], Field(min_length=BINS + 1, max_length=BINS + 1)]
    counts: list[Annotated[list[_Count], Field(min_length=BINS, max_length=BINS)]]

    @model_validator(mode="after")
    def _increasing(self) -> Histogram:
        edges = self.bin_edges
        if any(left >= right for left, right in pairwise(edges)):
            raise ValueError("bin_edges do not increase")
        return self


class TowerStats(_Part):
    """Statistics over all values of a tower's weights or gradients, per epoch."""

    mean: Series
    std: Series
    min: Series
    max: Series
    norm: Series
    histogram: Histogram


class Towers(_Part):
    """Both towers' statistics."""

    query: TowerStats
    candidate: TowerStats


class Losses(_Part):
    """Losses per epoch: means over the epoch's rows; the total includes the regularization."""

    __pydantic_extra__: dict[str, Series]

    loss: Series
    regularization_loss: Series
    total_loss: Series
    val_loss: Series
    val_regularization_loss: Series
    val_total_loss: Series


class Gradients(_Part):
    """Norms of the gradients per epoch: means over its steps."""

    __pydantic_extra__: dict[str, Series]

    total: Series
    query: Series
    candidate: Series


class TowerHealth(_Part):
    """How a tower uses its vectors, per epoch, over a fixed sample of training rows."""

    effective_rank: Series
    """Dimensions in use: the exponential of the entropy of the singular values' shares."""
    mean_cosine: Series
    """Mean cosine over all pairs of rows: 1 means that all are alike."""
    update_ratio: Series
    """Length of an epoch's change of the weights, relative to the weights' own."""
    dead_units: Series | None = None
    """Share of units that hardly fire, in the worst ReLU layer; None without such a layer."""


class Health(_Part):
    """Signs of a failing training, per epoch."""

    loss_to_chance: Series
    """The training loss divided by that of equal scores, the logarithm of the candidates."""
    val_coverage_at_100: Series
    """Share of the catalogue among the first 100 products of some validation rows."""
    query: TowerHealth
    candidate: TowerHealth


class Interval(_Part):
    """A figure with its 95% interval, from a bootstrap over buyers."""

    value: float
    low: float
    high: float


class Evaluated(_Part):
    """Metrics of one way to recommend, over all test pairs and over new ones."""

    all: dict[str, Interval]
    new: dict[str, Interval] | None = None
    coverage_at_100: float | None = None
    """Share of the catalogue among the first 100 products of the test's buyers."""


class Evaluation(_Part):
    """The model on the test's pairs of buyer and product, beside two baselines."""

    pairs: dict[str, _Count]
    """How many: `all`, `new`, and `left_out` for what training does not know."""
    model: Evaluated
    popularity: Evaluated
    own_history: Evaluated


class Params(_Part):
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
    collapsed_towers: list[_Tower] = []
    gradient_collapse_epoch: int | None = None
    nan_detected: bool = False
    nan_epoch: int | None = None

    @model_validator(mode="after")
    def _explained(self) -> Params:
        if self.gradient_collapse_detected and self.gradient_collapse_epoch is None:
            raise ValueError("a collapse was detected, but gradient_collapse_epoch is missing")
        return self


class TrainingMetrics(_Part):
    """What a training came to: the contents of training_metrics.json."""

    schema_version: Literal[1]
    available: Literal[True]
    saved_at: Annotated[AwareDatetime, Field(strict=False)]
    epochs: list[int]
    """0, 1, … for the epochs that were trained."""
    loss: Losses
    recall: dict[str, Series] = {}
    """`val_recall_at_<k>` per epoch."""
    gradient: Gradients
    health: Health | None = None
    evaluation: Evaluation | None = None
    weight_stats: Towers
    gradient_stats: Towers
    final_metrics: dict[str, float | None]
    """`final_<name>` of the last epoch, and `test_<name>`."""
    params: Params

    @classmethod
    def read(cls, path: Path) -> TrainingMetrics:
        """Returns what a file holds.

        Raises:
            RecgenError: The file is missing, is no strict JSON, or does not fit the schema.
        """
        try:
            return cls.model_validate(json.loads(_text(path), parse_constant=_refuse_constant))
        except ValidationError as error:
            raise RecgenError(f"{path} {_misfits(error)}", _HELP) from error
        except (ValueError, RecursionError) as error:
            raise RecgenError(f"{path} is not JSON: {error}", _HELP) from error

    @property
    def failed(self) -> bool:
        """Says whether training was stopped, by a collapse or by NaN."""
        params = self.params
        return bool(params.failure or params.gradient_collapse_detected or params.nan_detected)

    def test_recall(self, k: int) -> float | None:
        """Returns the share of test rows whose product was among the first k, if measured."""
        return self.final_metrics.get(f"test_recall_at_{k}")

    def popularity_recall(self, k: int) -> float | None:
        """Returns the same for the k most popular products, recommended to everybody."""
        return self.final_metrics.get(f"test_popularity_recall_at_{k}")

    def val_recall(self, k: int) -> float | None:
        """Returns the validation recall after the last epoch, if measured."""
        series = self.recall.get(f"val_recall_at_{k}")
        return series[-1] if series else None

    @model_validator(mode="after")
    def _consistent(self) -> TrainingMetrics:
        count = len(self.epochs)
        if self.epochs != list(range(count)):
            raise ValueError("epochs are not 0, 1, 2, …")
        for name, values in self._series():
            if len(values) != count:
                raise ValueError(f"{name} has {len(values)} values for {count} epochs")
        return self

    def _series(self) -> Iterator[tuple[str, list[float | None] | list[list[int]]]]:
        """Yields everything that has one value per epoch, with its path."""
        for group, part in (("loss", self.loss), ("gradient", self.gradient)):
            for name, values in part:
                yield f"{group}.{name}", values
        for name, values in self.recall.items():
            yield f"recall.{name}", values
        if self.health:
            yield "health.loss_to_chance", self.health.loss_to_chance
            yield "health.val_coverage_at_100", self.health.val_coverage_at_100
            for tower, health in (
                ("query", self.health.query),
                ("candidate", self.health.candidate),
            ):
                for name, values in health:
                    if values is not None:
                        yield f"health.{tower}.{name}", values
        for group, towers in (
            ("weight_stats", self.weight_stats),
            ("gradient_stats", self.gradient_stats),
        ):
            for tower, stats in (("query", towers.query), ("candidate", towers.candidate)):
                for name in ("mean", "std", "min", "max", "norm"):
                    yield f"{group}.{tower}.{name}", getattr(stats, name)
                yield f"{group}.{tower}.histogram.counts", stats.histogram.counts


_HELP = "the file is written by a training; train again"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecgenError(f"there is no file {path}", "train first: recgen train") from None
    except OSError as error:
        raise RecgenError(f"cannot read {path}: {error.strerror}", "check the path") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which JSON does not have")


def _misfits(error: ValidationError) -> str:
    """Returns the first misfits in words."""
    errors = error.errors(include_url=False, include_input=False)
    told = [f"{join_path(e['loc']) or 'the file'}: {e['msg']}" for e in errors[:_SHOWN]]
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return f"does not fit the schema: {'; '.join(told)}{more}"
