"""Rules on lists that the data brings: what they hold, in which order, and whether it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.config import SIDES, BqType, DataConfig, FeatureConfig, History, HistoryFeature
from recgen.config.paths import all_features
from recgen.data.columns import find, id_column, name_counts
from recgen.data.profile import Profile
from recgen.data.statistics import ListFacts
from recgen.findings import Location, Severity, percent, show
from recgen.rules.data.columns import nulls
from recgen.rules.registry import Problem, rule

_FEWEST = 20  # rows, below which shares say little
_TELLING = 10  # rows whose list would not hold another row's product
_ANSWER = 0.9
_FUTURE = 0.3
_NONE_KNOWN, _FEW_KNOWN = 0.05, 0.5
_REVERSED = 0.8
_SORTED = 0.98
_REPEATED = 0.1
_ABSENT = 0.01


@dataclass(frozen=True)
class _Listed:
    """A history whose lists are in the data."""

    path: Location
    name: str
    history: History
    facts: ListFacts
    examples: tuple[str, ...]
    """Values of the shared feature."""
    column: str
    bq_type: BqType


def _listed(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[_Listed]:
    counts = name_counts(profile)
    sources = {feature.output_name: feature.column for _, feature in all_features(features)}
    ids = [id_column(features, side, profile) for side in SIDES]
    date = data.split.date_column if data.split else None
    times = find(counts, date, sources.get(date, date)) if date else None
    of = [name for name in (*(column.name for column in ids if column), times) if name]
    for path, feature in all_features(features):
        history = feature.history if isinstance(feature, HistoryFeature) else None
        if history is None:
            continue
        column = find(counts, feature.output_name, feature.column)
        shared = find(counts, history.shared_with, sources.get(history.shared_with, ""))
        if column is None or shared is None or profile.column(column).kind != "list":
            continue
        facts = profile.lists(column, shared, of if all(ids) else ())
        examples = profile.column(shared).examples
        name, bq_type = feature.output_name, feature.bq_type
        yield _Listed(path, name, history, facts, examples, column, bq_type)


def _share(counts: tuple[int, int]) -> float:
    """Return a share, 0 if it is of too few rows."""
    found, rows = counts
    return found / rows if rows >= _FEWEST else 0.0


def _holds_answer(facts: ListFacts) -> bool:
    """Return whether lists hold their row's product, as they would not hold another row's."""
    held, rows = facts.own
    telling = rows * (1 - facts.by_chance)
    is_enough = rows >= _FEWEST and telling >= _TELLING
    return is_enough and rows - held <= (1 - _ANSWER) * telling


@rule("RG547", "error", allowable=True)
def holds_the_answer(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """A list that holds the row's own product.

    In 90% of the rows in which a buyer has a product for the first time (of all rows, without a
    date), the buyer's list already contains it: it was made with the purchase itself, by a window
    that ends with the current row, for example. The model learns to find the product in the list,
    and in production the list lacks it. Measured on 3,000 rows: test recall@10 was 0.75 with such
    lists and 0.40 with lists of what came before. Lists that would hold any other product as well,
    as those of a small catalogue may, do not count.

    Example:
        features:
          buyer_model_features:
            - column: bought  # ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
              data_type: history
              transforms: {history: {shared_with: sku}}

    End the window with the row before (`AND 1 PRECEDING`), and leave out purchases at the same
    time. Or drop the column and set a date column: then `train` makes the lists. If the lists go
    back to long before the data, and buyers hardly ever buy anything new, the finding is wrong.
    """
    for each in _listed(features, data, profile):
        if _holds_answer(each.facts):
            share = _share(each.facts.own)
            message = (
                f"in {percent(share)} of the rows the list {show(each.name)} already holds the "
                "product that is bought"
            )
            help = (
                "Make the lists only of purchases before the row's time, or remove the column "
                "from the data: with a date column, `train` makes them."
            )
            yield Problem(each.path, message, help)


@rule("RG548", "error", allowable=True)
def holds_the_future(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """A list that holds what the buyer bought only later.

    For each row, the next product that the buyer had not had before is looked up. A list of the
    past does not contain it, unless the list goes back to before the data. Reported if 30% of the
    lists or more do, and twice as many as hold the row's own new product: then the lists were made
    at one later time for all rows. Lists with the row's own product are reported by RG547.

    Example:
        features:
          buyer_model_features:
            - column: bought  # all purchases of the buyer, joined to each row
              data_type: history
              transforms: {history: {shared_with: sku}}

    Make each row's list of the purchases before the row's time. Or drop the column and set a date
    column: then `train` makes the lists.
    """
    for each in _listed(features, data, profile):
        share, own = _share(each.facts.next), _share(each.facts.own)
        if not _holds_answer(each.facts) and share >= max(_FUTURE, 2 * own):
            message = (
                f"in {percent(share)} of the rows the list {show(each.name)} holds the next new "
                "product, which the buyer bought only later"
            )
            help = "Make each list only of purchases before the row's time."
            yield Problem(each.path, message, help)


@rule("RG549", "warning", also=("error",))
def of_other_ids(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A list of values that the shared feature does not have.

    A list is looked up in the vocabulary of the feature that it shares with, and unknown items are
    left out. Items in another spelling (lower case, internal numbers, titles) are all unknown, so
    the lists are empty. Reported if less than half of the items are values of the feature; below 5%
    it is an error.

    Example:
        features:
          buyer_model_features:
            - column: bought  # p0012, p0013
              data_type: history
              transforms: {history: {shared_with: sku}}  # P0012, P0013

    Spell the items as the feature's values are spelt.
    """
    for each in _listed(features, data, profile):
        facts = each.facts
        if facts.items == 0 or facts.known >= _FEW_KNOWN * facts.items:
            continue
        severity: Severity | None = "error" if facts.known < _NONE_KNOWN * facts.items else None
        shared = show(each.history.shared_with)
        message = (
            f"{percent(facts.known / facts.items)} of the items of {show(each.name)} are values of "
            f"{shared}: the lists have {_shown(facts.strange)}, and {shared} has "
            f"{_shown(each.examples[:3])}"
        )
        help = "Spell the items like the values of the shared feature: others are left out."
        yield Problem(each.path, message, help, severity=severity)


@nulls.check
def _without_items(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    for each in _listed(features, data, profile):
        items, absent = each.facts.items, each.facts.absent
        if not items and profile.misfit(each.column, each.bq_type) is None:
            message = f"no list {show(each.name)} has an item"
            yield Problem(each.path, message, "Remove it, or provide data that has values.")
        elif absent and absent >= _ABSENT * (items + absent):
            share = percent(absent / (items + absent))
            message = f"{share} of the items of {show(each.name)} are null or empty text"
            help = "They are left out. Nothing to do if they only fill lists up."
            yield Problem(each.path, message, help, severity="info")


def _shown(values: tuple[str, ...]) -> str:
    return ", ".join(map(show, values))


@rule("RG550", "warning")
def newest_first(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A list in the reverse of the order that the config says.

    Lists are expected with the latest value last, or first with `order: newest_first`:
    `max_length` keeps that end of a list, and `half_life` counts from there. The order is
    recognised from the buyer's own earlier rows: reported if 80% of the neighbours in the lists,
    or more, are in reverse.

    Example:
        features:
          buyer_model_features:
            - column: bought  # ARRAY_AGG(sku ORDER BY bought_at DESC)
              data_type: history
              transforms: {history: {shared_with: sku, max_length: 20}}

    Say so with `order: newest_first`, or turn the lists round, in the data and in requests
    (`ORDER BY bought_at`). Lists whose items are sorted by their value, as `ARRAY_AGG(DISTINCT
    sku)` gives them, have lost the order: that is reported where `max_length` or `half_life`
    depends on it.
    """
    for each in _listed(features, data, profile):
        forward, backward = each.facts.order
        is_last = each.history.order == "oldest_first"
        if not is_last:
            forward, backward = backward, forward
        if _share((backward, forward + backward)) >= _REVERSED:
            kept = each.history.max_length
            effect = (
                f"of lists of up to {each.facts.longest:,} items, the oldest {kept:,} are kept"
                if each.facts.longest > kept
                else "longer lists would lose their latest items"
            )
            if each.history.half_life:
                effect += ", and the oldest count most"
            place, right = ("first", "newest_first") if is_last else ("last", "oldest_first")
            message = f"the lists {show(each.name)} have the latest item {place}: {effect}"
            help = f"Write `order: {right}`, or turn the lists round, in the data and in requests."
            at = (*each.path, "transforms", "history", "order")
            yield Problem(at, message, help, fix=("set", right))


@newest_first.check
def _sorted_by_value(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    for each in _listed(features, data, profile):
        is_cut = each.facts.longest > each.history.max_length
        if _share(each.facts.ascending) >= _SORTED and (is_cut or each.history.half_life):
            message = (
                f"the items of the lists {show(each.name)} are sorted by their value, not by time: "
                "those that are kept, or count most, are not the latest"
            )
            help = "Sort the lists by the time of the purchase, with the latest item last."
            yield Problem(each.path, message, help)


@rule("RG552", "info")
def repeats_items(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A list that holds items more than once.

    Each occurrence counts, and takes one of the `max_length` places. Lists that `train` makes hold
    each value once, at its last occurrence. Reported if 10% of the items or more are repetitions.

    Example:
        features:
          buyer_model_features:
            - column: bought  # every purchase of the same milk
              data_type: history
              transforms: {history: {shared_with: sku}}

    Keep it if the number of purchases matters; otherwise keep the last occurrence only.
    """
    for each in _listed(features, data, profile):
        facts = each.facts
        if facts.items and facts.repeated >= _REPEATED * facts.items:
            message = (
                f"{percent(facts.repeated / facts.items)} of the items of {show(each.name)} repeat "
                "an earlier item of their list"
            )
            help = "Keep the last occurrence only, unless the number of purchases matters."
            yield Problem(each.path, message, help)
