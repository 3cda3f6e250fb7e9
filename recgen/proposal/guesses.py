"""Guesses at the IDs that names do not reveal, by how their values repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from recgen.config import SIDES, Side
from recgen.findings import show
from recgen.proposal import names
from recgen.proposal.choices import Choice
from recgen.proposal.missing import holds_several
from recgen.proposal.persons import names_contact, names_trait
from recgen.proposal.table import Table

_ALONE = 0.9  # of the rows: RG508 takes such a column for a row number
_CROWD = 0.5  # of the rows with one value: too many for an ID
_FEW, _FEWEST = 20, 5  # values; fewer are taken only if nothing else is there, or never
_COUNTED = 200  # visits of a buyer at most
_FEW_ROWS = 3  # of an order, on average
_MOSTLY = 0.5  # of the rows
_CLEARLY = 0.8
_LISTED = 3


def by_rows(table: Table, found: dict[Side, Choice | None], time: str | None) -> dict[Side, Choice]:
    """Return guesses, based on values, for the sides that names do not reveal."""
    missing = [side for side in SIDES if found[side] is None]
    known = [choice.name for choice in found.values() if choice and choice.name]
    if missing == ["buyer"] and any(table.alone(name) >= _ALONE for name in known):
        return {}  # a list of products
    pool = _like_ids(table, known, time, missing) if missing else []
    if len(missing) == 1 and pool:
        groups = _groups(table, pool[0]) if missing == ["buyer"] else []
        return {missing[0]: _guess(table, [*pool, *groups], pool[0], missing[0])}
    if len(missing) < 2 or len(pool) < 2:
        return {}
    buyer, product, why = _who_buys(table, pool[0], pool[1], time)
    return {
        "buyer": _guess(table, pool, buyer, "buyer", f"; {why}"),
        "product": _guess(table, pool, product, "product", f"; {why}"),
    }


def _guess(table: Table, pool: list[str], name: str, side: Side, why: str = "") -> Choice:
    others = tuple(other for other in pool[: _LISTED + 1] if other != name)
    return Choice(name, f"{_like_id(table, name, side)}{why}", sure=False, others=others)


def _groups(table: Table, name: str) -> list[str]:
    """Return the IDs of what a buyer belongs to, as contacts do to a company, the finest first."""
    found = [
        other
        for other in table.columns
        if other != name
        and names.names_id(other)
        and _is_like_id(table, other, ["buyer"], _FEW)
        and table.determines(name, other)
        and not table.determines(other, name)
    ]
    return sorted(found, key=lambda other: -table.columns[other].distinct)


def _like_id(table: Table, name: str, side: Side) -> str:
    is_named = names.fits_id(name, side) > 0
    named = "its name is no ID's" if is_named else "its name does not show it"
    return f"{named}, but its {table.columns[name].distinct:,} values repeat like IDs"


def _like_ids(table: Table, known: list[str], time: str | None, missing: list[Side]) -> list[str]:
    """Return columns whose values repeat like IDs, most likely first; none implies another."""
    for fewest in (_FEW, _FEWEST):
        pool = [
            name
            for name in table.columns
            if name not in known and _is_like_id(table, name, missing, fewest)
        ]
        free = [
            name
            for name in pool
            if not any(table.determines(key, name) or table.determines(name, key) for key in known)
            and not (time and table.determines(name, time))  # an order number
        ]
        if free:
            break
    fits = {name: max(names.fits_id(name, side) for side in missing) for name in free}
    finest = [name for name in free if not _is_hidden(table, time, name, fits, missing)]
    best = max((fits[name] for name in finest), default=0)
    named = [name for name in finest if fits[name] == best]
    chosen = named if best > 0 and len(named) >= len(missing) else finest
    return sorted(
        chosen, key=lambda n: (-fits[n], -_explains(table, n), -table.columns[n].distinct)
    )


def _explains(table: Table, name: str) -> bool:
    """Return whether a column determines others, as a product does its title and price."""
    columns = table.columns
    return any(
        columns[other].distinct > 1 and table.determines(name, other)
        for other in columns
        if other != name
    )


def _is_hidden(
    table: Table, time: str | None, name: str, fits: Mapping[str, int], missing: list[Side]
) -> bool:
    """Return whether another column says all that this one does.

    A finer one is no better if its name is worse: a customer may have two phones.
    """
    rivals = [each for each in fits if "buyer" not in missing or fits[each] >= fits[name]]
    return any(_hides(table, time, each, name) for each in rivals)


def _hides(table: Table, time: str | None, name: str, other: str) -> bool:
    """Return whether `name` says all that `other` does, or `other` numbers orders of `name`."""
    if name == other:
        return False
    finer, coarser = table.determines(name, other), table.determines(other, name)
    if finer and coarser:  # two names of the same things: the first is taken
        order = list(table.columns)
        return order.index(name) < order.index(other)
    rows = {each: table.columns[each].rows / table.columns[each].distinct for each in (name, other)}
    if coarser and time is None and rows[other] < _FEW_ROWS:
        return True
    return finer and not (time is None and rows[name] < _FEW_ROWS)


def _is_like_id(table: Table, name: str, missing: list[Side], fewest: int) -> bool:
    column = table.columns[name]
    return (
        column.kind in ("text", "integer")
        and column.nulls <= _MOSTLY * column.rows
        and column.distinct >= fewest
        and table.alone(name) < _ALONE
        and table.top_share(name) <= _CROWD
        and max(names.fits_id(name, side) for side in missing) >= 0
        and (names.names_id(name) or not names.names_time(name))
        and not names.names_group(name)
        and not names_trait(name)
        and not (missing == ["product"] and names_contact(name))
        and not table.counts_up(name)
        and not counts_visits(table, name)
        and not holds_several(table, name)
    )


def numbers_rows(table: Table, side: Side, found: Mapping[Side, Choice | None]) -> bool:
    """Return whether an ID was found that is another one in each row, while the other ID repeats.

    Nothing can be learnt of such a product or session. A buyer may well buy once.
    """
    choice, other = found[side], found["product" if side == "buyer" else "buyer"]
    if choice is None or choice.name is None or choice.sure:
        return False
    is_known = side == "buyer" and not names.stands_for_buyer(choice.name)
    repeats = other is None or (other.name is not None and table.alone(other.name) < _ALONE)
    return not is_known and table.alone(choice.name) >= _ALONE and repeats


def instead(found: Choice | None, guessed: Choice | None) -> Choice | None:
    """Return the choice by name, or by rows where there is none or it is a session of each row.

    A product of each row stays, for `check` to refuse: the other one may be a group of any kind.
    """
    if found is None or found.name is None or guessed is None or guessed.name is None:
        return found or guessed
    if names.stands_for_buyer(found.name):
        return guessed
    return replace(found, others=(*found.others, guessed.name))


def counts_visits(table: Table, name: str) -> bool:
    """Return whether a column numbers or counts each buyer's visits: a number is no visitor."""
    if not names.stands_for_buyer(name):
        return False
    column = table.columns[name]
    is_small = column.kind == "integer" and (column.high or 0) <= _COUNTED
    return column.distinct < _FEW or (is_small and names.counts_visits(name))


def _who_buys(table: Table, first: str, second: str, time: str | None) -> tuple[str, str, str]:
    """Return which of two columns is the buyer, which is the product, and why."""
    if time is not None:
        moments = {name: table.profile.distinct([name, time]) for name in (first, second)}
        buyer, product = sorted((first, second), key=lambda name: moments[name])
        if moments[buyer] < _CLEARLY * moments[product]:
            why = f"one {show(buyer)} has several values of {show(product)} at a time"
            return buyer, product, why
    buyer, product = sorted((first, second), key=list(table.columns).index)
    return buyer, product, "in most files the buyer comes first"
