"""Raw columns that a config reads from the data."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from recgen.config import (
    SIDES,
    BqType,
    DataConfig,
    DType,
    ExperimentConfig,
    HistoryFeature,
    Side,
    Target,
    TextFeature,
    dtype_of,
    is_array,
    target_of,
)
from recgen.config.times import mark_seconds
from recgen.plan.names import Names

EVENT_TIME = "event_time"
"""Output key of the time of the transaction, for trainers that need it."""

PRODUCT_KNOWN = "product_known"
"""Output key of a number with one bit for each column that describes products: 1 if the row has
a value. In the features themselves, null is the mean or an index that other values may have."""
_BITS = 63  # of an int64 that is not negative


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column of the data: `source` is its name there, `name` its name everywhere else."""

    name: str
    source: str
    bq_type: BqType
    dtype: DType
    """For a list, the dtype of its items."""
    is_category: bool = False
    """Whether a feature reads its values as names, so that 00012 and 12 are two of them."""
    time_format: str | None = None
    """The unit or format of its times, if the config gives one."""
    null_times: tuple[str, ...] | None = None
    """What stands for null among its times, if the config says so."""

    @property
    def is_list(self) -> bool:
        """Whether each row has a list of values."""
        return is_array(self.bq_type)


def predicted(config: ExperimentConfig) -> Target | None:
    """Return what the model predicts; retrieval predicts no column."""
    return target_of(config.features, config.model)


def input_columns(config: ExperimentConfig) -> tuple[InputColumn, ...]:
    """Return every raw column that `preprocessing_fn` reads, once each, in the config's order."""
    columns: dict[str, InputColumn] = {}
    for column in _mentioned(config):
        columns.setdefault(column.name, column)
    return tuple(columns.values())


@dataclass(frozen=True, slots=True)
class ServingInput:
    """A raw column that a client sends, and the name of the signature's input."""

    column: str
    name: str
    dtype: DType
    is_list: bool = False


def serving_inputs(config: ExperimentConfig) -> tuple[ServingInput, ...]:
    """Return the raw columns that a client sends: those that the model's towers read.

    Retrieval stores its products, so that only the buyer tower reads what is sent. An input is
    named after its column, or has an identifier if TensorFlow rejects that name.
    """
    of_buyer, sent = columns_read(config, "buyer"), _sent(config)
    if config.model.model_type == "ranking":
        return sent
    return tuple(item for item in sent if item.column in of_buyer)


def product_inputs(config: ExperimentConfig) -> tuple[ServingInput, ...]:
    """Return what a multitask model's `serve_ranking` takes besides the buyer's columns."""
    of_buyer = columns_read(config, "buyer")
    return tuple(item for item in _sent(config) if item.column not in of_buyer) * (
        config.model.model_type == "multitask"
    )


def _sent(config: ExperimentConfig) -> tuple[ServingInput, ...]:
    """Return the inputs of all signatures, so that a column has one name in all of them."""
    sides: tuple[Side, ...] = ("buyer",) if config.model.model_type == "retrieval" else SIDES
    wanted = {name for side in sides for name in columns_read(config, side)}
    columns = [column for column in input_columns(config) if column.name in wanted]
    names = graph_names(column.name for column in columns)
    return tuple(ServingInput(c.name, names[c.name], c.dtype, c.is_list) for c in columns)


def newest_first(config: ExperimentConfig) -> tuple[str, ...]:
    """Return the columns that a client sends whose lists begin with the newest value."""
    features = (f for side in SIDES for f in config.features.features_of(side))
    lists = (f for f in features if isinstance(f, HistoryFeature) and f.history)
    turned = {f.output_name for f in lists if f.history and f.history.order == "newest_first"}
    return tuple(each.column for each in serving_inputs(config) if each.column in turned)


def filter_names(config: ExperimentConfig) -> tuple[str, str]:
    """Return the inputs with IDs to leave out and with IDs allowed, named like no other input."""
    names = Names(frozenset(item.name for item in _sent(config)))
    return names.of(("exclude_product_ids",)), names.of(("only_product_ids",))


def columns_read(config: ExperimentConfig, side: Side) -> frozenset[str]:
    """Return the names of the raw columns that a tower's features and crosses read."""
    features = config.features
    own = {feature.output_name for feature in features.features_of(side)}
    return frozenset(own.union(*(cross.members for cross in features.crosses_of(side))))


def vocabulary_names(config: ExperimentConfig) -> dict[str, str]:
    """Return the name of each text feature's vocabulary file, by output name."""
    features = (f for side in SIDES for f in config.features.features_of(side))
    names = graph_names(f.output_name for f in features if isinstance(f, TextFeature))
    return {column: f"{name}_vocab" for column, name in names.items()}


def shared_names(config: ExperimentConfig) -> frozenset[str]:
    """Return the output names of the features whose vocabularies histories use."""
    features = (f for side in SIDES for f in config.features.features_of(side))
    histories = (f.history for f in features if isinstance(f, HistoryFeature))
    return frozenset(history.shared_with for history in histories if history)


def product_bits(config: ExperimentConfig) -> dict[str, int]:
    """Return the bit in PRODUCT_KNOWN of each column that the product tower reads, by name.

    The product's ID, which every product has, is left out. If there are more than 63 columns, the
    rest has no bit.
    """
    features = config.features
    read = [each.output_name for each in features.features_of("product") if each.output_keys]
    read += [name for cross in features.crosses_of("product") for name in cross.members]
    described = [name for name in dict.fromkeys(read) if name != features.product_id]
    return {name: bit for bit, name in enumerate(described[:_BITS])}


def known_bits(config: ExperimentConfig) -> tuple[tuple[str, int], ...]:
    """Return the bits, as a number, that say whether a feature of the product tower has a value."""
    bits, features = product_bits(config), config.features
    found = {
        key: bits.get(feature.output_name)
        for feature in features.features_of("product")
        for key in feature.output_keys
    }
    numbers = {key: 2**bit for key, bit in found.items() if bit is not None}
    for cross in features.crosses_of("product"):
        numbers[cross.output_name] = sum(2 ** bits[name] for name in cross.members if name in bits)
    return tuple((key, number) for key, number in numbers.items() if number)


def graph_names(columns: Iterable[str]) -> dict[str, str]:
    """Return a name for each column that a TensorFlow graph accepts: its own, if possible."""
    wanted = tuple(columns)
    accepted = frozenset(filter(_is_graph_name, wanted))
    names = Names(accepted | {"self"})
    return {name: name if name in accepted else names.of((name,)) for name in wanted}


def _is_graph_name(name: str) -> bool:
    # A signature's inputs become arguments of a Python method, so `class` and `self` do not work.
    # A vocabulary's name is a file name, which has at most 255 characters.
    is_name = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,199}", name) is not None
    return is_name and name != "self" and not keyword.iskeyword(name)


def _mentioned(config: ExperimentConfig) -> Iterator[InputColumn]:
    data = config.data
    for side in SIDES:
        for feature in config.features.features_of(side):
            kind = feature.data_type
            yield _column(feature.output_name, feature.column, feature.bq_type, data, kind, kind)
    for side in SIDES:
        for cross in config.features.crosses_of(side):
            for member in cross.features:
                bq_type = data.type_of(member.output_name, member.usual_type)
                yield _column(member.output_name, member.column, bq_type, data, member.type)
    if target := predicted(config):
        name = target.output_name
        bq_type = target.bq_type or data.type_of(name, "FLOAT64")
        yield _column(name, target.column, bq_type, data, "numeric")
    if data.split and data.split.date_column:
        date = data.split.date_column
        yield _column(date, date, data.type_of(date, "TIMESTAMP"), data, "temporal")


def _column(
    name: str, source: str, bq_type: BqType, data: DataConfig, kind: str, feature: str = ""
) -> InputColumn:
    """Return a column that is read as `kind`; `feature` is the kind of the feature it is of."""
    if kind == "temporal" and bq_type in ("INT64", "INTEGER"):
        bq_type = "TIMESTAMP"  # a time is read in its unit, not as a number
    return InputColumn(
        name=name,
        source=source,
        bq_type=bq_type,
        dtype=dtype_of(bq_type),
        is_category=feature == "text",
        time_format=data.time_format_of(name),
        null_times=data.null_times,
    )


def null_seconds(column: InputColumn) -> tuple[int, ...]:
    """Return the epoch seconds that stand for null in a column of times, without those of a day."""
    if column.bq_type == "TIME":
        return ()
    found = (mark_seconds(mark, column.time_format) for mark in column.null_times or ())
    return tuple(sorted({seconds for seconds in found if seconds is not None}))
