"""Texts as times: the ways in which dates and times are written, and formats of a config."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.config.times import ORDINAL, directives
from recgen.local.times.calendar import Fields, epoch_seconds, full_year, week_seconds
from recgen.local.times.months import months_of
from recgen.local.times.odd import as_usual

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""
Texts: TypeAlias = "pa.Array"
"""Texts (large_string) without nulls, spaces around them and words for null."""

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
    r"(?:\s*(?:\([^()]*\)|\[[^\[\]]*\]))?)?"  # Java and JavaScript add the zone's name
)
_CLOCK = (
    rf"(?P<H>\d{{1,2}})(?:[:.](?P<M>\d{{2}})(?:[:.](?P<S>\d{{2}})(?:[.,:]\d+)?)?)?{_HALF}{_ZONE}"
)
_TIME = rf"(?:(?:t|:|,?\s+(?:at\s+)?){_CLOCK})?"
_EITHER_YEAR = r"\d{4}|\d{2})"
_SHORT_YEAR = rf"(?P<Y>{_EITHER_YEAR}"
_LETTERS = r"[a-zA-Z\x{80}-\x{10FFFF}]{3}"  # the least that names a month; other signs, too

_ISO = rf"{_WEEKDAY}(?P<Y>\d{{4}})[-/.:](?P<m>\d{{1,2}})[-/.:](?P<d>\d{{1,2}}){_TIME}"
_USUAL_YEAR = r"(?P<Y>(?:19|20)\d{2}|0001|9999)"  # 1001-02 and 02-1001 are codes
# A period is its first day: 2023-W05, 2023-W05-3 (ISO 8601), 2023Q1, Q1/2023.
PERIODS = (
    rf"{_USUAL_YEAR}[-\s]?W(?P<w>\d{{2}})(?:-?(?P<u>[1-7]))?",
    rf"{_USUAL_YEAR}[-/\s]?Q(?P<q>[1-4])",
    rf"Q(?P<q>[1-4])[-/\s]?{_USUAL_YEAR}",
)
_ORDINAL = rf"{_USUAL_YEAR}[-/](?P<j>\d{{3}}){_TIME}"
_DAY_FIRST = (
    rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?[-/\s]*{_MONTH},?[-/\s]*{_SHORT_YEAR}{_TIME}"
)
_WAYS = (
    _ISO,
    r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?:t|\s+)"
    rf"(?P<H>\d{{2}}):?(?P<M>\d{{2}})(?::?(?P<S>\d{{2}})(?:[.,]\d+)?)?{_ZONE})?",
    rf"{_USUAL_YEAR}(?P<m>\d{{2}})(?P<d>\d{{2}})[-_](?P<H>\d{{2}})(?P<M>\d{{2}})(?P<S>\d{{2}})",
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})-"  # Db2
    r"(?P<H>\d{2})[.:](?P<M>\d{2})[.:](?P<S>\d{2})(?:[.,]\d+)?",
    rf"(?P<Y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){_ZONE}",  # a date of XML
    rf"(?P<Y>\d{{4}})\s?[年년.]\s?(?P<m>\d{{1,2}})\s?[月월.]\s?(?P<d>\d{{1,2}})\s?[日일.]?{_TIME}",
    _DAY_FIRST,
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
# Any letters: a limit to their number takes ten times as long to compile, each time it is searched.
_WORD = r"(?P<b>\p{L}+)\.?"
_OF = r"[-/\s]*(?:(?:of|de|del)\s+|d')?"
_REVERSED = rf"(?P<j>\d{{3}})[-/]{_USUAL_YEAR}"
_QUARTERS = (
    r"(?P<q>[1-4])Q['\x{2019}\s/-]?(?P<Y>\d{4}|\d{2})",
    r"Q(?P<q>[1-4])['\x{2019}](?P<Y>\d{4}|\d{2})",
)
_OTHER_WAYS = (  # those of few columns, and other languages than English
    rf"[KC]W[\s.]*(?P<w>\d{{1,2}})[-/\s,]+{_USUAL_YEAR}",  # weeks of ISO 8601 in Germany
    rf"(?P<w>\d{{1,2}})\.?\s*KW[-/\s]*{_USUAL_YEAR}",
    rf"{_USUAL_YEAR}[-/\s]*[KC]W\s?(?P<w>\d{{1,2}})",
    rf"(?P<q>[1-4])(?:\.|st|nd|rd|th)?\s*(?:quartal|quarter|trimestre|kwartał|квартал)\s*{_USUAL_YEAR}",
    rf"(?:t|trimestre|quartal|quarter)\s?(?P<q>[1-4])[-/\s]+{_USUAL_YEAR}",
    *_QUARTERS,
    rf"{_USUAL_YEAR}M(?P<m>\d{{1,2}})",
    _REVERSED,
    rf"(?:\p{{L}}+\.?,?\s+){{0,2}}(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|ère|e|[.º°]+)?{_OF}{_WORD},?{_OF}"
    rf"['\x{2019}]?(?P<Y>\d{{4}}|\d{{2}})\.?{_TIME}",
    rf"(?P<Y>\d{{4}})[.\s/-]*{_WORD}[\s/-]+(?P<d>\d{{1,2}})\.?{_TIME}",
    rf"(?:\p{{L}}+\.?,?\s+)?{_WORD}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<Y>\d{{4}}){_TIME}",
    rf"{_WORD},?{_OF}{_USUAL_YEAR}",
)
CODED = {ORDINAL, "%j-%Y", "short quarters"}
"""Ways that codes have, too, so that a column's name has to say that it has times."""
_STANDARDS = {
    _ISO: "ISO 8601",
    _ORDINAL: ORDINAL,
    _REVERSED: "%j-%Y",
    **dict.fromkeys(_QUARTERS, "short quarters"),
}
_NUMBERS = (
    rf"{_WEEKDAY}(?P<one>\d{{1,2}})(?P<sep>[-/.])(?P<two>\d{{1,2}})[-/.](?P<three>\d{{4}}|\d{{2}})\.?"
    rf"{_TIME}"
)
_ORDERS = {  # the place of year, month and day, and whether the year must be short
    "%d{0}%m{0}%{1}": ("three", "two", "one", False),
    "%m{0}%d{0}%{1}": ("three", "one", "two", False),
    "%y{0}%m{0}%d": ("one", "two", "three", True),
}
_SPACES = "[\\x{00A0}\\x{2007}\\x{2009}\\x{200E}\\x{202F}]"
_PROBED = 1000  # texts
_YEAR_OR_CLOCK = r"\p{Nd}{2}"
_SHORTEST = 4  # letters of a time in other ways: 1Q22
_DAY = 86_400
_ZERO = r"^0{4}[-/.]?0{2}[-/.]?0{2}(?:[t ][0:.]+)?$"  # a null of MySQL and of SAP
CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?" + _HALF


@dataclass
class Read:
    """What was read of texts.

    Attributes:
        seconds: int64, [texts]; 0 where nothing was read.
        known: Which texts are times: bool, [texts].
        has_clock: Which say a time of day: bool, [texts].
        has_zone: Which say a zone: bool, [texts].
        way: How they are written, for messages.
        asked: Formats that fit equally well; the texts were read with the first.
    """

    seconds: Array
    known: Array
    has_clock: Array
    has_zone: Array
    way: str = ""
    asked: tuple[str, ...] = ()

    @classmethod
    def nothing(cls, count: int) -> Read:
        """Return the state in which nothing is read yet."""
        import numpy as np

        no = np.zeros(count, bool)
        return cls(np.zeros(count, np.int64), no, no.copy(), no.copy())

    def put(self, at: Array, found: _Parsed) -> None:
        """Enter what was found at some indices."""
        self.seconds[at] = found.seconds
        self.known[at] = found.exists
        self.has_clock[at] = found.has_clock
        self.has_zone[at] = found.has_zone


@dataclass(frozen=True)
class _Parsed:
    seconds: Array
    exists: Array
    has_clock: Array
    has_zone: Array


def read_texts(texts: Texts) -> Read:
    """Return the times of texts that may be written in different ways."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.replace_substring_regex(texts, pattern=_SPACES, replacement=" ")
    # A search for all ways takes milliseconds even in few texts, and files may have many columns.
    may_be = pc.match_substring_regex(texts, pattern=_YEAR_OR_CLOCK)
    if not pc.any(may_be).as_py():
        return Read.nothing(len(texts))
    read = _read(texts)
    is_long = pc.greater_equal(pc.utf8_length(texts), _SHORTEST)
    rest = texts.filter(pc.and_(pa.array(~read.known), pc.and_(may_be, is_long)))
    # A search through all words of a column for the names of months takes long.
    if len(rest) == 0 or not _read(as_usual(rest[:_PROBED]), _OTHER_WAYS).known.any():
        return read
    return _read(as_usual(texts), _OTHER_WAYS)  # all of them: one may decide the order of others


def _read(texts: Texts, others: Sequence[str] = ()) -> Read:
    """Return the times of texts in the usual ways, and in others after these."""
    import numpy as np

    read, left = Read.nothing(len(texts)), np.arange(len(texts))
    for way in _possible(texts, (*_likely_first(texts), *others)):
        at, groups = _matching(texts, left, way)
        if not groups:
            continue
        if way == _NUMBERS:
            _put_ordered(read, at, groups)
        else:
            parsed = _parsed(groups) if way != _DAY_FIRST else _day_or_year_first(groups)
            read.put(at, parsed)
            read.way = read.way or _STANDARDS.get(way, "words")
        left = np.setdiff1d(left, at, assume_unique=True)
    return read


def _possible(texts: Texts, ways: Sequence[str]) -> Sequence[str]:
    """Return the ways of which texts have the long year and the letters of a month, if any.

    To compile the patterns of all ways takes longer than to search a thousand texts for these.
    """
    import pyarrow.compute as pc

    has_year, has_word = (
        bool(pc.any(pc.match_substring_regex(texts, pattern=each), min_count=0).as_py())
        for each in (r"\d{4}", _LETTERS)
    )
    return [
        way
        for way in ways
        if (has_year or _EITHER_YEAR in way) and (has_word or "(?P<b>" not in way)
    ]


def _likely_first(texts: Texts) -> Sequence[str]:
    """Return the ways to write times; that of the first text comes first, which saves time."""
    first = texts[0].as_py() if len(texts) else ""
    return sorted((*_WAYS, _NUMBERS), key=lambda way: not re.fullmatch(f"(?i){way}", first))


def read_format(texts: Texts, time_format: str) -> Read:
    """Return the times of texts in the format of a config, which is valid."""
    import numpy as np

    read = Read.nothing(len(texts))
    read.way = time_format
    at, groups = _matching(texts, np.arange(len(texts)), _pattern_of(time_format))
    if groups:
        read.put(at, _parsed(groups))
    return read


def read_clock(texts: Texts) -> tuple[Array, Array]:
    """Return the seconds of the day of texts such as 08:26, and which of them are such times."""
    import numpy as np

    read = Read.nothing(len(texts))
    at, groups = _matching(texts, np.arange(len(texts)), CLOCK)
    if groups:
        read.put(at, _parsed({**groups, "Y": _same("1970", len(at))}))
    return read.seconds, read.known


def zero_dates(texts: Texts) -> Array:
    """Return which texts are 0000-00-00, which stands for null: bool, [texts]."""
    import pyarrow.compute as pc

    found = pc.match_substring_regex(texts, pattern=_ZERO, ignore_case=True)
    return found.to_numpy(zero_copy_only=False)


Groups: TypeAlias = dict[str, Texts]


def _same(word: str, count: int) -> Texts:
    import pyarrow as pa

    return pa.array([word] * count, pa.large_string())


def _matching(texts: Texts, left: Array, pattern: str) -> tuple[Array, Groups]:
    """Return the indices of the texts that match as a whole, and the parts of these."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(left) == 0:
        return left, {}
    chosen = texts if len(left) == len(texts) else texts.take(pa.array(left))
    found = pc.extract_regex(chosen, pattern=f"(?i)^{pattern}$")
    is_match = found.is_valid().to_numpy(zero_copy_only=False)
    if not is_match.any():
        return left[:0], {}
    found = found.filter(pa.array(is_match))
    names = [field.name for field in found.type]
    return left[np.flatnonzero(is_match)], dict(zip(names, found.flatten(), strict=True))


def _whole(part: Texts | None, missing: int, like: Texts) -> Array:
    """Return a part as int64, with a number for those that are left out."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if part is None:
        return np.full(len(like), missing, np.int64)
    written = pc.if_else(pc.equal(part, ""), str(missing), part)
    return written.cast(pa.int64()).to_numpy(zero_copy_only=False)


def _parsed(groups: Groups) -> _Parsed:
    """Return the times of parts that are named as in `strptime`; `Y` may have two digits."""
    import numpy as np
    import pyarrow.compute as pc

    like = groups["Y"]
    is_short = pc.equal(pc.utf8_length(like), 2).to_numpy(zero_copy_only=False)
    hour = _whole(groups.get("H"), 0, like)
    fits_half = np.ones(len(like), bool)
    if "p" in groups:
        hour, fits_half = _on_24_hours(hour, groups["p"])
    if "w" in groups:
        return _of_weeks(groups)
    parts = Fields(
        year=full_year(_whole(like, 0, like), is_short),
        month=_month(groups, like),
        day=_whole(groups.get("d") or groups.get("j"), 1, like),
        hour=hour,
        minute=_whole(groups.get("M"), 0, like),
        second=_whole(groups.get("S"), 0, like),
        offset=_offset(groups.get("z"), like),
        is_day_of_year="j" in groups,
    )
    seconds, exists = epoch_seconds(parts)
    return _Parsed(seconds, exists & fits_half, _given("H", groups), _given("z", groups))


def _of_weeks(groups: Groups) -> _Parsed:
    """Return the times of weeks of ISO 8601, or of their days."""
    import numpy as np

    like = groups["Y"]
    year, week = _whole(like, 0, like), _whole(groups["w"], 0, like)
    seconds, exists = week_seconds(year, week, _whole(groups.get("u"), 1, like))
    no = np.zeros(len(like), bool)
    return _Parsed(seconds, exists, no, no.copy())


def _given(name: str, groups: Groups) -> Array:
    import numpy as np
    import pyarrow.compute as pc

    if name not in groups:
        return np.zeros(len(groups["Y"]), bool)
    return pc.not_equal(groups[name], "").to_numpy(zero_copy_only=False)


def _month(groups: Groups, like: Texts) -> Array:
    import numpy as np

    if "q" in groups:
        return 3 * _whole(groups["q"], 1, like) - 2
    if "b" not in groups:
        return _whole(groups.get("m"), 1, like)
    names = groups["b"].dictionary_encode()
    months, _ = months_of(names.dictionary.to_pylist())
    return np.array(months, np.int64)[names.indices.to_numpy()]


def _on_24_hours(hour: Array, half: Texts) -> tuple[Array, Array]:
    """Return hours on a clock of 24 hours, and which of them exist on one of twelve."""
    import numpy as np
    import pyarrow.compute as pc

    letter = pc.utf8_lower(half)
    is_half = pc.not_equal(letter, "").to_numpy(zero_copy_only=False)
    is_pm = pc.equal(letter, "p").to_numpy(zero_copy_only=False)
    fits = ~is_half | (hour <= 12)  # Excel writes 00:30 AM
    return np.where(is_half, hour % 12 + 12 * is_pm, hour), fits


def _offset(zone: Texts | None, like: Texts) -> Array:
    """Return the seconds by which zones such as +05:30 are ahead of UTC."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if zone is None:
        return np.zeros(len(like), np.int64)
    names = zone.dictionary_encode()
    found = pc.extract_regex(
        names.dictionary, pattern=r"(?P<sign>[+-])(?P<h>\d{1,2}):?(?P<m>\d{2})?$"
    )
    sign, hours, minutes = found.flatten()
    ahead = [
        0 if h is None else (-1 if s == "-" else 1) * (int(h) * 3600 + int(m or 0) * 60)
        for s, h, m in zip(*(part.to_pylist() for part in (sign, hours, minutes)), strict=True)
    ]
    return pa.array(ahead, pa.int64()).take(names.indices).to_numpy(zero_copy_only=False)


def _day_or_year_first(groups: Groups) -> _Parsed:
    """Return times such as 21-Mar-02; with the year first if only then none is in the future."""
    import pyarrow.compute as pc

    day_first = _parsed(groups)
    latest = time.time() + _DAY
    if not (day_first.seconds > latest).any() or pc.any(_is_long(groups["Y"])).as_py():
        return day_first
    year_first = _parsed({**groups, "Y": groups["d"], "d": groups["Y"]})
    is_better = year_first.exists.all() and (year_first.seconds <= latest).all()
    return year_first if is_better else day_first


def _is_long(year: Texts) -> Texts:
    import pyarrow.compute as pc

    return pc.not_equal(pc.utf8_length(year), 2)


def _put_ordered(read: Read, at: Array, groups: Groups) -> None:
    """Enter dates in digits, whose order the values decide; if they do not, it is asked."""
    tried = list(_in_each_order(groups))
    most = max(int(found.exists.sum()) for _, found in tried)
    fitting = _without_future([each for each in tried if int(each[1].exists.sum()) == most])
    first = fitting[0][1]
    read.put(at, first)
    # 05/05/2023 is the same day in both orders.
    others = [each for each in fitting[1:] if (each[1].seconds != first.seconds).any()]
    fitting = [fitting[0], *others]
    names = [_as_format(name, groups) for name, _ in fitting]
    read.way = read.way or names[0]
    read.asked = tuple(names) if len(names) > 1 else ()


def _in_each_order(groups: Groups) -> Iterator[tuple[str, _Parsed]]:
    """Yield the possible orders, the most usual first, with what is read in each."""
    import pyarrow.compute as pc

    is_short = pc.equal(pc.utf8_length(groups["three"]), 2)
    orders = list(_ORDERS)
    if groups["sep"][0].as_py() == "/":
        orders[:2] = orders[1::-1]
    for order in orders:
        year, month, day, needs_short = _ORDERS[order]
        if needs_short and not pc.all(is_short).as_py():
            continue
        yield order, _parsed({**groups, "Y": groups[year], "m": groups[month], "d": groups[day]})


def _without_future(fitting: Sequence[tuple[str, _Parsed]]) -> Sequence[tuple[str, _Parsed]]:
    """Return the orders without year first where that one alone puts dates into the future."""
    is_first = [name.startswith("%y") for name, _ in fitting]
    if all(is_first) or not any(is_first):
        return fitting
    ahead = [int((found.seconds > time.time() + _DAY).sum()) for _, found in fitting]
    least = min(ahead)
    return [each for each, count in zip(fitting, ahead, strict=True) if count == least]


def _as_format(order: str, groups: Groups) -> str:
    """Return an order as the format to write into a config, with the clock of the first text."""
    year = "y" if len(groups["three"][0].as_py()) == 2 else "Y"
    date = order.format(groups["sep"][0].as_py(), year)
    hour, minute, second = (groups[name][0].as_py() for name in ("H", "M", "S"))
    if not hour:
        return date
    half = groups["p"][0].as_py()
    clock = ("%I" if half else "%H") + (":%M" if minute else "") + (":%S" if second else "")
    zone = "%z" if groups["z"][0].as_py() else ""
    return f"{date} {clock}{' %p' if half else ''}{zone}"


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


def _pattern_of(time_format: str) -> str:
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
