"""Recall as it is judged: beside popularity's, with its noise. Knows numbers only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Part = Literal["test", "val"]


@dataclass(frozen=True)
class Judged:
    """Recall at k beside what needs no model."""

    part: Part
    k: int
    own: float
    popularity: float | None
    rows: int | None
    low: float | None = None
    high: float | None = None

    @property
    def noise(self) -> float:
        """Twice the standard error of the difference; rows are taken as independent."""
        if self.low is not None and self.high is not None:
            return (self.high - self.low) / 2
        if not self.rows or self.popularity is None:
            return 0.02 * max(self.own, self.popularity or 0.0)
        spread = self.own * (1 - self.own) + self.popularity * (1 - self.popularity)
        return 2 * math.sqrt(max(spread, 0.0) / self.rows)

    @property
    def name(self) -> str:
        """Where it was measured: `test recall@100`."""
        return f"{'validation' if self.part == 'val' else 'test'} recall@{self.k}"
