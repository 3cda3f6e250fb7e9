"""Rules on rows of the data: IDs that stand for nobody or nothing, rows that are there twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from recgen.config import DataConfig, FeatureConfig, ModelConfig, target_of
from recgen.data.columns import columns, date_column, ids
from recgen.data.events import find_events
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.findings import counted, percent, show
from recgen.rules.registry import Problem, rule

# Of the rows; times those of the next one; with that many others.
_CROWD, _STAPLE, _BY_FAR, _OTHERS = 0.05, 0.2, 10, 20
_SHARE = 0.1  # of the rows: a join or a second import repeats that many
_SHEETS = {2**16 - 1: "a sheet of Excel's old format", 2**20 - 1: "a sheet of Excel"}
_LEAVE_OUT = "Leave these rows out of the data, or write nothing in their place"
_IF_MANY = f"Nothing to do if it is. {_LEAVE_OUT} if many share this ID, as guests do."
_IF_FEE = f"Nothing to do if so. {_LEAVE_OUT} if it is postage, a fee or a bag."


@rule("RG553", "warning")
def nobody(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """An ID that many share, such as guest, 0 or -1.

    A shop that writes one ID for all guests has a buyer who buys everything. Their purchases are
    learnt as one taste, their history is that of strangers, and the vector is good for nobody. A
    word that says so is reported from 1% of the rows on, and so is the end of a number's range,
    such as 2147483647; 0, -1 and nines from 2%, if no other ID has a fifth as many rows; and any
    other buyer with 5% of the rows and ten times those of the next. Text such as nan and NULL is
    RG535. A product with 20% of the rows and ten times those of the next is often postage, a fee or
    a bag: nobody chooses it, and it is at the top of each list.

    Example:
        features:
          buyer_id_column: customer  # guest in a tenth of the rows

    Use instead:
        data:
          null_values: [guest]

    Rows without an ID are left out. `null_values` are null in all columns: where 0 or -1 is a
    number in another column, leave these rows out of the data.
    """
    for side, path, column in ids(features, profile):
        odd = profile.odd(column.name, "nobody")
        shared = list(odd.examples) if odd else []
        if shared:
            listed = ", ".join(f"{show(text)} ({rows:,})" for text, rows in shared)
            total = sum(rows for _, rows in shared)
            message = (
                f"the {side} ID {show(column.name)} has values that stand for nobody, in "
                f"{percent(total / column.rows)} of the rows: {listed}"
            )
            yield Problem(path, message, _help([text for text, _ in shared]))
        elif crowd := _crowd(column, profile, _CROWD if side == "buyer" else _STAPLE):
            rows, following = crowd
            is_buyer = side == "buyer"
            message = (
                f"the {side} {show(column.examples[0])} has {percent(rows / column.rows)} of the "
                f"rows ({rows:,}), the next one {following:,}: "
                f"{'is it a person?' if is_buyer else 'does anybody choose it?'}"
            )
            help = _IF_MANY if is_buyer else _IF_FEE
            yield Problem(path, message, help)


def _help(texts: list[str]) -> str:
    words = [text for text in texts if not text.lstrip("-").replace(".", "").isdigit()]
    if len(words) == len(texts):
        return f"`data.null_values: [{', '.join(words)}]` leaves these rows out."
    return f"{_LEAVE_OUT}: nobody's taste can be learnt from them."


def _crowd(column: ColumnProfile, profile: Profile, share: float) -> tuple[int, int] | None:
    """Return the rows of the first ID and of the second, if the first has far too many."""
    if column.distinct <= _OTHERS:
        return None
    first, second = list(profile.counts(column.name))[:2]
    is_crowd = first >= share * column.rows and first >= _BY_FAR * second
    return (first, second) if is_crowd else None


@rule("RG554", "info", also=("warning",))
def repeated_rows(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Rows that are the same as an earlier one.

    Each counts as a purchase of its own: in training, in the popularity of its product, and in the
    test, where the same row may also be in training. A join with several matches or a file that
    was loaded twice repeats rows, and from 10% on this is a warning. But if the time is a day, and
    nothing tells two purchases of a day apart, they may all be real. Of Online Retail, 1% are
    repeated. All columns are compared, but of large files only those that the config names; and
    none if it names no time, since pairs of buyer and product repeat in every shop.

    Example:
        data:
          source: joined.csv  # 40% of its rows are repeated

    Remove them from the data if they are not purchases of their own.
    """
    used = list(columns(features, data, profile))
    if not any(use.kind == "temporal" and column.distinct > 1 for use, column in used):
        return
    found = profile.repeated_rows(sorted({column.name for _, column in used}))
    if found is None:
        return
    share = found.rows / profile.rows
    again, first = found.example
    alike = "the same as an earlier one"
    if not found.is_whole:
        alike += f" in the {found.columns} columns that are read"
    verb = "is" if found.rows == 1 else "are"
    message = (
        f"{counted(found.rows, 'row')} of {profile.rows:,} ({percent(share)}) {verb} {alike}: row "
        f"{again:,} equals row {first:,}"
    )
    help = (
        "Remove them from the data if a join or a second import repeated them; nothing to do if "
        "each is a purchase of its own."
    )
    yield Problem(("data",), message, help, severity="warning" if share >= _SHARE else None)


@rule("RG582", "warning")
def replayed_rows(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Rows at the end that are earlier ones, under other dates.

    If an older file is loaded again, and its rows get new dates, a split by time tests what the
    model was trained on: the same buyers with the same products, even in the same orders. Recall of
    such a test says nothing about new purchases, and what people really bought is not in it.

    It shows where the last rows equal earlier ones in all columns but the date. Reported if 30% of
    them or more do, in the order of the earlier ones, and of as many rows before them at most a
    fifth as many. Of large files, only the columns that the config names are compared. Buyers
    who buy the same again do so all the time, not from a day on.

    Example:
        data:
          source: purchases.csv  # the rows from October on are those of spring

    Leave these rows out of the data, and look for what was really bought on these days.
    """
    date = date_column(features, data, profile)
    if date is None or date.kind != "time":
        return
    used = {c.name for use, c in columns(features, data, profile) if use.kind != "temporal"}
    found = profile.replayed_rows(sorted(used - {date.name}), date.name)
    if found is None:
        return
    again, first = found.example
    day = datetime.fromtimestamp(found.since, timezone.utc).date()
    message = (
        f"{found.rows:,} of the last {found.of:,} rows, from {day} on, repeat earlier ones with "
        f"another {show(date.name)}: row {again:,} repeats row {first:,}"
    )
    help = "Leave these rows out: they test what the model was trained on."
    yield Problem(("data",), message, help)


@rule("RG583", "warning")
def cut_rows(profile: Profile) -> Iterator[Problem]:
    """As many rows as a sheet holds.

    Excel opens 1,048,576 lines of a file (65,536 in its old format, and in exports that still obey
    it) and saves no more, without an error. Below a header, that is one row less. The rows that are
    missing are those at the end: the newest ones, by which a split by time tests.

    Example:
        data:
          source: saved_by_excel.csv  # 1,048,575 rows

    Use instead:
        data:
          source: export.csv

    Export the data again, and do not save it with a spreadsheet. If the source has exactly as many
    rows, ignore the finding, with the reason.
    """
    if profile.rows in _SHEETS:
        message = (
            f"{profile.rows:,} rows are as many as {_SHEETS[profile.rows]} holds below a header: "
            "the others may be missing"
        )
        help = "Compare with the number of rows at the source, and export the data again."
        yield Problem(("data",), message, help)


@rule("RG555", "warning")
def several_events(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """Several kinds of events in one file.

    A log of a shop has a row for each view, each product put into the cart, and each purchase.
    Each row counts as a purchase: views are then most of what is learnt and tested, and what a
    buyer looked at is taken for what the buyer had. A column is recognised by its name (event,
    action, behavior) and by words such as view and purchase in it; so are the status of an order
    where some are cancelled or returned, 0 and 1 for what was shown (clicked, booking_bool) or
    taken back (is_canceled), and quantities of which some are below 0.

    Example:
        data:
          source: events.csv  # event_type: view, cart, purchase

    Use instead:
        data:
          source: purchases.csv

    Keep the rows of one kind in a file of their own. If all kinds show what buyers want, ignore the
    finding, with the reason.
    """
    target = target_of(features, model)
    found = find_events(profile, target.column if target else None)
    if found is not None:
        message = f"{show(found.column)} has several kinds of events: {found.counts}"
        yield Problem(("data",), message, found.help)
