"""Account of a run's data: what became of each row that was read. Reads no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from pydantic import NonNegativeInt, TypeAdapter, ValidationError

FILE = "data.json"
"""The account's file in a run directory."""


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
    places: NonNegativeInt
    total: NonNegativeInt
    distinct: NonNegativeInt
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
    read: NonNegativeInt = 0
    without_id: NonNegativeInt = 0
    without_time: NonNegativeInt = 0
    outside_split: NonNegativeInt = 0
    train: NonNegativeInt = 0
    eval: NonNegativeInt = 0
    test: NonNegativeInt = 0
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


def account_of(content: bytes) -> Account | None:
    """Return the account in a file's content, or None if there is none."""
    try:
        return _adapter().validate_json(content)
    except ValidationError:
        return None


@cache
def _adapter() -> TypeAdapter[Account]:
    return TypeAdapter(Account)
