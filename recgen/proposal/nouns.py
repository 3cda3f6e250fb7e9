"""The words of a column's name, and those that tell what it is of."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from recgen.data.words import fold
from recgen.proposal.lexicon import is_ideographic, listed

_SIGNS = str.maketrans({"#": " number ", "№": " number "})
_LOOKUP = re.compile(r"_(\w+)_value")  # a column of Dataverse that refers to another table
_TWO_WORDS = re.compile(
    r"(?i)(?:\b|(?<=_))(sold|bill|ship)[ _-]?to(?:[ _-]?party)?(?:\b|(?=_)|(?-i:(?=[A-Z])))"
    r"|\b(e)-?(mail)(?:[ _-]?addr(?:ess)?)?|\b(line)[ _-]?(item)"
    r"|(?-i:\bCardCode\b)"  # the business partner in SAP Business One
)
_PLURAL = re.compile(r"(?<![A-Za-z])[A-Z]{2,}s(?![A-Za-z])")  # IDs
# Words that say nothing about what a column is of.
_FILLERS = frozenset(listed("""
        unique pseudo anonymous anon hashed encoded encrypted raw original internal external
        global main master parent primary billing utc new old my the a an of in at de du des del
        della di do da la le el van von der l d
        """))


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `CustomerID` gives `customer`, `id`."""
    found: list[str] = []
    kinds = [_kind(character) for character in name]
    for at, (character, kind) in enumerate(zip(name, kinds, strict=True)):
        before = kinds[at - 1] if at else ""
        after = kinds[at + 1] if at + 1 < len(kinds) else ""
        is_camel = kind == "upper" and (
            before == "lower" or (before == "upper" and after == "lower")
        )
        is_new = is_camel or (kind != before and (before, kind) != ("upper", "lower"))
        if kind and is_new:
            found.append("")
        if kind:
            found[-1] += character
    return [word.casefold() for word in found]


def _kind(character: str) -> str:
    """Return the kind of a character in a word; none if it separates words."""
    if character.isdigit():
        return "digit"
    if not character.isalpha():
        return ""
    if is_ideographic(character):
        return "ideograph"
    return "upper" if character.isupper() else "lower"


@cache
def nouns(name: str) -> tuple[str, ...]:
    """Return the words that tell what a column is of, without accents, numbers and fillers."""
    lookup = _LOOKUP.fullmatch(name)
    plain = unicodedata.normalize("NFC", lookup[1] if lookup else name).translate(_SIGNS)
    joined = _TWO_WORDS.sub(_join, _PLURAL.sub(lambda match: match.group().lower(), plain))
    found = [fold(word) for word in words(joined) if not word.isdigit()]
    return tuple(word for word in found if word not in _FILLERS) or tuple(found)


def _join(match: re.Match[str]) -> str:
    text = re.sub(r"[ _-]", "", match.group()).casefold().removesuffix("party")
    return f" {text} " if text in ("soldto", "billto", "shipto", "lineitem") else text
