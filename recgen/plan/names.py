"""Names in generated code: from any text to a distinct Python identifier."""

from __future__ import annotations

import builtins
import keyword
import re
from itertools import count

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_LONGEST = 60  # characters; longer names are cut, and numbered if they collide


class Names:
    """Identifiers by key: the same key gets the same name, and two keys never share one.

    `reserved` are names that the surrounding code uses.
    """

    def __init__(self, reserved: frozenset[str] = frozenset()) -> None:
        self._taken = set(reserved)
        self._names: dict[tuple[str, ...], str] = {}
        self._numbers: dict[str, int] = {}  # the next number for a name that is taken

    def of(self, key: tuple[str, ...], *preferred: str) -> str:
        """Return the identifier of a key: the first free preferred one, otherwise a numbered one.

        By default, the parts of the key joined by `_` are preferred.
        """
        if key not in self._names:
            self._names[key] = self._free([slug(name) for name in preferred or ("_".join(key),)])
            self._taken.add(self._names[key])
        return self._names[key]

    def _free(self, preferred: list[str]) -> str:
        free = next((name for name in preferred if name not in self._taken), None)
        if free is not None:
            return free
        first = preferred[0]
        numbers = count(self._numbers.get(first, 2))
        number = next(n for n in numbers if f"{first}_{n}" not in self._taken)
        self._numbers[first] = number + 1
        return f"{first}_{number}"


def slug(text: str) -> str:
    """Return a snake_case ASCII identifier that is not a keyword, a builtin or `l`.

    Other alphabets are transliterated: TensorFlow's names are ASCII, and reviewers can read them.
    """
    words = re.sub(r"\W+", "_", _WORD_BREAK.sub("_", _in_ascii(text))).lower()
    name = re.sub(r"__+", "_", words).strip("_")[:_LONGEST].rstrip("_") or "column"
    if name[0].isdigit():
        name = f"column_{name}"
    taken = keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name)
    if taken or name == "l":  # looks like a one
        name = f"{name}_column"
    return name


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text
    from anyascii import anyascii  # slow to import: it loads its tables

    return anyascii(text)
