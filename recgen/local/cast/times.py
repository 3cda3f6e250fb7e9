"""Casts of times to epoch seconds."""

from __future__ import annotations

from recgen.local.cast.arrow import Values, is_text
from recgen.local.cast.numbers import as_whole, plain_numbers

_FAR_SECONDS = 100_000_000_000  # the year 5138: larger numbers are milliseconds


def as_seconds(values: Values) -> Values:
    """Return epoch seconds of dates, timestamps, ISO texts, or numbers in epoch seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_text(values):
        values = _parsed(plain_numbers(values))
    if pa.types.is_timestamp(values.type):
        whole = pa.timestamp("s", tz=values.type.tz)
        return values.cast(whole, safe=False).cast(pa.int64())
    if pa.types.is_date(values.type):
        return values.cast(pa.timestamp("s")).cast(pa.int64())
    seconds = as_whole(values)
    if pc.any(pc.greater(pc.abs(seconds), _FAR_SECONDS)).as_py():
        raise pa.ArrowInvalid("milliseconds")
    return seconds


def _parsed(text: Values) -> Values:
    """Return texts as timestamps (UTC if they have no zone) or as epoch seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pc.all(pc.match_substring_regex(text, r"^-?\d{9,}$")).as_py():
        return text.cast(pa.int64())  # fewer digits could be a date such as 20111102
    try:
        return text.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return text.cast(pa.timestamp("us", tz="UTC"))  # texts that end in Z or +02:00


def as_seconds_of_day(values: Values) -> Values:
    """Return the seconds of the day of times, texts such as 08:26:00, or seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_text(values):
        day = pa.scalar("1970-01-01 ", pa.large_string())
        empty = pa.scalar("", pa.large_string())
        return as_seconds(pc.binary_join_element_wise(day, plain_numbers(values), empty))
    if pa.types.is_time(values.type):
        return values.cast(pa.time32("s"), safe=False).cast(pa.int32()).cast(pa.int64())
    return as_whole(values)
