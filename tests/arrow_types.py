"""A column of every Arrow type, and what a run makes of it: for tests and docs/data.md."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from recgen.config import dtype_of, item_type
from recgen.findings import RecgenError
from recgen.local.cast import to_column
from recgen.plan.columns import InputColumn

BEGIN, END = "<!-- tables: make docs -->", "<!-- end -->"
NOON = dt.datetime(2024, 1, 31, 12, 0, 7)
_BYTES = bytes(range(16))


def _extension(make: str, storage: Any) -> Any:
    return pa.ExtensionArray.from_storage(getattr(pa, make)(), storage)


# The name in the docs, and two values that differ, then null. Types that an older version of Arrow
# lacks are left out with it.
COLUMNS: dict[str, Callable[[], Any]] = {
    "string, large_string": lambda: pa.array(["00123", " b", None]),
    "string_view": lambda: pa.array(["00123", " b", None], pa.string_view()),
    "dictionary": lambda: pa.array(["00123", " b", None]).dictionary_encode(),
    "run_end_encoded": lambda: pa.RunEndEncodedArray.from_arrays(
        [1, 2, 3], pa.array(["00123", " b", None])
    ),
    "binary, fixed_size_binary": lambda: pa.array([b"ab", b"\xff\x00", None]),
    "binary_view": lambda: pa.array([b"ab", b"\xff\x00", None], pa.binary_view()),
    "bool": lambda: pa.array([True, False, None]),
    "int8": lambda: pa.array([-128, 127, None], pa.int8()),
    "int16": lambda: pa.array([-(2**15), 2**15 - 1, None], pa.int16()),
    "int32": lambda: pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
    "int64": lambda: pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
    "uint8": lambda: pa.array([0, 255, None], pa.uint8()),
    "uint16": lambda: pa.array([0, 2**16 - 1, None], pa.uint16()),
    "uint32": lambda: pa.array([0, 2**32 - 1, None], pa.uint32()),
    "uint64 up to 2^63": lambda: pa.array([0, 2**63 - 1, None], pa.uint64()),
    "uint64 from 2^63": lambda: pa.array([0, 2**64 - 1, None], pa.uint64()),
    "float16 below 2^11": lambda: pa.array(np.array([17.0, 2.5, np.nan], np.float16)),
    "float32 below 2^24": lambda: pa.array([17.0, 2.5, None], pa.float32()),
    "float64 below 2^53": lambda: pa.array([17850.0, 2.5, None]),
    "float64, whole, below 2^53": lambda: pa.array([17850.0, 12.0, None]),
    "float64 from 2^53": lambda: pa.array([2.0**60, 12.0, None]),
    "decimal32, decimal64": lambda: pa.array(
        [Decimal("12.0"), Decimal("2.5"), None], pa.decimal32(4, 1)
    ),
    "decimal128": lambda: pa.array(
        [Decimal("10127.00"), Decimal("2.50"), None], pa.decimal128(38, 9)
    ),
    "decimal256, whole": lambda: pa.array(
        [Decimal(10**30), Decimal(3), None], pa.decimal256(60, 9)
    ),
    "date32": lambda: pa.array([NOON.date(), dt.date(1999, 1, 1), None]),
    "date64": lambda: pa.array([NOON.date(), dt.date(1999, 1, 1), None], pa.date64()),
    "timestamp": lambda: pa.array([NOON, dt.datetime(1999, 1, 1), None], pa.timestamp("us")),
    "timestamp with a zone": lambda: pa.array(
        [NOON, dt.datetime(1999, 1, 1), None], pa.timestamp("ns", "Europe/Berlin")
    ),
    "time32": lambda: pa.array([dt.time(8, 26), dt.time(1), None], pa.time32("s")),
    "time64": lambda: pa.array([dt.time(8, 26), dt.time(1), None], pa.time64("us")),
    "duration": lambda: pa.array([dt.timedelta(1), dt.timedelta(0, 5), None]),
    "month_day_nano_interval": lambda: pa.array(
        [pa.MonthDayNano([1, 2, 3]), pa.MonthDayNano([0, 2, 3]), None]
    ),
    "null": lambda: pa.nulls(3),
    "list, large_list": lambda: pa.array([["a", None, "b"], [], None]),
    "list of int64": lambda: pa.array([[1, None], [2**62], None]),
    "fixed_size_list": lambda: pa.array([[1, 2], [3, 4], None], pa.list_(pa.int64(), 2)),
    "list_view, large_list_view": lambda: pa.array([[1, 2], [3], None], pa.list_view(pa.int64())),
    "list of dictionary": lambda: pa.array(
        [["a"], ["b", "a"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))
    ),
    "struct": lambda: pa.array([{"a": 1}, {"a": 2}, None]),
    "map": lambda: pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    "union": lambda: pa.UnionArray.from_sparse(
        pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, None]), pa.array(["a", "b", "c"])]
    ),
    "extension arrow.uuid": lambda: pa.array([_BYTES, _BYTES[::-1], None], pa.uuid()),
    "extension arrow.json": lambda: _extension("json_", pa.array(['{"a": 1}', "2", None])),
    "extension arrow.bool8": lambda: _extension("bool8", pa.array([1, 0, None], pa.int8())),
    "another extension": lambda: pa.ExtensionArray.from_storage(
        pa.opaque(pa.int64(), "type", "vendor"), pa.array([1, 2, None])
    ),
}
READINGS = {
    "ID or text: STRING": ("STRING", True),
    "ID or text: BYTES": ("BYTES", True),
    "ID or number: INT64": ("INT64", True),
    "number: FLOAT64, NUMERIC": ("FLOAT64", False),
    "number: BOOL": ("BOOL", False),
    "time: TIMESTAMP, DATETIME, DATE": ("TIMESTAMP", False),
    "time: TIME": ("TIME", False),
    "list: ARRAY<STRING>": ("ARRAY<STRING>", False),
    "list: ARRAY<INT64>": ("ARRAY<INT64>", False),
}


@dataclass(frozen=True)
class Reading:
    """What became of a column: its values, or why it was refused."""

    values: Any = None
    refused: str = ""


def columns() -> Iterator[tuple[str, Any]]:
    """Yields a column of each type that this version of Arrow has."""
    for name, make in COLUMNS.items():
        try:
            yield name, make()
        except (AttributeError, pa.ArrowNotImplementedError):
            continue


def read(column: Any, bq_type: Any, is_category: bool = False) -> Reading:
    """Reads a column as a run does."""
    wanted = InputColumn("c", "c", bq_type, dtype_of(bq_type), is_category)
    assert wanted.is_list == (item_type(bq_type) != bq_type)
    try:
        return Reading(to_column(pa.chunked_array([column]), wanted))
    except RecgenError as error:
        return Reading(refused=error.message.removeprefix("column 'c': "))


def matrix() -> str:
    """Returns the tables of docs/data.md, each cell by really reading the column."""
    reasons: dict[str, int] = {}
    heads = [f"`{bq_type}`" for bq_type, _ in READINGS.values()]
    lines = [f"| Arrow type | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, column in columns():
        cells = [_cell(column, *reading, reasons) for reading in READINGS.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| | what the message says |", "|---|---|"]
    lines += [f"| no {number} | {reason} |" for reason, number in reasons.items()]
    return "\n".join(lines)


def _cell(column: Any, bq_type: str, is_category: bool, reasons: dict[str, int]) -> str:
    found = read(column, bq_type, is_category)
    if found.refused:
        reason = re.sub(r"its type is .*", "its type is …", found.refused.partition(" is not ")[2])
        reason = f"is not {reason.rpartition(' (')[0] or reason}"
        return f"no {reasons.setdefault(reason, len(reasons) + 1)}"
    value, *_ = found.values.to_pylist()
    return "null" if found.values.null_count == 3 else f"`{value!r}`"


def write_page(path: Path) -> None:
    """Writes the tables again, between the two marks of the page."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n{matrix()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_page(Path(sys.argv[1]))
