"""Fixtures and options that several test files share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.pop("COLUMNS", None)  # of the terminal, which processes of pytest-xdist are given

pytest_plugins = ["runs", "fuzzing"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden-update", action="store_true", help="write the golden files again (make golden)"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is named `test_*_tf.py`; without TensorFlow it is skipped, with the reason."""
    for item in items:
        if Path(item.fspath).stem.endswith("_tf"):
            item.add_marker("tf")


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
