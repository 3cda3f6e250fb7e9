"""Lines of text of the results of a training or a recommendation. Prints nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.cli.table import Line, table
from recgen.metrics import Evaluation, TrainingMetrics

if TYPE_CHECKING:
    from recgen.local.recommend import Answer
    from recgen.local.run import RunResult

_KS = (10, 100)
_STAGES = ("read", "split", "transform", "train")
_PARTS = {"train": "training", "eval": "validation", "test": "test"}


def folder_name(name: str) -> str:
    """Return a safe folder name for a config's name."""
    return re.sub(r"[^\w.-]+", "-", name)[:80].strip("-.") or "run"


def outcome(result: RunResult) -> Iterator[str]:
    """Yield rows, products, seconds and recall."""
    metrics = result.metrics
    yield ""
    rows = ", ".join(f"{result.rows[part]:,} {word}" for part, word in _PARTS.items())
    yield f"rows      {rows}"
    if result.account is not None:
        for number, line in enumerate(result.account.lines()):
            yield f"{'' if number else 'data':<10}{line}"
    if metrics.params.candidates is not None:
        yield f"products  {metrics.params.candidates:,}"
    seconds = {name: result.seconds.get(name, 0.0) for name in _STAGES}
    stages = ", ".join(f"{name} {time:.1f}" for name, time in seconds.items() if time >= 0.05)
    yield f"seconds   {sum(seconds.values()):.1f}: {stages}"
    yield ""


def recalls(metrics: TrainingMetrics) -> Iterator[Line]:
    """Yield the table of recall: of the model, and of the baselines."""
    rows = [_recall("validation", metrics.val_recall)]
    if metrics.evaluation is None:
        rows.append(_recall("test", metrics.test_recall))
        rows.append(_recall("popularity", metrics.popularity_recall))
    else:
        rows += _evaluation(metrics.evaluation)
    yield from table(("recall", *(f"@{k}" for k in _KS)), rows, "lrr")


def _recall(name: str, recall: Callable[[int], float | None]) -> tuple[str, ...]:
    return (f"  {name}", *(_share(recall(k)) for k in _KS))


def _evaluation(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yield recall of the model and the baselines on all test pairs, then on new ones."""
    ways = (("", "model"), ("  popularity", "popularity"), ("  own history", "own_history"))
    for view in ("all", "new"):
        for name, way in ways:
            figures = getattr(getattr(evaluation, way), view)
            if figures is not None:
                label = name or f"test, {view} pairs"
                found = (figures.get(f"recall_at_{k}") for k in _KS)
                shares = (_share(each.value if each else None) for each in found)
                yield (f"  {label}", *shares)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def next_step(run: Path) -> Iterator[str]:
    """Yield the path of the model, and the command that queries it."""
    yield ""
    yield f"model     {run / 'serving_model'}"
    buyer = _a_buyer(run)
    command = ["python", "-m", "recgen", "recommend", str(run), "--buyer", buyer]
    yield f"next      {shlex.join(command)}"


def _a_buyer(run: Path) -> str:
    """Return the ID of the buyer with the most purchases."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from recgen.local.buyers import PURCHASES_FILE

    buyers = pq.read_table(run / PURCHASES_FILE, columns=["buyer"])["buyer"]
    counts = pc.value_counts(buyers)
    most = pc.index(counts.field("counts"), pc.max(counts.field("counts"))).as_py()
    value = counts.field("values")[most].as_py()
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def answer(found: Answer) -> Iterator[Line]:
    """Yields recommendations and last purchases, side by side."""
    rows = []
    for number, (item, purchase) in enumerate(zip_longest(found.products, found.purchases), 1):
        left = (str(number), item.product, f"{item.score:.3f}") if item else ("", "", "")
        day = f"{purchase.time:%Y-%m-%d}  " if purchase and purchase.time else ""
        rows.append((*left, f"{day}{purchase.product}" if purchase else ""))
    yield from table(("", "recommended", "score", "last purchases"), rows, "rlrl")
