"""Places of a list that past products take, so that new ones are found further down only."""

from __future__ import annotations

from recgen.analysis.causes.base import figure
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import lead_over

LEAVE_OUT = "Where new products are wanted, leave out what the buyer had from the answers."


def places_taken(facts: Facts) -> str:
    """Return that new pairs are found as well as by popularity in lists without past products.

    It is "" if they are not, or if it was not measured.
    """
    own, popular = (
        facts.kind.evaluated(who, "new_filtered") for who in ("model", facts.kind.baseline)
    )
    lead = lead_over(own, popular) if own and popular else None
    if own is None or popular is None or lead is None or lead[1] < 0:
        return ""
    return (
        f"without past products in the lists, it is {figure(own.value)}, and {facts.kind.baseline} "
        f"has {figure(popular.value)}: the places are taken by what buyers had"
    )
