"""What a run is made of, in parts: a later run uses again what its own parts would give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile
from pathlib import Path

import recgen
from recgen.config import SIDES, ExperimentConfig, HistoryFeature, dtype_of
from recgen.local.unfinished import digest_of_data, digest_of_text
from recgen.plan.columns import columns_read, serving_inputs
from recgen.plan.header import short_digest
from recgen.plan.levels import digests_of
from recgen.plan.transform import plan_transform

TRAINED = frozenset({"config", "epochs"})
"""The inputs that only training depends on: transformed data is the same whatever they are."""


def inputs_of(
    config: ExperimentConfig,
    files: Mapping[str, str],
    data: Path,
    seed: int,
    epochs: int | None,
    analyze: Sequence[str],
) -> dict[str, str]:
    """Return digests, numbers and versions of what a run is made of, by words for a message."""
    code = [text for name in sorted(files) for text in (name, _without_header(files[name]))]
    return {
        "transform": short_digest(list(_transformed(config))),
        "config": digest_of_text(*code),
        "data": digest_of_data(data),
        "seed": str(seed),
        "epochs": str(epochs or config.model.epochs),
        "version of recgen": recgen.__version__,
        "splits to analyze": " ".join(analyze),
    }


def _without_header(text: str) -> str:
    """Return a module without the comments at its top, which say what a config is called."""
    lines = text.splitlines(keepends=True)
    return "".join(dropwhile(lambda line: line.startswith("#"), lines))


def _transformed(config: ExperimentConfig) -> Iterator[object]:
    """Yield what decides the transformed data, and what is written beside it for requests."""
    yield digests_of(config, plan_transform(config))["transform"]
    yield config.model.model_type
    yield [[each.column, each.name] for each in serving_inputs(config)]
    for side in SIDES:
        yield [config.features.id_of(side), sorted(columns_read(config, side))]
        for each in config.features.features_of(side):
            if isinstance(each, HistoryFeature) and each.history:
                own = each.history
                names = [each.output_name, each.column, own.shared_with, dtype_of(each.bq_type)]
                yield [*names, own.max_length, own.order]
