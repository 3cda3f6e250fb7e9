"""Summary of a proposal on the terminal: IDs, split, features, and what is left to choose."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recgen.cli.show import Segment
from recgen.config import SIDES
from recgen.data.profile import Profile
from recgen.findings import counted, printable, show

if TYPE_CHECKING:
    from recgen.proposal import Proposal

_LISTED = 12  # features or omitted columns
_LABEL = 12  # columns on the screen

Line = tuple[str, Segment]
"""The label of a line, and the rest with its style."""


def summary(proposal: Proposal, profile: Profile) -> Iterator[Line]:
    """Yield the lines of a summary."""
    size = f"{counted(profile.rows, 'row')}, {counted(len(profile.names), 'column')}"
    empty = f"; {proposal.empty:,} rows have no value at all" if proposal.empty else ""
    yield "", (size + empty, "")
    yield from _roles(proposal)
    yield "split", (proposal.split, "bold yellow" if proposal.at_random else "")
    if proposal.target is not None:
        found = proposal.target
        words = f"{printable(found.column)}  ({found.kind}, {found.loss}; {found.says})"
        yield "target", (words, "")
    for side in SIDES:
        yield side, (_features(proposal.features[side]), "")
    yield from _left_out(proposal)
    yield from _choices(proposal)


def text_of(line: Line) -> tuple[str, Segment]:
    """Return the label, padded, and the rest."""
    label, rest = line
    return f"  {label:<{_LABEL}}" if label else "", rest


def _roles(proposal: Proposal) -> Iterator[Line]:
    from recgen.proposal import ROLES

    for role, choice in proposal.keys.roles():
        why = choice.why if choice.sure or choice.name is None else f"GUESS: {choice.why}"
        name = printable(choice.name) if choice.name is not None else "-"
        yield ROLES[role], (f"{name}  ({why})", "" if choice.sure else "yellow")


def _features(names: tuple[str, ...]) -> str:
    listed = ", ".join(map(printable, names[:_LISTED]))
    more = f", and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"{counted(len(names), 'feature')}{': ' if names else ''}{listed}{more}"


def _left_out(proposal: Proposal) -> Iterator[Line]:
    for index, (name, why) in enumerate(proposal.left_out.items()):
        label = " " if index else "left out"
        if index == _LISTED:
            yield label, (f"and {len(proposal.left_out) - _LISTED:,} more", "")
            return
        yield label, (f"{printable(name) or '(no name)'}: {why}", "")


def _choices(proposal: Proposal) -> Iterator[Line]:
    """Yield what a person has to decide, each with the option that does it."""
    from recgen.proposal import NOBODY, OPTIONS, ROLES

    for role, choice in proposal.keys.roles():
        options = " or ".join(f"{OPTIONS[role]} {shlex.quote(name)}" for name in choice.others)
        if choice.name is None and options:
            yield "choose", (f"{ROLES[role]}: if it is near the purchase, add {options}", "yellow")
        elif choice.name is None and role != "time":
            yield "choose", (f"{ROLES[role]}: name it with {OPTIONS[role]} COLUMN", "bold yellow")
        elif options or not choice.sure:
            options = options or f"{OPTIONS[role]} COLUMN"
            text = f"{ROLES[role]}: if it is not {show(choice.name)}, add {options}"
            yield "choose", (text, "yellow")
    if proposal.events is not None:
        text = (
            f"{show(proposal.events.column)} has {proposal.events.counts}. {proposal.events.help}"
        )
        yield "events", (text, "bold yellow")
    if proposal.turnover is not None:
        features = len(proposal.features["product"]) - 1
        yield "new", (proposal.turnover.says(features), "bold yellow")
    for side, values in proposal.nobodies.items():
        if values:
            text = f"{', '.join(map(show, values))}: {NOBODY.format(side)}"
            yield f"no {side}", (text, "yellow")
