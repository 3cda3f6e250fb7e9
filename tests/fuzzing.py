"""Hypothesis profiles, and how many cases each use tried. A pytest plugin.

`ci` tries some hundreds of each kind, always the same; `nightly` (`make fuzz`) more, always others.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

_SHARED: dict[str, Any] = {
    "phases": [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # explaining takes long
    "deadline": None,
    "suppress_health_check": [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
}
settings.register_profile("ci", derandomize=True, **_SHARED)
settings.register_profile("nightly", derandomize=False, print_blob=True, **_SHARED)
settings.load_profile("ci")

tried: Counter[str] = Counter()  # cases by use
code_from_text: list[str] = []  # what was found where a text changed the code


def some(ci: int, nightly: int) -> settings:
    """Returns settings with this many examples, by the profile that was chosen."""
    return settings(max_examples=nightly if is_nightly() else ci)


def is_nightly() -> bool:
    """Says whether the long run was asked for."""
    return settings.get_current_profile_name() == "nightly"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--train-samples", type=int, default=5, help="drawn configs that are trained")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not is_nightly():
        return
    write = terminalreporter.write_line
    for use, count in sorted(tried.items()):
        write(f"{use:<40} {count:>7,}")
    seed = config.getoption("--hypothesis-seed")
    total, found = sum(tried.values()), len(set(code_from_text))
    write(f"{total:,} cases, seed {seed}, code from text: {found}")
