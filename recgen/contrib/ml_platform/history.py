"""A training's metrics in the shapes that the platform stores and draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from recgen.contrib.ml_platform.plain import json_of
from recgen.findings import RecgenError, kind_of
from recgen.metrics import TrainingMetrics
from recgen.metrics.reading import file_of
from recgen.metrics.values import number_of

TOWERS = ("query", "candidate", "rating_head")
_GROUPS = {
    "weight_stats": ("mean", "std", "min", "max"),
    "gradient_stats": ("mean", "std", "min", "max", "norm"),
}
_LOSSES = {
    "loss": "train",
    "val_loss": "val",
    "total_loss": "total",
    "val_total_loss": "val_total",
    "regularization_loss": "regularization",
    "val_regularization_loss": "val_regularization",
}
_RECALLS = (5, 10, 50, 100)
_RATINGS = ("rmse", "mae", "auc_roc")
_ERRORS = ("rmse", "mae", "rmse_log", "loss", "ece")  # the lower, the better
_KEPT = ("recall", "health", "evaluation")

Plain = dict[str, Any]
Metrics = Mapping[str, Any] | TrainingMetrics | str | bytes


def data_of(metrics: Metrics) -> Plain:
    """Return the contents of a training_metrics.json as plain data.

    Args:
        metrics: What the file holds, as text, as data, or as the library's model.

    Raises:
        RecgenError: It is not JSON, or not the metrics of a training.
    """
    if isinstance(metrics, TrainingMetrics):
        return metrics.model_dump(mode="json")
    found: object = metrics
    if isinstance(metrics, (str, bytes, bytearray)):
        try:
            found = json_of(metrics)
        except (ValueError, RecursionError) as error:
            raise RecgenError(
                f"the metrics are not JSON: {error}", "pass the whole file"
            ) from error
    if not isinstance(found, Mapping):
        raise RecgenError(f"the metrics are {kind_of(found)}", "pass what the file holds")
    return dict(found)


def quick_test_fields(metrics: Metrics) -> dict[str, Any]:
    """Return the fields of an experiment that its metrics fill, also if the training failed.

    Returns:
        `loss`, `recall_at_5`, `recall_at_10`, `recall_at_50` and `recall_at_100` on the test's
        rows; for ranking `rmse`, `mae` and `auc_roc` of the last epoch's validation, and
        `test_rmse`, `test_mae`, `test_auc_roc`. Only those that were measured. A failed training
        also has `error_message`, which `classify_failure` explains.
    """
    data = data_of(metrics)
    final = _numbers(data.get("final_metrics"))
    found: Plain = {"loss": final.get("test_loss", final.get("final_loss"))}
    for k in _RECALLS:
        found[f"recall_at_{k}"] = final.get(f"test_recall_at_{k}")
    loss = _part(data, "loss")
    for name in _RATINGS:
        found[name] = _last(loss.get(f"val_{name}"))
        found[f"test_{name}"] = final.get(f"test_{name}")
    found["error_message"] = failure_line(data)
    return {name: value for name, value in found.items() if value is not None}


def failure_line(data: Mapping[str, Any]) -> str | None:
    """Return the line with which the trainer says why it stopped; None if it did not fail."""
    params = _part(data, "params")
    if not isinstance(reason := params.get("failure"), str):
        if not params.get("gradient_collapse_detected"):
            return None
        reason = "The gradients collapsed."
    return f"RECGEN-FAILURE {params.get('failure_kind') or 'collapse'} {reason}"


def training_history(metrics: Metrics, *, every: int = 5) -> dict[str, Any]:
    """Return a training's curves as the platform caches them for its pages.

    Args:
        metrics: The contents of training_metrics.json.
        every: Every how many epochs are kept; the last one always is.

    Returns:
        `epochs`, `loss` (`train`, `val`, …), `gradient`, `weight_stats` and `gradient_stats`
        without histograms, and `metrics` with `recall_at_<k>` on validation rows, each with a
        value per kept epoch; `final_metrics`, `params`, `histogram_available`. Besides, what the
        platform's own cache drops: `recall`, `health`, `evaluation`; and `verdict`, what `recgen
        diagnose` says.
    """
    data = data_of(metrics)
    found = file_of(data)
    whole = found.metrics.model_dump(mode="json")
    kept = _kept(len(found.metrics.epochs), max(1, every))
    history: Plain = {
        "cached_at": datetime.now(timezone.utc).isoformat(),
        "mlflow_run_id": None,
        "available": bool(found.metrics.epochs),
        "epochs": kept,
        "loss": {_LOSSES.get(k, k): _at(v, kept) for k, v in whole["loss"].items()},
        "gradient": {k: _at(v, kept) for k, v in whole["gradient"].items()},
        "metrics": {k.removeprefix("val_"): _at(v, kept) for k, v in whole["recall"].items()},
        "final_metrics": whole["final_metrics"],
        "params": _part(data, "params"),
        "histogram_available": any(map(bool, histograms(data).values())),
    }
    for group, names in _GROUPS.items():
        history[group] = {
            tower: {name: _at(stats[name], kept) for name in names if stats.get(name)}
            for tower, stats in _part(data, group).items()
            if tower in TOWERS and isinstance(stats, dict)
        }
    return history | {key: whole[key] for key in _KEPT} | {"verdict": _verdict(data)}


def _verdict(data: Plain) -> dict[str, Any] | None:
    if not data:
        return None
    from recgen.analysis import diagnose, run_of  # imported late: only this needs it

    return diagnose(run_of(data)).as_dict()


def histograms(metrics: Metrics, *, bins: int = 25) -> dict[str, dict[str, Any]]:
    """Return the histograms of weights and gradients on a linear axis, as the page draws them.

    The trainer's bins are logarithmic: on a linear axis all of it would be one bar at 0. Its counts
    are distributed over bins of equal width, from the 1st to the 99th percentile of all epochs;
    what lies outside is in the first and the last bin, so no count is lost.

    Args:
        metrics: The contents of training_metrics.json.
        bins: The number of bins; the page draws 25.

    Returns:
        `{"weight_stats": {"query": {"histogram": {"bin_edges": [26 numbers], "counts": [[25 whole
        numbers] per epoch]}}, …}, "gradient_stats": …}`, with all towers that the file has.
    """
    from recgen.contrib.ml_platform.binning import linear

    data = data_of(metrics)
    found: dict[str, dict[str, Any]] = {}
    for group in _GROUPS:
        found[group] = {}
        for tower, stats in _part(data, group).items():
            histogram = linear(stats.get("histogram"), bins) if isinstance(stats, dict) else None
            if tower in TOWERS and histogram:
                found[group][tower] = {"histogram": histogram}
    return found


def blessing(
    metrics: Metrics, metric: str = "recall_at_100", min_value: float | None = None
) -> dict[str, Any]:
    """Return whether a model may be deployed, in the shape of evaluation_blessing.json.

    A model is blessed if its training did not fail, the metric was measured on the test's rows, is
    at least `min_value`, and is better than what needs no model: the most popular products,
    recommended to everybody, or the best of the means of a target.

    Args:
        metrics: The contents of training_metrics.json.
        metric: `recall_at_<k>`, `rmse`, `mae`, `auc_roc`, or any `test_<name>` of `final_metrics`.
        min_value: The bound; of errors (rmse, mae, loss) the largest value that is accepted.

    Returns:
        `{"is_blessed": bool, "threshold_metric": name, "value": number or None, "reason": text}`.
    """
    data = data_of(metrics)
    min_value = number_of(min_value)  # settings come as text, too
    name = metric.removeprefix("test_")
    final = _numbers(data.get("final_metrics"))
    value, is_error = final.get(f"test_{name}"), name.endswith(_ERRORS)
    rival, best = _without_model(final, name, is_error)
    if failure := failure_line(data):
        reason = f"The training failed: {failure}"
    elif value is None:
        reason = f"test_{name} was not measured: there are no test rows."
    elif min_value is not None and (value > min_value if is_error else value < min_value):
        reason = f"{name} is {value:.4g}, {'above' if is_error else 'below'} {min_value:.4g}."
    elif best is not None and (value >= best if is_error else value <= best):
        reason = f"{name} is {value:.4g}, no better than {rival}: {best:.4g}."
    else:
        reason = ""
    is_blessed = not reason
    lead = "" if best is None else f", and {best:.4g} for {rival}"
    return {
        "is_blessed": is_blessed,
        "threshold_metric": name,
        "value": value,
        "reason": reason or f"{name} is {value:.4g}{lead}.",
    }


def _without_model(
    final: Mapping[str, float], name: str, is_error: bool
) -> tuple[str, float | None]:
    """Return who is best at a figure without a model, in words, and that figure, if it is there."""
    from recgen.analysis.kinds.ranking import MEANS

    rivals = {"popularity": "the most popular products", **MEANS}
    found = {words: final.get(f"test_{who}_{name}") for who, words in rivals.items()}
    known = {words: value for words, value in found.items() if value is not None}
    if not known:
        return "", None
    return (min if is_error else max)(known.items(), key=lambda each: each[1])


def _part(data: Mapping[str, Any], name: str) -> Plain:
    value = data.get(name)
    return dict(value) if isinstance(value, Mapping) else {}


def _numbers(part: object) -> dict[str, float]:
    pairs = part.items() if isinstance(part, Mapping) else ()
    read = {str(name): number_of(value) for name, value in pairs}
    return {name: value for name, value in read.items() if value is not None}


def _last(series: object) -> float | None:
    found = [number_of(each) for each in series] if isinstance(series, list) else []
    return next((each for each in reversed(found) if each is not None), None)


def _kept(count: int, every: int) -> list[int]:
    if count <= every:
        return list(range(count))
    return sorted({*range(0, count, every), count - 1})


def _at(values: object, kept: Sequence[int]) -> list[Any]:
    given = values if isinstance(values, list) else []
    return [number_of(given[index]) for index in kept if index < len(given)]
