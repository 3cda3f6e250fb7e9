"""Whether examples are sound, and fit the schema and each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.findings import Severity, counted
from recgen.inspect.agreement.evidence import Evidence
from recgen.inspect.records.schema import FeatureSchema
from recgen.inspect.report import FeatureReport, Issue
from recgen.plan.columns import PRODUCT_KNOWN


def _empty(evidence: Evidence) -> Iterator[Issue]:
    for split in evidence.splits:
        if not split.rows and not split.malformed and not split.files:
            message = "the split has no TFRecord file"
            yield Issue("empty-split", "error", split.name, message)


def _values(evidence: Evidence) -> Iterator[Issue]:
    for split, feature, place in evidence.features():
        kinds = {kind: rows for kind, rows in feature.kinds.items() if kind != "none"}
        if len(kinds) > 1:
            counts = ", ".join(f"{kind} in {counted(rows, 'row')}" for kind, rows in kinds.items())
            message = f"the feature has values of several kinds: {counts}"
            yield Issue("mixed-kinds", "error", place, message, kinds)
        if feature.not_finite:
            message = f"{feature.not_finite:,} of {feature.values:,} values are NaN or infinite"
            figures = {"not_finite": feature.not_finite, "values": feature.values}
            severity: Severity = "error" if evidence.schema else "warning"
            yield Issue("not-finite", severity, place, message, figures)
        is_input = feature.name != PRODUCT_KNOWN
        if is_input and split.rows > 1 and feature.unique.value == 1 and not feature.nulls:
            message = f"all {split.rows:,} rows have the same value: nothing can be learnt from it"
            yield Issue("constant-feature", "info", place, message, {"rows": split.rows})


def _ranges(evidence: Evidence) -> Iterator[Issue]:
    links = {link.feature: link for link in evidence.expected.links}
    for _, feature, place in evidence.features():
        if not feature.out_of_range:
            continue
        range_, link = evidence.ranges[feature.name], links.get(feature.name)
        why = "the schema's range"
        if link:
            entries = evidence.vocabularies[link.vocabulary].entries
            buckets = range_.end - entries
            known = counted(entries, "entry", "entries")
            why = f"{link.vocabulary} has {known}, and {buckets:,} more for the rest"
        elif feature.name in evidence.expected.tables:
            why = "the embedding table's rows"
        message = f"{feature.out_of_range:,} of {feature.values:,} values are not within "
        message += f"{range_.low:,} … {range_.end - 1:,} ({why}); they are {_between(feature)}"
        figures = {"out_of_range": feature.out_of_range, "values": feature.values}
        figures |= {"low": range_.low, "high": range_.end - 1}
        yield Issue("index-out-of-range", "error", place, message, figures)


def _between(feature: FeatureReport) -> str:
    return f"{feature.low:,} … {feature.high:,}"


def _schema(evidence: Evidence) -> Iterator[Issue]:
    """Compares examples with the schema."""
    for split in evidence.splits if evidence.schema else ():
        features = {feature.name: feature for feature in split.features}
        for wanted in evidence.schema if split.rows else ():
            place = f"{split.name}/{wanted.name}"
            feature = features.pop(wanted.name, None)
            if feature is None:
                if wanted.required:
                    message = "the schema has the feature, and no row has it"
                    yield Issue("missing-feature", "error", place, message)
            else:
                yield from _misfits(wanted, feature, split.rows, place)
        for name in features:
            message = "rows have the feature, and the schema does not"
            yield Issue("unknown-feature", "warning", f"{split.name}/{name}", message)


def _misfits(
    wanted: FeatureSchema, feature: FeatureReport, rows: int, place: str
) -> Iterator[Issue]:
    kinds = {k: n for k, n in feature.kinds.items() if k not in ("none", wanted.kind)}
    if kinds and wanted.kind != "none":
        message = f"the schema says {wanted.kind}, and {sum(kinds.values()):,} of {rows:,} rows "
        message += f"have {' and '.join(kinds)}"
        yield Issue("wrong-kind", "error", place, message, kinds)
    if wanted.required and feature.nulls:
        message = f"the schema wants a value in every row; {feature.nulls:,} of {rows:,} have none"
        figures = {"nulls": feature.nulls, "rows": rows}
        yield Issue("missing-values", "error", place, message, figures)
    if wanted.shape is not None and feature.values and -1 not in wanted.shape:
        size = math.prod(wanted.shape)
        if (feature.fewest, feature.most) != (size, size):
            message = f"the schema says {size:,} value{'s' if size != 1 else ''} a row, and rows "
            message += f"have {feature.fewest:,} to {feature.most:,}"
            figures = {"wanted": size, "fewest": feature.fewest, "most": feature.most}
            yield Issue("wrong-shape", "error", place, message, figures)


def _between_splits(evidence: Evidence) -> Iterator[Issue]:
    """Compares the splits' features with each other, where no schema says what they should be."""
    splits = [split for split in evidence.splits if split.rows]
    for split in splits[1:] if not evidence.schema else ():
        own = {f.name: f.kind for f in split.features}
        first = {f.name: f.kind for f in splits[0].features}
        for name in sorted(own.keys() | first.keys()):
            if own.get(name) != first.get(name):
                message = f"{name} is {first.get(name, 'not there')} in {splits[0].name} and "
                message += f"{own.get(name, 'not there')} in {split.name}"
                yield Issue("splits-differ", "error", f"{split.name}/{name}", message)


QUESTIONS = (_empty, _values, _ranges, _schema, _between_splits)
