"""Names for generated code: any text in, one distinct Python identifier out."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from itertools import chain, count

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Names:
    """Hands out identifiers: the same key gets the same name, two keys never share one.

    `reserved` are names that the surrounding code uses itself.
    """

    def __init__(self, reserved: frozenset[str] = frozenset()) -> None:
        self._taken = set(reserved)
        self._names: dict[tuple[str, ...], str] = {}

    def of(self, key: tuple[str, ...], *wishes: str) -> str:
        """Returns the identifier for a key: the first wish that is free, else a numbered one.

        Without wishes, the key's parts joined by `_` are the wish.
        """
        if key not in self._names:
            self._names[key] = self._free([slug(wish) for wish in wishes or ("_".join(key),)])
            self._taken.add(self._names[key])
        return self._names[key]

    def _free(self, wishes: list[str]) -> str:
        numbered = (f"{wishes[0]}_{number}" for number in count(2))
        return next(name for name in chain(wishes, numbered) if name not in self._taken)


def slug(text: str) -> str:
    """Returns a snake_case ASCII identifier that is no keyword, no builtin and no `l`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"\W+", "_", _WORD_BREAK.sub("_", plain)).lower()
    name = re.sub(r"__+", "_", words).strip("_") or "column"
    if name[0].isdigit():
        name = f"column_{name}"
    taken = keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name)
    if taken or name == "l":  # looks like a one
        name = f"{name}_column"
    return name
