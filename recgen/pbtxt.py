"""The schema of a pipeline's examples, as TFX reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recgen.plan.columns import InputColumn
from recgen.plan.header import MARK

_TYPES = {"string": "BYTES", "int64": "INT", "float32": "FLOAT"}
_PRINTABLE = frozenset(range(32, 127)) - frozenset(b'"\\')


def render_schema(columns: Iterable[InputColumn]) -> str:
    """Return `schema.pbtxt`: the names and types of columns, each of which may be null.

    Names consist of printable ASCII without quotation marks, and of numbers for all other bytes, so
    that none of them ends its own quotation.
    """
    return "\n".join([MARK, *_lines(columns)]) + "\n"


def _lines(columns: Iterable[InputColumn]) -> Iterator[str]:
    yield "# command: python -m recgen render config.yaml --pipeline"
    yield "# Without shapes and presence, any column may be null or a list."
    for column in columns:
        yield f'feature {{ name: "{_escaped(column.name)}" type: {_TYPES[column.dtype]} }}'


def _escaped(name: str) -> str:
    return "".join(chr(b) if b in _PRINTABLE else f"\\{b:03o}" for b in name.encode())
