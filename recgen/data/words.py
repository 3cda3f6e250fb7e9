"""Words that stand for nothing: null among numbers, and no ID of anything."""

from __future__ import annotations

# What programs write for a missing value, in lower case: pandas, R, MySQL, Excel, Google Analytics.
# NA is not among them: alone among texts, it may be Namibia.
NOTHING = (
    *("nan", "-nan", "none", "null", "nil", "\\n", "nat", "<na>", "n/a", "n.a.", "undefined"),
    *("<null>", "<none>", "<nil>", "<unset>", "(null)", "(none)", "(blank)", "(empty)", "[null]"),
    *("(not set)", "(not provided)", "(data deleted)", "not set", "unassigned"),
    *("#n/a", "#null!", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "1.#qnan", "1.#ind"),
    *("-", "--", "---", "\u2013", "\u2014", "?", ".", "00000000-0000-0000-0000-000000000000"),
)
