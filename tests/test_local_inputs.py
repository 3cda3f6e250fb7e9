"""What of an unfinished run another config can use again: the digest of its transform decides."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs the extra `train`")

from breaking_changes import BASE, CHANGES, Change

from recgen.check import load
from recgen.generate import generate
from recgen.local.inputs import TRAINED, inputs_of

Plain = dict[str, Any]
_TRANSFORM = "RB3"  # codes of what changes the transformed data
_TOLD = {"RB101", "RB102", "RB103", "RB107", "RB201", "RB202", "RB203"}  # columns of requests
_TOLD |= {"RB403"}  # another ID: rows without it are left out


def parts(plain: Plain, data: Path, **given: Any) -> dict[str, str]:
    config = load(plain)
    arguments = {"seed": 1, "epochs": None, "analyze": ("train",)} | given
    return inputs_of(config, generate(config), data, **arguments)


def differing(one: Plain, other: Plain, data: Path) -> set[str]:
    pair = parts(one, data), parts(other, data)
    return {name for name in pair[0] if pair[0][name] != pair[1][name]}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.name)
def test_what_was_transformed_is_used_unless_the_change_is_one_of_the_transform(
    change: Change, tmp_path: Path
) -> None:
    """Of the table of `breaking`: a code of the transform, and no other, begins anew."""
    codes, data = change.codes.split(), tmp_path / "a.csv"
    data.write_text("x\n1\n", encoding="utf-8")
    is_other = not differing(change.base, change.config, data) <= TRAINED
    if any(code.startswith(_TRANSFORM) for code in codes):
        assert is_other
    elif not _TOLD & {*codes}:
        assert not is_other


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("description",), "for the spring", set()),
        (("features", "buyer_model_features", 1, "stats"), {"cardinality": 7}, set()),
        (("model", "learning_rate"), 0.02, {"config"}),
        (("model", "batch_size"), 32, {"config"}),
        (("model", "buyer_tower_layers"), [{"type": "dense", "units": 8}], {"config"}),
        (("model", "top_k"), 20, {"config"}),
        (("model", "epochs"), 3, {"config", "epochs"}),
        (("features", "product_model_features", 2, "transforms"), {"normalize": {}}, None),
        (("data", "split", "test"), 0.2, None),
        (("model", "refit"), "none", None),
    ],
)
def test_a_harmless_change_trains_on_and_one_of_the_transform_begins_anew(
    path: tuple[Any, ...], value: Any, expected: set[str] | None, tmp_path: Path
) -> None:
    data = tmp_path / "a.csv"
    data.write_text("x\n1\n", encoding="utf-8")
    other = copy.deepcopy(BASE)
    inner: Any = other
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    found = differing(BASE, other, data)
    if expected is None:
        assert "transform" in found
    else:
        assert found == expected
        assert found <= TRAINED


def test_other_rows_or_another_seed_begin_anew(tmp_path: Path) -> None:
    data = tmp_path / "a.csv"
    data.write_text("x\n1\n", encoding="utf-8")
    before = parts(BASE, data)
    data.write_text("x\n2\n", encoding="utf-8")
    after = parts(BASE, data, seed=2, analyze=("train", "eval"))
    found = {name for name in before if before[name] != after[name]}
    assert found == {"data", "seed", "splits to analyze"}
    assert not found & TRAINED
