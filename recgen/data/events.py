"""Kinds of events in one file, such as view, cart and purchase. Reads nothing itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf

from recgen.data.columns import name_counts
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.data.words import fold
from recgen.findings import counted, show

_MOST = 200  # kinds
_LISTED = 5
_FROM_0 = "0 and above"
_NAMES = re.compile(r"event|action|behaviou?r|interact|activit|verb|ereignis|aktion|行为|行為")
_KIND = re.compile(r"type|kind|name|status|art|typ|behavior_?type")
_KIND_OF = re.compile(r".+[\W_](type|kind|status|art|typ)")  # such as `Receipt type`
_STATUS = re.compile(r".*(status|stage|outcome|result|zustand|estado|statut)[\W_]?(name|text)?")
_FLAG = re.compile(  # of what was shown: whether it was taken, such as `clk` or `booking_bool`
    r"(is|has|was)?(click(ed)?|clk|conver(sion|ted)|purchased?|bought|buy|booked|booking|ordered"
    r"|won|accepted|approved|authorized)"
    r"(bool|flag|ind|label)?"
)
_UNDONE_FLAG = re.compile(  # of purchases: whether they were taken back, such as `is_canceled`
    r"(is|has|was|order)?(cancell?(ed|ation)|refund(ed)?|return(ed)?|void(ed)?|storno|storniert"
    r"|annull?\w*|noshow|rejected|declined|skipped)(bool|flag|ind|label)?"
)
_QUANTITY = re.compile(
    r".*(quantity|qty|menge|anzahl|quantite|qte|cantidad|uds|quantita|quantidade|aantal|antal"
    r"|ilosc|jumlah|soluong|kpl|pcs|unitssold|数量|количество)|units|amount|betrag|importe"
)
_MOST_NEGATIVE = 0.5  # of the rows: more are no returns
_YES = ("1", "true", "t", "yes", "y")
_UNDONE = re.compile(r".*(refund|return|cancel|void|storno|retour|chargeback).*")
_UNDONE_STATE = re.compile(
    r"(fully|partially)?(refunded|returned|cancell?ed|voided|storniert|retourniert|annul\w+"
    r"|noshow|rejected|declined|lost|closedlost|failed)"
)
_BOUGHT = re.compile(
    r"(?!.*(cancel|refund|return|abandon|fail))"
    r".*(purchas|buy|bought|transact|order|sale|sold|conver|paid|payment|checkoutcompl|kauf|achat|compra).*"
)
_ELSE = re.compile(
    r".*(view|click|impress|cart|basket|wish|fav|like|visit|search|detail|scroll|session|play|skip"
    r"|share|save|rate|remov|checkout|refund|return|cancel|abandon|pv|browse|seen|show|expos).*"
)


@dataclass(frozen=True)
class Events:
    """A column that says what happened in each row, where not all rows are purchases.

    Attributes:
        column: The column.
        kinds: The most frequent kinds, each with its rows.
        others: Number of further kinds.
        bought: The kind that is a purchase, as far as its name tells; "" if it does not.
    """

    column: str
    kinds: tuple[tuple[str, int], ...]
    others: int
    bought: str

    @property
    def counts(self) -> str:
        """The kinds with their rows, in words."""
        listed = ", ".join(f"{show(kind)} ({counted(rows, 'row')})" for kind, rows in self.kinds)
        return f"{listed} and {counted(self.others, 'other kind')}" if self.others else listed

    @property
    def help(self) -> str:
        """What to do about them."""
        kept = show(self.bought) if self.bought else "some"
        return (
            f"Every row counts as a purchase. If only {kept} should, keep these rows in a file of "
            "their own: docs/files.md shows how. Nothing to do if all show what buyers want."
        )


def find_events(profile: Profile, target: str | None = None) -> Events | None:
    """Return the kinds of events in the data; None if all rows are of one kind, or say none.

    Args:
        profile: The data.
        target: The column that is predicted, which may well say what happened.
    """
    counts = name_counts(profile)
    for name in profile.names:
        word = fold(name)
        if counts[name] > 1 or name == target:
            continue
        is_named = bool(_NAMES.search(word))
        if is_named or _KIND.fullmatch(word):
            found = _of_column(profile, profile.column(name), _ELSE, is_named=is_named)
        elif _KIND_OF.fullmatch(word):
            found = _of_column(profile, profile.column(name), _UNDONE, is_named=False)
        else:
            found = None
        if found is None and _STATUS.fullmatch(word):
            found = _of_undone(profile, profile.column(name))
        if found is None and _FLAG.fullmatch(_plain(name)):
            found = _of_flag(profile, profile.column(name), is_undone=False)
        if found is None and _UNDONE_FLAG.fullmatch(_plain(name)):
            found = _of_flag(profile, profile.column(name), is_undone=True)
        if found is not None:
            return found
    others = (name for name in profile.names if counts[name] == 1 and name != target)
    quantities = (name for name in others if _QUANTITY.fullmatch(_plain(name)))
    return next(filter(None, (_of_negative(profile, name) for name in quantities)), None)


def _of_column(
    profile: Profile, column: ColumnProfile, other: re.Pattern[str], *, is_named: bool
) -> Events | None:
    """Return the kinds of a column whose values, or whose name and codes, are those of events.

    Args:
        profile: The data.
        column: The column.
        other: Matches kinds that are no purchase.
        is_named: Whether its name is that of events.
    """
    if column.kind not in ("text", "integer") or not 2 <= column.distinct <= _MOST:
        return None
    words = {text: _plain(text) for text in column.examples}
    bought = next((text for text, word in words.items() if _BOUGHT.fullmatch(word)), "")
    has_others = any(
        other.fullmatch(word) and not _BOUGHT.fullmatch(word) for word in words.values()
    )
    is_code = column.kind == "integer" and is_named and column.distinct <= _LISTED
    if not (is_code or (has_others and (is_named or bought))):
        return None
    return _events(profile, column, bought)


def _of_undone(profile: Profile, column: ColumnProfile) -> Events | None:
    """Return the states of orders among which are some that were returned or cancelled."""
    undone = [bool(_UNDONE_STATE.fullmatch(_plain(text))) for text in column.examples]
    is_mixed = column.kind == "text" and any(undone) and not all(undone)
    return _events(profile, column, "") if is_mixed and column.distinct <= _MOST else None


def _of_flag(profile: Profile, column: ColumnProfile, *, is_undone: bool) -> Events | None:
    """Return the two kinds of rows of a flag that says what was taken, or what was undone."""
    is_flag = column.kind == "boolean" or (
        column.kind == "integer" and (column.low, column.high) == (0, 1)
    )
    if not is_flag or column.distinct != 2:
        return None
    wanted = (each for each in column.examples if (_plain(each) in _YES) != is_undone)
    taken = next(wanted, "")
    return _events(profile, column, taken)


def _of_negative(profile: Profile, name: str) -> Events | None:
    """Return the rows with quantities below 0, which are returns and corrections, and the others.

    In a column that counts what was bought, few are below 0. Where half are, they mean another
    thing.
    """
    column = profile.column(name)
    if column.kind not in ("integer", "real") or (column.low or 0) >= 0:
        return None
    below, known = profile.rows_between(name, -inf, 0), column.rows - column.nulls
    kinds = ((_FROM_0, known - below), ("below 0", below))
    return Events(name, kinds, 0, _FROM_0) if 0 < below <= _MOST_NEGATIVE * known else None


def _events(profile: Profile, column: ColumnProfile, bought: str) -> Events:
    kinds = tuple(zip(column.examples, profile.counts(column.name), strict=False))[:_LISTED]
    return Events(column.name, kinds, max(0, column.distinct - len(kinds)), bought)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text))
