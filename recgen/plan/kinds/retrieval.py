"""Retrieval: two towers that find products, trained with a softmax over products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from recgen.config import (
    DType,
    ExperimentConfig,
    FinalLayer,
    HistoryFeature,
    ModelConfig,
    Negatives,
    dtype_of,
    negatives_of,
)
from recgen.plan.columns import filter_names
from recgen.plan.constants import Constant, Group, constants
from recgen.plan.towers import Tower


@dataclass(frozen=True, slots=True)
class Repeats:
    """A history whose products get a bonus on their scores when products are ranked."""

    bonus: float


@dataclass(frozen=True, slots=True)
class RetrievalPlan:
    """The parts of a retrieval trainer besides towers, optimizer and data.

    Attributes:
        negatives: What each row's product is compared with.
        loss: Templates of the paragraphs of the loss, from scores to one loss per row.
        scores_products_once: Whether rows with the same product share a column of scores.
        logq: Whether scores are corrected for how often products are sampled.
        output_dropout: Whether a share of the buyer's vector is set to zero.
        hard_negatives: Whether only the hardest negatives count.
        is_approximate: Whether ScaNN searches the products when serving.
        repeats: The history whose products get a bonus when ranked, if there is one.
        id_dtype: Type of the product IDs that clients receive.
        negatives_group: Constants of the negatives.
        constants: Constants of the model.
        model_type: The name of the kind.
    """

    title: ClassVar = "trainer/retrieval/title.j2"
    parts: ClassVar = (
        "trainer/towers.j2",
        "trainer/retrieval/model.j2",
        "trainer/retrieval/serving.j2",
        "trainer/retrieval/run.j2",
    )
    success: ClassVar = "a better recall"
    reads: ClassVar[tuple[str, ...]] = ()

    negatives: Negatives
    loss: tuple[str, ...]
    scores_products_once: bool
    logq: bool
    output_dropout: bool
    hard_negatives: bool
    is_approximate: bool
    repeats: Repeats | None
    id_dtype: DType
    negatives_group: Group
    constants: tuple[Constant, ...]
    model_type: str = "retrieval"

    @property
    def retrieval(self) -> RetrievalPlan:
        """The part that finds products: all of it."""
        return self

    @property
    def ranking(self) -> None:
        """The part that predicts a target: there is none."""
        return None

    @property
    def has_integer_ids(self) -> bool:
        """Whether clients receive product IDs as numbers."""
        return self.id_dtype == "int64"

    @property
    def scores_the_catalogue(self) -> bool:
        """Whether each row is compared with all products."""
        return self.negatives == "full_catalogue"

    @property
    def draws_negatives(self) -> bool:
        """Whether products of the catalogue are drawn in addition to the batch's."""
        return self.negatives == "mixed"

    @property
    def needs_two_rows(self) -> bool:
        """Whether a batch of one row would have no negatives."""
        return self.negatives == "in_batch"


def plan_retrieval(config: ExperimentConfig, candidate: Tower) -> RetrievalPlan:
    """Return the plan; the config must have passed the check.

    Args:
        config: The config.
        candidate: The tower of the products.
    """
    model = config.model
    negatives = negatives_of(model, config.data)
    is_sampled = negatives != "full_catalogue"
    once = is_sampled and _are_same_scores(config, candidate)
    repeats = _repeats(config)
    return RetrievalPlan(
        negatives=negatives,
        loss=tuple(f"trainer/retrieval/loss/{name}.j2" for name in _loss(config, negatives, once)),
        scores_products_once=once,
        logq=is_sampled and model.logq_correction,
        output_dropout=model.output_dropout > 0,
        hard_negatives=model.hard_negatives is not None,
        is_approximate=model.retrieval_algorithm == "scann",
        repeats=repeats,
        id_dtype=_id_dtype(config),
        negatives_group=_negatives(config, negatives),
        constants=_constants(model, repeats, filter_names(config)),
    )


def _are_same_scores(config: ExperimentConfig, candidate: Tower) -> bool:
    """Return whether rows with the same product have equal scores, of which one can stand for all.

    They do if the tower reads nothing but the product's ID. Losses that rank or smooth the scores
    need all of them, and XLA cannot compile the number of distinct products, which varies.
    """
    model = config.model
    (first, *others), product = candidate.inputs, config.features.product_id
    is_id = (first.key, first.kind, first.rows) == (product, "vocabulary", 1) and not others
    is_random = any(layer.is_dropout for layer in candidate.layers)
    needs_all = model.hard_negatives or model.label_smoothing or model.jit_compile
    return is_id and not is_random and not needs_all


def _loss(config: ExperimentConfig, negatives: Negatives, once: bool) -> Iterator[str]:
    """Yield the names of the paragraphs of the loss, in order."""
    model, is_sampled = config.model, negatives != "full_catalogue"
    if is_sampled and model.model_type == "retrieval":  # otherwise, both tasks need them
        yield "candidates"
    yield negatives
    if model.temperature != 1:
        yield "temperature"
    if is_sampled and model.logq_correction:
        yield "logq"
    elif once:
        yield "counts"
    if is_sampled and model.remove_accidental_hits:
        yield "accidental_hits"
    if model.hard_negatives:
        yield "hard_negatives"
    yield "smoothed" if model.label_smoothing else "softmax"
    if once and not model.remove_accidental_hits:
        yield "own_count"
    if not is_sampled:
        yield "known_only"


def _negatives(config: ExperimentConfig, negatives: Negatives) -> Group:
    model, reason = config.model, _reason(config, negatives)
    masks = model.remove_accidental_hits or model.hard_negatives
    return Group.of(
        f"Negatives: {reason}" if reason else "Negatives.",
        negatives == "mixed" and Constant("CATALOGUE_NEGATIVES", model.catalogue_negatives),
        model.hard_negatives
        and Constant("HARD_NEGATIVES", model.hard_negatives, "of each row's negatives that count"),
        masks and Constant("NO_SCORE", -1e9, "of products that are not candidates"),
        keep=bool(reason),
    )


_BONUS_NOTE: dict[FinalLayer, str] = {
    "fitted": "for what a buyer had, until the final layer is fitted",
    "none": "for what a buyer had",
}


_LEAVES_NOTE = "parts of the catalogue; None depends on its size"


def _constants(
    model: ModelConfig, repeats: Repeats | None, filters: tuple[str, str]
) -> tuple[Constant, ...]:
    is_scann = model.retrieval_algorithm == "scann"
    return constants(
        model.temperature != 1
        and Constant("TEMPERATURE", model.temperature, "divides the scores in the loss"),
        model.output_dropout
        and Constant(
            "OUTPUT_DROPOUT", model.output_dropout, "share of a buyer's vector, in training"
        ),
        model.label_smoothing and Constant("LABEL_SMOOTHING", model.label_smoothing),
        repeats and Constant("REPEAT_BONUS", repeats.bonus, _BONUS_NOTE[model.final_layer]),
        Constant("TOP_K", model.top_k, "products in an answer"),
        Constant("FILTERS", filters, "of serve_filtered"),
        is_scann and Constant("SCANN_LEAVES", model.scann_num_leaves, _LEAVES_NOTE),
        is_scann and Constant("SCANN_SEARCHED", model.scann_leaves_to_search, "of the leaves"),
    )


def _reason(config: ExperimentConfig, negatives: Negatives) -> str:
    """Return why `auto` chose these negatives; an empty text if the config chose them."""
    size = config.data.catalogue_size
    if config.model.negatives != "auto" or size is None:
        return ""
    if negatives == "full_catalogue":
        return f"about {size:,} products are few enough to score them all."
    return f"about {size:,} products are too many to score them all."


def _repeats(config: ExperimentConfig) -> Repeats | None:
    for feature in config.features.features_of("buyer"):
        if isinstance(feature, HistoryFeature) and feature.history and feature.history.repeat_bonus:
            return Repeats(feature.history.repeat_bonus)
    return None


def _id_dtype(config: ExperimentConfig) -> DType:
    name = config.features.product_id
    features = config.features.features_of("product")
    return next(dtype_of(f.bq_type) for f in features if f.output_name == name)
