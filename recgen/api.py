"""Functions for Python programs that look at data and runs, or convert configs.

`recgen.check`, `recgen.load` and `recgen.render` are in their own modules. These import what they
need on their first call, so that a web service that never calls them does not pay for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.findings import RecgenError, install

if TYPE_CHECKING:
    from recgen.analysis import Diagnosis, Run
    from recgen.data.profile import Profile
    from recgen.propose import Proposal
    from recgen.upgrade import Upgrade

_INVISIBLE = "data"  # the name of a config whose data has none


def profile(data: object) -> Profile:
    """Return a profile of transactions, for `recgen.check(..., profile=...)`.

    Args:
        data: The path of a file that `recgen train` reads, a PyArrow table, a pandas data frame, or
            a mapping of column names to lists of values.

    Raises:
        RecgenError: The data cannot be read or has no rows, or PyArrow is not installed. Columns
            of large files are read lazily, so the profile's methods may raise it, too.
    """
    with _readable():
        if isinstance(data, (str, os.PathLike)):
            from recgen.local.profile import read_profile

            return read_profile(Path(data))
        from recgen.local.tables import profile_of

        return profile_of(data)


def propose(
    data: object,
    *,
    name: str | None = None,
    buyer_id: str | None = None,
    product_id: str | None = None,
    time: str | None = None,
) -> Proposal:
    """Return the config that the data suggests, as `recgen init --data` writes it.

    Args:
        data: A path or a table, as for `profile`.
        name: The config's name; by default, that of the file.
        buyer_id: The column with the buyer's ID; by default, it is found.
        product_id: The column with the product's ID, likewise.
        time: The column with the time of the purchase, likewise.

    Raises:
        RecgenError: The data cannot be read, or a column that is named cannot be used.
    """
    from recgen.propose import Given
    from recgen.propose import propose as proposal_of

    is_path = isinstance(data, (str, os.PathLike))
    file = Path(data) if isinstance(data, (str, os.PathLike)) else Path(_INVISIBLE)
    source = file.name if is_path else "a table"
    found = profile(data)
    with _readable():
        return proposal_of(found, name or file.stem, source, Given(buyer_id, product_id, time))


def diagnose(run: str | Path | Run) -> Diagnosis:
    """Return a verdict on a finished training, with ranked causes.

    Args:
        run: A run directory, its training_metrics.json, or what `recgen.analysis.load_run` gives.

    Raises:
        RecgenError: The path is not a run, or its metrics cannot be read.
    """
    from recgen.analysis import diagnose as diagnosis_of
    from recgen.analysis import load_run

    return diagnosis_of(load_run(run) if isinstance(run, (str, os.PathLike)) else run)


def upgrade(source: str | Path | Mapping[str, object]) -> Upgrade:
    """Return a config of an older dialect in today's form, with a finding for each change.

    Args:
        source: The text of a config (YAML or JSON), a Path to one, or a mapping.

    Raises:
        ConfigError: It cannot be read, or says the same in both forms with different values.
        RecgenError: The text is written in a way that cannot be changed in its place.
    """
    from recgen.upgrade import upgrade_file, upgrade_mapping, upgrade_text

    if isinstance(source, Mapping):
        return upgrade_mapping(source)
    return upgrade_file(str(source)) if isinstance(source, os.PathLike) else upgrade_text(source)


@contextmanager
def _readable() -> Iterator[None]:
    """Turn a missing package, and what a file system says, into errors for the user."""
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
