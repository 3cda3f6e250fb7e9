"""docs/diagnosis.md from what verdicts.py measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from verdicts_grid import RIGHT, is_missed, right

from recgen.analysis.causes import KINDS

PAGE = Path(__file__).parent.parent / "docs" / "diagnosis.md"
HEAD = Path(__file__).parent / "verdicts_head.md"
VERDICTS = ("good", "at_risk", "bad", "broken")


def page(result: dict[str, Any]) -> str:
    """Returns the page."""
    runs = result["runs"]
    return "\n".join(
        [
            HEAD.read_text("utf-8"),
            *_matrix(runs, result["rows"]),
            *_patches(runs),
            *_all(runs),
        ]
    )


def _matrix(runs: list[dict[str, Any]], rows: int) -> list[str]:
    counts = Counter((run["label"], run["verdict"]) for run in runs)
    hits = sum(run["verdict"] in right(run) for run in runs)
    missed = list(filter(is_missed, runs))
    blamed = [run for run in runs if run["label"] == "fine" and run["verdict"] != "good"]
    lines = [
        "## How often it is right",
        "",
        f"{len(runs)} real runs on {rows:,} rows of `recgen demo-data`, labelled by how they were",
        "configured, not by their outcome: a setting that should fail may train on some data.",
        f"{hits} of {len(runs)} verdicts are right. Bad runs that were called good: {len(missed)}. "
        f"Fine runs that were not called good: {len(blamed)}.",
        "The thresholds were chosen with these runs, which all have the same small catalogue, so",
        "verdicts on other data will be right less often.",
        "",
        "| configured to be | right verdict | good | at risk | bad | broken |",
        "|---|---|---|---|---|---|",
    ]
    for label, wanted in RIGHT.items():
        cells = [str(counts[label, verdict] or "") for verdict in VERDICTS]
        words = " or ".join(verdict.replace("_", " ") for verdict in wanted)
        lines.append(f"| {label} | {words} | {' | '.join(cells)} |")
    return [*lines, ""]


def _patches(runs: list[dict[str, Any]]) -> list[str]:
    bad = [run for run in runs if run["verdict"] in ("bad", "broken")]
    tried = [run for run in bad if "patched" in run]
    after = Counter(run["patched"]["verdict"] for run in tried)
    told = ", ".join(f"{after[v]} {v.replace('_', ' ')}" for v in VERDICTS if after[v])
    firsts = Counter(
        run["patched"]["causes"][0][0] for run in tried if run["patched"]["verdict"] == "at_risk"
    )
    doubts = ", ".join(f"{KINDS[code].title} ({count})" for code, count in firsts.most_common())
    return [
        "## Does the first patch help?",
        "",
        f"Of {len(bad)} runs that were called bad or broken, {len(tried)} had a patch. After",
        f"applying it and training again with the same seed and epochs: {told}.",
        *(
            [f"First causes of those at risk, all of which beat popularity: {doubts}."]
            if doubts
            else []
        ),
        "",
        "| configured to be | how | first patch | verdict | recall, popularity | then | recall |",
        "|---|---|---|---|---|---|---|",
        *map(_patch_row, bad),
        "",
    ]


def _patch_row(run: dict[str, Any]) -> str:
    patch = " ".join(run.get("patch", ["none"])).replace("model.", "")
    after = run.get("patched")
    then = after["verdict"].replace("_", " ") if after else ""
    cells = [run["label"], run["name"], patch, run["verdict"], _recall(run), then]
    return f"| {' | '.join(cells)} | {_recall(after) if after else ''} |"


def _recall(run: dict[str, Any]) -> str:
    if not run["recall"]:
        return ""
    _, own, popularity = run["recall"]
    return f"{own:.3f}" + (f", {popularity:.3f}" if popularity is not None else "")


def _all(runs: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## All runs",
        "",
        "| configured to be | how | verdict | recall, popularity | causes |",
        "|---|---|---|---|---|",
    ]
    for run in runs:
        mark = "" if run["verdict"] in right(run) else " **(not right)**"
        causes = ", ".join(f"{code} {confidence}" for code, confidence in run["causes"])
        verdict = run["verdict"].replace("_", " ") + mark
        lines.append(f"| {run['label']} | {run['name']} | {verdict} | {_recall(run)} | {causes} |")
    return [*lines, ""]
