"""The test of one run beside what needs no model, with intervals. Writes no page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from recgen.analysis.facts import Facts
from recgen.analysis.report import text
from recgen.analysis.report.dots import Dot, draw_dots, words
from recgen.analysis.report.figures import Figure, Key
from recgen.analysis.series import best
from recgen.metrics import Interval

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
    own = facts.kind.figures.get(judged.name)
    yield Tile(judged.name, f"{judged.own:.4f}", _between(own.interval) if own else "")
    if judged.baseline is not None:
        note = f"the model has {judged.own / judged.baseline:.1f} times that"
        note = note if judged.baseline else ""
        yield Tile(f"{facts.kind.baseline}@{judged.k}", f"{judged.baseline:.4f}", note)
    for who, pairs, label in (
        ("model", "new", f"new pairs, {judged.measure}"),
        ("own_history", "all", f"own history, all pairs @{judged.k}"),
    ):
        found = facts.kind.evaluated(who, pairs)
        if found:
            model = facts.kind.evaluated("model", pairs)
            beside = f"the model {model.value:.4f}" if model and who != "model" else ""
            yield Tile(label, f"{found.value:.4f}", beside or _between(found))


def _between(figure: Interval) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:.4f} to {figure.high:.4f}"


def evaluation_figures(facts: Facts) -> Iterator[Figure]:
    """Yields model, popularity and own history beside each other: all pairs, and new ones."""
    evaluation = facts.metrics.evaluation
    figures = evaluation.figures if evaluation else {}
    for pairs, title in _PAIRS.items():
        rows = []
        for name in _names(figures, pairs):
            found = {who: figures.get((who, pairs, name)) for who in _WHO}
            dots = [Dot(_WHO[who][0], each, _WHO[who][1]) for who, each in found.items() if each]
            rows.append((_shown(name), dots))
        if rows:
            count = evaluation.pairs.get(pairs) if evaluation else None
            shown = {dot.label for _, dots in rows for dot in dots}
            keys = tuple(Key(color, label) for label, color in _WHO.values() if label in shown)
            told = f"{title} ({count:,})" if count else title
            yield Figure(told, draw_dots(told, rows), keys, _PAIRS_NOTE[pairs])


def evaluation_tables(facts: Facts) -> Iterator[Table]:
    """Yields the same as tables, and the recall of the test's rows."""
    evaluation = facts.metrics.evaluation
    figures = evaluation.figures if evaluation else {}
    yield from _rows(facts)
    for pairs, title in _PAIRS.items():
        rows = tuple(_cells(figures, pairs, name) for name in _names(figures, pairs))
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
    kind = facts.kind
    series = {curve.measure: curve.values for curve in kind.curves}
    rows = []
    for measure in list(dict.fromkeys([*kind.tests, *series]))[:_MOST]:
        test, top = kind.tests.get(measure), best(series.get(measure, ()))
        baseline = test.baseline if test else None
        rows.append(
            (
                measure,
                words(kind.figures[test.name].interval) if test else "-",
                "-" if baseline is None else f"{baseline:.4f}",
                f"{top[1]:.4f} (epoch {top[0] + 1})" if top else "-",
            )
        )
    if rows:
        heads = ("", "test", f"{kind.baseline} on test", "best on validation")
        yield Table("All rows", heads, tuple(rows), _ROWS_NOTE)
