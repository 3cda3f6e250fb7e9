"""Protocol buffers' text format, as schema.pbtxt has it. Knows no message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from recgen.inspect.records.wire import FormatError

_MAX_DEPTH = 100
_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[A-Za-z_][\w.]*)
    |(?P<number>[+-]?(?:\.?\d[\w.]*(?:(?<=[eE])[+-]?\d+)?|inf|infinity|nan))
    |(?P<mark>[{}<>:;,\[\]/-])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|.)", re.DOTALL)
_ESCAPED = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
}
_CLOSING = {"{": "}", "<": ">"}


@dataclass
class Message:
    """A message's fields in their order; a value is its text, a string without its quotes."""

    fields: list[tuple[str, str | Message]] = field(default_factory=list)

    def messages(self, name: str) -> Iterator[Message]:
        """Yields the messages in a field."""
        for key, value in self.fields:
            if key == name and isinstance(value, Message):
                yield value

    def value(self, name: str) -> str | None:
        """Returns the last value of a field."""
        found = (v for key, v in reversed(self.fields) if key == name and isinstance(v, str))
        return next(found, None)

    def message(self, name: str) -> Message | None:
        """Returns the last message of a field."""
        found = list(self.messages(name))
        return found[-1] if found else None


def parse_text(data: bytes) -> Message:
    """Returns what a text says.

    Raises:
        FormatError: It is no text in this format.
    """
    try:
        tokens = list(_tokens(data.decode()))
    except UnicodeDecodeError:
        raise FormatError("it is no text") from None
    return _Parser(tokens).message("", 0)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise FormatError(f"line {line} cannot be read: {text[at : at + 20]!r}")
        at = match.end()
        kind = str(match.lastgroup)
        if kind != "space":
            yield kind, match[0]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _skip(self, *marks: str) -> bool:
        if self._peek()[0] == "mark" and self._peek()[1] in marks:
            self._at += 1
            return True
        return False

    def message(self, closing: str, depth: int) -> Message:
        """Reads fields up to a mark, or up to the end."""
        if depth > _MAX_DEPTH:
            raise FormatError("its messages lie too deep in each other")
        found = Message()
        while not (self._skip(closing) if closing else self._peek()[0] == "end"):
            name = self._name()
            colon = self._skip(":")
            if self._skip("["):
                self._list(found, name, depth)
            else:
                found.fields.append((name, self._value(colon, depth)))
            self._skip(",", ";")
        return found

    def _name(self) -> str:
        if self._skip("["):  # an extension, or the type of an Any
            parts = []
            while not self._skip("]"):
                parts.append(self._next())
                if parts[-1][0] == "end":
                    raise FormatError("it ends within a name")
            return "".join(text for _, text in parts)
        kind, text = self._next()
        if kind != "word":
            raise FormatError(f"there is {text!r} where a field's name should be")
        return text

    def _list(self, found: Message, name: str, depth: int) -> None:
        while not self._skip("]"):
            found.fields.append((name, self._value(True, depth)))
            if not self._skip(",") and self._peek()[1] != "]":
                raise FormatError(f"the list {name} is not closed")

    def _value(self, colon: bool, depth: int) -> str | Message:
        kind, text = self._next()
        if kind == "mark" and text in _CLOSING:
            return self.message(_CLOSING[text], depth + 1)
        if not colon:
            raise FormatError(f"there is {text!r} where a message should begin")
        if kind == "text":
            parts = [text]
            while self._peek()[0] == "text":
                parts.append(self._next()[1])
            return _unquoted(parts)
        if (kind, text) == ("mark", "-"):
            kind, text = self._next()
            text = f"-{text}"
        if kind not in ("word", "number"):
            raise FormatError(f"there is {text!r} where a value should be")
        return text


def _unquoted(parts: list[str]) -> str:
    joined = b"".join(_ESCAPE.sub(_unescaped, part[1:-1].encode()) for part in parts)
    return joined.decode(errors="replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1] in b"01234567":
        return bytes([int(code, 8) & 0xFF])
    if code[:1] in b"xX" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    return _ESCAPED.get(code, code)
