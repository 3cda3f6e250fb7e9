"""The target of ranking: a column, and what is done to its values. No I/O, no decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import PydanticKnownError

from recgen.config.transforms import Normalize, Transform, Transforms
from recgen.config.types import BqType, Column, Config, OptionalColumn, Real, guarded

Percentile = Annotated[Real, Field(ge=0.1, le=99.9)]


class LowerBound(Transform):
    """The limit below."""

    percentile: Percentile = 1.0
    """Percentile of the training data to which smaller values are raised, to one decimal."""


class UpperBound(Transform):
    """The limit above."""

    percentile: Percentile = 99.0
    """Percentile of the training data to which larger values are lowered, to one decimal."""


class ClipOutliers(Transform):
    """Values limited to percentiles.

    Unlike the other transforms, this cannot be undone: what lies beyond the limits is not learnt.
    """

    lower: LowerBound | None = None
    """null for no limit."""
    upper: UpperBound | None = None
    """null for no limit."""

    @property
    def bounds(self) -> tuple[LowerBound | None, UpperBound | None]:
        """The limits that are enabled."""
        lower, upper = self.lower, self.upper
        return (
            lower if lower and lower.enabled else None,
            upper if upper and upper.enabled else None,
        )


class TargetLog(Transform):
    """log(1 + x), after clipping and before `normalize`. Negative values count as 0."""


def _switch(value: Any) -> Any:
    """Return a transform that is stored as true or false alone as a mapping."""
    return {"enabled": value} if isinstance(value, bool) else value


def _older_clip(value: Any) -> Any:
    """Return clipping in today's form: `percentile` was the upper limit, the only one."""
    value = _switch(value)
    if isinstance(value, Mapping) and "percentile" in value and not value.get("upper"):
        kept = {key: part for key, part in value.items() if key not in ("percentile", "upper")}
        return {**kept, "upper": {"percentile": value["percentile"]}}
    return value


_SWITCH = BeforeValidator(guarded(_switch))
_OLDER_CLIP = BeforeValidator(guarded(_older_clip))


class TargetTransforms(Transforms):
    """Transforms of the target, in this order."""

    clip_outliers: Annotated[ClipOutliers | None, _OLDER_CLIP] = None
    """Limits for values that are far from all others."""
    log_transform: Annotated[TargetLog | None, _SWITCH] = None
    """The logarithm, for amounts of which a few are very large."""
    normalize: Annotated[Normalize | None, _SWITCH] = None
    """The value, scaled to a common range."""


class Target(Config):
    """What ranking predicts. Rows without a value have no part in its loss."""

    column: Column
    """Name of the column in the source."""
    display_name: OptionalColumn | None = None
    """The column's alias in the data, if it is not named as in the source."""
    bq_type: BqType | None = None
    """The column's type in BigQuery; by default that in `data.column_types`, otherwise FLOAT64."""
    transforms: TargetTransforms = TargetTransforms()
    """What is done to the values before they are learnt; predictions are turned back."""

    @property
    def output_name(self) -> str:
        """The column's name everywhere except in the source."""
        return self.display_name or self.column

    @property
    def key(self) -> str:
        """Key under which `preprocessing_fn` returns the values that are learnt."""
        return f"{self.output_name}_target"

    @property
    def scale_key(self) -> str:
        """Key of the number by which a prediction is multiplied, to undo `normalize`."""
        return f"{self.key}_scale"

    @property
    def shift_key(self) -> str:
        """Key of the number that is then added."""
        return f"{self.key}_shift"

    @property
    def output_keys(self) -> tuple[str, str, str]:
        """Keys under which `preprocessing_fn` returns the target."""
        return self.key, self.scale_key, self.shift_key

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Percentiles at which values are clipped, or None: the lower and the upper one."""
        clip = self.transforms.clip_outliers
        lower, upper = clip.bounds if clip and clip.enabled else (None, None)
        return (
            lower.percentile if lower else None,
            upper.percentile if upper else None,
        )

    @property
    def is_clipped(self) -> bool:
        """Whether outliers are limited."""
        return self.bounds != (None, None)

    @property
    def is_logged(self) -> bool:
        """Whether the logarithm is learnt."""
        return "log_transform" in self.transforms.enabled

    @property
    def normalize(self) -> Normalize | None:
        """The enabled `normalize`, if there is one."""
        normalize = self.transforms.normalize
        return normalize if normalize and normalize.enabled else None

    @classmethod
    def _is_absent(cls, key: object, value: object) -> bool:
        return (key == "transforms" and value == {}) or super()._is_absent(key, value)

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> Any:
        """Return the name alone if there is nothing else to write."""
        written = write(self)
        return self.column if written == {"column": self.column} else written


def _named(value: Any) -> Any:
    """Return a target that is given by its name alone as a mapping; an empty name is none."""
    if isinstance(value, str):
        return {"column": value} if value else None
    if isinstance(value, (bool, int, float, list, tuple)):
        raise PydanticKnownError("string_type")
    return value


TargetColumn = Annotated[
    Target | None,
    BeforeValidator(guarded(_named), json_schema_input_type=OptionalColumn | Target | None),
]
