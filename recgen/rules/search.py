"""Rules on the search of products when serving."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig
from recgen.rules.registry import Problem, rule

EXACT = 100_000
"""Products up to which exact search answers a buyer in a few milliseconds: bench/serving.py."""


@rule("RG248", "warning", also=("info",))
def approximate_search(model: ModelConfig, data: DataConfig) -> Iterator[Problem]:
    """Approximate search where exact search is fast.

    ScaNN does not find all of the best products, and its SavedModel needs ScaNN's operations
    wherever it is loaded: they are there for TensorFlow 2.16 (scann 1.3.2), not for 2.21. With
    100,000 products, exact search of one buyer takes a few milliseconds.

    Example:
        data:
          catalogue_size: 20000
        model:
          retrieval_algorithm: scann

    Use instead:
        data:
          catalogue_size: 20000
        model:
          retrieval_algorithm: brute_force

    Above 100,000 products, or if `data.catalogue_size` is not given, this is an info that names
    what ScaNN needs. The metrics have the share of the exact answers that ScaNN finds
    (`scann_recall_at_k`): look at it before you serve the model.
    """
    size = data.catalogue_size
    if model.retrieval_algorithm != "scann" or model.model_type == "ranking":
        return
    path = ("model", "retrieval_algorithm")
    if size is not None and size < EXACT:
        message = f"scann is approximate, and {size:,} products are searched exactly in little time"
        help = "Use `brute_force`: its answers are exact, and it needs TensorFlow alone."
        yield Problem(path, message, help, fix=("set", "brute_force"))
    else:
        message = "scann needs TensorFlow 2.16 and scann 1.3.2, for training and for serving"
        help = "Use `brute_force` on other versions; it is exact."
        yield Problem(path, message, help, severity="info")
