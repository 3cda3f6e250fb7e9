"""Lines of text of the index of runs, filtered and sorted. Prints nothing."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from recgen.analysis.diagnosis import VERDICTS
from recgen.analysis.indexing import Entry
from recgen.analysis.text import WORDS
from recgen.analysis.worth import NO_BETTER
from recgen.cli.output.diagnosis import STYLES
from recgen.cli.table import Cell, Line, table
from recgen.findings import printable
from recgen.local.partials import Partial

_NO_DATE = datetime.min.replace(tzinfo=timezone.utc)
_MOST = 40  # characters of a path or name
_HEADER = ("run", "name", "preset", "date (UTC)", "recall", "counting", "verdict", "")


def filtered(
    entries: Sequence[Entry],
    text: str | None = None,
    verdicts: Collection[str] = (),
    presets: Collection[str] = (),
) -> list[Entry]:
    """Return the entries with a text in their name or path, and with given verdicts and presets.

    None or an empty collection selects all.
    """
    wanted = (text or "").casefold()
    return [
        entry
        for entry in entries
        if wanted in f"{entry.name}\n{entry.path}".casefold()
        and (not verdicts or entry.verdict in verdicts)
        and (not presets or entry.preset in presets)
    ]


def ordered(entries: Sequence[Entry], by: str) -> list[Entry]:
    """Return the entries sorted by name, preset, date, recall or verdict; latest and best first."""
    keys: dict[str, Callable[[Entry], Any]] = {
        "name": lambda entry: (entry.name.casefold(), entry.path),
        "preset": lambda entry: (entry.preset is None, entry.preset),
        "date": lambda entry: -_aware(entry.date).timestamp() if entry.date else math.inf,
        "recall": lambda entry: -entry.judged.own if entry.judged else math.inf,
        "verdict": lambda entry: VERDICTS.index(entry.verdict),
    }
    return sorted(entries, key=keys[by])


def _aware(date: datetime | None) -> datetime:
    if date is None:
        return _NO_DATE
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def lines(entries: Sequence[Entry], folder: Path, found: int) -> Iterator[Line]:
    """Yields a heading and a line for each run.

    Args:
        entries: What is listed.
        folder: Where it lies.
        found: How many runs there are, those that are not listed included.
    """
    if not entries:
        why = "none of its runs matches" if found else "`recgen train --out` writes runs"
        yield (f"no run in {folder}: {why}",)
        return
    yield from table(_HEADER, [_cells(entry, folder) for entry in entries], "llllrrll")
    if len(entries) < found:
        yield (f"{len(entries)} of {found} runs",)


def described(entry: Entry) -> str:
    """Return a run in a few words: `the run of 2026-01-31 12:00 UTC (test mrr of rows 0.2, …)`."""
    judged = entry.judged
    date = f" of {_date(entry.date)} UTC" if entry.date else ""
    recall = f"{judged.name} {judged.own:.4f}, " if judged else ""
    return f"the run{date} ({recall}{WORDS[entry.verdict]})"


def _date(date: datetime) -> str:
    return f"{_aware(date).astimezone(timezone.utc):%Y-%m-%d %H:%M}"


def _cells(entry: Entry, folder: Path) -> tuple[Cell, ...]:
    place = Path(entry.path)
    below = place.relative_to(folder) if place.is_relative_to(folder) else place
    date = _date(entry.date) if entry.date else "-"
    judged = entry.judged
    recall = "-" if judged is None else judged.short
    counting = "-" if judged is None or judged.baseline is None else f"{judged.baseline:.4f}"
    shown = str(below) if str(below) != "." else place.name or str(place)
    names = (_shortened(shown), _shortened(entry.name), entry.preset or "-")
    verdict = (WORDS[entry.verdict], STYLES[entry.verdict])
    return (*names, date, recall, counting, verdict, _reason(entry))


def _reason(entry: Entry) -> str:
    """Return why an entry is not good, and that it is no better than counting if so."""
    first = "" if entry.verdict == "good" else entry.summary.partition(";")[0]
    worth = NO_BETTER if (entry.shortcoming or "").startswith(NO_BETTER) else ""
    return "; ".join(filter(None, (first, worth)))


def unfinished(partials: Sequence[Partial], folder: Path) -> Iterator[str]:
    """Yield a line for each unfinished run, and how to go on or to remove them."""
    if not partials:
        return
    yield ""
    for each in partials:
        state = f"is being trained by {each.holder}" if each.holder else "is unfinished"
        at = f" (stage {each.at})" if each.at else ""
        yield f"{_shortened(each.name)} {state}{at}: {size(each.size)} in {each.path}"
    if not all(each.holder for each in partials):
        command = shlex.join(["recgen", "runs", str(folder), "--clean"])
        yield f"the same `recgen train` goes on with an unfinished one; {command} removes it"


def removed(partials: Sequence[tuple[Partial, bool]], folder: Path) -> Iterator[str]:
    """Yield a line for each unfinished run: whether it was removed."""
    for each, is_gone in partials:
        holder = each.holder or "another process"
        done = f"removed   {size(each.size)}" if is_gone else f"kept      {holder} is training"
        yield f"{done}  {each.path}"
    if not partials:
        yield f"no unfinished run in {folder}"


def size(count: int) -> str:
    """Return a number of bytes in a unit that suits it."""
    for unit, power in (("GB", 9), ("MB", 6), ("kB", 3)):
        if count >= 10**power:
            return f"{count / 10**power:.1f} {unit}"
    return f"{count} bytes"


def _shortened(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _MOST else f"{shown[: _MOST - 1]}…"
