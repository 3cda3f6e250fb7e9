"""Rules on pipelines: what they find and what they leave alone, as users of BigQuery write it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import recgen
from recgen.check import check

Plain = dict[str, Any]
AS_OF = "FOR SYSTEM_TIME AS OF {snapshot}"
COLUMNS = "customer_id, country, age, sku, price, bought_at"
BASE: Plain = {
    "features": {
        "buyer_id_column": "customer_id",
        "product_id_column": "sku",
        "buyer_model_features": [
            {"column": "customer_id", "data_type": "text"},
            {"column": "country", "data_type": "text"},
            {"column": "age", "data_type": "numeric"},
        ],
        "product_model_features": [
            {"column": "sku", "data_type": "text"},
            {"column": "price", "data_type": "numeric", "bq_type": "NUMERIC"},
        ],
    },
    "model": {"refit": "validation"},
    "data": {"split": {"kind": "strict_time", "date_column": "bought_at"}},
    "pipeline": {
        "source": {"bigquery": {"table": "my-project.shop.sales"}},
        "vertex": {"project": "my-project", "region": "europe-west4", "bucket": "gs://my-bucket"},
    },
}


def found(path: str, value: Any) -> str:
    """Returns the codes of a config with one change, each once; if there are none, it renders."""
    plain = copy.deepcopy(BASE)
    *parts, last = ("pipeline", *path.split("."))
    inner = plain
    for part in parts:
        inner = inner.setdefault(part, {})
    inner[last] = value
    result = check(plain)
    if result.ok:
        assert recgen.render_pipeline(plain)
    own = dict.fromkeys(f.code for f in result.findings if f.code.startswith("RG6"))
    return " ".join(own)


QUERIES = [
    # One SELECT.
    (f"WITH x AS (SELECT * FROM p.s.t {AS_OF} /* ; */) SELECT {COLUMNS} FROM x -- done;", ""),
    (f"(SELECT {COLUMNS} FROM p.s.a {AS_OF}) UNION ALL (SELECT {COLUMNS} FROM p.s.b {AS_OF})", ""),
    (f"FROM p.s.t {AS_OF} |> SELECT {COLUMNS}", ""),
    (f"SELECT {COLUMNS}, n FROM p.s.t {AS_OF} |> DROP n", ""),
    (f"CREATE TABLE p.s.u AS SELECT {COLUMNS} FROM p.s.t", "RG601"),
    ("SELECT * FROM {{ ref('sales') }}", "RG601"),
    # Tables without a snapshot, wherever they are read.
    (f"SELECT {COLUMNS} FROM p.s.t {AS_OF} WHERE sku IN (SELECT sku FROM p.s.u)", "RG605"),
    (f"SELECT {COLUMNS} FROM p.s.t {AS_OF} EXCEPT DISTINCT SELECT {COLUMNS} FROM p.s.u", "RG605"),
    (f"SELECT {COLUMNS}, (SELECT MAX(a) FROM p.s.u) AS b FROM p.s.t {AS_OF}", "RG605"),
    (f"SELECT {COLUMNS} FROM p.s.t AS t {AS_OF}, t.items, UNNEST(t.tags) AS tag", ""),
    # Rows that differ from query to query.
    (f"SELECT {COLUMNS} FROM p.s.t {AS_OF} TABLESAMPLE SYSTEM (10 PERCENT)", "RG604"),
    (f"SELECT {COLUMNS} FROM (SELECT * FROM p.s.t {AS_OF} LIMIT 9) ORDER BY sku", "RG604"),
    (f"SELECT {COLUMNS} FROM p.s.t {AS_OF} ORDER BY bought_at DESC LIMIT 5000000", ""),
    (f"SELECT {COLUMNS}, ARRAY_AGG(a ORDER BY b LIMIT 1) AS c FROM p.s.t {AS_OF}", ""),
    (f"SELECT {COLUMNS}, `limit` FROM p.s.t {AS_OF} WHERE note != 'LIMIT 5'", ""),
    (f"SELECT {COLUMNS} FROM p.s.t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", "RG604"),
]


@pytest.mark.parametrize(("query", "codes"), QUERIES)
def test_queries(query: str, codes: str) -> None:
    assert found("source.bigquery", {"query": query}) == codes


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("IFNULL(age, 0)", "RG603"),
        ("CAST(COALESCE(age, -1) AS FLOAT64)", "RG603"),
        ("IF(age IS NULL, 0, age)", "RG603"),
        ("IF(age IS NOT NULL, age, 0)", "RG603"),
        ("CASE WHEN age IS NULL THEN 0 WHEN age > 99 THEN 99 ELSE age END", "RG603"),
        ("IF(age IS NULL, 1, 0)", ""),
        ("CASE WHEN age IS NULL THEN 1 ELSE 0 END", ""),
        ("CASE WHEN age > 99 THEN 99 ELSE age END", ""),
        ("COALESCE(age, born_age)", ""),
        ("NULLIF(age, 0)", ""),
        ("COALESCE(visits, 0) / age", ""),
    ],
)
def test_nulls_that_a_query_hides(sql: str, codes: str) -> None:
    rest = COLUMNS.replace("age, ", f"{sql} AS age, ")
    assert found("source.bigquery", {"query": f"SELECT {rest} FROM p.s.t {AS_OF}"}) == codes


SETTINGS = [
    ("source.bigquery.table", "example.com:my-project.shop.sales-2026", ""),
    ("source.bigquery.table", "my-project.shop.sales_*", "RG611"),
    ("source.bigquery.table", "my-project.shop.sales ", "RG611"),
    ("source.bigquery.project", "Analytics Team", "RG625"),
    ("source.bigquery.project", "123456", ""),
    ("snapshot", "2026-05-01 10:30:00.250+02:00", ""),
    ("snapshot", "2026-05-01", ""),
    ("snapshot", "2026-W18-5", "RG617"),
    ("snapshot", "2026-05-01T10:30", "RG617"),
    ("vertex.project", "example.com:shop", ""),
    ("vertex.bucket", "gs://my-bucket/team/", ""),
    ("vertex.bucket", "gs://myBucket", "RG621"),
    ("vertex.service_account", "serviceAccount:a@p.iam.gserviceaccount.com", "RG625"),
    ("vertex.network", "https://compute.googleapis.com/projects/p/global/networks/n", "RG625"),
    ("vertex.image", "localhost:5000/shop/recgen", ""),
    ("vertex.image", "gcr.io/p/shop ", "RG626"),
    ("vertex.image", f"gcr.io/p/shop@sha256:{0:064}", "RG626"),
    ("trainer", {"machine_type": "NVIDIA_TESLA_T4"}, "RG622"),
    ("trainer", {"machine_type": "n1-standard-8g", "accelerator_type": "NVIDIA_TESLA_T4"}, ""),
    (
        "trainer",
        {
            "machine_type": "n1-highmem-32",
            "accelerator_type": "NVIDIA_TESLA_V100",
            "accelerator_count": 4,
        },
        "",
    ),
    ("trainer", {"machine_type": "a4-highgpu-8g", "accelerator_type": "NVIDIA_B200"}, "RG622"),
    ("beam", {"args": ["--spark_master_url", "spark://host:7077", "--streaming"]}, ""),
    ("beam", {"args": ["--streaming", "--a=b", "c"]}, "RG627"),
    ("beam", {"args": ["-parallelism=4"]}, "RG627"),
    ("gate", {"slices": ["country"]}, ""),
]


@pytest.mark.parametrize(("path", "value", "codes"), SETTINGS)
def test_settings(path: str, value: Any, codes: str) -> None:
    assert found(path, value) == codes


def test_a_slice_may_be_by_the_target() -> None:
    plain = copy.deepcopy(BASE)
    plain["features"]["target_column"] = "amount"
    plain["pipeline"]["gate"] = {"slices": ["amount"]}
    head = [{"type": "dense", "units": 1, "activation": "linear"}]
    plain["model"] |= {"model_type": "ranking", "rating_head_layers": head}
    assert "RG631" not in {each.code for each in check(plain).findings}
    plain["model"] = BASE["model"]  # retrieval reads no target
    assert "RG631" in {each.code for each in check(plain).findings}
