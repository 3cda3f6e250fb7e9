"""How often `recgen diagnose` is right: real runs, labelled by how they were made.

Trains the runs of verdicts_grid.py and verdicts_data_grid.py on variants of demo data, past the
rules of `recgen check`, and diagnoses each twice: with all its files, and with its metrics and
config alone. Of those that are bad or broken, the first patch is applied, and they are trained and
diagnosed again. The runs are kept in runs/bench/verdicts, so a killed bench goes on where it was,
and `--rediagnose` judges them with today's causes without training. Writes
bench/results/verdicts.json and docs/diagnosis.md, in which runs that are not on this machine keep
their earlier result, and are counted as such; `--page` writes the page alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

from verdicts_anew_grid import UNSEEN, of_anew
from verdicts_data_grid import FINE, of_data
from verdicts_grid import of_settings
from verdicts_labels import HALVES, LABELS, halves, names_root_first, right
from verdicts_made import Made
from verdicts_page import PAGE, page
from verdicts_shops_grid import of_shops
from verdicts_spoil import METRICS
from verdicts_train import folder_of, holds, needs, produce

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "verdicts.json"
MOST = 40
"""Trainings of one process, whose memory grows with each."""
ALONE = (METRICS, "config.yaml")


def made() -> list[Made]:
    """Returns all labelled runs."""
    return [*of_data(), *of_settings(), *of_shops()]


def judged(folder: Path) -> dict[str, Any]:
    """Returns what there is to keep of a run's diagnosis."""
    import recgen
    from recgen.analysis import load_run
    from recgen.analysis.facts import Facts
    from recgen.findings import RecgenError

    try:
        diagnosis, facts = recgen.diagnose(folder), Facts(load_run(folder))
    except RecgenError as error:
        return {"verdict": "unreadable", "summary": str(error), "causes": [], "recall": None,
                "kept_best": False}  # fmt: skip
    recall = facts.judged
    return {
        "verdict": diagnosis.verdict,
        "summary": diagnosis.summary,
        "causes": [[cause.code, cause.confidence] for cause in diagnosis.causes],
        "recall": recall and [recall.name, recall.own, recall.plain],
        "counting": recall and recall.baseline,
        "kept_best": facts.best_epoch is not None,
    }


def judged_alone(folder: Path) -> dict[str, Any]:
    """Returns the same for a run of which only metrics and config were kept."""
    with tempfile.TemporaryDirectory() as name:
        for file in ALONE:
            if (folder / file).exists():
                shutil.copy(folder / file, name)
        found = judged(Path(name))
    return {"verdict": found["verdict"], "causes": found["causes"]}


def patched(run: Made) -> tuple[Made, list[str]] | None:
    """Returns the run with the first patch of its diagnosis, and what the patch changes."""
    import recgen
    from recgen.analysis.diagnosis import fixes
    from recgen.analysis.text import patch_lines
    from recgen.edit import apply
    from recgen.findings import RecgenError

    try:
        cause = recgen.diagnose(folder_of(run.key)).first_patch
    except RecgenError:
        return None
    if cause is None or not cause.patch:
        return None
    config = apply(run.config, fixes(cause.patch))
    after = replace(run, name=f"{run.name} (patched)", config=config, edit=None)
    return after, [f"{cause.code}:", *patch_lines(cause.patch)]


class Bench:
    """Makes and judges runs, with a limit to how many are trained."""

    def __init__(self, most: int, trains_patched: bool) -> None:
        self.left = most
        self.trains_patched = trains_patched
        self.is_complete = True

    def entry(self, run: Made, half: str) -> dict[str, Any] | None:
        """Returns a run's entry in the results, or None if it was not made."""
        if not self._exists(run):
            return None
        folder, label = folder_of(run.key), LABELS[run.label]
        entry = {
            "label": run.label,
            "name": run.name,
            "half": half,
            "right": list(run.verdicts or label.verdicts),
            "roots": list(label.roots if run.roots is None else run.roots),
            **judged(folder),
            "alone": judged_alone(folder),
        }
        is_mended = half == UNSEEN and label.has_remedy and entry["verdict"] == "at_risk"
        if (is_mended or entry["verdict"] in ("bad", "broken")) and not run.copy_of:
            change = patched(run)
            if change is not None:
                entry["patch"] = change[1]
                if self._exists(change[0], self.trains_patched):
                    entry["patched"] = judged(folder_of(change[0].key))
        return entry

    def _exists(self, run: Made, may_train: bool = True) -> bool:
        """Says whether a run is there, and makes it if that is allowed."""
        if holds(run):
            return True
        if not may_train or self.left <= 0:
            self.is_complete = False
            return False
        self.left -= 1
        produce(run)
        return True


def entries(runs: Iterable[Made], bench: Bench) -> list[dict[str, Any]]:
    """Returns the entries of all runs that are there, and prints a line for each."""
    half = halves(made())
    found = []
    for run in runs:
        entry = bench.entry(run, half[run.key])
        if entry is None:
            continue
        found.append(entry)
        print(_line(entry), flush=True)
    return found


def _unseen(bench: Bench, earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the entries of the runs that were written after the causes; each is judged once."""
    judged, found = {(each["label"], each["name"]): each for each in earlier}, []
    for run, predicted in of_anew():
        if (run.label, run.name) in judged:
            found.append(judged[run.label, run.name])
            continue
        entry = bench.entry(run, UNSEEN)
        if entry is not None:
            found.append({**entry, "predicted": predicted})
            print(_line(entry), flush=True)
    return found


def _compared(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds the recall of the first fine run on the same data to runs that may be harmless."""
    fine: dict[str, float] = {}
    for each in found:
        if each["recall"]:
            fine.setdefault(each["label"], each["recall"][1])
    for each in found:
        label = LABELS[each["label"]]
        if label.may_be_harmless and label.like in fine:
            each["fine_recall"] = fine[label.like]
    return found


def _with_earlier(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the results in the order of the list, with a fine run first.

    Runs that are still listed and not on this machine keep their earlier result, with which others
    are compared, too.
    """
    runs = made()
    by_key = halves(runs)
    runs.sort(key=lambda run: run.key != FINE)
    half = {(run.label, run.name): by_key[run.key] for run in runs}
    results = {
        (each["label"], each["name"]): {**each, "is_earlier": True}
        for each in json.loads(RESULTS.read_text("utf-8"))["runs"]
    }
    results |= {(each["label"], each["name"]): each for each in found}
    return _compared(
        [results[name] for name in half if results.get(name, {}).get("half") == half[name]]
    )


def _line(entry: dict[str, Any]) -> str:
    marks = ("" if entry["verdict"] in right(entry) else "WRONG ") + (
        "" if names_root_first(entry) or not entry["roots"] else "root "
    )
    causes = " ".join(code for code, _ in entry["causes"][:3])
    after = entry.get("patched", {}).get("verdict", "")
    return (
        f"{entry['half'][:4]} {entry['label'][:18]:<18} {entry['name'][:38]:<38} "
        f"{entry['verdict']:<8} {marks:<12} {causes:<18} {after:<8} {entry['summary']}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="TEXT", help="runs whose label and name contain a text")
    parser.add_argument("--half", choices=HALVES, help="runs of one half")
    parser.add_argument("--unseen", action="store_true", help="the runs that were written anew")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("--rediagnose", action="store_true", help="train nothing")
    parser.add_argument("--no-patches", action="store_true", help="train no patched run")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="copy the runs, with labels")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Makes and judges the runs, and writes results and page once all are there."""
    options = _options()
    if options.page:
        PAGE.write_text(page(json.loads(RESULTS.read_text("utf-8"))), encoding="utf-8")
        return
    chosen = _chosen(options)
    if options.export:
        from verdicts_export import export

        export(chosen, halves(made()), options.export)
        return
    if not options.rediagnose:
        _prepare_tensorflow(options.threads)
    bench = Bench(0 if options.rediagnose else MOST, not options.no_patches)
    earlier = json.loads(RESULTS.read_text("utf-8"))
    if options.unseen:
        found = _unseen(bench, earlier.get(UNSEEN, []))
        if bench.is_complete:
            _write({**earlier, UNSEEN: found})
        return
    wanted = {FINE, *(key for run in chosen for key in needs(run))}
    first = [run for run in made() if run.key in wanted]
    found = entries([*first, *(run for run in chosen if run not in first)], bench)
    if not options.rediagnose and bench.left <= 0 and not bench.is_complete:
        os.execv(sys.executable, [sys.executable, *sys.argv])
    if not options.only and not options.half:
        _write({**earlier, "listed": len(made()), "runs": _with_earlier(found)})


def _write(result: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RESULTS.read_text("utf-8"))), encoding="utf-8")


def _chosen(options: argparse.Namespace) -> list[Made]:
    half = halves(made())
    return [
        run
        for run in made()
        if (not options.half or half[run.key] == options.half)
        and (not options.only or options.only in f"{run.label}: {run.name}")
    ]


def _prepare_tensorflow(threads: int) -> None:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


if __name__ == "__main__":
    main()
