"""What every pair of generated modules must be, whatever the config. No TensorFlow."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import black
from pydantic import BaseModel

from recgen.config import ExperimentConfig
from recgen.plan.trainer import plan_trainer
from recgen.plan.transform import plan_transform

ROOT = Path(__file__).resolve().parents[1]
ALLOWED_IMPORTS = {
    "transform_module.py": {"math", "tensorflow", "tensorflow_transform"},
    "trainer_module.py": {
        "json",
        "math",
        "os",
        "time",
        "numpy",
        "tensorflow",
        "tensorflow_recommenders",
        "tensorflow_transform",
    },
}
PLANS = {"transform_module.py": plan_transform, "trainer_module.py": plan_trainer}
_TEMPLATES = "\n".join(path.read_text("utf-8") for path in sorted(ROOT.glob("templates/**/*.j2")))
_JOINED = re.sub(r'"\s*\n\s*f?"', "", _TEMPLATES)  # strings that go on in the next line
_WORDS = set(re.findall(r"\w+", _TEMPLATES))
_NUMBERS = {value for value in (word.replace("_", "") for word in _WORDS) if value.isdigit()}
_REAL = {float(text) for text in re.findall(r"\d+\.\d+|\d+(?:\.\d+)?e-?\d+", _TEMPLATES)}


def assert_well_made(files: Mapping[str, str], config: ExperimentConfig) -> None:
    """Asserts everything below of both modules of a config."""
    for name, text in files.items():
        compile(text, name, "exec", dont_inherit=True)
        assert black.format_str(text, mode=black.Mode()) == text, f"black would change {name}"
        assert_imports(name, text)
        assert_no_stranger(text, PLANS[name](config))
    assert_ruff_clean(files)


def assert_imports(name: str, text: str) -> None:
    """Asserts that the module stands alone: no recgen, and no import beyond the usual ones."""
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= ALLOWED_IMPORTS[name], f"{name} imports {imported - ALLOWED_IMPORTS[name]}"


def assert_ruff_clean(files: Mapping[str, str]) -> None:
    """Asserts that ruff finds nothing: neither undefined nor unused names, nor likely bugs."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        rules = ["--select", "E4,E7,E9,F,B,I", "--target-version", "py310"]
        command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules]
        result = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def assert_no_stranger(text: str, plan: object) -> None:
    """Asserts that each literal and each name is the template's own or the plan's (P1, P2)."""
    held = set(_values(plan))
    tree = ast.parse(text)
    docstrings = {id(node) for node in _docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            assert _is_known(node.value, held), f"{node.value!r} in line {node.lineno}"
        for name in _identifiers(node):
            assert name in _WORDS or name in held, f"the name {name!r}"


def _is_known(value: object, held: set[object]) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, (int, float)):
        return value in held or str(value) in _NUMBERS or value in _REAL
    assert isinstance(value, str)
    escaped = value.encode("unicode_escape").decode()
    return value in held or any(text in _JOINED for text in (value, escaped))


def _identifiers(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    if isinstance(node, ast.Attribute):
        yield node.attr
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    if isinstance(node, ast.arg):
        yield node.arg
    if isinstance(node, ast.keyword) and node.arg:
        yield node.arg


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def _values(plan: Any) -> Iterator[object]:
    """Yields every value that a plan holds, at any depth."""
    if dataclasses.is_dataclass(plan):
        for field in dataclasses.fields(plan):
            yield from _values(getattr(plan, field.name))
        return
    if isinstance(plan, BaseModel):
        yield from _values(plan.model_dump())
    elif isinstance(plan, Mapping):
        for item in plan.values():
            yield from _values(item)
    elif isinstance(plan, (tuple, list, frozenset)):
        for item in plan:
            yield from _values(item)
    else:
        yield plan
