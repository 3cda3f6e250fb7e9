"""Named values at the top of a trainer: what the config decided and a reader may look for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A name, its value, and what it is where the name does not say it."""

    name: str
    value: object
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Constants under one comment."""

    title: str
    constants: tuple[Constant, ...]

    @classmethod
    def of(cls, title: str, *options: object, keep: bool = False) -> Group:
        """Return a group; without constants it has no title, unless told to `keep` it."""
        kept = constants(*options)
        return cls(title if kept or keep else "", kept)


def constants(*options: object) -> tuple[Constant, ...]:
    """Return those options that are constants; what is false stands for one that is not set."""
    return tuple(each for each in options if isinstance(each, Constant))
