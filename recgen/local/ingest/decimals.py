"""Numbers with a decimal comma, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from recgen.config import item_type
from recgen.local.cast import TEMPORAL, Column, is_text

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = "pa.ChunkedArray"

# What surrounds a number, such as a sign or a currency, is left to the conversion.
_NUMBER = r"^[^\d.,]*(\d{1,3}([. \x{a0}\x{202f}]\d{3})+|\d+)?(,\d+)?[^\d.,]*$"
_GROUPS = r"(\d)[. \x{a0}\x{202f}](\d)"


def with_points(values: Values, column: Column, decimal: str) -> Values:
    """Return a column of numbers as text with a decimal point; other columns are unchanged.

    Args:
        values: The values of the file.
        column: What they are converted to.
        decimal: The decimal mark of the file; a point changes nothing.
    """
    is_number = column.dtype != "string" and item_type(column.bq_type) not in TEMPORAL
    return points(values) if decimal == "," and is_number and is_text(values) else values


def points(values: Values) -> Values:
    """Return texts such as `1.234,50` as `1234.50`; those that are no such numbers are kept."""
    import pyarrow.compute as pc

    plain = pc.replace_substring_regex(values, _GROUPS, r"\1\2")
    plain = pc.replace_substring(plain, ",", ".")
    return pc.if_else(pc.match_substring_regex(values, _NUMBER), plain, values)


def has_decimal_commas(values: Values) -> bool:
    """Return whether all texts are numbers, and some have a decimal comma."""
    import pyarrow.compute as pc

    if not is_text(values) or not len(values):
        return False
    numbers = pc.all(pc.match_substring_regex(values, r"^\s*" + _NUMBER[1:])).as_py()
    return bool(numbers) and bool(pc.any(pc.match_substring_regex(values, r"\d,\d")).as_py())
