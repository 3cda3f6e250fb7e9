"""The test of one run beside what needs no model, with intervals. Writes no page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from recgen.analysis.comparing import wilson
from recgen.analysis.facts import Facts
from recgen.analysis.measured import Interval
from recgen.analysis.report import text
from recgen.analysis.report.dots import Dot, draw_dots, words
from recgen.analysis.report.figures import Figure, Key
from recgen.analysis.series import best

_WHO = {
    "model": ("model", "c0"),
    "popularity": ("popularity", "c5"),
    "own_history": ("own history", "c2"),
}
_PAIRS = {"all": "All pairs", "new": "New pairs"}
_PAIRS_NOTE = {
    "all": "Every buyer and product of the test, once.",
    "new": "Products that the buyer had not bought before.",
}
_MOST = 10  # figures
_ROWS_NOTE = "Each row of the test counts, repeated purchases too."


@dataclass(frozen=True)
class Table:
    """Heads, and rows whose first cell names them."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Tile:
    """A figure to see first."""

    label: str
    value: str
    note: str = ""


def tiles(facts: Facts) -> Iterator[Tile]:
    """Yields the few figures that say most."""
    judged = facts.judged
    if judged is None:
        return
    evaluation, k = facts.metrics.evaluation, judged.k
    own = Interval(judged.own) if judged.part == "val" else wilson(judged.own, judged.rows)
    yield Tile(judged.name, f"{judged.own:.4f}", _between(own))
    if judged.popularity is not None:
        note = f"the model has {judged.own / judged.popularity:.1f} times that"
        note = note if judged.popularity else ""
        yield Tile(f"popularity@{k}", f"{judged.popularity:.4f}", note)
    for who, pairs, label in (
        ("model", "new", f"new pairs, recall@{k}"),
        ("own_history", "all", f"own history, all pairs @{k}"),
    ):
        found = evaluation.get((who, pairs, f"recall_at_{k}"))
        if found:
            model = evaluation.get(("model", pairs, f"recall_at_{k}"))
            beside = f"the model {model.value:.4f}" if model and who != "model" else ""
            yield Tile(label, f"{found.value:.4f}", beside or _between(found))


def _between(figure: Interval) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:.4f} to {figure.high:.4f}"


def evaluation_figures(facts: Facts) -> Iterator[Figure]:
    """Yields model, popularity and own history beside each other: all pairs, and new ones."""
    for pairs, title in _PAIRS.items():
        rows = []
        for name in _names(facts.metrics.evaluation, pairs):
            found = {who: facts.metrics.evaluation.get((who, pairs, name)) for who in _WHO}
            dots = [Dot(_WHO[who][0], each, _WHO[who][1]) for who, each in found.items() if each]
            rows.append((_shown(name), dots))
        if rows:
            count = facts.metrics.pairs.get(pairs)
            shown = {dot.label for _, dots in rows for dot in dots}
            keys = tuple(Key(color, label) for label, color in _WHO.values() if label in shown)
            told = f"{title} ({count:,})" if count else title
            yield Figure(told, draw_dots(told, rows), keys, _PAIRS_NOTE[pairs])


def evaluation_tables(facts: Facts) -> Iterator[Table]:
    """Yields the same as tables, and the recall of the test's rows."""
    yield from _rows(facts)
    for pairs, title in _PAIRS.items():
        names = _names(facts.metrics.evaluation, pairs)
        rows = tuple(_cells(facts.metrics.evaluation, pairs, name) for name in names)
        if rows:
            heads = ("", *(label for label, _ in _WHO.values()))
            yield Table(title, heads, rows, f"{_PAIRS_NOTE[pairs]} 95% intervals are in brackets.")


def _cells(
    evaluation: Mapping[tuple[str, str, str], Interval], pairs: str, name: str
) -> tuple[str, ...]:
    found = (evaluation.get((who, pairs, name)) for who in _WHO)
    return (_shown(name), *(words(each) if each else "-" for each in found))


def _names(evaluation: Mapping[tuple[str, str, str], Interval], pairs: str) -> list[str]:
    found = dict.fromkeys(name for who, which, name in evaluation if which == pairs and who in _WHO)
    return list(found)[:_MOST]


def _shown(key: str) -> str:
    return text.name(key.replace("_at_", "@"), 40)


def _rows(facts: Facts) -> Iterator[Table]:
    ks = sorted({*facts.test_recalls, *facts.val_recalls})[:_MOST]
    rows = []
    for k in ks:
        own = facts.test_recalls.get(k)
        top = best(facts.val_recalls.get(k, ()))
        popular = facts.metrics.final.get(f"test_popularity_recall_at_{k}")
        rows.append(
            (
                f"recall@{k}",
                "-" if own is None else words(wilson(own, facts.rows("test"))),
                "-" if popular is None else f"{popular:.4f}",
                "-" if top is None else f"{top[1]:.4f} (epoch {top[0] + 1})",
            )
        )
    if rows:
        heads = ("", "test", "popularity on test", "best on validation")
        yield Table("All rows", heads, tuple(rows), _ROWS_NOTE)
