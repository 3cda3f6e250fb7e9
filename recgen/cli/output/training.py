"""Lines of text of the results of a training or a recommendation. Prints nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.analysis.causes.base import figure
from recgen.analysis.final_layer import effects, served_layer
from recgen.analysis.kinds.ranking import MEANS, SHOWN
from recgen.analysis.series import last
from recgen.cli.table import Line, table
from recgen.data.words import stands_for_nothing
from recgen.metrics import Account, Calibration, Evaluation, Params, TrainingMetrics

if TYPE_CHECKING:
    from recgen.local.recommend import Answer
    from recgen.local.run import RunResult

_KS = (1, 5, 10, 50, 100)
_FEW, _MANY = 10, 100  # the two that are shown, where the catalogue is large enough
_FEW_PAIRS = 30  # of the test; a share of fewer may be chance
_STAGES = ("read", "split", "transform", "train", "refit", "last", "export")
_VIEWS = {
    "all": "test, all pairs",
    "new": "test, new pairs",
    "new_filtered": "the same, past products left out",
    "unknown_buyers": "test, unknown buyers",
}
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
    """Yield the epoch whose weights were kept, and what the final models are trained on."""
    params = metrics.params
    if metrics.failed:
        return
    if params.best_epoch is not None:
        recall = ""
        if params.best_recall is not None and params.measure is not None:
            recall = f", validation {_shown(params.measure)} of rows {params.best_recall:.4f}"
        elif params.best_of_both is not None:
            recall = f", validation of both tasks {params.best_of_both:.4f}"
        elif params.best_loss is not None:
            recall = f", validation loss {params.best_loss:.4f}"
        yield f"kept      epoch {params.best_epoch + 1} of {len(metrics.epochs)}{recall}"
    if metrics.calibration is not None and metrics.calibration.method != "none":
        yield from _calibrated(metrics.calibration)
    is_two = params.model_type == "multitask"
    for name, missing in (params.without_target or {}).items():
        if missing:
            out = "count in retrieval alone" if is_two else "are left out"
            yield f"no target {int(missing):,} {_PARTS.get(name, name)} rows, which {out}"
    layer = served_layer(metrics)
    if layer is not None:
        for number, words in enumerate(effects(layer)):
            yield f"{'' if number else 'ranking':<10}{': '.join(words)}"
    yield from _models(params)


def _calibrated(found: Calibration) -> Iterator[str]:
    if found.log_loss_before is not None and found.log_loss_after is not None:
        change = f"{found.log_loss_before:.4f} to {found.log_loss_after:.4f}"
        drawn = (
            f"{found.mean_weight:.0%} drawn to the mean" if found.mean_weight else "Platt scaling"
        )
        yield f"calibrated by validation rows, {drawn}: log loss {change}"


def _models(params: Params) -> Iterator[str]:
    """Yield the rows of the model that the test measured, and of the one that is saved."""
    measured, served, epochs = params.measured_rows, params.served_rows, params.refit_epochs
    again = f", for {epochs} epoch{'' if epochs == 1 else 's'}" if epochs else ""
    if served is None:
        if epochs:  # of an older trainer
            yield f"refit     on training and validation rows{again}: this model is saved"
    elif measured is None or measured == served:
        test = "" if measured is None else "; the test's figures are of this model"
        yield f"saved     trained on {served:,} rows{again}{test}"
    else:
        yield f"measured  trained on {measured:,} rows{again}, without those of the test"
        yield f"saved     trained on all {served:,} rows{again}"


def figures(metrics: TrainingMetrics) -> Iterator[Line]:
    """Yield the table of the model's figures, with those of its baselines."""
    kind = metrics.params.model_type
    if kind != "ranking":
        yield from recalls(metrics)
    if kind == "multitask":
        yield ("",)
    if kind in ("ranking", "multitask"):
        yield from ratings(metrics)


def ratings(metrics: TrainingMetrics) -> Iterator[Line]:
    """Yield the table of the figures of predictions: of the model, and of means of the target."""
    tested = metrics.rating.figures if metrics.rating else {}
    final, kept = metrics.final_metrics, metrics.params.best_epoch

    def validated(name: str) -> float | None:
        series = metrics.series.get(f"loss.val_{name}", ())
        return series[kept] if kept is not None and kept < len(series) else last(series)

    names = [name for name in SHOWN if name in tested.get("model", {}) or validated(name)]
    rows = [_numbers("validation rows", map(validated, names))]
    for who, words in MEANS.items():
        rows.append(_numbers(f"  {words}", (final.get(f"val_{who}_{name}") for name in names)))
    for who, words in {"model": "test rows", **MEANS}.items() if tested else ():
        own = tested.get(who, {})
        values = (own[name].value if name in own else None for name in names)
        rows.append(_numbers(words if who == "model" else f"  {words}", values))
    heads = (SHOWN[name] for name in names)
    yield from table(("predictions", *heads), rows, "l" + "r" * len(names))


def _numbers(name: str, values: Iterable[float | None]) -> tuple[str, ...]:
    return (f"  {name}", *("-" if value is None else figure(value) for value in values))


def recalls(metrics: TrainingMetrics) -> Iterator[Line]:
    """Yield the table of recall: of the model, and of the baselines."""
    names = shown_measures(metrics.params)
    rows = [_row("validation rows", metrics.validated, names)]
    baselines = metrics.params.baselines
    evaluation = metrics.evaluation
    if evaluation is None or not any(view == "all" for _, view, _ in evaluation.figures):
        final = metrics.final_metrics
        rows.append(_row("test rows", lambda name: final.get(f"test_{name}"), names))
        for who, words in baselines.items():
            if any(f"test_{who}_{name}" in final for name in names):
                found = partial(_counted, final, who)
                rows.append(_row(f"  {words}", found, names))
    if evaluation:
        rows += _evaluation(evaluation, baselines, names)
    heads = (name.removeprefix("recall_at_") for name in names)
    heads = (f"@{head}" if head.isdigit() else head for head in heads)
    yield from table(("recall", *heads), rows, "l" + "r" * len(names))


def shown_measures(params: Params) -> tuple[str, ...]:
    """Return the measures to show: recall at two k, and what tells models apart.

    The k are 10 and 100, or shorter than a small catalogue.
    """
    candidates = params.candidates
    ks: tuple[int, ...] = (_FEW, _MANY)
    if candidates is not None and candidates <= _MANY:
        ks = tuple(k for k in _KS if k < candidates)[-2:]
    shown = {f"recall_at_{k}" for k in ks} | {params.measure}
    order = [*(f"recall_at_{k}" for k in _KS), "mrr"]
    return tuple(name for name in order if name in shown)


def _counted(final: Mapping[str, float | None], who: str, name: str) -> float | None:
    return final.get(f"test_{who}_{name}")


def _row(
    name: str, value: Callable[[str], float | None], measures: Sequence[str]
) -> tuple[str, ...]:
    return (f"  {name}", *(_share(value(measure)) for measure in measures))


def _shown(measure: str) -> str:
    return measure.replace("_at_", "@")


def _evaluation(
    evaluation: Evaluation, baselines: Mapping[str, str], names: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Yield recall of the model and the baselines on all test pairs, then on new ones."""
    ways = {"model": "", **{who: f"  {words}" for who, words in baselines.items()}}
    evaluated = evaluation.figures
    for view, title in _VIEWS.items():
        pairs = evaluation.pairs.get(view, _FEW_PAIRS)
        if 0 < pairs < _FEW_PAIRS:
            title += f" ({pairs})"
        for way, label in ways.items():
            found = {n: evaluated.get((way, view, n)) for n in names}
            if any(found.values()):
                shares = (_share(each.value if each else None) for each in found.values())
                yield (f"  {label or title}", *shares)


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
    """Return the ID of the buyer with the most purchases: of a person, if there is one."""
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from recgen.local.buyers import PURCHASES_FILE
    from recgen.local.nobodies import nobodies

    found = pc.value_counts(pq.read_table(run / PURCHASES_FILE, columns=["buyer"])["buyer"])
    buyers, counts = found.field("values"), found.field("counts").to_numpy()
    order = np.argsort(-counts, kind="stable")
    is_nobody = nobodies(buyers, counts)
    texts = (_text(buyers[int(at)].as_py()) for at in order if not is_nobody[at])
    person = next((text for text in texts if not stands_for_nothing(text)), None)
    return _text(buyers[int(order[0])].as_py()) if person is None else person


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def answer(found: Answer) -> Iterator[Line]:
    """Yields recommendations and last purchases, side by side; without times, none is the last."""
    rows, predicts = [], any(item.prediction is not None for item in found.products)
    heads = ("", "recommended", "score", *["predicted"] * predicts)
    for number, (item, purchase) in enumerate(zip_longest(found.products, found.purchases), 1):
        left = ("",) * len(heads)
        if item:
            predicted = () if item.prediction is None else (figure(item.prediction),)
            left = (str(number), item.product, f"{item.score:.3f}", *predicted)
        day = f"{purchase.time:%Y-%m-%d}  " if purchase and purchase.time else ""
        rows.append((*left, f"{day}{purchase.product}" if purchase else ""))
    bought = "last purchases" if any(each.time for each in found.purchases) else "purchases"
    yield from table((*heads, bought), rows, f"rlr{'r' * predicts}l")
