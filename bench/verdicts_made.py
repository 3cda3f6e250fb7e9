"""How a labelled run is described, and the config that most of them start from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from limits_grid import COUNTRY, PRICE

Plain = dict[str, Any]
ROWS = 20_000


@dataclass(frozen=True)
class Made:
    """A run, by how it is made. Label and name together occur once."""

    label: str
    name: str
    config: Plain
    data: str = "demo"
    """A variant of verdicts_data.py."""
    rows: int = ROWS
    data_seed: int = 0
    stop_after: int | None = None
    """Epochs after which the training is killed."""
    edit: tuple[str, str] | None = None
    """Text of the rendered trainer, and what stands there instead."""
    copy_of: str | None = None
    """Key of the run whose files are copied; nothing is trained."""
    spoil: str | None = None
    """What happens to the files afterwards: a name in verdicts_spoil.py."""
    verdicts: tuple[str, ...] | None = None
    """Right verdicts, if not those of the label."""
    roots: tuple[str, ...] | None = None
    """Subjects of the root cause, if not those of the label."""
    is_whole: bool = False
    """Whether the served model is trained and saved too, as a user's run has it."""

    @property
    def key(self) -> str:
        """The name of its folder."""
        return re.sub(r"[^a-z0-9.]+", "-", f"{self.label} {self.name}".lower()).strip("-")

    @property
    def source(self) -> str:
        """Its data file, seen from its folder."""
        return f"../../data/{self.file}"

    @property
    def file(self) -> str:
        """The name of its data file."""
        seed = f"-{self.data_seed}" if self.data_seed else ""
        return f"{re.sub(r'[^a-z0-9]+', '-', self.data)}-{self.rows}{seed}.parquet"

    @property
    def trained(self) -> Plain:
        """Its config, with its data."""
        return {**self.config, "data": {**self.config["data"], "source": self.source}}


def text(column: str, width: int, **embedding: Any) -> Plain:
    """Returns a feature of texts."""
    return {
        "column": column,
        "bq_type": "STRING",
        "data_type": "text",
        "transforms": {"embedding": {"embedding_dim": width, **embedding}},
    }


def history(column: str, width: int = 64) -> Plain:
    """Returns a feature of lists of products."""
    settings = {"shared_with": "StockCode", "max_length": 50, "embedding_dim": width}
    return {
        "column": column,
        "bq_type": "ARRAY<STRING>",
        "data_type": "history",
        "transforms": {"history": settings},
    }


@dataclass(frozen=True)
class Towers:
    """What the towers see, if it is not the usual."""

    product: str = "StockCode"
    buyer: str = "CustomerID"
    more: tuple[Plain, ...] = ()
    """Further features of the buyer's tower."""
    width: int = 64
    ids: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the product ID's embedding."""


USUAL = Towers()
TOWERS_ALONE = {"final_layer": "none", "refit": "none"}
"""Nothing but the towers ranks products, as with older trainers, and they are trained once."""


def experiment(model: Plain, split: str = "strict_time", towers: Towers = USUAL) -> Plain:
    """Returns a config on the columns of `recgen demo-data`."""
    buyer = text(towers.buyer, towers.width)
    product = text(towers.product, towers.width, **towers.ids)
    return {
        "name": "verdicts",
        "features": {
            "buyer_id_column": towers.buyer,
            "product_id_column": towers.product,
            "buyer_model_features": [buyer, COUNTRY, *towers.more],
            "product_model_features": [product, PRICE],
        },
        "model": {"batch_size": 512, **model},
        "data": {
            "split": {
                "kind": split,
                "date_column": "InvoiceDate",
                "validation": 0.05,
                "test": 0.1,
            }
        },
    }


def towers_alone(label: str, name: str, *, split: str = "strict_time",
                 towers: Towers = USUAL, **model: Any) -> Made:  # fmt: skip
    """Returns a run on demo data, ranked by the towers alone."""
    return Made(label, name, experiment({**TOWERS_ALONE, **model}, split, towers))
