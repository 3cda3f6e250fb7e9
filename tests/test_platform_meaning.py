"""A stored row means what it meant to the former generator; what differs is said by name.

Beside recgen's reading stands a plain re-implementation of what the former generator made of a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from former_generator import Meaning, former_meaning, meaning_of
from fuzzing import some
from hypothesis import given
from likely_rows import likely_rows
from stored_rows import TARGET, TASKS, TOWERS, Plain, posted_features, posted_model

from recgen.contrib.ml_platform.rows import examine_rows

# What may differ: by path, and by the words of the note that says so.
SAID = (
    ("", "the least there is"),
    ("", "the most there is"),
    ("", "both towers read"),
    ("model/ranking_weight", "`ranking_weight`"),
    ("layers/", "a linear layer"),
    ("transform/", "is left out"),
    ("width/", "is left out"),
)
CANNOT_WORK = {"RG102", "RG116", "RG252", "RG254"}
"""Two columns of one name, crosses with the target, labels that are no 0 or 1 any more, and limits
of a target that exclude each other."""
SHARED = ("product_id", "list_0", "list_1")


def silent(meant: Meaning, means: Meaning, notes: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """Returns what differs, before and now, without what a note says of the same column."""
    found = {}
    for path in sorted(meant.keys() | means.keys()):
        before, now = meant.get(path), means.get(path)
        if path.startswith("transform/") and str(before).count(" as text"):
            now = _as_text(now, notes)
        if before == now or any(_says(note, path) for note in notes):
            continue
        found[path] = before, now
    return found


def _as_text(now: Any, notes: Iterable[str]) -> Any:
    """Returns how a cross is computed with the members as text that are said to be quantiles."""
    said = (re.match(r"'(.+)' is crossed by its quantiles, not as text", each) for each in notes)
    for found in filter(None, said):
        now = re.sub(rf"\b{re.escape(found[1])} in 100 quantiles", f"{found[1]} as text", str(now))
    return now


def _says(note: str, path: str) -> bool:
    name = path.rpartition("/")[2]
    crossed = name.removesuffix("_cross")
    parts = {name, crossed, *crossed.split("_x_")}
    parts |= {part.rpartition("_")[0] for part in parts}
    if path.startswith("width/") and name.startswith(SHARED):
        parts |= set(SHARED)  # one table, whose width is said of one of them
    is_named = not path.startswith(("transform/", "width/")) or any(
        repr(part) in note or f"{part} and " in note or f" and {part}'" in note for part in parts
    )
    return is_named and any(path.startswith(start) and words in note for start, words in SAID)


def compared(features: Plain, model: Plain) -> dict[str, tuple[Any, Any]] | None:
    """Returns what a row means silently otherwise than before; None if it is refused."""
    read = examine_rows(features, model)
    if read.config is None:
        assert {each.code for each in read.report.errors} <= CANNOT_WORK
        return None
    return silent(former_meaning(features, model), meaning_of(read.config), read.account.decided)


accepted: list[bool] = []


@some(ci=300, nightly=2000)
@given(likely_rows)
def test_no_row_changes_its_meaning_silently(rows: tuple[Plain, Plain]) -> None:
    found = compared(*rows)
    accepted.append(found is not None)
    assert not found


def test_most_drawn_rows_are_accepted() -> None:
    if accepted:  # the test above ran in this process
        assert sum(accepted) > 0.7 * len(accepted)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("preset", TOWERS)
def test_what_the_page_posts_means_what_it_meant(preset: str, task: str) -> None:
    target = None if task == "retrieval" else TARGET
    assert compared(posted_features(target_column=target), posted_model(preset, task)) == {}
