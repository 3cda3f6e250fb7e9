"""Words that stand for nothing: null among numbers, and no ID of anything."""

from __future__ import annotations

from collections.abc import Sequence

from recgen.local.cast.arrow import UnfitError, Values, is_text
from recgen.local.cast.text import as_text

# What programs write for a missing value, in lower case: pandas, R, MySQL, Excel, Google Analytics.
# NA is not among them: alone among texts, it may be Namibia.
NOTHING = (
    *("nan", "-nan", "none", "null", "nil", "\\n", "nat", "<na>", "n/a", "n.a.", "undefined"),
    *("<null>", "<none>", "<nil>", "<unset>", "(null)", "(none)", "(blank)", "(empty)", "[null]"),
    *("(not set)", "(not provided)", "(data deleted)", "not set", "unassigned"),
    *("#n/a", "#null!", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "1.#qnan", "1.#ind"),
    *("-", "--", "---", "\u2013", "\u2014", "?", ".", "00000000-0000-0000-0000-000000000000"),
)
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
