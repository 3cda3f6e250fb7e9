"""Text of a config from plain data and comments. Knows YAML's lines, but not the content."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from recgen.findings import Location, printable
from recgen.reading.document import Document
from recgen.reading.sources import read_text

SCHEMA_FILE = "recgen.schema.json"
SCHEMA_LINE = f"# yaml-language-server: $schema=./{SCHEMA_FILE}"

_WIDTH = 100

Comments = Mapping[Location, Sequence[str]]


def comment(text: str) -> str:
    """Return text for a comment: on one line, and without directives to recgen."""
    return printable(text).replace("recgen:", "recgen :")


def config_text(data: Mapping[str, Any], comments: Comments) -> str:
    """Return the YAML text of a config with comments above its entries.

    Args:
        data: The contents of the config.
        comments: Comments by the path of the entry below them.

    Raises:
        AssertionError: The text does not read back as the data, which is a bug of recgen.
    """
    from recgen.reading.yaml_writer import write_yaml  # slow to import: it loads the YAML library

    plain = write_yaml(dict(data))
    above: dict[int, list[str]] = {}
    document = read_text(plain, "yaml")
    for path, texts in comments.items():
        above.setdefault(_line(document, path), []).extend(texts)
    starts = {_line(document, (key,)) for key in data}
    lines: list[str] = []
    for number, line in enumerate(plain.splitlines(), start=1):
        if number in starts and lines:
            lines.append("")
        indent = len(line) - len(line.lstrip(" "))
        for text in above.get(number, ()):
            lines += _wrapped(text, indent)
        lines.append(line)
    text = "".join(f"{line}\n" for line in lines)
    if read_text(text, "yaml").data != data:
        raise AssertionError("the text of the config does not read back as it was meant")
    return text


def _line(document: Document, path: Location) -> int:
    line, _, _ = document.position(path)
    assert line is not None
    return line


def _wrapped(text: str, indent: int) -> list[str]:
    start = " " * indent + "# "
    hanging = len(text) - len(text.lstrip(" "))
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start + " " * (hanging + 2 if hanging else 0),
        break_on_hyphens=False,
        break_long_words=False,
    ) or [start.rstrip()]
