"""Rules on columns in the data: missing, unreadable, empty or constant ones."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from recgen.config import DataConfig, FeatureConfig, ModelConfig, is_array
from recgen.config.paths import target_path
from recgen.data.columns import (
    RETRIEVAL,
    Use,
    columns,
    described,
    is_in_doubt,
    is_made,
    name_counts,
    uses,
)
from recgen.data.estimates import with_ids
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.findings import FixOp, Location, percent, show
from recgen.rules.registry import Problem, rule

_LISTED = 20  # columns in a message
_COMPARED = 10_000  # names, about a second at worst
_MOST = 0.5


@rule("RG501", "error")
def column_missing(
    features: FeatureConfig, data: DataConfig, profile: Profile, model: ModelConfig = RETRIEVAL
) -> Iterator[Problem]:
    """A column that is missing from the data.

    Every column that a feature, a cross or the split names must be in the data, under its
    `display_name` or under its `column`; `train` stops without it. Only a history may be missing,
    if there is a date column: it is computed from the transactions. A fix is safe if the names
    differ only in case, spaces and punctuation, and no other key refers to the name.

    Example:
        features:
          buyer_model_features:
            - {column: custmer_id, data_type: text}  # the data has CustomerID

    Use instead:
        features:
          buyer_model_features:
            - {column: CustomerID, data_type: text}

    Use the name in the data.
    """
    counts = name_counts(profile)
    missing = [
        use
        for use in uses(features, data, model)
        if not (use.name in counts or use.source in counts or is_made(use, data, profile))
    ]
    named = {name for use in uses(features, data, model) for name in (use.name, use.source)}
    spellings = _spellings(profile)
    ids = (features.buyer_id, features.product_id)  # other keys refer to their names
    for index, use in enumerate(missing):
        nor = f" (nor {show(use.source)})" if use.source != use.name else ""
        message = f"the data has no column {show(use.name)}{nor}"
        path = _name_path(use, features)
        if use.kind == "history":
            yield Problem(path, message, _MAKE_LISTS)
            continue
        same = spellings.get(_bare(use.name)) or spellings.get(_bare(use.source)) or []
        meant = same or _alike(use, spellings, index)
        if not meant:
            yield Problem(path, message, _columns_of(profile))
            continue
        safe = len(same) == 1 and same[0] not in named and use.name not in ids
        help = f"Did you mean {show(meant[0])}?"
        yield Problem(path, message, help, fix=("set", meant[0]), safe=safe)


def _name_path(use: Use, features: FeatureConfig) -> Location:
    if use.part == "target" and features.target:
        return target_path(features.target, "column")
    return use.path if use.part == "date" else (*use.path, "column")


_MAKE_LISTS = "Set `data.split.date_column`: the lists are then computed from the transactions."


def _columns_of(profile: Profile) -> str:
    listed = ", ".join(map(show, profile.names[:_LISTED]))
    more = ", …" if len(profile.names) > _LISTED else ""
    return f"Its columns are: {listed}{more}."


def _spellings(profile: Profile) -> dict[str, list[str]]:
    """Return the data's names by their simplified form."""
    found: dict[str, list[str]] = {}
    for name in profile.names:
        found.setdefault(_bare(name), []).append(name)
    return found


def _bare(name: str) -> str:
    """Return a name in a simplified form, without case, spaces and punctuation."""
    return "".join(filter(str.isalnum, name.casefold())) or name


def _alike(use: Use, spellings: dict[str, list[str]], tries: int) -> list[str]:
    """Return the columns with the most similar names; none if the search would take long."""
    if tries * len(spellings) > _COMPARED:
        return []
    bare = dict.fromkeys((_bare(use.name), _bare(use.source)))
    close = (get_close_matches(name, spellings, n=1) for name in bare)
    return next((spellings[names[0]] for names in close if names), [])


@rule("RG502", "error")
def column_twice(
    features: FeatureConfig, data: DataConfig, profile: Profile, model: ModelConfig = RETRIEVAL
) -> Iterator[Problem]:
    """A column name that appears twice in the data.

    It is unknown which of the two is meant, so `train` refuses to choose.

    Example:
        features:
          buyer_model_features:
            - {column: price, data_type: numeric}  # the header is: price,sku,price

    Rename one of them in the data.
    """
    counts = name_counts(profile)
    for use in uses(features, data, model):
        name_in_data = use.name if use.name in counts else use.source
        if counts[name_in_data] > 1:
            message = f"the data has {counts[name_in_data]} columns named {show(name_in_data)}"
            yield Problem(use.path, message, "Rename one of them in the data.")


@rule("RG503", "error")
def values_unfit() -> None:
    """A value that does not fit the column's type.

    Values are read as `train` reads them: it stops at text among numbers, fractions in INT64,
    infinities, values that are no times, and histories whose column does not contain lists.
    The message names the first such value and its row.

    Example:
        features:
          product_model_features:
            - {column: price, bq_type: INT64, data_type: numeric}  # 2.55 in row 1

    Use instead:
        features:
          product_model_features:
            - {column: price, bq_type: FLOAT64, data_type: numeric}

    Set the column's actual type, or correct the data.
    """


@values_unfit.check
def _misfits(
    features: FeatureConfig, data: DataConfig, profile: Profile, model: ModelConfig = RETRIEVAL
) -> Iterator[Problem]:
    for use, column in columns(features, data, profile, model):
        is_list, wants_list = column.kind == "list", is_array(use.bq_type)
        if is_in_doubt(use, column) or (wants_list and not is_list):
            continue
        if is_list and not wants_list:
            message = f"{show(use.name)} contains lists or records, not {use.bq_type}"
            yield Problem(use.path, message, "Remove it, or flatten the column in the data.")
            continue
        misfit = profile.misfit(column.name, use.bq_type)
        if misfit is not None:
            message = (
                f"{show(use.name)}: {show(misfit.value)} in row {misfit.row:,} is not "
                f"{misfit.wanted} ({use.bq_type})"
            )
            whole = use.part == "feature" and use.kind == "numeric" and column.kind == "real"
            fix: tuple[FixOp, object] | None = ("set", "FLOAT64") if whole else None
            help = f"{misfit.help.rstrip('.')}." if misfit.help else _advice(use, column)
            help = f"{help[:1].upper()}{help[1:]}"
            yield Problem(use.type_path, message, help, fix=fix)


@values_unfit.check
def _no_lists(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    for use, column in columns(features, data, profile):
        if use.kind == "history" and column.kind not in ("list", "empty"):
            message = f"{show(use.name)} contains {show(column.examples[0])} instead of lists"
            help = (
                "Provide a Parquet file with lists, or name a column that the data does not have: "
                "with a date column, its lists are computed from the transactions."
            )
            yield Problem(use.path, message, help)


def _advice(use: Use, column: ColumnProfile) -> str:
    if use.kind == "numeric" and column.kind == "real":
        return "Use FLOAT64, or round the values in the data."
    if use.kind == "numeric" and column.kind == "text":
        return "Correct the value in the data, or use `data_type: text` if these are categories."
    return "Correct the value in the data, or set the column's actual type."


@rule("RG504", "error", also=("warning", "info"))
def nulls(
    features: FeatureConfig, data: DataConfig, profile: Profile, model: ModelConfig = RETRIEVAL
) -> Iterator[Problem]:
    """A column without values, or with few.

    A column that is entirely null stops `train`. If more than half is null (a warning), most rows
    get the same value: the mean, or the vector for values outside the vocabulary. Rows without a
    buyer or a product do not count (RG506).

    Example:
        features:
          buyer_model_features:
            - {column: fax, data_type: text}  # nobody has one

    Remove the feature, or provide data that has values. Lists without any item are the same; items
    of lists that are null or empty text are left out, which is a note.
    """
    ids = (features.buyer_id, features.product_id)
    for use, column in columns(features, data, profile, model):
        if column.kind == "empty":
            message = f"{show(use.name)} has no value in any of {column.rows:,} rows"
            yield Problem(use.path, message, "Remove it, or provide data that has values.")
        elif column.nulls > _MOST * column.rows and use.name not in ids:  # of these: RG506
            kept = with_ids(features, profile).column(column.name)
            if kept.nulls > _MOST * kept.rows:
                share = percent(kept.nulls / kept.rows)
                message = f"{show(use.name)} has no value in {share} of the rows"
                help = "Find out why, or remove it."
                yield Problem(use.path, message, help, severity="warning")


@rule("RG505", "warning")
def constant(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """A column with one value.

    A value that is the same in every row does not distinguish buyers or products: normalized, it is
    always 0; embedded, it is one vector that acts as a bias.

    Example:
        features:
          buyer_model_features:
            - {column: currency, data_type: text}  # EUR in every row

    Remove the feature.
    """
    ids = (features.buyer_id, features.product_id)
    for path, feature, column in described(features, profile):
        name = feature.output_name
        says_null = feature.data_type == "text" or "missing_flag" in feature.active
        if name in ids or column.distinct > 1:
            continue
        if column.nulls == 0 or not says_null:
            message = f"{show(name)} is {show(column.examples[0])} in every row"
            yield Problem(path, message, "Remove the feature.", fix=("remove", None))
