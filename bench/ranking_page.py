"""bench/results/ranking.md from what ranking.py measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.report import table

_TITLES = {
    "Quantity": "Quantity of a purchase",
    "BoughtAgain": "Bought again within 30 days",
}
_LABELS = {
    "ranking": "**recgen, proposed for ranking**",
    "no_dot_product": "the same, `head_dot_product: false`",
    "history": "the same, with a history of products",
    "ranking_preset": "recgen, preset ranking",
    "multitask": "recgen, proposed for multitask",
    "trees": "gradient-boosted trees",
    "trees_plain": "gradient-boosted trees, no logarithm",
    "global_mean": "the mean",
    "buyer_mean": "the buyer's mean",
    "product_mean": "the product's mean",
    "both_means": "the sum of both means",
    "both_means_log": "the sum of both means, of logarithms",
    "tutorial": "TFRS ranking tutorial",
    "tutorial_multitask": "TFRS multitask tutorial",
}
_RISES = ("AUC", "GAUC")  # the higher, the better
_RECALLS = (("all", "recall@10"), ("all", "recall@100"), ("new", "recall@100"))
_AIM = 0.03  # of retrieval alone, and of ranking alone

Results = Sequence[Mapping[str, Any]]


def page(content: Mapping[str, Any]) -> str:
    """Returns the page, from the contents of ranking.json."""
    parts = [_head(content)]
    for target, title in _TITLES.items():
        results = content.get(target, [])
        if results:
            parts += [f"## {title}", _split_words(content["split"][target]), _scores(results)]
            parts += _lead_table(content.get("leads", {}).get(target, {}))
            parts += [*_multitask(results), *_dot_product(results), *_calibration(results)]
    return "\n\n".join(parts) + "\n"


def _head(content: Mapping[str, Any]) -> str:
    rows = content["rows"]
    which = f"About {rows:,} rows, of whole buyers that were drawn" if rows else "All rows"
    return (
        "# Ranking and multitask beside means, boosted trees and TFRS\n\n"
        f"UCI Online Retail, the last tenth of the time span as test. {which}. Written by "
        "`python -m bench.ranking --data FILE`. [bench/README.md](../README.md#ranking) says how "
        "it is measured. In tables: the mean over seeds, ± their standard deviation, and in "
        "brackets the 95% interval over resampled buyers."
    )


def _split_words(counts: Mapping[str, Any]) -> str:
    return (
        f"{counts['training_rows']:,} training and {counts['test_rows']:,} test rows, "
        f"{counts['buyers']:,} buyers ({counts['test_buyers']:,} in the test), "
        f"{counts['products']:,} products. Mean target {counts['training_mean']:.3g} in training, "
        f"{counts['test_mean']:.3g} in the test; largest {counts['largest']:g}."
    )


def _of(results: Results, name: str) -> Results:
    return [each for each in results if each["name"] == name]


def _scores(results: Results) -> str:
    names = [name for name in _LABELS if _of(results, name)]
    scores = list(_of(results, names[0])[0]["scores"])
    rows = [[_values(_of(results, name), score) for score in scores] for name in names]
    best = [
        (max if score in _RISES else min)(float(np.mean(row[at])) for row in rows)
        for at, score in enumerate(scores)
    ]
    lines = []
    for name, row in zip(names, rows, strict=True):
        cells = [
            _cell(_of(results, name), score, values, top)
            for score, values, top in zip(scores, row, best, strict=True)
        ]
        lines.append([_LABELS[name], str(len(row[0])), *cells])
    return table(["model", "seeds", *scores], lines)


def _values(results: Results, score: str) -> list[float]:
    return [each["scores"][score]["value"] for each in results]


def _cell(results: Results, score: str, values: Sequence[float], best: float) -> str:
    mean = float(np.mean(values))
    text = f"**{mean:.4g}**" if mean == best else f"{mean:.4g}"
    if len(values) > 1:
        text += f" ± {np.std(values, ddof=1):.2g}"
    low, high = (
        np.mean([each["scores"][score][end] for each in results]) for end in ("low", "high")
    )
    return f"{text} ({low:.4g} to {high:.4g})"


def _lead_table(leads: Mapping[str, Any]) -> Iterator[str]:
    """Yields by how much the proposal for ranking is better, on the same resampled buyers."""
    if leads:
        scores = list(next(iter(leads.values())))
        lines = [
            [_LABELS[name], *(_lead(found[score]) for score in scores)]
            for name, found in leads.items()
        ]
        yield "How much better the proposal for ranking is than (below 0: worse):"
        yield table(["", *scores], lines)


def _lead(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3g} ({figure['low']:.3g} to {figure['high']:.3g})"


def _multitask(results: Results) -> Iterator[str]:
    """Yields what multitask has of each task, relative to a model of that task alone."""
    both, alone = _of(results, "multitask"), _of(results, "retrieval")
    ranking = _of(results, "history")  # with the same towers
    if not (both and alone and ranking):
        return
    lines = []
    for view, name in _RECALLS:
        own, other = (
            [each["recall"][view][name]["value"] for each in part] for part in (both, alone)
        )
        lines.append(_trade(f"{name} of {view} pairs", own, other, rises=True))
    for score in both[0]["scores"]:
        own, other = (_values(part, score) for part in (both, ranking))
        lines.append(_trade(score, own, other, rises=score in _RISES))
    yield (
        "What multitask trades, with the same towers: retrieval trained alone for recall, ranking "
        f"alone for the rest. The aim is at most {_AIM:.0%} worse."
    )
    yield table(["", "multitask", "alone", "difference", "within the aim"], lines)


def _trade(name: str, own: Sequence[float], other: Sequence[float], rises: bool) -> list[str]:
    ours, theirs = float(np.mean(own)), float(np.mean(other))
    change = ours / theirs - 1
    worse = -change if rises else change
    cells = [
        f"{np.mean(part):.4g} ± {np.std(part, ddof=min(1, len(part) - 1)):.2g}"
        for part in (own, other)
    ]
    return [name, *cells, f"{change:+.1%}", "yes" if worse <= _AIM else "**no**"]


def _dot_product(results: Results) -> Iterator[str]:
    """Yields the difference that the dot product makes to the head, beside that of seeds."""
    with_it, without = _of(results, "ranking"), _of(results, "no_dot_product")
    if with_it and without:
        told = []
        for score in with_it[0]["scores"]:
            own, other = _values(with_it, score), _values(without, score)
            told.append(f"{score} {np.mean(own):.4g} with, {np.mean(other):.4g} without")
        yield f"The dot product as an input of the head: {'; '.join(told)}."


def _calibration(results: Results) -> Iterator[str]:
    """Yields the calibration of the proposal on validation rows, before and after."""
    found = [each["calibration"] for each in _of(results, "ranking") if "calibration" in each]
    fitted = [each for each in found if each.get("ece_after") is not None]
    if fitted:
        used = sum(each["method"] != "none" for each in found)
        before, after = (
            np.mean([each[f"ece_{when}"] for each in fitted]) for when in ("before", "after")
        )
        yield (
            "Calibration, on validation rows of buyers that it was not fitted on: ECE "
            f"{before:.4f} before and {after:.4f} after it, which {used} of {len(found)} seeds use "
            f"({', '.join(sorted({each['method'] for each in found}))})."
        )
