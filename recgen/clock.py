"""Present moment, as far as this machine's clock can be believed."""

from __future__ import annotations

import time
from datetime import datetime, timezone

_WRITTEN = datetime(2026, 1, 1, tzinfo=timezone.utc)  # recgen is younger
_DAY = 86_400


def latest() -> float:
    """Return the latest moment that is not in the future, in epoch seconds.

    A day from now, since zones differ. Ambiguous dates are read by it, so a clock that was set
    back must not decide: from its past, dates of today would be those of another century.
    """
    return max(time.time(), _WRITTEN.timestamp()) + _DAY


def set_back() -> str | None:
    """Return what is wrong with the clock, in a sentence; None if nothing can be said."""
    now = time.time()
    if now >= _WRITTEN.timestamp():
        return None
    shown = time.strftime("%Y-%m-%d", time.gmtime(now))
    return (
        f"the clock of this machine says {shown}, which is before recgen was written: set it, or "
        "runs have wrong dates"
    )
