"""The parts of dates and times in texts, as numbers and as seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.local.times.calendar import Fields, epoch_seconds, full_year, week_seconds
from recgen.local.times.months import months_of

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""
Texts: TypeAlias = "pa.Array"
"""Texts (large_string) without nulls, spaces around them and words for null."""
Groups: TypeAlias = dict[str, Texts]
"""Parts of texts by the names of a pattern's groups."""


@dataclass(frozen=True)
class Parsed:
    """Times that were read, [texts]: seconds, and which of them exist and say a clock or a zone."""

    seconds: Array
    exists: Array
    has_clock: Array
    has_zone: Array


def _whole(part: Texts | None, missing: int, like: Texts) -> Array:
    """Return a part as int64, with a number for those that are left out."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if part is None:
        return np.full(len(like), missing, np.int64)
    written = pc.if_else(pc.equal(part, ""), str(missing), part)
    return written.cast(pa.int64()).to_numpy(zero_copy_only=False)


def parsed(groups: Groups) -> Parsed:
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
    return Parsed(seconds, exists & fits_half, _given("H", groups), _given("z", groups))


def _of_weeks(groups: Groups) -> Parsed:
    """Return the times of weeks of ISO 8601, or of their days."""
    import numpy as np

    like = groups["Y"]
    year, week = _whole(like, 0, like), _whole(groups["w"], 0, like)
    seconds, exists = week_seconds(year, week, _whole(groups.get("u"), 1, like))
    no = np.zeros(len(like), bool)
    return Parsed(seconds, exists, no, no.copy())


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
