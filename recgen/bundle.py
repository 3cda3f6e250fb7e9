"""Bundling: the parts of the trainer's runtime as the text of one module.

A part is a Python file about one subject. At its top, it imports other modules (`import json`)
and names of earlier parts (`from .rows import Split`). The module has the former once, at its
own top, and does not need the latter.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_WIDTH = 88  # of emitted lines


class BundleError(Exception):
    """The parts cannot become one module: a mistake in a part, not in a config."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Parts as one module.

    Attributes:
        text: The module.
        body: The module without its first part and without imports.
        imports: Modules of the standard library that the body uses, sorted.
    """

    text: str
    body: str
    imports: tuple[str, ...]


def bundle(parts: Mapping[str, str]) -> Bundle:
    """Return the parts as one module, in their order.

    The first part is the beginning of the module: its docstring is the module's, and the imports
    of all parts take the place of its own. Above each other part is its docstring, as a heading.

    Args:
        parts: The text of each part by its name, such as "rows" or "retrieval.model".

    Raises:
        BundleError: Two parts define a name, or a part imports in another form than described
            above, or from a part that is not before it, as it would in a cycle.
    """
    first, *others = (_parse(name, text) for name, text in parts.items())
    _check_names([first, *others])
    for place, part in enumerate(others):
        _check_top(part)
        _check_local_imports(part, {other.name: other for other in others[:place]})
    imports = {name for part in others for name in part.imports}
    body = "\n\n\n".join(part.section() for part in others) + "\n"
    head = first.with_imports(imports | set(first.imports))
    standard = sorted(name.split()[1] for name in imports if _is_standard(name))
    return Bundle(f"{head}\n\n\n{body}", body, tuple(standard))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part as text and as a tree.

    Attributes:
        imports: Imports of other modules, such as "import numpy as np", with the statements.
        local: Imports of names of other parts.
        defined: The names that the part defines.
    """

    name: str
    text: str
    tree: ast.Module
    imports: dict[str, ast.Import]
    local: list[ast.ImportFrom]
    defined: frozenset[str]

    def section(self) -> str:
        """Return what follows the imports, below a heading."""
        title, *more = str(ast.get_docstring(self.tree)).splitlines()
        rule = "=" * (_WIDTH - len(title) - 6)
        comments = [f"# == {title} {rule}", *(f"# {line}".rstrip() for line in more)]
        top = [self.tree.body[0], *self.imports.values(), *self.local]
        end = max(node.end_lineno or 0 for node in top)
        body = "\n".join(self.text.splitlines()[end:]).strip("\n")
        return "\n".join(comments) + f"\n\n\n{body}"

    def with_imports(self, imports: Iterable[str]) -> str:
        """Return the text with these imports, each kind where the first one of it was."""
        lines: list[str | None] = list(self.text.splitlines())
        first: dict[bool, int] = {}
        for text, node in self.imports.items():
            first.setdefault(_is_standard(text), node.lineno - 1)
            lines[node.lineno - 1] = None
        for is_standard, line in first.items():
            of_kind = sorted(text for text in imports if _is_standard(text) is is_standard)
            lines[line] = "\n".join(of_kind)
        return "\n".join(line for line in lines if line is not None).strip("\n")


def _parse(name: str, text: str) -> _Part:
    tree = ast.parse(text)
    imports, local = {}, []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        is_local = isinstance(node, ast.ImportFrom) and node.level and node.module
        if node not in tree.body or not (is_local or isinstance(node, ast.Import)):
            raise BundleError(
                f"{name}: `{ast.unparse(node)}` should be at the top, as `import module` or "
                "`from .part import name`"
            )
        if isinstance(node, ast.Import):
            imports[ast.unparse(node)] = node
        else:
            local.append(node)
    return _Part(name, text, tree, imports, local, frozenset(_defined(tree.body)))


def _defined(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _check_names(parts: Iterable[_Part]) -> None:
    """Refuse parts in which a name means two things."""
    owners: dict[str, str] = {}
    for part in parts:
        for text, node in part.imports.items():
            alias, *more = node.names
            if more:
                raise BundleError(f"{part.name}: `{text}` should be one import a line")
            name = alias.asname or alias.name.partition(".")[0]
            if owners.setdefault(name, text) != text:
                raise BundleError(f"{part.name}: `{text}`, but {name} is also {owners[name]}")
        for name in sorted(part.defined):
            if name in owners:
                raise BundleError(f"{part.name} defines {name}, which is also {owners[name]}")
            owners[name] = f"defined in {part.name}"


def _check_top(part: _Part) -> None:
    """Refuse a part without a docstring, or with code above an import, which would be lost."""
    if ast.get_docstring(part.tree) is None:
        raise BundleError(f"{part.name} has no docstring, which becomes its heading")
    kinds = [isinstance(node, (ast.Import, ast.ImportFrom)) for node in part.tree.body[1:]]
    if kinds != sorted(kinds, reverse=True):
        raise BundleError(f"{part.name} has an import below other code")


def _check_local_imports(part: _Part, earlier: Mapping[str, _Part]) -> None:
    folder = part.name.split(".")[:-1]
    for node in part.local:
        levels = len(folder) - node.level + 1
        source = ".".join([*folder[: max(0, levels)], str(node.module)])
        if levels < 0 or source not in earlier:
            raise BundleError(f"{part.name} imports from {source}, which is not before it")
        for alias in node.names:
            if alias.asname:
                raise BundleError(f"{part.name} imports {alias.name} under another name")
            if alias.name not in earlier[source].defined:
                raise BundleError(f"{source} does not define {alias.name}, see {part.name}")


def _is_standard(text: str) -> bool:
    """Return whether an import is of the standard library."""
    return text.split()[1].partition(".")[0] in sys.stdlib_module_names
