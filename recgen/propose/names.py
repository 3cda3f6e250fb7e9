"""Meaning of column names in several languages. Knows words but no data."""

from __future__ import annotations

import re

from recgen.config import Side

SURE, GOOD, WEAK = 3, 2, 1  # how well a name fits an ID

_WORD = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|[^\W\d_]+|\d+")
# Beginnings of words in English, German, French, Spanish, Italian and Portuguese.
_STEMS: dict[Side, tuple[str, ...]] = {
    "buyer": (
        *("customer", "cust", "buyer", "user", "client", "member", "account", "visitor"),
        *("shopper", "household", "subscriber", "reviewer", "patron", "email", "kund", "käufer"),
        *("kaeufer", "nutzer", "benutzer", "besteller", "mitglied", "acheteur", "cliente"),
        *("comprador", "usuario", "utente", "utilisateur"),
    ),
    "product": (
        *("product", "prod", "item", "sku", "article", "stock", "asin", "ean", "gtin", "isbn"),
        *("upc", "movie", "book", "track", "song", "recipe", "merchandise", "artikel", "produkt"),
        *("produit", "producto", "artículo", "articulo", "prodotto", "produto"),
    ),
}
_ID_WORDS = {
    *("id", "no", "nr", "num", "number", "code", "key", "uuid", "guid", "sku", "ean", "gtin"),
    *("nummer", "kennung", "schlüssel", "numéro", "numero", "número", "código", "codigo", "codice"),
}
_ID_ENDINGS = ("id", "nr", "nummer", "code", "key", "kennung", "schlüssel")
# Words in the names of numbers that belong to a purchase.
_PURCHASE = (
    *("order", "invoice", "transaction", "session", "basket", "cart", "receipt", "purchase"),
    *("bestell", "rechnung", "auftrag", "beleg", "transaktion", "kauf", "warenkorb", "line"),
    *("row", "index", "event", "commande", "facture", "pedido", "factura", "sale", "checkout"),
    *("booking", "tracking", "shipment"),
)
# Words in the names of groups or properties of buyers or products.
_GROUPING = (
    *("group", "categor", "cat", "type", "class", "brand", "family", "segment", "region"),
    *("country", "city", "status", "parent", "gruppe", "kategorie", "marke", "land", "ort"),
    *("zip", "postal", "plz", "store", "department", "filial", "abteilung", "warengruppe"),
)
_OTHER_TIMES = (
    *("birth", "geburt", "update", "modif", "export", "import", "load", "ship", "deliver"),
    *("due", "liefer", "versand", "änder", "signup", "registr", "launch", "expir", "return"),
)
_TIMES = ("date", "time", "datum", "zeit", "day", "tag", "ts", "when", "fecha", "hora", "data")


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `CustomerID` gives `customer`, `id`."""
    return [word.casefold() for word in _WORD.findall(name)]


def fits_id(name: str, side: Side) -> int:
    """Return how well a name fits a tower's ID: SURE, GOOD, WEAK, 0, or -1 for not at all."""
    found = words(name)
    if _any(found, _PURCHASE) or _any(found, _STEMS["product" if side == "buyer" else "buyer"]):
        return -1
    is_id = names_id(name)
    if not _any(found, _STEMS[side]):
        return WEAK if is_id and not _any(found, _GROUPING) else 0
    if len(found) > 1 and _any(found, _GROUPING):
        return WEAK
    return SURE if is_id else GOOD if len(found) == 1 else WEAK


def names_id(name: str) -> bool:
    """Return whether a name is that of a number or code that identifies something."""
    found = words(name)
    if not found:
        return False
    last = found[-1]
    return last in _ID_WORDS or (len(last) > 4 and last.endswith(_ID_ENDINGS)) or _is_code(found)


def fits_purchase_time(name: str) -> int:
    """Return how well a name fits the time of the purchase; higher is better."""
    found = words(name)
    if _any(found, _OTHER_TIMES):
        return -1
    return 2 * _any(found, _PURCHASE) + _any(found, _TIMES)


def _is_code(found: list[str]) -> bool:
    return any(word in ("zip", "plz", "postal", "postcode", "postleitzahl") for word in found)


def _any(found: list[str], stems: tuple[str, ...]) -> bool:
    return any(word.startswith(stems) for word in found)
