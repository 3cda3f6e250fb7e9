"""The model: towers, optimizer, training, retrieval. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recgen.config.types import Config, Count, Flag, ListOf, Real, Side

Activation = Literal[
    "relu", "leaky_relu", "elu", "selu", "tanh", "sigmoid", "swish", "gelu", "linear"
]
Optimizer = Literal["adagrad", "adam", "sgd", "rmsprop", "adamw", "ftrl", "clippy_adagrad"]
Penalty = Annotated[Real, Field(ge=0, le=10)]
Weight = Annotated[Real, Field(ge=0, le=1_000_000)]
Patience = Annotated[int, Field(strict=True, ge=1, le=10_000)]


class Dense(Config):
    """A fully connected layer."""

    type: Literal["dense"]
    """The kind of layer."""
    units: Annotated[int, Field(strict=True, ge=1, le=8192)]
    """Width of the output."""
    activation: Activation | None = "relu"
    """null means linear."""
    l1_reg: Penalty = 0.0
    """Factor of the sum of absolute weights, added to the loss."""
    l2_reg: Penalty = 0.0
    """Factor of the sum of squared weights, added to the loss."""

    @property
    def activation_name(self) -> Activation:
        """The activation, with null spelled out."""
        return self.activation or "linear"


class Dropout(Config):
    """Sets a share of its inputs to zero while training."""

    type: Literal["dropout"]
    """The kind of layer."""
    rate: Annotated[Real, Field(ge=0, lt=1)]
    """Share of the inputs that are set to zero."""


class BatchNorm(Config):
    """Batch normalization."""

    type: Literal["batch_norm"]
    """The kind of layer."""


class LayerNorm(Config):
    """Layer normalization."""

    type: Literal["layer_norm"]
    """The kind of layer."""
    epsilon: Annotated[Real, Field(ge=1e-12, le=1)] = 1e-3
    """Added to the variance, so that nothing is divided by zero."""


Layer = Annotated[Dense | Dropout | BatchNorm | LayerNorm, Field(discriminator="type")]
Layers = Annotated[ListOf[Layer], Field(max_length=50)]


class ModelConfig(Config):
    """How the towers are built and trained."""

    model_type: Literal["retrieval", "ranking", "multitask"] = "retrieval"
    """What is trained; only retrieval is supported."""
    buyer_tower_layers: Layers = ()
    """Layers after the concatenated features; a linear projection follows where needed."""
    product_tower_layers: Layers = ()
    """The same for products."""
    rating_head_layers: Layers = ()
    """Ranking only."""
    output_embedding_dim: Annotated[int, Field(strict=True, ge=8, le=512)] = 64
    """Width of both towers' outputs."""
    share_tower_weights: Flag = False
    """One set of layers for both towers."""
    optimizer: Optimizer = "adagrad"
    """What turns gradients into steps."""
    learning_rate: Annotated[Real, Field(gt=0, le=10)] = 0.05
    """Length of the steps; what trains depends on the optimizer and on depth."""
    batch_size: Annotated[int, Field(strict=True, ge=1, le=1_048_576)] = 1024
    """Rows of a global batch, over all replicas."""
    learning_rate_schedule: Literal["constant", "warmup_cosine", "plateau"] = "constant"
    """warmup_cosine rises over the first 5% of the steps and falls to zero; plateau halves the
    rate when validation recall stalls."""
    ema_decay: Annotated[Real, Field(ge=0.5, lt=1)] | None = None
    """What is validated and served is the mean of the weights over the steps, which keeps this
    share of itself in each: 0.999 is a mean over the last thousand. null for the last weights."""
    epochs: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 8
    """How often training goes over all rows, at most."""
    early_stopping_patience: Patience | None = 3
    """Training ends after so many epochs without a better validation recall; null trains them all.
    In both cases the best epoch's weights are kept."""
    refit: Flag = True
    """Trains a second time, on validation rows too, for as many epochs as were best."""
    loss_function: Literal["mse", "binary_crossentropy", "huber"] | None = None
    """Ranking only."""
    retrieval_weight: Weight | None = None
    """Multitask only."""
    ranking_weight: Weight | None = None
    """Multitask only."""
    retrieval_algorithm: Literal["brute_force", "scann"] = "brute_force"
    """How serving finds products; only brute_force, which is exact, is supported."""
    top_k: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 100
    """Products that serving returns; at most the catalogue."""
    scann_num_leaves: Count | None = None
    """scann only: partitions of the catalogue."""
    scann_leaves_to_search: Count | None = None
    """scann only: partitions that are searched."""
    enable_training_metrics: Flag = True
    """Recall on validation data after each epoch."""
    negatives: Literal["auto", "in_batch", "mixed", "full_catalogue"] = "auto"
    """What a product is compared with: the batch's products, these and some drawn from the
    catalogue, or the whole catalogue; auto decides by `data.catalogue_size`."""
    catalogue_negatives: Annotated[int, Field(strict=True, ge=1, le=1_048_576)] = 1024
    """mixed only: products drawn from the catalogue for each batch."""
    hard_negatives: Annotated[int, Field(strict=True, ge=1, le=1_048_576)] | None = None
    """Of each row's negatives, only so many with the highest scores count; null for all."""
    recency_half_life_days: Annotated[Real, Field(ge=0.01, le=100_000)] | None = None
    """A row that is so many days older is seen half as often; null for no difference."""
    logq_correction: Flag = True
    """Corrects negatives for how often each product is sampled."""
    remove_accidental_hits: Flag = False
    """Takes other rows of the same product out of the in-batch negatives."""
    normalize_embeddings: Flag = False
    """Scales both towers' outputs to length 1: scores are cosines."""
    temperature: Annotated[Real, Field(ge=0.001, le=100)] = 1.0
    """Scores are divided by it in the loss."""
    label_smoothing: Annotated[Real, Field(ge=0, le=0.5)] = 0.0
    """Share of the target that is spread over the negatives."""
    output_dropout: Annotated[Real, Field(ge=0, lt=1)] = 0.0
    """Share of the buyer's vector that is set to zero while training."""
    embedding_max_norm: Annotated[Real, Field(ge=0.01, le=1_000)] | None = None
    """Bound of the length of each vector in an embedding table; null for none."""
    gradient_clip_norm: Annotated[Real, Field(gt=0, le=1_000_000)] | None = 1.0
    """Bound of the norm of all gradients together; null switches it off."""
    distribution: Literal["auto", "none", "mirrored", "multi_worker"] = "auto"
    """auto has one replica for each GPU of the machine, or of the machines that TF_CONFIG names;
    the others were options of earlier versions and are read as auto."""
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    """mixed_bfloat16 computes the layers in 16 bits, and keeps weights and loss in 32."""
    jit_compile: Flag = False
    """Compiles the training step with XLA."""
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 42
    """Seed of weights, shuffling and dropout."""

    def layers_of(self, side: Side) -> tuple[Layer, ...]:
        """Returns the layers of one tower, as configured."""
        return self.buyer_tower_layers if side == "buyer" else self.product_tower_layers

    def is_projected(self, side: Side) -> bool:
        """Says whether a linear projection follows, since no layer gives the output's width."""
        layers = self.layers_of(side)
        last = layers[-1] if layers else None
        return not (isinstance(last, Dense) and last.units == self.output_embedding_dim)

    def depth_of(self, side: Side) -> int:
        """Returns the number of dense layers of one tower, the projection included."""
        dense = sum(isinstance(layer, Dense) for layer in self.layers_of(side))
        return dense + self.is_projected(side)
