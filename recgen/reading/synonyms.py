"""Words that other programs use for those of a config, and misspellings. Decides which are safe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_SHORTEST = 5  # letters of a word whose misspelling is no other word: relu and prelu are two


@dataclass(frozen=True)
class Meant:
    """The word that was probably meant.

    Attributes:
        word: One of those that are allowed.
        sure: Whether nothing else can have been meant.
    """

    word: str
    sure: bool


def _by_synonym(words: Mapping[str, str]) -> dict[str, str]:
    return {synonym: word for word, synonyms in words.items() for synonym in synonyms.split()}


_KINDS = _by_synonym(
    {
        "text": """
            categorical category categoric nominal enum factor string str varchar char object id
            token embedding string_embedding
            """,
        "numeric": "number numerical float float32 float64 double real decimal continuous",
        "temporal": "date datetime time timestamp datetime64 datetime64[ns] datetime64[ns,utc]",
        "history": "sequence sequential",
    }
)
# What can also mean something else: a whole number may be an ID, a list may be of anything.
_DOUBTFUL_KINDS = _by_synonym(
    {
        "numeric": "int int32 int64 integer bigint bool boolean",
        "history": "list array",
    }
)
_TYPES = _by_synonym(
    {
        "STRING": """
            str text varchar char character nvarchar char_varying character_varying object utf8
            large_string large_utf8 category categorical uuid json
            """,
        "BYTES": "binary varbinary blob bytea large_binary",
        "INT64": """
            int int8 int16 int32 integer bigint smallint tinyint mediumint byteint long uint8 uint16
            uint32
            """,
        "FLOAT64": "double double_precision real float16 float32 halffloat number numeric64",
        "NUMERIC": "decimal decimal128",
        "BIGNUMERIC": "bigdecimal decimal256",
        "BOOL": "bool_ bit",
        "TIMESTAMP": """
            timestamptz timestamp_with_time_zone timestamp_without_time_zone datetime64
            datetime64[ns] datetime64[ns,utc] datetime64[us] datetime64[ms] datetime64[s]
            """,
        "DATE": "date32 date64",
        "TIME": "time32 time64",
    }
)
_ACTIVATIONS = _by_synonym(
    {"linear": "none identity", "swish": "silu", "leaky_relu": "leakyrelu lrelu lrelu_"}
)
_LOSSES = _by_synonym(
    {
        "mse": "mean_squared_error l2",
        "binary_crossentropy": "bce binary_cross_entropy log_loss logloss",
    }
)
_LENGTH = re.compile(r"\(\s*\d+(?:\s*,\s*\d+)?\s*\)|\[(?:s|ms|us|ns|day)(?:,[^\]]*)?\]$")
_LIST = re.compile(r"(?:list|array|large_list|repeated)[<\[(](?:item:_?|element:_?)?(.+?)[>\])]$")
_ITEMS = re.compile(r"(.+)\[\]$")


def meant(given: object, allowed: Sequence[str]) -> Meant | None:
    """Return which of the allowed words a word means, or is a misspelling of."""
    if not isinstance(given, str):
        return None
    plain = _plain(given)
    words = {_plain(word): word for word in allowed}
    if plain in words:
        return Meant(words[plain], True)
    synonym = _synonym(plain, words)
    if synonym is not None:
        return synonym
    close = get_close_matches(plain, words, n=1)
    return Meant(words[close[0]], is_misspelt(plain, list(words))) if close else None


def is_misspelt(given: str, words: Sequence[str]) -> bool:
    """Return whether a word is one letter away from one of the words, and only from that one."""
    near = [word for word in words if _is_one_edit(given, word)]
    return len(near) == 1 and len(near[0]) >= _SHORTEST


def _plain(word: str) -> str:
    return re.sub(r"[\s-]+", "_", word.strip().casefold()).replace(",_", ",")


def _synonym(plain: str, words: Mapping[str, str]) -> Meant | None:
    """Return the synonym in the vocabulary to which the allowed words belong."""
    if "string" in words:
        found = _type_of(plain, words)
        return Meant(found, True) if found else None
    for vocabulary, sure in (
        *((_KINDS, True), (_DOUBTFUL_KINDS, False)),
        *((_ACTIVATIONS, True), (_LOSSES, True)),
    ):
        word = vocabulary.get(plain)
        if word is not None and word in words:
            return Meant(words[word], sure)
    return None


def _type_of(plain: str, words: Mapping[str, str]) -> str | None:
    """Return the type of BigQuery that a type of pandas, Arrow or SQL is; also of lists."""
    inner = _LIST.match(plain) or _ITEMS.match(plain)
    if inner is not None:
        item = _type_of(inner[1].strip("_"), words)
        return words.get(f"array<{item.lower()}>") if item else None
    bare = _LENGTH.sub("", plain)
    for word in (plain, bare):
        if word in _TYPES:
            return _TYPES[word]
        if word in words:
            return words[word]
    return None


def _is_one_edit(left: str, right: str) -> bool:
    """Return whether one letter more, less or other, or two that changed places, is all."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    if start is None:
        start = min(len(left), len(right))
    if any(character.isdigit() for character in left[start : start + 1] + right[start : start + 1]):
        return False  # relu6, int32: a number is no slip of the finger
    a, b = left[start:], right[start:]
    is_swap = a[:2] == b[:2][::-1] and a[2:] == b[2:] and len(a) > 1
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or is_swap
