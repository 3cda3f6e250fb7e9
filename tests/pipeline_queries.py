"""Rendered queries run here: transpiled from BigQuery's SQL to DuckDB's, over an Arrow table."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

TABLE = "my-project.shop.transactions"


def transpiled(query: str) -> str:
    """Returns a query in DuckDB's dialect; its table is `rows`, and a snapshot has no effect."""
    tree = sqlglot.parse_one(query, dialect="bigquery")
    for table in list(tree.find_all(exp.Table)):
        if table.name == "transactions" and table.db == "shop":
            table.replace(exp.to_table("rows", alias=table.alias or None))
    for number in list(tree.find_all(exp.Literal)):
        if not number.is_string and not number.is_int:  # there, they are decimals
            number.replace(exp.cast(number.copy(), "double"))
    for seconds in list(
        tree.find_all(exp.UnixSeconds)
    ):  # BigQuery rounds down, DuckDB to the nearest
        whole = exp.Floor(this=exp.func("EPOCH", seconds.this.copy(), dialect="duckdb"))
        seconds.replace(exp.cast(whole, "bigint"))
    return tree.sql(dialect="duckdb")


def run(query: str, rows: pa.Table) -> pa.Table:
    """Returns the rows of a query."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", rows)
        return database.sql(transpiled(query)).to_arrow_table()


def counted(table: pa.Table, names: list[str]) -> Counter[tuple[Any, ...]]:
    """Returns how often each row occurs; lists as tuples, and an empty text as null."""
    columns = [table[name].to_pylist() for name in names]
    return Counter(tuple(map(_hashable, row)) for row in zip(*columns, strict=True))


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(item.decode() if isinstance(item, bytes) else item for item in value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):  # examples have 32 bits
        return None if value != value else float(pa.scalar(value, pa.float32()).as_py())
    return None if value == "" else value
