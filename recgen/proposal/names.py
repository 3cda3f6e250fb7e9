"""Meaning of column names in several languages. Knows words but no data."""

from __future__ import annotations

from recgen.config import Side
from recgen.data.words import fold
from recgen.proposal.lexicon import (
    Subject,
    has_glued_id,
    is_compound_of_buyer,
    listed,
    subject_of,
)
from recgen.proposal.nouns import nouns, words

SURE, GOOD, FAIR, WEAK = 4, 3, 2, 1  # how well a name fits an ID

_IDS = frozenset(listed("""
        id ids no nr num number code cod key uuid guid sku ean gtin upc isbn asin nummer kennung
        schlussel numero codigo codice kod kodu cislo nro numer hash sha код номер 号 编号 番号
        kode koodi sifra ma url uri slug permalink
        """))
_ID_ENDINGS = listed("""
    id nr nro nummer number code koodi key kennung schlussel 号 编号
    """)
_CODES = frozenset(listed("""
        sku ean gtin upc isbn issn isrc isin ndc pzn asin plu mpn barcode matnr kunnr артикул
        """))
_COUNTERS = frozenset(listed("""
        num number no n nr
        """))
_OTHER_TIMES = listed("""
    birth geburt naissance nacimiento update modif export import load ship deliv due
    liefer lfdat versand ander anderung signup registr launch expir return approv limit
    promis required estimat since valid until join open close livraison entrega consegna levering
    dostaw вручен достав alta baja registered joined processing ingest upload etl sync
    publish releas premier redeem scan decision status verfall ablauf enddat
    納期 納品 納入 出荷 配送 更新 交货 发货 납기 납품 출고 배송 발송 수정
    """)
_CARDS, _LOYAL = ("card", "karte"), ("loyal", "member", "bonus", "club", "reward", "fidel")
_ENDS = frozenset(listed("end ended finish finished stop stopped last"))
_TIERS = ("membership", "loyalty", "tier", "mitgliedschaft")  # kinds of buyers, but for a number
_PARTS = {
    part: name
    for name in ("year month day", "jahr monat tag", "annee mois jour", "ano mes dia")
    for part in listed(name)
}  # of a date, and the language
_TIMES = listed("""
    date datum dat dato time timestamp zeit day tag ts dt when fecha hora data tarih дата
    время 时间 時間 日期 日時 日付 날짜 일자 일시 erdat audat fkdat budat bldat unix epoch moment
    jour giorno dia tanggal ngay paivamaara datums
    """)
_SHIPPED = listed("ship deliv liefer livraison entrega envio consegna")  # to one of several
_SEARCHED = ("srch", "search", "query")  # what was looked for, and not what was taken
_TIME_ENDINGS = listed("""
    date datum time zeit day tag 日 日期 日付 日時 时间 일 일자 일시
    """)  # of compounds, as in orderdate
_DATES = ("date", "datum")  # of compounds with abbreviations, as in orddate
_NO_DATES = ("update", "candidate", "mandate", "validate")
_CLOSED = frozenset(listed("close closing closedate"))  # by itself, when a deal is won
_OF_DEALS = frozenset(listed("date time datetime deal opportunity actual"))
_MADE = listed("""
    creat placed purchas bought ordered posted posting unix erstell enrol incept install
    """)
_DONE = frozenset(listed("""
        applied booked sold played listened watched viewed read rented borrowed donated gift quoted
        charged rated reviewed visited clicked started consumed downloaded tasted noted
        """))  # as whole words: ready_at is no time of reading


def fits_id(name: str, side: Side) -> int:
    """Return how well a name fits a tower's ID: SURE, GOOD, FAIR, WEAK, 0, or -1 for not at all."""
    found = nouns(name)
    fit = _fit(name, found, side)
    return min(fit, FAIR) if side == "buyer" and begins(found, _SHIPPED) else fit


def _fit(name: str, found: tuple[str, ...], side: Side) -> int:
    if not found or _is_count(found):
        return -1 if found else 0
    if _is_loyalty_card(found):
        return GOOD if side == "buyer" else -1
    if begins(found, _TIERS) and not _is_id(found):
        return -1
    head = _head(found)
    about, all_of = subject_of(head), {subject_of(word) for word in found}
    all_of |= {"buyer"} if about == "title" and is_compound_of_buyer(head) else set()
    own: tuple[Subject, ...] = ("buyer", "visit", "firm")
    own = own if side == "buyer" else ("product", "thing")
    other: Side = "product" if side == "buyer" else "buyer"
    if head.startswith("event") and side == "product" and _is_id(found) and len(found) == 2:
        return FAIR  # a concert, unless each row has its own
    if about in ("purchase", "measure", "party"):
        return -1
    if about in own:
        return _of_head(found, head, own, other)
    if head.startswith("ref") and side == "buyer" == subject_of(found[0]):
        return FAIR  # as Customer Ref, unless it numbers their orders
    if head.startswith("card") and side == "product" == subject_of(found[0]) and _is_id(found):
        return FAIR  # as Product Card Id
    if other in all_of or about in ("visit", "firm", "thing") or "party" in all_of:
        return -1
    if about in ("group", "title"):
        return WEAK if side in all_of else 0
    if all_of & {"purchase", "measure"}:
        return -1
    if "group" in all_of:
        return WEAK if side in all_of else 0
    if side in all_of:
        return SURE if names_id(name) else WEAK
    return WEAK if names_id(name) else 0


def _of_head(found: tuple[str, ...], head: str, own: tuple[Subject, ...], other: Side) -> int:
    """Return how well a name fits whose main word is one for the ID that is looked for."""
    about, others = subject_of(head), {subject_of(word) for word in found if word != head}
    is_id = _is_id(found)
    if others & {"group", "measure"} or begins(found, _SEARCHED):
        return WEAK
    if about != own[0]:
        return WEAK if others & {other, "purchase"} else FAIR if is_id or len(found) == 1 else WEAK
    if head in _CODES:
        return SURE
    if "purchase" in others:  # an `order_item_id` numbers the lines of an order
        return -1 if head.startswith("item") else FAIR
    if other in others:
        return FAIR
    if is_id:
        return SURE
    if others <= {own[0]} or head.startswith("email"):
        return GOOD
    return FAIR if own[0] == "product" and others <= {"product", None} else WEAK  # menu_item


def _head(found: tuple[str, ...]) -> str:
    """Return the main word of a name: `customer` of `customer_id` and of `id_customer_x`."""
    if len(found) == 1 or (found[-1] in _CODES and subject_of(found[-1])):
        return found[-1]
    if found[-1] in _IDS:
        return found[-2]
    return found[1] if found[0] in _IDS else found[-1]


def _is_count(found: tuple[str, ...]) -> bool:
    """Return whether a name is that of a number of things, such as `num_items`."""
    return len(found) > 1 and found[0] in _COUNTERS and found[-1].endswith("s")


def names_id(name: str) -> bool:
    """Return whether a name is that of a number or code that identifies something."""
    return _is_id(nouns(name))


def _is_id(found: tuple[str, ...]) -> bool:
    if not found or _is_count(found):
        return False
    last = found[-1]
    is_last = last in _IDS or (len(last) > 4 and last.endswith(_ID_ENDINGS))
    is_first = found[0] in _IDS or found[0] in _CODES or has_glued_id(found[0])
    return is_last or is_first or last in _CODES or _is_code(found)


def stands_for_buyer(name: str) -> bool:
    """Return whether a name is that of a visit, a device or the like, which is not a person."""
    found = nouns(name)
    return bool(found) and subject_of(_head(found)) == "visit" and not _is_loyalty_card(found)


def names_card(name: str) -> bool:
    """Return whether a name is that of a card, such as `card_no`."""
    found = nouns(name)
    return bool(found) and _head(found).startswith(_CARDS)


def _is_loyalty_card(found: tuple[str, ...]) -> bool:
    return len(found) > 1 and _head(found).startswith(_CARDS) and begins(found, _LOYAL)


def names_group(name: str) -> bool:
    """Return whether a name is that of a group or a place, such as a brand or a postal code."""
    found = nouns(name)
    return bool(found) and subject_of(_head(found)) == "group"


def names_measure(name: str) -> bool:
    """Return whether a name is that of an amount, such as a price or a quantity."""
    found = nouns(name)
    return _is_count(found) or any(subject_of(word) == "measure" for word in found)


def names_arrival(name: str) -> bool:
    """Return whether a name is that of the beginning of a stay, such as `checkin_date`."""
    return any(word in "".join(nouns(name)) for word in ("checkin", "arrival"))


def names_departure(name: str) -> bool:
    """Return whether a name may be that of the end of a stay, such as `checkout_date`."""
    return begins(nouns(name), ("checkout", "depart"))


def names_title(name: str) -> bool:
    """Return whether a name is that of the title of a product, and not of a group or a person."""
    about = {subject_of(word) for word in nouns(name)}
    return "title" in about and not about & {"group", "party", "buyer", "purchase", "visit"}


def names_product_title(name: str) -> bool:
    """Return whether a name is that of the title of a product by that word: `Item name`."""
    return names_title(name) and "product" in {subject_of(word) for word in nouns(name)}


def names_products(name: str) -> bool:
    """Return whether a name is that of something of products: their IDs, details or a list."""
    return "product" in {subject_of(word) for word in nouns(name)}


def names_time(name: str) -> bool:
    """Return whether a name is that of a time, whatever happened then."""
    found = nouns(name)
    return begins(found, _TIMES) or any(
        (word.endswith(_TIME_ENDINGS) and subject_of(word) == "purchase")
        or (word.endswith(_DATES) and not word.endswith(_NO_DATES))
        for word in found
    )


def names_other_time(name: str) -> bool:
    """Return whether a name is that of the time of something else, such as a delivery."""
    found = nouns(name)
    is_other = begins(found, _OTHER_TIMES) or not _ENDS.isdisjoint(found)
    return is_other and not closes_deal(name)


def closes_deal(name: str) -> bool:
    """Return whether a name is that of the time at which a deal was won: `Close Date`."""
    found = nouns(name)
    return not _CLOSED.isdisjoint(found) and set(found) <= _CLOSED | _OF_DEALS


def counts_visits(name: str) -> bool:
    """Return whether a name is that of a number of visits: `visits`, `visit_number`."""
    found = nouns(name)
    is_plural = any(subject_of(word) == "visit" and word.endswith("s") for word in found)
    return is_plural or begins(found, ("count", "total")) or not _COUNTERS.isdisjoint(found)


def date_part(name: str) -> tuple[str, str] | None:
    """Return of which date a name says the year, month or day, and which: `order`, `year`."""
    found = [fold(word) for word in words(name)]
    found = found[:-2] if found[-2:] == ["of", "month"] else found
    if not found or found[-1] not in _PARTS or names_other_time(name):
        return None
    return " ".join((*found[:-1], _PARTS[found[-1]])), found[-1]


def names_property(name: str) -> bool:
    """Return whether a name is that of a property of somebody or something: `customer_created`."""
    about = {subject_of(word) for word in nouns(name)}
    return bool(about & {"buyer", "product", "party", "thing"}) and "purchase" not in about


def fits_purchase_time(name: str) -> int:
    """Return how well a name fits the time of the purchase; higher is better."""
    found = nouns(name)
    if names_other_time(name) or (_is_id(found) and not begins(found, _TIMES)):
        return -1
    is_purchase = any(subject_of(word) == "purchase" for word in found)
    is_made = begins(found, _MADE) or not (_CLOSED | _DONE).isdisjoint(found)
    return 2 * (is_purchase or is_made) + begins(found, _TIMES)


def _is_code(found: tuple[str, ...]) -> bool:
    return any(word in ("zip", "plz", "postal", "postcode", "postleitzahl") for word in found)


def begins(found: tuple[str, ...], stems: tuple[str, ...]) -> bool:
    """Return whether one of the words begins with one of the stems."""
    return any(word.startswith(stems) for word in found)
