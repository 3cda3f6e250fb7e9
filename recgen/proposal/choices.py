"""Choice of a column for a role, and the choices that a user made. Knows names but no values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from recgen.config import Side
from recgen.findings import RecgenError, show

Role = Literal["buyer", "product", "time"]
ROLES: dict[Role, str] = {"buyer": "buyer ID", "product": "product ID", "time": "time"}
OPTIONS: dict[Role, str] = {"buyer": "--buyer-id", "product": "--product-id", "time": "--time"}
TIME_FORMAT = "--time-format"
_LISTED = 20  # columns


@dataclass(frozen=True)
class Choice:
    """The column chosen for a role.

    Attributes:
        name: The column; None if nothing fits.
        why: The reason for it; without a column, what was looked for.
        sure: Whether the choice needs no check by a person.
        others: Other columns that could have been meant.
        note: What else to know about the column.
    """

    name: str | None
    why: str
    sure: bool = True
    others: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Keys:
    """The key columns of a table of purchases."""

    buyer: Choice
    product: Choice
    time: Choice
    time_format: str | None = None

    def of(self, side: Side) -> Choice:
        """Return the ID of a tower."""
        return self.buyer if side == "buyer" else self.product

    def roles(self) -> Iterator[tuple[Role, Choice]]:
        """Yield each role with its choice."""
        yield from (("buyer", self.buyer), ("product", self.product), ("time", self.time))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that were chosen."""
        chosen = (self.buyer, self.product, self.time)
        return tuple(choice.name for choice in chosen if choice.name is not None)


@dataclass(frozen=True)
class Given:
    """Columns that the user named for the roles; None means that it is to be found.

    Attributes:
        buyer: The buyer's ID.
        product: The product's ID.
        time: The time of the purchase.
        time_format: The unit or format of the times, as in `data.column_types`.
    """

    buyer: str | None = None
    product: str | None = None
    time: str | None = None
    time_format: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that were given."""
        return tuple(name for name in (self.buyer, self.product, self.time) if name is not None)

    def of(self, role: Role) -> str | None:
        """Return the column for a role."""
        return {"buyer": self.buyer, "product": self.product, "time": self.time}[role]

    def require(self, columns: Sequence[str], unusable: dict[str, str]) -> None:
        """Check that each name is that of one usable column, and of one role.

        Raises:
            RecgenError: A column is missing, cannot be used, or is named for two roles; or there
                is a format of no column.
        """
        if self.time_format is not None and self.time is None:
            raise RecgenError(
                f"{TIME_FORMAT}: which column has these times?", f"add {OPTIONS['time']} COLUMN"
            )
        for role, option in OPTIONS.items():
            name = self.of(role)
            if name is not None and name not in columns:
                raise missing_column(option, name, columns, unusable)
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise RecgenError(
                f"column {show(twice)} is named for two roles", "name a column for each role"
            )


def missing_column(
    option: str, name: str, columns: Sequence[str], unusable: dict[str, str]
) -> RecgenError:
    """Return the error on an option that names a column that cannot be used or is missing."""
    if name in unusable:
        return RecgenError(f"{option} {show(name)}: {unusable[name]}", "rename the column")
    folded = {column.casefold(): column for column in columns}
    close = get_close_matches(name.casefold(), folded, n=3)
    meant = f"did you mean {', '.join(show(folded[each]) for each in close)}? " if close else ""
    more = ", …" if len(columns) > _LISTED else ""
    listed = ", ".join(columns[:_LISTED]) + more
    return RecgenError(
        f"{option}: there is no column {show(name)}", f"{meant}the columns are: {listed}"
    )
