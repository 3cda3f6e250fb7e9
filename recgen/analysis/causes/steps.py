"""Causes RD2xx: settings of the optimizer and their effects. Figures are from docs/limits.md."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, epoch, figure
from recgen.analysis.causes.remedies import (
    advice,
    calmed,
    corrected,
    rescued,
    without_layers,
)
from recgen.analysis.diagnosis import Confidence, Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.older import WORDS
from recgen.analysis.series import burst, last, lowest, points
from recgen.findings import counted, show

_RATE, _CLIPPING = "model.learning_rate", "model.gradient_clip_norm"
_HIGH = ("RG201", "RG202", "RG203", "RG206")
_BLOWN_UP = 1.5  # the last loss, divided by the lowest
_FAR_BLOWN_UP = 100.0
_BLOWN_TO_CHANCE = 1.25  # the loss, divided by that of equal scores
_FAR_FROM_CHANCE = 2.0


def _high_rate(facts: Facts) -> Iterator[Sign]:
    rate, info = facts.rate, facts.optimizer_info
    if rate is None or info is None or info.is_unfit(1):
        return  # no rate makes it suitable
    found = [f for f in facts.findings(*_HIGH) if f.path == _RATE]
    safe = info.at(facts.depth).safe
    if not found and (rate <= safe or not (_is_deep(facts) or _went_wild(facts))):
        return
    seen = confirmed(*found) or (
        f"the learning rate is {rate:g} with {facts.optimizer}; {safe:g} is safe",
    )
    help = found[0].help if found else ""
    if facts.is_failed or _has_diverged(facts):
        yield Sign("high" if found else "medium", seen, help, calmed(facts), verdict="bad")
    elif found:
        trains = "it trained anyway; another seed may not, and a lower rate may be better"
        yield Sign("low", (*seen, trains), help, {_RATE: safe}, verdict="good")


def _is_deep(facts: Facts) -> bool:
    """Return whether a tower may have hidden layers: their units die without a trace."""
    return facts.depth is None or facts.depth > 1


def _went_wild(facts: Facts) -> bool:
    """Return whether something shows that steps were too long: it died, burst or diverged."""
    is_dead = facts.failure_kind or facts.zero_gradients or facts.constant_loss or facts.is_stuck
    ratio = last(facts.loss_to_chance)
    is_high = (ratio or 0.0) > 1.0 and not facts.ended_well
    return bool(is_dead) or is_high or _has_diverged(facts)


def _low_rate(facts: Facts) -> Iterator[Sign]:
    info = facts.optimizer_info
    for finding in facts.findings("RG228") if info else ():
        seen = (*confirmed(finding), *_ends(facts))
        patch = {_RATE: info.at(facts.depth).safe} if info else None
        if facts.is_failed or facts.is_at_chance:
            died = bool(facts.zero_gradients or facts.failure_kind in ("collapse", "dead_tower"))
            yield Sign("high", seen, finding.help, patch, "bad", explains=not died)
        else:
            yield Sign("medium", seen, finding.help, patch)


def _ends(facts: Facts) -> tuple[str, ...]:
    found = points(facts.loss)
    if len(found) < 2:
        return ()
    first, end = found[0][1], found[-1][1]
    if abs(end - first) > 0.05 * abs(first):
        return ()
    return (
        f"the loss moved from {figure(first)} to {figure(end)} in {counted(facts.epochs, 'epoch')}",
    )


def _has_diverged(facts: Facts) -> bool:
    return any(True for _ in _divergence(facts))


def _divergence(facts: Facts) -> Iterator[Sign]:
    if facts.failure_kind in ("collapse", "dead_tower", "nan") or facts.ended_well:
        return
    bottom, end = lowest(facts.loss), last(facts.loss)
    said, is_reported = facts.params.failure, facts.failure_kind == "divergence"
    seen = [f"the trainer stopped: {said}"] if said and is_reported else []
    if bottom and end is not None and bottom[1] > 0 and end > _BLOWN_UP * bottom[1]:
        lowest_epoch = epoch(bottom[0])
        seen.append(f"the loss rose from {figure(bottom[1])} in {lowest_epoch} to {figure(end)}")
    seen += _blown_up_validation(facts)
    ratio = last(facts.loss_to_chance)
    if ratio is not None and ratio > _BLOWN_TO_CHANCE:
        seen.append(f"the loss ends at {ratio:.3g} times that of equal scores, worse than guessing")
    seen += _bursts(facts) if seen else ()
    if seen:
        far = ratio is not None and ratio > _FAR_FROM_CHANCE
        far = far or any(_blown_up_validation(facts))
        far = far or bool(bottom and end and end > _FAR_BLOWN_UP * bottom[1] > 0)
        sure = len(seen) > 1 or far or is_reported
        yield Sign("high" if sure else "medium", tuple(seen), advice(facts), rescued(facts))


def _blown_up_validation(facts: Facts) -> Iterator[str]:
    """Yield a rise of the validation loss that no overfitting has; Keras's last batch hides it."""
    bottom, end = lowest(facts.val_loss), last(facts.val_loss)
    if bottom and end is not None and end > _FAR_BLOWN_UP * bottom[1] > 0:
        yield f"val_loss rose from {figure(bottom[1])} in {epoch(bottom[0])} to {figure(end)}"


def _bursts(facts: Facts) -> Iterator[str]:
    if found := burst(facts.gradient("total") or facts.gradient("query")):
        yield f"the norm of the gradients reached {figure(found[1])} in {epoch(found[0])}"


def _not_finite(facts: Facts) -> Iterator[Sign]:
    seen = []
    said = facts.params.failure
    if facts.failure_kind == "nan":
        where = "" if facts.failure_epoch is None else f" in {epoch(facts.failure_epoch)}"
        seen.append(said or f"the trainer stopped{where}: the loss became NaN or infinite")
    for path, epochs in facts.run.file.not_finite.items():
        if path.startswith(("loss.", "gradient.")):
            since = f"from {epoch(epochs[0])} on" if len(epochs) > 1 else f"in {epoch(epochs[0])}"
            seen.append(f"{path} is NaN or infinite {since}")
    known = points(facts.loss)
    # Weights that are NaN stay so: an epoch without a value before others was not kept.
    gaps = [n for n in facts.kept if known and known[-1][0] < n < len(facts.loss)]
    if gaps and not seen:
        seen.append(f"the loss has no value from {epoch(gaps[0])} on: it was not finite")
    if seen:
        help = advice(facts, "Look for infinite values in the data: `recgen check --data`.")
        yield Sign("high", tuple(seen[:4]), help, rescued(facts))


def _relu_output(facts: Facts) -> Iterator[Sign]:
    found = facts.findings("RG204")
    if found and facts.is_failed:
        yield Sign("medium", confirmed(*found), found[0].help, calmed(facts), verdict="bad")


def _not_clipped(facts: Facts) -> Iterator[Sign]:
    if facts.model is None or facts.model.gradient_clip_norm is not None or not facts.is_failed:
        return
    if facts.failure_kind in ("nan", "divergence", "collapse") or _has_diverged(facts):
        info = facts.optimizer_info
        is_rescued = info is not None and info.unclipped is not None
        found = [f for f in facts.findings("RG206") if f.path == _CLIPPING]
        seen = confirmed(*found) or (f"gradient_clip_norm is null, with {facts.optimizer}",)
        seen = (*seen, *_assumed(facts, "gradient_clip_norm"))
        help = found[0].help if found else ""
        sure = is_rescued or facts.failure_kind == "nan"
        yield Sign("high" if sure else "medium", seen, help, {_CLIPPING: 1.0}, verdict="bad")


def _no_logq(facts: Facts) -> Iterator[Sign]:
    for finding in facts.findings("RG208"):
        seen = (*confirmed(finding), *_assumed(facts, "logq_correction"))
        died = bool(facts.zero_gradients or facts.constant_loss)
        if facts.source_of("logq_correction") == "older":
            yield Sign("low", seen, finding.help, corrected(facts), verdict="good")
        elif facts.is_failed and not facts.failure_kind:
            yield Sign("high", seen, finding.help, calmed(facts), "bad", explains=not died)
        else:
            yield Sign("medium", seen, finding.help, corrected(facts), "at_risk")


def _assumed(facts: Facts, setting: str) -> Iterator[str]:
    """Yield where a setting is from, if the config does not write it."""
    source = facts.source_of(setting)
    if source in ("older", "module"):
        yield f"{setting} is {show(getattr(facts.model, setting, None))} {WORDS[source]}"


def _unfit_optimizer(facts: Facts) -> Iterator[Sign]:
    bad: Verdict | None = "bad" if facts.is_failed else None
    for finding in facts.findings("RG232"):
        suits_none = facts.optimizer_info is not None and facts.optimizer_info.is_unfit(1)
        otherwise: Confidence = "medium" if suits_none else "low"
        confidence = "high" if bad else otherwise
        yield Sign(
            confidence, confirmed(finding), finding.help, calmed(facts), bad, explains=bool(bad)
        )


def _too_deep(facts: Facts) -> Iterator[Sign]:
    depth, judged = facts.depth, facts.judged
    if depth is None or depth < 2 or facts.beats_plain is not False:
        return
    if facts.failure_kind in ("nan", "collapse") or facts.zero_gradients:
        return
    seen = [f"a tower has {depth} dense layers"]
    if judged and judged.plain is not None:
        baseline = f"{facts.kind.baseline} {figure(judged.plain)}"
        seen.append(f"{judged.name} {figure(judged.own)}, {baseline}")
    yield Sign("medium", tuple(seen), patch=without_layers(facts), verdict="bad")


KINDS = (
    Kind(
        code="RD201",
        verdict="bad",
        title="Learning rate too high for these towers",
        reason="Which rates work depends on the optimizer and on the depth. Measured on Online "
        "Retail: Adagrad with 0.1 trains without layers, but fails or learns only popularity with "
        "three or more; Adam's limit is 0.01. A summed loss or unclipped gradients lower these "
        "limits.",
        signs="The rate is above the limit of this optimizer at this depth, and the run died, "
        "diverged, or is no better than popularity. In a run that went well, this is only a "
        "remark. A rate between the highest safe one and the limit is blamed in towers of one "
        "dense layer or none only if the training died or diverged, or its loss ends above that of "
        "equal scores.",
        remedy="Use 0.05 with Adagrad or 0.01 with Adam, and less from six layers on.",
        check=_high_rate,
    ),
    Kind(
        code="RD202",
        verdict="at_risk",
        title="Learning rate too low for this optimizer",
        reason="Measured on Online Retail, three epochs: Adagrad ends at 0.166 with a rate of "
        "0.003, barely above popularity's 0.155, and at 0.280 with 0.1; Adam ends at 0.164 with "
        "0.0001 and at 0.276 with 0.01.",
        signs="The rate is below 0.01 with Adagrad or FTRL, or below 0.0005 with Adam, AdamW or "
        "RMSprop.",
        remedy="Use 0.05 with Adagrad, or 0.001 to 0.01 with Adam.",
        check=_low_rate,
    ),
    Kind(
        code="RD203",
        verdict="bad",
        title="Divergence",
        reason="The loss rises instead of falling: each step overshoots more than the one before. "
        "Scores grow without bound, and the loss ends above that of guessing.",
        signs="The last loss is one and a half times the lowest one, or a quarter above that of "
        "equal scores; the norm of the gradients spikes.",
        remedy="Lower the learning rate, and clip gradients at 1.0.",
        check=_divergence,
    ),
    Kind(
        code="RD204",
        verdict="broken",
        title="NaN or infinity in training",
        reason="Once a weight is NaN, all scores are NaN, and nothing that is measured afterwards "
        "means anything; a recall that compares scores silently becomes 0.",
        signs="The trainer stopped because of it, the metrics file contains NaN or Infinity, or "
        "the loss has no value from some epoch on.",
        remedy="Clip gradients at 1.0, lower the learning rate, and look for infinite values in "
        "the data.",
        check=_not_finite,
    ),
    Kind(
        code="RD205",
        verdict="bad",
        title="A ReLU layer as a tower's output",
        reason="An output dimension that is dead in one tower is lost for both. Measured on "
        "Online Retail with Adagrad at 0.05: two of four all-ReLU towers of 256, 128 and 64 units "
        "were dead within an epoch, while towers with a linear last layer train.",
        signs="The run failed, and a tower in the config ends in a ReLU layer of the output's "
        "width.",
        remedy="Write `activation: linear` for the last layer.",
        check=_relu_output,
    ),
    Kind(
        code="RD206",
        verdict="bad",
        title="Gradients not clipped",
        reason="A burst of gradients throws the weights so far that they do not recover. Clipping "
        "the global norm at 1.0 rescues SGD (NaN in two of two runs without clipping, a trained "
        "model in two of two with it) and Adagrad with Keras's default accumulator of 0.1. It "
        "does not help Adam, which divides the scale away, nor Adagrad with the generated "
        "trainer's accumulator of 1e-7.",
        signs="`gradient_clip_norm` is null, and the training diverged, collapsed or ended in NaN.",
        remedy="Set `gradient_clip_norm: 1.0`.",
        check=_not_clipped,
    ),
    Kind(
        code="RD207",
        verdict="at_risk",
        title="No logQ correction",
        reason="Popular products are drawn as negatives more often and are therefore penalized. "
        "Measured on Online Retail with the same model: recall@100 is 0.217 without the "
        "correction and 0.311 with it.",
        signs="`logq_correction` is false. The confidence is high if recall is below that of "
        "popularity.",
        remedy="Set `logq_correction: true`.",
        check=_no_logq,
    ),
    Kind(
        code="RD208",
        verdict="at_risk",
        title="Unsuitable optimizer",
        reason="SGD gives every row of a table the same rate, so that the embeddings of rare IDs "
        "barely move: it reaches 0.160 at best, where popularity has 0.155 and Adagrad 0.280. "
        "FTRL sets weights to zero in its first step, and layers do not recover from that.",
        signs="The optimizer is SGD, or FTRL with two or more dense layers.",
        remedy="Use `adagrad` at 0.05, or `adam` at 0.001 to 0.01.",
        check=_unfit_optimizer,
    ),
    Kind(
        code="RD209",
        verdict="bad",
        title="Towers too deep for the data",
        reason="Depth costs recall on transactions: at the best rate for each depth, towers with "
        "0 to 4 dense layers have a recall@100 of 0.280, 0.252, 0.220, 0.207 and 0.199 on Online "
        "Retail.",
        signs="A tower has two or more dense layers, and recall does not exceed that of "
        "popularity.",
        remedy="Use one dense layer or none.",
        check=_too_deep,
    ),
)
