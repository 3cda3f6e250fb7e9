"""Words that stand for nothing or nobody: null among numbers, and no ID of anything."""

from __future__ import annotations

import re
import unicodedata

# What programs write for a missing value, in lower case: pandas, R, MySQL, Excel, Google Analytics.
# NA is not among them: alone among texts, it may be Namibia.
NOTHING = (
    *(
        "nan",
        "-nan",
        "none",
        "null",
        "nil",
        "\\n",
        "\\\\n",
        "nat",
        "<na>",
        "n/a",
        "n.a.",
        "undefined",
    ),
    *("<null>", "<none>", "<nil>", "<unset>", "(null)", "(none)", "(blank)", "(empty)", "[null]"),
    *("(not set)", "(not provided)", "(data deleted)", "not set", "unassigned"),
    *("#n/a", "#null!", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "1.#qnan", "1.#ind"),
    *("-", "--", "---", "\u2013", "\u2014", "?", ".", "00000000-0000-0000-0000-000000000000"),
)
_NOBODY_WORDS = (
    *("unknown", "missing", "empty", "void", "default", "dummy", "test", "anonymous", "anonym"),
    *("guest", "gast", "invite", "invitado", "ospite", "gosc", "unbekannt", "inconnu"),
    *("desconocido", "nieznany", "onbekend", "laufkunde", "passant", "notset", "na", "-1"),
    *("notavailable", "notapplicable", "nocustomer", "walkin", "anonyme", "anonimo", "nobody"),
    *("desconhecido", "convidado", "sconosciuto", "ukjent", "ukendt"),
    *("гость", "аноним", "неизвестно", "游客", "匿名", "未知", "ゲスト", "비회원"),
)
# Beside a word for nobody, these change nothing: `guest_user`, `Anonymous customer`.
_ROLES = frozenset(
    ("user", "customer", "checkout", "buyer", "account", "client", "shopper", "visitor", "kunde")
)
_NUMBERS = re.compile(r"0+(\.0+)?|-1(\.0+)?|-?9{3,}(\.0+)?")
# The largest and smallest numbers of 32 and 64 bits, with a sign and without: no ID gets there.
_ENDS = frozenset(
    str(end) for bits in (32, 64) for end in (2**bits - 1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)))
)
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe"})


def fold(word: str) -> str:
    """Return a word in lower case without accents."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).translate(_PLAIN)


_NOBODY = frozenset(map(fold, _NOBODY_WORDS))


def decoded_once(text: str) -> str:
    """Return a text as it was before its UTF-8 was taken for cp1252; others as they are."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def stands_for_nothing(value: str) -> bool:
    """Return whether a value of an ID stands for no one: a word for null, guest, (not set)."""
    plain = fold(value).strip()
    return plain in NOTHING or _joined(plain) in NOTHING or stands_for_nobody(value)


def stands_for_nobody(value: str) -> bool:
    """Return whether an ID is for anybody, such as guest, `Anonymous user`, -1 or 2147483647."""
    plain = fold(value).strip()
    if plain.removesuffix(".0") in _ENDS:
        return True
    name = plain.partition("@")[0]  # guest@shop.example
    words = set(re.split(r"[\s_-]+", name.strip("()[]#")))
    is_role = bool(words & _NOBODY) and words <= _NOBODY | _ROLES
    return plain in _NOBODY or _joined(name) in _NOBODY or is_role


def _joined(text: str) -> str:
    return text.strip("()[]#").replace(" ", "").replace("-", "").replace("_", "")


def may_stand_for_nobody(value: str) -> bool:
    """Return whether an ID is a number that programs write for nobody: 0, -1, 99999."""
    return _NUMBERS.fullmatch(value.strip()) is not None
