"""Hypothesis strategies that break configs: their data, and their text as YAML or JSON."""

from __future__ import annotations

import copy
import datetime
import decimal
import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from attacks import ATTACKS
from hypothesis import strategies as st
from strategies import Plain

Place = tuple[str | int, ...]


class Raising:
    """An object of somebody else's, whose attributes are code that fails."""

    def __init__(self, error: type[Exception], only: str = "") -> None:
        self.__dict__["parts"] = (error, only)

    def __getattr__(self, name: str) -> Any:
        error, only = self.__dict__["parts"]
        if name.startswith(only):
            raise error(f"no {name} today")
        return None


class BrokenDict(dict[str, Any]):
    """A mapping that cannot be read."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no keys today")

    keys = items = values = __iter__  # type: ignore[assignment]


class BrokenText(str):
    """A text that looks like no other."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("compares with nothing")

    __hash__ = str.__hash__


class BrokenList(list[Any]):
    """A list that cannot be walked."""

    def __iter__(self) -> Iterator[Any]:
        raise OSError("gone")


def _nested(depth: int, kind: Callable[[Any], Any]) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = kind(value)
    return value


def _endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


# Made anew for each use: some are changed by reading them.
_JUNK: dict[str, Callable[[], Any]] = {
    "raising": lambda: Raising(RuntimeError),
    "raising one attribute": lambda: Raising(ValueError, only="t"),
    "lacking attributes": lambda: Raising(AttributeError),
    "broken dict": lambda: BrokenDict(a=1),
    "broken text": lambda: BrokenText("text"),
    "broken list": lambda: BrokenList([1]),
    "lists in lists": lambda: _nested(3000, lambda value: [value]),
    "dicts in dicts": lambda: _nested(3000, lambda value: {"embedding": value}),
    "a list in itself": _endless,
    "5 MB": lambda: "x" * 5_000_000,
    "many": lambda: [{}] * 2000,
    "huge": lambda: 10**5000,
    "set": lambda: {"a", "b"},
    "bytes": lambda: b"\xff\x00",
    "generator": lambda: (number for number in range(3)),
    "function": lambda: _nested,
    "class": lambda: int,
    "date": lambda: datetime.date(2024, 1, 1),
    "decimal": lambda: decimal.Decimal("NaN"),
    "complex": lambda: 1j,
    "ellipsis": lambda: ...,
    "keys of all types": lambda: {1: 2, None: 3, (): 4, 1.5: 5, b"x": 6},
}
_PLAIN_JUNK = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**30), 0.0, -0.0, 1e-300, 1e308),
    *(float("nan"), float("inf"), float("-inf"), 1.0, 0.1, "", "0.05", "true", "null", [], {}),
    *([[]], [None], {"": ""}, [{}], {"enabled": None}, {"type": "dense"}, {"data_type": "text"}),
)
_plain_junk = (
    st.sampled_from(_PLAIN_JUNK) | st.sampled_from(sorted(ATTACKS.values())) | st.text(max_size=9)
).map(copy.deepcopy)
_junk = st.sampled_from(sorted(_JUNK)).map(lambda name: _JUNK[name]())


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Yields the path of each part of plain data but the whole."""
    if type(value) in (dict, list):  # not what only looks like them
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(part, (*path, key))


@st.composite
def mutants(draw: st.DrawFn, configs: st.SearchStrategy[Plain]) -> Any:
    """Draws a config and breaks it in up to four places; it stays data that a file can hold."""
    config = copy.deepcopy(draw(configs))
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(config))
        if not found:
            break
        path, other = draw(st.sampled_from(found)), draw(st.sampled_from(found))
        mutation = _MUTATIONS[draw(st.sampled_from(sorted(_MUTATIONS)))]
        mutation(config, path, other, draw(_plain_junk))
    return config


@st.composite
def monsters(draw: st.DrawFn, configs: st.SearchStrategy[Plain]) -> Any:
    """Draws a broken config with one or two objects that no file can hold."""
    config = draw(mutants(configs))
    found = list(places(config))
    for _ in range(draw(st.integers(1, 2)) if found else 0):
        path = draw(st.sampled_from(found))
        _replace(config, path, (), draw(_junk))
        found = [other for other in found if other[: len(path)] != path] or [path]
    return config


def _at(value: Any, path: Place) -> Any:
    for part in path:
        value = value[part]
    return value


def _replace(config: Any, path: Place, other: Place, junk: Any) -> None:
    _at(config, path[:-1])[path[-1]] = junk


def _remove(config: Any, path: Place, other: Place, junk: Any) -> None:
    del _at(config, path[:-1])[path[-1]]


def _rename(config: Any, path: Place, other: Place, junk: Any) -> None:
    owner = _at(config, path[:-1])
    if isinstance(owner, dict):
        value = owner.pop(path[-1])
        owner[junk if isinstance(junk, str) else f"{path[-1]}s"] = value


def _add(config: Any, path: Place, other: Place, junk: Any) -> None:
    owner = _at(config, path[:-1])
    if isinstance(owner, list):
        owner.append(junk)
    else:
        owner[f"{other[-1]}"] = junk


def _copy(config: Any, path: Place, other: Place, junk: Any) -> None:
    _at(config, path[:-1])[path[-1]] = copy.deepcopy(_at(config, other))


def _swap(config: Any, path: Place, other: Place, junk: Any) -> None:
    first, second = copy.deepcopy(_at(config, path)), copy.deepcopy(_at(config, other))
    if path[: len(other)] != other and other[: len(path)] != path:  # neither inside the other
        _at(config, path[:-1])[path[-1]] = second
        _at(config, other[:-1])[other[-1]] = first


def _wrap(config: Any, path: Place, other: Place, junk: Any) -> None:
    owner = _at(config, path[:-1])
    owner[path[-1]] = [owner[path[-1]]]


_MUTATIONS: dict[str, Callable[[Any, Place, Place, Any], None]] = {
    "add": _add,
    "copy": _copy,
    "remove": _remove,
    "rename": _rename,
    "replace": _replace,
    "swap": _swap,
    "wrap": _wrap,
}


def as_yaml(config: Any) -> str:
    """Returns plain data as YAML text."""
    return str(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))


def as_json(config: Any) -> str:
    """Returns plain data as JSON text, of Python's kind: NaN stays."""
    return json.dumps(config, indent=1)


_PIECES = (
    *"\t\r\n\0\x85\u2028\ufeff\x1b:-#&*!|>'\"%@`{}[],?~=<0",
    *(": ", "\n- ", "\n\n", "---\n", "...\n", "&a ", "*a", "<<: ", "!!python/object:os.system "),
    *("\\", "!", "? ", "'''", "|2\n", ">-\n", "%YAML 1.1\n", "%TAG ! x\n", '"\\U00110000"'),
    *('"\\x', "1" * 5000, "# recgen: ignore RG112\n"),
    *("[" * 60, "{a: " * 60, "nan", ".inf", "1e999", "0x1", "1_0", "NO", "2024-01-01", "\ud800"),
)


@st.composite
def broken_texts(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Draws a text and changes characters of it: put in, taken out, doubled, cut off."""
    text = draw(texts)
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 0, 1, 2, 20))))
        piece = draw(st.sampled_from(_PIECES) | st.text(max_size=3) | st.just(text[start:end] * 2))
        text = text[:start] + piece + text[end:]
    if draw(st.integers(0, 9)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return text
