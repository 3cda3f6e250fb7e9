"""What a kind of cause is. Knows the facts of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recgen.analysis.diagnosis import Cause, Confidence, Patch, Verdict
from recgen.analysis.facts import Facts
from recgen.findings import Finding


@dataclass(frozen=True)
class Sign:
    """What a check saw: how sure it is, the evidence, and what would address it."""

    confidence: Confidence
    evidence: tuple[str, ...]
    help: str = ""  # instead of the kind's remedy
    patch: Patch | None = None
    verdict: Verdict | None = None  # where it differs from the kind's


Check = Callable[[Facts], Iterator[Sign]]


@dataclass(frozen=True)
class Kind:
    """A code, what it means, how it is recognised, and the check that does it."""

    code: str
    verdict: Verdict
    title: str
    reason: str
    signs: str
    remedy: str
    check: Check

    def causes(self, facts: Facts) -> Iterator[Cause]:
        """Yields what the check sees in a run."""
        for sign in self.check(facts):
            yield Cause(
                code=self.code,
                title=self.title,
                confidence=sign.confidence,
                evidence=sign.evidence,
                help=sign.help or self.remedy,
                patch=sign.patch or None,
                verdict=sign.verdict or self.verdict,
            )


def confirmed(*findings: Finding) -> tuple[str, ...]:
    """Returns findings of `check` as evidence: what it warned of is what happened."""
    return tuple(f"{each.path}: {each.message} ({each.code})" for each in findings)


def epoch(number: int) -> str:
    """Returns an epoch, counted from 0, in words."""
    return f"epoch {number + 1}"


def figure(value: float) -> str:
    """Returns a figure with four digits that count, shares with four decimals."""
    if value == 0:
        return "0"
    return f"{value:.4f}" if 0.001 <= abs(value) < 10 else f"{value:.7g}"
