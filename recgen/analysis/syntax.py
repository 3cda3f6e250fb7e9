"""Syntax trees of Python modules: names, constants, calls and assignments. Judges nothing."""

from __future__ import annotations

import ast
from collections.abc import Mapping


def parsed(text: str) -> ast.Module | None:
    """Return the tree of a module; None if its text cannot be parsed."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def constants_of(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Return the values of the module's names."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def name_of(node: ast.AST) -> str:
    """Return the last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def text_of(node: ast.AST | None) -> str | None:
    """Return a constant's text; None if it is none."""
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


def is_none(node: ast.AST) -> bool:
    """Return whether an expression is `None`."""
    return isinstance(node, ast.Constant) and node.value is None


def calls_in(node: ast.AST) -> list[ast.Call]:
    """Return all calls in a tree."""
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def keyword_of(call: ast.AST | None, name: str) -> ast.expr | None:
    """Return the value of a call's keyword argument; None if it has none, or is not a call."""
    found = call.keywords if isinstance(call, ast.Call) else []
    return next((each.value for each in found if each.arg == name), None)


def targets_of(node: ast.AST) -> set[str]:
    """Return the names that a statement assigns to, or attributes' last parts."""
    found: set[str] = set()
    for target in node.targets if isinstance(node, ast.Assign) else ():
        found |= {name_of(each) for each in ast.walk(target)} - {""}
    return found
