"""What the user gave, as plain data with positions. Knows files, not configs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from recgen.findings import Finding, Location, join_path, kind_of, show

MAX_BYTES = 1_000_000
_MAX_SHOWN = 255  # characters of a name
MAX_DEPTH = 50  # levels of nesting; a config has nine

Position = tuple[int, int]


@dataclass(frozen=True)
class Document:
    """Plain data (or an object with attributes), and where in the text each part stands."""

    data: Any
    source: str | None = None
    positions: Mapping[Location, Position] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def readable(self) -> bool:
        """Says whether there is data that is worth comparing with the config's shape."""
        return not any(finding.code in {"RG001", "RG002", "RG005"} for finding in self.findings)

    def position(self, path: Location) -> Position | tuple[None, None]:
        """Returns line and column (from 1) of a path, or of the nearest part around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return None, None


class UnreadableError(Exception):
    """Carries the one finding that keeps a source from being read."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def refuse(
    code: str, message: str, help: str, position: Position | None = None, path: Location = ()
) -> NoReturn:
    """Raises `UnreadableError` with the finding that is described."""
    raise UnreadableError(problem(code, message, help, position, path))


def problem(
    code: str, message: str, help: str, position: Position | None = None, path: Location = ()
) -> Finding:
    """Returns an error on the text itself."""
    line, column = position or (None, None)
    return Finding(code, "error", join_path(path), message, help, line, column)


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


def _refuse_shape(data: object, position: Position | None = None) -> NoReturn:
    empty = data is None or data == {}
    what = "the config is empty" if empty else f"a config is a mapping, this is {kind_of(data)}"
    refuse("RG005", what, "Start with the keys `name:`, `features:` and `model:`.", position)


def _read_file(name: str) -> Document:
    text = _read_text(name)
    if name.lower().endswith(".json"):
        document = _read_json(text, name)
    else:
        from recgen.load.yaml_text import read_yaml  # brings the YAML library, which takes time

        document = read_yaml(text, name)
    if not isinstance(document.data, dict) or not document.data:
        _refuse_shape(document.data, (1, 1))
    return document


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
        refuse("RG001", f"{show(name)} is larger than 1 MB", "A config takes a few kB; is it data?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = f"byte {error.start} is not UTF-8"
        refuse("RG001", f"{show(name)} is no text: {at}", "Save the file as UTF-8 text.")


def _help_for_missing(name: str) -> str:
    if "\n" in name or ": " in name:
        return "This looks like the config's text: pass a path, or parse it to a dict first."
    return "Check the path; a relative one starts at the current folder."


def _read_json(text: str, name: str) -> Document:
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in items:
            if key in seen:
                repeated.append(key)
            seen[key] = value
        return seen

    try:
        data = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        at = (error.lineno, error.colno)
        refuse("RG002", f"this is not JSON: {error.msg.lower()}", "Mend the syntax.", at)
    except RecursionError:
        refuse("RG002", "nested too deeply", f"A config has at most {MAX_DEPTH} levels.")
    except ValueError:  # Python refuses to read integers of thousands of digits
        refuse("RG002", "holds a number with too many digits", "Write a shorter number.")
    found = tuple(
        problem("RG003", f"the key {show(key)} is given twice", "Keep one of them.")
        for key in repeated
    )
    return Document(data, name, findings=found)
