"""Rows as a Django platform stores and posts them, and drawn ones in three dialects."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Plain = dict[str, Any]
TASKS = ("retrieval", "ranking", "multitask")


def dense(units: int, activation: str | None = "relu", **settings: Any) -> Plain:
    return {"type": "dense", "units": units, "activation": activation, "l2_reg": 0.0, **settings}


TOWERS: dict[str, list[Plain]] = {
    "minimal": [dense(64), dense(32)],
    "standard": [dense(128, l2_reg=0.001), dense(64), dense(32)],
    "deep": [dense(256, l2_reg=0.001), dense(128), dense(64), dense(32)],
    "regularized": [
        dense(128, l2_reg=0.01),
        {"type": "dropout", "rate": 0.2},
        dense(64),
        {"type": "dropout", "rate": 0.1},
        dense(32),
    ],
    "default": [dense(128), dense(64), dense(32)],
}
HEAD = [dense(256), dense(64), dense(1, None)]
TARGET = {
    "column": "revenue",
    "display_name": "revenue",
    "bq_type": "FLOAT64",
    "transforms": {
        "clip_outliers": {
            "enabled": False,
            "lower": {"enabled": False, "percentile": 1},
            "upper": {"enabled": True, "percentile": 99},
        },
        "log_transform": {"enabled": True},
        "normalize": {"enabled": True, "range": [0, 1]},
    },
}


def posted_features(**changes: Any) -> Plain:
    """Returns what the page posts for a new feature config, its constants included."""
    embedding = {"enabled": True, "vocab_size": 100000}
    scaled = {"enabled": True, "range": [-1, 1]}
    days = {"enabled": True, "weekly": True, "monthly": True, "yearly": False}
    posted = {
        "name": "Customers and products",
        "description": "",
        "dataset_id": 3,
        "start_from": "blank",
        "buyer_model_features": [
            {
                "column": "cust_no",
                "display_name": "customer_id",
                "bq_type": "INT64",
                "data_type": "text",
                "is_primary_id": True,
                "transforms": {"embedding": {**embedding, "embedding_dim": 64}},
            },
            {
                "column": "city",
                "bq_type": "STRING",
                "data_type": "text",
                "transforms": {"embedding": {**embedding, "embedding_dim": 16}},
            },
            {
                "column": "basket",
                "bq_type": "FLOAT64",
                "data_type": "numeric",
                "transforms": {
                    "normalize": scaled,
                    "bucketize": {"enabled": True, "buckets": 10, "embedding_dim": 8},
                    "log_transform": False,
                },
            },
            {
                "column": "sold_at",
                "bq_type": "TIMESTAMP",
                "data_type": "temporal",
                "transforms": {
                    "normalize": scaled,
                    "bucketize": {"enabled": False},
                    "cyclical": {**days, "quarterly": False, "daily": False},
                },
            },
            {
                "column": "purchase_history",
                "bq_type": "ARRAY<INT64>",
                "data_type": "history",
                "transforms": {
                    "history": {
                        "enabled": True,
                        "shared_with": "product_id",
                        "embedding_dim": 32,
                        "max_length": 50,
                    }
                },
            },
        ],
        "product_model_features": [
            {
                "column": "product_id",
                "bq_type": "INT64",
                "data_type": "text",
                "is_primary_id": True,
                "transforms": {"embedding": {**embedding, "embedding_dim": 32}},
            },
            {
                "column": "category",
                "bq_type": "STRING",
                "data_type": "text",
                "transforms": {"embedding": {**embedding, "embedding_dim": 8}},
            },
        ],
        "buyer_model_crosses": [
            {
                "features": [
                    {"column": "city", "type": "text"},
                    {"column": "basket", "type": "numeric", "crossing_buckets": 10},
                ],
                "hash_bucket_size": 1000,
                "embedding_dim": 8,
            }
        ],
        "product_model_crosses": [],
        "target_column": None,
    }
    return copy.deepcopy(posted) | changes


def posted_model(preset: str = "default", task: str = "retrieval", **changes: Any) -> Plain:
    """Returns a model config with the defaults that every row has."""
    posted = {
        "name": f"{preset} {task}",
        "description": "made by the page",
        "model_type": task,
        "buyer_tower_layers": TOWERS[preset],
        "product_tower_layers": TOWERS[preset],
        "rating_head_layers": HEAD if task != "retrieval" else [],
        "output_embedding_dim": 32,
        "share_tower_weights": False,
        "optimizer": "adagrad",
        "learning_rate": 0.1,
        "batch_size": 4096,
        "epochs": 5,
        "loss_function": "mse",
        "retrieval_weight": 1.0,
        "ranking_weight": 0.5 if task == "multitask" else 0.0,
        "retrieval_algorithm": "brute_force",
        "top_k": 100,
        "scann_num_leaves": 100,
        "scann_leaves_to_search": 10,
    }
    return copy.deepcopy(posted) | changes


class Row:
    """An instance of a Django model: fields, managers, methods and what Django adds."""

    objects = object()

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
        self._state = object()
        self.id = self.pk = 7
        self.saved: list[str] | None = None

    def save(self, update_fields: list[str] | None = None) -> None:
        self.saved = update_fields

    def validate(self) -> list[str]:
        raise AssertionError("the row's own methods are not called")

    def get_rating_head_summary(self) -> str:
        raise AssertionError("the row's own methods are not called")


_names = st.sampled_from(
    ["user_id", "city", "Straße", "a b", "x", "price", "day", "class", "sku", "tags", "c\nd"]
)
_junk: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_junk |= st.floats() | st.just([]) | st.just({}) | st.just([-1, 1]) | st.just(Decimal("1.5"))
_switch = st.booleans() | st.none() | st.just(1)
_usual = ["STRING", "INT64", "float64", "TIMESTAMP", "ARRAY<STRING>"]
_types = st.sampled_from(_usual) | st.sampled_from(
    [
        "STRING",
        "string",
        "INT64",
        "integer",
        "FLOAT64",
        "DECIMAL",
        "decimal(10,2)",
        "NUMERIC",
        "BIGNUMERIC",
        "BOOL",
        "TIMESTAMP",
        "date",
        "TIME",
        "JSON",
        "GEOGRAPHY",
        "STRUCT<a:INT64>",
        "ARRAY<STRING>",
        "array<int64>",
        "BYTES",
        "what",
    ]
)


def _some(
    fields: dict[str, st.SearchStrategy[Any]], always: tuple[str, ...] = ()
) -> st.SearchStrategy[Plain]:
    """Draws a mapping with some of the keys, now and then with a value of another kind."""
    values = {key: st.integers(0, 49).flatmap(_mostly(each)) for key, each in fields.items()}
    required = {key: values.pop(key) for key in always}
    return st.fixed_dictionaries(required, optional=values)


def _mostly(usual: st.SearchStrategy[Any]) -> Any:
    return lambda number: usual if number else _junk


_range = st.sampled_from([[-1, 1], [0, 1], None])
_transforms = _some(
    {
        "embedding": _some(
            {
                "enabled": _switch,
                "embedding_dim": st.sampled_from([8, 32, "64", 16.0]),
                "vocab_size": st.just(100000),
                "min_frequency": st.integers(0, 5),
            }
        ),
        "normalize": _some({"enabled": _switch, "range": _range}),
        "bucketize": _some(
            {
                "enabled": _switch,
                "buckets": st.sampled_from([10, 100]),
                "embedding_dim": st.sampled_from([8, 32]),
            }
        ),
        "cyclical": _some(
            dict.fromkeys(("enabled", "annual", "yearly", "weekly", "monthly", "daily"), _switch)
        ),
        "log_transform": _switch | _some({"enabled": _switch}),
        "history": _some(
            {
                "enabled": _switch,
                "shared_with": _names,
                "embedding_dim": st.sampled_from([16, 32]),
                "max_length": st.sampled_from([5, 50]),
            }
        ),
    }
)
_FITTING = {
    "text": ["STRING", "INT64", "bytes", "date", "BOOL"],
    "numeric": ["FLOAT64", "DECIMAL", "decimal(10,2)", "int64", "BIGNUMERIC"],
    "temporal": ["TIMESTAMP", "date", "DATETIME", "TIME"],
    "history": ["ARRAY<STRING>", "array<int64>"],
    "cyclical": ["INT64"],
}
_OLDER = {"text": "string_embedding", "numeric": "numeric", "temporal": "timestamp"}


@st.composite
def _features(draw: st.DrawFn) -> Plain:
    """Draws a feature of one of the three dialects, or a mixture."""
    kind = draw(st.sampled_from(list(_FITTING)))
    usual = st.sampled_from(_FITTING[kind])
    found: Plain = {"column": draw(_names), "bq_type": draw(usual | usual | usual | _types)}
    is_older = kind in _OLDER and draw(st.booleans())
    found |= {"type": _OLDER[kind]} if is_older else {"data_type": kind}
    found |= draw(
        _some(
            {
                "display_name": _names | st.none(),
                "is_primary_id": st.sampled_from([False, False, False, True, None]),
                "transforms": _transforms,
                "embedding_dim": st.sampled_from([8, 32]),
                "vocab_settings": st.just({"max_size": 1500, "oov_buckets": 10}),
                "stats": st.just({"cardinality": 3, "min": float("nan")}),
                "type": st.just("numeric"),
            }
        )
    )
    return found


_member = _names | _some(
    {
        "column": _names,
        "type": st.sampled_from(["text", "numeric", "temporal"]),
        "crossing_buckets": st.sampled_from([5, 50]),
    },
    ("column",),
)
_cross = _some(
    {
        "features": st.lists(_member, min_size=2, max_size=3),
        "hash_bucket_size": st.sampled_from([1000, 5000.0, 5000, 500, "100", 3]),
        "embedding_dim": st.sampled_from([8, 16]),
    },
    ("features",),
)
_layer = _some(
    {
        "type": st.sampled_from(["dense", "dropout", "batch_norm", "layer_norm", "attention"]),
        "units": st.sampled_from([1, 32, 64.0]),
        "activation": st.sampled_from(["relu", "none", None, "selu", "swish", "tanh", "prelu"]),
        "rate": st.sampled_from([0.2, "0.1", 0]),
        "l2_reg": st.sampled_from([0, 0.01]),
    }
)
_target = st.none() | st.just(TARGET) | _some({"column": _names, "transforms": _transforms})
_LISTS = {
    "buyer_model_features": _features(),
    "product_model_features": _features(),
    "buyer_model_crosses": _cross,
    "product_model_crosses": _cross,
}


@st.composite
def _drawn_features(draw: st.DrawFn) -> Plain:
    """Draws a feature config: what the page posts with more features, or anything."""
    if not draw(st.integers(0, 3)):
        lists = {key: st.lists(each, max_size=4) for key, each in _LISTS.items()}
        return draw(_some({"name": st.text(max_size=10), "dataset_id": st.integers(), **lists}))
    posted = posted_features(target_column=draw(_target) if not draw(st.integers(0, 3)) else None)
    for key, each in _LISTS.items():
        posted[key] += draw(st.lists(each, max_size=2))
    return posted


drawn_features = _drawn_features()
_settings = {
    "model_type": st.sampled_from([*TASKS, "retrieval", "retrieval"]),
    "buyer_tower_layers": st.lists(_layer, max_size=3),
    "rating_head_layers": st.lists(_layer, max_size=3),
    "share_tower_weights": _switch,
    "optimizer": st.sampled_from(["adam", "ftrl", "sgd", "adamw", "lion"]),
    "learning_rate": st.sampled_from([0.1, "0.01", Decimal("0.001"), 1, 0.05, -1]),
    "batch_size": st.sampled_from([4096.0, "1024", 256, 8192, 0]),
    "retrieval_algorithm": st.sampled_from(["brute_force", "scann"]),
    "output_embedding_dim": st.sampled_from([32, 64.0, 16, 128, 4]),
}


@st.composite
def _drawn_models(draw: st.DrawFn) -> Plain:
    """Draws a model config: what the page posts with some settings of its own, or anything."""
    some = draw(_some(_settings))
    kept = draw(st.lists(st.sampled_from(list(_settings)), max_size=3))
    is_whole = bool(draw(st.integers(0, 3)))
    return posted_model() | {k: some[k] for k in some if k in kept} if is_whole else some


drawn_models = _drawn_models()
