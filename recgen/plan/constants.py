"""Constants at the top of a trainer: settings of the config that a reader may look for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A name, its value, and a note if the name is not self-explanatory."""

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
        """Return a group; without constants it has no title, unless `keep` is set."""
        kept = constants(*options)
        return cls(title if kept or keep else "", kept)


def constants(*options: object) -> tuple[Constant, ...]:
    """Return the options that are constants; false values stand for options that are not set."""
    return tuple(each for each in options if isinstance(each, Constant))
