"""Model settings: towers, optimizer, training, retrieval. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from recgen.config.types import Config, Count, Flag, ListOf, Real, Side

Activation = Literal[
    "relu", "leaky_relu", "elu", "selu", "tanh", "sigmoid", "swish", "gelu", "linear"
]
Optimizer = Literal["adagrad", "adam", "sgd", "rmsprop", "adamw", "ftrl", "clippy_adagrad"]
Penalty = Annotated[Real, Field(ge=0, le=10)]
Weight = Annotated[Real, Field(ge=0, le=1_000_000)]
Patience = Annotated[int, Field(strict=True, ge=1, le=10_000)]


FinalLayer = Literal["fitted", "none"]
OLDER_REFIT = {True: "validation", False: "none"}
"""The values that earlier versions knew, with those of today."""


def _refit(value: object) -> object:
    return OLDER_REFIT[value] if isinstance(value, bool) else value


Refit = Annotated[Literal["all", "validation", "none"], BeforeValidator(_refit)]


class Dense(Config):
    """A fully connected layer."""

    type: Literal["dense"]
    """The kind of layer."""
    units: Annotated[int, Field(strict=True, ge=1, le=8192)]
    """Width of the output."""
    activation: Activation | None = "relu"
    """null means linear."""
    l1_reg: Penalty = 0.0
    """Factor of the L1 penalty (the sum of absolute weights) in the loss."""
    l2_reg: Penalty = 0.0
    """Factor of the L2 penalty (the sum of squared weights) in the loss."""

    @property
    def activation_name(self) -> Activation:
        """The activation, with null spelled out."""
        return self.activation or "linear"


class Dropout(Config):
    """Sets a share of its inputs to zero during training."""

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
    """Added to the variance to avoid a division by zero."""


Layer = Annotated[Dense | Dropout | BatchNorm | LayerNorm, Field(discriminator="type")]
Layers = Annotated[ListOf[Layer], Field(max_length=50)]


OBSOLETE = {"distribution": ("none", "mirrored", "multi_worker")}
"""Values that are still read, by field, and that no message proposes."""


class ModelConfig(Config):
    """How the towers are built and trained."""

    model_type: Literal["retrieval", "ranking", "multitask"] = "retrieval"
    """The kind of model: retrieval finds products, ranking predicts a target."""
    buyer_tower_layers: Layers = ()
    """Layers after the concatenated features; a linear projection follows if needed. In retrieval,
    vectors of the ID and of histories that are as wide as the output are added to it instead."""
    product_tower_layers: Layers = ()
    """The same for products."""
    rating_head_layers: Layers = ()
    """Ranking only: layers from both towers' vectors to the prediction; a linear unit follows if
    they do not end in a dense layer of one unit."""
    head_dot_product: Flag = True
    """Ranking only: whether the head also sees the dot product of both towers' vectors."""
    head_cross_layers: Annotated[int, Field(strict=True, ge=0, le=4)] = 0
    """Ranking only: cross layers (DCN v2) of the head's input, before its other layers."""
    output_embedding_dim: Annotated[int, Field(strict=True, ge=8, le=512)] = 64
    """Width of both towers' outputs."""
    share_tower_weights: Flag = False
    """One set of layers for both towers."""
    optimizer: Optimizer = "adagrad"
    """The optimizer."""
    learning_rate: Annotated[Real, Field(gt=0, le=10)] = 0.05
    """Learning rate; which rates train well depends on the optimizer and the depth."""
    batch_size: Annotated[int, Field(strict=True, ge=1, le=1_048_576)] = 1024
    """Rows of a global batch, summed over all replicas."""
    learning_rate_schedule: Literal["constant", "warmup_cosine", "plateau"] = "constant"
    """warmup_cosine rises over the first 5% of the steps and falls to zero; plateau halves the
    rate when validation recall stalls."""
    ema_decay: Annotated[Real, Field(ge=0.5, lt=1)] | None = None
    """Validate and serve an exponential moving average of the weights with this decay per step:
    0.999 averages over about the last thousand steps. null uses the last weights."""
    epochs: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 8
    """Maximum number of passes over all rows."""
    early_stopping_patience: Patience | None = 3
    """Stop training after this many epochs without a better validation recall; null trains all
    epochs. In both cases, the weights of the best epoch are kept."""
    refit: Refit = "all"
    """What the saved model is trained on, for the number of epochs that was best: `all` rows (the
    test's rows, if there are any, once the model without them is measured), training and
    `validation` rows, or `none` but training rows."""
    final_layer: FinalLayer = "fitted"
    """What ranks products: the towers' score, weighed on validation rows with the products' shares
    of recent rows and with what the buyer had, as a list says and as the model remembers (fitted),
    or the towers' score and `repeat_bonus` alone (none). With `refit: all`, the weights of the
    saved model are those of the test's rows, once these have measured the model."""
    loss_function: Literal["mse", "binary_crossentropy", "huber"] | None = None
    """Ranking only: mse and huber predict an amount, binary_crossentropy the chance of 1 for a
    target of 0 or 1; null is mse."""
    class_weight_damping: Annotated[Real, Field(gt=0, le=1)] | None = None
    """binary_crossentropy only: weigh each class by its odds to this power, so that 1 gives both
    classes the same weight in total; null weighs all rows alike."""
    pairwise_share: Annotated[Real, Field(ge=0, le=0.9)] = 0.0
    """Ranking only: share of the loss that compares pairs of a buyer's rows, so that the one with
    the higher target is predicted higher; the rest is `loss_function`, which keeps predictions in
    the target's units."""
    task_weights: Literal["fixed", "uncertainty"] = "fixed"
    """Multitask only: `fixed` uses the two weights below as they are; with `uncertainty`, each is
    also divided by a factor that is learnt, about the task's loss (Kendall et al., 2018)."""
    retrieval_weight: Weight | None = None
    """Multitask only: weight of finding products; null is 1. Each task's loss counts relative to
    that of a model that knows nothing, so with equal weights, both tasks count the same."""
    ranking_weight: Weight | None = None
    """Multitask only: weight of predicting the target; null is 1."""
    retrieval_algorithm: Literal["brute_force", "scann"] = "brute_force"
    """How products are searched when serving: brute_force is exact; scann is approximate, for more
    than about 100,000 products, and needs TensorFlow 2.16 with scann 1.3.2."""
    top_k: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 100
    """Number of products in an answer, at most those of the catalogue."""
    scann_num_leaves: Count | None = None
    """scann only: number of partitions of the catalogue; null for the root of its size."""
    scann_leaves_to_search: Count | None = None
    """scann only: number of partitions that are searched; null for a quarter of them."""
    enable_training_metrics: Flag = True
    """Measure recall on the validation rows after each epoch."""
    negatives: Literal["auto", "in_batch", "mixed", "full_catalogue"] = "auto"
    """What the right product is compared with: the products of the batch, these and some drawn
    from the catalogue (mixed), or the whole catalogue; auto decides by `data.catalogue_size`."""
    catalogue_negatives: Annotated[int, Field(strict=True, ge=1, le=1_048_576)] = 1024
    """mixed only: number of products drawn from the catalogue for each batch."""
    hard_negatives: Annotated[int, Field(strict=True, ge=1, le=1_048_576)] | None = None
    """Use only this many of each row's negatives, those with the highest scores; null for all."""
    recency_half_life_days: Annotated[Real, Field(ge=0.01, le=100_000)] | None = None
    """Draw a row half as often as one that is this many days newer; null for no difference."""
    logq_correction: Flag = True
    """Correct the scores of negatives for how often each product is sampled."""
    remove_accidental_hits: Flag = False
    """Remove other rows of the same product from the in-batch negatives."""
    normalize_embeddings: Flag = False
    """Scale the outputs of both towers to length 1, so that scores are cosines."""
    temperature: Annotated[Real, Field(ge=0.001, le=100)] = 1.0
    """Divides the scores in the loss."""
    label_smoothing: Annotated[Real, Field(ge=0, le=0.5)] = 0.0
    """Share of the target that is distributed over the negatives."""
    output_dropout: Annotated[Real, Field(ge=0, lt=1)] = 0.0
    """Share of the buyer's vector that is set to zero during training."""
    buyer_id_dropout: Annotated[Real, Field(ge=0, lt=1)] = 0.1
    """Share of the rows that are trained as if their buyer's ID were unknown, anew in each epoch:
    this trains the vector of buyers who are not in the training data. 0 trains all as known."""
    embedding_max_norm: Annotated[Real, Field(ge=0.01, le=1_000)] | None = None
    """Maximum length of each vector in an embedding table; null for no limit."""
    gradient_clip_norm: Annotated[Real, Field(gt=0, le=1_000_000)] | None = 1.0
    """Maximum norm of all gradients together; null disables clipping."""
    distribution: Literal["auto", "none", "mirrored", "multi_worker"] = "auto"
    """auto uses one replica for each GPU of the machine, or of the machines in TF_CONFIG; the
    other values are options of earlier versions and are read as auto."""
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    """mixed_bfloat16 computes the layers in 16 bits and keeps weights and loss in 32."""
    jit_compile: Flag = False
    """Compile the training step with XLA."""
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 42
    """Seed of initial weights, shuffling and dropout."""

    def layers_of(self, side: Side) -> tuple[Layer, ...]:
        """Return the layers of one tower, as configured."""
        return self.buyer_tower_layers if side == "buyer" else self.product_tower_layers

    @property
    def loss(self) -> Literal["mse", "binary_crossentropy", "huber"]:
        """The loss of ranking, with null spelled out."""
        return self.loss_function or "mse"

    def weight_of(self, task: Literal["retrieval", "ranking"]) -> float:
        """Return the weight of a task of multitask, with null spelled out."""
        weight = self.retrieval_weight if task == "retrieval" else self.ranking_weight
        return 1.0 if weight is None else float(weight)

    def is_projected(self, side: Side) -> bool:
        """Return whether a linear projection follows because no layer has the output's width."""
        layers = self.layers_of(side)
        last = layers[-1] if layers else None
        return not (isinstance(last, Dense) and last.units == self.output_embedding_dim)

    def depth_of(self, side: Side) -> int:
        """Return the number of dense layers of one tower, the projection included."""
        dense = sum(isinstance(layer, Dense) for layer in self.layers_of(side))
        return dense + self.is_projected(side)
