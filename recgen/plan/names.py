"""Names for generated code: any text in, one distinct Python identifier out."""

from __future__ import annotations

import builtins
import keyword
import re
from itertools import count

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_LONGEST = 60  # characters; two names that are equal so far are numbered


class Names:
    """Hands out identifiers: the same key gets the same name, two keys never share one.

    `reserved` are names that the surrounding code uses itself.
    """

    def __init__(self, reserved: frozenset[str] = frozenset()) -> None:
        self._taken = set(reserved)
        self._names: dict[tuple[str, ...], str] = {}
        self._numbers: dict[str, int] = {}  # the next one for a wish that is taken

    def of(self, key: tuple[str, ...], *wishes: str) -> str:
        """Returns the identifier for a key: the first wish that is free, else a numbered one.

        Without wishes, the key's parts joined by `_` are the wish.
        """
        if key not in self._names:
            self._names[key] = self._free([slug(wish) for wish in wishes or ("_".join(key),)])
            self._taken.add(self._names[key])
        return self._names[key]

    def _free(self, wishes: list[str]) -> str:
        free = next((wish for wish in wishes if wish not in self._taken), None)
        if free is not None:
            return free
        first = wishes[0]
        numbers = count(self._numbers.get(first, 2))
        number = next(n for n in numbers if f"{first}_{n}" not in self._taken)
        self._numbers[first] = number + 1
        return f"{first}_{number}"


def slug(text: str) -> str:
    """Returns a snake_case ASCII identifier that is no keyword, no builtin and no `l`.

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
    from anyascii import anyascii  # loads its tables

    return anyascii(text)
