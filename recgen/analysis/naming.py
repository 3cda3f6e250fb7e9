"""Short names of runs: their paths without what all of them share."""

from __future__ import annotations

from collections.abc import Sequence


def short_names(paths: Sequence[str]) -> list[str]:
    """Return each path without the folders that contain all of the paths.

    Two paths that differ keep different names, however deep they differ.
    """
    parts = [path.rstrip("/\\").replace("\\", "/").split("/") for path in paths]
    shared = 0
    shortest = min(map(len, parts), default=0) - 1  # each keeps its last part
    while shared < shortest and len({each[shared] for each in parts}) == 1:
        shared += 1
    return ["/".join(each[shared:]) or path for each, path in zip(parts, paths, strict=True)]
