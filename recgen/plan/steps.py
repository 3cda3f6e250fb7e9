"""Parts of the plan of `transform_module.py`: what one paragraph reads, computes and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Reading = Literal["text", "number", "time", "list"]
READINGS: dict[str, Reading] = {
    "text": "text",
    "numeric": "number",
    "temporal": "time",
    "history": "list",
}

Derived = Literal["signed_log", "days", "exact", "log_amount"]
"""Helpers that compute a variable from another one."""


@dataclass(frozen=True, slots=True)
class Read:
    """One statement that reads a raw column into a variable."""

    macro: ClassVar = "read"
    variable: str
    column: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Without:
    """One statement that makes nulls of times that stand for it, in epoch seconds."""

    macro: ClassVar = "without"
    variable: str
    nulls: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Derive:
    """One statement that computes a variable from another with the helper `kind`."""

    macro: ClassVar = "derive"
    variable: str
    kind: Derived
    source: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One statement that learns a vocabulary that more than one output uses."""

    macro: ClassVar = "learn_vocabulary"
    variable: str
    source: str
    options: tuple[tuple[str, int | str], ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a cross. `buckets` is None for text; `key` is an output with these buckets."""

    variable: str
    buckets: int | None
    key: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the cross computes the bucket itself."""
        return self.buckets is not None and self.key is None

    @property
    def macro(self) -> str:
        """Name of the template's macro that prints it."""
        if self.buckets is None:
            return "copy"
        return "bucket_of_output" if self.key else "own_bucket"


@dataclass(frozen=True, slots=True)
class Known:
    """A column of which an output says whether it has a value."""

    variable: str
    reading: Reading

    @property
    def macro(self) -> str:
        """Name of the template's macro that prints it."""
        return f"known_{self.reading}"


@dataclass(frozen=True, slots=True)
class Clip:
    """One statement that limits a variable to percentiles; None is no limit."""

    macro: ClassVar = "clip"
    variable: str
    source: str
    lower: float | None
    upper: float | None

    @property
    def limits(self) -> tuple[tuple[str, float], ...]:
        """The limits by the name of their argument."""
        both = (("lower", self.lower), ("upper", self.upper))
        return tuple((name, value) for name, value in both if value is not None)


@dataclass(frozen=True, slots=True)
class Scale:
    """One statement that computes the scale and the shift of a target with the helper `kind`."""

    macro: ClassVar = "scale"
    kind: Literal["by_deviation", "by_range"]
    scale: str
    shift: str
    source: str
    ends: tuple[float, ...] = ()


Statement = Read | Without | Derive | Vocabulary | Clip | Scale


@dataclass(frozen=True, slots=True)
class Output:
    """One statement that writes an output; `kind` names the macro that prints it."""

    kind: str
    key: str
    variable: str = ""
    numbers: tuple[float, ...] = ()
    options: tuple[tuple[str, int | str], ...] = ()
    members: tuple[Member | Known, ...] = ()
    uses: str = ""
    """Another variable: a vocabulary that more than one output uses, or the target's scale."""


@dataclass(frozen=True, slots=True)
class Scaled(Output):
    """One statement that writes a target without its shift, divided by its scale."""

    shift: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A paragraph of `preprocessing_fn`: its comment, statements and outputs."""

    comment: str
    statements: tuple[Statement, ...]
    outputs: tuple[Output, ...]
