"""Casts of times to epoch seconds."""

from __future__ import annotations

from recgen.local.cast.arrow import UnfitError, Values
from recgen.local.cast.numbers import plain_numbers
from recgen.local.times import NotTimesError, Reading, as_times


def as_seconds(values: Values, reading: Reading) -> Values:
    """Return epoch seconds, or the seconds of the day.

    Raises:
        UnfitError: A value is not a time, or it is not certain which.
    """
    try:
        return as_times(plain_numbers(values), reading)
    except NotTimesError as error:
        raise UnfitError(error.wanted, error.help, error.at) from None
