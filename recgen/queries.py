"""Queries of a pipeline as SQL: `{file name: text}`, attested like the modules.

No value of a config is printed. It becomes a slot, a plain identifier, and slots are filled last,
as a quoted name or a literal; then both texts are compared, token by token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from recgen.attest import AttestationError
from recgen.config.times import EARLIEST, LATEST, STANDINS
from recgen.plan.header import SQL_MARK
from recgen.plan.queries import SPLITS, QueriesPlan, QueryColumn, SplitName
from recgen.sql import SNAPSHOT, Token, code, quoted, text_literal, tokens

_SLOT = re.compile(r"SLOT_(NAME|TEXT|TABLE|QUERY)_((?:[0-9a-f]{2})*)_")
_HEAD = """\
{mark}
-- command: python -m recgen render config.yaml --pipeline
-- {about}
"""
_SNAPSHOT = "-- {snapshot} is a time, the same for the three splits; pipeline.py fills it in.\n"
_CASTS = {
    "STRING": "{c}",
    "BYTES": "CAST({c} AS STRING)",
    "INT64": "{c}",
    "INTEGER": "{c}",
    "FLOAT64": "{c}",
    "FLOAT": "{c}",
    "NUMERIC": "CAST({c} AS FLOAT64)",
    "BIGNUMERIC": "CAST({c} AS FLOAT64)",
    "BOOL": "CAST({c} AS INT64)",
    "BOOLEAN": "CAST({c} AS INT64)",
    "TIMESTAMP": "UNIX_SECONDS({c})",
    "DATETIME": "UNIX_SECONDS(TIMESTAMP({c}))",
    "DATE": "UNIX_SECONDS(TIMESTAMP({c}))",
    "TIME": "TIME_DIFF({c}, TIME '00:00:00', SECOND)",
    # 202301 is the first of a month, and 0 a null.
    "DATE_NUMBER": (
        "UNIX_SECONDS(PARSE_TIMESTAMP('%Y%m%d%H%M%S', "
        "RPAD(CAST(NULLIF(IF({c} < 1000000, {c} * 100 + 1, {c}), 1) AS STRING), 14, '0')))"
    ),
    "format": "UNIX_SECONDS(PARSE_TIMESTAMP({f}, {c}))",
}
_DAY = 86_400
_EXACT = 10**6  # microseconds; of smaller parts of a second, floats do not hold enough digits
_YEAR = 365 * _DAY
_ABOUT: dict[SplitName, str] = {
    "train": "The rows for training.",
    "eval": "The rows for validation.",
    "test": "The rows for the test.",
}


def render_queries(plan: QueriesPlan) -> dict[str, str]:
    """Return the queries of the splits, as `queries/<split>.sql`.

    Raises:
        AttestationError: A text differs from the plan: a bug of recgen, not of the config.
    """
    return {f"queries/{split}.sql": _rendered(plan, split) for split in SPLITS}


def _rendered(plan: QueriesPlan, split: SplitName) -> str:
    form = "\n".join(_lines(plan, split))
    text = _SLOT.sub(_filled, form)
    _attest(text, form)
    head = _HEAD.format(mark=SQL_MARK, about=_ABOUT[split])
    return head + (_SNAPSHOT if f"'{SNAPSHOT}'" in text else "") + text + "\n"


def _slot(kind: str, value: str) -> str:
    return f"SLOT_{kind}_{value.encode().hex()}_"


def _filled(slot: re.Match[str]) -> str:
    value = bytes.fromhex(slot[2]).decode()
    if slot[1] == "QUERY":
        return value
    return text_literal(value) if slot[1] == "TEXT" else quoted(value)


def _name(name: str) -> str:
    return _slot("NAME", name)


def _lines(plan: QueriesPlan, split: SplitName) -> Iterator[str]:
    names = _Names.of(plan)
    draws, by_time = plan.kind != "strict_time", plan.kind != "random"
    yield "WITH source AS ("
    yield from _source(plan)
    yield "),"
    yield f"{names.every} AS ("
    yield from _drawn(plan, names) if draws and not plan.finds_far else ["  SELECT *"]
    yield "  FROM source"
    yield f"  WHERE {' AND '.join(_known(plan))}"
    yield ")," if by_time or plan.finds_far else ")"
    if plan.finds_far:
        yield from _usual(plan, names)
        if draws:
            yield f"{names.data} AS ("
            yield from _drawn(plan, names)
            yield f"  FROM {names.dated}"
            yield ")," if by_time else ")"
    if by_time:
        date = _name(plan.date)
        yield f"{names.span} AS ("
        yield f"  SELECT MIN({date}) AS first, MAX({date}) - MIN({date}) AS length"
        yield f"  FROM {names.data}"
        yield ")"
    yield f"SELECT {names.data}.*{f' EXCEPT ({names.draw})' if draws else ''}"
    yield f"FROM {names.data}{f' CROSS JOIN {names.span}' if by_time else ''}"
    yield f"WHERE {(chr(10) + '  AND ').join(_conditions(plan, split, names))}"


def _usual(plan: QueriesPlan, names: _Names) -> Iterator[str]:
    """Yield the rows without times such as 1970-01-01, if all others are a year or more away.

    By time, these are rows without a time, and left out; at random, they have none.
    """
    date = _name(plan.date)
    yield "-- Times that stand for null or never, if all others are a year or more away."
    yield f"{names.usual} AS ("
    yield f"  SELECT MIN({date}) - {_YEAR} AS low, MAX({date}) + {_YEAR} AS high"
    yield f"  FROM {names.every}"
    yield f"  WHERE {date} >= {EARLIEST} AND {date} < {LATEST}  -- 1800 to 2099"
    for moment in STANDINS:
        day = (datetime(1970, 1, 1) + timedelta(seconds=moment)).date()
        around = f"{moment - _DAY} AND {moment + _DAY}"
        yield f"    AND {date} NOT BETWEEN {around}  -- {day}"
    yield "),"
    own = f"{names.every}.{date}"
    is_far = f"{own} <= {names.usual}.low OR {own} >= {names.usual}.high"
    is_kept = plan.kind == "random"
    yield f"{names.dated} AS ("
    yield f"  SELECT {names.every}.*{' REPLACE (' if is_kept else ''}"
    if is_kept:
        yield f"    IF({is_far}, NULL, {own}) AS {date}"
        yield "  )"
    yield f"  FROM {names.every} CROSS JOIN {names.usual}"
    if not is_kept:
        yield f"  WHERE NOT IFNULL({is_far}, FALSE)"
    yield "),"


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of the parts of a query, which no column has."""

    every: str
    usual: str
    dated: str
    data: str
    span: str
    draw: str

    @classmethod
    def of(cls, plan: QueriesPlan) -> _Names:
        taken = {column.name.lower() for column in plan.columns}

        def free(name: str) -> str:
            return name if name not in taken else free(f"{name}_")

        data = free("data")
        every = free("every_row") if plan.finds_far else data
        dated = data if plan.kind == "strict_time" else free("dated")
        return cls(every, free("usual"), dated, data, free("span"), free("draw"))


def _source(plan: QueriesPlan) -> Iterator[str]:
    yield "  SELECT"
    last = len(plan.columns) - 1
    for number, column in enumerate(plan.columns):
        yield f"    {_column(column)}{',' if number < last else ''}"
    if plan.query:
        yield "  FROM ("
        yield _slot("QUERY", _dated(plan.query.strip(), plan.snapshot or SNAPSHOT))
        yield "  )"
        return
    time = _slot("TEXT", plan.snapshot) if plan.snapshot else f"'{SNAPSHOT}'"
    yield f"  FROM {_slot('TABLE', plan.table)} FOR SYSTEM_TIME AS OF TIMESTAMP {time}"


def _dated(query: str, moment: str) -> str:
    """Return a query with the time of the snapshot: a TIMESTAMP, or only its text in quotes."""
    parts, end = [], 0
    for token in tokens(query):
        if token.kind == "slot":
            parts += [query[end : token.at], f"TIMESTAMP {text_literal(moment)}"]
        elif token.kind == "text" and token.text[1:-1] == SNAPSHOT:
            parts += [query[end : token.at], text_literal(moment)]
        else:
            continue
        end = token.at + len(token.text)
    return "".join(parts) + query[end:]


def _column(column: QueryColumn) -> str:
    name, source = _name(column.name), _name(column.source)
    marks = ", ".join(
        _slot("TEXT", mark) if isinstance(mark, str) else repr(mark) for mark in column.null_values
    )
    found = _list(source, column.cast, marks) if column.is_list else _value(column, source, marks)
    return found if found == name else f"{found} AS {name}"


def _list(source: str, kind: str, marks: str) -> str:
    """Return how an array becomes one of the type that the modules take, in its order.

    Items that are null, or an empty text, are left out, as `recgen train` leaves them out; BigQuery
    returns no array with a null.
    """
    item = _CASTS[kind].format(c="item")
    if kind in ("STRING", "BYTES"):
        marks = f"'', {marks}" if marks else "''"
    known = f"{item} NOT IN ({marks})" if marks else f"{item} IS NOT NULL"
    items = f"UNNEST({source}) AS item WITH OFFSET AS place"
    return f"ARRAY(SELECT {item} FROM {items} WHERE {known} ORDER BY place)"


def _value(column: QueryColumn, source: str, marks: str) -> str:
    is_bytes = column.cast == "BYTES"  # which are not compared with text
    value = _CASTS["BYTES"].format(c=source) if is_bytes else source
    if column.cast in ("BOOL", "BOOLEAN", "DATE") and marks:
        value = f"IF(CAST({value} AS STRING) IN ({marks}), NULL, {value})"
    elif marks:
        one = len(column.null_values) == 1
        value = f"NULLIF({value}, {marks})" if one else f"IF({value} IN ({marks}), NULL, {value})"
    if is_bytes:
        return value
    cast = _counted(column) if column.cast == "counted" else _CASTS[column.cast]
    found = cast.format(c=value, f=_slot("TEXT", column.time_format) if column.time_format else "")
    if column.null_seconds:
        found = f"IF({found} IN ({', '.join(map(str, column.null_seconds))}), NULL, {found})"
    return found


def _counted(column: QueryColumn) -> str:
    """Return how numbers become epoch seconds, exactly as far as numbers of 64 bits go.

    NaN becomes null, as all that is no number of seconds.
    """
    per, since = column.per_second, f" + {column.start}" if column.start else ""
    since = since.replace("+ -", "- ")
    if per > _EXACT:
        return f"DIV(CAST({{c}} AS INT64), {per}){since}"
    if per >= 1:
        return f"SAFE_CAST(FLOOR({{c}}{f' / {per}' if per > 1 else ''}) AS INT64){since}"
    # A fraction of a day is seldom a whole second to the last digit.
    down = "ROUND" if per == Fraction(1, _DAY) else "FLOOR"
    return f"SAFE_CAST({down}({{c}} * {1 / per}) AS INT64){since}"


def _known(plan: QueriesPlan) -> Iterator[str]:
    """Yield what a row must have: both IDs, and a time if rows are divided by it."""
    for name in plan.ids:
        yield f"{_name(name)} != ''" if name in plan.texts else f"{_name(name)} IS NOT NULL"
    if plan.kind != "random":
        yield f"{_name(plan.date)} IS NOT NULL"


def _drawn(plan: QueriesPlan, names: _Names) -> Iterator[str]:
    """Yield what selects all columns and a number in [0, 1), which `recgen train` draws alike.

    It depends on buyer, product, time and seed, and on no order.
    """
    yield "  SELECT"
    yield "    *,"
    yield "    -- A number in [0, 1), the same for equal keys."
    yield "    CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT("
    keys = [_text(plan, key) for key in dict.fromkeys([*plan.ids, *filter(None, [plan.date])])]
    for part in [f"'{plan.seed}'", *keys[:-1]]:
        yield f"      {part}, '|',"
    yield f"      {keys[-1]}"
    yield f"    ))), 1, 8)) AS INT64) / 4294967296 AS {names.draw}"


def _text(plan: QueriesPlan, key: str) -> str:
    """Return a key as text; only a time that nothing depends on may be null."""
    text = _name(key) if key in plan.texts else f"CAST({_name(key)} AS STRING)"
    is_known = key in plan.ids or plan.kind != "random"
    return text if is_known else f"IFNULL({text}, '')"


def _conditions(plan: QueriesPlan, split: SplitName, names: _Names) -> tuple[str, ...]:
    """Return which rows belong to a split: those of `recgen train`, where it draws none."""
    drawn = f"{names.data}.{names.draw}"
    if plan.kind == "random":
        held_out = round(plan.test + plan.validation, 12)
        parts = {
            "train": (f"{drawn} >= {held_out!r}",),
            "eval": (f"{drawn} >= {plan.test!r}", f"{drawn} < {held_out!r}"),
            "test": (f"{drawn} < {plan.test!r}",),
        }
        return parts[split]
    date, first = f"{names.data}.{_name(plan.date)}", f"{names.span}.first + {names.span}.length"
    test, validation = f"{first} * {plan.test_from!r}", f"{first} * {plan.validation_from!r}"
    if split == "test":
        return (f"{date} >= {test}",)
    if plan.kind == "time_holdout":
        sign = ">=" if split == "train" else "<"
        return f"{date} < {test}", f"{drawn} {sign} {plan.validation!r}"
    if split == "train":
        return (f"{date} < {validation}",)
    return f"{date} >= {validation}", f"{date} < {test}"


def _attest(text: str, form: str) -> None:
    """Raise AttestationError unless the text is the form, with one token in each slot."""
    given, wanted = list(code(text)), list(code(form))
    for token in wanted:
        for expected in _tokens_of(token):
            found = given.pop(0) if given else None
            if found is None or (found.kind, found.text) != expected:
                raise AttestationError(f"{found and found.text!r} instead of {expected[1]!r}")
    if given:
        raise AttestationError(f"{given[0].text!r} is not planned")


def _tokens_of(token: Token) -> Iterator[tuple[str, str]]:
    """Yield what stands for a token of a form: itself, or the tokens of what fills the slot."""
    slot = _SLOT.fullmatch(token.text)
    if slot is None:
        yield token.kind, token.text
        return
    kinds = {"NAME": "name", "TABLE": "name", "TEXT": "text"}
    if slot[1] != "QUERY":
        yield kinds[slot[1]], _filled(slot)
        return
    for each in code(_filled(slot)):
        yield each.kind, each.text
