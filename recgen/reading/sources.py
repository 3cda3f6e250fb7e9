"""From a file, a text, a mapping or an object to a document; chooses the reader of its syntax."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NoReturn

from recgen.findings import kind_of, show
from recgen.reading.document import MAX_BYTES, Document, UnreadableError, refuse
from recgen.reading.json_text import read_json
from recgen.reading.positions import NOWHERE, Position

_MAX_SHOWN = 255  # characters of a name

TextKind = Literal["yaml", "json"]


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
        shown = name and name[:_MAX_SHOWN]  # perhaps it is not a path but 5 MB of text
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
    return document_of(file_text(name), name)


def document_of(text: str, name: str) -> Document:
    """Returns the document of a file's text; what is wrong with it is a finding."""
    return text_document(text, text_kind(name), name)


def text_document(given: object, kind: TextKind, name: str | None = None) -> Document:
    """Returns the document of a text, or of its bytes; what is wrong with it is a finding."""
    try:
        text = _text(given)
    except UnreadableError as unreadable:
        return Document(None, name, findings=(unreadable.finding,))
    try:
        if len(text) > MAX_BYTES:
            refuse("RG001", "the text is larger than 5 MB", "A config takes a few kB; is it data?")
        document = read_text(text, kind, name)
        if not isinstance(document.data, dict) or not document.data:
            _refuse_shape(document.data, (1, 1, 2))
    except UnreadableError as unreadable:
        return Document(None, name, text, findings=(unreadable.finding,))
    return document


def _text(given: object) -> str:
    if isinstance(given, (bytes, bytearray)):
        return _decoded(bytes(given), "the text")
    if not isinstance(given, (str, type(None))):
        refuse("RG001", f"expected text, got {kind_of(given)}", "Pass the text of a config.")
    return given or ""


def _decoded(content: bytes, shown: str) -> str:
    if len(content) > MAX_BYTES:
        refuse("RG001", f"{shown} is larger than 5 MB", "A config takes a few kB; is it data?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = f"byte {error.start} is not UTF-8"
        refuse("RG001", f"{shown} is not text: {at}", "Save the file as UTF-8 text.")


def text_kind(name: str) -> TextKind:
    """Returns what a file of this name holds."""
    return "json" if name.lower().endswith(".json") else "yaml"


def read_text(text: str, kind: TextKind, source: str | None = None) -> Document:
    """Returns the document of a text; raises `UnreadableError` when it is not YAML or JSON."""
    if kind == "json":
        return read_json(text, source)
    from recgen.reading.yaml_text import read_yaml  # brings the YAML library, which takes time

    return read_yaml(text, source)


def file_text(name: str) -> str:
    """Returns what stands in a file; raises `UnreadableError` when it is not text, or too large."""
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
    return _decoded(content, show(name))


def _help_for_missing(name: str) -> str:
    if "\n" in name or ": " in name:
        return "This looks like the config's text: pass a path, or parse it to a dict first."
    return "Check the path; a relative one starts at the current folder."
