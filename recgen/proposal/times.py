"""Proposals that need the time of purchases: recency and histories of buyers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from recgen.config import DataConfig, FeatureConfig, HistoryFeature
from recgen.data.estimates import GIB, drawn_rows, list_values
from recgen.proposal.choices import Keys
from recgen.proposal.habits import Habits
from recgen.proposal.sizes import Divided
from recgen.proposal.table import Table

_DAY = 86_400
_PART = 6  # of the time: README; 50 to 60 of 337 days were best on Online Retail
_SHORTEST = 30  # days of training; in less time, rows do not age
_FEWEST = 50 * 128  # rows of an epoch; with fewer, each row is needed
_EARLIER = 0.1  # of the visits come after another one; with fewer, nearly all lists are empty
_VALUE, _MOST = 4, 4 * GIB  # bytes


@dataclass(frozen=True)
class Recency:
    """A half-life, and about how many rows an epoch draws with it."""

    days: int
    drawn: int


@dataclass(frozen=True)
class Past:
    """A history of the product ID as plain data."""

    feature: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the column, which is not in the data."""
        return str(self.feature["column"])


def find_recency(table: Table, features: FeatureConfig, divided: Divided) -> Recency | None:
    """Return a half-life of a sixth of the training time, if enough rows are drawn with it."""
    split = divided.section["split"]
    if split["kind"] != "strict_time":
        return None
    date = table.columns[split["date_column"]]
    span = ((date.high or 0) - (date.low or 0)) / _DAY
    training = span * (1 - split["validation"] - split["test"])
    if training < _SHORTEST:
        return None
    days = round(training / _PART)
    drawn = drawn_rows(features, DataConfig.model_validate(divided.section), table.profile, days)
    return Recency(days, round(drawn)) if drawn is not None and drawn >= _FEWEST else None


def find_past(
    table: Table, keys: Keys, habits: Habits | None, features: dict[str, Any], divided: Divided
) -> Past | None:
    """Return a history for buyers who come back, if its lists fit into memory.

    Args:
        table: The transactions.
        keys: The columns of buyer, product and time.
        habits: How buyers buy.
        features: The features section without the history.
        divided: The division of the rows.
    """
    is_by_time = divided.section["split"]["kind"] == "strict_time"
    if habits is None or habits.times is None or not is_by_time:
        return None
    if 1 - 1 / max(1.0, habits.times) < _EARLIER:
        return None
    of_product = features["product_model_features"][0]
    feature = {
        "column": _free_name(table.profile.names),
        "bq_type": f"ARRAY<{of_product['bq_type']}>",
        "data_type": "history",
        "transforms": {"history": {"shared_with": keys.product.name, "max_length": habits.longest}},
    }
    data, model = DataConfig.model_validate(divided.section), HistoryFeature.model_validate(feature)
    values = list_values(FeatureConfig.model_validate(features), model, table.profile, data)
    return Past(feature) if values * _VALUE <= _MOST else None


def _free_name(taken: Container[str]) -> str:
    name = "past_products"
    while name in taken:
        name += "_"
    return name
