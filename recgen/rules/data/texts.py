"""Rules on texts in the data that are lost or mistaken: words for null, lost digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.config import DataConfig, Feature, FeatureConfig, dtype_of
from recgen.data.columns import columns, described, ids
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile, Odd
from recgen.findings import Location, Severity, show
from recgen.rules.registry import Problem, rule

_SPACE = re.compile(r"^\s|\s$")

Texts = tuple[Location, Feature, ColumnProfile, bool]


def _texts(features: FeatureConfig, profile: Profile) -> Iterator[Texts]:
    """Yield the features that are read as text, and whether each is an ID."""
    named = {path for _, path, _ in ids(features, profile)}
    for path, feature, column in described(features, profile):
        if feature.data_type == "text" and dtype_of(feature.bq_type) == "string":
            yield path, feature, column, path in named


def _rows(odd: Odd, column: ColumnProfile) -> str:
    return f"{odd.rows:,} of {column.rows:,} rows"


def _listed(odd: Odd) -> str:
    """Return the examples with their rows."""
    more = ", …" if odd.values > len(odd.examples) else ""
    return ", ".join(f"{show(text)} ({rows:,})" for text, rows in odd.examples) + more


@rule("RG535", "info", also=("warning",))
def null_words(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    r"""Text that stands for nothing.

    A program that writes a missing value as text leaves nan, None, NULL, \N or (not set) in the
    data. Read as text, this is one more value: a buyer whose purchases are those of all unknown
    buyers, or a product that is recommended. For an ID, this is a warning. NA is reported only
    where no other value is a code of two letters, since it may be Namibia.

    Example:
        features:
          buyer_id_column: customer  # nan in a tenth of the rows

    Use instead:
        data:
          null_values: [nan]

    Rows without an ID are then left out, and a category has no value there.
    """
    found = [
        (feature, column, is_id, odd)
        for _, feature, column, is_id in _texts(features, profile)
        if (odd := profile.odd(column.name, "null word")) is not None
    ]
    words = dict.fromkeys(data.null_values)
    for _, _, _, odd in found:
        words.update(dict.fromkeys(text for text, _ in odd.examples))
    for feature, column, is_id, odd in found:
        name = show(feature.output_name)
        message = f"{name} has text that stands for nothing in {_rows(odd, column)}: {_listed(odd)}"
        what = "one buyer or product" if is_id else "a value like any other"
        help = f"Each is read as {what}. `data.null_values` makes it null."
        severity: Severity | None = "warning" if is_id else None
        at = ("data", "null_values")
        yield Problem(at, message, help, severity=severity, fix=("set", list(words)))


@rule("RG536", "error", allowable=True, also=("warning",))
def line_breaks(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Values with a line break, which no vocabulary can hold.

    A vocabulary is a file with one value per line, and tensorflow-transform leaves out values with
    a line break. Such products are never recommended, and all of them share the vector of unknown
    values, as in recall, where they count as misses. Features that are not IDs get a warning. Of
    random bytes, 12% of the values of 16 bytes have a line break: write such IDs as hex or base64.

    Example:
        features:
          product_id_column: sku  # a spreadsheet's cell with two lines

    Remove the line breaks in the data.
    """
    for path, feature, column, is_id in _texts(features, profile):
        odd = profile.odd(column.name, "line break")
        if odd is not None:
            values = "value" if odd.values == 1 else "values"
            message = (
                f"{show(feature.output_name)} has {odd.values:,} {values} with a line break, in "
                f"{_rows(odd, column)}, such as {show(odd.examples[0][0])}: no vocabulary can hold "
                "them"
            )
            does = "Remove the line breaks in the data"
            if feature.bq_type == "BYTES":
                does = "Write these bytes as text in the data, in hex (a UUID: as a UUID) or base64"
            help = f"{does}: these values would be unknown to the model."
            yield Problem(path, message, help, severity=None if is_id else "warning")


@rule("RG537", "error", allowable=True, also=("warning",))
def lost_digits(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """IDs in exponent form, which lost digits.

    Spreadsheets show a number of more than 11 digits as 1.23457E+18, and save it so as CSV. Of 19
    digits, 6 are left, so many IDs became one, and none of them is known elsewhere. Features that
    are not IDs get a warning. Floats of 2^53 and more are an error of the same kind (RG503). A
    warning, too, are ######## of a column that was too narrow, and U+FFFD in place of letters.

    Example:
        features:
          buyer_id_column: customer  # 1.23457E+18

    Export the data again, with the column as text.
    """
    for path, feature, column, is_id in _texts(features, profile):
        odd = profile.odd(column.name, "exponent")
        if odd is not None:
            message = (
                f"{show(feature.output_name)} has numbers with an exponent in "
                f"{_rows(odd, column)}, such as {show(odd.examples[0][0])}: digits were lost"
            )
            help = "Export the data again with this column as text: this file lacks the digits."
            yield Problem(path, message, help, severity=None if is_id else "warning")
        odd = profile.odd(column.name, "lost")
        if odd is not None:
            message = (
                f"{show(feature.output_name)} has characters that an export could not write, in "
                f"{_rows(odd, column)}, such as {show(odd.examples[0][0])}: different values may "
                "have become one"
            )
            help = "Export the data again: a spreadsheet with wider columns, text as UTF-8."
            yield Problem(path, message, help, severity="warning")


@rule("RG538", "error")
def leading_zeros(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Codes that INT64 makes one.

    As text, 00012 and 12 are two products; as whole numbers they are one, with the purchases of
    both. So are 1,012 and 1012, or 12e2 and 1200. `train` stops at the first such value.

    Example:
        features:
          product_id_column: sku  # 00012 and 12
          product_model_features:
            - {column: sku, bq_type: INT64, data_type: text}

    Use instead:
        features:
          product_id_column: sku  # 00012 and 12
          product_model_features:
            - {column: sku, bq_type: STRING, data_type: text}

    If they are the same, unify the spelling in the data.
    """
    for use, column in columns(features, data, profile):
        if use.kind != "text" or dtype_of(use.bq_type) != "int64":
            continue
        odd = profile.odd(column.name, "leading zero")
        if odd is not None:
            pair = " and ".join(sorted(show(text) for text, _ in odd.examples[:2]))
            message = (
                f"{show(use.name)} has {odd.values:,} values that {use.bq_type} "
                f"merges with others, in {_rows(odd, column)}, such as {pair}"
            )
            help = "Use STRING, which keeps them as they are written."
            # A member of a cross has its type from there.
            types = ("data", "column_types", use.name)
            path = use.type_path if use.part == "feature" else types
            yield Problem(path, message, help, fix=("set", "STRING"))


@rule("RG539", "info")
def outer_spaces(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """IDs that begin or end with a space, or with the marks of a spreadsheet.

    IDs are text as it is. A client that asks for the buyer without the space gets the answer for an
    unknown buyer. The same is true of ="00123" and '00123, as some exports write text so that a
    spreadsheet keeps its zeros. Where the same ID also occurs without it, RG509 is reported, too.

    Example:
        features:
          buyer_id_column: customer  # "c17 "

    Remove the spaces or marks in the data, or send them.
    """
    for path, feature, column, is_id in _texts(features, profile):
        odd = profile.odd(column.name, "outer space") if is_id else None
        if odd is not None:
            values = "value begins or ends" if odd.values == 1 else "values begin or end"
            is_space = bool(_SPACE.search(odd.examples[0][0]))
            what = "a space" if is_space else "a spreadsheet's mark of text"
            them = "spaces" if is_space else "marks"
            message = (
                f"{odd.values:,} {values} with {what} in {show(feature.output_name)}, such as "
                f"{show(odd.examples[0][0])}"
            )
            yield Problem(
                path, message, f"Remove the {them} in the data; otherwise, requests need them, too."
            )


@rule("RG541", "warning")
def point_zero(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """IDs that a program wrote as floats.

    pandas turns a column of whole numbers into floats when one is missing, and writes 17850.0 into
    a CSV file. As text, this is the ID: a client that sends 17850 gets the answer for an unknown
    buyer, and rows with 17850 are another buyer's. Read as INT64, both are 17850.

    Example:
        features:
          buyer_id_column: customer  # 17850.0
          buyer_model_features:
            - {column: customer, bq_type: STRING, data_type: text}

    Use instead:
        features:
          buyer_id_column: customer  # 17850.0
          buyer_model_features:
            - {column: customer, bq_type: INT64, data_type: text}
    """
    for path, feature, column, is_id in _texts(features, profile):
        odd = profile.odd(column.name, "point zero")
        if odd is not None:
            message = (
                f"{show(feature.output_name)} has whole numbers that end in .0 in "
                f"{_rows(odd, column)}, such as {show(odd.examples[0][0])}"
            )
            help = "Use INT64, or write them without .0 in the data."
            severity: Severity | None = None if is_id else "info"
            at = (*path, "bq_type")
            yield Problem(at, message, help, severity=severity, fix=("set", "INT64"))


@rule("RG540", "info", also=("warning",))
def numbers_rewritten(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Numbers that are written for people.

    `train` reads $1,234.50, 1.234,50 €, CHF 1'234.50, (12.50), 12.50- and 3.5% as numbers; what
    each text means is seen from all of the column's values. This note says how one was read. It is
    a warning where all numbers with a point have three digits behind it, as in 1.234: then the
    point may be a separator of thousands. A pipeline reads no such text: there, the column must be
    numbers. It is a warning, too, where a column is read as text though nine rows of ten are
    numbers with a decimal mark: a spreadsheet makes 01-May of 1.5.

    Example:
        features:
          product_model_features:
            - {column: price, bq_type: FLOAT64, data_type: numeric}  # 1.234,50 €

    Check the reading, and convert the column to numbers where it is made.
    """
    yield from _among_numbers(features, profile)
    for path, feature, column in described(features, profile):
        if feature.data_type != "numeric" or dtype_of(feature.bq_type) == "string":
            continue
        is_truth = column.kind == "boolean"  # 'Y' is no number
        if is_truth or profile.misfit(column.name, feature.bq_type) is not None:
            continue
        name = show(feature.output_name)
        odd = profile.odd(column.name, "written number")
        if odd is not None:
            message = (
                f"{name} has numbers that are written for people in {_rows(odd, column)}: "
                f"{show(odd.examples[0][0])} is read as {odd.meaning}"
            )
            yield Problem(path, message, "Check this, or convert the column to numbers.")
            continue
        odd = profile.odd(column.name, "thousands")
        if odd is not None:
            message = (
                f"all numbers of {name} with a point have three digits behind it: "
                f"{show(odd.examples[0][0])} is read as {odd.meaning}"
            )
            help = "If the point separates thousands, set `data.decimal` to ','."
            yield Problem(path, message, help, severity="warning")


def _among_numbers(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Yield the features that are read as text because of a few rows."""
    for path, feature, column, is_id in _texts(features, profile):
        odd = None if is_id else profile.odd(column.name, "among numbers")
        if odd is not None:
            message = (
                f"{show(feature.output_name)} is read as text, since {_rows(odd, column)} are "
                f"not numbers: {_listed(odd)}"
            )
            help = "Correct these rows, or write them under `data.null_values`; then use FLOAT64."
            yield Problem((*path, "bq_type"), message, help, severity="warning")
