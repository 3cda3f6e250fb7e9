"""What recgen knows of a query: its tokens, and the columns that it returns."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from recgen.sql import SqlError, code, outputs, quoted, reads, spelled, text_literal, tokens

QUERIES = {
    "SELECT a, b AS c, t.d, COUNT(*) n, CAST(x AS FLOAT64) AS `y z`, 1 + 2, IF(a, b, c) FROM t": (
        ["a", "c", "d", "n", "y z"]
    ),
    "WITH x AS (SELECT 1 AS a) SELECT DISTINCT a, 'it' FROM x UNION ALL SELECT 2, 'b'": ["a"],
    "SELECT a FROM t WHERE b = '/* -- ' -- c": ["a"],
    "SELECT 1.5e-3 x, CASE WHEN a THEN b END, a AND b, b'x' y, [1, 2] z, FROM t": ["x", "y", "z"],
    "SELECT EXTRACT(YEAR FROM day) AS year, (SELECT MAX(b) FROM u) AS most FROM t": [
        "year",
        "most",
    ],
    "SELECT NULL, TRUE, CURRENT_DATE, r'\\d' AS raw FROM t": ["CURRENT_DATE", "raw"],
    "SELECT '''a\n'b' ''' AS long, \"x\" AS short": ["long", "short"],
    "# a note\nSELECT a.b.c, d[0].e FROM t": ["c", "e"],
    "SELECT STRUCT(1 AS a, 2 AS b) AS both, ARRAY<INT64>[1] AS list FROM t": ["both", "list"],
}


@pytest.mark.parametrize("query", QUERIES)
def test_columns_of_a_query(query: str) -> None:
    found = outputs(query)
    assert found is not None
    assert [each.name for each in found] == QUERIES[query]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM t",
        "SELECT a.*, b FROM a",
        "SELECT * EXCEPT (a) FROM t",
        "SELECT AS STRUCT 1 a",
        "SELECT t.* REPLACE (1 AS b) FROM t",
        "FROM t",
        "SELECT",
        "SELECT a, b FROM t |> EXTEND c AS d",
        "FROM t |> SELECT a",
    ],
)
def test_columns_that_depend_on_tables_are_not_known(query: str) -> None:
    assert outputs(query) is None


@pytest.mark.parametrize(
    "query",
    ["SELECT 'a", "SELECT (1", "SELECT 1)", "SELECT `a", "SELECT [1)", "a \\ b", "/* a", "'''a"],
)
def test_what_is_no_sql_is_refused(query: str) -> None:
    with pytest.raises(SqlError):
        code(query)


@pytest.mark.parametrize(
    "part", ["/*", "'''", '"""', "'", "`", "(", "SELECT * EXCEPT (", "a.", "--"]
)
def test_long_texts_take_no_long_time(part: str) -> None:
    text, began = part * (100_000 // len(part)), time.process_time()
    with suppress(SqlError):
        outputs(text)
        reads(text)
    assert time.process_time() - began < 3


AS_OF = "FOR SYSTEM_TIME AS OF"
TABLES = {  # tables, each with a + if it is read as of a time, and the query that reads them
    "p.s.t+": f"SELECT a FROM p.s.t {AS_OF} {{snapshot}}",
    "my-p-1.s.t+": f"SELECT a FROM my-p-1.s.t AS x {AS_OF} '2026-05-01', x.items, UNNEST(b)",
    "p.s.t p.s.u v w": "SELECT 1 FROM `p.s.t` t LEFT JOIN p.s.`u` USING (a), v CROSS JOIN w",
    "a.b+ d.e f.g": f"""
        WITH c AS (
            SELECT EXTRACT(YEAR FROM d) FROM a.b {AS_OF} CURRENT_TIMESTAMP() - INTERVAL 1 DAY
            WHERE x IS DISTINCT FROM y
        ) SELECT * FROM c JOIN (d.e CROSS JOIN f.g) ON TRUE""",
    "x.a x.b": """
        (SELECT a, b FROM x.a ORDER BY a, b)
        UNION ALL (SELECT a, b FROM x.b TABLESAMPLE SYSTEM (1 PERCENT))""",
    "a.b+ c.d": f"""
        SELECT a FROM (
            SELECT * FROM a.b {AS_OF} TIMESTAMP_SUB({{snapshot}}, INTERVAL 1 HOUR)
        ), c.d""",
    "a.b+": f"SELECT * FROM a.b {AS_OF} '2026-05-01' PIVOT(SUM(n) FOR c IN ('x', 'y')) AS p",
    "a.b c.d": "FROM a.b |> WHERE a > 1 |> JOIN c.d USING (k) |> SELECT a, b",
    "x.t": "SELECT f(x, y), (SELECT 1 FROM UNNEST(z) AS z) FROM f(TABLE a.b), x.t AS u, u.list",
}


@pytest.mark.parametrize("tables", TABLES)
def test_tables_of_a_query(tables: str) -> None:
    found = reads(TABLES[tables])
    assert " ".join(each.name + "+" * each.is_dated for each in found) == tables
    assert not any(each.late_alias for each in found)


@pytest.mark.parametrize(
    ("query", "alias"),
    [
        (f"SELECT a FROM p.s.t {AS_OF} {{snapshot}} AS x", "x"),
        (f"SELECT a FROM p.s.t {AS_OF} TIMESTAMP '2026-05-01' x JOIN u ON TRUE", "x"),
        (
            f"SELECT a FROM t {AS_OF} TIMESTAMP_SUB({{snapshot}}, INTERVAL 1 HOUR) `a b` WHERE a",
            "a b",
        ),
    ],
)
def test_an_alias_after_the_time_is_known(query: str, alias: str) -> None:
    assert [each.late_alias for each in reads(query)][:1] == [alias]


def test_queries_are_compared_without_comments_spaces_and_the_case_of_keywords() -> None:
    first = "select  A, b -- both\nFROM /* the */ t for system_time as of {snapshot}"
    assert spelled(first) == spelled("SELECT A, b FROM t FOR SYSTEM_TIME AS OF {snapshot}")
    for other in ("select a, b FROM t", "SELECT A, b FROM T FOR SYSTEM_TIME AS OF {snapshot}"):
        assert spelled(first) != spelled(other)


@given(st.text(st.sampled_from("SELECT FROM JOIN a,b(.)-`AS WITH|>{} \n"), max_size=60))
def test_tables_of_any_text_are_read_or_refused(text: str) -> None:
    with suppress(SqlError):
        reads(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = tokens(text)
    except SqlError:
        return
    assert all(text[token.at :].startswith(token.text) for token in found)
    spaces = "".join(text.split())
    assert "".join("".join(token.text.split()) for token in found) == spaces


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_literal_is_one_token_that_says_the_text(text: str) -> None:
    (token,) = tokens(text_literal(text))
    assert token.kind == "text"
    tree = sqlglot.parse_one(f"SELECT {token.text}", dialect="bigquery")
    if text.isprintable():  # sqlglot keeps other escapes as they are
        assert tree.expressions[0].this == text


@given(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=20))
def test_a_name_is_one_token_that_says_it(name: str) -> None:
    (token,) = tokens(quoted(name))
    assert (token.kind, token.identifier) == ("name", name)
