"""Times: one reader for checking, proposing and training. Reads no files.

`reading` reads values of any type, with `arrays`, `texts` and `numbers`; `columns` reads a column
and refuses what is not a time; `far` finds times that lie far from all others.
"""

from recgen.local.times.columns import NotTimesError, Reading, as_times, refusal, times_of
from recgen.local.times.far import Bounds, bounds_of
from recgen.local.times.reading import Times, recognised, recognised_numbers

__all__ = [
    "Bounds",
    "NotTimesError",
    "Reading",
    "Times",
    "as_times",
    "bounds_of",
    "recognised",
    "recognised_numbers",
    "refusal",
    "times_of",
]
