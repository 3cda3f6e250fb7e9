"""The line of modules: each imports only from those before it, and nothing loads TensorFlow."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "recgen"
# fmt: off
LINE = [
    "clock", "findings", "config", "sql", "optimizers", "reading", "data", "rules", "check", "edit",
    "upgrade", "formats", "schema", "reference", "templates", "plan", "literals", "attest",
    "bundle", "runtime", "render", "queries", "pbtxt", "write", "generate", "changes", "proposal",
    "presets", "metrics", "demo", "inspect", "analysis", "local", "api", "contrib", "cli",
    "__main__",
]
# fmt: on
_TENSORFLOW = {"tensorflow", "tensorflow_transform", "tf_keras", "tfx_bsl", "apache_beam"}
_SLOW = {*_TENSORFLOW, "pyarrow", "numpy", "jinja2", "black", "yaml", "rich", "typer"}
_SLOW |= {"pygments", "tensorflow_metadata"}


def _place(module: str) -> int:
    return LINE.index(module.split(".")[1])


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "recgen" else [str(node.module)]
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _of_recgen(path: Path) -> Iterator[str]:
    for name in _imports(path):
        if name.startswith("recgen.") and name.split(".")[1] in LINE:
            yield name


def test_a_module_imports_only_from_those_before_it_on_the_line() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            own = LINE.index(parts[0])
            found += [f"{path}: {name}" for name in _of_recgen(path) if _place(name) > own]
    assert not found


def test_proposals_and_rules_share_what_is_below_both() -> None:
    found = [
        f"{path}: {name}"
        for path in sorted((PACKAGE / "proposal").glob("*.py"))
        for name in _of_recgen(path)
        if _place(name) == LINE.index("rules")
    ]
    assert not found


def test_records_know_nothing_of_recgen_but_findings() -> None:
    own = ("recgen.findings", "recgen.inspect.records")
    found = [
        f"{path}: {name}"
        for path in sorted((PACKAGE / "inspect" / "records").glob("*.py"))
        for name in _of_recgen(path)
        if not name.startswith(own)
    ]
    assert not found


def test_the_public_names_load_neither_tensorflow_nor_what_renders() -> None:
    script = (
        "from recgen import *; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    assert not _SLOW & set(result.stdout.split())


def test_only_local_knows_tensorflow_and_beam() -> None:
    found = [
        f"{path}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != "local"
        for name in _imports(path)
        if name.partition(".")[0] in _TENSORFLOW
    ]
    assert not found
