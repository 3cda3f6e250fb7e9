"""Rule on the times of buyers: two groups that are never there at the same ends of the data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from recgen.config import DataConfig, FeatureConfig
from recgen.data.columns import DATE, date_column, id_column
from recgen.data.profile import Profile
from recgen.data.statistics import Stay
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_DAY = 86_400
_DAYS = 4  # with purchases: of rarer buyers, first and last time are chance
_FEWEST = 60  # such buyers
_SHARES, _LEAST = (0.1, 0.05, 0.02), 20  # of these buyers, the earliest and the latest ones
_CONTAMINATED = 0.05  # share of a group that may belong to the other one
_AGREE = 0.02  # of the time span: how far both ends may differ
_MOST = 0.45  # of the time span: beyond this, the groups may just follow each other
_NEAR = 0.1  # of the time span, within which a regular buyer is seen again
_REGULAR = 0.3  # share of a group that is seen so near its end
_PAUSES = 1.0  # of a usual buyer: what is shorter is none
_SURE = 6.0  # nats by which chance is ruled out, on each of both sides


@rule("RG567", "warning")
def two_clocks(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Buyers whose times are shifted against those of others.

    If a shop writes local dates and its branch writes those of a clock that is 100 days behind,
    the branch's buyers are there 100 days earlier, and stop 100 days before the end. A split by
    time then tests one of the two groups only, and trains on what the other one bought later. No
    figure of a training shows it: with half of the buyers shifted, recall@10 was 0.293, and 0.305
    with the right dates (20,000 rows of demo data).

    It shows in who is there when. Of regular buyers, the earliest ones are usually there at the
    end, too. Reported if they all stop some days before it, while as many buyers go on, and if the
    latest ones all begin as many days after the start. Shifts below a fiftieth of the time span,
    or below the usual time between two purchases of a buyer, are not found.

    Example:
        data:
          split: {kind: strict_time, date_column: sold_at}  # half of the buyers 100 days behind

    Use instead:
        data:
          split: {kind: strict_time, date_column: sold_at}  # after 100 days were added to theirs

    Look up where the rows of both groups come from. If the dates are right, because one shop closed
    and another one opened, nothing is to be done; but the test then has buyers of one shop only.
    """
    date, buyer = date_column(features, data, profile), id_column(features, "buyer", profile)
    if date is None or buyer is None or date.kind != "time":
        return
    shift = _shift(profile.stays(buyer.name, date.name, _DAYS))
    if shift is None:
        return
    days = f"{shift / _DAY:,.0f} days"
    message = (
        f"{show(date.name)}: the earliest regular buyers all stop about {days} before the "
        f"end, and the latest all begin about {days} after the start: is one of two "
        "clocks behind?"
    )
    help = "Look up where the rows of both groups come from, and correct the dates of one."
    yield Problem(DATE, message, help)


def _shift(found: Sequence[Stay]) -> float | None:
    """Return by how many seconds two groups of buyers are shifted; None if they are not."""
    if len(found) < _FEWEST:
        return None
    pause = median((each.last - each.first) / (each.days - 1) for each in found)
    stays = sorted((each.first, each.last) for each in found)
    start, end = stays[0][0], max(last for _, last in stays)
    span = end - start
    # Seen backwards, the latest buyers are the earliest ones.
    backwards = sorted((-last, -first) for first, last in stays)
    for share in _SHARES:
        count = max(_LEAST, int(share * len(stays)))
        before = _silence(stays, end, span, count)
        after = _silence(backwards, -start, span, count)
        if before is None or after is None or min(before, after) < _PAUSES * pause:
            continue
        if abs(before - after) <= _AGREE * span:
            return (before + after) / 2
    return None


def _silence(
    stays: Sequence[tuple[float, float]], end: float, span: float, count: int
) -> float | None:
    """Return how long before the end the earliest buyers all stop; None if chance explains it.

    Args:
        stays: The first and the last time of each buyer, ascending.
        end: The end of the data.
        span: Its length.
        count: How many buyers are the earliest ones.
    """
    lasts = sorted(last for _, last in stays[:count])
    stop = lasts[math.ceil((1 - _CONTAMINATED) * count) - 1]
    silence = end - stop
    if not _AGREE * span <= silence <= _MOST * span:
        return None
    near = sum(last > stop - _NEAR * span for last in lasts) / count
    later = sum(last > stop for _, last in stays) / len(stays)
    return silence if near >= _REGULAR and count * _divergence(later) >= _SURE else None


def _divergence(share: float) -> float:
    """Return how unlikely `_CONTAMINATED` of a sample is, in nats for each, if it is `share`."""
    if share <= _CONTAMINATED:
        return 0.0
    few, many, share = _CONTAMINATED, 1 - _CONTAMINATED, min(share, 0.999)
    return few * math.log(few / share) + many * math.log(many / (1 - share))
