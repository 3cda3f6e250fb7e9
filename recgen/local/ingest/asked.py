"""Errors about what is not certain in a file, and what a user writes to settle it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TypeAlias

from recgen.findings import RecgenError

Value: TypeAlias = "str | Sequence[str]"
Spelling: TypeAlias = "Callable[[str, Value], str]"
"""Returns how a key of `data` is set to a value, as a sentence without its end."""


def as_key(name: str, value: Value) -> str:
    """Return the line of a config, for commands that read one."""
    if not isinstance(value, str):
        text = f"[{', '.join(value)}]"
    elif value.isprintable() and value.replace("-", "").isalnum():
        text = value
    else:
        text = f"'{value}'" if "'" not in value else f'"{value}"'
    return f"set `{name}: {text}` under `data` in the config"


def as_option(name: str, value: Value) -> str:
    """Return the option of `init`, which writes a config."""
    text = value if isinstance(value, str) else ",".join(value)
    return f"add `--{name.replace('_', '-')} {shlex.quote(text)}`"


def as_argument(name: str, value: Value) -> str:
    """Return the argument of a Python function."""
    shown = value if isinstance(value, str) else list(value)
    return f"pass `reading={{{name!r}: {shown!r}}}`"


class AskedError(RecgenError):
    """A file that can be read once the user has set a key of `data`; `help` names the key."""

    def __init__(self, message: str, help: Callable[[Spelling], str]) -> None:
        super().__init__(message, help(as_key))
        self._help = help

    def spelled(self, spelling: Spelling) -> RecgenError:
        """Return the same error, with help for users who set the key in another way."""
        return RecgenError(self.message, self._help(spelling))

    def __reduce__(self) -> tuple[type[RecgenError], tuple[str, str]]:
        """Return what pickle makes it of again: functions cannot be sent to another process."""
        return RecgenError, (self.message, self.help)
