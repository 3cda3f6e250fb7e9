"""The ID of each tower in stored rows: what the former generator took, and what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recgen.config import Side
from recgen.contrib.ml_platform.account import Account
from recgen.contrib.ml_platform.plain import output_name
from recgen.findings import show
from recgen.metrics.values import number_of

_WORDS: dict[Side, tuple[str, ...]] = {
    "buyer": ("customer", "user", "buyer", "client", "kunde", "shopper"),
    "product": ("product", "item", "sku"),
}
_ENDINGS = ("_id", "_no", "_key", "_code", "id", "sku", "_nr", "_nummer", "_number", "_num")


def choose_id(side: Side, features: Sequence[object], account: Account) -> str | None:
    """Return the output name of a tower's ID; None if no feature can be one.

    It is the first feature that is marked. Without one, the former generator took the first product
    feature named like a product, or else the first one, and so does this, but for what has no
    vocabulary. It needed no buyer ID: where no text is named like one, it is the text with the
    widest vectors, which is asked.
    """
    found = [each for each in features if isinstance(each, dict)]
    marked = [output_name(each) for each in found if each.get("is_primary_id")]
    for each in found:
        if each.get("is_primary_id") and output_name(each) != marked[0]:
            account.ignore("`is_primary_id` of a second feature")
            del each["is_primary_id"]
    if marked:
        return marked[0]
    texts = [output_name(each) for each in found if each.get("data_type") == "text"]
    chosen, reason = _by_name(side, texts), "by its name"
    if chosen is None and texts and side == "product":
        chosen, reason = texts[0], "the first text, since no name says product"
    elif chosen is None and texts:
        chosen, reason = _widest(found), "the text with the widest vectors, since no name says ID"
    if chosen is None:
        return None
    account.decide(f"the {side} ID is {show(chosen)}, {reason}")
    others = [name for name in _like_ids(texts) if name != chosen]
    if others or chosen not in _like_ids(texts):
        account.ask(
            f"Which feature is the {side} ID? Taken: {show(chosen)}"
            + (f"; others that may be it: {', '.join(map(show, others))}" if others else "")
            + ". Mark it with `is_primary_id`."
        )
    return chosen


def _by_name(side: Side, texts: Sequence[str]) -> str | None:
    named = [name for name in texts if any(word in name.lower() for word in _WORDS[side])]
    if side == "product":
        return next(iter(named), None)
    like_ids = _like_ids(named) or named or _like_ids(texts)
    return like_ids[0] if like_ids else None


def _widest(features: Sequence[dict[str, Any]]) -> str:
    """Return the text that its author gave the widest vectors, for the most values."""
    texts = [each for each in features if each.get("data_type") == "text"]
    widest: Mapping[str, Any] = max(texts, key=_width)
    return output_name(widest)


def _width(text: Mapping[str, Any]) -> float:
    return number_of(text["transforms"]["embedding"].get("embedding_dim")) or 0.0


def _like_ids(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(_ENDINGS)]
