"""Causes RD5xx: files of a run that are missing or incomplete."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed
from recgen.analysis.diagnosis import Confidence, Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.series import points
from recgen.findings import show

_LOG_LINES = 2  # the last ones, which hold the message of an exception
_LISTED = 6
_ENDED = ("cancelled", "canceled", "failed", "stopped")  # how a platform says that it ended
_BROKEN = (
    *("broken-file", "broken-vocabulary", "broken-variables", "broken-compression", "no-example"),
    *("corrupt-length", "corrupt-record", "empty-file", "huge-record", "not-tfrecord"),
    *("truncated-file", "duplicate-entry", "empty-entry"),
)
"""What `recgen inspect` finds where files are damaged. Files that are missing may only not have
been copied with the run."""


def _missing(facts: Facts) -> Iterator[Sign]:
    if facts.epochs and not facts.run.problem:
        return
    errors = [finding for finding in facts.all_findings if finding.severity == "error"]
    seen = (facts.run.problem or "the metrics file has no epoch", *_end_of_log(facts))
    help = f"{errors[0].help} Then train again." if errors else ""
    yield Sign("high", (*seen, *confirmed(*errors[:_LISTED])), help)


def _end_of_log(facts: Facts) -> Iterator[str]:
    # Newer Pythons underline the code that raised; a line of `~~~~^^^^` says nothing by itself.
    lines = [line.strip() for line in facts.run.log.splitlines() if line.strip(" ~^\t")]
    yield from (f"the log ends: {line[:300]}" for line in lines[-_LOG_LINES:])


def _incomplete(facts: Facts) -> Iterator[Sign]:
    if facts.epochs == 0 or facts.failure_kind == "nan" or facts.run.file.not_finite:
        return  # the loss is missing because it was NaN
    notes = facts.run.file.notes
    if not points(facts.loss):
        yield Sign("high", _listed(("there is no training loss", *notes)), _measured(facts))
    elif not facts.kind.curves and not facts.kind.tests:
        missing = f"{facts.kind.measure} was not measured, and the loss alone says little"
        is_cut = any(sign.confidence == "high" for sign in _unfinished(facts))  # explains it
        confidence: Confidence = "medium" if is_cut else "high"
        yield Sign(confidence, _listed((missing, *notes)), _measured(facts))
    elif missing := facts.kind.missing:
        yield Sign("medium", _listed((missing, *notes)), _measured(facts))
    elif notes:
        yield Sign("low", _listed(notes), verdict="good")


def _measured(facts: Facts) -> str:
    """Return the advice if the config asks for the figures already; empty for the usual one."""
    if facts.model is None or not facts.model.enable_training_metrics:
        return ""
    return "Train again and keep the whole file: with this config, the trainer measures recall."


def _listed(notes: tuple[str, ...]) -> tuple[str, ...]:
    more = len(notes) - _LISTED
    return (*notes[:_LISTED], f"and {more} more") if more > 0 else notes


def _unfinished(facts: Facts) -> Iterator[Sign]:
    requested = facts.params.epochs
    said = facts.params.failure
    if said and facts.failure_kind in (None, "out_of_data"):
        verdict: Verdict = "at_risk" if facts.ended_well else "bad"
        yield Sign("high", (f"the trainer stopped: {said}",), verdict=verdict)
    if said or facts.failure_kind or facts.params.stopped_early or facts.epochs == 0:
        return
    seen = []
    if requested and facts.epochs < requested:
        seen.append(f"{facts.epochs} of {requested} epochs were trained")
    if facts.params.status in _ENDED:
        seen.append(f"its status is {show(facts.params.status)}")
    if facts.is_untested and (seen or facts.params.test_rows):
        seen.append("there are no test figures")
    if seen:
        yield Sign("high" if len(seen) > 1 else "medium", (*seen, *_end_of_log(facts)))


def _broken(facts: Facts) -> Iterator[Sign]:
    found = [i for i in facts.run.evidence.issues if i.severity == "error" and i.slug in _BROKEN]
    if found:
        seen = tuple(f"{issue.place}: {issue.message} ({issue.slug})" for issue in found)
        yield Sign("high", _listed(seen), explains=True)


KINDS = (
    Kind(
        code="RD501",
        verdict="broken",
        title="Metrics missing or unreadable",
        reason="The training wrote no training_metrics.json, or one without an epoch: it failed "
        "before the end of the first epoch, or the file was not kept, or not copied whole.",
        signs="The file does not exist, it is not JSON, or it has no epoch. Errors that `recgen "
        "check` finds are evidence: they are likely reasons.",
        remedy="If the file is incomplete, copy it again. Otherwise look at train.log and "
        "transform.log in the run directory, then train again.",
        check=_missing,
    ),
    Kind(
        code="RD502",
        verdict="at_risk",
        title="Metrics incomplete",
        reason="What was not measured cannot be judged. The loss alone is not enough: it was "
        "constant, or even fell, over whole trainings that had learned nothing.",
        signs="The file has no loss or no recall, or fewer values than epochs.",
        remedy="Train with a generated trainer and `enable_training_metrics: true`.",
        check=_incomplete,
    ),
    Kind(
        code="RD503",
        verdict="at_risk",
        title="Training did not finish",
        reason="The metrics file is written after every epoch, so it exists even when the "
        "training was interrupted: by preemption, a lack of memory, or a closed terminal.",
        signs="There are fewer epochs than requested and no early stop; there are test rows but "
        "no test figures; the training data ended within an epoch; or the trainer reports a "
        "failure without its kind.",
        remedy="Train again; the end of train.log may say what happened.",
        check=_unfinished,
    ),
    Kind(
        code="RD504",
        verdict="broken",
        title="Files that are damaged",
        reason="A file that was cut off, or copied while it was written, is read up to the damage "
        "or not at all. What was trained or served from it is not what the metrics describe.",
        signs="`recgen inspect` finds records, vocabularies or variables in the run directory that "
        "are broken or missing.",
        remedy="Copy the run again, or train it again.",
        check=_broken,
    ),
)
