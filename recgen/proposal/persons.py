"""Meaning of column names that speak of persons: whose properties they are. Knows no data."""

from __future__ import annotations

from recgen.data.words import fold
from recgen.proposal.lexicon import is_compound_of_buyer, listed, subject_of
from recgen.proposal.names import begins, names_id
from recgen.proposal.nouns import nouns, words

# Of persons: of these alone, or with the word for a buyer.
_PERSONAL = listed("""
    gender geschlecht sexe sexo birth geburt naissance nacimiento loyal membership occupation
    profession beruf income einkommen marital education signup registr registered join
    """)
_PERSONAL_WORDS = frozenset(listed("sex age alter tier dob"))
_PLACES = listed("""
    country region city zip postal postcode postleitzahl plz province pais pays ville ciudad
    cidade citta provincia miasto kraj wohnort bundesland страна город
    """)
_NOT_OF_BUYERS = listed("""
    origin made manufactur herkunft store shop warehouse brand marke filial price rating content
    """)
_SEGMENTS = listed("segment gruppe")
_NAMES = listed("""
    firstname lastname middlename surname forename givenname vorname nachname prenom apellido
    cognome sobrenome voornaam achternaam
    """)
_CONTACTS = listed("""
    phone telephone telefon telefono mobile handy fax address adress anschrift strasse street
    indirizzo direccion endereco
    """)


def names_buyer(name: str) -> bool:
    """Return whether a name is that of the buyer, or of a property of one: `customer_segment`."""
    found = nouns(name)
    about = {subject_of(word) for word in found}
    if "buyer" in about or any(map(is_compound_of_buyer, found)):
        return True
    if about & {"product", "party", "purchase", "thing"} or begins(found, _NOT_OF_BUYERS):
        return False
    return _is_personal(found) or begins(found, _PLACES)


def _is_personal(found: tuple[str, ...]) -> bool:
    return begins(found, _PERSONAL) or not _PERSONAL_WORDS.isdisjoint(found)


def names_known_buyer(name: str) -> bool:
    """Return whether what a name says of the buyer is known before a purchase: no score, no sum."""
    found = nouns(name)
    about = {subject_of(word) for word in found}
    return names_buyer(name) and (_is_personal(found) or not about & {"measure", "purchase"})


def names_trait(name: str) -> bool:
    """Return whether a name is that of a trait of a person, which tells nobody apart: `income`.

    So is a first or last name alone, as many share it.
    """
    return names_person(name) or (_is_personal(nouns(name)) and not names_id(name))


def names_person(name: str) -> bool:
    """Return whether a name is that of a part of a person's name: `CONTACTFIRSTNAME`."""
    joined = fold("".join(words(name)))
    return any(part in joined for part in _NAMES)


def names_contact(name: str) -> bool:
    """Return whether a name is that of a way to reach a person, such as `PHONE`."""
    return begins(nouns(name), _CONTACTS)


def may_name_buyer(name: str) -> bool:
    """Return whether a name says nothing against a property of the buyer: `club`, `segment`."""
    found = nouns(name)
    return all(subject_of(word) is None or begins((word,), _SEGMENTS) for word in found)
