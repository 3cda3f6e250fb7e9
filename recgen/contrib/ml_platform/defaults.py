"""The features that the platform proposes for a dataset, in today's dialect, IDs as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recgen.config import Side
from recgen.contrib.ml_platform.semantics import cardinality_of, group_of
from recgen.contrib.ml_platform.types import known_type
from recgen.findings import ArgumentError, kind_of

_WIDTHS = ((50, 8), (500, 16), (5_000, 32), (50_000, 64), (500_000, 96))
_WIDEST = 128
_UNKNOWN = 1000  # distinct values of a text without statistics
_MANY = 100
_ROLES: dict[Side, tuple[str, ...]] = {
    "buyer": ("customer_", "user_", "buyer_"),
    "product": ("product_", "item_", "sku", "category", "subcategory", "brand"),
}
_CONTEXT: tuple[str, ...] = (
    "timestamp",
    "transaction_date",
    "event_date",
    "revenue",
    "amount",
    "price",
)
_CONTEXT += ("quantity", "units")
_ID_ROLES = ("user_id", "customer_id", "buyer_id", "product_id", "item_id", "sku")
_NAMES: tuple[tuple[Side, tuple[str, ...]], ...] = (
    ("buyer", ("customer", "user", "buyer")),
    ("product", ("product", "item", "sku", "category")),
    ("buyer", ("date", "time", "revenue", "amount", "quantity")),
)
_CROSSES: dict[Side, tuple[tuple[str, ...], tuple[str, ...], int]] = {
    "buyer": (("customer", "user"), ("city", "region"), 5000),
    "product": (("category",), ("subcategory", "sub_category"), 1000),
}
_CROSS_WIDTH = 16

Plain = dict[str, Any]


@dataclass(frozen=True)
class _Column:
    name: str
    alias: str | None
    bq_type: str
    role: str | None
    stats: Mapping[str, Any]

    @property
    def output(self) -> str:
        return self.alias or self.name


def smart_defaults(
    selected_columns: Mapping[str, Sequence[str]] | None,
    column_mapping: Mapping[str, str] | None = None,
    column_stats: Mapping[str, Mapping[str, Any]] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> dict[str, list[Plain]]:
    """Return proposed features and crosses.

    A column with the role of an ID is text and marked as the ID, whatever its type. Columns whose
    role and name say nothing, and those of types that no feature can have, are left out.

    Args:
        selected_columns: Names of columns by table (`dataset.table`).
        column_mapping: Names of columns by role: `{"customer_id": "cust_no"}`.
        column_stats: By `table.column`: `type`, `cardinality` or `unique_count`, and others.
        aliases: Aliases by `table.column` or `table_column`.

    Returns:
        `buyer_model_features`, `product_model_features`, `buyer_model_crosses` and
        `product_model_crosses`, as the page posts them.

    Raises:
        ArgumentError: An argument is no mapping.
    """
    given = {
        "selected_columns": selected_columns,
        "column_mapping": column_mapping,
        "column_stats": column_stats,
        "aliases": aliases,
    }
    for key, value in given.items():
        if value and not isinstance(value, Mapping):
            raise ArgumentError(f"{key} is {kind_of(value)}", "Pass a mapping.")
    roles = {column: role for role, column in (column_mapping or {}).items()}
    found: dict[Side, list[Plain]] = {"buyer": [], "product": []}
    has_id: set[Side] = set()
    for column in _columns(selected_columns or {}, roles, column_stats or {}, aliases or {}):
        side = _side_of(column)
        is_id = side is not None and column.role in _ID_ROLES and side not in has_id
        feature = _feature(column, is_id) if side else None
        if side and feature:
            found[side].append(feature)
            has_id |= {side} if is_id else set()
    return {
        "buyer_model_features": found["buyer"],
        "product_model_features": found["product"],
        "buyer_model_crosses": _crosses("buyer", found["buyer"]),
        "product_model_crosses": _crosses("product", found["product"]),
    }


def _columns(
    selected: Mapping[str, Sequence[str]],
    roles: Mapping[str, str],
    stats: Mapping[str, Mapping[str, Any]],
    aliases: Mapping[str, str],
) -> Iterator[_Column]:
    """Yield the columns; one whose name was there before is named `table_column`, as in the SQL."""
    seen: set[str] = set()
    for table, names in selected.items():
        short = table.split(".")[-1]
        for name in names or ():
            known = stats.get(f"{short}.{name}") or {}
            alias = aliases.get(f"{short}.{name}") or aliases.get(f"{short}_{name}")
            output = f"{short}_{name}" if name in seen else name
            seen.add(name)
            bq_type = str(known.get("type") or "STRING")
            yield _Column(output, alias, bq_type, roles.get(name), known)


def _side_of(column: _Column) -> Side | None:
    role, word = column.role, column.name.lower()
    if role:
        for side, beginnings in _ROLES.items():
            if role.startswith(beginnings):
                return side
        if role in _CONTEXT:
            return "buyer"
    return next((side for side, words in _NAMES if any(each in word for each in words)), None)


def _feature(column: _Column, is_id: bool) -> Plain | None:
    group = "text" if is_id else group_of(column.bq_type)
    if group not in ("text", "numeric", "temporal"):
        return None
    found: Plain = {"column": column.name}
    if column.alias:
        found["display_name"] = column.alias
    found |= {"bq_type": known_type(column.bq_type), "data_type": group}
    if is_id:
        found["is_primary_id"] = True
    return {**found, "transforms": _transforms(column, group)}


def _transforms(column: _Column, group: str) -> Plain:
    if group == "text":
        width = _width(cardinality_of(column.stats, _UNKNOWN))
        return {"embedding": {"enabled": True, "embedding_dim": width}}
    if group == "temporal":
        cycles = {"quarterly": True, "monthly": True, "weekly": True}
        return {"normalize": {"enabled": True}, "cyclical": {"enabled": True, **cycles}}
    found: Plain = {"normalize": {"enabled": True}}
    if cardinality_of(column.stats) > _MANY:
        found["bucketize"] = {"enabled": True, "buckets": 100, "embedding_dim": 32}
    return found


def _width(cardinality: int) -> int:
    return next((width for end, width in _WIDTHS if cardinality < end), _WIDEST)


def _crosses(side: Side, features: Sequence[Plain]) -> list[Plain]:
    """Return the cross of the tower's two usual columns, if both are there as text.

    The ID is not crossed: it has an embedding of its own.
    """
    first, second, buckets = _CROSSES[side]
    texts = [e for e in features if e["data_type"] == "text" and "is_primary_id" not in e]
    left = next((each for each in texts if _is_named(each, first, side == "product")), None)
    right = next((each for each in texts if _is_named(each, second)), None)
    if left is None or right is None or left is right:
        return []
    keys = ("column", "display_name")
    members = [
        {**{key: each[key] for key in keys if key in each}, "type": "text"}
        for each in (left, right)
    ]
    cross = {"features": members, "hash_bucket_size": buckets, "embedding_dim": _CROSS_WIDTH}
    return [cross]


def _is_named(feature: Plain, words: Sequence[str], whole: bool = False) -> bool:
    name = str(feature.get("display_name") or feature["column"]).lower()
    return name in words if whole else any(word in name for word in words)
