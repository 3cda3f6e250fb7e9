"""GoogleSQL, as far as a query has to be understood: its tokens, its tables, and what it returns.

A query of a config is put into other queries. Whether it can be, and which columns come out of it,
must be known without BigQuery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["word", "name", "text", "number", "parameter", "slot", "comment", "mark"]

SNAPSHOT = "{snapshot}"
"""What a query has in place of the time of the snapshot."""

_TOKENS = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>(?:--|\#)[^\n]*|/\*.*?\*/)
    |(?P<unclosed>/\*)
    |(?P<text>(?:[rRbB]|[rR][bB]|[bB][rR])?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"
        |'(?!'')(?:\\.|[^'\\\n])*'|"(?!\"\")(?:\\.|[^"\\\n])*"))
    |(?P<name>`(?:\\.|[^`\\\n])+`)
    |(?P<slot>\{snapshot\})
    |(?P<parameter>@@?\w+|\?)
    |(?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?|\.\d\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>[-+*/%=<>!|&^~,.:;()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([", ")]"
_CLAUSES = {"FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT"}
_SETS = {"UNION", "INTERSECT", "EXCEPT"}
# Words after which a name is not an alias: `CASE ... END x` has one, `a AND b` has none.
_OPERATORS = {"AND", "OR", "NOT", "IS", "IN", "LIKE", "BETWEEN", "AS", "THEN", "ELSE", "WHEN"}
_VALUES = {"NULL", "TRUE", "FALSE", "END"}
_JOINS = {"JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL", "ON", "USING"}
_AFTER_TIME = _CLAUSES | _SETS | _JOINS | {"TABLESAMPLE", "PIVOT", "UNPIVOT", ",", "|"}
_PIPE = ("|", ">")  # of `|>`, which passes rows on
_RESERVED = """
    ALL AND ANY ARRAY AS ASC AT BETWEEN BY CASE CAST COLLATE CREATE CROSS CUBE CURRENT DEFAULT
    DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING
    FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS
    JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER
    OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET
    SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH
    WITHIN"""
KEYWORDS = frozenset(_RESERVED.split())
"""Words that are no names unless they are quoted."""


class SqlError(ValueError):
    """A text that is not SQL: a quotation mark or a bracket that nothing closes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `text` is as written, `at` its place in the SQL."""

    kind: Kind
    text: str
    at: int

    @property
    def upper(self) -> str:
        """A word in capitals; other tokens as they are."""
        return self.text.upper() if self.kind == "word" else self.text

    @property
    def identifier(self) -> str:
        """The name that a word or a quoted name stands for."""
        return re.sub(r"\\(.)", r"\1", self.text[1:-1]) if self.kind == "name" else self.text


def tokens(sql: str) -> tuple[Token, ...]:
    """Return the tokens of a text, with comments.

    Raises:
        SqlError: There is a character that begins no token.
    """
    return tuple(_scan(sql))


def _scan(sql: str) -> Iterator[Token]:
    at = 0
    while at < len(sql):
        found = _TOKENS.match(sql, at)
        if found is None or found.lastgroup == "unclosed":
            raise SqlError(f"{sql[at : at + 20]!r} is not understood")
        kind = found.lastgroup
        if kind != "space":
            yield Token(kind, found[0], at)  # type: ignore[arg-type]
        at = found.end()


def code(sql: str) -> tuple[Token, ...]:
    """Return the tokens of a text without comments.

    Raises:
        SqlError: It is not understood, or a bracket has no counterpart.
    """
    found = tuple(token for token in tokens(sql) if token.kind != "comment")
    _with_depth(found)
    return found


def _with_depth(found: Sequence[Token]) -> list[tuple[int, Token]]:
    """Return the tokens with the number of brackets around each."""
    opened: list[str] = []
    result = []
    for token in found:
        closes = token.text if token.kind == "mark" and token.text in _CLOSE else ""
        if closes and (not opened or opened.pop() != _OPEN[_CLOSE.index(closes)]):
            raise SqlError(f"{closes!r} closes nothing")
        result.append((len(opened), token))
        if token.text in _OPEN and token.kind == "mark":
            opened.append(token.text)
    if opened:
        raise SqlError(f"{opened[-1]!r} is not closed")
    return result


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a SELECT returns: its name, and the tokens that compute it."""

    name: str
    tokens: tuple[Token, ...]


def outputs(sql: str) -> tuple[Output, ...] | None:
    """Return the named columns that a query returns; None if that takes its tables (`*`).

    They are not known of a query with `|>` either, whose steps add and drop columns.

    Raises:
        SqlError: It is not understood.
    """
    found = _with_depth(code(sql))
    start = next((n for n, (depth, t) in enumerate(found) if not depth and t.upper == "SELECT"), -1)
    if start < 0 or any(map(_is_pipe, found, found[1:])):
        return None
    items: list[list[Token]] = [[]]
    for place, (depth, token) in enumerate(found[start + 1 :], start + 1):
        ends = token.upper in _CLAUSES or (token.upper in _SETS and not _after_star(found, place))
        if not depth and ends:
            break
        if not depth and token.text == ",":
            items.append([])
        else:
            items[-1].append(token)
    if items[0] and items[0][0].upper in ("DISTINCT", "ALL"):
        del items[0][0]
    if items[-1] == []:  # a comma after the last column is allowed
        items.pop()
    is_known = items and all(items) and not any(map(_has_star, items))
    if not is_known or items[0][0].upper == "AS":
        return None
    return tuple(Output(name, tuple(item)) for item in items if (name := _name_of(item)))


def _after_star(found: Sequence[tuple[int, Token]], place: int) -> bool:
    return place > 0 and found[place - 1][1].text == "*"  # SELECT * EXCEPT (…)


def _has_star(item: Sequence[Token]) -> bool:
    return item[0].text == "*" or any(a.text == "." and b.text == "*" for a, b in pairwise(item))


def _name_of(item: Sequence[Token]) -> str:
    """Return the name of a column of a SELECT: its alias, or that of what it is; "" for none."""
    last, before = item[-1], item[-2] if len(item) > 1 else None
    if last.kind not in ("word", "name") or last.upper in _VALUES:
        return ""
    if before is None or before.text == "." or before.upper == "AS":
        return last.identifier
    is_value = before.kind in ("name", "text", "number", "slot") or before.text in _CLOSE
    is_word = before.kind == "word" and before.upper not in _OPERATORS
    return last.identifier if is_value or is_word else ""


def _is_pipe(one: tuple[int, Token], two: tuple[int, Token]) -> bool:
    return (one[1].text, two[1].text) == _PIPE and one[1].at + 1 == two[1].at


@dataclass(frozen=True, slots=True)
class Read:
    """A table that a query reads.

    Attributes:
        name: Its name, without quotation marks.
        is_dated: Whether it is read as of a time.
        late_alias: An alias after that time, which BigQuery refuses; "" for none.
    """

    name: str
    is_dated: bool
    late_alias: str


def reads(sql: str) -> tuple[Read, ...]:
    """Return the tables that a query reads, without its own (`WITH`), subqueries and arrays.

    Raises:
        SqlError: It is not understood.
    """
    found = _with_depth(code(sql))
    # `WITH a AS (…)`, and what a table is called in a FROM: `a.items` is an array of its rows.
    known = {
        each[1].identifier.lower()
        for each, two, three in zip(found, found[1:], found[2:], strict=False)
        if each[1].kind in ("word", "name") and two[1].upper == "AS" and three[1].text == "("
    }
    tables = []
    for place in _from_items(found):
        end = _path_end(found, place)
        parts = [token.identifier for _, token in found[place:end]]
        path, is_called = "".join(parts), end < len(found) and found[end][1].text == "("
        if is_called or not path or path.partition(".")[0].lower() in known:
            continue
        alias = found[end][1] if end < len(found) else None
        if alias is not None and alias.upper == "AS" and end + 1 < len(found):
            end, alias = end + 1, found[end + 1][1]
        if alias is not None and alias.kind in ("word", "name") and alias.upper not in KEYWORDS:
            end += 1
            known.add(alias.identifier.lower())
        known.add(path.rpartition(".")[2].lower())
        time = _time_of(found, end)
        tables.append(Read(path, time is not None, _alias_after(time or [])))
    return tuple(tables)


def _from_items(found: Sequence[tuple[int, Token]]) -> Iterator[int]:
    """Yield the places at which a table may be named: after FROM, JOIN, and commas after FROM."""
    depths: list[int] = []  # of the FROMs that a comma continues
    opened: list[str] = [""]  # what stands before each bracket
    for place, (depth, token) in enumerate(found):
        before = found[place - 1][1].upper if place else ""
        depths = [each for each in depths if each <= depth]
        del opened[depth + 1 :]
        if token.kind == "mark" and token.text in _OPEN:
            opened.append(before)
        is_from = token.upper == "FROM" and before != "DISTINCT" and opened[-1] != "EXTRACT"
        if depth in depths and token.upper in (_CLAUSES | _SETS | {"|"}) - {"FROM"}:
            depths.remove(depth)
        if is_from:
            depths.append(depth)
        if is_from or token.upper == "JOIN" or (token.text == "," and depth in depths):
            first = place + 1
            while first < len(found) and found[first][1].text == "(":
                first += 1
            if first < len(found) and found[first][1].upper not in KEYWORDS:
                yield first


def _path_end(found: Sequence[tuple[int, Token]], place: int) -> int:
    """Return the place after the name of a table, such as `my-project.shop.sales`."""
    end = place
    while end < len(found) and found[end][1].kind in ("word", "name", "number"):
        end += 1
        if end >= len(found) or found[end][1].text not in (".", "-"):
            break
        end += 1
    return end


def _time_of(found: Sequence[tuple[int, Token]], place: int) -> list[Token] | None:
    """Return what follows FOR SYSTEM_TIME AS OF at a place; None if that is not there."""
    words = [token.upper for _, token in found[place : place + 4]]
    if words != ["FOR", "SYSTEM_TIME", "AS", "OF"]:
        return None
    own, result = found[place][0], []
    for depth, token in found[place + 4 :]:
        if depth < own or (depth == own and token.upper in _AFTER_TIME):
            break
        result.append(token)
    return result


def _alias_after(time: Sequence[Token]) -> str:
    is_part = len(time) > 2 and time[-3].upper == "INTERVAL"  # INTERVAL 1 HOUR
    return _name_of(time) if len(time) > 1 and not is_part else ""


def spelled(sql: str) -> str:
    """Return a query with one space between its tokens, its keywords in capitals, no comments.

    Raises:
        SqlError: It is not understood.
    """
    words = KEYWORDS | {"SYSTEM_TIME"}
    return " ".join(t.upper if t.upper in words else t.text for t in code(sql))


def quoted(name: str) -> str:
    """Return a name as a quoted identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def text_literal(text: str) -> str:
    """Return a text as a literal on one line."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c if c.isprintable() else _escape(c) for c in escaped) + "'"


def _escape(character: str) -> str:
    return f"\\U{ord(character):08x}"
