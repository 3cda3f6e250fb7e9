"""Figures of one run on the report page: curves, embedding health and histograms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recgen.analysis.facts import Facts
from recgen.analysis.kinds.ranking import ERRORS
from recgen.analysis.report.heat import draw_heat
from recgen.analysis.report.lines import Level, Line, draw_lines
from recgen.analysis.report.text import number
from recgen.analysis.series import any_value, last, points
from recgen.metrics import TOWERS, Series
from recgen.metrics.parts import TASKS

if TYPE_CHECKING:
    from markupsafe import Markup

SIDES = {"query": "buyer", "candidate": "product"}
COLORS = {"query": "c0", "candidate": "c1"}
_MOST_KS = 4
_MOST_KEYS = 8
_TABLE_NOTE = "The colors are those in the table above."
_ALIKE = 0.5  # share of the common span that one of two curves must fill to share an axis
_HEALTH = {
    "effective_rank": (
        "Effective rank",
        "Number of directions that the embeddings use; if it is low, they lie on a line or plane.",
    ),
    "mean_cosine": (
        "Mean cosine",
        "0: embeddings point in all directions. 1: all point in one, and cannot be distinguished.",
    ),
    "dead_units": ("Dead units", "Share of ReLU units that fire for no row."),
    "update_ratio": (
        "Update ratio",
        "How far an epoch moved the weights, relative to their norm before the epoch.",
    ),
}


@dataclass(frozen=True)
class Key:
    """A legend entry: what a color means, and the last value."""

    color: str
    label: str
    value: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture with its title, its legend and a note."""

    title: str
    picture: Markup
    keys: tuple[Key, ...] = ()
    note: str = ""


def figure_of(
    title: str,
    lines: Sequence[Line],
    levels: Sequence[Level] = (),
    note: str = "",
    mark: int | None = None,
    from_zero: bool = False,
    brief: bool = False,
) -> Iterator[Figure]:
    """Yield a figure with curves; nothing if no line has a value."""
    shown = [line for line in lines if any_value(line.values)]
    if not shown:
        return
    keys = [Key(line.color, line.label, _last(line.values)) for line in shown]
    if len(keys) > _MOST_KEYS:
        keys, note = [], note if brief else f"{_TABLE_NOTE} {note}".rstrip()
    keys += [Key("level", level.label, number(level.value)) for level in levels]
    picture = draw_lines(title, shown, levels, mark, from_zero, brief)
    yield Figure(title, picture, tuple(keys), note)


def _last(series: Series) -> str:
    value = last(series)
    return "" if value is None else number(value)


def curves(facts: Facts, brief: bool = False) -> Iterator[Figure]:
    """Yield losses, validation recall, the loss relative to chance, gradient norms and coverage.

    Args:
        facts: The figures of the run.
        brief: Whether losses and recall are enough, without the figures of each epoch.
    """
    yield from _losses(facts, brief)
    yield from _recall(facts, brief)
    if brief:
        return
    ratios = [Line("training", facts.loss_to_chance, "c0")]
    for color, task in zip(("c1", "c2"), TASKS, strict=True):  # of a model that has both
        ratios.append(Line(task, facts.health(f"{task}_to_chance"), color))
    yield from figure_of(
        "Loss against chance",
        ratios,
        [Level("chance", 1.0)],
        "1 is the loss of a model whose scores are all equal, or that has learned only popularity.",
    )
    yield from _gradients(facts)
    coverage = Line("coverage", facts.health("val_coverage_at_100"), "c2")
    note = "Share of the products that are in the top 100 of any validation row."
    yield from figure_of("Coverage", [coverage], note=note, from_zero=True)


def _losses(facts: Facts, brief: bool) -> Iterator[Figure]:
    train = Line("training", facts.loss, "c0")
    val = Line("validation", facts.val_loss, "c1")
    kept, note = facts.best_epoch, _kept_note(facts)
    odd = facts.run.file.not_finite.get("loss.loss", ())
    if odd:
        note = f"The loss was not finite from epoch {odd[0] + 1} on. {note}".rstrip()
    if _fit_together(train.values, val.values):
        yield from figure_of("Loss", [train, val], note=note, mark=kept, brief=brief)
    else:
        yield from figure_of("Training loss", [train], note=note, mark=kept, brief=brief)
        yield from figure_of("Validation loss", [val], mark=kept, brief=brief)
    penalty = facts.metrics.loss.regularization_loss
    if any(penalty) and not brief:
        yield from figure_of("Regularization loss", [Line("training", penalty, "c0")])


def _kept_note(facts: Facts) -> str:
    kept = facts.best_epoch
    return (
        "" if kept is None else f"The dotted line marks epoch {kept + 1}, whose weights were kept."
    )


def _fit_together(one: Series, other: Series) -> bool:
    """Return whether two series can share an axis without one of them looking flat."""
    both = [[value for _, value in points(series)] for series in (one, other)]
    known = [value for values in both for value in values]
    if not all(both):
        return True
    span = max(known) - min(known)
    return span == 0 or max(max(values) - min(values) for values in both) >= _ALIKE * span


def _recall(facts: Facts, brief: bool) -> Iterator[Figure]:
    kind = facts.kind
    own = next((curve for curve in kind.curves if curve.measure == kind.measure), kind.curve)
    others = [curve for curve in reversed(kind.curves) if curve not in (own, kind.curve)]
    # Errors have units of their own, and the areas under curves and recalls have none.
    apart = [curve for curve in others if curve.measure in ERRORS.values()]
    shown = [own, *(curve for curve in others if curve not in apart)]
    lines, errors = (
        [
            Line(curve.measure, curve.values, "c0" if index == 0 else f"c0 t{index}")
            for index, curve in enumerate(part[: 1 if brief else _MOST_KS])
        ]
        for part in (shown, apart)
    )
    levels = [
        Level(f"{measured.rival}{where} {measured.label}", measured.baseline)
        for measured, where in ((kind.measured("val"), ""), (kind.measured("test"), " on test"))
        if measured and measured.baseline is not None
    ]
    yield from figure_of(
        f"Validation {kind.measure}",
        lines,
        levels[:1],
        _kept_note(facts),
        mark=facts.best_epoch,
        from_zero=True,
        brief=brief,
    )
    if not brief:
        yield from figure_of("Validation errors", errors, mark=facts.best_epoch, from_zero=True)


def _gradients(facts: Facts) -> Iterator[Figure]:
    lines = [Line(SIDES[tower], facts.gradient(tower), COLORS[tower]) for tower in TOWERS]
    zero = [
        f"Those of the {SIDES[tower]} tower are zero from epoch {epoch + 1} on."
        for tower, epoch in facts.zero_gradients.items()
    ]
    yield from figure_of("Gradient norms", lines, note=" ".join(zero))


def health(facts: Facts) -> Iterator[Figure]:
    """Yield metrics of the health of the embeddings, by tower."""
    for name, (title, note) in _HEALTH.items():
        lines = [
            Line(SIDES[tower], facts.health(f"{tower}.{name}"), COLORS[tower]) for tower in TOWERS
        ]
        is_ratio = name == "update_ratio"
        yield from figure_of(title, lines, note=note, from_zero=not is_ratio)


def histograms(facts: Facts) -> Iterator[Figure]:
    """Yield the distribution of weights and gradients over the epochs, by tower."""
    for group, words in (("weight_stats", "weights"), ("gradient_stats", "gradients")):
        for tower in TOWERS:
            histogram = facts.metrics.histograms.get(f"{group}.{tower}")
            title = f"{SIDES[tower].capitalize()} {words}"
            picture = draw_heat(title, histogram, COLORS[tower]) if histogram else None
            if picture:
                yield Figure(title, picture)
