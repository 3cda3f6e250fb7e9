"""Configs of two older dialects, read as today's; every change is a finding.

| older | today | code |
|---|---|---|
| `type: string_embedding | numeric | timestamp` | `data_type: text | numeric | temporal` | RG020 |
| `embedding_dim` of a feature | that of `transforms.embedding`, or of `bucketize` | RG021 |
| `vocab_settings.max_size` | `transforms.embedding.vocab_size` | RG021 |
| `vocab_settings.oov_buckets`, its `min_frequency` | those of `transforms.embedding` | RG021 |
| `cyclical` of a feature | `transforms.cyclical` | RG021 |
| `annual` in `cyclical` | `yearly` | RG022 |
| a column of a cross as text alone | `{column, display_name, type}` of its feature | RG023 |
| one of these that is null, or has nothing to belong to | nothing | RG024 |
| one of these, and with another value what it is today | an error | RG025 |

Each feature and each cross may be of an older dialect or of today's, or mixed. A feature to which
neither form gives a transform has the default of its kind: an embedding, or `normalize`. Keys that
are unknown in both forms are left to reading, which reports them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from recgen.config import SIDES, Cross, ExperimentConfig, FeatureConfig
from recgen.reading.document import Document
from recgen.reading.older_crosses import columns_of, is_old_cross, rewrite_cross
from recgen.reading.older_features import is_old_feature, plain_feature, rewrite_feature
from recgen.reading.rewriting import Part, entries, parts_of, value_of


def modernize(document: Document, depth: int = 0) -> Document:
    """Returns the document in today's form, with a finding for each change.

    What is in today's form already is left as it is. Positions are those of the older text.

    Args:
        document: An experiment, as it was read.
        depth: How many parts of a path stand above what the user gave.
    """
    try:
        parts = [part for part in _parts(document, depth) if part.findings and _is_data(part)]
        return _with(document, parts) if parts else document
    except Exception:
        if document.text is not None:
            raise
        # Reading somebody's objects runs their code. Comparing them with the config's shape meets
        # the same, and reports it.
        return document


def _is_data(part: Part) -> bool:
    """Says whether fixes hold what JSON can: others' dates, and lists in themselves, stay as is."""
    try:
        json.dumps([finding.as_dict() for finding in part.findings])
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _with(document: Document, parts: list[Part]) -> Document:
    """Returns the document with these parts in the places of the older ones."""
    data = parts_of(document.data, ExperimentConfig.model_fields)
    features = data["features"] = parts_of(data["features"], FeatureConfig.model_fields)
    for name in {part.location[1] for part in parts}:
        features[str(name)] = list(features[str(name)])
    moved, findings = dict(document.moved), list(document.findings)
    for part in parts:
        _, name, index = part.location
        features[str(name)][index] = part.data
        moved |= part.positions
        findings += part.findings
    return replace(document, data=data, moved=moved, findings=tuple(findings))


def _parts(document: Document, depth: int) -> Iterator[Part]:
    """Yields what may be of an older form, as it is today."""
    features = value_of(document.data, "features")
    towers: list[list[object]] = []  # their features as of today
    for side in SIDES:
        name = f"{side}_model_features"
        towers.append([feature for _, feature in entries(value_of(features, name))])
        for index, feature in enumerate(towers[-1]):
            if is_old_feature(feature):
                part = Part(document, ("features", name, index), depth, plain_feature(feature))
                rewrite_feature(part)
                towers[-1][index] = part.data
                yield part
    for side, own, other in zip(SIDES, towers, reversed(towers), strict=True):
        name = f"{side}_model_crosses"
        old = [(i, x) for i, x in entries(value_of(features, name)) if is_old_cross(x)]
        columns = columns_of([*own, *other], document.data) if old else {}
        for index, cross in old:
            data = parts_of(cross, Cross.model_fields)
            part = Part(document, ("features", name, index), depth, data)
            rewrite_cross(part, columns)
            yield part
