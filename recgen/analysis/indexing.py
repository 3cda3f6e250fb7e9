"""Index of the runs below a folder, read from their files each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.groups import leading_cause
from recgen.analysis.kinds import Judged
from recgen.analysis.run import CONFIG, MODULES, load_run
from recgen.analysis.text import epochs_of
from recgen.analysis.worth import shortcoming
from recgen.config import ModelConfig
from recgen.findings import RecgenError
from recgen.metrics import FILE_NAME
from recgen.presets import presets
from recgen.reading import parse
from recgen.reading.sources import read_text

_DEPTH = 6  # levels of folders that are searched: below a root, Vertex AI has five
_INSIDE = ("transform", "examples", "serving_model", "work")  # folders inside a run


@dataclass(frozen=True)
class Entry:
    """A line of the index.

    Attributes:
        path: The run directory.
        name: The name of the experiment in the config, or of the folder.
        date: When its metrics were written.
        preset: The preset with the same model; epochs, seed and top_k may differ.
        judged: The measure by which the run is judged, if there is one.
        verdict: See `recgen.analysis.diagnosis`.
        summary: The verdict in a sentence, or why the run cannot be read.
        shortcoming: Why the model should not be served, if it should not.
        optimizer: Its name.
        rate: The learning rate.
        epochs: How many were trained, and how many were requested if more were: `7 of 50`.
        cause: Code and title of the cause of the verdict, if it is not good.
        data: The data set: where it was read, and how many rows it has.
    """

    path: str
    name: str
    date: datetime | None
    preset: str | None
    judged: Judged | None
    verdict: Verdict
    summary: str
    shortcoming: str | None = None
    optimizer: str | None = None
    rate: float | None = None
    epochs: str | None = None
    cause: tuple[str, str] | None = None
    data: tuple[str, int] | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the entry as plain JSON data."""
        judged = self.judged
        return {
            "place": self.path,
            "name": self.name,
            "date": self.date.isoformat() if self.date else None,
            "preset": self.preset,
            "measure": judged and judged.measure,
            "k": judged and judged.k,
            "recall": judged and judged.own,
            "popularity": judged and judged.plain,
            "counting": judged and judged.baseline,
            "baseline": (judged and judged.rival) or None,
            "verdict": self.verdict,
            "summary": self.summary,
            "shortcoming": self.shortcoming,
            "optimizer": self.optimizer,
            "learning_rate": self.rate,
            "epochs": self.epochs,
            "cause": self.cause and {"code": self.cause[0], "title": self.cause[1]},
            "data": self.data and {"source": self.data[0], "rows": self.data[1]},
        }


def find_runs(folder: Path) -> Iterator[Path]:
    """Yield the run directories in and below a folder, in alphabetical order.

    Raises:
        RecgenError: There is no such folder.
    """
    if not folder.is_dir():
        help = "name the folder that `recgen train --out` writes to"
        raise RecgenError(f"there is no folder {folder}", help)
    yield from _below(folder, _DEPTH)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError:  # no permission to list it
        return
    names = {each.name for each in inside}
    is_trained = CONFIG in names and bool(set(MODULES) & names)
    if FILE_NAME in names or is_trained:
        yield folder
        return  # a run contains no other run
    for each in inside:
        is_hidden = each.name.startswith(".") or each.name in _INSIDE
        if depth and not is_hidden and each.is_dir(follow_symlinks=False):
            yield from _below(folder / each.name, depth - 1)


def entry_of(folder: Path) -> Entry:
    """Return the entry of a run, even of one that cannot be read."""
    try:
        run = load_run(folder)
    except RecgenError as error:
        date = _written(folder)
        return Entry(str(folder), folder.name, date, None, None, "broken", error.message)
    diagnosis, facts = diagnose(run), Facts(run)
    cause, account = leading_cause(diagnosis), run.metrics.data
    return Entry(
        path=str(folder),
        name=run.title,
        date=run.metrics.saved_at or _written(folder),
        preset=_preset_of(run.config.model) if run.config else None,
        judged=facts.judged,
        verdict=diagnosis.verdict,
        summary=run.problem or diagnosis.summary,
        shortcoming=shortcoming(facts, diagnosis),
        optimizer=facts.optimizer,
        rate=facts.rate,
        epochs=epochs_of(facts) if facts.epochs else None,
        cause=(cause.code, cause.title) if cause else None,
        data=(account.source, account.read) if account else None,
    )


def _preset_of(model: ModelConfig) -> str | None:
    own = _settings(model)
    return next((name for name, settings in _presets() if settings == own), None)


@cache
def _presets() -> tuple[tuple[str, dict[str, object]], ...]:
    configs = ((each.name, parse(read_text(each.text, "yaml")).config) for each in presets())
    return tuple((name, _settings(config.model)) for name, config in configs if config)


def _settings(model: ModelConfig) -> dict[str, object]:
    """Return the settings that define a preset: all but epochs, seed and top_k."""
    return model.model_dump(exclude={"epochs", "seed", "top_k"})


def _written(folder: Path) -> datetime | None:
    """Return when the files of a run were last written."""
    times = [
        path.stat().st_mtime for path in (folder / FILE_NAME, folder / CONFIG) if path.exists()
    ]
    with suppress(ValueError, OverflowError, OSError):  # a time in the year 40000, say
        return datetime.fromtimestamp(max(times), timezone.utc) if times else None
    return None
