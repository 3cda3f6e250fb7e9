"""Example config with made-up columns, to be edited by hand."""

from __future__ import annotations

from typing import Any

from recgen.optimizers import OPTIMIZERS, RECOMMENDED
from recgen.proposal.text import Comments, config_text


def blank_config(name: str) -> str:
    """Return the text of a config that passes `check`, with a comment on each part."""
    data: dict[str, Any] = {
        "name": name,
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "product_id",
            "buyer_model_features": [
                _category("customer_id", 64),
                _category("country", 12),
            ],
            "product_model_features": [
                _category("product_id", 64),
                {
                    "column": "price",
                    "bq_type": "FLOAT64",
                    "data_type": "numeric",
                    "transforms": {"log_transform": {}, "normalize": {}},
                },
            ],
        },
        "model": {
            "buyer_tower_layers": [],
            "product_tower_layers": [],
            "output_embedding_dim": 64,
            "optimizer": RECOMMENDED,
            "learning_rate": OPTIMIZERS[RECOMMENDED].proposed,
            "batch_size": 1024,
            "epochs": 8,
            "top_k": 100,
        },
        "data": {
            "column_types": {"order_date": "TIMESTAMP"},
            "split": {
                "kind": "strict_time",
                "date_column": "order_date",
                "validation": 0.03,
                "test": 0.1,
            },
        },
    }
    return config_text(data, _COMMENTS)


def _category(column: str, width: int) -> dict[str, Any]:
    return {
        "column": column,
        "bq_type": "STRING",
        "data_type": "text",
        "transforms": {"embedding": {"embedding_dim": width}},
    }


_BUYERS = ("features", "buyer_model_features")
_PRODUCTS = ("features", "product_model_features")
_COMMENTS: Comments = {
    ("name",): ["Replace the columns with those of your transactions, one purchase per row."],
    ("features", "buyer_id_column"): ["Who buys, and what. Both columns are also features below."],
    _BUYERS: ["What is known about a buyer who asks for recommendations."],
    (*_BUYERS, 1): ["Text with few values needs only narrow vectors: about 1.6 * values^0.56."],
    _PRODUCTS: ["What is known about a product, whoever buys it."],
    (*_PRODUCTS, 1): [
        "A number, with its logarithm because a few values are far from the others. Times have "
        "`data_type: temporal`."
    ],
    ("model",): [
        "Start without layers and with IDs as wide as the output, and measure what you add."
    ],
    ("data", "split"): [
        "The last tenth of the time is the test; the days before it are for validation."
    ],
}
