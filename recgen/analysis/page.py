"""Markdown pages of causes: one of all kinds, and one section for each kind."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from recgen.analysis.causes import KINDS, Kind

_FAMILIES = {
    "RD1": "Nothing learned",
    "RD2": "Steps",
    "RD3": "Fit",
    "RD4": "Inputs",
    "RD5": "Files",
    "RD6": "Figures",
}
_HEAD = """\
# Causes

<!-- Made by `make docs` from recgen/analysis/causes; a test fails if it is not current. -->

What `recgen diagnose` finds, by code. `recgen explain RD101` shows the same in a terminal.
[diagnosis.md](diagnosis.md) explains how runs are judged, and how often that is right.

The verdict is the best that a run can be if the cause applies: *at risk* (it works, but something
costs quality or makes its figures doubtful), *bad* (it learned nothing useful), *broken* (its files
are missing, or cannot be right). A cause of low confidence makes a run *at risk* at most.
"""


def causes_page() -> str:
    """Return the page of all kinds of causes, with a table of contents."""
    sections = (
        f"## {family}\n\n" + "\n".join(cause_section(kind) for kind in kinds)
        for family, kinds in _families()
    )
    return "\n".join([_HEAD, *_contents(), *sections])


def cause_section(kind: Kind) -> str:
    """Return the section of a kind of cause."""
    return (
        f"### {kind.code}\n\n**{kind.title}** ({_verdict(kind)})\n\n{kind.reason}\n\n"
        f"Signs: {kind.signs}\n\nWhat to do: {kind.remedy}\n"
    )


def _verdict(kind: Kind) -> str:
    return kind.verdict.replace("_", " ")


def _families() -> Iterator[tuple[str, list[Kind]]]:
    for family, kinds in groupby(KINDS.values(), key=lambda kind: _FAMILIES[kind.code[:3]]):
        yield family, list(kinds)


def _contents() -> Iterator[str]:
    for family, kinds in _families():
        yield f"| {family} | | |\n|---|---|---|"
        for kind in kinds:
            yield f"| [{kind.code}](#{kind.code.lower()}) | {_verdict(kind)} | {kind.title} |"
        yield ""
