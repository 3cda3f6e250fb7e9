"""Detection of the buyer, product and time columns of purchases, and how sure it is.

Names decide first. Values then tell apart what has such a name: an ID repeats, a buyer comes at
several times, and what counts up from 1 in each order is a line number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from recgen.config import SIDES, Side
from recgen.findings import RecgenError, percent, show
from recgen.proposal import names
from recgen.proposal.choices import OPTIONS, Choice, Given, Keys
from recgen.proposal.grain import rows_per_value, with_fuller, with_grain
from recgen.proposal.guesses import by_rows, counts_visits, instead, numbers_rows
from recgen.proposal.missing import holds_several, nothing
from recgen.proposal.named_time import named_time
from recgen.proposal.no_time import why_no_time
from recgen.proposal.persons import names_known_buyer
from recgen.proposal.table import Table, is_clock

_ALONE = 0.9  # of the rows: RG508 takes such a column for a row number
_MOSTLY = 0.5  # of the rows
_LACKING = 0.1  # of the rows
_FAULT = 2  # steps on the scale of names that a fault takes away
_LISTED = 5
_GROUPED = re.compile(r"\d{1,3}([,.'\s]\d{3})+|\d+")
_FEW = 5  # products: a measure, a place or a kind of row has so few values
_FAR_FEWER = 3  # times the rows per value
_ONE_VISIT = 5  # rows of a buyer, on average, that one order may explain
_FEW_BUYERS, _MANY_ROWS = 20, 100  # buyers; rows of each: so few with so many are kinds of buyers
_DATE = len("2011-12-09")
_TWO_DAYS = 2 * 86_400  # a day, and a zone


def find_keys(table: Table, given: Given | None = None) -> Keys:
    """Return the columns that identify a purchase, judging by names and values.

    Args:
        table: The purchases.
        given: Columns that the user named.

    Raises:
        RecgenError: A column that the user named cannot be used.
    """
    given = given or Given()
    given.require(list(table.columns), table.unnamed)
    found: dict[Side, Choice | None] = {}
    moment = given.time or _time(table, []).name
    for side in ("product", "buyer"):
        name = given.buyer if side == "buyer" else given.product
        taken = {*given.names, *(each.name for each in found.values() if each)}
        found[side] = _named(table, side, name) if name else _by_name(table, side, taken, moment)
    ids = [choice.name for choice in found.values() if choice and choice.name]
    # A session has one time, which is not a property of it, as a date of birth is one of a buyer.
    ids = [name for name in ids if not names.stands_for_buyer(name)] or ids
    time = named_time(table, given.time) if given.time else _time(table, ids)
    doubted = {side for side in SIDES if numbers_rows(table, side, found)}
    guessed = by_rows(table, {**found, **dict.fromkeys(doubted)}, time.name)
    known = [choice.name for choice in found.values() if choice and choice.name]
    buyer, product = (
        instead(found[side], guessed.get(side)) or nothing(table, side, known) for side in SIDES
    )
    buyer = buyer if given.buyer else with_fuller(table, buyer)
    return Keys(buyer, with_grain(table, product), time, given.time_format)


def _named(table: Table, side: Side, name: str) -> Choice:
    kind = table.columns[name].kind
    if kind in ("list", "empty"):
        what = "holds lists or records" if kind == "list" else "has no values"
        raise RecgenError(f"{OPTIONS[side]}: column {show(name)} {what}", "name another column")
    return Choice(name, f"as {OPTIONS[side]} says")


def _by_name(table: Table, side: Side, taken: set[str | None], moment: str | None) -> Choice | None:
    """Return the column that is named like an ID and whose values speak least against it."""
    scores = {
        name: score
        for name in table.columns
        if name not in taken and (score := names.fits_id(name, side)) >= names.FAIR
        if _can_be_id(table, name, score) and not _is_other(table, name, side)
    }
    if not scores:
        return None
    if side == "product" and max(scores.values()) == names.FAIR:
        titles = [name for name in _product_titles(table) if name not in taken]
        scores |= {name: names.FAIR for name in titles if not _any_determines(table, scores, name)}
    faults = {name: list(_faults(table, name, side, moment)) for name in scores}
    worth = {name: scores[name] - _FAULT * len(faults[name]) for name in scores}
    best = max(worth.values())
    rivals = [name for name in scores if worth[name] == best]
    rivals, of_rows = _shared(table, rivals) if side == "product" else (rivals, ())
    chosen = max(rivals, key=lambda name: table.columns[name].distinct)
    others = tuple(
        name
        for name in rivals
        if name != chosen and not (table.same(chosen, name) or table.determines(chosen, name))
    )
    if others:
        listed = ", ".join(map(show, others[:_LISTED]))
        fewer = _far_fewer(table, chosen, others) if side == "product" else ""
        why = f"{listed} could also be the {side}'s ID{fewer}"
        return Choice(chosen, why, sure=False, others=others)
    if of_rows:
        why = f"nearly every row has its own {', '.join(map(show, of_rows))}, which tells nothing"
        return Choice(chosen, why, sure=False, others=of_rows)
    if faults[chosen]:
        rest = tuple(name for name in scores if name != chosen)
        why = f"named like the {side}'s ID, but {' and '.join(faults[chosen])}"
        return Choice(chosen, why, sure=False, others=rest)
    return Choice(chosen, f"named like the {side}'s ID")


def _shared(table: Table, rivals: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns whose values several rows share, if any do, and the others."""
    alone = tuple(name for name in rivals if table.alone(name) >= _ALONE)
    shared = [name for name in rivals if name not in alone]
    return (shared, alone) if shared else (rivals, ())


def _product_titles(table: Table) -> list[str]:
    """Return the columns with titles of products, which may be all that identifies one."""
    return [
        name
        for name, column in table.columns.items()
        if column.kind == "text" and names.names_product_title(name)
    ]


def _any_determines(table: Table, names: Iterable[str], name: str) -> bool:
    return any(table.determines(each, name) for each in names)


def _far_fewer(table: Table, chosen: str, others: tuple[str, ...]) -> str:
    """Return what to know about a column that has far fewer rows per value than another one."""
    own, best = (max(rows_per_value(table, name) for name in each) for each in ((chosen,), others))
    if best < _FAR_FEWER * own:
        return ""
    return f", with {best:,.1f} rows a value, where {show(chosen)} has {own:,.1f}"


def _can_be_id(table: Table, name: str, score: int) -> bool:
    """Return whether values can be IDs; some codes of digits and points look like numbers."""
    column = table.columns[name]
    if column.distinct <= 1:
        return False
    if column.kind in ("text", "integer"):
        return True
    if column.stored_as_text and all(map(_GROUPED.fullmatch, column.examples)):
        return True  # 9,017: whether these are thousands is no question where they are IDs
    is_plain = all(text.replace(".", "", 1).isdigit() for text in column.examples)
    is_code = column.kind == "time" or (column.kind == "real" and column.stored_as_text)
    return score == names.SURE and is_code and is_plain


def _is_other(table: Table, name: str, side: Side) -> bool:
    """Return whether a column numbers each buyer's visits, or the lines of an order or has all."""
    if side == "product":
        is_line = names.fits_id(name, side) < names.SURE and table.counts_up(name)
        return is_line or holds_several(table, name)
    return counts_visits(table, name)


def _faults(table: Table, name: str, side: Side, moment: str | None) -> Iterator[str]:
    """Yield what speaks against a column that is named like an ID."""
    column = table.columns[name]
    if table.alone(name) >= _ALONE:
        yield "nearly every row has its own value"
    elif side == "buyer" and moment is not None and table.determines(name, moment):
        yield "each value has a single time, as an order has"
    elif side == "product" and table.counts_up(name):
        yield "its values count up as line numbers do"
    if side == "product" and column.distinct < _FEW:
        yield f"there are only {column.distinct} values"
    is_few = column.distinct < _FEW_BUYERS and rows_per_value(table, name) >= _MANY_ROWS
    if side == "buyer" and is_few:
        yield f"there are only {column.distinct} values"
    if column.nulls > _MOSTLY * column.rows:
        yield f"{percent(column.nulls / column.rows)} of the rows have no value"
    if side == "buyer" and names.stands_for_buyer(name):
        is_card = names.names_card(name)
        yield f"a {'card' if is_card else 'session or device'} is not a person"


def _time(table: Table, ids: list[str]) -> Choice:
    """Return the time of the purchase: one that is not a property of the buyer or the product."""
    times = {
        name: names.fits_purchase_time(name)
        for name, column in table.columns.items()
        if column.kind == "time" and not is_clock(column) and column.low != column.high
        if column.nulls <= _MOSTLY * column.rows
    }
    if any(map(names.names_arrival, table.columns)):  # a stay, which ends with a checkout
        times |= {name: -1 for name in times if names.names_departure(name)}
    varying = [
        name
        for name in times
        if name not in ids and not any(table.determines(key, name) for key in ids)
    ]
    free = [name for name in varying if times[name] >= 0]
    if not free:
        return _time_of_one_visit(table, times, ids) or _other_time(table, varying, ids)
    # Each purchase has a time; what some lack is of an interview, a delivery, a payment.
    rows = table.profile.rows
    free = [name for name in free if table.columns[name].nulls <= _LACKING * rows] or free
    best = max(times[name] for name in free)
    return _first_of(table, [name for name in free if times[name] == best])


def _first_of(table: Table, rivals: list[str]) -> Choice:
    """Return one of several times that names do not tell apart.

    The others are of the delivery, of the payment, or of when the row was stored: the purchase
    comes first. In days, it is not told from the same times with hours, which are finer.
    """
    finest = max(rivals, key=lambda name: table.columns[name].distinct)
    chosen = _earliest(table, [n for n in rivals if n == finest or table.same(n, finest)])
    others = [
        name
        for name in rivals
        if name != chosen
        and not table.determines(chosen, name)
        and not _is_day_of(table, chosen, name)
    ]
    if not others:
        return Choice(chosen, "the time of the purchase")
    closing = [name for name in (chosen, *others) if names.closes_deal(name)]
    first = closing[0] if closing else _earliest(table, [chosen, *others])
    rest = tuple(chosen if name == first else name for name in others)
    listed = ", ".join(map(show, rest[:_LISTED]))
    why = f"{listed} could also be the time of the purchase"
    return Choice(first, why, sure=False, others=rest)


def _earliest(table: Table, found: list[str]) -> str:
    return min(found, key=lambda name: table.columns[name].mean or 0)


def _time_of_one_visit(table: Table, times: Mapping[str, int], ids: list[str]) -> Choice | None:
    """Return a time that each buyer has once, where buyers come once and their ID is an order's.

    Then nothing but its name tells it from a property of the buyer, such as the date of birth.
    """
    if len(ids) < len(SIDES):
        return None
    product, buyer = ids
    if rows_per_value(table, buyer) > _ONE_VISIT:
        return None
    found = [
        name
        for name, fit in times.items()
        if fit > 0 and name not in ids and not names.names_property(name)
        if table.determines(buyer, name) and not table.determines(product, name)
    ]
    best = [name for name in found if times[name] == max(times[each] for each in found)]
    if len(best) != 1:
        return None
    why = "named like the time of the purchase, but each buyer has one only, as who buys once"
    return Choice(best[0], why, sure=False)


def _other_time(table: Table, varying: list[str], ids: list[str]) -> Choice:
    """Return the only time of something else, such as the delivery: better than none at all.

    Without both IDs nobody can tell it from a property of the buyer, such as the date of birth.
    """
    others = [name for name in varying if names.names_other_time(name)]
    orders = [name for name in others if not names_known_buyer(name)]
    if len(orders) > 1:
        orders.sort(key=lambda name: table.columns[name].mean or 0)  # the first comes before others
        listed = ", ".join(map(show, orders[:_LISTED]))
        why = f"no column contains the time of the purchase: {listed} are times of something else"
        return Choice(None, f"{why}; {show(orders[0])} is the earliest", others=(orders[0],))
    others = orders or others
    if len(others) != 1 or len(ids) < len(SIDES):
        return Choice(None, why_no_time(table))
    why = "the only time in the data, but its name is not that of a purchase's time"
    return Choice(others[0], why, sure=False)


def _is_day_of(table: Table, time: str, name: str) -> bool:
    """Return whether a column has the dates of the same times, to the day."""
    fine, coarse = table.columns[time], table.columns[name]
    if any(len(text) > _DATE for text in coarse.examples) or coarse.distinct >= fine.distinct:
        return False
    ends = ((fine.low, coarse.low), (fine.high, coarse.high))
    return all(abs((left or 0) - (right or 0)) <= _TWO_DAYS for left, right in ends)
