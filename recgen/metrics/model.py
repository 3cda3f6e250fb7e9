"""Metrics of a training run, normalised across trainer versions: training_metrics.json, strict.

`upgrade` converts files of older trainers and incomplete files to this model. Parts that do not
belong to `params.model_type` are None or empty: recall and evaluation belong to retrieval.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from recgen.findings import RecgenError, counted, join_path
from recgen.metrics.account import Account
from recgen.metrics.evaluation import Calibration, Evaluation, FinalLayerFit, RatingEvaluation
from recgen.metrics.params import Params
from recgen.metrics.parts import (
    PARTS,
    Gradients,
    Health,
    Histogram,
    Losses,
    MetricsPart,
    Series,
    Towers,
)

FILE_NAME = "training_metrics.json"
_STATS = ("weight_stats", "gradient_stats")
_SHOWN = 3  # validation errors of a file in a message


class TrainingMetrics(MetricsPart):
    """The results of a training: the contents of training_metrics.json."""

    schema_version: Literal[1]
    available: Literal[True]
    saved_at: Annotated[AwareDatetime, Field(strict=False)] | None
    epochs: list[int]
    """0, 1, … for each epoch that was trained."""
    loss: Losses
    recall: dict[str, Series] = {}
    """Not of ranking: `val_recall_at_<k>` and `val_mrr` (mean reciprocal rank) per epoch."""
    gradient: Gradients
    health: Health | None = None
    evaluation: Evaluation | None = None
    """Not of ranking: the test, measured on pairs of buyer and product."""
    final_layer: FinalLayerFit | None = None
    """Not of ranking: that of the model which the test measured; None if it was not fitted."""
    saved_final_layer: FinalLayerFit | None = None
    """That of the model which is saved, if it was fitted again, on the test."""
    rating: RatingEvaluation | None = None
    """Of models that predict a target: the test."""
    calibration: Calibration | None = None
    """Of models with binary_crossentropy only."""
    weight_stats: Towers
    gradient_stats: Towers
    final_metrics: dict[str, float | None]
    """`final_<name>` of the last epoch, and `test_<name>`."""
    params: Params
    data: Account | None = None
    """What became of each row of the data; `recgen train` adds it to what the trainer wrote."""

    @classmethod
    def read(cls, path: Path) -> TrainingMetrics:
        """Return the metrics in a file.

        Raises:
            RecgenError: The file is missing, is not strict JSON, or does not match the schema.
        """
        try:
            return cls.model_validate(json.loads(_text(path), parse_constant=_refuse_constant))
        except ValidationError as error:
            raise RecgenError(f"{path} {_schema_errors(error)}", _HELP) from error
        except (ValueError, RecursionError) as error:
            raise RecgenError(f"{path} is not JSON: {error}", _HELP) from error

    @property
    def failed(self) -> bool:
        """Whether training was stopped, by a collapse or by NaN."""
        params = self.params
        return bool(params.failure or params.gradient_collapse_detected or params.nan_detected)

    def test_recall(self, k: int) -> float | None:
        """Return the share of test rows whose product is among the first k, if measured."""
        return self.final_metrics.get(f"test_recall_at_{k}")

    def popularity_recall(self, k: int) -> float | None:
        """Return the same for the k most popular products, recommended to everybody."""
        return self.final_metrics.get(f"test_popularity_recall_at_{k}")

    def val_recall(self, k: int) -> float | None:
        """Return the validation recall of the kept epoch, or else of the last, if measured."""
        return self.validated(f"recall_at_{k}")

    def validated(self, measure: str) -> float | None:
        """Return the same for any measure, such as `mrr`."""
        series = self.recall.get(f"val_{measure}")
        kept = self.params.best_epoch
        if not series:
            return None
        return series[kept] if kept is not None and kept < len(series) else series[-1]

    @model_validator(mode="after")
    def _consistent(self) -> TrainingMetrics:
        count = len(self.epochs)
        if self.epochs != list(range(count)):
            raise ValueError("epochs are not 0, 1, 2, …")
        counts = {f"{path}.histogram.counts": h.counts for path, h in self.histograms.items()}
        for path, values in {**self.series, **counts}.items():
            if len(values) != count:
                raise ValueError(
                    f"{path} has {counted(len(values), 'value')} for {counted(count, 'epoch')}"
                )
        return self

    @model_validator(mode="after")
    def _whole(self) -> TrainingMetrics:
        """Check the parts that are required for one kind of model only."""
        health = self.health
        if self.params.model_type in (None, "retrieval") and health:
            for name in ("loss_to_chance", "val_coverage_at_100"):
                if getattr(health, name) is None:
                    raise ValueError(f"health.{name} is missing")
        return self

    @cached_property
    def series(self) -> dict[str, Series]:
        """Everything with a value per epoch, by path: `loss.val_loss`, `health.query.…`."""
        parts: dict[str, MetricsPart | dict[str, Series] | None] = {
            "loss": self.loss,
            "recall": self.recall,
            "gradient": self.gradient,
            "health": self.health,
        }
        for group in ("health", *_STATS):
            for tower in PARTS:
                parts[f"{group}.{tower}"] = getattr(getattr(self, group), tower, None)
        return {
            f"{path}.{name}": values
            for path, part in parts.items()
            for name, values in (part.items() if isinstance(part, dict) else part or ())
            if isinstance(values, tuple)
        }

    @cached_property
    def histograms(self) -> dict[str, Histogram]:
        """The histograms by path, such as `weight_stats.query`."""
        found = {
            f"{group}.{part}": getattr(getattr(self, group), part)
            for group in _STATS
            for part in PARTS
        }
        return {path: each.histogram for path, each in found.items() if each and each.histogram}


_HELP = "training writes this file; train again"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecgenError(f"there is no file {path}", "train first: recgen train") from None
    except OSError as error:
        raise RecgenError(f"cannot read {path}: {error.strerror}", "check the path") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it contains {name}, which JSON does not have")


def _schema_errors(error: ValidationError) -> str:
    """Return the first validation errors as text."""
    errors = error.errors(include_url=False, include_input=False)
    said = [e["msg"].removeprefix("Value error, ") for e in errors[:_SHOWN]]
    places = [join_path(e["loc"]) or "the file" for e in errors[:_SHOWN]]
    shown = [f"{place}: {words}" for place, words in zip(places, said, strict=True)]
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return f"does not match the schema: {'; '.join(shown)}{more}"
