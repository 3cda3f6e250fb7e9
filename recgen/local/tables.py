"""Profile of a table in memory, read like a file, so that both give the same answers."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from recgen.data.profile import Profile
from recgen.findings import RecgenError, kind_of
from recgen.local.profile import read_profile

if TYPE_CHECKING:
    import pyarrow as pa

_HELP = "pass a path, a PyArrow table, a pandas data frame, or a mapping of columns"


def profile_of(data: object) -> Profile:
    """Return the profile of a PyArrow table, a pandas data frame, or a mapping of columns.

    The table is written to a temporary Parquet file, which lives as long as the profile.

    Raises:
        RecgenError: It is no such table, has values that Arrow cannot hold, or has no rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = _arrow(data)
    if not table.column_names:
        raise RecgenError("the table has no columns", _HELP)
    if table.num_rows == 0:
        raise RecgenError("the table has no rows", "use a table with one transaction per row")
    folder = TemporaryDirectory(prefix="recgen-")
    path = Path(folder.name, "table.parquet")
    try:
        pq.write_table(table, path)
        found = read_profile(path)
    except (pa.ArrowException, RecgenError) as error:
        folder.cleanup()
        reason = error.message if isinstance(error, RecgenError) else _first_line(error)
        raise RecgenError(f"the table cannot be used: {reason}", _HELP) from error
    found.source = "the table"  # type: ignore[misc]  # not the temporary file
    weakref.finalize(found, folder.cleanup)
    return found


def _arrow(data: object) -> pa.Table:
    import pyarrow as pa

    frame: Any = data
    try:
        if isinstance(data, pa.Table):
            return data
        if isinstance(data, Mapping):
            return pa.table({str(name): _column(values) for name, values in data.items()})
        if hasattr(frame, "columns") and hasattr(frame, "iloc"):
            return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise RecgenError(f"the table cannot be used: {_first_line(error)}", _HELP) from error
    raise RecgenError(f"expected a path or a table, got {kind_of(data)}", _HELP)


def _column(values: Any) -> Any:
    return list(values) if isinstance(values, (tuple, range)) else values


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
