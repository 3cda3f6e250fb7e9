"""Rules on computing the steps: XLA, 16 bits, replicas."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, Dropout, FeatureConfig, HistoryFeature, ModelConfig
from recgen.config.paths import all_features, trained_layers
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_JIT = ("model", "jit_compile")


@rule("RG238", "error")
def xla_with_histories(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """XLA with histories.

    XLA compiles for tensors of known shape, but a history is a list of any length. TensorFlow 2.21
    stops at the first step because XLA has no kernel for RaggedTensorToSparse.

    Example:
        model:
          jit_compile: true
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}

    Use instead:
        model:
          jit_compile: false
        features:
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
    """
    lists = [f for _, f in all_features(features) if isinstance(f, HistoryFeature) and f.history]
    if model.jit_compile and lists:
        name = show(lists[0].output_name)
        message = f"jit_compile with the history {name}: XLA cannot compile lists of varying length"
        yield Problem(_JIT, message, "Switch it off.", fix=("set", False))


@rule("RG239", "info")
def nothing_in_16_bits(model: ModelConfig) -> Iterator[Problem]:
    """16 bits with little to compute in them.

    With mixed_bfloat16, weights, tables and loss keep 32 bits; vectors from tables are rounded to
    16 bits, and dense layers multiply in 16 bits, which is faster on GPUs and TPUs. Towers without
    layers have at most a projection, so only the rounding remains. Measured with layers of 512 on
    two CPU cores, which do not multiply faster in 16 bits, an epoch takes 1.34 times as long (1.32
    to 1.35 in three rounds).

    Example:
        model:
          precision: mixed_bfloat16

    Use instead:
        model:
          precision: float32
    """
    if model.precision != "float32" and not any(map(model.layers_of, SIDES)):
        message = f"{model.precision} without layers rounds vectors, but there is little to compute"
        yield Problem(("model", "precision"), message, "Use float32.", fix=("set", "float32"))


@rule("RG240", "info")
def distribution_of_the_machine(model: ModelConfig) -> Iterator[Problem]:
    """Distribution determined by the machine.

    A trainer uses a replica on each GPU of its machine (at most `gpu_count` if `custom_config` has
    it) and trains together with the other machines in the environment variable TF_CONFIG; the same
    code works with one replica and with many. Earlier versions generated different trainers for
    `none`, `mirrored` and `multi_worker`; these values are read as `auto`.

    Example:
        model:
          distribution: mirrored

    Use instead:
        model:
          distribution: auto

    To train on one GPU of several, give the trainer `gpu_count: 1` in `custom_config`.
    """
    if model.distribution == "auto":
        return
    path = ("model", "distribution")
    message = f"distribution {model.distribution!r} is read as 'auto': it depends on the machine"
    help = {
        "none": "Remove it. To use one GPU of several, set gpu_count to 1 in custom_config.",
        "mirrored": "Remove it. All visible GPUs are used, at most gpu_count from custom_config.",
        "multi_worker": "Remove it. Several machines train together if TF_CONFIG names them.",
    }
    yield Problem(path, message, help[model.distribution], fix=("remove", None), safe=True)


@rule("RG241", "info")
def xla_ignores_seed(model: ModelConfig) -> Iterator[Problem]:
    """XLA with dropout, which ignores the seed.

    Compiled by XLA, random operations ignore TensorFlow's seeds (tensorflow.org/xla/known_issues;
    seen with TensorFlow 2.21, where two runs with one seed dropped different numbers). Weights and
    shuffling still follow the seed.

    Example:
        model:
          jit_compile: true
          output_dropout: 0.2

    Use instead:
        model:
          jit_compile: false
          output_dropout: 0.2

    Switch `jit_compile` off if a training must be repeatable exactly.
    """
    layers = any(isinstance(layer, Dropout) and layer.rate for _, layer in trained_layers(model))
    if model.jit_compile and (layers or model.output_dropout):
        message = "jit_compile with dropout: the dropped values do not depend on the seed"
        yield Problem(_JIT, message, "Switch it off to repeat a training exactly.")
