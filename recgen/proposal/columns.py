"""Sorting of columns: which become features of which tower, which are left out, and why."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from recgen.config import SIDES, Side
from recgen.data.statistics import ColumnProfile
from recgen.findings import counted, percent, show
from recgen.proposal.choices import Keys
from recgen.proposal.features import NUMBERS, feature_of
from recgen.proposal.names import (
    fits_purchase_time,
    names_id,
    names_measure,
    names_property,
    names_time,
)
from recgen.proposal.order_names import (
    may_name_order_amount,
    may_name_order_state,
    names_mark,
    names_order_amount,
    names_order_state,
    names_outcome,
)
from recgen.proposal.persons import (
    may_name_buyer,
    names_buyer,
    names_known_buyer,
    names_person,
)
from recgen.proposal.table import Table

_LOOSE = 0.25  # between properties (0.05 for prices in Online Retail) and other columns (0.6)
_MOSTLY = 0.5
_ALONE = 0.9  # of the rows: buyers who hardly come again
_AMOUNTS = ("integer", "real")
_DIGITS = 4  # of a date, at least
_LIST = re.compile(r"\s*(\[.*\]|\{.*\}|\(.*,.*\))\s*", re.DOTALL)  # JSON, Python, NumPy, SQL
_AS_MANY = 0.8  # ratio of values to IDs above which a category barely groups them
_WORDY = 6  # words
_FACTORS, _SAME = 8, 0.999  # numbers that are tried in pairs; a correlation, as of what is rounded
_MOST_FEATURES, _WIDEST = 500, 4096  # of a tower: configs and memory have limits


@dataclass(frozen=True)
class Taken:
    """A column that becomes a feature: the feature as plain data, and the reason."""

    name: str
    feature: dict[str, object]
    why: str
    width: int


@dataclass
class Towers:
    """The features of both towers without the IDs, and the columns that are left out."""

    taken: dict[Side, list[Taken]] = field(default_factory=lambda: {"buyer": [], "product": []})
    left_out: dict[str, str] = field(default_factory=dict)

    def drop(self, side: Side, name: str, why: str) -> None:
        """Leave out a column that was taken before."""
        self.taken[side] = [each for each in self.taken[side] if each.name != name]
        self.left_out[name] = why


def sort_columns(table: Table, keys: Keys, width: int) -> Towers:
    """Return the towers for all columns that are not keys; `width` limits embeddings."""
    towers = Towers(left_out=dict(table.unnamed))
    for name in table.columns:
        if name == keys.time.name:
            towers.left_out[name] = "the time of the purchase, which belongs to neither tower"
        elif name not in keys.names:
            _sort(table, keys, name, width, towers)
    return towers


def _sort(table: Table, keys: Keys, name: str, width: int, towers: Towers) -> None:
    useless = _useless(table, name)
    side, why = (None, useless) if useless else _whose(table, keys, name)
    if side is None:
        is_target = why is not useless and _may_be_target(table, name)
        hint = f"; to predict it: --target {shlex.quote(name)}" if is_target else ""
        towers.left_out[name] = f"{why}{hint}"
        return
    twin = _twin(table, name, towers.taken[side])
    found = feature_of(table, name, width)
    if twin is not None:
        towers.left_out[name] = f"has the same information as {show(twin)}"
    elif isinstance(found, str):
        towers.left_out[name] = found
    elif len(towers.taken[side]) >= _MOST_FEATURES or _total(towers, side) + found.width > _WIDEST:
        towers.left_out[name] = f"the {side} tower is large enough without it"
    else:
        says = f"{found.says}; {why}.{found.does and ' '}{found.does}"
        towers.taken[side].append(Taken(name, found.feature, says, found.width))


def _total(towers: Towers, side: Side) -> int:
    return sum(each.width for each in towers.taken[side])


def _may_be_target(table: Table, name: str) -> bool:
    """Return whether a model could predict what came of a purchase: a rating, or yes and no."""
    column = table.columns[name]
    if column.kind not in ("boolean", *_AMOUNTS) or names_time(name):
        return False
    is_flag = column.kind == "boolean" or (column.low, column.high, column.distinct) == (0, 1, 2)
    return names_mark(name) or (is_flag and names_outcome(name))


def _useless(table: Table, name: str) -> str | None:
    """Return why a column is useless for both towers; None if it is not."""
    column = table.columns[name]
    if column.kind == "empty":
        return "it has no value in any row"
    if column.kind == "list":
        return "it holds lists or records"
    if column.nulls > _MOSTLY * column.rows:
        return f"{percent(column.nulls / column.rows)} of the rows have no value"
    if column.distinct <= 1 and column.nulls == 0:
        return f"it is {show(column.examples[0])} in every row"
    if column.kind == "text" and all(map(_LIST.fullmatch, column.examples)):
        return f"its texts are lists, such as {show(column.examples[0])}"
    if column.kind == "text" and names_person(name):
        return "part of a person's name, which tells who somebody is and nothing of what they like"
    if column.kind == "text" and _is_unread_time(column):
        return f"its name is that of a time, but {show(column.examples[0])} is not read as one"
    is_category = column.kind == "text" or (column.kind == "integer" and names_id(name))
    if is_category and table.alone(name) >= _MOSTLY:
        share, its = percent(table.alone(name)), " with one" if column.nulls else ""
        return f"{share} of the rows{its} have a value of their own: it identifies rows, not groups"
    if column.kind == "text" and all(len(text.split()) >= _WORDY for text in column.examples):
        return f"free text ({show(column.examples[0])}): an embedding needs values that repeat"
    return None


def _is_unread_time(column: ColumnProfile) -> bool:
    """Return whether texts are dates, by the column's name, in a way that is not read."""
    digits = (sum(map(str.isdigit, text)) for text in column.examples)
    is_named = names_time(column.name) and not names_id(column.name)
    return is_named and all(count >= _DIGITS for count in digits)


def _whose(table: Table, keys: Keys, name: str) -> tuple[Side | None, str]:
    """Return the tower whose ID a column depends on, or None, and the reason."""
    ids: dict[Side, str] = {s: key for s in SIDES if (key := keys.of(s).name) is not None}
    loose = {side: table.looseness(key, name) for side, key in ids.items()}
    known = {side: value for side, value in loose.items() if value is not None}
    if not known:
        why = "there are too few rows to tell" if ids else "without IDs it is unknown"
        return None, f"{why} whose property it is"
    comes_once = "buyer" in ids and "buyer" not in known and table.alone(ids["buyer"]) >= _ALONE
    if comes_once and (of_once := _of_one_visit(table, ids["product"], name)) is not None:
        return of_once
    side = min(known, key=lambda each: known[each])
    is_buyers = names_buyer(name)
    if len(known) == len(SIDES) and is_buyers and known["buyer"] <= _LOOSE:
        side = "buyer"
    elif len(known) == len(SIDES) and not is_buyers:
        # A property of the product, with the buyer, would name what is bought.
        side = "product" if table.determines(ids["product"], name) else side
    if known[side] > _LOOSE:
        found = (f"{table.per(key, name):.1f} values per {s}" for s, key in ids.items())
        return None, f"{' and '.join(found)}: known only with the purchase"
    other = _of_purchase(table, keys, ids[side], side, name)
    other = other or _names_it_again(table, ids[side], side, name)
    if other is not None:
        return None, other
    per = table.per(ids[side], name)
    why = f"{per:.2f} per {side}" if per >= 1.005 else f"one per {side}"
    if max(known.values()) <= _LOOSE and len(known) == len(SIDES):
        why += ". GUESS: it would also fit the other tower. Check this"
    elif is_buyers and side == "product" and "buyer" in known:
        why += ". GUESS: by its name the buyer's, but it changes from row to row of a buyer"
    return side, why


def _of_purchase(table: Table, keys: Keys, key: str, side: Side, name: str) -> str | None:
    """Return why a column is by its name the purchase's, although it hardly varies within an ID."""
    is_fixed = table.determines(key, name)
    is_amount = names_order_amount(name) or (may_name_order_amount(name) and not is_fixed)
    if is_amount and table.columns[name].kind in _AMOUNTS and not names_id(name):
        return f"by its name an amount of the purchase, and not of the {side}"
    total = None if is_fixed or side == "buyer" else _total_of(table, key, name)
    if total is not None:
        return f"it is {show(total[0])} times {show(total[1])}, an amount of the purchase"
    is_loose_state = may_name_order_state(name) and side == "buyer" and not is_fixed
    is_outcome = names_outcome(name) and not is_fixed
    if names_order_state(name) or is_loose_state or is_outcome:
        return "by its name what became of the purchase, which is known only afterwards"
    if not names_time(name) or fits_purchase_time(name) <= 0:
        return None
    time = keys.time.name
    # Who buys once, or the ID of an order, has one of each time.
    comes_once = side == "buyer" and time is not None and table.determines(key, time)
    if is_fixed and not (comes_once and not names_property(name)):
        return None
    return f"by its name a time of the purchase, and not of the {side}"


def _total_of(table: Table, product: str, name: str) -> tuple[str, str] | None:
    """Return a number that varies within a product, and another one: `name` is one times the other.

    So is a total, in whatever language: a quantity times a price.
    """
    if table.columns[name].kind not in _AMOUNTS:
        return None
    columns = table.columns.items()
    numbers = [each for each, column in columns if column.kind in _AMOUNTS and each != name]
    numbers = [each for each in numbers if each != product and not names_id(each)][:_FACTORS]
    counts = [each for each in numbers if not table.determines(product, each)]
    for pair in ((count, other) for count in counts for other in numbers if other != count):
        formula = table.profile.formula(name, *pair, _SAME)
        if formula is not None and formula[0] == "times":
            return pair
    return None


def _of_one_visit(table: Table, product: str, name: str) -> tuple[Side | None, str] | None:
    """Return whose a column is where each buyer has one row, which fits whatever is in it.

    None: the product determines it, and its name is not that of a buyer's property.
    """
    is_fixed = (table.looseness(product, name) or 0) <= _LOOSE
    is_category = table.columns[name].kind in ("text", "boolean") and not names_outcome(name)
    why = "each buyer has one row, so the values cannot tell"
    if names_known_buyer(name):
        return "buyer", f"{why}. GUESS: the buyer's by its name. Check this"
    if is_fixed and not names_buyer(name):
        return None
    if is_category and may_name_buyer(name) and not names_time(name) and not names_id(name):
        guess = "the buyer's, as no product has one of its own"
        return "buyer", f"{why}. GUESS: {guess}. Leave it out if it is known only with the purchase"
    return None, f"{why} whether it is the buyer's or known only with the purchase"


def _names_it_again(table: Table, key: str, side: Side, name: str) -> str | None:
    """Return why a column is not a property but another name of the ID, or of a part of it."""
    column, ids = table.columns[name], table.columns[key].distinct
    count = f"{counted(column.distinct, 'value')} for {counted(ids, side)}"
    if column.kind in ("real", "time", "boolean"):
        changes = side == "buyer" and table.per(key, name) > 1 and table.determines(name, key)
        return f"{count}: it changes with each purchase" if changes else None
    if column.kind == "integer" and (names_measure(name) or not table.determines(name, key)):
        return None
    if column.distinct > 2 * ids:
        return f"{count}, each with a single {side}: it numbers purchases or the like"
    if column.distinct > ids and table.columns[key].nulls > column.nulls:
        return f"{count}, each with a single {side}: it names those without {show(key)}, too"
    if column.distinct >= _AS_MANY * ids:
        return f"{count}: it only repeats which {side} it is"
    return None


def _twin(table: Table, name: str, taken: list[Taken]) -> str | None:
    """Return the taken category whose values correspond one to one to this column's, if any."""
    if table.columns[name].kind in NUMBERS:
        return None
    texts = (each.name for each in taken if each.feature["data_type"] == "text")
    return next((text for text in texts if table.same(text, name)), None)
