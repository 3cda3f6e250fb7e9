"""Rules on the section `pipeline`: its query, its rows, its machines, and the model it pushes."""

# Importing a family registers its rules.
from recgen.rules.pipeline import cloud, effect, model, query, returned, source

__all__ = ["cloud", "effect", "model", "query", "returned", "source"]
