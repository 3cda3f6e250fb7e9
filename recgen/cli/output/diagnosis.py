"""Lines of text of a diagnosis, for `diagnose` and for `train` after a failure."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from recgen.analysis import Cause, Diagnosis, Run
from recgen.analysis.causes.base import figure
from recgen.analysis.diagnosis import Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.series import points
from recgen.analysis.sparkline import ASCII, BLOCKS, sparkline
from recgen.analysis.text import WORDS, patch_lines, setup_of
from recgen.cli import show
from recgen.cli.patches import next_patch
from recgen.cli.show import Segment
from recgen.findings import RecgenError

STYLES: dict[Verdict, str] = {
    "good": "bold green",
    "at_risk": "bold yellow",
    "bad": "bold red",
    "broken": "bold magenta",
}
_LABEL = 13
Line = tuple[int, tuple[Segment | str, ...]]
"""An indentation, and the parts of the line."""


def levels() -> str:
    """Return the sparkline characters that stdout can encode."""
    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def print_diagnoses(found: Sequence[tuple[Run, Diagnosis]]) -> None:
    """Print diagnoses, each with the command that applies its patch."""
    for number, (run, diagnosis) in enumerate(found):
        if number:
            show.line()
        for indent, parts in lines(run, diagnosis):
            show.line(*parts, indent=indent)
        cause = _next_cause(run, diagnosis)
        if cause is not None and diagnosis.verdict != "good":
            own = "" if own_config(run) else " --config FILE"
            command = f"recgen diagnose {shlex.quote(run.path)} --apply{own}"
            show.line()
            show.line(f"to apply the patch of {cause.code}: {command}", indent=2, wrap=False)


def _next_cause(run: Run, diagnosis: Diagnosis) -> Cause | None:
    """Return the cause whose patch `--apply` would write; the first one without a local config."""
    config = own_config(run)
    if config is None or diagnosis.first_patch is None:
        return diagnosis.first_patch
    try:
        return next_patch(diagnosis.causes, config, run.report).cause
    except RecgenError:  # --apply will say why
        return diagnosis.first_patch


def own_config(run: Run) -> Path | None:
    """Return the config next to the metrics, if it is a local file."""
    source = run.report.source if run.report else None
    return None if source is None or "://" in source else Path(source)


def lines(run: Run, diagnosis: Diagnosis) -> Iterator[Line]:
    """Yield the lines of a diagnosis: verdict, curves, causes and notes."""
    yield from verdict_lines(run, diagnosis)
    yield 0, ()
    facts = Facts(run)
    yield from _setup(facts)
    for label, curve, ends in curves(facts):
        yield 2, (f"{label:<{_LABEL}}", (curve, "cyan"), f"  {ends}")
    yield from _causes(diagnosis)
    if diagnosis.notes:
        yield 0, ()
    for note in diagnosis.notes:
        yield 2, (("note", "bold"), f": {note}")


def verdict_lines(run: Run, diagnosis: Diagnosis) -> Iterator[Line]:
    """Yield the first lines of a diagnosis: the verdict, in a word and in a sentence."""
    verdict = diagnosis.verdict
    yield 0, ((run.path, "bold"), "  ", (WORDS[verdict], STYLES[verdict]))
    yield 2, (diagnosis.summary,)


def _setup(facts: Facts) -> Iterator[Line]:
    known = list(setup_of(facts))
    if known:
        yield 2, (f"{'trained':<{_LABEL}}", ", ".join(known))


def curves(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Yield label, sparkline and endpoints of loss, recall and gradient norms."""
    chars = levels()
    series = {
        "loss": facts.loss,
        "val_loss": facts.val_loss,
        facts.curve.measure: facts.curve.values,
        "grad buyer": facts.gradient("query"),
        "grad product": facts.gradient("candidate"),
    }
    for label, values in series.items():
        found = points(values)
        if found:
            first, last = figure(found[0][1]), figure(found[-1][1])
            yield label, sparkline(values, levels=chars), f"{first} to {last}"


def _causes(diagnosis: Diagnosis) -> Iterator[Line]:
    shown: dict[str, str] = {}  # the code of the first cause with each patch
    for number, cause in enumerate(diagnosis.causes, start=1):
        yield 0, ()
        style = STYLES[cause.verdict]
        title = f" {cause.title}"
        yield 2, (f"{number}. ", (cause.code, style), (title, "bold"), f" ({cause.confidence})")
        for evidence in cause.evidence:
            yield 5, (f"- {evidence}",)
        yield 5, (f"help: {cause.help}",)
        yield from _patch(cause, shown)


def _patch(cause: Cause, shown: dict[str, str]) -> Iterator[Line]:
    if not cause.patch:
        return
    key = repr(sorted(cause.patch.items(), key=str))
    if key in shown:
        yield 5, (f"patch: the same as for {shown[key]}",)
        return
    shown[key] = cause.code
    for number, text in enumerate(patch_lines(cause.patch)):
        yield 5, ("patch: " if number == 0 else "       ", (text, "green"))
