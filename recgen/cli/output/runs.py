"""Lines of text of the index of runs, filtered and sorted. Prints nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from recgen.analysis.diagnosis import VERDICTS
from recgen.analysis.indexing import Entry
from recgen.analysis.text import WORDS
from recgen.cli.output.diagnosis import STYLES
from recgen.cli.table import Cell, Line, table
from recgen.findings import printable

_NO_DATE = datetime.min.replace(tzinfo=timezone.utc)
_MOST = 40  # characters of a path or name
_HEADER = ("run", "name", "preset", "date (UTC)", "recall", "popularity", "verdict", "")


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


def _cells(entry: Entry, folder: Path) -> tuple[Cell, ...]:
    place = Path(entry.path)
    below = place.relative_to(folder) if place.is_relative_to(folder) else place
    date = f"{_aware(entry.date).astimezone(timezone.utc):%Y-%m-%d %H:%M}" if entry.date else "-"
    judged = entry.judged
    recall = "-" if judged is None else f"@{judged.k} {judged.own:.4f}"
    popularity = "-" if judged is None or judged.baseline is None else f"{judged.baseline:.4f}"
    shown = str(below) if str(below) != "." else place.name or str(place)
    names = (_shortened(shown), _shortened(entry.name), entry.preset or "-")
    verdict = (WORDS[entry.verdict], STYLES[entry.verdict])
    reason = "" if entry.verdict == "good" else entry.summary.partition(";")[0]
    return (*names, date, recall, popularity, verdict, reason)


def _shortened(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _MOST else f"{shown[: _MOST - 1]}…"
