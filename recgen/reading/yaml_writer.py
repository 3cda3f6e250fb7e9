"""Plain data to YAML text that reading gives back as it was. Knows a config's levels, no more."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.resolver import Resolver

from recgen.findings import Location
from recgen.reading.yaml_scalars import resolved

_TEXT = "tag:yaml.org,2002:str"
_WIDTH = 100
_NO_DIGITS = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
_USUAL = Resolver()  # YAML 1.1, as most readers have it
# How many levels of a section stand one entry a line; what is deeper is written in brackets.
_BLOCK_LEVELS = {"features": 5}
_OTHER_LEVELS = 3


def write_yaml(data: dict[str, Any]) -> str:
    """Returns a YAML text with the sections and features of a config one below the other."""
    text = yaml.serialize(
        _node(data, ()), Dumper=_Dumper, allow_unicode=True, width=_WIDTH, encoding=None
    )
    return str(text)


class _Dumper(yaml.SafeDumper):
    """Writes scalars as they are given, and indents the items of lists."""

    # Whether a scalar has to be quoted is decided here, by what recgen reads.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (it is the library's)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _node(value: object, path: Location) -> yaml.Node:
    levels = _BLOCK_LEVELS.get(str(path[0]), _OTHER_LEVELS) if path else 1
    flow = len(path) >= levels or value in ({}, [])
    if isinstance(value, dict):
        pairs = [(_scalar(key), _node(inner, (*path, key))) for key, inner in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=flow)
    if isinstance(value, list):
        items = [_node(inner, (*path, index)) for index, inner in enumerate(value)]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=flow)
    return _scalar(value)


def _scalar(value: object) -> yaml.ScalarNode:
    if isinstance(value, str):
        return yaml.ScalarNode(_TEXT, value, style=None if _is_plain(value) else '"')
    if value is None:
        return yaml.ScalarNode(_TEXT, "null")
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return yaml.ScalarNode(_TEXT, _NO_DIGITS.get(text, text))


def _is_plain(text: str) -> bool:
    """Return whether a text may stand without quotes, here and in most other readers of YAML."""
    if not text or not text.isprintable() or resolved(text) != text:
        return False
    tag: object = _USUAL.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag == _TEXT
