"""Account of a run's data: what became of each row that `recgen train` read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from recgen.findings import counted
from recgen.metrics.parts import Count, MetricsPart


class Unknown(MetricsPart):
    """Values of a column that are not in the vocabulary made of them."""

    column: str
    """The column."""
    places: Count
    """Rows, or items of lists, with such a value."""
    total: Count
    """Rows or items with any value."""
    distinct: Count
    """Number of these values."""
    is_list: bool = False
    """Whether items of lists were counted."""


class Account(MetricsPart):
    """What became of each row of the data: the counts of rows add up to `read`."""

    source: str = ""
    """The file."""
    format: str = ""
    """How it was read, in words."""
    read: Count = 0
    """Rows of the file."""
    without_id: Count = 0
    """Rows without a buyer or a product."""
    without_time: Count = 0
    """Rows without a time, if the split is by time."""
    outside_split: Count = 0
    """Rows that are in no split for another reason."""
    train: Count = 0
    """Rows that were trained on."""
    eval: Count = 0
    """Rows of the validation."""
    test: Count = 0
    """Rows of the test."""
    unknown: Annotated[tuple[Unknown, ...], Field(strict=False)] = ()
    """Values of the rows that vocabularies were made of and that are in none: rare ones, those
    above `vocab_size`, and those that a vocabulary cannot hold."""

    def split(self, rows: int, undated: int, parts: Mapping[str, int]) -> Account:
        """Return the account after the split.

        Args:
            rows: Rows before it, with a buyer and a product.
            undated: How many of them have no time, if the split needs one.
            parts: Rows of `train`, `eval` and `test`.
        """
        lost = {
            "without_id": self.read - rows,
            "without_time": undated,
            "outside_split": rows - undated - sum(parts.values()),
        }
        return self.model_copy(update={**lost, **parts})

    def lines(self) -> Iterator[str]:
        """Yield what was lost, in words; nothing if nothing was."""
        reasons = (
            (self.without_id, "without a buyer or product"),
            (self.without_time, "without a time"),
            (self.outside_split, "in no split"),
        )
        lost = [f"{count:,} {reason}" for count, reason in reasons if count]
        if lost:
            yield f"{counted(self.read, 'row')} read, not used: {', '.join(lost)}"
        for each in self.unknown:
            what = "items of its lists" if each.is_list else "rows"
            yield (
                f"{counted(each.distinct, 'value')} of {each.column!r} not in the vocabulary: "
                f"{each.places:,} of {each.total:,} {what}"
            )


def account_of(part: object) -> dict[str, Any] | None:
    """Return the account in a part of an untrusted file as plain data; None if it is none."""
    try:
        return Account.model_validate(part).model_dump()
    except ValidationError:
        return None
