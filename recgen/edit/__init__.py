"""Fixes applied to the text of a config: the rest of it is preserved byte for byte."""

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
    """Return a copy of plain data with fixes applied in order.

    A fix is applied with all its steps or, if one no longer applies, not at all. Indices count the
    original items, including removed ones. If two fixes set the same value, the first wins.
    Renaming never overwrites an existing key.
    """
    draft = Draft(data)
    for fix in fixes:
        draft.take(fix)
    return draft.root.data()


def edit(text: str, fixes: Sequence[Fix], kind: TextKind) -> str:
    """Return the text with fixes applied, as `apply` does with data.

    Everything else is preserved: comments, order, quotes, indentation, line ends and a byte order
    mark. Values with an anchor, and aliases, appear in several places of the data, so they and
    everything inside them are left alone.

    Args:
        text: The decoded text, with its own line ends.
        fixes: The fixes to apply.
        kind: The format of the text.

    Raises:
        RecgenError: The text cannot be read, or the edited text would not be read as intended.
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
    """Return the text with the fixes of these findings applied, and the findings that were fixed.

    Never raises: fixes that cannot be applied are skipped.

    Args:
        text: The decoded text, with its own line ends.
        findings: The findings of `check` on this text.
        kind: The format of the text.
        unsafe: Whether to also apply fixes that may change a model.
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
    """Return the findings whose fixes can be applied to the text in this order."""
    possible: list[Finding] = []
    for finding in findings:
        try:
            _edited(document, _fixes([*possible, finding]), kind)
        except RecgenError:
            continue
        possible.append(finding)
    return possible


def _edited(document: Document, fixes: Sequence[Fix], kind: TextKind) -> tuple[str, list[bool]]:
    """Return the text with fixes applied, and for each fix whether it was."""
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
