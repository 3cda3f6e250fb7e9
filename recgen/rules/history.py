"""Rules on histories: whose vectors they use, whose history they are, how long they are."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from recgen.config import DataConfig, FeatureConfig, History, HistoryFeature, ModelConfig
from recgen.config.paths import all_features, embeddings_of, features_of
from recgen.data.profile import Profile
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule

_LONG = 1000  # values of a list
_COMPARED = 50_000  # names that are compared for similarity: about a second


def _histories(features: FeatureConfig) -> Iterator[tuple[Location, History]]:
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature):
            history = feature.transforms.enabled.get("history")
            if isinstance(history, History):
                yield (*path, "transforms", "history"), history


@rule("RG126", "error")
def shared_with_unknown(features: FeatureConfig) -> Iterator[Problem]:
    """`shared_with` does not name a text feature.

    A history is a list of indices into another feature's vocabulary. A feature that is not text, or
    is in neither tower, has no vocabulary.

    Example:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: price}}

    Use instead:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
          product_model_features:
            - {column: sku, data_type: text}

    Name a text feature of either tower by its output name.
    """
    known = dict.fromkeys(f.output_name for _, f, _ in embeddings_of(features))
    for index, (path, history) in enumerate(_histories(features)):
        if history.shared_with not in known:
            message = (
                f"shared_with {show(history.shared_with)} is not a text feature of either tower"
            )
            is_soon = index * len(known) <= _COMPARED
            close = get_close_matches(history.shared_with, known, n=1) if is_soon else []
            help = (
                f"Did you mean {show(close[0])}?"
                if close
                else "Name a text feature by its output name."
            )
            at = (*path, "shared_with")
            yield Problem(at, message, help, fix=("set", close[0]) if close else None)


@rule("RG127", "error")
def history_width(features: FeatureConfig) -> Iterator[Problem]:
    """A history whose width differs from that of the vectors it shares.

    The values of a history are embedded with the vectors of `shared_with`, which have one width.
    Histories that share with different features use different tables.

    Example:
        features:
          buyer_model_features:
            - {column: sku, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku, embedding_dim: 8}}

    Use instead:
        features:
          buyer_model_features:
            - {column: sku, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}

    Remove the `embedding_dim` of the history.
    """
    widths = {f.output_name: embedding.embedding_dim for _, f, embedding in embeddings_of(features)}
    for path, history in _histories(features):
        width = widths.get(history.shared_with)
        if history.embedding_dim is not None and width not in (None, history.embedding_dim):
            name = show(history.shared_with)
            message = f"the vectors of {name} are {width} wide, not {history.embedding_dim}"
            help = "Remove it: the width is that of the shared feature."
            yield Problem((*path, "embedding_dim"), message, help, fix=("remove", None))


@rule("RG130", "error")
def history_of_products(features: FeatureConfig) -> Iterator[Problem]:
    """A history in the product tower.

    A history lists what a buyer had before the purchase; runs compute it from the buyer's ID. In
    the product tower it would be the history of the product's latest buyer, and it is unknown when
    the catalogue is embedded.

    Example:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}

    Use instead:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
          product_model_features:
            - {column: sku, data_type: text}

    Move it to the buyer tower.
    """
    for path, feature in features_of(features, "product"):
        if isinstance(feature, HistoryFeature):
            message = f"{show(feature.output_name)} is a history in the product tower"
            help = "Move it to the buyer tower: only buyers have a history."
            yield Problem(path, message, help)


@rule("RG131", "warning")
def history_long(features: FeatureConfig) -> Iterator[Problem]:
    """A history of more than 1000 values.

    The lists of all rows are kept in memory, 4 bytes per value, and each step looks up all values
    of its rows: 1,024 rows of 1,000 values and vectors 128 wide are 0.5 GiB per step. Each value is
    listed once, so only buyers of more than 1,000 different products have such lists.

    Example:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku, max_length: 5000}}

    Use instead:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku, max_length: 200}}

    Use 50 to 300.
    """
    for path, history in _histories(features):
        if history.max_length > _LONG:
            message = f"up to {history.max_length:,} past values in each row"
            help = "Use 50 to 300: the latest values say most about the next purchase."
            yield Problem((*path, "max_length"), message, help)


@rule("RG132", "error")
def history_of_buyers(features: FeatureConfig) -> Iterator[Problem]:
    """A history of the buyer's own ID.

    The values are taken from the buyer's own transactions, in which the buyer is always the same,
    so the list only repeats the buyer's ID.

    Example:
        features:
          buyer_id_column: customer_id
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: customer_id}}

    Use instead:
        features:
          buyer_id_column: customer_id
          product_id_column: sku
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}

    Share with the product ID, or with another text feature of the product.
    """
    buyer, product = features.buyer_id, features.product_id
    for path, history in _histories(features):
        if product and history.shared_with == buyer != product:
            name = show(history.shared_with)
            message = (
                f"a history of {name}, the buyer's own ID: each list would only contain the buyer"
            )
            help = "Share with the product ID to list what the buyer had before."
            yield Problem((*path, "shared_with"), message, help, fix=("set", product))


@rule("RG134", "error")
def bonus_unusable(features: FeatureConfig) -> Iterator[Problem]:
    """A repeat bonus that applies to no product.

    `repeat_bonus` is added to the scores of the products in a buyer's list when products are ranked
    and served. A list of brands or categories contains no products, and only one of two lists with
    a bonus would count.

    Example:
        features:
          product_id_column: sku
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: brand, repeat_bonus: 0.5}}

    Use instead:
        features:
          product_id_column: sku
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku, repeat_bonus: 0.5}}

    Set it on one history that shares with the product ID.
    """
    product, is_taken = features.product_id, False
    for path, history in _histories(features):
        if not history.repeat_bonus or not product:
            continue
        at = (*path, "repeat_bonus")
        if history.shared_with != product:
            message = (
                f"values of {show(history.shared_with)} are not products, so they have no scores"
            )
            help = f"Set it on a history that shares with {show(product)}."
            yield Problem(at, message, help, fix=("remove", None))
        elif is_taken:
            message = "a second list of products with a bonus: only one counts"
            help = "Set it only on the list of products that the buyer had before."
            yield Problem(at, message, help, fix=("remove", None))
        else:
            is_taken = True


@rule("RG135", "info")
def bonus_replaced(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """A repeat bonus beside a fitted final layer.

    With `final_layer: fitted`, the default, what the buyer had is weighed on validation rows: by
    how often, how long ago, and what the product sells. `repeat_bonus` is only used before, in the
    validation recall by which the best epoch is chosen, and if there is nothing to fit the layer
    on. Of several lists of products, the layer takes the one with a bonus, or else the first.

    Example:
        features:
          product_id_column: sku
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku, repeat_bonus: 0.5}}

    Use instead:
        features:
          product_id_column: sku
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}

    Remove it. To serve the constant, write `final_layer: none`.
    """
    product = features.product_id
    if model.final_layer == "none" or not product:
        return
    lists = [each for each in _histories(features) if each[1].shared_with == product]
    for number, (path, history) in enumerate(lists):
        if not history.repeat_bonus:
            continue
        message = (
            f"{show(history.repeat_bonus)} counts until the final layer is fitted: that learns the "
            "weight of what the buyer had from validation rows"
        )
        keep = "to serve the constant, write `final_layer: none` under `model`"
        at = (*path, "repeat_bonus")
        if number:
            help = f"Keep it if the layer is to take this list, not the first one; {keep}."
            yield Problem(at, message, help)
        else:
            yield Problem(at, message, f"Remove it; {keep}.", fix=("remove", None))
        return


@rule("RG133", "info", also=("error",))
def history_undated(
    features: FeatureConfig, data: DataConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    """A history that the data must provide.

    With a date column, `train` computes the lists from the transactions: for each row, from those
    before its time. Without one, it needs a Parquet file with a column of lists. These must not
    contain the row's own product: on one catalogue, lists that did had 59% recall in the pipeline
    and 1.7% in production.

    With a random split, which is the one that `train` would make, it is an error: transactions
    without a date have no lists, and `train` would stop. `check --data FILE` looks whether they are
    there. If they are, say so in a comment: `# recgen: ignore RG133: the data has the lists`.

    Example:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
        data:
          split: {kind: random}

    Use instead:
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
        data:
          split: {kind: strict_time, date_column: bought_at}
    """
    if profile is not None or (data.split and data.split.date_column):
        return  # with the data, RG501 checks whether the lists are there
    is_random = data.split is not None and data.split.kind == "random"
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature) and feature.history:
            message = (
                f"without a date column, {show(feature.output_name)} cannot be computed from the "
                "transactions: the data must contain the lists"
            )
            help = "Set `data.split.date_column`, or provide lists of the values before each row."
            if is_random:
                help += f" {_SAY_SO}"
            yield Problem(path, message, help, severity="error" if is_random else None)


_SAY_SO = "If the data has them, add `# recgen: ignore RG133: the data has the lists`."
