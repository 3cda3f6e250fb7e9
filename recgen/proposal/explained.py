"""Comments of a proposal, by the paths of the entries below them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recgen.config import SIDES, DataConfig, ModelConfig, Side, negatives_of
from recgen.data.events import Events, find_events
from recgen.findings import Location, counted, percent, show
from recgen.proposal.choices import OPTIONS, Choice, Keys, Role
from recgen.proposal.columns import Towers
from recgen.proposal.features import span
from recgen.proposal.habits import Habits
from recgen.proposal.recipe import Recipe
from recgen.proposal.sizes import Divided, why_batch, why_width
from recgen.proposal.table import Table
from recgen.proposal.target import Predicted
from recgen.proposal.text import Comments, comment
from recgen.proposal.times import Past, Recency
from recgen.proposal.turnover import Turnover

_LISTED = 40  # columns that are left out, each with its reason


@dataclass(frozen=True)
class Explained:
    """A proposal before it becomes text."""

    table: Table
    keys: Keys
    towers: Towers
    model: Mapping[str, Any]
    divided: Divided
    source: str
    recency: Recency | None = None
    past: Past | None = None
    habits: Habits | None = None
    recipe: Recipe | None = None
    target: Predicted | None = None
    turnover: Turnover | None = None

    @cached_property
    def events(self) -> Events | None:
        """Kinds of events, if not every row is a purchase."""
        return find_events(self.table.profile, self.target.column if self.target else None)

    def comments(self) -> Comments:
        """Return the comments by the paths of the entries below them."""
        parts = (self._head(), self._left_out(), *map(self._of_side, SIDES), self._of_sizes())
        comments = self.target.comments() if self.target else []
        found: dict[Location, list[str]] = {}
        for part in (*parts, ((path, comment(text)) for path, text in comments)):
            for path, text in part:
                found.setdefault(path, []).append(text)
        return found

    def _head(self) -> Iterator[tuple[Location, str]]:
        profile = self.table.profile
        size = f"{counted(profile.rows, 'row')}, {counted(len(profile.names), 'column')}"
        if self.table.empty:
            size += f"; {counted(self.table.empty, 'empty row')} left out"
        made = f"Proposed by `recgen init` from {self.source} ({size})."
        if self.recipe is not None:
            made = (
                f"The preset {self.recipe.name}, fitted by `recgen init` to {self.source} ({size})."
            )
        yield ("name",), comment(f"{made} Change what you know better.")
        for paragraph in self.recipe.head if self.recipe else ():
            yield ("name",), comment(paragraph)
        if self.events is not None:
            words = f"{_plain(self.events.column)} has {self.events.counts}. {self.events.help}"
            yield ("name",), comment(words)
        others = [each.feature for side in SIDES for each in self.towers.taken[side]]
        if any(feature["data_type"] == "text" for feature in others):
            yield ("features",), _EMBEDDINGS

    def _left_out(self) -> Iterator[tuple[Location, str]]:
        left_out = self.towers.left_out
        if left_out:
            yield ("features",), "Left out:"
        for name, why in list(left_out.items())[:_LISTED]:
            yield ("features",), f"  {comment(f'{_plain(name)}: {why}')}"
        if len(left_out) > _LISTED:
            yield ("features",), f"  and {len(left_out) - _LISTED:,} more"

    def _of_side(self, side: Side) -> Iterator[tuple[Location, str]]:
        choice, path = self.keys.of(side), ("features", f"{side}_id_column")
        yield from self._of_choice(side, choice, path)
        features: Location = ("features", f"{side}_model_features")
        start = 0
        if choice.name is not None:
            column = self.table.columns[choice.name]
            each = (column.rows - column.nulls) / max(1, column.distinct)
            ids = counted(column.distinct, "ID")
            wide = " As wide as the output." if self.recipe is None else ""
            yield (*features, 0), f"{ids} with {each:,.1f} rows each.{wide}"
            start = 1
        for index, taken in enumerate(self.towers.taken[side], start=start):
            yield (*features, index), comment(taken.why)
        if side == "buyer" and self.past is not None:
            yield from self._of_past((*features, start + len(self.towers.taken[side])))
        if side == "product" and self.habits is not None:
            yield path, self._bought_again(self.habits)
        if side == "product" and self.turnover is not None:
            yield path, self.turnover.says(len(self.towers.taken["product"]))

    def _of_past(self, path: Location) -> Iterator[tuple[Location, str]]:
        habits = self.habits
        assert habits, "a history is proposed for buyers who come back"
        yield path, _PAST
        yield path, _LONG.format(habits.times, habits.most)

    def _bought_again(self, habits: Habits) -> str:
        if habits.never_again:
            return _NEVER_AGAIN
        share = percent(habits.again)
        text = _AGAIN.format(share)
        if self.past is not None:
            return text
        is_left_out = self.target is not None and not self.target.has_past
        return f"{text} {_PAST_LEFT_OUT if is_left_out else _NO_PAST}"

    def _of_choice(
        self, role: Role, choice: Choice, path: Location
    ) -> Iterator[tuple[Location, str]]:
        if not choice.sure:
            yield path, comment(guess(choice))
        if choice.note:
            yield path, comment(choice.note)
        if choice.others:
            option = f"{OPTIONS[role]} {shlex.quote(choice.others[0])}"
            yield path, comment(f"Otherwise: recgen init --data {self.source} {option}")
        nobodies = self.table.nobodies(choice.name) if choice.name and role != "time" else ()
        if nobodies:
            yield path, comment(f"{_listed(nobodies)}: {NOBODY.format(role)}")

    def _of_sizes(self) -> Iterator[tuple[Location, str]]:
        split: Location = ("data", "split")
        time, rows = self.keys.time, self.divided.rows
        if self.recipe is None:
            yield ("model",), _MODEL
        yield from self._of_model()
        if self.divided.section["split"]["kind"] == "random":
            yield (*split, "kind"), comment(f"AT RANDOM: {self.divided.why}. {self._at_random}")
        else:
            yield from self._of_choice("time", time, (*split, "date_column"))
        if time.name is not None and self.divided.section["split"]["kind"] == "strict_time":
            span = self._span(time.name)
            yield split, f"Shares of the time from {span}; the last part is the test."
        least = self.divided.least
        enough = f" The smallest shares that give both {least:,} or more." if least > 1 else ""
        yield split, (
            f"Rows: {rows.training:,} to train; {rows.validation:,} to validate, for epochs and "
            f"weights; {rows.test:,} to test.{enough}"
        )
        left_out = self.table.profile.rows - rows.training - rows.validation - rows.test
        if left_out > 0:
            rest = counted(left_out, "row")
            yield split, f"Left out: {rest} without a buyer, a product or a time."

    def _span(self, time: str) -> str:
        column = self.table.columns[time]
        return span(column)

    def split(self) -> str:
        """Return how the rows are divided, and why, in one line."""
        split, rows = self.divided.section["split"], self.divided.rows
        parts = f"{rows.training:,} / {rows.validation:,} / {rows.test:,} rows"
        if split["kind"] == "random":
            why = f": {self.divided.why}" if self.keys.time.name else ", without a time"
            return f"AT RANDOM{why}: {parts} to train, validate and test. {self._at_random}"
        time = split["date_column"]
        return f"by time, {show(time)} from {self._span(time)}: {parts} to train, validate and test"

    @property
    def _at_random(self) -> str:
        return _AT_RANDOM if self.keys.time.name else f"{_AT_RANDOM} {_NAME_TIME}"

    def _of_model(self) -> Iterator[tuple[Location, str]]:
        product, rows = self.keys.product.name, self.divided.rows
        for key, text in self.recipe.comments(self.model, self.past) if self.recipe else ():
            yield ("model", key) if key else ("model",), comment(text)
        if product is not None:
            products = self.table.columns[product].distinct
            if self.recipe is None:
                width = int(self.model["output_embedding_dim"])
                yield ("model", "output_embedding_dim"), why_width(self.table, self.keys, width)
            model = ModelConfig.model_validate(self.model)
            data = DataConfig.model_validate(self.divided.section)
            is_whole = negatives_of(model, data) == "full_catalogue"
            if model.model_type != "ranking":
                yield ("data", "catalogue_size"), _FEW if is_whole else _MANY
                yield ("model", "top_k"), _top_k(products)
        seen = self.recency.drawn if self.recency else rows.training
        steps = max(1, seen // self.model["batch_size"])
        text = f"About {steps:,}" if self.recency else f"{steps:,}"
        why = why_batch(self.model["batch_size"], steps) if self.recipe is None else ""
        yield ("model", "batch_size"), f"{text} batches an epoch.{why}"
        yield ("model", "epochs"), _EPOCHS[self.target.kind if self.target else "retrieval"]
        if "output_dropout" in self.model:
            yield ("model", "output_dropout"), _DROPOUT
        if self.recency is not None:
            share = percent(self.recency.drawn / max(1, rows.training))
            yield ("model", "recency_half_life_days"), _RECENCY.format(share)


_AT_RANDOM = (
    "The model then knows each buyer's later purchases, so its recall is higher than it will be in "
    "use."
)
_NAME_TIME = "If there is a time, name it: `recgen init --time COLUMN`."
NOBODY = "such a value stands for no {}, but counts as one. Leave these rows out of the data."
_EMBEDDINGS = (
    "IDs are as wide as the output; other text is 1.6 * values^0.56 wide (fastai's rule of thumb)."
)
_MODEL = (
    "No layers: each ID's vector is the tower's output, plus a projection of the other features. "
    "Deeper towers were worse on Online Retail; measure before you add layers."
)
_PAST = "Not in the data: a run makes it of the transactions. What the buyer had before, each once."
_LONG = (
    "A buyer comes at {:,.1f} times on average; 95% of the rows are of buyers with at most {:,} "
    "rows."
)
_AGAIN = "Bought again: {} of the purchases are of a product that the buyer has had before."
_NO_PAST = "No history can say so here: it needs times."
_PAST_LEFT_OUT = "A history is left out: with one, predictions were worse on Online Retail."
_NEVER_AGAIN = "Nothing is bought twice: remove what the buyer has had from the answers."
_RECENCY = (
    "Recent purchases tell more about the next ones: rows that are this many days older are drawn "
    "half as often; an epoch has {} of all rows. A sixth of the time was best on Online Retail."
)
_EPOCHS = {
    "retrieval": "At most: training ends when the measure named at top_k no longer rises on the "
    "validation rows.",
    "ranking": "At most: training ends when the loss of validation rows no longer falls.",
    "multitask": "At most: training ends when both tasks together no longer get better.",
}
_DROPOUT = (
    "Of the buyer's vector. On Online Retail, 0.2 to 0.5 help with products new to the buyer."
)
_FEW = "Products in the data: few enough to score all of them for each row."
_RECALL_AT, _TENTH = (5, 10, 50, 100), 10  # recall at a larger part of the catalogue tells little
_ANSWER = "Products in an answer."
_RECALL = (
    "Training and the verdict watch recall at {}, whatever this is: the largest k that is at most "
    "a tenth of the catalogue. Where counting alone finds nearly all, they watch the mean "
    "reciprocal rank (MRR)."
)
_MRR = (
    "With {}, recall tells models hardly apart: training and the verdict watch the mean reciprocal "
    "rank (MRR)."
)
_MANY = (
    "Products in the data: more than two for each row of a batch, so a row is compared with the "
    "products of its batch, which is faster than with all."
)


def _top_k(products: int) -> str:
    """Return what training watches, as `Counting.choose` in the templates does it."""
    fitting = [k for k in _RECALL_AT if _TENTH * k <= products]
    if not fitting:
        return f"{_ANSWER} {_MRR.format(counted(products, 'product'))}"
    return f"{_ANSWER} {_RECALL.format(fitting[-1])}"


def guess(choice: Choice) -> str:
    """Return the comment on a choice that somebody has to check."""
    return f"GUESS: {choice.why}. Check this." if choice.name else f"GUESS: {choice.why}. Set it."


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(show, values))


def _plain(name: str) -> str:
    return name if name and name.isprintable() and name == name.strip() else show(name)
