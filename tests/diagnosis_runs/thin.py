"""Thins run directories to what `recgen diagnose` reads: `python thin.py FOLDER…` writes them here.

A folder of runs has labels.json: for each run the verdicts that are right, the codes of causes of
which one is right (null: not labelled), and how the run was made. Histograms, moments that no cause
reads, digits beyond the sixth and vocabularies above 2,000 entries are dropped; the others keep
their number of lines. What is not JSON is cut to a few lines.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_DROPPED = ("histogram", "mean", "std", "min", "max")
_KEPT_BYTES = 400  # of a file that is not JSON
_MOST_ENTRIES = 2000  # of a vocabulary


def main() -> None:
    """Writes labels.json and a folder for each run."""
    labels: dict[str, Any] = {}
    for source in map(Path, sys.argv[1:]):
        found = json.loads((source / "labels.json").read_text("utf-8"))
        labels |= found
        for name in found:
            thin(source / name, HERE / name)
    text = json.dumps(labels, indent=1, sort_keys=True, ensure_ascii=False)
    (HERE / "labels.json").write_text(text + "\n", encoding="utf-8")


def thin(source: Path, target: Path) -> None:
    """Writes the thinned files of a run."""
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        written = target / path.relative_to(source)
        text = path.read_text("utf-8")
        if path.name == "training_metrics.json":
            text = thinned(text)
        elif path.name.endswith("_vocab") and text.count("\n") <= _MOST_ENTRIES:
            text = "".join(f"{number}\n" for number in range(text.count("\n")))
        elif path.name != "config.yaml":
            continue
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, encoding="utf-8")


def thinned(text: str) -> str:
    """Returns the text of a metrics file without what no cause reads."""
    try:
        data = json.loads(text)
    except ValueError:
        return text[:_KEPT_BYTES]
    for group in ("weight_stats", "gradient_stats"):
        for stats in data.get(group, {}).values():
            for name in _DROPPED:
                stats.pop(name, None)
    return json.dumps(rounded(data), separators=(",", ":")) + "\n"


def rounded(value: Any) -> Any:
    """Returns plain data whose numbers have six significant digits; losses keep all."""
    if isinstance(value, dict):
        return {key: each if key == "loss" else rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
