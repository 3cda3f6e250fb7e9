"""Paths and values in messages: short, and printable on every terminal."""

from __future__ import annotations

from collections.abc import Iterable

PathPart = str | int
Location = tuple[PathPart, ...]

_SHOWN = 60  # characters of a value in a message: enough to recognize it, too few to flood


def join_path(parts: Iterable[PathPart]) -> str:
    """Return `buyer_model_features[2].transforms`; keys that are not identifiers are quoted."""
    text = ""
    for part in parts:
        if isinstance(part, str) and part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def show(value: object) -> str:
    """Return any value for a message: short, and printable on every terminal."""
    if value is None or isinstance(value, (bool, float)):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**_SHOWN else "a number with too many digits"
    if isinstance(value, str):
        text = str(value)
        return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"
    return kind_of(value)


def kind_of(value: object) -> str:
    """Return the kind of a value in the words of a config: `a list`, `a mapping`, `text`."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        ((list, tuple), "a list"),
        (dict, "a mapping"),
        (type(None), "nothing (null)"),
    )
    for types, words in kinds:
        if isinstance(value, types):
            return words
    return f"an object of type {type(value).__name__}"


def printable(text: str) -> str:
    """Escape everything a terminal would act on: line breaks, escape sequences, surrogates."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with its noun: `1 row`, `2,000 rows`; `things` is an irregular plural."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def install(extra: str) -> str:
    """Return how to install recgen with an extra; it is on no package index."""
    return f"in a checkout of recgen: pip install '.[{extra}]'; or pip install 'FILE.whl[{extra}]'"


def percent(share: float) -> str:
    """Return a share in whole percent, but `less than 1%` or `more than 99%` near 0 and 1."""
    if 0 < share < 0.01:
        return "less than 1%"
    if 0.99 < share < 1:
        return "more than 99%"
    return f"{share:.0%}"
