"""What the user gave, as plain data with positions. Knows files, not configs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from recgen.findings import Finding, Location, join_path
from recgen.reading.positions import NOWHERE, Lines, Node, Position, nearest

MAX_BYTES = 5_000_000
MAX_NODES = 200_000  # values, those repeated by aliases included ("billion laughs")
MAX_DEPTH = 50  # levels of nesting; a config has nine
MAX_FINDINGS = 300  # in one report; what is more is counted only


@dataclass(frozen=True)
class Document:
    """Plain data (or an object with attributes), and where in the text each part stands.

    Attributes:
        data: What was read.
        source: The file's name as the user gave it.
        text: What stands in it, without a byte order mark.
        root: The nodes of the text.
        findings: What is wrong with the text itself.
        origins: Where in the text what was moved stands, by its place in the data.
        unlisted: How many more findings on the text there are.
    """

    data: Any
    source: str | None = None
    text: str | None = None
    root: Node | None = None
    findings: tuple[Finding, ...] = ()
    origins: Mapping[Location, Location] = field(default_factory=dict)
    unlisted: int = 0

    @property
    def readable(self) -> bool:
        """Whether there is data that is worth comparing with the config's shape."""
        return not any(finding.code in {"RG001", "RG002", "RG005"} for finding in self.findings)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text or "")

    def position(self, path: Location) -> Position:
        """Returns the position of a path (its key, or its value), or of what is around it."""
        if self.root is None:
            return NOWHERE
        node, _ = nearest(self.root, origin_of(path, self.origins))
        return self._lines.position(*node.marked())


def origin_of(path: Location, origins: Mapping[Location, Location]) -> Location:
    """Return where in the text a path of the data is, given the origins of what was moved."""
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return (*origins[path[:length]], *path[length:])
    return path


class UnreadableError(Exception):
    """Carries the one finding that keeps a source from being read."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def refuse(
    code: str, message: str, help: str, position: Position = NOWHERE, path: Location = ()
) -> NoReturn:
    """Raises `UnreadableError` with the finding that is described."""
    raise UnreadableError(problem(code, message, help, position, path))


def problem(
    code: str, message: str, help: str, position: Position = NOWHERE, path: Location = ()
) -> Finding:
    """Returns an error on the text itself."""
    line, column, end = position
    return Finding(code, "error", join_path(path), message, help, line, column, end_column=end)
