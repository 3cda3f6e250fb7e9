"""Single changes of a config and what each breaks; `test_breaking*.py` do them.

The levels are those that `recgen breaking` has to find, each with its code.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Plain = dict[str, Any]

BASE: Plain = {
    "name": "base",
    "features": {
        "buyer_model_features": [
            {"column": "user_id", "data_type": "text"},
            {"column": "city", "data_type": "text", "transforms": {"embedding": {}}},
            {
                "column": "age",
                "data_type": "numeric",
                "transforms": {"normalize": {}, "bucketize": {"buckets": 10, "embedding_dim": 8}},
            },
            {
                "column": "since",
                "data_type": "temporal",
                "transforms": {"normalize": {}, "cyclical": {"weekly": True}},
            },
            {
                "column": "past",
                "data_type": "history",
                "transforms": {"history": {"shared_with": "sku", "max_length": 5}},
            },
        ],
        "product_model_features": [
            {"column": "sku", "data_type": "text"},
            {"column": "brand", "data_type": "text", "transforms": {"embedding": {}}},
            {
                "column": "price",
                "data_type": "numeric",
                "transforms": {"log_transform": {}, "normalize": {}},
            },
            {"column": "weight", "data_type": "numeric"},
        ],
        "buyer_model_crosses": [
            {"features": [{"column": "city"}, {"column": "age", "type": "numeric"}]},
        ],
    },
    "model": {
        "output_embedding_dim": 16,
        "buyer_tower_layers": [{"type": "dense", "units": 16}, {"type": "layer_norm"}],
        "product_tower_layers": [{"type": "dense", "units": 16}],
        "learning_rate": 0.01,
        "batch_size": 64,
        "epochs": 2,
    },
    "data": {
        "source": "a.csv",
        "catalogue_size": 50_000,
        "split": {"kind": "strict_time", "date_column": "time"},
    },
}
"""A config that has a bit of everything."""

WITHOUT_LISTS = copy.deepcopy(BASE)
WITHOUT_LISTS["features"]["buyer_model_features"].pop()  # XLA cannot compile them

ROWS = "RB206 RB306 RB402"
"""What other rows break: vocabularies, so what the weights belong to, and the test."""
COLUMN = "RB101 RB201 RB301"
RENAMED = "RB103 RB203 RB303"


@dataclass(frozen=True)
class Change:
    """A single change.

    Attributes:
        name: What is changed, in a few words.
        codes: What it breaks, by level; nothing if it is harmless.
        edit: Makes the change in a copy of the base.
        base: What is changed.
    """

    name: str
    codes: str
    edit: Callable[[Plain], None]
    base: Plain = field(default_factory=lambda: BASE)

    @property
    def config(self) -> Plain:
        """The config with the change."""
        changed = copy.deepcopy(self.base)
        self.edit(changed)
        return changed


def at(path: str, value: Any) -> Callable[[Plain], None]:
    """Returns the edit that sets a value; parts of the path are keys or places."""

    def edit(config: Plain) -> None:
        *around, last = path.split(".")
        inner: Any = config
        for part in around:
            inner = inner[int(part)] if part.isdigit() else inner.setdefault(part, {})
        inner[int(last) if last.isdigit() else last] = value

    return edit


def also(*edits: Callable[[Plain], None]) -> Callable[[Plain], None]:
    """Returns the edit that makes several."""

    def edit(config: Plain) -> None:
        for each in edits:
            each(config)

    return edit


def on(side: str, kind: str, do: Callable[[list[Any]], Any]) -> Callable[[Plain], None]:
    """Returns the edit that does something with a list of one tower."""
    return lambda config: do(config["features"].setdefault(f"{side}_model_{kind}", []))


def on_layers(do: Callable[[list[Any]], Any]) -> Callable[[Plain], None]:
    """Returns the edit that does something with the buyer tower's layers."""
    return lambda config: do(config["model"]["buyer_tower_layers"])


def _text(column: str) -> Plain:
    return {"column": column, "data_type": "text"}


B, P = "features.buyer_model_features", "features.product_model_features"
CROSS = "features.buyer_model_crosses.0"
LAYERS = "model.buyer_tower_layers"


def model(name: str, value: Any, codes: str = "") -> Change:
    return Change(f"model.{name} {value}", codes, at(f"model.{name}", value))


def data(name: str, value: Any, codes: str = ROWS) -> Change:
    return Change(f"data.{name} {value}", codes, at(f"data.{name}", value))


CHANGES = [
    # Texts.
    Change("name", "", at("name", "other")),
    Change("description", "", at("description", "What it is for.")),
    Change("name of the features", "", at("features.name", "shop")),
    Change("description of the features", "", at("features.description", "A shop.")),
    Change("description of a feature", "", at(f"{B}.1.description", "Where they live.")),
    Change("statistics of a feature", "", at(f"{B}.1.stats", {"distinct": 5})),
    # IDs.
    Change("the buyer's ID as it is detected", "", at("features.buyer_id_column", "user_id")),
    Change("the product's ID as it is detected", "", at("features.product_id_column", "sku")),
    Change("a mark on the ID", "", at(f"{P}.0.is_primary_id", True)),
    Change(
        "another product's ID",
        "RB105 RB304 RB403",
        at("features.product_id_column", "brand"),
    ),
    Change("another buyer's ID", "RB403", at("features.buyer_id_column", "city")),
    # Columns.
    Change(
        "a buyer's column is new", COLUMN, on("buyer", "features", lambda f: f.append(_text("zip")))
    ),
    Change(
        "a buyer's column is gone", "RB102 RB202 RB302", on("buyer", "features", lambda f: f.pop(3))
    ),
    Change(
        "a product's column is new",
        "RB201 RB301",
        on("product", "features", lambda f: f.append(_text("zip"))),
    ),
    Change(
        "a product's column is gone", "RB201 RB302", on("product", "features", lambda f: f.pop(1))
    ),
    Change("a buyer's column is renamed", "RB103 RB303", at(f"{B}.3.column", "member_since")),
    Change("a product's column is renamed", "RB203 RB303", at(f"{P}.1.column", "maker")),
    Change("a product's number is renamed", "RB303", at(f"{P}.2.column", "cost")),
    Change(
        "a buyer's column is renamed in a cross, too",
        RENAMED,
        also(at(f"{B}.1.column", "town"), at(f"{CROSS}.features.0.column", "town")),
    ),
    Change("an alias", "RB203 RB303", at(f"{P}.1.display_name", "maker")),
    Change(
        "a column of another name in the source",
        "RB306",
        also(at(f"{P}.1.column", "maker"), at(f"{P}.1.display_name", "brand")),
    ),
    Change(
        "the order of columns that have tables and numbers",
        "RB204 RB304",
        on("product", "features", lambda f: f.insert(1, f.pop())),
    ),
    Change("a text is read as bytes", "RB306", at(f"{B}.1.bq_type", "BYTES")),
    Change("an ID is a number", "RB105 RB305 RB402", at(f"{P}.0.bq_type", "INT64")),
    Change("a buyer's text is a number", "RB104 RB305", at(f"{B}.1.bq_type", "INT64")),
    Change("a number is whole", "RB305", at(f"{P}.3.bq_type", "INT64")),
    Change("a number is a NUMERIC", "", at(f"{P}.3.bq_type", "NUMERIC")),
    Change("a time is a DATE", "", at(f"{B}.3.bq_type", "DATE")),
    Change(
        "a list of numbers",
        "RB104 RB305",
        at(f"{B}.4.bq_type", "ARRAY<INT64>"),
    ),
    Change(
        "a time is a number",
        "RB104 RB202 RB302",
        at(f"{B}.3", {"column": "since", "data_type": "numeric", "bq_type": "INT64"}),
    ),
    # Transforms.
    Change("width of vectors", "RB202", at(f"{B}.1.transforms.embedding.embedding_dim", 16)),
    Change("size of a vocabulary", "RB206 RB304", at(f"{B}.1.transforms.embedding.vocab_size", 4)),
    Change(
        "size of the catalogue's",
        "RB206 RB304 RB406",
        at(f"{P}.0.transforms", {"embedding": {"vocab_size": 9}}),
    ),
    Change("rare values", "RB206 RB304", at(f"{B}.1.transforms.embedding.min_frequency", 3)),
    Change(
        "buckets of unknown values", "RB202 RB304", at(f"{B}.1.transforms.embedding.oov_buckets", 3)
    ),
    Change("range of a number", "RB206 RB304", at(f"{P}.2.transforms.normalize.range", [0, 1])),
    Change("no logarithm", "RB206 RB304", at(f"{P}.2.transforms.log_transform.enabled", False)),
    Change(
        "a disabled logarithm that was none",
        "",
        at(f"{P}.3.transforms", {"normalize": {}, "log_transform": {"enabled": False}}),
    ),
    Change("number of quantiles", "RB202 RB304", at(f"{B}.2.transforms.bucketize.buckets", 20)),
    Change(
        "width of quantiles' vectors", "RB202", at(f"{B}.2.transforms.bucketize.embedding_dim", 16)
    ),
    Change("quantiles too", "RB201 RB301", at(f"{P}.2.transforms.bucketize", {"buckets": 5})),
    Change("a flag of missing values", "RB202 RB301", at(f"{P}.2.transforms.missing_flag", {})),
    Change("another cycle", "RB202 RB301", at(f"{B}.3.transforms.cyclical.daily", True)),
    Change("monthly", "RB202 RB301", at(f"{B}.3.transforms.cyclical.monthly", True)),
    Change("quarterly", "RB202 RB301", at(f"{B}.3.transforms.cyclical.quarterly", True)),
    Change("yearly", "RB202 RB301", at(f"{B}.3.transforms.cyclical.yearly", True)),
    Change("range of a time", "RB206 RB304", at(f"{B}.3.transforms.normalize.range", [0, 1])),
    Change("quantiles of a time", "RB201 RB301", at(f"{B}.3.transforms.bucketize", {"buckets": 5})),
    Change("a flag of missing times", "RB202 RB301", at(f"{B}.3.transforms.missing_flag", {})),
    Change("no cycle", "RB202 RB302", at(f"{B}.3.transforms.cyclical.weekly", False)),
    Change("length of a history", "RB206 RB304", at(f"{B}.4.transforms.history.max_length", 3)),
    Change("half-life of a history", "RB205", at(f"{B}.4.transforms.history.half_life", 2)),
    Change("bonus of a history", "RB108", at(f"{B}.4.transforms.history.repeat_bonus", 0.5)),
    Change(
        "the width of a history's vectors, as it is",
        "",
        at(f"{B}.4.transforms.history.embedding_dim", 32),
    ),
    Change(
        "a history of something else",
        "RB104 RB206 RB304",
        at(f"{B}.4.transforms.history.shared_with", "brand"),
    ),
    Change("no history", "RB102 RB202 RB302", on("buyer", "features", lambda f: f.pop())),
    # Crosses.
    Change("buckets of a cross", "RB202 RB304", at(f"{CROSS}.hash_bucket_size", 1000)),
    Change("width of a cross", "RB202", at(f"{CROSS}.embedding_dim", 8)),
    Change("quantiles of a cross", "RB206 RB304", at(f"{CROSS}.features.1.crossing_buckets", 20)),
    Change("quantiles of a text", "", at(f"{CROSS}.features.0.crossing_buckets", 20)),
    Change("no cross", "RB201 RB302", on("buyer", "crosses", lambda f: f.clear())),
    Change(
        "a cross of a column that is none of the features",
        COLUMN,
        on(
            "buyer",
            "crosses",
            lambda f: f.append({"features": [{"column": "city"}, {"column": "zip"}]}),
        ),
    ),
    Change(
        "a cross of products",
        "RB201 RB301",
        on(
            "product",
            "crosses",
            lambda f: f.append({"features": [{"column": "brand"}, {"column": "sku"}]}),
        ),
    ),
    Change(
        "a member of a cross of another name in the source",
        "RB306",
        also(
            at(f"{CROSS}.features.0", {"column": "town", "display_name": "city"}),
            at(f"{B}.1.column", "town"),
            at(f"{B}.1.display_name", "city"),
        ),
    ),
    # Layers.
    Change("units of a layer", "RB202", at(f"{LAYERS}.0.units", 32)),
    Change("activation", "RB205", at(f"{LAYERS}.0.activation", "tanh")),
    Change("activation as it is", "", at(f"{LAYERS}.0.activation", "relu")),
    Change("penalty l1", "", at(f"{LAYERS}.0.l1_reg", 0.001)),
    Change("penalty l2", "", at(f"{LAYERS}.0.l2_reg", 0.001)),
    Change("epsilon", "RB205", at(f"{LAYERS}.1.epsilon", 0.01)),
    Change(
        "dropout", "", on_layers(lambda layers: layers.insert(1, {"type": "dropout", "rate": 0.2}))
    ),
    Change(
        "batch normalization",
        "RB201",
        on_layers(lambda layers: layers.insert(1, {"type": "batch_norm"})),
    ),
    Change(
        "another layer",
        "RB201",
        on_layers(lambda layers: layers.insert(0, {"type": "dense", "units": 16})),
    ),
    Change(
        "other normalization",
        "RB201",
        on_layers(lambda layers: layers.__setitem__(1, {"type": "batch_norm"})),
    ),
    Change("a product's layer is another", "RB201", at("model.product_tower_layers.0.units", 32)),
    # The model.
    model("output_embedding_dim", 32, "RB201"),
    model("optimizer", "adam", "RB207"),
    model("learning_rate", 0.005),
    model("batch_size", 128, "RB404"),
    model("learning_rate_schedule", "warmup_cosine", "RB207"),
    model("learning_rate_schedule", "plateau"),
    model("ema_decay", 0.99, "RB207"),
    model("epochs", 5),
    model("early_stopping_patience", None),
    model("refit", "none", ROWS),
    model("final_layer", "none", "RB108"),
    model("top_k", 10, "RB106"),
    model("top_k", 200, "RB109"),
    model("enable_training_metrics", False),
    model("negatives", "mixed", "RB404"),
    model("negatives", "in_batch"),
    model("catalogue_negatives", 100),
    model("hard_negatives", 20, "RB404"),
    model("recency_half_life_days", 30),
    model("logq_correction", False, "RB404"),
    model("remove_accidental_hits", True, "RB404"),
    model("normalize_embeddings", True, "RB108 RB205"),
    model("temperature", 0.5, "RB404"),
    model("label_smoothing", 0.1, "RB404"),
    model("output_dropout", 0.2),
    model("buyer_id_dropout", 0.0),
    model("embedding_max_norm", 3.0),
    model("gradient_clip_norm", None),
    model("distribution", "mirrored"),
    model("precision", "mixed_bfloat16", "RB205"),
    Change("model.jit_compile", "", at("model.jit_compile", True), WITHOUT_LISTS),
    model("seed", 7),
    model("loss_function", "mse"),
    model("retrieval_weight", 2.0),
    model("ranking_weight", 2.0),
    model("rating_head_layers", [{"type": "dense", "units": 8}]),
    model("scann_num_leaves", 10),
    model("scann_leaves_to_search", 5),
    # The data.
    data("source", "b.csv", "RB401"),
    data("encoding", "cp1252"),
    data("delimiter", ";"),
    data("quote", ""),
    data("decimal", ","),
    data("column_names", ["user_id", "sku"]),
    data("null_values", ["NULL"]),
    data("null_times", [0], "RB206 RB304 RB402"),
    data("column_types", {"time": "DATE"}, ""),
    data("column_types", {"time": "EPOCH_MILLIS"}),
    data("column_types", {"since": "EPOCH_MILLIS"}, "RB306"),
    data("catalogue_size", 60_000, ""),
    data("catalogue_size", 100, "RB404"),
    data("cache", "disk", ""),
    data("split.kind", "time_holdout"),
    data("split.date_column", "since", "RB206 RB304 RB402"),
    data("split.validation", 0.1),
    data("split.test", 0.2),
    data("split.seed", 7, ""),
    Change("the split by default", "RB206 RB302 RB402", lambda config: config["data"].pop("split")),
]


RATED: Plain = {
    "features": {
        "buyer_model_features": [_text("user_id")],
        "product_model_features": [_text("sku")],
        "target_column": {
            "column": "amount",
            "transforms": {
                "clip_outliers": {"lower": {}, "upper": {}},
                "log_transform": {},
                "normalize": {},
            },
        },
    },
    "model": {
        "model_type": "ranking",
        "output_embedding_dim": 16,
        "rating_head_layers": [
            {"type": "dense", "units": 8},
            {"type": "dense", "units": 1, "activation": None},
        ],
        "learning_rate": 0.01,
    },
    "data": {"split": {"kind": "strict_time", "date_column": "time"}},
}
"""A config of ranking."""

CHANCE = copy.deepcopy(RATED)
CHANCE["features"]["target_column"] = "clicked"
CHANCE["model"]["loss_function"] = "binary_crossentropy"
BOTH = copy.deepcopy(RATED)
BOTH["model"]["model_type"] = "multitask"
T = "features.target_column"


def rated(path: str, value: Any, codes: str, base: Plain = RATED) -> Change:
    return Change(f"ranking: {path} {value}", codes, at(path, value), base)


PIPED = copy.deepcopy(BASE)
PIPED["features"]["buyer_model_features"].pop()  # files of CSV have no lists
PIPED["model"]["refit"] = "validation"
PIPED["pipeline"] = {
    "source": {"bigquery": {"table": "p.shop.sales", "location": "EU"}},
    "vertex": {"project": "p", "region": "europe-west1", "bucket": "gs://b"},
    "trainer": {"accelerator_type": "NVIDIA_TESLA_T4"},
    "beam": {"runner": "dataflow"},
    "gate": {},
}
"""A config with a pipeline."""
FILES = copy.deepcopy(PIPED)
FILES["pipeline"]["source"] = {"csv": "gs://b/{split}.csv"}


QUERIED = copy.deepcopy(PIPED)
QUERIED["pipeline"]["source"]["bigquery"] = {"query": "SELECT * FROM a.b AS t"}

RATED_PIPED = {**copy.deepcopy(BOTH), "pipeline": copy.deepcopy(PIPED["pipeline"])}
RATED_PIPED["model"]["refit"] = "validation"
CHANCES_PIPED = copy.deepcopy(RATED_PIPED)
CHANCES_PIPED["model"]["loss_function"] = "binary_crossentropy"
CHANCES_PIPED["features"]["target_column"] = "amount"
WITH_PAST = {**copy.deepcopy(BASE), "pipeline": copy.deepcopy(PIPED["pipeline"])}
WITH_PAST["model"]["refit"] = "validation"
UNLISTED = "SELECT user_id, city, age, since, sku, brand, price, weight, time FROM p.shop.sales"
LISTED = copy.deepcopy(WITH_PAST)
LISTED["pipeline"]["source"]["bigquery"] = {"query": UNLISTED.replace(" sku,", " past, sku,")}


def piped(path: str, value: Any, codes: str = "", base: Plain = PIPED) -> Change:
    return Change(f"pipeline.{path} {value}", codes, at(f"pipeline.{path}", value), base)


OF_PIPELINES = [
    piped("source", {"tfrecord": "gs://b/{split}.gz"}, "RB401"),
    piped("source.csv", "gs://c/{split}.csv", "RB401", FILES),
    piped("source.bigquery.table", "p.shop.returns", "RB401"),
    piped("source.bigquery", {"query": "SELECT * FROM a.b"}, "RB401"),
    piped("source.bigquery.query", "SELECT * FROM a.c AS t", "RB401", QUERIED),
    piped("source.bigquery.query", "select * -- all\n  from a.b as t", "", QUERIED),
    piped("source.bigquery.location", "europe-west1"),
    piped("source.bigquery.project", "q"),
    piped("snapshot", "2026-05-01T00:00:00Z", "RB401"),
    piped("analyze", ["train", "eval"], "RB306"),
    piped("schema_pbtxt", True),
    piped("runner", "vertex"),
    piped("vertex.project", "q"),
    piped("vertex.region", "europe-west4"),
    piped("vertex.bucket", "gs://c"),
    piped("vertex.image", "gcr.io/p/shop"),
    piped("vertex.service_account", "a@p.iam.gserviceaccount.com"),
    piped("vertex.network", "projects/1/global/networks/a"),
    piped("vertex.labels", {"team": "search"}),
    piped("trainer.machine_type", "n1-standard-16"),
    piped("trainer.accelerator_type", "NVIDIA_TESLA_V100"),
    piped("trainer.accelerator_count", 2),
    piped("trainer.spot", True),
    piped("beam.runner", "direct"),
    piped("beam.machine_type", "n1-standard-4"),
    piped("beam.max_workers", 5),
    piped("beam.region", "europe-west4"),
    piped("beam.args", ["--a"]),
    piped("source", {"parquet": "gs://b/{split}.parquet"}, "RB401"),
    piped("gate.metric", "recall"),
    piped("gate.k", 20),
    piped("gate.at_least", 0.1),
    piped("gate.better_than_current", False),
    piped("gate.slices", ["city"]),
    piped("gate.rmse_at_most", 5.0, base=RATED_PIPED),
    piped("gate.auc_at_least", 0.6, base=CHANCES_PIPED),
    piped("gate.calibration_within", 0.1, base=RATED_PIPED),
    piped("histories", ["past"], "RB306", base=WITH_PAST),
    piped("source.bigquery.query", UNLISTED, "RB306 RB401", base=LISTED),
    piped("push.filesystem", "gs://c/models"),
    piped("bulk_inference", True),
]
"""Changes of a pipeline: they leave the modules as they are."""

STATED = [
    *OF_PIPELINES,
    rated(T, "returns", "RB107 RB205 RB302 RB405"),
    rated(f"{T}.column", "returns", "RB107 RB205 RB302 RB405"),
    rated(f"{T}.display_name", "returns", "RB107 RB205 RB302 RB405"),
    rated(f"{T}.bq_type", "INT64", "RB305"),
    rated(f"{T}.transforms.clip_outliers.lower.percentile", 5, "RB107 RB304 RB405"),
    rated(f"{T}.transforms.clip_outliers.upper.percentile", 95, "RB107 RB304 RB405"),
    rated(f"{T}.transforms.log_transform.enabled", False, "RB205 RB304"),
    rated(f"{T}.transforms.normalize.range", [0, 1], "RB304"),
    rated("model.loss_function", "huber", "RB404"),
    rated("model.rating_head_layers.0.units", 16, "RB202"),
    rated("model.rating_head_layers.0.activation", "tanh", "RB205"),
    rated("model.rating_head_layers.0.l2_reg", 0.001, ""),
    rated("model.rating_head_layers.0", {"type": "batch_norm"}, "RB201"),
    rated("model.head_dot_product", False, "RB202"),
    rated("model.head_cross_layers", 1, "RB201"),
    rated("model.output_embedding_dim", 32, "RB201"),
    rated("model.class_weight_damping", 0.5, "RB404", CHANCE),
    rated("model.pairwise_share", 0.2, ""),
    rated("model.top_k", 5, ""),
    rated("model.loss_function", "huber", "RB404", BOTH),
    rated("model.task_weights", "uncertainty", "RB207 RB404", BOTH),
    rated("model.retrieval_weight", 2.0, "RB404", BOTH),
    rated("model.ranking_weight", 0.5, "RB404", BOTH),
    rated("model.rating_head_layers.0.units", 16, "RB202", BOTH),
    rated("model.top_k", 5, "RB106", BOTH),
    Change("search", "RB110", at("model.retrieval_algorithm", "scann")),
    Change(
        "order of a history",
        "RB104 RB206 RB304",
        at(f"{B}.4.transforms.history.order", "newest_first"),
    ),
]
"""Changes of ranking, and of what requests mean: the plans tell them, and no request is refused."""


def _moved(config: Plain) -> None:
    features = config["features"]
    features["product_model_features"].append(features["buyer_model_features"].pop(3))


def _rated(task: str) -> Callable[[Plain], None]:
    head = [{"type": "dense", "units": 8}, {"type": "dense", "units": 1, "activation": None}]
    return also(
        at("model.model_type", task),
        at("features.target_column", "amount"),
        at("model.rating_head_layers", head),
    )


DRAWN = copy.deepcopy(BASE)
DRAWN["data"]["split"] = {"kind": "random"}

SEVERAL = [
    Change("epochs and batch", "RB404", also(at("model.epochs", 9), at("model.batch_size", 32))),
    Change("a name and a seed", "", also(at("name", "x"), at("model.seed", 1))),
    Change(
        "an ID in another place", "RB204", on("buyer", "features", lambda f: f.insert(1, f.pop(0)))
    ),
    Change(
        "products' numbers change places",
        "RB204 RB304",
        on("product", "features", lambda f: f.insert(2, f.pop(3))),
    ),
    Change(
        "a cross in another order",
        "RB201 RB302 RB301",
        on("buyer", "crosses", lambda c: c[0]["features"].reverse()),
    ),
    Change(
        "the product's ID and what a list shares",
        "RB203 RB303",
        also(
            at(f"{P}.0.column", "item_id"),
            at(f"{B}.4.transforms.history.shared_with", "item_id"),
        ),
    ),
    Change(
        "a new name and a cross less",
        "RB103 RB203 RB201 RB303 RB302",
        also(at(f"{B}.1.column", "town"), on("buyer", "crosses", lambda c: c.clear())),
    ),
    Change("a column in the other tower", "RB102 RB202 RB304", _moved),
    Change("ranking", "RB107 RB201 RB301 RB405", _rated("ranking")),
    Change("multitask", "RB107 RB201 RB301 RB405", _rated("multitask")),
    Change(
        "ranking also retrieves", "RB107 RB207 RB405", at("model.model_type", "multitask"), RATED
    ),
    Change(
        "longer answers of another search",
        "RB110 RB109",
        also(at("model.top_k", 500), at("model.retrieval_algorithm", "scann")),
    ),
    Change(
        "a list's order and length",
        "RB104 RB206 RB304",
        also(
            at(f"{B}.4.transforms.history.order", "newest_first"),
            at(f"{B}.4.transforms.history.max_length", 9),
        ),
    ),
    Change(
        "layers as a preset writes them",
        "",
        at(LAYERS, [{"type": "dense", "units": 16}, {"type": "layer_norm", "epsilon": 0.001}]),
    ),
    Change(
        "dropout at a tower's end",
        "RB201",
        lambda config: config["model"]["product_tower_layers"].append(
            {"type": "dropout", "rate": 0.1}
        ),
    ),
    Change(
        "penalties, dropout and a rate",
        "",
        also(
            at(f"{LAYERS}.0.l1_reg", 0.001),
            at("model.output_dropout", 0.3),
            at("model.learning_rate", 0.1),
        ),
    ),
    Change(
        "fewer products and the negatives for them",
        "",
        also(at("data.catalogue_size", 100), at("model.negatives", "in_batch")),
    ),
    Change("defaults in words", "", at(f"{P}.0.transforms", {"embedding": {"embedding_dim": 32}})),
    Change("another seed of the model, drawn rows", "", at("model.seed", 3), DRAWN),
    Change("other drawn rows", "RB206 RB306 RB402", at("data.split.seed", 3), DRAWN),
    Change(
        "the usual shares of drawn rows",
        "RB206 RB306 RB402",
        lambda config: config["data"].pop("split"),
        DRAWN,
    ),
]
"""Pairs of changes, and single ones that the config can hold in several ways."""
