"""Fixes in the text of a config: what they do not touch stays as it is, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recgen.edit.draft import Draft, same
from recgen.edit.text_edits import follow
from recgen.findings import Finding, Fix, RecgenError
from recgen.reading.document import Document, UnreadableError
from recgen.reading.sources import TextKind, read_text

_BOM = "\ufeff"


def apply(data: object, fixes: Sequence[Fix]) -> Any:
    """Returns plain data with fixes, in this order; the data itself is not changed.

    What no longer applies is left out: each fix with all its steps, or none. An index counts the
    items that were there at first, whatever was removed; of two fixes that set one thing, the
    first stays; a key that is there already is never overwritten by renaming.
    """
    draft = Draft(data)
    for fix in fixes:
        draft.take(fix)
    return draft.root.data()


def edit(text: str, fixes: Sequence[Fix], kind: TextKind) -> str:
    """Returns the text with fixes, as `apply` does it to the data.

    All else stays: comments, order, quotes, indentation, line ends, a byte order mark. Values with
    an anchor and aliases stand in several places and are left alone, as is what is in them.

    Args:
        text: As decoded, with its own line ends.
        fixes: What to do.
        kind: What the text is.

    Raises:
        RecgenError: The text cannot be read, or would not be read again as it is meant.
    """
    try:
        document = read_text(text.removeprefix(_BOM), kind)
    except UnreadableError as unreadable:
        raise RecgenError(unreadable.finding.message, unreadable.finding.help) from None
    if document.findings:
        raise RecgenError(document.findings[0].message, document.findings[0].help)
    return _bom(text) + _edited(document, fixes, kind)[0]


def fixed(
    text: str, findings: Sequence[Finding], kind: TextKind, unsafe: bool = False
) -> tuple[str, tuple[Finding, ...]]:
    """Returns the text with the fixes of these findings, and the findings that it has no more.

    Never raises: what cannot be done is left out.

    Args:
        text: As decoded, with its own line ends.
        findings: What `check` found in it.
        kind: What the text is.
        unsafe: Whether to apply fixes that may change a model, too.
    """
    wanted = [finding for finding in findings if finding.fix and (finding.fix.safe or unsafe)]
    try:
        document = read_text(text.removeprefix(_BOM), kind)
    except UnreadableError:
        return text, ()
    if document.findings:
        return text, ()
    try:
        edited, taken = _edited(document, _fixes(wanted), kind)
    except RecgenError:
        wanted = _possible(document, wanted, kind)
        edited, taken = _edited(document, _fixes(wanted), kind)
    done = (finding for finding, is_taken in zip(wanted, taken, strict=True) if is_taken)
    return _bom(text) + edited, tuple(done)


def _bom(text: str) -> str:
    return _BOM if text.startswith(_BOM) else ""


def _fixes(findings: Sequence[Finding]) -> list[Fix]:
    return [finding.fix for finding in findings if finding.fix]


def _possible(document: Document, findings: Sequence[Finding], kind: TextKind) -> list[Finding]:
    """Returns the findings whose fixes can be done in the text, in this order."""
    possible: list[Finding] = []
    for finding in findings:
        try:
            _edited(document, _fixes([*possible, finding]), kind)
        except RecgenError:
            continue
        possible.append(finding)
    return possible


def _edited(document: Document, fixes: Sequence[Fix], kind: TextKind) -> tuple[str, list[bool]]:
    """Returns the text with fixes, and which of them apply."""
    draft = Draft(document.data, document.root)
    taken = [draft.take(fix) for fix in fixes]
    text = follow(document.text or "", draft.root, kind)
    try:
        again = read_text(text, kind)
    except UnreadableError as unreadable:
        raise RecgenError(_UNFIT, unreadable.finding.message) from None
    if again.findings or not same(again.data, draft.root.data()):
        raise RecgenError(_UNFIT, "Change it by hand.")
    return text, taken


_UNFIT = "the text cannot be changed in this way without changing something else"
