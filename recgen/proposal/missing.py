"""What to say where no column is an ID: it may be in records, in lists, or in headers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recgen.config import Side
from recgen.findings import counted, show
from recgen.proposal import names
from recgen.proposal.choices import Choice
from recgen.proposal.table import Table

_COMMANDS = "docs/files.md has the commands"
_LISTED = 5
_ALONE = 0.5  # of the rows: a title of one product, commas or not, is in more of them
_OWN = 0.9  # of the rows with a value of their own: a list of buyers or products
_SOME, _ALL = 0.1, 0.98  # of the cells with marks of several: an ID in parts has them in all
_VARIED = 0.2  # of the rows with a value of their own: lists vary, IDs in parts repeat
_JSON = re.compile(r"\s*\[?\s*\{")
_MARKS = re.compile(r"[,;|:]")
_FEW_MARKS = 2  # as in `Shirts;A-1;2` or `ID: 7, SKU: A-1`
_FLAGS, _MANY = {"0", "1"}, 8  # columns of yes and no from which on they may be of products


def nothing(table: Table, side: Side, known: Sequence[str] = ()) -> Choice:
    """Return the choice of no column, with where the ID may be and what to do then.

    Args:
        table: The data.
        side: The tower whose ID is looked for.
        known: The column of the other ID, if it was found.
    """
    why = f"no column looks like the {side}'s ID"
    nested = [name for name, column in table.columns.items() if column.kind == "list"]
    several = [name for name in table.columns if holds_several(table, name)]
    flags = [name for name in table.columns if _is_flag(table, name)]
    if side == "product" and several:
        why += (
            f"; {_listed(several)} seems to have all products of an order in a cell: make a row of "
            f"each product ({_COMMANDS})"
        )
    elif nested:
        listed = _listed(nested)
        why += f"; if it is in the lists or records of {listed}, make columns of them ({_COMMANDS})"
    elif side == "product" and len(flags) >= _MANY:
        columns = counted(len(flags), "column")
        why += (
            f"; if each product has a column of its own, as the {columns} of 0 and 1 such as "
            f"{show(flags[0])} could be, make a row of each 1 ({_COMMANDS})"
        )
    elif any(table.alone(name) >= _OWN for name in known):
        whose = "products" if side == "buyer" else "buyers"
        why += (
            f"; each row has a {_listed(list(known))} of its own, as in a list of {whose}: a row "
            "has to be a purchase, so join this list to the purchases"
        )
    return Choice(None, why, sure=False)


def holds_several(table: Table, name: str) -> bool:
    """Return whether cells seem to have all products of an order, as JSON or between marks."""
    column = table.columns[name]
    if column.kind != "text" or not names.names_products(name) or names.names_measure(name):
        return False
    if names.names_group(name):
        return False
    if _has_marks(table, name):
        return True
    return table.alone(name) >= _ALONE and all(
        _JSON.match(text) or len(_MARKS.findall(text)) >= _FEW_MARKS for text in column.examples
    )


def _has_marks(table: Table, name: str) -> bool:
    """Return whether enough cells are lists, or hold several things between marks."""
    column, odd = table.columns[name], table.profile.odd(name, "several")
    share = odd.rows / max(1, column.rows - column.nulls) if odd else 0.0
    is_list = odd is not None and all(text.lstrip().startswith("[") for text, _ in odd.examples)
    return share >= _SOME and (share < _ALL or is_list or table.alone(name) >= _VARIED)


def _is_flag(table: Table, name: str) -> bool:
    return set(table.columns[name].examples) == _FLAGS


def _listed(found: list[str]) -> str:
    return ", ".join(map(show, found[:_LISTED]))
