"""Texts of diagnoses and comparisons that the terminal and the report page share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.analysis.diagnosis import Patch, Verdict, fixes
from recgen.analysis.factors import Factor
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import share
from recgen.findings import Fix, printable, show
from recgen.metrics import Interval

WORDS: dict[Verdict, str] = {
    "good": "good",
    "at_risk": "at risk",
    "bad": "bad",
    "broken": "broken",
}
SUCCESS = {
    "work": "success (good or at risk)",
    "train": "a loss that falls (no run works)",
}
NO_FACTORS = "No setting is linked to success: all runs compared work, none does, or few."
_SURE = 0.05
_TOGETHER = 3  # settings of one division that are listed
_LONGEST = 40  # characters of a value


def setup_of(facts: Facts) -> Iterator[str]:
    """Yield the most important settings of a run, each in a few words."""
    if facts.optimizer and facts.rate is not None:
        yield f"{facts.optimizer} {facts.rate:g}"
    if facts.batch_size:
        yield f"batches of {facts.batch_size:,}"
    if facts.depth is not None:
        yield f"depth {facts.depth}"
    if facts.epochs:
        yield f"{facts.epochs} of {facts.requested_epochs or facts.epochs} epochs"
    if facts.candidates:
        yield f"{facts.candidates:,} products"


def patch_lines(patch: Patch) -> list[str]:
    """Return the changes of a patch, one line for each path."""
    return [f"{fix.path}: {_value(fix)}" for fix in fixes(patch)]


def _value(fix: Fix) -> str:
    if fix.op == "remove":
        return "(removed)"
    value = fix.value
    if value == []:
        return "[]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_plain(v)}" for k, v in value.items()) + "}"
    return _plain(value)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else show(value)


def interval_text(value: Interval | None) -> str:
    """Return a figure with half the width of its interval, such as `0.3117 ±0.0032`."""
    if value is None:
        return "-"
    if value.low is None or value.high is None:
        return share(value.value)
    return f"{share(value.value)} ±{(value.high - value.low) / 2:.4f}"


def division(factor: Factor) -> str:
    """Return the settings that divide the runs, with their values on the first side."""
    pairs = list(zip(factor.paths, factor.condition, strict=True))
    named = [f"{printable(path)} {_shortened(value)}" for path, value in pairs[:_TOGETHER]]
    more = [f"{len(pairs) - _TOGETHER} more"] if len(pairs) > _TOGETHER else []
    return " and ".join([*named, *more])


def _shortened(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def chance(factor: Factor) -> str:
    """Return how likely a division at least as clear is by chance: `0.06`, `likely`."""
    if factor.chance >= 1:
        return "likely"
    return f"{factor.chance:.2f}" if factor.chance >= 0.005 else "below 0.01"


def epochs_of(facts: Facts) -> str:
    """Return how many epochs were trained: `50`, or `7 of 50` if more were requested."""
    asked = facts.requested_epochs
    return f"{facts.epochs} of {asked}" if asked and asked != facts.epochs else f"{facts.epochs}"


def moved(change: float | None) -> str:
    """Return the relative change of a loss: `-5.3%`, or `x1e+06` if it diverged."""
    if change is None:
        return "-"
    return f"{change:+.1%}" if abs(change) < 10 else f"x{change + 1:.0e}"


def clearest(factors: Sequence[Factor]) -> list[Factor]:
    """Return the clearest division by each setting; without unclear ones, if some are clear."""
    seen: set[str] = set()
    found = []
    for factor in factors:
        if not seen.issuperset(factor.paths):
            found.append(factor)
        seen.update(factor.paths)
    clear = [factor for factor in found if factor.chance <= _SURE]
    return clear or found


def caveat(factors: Sequence[Factor]) -> str:
    """Return how far the clearest division can be trusted."""
    first = factors[0]
    count = first.inside[1] + first.outside[1]
    if first.chance <= _SURE:
        sure = f"Such a clear division of {count} runs is rarely chance"
    else:
        sure = f"With only {count} runs, such a clear division may be chance"
    together = "; settings listed together cannot be separated" if len(first.paths) > 1 else ""
    return f"{sure}{together}. It does not prove that the setting is the reason."
