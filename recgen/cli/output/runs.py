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
from recgen.analysis.kinds import Judged, share
from recgen.analysis.text import WORDS
from recgen.analysis.worth import NO_BETTER
from recgen.cli.output.diagnosis import STYLES
from recgen.cli.output.screen import shortened
from recgen.cli.table import Cell, Line, table
from recgen.findings import counted, printable
from recgen.local.partials import Partial

_NO_DATE = datetime.min.replace(tzinfo=timezone.utc)
_MOST = 40  # characters of a path or name
_LEAST = {"run": 14, "cause": 5}  # characters that a narrow screen leaves
_ENOUGH = 36  # characters of a cause, before paths are shown whole
_GAP = 2
_ALIGN = {"rate": "r", "recall": "r", "counting": "r", "epochs": "r"}
_DISPENSABLE = ("name", "date (UTC)", "counting", "preset", "data", "epochs", "optimizer")
"""Columns, in the order in which a screen that is too narrow loses them."""


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
    """Return the entries sorted by a key of `recgen runs --sort`; latest and best first."""
    keys: dict[str, Callable[[Entry], Any]] = {
        "name": lambda entry: (entry.name.casefold(), entry.path),
        "preset": lambda entry: (entry.preset is None, entry.preset),
        "date": lambda entry: -_aware(entry.date).timestamp() if entry.date else math.inf,
        "recall": lambda entry: -entry.judged.own if entry.judged else math.inf,
        "verdict": lambda entry: VERDICTS.index(entry.verdict),
        "cause": lambda entry: (VERDICTS.index(entry.verdict), entry.cause or ("", "")),
        "rate": lambda entry: (entry.rate is None, entry.rate),
        "data": lambda entry: (entry.data is None, entry.data),
    }
    return sorted(entries, key=keys[by])


def _aware(date: datetime | None) -> datetime:
    if date is None:
        return _NO_DATE
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def lines(
    entries: Sequence[Entry], folder: Path, found: int, width: int | None = None
) -> Iterator[Line]:
    """Yields a heading and a line for each run.

    Args:
        entries: What is listed.
        folder: Where it lies.
        found: How many runs there are, those that are not listed included.
        width: Columns of the screen, to which the lines are fitted; None if it does not matter.
    """
    if not entries:
        why = "none of its runs matches" if found else "`recgen train --out` writes runs"
        yield (f"no run in {folder}: {why}",)
        return
    columns = _columns(entries, folder)
    left_out = [] if width is None else _fit(columns, width)
    align = "".join(_ALIGN.get(name, "l") for name in columns)
    yield from table(list(columns), list(zip(*columns.values(), strict=True)), align)
    if units := sorted({entry.judged.unit for entry in entries if entry.judged}):
        yield (f"recall counts {' or '.join(f'{unit}s' for unit in units)}",)
    if left_out:
        yield (f"a wider screen shows more: {', '.join(left_out)}",)
    if len(entries) < found:
        yield (f"{len(entries)} of {found} runs",)


def _fit(columns: dict[str, list[Cell]], width: int) -> list[str]:
    """Drop columns and cut cells until a table fits; return the names of dropped columns."""
    from rich.cells import cell_len  # slow to import

    for name in [name for name in _DISPENSABLE if {*columns[name]} == {"-"}]:
        del columns[name]
    widest = {
        name: max(cell_len(text) for text in (name, *map(_text, cells)))
        for name, cells in columns.items()
    }
    given = {name: min(wide, _LEAST.get(name, wide)) for name, wide in widest.items()}
    left_out: list[str] = []
    for name in [each for each in _DISPENSABLE if each in columns]:
        if sum(given.values()) + _GAP * (len(given) - 1) > width:
            left_out.append(name)
            del columns[name], given[name]
    room = width - sum(given.values()) - _GAP * (len(given) - 1)
    for name, most in (("cause", _ENOUGH), ("run", width), ("cause", width)):
        more = max(min(widest[name], most) - given[name], 0)
        given[name] += min(more, max(room, 0))
        room -= more
    columns["run"] = [shortened(_text(cell), given["run"]) for cell in columns["run"]]
    columns["cause"] = [_beginning(_text(cell), given["cause"]) for cell in columns["cause"]]
    return left_out


def described(entry: Entry) -> str:
    """Return a run in a few words: `the run of 2026-01-31 12:00 UTC (test mrr of rows 0.2, …)`."""
    judged = entry.judged
    date = f" of {_date(entry.date)} UTC" if entry.date else ""
    recall = f"{judged.name} {judged.own:.4f}, " if judged else ""
    return f"the run{date} ({recall}{WORDS[entry.verdict]})"


def _date(date: datetime) -> str:
    return f"{_aware(date).astimezone(timezone.utc):%Y-%m-%d %H:%M}"


def _columns(entries: Sequence[Entry], folder: Path) -> dict[str, list[Cell]]:
    """Return the columns by name."""
    several_units = len({entry.judged.unit for entry in entries if entry.judged}) > 1
    rows = [_row(entry, folder, several_units) for entry in entries]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _recall(judged: Judged | None, named: bool) -> str:
    """Return a run's figure, with what it counts if other runs count something else."""
    if judged is None:
        return "-"
    unit = f" {judged.unit}s" if named else ""
    return f"{judged.label} {share(judged.own)}{unit}"


def _row(entry: Entry, folder: Path, several_units: bool) -> dict[str, Cell]:
    place = Path(entry.path)
    below = place.relative_to(folder) if place.is_relative_to(folder) else place
    judged = entry.judged
    counting = "-" if judged is None or judged.baseline is None else f"{judged.baseline:.4f}"
    shown = str(below) if str(below) != "." else place.name or str(place)
    return {
        "run": _shortened(shown),
        "name": _shortened(entry.name),
        "preset": entry.preset or "-",
        "date (UTC)": _date(entry.date) if entry.date else "-",
        "optimizer": _shortened(entry.optimizer or "-"),
        "rate": "-" if entry.rate is None else f"{entry.rate:g}",
        "epochs": entry.epochs or "-",
        "data": _data(entry),
        "recall": _recall(judged, several_units),
        "counting": counting,
        "verdict": (WORDS[entry.verdict], STYLES[entry.verdict]),
        "cause": _reason(entry),
    }


def _data(entry: Entry) -> str:
    """Return the name of the data set's file and its rows."""
    if entry.data is None:
        return "-"
    source, rows = entry.data
    name = source.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    return _shortened(f"{name} ({counted(rows, 'row')})" if name else counted(rows, "row"))


def _reason(entry: Entry) -> str:
    """Return why an entry is not good, and whether it is not clearly better than counting."""
    code = entry.cause[0] if entry.cause else ""
    why = entry.summary.partition(";")[0].replace(f"{entry.path}/", "")
    first = "" if entry.verdict == "good" else f"{code} {why}".lstrip()
    is_no_better = (entry.shortcoming or "").startswith(NO_BETTER)
    worth = "not clearly better than counting" if is_no_better else ""
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
    return shortened(text, _MOST)


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _beginning(text: str, most: int) -> str:
    shown = printable(text)
    if len(shown) <= most:
        return shown
    code = shown.partition(" ")[0]
    room = most - len(code) - 2
    is_narrow = room < 2 and code.isupper()
    return code[:most] if is_narrow else f"{shown[: most - 1]}…"
