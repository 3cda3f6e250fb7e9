"""Words that are null: among numbers always, elsewhere if the config says so."""

from __future__ import annotations

from collections.abc import Sequence

from recgen.data.words import NOTHING
from recgen.local.cast.arrow import UnfitError, Values, is_text
from recgen.local.cast.text import as_text

NO_NUMBER = (*NOTHING, "", "na")


def without_words(values: Values, words: Sequence[str]) -> Values:
    """Return values with null for these words, exactly as written in text or as an ID.

    Values that are not text, such as the number 0, are compared as `as_text` writes them; those
    that it cannot write are unchanged.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not words:
        return values
    try:
        text = values.cast(pa.large_string()) if is_text(values) else as_text(values)
    except (UnfitError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return values
    absent = pc.is_in(text, value_set=pa.array(words, pa.large_string()))
    return pc.if_else(absent, pa.scalar(None, values.type), values)
