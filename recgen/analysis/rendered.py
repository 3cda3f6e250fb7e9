"""What the modules of a run have that its config does not ask for. Renders nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from recgen.analysis.run import Run
from recgen.analysis.syntax import constants_of, keyword_of, parsed
from recgen.config import SIDES, Embedding, ExperimentConfig, TextFeature
from recgen.findings import show
from recgen.plan.columns import vocabulary_names
from recgen.plan.header import MARK, digest_of
from recgen.plan.trainer import plan_trainer

_CUTS = {"vocab_size": "top_k", "min_frequency": "frequency_threshold"}
_RENAMED = {"embedding_dim": "output_embedding_dim"}  # constants that settings are not named as
_CHANGED_LATER = ("event_time", "_known")  # endings of what recgen adds without being asked


def other_config(run: Run) -> Iterator[str]:
    """Yield what shows that the generated modules are not those of the config beside them.

    Only what the config says itself counts, since a default may have changed after the training.
    """
    config, report = run.config, run.report
    if config is None or report is None or not report.ok:
        return
    if run.metrics.params.config_digest == digest_of(config):
        return
    trainer, transform = (_parsed(run, f"{name}_module.py") for name in ("trainer", "transform"))
    if trainer is not None:
        constants = constants_of(trainer)
        yield from _other_features(config, constants.get("COLUMNS"))
        yield from _other_settings(config, constants)
    if transform is not None:
        yield from _other_cuts(config, transform)
    yield from _longer_vocabularies(config, run.vocabularies)


def _parsed(run: Run, name: str) -> ast.Module | None:
    """Return the tree of a module that recgen wrote; None if there is none."""
    text = run.modules.get(name, "")
    return parsed(text) if text.startswith(MARK) else None


def _literal(node: ast.expr | None) -> object:
    """Return the value of a literal, or None."""
    return node.value if isinstance(node, ast.Constant) else None


def _other_features(config: ExperimentConfig, columns: ast.expr | None) -> Iterator[str]:
    """Compare the features that the trainer reads with those that the config makes."""
    specs = keyword_of(columns, "specs")
    if not isinstance(specs, ast.Dict):
        return
    own = {key for node in specs.keys if isinstance(key := _literal(node), str)}
    wanted = {spec.key for spec in plan_trainer(config).specs}
    for names, words in (
        (wanted - own, "config.yaml makes {}, which trainer_module.py does not read"),
        (own - wanted, "trainer_module.py reads {}, which config.yaml does not make"),
    ):
        shown = sorted(name for name in names if not name.endswith(_CHANGED_LATER))
        if shown:
            yield words.format(", ".join(map(show, shown[:3])))


def _other_settings(config: ExperimentConfig, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    """Compare the trainer's constants with the settings that the config writes."""
    for group in plan_trainer(config).constants:
        for constant in group.constants:
            word = constant.name.lower()
            setting = _RENAMED.get(word, word)
            own = _literal(constants.get(constant.name))
            if setting not in config.model.model_fields_set or own is None:
                continue
            if own != constant.value:
                yield (
                    f"{setting} is {show(constant.value)} in config.yaml, and {show(own)} in "
                    "trainer_module.py"
                )


def _other_cuts(config: ExperimentConfig, transform: ast.Module) -> Iterator[str]:
    """Compare how vocabularies are cut."""
    calls = {
        str(_literal(keyword_of(node, "vocab_filename"))): node
        for node in ast.walk(transform)
        if isinstance(node, ast.Call) and keyword_of(node, "vocab_filename")
    }
    for name, vocabulary, embedding in _vocabularies(config):
        call = calls.get(vocabulary)
        for setting, option in _CUTS.items() if call else ():
            wanted, own = getattr(embedding, setting), _literal(keyword_of(call, option))
            if (wanted or None) != (own or None):
                yield (
                    f"{setting} of {show(name)} is {show(wanted)} in config.yaml, and {show(own)} "
                    "in transform_module.py"
                )


def _longer_vocabularies(config: ExperimentConfig, entries: Mapping[str, int]) -> Iterator[str]:
    """Compare the vocabularies of the transform with how long the config lets them be."""
    for name, vocabulary, embedding in _vocabularies(config):
        most, own = embedding.vocab_size, entries.get(vocabulary, 0)
        if most is not None and own > most:
            yield (
                f"{vocabulary} has {own:,} entries, and config.yaml says vocab_size: {most} for "
                f"{show(name)}"
            )


def _vocabularies(config: ExperimentConfig) -> Iterator[tuple[str, str, Embedding]]:
    """Yield each feature with a vocabulary of its own, the vocabulary's file, and how it is cut."""
    files = vocabulary_names(config)
    for side in SIDES:
        for feature in config.features.features_of(side):
            name = feature.output_name
            embedding = feature.transforms.embedding if isinstance(feature, TextFeature) else None
            if embedding and name in files:
                yield name, files[name], embedding
