"""Rules on the size of the data: validation, answers, memory for the rows."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, HistoryFeature, ModelConfig, scored_of
from recgen.config.paths import all_crosses, all_features
from recgen.data.columns import id_column
from recgen.data.estimates import CHEAP_SCORES, GIB, in_gib, list_values, split_sizes
from recgen.data.profile import Profile
from recgen.rules.registry import NO_DATA, Problem, rule

_FEW_ANSWERS, _MOST_ANSWERS = 5, 1000
_CACHED, _LISTED = 8, 4  # bytes of a transformed value, and of a value in a list
_MOST_CACHED = 8 * GIB


@rule("RG406", "warning")
def validation_cost(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """Validation that takes longer than training.

    After every epoch, recall compares each validation row with each product: rows x products
    scores, compared with three times rows x batch (or the number of products that a row is scored
    with) in training. Top-k over the catalogue once turned 4 minutes of training into 24. Recall by
    rank needs no sorting and takes 0.2 to 0.3 s of a 3 s epoch on Online Retail (17,450 rows, 3,595
    products); up to 268 million scores, about a second, nothing is reported.

    Example:
        model:
          batch_size: 64
        data:
          split: {kind: strict_time, date_column: bought_at, validation: 0.2}

    Use instead:
        model:
          batch_size: 1024
        data:
          split: {kind: strict_time, date_column: bought_at, validation: 0.05}

    Hold out fewer rows, or use a larger batch.
    """
    product, rows = id_column(features, "product", profile), split_sizes(features, data, profile)
    if product is None or rows is None or not model.enable_training_metrics:
        return
    # Score multiplications; a training step has them three times: once forwards, twice backwards.
    work = rows.validation * product.distinct
    scored = scored_of(model, data, product.distinct) or 1
    share = work / max(1, 3 * rows.training * scored)
    if share > 1 and work > CHEAP_SCORES:
        message = (
            f"validation recall compares {rows.validation:,} rows with {product.distinct:,} "
            f"products after each epoch: {share:.1f} times the work of training"
        )
        yield Problem(("data", "split", "validation"), message, "Hold out fewer rows.")


@rule("RG407", "info", of_retrieval=True)
def answer_length(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Answers that are too long or too short.

    Every answer has `top_k` IDs with their scores, sorted, or the whole catalogue if that is
    smaller. Recall is measured at 5, 10, 50 and 100 by rank, so it does not depend on `top_k`, but
    it says nothing about answers with fewer than 5 products, unless the catalogue has no more
    (`data.catalogue_size`).

    Example:
        model:
          top_k: 10000

    Use instead:
        model:
          top_k: 100

    Use what a page shows, and some more to filter from.
    """
    path = ("model", "top_k")
    if model.top_k < min(_FEW_ANSWERS, data.catalogue_size or _FEW_ANSWERS):
        message = f"top_k is {model.top_k}, while recall is measured at 5 and more"
        yield Problem(path, message, "Use 5 or more, and show fewer.")
    elif model.top_k > _MOST_ANSWERS:
        message = f"each answer contains {model.top_k:,} IDs and scores"
        yield Problem(path, message, "Use as many as a page shows, and some more for filtering.")


@rule("RG408", "warning")
def rows_in_memory(
    features: FeatureConfig, profile: Profile, data: DataConfig = NO_DATA
) -> Iterator[Problem]:
    """Rows that take more than 8 GiB in training.

    By default, the trainer keeps all rows in memory as parsed features: about 8 bytes per row and
    value, and 4 for each past value of a history. A list that a run computes has at most as many
    values as the buyer had before, and at most `max_length`; a column of lists is counted with
    `max_length` per row. With `cache: disk` the same bytes are in files, and with `cache: none` an
    epoch reads the examples again; the IDs and the time of each row stay in memory.

    Example:
        data:
          cache: memory  # with a billion rows

    Use instead:
        data:
          cache: disk  # with a billion rows

    Or use a machine with that much memory, fewer rows or fewer features.
    """
    if data.cache != "memory":
        return
    histories = [f for _, f in all_features(features) if isinstance(f, HistoryFeature)]
    keys = {key for _, feature in all_features(features) for key in feature.output_keys}
    keys |= {cross.output_name for _, cross in all_crosses(features)}
    lists = sum(list_values(features, each, profile, data) for each in histories)
    size = profile.rows * len(keys) * _CACHED + lists * _LISTED
    if size > _MOST_CACHED:
        and_lists = f" and up to {lists:,} past values" if lists else ""
        message = (
            f"{profile.rows:,} rows of {len(keys)} values{and_lists} take {in_gib(size)} in "
            "training"
        )
        help = "Set `data.cache` to `disk` or `none`, or use a machine with that much memory."
        if lists * _LISTED > size / 2:
            help = "Set `data.cache` to `disk` or `none`, or lower the history's `max_length`."
        yield Problem(("features",), message, help)
