"""Evaluation of one run on test data: the model and its baselines, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from recgen.analysis.facts import Facts
from recgen.analysis.report import text
from recgen.analysis.report.dots import Dot, draw_dots, words
from recgen.analysis.report.figures import Figure, Key
from recgen.analysis.series import best
from recgen.metrics import BASELINES, Interval

_COLORS = dict(zip(("model", *BASELINES), ("c0", "c5", "c3", "c2", "c4"), strict=True))
_PAIRS = {
    "all": "All pairs",
    "new": "New pairs",
    "new_filtered": "New pairs, past products left out",
    "unknown_buyers": "Unknown buyers",
}
_PAIRS_NOTE = {
    "all": "Each pair of a buyer and a product in the test counts once.",
    "new": "Only products that the buyer had not bought before.",
    "new_filtered": "Only such products, in lists from which what the buyer had is taken out.",
    "unknown_buyers": "Buyers who are not in the training data, shown with an unknown ID and no "
    "history; where there are none, known buyers shown like this.",
}
_MOST = 10  # figures
_ROWS_NOTE = "Every test row counts, including repeated purchases."


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its name."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Tile:
    """A figure at the top of the page."""

    label: str
    value: str
    note: str = ""


def tiles(facts: Facts) -> Iterator[Tile]:
    """Yield the most important figures."""
    judged = facts.judged
    if judged is None:
        return
    of_rows = facts.kind.figures.get(judged.name) if judged.unit == "row" else None
    interval = Interval.of(judged.own, judged.low, judged.high)
    found = of_rows.interval if of_rows else interval
    yield Tile(judged.name, f"{judged.own:.4f}", _between(found))
    if judged.baseline is not None:
        times = judged.own / judged.baseline if judged.baseline else None
        note = "" if times is None else f"the model has {times:.1f} times as much"
        yield Tile(f"{judged.rival}, {judged.measure}", f"{judged.baseline:.4f}", note)
    for each in facts.kind.others:
        best = "" if each.baseline is None else f"{each.rival} has {each.baseline:.4f}"
        yield Tile(each.name, f"{each.own:.4f}", best)


def _between(figure: Interval) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:.4f} to {figure.high:.4f}"


def evaluation_figures(facts: Facts) -> Iterator[Figure]:
    """Yield plots of the model and the baselines, on all pairs and on new ones."""
    evaluation = facts.metrics.evaluation
    figures = evaluation.figures if evaluation else {}
    who_words = _words(facts)
    for pairs, title in _PAIRS.items():
        rows = []
        for name in _names(figures, pairs):
            found = {who: figures.get((who, pairs, name)) for who in who_words}
            dots = [Dot(who_words[w], each, _COLORS[w]) for w, each in found.items() if each]
            rows.append((shown_measure(name), dots))
        if rows:
            count = evaluation.pairs.get(pairs.removesuffix("_filtered")) if evaluation else None
            shown = {dot.label for _, dots in rows for dot in dots}
            keys = tuple(Key(_COLORS[w], label) for w, label in who_words.items() if label in shown)
            heading = f"{title} ({count:,})" if count else title
            yield Figure(heading, draw_dots(heading, rows), keys, _PAIRS_NOTE[pairs])


def evaluation_tables(facts: Facts) -> Iterator[Table]:
    """Yield the same figures as tables, and recall on test rows."""
    evaluation = facts.metrics.evaluation
    figures = evaluation.figures if evaluation else {}
    yield from _rows(facts)
    words_of = _words(facts)
    for pairs, title in _PAIRS.items():
        rows = tuple(_cells(figures, pairs, name, words_of) for name in _names(figures, pairs))
        if rows:
            heads = ("", *words_of.values())
            yield Table(title, heads, rows, f"{_PAIRS_NOTE[pairs]} 95% intervals are in brackets.")


def _cells(
    evaluation: Mapping[tuple[str, str, str], Interval], pairs: str, name: str, whos: Iterable[str]
) -> tuple[str, ...]:
    found = (evaluation.get((who, pairs, name)) for who in whos)
    return (shown_measure(name), *(words(each) if each else "-" for each in found))


def _names(evaluation: Mapping[tuple[str, str, str], Interval], pairs: str) -> list[str]:
    found = dict.fromkeys(name for _, which, name in evaluation if which == pairs)
    return list(found)[:_MOST]


def _words(facts: Facts) -> dict[str, str]:
    """Return the model and the baselines in words."""
    return {"model": "model", **facts.params.baselines}


def shown_measure(key: str) -> str:
    """Return a measure's name as it is shown, such as `recall@100`."""
    return text.name(key.replace("_at_", "@"), 40)


def _rows(facts: Facts) -> Iterator[Table]:
    kind = facts.kind
    series = {curve.measure: curve.values for curve in kind.curves}
    rows = []
    for measure in list(dict.fromkeys([*kind.tests, *series]))[:_MOST]:
        test, top = kind.tests.get(measure), best(series.get(measure, ()))
        baseline = test.plain if test else None
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
