"""Account of a run's data: what was read, and what was lost on the way. Trains nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import ExperimentConfig, HistoryFeature
from recgen.local.cast import is_list
from recgen.plan.columns import vocabulary_names

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "data.json"
_ASSETS = Path("transform", "transform_fn", "assets")


@dataclass(frozen=True)
class Unknown:
    """Values of a column that are not in the vocabulary made of them.

    Attributes:
        column: The column.
        places: Rows, or items of lists, with such a value.
        total: Rows or items with any value.
        distinct: Number of these values.
        is_list: Whether items of lists were counted.
    """

    column: str
    places: int
    total: int
    distinct: int
    is_list: bool = False


@dataclass(frozen=True)
class Account:
    """What became of each row of the data: the counts of rows add up to `read`.

    Attributes:
        source: The file.
        format: How it was read, in words.
        read: Rows of the file.
        without_id: Rows without a buyer or a product.
        without_time: Rows without a time, if the split is by time.
        outside_split: Rows that are in no split for another reason.
        train: Rows that were trained on.
        eval: Rows of the validation.
        test: Rows of the test.
        unknown: Values of the rows that vocabularies were made of and that are in none: rare
            ones, those above `vocab_size`, and those that a vocabulary cannot hold.
    """

    source: str = ""
    format: str = ""
    read: int = 0
    without_id: int = 0
    without_time: int = 0
    outside_split: int = 0
    train: int = 0
    eval: int = 0
    test: int = 0
    unknown: tuple[Unknown, ...] = ()

    def split(self, rows: int, undated: int, parts: Mapping[str, int]) -> Account:
        """Return the account after the split.

        Args:
            rows: Rows before it, with a buyer and a product.
            undated: How many of them have no time, if the split needs one.
            parts: Rows of `train`, `eval` and `test`.
        """
        return replace(
            self,
            without_id=self.read - rows,
            without_time=undated,
            outside_split=rows - undated - sum(parts.values()),
            train=parts["train"],
            eval=parts["eval"],
            test=parts["test"],
        )

    def lines(self) -> Iterator[str]:
        """Yield what was lost, in words; nothing if nothing was."""
        reasons = (
            (self.without_id, "without a buyer or product"),
            (self.without_time, "without a time"),
            (self.outside_split, "in no split"),
        )
        lost = [f"{count:,} {reason}" for count, reason in reasons if count]
        if lost:
            yield f"{self.read:,} rows read, not used: {', '.join(lost)}"
        for each in self.unknown:
            what = "items of its lists" if each.is_list else "rows"
            values = "1 value" if each.distinct == 1 else f"{each.distinct:,} values"
            yield (
                f"{values} of {each.column!r} not in the vocabulary: {each.places:,} of "
                f"{each.total:,} {what}"
            )


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
    return Unknown(column, places, total, len(missing), is_list(values[0])) if places else None


def _is_text_or_whole(kind: pa.DataType) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_large_string, pa.types.is_large_binary, pa.types.is_integer)
    return any(test(kind) for test in tests)


def write_account(account: Account, folder: Path) -> None:
    """Write the account into a run directory."""
    text = json.dumps(asdict(account), indent=1, ensure_ascii=False)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8", errors="replace")


def read_account(folder: Path) -> Account | None:
    """Return the account of a run directory, or None if it has none that can be read."""
    try:
        fields = json.loads((folder / FILE).read_text(encoding="utf-8"))
        unknown = tuple(Unknown(**each) for each in fields.pop("unknown"))
        return Account(**fields, unknown=unknown)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
