"""Attestation: proof that a rendered module is its template's form with the plan's values."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from pydantic import BaseModel

from recgen.findings import RecgenError, show
from recgen.literals import literal_in
from recgen.plan.names import BUILTINS

# Names that generated code may use, apart from the runtime, whose text is fixed, and TensorFlow,
# which is not listed name by name.
_ALLOWED = (
    "AttributeError ImportError ModuleNotFoundError RuntimeError TypeError ValueError bool bytes "
    "int isinstance issubclass len list map max min print reversed round sorted str super zip"
)
_FORBIDDEN = BUILTINS.difference(_ALLOWED.split())
_STANDARD = "importlib.util.find_spec math.log math.nan math.pi os.environ.setdefault"
_MODULES = {name.partition(".")[0] for name in _STANDARD.split()}
_DUNDER = ("__file__", "__init__", "__name__", "__version__")


class AttestationError(RecgenError):
    """Rendered text differs from the plan. This is a bug of recgen, so nothing is written."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the rendered code is not what was planned: {what}",
            "nothing was written; this is a bug of recgen, please report it with the config",
        )


class Plan(Protocol):
    """Properties that every plan has."""

    @property
    def imports(self) -> frozenset[str]:
        """Modules that the generated module imports."""


def attest_text(text: str, form: str) -> None:
    """Raise AttestationError unless the text is the form, with a literal in each slot.

    Both are parsed, so their formatting and comments do not matter.
    """
    pairs: list[tuple[object, object]] = [(_parsed(text), _parsed(form))]
    while pairs:
        given, wanted = pairs.pop()
        slot = literal_in(wanted.id) if isinstance(wanted, ast.Name) else None
        if slot is not None:
            wanted = ast.parse(slot, mode="eval").body
            if not all(isinstance(node, _LITERAL) for node in ast.walk(wanted)):
                raise AttestationError(f"{show(slot)} is not a literal")
        if type(given) is not type(wanted):
            raise AttestationError(f"{_named(given)} instead of {_named(wanted)}")
        if isinstance(given, ast.AST):
            pairs += [(getattr(given, f), getattr(wanted, f)) for f in given._fields]
        elif isinstance(given, list) and isinstance(wanted, list):
            if len(given) != len(wanted):
                raise AttestationError(f"{len(given)} parts instead of {len(wanted)}")
            pairs += zip(given, wanted, strict=True)
        elif repr(given) != repr(wanted):  # 0.0 == -0.0
            raise AttestationError(f"{show(given)} instead of {show(wanted)}")


_NAMED = (ast.Name, ast.Attribute)
_LITERAL = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.USub, ast.expr_context)


def attest_module(text: str, form: str, plan: Plan) -> None:
    """Raise AttestationError unless imports, names and literals are those of the plan.

    Args:
        text: The module, without the runtime's text.
        form: The module before its slots were filled.
        plan: The plan of the module.
    """
    nodes = list(ast.walk(_parsed(text)))
    found = set(_imports(nodes))
    if found != plan.imports:
        raise AttestationError(f"it imports {', '.join(sorted(found ^ plan.imports))}")
    for node in nodes:
        if isinstance(node, _NAMED):
            _attest_name(node)
    held = {(type(value), value) for value in _values(plan)}
    for node in ast.walk(_parsed(form)):
        slot = literal_in(node.id) if isinstance(node, ast.Name) else None
        for value in _scalars(ast.literal_eval(slot)) if slot is not None else ():
            if (type(value), value) not in held:
                raise AttestationError(f"the plan does not hold {show(value)}")


def _attest_name(node: ast.Name | ast.Attribute) -> None:
    name = node.id if isinstance(node, ast.Name) else node.attr
    if name.startswith("__") and name not in _DUNDER:
        raise AttestationError(f"it uses {name}")
    if isinstance(node, ast.Name) and name in _FORBIDDEN:
        raise AttestationError(f"it uses {name}")
    if isinstance(node, ast.Attribute) and _root(node) in _MODULES:
        dotted = ast.unparse(node)
        if not any(f"{use}.".startswith(f"{dotted}.") for use in _STANDARD.split()):
            raise AttestationError(f"it uses {show(dotted)}")


def _root(node: ast.AST) -> str:
    """Return the name of which this is an attribute, also of its calls and items; or ""."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield f"{node.module} (from)"  # no template does this


def _scalars(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for item in value:
            yield from _scalars(item)
    else:
        yield value


def _values(plan: Any) -> Iterator[object]:
    """Yield every value in a plan, at any depth."""
    if dataclasses.is_dataclass(plan):
        for field in dataclasses.fields(plan):
            yield from _values(getattr(plan, field.name))
    elif isinstance(plan, BaseModel):
        yield from _values(plan.model_dump())
    elif isinstance(plan, Mapping):
        yield from (value for item in plan.values() for value in _values(item))
    elif isinstance(plan, (tuple, list, frozenset)):
        yield from (value for item in plan for value in _values(item))
    else:
        yield plan


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text.encode())  # as bytes, like a file: a comment can name an encoding
    except (SyntaxError, ValueError) as error:
        raise AttestationError(f"it is not Python: {error}") from error


def _named(part: object) -> str:
    return type(part).__name__ if isinstance(part, ast.AST) else show(part)
