"""Texts of a column that are odd: what is lost or mistaken if nobody looks. Reads no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.statistics import Odd, Oddity
from recgen.data.words import NOTHING
from recgen.local.cast.arrow import UnfitError, is_text
from recgen.local.cast.numbers import as_whole, merged_codes
from recgen.local.cast.text import shown
from recgen.local.nobodies import nobodies

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = "pa.Array"
Array: TypeAlias = Any
"""A numpy array."""

_LISTED = 10
_ENOUGH = 5  # values
_FEW, _MOST = 0.1, 0.5  # of the rows
_LINE_BREAK = r"[\n\r]"  # tensorflow-transform leaves these out of a vocabulary
_OUTER = r"""^[\t\p{Z}]|[\t\p{Z}]$|^="[^"]*"$|^'[0-9]"""  # ="00123" is of a spreadsheet
_EXPONENT = r"^\s*[+-]?[0-9]([.,][0-9]+)?[eE][+][0-9]{1,3}\s*$"  # as spreadsheets write IDs
_PLAIN_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_WHOLE = r"^\+?([0-9]{1,3}([,.'\p{Zs}][0-9]{3})+|[0-9]+)$"  # 1,234 and 01234, too
# Of EANs, ISBNs and phones, the groups are of any length; 1-11 and 11-1 are other codes.
_GROUPED = r"^\+?[0-9]([-./\p{Zs}]?[0-9]){7,}$"
_DECIMAL = r"^\s*[+-]?[0-9]+[.][0-9]+\s*$"
# Several things in a cell: a list of JSON or Python, codes with digits, or any with | or ;
_LIST = r"""^\s*\[\s*[\[{"'0-9](?s:.*)\]\s*$"""
_CODES = r"^\s*[A-Za-z]{0,8}[-_#]?[0-9]+(\s*[,;|]\s*[A-Za-z]{0,8}[-_#]?[0-9]+)+\s*$"
_MARKED = r"\S\s*[|;]\s*\S"
_ENTITY = "&#?[0-9A-Za-z]+;"  # its semicolon separates nothing
_COUNTRY = r"^[A-Za-z]{2}$"


def find_odd(
    values: Values, counts: Array, oddity: Oddity, numbers: Array | None = None
) -> Odd | None:
    """Return the texts that are odd in a way; None if there are none.

    Args:
        values: The distinct values of a column.
        counts: Number of rows with each value: int64, [values].
        oddity: What to look for.
        numbers: The number that each value is read as, if it is one: float64, [values].
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if oddity == "nobody":
        is_odd = nobodies(values, counts)
    elif not is_text(values) and oddity != "line break":
        return None
    elif oddity == "among numbers":
        is_odd = _among_numbers(values, counts)
    else:
        is_odd = np.asarray(pc.fill_null(_TESTS[oddity](values), False))
    if not is_odd.any():
        return None
    (where,) = np.nonzero(is_odd)
    order = where[np.argsort(-counts[where], kind="stable")]
    if oddity in ("leading zero", "same number"):
        order = order[_pairs(values.take(pa.array(order)))]
    order = order[:_LISTED]
    texts = shown(values.take(pa.array(order)))
    examples = tuple(zip(texts, counts[order].tolist(), strict=True))
    meaning = "" if numbers is None else f"{numbers[order[0]]:.10g}"
    return Odd(len(where), int(counts[where].sum()), examples, meaning)


def _null_words(texts: Values) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    words = pc.is_in(lower, value_set=pa.array((*NOTHING, ""), texts.type))  # only spaces: ""
    is_na = pc.equal(lower, "na")
    others = pc.and_(pc.match_substring_regex(texts, _COUNTRY), pc.invert(is_na))
    if pc.any(others).as_py():  # NA may be Namibia, or the like, among words of two letters
        return words
    return pc.or_(words, is_na)


def _line_breaks(values: Values) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(values) and not pa.types.is_large_binary(values.type):
        return pa.array([False] * len(values), pa.bool_())
    return pc.match_substring_regex(values, _LINE_BREAK)


def _leading_zeros(texts: Values) -> Values:
    import pyarrow as pa

    column = pa.chunked_array([texts])
    try:
        return pa.array(merged_codes(column, as_whole(column)))
    except (UnfitError, pa.ArrowInvalid):
        return pa.array([False] * len(texts), pa.bool_())


def _same_numbers(texts: Values) -> Values:
    """Return which texts are the same whole number as others but for what is around the digits."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    is_odd = np.zeros(len(texts), bool)
    is_whole = np.array(pc.fill_null(pc.match_substring_regex(texts, _WHOLE), False))
    rest = texts.filter(pa.array(~is_whole))
    is_whole[~is_whole] = pc.fill_null(pc.match_substring_regex(rest, _GROUPED), False)
    if is_whole.any():
        groups = _digits(texts.filter(pa.array(is_whole))).dictionary_encode().indices.to_numpy()
        is_odd[is_whole] = np.bincount(groups)[groups] > 1
    return pa.array(is_odd)


def _digits(texts: Values) -> Values:
    """Return the digits of whole numbers, without zeros in front."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(pc.replace_substring_regex(texts, r"[^0-9]", ""), "^0+", "")


def _pairs(texts: Values) -> Array:
    """Return an order of whole numbers in which those that are equal follow each other."""
    import numpy as np

    return np.argsort(_digits(texts).dictionary_encode().indices.to_numpy(), kind="stable")


def _point_zero(texts: Values) -> Values:
    """Return which texts are like 17850.0, if others are whole numbers or stand for nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    floats = pc.match_substring_regex(texts, r"^-?[0-9]+\.0$")
    whole = pc.match_substring_regex(texts, r"^-?[0-9]+$")
    if pc.all(pc.or_(pc.or_(floats, whole), _null_words(texts))).as_py():
        return floats
    return pa.array([False] * len(texts), pa.bool_())


def _written_numbers(texts: Values) -> Values:
    import pyarrow.compute as pc

    plain = pc.match_substring_regex(texts, _PLAIN_NUMBER)
    return pc.and_(pc.invert(plain), pc.invert(_null_words(texts)))


def _thousands(texts: Values) -> Values:
    """Return which texts are like 1.234, if all with a point are, and none is like 1234."""
    import pyarrow as pa
    import pyarrow.compute as pc

    grouped = pc.match_substring_regex(texts, r"^\s*[+-]?[1-9][0-9]{0,2}\.[0-9]{3}\s*$")
    small = pc.match_substring_regex(texts, r"^\s*[+-]?[0-9]{1,3}\s*$")
    others = pc.invert(pc.or_(pc.or_(grouped, small), _null_words(texts)))
    if pc.any(others).as_py() or pc.sum(grouped).as_py() < _ENOUGH:
        return pa.array([False] * len(texts), pa.bool_())
    return grouped


def _among_numbers(texts: Values, counts: Array) -> Array:
    """Return which texts are none, if nearly all rows are numbers, most with a decimal mark."""
    import numpy as np
    import pyarrow.compute as pc

    is_number = np.asarray(pc.match_substring_regex(texts, _PLAIN_NUMBER))
    is_decimal = np.asarray(pc.match_substring_regex(texts, _DECIMAL))
    rows = counts.sum()
    few = 0 < counts[~is_number].sum() <= _FEW * rows
    return ~is_number & bool(few and counts[is_decimal].sum() > _MOST * rows)


def _lost(texts: Values) -> Values:
    import pyarrow.compute as pc

    hidden = pc.match_substring(texts, "###")  # by a spreadsheet, whose column was too narrow
    if pc.any(hidden).as_py():
        hidden = pc.match_substring_regex(texts, r"^\s*#{3,}\s*$")
    return pc.or_(hidden, pc.match_substring(texts, "\ufffd"))


def _several(texts: Values) -> Values:
    import pyarrow.compute as pc

    if pc.any(pc.match_substring(texts, "&")).as_py():
        texts = pc.replace_substring_regex(texts, _ENTITY, "&")
    return pc.match_substring_regex(texts, f"{_LIST}|{_CODES}|{_MARKED}")


def _matches(pattern: str) -> Callable[[Values], Values]:
    def test(texts: Values) -> Values:
        import pyarrow.compute as pc

        return pc.match_substring_regex(texts, pattern)

    return test


_TESTS: Mapping[Oddity, Callable[[Values], Values]] = {
    "null word": _null_words,
    "line break": _line_breaks,
    "point zero": _point_zero,
    "outer space": _matches(_OUTER),
    "exponent": _matches(_EXPONENT),
    "lost": _lost,
    "leading zero": _leading_zeros,
    "same number": _same_numbers,
    "written number": _written_numbers,
    "thousands": _thousands,
    "several": _several,
}
