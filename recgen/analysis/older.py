"""Settings that a run's config does not write: what its own trainer did, and where that is known.

A config without `gradient_clip_norm` means clipping to recgen. The older trainer that read the
same config clipped nothing, and its module may say something else again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from recgen.analysis.kinds import Ranking, kind_of
from recgen.analysis.run import MODULES, Run
from recgen.analysis.trainer_module import TrainerModule, read_trainer_module

Source = Literal["written", "reported", "module", "older", "default"]
"""Where a setting is from: the config, the trainer's own metrics, the text of its module, what
older trainers did, or recgen's default."""

WORDS: Mapping[Source, str] = {
    "written": "in the config",
    "reported": "as the trainer reports",
    "module": "as the trainer's module says",
    "older": "as older trainers did, since no config says it",
    "default": "by default",
}
OLDER: Mapping[str, object] = {
    "gradient_clip_norm": None,
    "logq_correction": False,
    "negatives": "in_batch",
    "buyer_id_dropout": 0.0,
    "early_stopping_patience": None,
    "refit": "none",
    "final_layer": "none",
}
"""What trainers before recgen did: plain in-batch softmax, and nothing beside it."""
REPORTED = ("optimizer", "learning_rate", "batch_size", "epochs")
"""Settings that trainers write into their metrics."""

_OF_RETRIEVAL = frozenset(["logq_correction", "negatives"])
_TRAINER = "trainer_module.py"


def is_older(run: Run) -> bool:
    """Return whether a trainer that recgen did not write made the run."""
    is_ours = run.trained_here or run.rendered_digest or any(map(run.origin_of, MODULES))
    return run.file.version is None and bool(run.metrics.epochs) and not is_ours


def module_of(run: Run) -> TrainerModule | None:
    """Return what the run's own trainer module does; None for recgen's, and without one."""
    if run.rendered_digest or any(map(run.origin_of, MODULES)):
        return None
    return read_trainer_module(run.modules.get(_TRAINER, ""))


def unwritten(run: Run) -> dict[str, tuple[object, Source]]:
    """Return the settings that an older trainer had and the config does not write.

    The trainer's module counts more than the config: it cannot have done what it does not say.
    """
    module = module_of(run) if is_older(run) else None
    written = run.config.model.model_fields_set if run.config else frozenset[str]()
    foreign = _OF_RETRIEVAL if type(kind_of(run.metrics)) is Ranking else frozenset()
    found: dict[str, tuple[object, Source]] = {
        name: (value, "older")
        for name, value in (OLDER.items() if is_older(run) else ())
        if name not in written | foreign
    }
    if module is not None and module.clip is not None:
        clips = module.clip.value != "none"
        found["gradient_clip_norm"] = ((module.clip_at or 1.0) if clips else None, "module")
    if module is not None and module.logq is not None:
        found["logq_correction"] = (module.logq.value, "module")
    return found


def source_of(run: Run, setting: str) -> Source:
    """Return where a setting of the model is from, by its name in the config."""
    if setting in REPORTED and getattr(run.metrics.params, setting) is not None:
        return "reported"
    known = unwritten(run).get(setting)
    if known is not None:
        return known[1]
    is_written = run.config is not None and setting in run.config.model.model_fields_set
    return "written" if is_written else "default"
