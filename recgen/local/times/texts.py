"""Texts as times: of any of the usual ways to write them, or of the format of a config."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recgen.clock import latest
from recgen.local.times.odd import as_usual
from recgen.local.times.parts import Array, Groups, Parsed, Texts, parsed
from recgen.local.times.ways import (
    CLOCK,
    DAY_FIRST,
    EITHER_YEAR,
    NUMBERS,
    OTHER_WAYS,
    STANDARDS,
    WAYS,
    pattern_of,
)

_ORDERS = {  # the place of year, month and day, and whether the year must be short
    "%d{0}%m{0}%{1}": ("three", "two", "one", False),
    "%m{0}%d{0}%{1}": ("three", "one", "two", False),
    "%y{0}%m{0}%d": ("one", "two", "three", True),
}
_SPACES = "[\\x{00A0}\\x{2007}\\x{2009}\\x{202F}]"
_DIRECTIONS = (
    "[\\x{200E}\\x{200F}\\x{202A}-\\x{202E}\\x{2066}-\\x{2069}]"  # of Windows, around parts
)
_PROBED = 1000  # texts
_YEAR_OR_CLOCK = r"\p{Nd}{2}"
_LETTERS = r"[a-zA-Z\x{80}-\x{10FFFF}]{3}"  # the least that names a month; other signs, too
_SHORTEST = 4  # letters of a time in other ways: 1Q22
_ZERO = r"^0{4}[-/.]?0{2}[-/.]?0{2}(?:[t ][0:.]+)?$"  # a null of MySQL and of SAP


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

    def put(self, at: Array, found: Parsed) -> None:
        """Enter what was found at some indices."""
        self.seconds[at] = found.seconds
        self.known[at] = found.exists
        self.has_clock[at] = found.has_clock
        self.has_zone[at] = found.has_zone


def read_texts(texts: Texts) -> Read:
    """Return the times of texts that may be written in different ways."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.string_is_ascii(texts)).as_py():
        texts = pc.replace_substring_regex(texts, pattern=_SPACES, replacement=" ")
        texts = pc.replace_substring_regex(texts, pattern=_DIRECTIONS, replacement="")
    # A search for all ways takes milliseconds even in few texts, and files may have many columns.
    may_be = pc.match_substring_regex(texts, pattern=_YEAR_OR_CLOCK)
    if not pc.any(may_be).as_py():
        return Read.nothing(len(texts))
    read = _read(texts)
    is_long = pc.greater_equal(pc.utf8_length(texts), _SHORTEST)
    rest = texts.filter(pc.and_(pa.array(~read.known), pc.and_(may_be, is_long)))
    # A search through all words of a column for the names of months takes long.
    if len(rest) == 0:
        return read
    probed = _read(as_usual(rest[:_PROBED]), OTHER_WAYS)
    if not probed.known.any():
        return read
    if len(probed.known) == len(texts):
        return probed
    return _read(as_usual(texts), OTHER_WAYS)  # all of them: one may decide the order of others


def _read(texts: Texts, others: Sequence[str] = ()) -> Read:
    """Return the times of texts in the usual ways, and in others after these."""
    import numpy as np

    read, left = Read.nothing(len(texts)), np.arange(len(texts))
    for way in _possible(texts, (*_likely_first(texts), *others)):
        at, groups = _matching(texts, left, way)
        if not groups:
            continue
        if way == NUMBERS:
            _put_ordered(read, at, groups)
        else:
            read.put(at, parsed(groups) if way != DAY_FIRST else _day_or_year_first(groups))
            read.way = read.way or STANDARDS.get(way, "words")
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
        if (has_year or EITHER_YEAR in way) and (has_word or "(?P<b>" not in way)
    ]


def _likely_first(texts: Texts) -> Sequence[str]:
    """Return the ways to write times; that of the first text comes first, which saves time."""
    first = texts[0].as_py() if len(texts) else ""
    return sorted((*WAYS, NUMBERS), key=lambda way: not re.fullmatch(f"(?i){way}", first))


def read_format(texts: Texts, time_format: str) -> Read:
    """Return the times of texts in the format of a config, which is valid."""
    import numpy as np

    read = Read.nothing(len(texts))
    read.way = time_format
    at, groups = _matching(texts, np.arange(len(texts)), pattern_of(time_format))
    if groups:
        read.put(at, parsed(groups))
    return read


def read_clock(texts: Texts) -> tuple[Array, Array]:
    """Return the seconds of the day of texts such as 08:26, and which of them are such times."""
    import numpy as np

    read = Read.nothing(len(texts))
    at, groups = _matching(texts, np.arange(len(texts)), CLOCK)
    if groups:
        read.put(at, parsed({**groups, "Y": _same("1970", len(at))}))
    return read.seconds, read.known


def zero_dates(texts: Texts) -> Array:
    """Return which texts are 0000-00-00, which stands for null: bool, [texts]."""
    import pyarrow.compute as pc

    found = pc.match_substring_regex(texts, pattern=_ZERO, ignore_case=True)
    return found.to_numpy(zero_copy_only=False)


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


def _day_or_year_first(groups: Groups) -> Parsed:
    """Return times such as 21-Mar-02; with the year first if only then none is in the future."""
    import pyarrow.compute as pc

    day_first = parsed(groups)
    now = latest()
    if not (day_first.seconds > now).any() or pc.any(_is_long(groups["Y"])).as_py():
        return day_first
    year_first = parsed({**groups, "Y": groups["d"], "d": groups["Y"]})
    is_better = year_first.exists.all() and (year_first.seconds <= now).all()
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


def _in_each_order(groups: Groups) -> Iterator[tuple[str, Parsed]]:
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
        yield order, parsed({**groups, "Y": groups[year], "m": groups[month], "d": groups[day]})


def _without_future(fitting: Sequence[tuple[str, Parsed]]) -> Sequence[tuple[str, Parsed]]:
    """Return the orders without year first where that one alone puts dates into the future."""
    is_first = [name.startswith("%y") for name, _ in fitting]
    if all(is_first) or not any(is_first):
        return fitting
    ahead = [int((found.seconds > latest()).sum()) for _, found in fitting]
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
