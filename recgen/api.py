"""Functions for Python programs that look at data and runs, or convert configs.

`recgen.check`, `recgen.load` and `recgen.render` are in their own modules. These import what they
need on their first call, so that a web service that never calls them does not pay for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING

from recgen.findings import RecgenError, install, kind_of

if TYPE_CHECKING:
    from recgen.analysis import Diagnosis, Run
    from recgen.analysis.gating import Blessing
    from recgen.data.profile import Profile
    from recgen.metrics import TrainingMetrics
    from recgen.proposal import Proposal
    from recgen.upgrade import Upgrade

_INVISIBLE = "data"  # the name of a config whose data has none
_LONGEST = 255  # letters of a name


def profile(data: object, *, reading: Mapping[str, object] | None = None) -> Profile:
    """Return a profile of transactions, for `recgen.check(..., profile=...)`.

    Args:
        data: The path of a file that `recgen train` reads, a PyArrow table, a pandas data frame, or
            a mapping of column names to lists of values.
        reading: Keys of a config's `data` that say how a file is read, such as
            `{"encoding": "cp1252"}`; by default, that is found.

    Raises:
        RecgenError: The data cannot be read or has no rows, or PyArrow is not installed. Columns
            of large files are read lazily, so the profile's methods may raise it, too.
    """
    with _readable():
        from recgen.proposal import reading_of

        known = reading_of(reading)
        if isinstance(data, (str, os.PathLike)):
            from recgen.local.profile import read_profile

            return read_profile(_path(data), known)
        from recgen.local.tables import profile_of

        return profile_of(data).read_as(known)


def propose(
    data: object,
    *,
    name: str | None = None,
    buyer_id: str | None = None,
    product_id: str | None = None,
    time: str | None = None,
    time_format: str | None = None,
    reading: Mapping[str, object] | None = None,
    preset: str | None = None,
    target: str | None = None,
    kind: str | None = None,
) -> Proposal:
    """Return the config that the data suggests, as `recgen init --data` writes it.

    Args:
        data: A path or a table, as for `profile`.
        name: The config's name; by default, that of the file.
        buyer_id: The column with the buyer's ID; by default, it is found.
        product_id: The column with the product's ID, likewise.
        time: The column with the time of the purchase, likewise.
        time_format: The unit or format of this time, as in `data.column_types`; by default, the
            values show it.
        reading: Keys of `data` that say how a file is read, as for `profile`; they are part of the
            proposal.
        preset: The name of a preset to fit to the data; by default, the data decides everything.
        target: The column that ranking predicts; by default none, as retrieval predicts nothing.
        kind: `ranking` or `multitask`; with a target, `ranking` by default.

    Raises:
        RecgenError: The data cannot be read, a column that is named cannot be used, or there is no
            such preset or kind.
    """
    from recgen.presets import find_preset
    from recgen.proposal import Given, Wanted, plain_settings, read_recipe
    from recgen.proposal import propose as proposal_of

    columns = {"name": name, "buyer_id": buyer_id, "product_id": product_id, "time": time}
    others = {"preset": preset, "target": target, "kind": kind, "time_format": time_format}
    for argument, value in {**columns, **others}.items():
        if not isinstance(value, (str, NoneType)):
            raise RecgenError(f"{argument} is {kind_of(value)}", "pass a text, or leave it out")
    file = _path(data) if isinstance(data, (str, os.PathLike)) else None
    found = profile(data, reading=reading)
    named = name or (file.stem if file else _INVISIBLE)
    source = file.name if file else "a table"
    given = Given(buyer_id, product_id, time, time_format)
    recipe = read_recipe(preset, find_preset(preset).text) if preset is not None else None
    wanted = Wanted.of(target, kind, recipe)
    with _readable():
        settings = plain_settings(reading)
        return proposal_of(found, named[:_LONGEST], source, given, settings, recipe, wanted)


def diagnose(
    run: str | Path | Run | Mapping[str, object] | TrainingMetrics,
    *,
    data: str | Path | None = None,
    products: int | None = None,
) -> Diagnosis:
    """Return a verdict on a finished training, with ranked causes.

    The data that the run or its config names, and the examples, vocabularies and model in its
    folder, are examined as `recgen check` and `recgen inspect` do, as far as they are there.

    Args:
        run: A run directory, its training_metrics.json, or what `recgen.analysis.load_run` gives.
            Or the contents of a training_metrics.json: without the run's config, the verdict is
            based on the figures alone.
        data: The data that it was trained on, if it is elsewhere.
        products: Number of products to choose from, for a run that does not say it.

    Raises:
        RecgenError: `data` cannot be read, the path is not a run, or `products` is not positive.
    """
    from recgen.analysis import Run, load_run, run_of
    from recgen.analysis import diagnose as diagnosis_of
    from recgen.local.evidence import with_evidence

    if products is not None and products < 1:
        raise RecgenError(f"{products} products are none to choose from", "pass 1 or more")
    source = None if data is None else _path(data)
    with _readable():
        if isinstance(run, (str, os.PathLike)):
            named = run if isinstance(run, str) else _path(run)  # a Path breaks gs://
            run = with_evidence(load_run(named), source)
        elif not isinstance(run, Run):
            run = run_of(run)
        elif source is not None:
            run = with_evidence(run, source)
    return diagnosis_of(run if products is None else replace(run, products=products))


def gate(
    run: str | Path | Run | Mapping[str, object] | TrainingMetrics,
    champion: str | Path | Run | Mapping[str, object] | TrainingMetrics | None = None,
    minimums: Sequence[str] = (),
    *,
    write: bool = False,
) -> Blessing:
    """Return whether a model may be served, with a reason for each condition.

    As `diagnose` does, it examines the data and the files that belong to the run.

    Args:
        run: The training whose model is to be served, as for `diagnose`.
        champion: The training whose model is served today, likewise.
        minimums: Conditions on figures of the test, such as `"recall_at_100 >= 0.3"`.
        write: Whether to write `evaluation_blessing.json` beside the run's metrics.

    Raises:
        RecgenError: A path is not a run, a condition cannot be read, or the file cannot be written.
    """
    from recgen.analysis import Run, gating, load_run, run_of
    from recgen.local.evidence import with_evidence

    if isinstance(minimums, str):
        minimums = (minimums,)
    conditions = [gating.parse_minimum(each) for each in minimums]

    def loaded(given: object) -> Run:
        if isinstance(given, (str, os.PathLike)):
            return load_run(given if isinstance(given, str) else _path(given))
        return given if isinstance(given, Run) else run_of(given)

    with _readable():
        judged = loaded(run)
        if isinstance(run, (str, os.PathLike)):
            judged = with_evidence(judged)
        blessing = gating.gate(judged, None if champion is None else loaded(champion), conditions)
        if write and judged.metrics_path is None:
            raise RecgenError("the run has no folder to write to", "pass its path")
        if write and judged.metrics_path is not None:
            blessing.write(judged.metrics_path)
    return blessing


def upgrade(source: str | Path | Mapping[str, object]) -> Upgrade:
    """Return a config of an older dialect in today's form, with a finding for each change.

    Args:
        source: The text of a config (YAML or JSON), a Path to one, or a mapping.

    Raises:
        ConfigError: It cannot be read, or says the same in both forms with different values.
        RecgenError: The text is written in a way that cannot be changed in its place.
    """
    from recgen.upgrade import upgrade_file, upgrade_mapping, upgrade_text

    if isinstance(source, os.PathLike):
        return upgrade_file(str(_path(source)))
    return upgrade_text(source) if isinstance(source, str) else upgrade_mapping(source)


def _path(given: str | os.PathLike[str]) -> Path:
    """Return a path; some objects with a path give it as bytes."""
    try:
        return Path(os.fsdecode(os.fspath(given)))
    except (TypeError, ValueError) as error:
        raise RecgenError(f"the path cannot be read: {error}", "pass a text or a Path") from error


@contextmanager
def _readable() -> Iterator[None]:
    """Turn a missing package, and what a file system says, into errors for the user."""
    from recgen.local.ingest.asked import AskedError, as_argument

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pyarrow", "numpy"):
            raise
        raise RecgenError(
            f"this needs {error.name}, which is not installed", install("data")
        ) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise RecgenError(f"{where}{error.strerror or error}") from error
    except AskedError as error:
        raise error.spelled(as_argument) from error
