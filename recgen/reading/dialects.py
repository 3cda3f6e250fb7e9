"""Older dialects of a config, read as today's; every change is a finding.

A dialect is a function from an experiment as plain data to the same in today's form, and the
changes. They are applied in turn; another one is another function.

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
| a key of `RENAMED` (`renamed.py`) | its name of today | RG026 |
| true or false, for a key of `SWITCHES` (`renamed.py`) | its word of today | RG027 |

Each feature and each cross may be of an older dialect or of today's, or mixed. A feature to which
neither form gives a transform has the default of its kind: an embedding, or `normalize`. Keys that
are unknown in both forms are left to reading, which reports them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from pydantic import BaseModel

from recgen.config import (
    SIDES,
    DataConfig,
    ExperimentConfig,
    FeatureConfig,
    ModelConfig,
    PipelineConfig,
    Side,
)
from recgen.findings import Finding, Location, join_path
from recgen.reading.changes import Change, Rewritten, rewrite_items
from recgen.reading.document import Document, origin_of
from recgen.reading.older_crosses import columns_of, older_cross, plain_cross
from recgen.reading.older_features import older_feature, plain_feature
from recgen.reading.plain import Plain, fields_of
from recgen.reading.renamed import RENAMED, renamed_keys, renamed_values

Dialect = Callable[[Plain], Rewritten]
SECTIONS: dict[str, type[BaseModel]] = {
    "features": FeatureConfig,
    "model": ModelConfig,
    "data": DataConfig,
    "pipeline": PipelineConfig,
}


def _features(side: Side, experiment: Plain) -> Rewritten:
    place = ("features", f"{side}_model_features")
    return rewrite_items(experiment, place, plain_feature, older_feature)


def _crosses(side: Side, experiment: Plain) -> Rewritten:
    columns = columns_of(experiment, side)
    place = ("features", f"{side}_model_crosses")
    return rewrite_items(experiment, place, plain_cross, partial(older_cross, columns))


DIALECTS: tuple[Dialect, ...] = (
    *(partial(dialect, side) for dialect in (_features, _crosses) for side in SIDES),
    renamed_keys,
    renamed_values,
)


def modernize(
    document: Document, depth: int = 0, dialects: Sequence[Dialect] = DIALECTS
) -> Document:
    """Return the document in today's form, with a finding for each change.

    What is in today's form already is left as it is. Positions are those of the older text.

    Args:
        document: An experiment, as it was read.
        depth: How many parts of a path stand above what the user gave.
        dialects: Those to read; each is given what the one before returns.
    """
    changes: list[Change] = []
    try:
        data = _plain(document.data)
        for dialect in dialects:
            data, found = dialect(data)
            changes += found
    except Exception:
        if document.text is not None:
            raise
        return document  # an object's own code failed; building the config meets and reports it
    if not changes:
        return document
    origins, findings = dict(document.origins), list(document.findings)
    for change in changes:
        origin = origin_of(change.place, origins)
        findings.append(_finding(change, origin, document, depth))
        origins |= {change.today: origin} if change.today else {}
    return replace(document, data=data, origins=origins, findings=tuple(findings))


def _plain(source: object) -> Plain:
    """Return an experiment and its sections as dicts of their own."""
    data = fields_of(source, ExperimentConfig.model_fields)
    data = data if isinstance(data, dict) else {}
    for name in SECTIONS.keys() & data.keys():
        data[name] = fields_of(data[name], SECTIONS[name].model_fields, RENAMED.get(name, ()))
    return data


def _finding(change: Change, origin: Location, document: Document, depth: int) -> Finding:
    """Return the finding for a change of what stands at `origin` in the text."""
    is_safe, (line, column, end) = change.severity == "info", document.position(origin)
    steps = [replace(each, location=each.location[depth:], safe=is_safe) for each in change.steps]
    fix = replace(steps[0], then=tuple(steps[1:])) if change.severity != "error" else None
    path, words = join_path(origin[depth:]), (change.message, change.help)
    return Finding(change.code, change.severity, path, *words, line, column, fix, end_column=end)
