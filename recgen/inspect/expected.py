"""What a run's config, schema and metrics say that its other files should hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recgen.check import check, load
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError
from recgen.inspect.records.errors import FormatError
from recgen.inspect.records.places import Place
from recgen.inspect.records.schema import FeatureSchema
from recgen.inspect.records.stream import read_whole
from recgen.inspect.report import Issue
from recgen.inspect.values import Range
from recgen.metrics import Params, read_metrics
from recgen.plan.columns import EVENT_TIME, ServingInput, input_columns, serving_inputs
from recgen.plan.towers import TowerInput
from recgen.plan.trainer import TrainerPlan, plan_trainer
from recgen.reading.document import MAX_BYTES
from recgen.reading.sources import text_document

_MAX_METRICS = 2**28  # bytes: those of the most epochs that are read


@dataclass(frozen=True)
class Link:
    """A feature whose values are indices of a vocabulary.

    Attributes:
        feature: Its name in the examples.
        vocabulary: The vocabulary's name.
        buckets: Indices behind the vocabulary, for what is not in it; None if nothing says it.
        variable: The embedding table in the model; empty if nothing says it.
        width: The table's width.
    """

    feature: str
    vocabulary: str
    buckets: int | None = None
    variable: str = ""
    width: int = 0


@dataclass(frozen=True)
class Expected:
    """What files should hold; a part is None where nothing says it.

    Attributes:
        links: Features with vocabularies.
        tables: Rows of the embedding tables of other features, by feature.
        buyer: The feature with the buyer's ID.
        product: The feature with the product's ID.
        split: The kind of the split.
        time: The feature with the time, by which a split may be made.
        columns: The raw columns that the transform reads.
        serving: What a client sends.
        params: What the training says of itself.
    """

    links: tuple[Link, ...] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    buyer: str | None = None
    product: str | None = None
    split: str | None = None
    time: str | None = None
    columns: tuple[str, ...] = ()
    serving: tuple[ServingInput, ...] | None = None
    params: Params | None = None


def of_run(config_file: Place | None, metrics: Place | None, issues: list[Issue]) -> Expected:
    """Returns what a run's config and metrics say; what cannot be read becomes an issue."""
    params = _params(metrics, issues) if metrics else None
    config = _config(config_file, issues) if config_file else None
    if config is None:
        return Expected(params=params)
    plan = plan_trainer(config)
    split = config.data.split
    return Expected(
        links=tuple(_links(plan)),
        tables={item.key: item.rows for _, item in _inputs(plan) if item.kind == "table"},
        buyer=config.features.buyer_id,
        product=config.features.product_id,
        split=split.kind if split else "random",
        time=EVENT_TIME if split and split.date_column else None,
        columns=tuple(column.name for column in input_columns(config)),
        serving=serving_inputs(config),
        params=params,
    )


def links_of_schema(
    schema: Sequence[FeatureSchema], vocabularies: Mapping[str, int]
) -> tuple[Link, ...]:
    """Returns what names and ranges in a schema say: `x` is an index of the vocabulary `x_vocab`.

    Args:
        schema: The transformed features.
        vocabularies: How many entries each has, by name.
    """
    links = []
    for feature in schema:
        named = (name for name in (f"{feature.name}_vocab", feature.name) if name in vocabularies)
        vocabulary = next(named, None)
        if vocabulary and feature.kind == "int64":
            end = None if feature.high is None else feature.high + 1
            buckets = None if end is None else max(end - vocabularies[vocabulary], 0)
            links.append(Link(feature.name, vocabulary, buckets))
    return tuple(links)


def raw_links(
    expected: Expected, columns: Iterable[str], vocabularies: Collection[str]
) -> dict[str, str]:
    """Returns the vocabulary of each raw column: its own, or that of what it lists.

    Args:
        expected: What the config says, if there is one.
        columns: The raw columns that a schema names.
        vocabularies: The names of all vocabularies.
    """
    named = {name.removesuffix("_vocab"): name for name in vocabularies if name.endswith("_vocab")}
    known = {name: named[name] for name in (*columns, *named) if name in named}
    linked = {each.feature: each.vocabulary for each in expected.links}
    return {name: vocab for name, vocab in (known | linked).items() if vocab in vocabularies}


def ranges_of(
    expected: Expected, schema: Sequence[FeatureSchema], vocabularies: Mapping[str, int]
) -> dict[str, Range]:
    """Returns the integers that each feature may have.

    Args:
        expected: What the config says, if there is one.
        schema: The transformed features; asked where the config says nothing.
        vocabularies: How many entries each has, by name.
    """
    found = {
        feature.name: Range(feature.low or 0, feature.high + 1)
        for feature in schema
        if feature.high is not None
    }
    found |= {name: Range(0, rows) for name, rows in expected.tables.items()}
    for link in expected.links:
        if link.vocabulary in vocabularies:
            entries = vocabularies[link.vocabulary]
            found[link.feature] = Range(0, entries + (link.buckets or 0), entries)
    return found


def _config(path: Place, issues: list[Issue]) -> ExperimentConfig | None:
    source: object = str(path)
    try:
        if not isinstance(path, Path):
            source = text_document(read_whole(path, MAX_BYTES), "yaml", str(path)).data
        errors = {finding.code for finding in check(source).errors}
        return load(source, allow=errors)  # what was trained all the same can be inspected
    except (RecgenError, OSError, FormatError) as error:
        message = f"the config cannot be used, so less is compared: {_reason(error)}"
        issues.append(Issue("broken-config", "warning", path.name, message))
        return None


def _params(path: Place, issues: list[Issue]) -> Params | None:
    try:
        if not path.exists():
            return None
        text = read_whole(path, _MAX_METRICS).decode("utf-8")
        return read_metrics(text, str(path)).metrics.params
    except (RecgenError, OSError, UnicodeDecodeError, FormatError) as error:
        message = f"the file cannot be used, so less is compared: {_reason(error)}"
        issues.append(Issue("broken-metrics", "warning", path.name, message))
        return None


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, (RecgenError, FormatError)) else str(error)


def _inputs(plan: TrainerPlan) -> Iterator[tuple[str, TowerInput]]:
    for tower in plan.towers:
        for item in tower.inputs:
            yield f"{tower.name}_tower.{item.attribute}.embeddings", item


def _links(plan: TrainerPlan) -> Iterator[Link]:
    for variable, item in _inputs(plan):
        if item.vocabulary:
            yield Link(item.key, item.vocabulary, item.rows, variable, item.width)
