"""View of one run for the page template, section by section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import Cause
from recgen.analysis.facts import Facts
from recgen.analysis.report import highlight
from recgen.analysis.report.evaluation import (
    Table,
    Tile,
    evaluation_figures,
    evaluation_tables,
    tiles,
)
from recgen.analysis.report.figures import Figure, curves, health, histograms
from recgen.analysis.report.final_layer import final_layer_tables
from recgen.analysis.report.predictions import prediction_figures, prediction_tables
from recgen.analysis.report.text import lines, name, percent
from recgen.analysis.run import Run
from recgen.analysis.text import WORDS, patch_lines, setup_of
from recgen.findings import show
from recgen.metrics import Account

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST = 100  # parameters
_MOST_VOCABULARIES = 40


@dataclass(frozen=True)
class Reason:
    """A cause, with its patch or the code of the earlier cause that has the same patch."""

    cause: Cause
    patch: str = ""
    same_as: str = ""


@dataclass(frozen=True)
class Listing:
    """A file of the run with syntax highlighting."""

    name: str
    lines: int
    text: Markup


class RunView:
    """One run on the page.

    Attributes:
        number: Its number, from 1; its anchor is `run-1`.
        run: The run.
        brief: Whether it is one of so many that only the most important is shown.
        place: Its path without what the paths of all runs share.
    """

    def __init__(self, run: Run, number: int, brief: bool = False, place: str = "") -> None:
        self.run = run
        self.number = number
        self.brief = brief
        self.place = name(place)
        self.facts = Facts(run)
        self.diagnosis = diagnose(run)

    @property
    def title(self) -> str:
        """The experiment's name."""
        return name(self.run.title)

    @property
    def path(self) -> str:
        """The path of the run."""
        return name(self.run.path, 300)

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return WORDS[self.diagnosis.verdict]

    @property
    def summary(self) -> str:
        """The verdict in a sentence."""
        return name(self.diagnosis.summary, 500)

    @cached_property
    def setup(self) -> list[str]:
        """The most important settings, and when the metrics were written."""
        saved = self.run.metrics.saved_at
        done = [f"written {saved:%Y-%m-%d %H:%M}"] if saved else []
        return [name(each) for each in (*setup_of(self.facts), *done)]

    @cached_property
    def reasons(self) -> list[Reason]:
        """The causes, the likeliest first."""
        found, seen = [], dict[str, str]()
        for cause in self.diagnosis.causes:
            patch = "\n".join(patch_lines(cause.patch)) if cause.patch else ""
            first = seen.setdefault(patch, cause.code) if patch else cause.code
            is_first = first == cause.code
            found.append(Reason(cause, lines(patch) if is_first else "", "" if is_first else first))
        return found

    @property
    def notes(self) -> list[str]:
        """What could not be examined."""
        problem = [self.run.problem] if self.run.problem else []
        return [name(note, 500) for note in (*problem, *self.diagnosis.notes)]

    @cached_property
    def tiles(self) -> list[Tile]:
        """The figures at the top."""
        return list(tiles(self.facts))

    @cached_property
    def panels(self) -> list[tuple[str, list[Figure]]]:
        """Sections of pictures, without empty ones."""
        if self.brief:
            few = list(curves(self.facts, brief=True))
            return [("Curves", few)] if few else []
        found = [
            ("Curves", list(curves(self.facts))),
            ("Embedding health", list(health(self.facts))),
            ("Weights and gradients over epochs", list(histograms(self.facts))),
        ]
        return [(title, figures) for title, figures in found if figures]

    @cached_property
    def evaluation(self) -> list[Figure]:
        """Plots of test data: the model beside its baselines, and its predictions."""
        if self.brief:
            return []
        return [*evaluation_figures(self.facts), *prediction_figures(self.facts)]

    @cached_property
    def tables(self) -> list[Table]:
        """Tables of the figures on test data."""
        return [*evaluation_tables(self.facts), *prediction_tables(self.facts)]

    @cached_property
    def final_layer(self) -> list[Table]:
        """Tables of the final layer; empty if none was fitted."""
        return list(final_layer_tables(self.facts))

    @cached_property
    def candidates(self) -> list[tuple[str, str]]:
        """Facts of candidates, rows and vocabularies."""
        return [*_account(self.run.metrics.data), *_candidates(self.facts)]

    @cached_property
    def params(self) -> list[tuple[str, str]]:
        """The parameters that the trainer reports."""
        params = [] if self.brief else list(self.run.metrics.params.given.items())[:_MOST]
        return [(name(str(key)), name(_value(value))) for key, value in params]

    @cached_property
    def config(self) -> Listing | None:
        """The config file."""
        text = self.run.report.text if self.run.report and not self.brief else None
        return None if text is None else _listing("config.yaml", text)

    @cached_property
    def modules(self) -> list[Listing]:
        """The generated modules."""
        texts = {} if self.brief else self.run.modules
        return [_listing(module, text) for module, text in texts.items()]

    @property
    def log(self) -> str:
        """The end of the log, if the training failed."""
        is_failed = self.run.problem or self.facts.failure_kind
        return lines(self.run.log) if is_failed else ""


def _listing(file: str, text: str) -> Listing:
    marked = highlight.yaml(text) if file.endswith(".yaml") else highlight.python(text)
    return Listing(name(file), text.count("\n") + (not text.endswith("\n")), marked)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(each)}" for key, each in list(value.items())[:_MOST])
    if isinstance(value, list):
        return ", ".join(map(_value, value[:_MOST])) or "none"
    return value if isinstance(value, str) else show(value)


def _account(account: Account | None) -> Iterator[tuple[str, str]]:
    """Yield what became of the rows that were read."""
    if account is None:
        return
    yield "rows read", f"{account.read:,}"
    counts = {
        "rows without a buyer or product, not used": account.without_id,
        "rows without a time, not used": account.without_time,
        "rows in no split": account.outside_split,
        "training rows": account.train,
        "validation rows": account.eval,
        "test rows": account.test,
    }
    yield from ((label, f"{count:,}") for label, count in counts.items() if count)
    for each in account.unknown[:_MOST]:
        what = "items of lists" if each.is_list else "rows"
        label = f"{what} with a value of {name(each.column)} that is not in the vocabulary"
        yield label, f"{each.places:,} of {each.total:,} ({each.distinct:,} distinct)"


def _candidates(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.candidates:
        yield "products to choose from", f"{facts.candidates:,}"
    known = facts.product_vocabulary
    if known is not None:
        yield "products in the vocabulary", f"{known:,}"
    judged = facts.judged
    if judged and judged.chance is not None:
        yield f"{judged.measure} of random products", f"{judged.chance:.4f}"
    for split, share in facts.unknown_products.items():
        yield f"{name(split)} rows with a product unknown in training", percent(share)
    evaluation = facts.metrics.evaluation
    for who, share in evaluation.coverage.items() if evaluation else ():
        yield f"products in the top 100 of any test buyer, {name(who.replace('_', ' '))}", percent(
            share
        )
    for split, label in (("train", "training"), ("eval", "validation"), ("test", "test")):
        rows = getattr(facts.params, f"{split}_rows")
        if rows is not None:
            yield f"{label} rows", f"{rows:,}"
    for file, size in list(facts.run.vocabularies.items())[:_MOST_VOCABULARIES]:
        yield f"entries in {name(file)}", f"{size:,}"
