"""Rules that compare a config with its data: a family a file. They ask a profile, read nothing."""

# Importing a family registers its rules.
from recgen.rules.data import (  # noqa: F401
    columns,
    ids,
    leaks,
    numbers,
    recency,
    sizes,
    split,
    times,
    vocabularies,
)
