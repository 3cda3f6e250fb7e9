"""Rules on the softmax: its negatives, its correction, the scale of its scores."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig, negatives_of, scored_of
from recgen.findings import counted, show
from recgen.rules.registry import NO_DATA, Problem, rule

_BATCH = ("model", "batch_size")
_FEW = 16  # rows of a batch
_LOW = 0.02  # temperature of cosines: scores up to 50
_LOW_UNBOUNDED = 0.1
_MUCH_SMOOTHING = 0.3


def compared_of(model: ModelConfig, data: DataConfig) -> int | None:
    """Return the number of products in a row's softmax, if it is known."""
    scored, hard = scored_of(model, data), model.hard_negatives
    return min(scored, hard + 1) if scored and hard else scored


@rule("RG207", "error", also=("info",), allowable=True, of_retrieval=True)
def few_rows(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """A batch without negatives, or with few rows.

    In-batch negatives are the other products of the batch. With one row there are none: the softmax
    over one score is 1, and loss and gradient are exactly zero.

    With the logQ correction even seven negatives are enough: measured on Online Retail, recall@100
    after one epoch is 0.221 with 8 rows, 0.227 with 32 and 0.212 with 1024; after three it is 0.259
    with 64, 0.261 with 256, 0.254 with 1024 and 0.220 with 4096. Small batches only cost time, so
    fewer than 16 rows are a note.

    Example:
        model:
          batch_size: 1

    Use instead:
        model:
          batch_size: 1024

    Use 256 to 2048.
    """
    if model.batch_size == 1 and negatives_of(model, data) == "in_batch":
        message = "a batch of one row has no negatives: the loss is 0 and nothing is learnt"
        yield Problem(_BATCH, message, "Use 1024.", fix=("set", 1024))
    elif model.batch_size < _FEW:
        rows = counted(model.batch_size, "row")
        message = f"batches of {rows}: an epoch takes far longer than necessary"
        yield Problem(_BATCH, message, "Use 256 to 2048.", severity="info")


def _is_sampled(model: ModelConfig, data: DataConfig) -> bool:
    return negatives_of(model, data) != "full_catalogue"


@rule("RG208", "warning", of_retrieval=True)
def logq_off(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """In-batch negatives without the logQ correction.

    The more often a product is bought, the more often it is a negative, so the softmax lowers the
    scores of popular products.

    Measured on Online Retail: validation recall@100 is 0.177 without the correction and 0.278 with
    it (with three dense layers, 0.113 and 0.220; two and three seeds), where popularity alone has
    0.155.

    Example:
        model:
          logq_correction: false

    Use instead:
        model:
          logq_correction: true
    """
    if not model.logq_correction and _is_sampled(model, data):
        path = ("model", "logq_correction")
        message = "without the logQ correction, the scores of popular products are too low"
        yield Problem(path, message, "Switch it on; it costs nothing.", fix=("set", True))


@rule("RG209", "warning", of_retrieval=True)
def hits_without_logq(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Accidental hits removed without the logQ correction.

    The missing correction lowers recall, and removing hits does not replace it. Measured on Online
    Retail without the correction, recall@100 is 0.175 with hits removed and 0.174 otherwise; with
    the correction, it is 0.268 in both cases.

    Example:
        model:
          remove_accidental_hits: true
          logq_correction: false

    Use instead:
        model:
          logq_correction: true

    With the correction, `remove_accidental_hits` is not needed.
    """
    is_sampled = _is_sampled(model, data)
    if model.remove_accidental_hits and not model.logq_correction and is_sampled:
        path = ("model", "remove_accidental_hits")
        message = "remove_accidental_hits does not replace the logQ correction"
        yield Problem(path, message, "Set `logq_correction: true`, or switch this off.")


@rule("RG210", "error", allowable=True, of_retrieval=True)
def hits_smoothed(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Accidental hits removed together with label smoothing.

    A hit is removed by setting its score to -1e9, and label smoothing asks for some probability
    there too: with 1,024 products and a smoothing of 0.1, each hit adds 97,656 to a row's loss,
    which is 6.9 at chance. This part is constant, so nothing is learnt from it, but it hides every
    failure that the loss could show, and the trainer mistakes it for a failure.

    Example:
        model:
          remove_accidental_hits: true
          label_smoothing: 0.1

    Use instead:
        model:
          remove_accidental_hits: true

    Use one of them.
    """
    is_removed = model.remove_accidental_hits and _is_sampled(model, data)
    if is_removed and model.label_smoothing > 0:
        path = ("model", "label_smoothing")
        message = "label_smoothing gives weight to scores that remove_accidental_hits sets to -1e9"
        yield Problem(path, message, "Use only one of them.", fix=("set", 0.0))


@rule("RG211", "warning", of_retrieval=True)
def temperature_high(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Normalized embeddings with a high temperature.

    Cosines lie between -1 and 1. Divided by a temperature T, the right product's score is at most
    1/T above the scores of products at right angles to it, so the loss of a batch of n cannot fall
    below ln(1 + (n-1) exp(-1/T)). Above T = 2/ln(n), which is 0.29 for 1024 rows, more than half of
    the initial loss is out of reach. n is the size of the catalogue if all of it is scored, and
    `hard_negatives` plus one if that is set.

    Example:
        model:
          normalize_embeddings: true
          temperature: 1.0

    Use instead:
        model:
          normalize_embeddings: true
          temperature: 0.1

    Use a temperature of 0.05 to 0.1.
    """
    compared = compared_of(model, data)
    if not model.normalize_embeddings or compared is None or compared < 2:
        return
    highest = 2 / math.log(compared)
    if model.temperature > highest:
        message = (
            f"cosines divided by a temperature of {model.temperature:g} cannot distinguish one "
            f"product from {compared - 1:,} others: {floor_of(compared, 1 / model.temperature)}"
        )
        help = (
            f"Use a temperature of 0.05 to 0.1; with {compared:,} products, at most {highest:.2f}."
        )
        yield Problem(("model", "temperature"), message, help, fix=("set", 0.1))


def floor_of(compared: int, lead: float) -> str:
    """Return, as text, the lowest loss if the right score exceeds the others by `lead`."""
    least = math.log1p((compared - 1) * math.exp(-lead))
    return f"the loss starts at {math.log(compared):.1f} and stays above {least:.1f}"


@rule("RG212", "warning", of_retrieval=True)
def temperature_low(model: ModelConfig) -> Iterator[Problem]:
    """A very low temperature.

    Scores, and with them the gradients, are multiplied by 1/T. Below 0.02 for cosines (or 0.1 for
    unbounded scores), the softmax is saturated from the first steps on.

    Example:
        model:
          normalize_embeddings: true
          temperature: 0.005

    Use instead:
        model:
          normalize_embeddings: true
          temperature: 0.05

    Use 0.05 to 0.1 with `normalize_embeddings`, and 1 without.
    """
    limit = _LOW if model.normalize_embeddings else _LOW_UNBOUNDED
    if model.temperature < limit:
        factor = 1 / model.temperature
        what = "cosines" if model.normalize_embeddings else "scores"
        message = f"a temperature of {model.temperature:g} multiplies {what} by {factor:,.0f}"
        help = "Use 0.05 to 0.1 with normalize_embeddings, and 1 without."
        yield Problem(("model", "temperature"), message, help)


@rule("RG213", "info", of_retrieval=True)
def temperature_absorbed(model: ModelConfig) -> Iterator[Problem]:
    """A temperature without normalized embeddings.

    The towers can make their outputs as long as they like, so they undo any temperature; it acts as
    another learning rate. Measured on Online Retail, recall after five epochs is 0.279 with
    0.1, 0.280 with 0.5, 0.268 with 1 and 0.211 with 5; a higher learning rate achieves the same.

    Example:
        model:
          temperature: 0.5

    Use instead:
        model:
          normalize_embeddings: true
          temperature: 0.1

    Remove it, or normalize the embeddings.
    """
    is_free = not model.normalize_embeddings
    if is_free and model.temperature != 1 and model.temperature >= _LOW_UNBOUNDED:
        message = "without normalize_embeddings the towers learn to undo the temperature"
        help = "Remove it, or set `normalize_embeddings: true`."
        yield Problem(("model", "temperature"), message, help)


@rule("RG214", "info", of_retrieval=True)
def smoothing_strong(model: ModelConfig) -> Iterator[Problem]:
    """Strong label smoothing.

    A smoothing of s demands a probability of s/n for each of the n products of the batch, however
    different they are. It is intended for a few classes with noisy labels. Measured on Online
    Retail, 0.1 and 0.3 neither help nor harm (0.268 and 0.267, compared with 0.268 without it);
    more was not tried.

    Example:
        model:
          label_smoothing: 0.4

    Use instead:
        model:
          label_smoothing: 0.1

    Use 0.1 at most, or none.
    """
    if model.label_smoothing > _MUCH_SMOOTHING:
        message = (
            f"label_smoothing {show(model.label_smoothing)} demands scores that are nearly equal"
        )
        yield Problem(("model", "label_smoothing"), message, "Use 0.1 at most.")


@rule("RG215", "warning")
def recall_not_measured(model: ModelConfig) -> Iterator[Problem]:
    """Training without measuring recall.

    The loss alone says little: it was constant throughout trainings that had failed, and it can
    rise while recall still improves. Without recall on validation data, failures go unnoticed, no
    epoch can be chosen as the best, and only `epochs` ends the training. Measuring it costs a tenth
    of an epoch on Online Retail.

    Example:
        model:
          enable_training_metrics: false

    Use instead:
        model:
          enable_training_metrics: true
    """
    if not model.enable_training_metrics:
        path = ("model", "enable_training_metrics")
        message = (
            "recall is not measured during training, and the loss alone does not show failures"
        )
        yield Problem(path, message, "Switch it on.", fix=("set", True))
