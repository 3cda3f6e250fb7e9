"""Rules that compare a config with its data: a family a file. They ask a profile, read nothing."""

from recgen.rules.base import Rule
from recgen.rules.data.columns import RULES as _COLUMNS
from recgen.rules.data.ids import RULES as _IDS
from recgen.rules.data.leaks import RULES as _LEAKS
from recgen.rules.data.numbers import RULES as _NUMBERS
from recgen.rules.data.recency import RULES as _RECENCY
from recgen.rules.data.sizes import RULES as _SIZES
from recgen.rules.data.split import RULES as _SPLIT
from recgen.rules.data.times import RULES as _TIMES
from recgen.rules.data.vocabularies import RULES as _VOCABULARIES

RULES: tuple[Rule, ...] = (
    *_COLUMNS,
    *_IDS,
    *_VOCABULARIES,
    *_SIZES,
    *_NUMBERS,
    *_TIMES,
    *_SPLIT,
    *_LEAKS,
    *_RECENCY,
)
