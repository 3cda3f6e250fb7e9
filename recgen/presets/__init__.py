"""Presets: experiments with recommended values to start from. Reads only files in this folder."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from recgen.findings import RecgenError

_FOLDER = Path(__file__).parent
# From what suits most shops to what suits few.
NAMES = ("small_catalogue", "large_catalogue", "deep_features", "cold_start", "tutorial")
PREDICTING = ("ranking", "multitask")
"""Those that predict a column beside or instead of finding products."""
ALL = NAMES + PREDICTING


@dataclass(frozen=True)
class Preset:
    """A config that trains unchanged on the columns of UCI Online Retail and of `demo-data`."""

    name: str
    summary: str
    """When to use it, in a sentence."""
    text: str
    """The config as YAML with comments."""


@cache
def presets() -> tuple[Preset, ...]:
    """Return all presets, the one for most shops first."""
    texts = ((name, (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) for name in ALL)
    return tuple(Preset(name, text.split("\n")[0].lstrip("# "), text) for name, text in texts)


def find_preset(name: str) -> Preset:
    """Return a preset by its name.

    Raises:
        RecgenError: There is no preset with this name; the message lists the existing ones.
    """
    found = next((each for each in presets() if each.name == name), None)
    if found is None:
        close = get_close_matches(name, ALL, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        known = ", ".join(ALL)
        raise RecgenError(
            f"there is no preset {name!r}",
            f"{meant}the presets are {known}; `recgen init --help` says when to use which",
        )
    return found
