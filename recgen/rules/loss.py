"""The softmax over the batch: its negatives, its correction, the scale of its scores."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig, negatives_of, scored_of
from recgen.findings import show
from recgen.rules.base import NO_DATA, Problem, Rule

_BATCH = ("model", "batch_size")
_FEW = 16  # rows of a batch
_LOW = 0.02  # temperature of cosines: scores up to 50
_LOW_UNBOUNDED = 0.1
_MUCH_SMOOTHING = 0.3


def compared_of(model: ModelConfig, data: DataConfig) -> int | None:
    """Returns how many products are in a row's softmax, if that can be told."""
    scored, hard = scored_of(model, data), model.hard_negatives
    return min(scored, hard + 1) if scored and hard else scored


def _no_negatives(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    if model.batch_size == 1 and negatives_of(model, data) == "in_batch":
        message = "a batch of one row has no negatives: the loss is 0 and nothing is learnt"
        yield Problem(_BATCH, message, "Use 1024.", fix=("set", 1024))
    elif model.batch_size < _FEW:
        rows = "1 row" if model.batch_size == 1 else f"{model.batch_size} rows"
        message = f"steps of {rows}: an epoch takes far longer than it has to"
        yield Problem(_BATCH, message, "Use 256 to 2048.", severity="info")


def _is_sampled(model: ModelConfig, data: DataConfig) -> bool:
    return negatives_of(model, data) != "full_catalogue"


def _no_correction(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    if not model.logq_correction and _is_sampled(model, data):
        path = ("model", "logq_correction")
        message = "without the logQ correction popular products are punished"
        yield Problem(path, message, "Switch it on; it costs nothing.", fix=("set", True))


def _hits_uncorrected(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    is_sampled = _is_sampled(model, data)
    if model.remove_accidental_hits and not model.logq_correction and is_sampled:
        path = ("model", "remove_accidental_hits")
        message = "remove_accidental_hits does not replace the logQ correction"
        yield Problem(path, message, "Switch logq_correction on, or this off.")


def _hits_smoothed(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    is_removed = model.remove_accidental_hits and _is_sampled(model, data)
    if is_removed and model.label_smoothing > 0:
        path = ("model", "label_smoothing")
        message = "label_smoothing gives weight to scores that remove_accidental_hits sets to -1e9"
        yield Problem(path, message, "Use one of them.", fix=("set", 0.0))


def _cosines_too_flat(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    compared = compared_of(model, data)
    if not model.normalize_embeddings or compared is None or compared < 2:
        return
    highest = 2 / math.log(compared)
    if model.temperature > highest:
        message = (
            f"cosines divided by a temperature of {model.temperature:g} cannot tell one product "
            f"from {compared - 1:,} others: {floor_of(compared, 1 / model.temperature)}"
        )
        help = f"Use a temperature of 0.05 to 0.1; {highest:.2f} is the most for so many."
        yield Problem(("model", "temperature"), message, help, fix=("set", 0.1))


def floor_of(compared: int, lead: float) -> str:
    """Says what is left of the loss when the right one of so many scores is ahead by `lead`."""
    least = math.log1p((compared - 1) * math.exp(-lead))
    return f"the loss starts at {math.log(compared):.1f} and stays above {least:.1f}"


def _temperature_low(model: ModelConfig) -> Iterator[Problem]:
    limit = _LOW if model.normalize_embeddings else _LOW_UNBOUNDED
    if model.temperature < limit:
        factor = 1 / model.temperature
        what = "cosines" if model.normalize_embeddings else "scores"
        message = f"a temperature of {model.temperature:g} multiplies {what} by {factor:,.0f}"
        help = "Use 0.05 to 0.1 with normalize_embeddings, and 1 without."
        yield Problem(("model", "temperature"), message, help)


def _temperature_absorbed(model: ModelConfig) -> Iterator[Problem]:
    is_free = not model.normalize_embeddings
    if is_free and model.temperature != 1 and model.temperature >= _LOW_UNBOUNDED:
        message = "without normalize_embeddings the towers learn to undo the temperature"
        help = "Leave it away, or set `normalize_embeddings: true`."
        yield Problem(("model", "temperature"), message, help)


def _smoothed_much(model: ModelConfig) -> Iterator[Problem]:
    if model.label_smoothing > _MUCH_SMOOTHING:
        message = f"label_smoothing {show(model.label_smoothing)} asks for scores that are alike"
        yield Problem(("model", "label_smoothing"), message, "Use 0.1 at most.")


def _blind(model: ModelConfig) -> Iterator[Problem]:
    if not model.enable_training_metrics:
        path = ("model", "enable_training_metrics")
        message = "no recall is measured while training: the loss alone shows no failure"
        yield Problem(path, message, "Switch it on.", fix=("set", True))


RULES = (
    Rule(
        code="RG207",
        severity="error",
        title="A batch without negatives, or of few rows",
        reason="In-batch negatives are the other products of the batch. With one row there are "
        "none: the softmax over one score is 1, loss and gradient are exactly zero. With the logQ "
        "correction even seven negatives do: measured on Online Retail, recall@100 after one epoch "
        "is 0.221 with 8 rows, 0.227 with 32 and 0.212 with 1024, after three 0.259 with 64, 0.261 "
        "with 256, 0.254 with 1024 and 0.220 with 4096. Small batches cost time only (a note below "
        "16 rows).",
        example="model:\n  batch_size: 1",
        remedy="Use 256 to 2048.",
        checks=(_no_negatives,),
        allowable=True,
    ),
    Rule(
        code="RG208",
        severity="warning",
        title="In-batch negatives without the logQ correction",
        reason="A popular product is a negative as often as it is bought, so that the softmax "
        "pushes it away. Measured on Online Retail: validation recall@100 is 0.177 without the "
        "correction and 0.278 with it (three dense layers: 0.113 and 0.220; two and three seeds), "
        "where popularity alone has 0.155.",
        example="model:\n  logq_correction: false",
        remedy="Leave `logq_correction` on.",
        checks=(_no_correction,),
    ),
    Rule(
        code="RG209",
        severity="warning",
        title="Accidental hits removed without the logQ correction",
        reason="What costs recall is the missing correction, and removing hits does not replace "
        "it: measured on Online Retail, recall@100 is 0.175 with hits removed and 0.174 without, "
        "and 0.268 in both cases with the correction.",
        example="model:\n  remove_accidental_hits: true\n  logq_correction: false",
        remedy="Switch `logq_correction` on; `remove_accidental_hits` is then not needed.",
        checks=(_hits_uncorrected,),
    ),
    Rule(
        code="RG210",
        severity="error",
        title="Accidental hits removed together with label smoothing",
        reason="A hit is removed by setting its score to -1e9, and smoothing asks for some "
        "probability there, too: with 1,024 products and a smoothing of 0.1 each hit adds 97,656 "
        "to a row's loss, which is 6.9 at chance. That part is constant, so it teaches nothing, "
        "but the loss can show no failure any more, and the trainer takes it for one.",
        example="model:\n  remove_accidental_hits: true\n  label_smoothing: 0.1",
        remedy="Use one of them.",
        checks=(_hits_smoothed,),
        allowable=True,
    ),
    Rule(
        code="RG211",
        severity="warning",
        title="Normalized embeddings with a high temperature",
        reason="Cosines lie between -1 and 1. Divided by a temperature T, the right product's "
        "score is at most 1/T above those at right angles to it, and the loss of a batch of n "
        "cannot fall below ln(1 + (n-1) exp(-1/T)). Above T = 2/ln(n), which is 0.29 for 1024 "
        "rows, more than half of the loss at the start is out of reach. n is the whole catalogue "
        "where that is scored, and `hard_negatives` and one where these are chosen.",
        example="model:\n  normalize_embeddings: true\n  temperature: 1.0",
        remedy="Use a temperature of 0.05 to 0.1.",
        checks=(_cosines_too_flat,),
    ),
    Rule(
        code="RG212",
        severity="warning",
        title="A very low temperature",
        reason="Scores, and with them the gradients, are multiplied by 1/T. Below 0.02 for "
        "cosines (or 0.1 for scores that nothing bounds) the softmax is all or nothing from the "
        "first steps on.",
        example="model:\n  normalize_embeddings: true\n  temperature: 0.005",
        remedy="Use 0.05 to 0.1 with `normalize_embeddings`, and 1 without.",
        checks=(_temperature_low,),
    ),
    Rule(
        code="RG213",
        severity="info",
        title="A temperature without normalized embeddings",
        reason="The towers can make their outputs as long as they like, so that they undo any "
        "temperature; it acts as another learning rate. Measured on Online Retail after five "
        "epochs: 0.1 and 0.5 give 0.279 and 0.280, 1 gives 0.268 and 5 gives 0.211; with a higher "
        "rate instead the same is reached.",
        example="model:\n  temperature: 0.5",
        remedy="Leave it away, or set `normalize_embeddings: true`.",
        checks=(_temperature_absorbed,),
    ),
    Rule(
        code="RG214",
        severity="info",
        title="Much label smoothing",
        reason="Smoothing s asks for the probability s/n for each of n products of the batch, "
        "however unlike they are. It is made for a few classes with wrong labels. Measured on "
        "Online Retail, 0.1 and 0.3 neither help nor harm (0.268 and 0.267, without it 0.268); "
        "more was not tried.",
        example="model:\n  label_smoothing: 0.4",
        remedy="Use 0.1 at most, or none.",
        checks=(_smoothed_much,),
    ),
    Rule(
        code="RG215",
        severity="warning",
        title="Training without recall",
        reason="The loss says little: it was constant over whole trainings that had failed, and "
        "rises while recall still improves. Without recall on validation data nobody notices, no "
        "epoch is the best one, and none is the last but `epochs`. It costs a tenth of an epoch "
        "on Online Retail.",
        example="model:\n  enable_training_metrics: false",
        remedy="Leave `enable_training_metrics` on.",
        checks=(_blind,),
    ),
)
