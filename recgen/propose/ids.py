"""Detection of the buyer, product and time columns of purchases, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.config import SIDES, Side
from recgen.findings import show
from recgen.propose import names
from recgen.propose.table import Table, is_clock

_ALONE = 0.9  # of the rows: RG508 takes such a column for a row number
_CROWD = 0.1  # of the rows with one value: too many for an ID
_FEW = 20  # values
_MOSTLY = 0.5  # of the rows
_CLEARLY = 0.8


@dataclass(frozen=True)
class Choice:
    """The column chosen for a role.

    Attributes:
        name: The column; None if nothing fits.
        why: The reason for it; without a column, what was looked for.
        sure: Whether the choice needs no check by a person.
    """

    name: str | None
    why: str
    sure: bool = True


@dataclass(frozen=True)
class Keys:
    """The key columns of a table of purchases."""

    buyer: Choice
    product: Choice
    time: Choice

    def of(self, side: Side) -> Choice:
        """Return the ID of a tower."""
        return self.buyer if side == "buyer" else self.product

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that were chosen."""
        chosen = (self.buyer, self.product, self.time)
        return tuple(choice.name for choice in chosen if choice.name is not None)


def find_keys(table: Table) -> Keys:
    """Return the columns that identify a purchase, judging by names and values."""
    product = _by_name(table, "product", taken=())
    buyer = _by_name(table, "buyer", taken=(product.name,) if product else ())
    time = _time(table, [choice.name for choice in (buyer, product) if choice and choice.name])
    found: dict[Side, Choice | None] = {"buyer": buyer, "product": product}
    by_rows = _by_rows(table, found, time.name)
    return Keys(
        buyer or by_rows.get("buyer") or _nothing("buyer"),
        product or by_rows.get("product") or _nothing("product"),
        time,
    )


def _nothing(side: Side) -> Choice:
    return Choice(None, f"no column looks like the {side}'s ID", sure=False)


def _by_name(table: Table, side: Side, taken: tuple[str | None, ...]) -> Choice | None:
    """Return the column that is named like an ID; if there are several, that with most values."""
    scores = {
        name: names.fits_id(name, side)
        for name, column in table.columns.items()
        if column.kind in ("text", "integer") and name not in taken
    }
    best = max(scores.values(), default=0)
    if best < names.GOOD:
        return None
    rivals = [name for name, score in scores.items() if score == best]
    chosen = max(rivals, key=lambda name: (_repeats(table, name), table.columns[name].distinct))
    others = [
        name
        for name in rivals
        if name != chosen and not (table.same(chosen, name) or table.determines(chosen, name))
    ]
    if others:
        listed = ", ".join(map(show, others[:5]))
        return Choice(chosen, f"{listed} could also be the {side}'s ID", sure=False)
    if not _repeats(table, chosen):
        is_one = table.columns[chosen].distinct == 1
        what = "all rows have the same value" if is_one else "nearly every row has its own value"
        return Choice(chosen, f"named like the {side}'s ID, but {what}", sure=False)
    return Choice(chosen, f"named like the {side}'s ID")


def _repeats(table: Table, name: str) -> bool:
    return table.columns[name].distinct > 1 and table.alone(name) < _ALONE


def _time(table: Table, ids: list[str]) -> Choice:
    """Return the time of the purchase: one that is not a property of the buyer or the product."""
    times = {
        name: names.fits_purchase_time(name)
        for name, column in table.columns.items()
        if column.kind == "time" and not is_clock(column) and column.low != column.high
        if column.nulls <= _MOSTLY * column.rows
    }
    free = [
        name
        for name in times
        if times[name] >= 0 and not any(table.determines(key, name) for key in ids)
    ]
    readable = [name for name in free if table.why_unreadable(name) is None]
    if not readable:
        why = table.why_unreadable(free[0]) if free else None
        return Choice(
            None, f"{show(free[0])} has {why}" if why else "no column contains the time", True
        )
    best = max(times[name] for name in readable)
    rivals = [name for name in readable if times[name] == best]
    chosen = max(rivals, key=lambda name: table.columns[name].distinct)
    if len(rivals) > 1:
        others = ", ".join(show(name) for name in rivals[:5] if name != chosen)
        return Choice(chosen, f"{others} could also be the time of the purchase", sure=False)
    return Choice(chosen, "the time of the purchase")


def _by_rows(
    table: Table, found: dict[Side, Choice | None], time: str | None
) -> dict[Side, Choice]:
    """Return guesses, based on values, for the sides that names do not reveal."""
    missing = [side for side in SIDES if found[side] is None]
    known = [choice.name for choice in found.values() if choice and choice.name]
    pool = _like_ids(table, known, time) if missing else []
    if len(missing) == 1 and pool:
        return {missing[0]: Choice(pool[0], _like_id(table, pool[0]), sure=False)}
    if len(missing) < 2 or len(pool) < 2:
        return {}
    buyer, product, why = _who_buys(table, pool[0], pool[1], time)
    return {
        "buyer": Choice(buyer, f"{_like_id(table, buyer)}; {why}", sure=False),
        "product": Choice(product, f"{_like_id(table, product)}; {why}", sure=False),
    }


def _like_id(table: Table, name: str) -> str:
    count = f"{table.columns[name].distinct:,}"
    return f"its name does not show it, but its {count} values repeat like IDs"


def _like_ids(table: Table, known: list[str], time: str | None) -> list[str]:
    """Return columns whose values repeat like IDs, most likely first; none implies another."""
    pool = [name for name in table.columns if name not in known and _is_like_id(table, name)]
    free = [
        name
        for name in pool
        if not any(table.determines(key, name) or table.determines(name, key) for key in known)
        and not (time and table.determines(name, time))  # an order number
    ]
    coarse = [name for name in free if not any(_is_finer(table, name, other) for other in free)]
    by_name = max(names.fits_id(name, side) for name in coarse for side in SIDES) if coarse else 0
    named = [n for n in coarse if max(names.fits_id(n, side) for side in SIDES) == by_name]
    chosen = named if by_name > 0 else coarse
    return sorted(chosen, key=lambda name: -table.columns[name].distinct)


def _is_finer(table: Table, name: str, other: str) -> bool:
    """Return whether a column numbers (orders of buyers) or names the things of another one."""
    if name == other or not table.determines(name, other):
        return False
    order = list(table.columns)
    is_name = table.determines(other, name)  # of two names of the same thing, the first is taken
    return not is_name or order.index(other) < order.index(name)


def _is_like_id(table: Table, name: str) -> bool:
    column = table.columns[name]
    is_kind = column.kind in ("text", "integer") and table.why_unreadable(name) is None
    return (
        is_kind
        and column.nulls <= _MOSTLY * column.rows
        and column.distinct >= _FEW
        and _repeats(table, name)
        and table.top_share(name) <= _CROWD
        and max(names.fits_id(name, side) for side in SIDES) >= 0
    )


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
