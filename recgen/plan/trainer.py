"""Plan of `trainer_module.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from recgen.config import ExperimentConfig, HistoryFeature
from recgen.plan.columns import (
    EVENT_TIME,
    PRODUCT_KNOWN,
    ServingInput,
    known_bits,
    newest_first,
    product_inputs,
    serving_inputs,
    vocabulary_names,
)
from recgen.plan.constants import Constant, Group, constants
from recgen.plan.header import Header, Levels
from recgen.plan.kinds import KindPlan, RankingPlan, RetrievalPlan, plan_kind
from recgen.plan.levels import digests_of
from recgen.plan.names import Names
from recgen.plan.optimizer import OptimizerPlan, plan_optimizer
from recgen.plan.towers import FeatureType, Tower, plan_tower
from recgen.plan.transform import plan_transform

_IMPORTS = frozenset({"tensorflow", "tensorflow_transform"})


@dataclass(frozen=True, slots=True)
class Spec:
    """A transformed feature that the trainer reads from the examples."""

    key: str
    dtype: FeatureType

    @property
    def is_list(self) -> bool:
        """Whether each row has a list of values."""
        return self.dtype == "list"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How training proceeds and ends, as far as the config decides it."""

    has_recency: bool
    """Whether older rows are drawn less often."""
    stops_early: bool
    """Whether training ends when the validation stops improving."""
    has_warmup: bool
    has_plateau: bool
    """Whether the learning rate drops when the validation stops improving."""
    averages_weights: bool
    hides_buyers: bool
    """Whether some rows are trained as those of unknown buyers."""
    streams: bool
    """Whether not all rows are kept in memory."""
    validates_each_epoch: bool
    fits_final_layer: bool
    """Whether the towers' score is weighed with shares and purchases, on validation rows."""
    refits_on_test: bool
    """Whether the saved model is trained once more, on the test's rows too."""
    refits: bool
    """Whether the model is trained again on training and validation rows."""
    is_compiled: bool
    """Whether XLA compiles the step."""


@dataclass(frozen=True, slots=True)
class TrainerPlan:
    """Everything that `trainer_module.py` contains.

    Attributes:
        runtime_digest: Digest of the runtime that the module is rendered for.
        runtime_imports: Modules of the standard library that the runtime's text needs, if the
            module includes it.
    """

    header: Header
    kind: KindPlan
    optimizer: OptimizerPlan
    optimizer_name: str
    schedule: Schedule
    query: Tower
    candidate: Tower
    specs: tuple[Spec, ...]
    columns: tuple[Constant, ...]
    """Arguments of the runtime's `Columns`."""
    serving: tuple[ServingInput, ...]
    product_serving: tuple[ServingInput, ...]
    """What `serve_ranking` takes besides, if the model has this signature."""
    constants: tuple[Group, ...]
    is_mixed_precision: bool
    has_max_norm: bool
    """Whether the length of the vectors in tables is limited."""
    newest_first: tuple[str, ...]
    """Columns of the signature with lists that begin with the newest value."""
    runtime_digest: str = ""
    runtime_imports: tuple[str, ...] = ()

    @property
    def is_single_file(self) -> bool:
        """Whether the module includes the runtime's text."""
        return bool(self.runtime_imports)

    @property
    def standard_imports(self) -> list[str]:
        """Modules of the standard library that the generated module imports."""
        of_keras = ("importlib.util", "os") if self.is_single_file else ()
        return sorted({*of_keras, *self.runtime_imports})

    @property
    def imports(self) -> frozenset[str]:
        """Modules that the generated module imports."""
        recommenders = {"tensorflow_recommenders"} if self.uses_recommenders else set()
        runtime = "numpy" if self.is_single_file else "trainer_runtime"
        return _IMPORTS.union(self.standard_imports, recommenders, {runtime})

    @property
    def uses_recommenders(self) -> bool:
        """Whether it names TensorFlow Recommenders: for an optimizer, or with the runtime."""
        return self.is_single_file or self.optimizer.is_experimental

    @property
    def has_histories(self) -> bool:
        """Whether rows contain lists."""
        return any(spec.is_list for spec in self.specs)

    @property
    def has_vocabulary(self) -> bool:
        """Whether a tower embeds vocabulary indices."""
        return any(item.kind == "vocabulary" for tower in self.towers for item in tower.inputs)

    @property
    def retrieval(self) -> RetrievalPlan | None:
        """The part that finds products, if the model does."""
        return self.kind.retrieval

    @property
    def ranking(self) -> RankingPlan | None:
        """The part that predicts a target, if the model does."""
        return self.kind.ranking

    @property
    def renamed(self) -> tuple[ServingInput, ...]:
        """The inputs of the signature that are not named after their column."""
        sent = (*self.serving, *self.product_serving)
        return tuple(item for item in sent if item.name != item.column)

    @property
    def towers(self) -> tuple[Tower, Tower]:
        """Both towers, the query tower first."""
        return (self.query, self.candidate)

    def with_runtime(self, digest: str, imports: tuple[str, ...] = ()) -> TrainerPlan:
        """Return the plan of a module for one runtime; with its imports, it is included."""
        header = replace(self.header, is_single_file=bool(imports))
        return replace(self, header=header, runtime_digest=digest, runtime_imports=imports)


def plan_trainer(config: ExperimentConfig) -> TrainerPlan:
    """Return the plan; the config must have passed the check."""
    names = Names()  # of both towers, since one may use a table of the other
    query, candidate = plan_tower(config, "buyer", names), plan_tower(config, "product", names)
    split = config.data.split
    event_time = EVENT_TIME if split and split.date_column else None
    known = known_bits(config)
    extra = tuple(filter(None, (event_time, PRODUCT_KNOWN if known else None)))
    kind, schedule = plan_kind(config, candidate), _schedule(config, event_time)
    specs = tuple(_specs(query, candidate, extra, kind.reads))
    transform = plan_transform(config)
    levels = Levels(**digests_of(config, transform))
    return TrainerPlan(
        header=replace(transform.header, levels=levels),
        kind=kind,
        optimizer=plan_optimizer(config.model),
        optimizer_name=config.model.optimizer,
        schedule=schedule,
        query=query,
        candidate=candidate,
        specs=specs,
        columns=_columns(config, query, candidate, specs, event_time),
        serving=serving_inputs(config),
        product_serving=product_inputs(config),
        constants=_constants(config, schedule, kind),
        is_mixed_precision=config.model.precision != "float32",
        has_max_norm=config.model.embedding_max_norm is not None,
        newest_first=newest_first(config),
    )


def _columns(
    config: ExperimentConfig,
    query: Tower,
    candidate: Tower,
    specs: tuple[Spec, ...],
    event_time: str | None,
) -> tuple[Constant, ...]:
    buyer, product = config.features.buyer_id, config.features.product_id
    assert buyer, "the check requires it"
    assert product, "the check requires it"
    known = known_bits(config)
    vocabularies = vocabulary_names(config)
    unknown = next(item.rows for item in query.inputs if item.key == buyer)
    lists = tuple(spec.key for spec in specs if spec.is_list)
    histories = (f for f in config.features.features_of("buyer") if isinstance(f, HistoryFeature))
    of_products = tuple(
        f.output_name for f in histories if f.history and f.history.shared_with == product
    )
    return constants(
        Constant("buyer", buyer),
        Constant("product", product),
        Constant("buyer_vocabulary", vocabularies[buyer]),
        Constant("product_vocabulary", vocabularies[product]),
        Constant("product_features", candidate.keys),
        unknown != 1 and Constant("unknown_buyers", unknown),
        lists and Constant("histories", lists),
        of_products and Constant("product_histories", of_products),
        of_products and Constant("past", _past(config, of_products)),
        event_time and Constant("time", event_time),
        known and Constant("known", PRODUCT_KNOWN),
        known and Constant("known_bits", known),
    )


def _past(config: ExperimentConfig, of_products: tuple[str, ...]) -> str:
    """Return the history that says what a buyer had: the one with a bonus, or else the first."""
    histories = (f for f in config.features.features_of("buyer") if isinstance(f, HistoryFeature))
    with_bonus = (f.output_name for f in histories if f.history and f.history.repeat_bonus)
    return next(with_bonus, of_products[0])


def _schedule(config: ExperimentConfig, event_time: str | None) -> Schedule:
    model = config.model
    validates = model.enable_training_metrics
    return Schedule(
        has_recency=bool(model.recency_half_life_days and event_time),
        stops_early=validates and bool(model.early_stopping_patience),
        has_warmup=model.learning_rate_schedule == "warmup_cosine",
        has_plateau=validates and model.learning_rate_schedule == "plateau",
        averages_weights=model.ema_decay is not None,
        hides_buyers=model.buyer_id_dropout > 0,
        streams=config.data.cache != "memory",
        validates_each_epoch=validates,
        fits_final_layer=model.final_layer == "fitted",
        refits=model.refit != "none",
        refits_on_test=model.refit == "all",
        is_compiled=model.jit_compile,
    )


def _constants(config: ExperimentConfig, schedule: Schedule, kind: KindPlan) -> tuple[Group, ...]:
    model = config.model
    max_norm = model.embedding_max_norm
    architecture = Group.of(
        "The model.",
        Constant("EMBEDDING_DIM", model.output_embedding_dim),
        max_norm and Constant("EMBEDDING_MAX_NORM", max_norm, "of each vector in a table"),
        *kind.constants,
    )
    groups = (_training_constants(config, schedule, kind), kind.negatives_group, architecture)
    return tuple(group for group in groups if group.title)


def _training_constants(config: ExperimentConfig, schedule: Schedule, kind: KindPlan) -> Group:
    model = config.model
    return Group.of(
        "Training; custom_config may override the first four.",
        Constant("LEARNING_RATE", model.learning_rate),
        Constant("BATCH_SIZE", model.batch_size, "over all replicas"),
        Constant("EPOCHS", model.epochs),
        Constant("SEED", model.seed),
        schedule.stops_early
        and Constant(
            "PATIENCE",
            model.early_stopping_patience,
            f"epochs without {kind.success} before training stops",
        ),
        schedule.has_warmup
        and Constant("WARMUP_SHARE", 0.05, "of all steps, during which the rate rises"),
        schedule.has_plateau
        and Constant("PLATEAU_FACTOR", 0.5, f"of the rate, after an epoch without {kind.success}"),
        schedule.averages_weights
        and Constant("EMA_DECAY", model.ema_decay, "of the mean of weights, per step"),
        schedule.has_recency
        and Constant(
            "HALF_LIFE_DAYS",
            model.recency_half_life_days,
            "rows that much older are drawn half as often",
        ),
        schedule.hides_buyers
        and Constant(
            "BUYER_ID_DROPOUT", model.buyer_id_dropout, "share of rows trained with an unknown ID"
        ),
        schedule.streams
        and Constant("CACHE", config.data.cache, "of rows between epochs: on disk, or none"),
    )


def _specs(
    query: Tower, candidate: Tower, extra: tuple[str, ...], numbers: tuple[str, ...]
) -> Iterator[Spec]:
    """Yield what the towers read, and int64 features and numbers that the runtime reads."""
    seen = set()
    for item in (*query.inputs, *candidate.inputs):
        if item.key not in seen:
            seen.add(item.key)
            yield Spec(item.key, item.dtype)
    for key in extra:
        yield Spec(key, "int64")
    for key in numbers:
        yield Spec(key, "float32")
