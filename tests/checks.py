"""What tests of rules share: findings of a changed config, layers, data without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recgen.check import check
from recgen.config import ExperimentConfig
from recgen.data.statistics import ColumnProfile
from recgen.rules import RULES

Plain = dict[str, Any]


def told(experiment: Plain, **sections: Plain) -> list[str]:
    """Returns `RG101 error` and so on, for an experiment with some sections changed."""
    features = {**experiment["features"], **sections.pop("features", {})}
    report = check({**experiment, **sections, "features": features})
    return [f"{finding.code} {finding.severity}" for finding in report.findings]


def codes(experiment: Plain, **sections: Plain) -> list[str]:
    """Returns the codes of the findings, for an experiment with some sections changed."""
    return [finding.split()[0] for finding in told(experiment, **sections)]


def added(experiment: Plain, *, buyer: Any = (), product: Any = ()) -> Plain:
    """Returns the features of an experiment with more in its towers."""
    features = experiment["features"]
    return {
        "buyer_model_features": [*features["buyer_model_features"], *buyer],
        "product_model_features": [*features["product_model_features"], *product],
    }


def layers(*units: int) -> list[Plain]:
    """Returns dense layers, the last one linear where it is the output (64 units)."""
    ends = {64: "linear"}
    return [{"type": "dense", "units": n, "activation": ends.get(n, "relu")} for n in units]


@dataclass
class Rows:
    """A profile of rows that nobody has to write: number of rows, distinct values by column."""

    rows: int
    values: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.values)

    def column(self, name: str) -> ColumnProfile:
        return ColumnProfile(name, "text", self.rows, 0, self.values[name])

    def known(self, names: Sequence[str]) -> Rows:
        """Returns itself: all rows have all values."""
        return self


def problems(code: str, experiment: Plain, profile: Rows | None = None, **sections: Plain) -> Any:
    """Returns what one rule says, with data of that size."""
    config = ExperimentConfig.model_validate({**experiment, **sections})
    given = {name: getattr(config, name) for name in ("features", "model", "data")}
    known = {"profile": profile} if profile else {}
    return [problem.message for problem in RULES[code].problems({**given, **known})]
