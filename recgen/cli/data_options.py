"""Options of `init` on the data: columns by role, how a file is read, a preset to fit, a target."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recgen.cli.reading_options import options_of
from recgen.findings import RecgenError
from recgen.presets import Preset

if TYPE_CHECKING:
    from recgen.proposal import Given

BuyerId = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The column with the buyer's ID.  [default: found]"),
]
ProductId = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The column with the product's ID.  [default: found]"),
]
Time = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The time of the purchase.  [default: found]"),
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The column that ranking predicts."),
]
Kind = Annotated[
    str | None,
    typer.Option(metavar="KIND", help="ranking or multitask.  [default: ranking with --target]"),
]


@dataclass(frozen=True)
class DataOptions:
    """Options that were given with `--data`.

    Attributes:
        given: The columns of the roles.
        settings: The keys of `data` that say how the file is read.
        preset: The preset to fit to the data.
        target: The column to predict.
        kind: The kind of model that predicts it.
    """

    given: Given
    settings: Mapping[str, Any]
    preset: Preset | None = None
    target: str | None = None
    kind: str | None = None

    @property
    def text(self) -> str:
        """The options as they are written in a command, each after a space."""
        from recgen.proposal import OPTIONS, TIME_FORMAT

        named = [(OPTIONS[role], self.given.of(role)) for role in OPTIONS]
        named.append((TIME_FORMAT, self.given.time_format))
        roles = "".join(f" {option} {shlex.quote(name)}" for option, name in named if name)
        preset = f" --preset {self.preset.name}" if self.preset else ""
        target = f" --target {shlex.quote(self.target)}" if self.target is not None else ""
        kind = f" --kind {self.kind}" if self.kind is not None else ""
        return f"{preset}{roles}{target}{kind}{options_of(self.settings)}"


def require_none(columns: tuple[str | None, ...], written: Mapping[str, str | None]) -> None:
    """Refuse options on data where there is none.

    Raises:
        RecgenError: A column, or a key of `data`, was given.
    """
    if any(name is not None for name in columns):
        raise RecgenError(
            "--buyer-id, --product-id, --time, --time-format, --target and --kind are about data",
            "add --data FILE",
        )
    options = options_of({key: "" for key, value in written.items() if value is not None})
    if options:
        names = " and ".join(word for word in options.split() if word.startswith("--"))
        raise RecgenError(f"{names}: there is no data to read", "add --data FILE")
