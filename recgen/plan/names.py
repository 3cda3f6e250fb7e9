"""Names in generated code: from any text to a distinct Python identifier."""

from __future__ import annotations

import re
from itertools import count

# Fixed lists: what this process knows depends on Python's version, and an interactive one adds to
# its builtins (`_` in Python, `display` in IPython). A config gives the same text everywhere.
_BUILTINS = """
    ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError
    BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError
    ConnectionError ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError
    Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup False FileExistsError
    FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError
    ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError
    KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError None
    NotADirectoryError NotImplemented NotImplementedError OSError OverflowError
    PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError
    RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration
    StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True
    TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
    UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError
    ZeroDivisionError

    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod
    compile complex copyright credits delattr dict dir divmod enumerate eval exec exit filter
    float format frozenset getattr globals hasattr hash help hex id input int isinstance
    issubclass iter len license list locals map max memoryview min next object oct open ord pow
    print property quit range repr reversed round set setattr slice sorted staticmethod str sum
    super tuple type vars zip
"""
BUILTINS = frozenset(_BUILTINS.split())
"""Names that Python 3.10 to 3.13 have without an import, apart from those with underscores."""

_KEYWORDS = """
    False None True and as assert async await break class continue def del elif else except
    finally for from global if import in is lambda nonlocal not or pass raise return try while
    with yield
    case match type
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""Python's keywords, with the soft ones."""

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
    if name in BUILTINS or name in KEYWORDS or name == "l":  # which looks like a one
        name = f"{name}_column"
    return name


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text
    from anyascii import anyascii  # slow to import: it loads its tables

    return anyascii(text)
