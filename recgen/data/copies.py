"""What a profile says of rows that are there twice. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepeatedRows:
    """Rows that are the same as an earlier one.

    Attributes:
        rows: Number of them.
        example: The first such row and the one that it repeats, from 1.
        columns: Number of columns that were compared; lists are not.
        is_whole: Whether these are all columns.
    """

    rows: int
    example: tuple[int, int]
    columns: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class ReplayedRows:
    """Rows at the end of the data that are earlier ones under other times.

    Attributes:
        rows: Number of them.
        of: Number of rows at the end.
        since: The first time of these, in epoch seconds.
        example: One of them and the row that it repeats, from 1.
    """

    rows: int
    of: int
    since: float
    example: tuple[int, int]
