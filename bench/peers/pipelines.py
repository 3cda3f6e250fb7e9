"""What a pipeline takes to write, and which mistakes are found before a cloud is paid.

    python bench/peers/pipelines.py count TFX PLATFORM  # clones; writes results/pipelines.json
    python bench/peers/pipelines.py said FILE           # adds what pipeline_runs.py printed
    python bench/peers/pipelines.py page                # writes both tables into docs/pipelines.md

Lines are statements and other code: no blank lines, comments or docstrings. The mistakes and what
was read of the platform's script are in pipelines.yaml, what recgen says in tests/bad.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Any

import yaml

from recgen import check_text

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results" / "pipelines.json"
PAGE = ROOT / "docs" / "pipelines.md"
BEGIN, END = "<!-- made by bench/peers/pipelines.py -->\n", "<!-- end -->\n"
CONFIG = ROOT / "tests" / "pipelines" / "bigquery" / "config.yaml"
TEMPLATE = "tfx/experimental/templates/penguin"
TFX = {  # files of the penguin template that a user goes on with
    "pipeline": [
        *(f"{TEMPLATE}/pipeline/{name}.py" for name in ("pipeline", "configs")),
        *(f"{TEMPLATE}/{name}.py" for name in ("kubeflow_runner", "local_runner")),
    ],
    "model": [
        f"{TEMPLATE}/models/{name}.py"
        for name in ("model", "preprocessing", "features", "constants")
    ],
}
PLATFORM = {  # one script, in files or in texts that functions return
    "cloudbuild/compile_and_submit.py": "",
    "ml_platform/experiments/services.py": "_get_compile_script",
    "ml_platform/training/services.py": "_get_compile_script",
}
REVISIONS = {"tfx": "v1.21.0", "platform": "f9c9f21"}


def code_lines(text: str) -> int:
    """Return how many lines of Python have code: no comments, no docstrings."""
    docs = set()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", 0), str):
            docs |= set(range(first.lineno, (first.end_lineno or 0) + 1))
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in {*nothing, tokenize.ENDMARKER}:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docs)


def config_lines(text: str) -> dict[str, int]:
    """Return the lines of a config in YAML, by whether they are of its section on pipelines."""
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    start = lines.index("pipeline:")
    return {"pipeline": len(lines) - start, "model": start}


def returned(text: str, function: str) -> str:
    """Return the text that a function returns, or the text itself without one."""
    if not function:
        return text
    found = [
        node.value.value
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.FunctionDef) and each.name == function
        for node in ast.walk(each)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
    ]
    (script,) = found
    return str(script)


def shown(repository: str, revision: str, file: str) -> str:
    """Return a file of a repository."""
    command = ["git", "-C", repository, "show", f"{revision}:{file}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def count(tfx: str, platform: str) -> None:
    """Count the lines of all three and keep them."""
    of_tfx = {
        part: sum(code_lines(shown(tfx, REVISIONS["tfx"], file)) for file in files)
        for part, files in TFX.items()
    }
    scripts = [
        code_lines(returned(shown(platform, REVISIONS["platform"], file), function))
        for file, function in PLATFORM.items()
    ]
    lines = {"recgen": config_lines(CONFIG.read_text("utf-8")), "tfx": of_tfx, "platform": scripts}
    keep({"revisions": REVISIONS, "lines": lines})


def keep(new: dict[str, Any]) -> None:
    """Add to the results."""
    old = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(old | new, indent=1) + "\n", "utf-8")


def mistakes() -> list[dict[str, Any]]:
    """Return the mistakes."""
    return list(yaml.safe_load((Path(__file__).parent / "pipelines.yaml").read_text("utf-8")))


def found(mistake: dict[str, Any]) -> tuple[str, str]:
    """Return code and severity of what recgen finds in the case of a mistake."""
    code, _, _ = mistake["bad"].partition("_")
    text = (ROOT / "tests" / "bad" / mistake["bad"] / "config.yaml").read_text("utf-8")
    severities = {str(each.severity) for each in check_text(text).findings if each.code == code}
    (severity,) = severities
    return code, severity


def section() -> str:
    """Return both tables."""
    results = json.loads(RESULTS.read_text("utf-8"))
    lines, said = results["lines"], results["said"]
    ours, tfx, scripts = lines["recgen"], lines["tfx"], lines["platform"]
    link = f"[a config](../{CONFIG.relative_to(ROOT)})"
    table = [
        "| lines that a person writes | pipeline | features, model, data |",
        "|---|---|---|",
        f"| recgen: {link} | {ours['pipeline']} | {ours['model']} |",
        f"| TFX {results['tfx']}'s penguin template | {tfx['pipeline']} | {tfx['model']} |",
        f"| a platform's script | {' + '.join(map(str, scripts))} | generated |",
        "",
        "| mistake | recgen | TFX, before it is sent | the platform's script |",
        "|---|---|---|---|",
    ]
    for mistake in mistakes():
        code, severity = found(mistake)
        of_tfx = "n/a"
        if "given" in mistake:
            of_tfx = "refuses" if said[mistake["what"]] else "silent"
        cells = (mistake["what"], f"{code}, {severity}", of_tfx, mistake["platform"])
        table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table) + "\n"


def page() -> str:
    """Return the text of docs/pipelines.md with the tables of now."""
    text = PAGE.read_text("utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    made, times = pattern.subn(lambda _: f"{BEGIN}{section()}{END}", text)
    assert times == 1
    return made


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["count", tfx, platform]:
            count(tfx, platform)
        case ["said", file]:
            keep(json.loads(Path(file).read_text("utf-8").splitlines()[-1]))
        case ["page"]:
            PAGE.write_text(page(), "utf-8")
        case _:
            sys.exit(__doc__)
