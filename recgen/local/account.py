"""Values that no vocabulary of a run has, and the place of a run's account: its metrics."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.config import ExperimentConfig, HistoryFeature
from recgen.local.cast import is_list
from recgen.metrics import Unknown
from recgen.plan.columns import vocabulary_names

if TYPE_CHECKING:
    import pyarrow as pa

_ASSETS = Path("transform", "transform_fn", "assets")


def unknown_values(
    config: ExperimentConfig, tables: Sequence[pa.Table], folder: Path
) -> tuple[Unknown, ...]:
    """Return the values that are in no vocabulary of a run.

    Args:
        config: The experiment.
        tables: The rows that its vocabularies were made of.
        folder: The run directory, after the transform.
    """
    files = vocabulary_names(config)
    features = config.features.buyer_model_features + config.features.product_model_features
    shared = {
        each.output_name: each.history.shared_with
        for each in features
        if isinstance(each, HistoryFeature) and each.history
    }
    columns = {**{name: name for name in files}, **shared}
    found = []
    for column, source in columns.items():
        path = folder / _ASSETS / files.get(source, "")
        if path.is_file() and column in tables[0].column_names:
            found.append(_unknown(column, [table[column] for table in tables], path))
    return tuple(each for each in found if each is not None)


def _unknown(column: str, values: Sequence[pa.ChunkedArray], path: Path) -> Unknown | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    known = pa.array(lines, pa.large_binary())
    places = total = 0
    missing: set[bytes] = set()
    for each in values:
        items = pc.list_flatten(each) if is_list(each) else each
        if not _is_text_or_whole(items.type):
            return None
        texts = items.cast(pa.large_string()) if pa.types.is_integer(items.type) else items
        texts = texts.drop_null().cast(pa.large_binary())
        absent = texts.filter(pc.invert(pc.is_in(texts, value_set=known)))
        places, total = places + len(absent), total + len(texts)
        missing.update(absent.unique().to_pylist())
    if not places:
        return None
    counts = {"places": places, "total": total, "distinct": len(missing)}
    return Unknown(column=column, is_list=is_list(values[0]), **counts)


def _is_text_or_whole(kind: pa.DataType) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_large_string, pa.types.is_large_binary, pa.types.is_integer)
    return any(test(kind) for test in tests)


def add_to_metrics(account: Mapping[str, Any], path: Path) -> None:
    """Add an account, as plain data, to the metrics that a trainer wrote; all or nothing."""
    content = {**json.loads(path.read_text(encoding="utf-8")), "data": account}
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(partial, path)
