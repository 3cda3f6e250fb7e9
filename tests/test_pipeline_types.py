"""Types of a query's columns beside those of the config (RG637)."""

from __future__ import annotations

from typing import Any

import pytest

from recgen.check import check

Plain = dict[str, Any]
SELECT = "customer_id, city, price, sku, at"


def codes(query: str, **data: Any) -> list[str]:
    plain: Plain = {
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [
                {"column": "customer_id", "data_type": "text"},
                {"column": "city", "data_type": "text"},
            ],
            "product_model_features": [
                {"column": "sku", "bq_type": "INT64", "data_type": "text"},
                {"column": "price", "bq_type": "NUMERIC", "data_type": "numeric"},
            ],
            "buyer_model_crosses": [
                {"features": [{"column": "city"}, {"column": "age", "type": "numeric"}]}
            ],
        },
        "data": {"split": {"kind": "strict_time", "date_column": "at"}, **data},
        "pipeline": {
            "source": {"bigquery": {"query": query}},
            "vertex": {"project": "p", "region": "us-east1", "bucket": "gs://b"},
        },
    }
    return [each.message for each in check(plain).findings if each.code == "RG637"]


@pytest.mark.parametrize(
    ("column", "sql", "data"),
    [
        ("at", "UNIX_SECONDS(at) AS at", {}),
        ("at", "CAST(at AS DATE) AS at", {}),
        ("at", "CAST(at AS STRING) at", {"column_types": {"at": "EPOCH_MILLIS"}}),
        ("at", "TIMESTAMP_MILLIS(ms) AS at", {"column_types": {"at": "EPOCH_MILLIS"}}),
        ("at", "DATE(at) AS at", {"column_types": {"at": "%Y-%m-%d"}}),
        ("customer_id", "SAFE_CAST(id AS INT64) AS customer_id", {}),
        ("sku", "FORMAT('%d', sku) AS sku", {}),
        ("price", "CAST(price > 0 AS BOOL) AS price", {}),
        ("city", "CAST(city AS INT64) AS city", {"null_values": ["-"]}),
        ("age", "CAST(age AS NUMERIC(10, 2)) AS age", {}),
    ],
)
def test_a_cast_to_another_type_is_found(column: str, sql: str, data: Plain) -> None:
    rest = [name for name in (*SELECT.split(", "), "age") if name != column]
    (message,) = codes(f"SELECT {', '.join(rest)}, {sql} FROM p.a.b", **data)
    assert repr(column) in message


@pytest.mark.parametrize(
    ("column", "sql", "data"),
    [
        ("at", "TIMESTAMP_MILLIS(ms) AS at", {}),
        ("at", "UNIX_MILLIS(at) AS at", {"column_types": {"at": "EPOCH_MILLIS"}}),
        ("at", "DATE(at, 'Europe/Paris') AS at", {"column_types": {"at": "DATE"}}),
        ("at", "FORMAT_DATE('%F', day) AS at", {"column_types": {"at": "%Y-%m-%d"}}),
        ("price", "COUNT(*) OVER (PARTITION BY sku) AS price", {}),
        ("price", "CAST(price AS INT64) * 2 AS price", {}),
        ("price", "CAST(price AS BIGDECIMAL) AS price", {}),
        ("city", "CAST(city AS INT64) AS city", {}),
        ("city", "CAST(city AS INT64) || 'a' AS city", {"null_values": ["-"]}),
        ("age", "age", {"column_types": {"age": "ARRAY<STRING>"}}),
    ],
)
def test_a_cast_that_works_is_left_alone(column: str, sql: str, data: Plain) -> None:
    rest = [name for name in (*SELECT.split(", "), "age") if name != column]
    assert codes(f"SELECT {', '.join(rest)}, {sql} FROM p.a.b", **data) == []


def test_a_query_with_a_star_is_not_checked() -> None:
    assert codes("SELECT *, CAST(at AS DATE) AS at FROM p.a.b") == []
