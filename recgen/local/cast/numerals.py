"""Numbers written as text: signs, currencies, percent, thousands separators, decimal commas.

The only recogniser of such text: what a proposal calls a number is what a run reads as that number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from recgen.local.cast.arrow import QuestionError, UnfitError, Values

NUMBER = "a number"
_CODES = (
    "AED ARS AUD BGN BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY "
    "KES KRW KWD MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD "
    "UAH USD UYU VND ZAR"
)  # of ISO 4217; any three letters would make the SKU 120ABC an amount
_SYMBOLS = "€£¥₹₽₺₩₫₴₦₪฿₱₡₲₵₸₼₾"
_DOLLARS = r"(?:US|CA|A|R|C|AU|HK|NZ|S|NT|MX)?\$"
_WORDS = r"kr\.?|zł|Kč|Ft|Fr\.|Rs\.?|lei|руб\.?|грн\.?|лв\.?"  # noqa: RUF001
_UNIT = rf"(?:{_DOLLARS}|[{_SYMBOLS}]|{'|'.join(_CODES.split())}|{_WORDS})"
_MINUS = "\u2212\u2013-"  # minus sign, dash, hyphen
_SIGN = f"[+{_MINUS}]"
_SPACES = " \u00a0\u2009\u202f"
_QUOTES = "'\u2019"
_POWER = "[eE][+-]?[0-9]{1,4}"
_NUMERAL = re.compile(
    rf"(?P<open>\()?(?P<sign>{_SIGN})?[{_SPACES}]?(?P<before>{_UNIT})?[{_SPACES}]?"
    rf"(?P<inner>{_SIGN})?(?P<body>[0-9.,](?:[0-9.,{_SPACES}{_QUOTES}]*[0-9.])?)"
    rf"(?P<power>{_POWER})?[{_SPACES}]?(?P<after>{_UNIT}|%)?[{_SPACES}]?(?P<last>[{_MINUS}])?"
    r"(?P<close>\))?"
)
_ZEROS = "\u0660\u06f0\u0966\u09e6\u0e50\uff10"  # Arabic, Persian, Hindi, Bengali, Thai, full-width
_DIGITS = {ord(zero) + digit: str(digit) for zero in _ZEROS for digit in range(10)} | {
    ord("\u066b"): ".",  # of Arabic, as the next
    ord("\u066c"): ",",
}
_SIGNS = ("sign", "inner", "last")
_LONGEST = 100  # characters
_FIRST = 100  # texts that are tried before all, since most columns of text hold no numbers


def plain_numerals(
    texts: Values, decimal: str | None = None, whole: bool = False, units: bool = True
) -> Values:
    """Return numbers as text in the form that Arrow parses, such as `-1234.5` or `1e5`.

    Args:
        texts: Stripped text; null where there is no number.
        decimal: The decimal mark, `.` or `,`; None finds it from all texts.
        whole: Whether the numbers are whole, so that `1,234` can only be 1234.
        units: Whether the numbers must have one unit.

    Raises:
        QuestionError: The numbers can be read in two ways, or are in several units.
        UnfitError: A text is not a number.
    """
    import pyarrow as pa

    for at, text in enumerate(texts.slice(0, _FIRST).to_pylist()):
        if text is not None:
            _match(text, at)
    encoded = texts.combine_chunks().dictionary_encode()
    distinct: list[str] = encoded.dictionary.to_pylist()
    try:
        numerals = _rewritten(distinct, decimal, whole, units)
    except UnfitError as error:
        codes = encoded.indices.fill_null(-1).to_numpy()
        at = int((codes == error.at).argmax())
        raise type(error)(error.wanted, error.help, at) from None
    taken = pa.array(numerals, pa.large_string()).take(encoded.indices)
    return pa.chunked_array([taken])


def _rewritten(texts: Sequence[str], decimal: str | None, whole: bool, units: bool) -> list[str]:
    matches = [_match(text, at) for at, text in enumerate(texts)]
    if units:
        _require_one_unit(matches)
    mark = decimal or _decimal_mark(matches, whole)
    return [_numeral(match, mark, at) for at, match in enumerate(matches)]


def _match(text: str, at: int) -> re.Match[str]:
    text = text if text.isascii() else text.translate(_DIGITS)
    match = _NUMERAL.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or sum(1 for group in _SIGNS if match[group]) + bool(match["open"]) > 1:
        raise UnfitError(NUMBER, at=at)
    if bool(match["open"]) != bool(match["close"]) or not re.search("[0-9]", match["body"]):
        raise UnfitError(NUMBER, at=at)
    return match


def _require_one_unit(matches: Sequence[re.Match[str]]) -> None:
    """Refuse amounts in several currencies, and percentages among other numbers."""
    first: str | None = None
    for at, match in enumerate(matches):
        if match["before"] and match["after"] and match["after"] != match["before"]:
            raise UnfitError("a number in one unit", at=at)
        unit = (match["before"] or match["after"] or "").strip(".")
        if first is not None and unit and unit != first:
            help = "convert the numbers of the column to one unit in the data"
            raise QuestionError(f"in the unit of other values ({first})", help, at)
        first = first or unit or None
    if first != "%":
        return
    for at, match in enumerate(matches):
        if not match["after"] and re.search("[1-9]", match["body"]):
            raise QuestionError("a percentage like other values", "write all of them with %", at)


def _decimal_mark(matches: Sequence[re.Match[str]], whole: bool) -> str:
    """Return the decimal mark that the column's texts show.

    In `1.234,5` and `12,5` it can be seen, in `1,234` it cannot.
    """
    unclear: int | None = None
    for at, match in enumerate(matches):
        mark = _seen(match["body"])
        if mark in (".", ","):
            return mark
        if mark == "?" and unclear is None:
            unclear = at
    if unclear is None:
        return "."
    body = matches[unclear]["body"]
    if whole:  # 1,234 can only be 1234 then, but 1.234 is rather a fraction
        return "."
    thousand, fraction = re.sub("[^0-9]", "", body), re.sub("[^0-9]", ".", body)
    raise QuestionError(
        f"a clear number: it can be {thousand} or {fraction}",
        "set data.decimal to the decimal mark of the file, '.' or ','",
        unclear,
    )


def _seen(body: str) -> str | None:
    """Return the decimal mark of a number, `?` if a separator can be either, None without one."""
    marks = [character for character in body if character in ".,"]
    if not marks:
        return None
    if len(set(marks)) == 2:
        return marks[-1]
    before, _, after = body.partition(marks[0])
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    if any(space in body for space in _SPACES + _QUOTES):  # these separate the thousands
        return marks[0]
    return "?" if re.fullmatch("[1-9][0-9]{0,2}", before) and len(after) == 3 else marks[0]


def _numeral(match: re.Match[str], decimal: str, at: int) -> str:
    """Return one number in plain form."""
    whole, _, fraction = match["body"].partition(decimal)
    digits = _joined(whole)
    if digits is None or not re.fullmatch("[0-9]*", fraction) or not (digits or fraction):
        wanted = f"a number with the decimal mark {decimal!r}, as in other values"
        raise UnfitError(wanted, "write all numbers of the column in one way", at)
    is_negative = match["open"] or any(match[group] and match[group] != "+" for group in _SIGNS)
    power = match["power"] or ("e-2" if match["after"] == "%" else "")
    number = f"{digits or '0'}.{fraction}" if fraction else digits or "0"
    return f"{'-' if is_negative else ''}{number}{power}"


def _joined(whole: str) -> str | None:
    """Return the digits before the decimal mark without separators; None if they are misplaced."""
    separators = set(re.sub("[0-9]", "", whole))
    if not separators:
        return whole
    first, *groups = re.split("[^0-9]", whole)
    is_grouped = len(separators) == 1 and 1 <= len(first) <= 3 and len(groups[-1]) == 3
    # Groups of two are India's: 12,34,567.
    if is_grouped and (
        all(len(group) == 3 for group in groups) or all(len(group) == 2 for group in groups[:-1])
    ):
        return first + "".join(groups)
    return None
