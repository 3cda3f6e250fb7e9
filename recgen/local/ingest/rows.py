"""Rows that nothing can be learned from: dropped and counted, or too many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recgen.findings import RecgenError
from recgen.local.cast import is_list

if TYPE_CHECKING:
    import pyarrow as pa


def clean(table: pa.Table, buyer: str, product: str) -> tuple[pa.Table, tuple[str, ...]]:
    """Drop the rows without a buyer or product, and check that the rest can be used for training.

    Args:
        table: The result of `read_table`.
        buyer: Name of the column with the buyer's ID.
        product: Name of the column with the product's ID.

    Returns:
        The table, and warnings for the user.

    Raises:
        RecgenError: Nothing can be learned: a column has no values, or there are too few rows or
            products.
    """
    import pyarrow.compute as pc

    for name in table.column_names:
        if _is_void(table[name]):
            raise RecgenError(
                f"column {name!r} has no values in {table.num_rows:,} rows",
                "remove the feature from the config, or use data that has values",
            )
    warnings: list[str] = []
    rows = table.num_rows
    if table[buyer].null_count or table[product].null_count:  # else the table need not be copied
        table = table.filter(pc.and_(pc.is_valid(table[buyer]), pc.is_valid(table[product])))
    if table.num_rows < rows:
        dropped = rows - table.num_rows
        warnings.append(
            f"{dropped:,} of {rows:,} rows have no {buyer!r} or no {product!r} and were dropped"
        )
    _require_variety(table, product)
    return table, tuple(warnings)


def _is_void(column: pa.ChunkedArray) -> bool:
    """Return whether a column has no values."""
    import pyarrow.compute as pc

    if is_list(column):
        return not pc.any(pc.greater(pc.list_value_length(column), 0)).as_py()
    return bool(column.null_count == len(column))


def _require_variety(table: pa.Table, product: str) -> None:
    if table.num_rows < 2:
        raise RecgenError(
            f"only {table.num_rows} row{'' if table.num_rows == 1 else 's'} with a buyer and a "
            "product: nothing can be learned from that",
            "use a file with one transaction per row",
        )
    products = table[product].unique()
    if len(products) < 2:
        raise RecgenError(
            f"column {product!r} has a single product, {products[0].as_py()!r}: "
            "there is nothing to choose from",
            "check that product_id_column names the column with the product's ID",
        )
