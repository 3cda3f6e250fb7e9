"""What a rule is. Knows the config models, not where a config came from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from recgen.config import SIDES, Cross, Feature, FeatureConfig, Side
from recgen.findings import FixOp, Location, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found: `path` from the experiment's root, `fix` for what stands there."""

    path: Location
    message: str
    help: str
    severity: Severity | None = None  # where it differs from the rule's
    fix: tuple[FixOp, object] | None = None
    safe: bool = False  # whether the fix is; see `Fix`


# A check names in its parameters what it looks at: `features`, `model`, `data`, and `profile`,
# which is there only when the data is.
Check = Callable[..., Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A code, why it exists, and the checks that report it (none: reading reports it)."""

    code: str
    severity: Severity
    title: str
    reason: str
    example: str
    remedy: str
    checks: tuple[Check, ...] = ()
    allowable: bool = False  # an error about the outcome: what is rendered works all the same

    def problems(self, sections: Mapping[str, object]) -> Iterator[Problem]:
        """Yields what the checks find; a check whose sections are not all there is left out."""
        for check in self.checks:
            wanted = inspect.signature(check).parameters
            if all(name in sections for name in wanted):
                yield from check(**{name: sections[name] for name in wanted})


def path_of(side: Side, kind: Literal["features", "crosses"], index: int) -> Location:
    """Returns the path of a feature or a cross of one tower."""
    return ("features", f"{side}_model_{kind}", index)


def features_of(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, Feature]]:
    """Yields the features of one tower with their paths."""
    for index, feature in enumerate(features.features_of(side)):
        yield path_of(side, "features", index), feature


def crosses_of(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, Cross]]:
    """Yields the crosses of one tower with their paths."""
    for index, cross in enumerate(features.crosses_of(side)):
        yield path_of(side, "crosses", index), cross


def all_features(features: FeatureConfig) -> Iterator[tuple[Location, Feature]]:
    """Yields the features of both towers with their paths."""
    for side in SIDES:
        yield from features_of(features, side)


def all_crosses(features: FeatureConfig) -> Iterator[tuple[Location, Cross]]:
    """Yields the crosses of both towers with their paths."""
    for side in SIDES:
        yield from crosses_of(features, side)
