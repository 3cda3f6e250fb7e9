"""Plan of `transform_module.py`: one step per feature, with every name decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.config import SIDES, Cross, ExperimentConfig, Feature, HistoryFeature, Side
from recgen.config.transforms import (
    Bucketize,
    Cyclical,
    Embedding,
    MissingFlag,
    Normalize,
    Transform,
)
from recgen.plan.columns import (
    EVENT_TIME,
    PRODUCT_KNOWN,
    input_columns,
    null_seconds,
    predicted,
    product_bits,
    shared_names,
    vocabulary_names,
)
from recgen.plan.header import Header, plan_header
from recgen.plan.names import Names
from recgen.plan.steps import (
    READINGS,
    Clip,
    Derive,
    Derived,
    Known,
    Member,
    Output,
    Read,
    Reading,
    Scale,
    Statement,
    Step,
    Vocabulary,
    Without,
)
from recgen.plan.target import target_step

# The helpers that the generated function may call, in the order of their definitions.
_HELPERS = ["text", "list", "number", "time", "without", "days", "signed_log", "z_score", "rescale"]
_HELPERS += ["bucket", "wave", "cross", "latest", "newest", "bits"]
_HELPERS += ["exact", "clip", "log_amount", "by_deviation", "by_range"]
# Names that the generated function itself uses.
_RESERVED = frozenset({"inputs", "outputs", "tf", "tft", "read", "dense", *_HELPERS}) | {
    f"read_{reading}" for reading in READINGS.values()
}

_DAY = 86_400
# A year is the mean Gregorian one: a date's phase moves by less than a day over 400 years.
_YEAR = 31_556_952
# Period and offset of each cycle in seconds. 1970-01-01 was a Thursday, so a week that begins on
# Monday had been under way for three days.
CYCLES: dict[str, tuple[int, int]] = {
    "yearly": (_YEAR, 0),
    "quarterly": (_YEAR // 4, 0),
    "monthly": (_YEAR // 12, 0),
    "weekly": (7 * _DAY, 3 * _DAY),
    "daily": (_DAY, 0),
}


@dataclass(frozen=True, slots=True)
class TransformPlan:
    """Everything that `transform_module.py` contains."""

    header: Header
    helpers: frozenset[str]
    steps: tuple[Step, ...]

    @property
    def imports(self) -> frozenset[str]:
        """Modules that the generated module imports."""
        return frozenset({"math", "tensorflow", "tensorflow_transform"})

    @property
    def helper_templates(self) -> tuple[str, ...]:
        """Templates of the helpers, in order."""
        return tuple(f"transform/helpers/{name}.j2" for name in _HELPERS if name in self.helpers)


def plan_transform(config: ExperimentConfig) -> TransformPlan:
    """Return the plan; the config must have passed the check."""
    steps = tuple(_Steps(config).all())
    helpers = frozenset(_helpers(steps))
    return TransformPlan(plan_header(config, (helpers, steps)), helpers, steps)


class _Steps:
    """Builder of the paragraphs in order, which reads each column only once."""

    def __init__(self, config: ExperimentConfig) -> None:
        self._config = config
        self._columns = {column.name: column for column in input_columns(config)}
        self._names = Names(_RESERVED)
        self._vocabularies = vocabulary_names(config)
        self._shared = shared_names(config)
        self._known: set[str] = set()  # variables of earlier statements
        self._variables: dict[str, tuple[str, Reading]] = {}  # of the columns that were read
        self._written: set[str] = set()  # features of earlier paragraphs
        self._buckets: dict[tuple[str, float], str] = {}  # variable and number -> output

    def all(self) -> Iterator[Step]:
        features = self._config.features
        both = [(side, feature) for side in SIDES for feature in features.features_of(side)]
        for side, feature in both:
            if not isinstance(feature, HistoryFeature) and self._is_first(feature.output_name):
                yield self._feature(side, feature)
        for side, feature in both:
            if isinstance(feature, HistoryFeature) and self._is_first(feature.output_name):
                yield self._history(side, feature)
        for side in SIDES:
            for cross in features.crosses_of(side):
                if self._is_first(cross.output_name):
                    yield self._cross(side, cross)
        split = self._config.data.split
        if split is not None and split.date_column is not None:
            yield self._event_time(split.date_column)
        if bits := product_bits(self._config):
            yield self._marks(tuple(bits))
        if target := predicted(self._config):
            read = self._read(target.output_name, "number")
            yield target_step(target, *read, self._names)

    def _is_first(self, output_name: str) -> bool:
        """Return whether no paragraph has written it yet: both towers may have the feature."""
        is_first = output_name not in self._written
        self._written.add(output_name)
        return is_first

    def _feature(self, side: Side, feature: Feature) -> Step:
        name = feature.output_name
        reading = READINGS[feature.data_type]
        statements, raw = self._read(name, reading)
        enabled = feature.transforms.enabled
        scale = raw
        if reading == "time" and not {"normalize", "bucketize"}.isdisjoint(enabled):
            scale = self._derive(statements, name, "days", raw)
        normalized = scale
        if {
            "log_transform",
            "normalize",
        } <= enabled.keys():  # the logarithm does not change quantiles
            normalized = self._derive(statements, name, "signed_log", raw)
        outputs = tuple(self._outputs(feature, statements, raw, scale, normalized))
        buckets = (output for output in outputs if output.kind == "bucket")
        self._buckets |= {(each.variable, each.numbers[0]): each.key for each in buckets}
        return Step(_comment(side, feature), tuple(statements), outputs)

    def _history(self, side: Side, feature: HistoryFeature) -> Step:
        history = feature.history
        assert history, "the check rejects features without outputs"
        statements, variable = self._read(feature.output_name, "list")
        options = (("length", history.max_length),)
        vocabulary = self._vocabulary_variable(history.shared_with)
        kind = "history" if history.order == "oldest_first" else "turned_history"
        output = Output(kind, feature.output_name, variable, options=options, uses=vocabulary)
        return Step(_comment(side, feature), tuple(statements), (output,))

    def _vocabulary_variable(self, name: str) -> str:
        return self._names.of((name, "vocabulary"), f"{name}_vocabulary")

    def _cross(self, side: Side, cross: Cross) -> Step:
        statements: list[Statement] = []
        parts = []
        for member in cross.features:
            reading = READINGS[member.type]
            reads, variable = self._read(member.output_name, reading)
            statements += reads
            if reading == "time":
                variable = self._derive(statements, member.output_name, "days", variable)
            buckets = None if reading == "text" else member.crossing_buckets
            key = self._buckets.get((variable, buckets)) if buckets is not None else None
            parts.append(Member(variable, buckets, key))
        output = Output(
            "cross", cross.output_name, members=tuple(parts), numbers=(cross.hash_bucket_size,)
        )
        comment = f"{side.capitalize()}: {' x '.join(cross.members)}, crossed"
        return Step(comment, tuple(statements), (output,))

    def _event_time(self, column: str) -> Step:
        statements, variable = self._read(column, "time")
        outputs = (Output("copy", EVENT_TIME, variable),)
        return Step(f"Time of the transaction: {column}", tuple(statements), outputs)

    def _marks(self, columns: tuple[str, ...]) -> Step:
        """Return the paragraph that marks values; earlier ones have read the columns."""
        members = tuple(Known(*self._variables[name]) for name in columns)
        outputs = (Output("known", PRODUCT_KNOWN, members=members),)
        return Step("Which columns that describe the product have a value", (), outputs)

    def _read(self, column: str, reading: Reading) -> tuple[list[Statement], str]:
        """Return the variable of a column, and the statement that reads it if it is new."""
        variable = self._names.of((column, reading), column, f"{column}_{reading}")
        if variable in self._known:
            return [], variable
        self._known.add(variable)
        self._variables.setdefault(column, (variable, reading))
        statements: list[Statement] = [Read(variable, column, reading)]
        nulls = null_seconds(self._columns[column]) if reading == "time" else ()
        if nulls:
            statements.append(Without(variable, nulls))
        return statements, variable

    def _derive(
        self,
        statements: list[Statement],
        column: str,
        kind: Derived,
        source: str,
    ) -> str:
        wish = f"log_{column}" if kind == "signed_log" else f"{column}_{kind}"
        variable = self._names.of((column, kind), wish)
        if variable not in self._known:
            self._known.add(variable)
            statements.append(Derive(variable, kind, source))
        return variable

    def _outputs(
        self, feature: Feature, statements: list[Statement], raw: str, scale: str, normalized: str
    ) -> Iterator[Output]:
        for transform in feature.transforms.enabled.values():
            if isinstance(transform, Embedding):
                yield self._indices(feature.output_name, transform, statements, raw)
            else:
                yield from _numbers(feature, transform, raw, scale, normalized)

    def _indices(
        self, name: str, embedding: Embedding, statements: list[Statement], raw: str
    ) -> Output:
        learnt = tuple(_vocabulary_options(embedding, self._vocabularies[name]))
        oov: tuple[tuple[str, int | str], ...] = (("num_oov_buckets", embedding.oov_buckets),)
        if name not in self._shared:
            return Output("vocabulary", name, raw, options=(*learnt[:-1], *oov, learnt[-1]))
        variable = self._vocabulary_variable(name)
        statements.append(Vocabulary(variable, raw, learnt))
        return Output("indices", name, raw, options=oov, uses=variable)


def _numbers(
    feature: Feature, transform: Transform, raw: str, scale: str, normalized: str
) -> Iterator[Output]:
    name = feature.output_name
    match transform:
        case Normalize(range=None):
            yield Output("z_score", f"{name}_{transform.ending}", normalized)
        case Normalize(range=(low, high)):
            yield Output("rescale", f"{name}_{transform.ending}", normalized, numbers=(low, high))
        case Bucketize():
            yield Output(
                "bucket", f"{name}_{transform.ending}", scale, numbers=(transform.buckets,)
            )
        case Cyclical():
            for cycle in transform.cycles:
                for wave in ("sin", "cos"):
                    key = f"{name}_{cycle}_{wave}"
                    yield Output(wave, key, raw, numbers=CYCLES[cycle])
        case MissingFlag():
            reading = READINGS[feature.data_type]
            yield Output(f"missing_{reading}", f"{name}_{transform.ending}", raw)


def _vocabulary_options(embedding: Embedding, vocabulary: str) -> Iterator[tuple[str, int | str]]:
    if embedding.vocab_size is not None:
        yield "top_k", embedding.vocab_size
    if embedding.min_frequency is not None:
        yield "frequency_threshold", embedding.min_frequency
    yield "vocab_filename", vocabulary


def _comment(side: Side, feature: Feature) -> str:
    text = f"{side.capitalize()}: {feature.output_name}"
    if feature.output_name != feature.column:
        text += f" ({feature.column} in the source)"
    return f"{text}. {feature.description}" if feature.description else text


# Helpers that other helpers call.
_NEEDS = {
    "sin": ("wave",),
    "cos": ("wave",),
    "history": ("latest",),
    "turned_history": ("newest",),
    "known": ("bits",),
}


def _helpers(steps: tuple[Step, ...]) -> Iterator[str]:
    """Yield the helpers that the steps call, and those that these helpers call."""
    for name in _called(steps):
        yield name
        yield from _NEEDS.get(name, ())


def _called(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        for statement in step.statements:
            if isinstance(statement, Read):
                yield statement.reading
            elif isinstance(statement, Without):
                yield "without"
            elif isinstance(statement, (Derive, Scale)):
                yield statement.kind
            elif isinstance(statement, Clip):
                yield "clip"
        for output in step.outputs:
            yield output.kind
            if any(isinstance(part, Member) and part.is_own for part in output.members):
                yield "bucket"
