"""The report on rows: errors as they are, few warnings, few notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recgen.config import SIDES, ModelConfig
from recgen.contrib.ml_platform.account import FURTHER
from recgen.findings import Finding, Fix, Report, counted
from recgen.optimizers import OPTIMIZERS

TRAINS_ALL_THE_SAME = ("RG115", "RG201", "RG203", "RG204", "RG232", "RG251")
"""Errors that are warnings for rows: the model is worse, but it is trained and served.

An error on the day of the switch would stop a scheduled training of a model that is in use. A cross
with the target (RG116) is in no such model: the former trainer failed when it exported one, since
the target was no input of its signature.
"""
_RATES = ("RG201", "RG202", "RG203", "RG206")
# What holds for trainings on this machine only: a pipeline's data has the lists, and its machine
# decides on replicas.
_NOT_OF_A_PIPELINE = ("RG133", "RG240")
# What the page has no key or command for, in its words.
_OF_THE_PAGE = {
    "RG104": (
        "no feature of the {0} tower can be the {0} ID, which is text",
        "Add the column with the {0} ID as a text feature, and mark it as the primary ID.",
    ),
    "RG113": (
        "the {0} tower has no features",
        "Add at least the column with the {0} ID, as a text feature that is the primary ID.",
    ),
}
_SHOWN = 4  # warnings with their words; others with their code


def relevant(report: Report) -> Report:
    """Return the report without what does not concern a pipeline."""
    return report.without(_NOT_OF_A_PIPELINE)


def in_words_of_the_page(report: Report) -> Report:
    """Return the report in which what is done on the page is not said as what is done in a file."""
    found = [
        (
            replace(each, message=words[0].format(side), help=words[1].format(side))
            if (words := _OF_THE_PAGE.get(each.code)) and (side := _side(each))
            else each
        )
        for each in report.findings
    ]
    return replace(report, findings=tuple(found))


def _side(finding: Finding) -> str | None:
    return next((side for side in SIDES if f"{side}_" in finding.path), None)


def with_proposals(report: Report, model: ModelConfig | None) -> Report:
    """Return the report with a fix for each learning rate that is too high."""
    if model is None:
        return report
    rate = OPTIMIZERS[model.optimizer].at(max(model.depth_of(side) for side in SIDES)).safe
    fix = Fix(("model", "learning_rate"), "set", rate)
    found = [
        replace(each, fix=fix) if each.code in _RATES and each.fix is None else each
        for each in report.findings
    ]
    return replace(report, findings=tuple(found))


def condensed(report: Report, notes: Sequence[Finding]) -> Report:
    """Return a report that can be read at a glance.

    All warnings become one, whose fix is the proposal; all notes of the library become one that
    counts them. `notes` are added.
    """
    found = [*report.errors, *_together(report.warnings), *notes, *_counted(report.infos)]
    return replace(report, findings=tuple(found))


def _together(warnings: Sequence[Finding]) -> list[Finding]:
    """Return one warning that says all of them, the most severe one first; or none."""
    ranked = sorted(warnings, key=lambda each: not each.allowed)
    if len(ranked) < 2:
        return ranked
    fixes = {fix.path: fix for each in ranked if each.fix for fix in each.fix.steps}
    steps = list(fixes.values())
    fix = replace(steps[0], then=tuple(steps[1:])) if steps else None
    shown, rest = ranked[:_SHOWN], ranked[_SHOWN:]
    message = "; ".join(f"{each.message} ({each.code})" for each in shown)
    if rest:
        codes = ", ".join(dict.fromkeys(each.code for each in rest))
        message += f"; and {counted(len(rest), 'more warning')} ({codes})"
    help = " ".join(dict.fromkeys(each.help for each in shown))
    return [replace(ranked[0], message=message, help=help, fix=fix)]


def _counted(infos: Sequence[Finding]) -> list[Finding]:
    if not infos:
        return []
    said = "; ".join(dict.fromkeys(f"{each.message} ({each.code})" for each in infos[:3]))
    more = f"; and {len(infos) - 3} more" if len(infos) > 3 else ""
    message = f"{counted(len(infos), 'more note')} on what could be better: {said}{more}"
    help = "`recgen explain CODE` has the reason for each."
    return [Finding(FURTHER, "info", "", message, help)]
