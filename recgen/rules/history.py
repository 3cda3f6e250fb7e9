"""History features: whose vectors they use, whose histories they are, how long."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from recgen.config import DataConfig, FeatureConfig, History, HistoryFeature
from recgen.config.paths import all_features, embeddings_of, features_of
from recgen.data.profile import Profile
from recgen.findings import Location, show
from recgen.rules.base import MAX_COMPARED, Problem, Rule

_LONG = 1000  # values of a list


def _histories(features: FeatureConfig) -> Iterator[tuple[Location, History]]:
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature):
            history = feature.transforms.enabled.get("history")
            if isinstance(history, History):
                yield (*path, "transforms", "history"), history


def _shared_with_nothing(features: FeatureConfig) -> Iterator[Problem]:
    known = dict.fromkeys(f.output_name for _, f, _ in embeddings_of(features))
    for index, (path, history) in enumerate(_histories(features)):
        if history.shared_with not in known:
            message = f"shared_with {show(history.shared_with)} is no text feature of a tower"
            is_soon = index * len(known) <= MAX_COMPARED
            close = get_close_matches(history.shared_with, known, n=1) if is_soon else []
            help = f"Did you mean {show(close[0])}?" if close else "Name one by its output name."
            at = (*path, "shared_with")
            yield Problem(at, message, help, fix=("set", close[0]) if close else None)


def _other_width(features: FeatureConfig) -> Iterator[Problem]:
    widths = {f.output_name: embedding.embedding_dim for _, f, embedding in embeddings_of(features)}
    for path, history in _histories(features):
        width = widths.get(history.shared_with)
        if history.embedding_dim is not None and width not in (None, history.embedding_dim):
            name = show(history.shared_with)
            message = f"the vectors of {name} are {width} wide, not {history.embedding_dim}"
            help = "Remove it: the width is the shared feature's."
            yield Problem((*path, "embedding_dim"), message, help, fix=("remove", None))


def _of_products(features: FeatureConfig) -> Iterator[Problem]:
    for path, feature in features_of(features, "product"):
        if isinstance(feature, HistoryFeature):
            message = f"{show(feature.output_name)} is a history in the product tower"
            help = "Move it to the buyer tower: only buyers have a history."
            yield Problem(path, message, help)


def _long(features: FeatureConfig) -> Iterator[Problem]:
    for path, history in _histories(features):
        if history.max_length > _LONG:
            message = f"up to {history.max_length:,} past values in each row"
            help = "Use 50 to 300: the latest values tell most about what comes."
            yield Problem((*path, "max_length"), message, help)


def _of_himself(features: FeatureConfig) -> Iterator[Problem]:
    for path, history in _histories(features):
        if features.product_id and history.shared_with == features.buyer_id != features.product_id:
            name = show(history.shared_with)
            message = f"a history of {name}, the buyer's own ID: each list would hold himself"
            help = "Share with the product ID: what the buyer had before."
            yield Problem((*path, "shared_with"), message, help, fix=("set", features.product_id))


def _bonus(features: FeatureConfig) -> Iterator[Problem]:
    product, is_taken = features.product_id, False
    for path, history in _histories(features):
        if not history.repeat_bonus or not product:
            continue
        at = (*path, "repeat_bonus")
        if history.shared_with != product:
            message = f"values of {show(history.shared_with)} are no products, which have scores"
            help = f"Give it to a history that shares with {show(product)}."
            yield Problem(at, message, help, fix=("remove", None))
        elif is_taken:
            message = "a second list of products with a bonus: only one counts"
            help = "Leave it to the list that says what the buyer had."
            yield Problem(at, message, help, fix=("remove", None))
        else:
            is_taken = True


def _undated(
    features: FeatureConfig, data: DataConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    if profile is not None or (data.split and data.split.date_column):
        return  # with the data at hand, RG501 says whether the lists are there
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature) and feature.history:
            message = (
                f"without a date column no run can make {show(feature.output_name)} of the "
                "transactions: the data must bring the lists"
            )
            help = "Set `data.split.date_column`, or give lists of what came before each row."
            yield Problem(path, message, help)


RULES = (
    Rule(
        code="RG126",
        severity="error",
        title="shared_with names no text feature",
        reason="A history is a list of indices into another feature's vocabulary. A feature that "
        "is no text, or is in no tower, has none.",
        example="features:\n  buyer_model_features:\n    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: price}}",
        remedy="Name a text feature of either tower by its output name.",
        checks=(_shared_with_nothing,),
    ),
    Rule(
        code="RG127",
        severity="error",
        title="A history of another width than the vectors that it shares",
        reason="The history's values are embedded with the vectors of `shared_with`, and these "
        "have one width. Two histories that share with different features have two tables.",
        example="features:\n  buyer_model_features:\n    - {column: sku, data_type: text}\n"
        "    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: sku, embedding_dim: 8}}",
        remedy="Leave `embedding_dim` of the history away.",
        checks=(_other_width,),
    ),
    Rule(
        code="RG130",
        severity="error",
        title="A history in the product tower",
        reason="A history is what a buyer had before the purchase; runs make it by the buyer's "
        "ID. In the product tower it would be that of whoever bought the product last, and nobody "
        "can send it when the catalogue is embedded.",
        example="features:\n  product_model_features:\n    - {column: sku, data_type: text}\n"
        "    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: sku}}",
        remedy="Move it to the buyer tower.",
        checks=(_of_products,),
    ),
    Rule(
        code="RG131",
        severity="warning",
        title="A history of more than 1000 values",
        reason="The lists of all rows are kept in memory, 4 bytes a value, and each step looks up "
        "all values of its rows: 1,024 rows of 1,000 values and vectors 128 wide are 0.5 GiB a "
        "step. Each value counts once, so that only buyers of more than 1,000 products have such "
        "lists.",
        example="features:\n  buyer_model_features:\n    - column: past\n"
        "      data_type: history\n"
        "      transforms: {history: {shared_with: sku, max_length: 5000}}",
        remedy="Use 50 to 300.",
        checks=(_long,),
    ),
    Rule(
        code="RG132",
        severity="error",
        title="A history of the buyer's own ID",
        reason="The values are taken from the buyer's own transactions, in which the buyer is "
        "always the same: the list says again who it is.",
        example="features:\n  buyer_id_column: customer_id\n  buyer_model_features:\n"
        "    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: customer_id}}",
        remedy="Share with the product ID, or another text feature of the product.",
        checks=(_of_himself,),
    ),
    Rule(
        code="RG134",
        severity="error",
        title="A repeat bonus that no product can have",
        reason="`repeat_bonus` is added to the scores of the products in a buyer's list, where "
        "they are ranked and served. A list of brands or categories names no products, and of "
        "two lists with a bonus only one would count.",
        example="features:\n  product_id_column: sku\n  buyer_model_features:\n    - column: past\n"
        "      data_type: history\n"
        "      transforms: {history: {shared_with: brand, repeat_bonus: 0.5}}",
        remedy="Give it to one history that shares with the product ID.",
        checks=(_bonus,),
    ),
    Rule(
        code="RG133",
        severity="info",
        title="A history that the data must bring",
        reason="With a date column `train` makes the lists of the transactions, for each row of "
        "those before its time. Without one it cannot, and needs a Parquet file with a column of "
        "lists. These must not hold the row's own product: on one catalogue such lists had 59% "
        "recall in the pipeline and 1.7% outside.",
        example="features:\n  buyer_model_features:\n    - column: past\n"
        "      data_type: history\n      transforms: {history: {shared_with: sku}}\n"
        "data:\n  split: {kind: random}",
        remedy="Set `data.split.date_column`.",
        checks=(_undated,),
    ),
)
