"""How the steps are computed: XLA, 16 bits, replicas."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, Dropout, FeatureConfig, HistoryFeature, ModelConfig
from recgen.config.paths import all_features, all_layers
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_JIT = ("model", "jit_compile")


@rule("RG238", "error")
def xla_with_histories(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """XLA with histories.

    XLA compiles for tensors of known shape, and a history is a list of any length. TensorFlow 2.21
    stops at the first step: no registered kernel RaggedTensorToSparse for XLA.

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
    """16 bits with nothing to compute in them.

    Under mixed_bfloat16, weights, tables and loss keep 32 bits; what is looked up is rounded to 16,
    and dense layers multiply in 16, which GPUs and TPUs do faster. Towers without layers have at
    most a projection, so only the rounding remains. Measured on two CPU cores with layers of 512,
    where nothing multiplies faster in 16 bits: an epoch takes 1.34 times as long (1.32 to 1.35 in
    three rounds).

    Example:
        model:
          precision: mixed_bfloat16

    Use instead:
        model:
          precision: float32
    """
    if model.precision != "float32" and not any(map(model.layers_of, SIDES)):
        message = f"{model.precision} without layers: vectors are rounded, but little is computed"
        yield Problem(("model", "precision"), message, "Use float32.", fix=("set", "float32"))


@rule("RG240", "info")
def distribution_of_the_machine(model: ModelConfig) -> Iterator[Problem]:
    """Distribution that the machine decides.

    A trainer has a replica on each GPU of its machine, on at most `gpu_count` of them where
    `custom_config` says so, and trains together with the other machines that the environment
    variable TF_CONFIG names; the same code is right for one replica and for many. Earlier versions
    generated another trainer for each of `none`, `mirrored` and `multi_worker`, which are read as
    `auto`.

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
    message = f"distribution {model.distribution!r} is read as 'auto': the machine decides"
    help = {
        "none": "Remove it. To use one GPU of several, set gpu_count to 1 in custom_config.",
        "mirrored": "Remove it. All visible GPUs are used, at most gpu_count of custom_config.",
        "multi_worker": "Remove it. Several machines train together where TF_CONFIG names them.",
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

    Switch `jit_compile` off where a training must be repeated exactly.
    """
    layers = any(isinstance(layer, Dropout) and layer.rate for _, layer in all_layers(model))
    if model.jit_compile and (layers or model.output_dropout):
        message = "jit_compile with dropout: what is dropped does not depend on the seed"
        yield Problem(_JIT, message, "Switch it off to repeat a training exactly.")
