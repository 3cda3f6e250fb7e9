"""How the optimizer was set, and what came of it: RD2xx. The figures: docs/limits.md."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from recgen.analysis.causes.base import Kind, Sign, confirmed, epoch, figure
from recgen.analysis.causes.remedies import (
    calmed,
    corrected,
    lower_rate,
    without_layers,
)
from recgen.analysis.diagnosis import Confidence, Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.series import last, lowest, points

_RATE, _CLIPPING = "model.learning_rate", "model.gradient_clip_norm"
_HIGH = ("RG201", "RG202", "RG203", "RG206")
_BLOWN_UP = 1.5  # the last loss, divided by the lowest
_BLOWN_TO_CHANCE = 1.25  # the loss, divided by that of equal scores
_FAR_FROM_CHANCE = 2.0
_BURST = 100.0  # a gradient's norm, divided by the median


def _high_rate(facts: Facts) -> Iterator[Sign]:
    rate, info = facts.rate, facts.optimizer_info
    if rate is None or info is None or info.is_unfit(1):
        return  # at no rate does it suit
    found = [f for f in facts.findings(*_HIGH) if f.path == _RATE]
    safe = info.at(facts.depth).safe
    if not found and rate <= safe:
        return
    told = confirmed(*found) or (
        f"learning rate {rate:g} with {facts.optimizer}: {safe:g} is safe",
    )
    help = found[0].help if found else ""
    if facts.is_failed or _has_diverged(facts):
        yield Sign("high" if found else "medium", told, help, calmed(facts), verdict="bad")
    elif found:
        trains = "it trained all the same; another seed may not, and a lower rate may be better"
        yield Sign("low", (*told, trains), help, {_RATE: safe}, verdict="good")


def _low_rate(facts: Facts) -> Iterator[Sign]:
    info = facts.optimizer_info
    for finding in facts.findings("RG228") if info else ():
        told = (*confirmed(finding), *_ends(facts))
        patch = {_RATE: info.at(facts.depth).safe} if info else None
        if facts.is_failed or facts.is_at_chance:
            yield Sign("high", told, finding.help, patch, verdict="bad")
        else:
            yield Sign("medium", told, finding.help, patch)


def _ends(facts: Facts) -> tuple[str, ...]:
    found = points(facts.loss)
    if len(found) < 2:
        return ()
    first, end = found[0][1], found[-1][1]
    if abs(end - first) > 0.05 * abs(first):
        return ()
    return (f"the loss moved from {figure(first)} to {figure(end)} in {facts.epochs} epochs",)


def _has_diverged(facts: Facts) -> bool:
    return any(True for _ in _divergence(facts))


def _divergence(facts: Facts) -> Iterator[Sign]:
    if facts.failure_kind in ("collapse", "dead_tower", "nan"):
        return
    bottom, end = lowest(facts.loss), last(facts.loss)
    said = facts.params.failure
    seen = [f"the trainer stopped itself: {said}"] if said and _told(facts, "divergence") else []
    if bottom and end is not None and bottom[1] > 0 and end > _BLOWN_UP * bottom[1]:
        lowest_epoch = epoch(bottom[0])
        seen.append(f"the loss rose from {figure(bottom[1])} in {lowest_epoch} to {figure(end)}")
    ratio = last(facts.loss_to_chance)
    if ratio is not None and ratio > _BLOWN_TO_CHANCE:
        seen.append(f"the loss ends at {ratio:.3g} times that of equal scores: worse than guessing")
    seen += _bursts(facts) if seen else ()
    if seen:
        far = ratio is not None and ratio > _FAR_FROM_CHANCE
        sure = len(seen) > 1 or far or _told(facts, "divergence")
        patch = calmed(facts) or lower_rate(facts)
        yield Sign("high" if sure else "medium", tuple(seen), patch=patch)


def _told(facts: Facts, kind: str) -> bool:
    return facts.failure_kind == kind


def _bursts(facts: Facts) -> Iterator[str]:
    norms = points(facts.gradient("total") or facts.gradient("query"))
    if len(norms) < 2:
        return
    top, usual = max(norms, key=lambda point: point[1]), median(value for _, value in norms)
    if usual > 0 and top[1] > _BURST * usual:
        yield f"the gradients' norm reached {figure(top[1])} in {epoch(top[0])}"


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
    gaps = [n for n, value in enumerate(facts.loss) if value is None]
    if points(facts.loss) and gaps and not seen:
        seen.append(f"the loss has no value from {epoch(gaps[0])} on: it was no finite number")
    if seen:
        yield Sign("high", tuple(seen[:4]), patch=calmed(facts) or lower_rate(facts))


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
        told = confirmed(*found) or (f"gradient_clip_norm is null, with {facts.optimizer}",)
        help = found[0].help if found else ""
        sure = is_rescued or facts.failure_kind == "nan"
        yield Sign("high" if sure else "medium", told, help, {_CLIPPING: 1.0}, verdict="bad")


def _no_logq(facts: Facts) -> Iterator[Sign]:
    for finding in facts.findings("RG208"):
        told, patch = confirmed(finding), corrected(facts)
        if facts.is_failed and not facts.failure_kind:
            yield Sign("high", told, finding.help, patch, verdict="bad")
        else:
            yield Sign("medium", told, finding.help, patch, verdict="at_risk")


def _unfit_optimizer(facts: Facts) -> Iterator[Sign]:
    bad: Verdict | None = "bad" if facts.is_failed else None
    for finding in facts.findings("RG232"):
        suits_none = facts.optimizer_info is not None and facts.optimizer_info.is_unfit(1)
        otherwise: Confidence = "medium" if suits_none else "low"
        confidence = "high" if bad else otherwise
        yield Sign(confidence, confirmed(finding), finding.help, calmed(facts), verdict=bad)


def _too_deep(facts: Facts) -> Iterator[Sign]:
    depth, judged = facts.depth, facts.judged
    if depth is None or depth < 2 or facts.beats_baseline is not False:
        return
    if facts.failure_kind in ("nan", "collapse") or facts.zero_gradients:
        return
    told = [f"{depth} dense layers in a tower"]
    if judged and judged.baseline is not None:
        baseline = f"{facts.kind.baseline} {figure(judged.baseline)}"
        told.append(f"{judged.name} {figure(judged.own)}, {baseline}")
    yield Sign("medium", tuple(told), patch=without_layers(facts), verdict="bad")


KINDS = (
    Kind(
        code="RD201",
        verdict="bad",
        title="Learning rate too high for these towers",
        reason="What a rate does depends on the optimizer and on depth. Measured on Online "
        "Retail: with Adagrad, 0.1 trains without layers and fails or learns popularity only with "
        "three and more; Adam's limit is 0.01. A summed loss or no clipping lower these limits.",
        signs="The rate is above the limit of this optimizer at this depth, and the run died, "
        "diverged, or is no better than popularity. In a run that went well it is a remark.",
        remedy="Use 0.05 with Adagrad, 0.01 with Adam; less from six layers on.",
        check=_high_rate,
    ),
    Kind(
        code="RD202",
        verdict="at_risk",
        title="Learning rate too low for this optimizer",
        reason="Measured on Online Retail, three epochs: Adagrad 0.003 ends at 0.166, hardly above "
        "popularity's 0.155, and 0.1 at 0.280; Adam 0.0001 at 0.164, and 0.01 at 0.276.",
        signs="The rate is below 0.01 with Adagrad or FTRL, 0.0005 with Adam, AdamW or RMSprop.",
        remedy="Use 0.05 with Adagrad, 0.001 to 0.01 with Adam.",
        check=_low_rate,
    ),
    Kind(
        code="RD203",
        verdict="bad",
        title="Divergence",
        reason="The loss rises instead of falling: steps overshoot, each more than the last. "
        "Scores grow without bound, and the loss ends above that of guessing.",
        signs="The last loss is one and a half times the lowest, or a quarter above that of equal "
        "scores; the gradients' norm bursts.",
        remedy="Lower the learning rate, and clip gradients at 1.0.",
        check=_divergence,
    ),
    Kind(
        code="RD204",
        verdict="broken",
        title="NaN or infinity in training",
        reason="Once a weight is NaN, all scores are, and nothing that is measured afterwards "
        "means anything; a recall by score is a silent 0.",
        signs="The trainer stopped for it, the file holds NaN or Infinity, or the loss has no "
        "value from some epoch on.",
        remedy="Clip gradients at 1.0, lower the learning rate; look for infinities in the data.",
        check=_not_finite,
    ),
    Kind(
        code="RD205",
        verdict="bad",
        title="A ReLU layer as a tower's output",
        reason="Each output dimension that is dead in one tower is lost for both. Measured on "
        "Online Retail: of all-ReLU towers of 256, 128 and 64 two of four were dead within an "
        "epoch at Adagrad 0.05, where a linear last layer trains.",
        signs="The run failed, and the config ends a tower in a ReLU layer of the output's width.",
        remedy="Write `activation: linear` for the last layer.",
        check=_relu_output,
    ),
    Kind(
        code="RD206",
        verdict="bad",
        title="Gradients not clipped",
        reason="A burst of gradients throws weights so far that they do not come back. Clipping "
        "all of them together at 1.0 rescues SGD (NaN in two of two runs without, training in two "
        "of two with it), and Adagrad as Keras sets it, whose accumulator starts at 0.1. Adam "
        "divides the scale away, and so does Adagrad with the generated trainer's 1e-7.",
        signs="`gradient_clip_norm` is null, and training diverged, collapsed or ended in NaN.",
        remedy="Set `gradient_clip_norm: 1.0`.",
        check=_not_clipped,
    ),
    Kind(
        code="RD207",
        verdict="at_risk",
        title="No logQ correction",
        reason="Popular products are negatives more often, and are punished for it. Measured on "
        "Online Retail: recall@100 0.217 without the correction and 0.311 with it, same model.",
        signs="`logq_correction` is false; it is a high cause where recall is below popularity.",
        remedy="Set `logq_correction: true`.",
        check=_no_logq,
    ),
    Kind(
        code="RD208",
        verdict="at_risk",
        title="An optimizer that does not suit",
        reason="SGD gives every row of a table the same rate, so that IDs with few rows hardly "
        "move: at most 0.160 at any rate, where popularity has 0.155 and Adagrad 0.280. FTRL sets "
        "weights to zero in its first step, and layers do not come back from it.",
        signs="The optimizer is SGD, or FTRL with two dense layers or more.",
        remedy="Use `adagrad` at 0.05, or `adam` at 0.001 to 0.01.",
        check=_unfit_optimizer,
    ),
    Kind(
        code="RD209",
        verdict="bad",
        title="Towers deeper than the data bears",
        reason="Depth costs recall on transactions: at the best rate of each, towers with 0 to 4 "
        "dense layers have a recall@100 of 0.280, 0.252, 0.220, 0.207 and 0.199 on Online Retail.",
        signs="Two dense layers or more, and recall that is not above popularity's.",
        remedy="Use one layer or none.",
        check=_too_deep,
    ),
)
