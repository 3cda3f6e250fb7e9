"""Metrics of a training run: the one model of training_metrics.json, strict. No TensorFlow.

Files of older trainers, and those that are not whole, become this model by `upgrade`. What
`params.model_type` is not about is None or empty: recall and evaluation belong to retrieval.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from recgen.findings import RecgenError, join_path
from recgen.metrics.parts import (
    TOWERS,
    Evaluation,
    Gradients,
    Health,
    Histogram,
    Losses,
    MetricsPart,
    Params,
    Series,
    Towers,
)

FILE_NAME = "training_metrics.json"
_STATS = ("weight_stats", "gradient_stats")
_SHOWN = 3  # misfits of a file in a message


class TrainingMetrics(MetricsPart):
    """What a training came to: the contents of training_metrics.json."""

    schema_version: Literal[1]
    available: Literal[True]
    saved_at: Annotated[AwareDatetime, Field(strict=False)] | None
    epochs: list[int]
    """0, 1, … for the epochs that were trained."""
    loss: Losses
    recall: dict[str, Series] = {}  # noqa: RUF012 (Pydantic copies it)
    """Retrieval: `val_recall_at_<k>` per epoch."""
    gradient: Gradients
    health: Health | None = None
    evaluation: Evaluation | None = None
    """Retrieval: the test by pairs of buyer and product."""
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
        counts = {f"{path}.histogram.counts": h.counts for path, h in self.histograms.items()}
        for path, values in {**self.series, **counts}.items():
            if len(values) != count:
                raise ValueError(f"{path} has {len(values)} values for {count} epochs")
        return self

    @model_validator(mode="after")
    def _whole(self) -> TrainingMetrics:
        """Checks what a kind of model always has, and others do not."""
        health = self.health
        if self.params.model_type in (None, "retrieval") and health:
            for name in ("loss_to_chance", "val_coverage_at_100"):
                if getattr(health, name) is None:
                    raise ValueError(f"health.{name} is missing")
        return self

    @cached_property
    def series(self) -> dict[str, Series]:
        """All that has a number per epoch, by its path: `loss.val_loss`, `health.query.…`."""
        parts: dict[str, MetricsPart | dict[str, Series] | None] = {
            "loss": self.loss,
            "recall": self.recall,
            "gradient": self.gradient,
            "health": self.health,
        }
        for group in ("health", *_STATS):
            for tower in TOWERS:
                parts[f"{group}.{tower}"] = getattr(getattr(self, group), tower, None)
        return {
            f"{path}.{name}": values
            for path, part in parts.items()
            for name, values in (part.items() if isinstance(part, dict) else part or ())
            if isinstance(values, tuple)
        }

    @cached_property
    def histograms(self) -> dict[str, Histogram]:
        """The histograms that the file has, by `weight_stats.query` and so on."""
        found = {
            f"{group}.{tower}": getattr(getattr(self, group), tower).histogram
            for group in _STATS
            for tower in TOWERS
        }
        return {path: histogram for path, histogram in found.items() if histogram}


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
