"""What a training or a recommendation came to, in lines of text. Prints nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import SIDES, Dense, ExperimentConfig
from recgen.findings import printable
from recgen.metrics import Evaluation, TrainingMetrics

if TYPE_CHECKING:
    from recgen.local.recommend import Answer
    from recgen.local.run import RunResult

_KS = (10, 100)
_STAGES = ("read", "split", "transform", "train")
_PARTS = {"train": "training", "eval": "validation", "test": "test"}
_TOWERS = {"query": "buyer", "candidate": "product"}
# Highest learning rates at which every measured run trained, by optimizer.
_SAFE_RATES = {"adagrad": 0.05, "sgd": 0.05, "ftrl": 0.05}
_SAFE_RATE = 0.01


def folder_name(name: str) -> str:
    """Returns a name for a folder: whatever the config's name is, it leads nowhere else."""
    return re.sub(r"[^\w.-]+", "-", name)[:80].strip("-.") or "run"


def outcome(result: RunResult, metrics: TrainingMetrics) -> Iterator[str]:
    """Yields rows, products, seconds and recall."""
    yield ""
    rows = ", ".join(f"{result.rows[part]:,} {word}" for part, word in _PARTS.items())
    yield f"rows      {rows}"
    if metrics.params.candidates is not None:
        yield f"products  {metrics.params.candidates:,}"
    seconds = {name: result.seconds.get(name, 0.0) for name in _STAGES}
    stages = ", ".join(f"{name} {time:.1f}" for name, time in seconds.items() if time >= 0.05)
    yield f"seconds   {sum(seconds.values()):.1f}: {stages}"
    yield ""
    yield f"{'recall':<20}" + "".join(f"{f'@{k}':>9}" for k in _KS)
    yield _recalls("validation", metrics.val_recall)
    if metrics.evaluation is None:
        yield _recalls("test", metrics.test_recall)
        yield _recalls("popularity", metrics.popularity_recall)
    else:
        yield from _evaluation(metrics.evaluation)
    if not metrics.failed:
        yield from _verdict(metrics)


def _recalls(name: str, recall: Callable[[int], float | None]) -> str:
    return f"  {name:<18}" + "".join(_share(recall(k)) for k in _KS)


def _evaluation(evaluation: Evaluation) -> Iterator[str]:
    """Yields the recall of model and baselines over all pairs of the test, then over new ones."""
    ways = (("", "model"), ("  popularity", "popularity"), ("  own history", "own_history"))
    for view in ("all", "new"):
        for name, way in ways:
            figures = getattr(getattr(evaluation, way), view)
            if figures is not None:
                label = name or f"test, {view} pairs"
                shares = (_share(figures[f"recall_at_{k}"].value) for k in _KS)
                yield f"  {label:<18}{''.join(shares)}"


def _share(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:>9.4f}"


def _verdict(metrics: TrainingMetrics) -> Iterator[str]:
    pairs = [(metrics.test_recall(k), metrics.popularity_recall(k)) for k in _KS]
    if any(own is not None and top is not None and own <= top for own, top in pairs):
        yield ""
        yield "The model is no better than recommending the most popular products to all."


def failure(config: ExperimentConfig, metrics: TrainingMetrics) -> Iterator[str]:
    """Yields what happened to a training that was stopped, and what to change in its config."""
    yield ""
    yield _what_happened(metrics)
    yield "No model was saved; the recall above is that of the stopped model."
    yield ""
    yield "What to change in the config:"
    for advice in _advice(config, metrics):
        yield f"  - {advice}"


def _what_happened(metrics: TrainingMetrics) -> str:
    params = metrics.params
    if params.gradient_collapse_detected and params.gradient_collapse_epoch is not None:
        towers = " and ".join(_TOWERS[tower] for tower in params.collapsed_towers) or "model's"
        plural = "s" if len(params.collapsed_towers) > 1 else ""
        epoch = params.gradient_collapse_epoch + 1
        return f"Training collapsed in epoch {epoch}: the {towers} tower{plural} can learn no more."
    if params.nan_detected and params.nan_epoch is not None:
        return f"Training failed in epoch {params.nan_epoch + 1}: the loss became NaN or infinite."
    return f"Training failed: {params.failure}"


def _advice(config: ExperimentConfig, metrics: TrainingMetrics) -> Iterator[str]:
    model = config.model
    rate = metrics.params.learning_rate or model.learning_rate
    safe = _SAFE_RATES.get(model.optimizer, _SAFE_RATE)
    if rate > safe:
        yield f"learning_rate: {safe} or less with {model.optimizer}, instead of {rate}"
    else:
        yield f"learning_rate: lower than {rate}"
    if model.gradient_clip_norm is None:
        yield "gradient_clip_norm: 1.0, instead of no clipping"
    depth = max(model.depth_of(side) for side in SIDES)
    if depth > 1:
        yield f"fewer layers: a tower has {depth} dense ones; none or one is often best"
    for side in SIDES:
        layers = model.layers_of(side)
        last = layers[-1] if layers else None
        if isinstance(last, Dense) and last.activation == "relu":
            yield f"{side}_tower_layers: a linear last layer (activation: linear)"


def next_step(run: Path) -> Iterator[str]:
    """Yields where the model is, and the command that asks it."""
    yield ""
    yield f"model     {run / 'serving_model'}"
    buyer = _a_buyer(run)
    command = ["python", "-m", "recgen", "recommend", str(run), "--buyer", buyer]
    yield f"next      {shlex.join(command)}"


def _a_buyer(run: Path) -> str:
    """Returns the ID of the buyer with the most purchases."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from recgen.local.buyers import PURCHASES_FILE

    buyers = pq.read_table(run / PURCHASES_FILE, columns=["buyer"])["buyer"]
    counts = pc.value_counts(buyers)
    most = pc.index(counts.field("counts"), pc.max(counts.field("counts"))).as_py()
    value = counts.field("values")[most].as_py()
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def answer(found: Answer) -> Iterator[str]:
    """Yields recommendations and last purchases, side by side."""
    products = [(printable(item.product), f"{item.score:.3f}") for item in found.products]
    width = max(len("recommended"), *(len(name) for name, _ in products))
    score = max(len("score"), *(len(text) for _, text in products))
    yield f"{'':>4}  {'recommended':<{width}}  {'score':>{score}}    last purchases"
    rows = zip_longest(products, found.purchases)
    for number, (product, purchase) in enumerate(rows, start=1):
        left = f"{number:>4}  {product[0]:<{width}}  {product[1]:>{score}}" if product else ""
        day = f"{purchase.time:%Y-%m-%d}  " if purchase and purchase.time else ""
        right = f"{day}{printable(purchase.product)}" if purchase else ""
        yield f"{left:<{width + score + 8}}    {right}".rstrip()
