"""What recgen knows of a query: its tokens, and the columns that it returns."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from recgen.sql import SqlError, code, outputs, quoted, text_literal, tokens

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
    assert time.process_time() - began < 3


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
