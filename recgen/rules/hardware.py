"""How the steps are computed: XLA, 16 bits, replicas."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, Dropout, FeatureConfig, HistoryFeature, ModelConfig
from recgen.config.paths import all_features, all_layers
from recgen.findings import show
from recgen.rules.base import Problem, Rule

_JIT = ("model", "jit_compile")


def _lists_in_xla(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    lists = [f for _, f in all_features(features) if isinstance(f, HistoryFeature) and f.history]
    if model.jit_compile and lists:
        name = show(lists[0].output_name)
        message = f"jit_compile with the history {name}: XLA cannot compile lists of any length"
        yield Problem(_JIT, message, "Switch it off.", fix=("set", False))


def _nothing_to_compute(model: ModelConfig) -> Iterator[Problem]:
    if model.precision != "float32" and not any(map(model.layers_of, SIDES)):
        message = f"{model.precision} without layers: vectors are rounded, and little is computed"
        yield Problem(("model", "precision"), message, "Use float32.", fix=("set", "float32"))


def _replicas(model: ModelConfig) -> Iterator[Problem]:
    if model.distribution == "multi_worker":
        message = "multi_worker trains on one machine unless each one has its TF_CONFIG"
        help = "Vertex AI sets it in jobs of several workers; elsewhere, set it."
        yield Problem(("model", "distribution"), message, help)


def _seed_lost(model: ModelConfig) -> Iterator[Problem]:
    layers = any(isinstance(layer, Dropout) and layer.rate for _, layer in all_layers(model))
    if model.jit_compile and (layers or model.output_dropout):
        message = "jit_compile with dropout: what is dropped does not depend on the seed"
        yield Problem(_JIT, message, "Switch it off to repeat a training exactly.")


RULES = (
    Rule(
        code="RG238",
        severity="error",
        title="XLA with histories",
        reason="XLA compiles for tensors whose shapes are known, and a history is a list of any "
        "length. TensorFlow 2.21 stops at the first step: no registered kernel "
        "RaggedTensorToSparse for XLA.",
        example="model:\n  jit_compile: true\nfeatures:\n  buyer_model_features:\n"
        "    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: sku}}",
        remedy="Switch `jit_compile` off.",
        checks=(_lists_in_xla,),
    ),
    Rule(
        code="RG239",
        severity="info",
        title="16 bits with nothing to compute in them",
        reason="Under mixed_bfloat16 weights, tables and loss keep 32 bits; what is looked up is "
        "rounded to 16, and dense layers multiply in them, which GPUs and TPUs do faster. Towers "
        "without layers have at most a projection, so that what remains is the rounding. Measured "
        "on two CPU cores with layers of 512, where nothing multiplies in 16 bits faster: an "
        "epoch takes 1.34 times as long (1.32 to 1.35 in three rounds).",
        example="model:\n  precision: mixed_bfloat16",
        remedy="Use float32 without layers.",
        checks=(_nothing_to_compute,),
    ),
    Rule(
        code="RG240",
        severity="info",
        title="Several machines have to know of each other",
        reason="`multi_worker` learns from the environment variable TF_CONFIG who the others "
        "are: without it, each machine trains a model of its own.",
        example="model:\n  distribution: multi_worker",
        remedy="Set TF_CONFIG on each machine.",
        checks=(_replicas,),
    ),
    Rule(
        code="RG241",
        severity="info",
        title="XLA with dropout: the seed does not count",
        reason="Compiled by XLA, random operations ignore TensorFlow's seeds (tensorflow.org/xla/"
        "known_issues; seen with TensorFlow 2.21, where two runs of one seed dropped other "
        "numbers). Weights and shuffling keep theirs.",
        example="model:\n  jit_compile: true\n  output_dropout: 0.2",
        remedy="Switch `jit_compile` off where a training must be repeated exactly.",
        checks=(_seed_lost,),
    ),
)
