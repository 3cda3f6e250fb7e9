"""Values that no vocabulary of a run has, and the place of a run's account: its metrics."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.config import ExperimentConfig, HistoryFeature
from recgen.local.cast import is_list
from recgen.metrics import Unknown
from recgen.plan.columns import vocabulary_names

if TYPE_CHECKING:
    import pyarrow as pa

_ASSETS = Path("transform", "transform_fn", "assets")


@dataclass(frozen=True)
class Counted:
    """The values of a column that has a vocabulary, or whose items are in that of another one.

    Attributes:
        vocabulary: The vocabulary's file.
        texts: The distinct values, without null, as the bytes of their texts; of each table.
        counts: How often each occurs; of each table.
        is_list: Whether they are items of lists.
    """

    vocabulary: str
    texts: pa.ChunkedArray
    counts: pa.ChunkedArray
    is_list: bool


def counted_values(config: ExperimentConfig, tables: Sequence[pa.Table]) -> dict[str, Counted]:
    """Return the values that vocabularies are made of, by column: little beside the rows.

    Args:
        config: The experiment.
        tables: The rows that its vocabularies are made of.
    """
    files = vocabulary_names(config)
    features = config.features.buyer_model_features + config.features.product_model_features
    shared = {
        each.output_name: each.history.shared_with
        for each in features
        if isinstance(each, HistoryFeature) and each.history
    }
    columns = {**{name: name for name in files}, **shared}
    found = {
        column: _counted([table[column] for table in tables], files[source])
        for column, source in columns.items()
        if source in files and column in tables[0].column_names
    }
    return {column: each for column, each in found.items() if each is not None}


def unknown_values(values: Mapping[str, Counted], folder: Path) -> tuple[Unknown, ...]:
    """Return the values that are in no vocabulary of a run.

    Args:
        values: What `counted_values` returned for the rows of its vocabularies.
        folder: The run directory, after the transform.
    """
    found = [_unknown(column, own, folder / _ASSETS) for column, own in values.items()]
    return tuple(each for each in found if each is not None)


def _unknown(column: str, values: Counted, assets: Path) -> Unknown | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    path = assets / values.vocabulary
    if not path.is_file():
        return None
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    known = pa.array(lines, pa.large_binary())
    is_absent = pc.invert(pc.is_in(values.texts, value_set=known))
    places = pc.sum(values.counts.filter(is_absent)).as_py()
    if not places:
        return None
    return Unknown(
        column=column,
        is_list=values.is_list,
        places=places,
        total=pc.sum(values.counts).as_py(),
        distinct=len(values.texts.filter(is_absent).unique()),
    )


def _counted(columns: Sequence[pa.ChunkedArray], vocabulary: str) -> Counted | None:
    """Return the distinct items that are not null, and their counts; None if they have no text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, counts = [], []
    for column in columns:
        items = pc.list_flatten(column) if is_list(column) else column
        if not _is_text_or_whole(items.type):
            return None
        found = items.drop_null().value_counts()
        values = found.field("values")
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        is_number = pa.types.is_integer(values.type)
        text = values.cast(pa.large_string()) if is_number else values
        texts.append(text.cast(pa.large_binary()))
        counts.append(found.field("counts"))
    of_all = pa.chunked_array(texts), pa.chunked_array(counts)
    return Counted(vocabulary, *of_all, is_list(columns[0]))


def _is_text_or_whole(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_large_string, pa.types.is_large_binary, pa.types.is_integer)
    return any(test(kind) for test in tests)


def add_to_metrics(account: Mapping[str, Any], path: Path) -> None:
    """Add an account, as plain data, to the metrics that a trainer wrote; all or nothing."""
    content = {**json.loads(path.read_text(encoding="utf-8")), "data": account}
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(partial, path)
