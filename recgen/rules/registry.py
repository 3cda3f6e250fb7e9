"""Rules and where they are registered: a rule is a function whose docstring is its page.

A check names in its parameters the sections of a config that it looks at: `features`, `model`,
`data`, and `profile`, which is there only when the data is. It runs when all of them are there;
a parameter with a default is filled in when its section is there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TypeVar

from recgen.config import DataConfig
from recgen.findings import FixOp, Location, Severity
from recgen.rules.page import Page, parse_page

NO_DATA = DataConfig()  # what a check assumes where a feature and a model config come alone


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found: `path` from the experiment's root, `fix` for what stands there."""

    path: Location
    message: str
    help: str
    severity: Severity | None = None  # where it differs from the rule's
    fix: tuple[FixOp, object] | None = None
    safe: bool = False  # whether the fix is; see `Fix`


Check = Callable[..., Iterator[Problem] | None]
_Check = TypeVar("_Check", bound=Check)
_REGISTERED: dict[str, Rule] = {}


@dataclass(frozen=True, eq=False)
class Rule:
    """A code, the function that explains it, and the checks that report it.

    `allowable` is an error about the outcome: what is rendered works all the same.
    """

    code: str
    severity: Severity
    allowable: bool
    function: Check
    checks: list[Check] = field(default_factory=list)

    @cached_property
    def page(self) -> Page:
        """The rule's documentation, parsed on first use."""
        return parse_page(self.function.__doc__ or "")

    def check(self, function: _Check) -> _Check:
        """Decorate a function that reports this rule as well, from other sections perhaps."""
        self.checks.append(function)
        return function

    def problems(self, sections: Mapping[str, object]) -> Iterator[Problem]:
        """Yield what the checks find; a check whose sections are not all there is skipped."""
        for check in self.checks:
            wanted = _parameters(check)
            if all(name in sections for name, is_needed in wanted.items() if is_needed):
                yield from check(
                    **{name: sections[name] for name in wanted if name in sections}
                ) or ()

    def sees_everything(self, sections: Mapping[str, object]) -> bool:
        """Return whether these are all the sections that the checks would look at."""
        return all(_parameters(check).keys() <= sections.keys() for check in self.checks)


def rule(code: str, severity: Severity, *, allowable: bool = False) -> Callable[[Check], Rule]:
    """Register a function as a rule: its docstring is the page, what it yields is reported.

    A function without a body documents a code that something else reports: reading, or checks
    that are added with `Rule.check`. A function is the rule of one code; what two rules have in
    common is a helper that both call.

    Raises:
        ValueError: The code is registered already.
    """

    def register(function: Check) -> Rule:
        if code in _REGISTERED:
            raise ValueError(f"{code} is already the code of {_REGISTERED[code].function.__name__}")
        _REGISTERED[code] = Rule(code, severity, allowable, function, [function])
        return _REGISTERED[code]

    return register


def registered() -> dict[str, Rule]:
    """Return the rules that have been registered so far, in the order of their codes."""
    return dict(sorted(_REGISTERED.items()))


@cache
def _parameters(check: Check) -> dict[str, bool]:
    """Return the names of a check's parameters, and whether each has no default."""
    parameters = inspect.signature(check).parameters.values()
    return {each.name: each.default is inspect.Parameter.empty for each in parameters}
