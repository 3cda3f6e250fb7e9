"""Registry of rules: a rule is a function whose docstring is its page.

The parameters of a check are the sections of a config that it looks at: `features`, `model`,
`data`, and `profile`, which only exists with data. It runs if all of them exist; a parameter with a
default is optional.
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

NO_DATA = DataConfig()  # the default if only a feature and a model config are given


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem found by a check: `path` from the experiment's root, `fix` for its value."""

    path: Location
    message: str
    help: str
    severity: Severity | None = None  # if it differs from the rule's
    fix: tuple[FixOp, object] | None = None
    safe: bool = False  # whether the fix is safe; see `Fix`
    then: tuple[tuple[Location, FixOp, object], ...] = ()  # further steps of the fix
    also_of: tuple[Location, ...] = ()  # other features that it speaks of


Check = Callable[..., Iterator[Problem] | None]
_Check = TypeVar("_Check", bound=Check)
_REGISTERED: dict[str, Rule] = {}


@dataclass(frozen=True, eq=False)
class Rule:
    """A code, the function that explains it, and the checks that report it.

    An `allowable` error only affects how good the model is: the rendered code works anyway.
    """

    code: str
    severity: Severity
    allowable: bool
    function: Check
    also: tuple[Severity, ...] = ()  # other severities of some of its problems
    checks: list[Check] = field(default_factory=list)
    words: tuple[str, ...] = ()  # sections that decide only what is said, not whether
    of_retrieval: bool = False  # about what ranking alone does not have: softmax, search
    unless: tuple[str, ...] = ()  # rules beside whose word on a feature its advice is wrong

    @property
    def levels(self) -> str:
        """The severities of its problems in words: `warning`, or `warning or error`."""
        return " or ".join((self.severity, *self.also))

    @cached_property
    def page(self) -> Page:
        """The rule's documentation, parsed on first use."""
        return parse_page(self.function.__doc__ or "")

    def check(self, function: _Check) -> _Check:
        """Decorate another function that reports this rule, perhaps from other sections."""
        self.checks.append(function)
        return function

    def problems(self, sections: Mapping[str, object]) -> Iterator[Problem]:
        """Yield the problems found by the checks; a check with missing sections is skipped."""
        if self.of_retrieval and getattr(sections.get("model"), "model_type", "") == "ranking":
            return
        for check in self.checks:
            wanted = _parameters(check)
            if all(name in sections for name, is_needed in wanted.items() if is_needed):
                yield from check(
                    **{name: sections[name] for name in wanted if name in sections}
                ) or ()

    def sees_everything(self, sections: Mapping[str, object]) -> bool:
        """Return whether the sections include all that the checks would look at."""
        seen = {*sections, *self.words}
        return all(_parameters(check).keys() <= seen for check in self.checks)


def rule(
    code: str,
    severity: Severity,
    *,
    allowable: bool = False,
    also: tuple[Severity, ...] = (),
    words: tuple[str, ...] = (),
    of_retrieval: bool = False,
    unless: tuple[str, ...] = (),
) -> Callable[[Check], Rule]:
    """Register a function as a rule: its docstring is the page, and its problems are reported.

    A function without a body documents a code that is reported elsewhere: by reading, or by
    checks that are added with `Rule.check`. A function is the rule of one code; code that two
    rules share is a helper that both call.

    Raises:
        ValueError: The code is already registered.
    """

    def register(function: Check) -> Rule:
        if code in _REGISTERED:
            raise ValueError(f"{code} is already the code of {_REGISTERED[code].function.__name__}")
        _REGISTERED[code] = Rule(
            code, severity, allowable, function, also, [function], words, of_retrieval, unless
        )
        return _REGISTERED[code]

    return register


def registered() -> dict[str, Rule]:
    """Return the rules registered so far, in the order of their codes."""
    return dict(sorted(_REGISTERED.items()))


@cache
def _parameters(check: Check) -> dict[str, bool]:
    """Return the names of a check's parameters, and whether each has no default."""
    parameters = inspect.signature(check).parameters.values()
    return {each.name: each.default is inspect.Parameter.empty for each in parameters}
