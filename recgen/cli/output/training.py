"""Lines of text of the results of a training or a recommendation. Prints nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.cli.table import Line, table
from recgen.metrics import Account, Evaluation, TrainingMetrics

if TYPE_CHECKING:
    from recgen.local.recommend import Answer
    from recgen.local.run import RunResult

_KS = (1, 5, 10, 50, 100)
_FEW, _MANY = 10, 100  # the two that are shown, where the catalogue is large enough
_STAGES = ("read", "split", "transform", "train", "refit", "export")
_PARTS = {"train": "training", "eval": "validation", "test": "test"}


def folder_name(name: str) -> str:
    """Return a safe folder name for a config's name."""
    return re.sub(r"[^\w.-]+", "-", name)[:80].strip("-.") or "run"


def outcome(result: RunResult) -> Iterator[str]:
    """Yield rows, products, the kept epoch and seconds."""
    metrics = result.metrics
    yield ""
    if metrics.data is not None:
        yield from _account(metrics.data)
    if metrics.params.candidates is not None:
        yield f"products  {metrics.params.candidates:,}"
    yield from _kept(metrics)
    seconds = {name: result.seconds.get(name, 0.0) for name in _STAGES}
    stages = ", ".join(f"{name} {time:.1f}" for name, time in seconds.items() if time >= 0.05)
    yield f"seconds   {sum(seconds.values()):.1f}: {stages}"
    yield ""


def _account(account: Account) -> Iterator[str]:
    """Yield the rows of each split, and what was lost on the way there."""
    rows = ", ".join(f"{getattr(account, part):,} {word}" for part, word in _PARTS.items())
    yield f"rows      {rows}"
    for number, line in enumerate(account.lines()):
        yield f"{'' if number else 'data':<10}{line}"


def _kept(metrics: TrainingMetrics) -> Iterator[str]:
    """Yield the epoch whose weights were kept, and what the second training did with it."""
    params = metrics.params
    if params.best_epoch is None or metrics.failed:
        return
    recall = ""
    if params.best_recall is not None and params.monitored_k is not None:
        recall = f", validation recall@{params.monitored_k} {params.best_recall:.4f}"
    yield f"kept      epoch {params.best_epoch + 1} of {len(metrics.epochs)}{recall}"
    if params.refit_epochs:
        epochs = f"{params.refit_epochs} epoch{'' if params.refit_epochs == 1 else 's'}"
        yield f"refit     {epochs} on training and validation rows: this model is saved"


def recalls(metrics: TrainingMetrics) -> Iterator[Line]:
    """Yield the table of recall: of the model, and of the baselines."""
    ks = shown_ks(metrics.params.candidates)
    rows = [_recall("validation rows", metrics.val_recall, ks)]
    if metrics.evaluation is None:
        rows.append(_recall("test rows", metrics.test_recall, ks))
        rows.append(_recall("  popularity", metrics.popularity_recall, ks))
    else:
        rows += _evaluation(metrics.evaluation, ks)
    yield from table(("recall", *(f"@{k}" for k in ks)), rows, "l" + "r" * len(ks))


def shown_ks(candidates: int | None) -> tuple[int, ...]:
    """Return the two lengths of lists to show: 10 and 100, or shorter than a small catalogue."""
    if candidates is None or candidates > _MANY:
        return _FEW, _MANY
    return tuple(k for k in _KS if k < candidates)[-2:]


def _recall(name: str, recall: Callable[[int], float | None], ks: Sequence[int]) -> tuple[str, ...]:
    return (f"  {name}", *(_share(recall(k)) for k in ks))


def _evaluation(evaluation: Evaluation, ks: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield recall of the model and the baselines on all test pairs, then on new ones."""
    ways = (("", "model"), ("  popularity", "popularity"), ("  own history", "own_history"))
    for view in ("all", "new"):
        for name, way in ways:
            figures = getattr(getattr(evaluation, way), view)
            if figures is not None:
                label = name or f"test, {view} pairs"
                found = (figures.get(f"recall_at_{k}") for k in ks)
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
