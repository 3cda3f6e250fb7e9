"""Findings of `recgen check` on what a run trained: its config, with what the trainer was told."""

from __future__ import annotations

from pydantic import ValidationError

from recgen.analysis.run import Run
from recgen.check import check
from recgen.config import ExperimentConfig, ModelConfig
from recgen.findings import Finding
from recgen.metrics import Params

_WITHOUT_LAYERS = ("RG206", "RG228", "RG232")  # what is true of an optimizer whatever the towers


def trained_config(run: Run) -> ExperimentConfig | None:
    """Returns the config, with the settings that were overridden when it was trained."""
    config = run.config
    if config is None:
        return None
    settings = {**config.model.model_dump(), **_overrides(run.metrics.params)}
    try:
        model = ModelConfig.model_validate(settings)
    except ValidationError:  # a file may say anything
        return config
    return config if model == config.model else config.model_copy(update={"model": model})


def _overrides(params: Params) -> dict[str, object]:
    """Returns the settings that a trainer reports, under their names in the config."""
    given = {
        "optimizer": params.optimizer.lower() if params.optimizer else None,
        "learning_rate": params.learning_rate,
        "batch_size": params.batch_size,
        "epochs": params.epochs,
    }
    return {name: value for name, value in given.items() if value is not None}


def findings_of(run: Run, trained: ExperimentConfig | None) -> tuple[Finding, ...]:
    """Returns what `check` finds in what was trained, comments that ignore findings aside.

    Without a config only the optimizer and its rate are known, and what depends on towers is left
    out.
    """
    if run.report is None:
        found = check({"model": _overrides(run.metrics.params)}).findings
        return tuple(finding for finding in found if finding.code in _WITHOUT_LAYERS)
    if trained is not None and trained != run.config:
        return check(trained).findings
    return (*run.report.findings, *run.report.ignored)
