"""Fixtures that several test files share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def experiment() -> dict[str, Any]:
    """Returns a small config, as plain data, in which `check` finds nothing."""
    return {
        "name": "shop",
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [
                {"column": "customer_id", "data_type": "text"},
                {"column": "age", "data_type": "numeric", "transforms": {"normalize": {}}},
            ],
            "product_model_features": [{"column": "sku", "data_type": "text"}],
        },
        "model": {"epochs": 3},
        "data": {"split": {"kind": "strict_time", "date_column": "bought_at"}},
    }
