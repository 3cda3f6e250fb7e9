"""Rules on IDs and categories in the data: values that never repeat, several spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, dtype_of
from recgen.data.columns import date_column, described, ids, name_counts
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.data.words import decoded_once
from recgen.findings import percent, show
from recgen.rules.registry import Problem, rule

_NEARLY_ALL = 0.9
_MOST = 0.5
_FEW = 0.01
_ENOUGH = 20  # buyers
_OF_ORDER = (
    "Name the column with the customer's ID. If there is none, nothing is learnt of a buyer that "
    "could be used again: recommend what is popular."
)


@rule("RG506", "info", also=("warning",))
def rows_without_id(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Rows without a buyer or a product.

    A purchase needs both, so `train` drops these rows. If they are more than half of the rows, this
    is a warning: the rest may not represent the business; so are rows that have the ID in a column
    whose name is spelled otherwise, Customer_ID. Below 1%, nothing is reported.

    Example:
        features:
          buyer_id_column: customer_id  # null for guests: 25% of the rows

    Check that these rows may be dropped.
    """
    empty = _empty(features, profile)
    for side, path, column in ids(features, profile):
        share = column.nulls / column.rows
        if share >= _FEW:
            message = (
                f"{percent(share)} of the rows ({column.nulls:,}) have no {side} ID: "
                "they are dropped"
            )
            what = "by known buyers" if side == "buyer" else "of products, but fees and the like"
            help = f"Nothing to do if these rows are not purchases {what}."
            twin = _twin(column.name, profile)
            if twin is not None:
                help = f"Where they have a value in {show(twin)}, make one column of the two."
            elif empty > _MOST * column.nulls:
                help = (
                    f"Nothing to do if {empty:,} rows, which have no buyer and no product, are "
                    "those that a spreadsheet saves below its table."
                )
            is_many = share > _MOST or twin is not None
            yield Problem(path, message, help, severity="warning" if is_many else None)


def _twin(name: str, profile: Profile) -> str | None:
    """Return a column of the same name in another spelling that has values where this has none."""
    counts = name_counts(profile)
    same = [
        other
        for other in profile.names
        if other != name and _plain(other) == _plain(name) and counts[other] == 1
    ]
    return next((other for other in same if profile.distinct([name, other]) == 0), None)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _empty(features: FeatureConfig, profile: Profile) -> int:
    """Return the number of rows that have neither a buyer nor a product."""
    found = [column for _, _, column in ids(features, profile)]
    if len(found) < len(SIDES):
        return 0
    either = sum(column.rows - column.nulls for column in found)
    both = profile.known([column.name for column in found]).rows
    return profile.rows - (either - both)


@rule("RG507", "error")
def one_id(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """An ID column with one value.

    With a single product there is nothing to choose from, and `train` stops. With a single buyer (a
    warning), all that can be learnt is what is popular.

    Example:
        features:
          product_id_column: shop  # the same in every row

    Use instead:
        features:
          product_id_column: sku

    Name the column that holds the ID.
    """
    for side, path, column in ids(features, profile):
        if column.distinct == 1:
            only = show(column.examples[0])
            message = f"the {side} ID {show(column.name)} is {only} in every row"
            help = f"Check that {side}_id_column names the column with the {side}'s ID."
            yield Problem(path, message, help, severity=None if side == "product" else "warning")


@rule("RG508", "warning", also=("error",))
def never_repeats(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Values that never repeat.

    A vector is learnt from the rows with its value and used when the value occurs again. A value in
    a single row is never in both training and test. Reported if half of the rows or more have such
    a value; for an ID, 90% or more is an error, since the other tower then has almost nothing to
    learn from. A warning, too, where 99% of the buyers have rows at one time only, as orders have,
    and the split is by time.

    Example:
        features:
          product_id_column: order_line_id  # another one in each row

    Use instead:
        features:
          product_id_column: sku

    Use the ID of the product or buyer, not that of the row; remove other such features. Where each
    buyer buys only once, nothing can be learnt of one: allow it (`--allow RG508`) if other columns
    say something about buyers, or recommend what is popular.
    """
    named = {path: side for side, path, _ in ids(features, profile)}
    for path, feature, column in described(features, profile):
        if feature.data_type != "text":
            continue
        share = _alone(column, profile)
        is_error = path in named and share >= _NEARLY_ALL
        if share < _MOST or column.distinct == 1:
            continue
        what = f"{named[path]} ID in" if path in named else "value of"
        message = (
            f"{percent(share)} of the rows have a {what} {show(feature.output_name)} that no other "
            f"row has ({column.distinct:,} values in {column.rows - column.nulls:,} rows)"
        )
        help = "Remove it, or use a column that groups these values."
        if path in named:
            help = f"Check that it is the {named[path]}'s ID, not that of the row or the order."
            if is_error and named[path] == "buyer":
                help += " If each buyer buys once, `--allow RG508` trains on what else is known."
        yield Problem(path, message, help, severity="error" if is_error else None)


@never_repeats.check
def never_returns(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Yield a buyer ID whose values have one time each, as the ID of an order has."""
    date = date_column(features, data, profile)
    for side, path, column in ids(features, profile):
        if side == "product" or date is None or column.distinct < _ENOUGH:
            continue
        again = profile.ambiguous(column.name, date.name) / column.distinct
        if again <= _FEW and _alone(column, profile) < _MOST:
            message = (
                f"{percent(1 - again)} of the buyers in {show(column.name)} come at one time "
                "only, as an order does: none is known when they are recommended something"
            )
            yield Problem(path, message, _OF_ORDER)


def _alone(column: ColumnProfile, profile: Profile) -> float:
    """Return the share of rows whose value is in no other row."""
    known = column.rows - column.nulls
    if column.distinct < known * _MOST:  # then most rows share their value
        return 0.0
    counts = profile.counts(column.name)
    return sum(1 for count in counts if count == 1) / known


@rule("RG509", "warning")
def spellings(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Values that differ only in spelling.

    Vocabularies take text as it is, so 85123a and 85123A are two products, each with part of the
    purchases and a vector of its own. The public file of Online Retail has such pairs. Reported are
    differences in case, in spaces, in the form of Unicode (an accent composed or not, full-width
    digits), in the encoding (é as Ã©), in Greek and Cyrillic letters that look like Latin ones, in
    characters that nobody sees (a zero-width space, a soft hyphen), in a spreadsheet's mark of text
    (="00123"), and in the ways to write a UUID. Of IDs that are text, also whole numbers that
    differ in zeros in front or in separators, of thousands or of an EAN, which one export has and
    another has not (read as INT64: RG538).

    Example:
        features:
          product_id_column: StockCode  # 85123a and 85123A

    Unify the spelling in the data: the Unicode form NFKC, one case, no outer or invisible spaces.
    """
    for path, feature, column in described(features, profile):
        if feature.data_type == "text" and column.unlike < column.distinct:
            more = column.distinct - column.unlike
            values = "value" if more == 1 else "values"
            message = (
                f"{show(feature.output_name)} has {more:,} redundant {values}: "
                f"{_difference(*column.alike[:2])}"
            )
            help = (
                f"Unify the spelling in the data: of {column.distinct:,} values, each with its own "
                f"vector, {column.unlike:,} are left."
            )
            yield Problem(path, message, help)
    yield from _zeros_in_front(features, profile)


def _zeros_in_front(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Yield the IDs that are text, and of which some are whole numbers with and without zeros."""
    named = {path for _, path, _ in ids(features, profile)}
    for path, feature, column in described(features, profile):
        if path not in named or dtype_of(feature.bq_type) != "string":
            continue
        odd = profile.odd(column.name, "same number")
        if odd is not None:
            one, other = (show(text) for text, _ in odd.examples[:2])
            message = (
                f"{show(feature.output_name)} has {odd.values:,} values that differ from others "
                f"only in zeros in front or separators, in {odd.rows:,} of {column.rows:,} rows, "
                f"such as {one} and {other}"
            )
            help = "If they are the same, unify the spelling in the data. Nothing to do if not."
            yield Problem(path, message, help)


def _difference(one: str, other: str) -> str:
    """Return in what two spellings differ."""
    if " ".join(one.lower().split()) == " ".join(other.lower().split()):
        return f"{show(one)} and {show(other)} differ only in case or spaces"
    if {one[:1], other[:1]} & {"=", "'"} and one.strip("='\"") == other.strip("='\""):
        return f"{show(one)} and {show(other)} differ only in a spreadsheet's mark of text"
    if decoded_once(one) == other or decoded_once(other) == one:
        return f"{show(one)} and {show(other)} are one text, once in UTF-8 that was read as cp1252"
    if one.isascii() and other.isascii() and f"{one}{other}".isprintable():
        return f"{show(one)} and {show(other)} are one UUID"
    return (
        f"{one!a} and {other!a} differ only in the form of Unicode, in letters that look alike, or "
        "in invisible characters"
    )
