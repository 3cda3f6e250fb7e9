"""What the user gave, as plain data with positions. Knows files, not configs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NoReturn

from recgen.findings import Finding, Location, join_path, kind_of, show
from recgen.load.nodes import NOWHERE, Lines, Node, Position, nearest

MAX_BYTES = 5_000_000
MAX_NODES = 200_000  # values, those repeated by aliases included ("billion laughs")
MAX_DEPTH = 50  # levels of nesting; a config has nine
MAX_FINDINGS = 300  # in one report; what is more is counted only
_MAX_SHOWN = 255  # characters of a name

TextKind = Literal["yaml", "json"]


@dataclass(frozen=True)
class Document:
    """Plain data (or an object with attributes), and where in the text each part stands.

    Attributes:
        data: What was read.
        source: The file's name as the user gave it.
        text: What stands in it, without a byte order mark.
        root: The nodes of the text.
        findings: What is wrong with the text itself.
        moved: Positions of what stands elsewhere in the text than in the data.
        unlisted: How many more findings on the text there are.
    """

    data: Any
    source: str | None = None
    text: str | None = None
    root: Node | None = None
    findings: tuple[Finding, ...] = ()
    moved: Mapping[Location, Position] = field(default_factory=dict)
    unlisted: int = 0

    @property
    def readable(self) -> bool:
        """Says whether there is data that is worth comparing with the config's shape."""
        return not any(finding.code in {"RG001", "RG002", "RG005"} for finding in self.findings)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text or "")

    def position(self, path: Location) -> Position:
        """Returns the position of a path (its key, or its value), or of what is around it."""
        node, depth = nearest(self.root, path) if self.root else (None, 0)
        for length in range(len(path), depth - 1, -1):
            if path[:length] in self.moved:
                return self.moved[path[:length]]
        return self._lines.position(*node.marked()) if node else NOWHERE


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


def read(source: object) -> Document:
    """Returns the document of a path (str or Path), a mapping, or an object with attributes.

    Never raises for what a user wrote: what cannot be read is a document with a finding.
    """
    name = str(source) if isinstance(source, (str, Path)) else None
    try:
        if name is not None:
            return _read_file(name)
        return Document(_plain(source))
    except UnreadableError as unreadable:
        shown = name and name[:_MAX_SHOWN]  # perhaps it is no path but 5 MB of text
        return Document(None, shown, findings=(unreadable.finding,))


def _plain(source: object) -> object:
    if isinstance(source, Mapping):
        try:
            return dict(source)
        except Exception as error:  # the mapping's own code; any failure means the same
            refuse("RG001", f"cannot read the mapping: {type(error).__name__}", "Pass a dict.")
    if source is None or isinstance(source, (bool, int, float, bytes, list, tuple, set)):
        _refuse_shape(source)
    return source


def _refuse_shape(data: object, position: Position = NOWHERE) -> NoReturn:
    empty = data is None or data == {}
    what = "the config is empty" if empty else f"a config is a mapping, this is {kind_of(data)}"
    refuse("RG005", what, "Start with the keys `name:`, `features:` and `model:`.", position)


def _read_file(name: str) -> Document:
    text = _read_text(name)
    try:
        document = read_text(text, text_kind(name), name)
        if not isinstance(document.data, dict) or not document.data:
            _refuse_shape(document.data, (1, 1, 2))
    except UnreadableError as unreadable:
        return Document(None, name, text, findings=(unreadable.finding,))
    return document


def text_kind(name: str) -> TextKind:
    """Returns what a file of this name holds."""
    return "json" if name.lower().endswith(".json") else "yaml"


def read_text(text: str, kind: TextKind, source: str | None = None) -> Document:
    """Returns the document of a text; raises `UnreadableError` when it is no YAML or JSON."""
    if kind == "json":
        from recgen.load.json_text import read_json

        return read_json(text, source)
    from recgen.load.yaml_text import read_yaml  # brings the YAML library, which takes time

    return read_yaml(text, source)


def _read_text(name: str) -> str:
    path = Path(name)
    try:
        if not path.exists():
            refuse("RG001", f"there is no file {show(name)}", _help_for_missing(name))
        if not path.is_file():
            kind = "a directory" if path.is_dir() else "no ordinary file"
            refuse("RG001", f"{show(name)} is {kind}", "Name a YAML or JSON file.")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL or a lone surrogate in the name
        reason = getattr(error, "strerror", None) or "the name is not valid"
        refuse("RG001", f"cannot read {show(name)}: {reason}", "Check the name and its rights.")
    if len(content) > MAX_BYTES:
        refuse("RG001", f"{show(name)} is larger than 5 MB", "A config takes a few kB; is it data?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = f"byte {error.start} is not UTF-8"
        refuse("RG001", f"{show(name)} is no text: {at}", "Save the file as UTF-8 text.")


def _help_for_missing(name: str) -> str:
    if "\n" in name or ": " in name:
        return "This looks like the config's text: pass a path, or parse it to a dict first."
    return "Check the path; a relative one starts at the current folder."
