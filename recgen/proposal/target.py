"""Proposal of a target: its type, its transforms, the loss and the head. Knows the profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from recgen.config import BqType
from recgen.data.statistics import ColumnProfile
from recgen.findings import Location, RecgenError, counted, percent, show
from recgen.proposal.choices import Keys, missing_column
from recgen.proposal.recipe import Recipe
from recgen.proposal.table import Table

Kind = Literal["ranking", "multitask"]
_RETRIEVAL = "retrieval"
_OTHER_PRESET = "use the preset ranking or multitask, or leave out --target"

_SKEWED = 1.65  # mean over median: that of a lognormal whose logarithm has a deviation of 1
_FAR = 20  # largest over median, from which on the logarithm is used, as for features
_MARKS = 20  # values of a rating at most
_WIDEST_HEAD = 64
_UNIT = {"type": "dense", "units": 1, "activation": "linear"}
_TYPES: dict[str, BqType] = {"boolean": "BOOL", "integer": "INT64", "real": "FLOAT64"}
_CLIPS = ({"upper": {"percentile": 99}}, {"lower": {"percentile": 1}, "upper": {"percentile": 99}})
# What a ranking does not have: a search, negatives, and rows drawn for recency.
_OF_RETRIEVAL = ("top_k", "output_dropout", "recency_half_life_days")


@dataclass(frozen=True)
class Wanted:
    """What the user wants to be predicted: a column, and by which kind of model."""

    column: str
    kind: Kind = "ranking"

    @classmethod
    def of(cls, column: str | None, kind: str | None, preset: Recipe | None) -> Wanted | None:
        """Return what a column, a kind and a preset together say; None for retrieval.

        Raises:
            RecgenError: They contradict each other, or a kind has no column to predict.
        """
        own = preset.model.get("model_type", _RETRIEVAL) if preset else None
        asked = kind or own or ("ranking" if column else _RETRIEVAL)
        if asked not in (_RETRIEVAL, *get_args(Kind)):
            known = ", ".join((_RETRIEVAL, *get_args(Kind)))
            raise RecgenError(f"--kind: there is no kind {show(asked)}", f"the kinds are {known}")
        if preset and asked != own:
            raise RecgenError(
                f"the preset {preset.name} is of {own}, and --kind says {asked}", "leave out one"
            )
        if asked == _RETRIEVAL and column is not None:
            what = f"the preset {preset.name}" if preset else "--kind retrieval"
            raise RecgenError(f"{what} predicts no column, but --target names one", _OTHER_PRESET)
        if asked != _RETRIEVAL and column is None:
            raise RecgenError(f"{asked} needs the column that it predicts", "add --target COLUMN")
        return cls(column, cast("Kind", asked)) if column is not None else None


@dataclass(frozen=True)
class Predicted:
    """A target as it is proposed.

    Attributes:
        column: Its column.
        kind: The kind of model.
        section: The value of `target_column` as plain data.
        loss: The loss.
        says: What the column contains.
        does: Why it is transformed so.
        why_loss: Why it is this loss.
    """

    column: str
    kind: Kind
    section: Mapping[str, Any]
    loss: str
    says: str
    does: str
    why_loss: str

    def model_of(self, model: Mapping[str, Any]) -> dict[str, Any]:
        """Return the model section of a retrieval, changed for the kind."""
        is_ranking = self.kind == "ranking"
        kept = {k: v for k, v in model.items() if not (is_ranking and k in _OF_RETRIEVAL)}
        width = min(_WIDEST_HEAD, 2 * int(model["output_embedding_dim"]))
        head = [{"type": "dense", "units": width, "activation": "relu"}, dict(_UNIT)]
        usual: dict[str, Any] = {"model_type": self.kind, "rating_head_layers": head}
        if not is_ranking:
            usual |= {"retrieval_weight": 1.0, "ranking_weight": 1.0}
        return {**usual, **kept, "loss_function": self.loss}

    @property
    def has_past(self) -> bool:
        """Whether a history of the buyer's products helps; bench/README.md has the figures."""
        return self.kind != "ranking"

    def comments(self) -> list[tuple[Location, str]]:
        """Return the comments, each with the path of the entry below it."""
        found: list[tuple[Location, str]] = [
            (("features", "target_column"), f"What {self.kind} predicts: {self.says}. {self.does}"),
            (("model", "rating_head_layers"), _HEAD),
            (("model", "loss_function"), self.why_loss),
        ]
        if self.kind == "multitask":
            found.append((("model", "retrieval_weight"), _WEIGHTS))
        return found


_HEAD = "From both towers' outputs to one number; the last layer is linear in any case."
_WEIGHTS = "Both tasks count alike; a weight says how much of the other task's quality it is worth."
_CHANCE = "0 or 1: the prediction is the probability of 1."
_MEAN = "Predicts the mean; compare RMSE and MAE with those of a constant."
_ROBUST = "A few values are far from all others: beyond a limit, huber counts an error once."


def find_target(table: Table, keys: Keys, wanted: Wanted) -> Predicted:
    """Return the proposal for a target.

    Raises:
        RecgenError: The data has no such column, or it cannot be predicted.
    """
    name = wanted.column
    if name not in table.columns:
        raise missing_column("--target", name, list(table.columns), table.unnamed)
    column = table.columns[name]
    if name in keys.names:
        role = next(role for role, choice in keys.roles() if choice.name == name)
        what = "time of the purchase" if role == "time" else f"{role} ID"
        raise _unfit(name, f"is the {what}", "name a column with an amount, a rating or a click")
    if column.kind == "empty" or not column.distinct:
        raise _unfit(name, "has no values", "name another column")
    if column.kind not in _TYPES:
        example = show(column.examples[0]) if column.examples else "lists"
        raise _unfit(name, f"has no numbers, but values such as {example}", _MAKE_NUMBERS)
    if column.distinct == 1:
        value = show(column.examples[0])
        raise _unfit(name, f"is {value} in every row", "name another column, or use retrieval")
    transforms, does, loss, why = _treatment(column)
    section: dict[str, Any] = {"column": name, "bq_type": _TYPES[column.kind]}
    if transforms:
        section["transforms"] = transforms
    return Predicted(name, wanted.kind, section, loss, _says(column), does, why)


_MAKE_NUMBERS = "write them as numbers in the data, such as 1 for yes"


def _unfit(name: str, what: str, help: str) -> RecgenError:
    return RecgenError(f"--target: column {show(name)} {what}", help)


def _treatment(column: ColumnProfile) -> tuple[dict[str, Any], str, str, str]:
    """Return the transforms with their reason, and the loss with its reason."""
    low, high = column.low or 0.0, column.high or 0.0
    mean, median = column.mean or 0.0, column.median or 0.0
    if column.kind == "boolean" or (column.distinct == 2 and (low, high) == (0, 1)):
        return {}, "A label is not transformed.", "binary_crossentropy", _CHANCE
    if column.kind == "integer" and column.distinct <= _MARKS:
        return {"normalize": {}}, "Normalized: at first, predictions are near 0.", "mse", _MEAN
    if low >= 0 and (mean > _SKEWED * median or high > _FAR * (median or mean)):
        clip = {"clip_outliers": _CLIPS[0], "log_transform": {}, "normalize": {}}
        does = "A long tail: limited to the 99th percentile, then as a logarithm, normalized."
        return clip, does, "mse", _MEAN
    middle = max(abs(low - median), abs(high - median))
    usual = abs(mean - median) + max(abs(median), 1e-9)
    if low < 0 and middle > _FAR * usual:
        does = "Values far off on either side: limited to 1% and 99%, then normalized."
        return {"clip_outliers": _CLIPS[1], "normalize": {}}, does, "huber", _ROBUST
    return {"normalize": {}}, "Normalized: at first, predictions are near 0.", "mse", _MEAN


def _says(column: ColumnProfile) -> str:
    nulls = f", null in {percent(column.nulls / column.rows)} of the rows" if column.nulls else ""
    if column.low is None or column.high is None or column.median is None:
        return f"{counted(column.distinct, 'value')}{nulls}"
    if column.distinct == 2:
        return f"{column.low:.6g} or {column.high:.6g}, mean {column.mean:.3g}{nulls}"
    return f"{column.low:.6g} to {column.high:.6g}, median {column.median:.6g}{nulls}"
