"""Rules that compare a config with the profile of its data, one file per family."""

# Importing a family registers its rules.
from recgen.rules.data import (  # noqa: F401
    clocks,
    columns,
    dates,
    ids,
    leaks,
    lists,
    numbers,
    pairs,
    precision,
    recency,
    rows,
    sizes,
    split,
    targets,
    texts,
    times,
    vocabularies,
)
