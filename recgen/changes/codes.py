"""Codes of what a change of a config breaks, with their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recgen.plan.levels import Level

Severity = Literal["warning", "info"]

ABOUT: Mapping[Level, str] = {
    "client": "requests and answers of the served model: does what clients send and read today "
    "still work?",
    "weights": "checkpoints and warm starts: do the old weights load, and mean the same?",
    "transform": "vocabularies and transformed examples: can those that exist be used again?",
    "compare": "metrics: can figures of before and after be compared?",
}
"""What each level is about."""


@dataclass(frozen=True)
class Code:
    """What a change breaks.

    Attributes:
        code: `RB…`.
        level: What it concerns; None for what concerns nothing.
        title: The problem in a few words.
        reason: Why it breaks something.
        example: A change that does it, as a diff of configs.
        help: What to do.
        severity: `warning`, or `info` for what only has to be known.
    """

    code: str
    level: Level | None
    title: str
    reason: str
    example: str
    help: str
    severity: Severity = "warning"

    @property
    def levels(self) -> str:
        """Its severities in words."""
        if self.severity == "info":
            return "note"
        return "warning, error with --deployed" if self.level == "client" else "warning"


_CODES = (
    Code(
        "RB001",
        None,
        "A harmless change",
        "Old clients, weights, transformed examples and figures all stay valid. A setting of the "
        "training takes effect with the next training.",
        "-  learning_rate: 0.05\n+  learning_rate: 0.02",
        "Nothing has to be done.",
        "info",
    ),
    Code(
        "RB101",
        "client",
        "Requests need another column",
        "The signature `serving_default` has an input for each raw column of the buyer tower. A "
        "request without one of them is refused, so every client has to send the new column "
        "before the new model is served.",
        "   buyer_model_features:\n     - {column: user_id, data_type: text}\n"
        "+    - {column: city, data_type: text}",
        "Serve the new model under a new name or version, let the clients send the column, and "
        "then take the old one away.",
    ),
    Code(
        "RB102",
        "client",
        "Requests must not have a column any more",
        "TensorFlow Serving refuses a request with an input that the signature does not have, and "
        "so does the SavedModel's function in Python.",
        "   buyer_model_features:\n     - {column: user_id, data_type: text}\n"
        "-    - {column: city, data_type: text}",
        "Serve the new model under a new name or version, let the clients leave the column out, "
        "and then take the old one away.",
    ),
    Code(
        "RB103",
        "client",
        "An input has another name",
        "Clients send columns by name: under the old one, the column is unknown, and under the new "
        "one, it is missing. A feature of one tower counts as renamed if everything else of it is "
        "the same.",
        "-    - {column: city, data_type: text}\n+    - {column: town, data_type: text}",
        "Keep the old name in requests with `display_name`, or serve the new model under a new "
        "name or version until all clients have changed.",
    ),
    Code(
        "RB104",
        "client",
        "An input has another type",
        "TensorFlow converts nothing: a number where a text is expected is refused. Times are "
        "epoch seconds, whatever unit the data has. A list in another order, or of the values of "
        "another column, is not refused, and means something else.",
        "-    - {column: user_id, bq_type: STRING, data_type: text}\n"
        "+    - {column: user_id, bq_type: INT64, data_type: text}",
        "Convert in the client, or serve the new model under a new name or version.",
    ),
    Code(
        "RB105",
        "client",
        "Answers have IDs of another type or column",
        "Clients look products up by the IDs in `product_ids`. IDs of another type do not compare "
        "equal, and those of another column are not found, or are other products.",
        "-  product_id_column: sku\n+  product_id_column: product_group_id",
        "Serve the new model under a new name or version.",
    ),
    Code(
        "RB106",
        "client",
        "Answers are shorter",
        "`product_ids` and `scores` have fewer columns: a client that reads the 100th product "
        "finds none.",
        "-  top_k: 100\n+  top_k: 20",
        "Ask the clients how many products they read.",
    ),
    Code(
        "RB107",
        "client",
        "Another kind of model",
        "The kind of model decides the signatures: retrieval answers with products, ranking with "
        "predictions in units of the target, and multitask with either.",
        "-  model_type: retrieval\n+  model_type: ranking",
        "Serve the new model under a new name.",
    ),
    Code(
        "RB108",
        "client",
        "Scores have another scale",
        "Requests and answers have the same form, and the order of products means what it did. A "
        "client that compares scores with a threshold, or mixes them with other scores, has to "
        "measure it again.",
        "-  normalize_embeddings: false\n+  normalize_embeddings: true",
        "Tell those who use scores for more than the order.",
        "info",
    ),
    Code(
        "RB109",
        "client",
        "Answers are longer",
        "`product_ids` and `scores` have more columns; the first ones are what they were.",
        "-  top_k: 100\n+  top_k: 200",
        "Nothing has to be done, if clients cut the list that they get.",
        "info",
    ),
    Code(
        "RB110",
        "client",
        "Another search",
        "Requests and answers have the same form. A model that searches with ScaNN only loads "
        "where ScaNN's operations are, and its answers are approximate.",
        "-  retrieval_algorithm: brute_force\n+  retrieval_algorithm: scann",
        "Give the server an image with ScaNN first.",
    ),
    Code(
        "RB201",
        "weights",
        "Weights are added or gone",
        "A checkpoint has a value for each weight by the name of its layer. New ones are not in an "
        "old checkpoint and start at random; old ones are not used.",
        "   buyer_tower_layers:\n     - {type: dense, units: 64}\n+    - {type: dense, units: 32}",
        "Train from the start.",
    ),
    Code(
        "RB202",
        "weights",
        "Weights have another shape",
        "A checkpoint's value does not fit: loading it is an error.",
        "-        embedding: {embedding_dim: 32}\n+        embedding: {embedding_dim: 64}",
        "Train from the start.",
    ),
    Code(
        "RB203",
        "weights",
        "Weights have another name",
        "Layers are named after their columns, and a checkpoint is read by these names: under the "
        "new one, it has no value.",
        "-    - {column: city, data_type: text}\n+    - {column: town, data_type: text}",
        "Train from the start, or keep the old name with `display_name`.",
    ),
    Code(
        "RB204",
        "weights",
        "The layers get their inputs in another order",
        "The rows of the first layer's kernel belong to the concatenated features by their places. "
        "If the features are in another order, the old weights load without any message, and each "
        "row is multiplied with another feature.",
        "   product_model_features:\n-    - {column: price, data_type: numeric}\n"
        "     - {column: weight, data_type: numeric}\n"
        "+    - {column: price, data_type: numeric}",
        "Restore the order, or train from the start.",
    ),
    Code(
        "RB205",
        "weights",
        "The same weights compute something else",
        "The old weights load without any message, but were trained for another function: another "
        "activation, other normalization, another order of layers.",
        "-    - {type: dense, units: 64, activation: relu}\n"
        "+    - {type: dense, units: 64, activation: tanh}",
        "Train from the start.",
    ),
    Code(
        "RB206",
        "weights",
        "What the weights belong to means something else",
        "The old weights may load, but a row of a table belongs to another value, or a number "
        "arrives on another scale.",
        "-        normalize: {}\n+        normalize: {range: [0, 1]}",
        "Train from the start.",
    ),
    Code(
        "RB207",
        "weights",
        "The optimizer's state does not load",
        "A checkpoint also has what the optimizer keeps for each weight, and the mean of the "
        "weights. The towers' own weights load, so a warm start works; the optimizer begins anew.",
        "-  optimizer: adagrad\n+  optimizer: adam",
        "Start from the old weights with a new optimizer, or train from the start.",
    ),
    Code(
        "RB301",
        "transform",
        "A transformed feature is new",
        "Examples that were transformed before lack it, and the trainer cannot read them.",
        "-        normalize: {}\n+        normalize: {}\n+        bucketize: {}",
        "Run the transform again.",
    ),
    Code(
        "RB302",
        "transform",
        "A transformed feature is gone",
        "The transform no longer writes it. A trainer that was rendered before needs it.",
        "         normalize: {}\n-        bucketize: {}",
        "Run the transform again, and keep both modules of one config together.",
    ),
    Code(
        "RB303",
        "transform",
        "A transformed feature has another name",
        "Features and vocabularies are named after their columns. Examples that were transformed "
        "before have the old name.",
        "-    - {column: city, data_type: text}\n+    - {column: town, data_type: text}",
        "Run the transform again, or keep the old name with `display_name`.",
    ),
    Code(
        "RB304",
        "transform",
        "A transformed feature is computed in another way",
        "The feature has the same name and other values: mixing examples of before and after, or "
        "reading the old vocabulary, shows no error.",
        "-        embedding: {}\n+        embedding: {vocab_size: 10000}",
        "Run the transform again, and remove the old examples.",
    ),
    Code(
        "RB305",
        "transform",
        "A raw column has another type",
        "The transform expects a column of another type in the data.",
        "-    - {column: user_id, bq_type: STRING, data_type: text}\n"
        "+    - {column: user_id, bq_type: INT64, data_type: text}",
        "Run the transform again, on data with the new type.",
    ),
    Code(
        "RB306",
        "transform",
        "Other rows or values are transformed",
        "Vocabularies, means and quantiles are learnt from the rows, so they change with how the "
        "data is read, how it is split and which parts they are learnt from.",
        "   split:\n-    test: 0.1\n+    test: 0.2",
        "Run the transform again.",
    ),
    Code(
        "RB401",
        "compare",
        "Other data",
        "Figures on other rows say nothing about the model. If it is the same data at another "
        "place, nothing changes.",
        "-  source: 2025.parquet\n+  source: 2026.parquet",
        "Train both configs on the same data before comparing them.",
    ),
    Code(
        "RB402",
        "compare",
        "Other rows are tested",
        "How the rows are read, split and given to trainings decides what is tested, and what is "
        "known when it is tested. Other rows are harder or easier, whatever the model.",
        "-    kind: random\n+    kind: strict_time",
        "Train both configs with the same split before comparing them.",
    ),
    Code(
        "RB403",
        "compare",
        "Another buyer or another product is meant",
        "Recall counts pairs of buyer and product: with other IDs they are other pairs, and "
        "finding one of 50 groups is easier than finding one of 5,000 products.",
        "-  product_id_column: sku\n+  product_id_column: product_group_id",
        "Compare with baselines, each on its own test.",
    ),
    Code(
        "RB404",
        "compare",
        "Losses have another scale",
        "The loss is a softmax over the negatives: with more of them, another temperature or "
        "another correction, it has another scale, as with other weights of two tasks. Recall, and "
        "all other figures, can be compared.",
        "-  batch_size: 1024\n+  batch_size: 4096",
        "Compare recall, not the loss.",
        "info",
    ),
    Code(
        "RB405",
        "compare",
        "Another kind of figures",
        "Retrieval is measured by recall, ranking by errors of its predictions, multitask by both.",
        "-  model_type: retrieval\n+  model_type: ranking",
        "Compare each with its own baselines.",
    ),
    Code(
        "RB406",
        "compare",
        "Another catalogue or other known buyers",
        "A vocabulary that is cut leaves rare products and buyers out. They cannot be recommended "
        "or recognised, and their rows count as misses or not at all.",
        "-        embedding: {}\n+        embedding: {min_frequency: 5}",
        "Compare figures only where the counts of pairs are the same.",
    ),
)

CODES: Mapping[str, Code] = {code.code: code for code in _CODES}
"""All codes, in their order."""

HARMLESS, LONGER = CODES["RB001"], CODES["RB109"]
