"""The ways in which dates and times are written, as patterns of RE2. Reads nothing."""

from __future__ import annotations

import re

from recgen.config.times import ORDINAL, directives

_MONTH = (
    r"(?P<b>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = (
    r"(?:(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|"
    r"sat(?:urday)?|sun(?:day)?)\.?,?\s+)?"
)
_HALF = r"(?:\s*(?P<p>[ap])\.?\s?m\b\.?)?"
_OFFSET = r"(?:utc|gmt)?\s?[+-]\d{1,2}(?::?\d{2})?"
_ZONE = (
    rf"(?:\s*(?P<z>z|utc|gmt|ut|etc/utc|{_OFFSET})"
    r"(?:\s*(?:\([^()]*\)|\[[^\[\]]*\]|\s[a-z]{3,5}))?)?"  # Java, JavaScript and Go add its name
)
_CLOCK = (
    rf"(?P<H>\d{{1,2}})(?:[:.](?P<M>\d{{2}})(?:[:.](?P<S>\d{{2}})(?:[.,:]\d+)?)?)?{_HALF}{_ZONE}"
)
_TIME = rf"(?:(?:t|:|,?\s+(?:at\s+)?){_CLOCK})?"
EITHER_YEAR = r"\d{4}|\d{2})"
_SHORT_YEAR = rf"(?P<Y>{EITHER_YEAR}"

_ISO = rf"{_WEEKDAY}(?P<Y>\d{{4}})[-/.:](?P<m>\d{{1,2}})[-/.:](?P<d>\d{{1,2}}){_TIME}"
_USUAL_YEAR = r"(?P<Y>(?:19|20)\d{2}|0001|9999)"  # 1001-02 and 02-1001 are codes
# A period is its first day: 2023-W05, 2023-W05-3 (ISO 8601), 2023Q1, Q1/2023.
PERIODS = (
    rf"{_USUAL_YEAR}[-\s]?W(?P<w>\d{{2}})(?:-?(?P<u>[1-7]))?",
    rf"{_USUAL_YEAR}[-/\s]?Q(?P<q>[1-4])",
    rf"Q(?P<q>[1-4])[-/\s]?{_USUAL_YEAR}",
)
_ORDINAL = rf"{_USUAL_YEAR}[-/](?P<j>\d{{3}}){_TIME}"
DAY_FIRST = (
    rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?[-/\s]*{_MONTH},?[-/\s]*{_SHORT_YEAR}{_TIME}"
)
WAYS = (
    _ISO,
    r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?:t|\s+)"
    rf"(?P<H>\d{{2}}):?(?P<M>\d{{2}})(?::?(?P<S>\d{{2}})(?:[.,]\d+)?)?{_ZONE})?",
    rf"{_USUAL_YEAR}(?P<m>\d{{2}})(?P<d>\d{{2}})[-_](?P<H>\d{{2}})(?P<M>\d{{2}})(?P<S>\d{{2}})",
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})-"  # Db2
    r"(?P<H>\d{2})[.:](?P<M>\d{2})[.:](?P<S>\d{2})(?:[.,]\d+)?",
    rf"(?P<Y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){_ZONE}",  # a date of XML
    rf"(?P<Y>\d{{4}})\s?[年년.]\s?(?P<m>\d{{1,2}})\s?[月월.]\s?(?P<d>\d{{1,2}})\s?[日일.]?{_TIME}",
    DAY_FIRST,
    rf"{_WEEKDAY}{_MONTH}[-/\s]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|[-/\s]\s*)(?P<Y>\d{{4}}){_TIME}",
    rf"{_WEEKDAY}{_MONTH}\s+(?P<d>\d{{1,2}})\s+(?P<H>\d{{1,2}}):(?P<M>\d{{2}}):(?P<S>\d{{2}})"
    rf"(?:\s+(?P<z>z|utc|gmt|{_OFFSET}))?\s+(?P<Y>\d{{4}})",  # ctime of C; with a zone in old APIs
    rf"(?P<Y>\d{{4}})[-/\s]{_MONTH}[-/\s](?P<d>\d{{1,2}}){_TIME}",
    rf"{_USUAL_YEAR}[-/.](?P<m>\d{{1,2}})",
    rf"(?P<m>\d{{1,2}})[-/.]{_USUAL_YEAR}",
    rf"{_MONTH},?[-/\s]*{_USUAL_YEAR}",
    *PERIODS,
    _ORDINAL,
)
# Letters, some signs among them: \p{L} takes ten times as long to compile, for each search anew,
# and so does a limit to their number.
_LETTER = r"[a-z\x{C0}-\x{1FFF}\x{2C00}-\x{D7FF}]"
_WORD = rf"(?P<b>{_LETTER}+)\.?"
_OF = r"[-/\s]*(?:(?:of|de|del)\s+|d')?"
_REVERSED = rf"(?P<j>\d{{3}})[-/]{_USUAL_YEAR}"
_QUARTERS = (
    r"(?P<q>[1-4])Q['\x{2019}\s/-]?(?P<Y>\d{4}|\d{2})",
    r"Q(?P<q>[1-4])['\x{2019}](?P<Y>\d{4}|\d{2})",
)
OTHER_WAYS = (  # those of few columns, and other languages than English
    rf"[KC]W[\s.]*(?P<w>\d{{1,2}})[-/\s,]+{_USUAL_YEAR}",  # weeks of ISO 8601 in Germany
    rf"(?P<w>\d{{1,2}})\.?\s*KW[-/\s]*{_USUAL_YEAR}",
    rf"{_USUAL_YEAR}[-/\s]*[KC]W\s?(?P<w>\d{{1,2}})",
    rf"(?P<q>[1-4])(?:\.|st|nd|rd|th)?\s*(?:quartal|quarter|trimestre|kwartał|квартал)\s*{_USUAL_YEAR}",
    rf"(?:t|trimestre|quartal|quarter)\s?(?P<q>[1-4])[-/\s]+{_USUAL_YEAR}",
    *_QUARTERS,
    rf"{_USUAL_YEAR}M(?P<m>\d{{1,2}})",
    _REVERSED,
    rf"(?:{_LETTER}+\.?,?\s+){{0,2}}(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|ère|e|[.º°]+)?{_OF}{_WORD},?{_OF}"
    rf"['\x{2019}]?(?P<Y>\d{{4}}|\d{{2}})\.?{_TIME}",
    rf"(?P<Y>\d{{4}})[.\s/-]*{_WORD}[\s/-]+(?P<d>\d{{1,2}})\.?{_TIME}",
    rf"(?:{_LETTER}+\.?,?\s+)?{_WORD}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<Y>\d{{4}}){_TIME}",
    rf"{_WORD},?{_OF}{_USUAL_YEAR}",
)
CODED = {ORDINAL, "%j-%Y", "short quarters"}
"""Ways that codes have, too, so that a column's name has to say that it has times."""
STANDARDS = {
    _ISO: "ISO 8601",
    _ORDINAL: ORDINAL,
    _REVERSED: "%j-%Y",
    **dict.fromkeys(_QUARTERS, "short quarters"),
}
NUMBERS = (
    rf"{_WEEKDAY}(?P<one>\d{{1,2}})(?P<sep>[-/.])(?P<two>\d{{1,2}})[-/.](?P<three>\d{{4}}|\d{{2}})\.?"
    rf"{_TIME}"
)
CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?" + _HALF


_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<Y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "e": r"\s*(?P<d>\d{1,2})",
    "b": _MONTH,
    "B": _MONTH,
    "h": _MONTH,
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"\d+",
    "p": r"(?P<p>[ap])\.?\s?m\.?",
    "z": rf"\s*(?P<z>z|utc|gmt|{_OFFSET})",
    "Z": r"\s*(?:z|utc|gmt|ut)",
    "j": r"(?P<j>\d{1,3})",
    "G": r"(?P<Y>\d{4})",
    "V": r"(?P<w>\d{1,2})",
    "u": r"(?P<u>[1-7])",
    "a": r"[a-z]{2,9}\.?",
    "A": r"[a-z]{2,9}\.?",
    "%": "%",
}


def pattern_of(time_format: str) -> str:
    """Return the pattern of a format; any number of spaces stands for any other.

    In `%Y%m%d` nothing separates the parts, so each has all its digits.
    """
    parts = directives(time_format)
    followed = [*(part.startswith("%") for part in parts[1:]), False]
    preceded = [False, *(part.startswith("%") for part in parts[:-1])]
    pattern = ""
    for part, before, after in zip(parts, preceded, followed, strict=True):
        if part.startswith("%"):
            found = _DIRECTIVES[part[1:]]
            pattern += found.replace("{1,2}", "{2}") if before or after else found
        else:
            pattern += re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(part))
    return pattern
