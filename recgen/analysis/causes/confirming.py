"""Cause RD414: what `recgen check` finds in the config or the data, and a bad run confirms."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed
from recgen.analysis.causes.remedies import patch_of
from recgen.analysis.facts import Facts
from recgen.findings import Finding
from recgen.rules import RULES

_SPOILING = {
    **dict.fromkeys(("RG124", "RG125", "RG128", "RG129", "RG131"), "features"),
    **dict.fromkeys(("RG207", "RG209", "RG210", "RG234"), "the softmax"),
    **dict.fromkeys(("RG217", "RG218", "RG219", "RG222", "RG223"), "layers"),
    **dict.fromkeys(("RG505", "RG507", "RG508", "RG509", "RG512", "RG513"), "values"),
    **dict.fromkeys(("RG515", "RG516", "RG517", "RG518", "RG529", "RG551"), "scale"),
    **dict.fromkeys(("RG535", "RG536", "RG537", "RG538", "RG540", "RG541"), "IDs"),
    **dict.fromkeys(("RG549", "RG550"), "lists"),
    "RG511": "vectors",
    **dict.fromkeys(("RG250", "RG251", "RG252", "RG254"), "the rating head"),
    **dict.fromkeys(("RG572", "RG575", "RG577", "RG578", "RG580"), "the target"),
    "RG555": "rows",
}
"""Rules on what keeps a model from learning, which no other cause takes up, and what they are on.
Rules on cost, hardware and serving say nothing about recall."""
_DECIDING = ("RG128", "RG207", "RG210", "RG507", "RG508", "RG537", "RG538", "RG549")
_SHOWN = 3  # findings of one rule that are evidence


def _confirmed(facts: Facts) -> Iterator[Sign]:
    if not facts.is_held_back or facts.run.config is None:
        return
    for code in _SPOILING:
        found = [f for f in facts.findings(code) if f.severity != "info"]
        if found and not (code == "RG508" and _is_grain(found[0])):
            first = found[0]
            decides = code in _DECIDING or first.severity == "error"
            yield Sign(
                "medium",
                confirmed(*found[:_SHOWN]),
                first.help,
                patch_of(*found),
                verdict="bad" if decides and facts.is_failed else None,
                title=RULES[code].page.title,
                explains=decides,
            )


def _is_grain(finding: Finding) -> bool:
    """Return whether it is about the product's ID, which RD407 is about."""
    return finding.path.startswith("features.product_model_")


KINDS = (
    Kind(
        code="RD414",
        verdict="at_risk",
        title="A warning of `recgen check` came true",
        reason="A warning says what usually goes wrong, not that it must. If the run went wrong, "
        "the warning is a likely reason, and the rule's page says how much it was measured to "
        "cost. With the data, `recgen check` finds more than in the config alone.",
        signs="The model is no better than counting, and there are warnings or errors on features, "
        "layers, the softmax, values, vectors, IDs, lists, rows or a target that no other cause "
        "takes up. The title is that of the rule.",
        remedy="`recgen explain` with the rule's code says what to do.",
        check=_confirmed,
    ),
)
