"""Rules on two tasks in one model: how much each one counts, and which rows it learns from."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.config.paths import target_path
from recgen.data.profile import Profile
from recgen.data.targets import learnt
from recgen.findings import percent
from recgen.rules.registry import Problem, rule

_FAR = 50.0  # between two weights


@rule("RG255", "warning")
def starved_task(model: ModelConfig) -> Iterator[Problem]:
    """A task whose weight is far below the other's.

    Each task's loss counts relative to that of a model that knows nothing, so a weight of 0.01
    beside 1 makes a task a hundredth of the whole. Both train the same towers: theirs become those
    of the other task, and with Adagrad, whose steps begin with an accumulator of 0.1, even the
    layers of the small task alone hardly move. Weights from other trainers, whose losses are sums
    over a batch, mean something else.

    Example:
        features:
          target_column: rating
        model:
          model_type: multitask
          retrieval_weight: 1.0
          ranking_weight: 0.01

    Use instead:
        features:
          target_column: rating
        model:
          model_type: multitask
          retrieval_weight: 1.0
          ranking_weight: 0.5

    A run whose task learns nothing has the cause RD463.
    """
    if model.model_type != "multitask":
        return
    weights = {f"{task}_weight": model.weight_of(task) for task in ("retrieval", "ranking")}
    name, rival = sorted(weights, key=weights.__getitem__)
    if weights[name] and weights[rival] > _FAR * weights[name]:
        times = weights[rival] / weights[name]
        message = f"{name} is {weights[name]:g}, a {times:,.0f}th of {rival}: it hardly counts"
        help = f"Use 0.1 to 10 times {rival}: with equal weights, both tasks count the same."
        yield Problem(("model", name), message, help)


@rule("RG579", "info")
def class_0_is_bought(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """Rows with the target 0 are purchases for retrieval.

    Retrieval learns to find the product of each row, whatever the target is. Where the target says
    whether something happened, such as a click on what was shown, a row with 0 is no sign that the
    buyer wants the product, and the model learns to show what is ignored.

    Example:
        features:
          target_column: clicked  # 0 in half of the rows
        model:
          model_type: multitask
          loss_function: binary_crossentropy

    Nothing to do if each row is a purchase, and the target says something of it, such as whether it
    was returned or bought again. Otherwise, use two models: retrieval on the rows with 1, and
    ranking on all.
    """
    found = learnt(features, model, profile)
    if model.model_type != "multitask" or found is None or not found.is_binary:
        return
    share = 1 - found.positive
    message = (
        f"the target is 0 in {percent(share)} of its rows, which retrieval counts as purchases"
    )
    help = "Nothing to do if each row is a purchase; otherwise, use two models."
    yield Problem(target_path(found.target), message, help)
