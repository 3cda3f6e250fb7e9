"""Rules on activations of layers: their effect on gradients and outputs."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, BatchNorm, Dense, Dropout, ModelConfig
from recgen.config.paths import layers_of
from recgen.findings import Severity
from recgen.rules.registry import Problem, rule


@rule("RG218", "warning")
def sigmoid_layers(model: ModelConfig) -> Iterator[Problem]:
    """Several sigmoid layers in a tower.

    The derivative of a sigmoid is at most 1/4, so each layer removes at least three quarters of the
    gradient for the layers before it. Measured on Online Retail: two of them learn only popularity
    (0.156); ReLU and a linear layer reach 0.217.

    Example:
        model:
          buyer_tower_layers:
            - {type: dense, units: 128, activation: sigmoid}
            - {type: dense, units: 64, activation: sigmoid}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: dense, units: 128, activation: relu}
            - {type: dense, units: 64, activation: linear}

    Use relu, gelu or swish between layers, and `linear` for the last.
    """
    for side in SIDES:
        found = [
            path
            for path, layer in layers_of(model, side)
            if isinstance(layer, Dense) and layer.activation_name == "sigmoid"
        ]
        if len(found) >= 2:
            message = (
                f"{len(found)} sigmoid layers in the {side} tower leave at most "
                f"1/{4 ** len(found)} of the gradient"
            )
            yield Problem((*found[0], "activation"), message, "Use relu, gelu or swish.")


_ENDS = {
    "sigmoid": "all its numbers lie between 0 and 1, so every score is positive",
    "gelu": "none of its numbers is below -0.17, almost as with ReLU",
    "swish": "none of its numbers is below -0.28, almost as with ReLU",
}


@rule("RG219", "warning", also=("info",))
def bounded_output(model: ModelConfig) -> Iterator[Problem]:
    """A tower's output is bounded below.

    Scores are dot products of outputs. After a sigmoid all of them are positive and at most as
    large as the output is wide: a product cannot be the opposite of what a buyer wants. Measured on
    Online Retail: 0.203 instead of 0.217 (tanh has 0.220, so it is not reported). gelu and swish,
    which are barely negative, are a note.

    Example:
        model:
          output_embedding_dim: 64
          buyer_tower_layers:
            - {type: dense, units: 64, activation: sigmoid}

    Use instead:
        model:
          output_embedding_dim: 64
          buyer_tower_layers:
            - {type: dense, units: 64, activation: linear}
    """
    for side in SIDES:
        layers = list(layers_of(model, side))
        path, last = layers[-1] if layers and not model.is_projected(side) else ((), None)
        if isinstance(last, Dense) and last.activation_name in _ENDS:
            name = last.activation_name
            message = f"the {side} tower's output is a {name} layer: {_ENDS[name]}"
            help = "Write `activation: linear` for the last layer."
            severity: Severity | None = None if name == "sigmoid" else "info"
            yield Problem((*path, "activation"), message, help, severity, ("set", "linear"))


@rule("RG220", "info")
def selu_disturbed(model: ModelConfig) -> Iterator[Problem]:
    """Selu beside dropout or batch_norm.

    selu is designed to preserve mean 0 and variance 1 through a layer (Klambauer et al., 2017).
    Dropout changes the variance, and batch_norm normalizes a second time.

    Example:
        model:
          buyer_tower_layers:
            - {type: dense, units: 64, activation: selu}
            - {type: dropout, rate: 0.2}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: dense, units: 64, activation: relu}
            - {type: dropout, rate: 0.2}

    Use relu or gelu, or selu alone.
    """
    for side in SIDES:
        layers = list(layers_of(model, side))
        others = [layer.type for _, layer in layers if isinstance(layer, (Dropout, BatchNorm))]
        for path, layer in layers:
            if others and isinstance(layer, Dense) and layer.activation_name == "selu":
                message = f"selu preserves mean and variance, but {others[0]} changes them"
                yield Problem((*path, "activation"), message, "Use relu or gelu beside it.")
