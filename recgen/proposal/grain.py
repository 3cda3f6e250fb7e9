"""Grain of the product ID: variants such as sizes and colours, or the products they belong to."""

from __future__ import annotations

from dataclasses import replace

from recgen.findings import counted, percent, show
from recgen.proposal import names
from recgen.proposal.choices import Choice
from recgen.proposal.table import Table

_FEWER = 1.5  # times as many variants as products at least
_FEWEST = 20  # products; fewer are groups
_FEW_ROWS = 5  # per value: few to learn a vector from
_MOSTLY = 0.9  # of the rows


def with_grain(table: Table, product: Choice) -> Choice:
    """Return the choice of the product's ID, with a note if there is a coarser one or few rows."""
    name = product.name
    if name is None:
        return product
    coarser = _coarser(table, name)
    own = rows_per_value(table, name)
    if coarser is not None:
        groups = counted(table.columns[coarser].distinct, "value")
        note = (
            f"{show(name)} has {own:,.1f} rows a value, {show(coarser)} {groups} with "
            f"{rows_per_value(table, coarser):,.1f}: take that unless you recommend variants."
        )
        others = (*product.others, *((coarser,) if coarser not in product.others else ()))
        return replace(product, others=others, note=note)
    finer = _finer(table, name)
    if finer is not None:
        note = (
            f"{show(finer)} tells {counted(table.columns[finer].distinct, 'value')} apart, with "
            f"{rows_per_value(table, finer):,.1f} rows each: take that if you recommend these."
        )
        return replace(product, others=(*product.others, finer), note=note)
    if own < _FEW_ROWS:
        note = (
            f"{own:,.1f} rows a value are few to learn from: a coarser ID, without sizes and "
            "colours, has more."
        )
        return replace(product, note=note)
    return product


def with_fuller(table: Table, buyer: Choice) -> Choice:
    """Return the choice of the buyer's ID, which says if another column has it in more rows.

    Such is a visitor's ID beside that of a login: each of its values is of one buyer.
    """
    name = buyer.name
    if name is None or table.columns[name].nulls <= (1 - _MOSTLY) * table.columns[name].rows:
        return buyer
    column = table.columns[name]
    found = [
        each
        for each, other in table.columns.items()
        if each != name
        and other.kind in ("text", "integer")
        and other.nulls <= column.nulls / 2
        and table.alone(each) < _MOSTLY
        and table.determines(each, name)
        and table.determines(name, each)
    ]
    if not found:
        return buyer
    fuller = max(found, key=lambda each: _is_person(each))
    share = percent(column.nulls / column.rows)
    why = (
        f"{buyer.why}, but {share} of the rows have none, and {show(fuller)} tells buyers apart in "
        f"{percent(1 - table.columns[fuller].nulls / column.nulls)} of these"
    )
    others = (fuller, *(other for other in buyer.others if other != fuller))
    return replace(buyer, why=why, sure=False, others=others)


def _is_person(name: str) -> tuple[bool, int]:
    return not names.stands_for_buyer(name), names.fits_id(name, "buyer")


def rows_per_value(table: Table, name: str) -> float:
    """Return the average number of rows of a column's values."""
    column = table.columns[name]
    return (column.rows - column.nulls) / max(1, column.distinct)


def _finer(table: Table, product: str) -> str | None:
    """Return the ID of what the product's ID groups, such as vintages of a wine, if it repeats."""
    products = table.columns[product].distinct
    found = [
        name
        for name, column in table.columns.items()
        if name != product
        and column.kind in ("text", "integer")
        and column.distinct >= _FEWER * products
        and column.nulls <= (1 - _MOSTLY) * column.rows
        and rows_per_value(table, name) >= _FEW_ROWS
        and names.names_id(name)
        and names.fits_id(name, "product") > 0
        and table.determines(name, product)
    ]
    return max(found, key=lambda name: names.fits_id(name, "product"), default=None)


def _coarser(table: Table, variant: str) -> str | None:
    """Return the column of the products whose variants a column has, the finest of several."""
    variants = table.columns[variant].distinct
    found = [
        name
        for name, column in table.columns.items()
        if name != variant
        and column.kind in ("text", "integer")
        and _FEWEST <= column.distinct <= variants / _FEWER
        and column.nulls <= (1 - _MOSTLY) * column.rows
        and (names.fits_id(name, "product") >= names.FAIR or names.names_title(name))
        and table.determines(variant, name)
    ]
    return max(found, key=lambda name: table.columns[name].distinct, default=None)
