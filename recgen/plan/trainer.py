"""Config -> the plan of `trainer_module.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.config import DType, ExperimentConfig, ModelConfig, Side, dtype_of
from recgen.plan.columns import EVENT_TIME, ServingInput, serving_inputs, vocabulary_names
from recgen.plan.header import Header, plan_header
from recgen.plan.names import Names
from recgen.plan.negatives import Negatives, decide_negatives
from recgen.plan.optimizer import OptimizerPlan, plan_optimizer
from recgen.plan.towers import FeatureType, Tower, TowerInput, plan_tower

_TENSORFLOW = ("tensorflow", "tensorflow_recommenders", "tensorflow_transform")
_IMPORTS = frozenset({"json", "math", "os", "time", "numpy", *_TENSORFLOW})


@dataclass(frozen=True, slots=True)
class Spec:
    """A transformed feature that the trainer reads from the examples."""

    key: str
    dtype: FeatureType


@dataclass(frozen=True, slots=True)
class TrainerPlan:
    """Everything that `trainer_module.py` says."""

    header: Header
    model: ModelConfig
    optimizer: OptimizerPlan
    query: Tower
    candidate: Tower
    specs: tuple[Spec, ...]
    event_time: str | None
    negatives: Negatives
    negatives_reason: str
    buyer_id: str
    product_id: str
    product_dtype: DType
    buyer_vocabulary: str
    product_vocabulary: str
    serving: tuple[ServingInput, ...]
    has_vocabulary: bool
    has_tables: bool
    imports: frozenset[str] = _IMPORTS

    @property
    def half_life_days(self) -> float | None:
        """Days after which a row is seen half as often; None where rows have no time."""
        return self.model.recency_half_life_days if self.event_time else None

    @property
    def is_sampled(self) -> bool:
        """Says whether a softmax sees a sample of the catalogue only."""
        return self.negatives != "full_catalogue"

    @property
    def has_histories(self) -> bool:
        """Says whether a row has lists."""
        return any(spec.dtype == "list" for spec in self.specs)

    @property
    def weighs_histories(self) -> bool:
        """Says whether the latest values of a list count most."""
        return any(item.half_life for item in self.query.inputs)

    @property
    def repeated(self) -> TowerInput | None:
        """The list whose products have other scores than their vectors give them."""
        return next((item for item in self.query.inputs if item.repeat_bonus), None)

    @property
    def is_distributed(self) -> bool:
        """Says whether the model has replicas."""
        return self.model.distribution != "none"

    @property
    def is_mixed_precision(self) -> bool:
        """Says whether layers compute in 16 bits."""
        return self.model.precision != "float32"

    @property
    def has_relu(self) -> bool:
        """Says whether a tower has units that can die."""
        return any(tower.has_relu for tower in self.towers)

    @property
    def stops_early(self) -> bool:
        """Says whether training ends when recall gets no better."""
        return self.model.enable_training_metrics and bool(self.model.early_stopping_patience)

    @property
    def has_plateau(self) -> bool:
        """Says whether the rate falls when recall gets no better."""
        schedule = self.model.learning_rate_schedule
        return self.model.enable_training_metrics and schedule == "plateau"

    @property
    def masks_scores(self) -> bool:
        """Says whether some scores are taken out of the softmax."""
        return bool(self.model.remove_accidental_hits or self.model.hard_negatives)

    @property
    def renamed(self) -> tuple[ServingInput, ...]:
        """The inputs of the signature that do not have their column's name."""
        return tuple(item for item in self.serving if item.name != item.column)

    @property
    def towers(self) -> tuple[Tower, Tower]:
        """Both towers, the query tower first."""
        return (self.query, self.candidate)


def plan_trainer(config: ExperimentConfig) -> TrainerPlan:
    """Returns the plan; the config must have passed the check."""
    names = Names()  # of both towers, since one may borrow a table of the other
    query, candidate = plan_tower(config, "buyer", names), plan_tower(config, "product", names)
    split = config.data.split
    event_time = EVENT_TIME if split and split.date_column else None
    kinds = {item.kind for tower in (query, candidate) for item in tower.inputs}
    buyer_id, product_id = config.features.buyer_id, config.features.product_id
    assert buyer_id, "the check lets no config pass without"
    assert product_id, "the check lets no config pass without"
    negatives, reason = decide_negatives(config)
    vocabularies = vocabulary_names(config)
    return TrainerPlan(
        header=plan_header(config),
        model=config.model,
        optimizer=plan_optimizer(config.model),
        query=query,
        candidate=candidate,
        specs=tuple(_specs(query, candidate, event_time)),
        event_time=event_time,
        negatives=negatives,
        negatives_reason=reason,
        buyer_id=buyer_id,
        product_id=product_id,
        product_dtype=_dtype(config, "product", product_id),
        buyer_vocabulary=vocabularies[buyer_id],
        product_vocabulary=vocabularies[product_id],
        serving=serving_inputs(config),
        has_vocabulary="vocabulary" in kinds,
        has_tables="table" in kinds,
    )


def _specs(query: Tower, candidate: Tower, event_time: str | None) -> Iterator[Spec]:
    seen = set()
    for item in (*query.inputs, *candidate.inputs):
        if item.key not in seen:
            seen.add(item.key)
            yield Spec(item.key, item.dtype)
    if event_time:
        yield Spec(event_time, "int64")


def _dtype(config: ExperimentConfig, side: Side, name: str) -> DType:
    features = config.features.features_of(side)
    return next(dtype_of(f.bq_type) for f in features if f.output_name == name)
