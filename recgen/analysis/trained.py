"""Config that a run trained, with the trainer's overrides, and its `recgen check` findings."""

from __future__ import annotations

from pydantic import ValidationError

from recgen.analysis.older import REPORTED, unwritten
from recgen.analysis.run import Run
from recgen.check import check
from recgen.config import ExperimentConfig, ModelConfig
from recgen.findings import Finding
from recgen.metrics import Params

_WITHOUT_LAYERS = ("RG206", "RG228", "RG232")  # findings on an optimizer that hold for any towers


def trained_config(run: Run) -> ExperimentConfig | None:
    """Return the config with what its trainer did: overrides, and what an older one did."""
    config = run.config
    if config is None:
        return None
    older = {name: value for name, (value, _) in unwritten(run).items()}
    settings = {**config.model.model_dump(), **older, **_overrides(run.metrics.params)}
    try:
        model = ModelConfig.model_validate(settings)
    except ValidationError:  # the file may contain anything
        return config
    return config if model == config.model else config.model_copy(update={"model": model})


def _overrides(params: Params) -> dict[str, object]:
    """Return the settings that a trainer reports, by their names in the config."""
    given = {name: getattr(params, name) for name in REPORTED}
    given["optimizer"] = params.optimizer.lower() if params.optimizer else None
    return {name: value for name, value in given.items() if value is not None}


def findings_of(run: Run, trained: ExperimentConfig | None) -> tuple[Finding, ...]:
    """Return the findings on what was trained, including those that comments ignore.

    Without a config, only the optimizer and its rate are known, so findings that depend on towers
    are omitted.
    """
    if run.report is None:
        found = check({"model": _overrides(run.metrics.params)}).findings
        return tuple(finding for finding in found if finding.code in _WITHOUT_LAYERS)
    if trained is not None and trained != run.config:
        return check(trained).findings
    return (*run.report.findings, *run.report.ignored)
