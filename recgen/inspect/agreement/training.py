"""Whether the splits are fit for training and testing, and fit what the training says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.findings import counted
from recgen.inspect.agreement.evidence import Evidence
from recgen.inspect.expected import Expected
from recgen.inspect.report import FeatureReport, Issue, SplitReport

MANY_UNKNOWN = 0.1
"""Share of values without a vocabulary entry of their own, or of rows with unknown products."""
MANY_NEW_BUYERS = 0.5
"""The same for buyers, of whom later days always bring new ones."""
MANY_REPEATED = 0.2
"""Share of rows that are equal to an earlier one, or to one of the training rows."""
_SPLITS = ("train", "eval", "test")
_CATALOGUES = ("search.product_ids", "index.candidates")
"""Variables of a model with an entry for each product: of today's, of earlier versions."""


def _unknown(evidence: Evidence) -> Iterator[Issue]:
    """Looks at values that are not in the vocabulary, and at those that training never saw."""
    yield from unknown_values(evidence.splits, evidence.expected)


def unknown_values(splits: Sequence[SplitReport], expected: Expected) -> Iterator[Issue]:
    """Yields features of splits with many values that are not in the vocabulary."""
    limits = {expected.product: MANY_UNKNOWN, expected.buyer: MANY_NEW_BUYERS}
    for feature, place in (
        (feature, f"{split.name}/{feature.name}" if split.name else feature.name)
        for split in splits
        for feature in split.features
    ):
        unknown = feature.out_of_vocabulary or 0
        if feature.values and unknown / feature.values >= limits.get(feature.name, MANY_UNKNOWN):
            message = (
                f"{unknown / feature.values:.1%} of the values are not in the vocabulary: the "
            )
            message += "model cannot tell them apart"
            figures = {"out_of_vocabulary": unknown, "values": feature.values}
            yield Issue("out-of-vocabulary", "warning", place, message, figures)
        elif feature.name in limits and (feature.unseen or 0) >= limits[feature.name]:
            message = f"{feature.unseen:.1%} of the rows have a value that no training row has"
            yield Issue("unseen-values", "warning", place, message, {"unseen": feature.unseen})


def _repeated(evidence: Evidence) -> Iterator[Issue]:
    for split in evidence.splits:
        count = split.duplicates.value
        if split.rows and count / split.rows >= MANY_REPEATED:
            about = "" if split.duplicates.is_exact else "about "
            message = f"{about}{count:,} of {split.rows:,} rows are equal to an earlier one"
            figures = {"duplicates": count, "rows": split.rows}
            yield Issue("duplicate-rows", "warning", split.name, message, figures)
        if (split.seen or 0) >= MANY_REPEATED:
            message = f"{split.seen:.1%} of the rows are equal to a training row in every feature"
            yield Issue("rows-in-training", "warning", split.name, message, {"seen": split.seen})


def _in_time(evidence: Evidence) -> Iterator[Issue]:
    """Looks whether splits follow each other in time, where the config says that they do."""
    expected = evidence.expected
    times = {name: _time(evidence, name) for name in _SPLITS}
    pairs = {"strict_time": (("train", "eval"), ("eval", "test"))}
    pairs["time_holdout"] = (("train", "test"), ("eval", "test"))
    for first, second in pairs.get(expected.split or "", ()):
        earlier, later = times[first], times[second]
        if earlier and later and (earlier.high or 0) >= (later.low or 0):
            message = f"the split is {expected.split}, but the last row of {first} is not earlier "
            message += f"than the first of {second} ({expected.time} {earlier.high:.0f} and "
            message += f"{later.low:.0f})"
            figures = {"last": earlier.high, "first": later.low}
            yield Issue("splits-overlap", "error", second, message, figures)


def _split(evidence: Evidence, name: str) -> SplitReport | None:
    return next((split for split in evidence.splits if split.name == name), None)


def _time(evidence: Evidence, split: str) -> FeatureReport | None:
    found = _split(evidence, split)
    features = found.features if found else ()
    return next((f for f in features if f.name == evidence.expected.time and f.values), None)


def _metrics(evidence: Evidence) -> Iterator[Issue]:
    """Compares the files with what the training says of them."""
    params = evidence.expected.params
    recorded = params.model_dump() if params else {}
    without_target = recorded.get("without_target") or {}
    for name in _SPLITS:
        split, rows = _split(evidence, name), recorded.get(f"{name}_rows")
        rows = None if rows is None else rows + int(without_target.get(name, 0))
        if split and rows is not None and rows != split.rows:
            message = f"the training read {counted(rows, 'row')}, and there are {split.rows:,}"
            yield Issue(
                "rows-differ", "error", name, message, {"metrics": rows, "rows": split.rows}
            )
    product = evidence.expected.product or ""
    trained, served = evidence.used.get(product), evidence.served.get(product)
    counts = [("training_metrics.json", recorded.get("candidates"), trained)]
    for model in evidence.models:
        variables = model.content.variables if model.content else {}
        table = next((variables[name] for name in _CATALOGUES if name in variables), None)
        size = table.shape[0] if table and table.shape else None
        counts.append((f"{model.name}'s index", size, served))
    for source, count, products in counts:
        if products is not None and count is not None and count != products:
            known = counted(count, "product")
            message = f"{source} has {known}, and the rows of its training {products:,}"
            figures = {"products": count, "in_training": products}
            yield Issue("catalogue-differs", "error", source, message, figures)


def _serving(evidence: Evidence) -> Iterator[Issue]:
    """Compares the model's signature with the config."""
    wanted = evidence.expected.serving
    for model in evidence.models if wanted is not None else ():
        signature = model.content.signatures.get("serving_default") if model.content else None
        if model.content and signature is None:
            message = "the model has no signature serving_default"
            yield Issue("missing-signature", "error", model.name, message)
        if signature is None or wanted is None:
            continue
        asked = {item.name: item.dtype for item in wanted}
        given = {name: tensor.dtype for name, tensor in signature.inputs.items()}
        for name in sorted(asked.keys() | given.keys()):
            if asked.get(name) != given.get(name):
                message = f"the input {name} is {given.get(name, 'not there')}, and by the config "
                message += asked.get(name, "not there")
                yield Issue("signature-differs", "error", model.name, message)


def _columns(evidence: Evidence) -> Iterator[Issue]:
    """Compares the raw schema with the config; types may differ, since a CSV file has none."""
    there = {column.name for column in evidence.raw}
    for name in evidence.expected.columns if there else ():
        if name not in there:
            message = "the config wants the column, and the schema of the raw data does not have it"
            yield Issue("missing-column", "error", name, message)


QUESTIONS = (_unknown, _repeated, _in_time, _metrics, _columns, _serving)
