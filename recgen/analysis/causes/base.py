"""Kind of cause: its code, its page, and the check that recognizes it in the facts of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recgen.analysis.diagnosis import Cause, Confidence, Patch, Verdict
from recgen.analysis.facts import Facts
from recgen.findings import Finding

FEW_PRODUCTS = 10  # a list of ten holds them all


@dataclass(frozen=True)
class Sign:
    """Result of a check: how sure it is, the evidence, and what would help."""

    confidence: Confidence
    evidence: tuple[str, ...]
    help: str = ""  # replaces the kind's remedy
    patch: Patch | None = None
    verdict: Verdict | None = None  # if it differs from the kind's
    title: str = ""  # replaces the kind's
    explains: bool = False  # a setting or a property of the data that explains the outcome


Check = Callable[[Facts], Iterator[Sign]]


@dataclass(frozen=True)
class Kind:
    """A kind of cause: its code, what it means, its signs, and the check that looks for them."""

    code: str
    verdict: Verdict
    title: str
    reason: str
    signs: str
    remedy: str
    check: Check

    def causes(self, facts: Facts) -> Iterator[Cause]:
        """Yield the causes that the check finds in a run."""
        for sign in self.check(facts):
            yield Cause(
                code=self.code,
                title=sign.title or self.title,
                confidence=sign.confidence,
                evidence=sign.evidence,
                help=sign.help or self.remedy,
                patch=sign.patch or None,
                verdict=sign.verdict or self.verdict,
                explains=sign.explains,
            )


def confirmed(*findings: Finding) -> tuple[str, ...]:
    """Return findings of `recgen check` as evidence: the warnings came true."""
    return tuple(f"{each.path}: {each.message} ({each.code})" for each in findings)


def epoch(number: int) -> str:
    """Return the name of an epoch that is counted from 0: `epoch 1`."""
    return f"epoch {number + 1}"


def figure(value: float) -> str:
    """Return a figure with four decimals, or seven significant digits outside 0.001 to 10."""
    if value == 0:
        return "0"
    return f"{value:.4f}" if 0.001 <= abs(value) < 10 else f"{value:.7g}"


def spoiled(facts: Facts) -> Verdict:
    """Return the verdict of a cause that may or may not have spoiled the model."""
    return "bad" if facts.is_failed else "at_risk"


def is_of_product(finding: Finding) -> bool:
    """Return whether a finding is on the product tower."""
    return finding.path.startswith(("features.product_model_", "features.product_id"))
