"""What a rule is. Knows the config models, not where a config came from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from recgen.config import DataConfig
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


NO_DATA = DataConfig()  # what a check assumes where a feature and a model config come alone
MAX_COMPARED = 50_000  # names that are looked at for those alike: about a second

# A check names in its parameters what it looks at: `features`, `model`, `data`, and `profile`,
# which is there only when the data is. What has a default is given when it is there.
Check = Callable[..., Iterator[Problem]]
_NONE = inspect.Parameter.empty


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
            needed = (name for name, parameter in wanted.items() if parameter.default is _NONE)
            if all(name in sections for name in needed):
                yield from check(**{name: sections[name] for name in wanted if name in sections})
