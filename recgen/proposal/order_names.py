"""Meaning of column names that speak of one purchase: amounts, and what came of it. No data."""

from __future__ import annotations

from recgen.proposal.lexicon import listed, subject_of
from recgen.proposal.names import begins, names_id
from recgen.proposal.nouns import nouns

# Of a line of an order, or of the order, and not of the product.
_COUNTED = listed("""
    quantity qty quantities total subtotal subtot grandtotal menge anzahl gesamt summe quantite
    cantidad quantita quantidade aantal ilosc mnozstv miktar kwmenge fkimg количеств сумм 数量 수량
    summ luong tien jumlah kolicin cantitat antal uds kpl pcs
    """)
_AMOUNTS = listed("""
    amount amt revenue turnover sales sale spend spent paid discount disc tax vat shipping freight
    gross net brutto netto premium commission margin profit payout
    fee tip betrag umsatz rabatt steuer versand montant remise importe descuento importo sconto
    desconto bedrag korting kwota netwr value wert valor valeur valoar waarde wartosc
    """)
# Of one row: what came of it is known only afterwards, whatever column of the buyer it looks like.
_OUTCOMES = listed("""
    cancel refund redeem churn disput complain noshow reject fraud chargeback uninstall feedback
    storn retour annul abandon reklam
    """)
_CAME = frozenset(listed("""
        returned returns return delivered accepted completed certified scanned attended lapsed lost
        overdue fulfilled declined retained renewed renewals delayed converted won nps
        """))
_MARKS = frozenset(listed("""
        rating score stars points grade vote bewertung sterne punkte note puntuacion calificacion
        valoracion voto punteggio nota ocena beoordeling betyg оценка 评分 評価 평점
        """))
_STATES = listed("status statut")  # of an order: what became of it is known only afterwards
_AFTERWARDS = listed("fulfil financial deliver ship refund return versand liefer zahl livraison")
_OF_ONE = listed("""
    unit pack per piece size content stock inventory available einheit stuck packung bestand
    children kids kinder enfants hijos dependents adults household
    """)


def names_order_amount(name: str) -> bool:
    """Return whether a name is that of an amount of an order or its line: a quantity, a total."""
    found = nouns(name)
    if begins(tuple(word for word in found if word != "units"), _OF_ONE):
        return False
    if "units" in found:
        return True
    is_of_order = any(subject_of(word) == "purchase" for word in found)
    return begins(found, _COUNTED) or (is_of_order and begins(found, _AMOUNTS))


def may_name_order_amount(name: str) -> bool:
    """Return whether a name is that of money, be it of the order or of the product."""
    found = nouns(name)
    return begins(found, _AMOUNTS) and not begins(found, _OF_ONE)


def names_order_state(name: str) -> bool:
    """Return whether a name is that of what became of an order: `order_status`."""
    found = nouns(name)
    is_of_order = any(subject_of(word) == "purchase" for word in found)
    is_state = bool(found) and found[-1] in _STATES
    return is_state and (is_of_order or begins(found, _AFTERWARDS))


def names_outcome(name: str) -> bool:
    """Return whether a name is that of what came of a purchase: `is_canceled`, `redeemed`."""
    found = nouns(name)
    return (begins(found, _OUTCOMES) or not _CAME.isdisjoint(found)) and not names_id(name)


def names_mark(name: str) -> bool:
    """Return whether a name is that of what a buyer thinks of a product: `rating`, `stars`."""
    return not _MARKS.isdisjoint(nouns(name)) and not names_id(name)


def may_name_order_state(name: str) -> bool:
    """Return whether a name is that of some state, be it of the order or of somebody: `STATUS`."""
    found = nouns(name)
    return len(found) == 1 and found[0] in _STATES
