"""What others rely on, in four levels: what a change of the config invalidates.

Facts come from the plans, so an option that changes what is generated changes its level, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

from recgen.config import (
    READING_KEYS,
    SIDES,
    ExperimentConfig,
    FeatureConfig,
    ModelConfig,
    Side,
    Split,
    TextFeature,
    item_type,
    negatives_of,
)
from recgen.plan.columns import (
    InputColumn,
    input_columns,
    newest_first,
    product_inputs,
    serving_inputs,
)
from recgen.plan.header import short_digest
from recgen.plan.kinds.ranking import plan_ranking
from recgen.plan.names import Names
from recgen.plan.optimizer import plan_optimizer
from recgen.plan.queries import made_histories
from recgen.plan.steps import (
    Clip,
    Derive,
    Known,
    Output,
    Read,
    Scale,
    Scaled,
    Statement,
    Vocabulary,
    Without,
)
from recgen.plan.towers import LayerPlan, Tower, plan_tower
from recgen.plan.transform import TransformPlan
from recgen.sql import spelled

Level = Literal["client", "weights", "transform", "compare"]
LEVELS: tuple[Level, ...] = get_args(Level)

Key = tuple[str, str]
"""The kind of a fact, and of what it is."""
Facts = Mapping[Key, object]
_OOV = "num_oov_buckets"
_UNITS = dict.fromkeys(("TIMESTAMP", "DATETIME", "DATE"), ", epoch seconds")
_UNITS["TIME"] = ", seconds of the day"
PLACE: Key = ("data", "source")
"""Where the data is."""
_PIPELINE = "pipeline"
"""The kind of facts that are not those of the modules, but of the pipeline around them."""


def digests_of(config: ExperimentConfig, transform: TransformPlan) -> dict[Level, str]:
    """Return 12 hex digits for each level, which are the same as long as its facts are.

    Where the data is does not count: the same rows may be at two places. Nor does the pipeline,
    which is not in the modules.
    """
    found = facts_of(config, transform)
    return {level: short_digest(_counted(found[level])) for level in LEVELS}


def _counted(facts: Facts) -> list[list[object]]:
    counted = (key for key in sorted(facts) if key != PLACE and key[0] != _PIPELINE)
    return [[*key, facts[key]] for key in counted]


def facts_of(config: ExperimentConfig, transform: TransformPlan) -> dict[Level, dict[Key, object]]:
    """Return the facts of each level: plain data by kind and name.

    Args:
        config: A config that passed the check.
        transform: The plan of its transform.
    """
    names = Names()
    towers = [plan_tower(config, side, names) for side in SIDES]
    outputs = dict(_outputs(transform))
    return {
        "client": dict(_client(config)),
        "weights": dict(_weights(config, towers, outputs)),
        "transform": dict(_transform(config, outputs)),
        "compare": dict(_compare(config)),
    }


def _client(config: ExperimentConfig) -> Iterator[tuple[Key, object]]:
    """Yield what a request must have, and what an answer has."""
    types = {column.name: column.bq_type for column in input_columns(config)}
    turned = newest_first(config)
    shared = {each.output_name: each.history.shared_with for each in _lists(config)}
    for item in (*serving_inputs(config), *product_inputs(config)):
        unit = _UNITS.get(item_type(types[item.column]), "")
        kind = f"a list of {item.dtype}" if item.is_list else item.dtype
        order = ", the newest first" if item.column in turned else ""
        yield ("input", item.name), f"{kind}{unit}{order}"
        if item.column in shared:
            yield ("values", item.name), shared[item.column]
    model, features = config.model, config.features
    yield ("kind", ""), model.model_type
    if model.model_type != "retrieval":
        yield ("target", ""), _target(features)
    if model.model_type != "ranking":
        product = next(c for c in input_columns(config) if c.name == features.product_id)
        yield ("ids", ""), product.dtype
        yield ("column of ids", ""), features.product_id
        yield ("answers", ""), model.top_k
        yield ("search", ""), model.retrieval_algorithm
        bonus = [each.history.repeat_bonus for each in _lists(config, "buyer")]
        yield ("scores", ""), [model.normalize_embeddings, model.final_layer, bonus]


def _lists(config: ExperimentConfig, *sides: Side) -> list[Any]:
    """Return the features with lists, of both towers unless a side is given."""
    features = (f for side in sides or SIDES for f in config.features.features_of(side))
    return [f for f in features if f.data_type == "history" and f.history]


def _weights(
    config: ExperimentConfig, towers: list[Tower], outputs: Mapping[str, object]
) -> Iterator[tuple[Key, object]]:
    """Yield names and shapes of the weights, and what is computed with them."""
    model = config.model
    for tower in towers:
        for item in tower.tables:
            rows = [item.vocabulary, item.rows] if item.vocabulary else item.rows
            yield ("table", f"{tower.name}.{item.attribute}"), [rows, item.width]
        owner = "shared" if tower.is_shared else tower.name
        for layer, width, size in _shapes(tower, model):
            yield ("layer", f"{owner}.{layer.attribute}"), [layer.class_name, width, size]
        yield ("inputs", tower.name), [item.key for item in tower.stacked]
        yield ("function", tower.name), list(_function(tower, model))
        for item in tower.inputs:
            yield ("meaning", item.key), outputs[item.key]
    if model.model_type != "retrieval":
        yield from _head(config, towers[1])
    optimizer = plan_optimizer(model)
    has_constant_rate = model.learning_rate_schedule != "warmup_cosine"
    yield ("state", "optimizer"), [optimizer.class_name, optimizer.is_experimental]
    yield ("state", "learning rate"), has_constant_rate
    yield ("state", "averages"), model.ema_decay is not None
    if model.model_type == "multitask":
        yield ("state", "task weights"), model.task_weights
    yield from _rows(config)


def _head(config: ExperimentConfig, candidate: Tower) -> Iterator[tuple[Key, object]]:
    """Yield names and shapes of a rating head's weights, and what is computed with them."""
    plan, model = plan_ranking(config, candidate), config.model
    head, width = plan.head, 2 * model.output_embedding_dim + plan.head.has_dot_product
    for name in head.crosses:
        yield ("layer", f"head.{name}"), ["Cross", width, width]
    for layer, before, size in _shapes_of(head.layers, width, model):
        yield ("layer", f"head.{layer.attribute}"), [layer.class_name, before, size]
    layers = [layer for layer in head.layers if not layer.is_dropout]
    arguments = [[each.name, each.value] for layer in layers for each in layer.arguments]
    meaning = [[each.name, each.value] for each in plan.target]
    yield ("function", "head"), [head.has_dot_product, arguments, meaning]


def _shapes(tower: Tower, model: ModelConfig) -> Iterator[tuple[LayerPlan, int, int]]:
    """Yield the layers of a tower that have weights, with the widths of input and output."""
    return _shapes_of(tower.layers, tower.width, model)


def _shapes_of(
    layers: Iterable[LayerPlan], width: int, model: ModelConfig
) -> Iterator[tuple[LayerPlan, int, int]]:
    for layer in layers:
        if layer.is_dropout:
            continue
        size = width
        if layer.class_name == "Dense":
            units = [each.value for each in layer.arguments if not each.name]
            size = int(str(units[0])) if units else model.output_embedding_dim
        yield layer, width, size
        width = size


def _function(tower: Tower, model: ModelConfig) -> Iterator[object]:
    """Yield what decides a tower's output beside its weights and inputs; dropout does not."""
    for layer in tower.layers:
        if not layer.is_dropout:
            yield [layer.attribute, *([each.name, each.value] for each in layer.arguments)]
    yield sorted(item.key for item in tower.residuals)
    yield sorted([item.key, item.half_life] for item in tower.inputs if item.kind == "history")
    yield [tower.is_normalized, model.precision]


def _transform(
    config: ExperimentConfig, outputs: Mapping[str, object]
) -> Iterator[tuple[Key, object]]:
    """Yield how each output is computed, and of which columns and rows."""
    for key, formula in outputs.items():
        yield ("output", key), formula
    for column in input_columns(config):
        yield ("column", column.name), [column.dtype, column.is_list]
        yield ("source", column.name), _reading(column)
    if config.pipeline:
        yield (_PIPELINE, "analyze"), sorted(config.pipeline.analyze)
        yield (_PIPELINE, "histories"), sorted(f.output_name for f in made_histories(config))
    yield from _rows(config)


def _outputs(plan: TransformPlan) -> Iterator[tuple[str, object]]:
    """Yield how each output is computed, without the names of variables and the order."""
    known: dict[str, object] = {}
    for step in plan.steps:
        for statement in step.statements:
            known |= _computed(statement, known)
        for output in step.outputs:
            yield output.key, _formula(output, known)


def _computed(statement: Statement, known: Mapping[str, object]) -> dict[str, object]:
    """Return how the variables of a statement are computed."""
    match statement:
        case Read():
            return {statement.variable: [statement.reading, statement.column]}
        case Without():
            return {statement.variable: ["without", known[statement.variable], [*statement.nulls]]}
        case Derive():
            return {statement.variable: [statement.kind, known[statement.source]]}
        case Vocabulary():
            options = sorted(map(list, statement.options))
            return {statement.variable: ["vocabulary", known[statement.source], options]}
        case Clip():
            limits = [statement.lower, statement.upper]
            return {statement.variable: ["clip", known[statement.source], limits]}
        case Scale():
            computed = [statement.kind, known[statement.source], [*statement.ends]]
            return {
                statement.scale: ["scale", *computed],
                statement.shift: ["shift", *computed],
            }


def _formula(output: Output, known: Mapping[str, object]) -> object:
    source, learnt = known.get(output.variable), known.get(output.uses)
    options = sorted(map(list, output.options))
    if output.kind == "vocabulary":  # learnt and used in one statement
        own = [each for each in options if each[0] == _OOV]
        rest = [each for each in options if each[0] != _OOV]
        return ["indices", source, ["vocabulary", source, rest], None, [], own, []]
    members = [
        [known[each.variable], each.reading if isinstance(each, Known) else each.buckets]
        for each in output.members
    ]
    shift = known.get(output.shift) if isinstance(output, Scaled) else None
    return [output.kind, source, learnt, shift, [*output.numbers], options, members]


def _compare(config: ExperimentConfig) -> Iterator[tuple[Key, object]]:
    """Yield what decides on which rows a model is tested, and against which products."""
    features, columns = config.features, {c.name: c for c in input_columns(config)}
    yield PLACE, config.data.source
    if config.pipeline:
        source = config.pipeline.source.model_dump(mode="json")
        if table := source["bigquery"]:  # who pays, and where, changes no row
            source["bigquery"] = [table["table"], spelled(table["query"] or "")]
        yield (_PIPELINE, "source"), [source, config.pipeline.snapshot]
    yield from _rows(config)
    for side in SIDES:
        name = features.id_of(side)
        assert name, "the check requires it"
        yield ("pairs", side), name
        yield ("source", name), _reading(columns[name])
        texts = features.features_of(side)
        of_ids = (f for f in texts if isinstance(f, TextFeature) and f.output_name == name)
        cut = [[e.vocab_size, e.min_frequency] for f in of_ids if (e := f.transforms.embedding)]
        yield ("catalogue", side), cut
    yield ("kind", ""), config.model.model_type
    if config.model.model_type != "retrieval":
        yield ("target", ""), _target(features)
    yield ("loss", ""), dict(_loss(config))


def _rows(config: ExperimentConfig) -> Iterator[tuple[Key, object]]:
    """Yield what decides which rows there are, in which parts, and what they say."""
    data = config.data.model_dump(mode="json", include=set(READING_KEYS))
    yield ("rows", "reading"), data
    split = config.data.split or Split(kind="random", validation=0.05, test=0.05)
    yield ("rows", "split"), dict(_split(split, config))
    # On them, vocabularies are learnt; what a test does not know depends on it.
    yield ("rows", "refit"), config.model.refit


def _split(split: Split, config: ExperimentConfig) -> Iterator[tuple[str, object]]:
    yield "kind", split.kind
    yield "shares", [split.validation, split.test]
    if split.kind != "strict_time":  # the others draw rows
        yield "seed", split.seed if config.data.split else config.model.seed
    if split.date_column is not None:
        column = next(c for c in input_columns(config) if c.name == split.date_column)
        yield "date", [column.name, _reading(column)]


def _loss(config: ExperimentConfig) -> Iterator[tuple[str, object]]:
    """Yield what decides the scale of the loss; a change leaves other figures comparable."""
    model = config.model
    if model.model_type != "retrieval":
        is_chance = model.loss == "binary_crossentropy"
        yield "ranking", [model.loss, model.class_weight_damping if is_chance else None]
    if model.model_type == "multitask":
        weights = [model.weight_of("retrieval"), model.weight_of("ranking")]
        yield "tasks", [model.task_weights, *weights]
    if model.model_type == "ranking":
        return
    negatives = negatives_of(model, config.data)
    yield "negatives", [negatives, model.hard_negatives, model.label_smoothing, model.temperature]
    if negatives != "full_catalogue":
        yield "drawn", [model.batch_size, model.logq_correction, model.remove_accidental_hits]
    if negatives == "mixed":
        yield "mixed", model.catalogue_negatives


def _reading(column: InputColumn) -> object:
    """Return what decides the values of a column on this machine."""
    times = [column.time_format, column.null_times and list(column.null_times)]
    return [column.source, _read_as(column), column.is_category, *times]


def _read_as(column: InputColumn) -> str:
    """Return how values of the column's type are read; types that are read alike count as one."""
    kind = item_type(column.bq_type)
    if kind in ("TIME", "BYTES"):
        return kind
    if kind in ("BOOL", "BOOLEAN"):
        return "BOOL"
    return "TIMESTAMP" if kind in _UNITS else column.dtype


def _target(features: FeatureConfig) -> object:
    """Return what decides which values are predicted: the column, and where they are cut."""
    target = features.target
    if target is None:
        return None
    return [target.output_name, target.column, [*target.bounds]]
