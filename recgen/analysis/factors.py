"""Settings that go with success over several runs, and how likely that is chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from recgen.analysis.settings import SEEDS, UNKNOWN

FEWEST = 4  # runs; no division of three runs says anything
_Runs = frozenset[int]


@dataclass(frozen=True)
class Factor:
    """A division of the runs by a setting.

    Attributes:
        paths: The settings that divide the runs in this way; their effects cannot be separated.
        condition: What each of these settings is on the first side.
        inside: How many runs of the first side work, and how many there are.
        outside: The same for the other side.
        chance: How likely a division at least as clear is if no setting matters (Fisher's exact
            test), times the number of divisions that were tried.
    """

    paths: tuple[str, ...]
    condition: tuple[str, ...]
    inside: tuple[int, int]
    outside: tuple[int, int]
    chance: float


def factors_of(
    settings: Mapping[str, tuple[str, ...]], works: Sequence[bool | None]
) -> tuple[Factor, ...]:
    """Return the divisions of runs by one setting, the clearest first.

    Numbers are divided at a threshold, other values into one value and the rest. Seeds are not
    tried, and a run whose value is not known is on neither side.

    Args:
        settings: Values of each run, by path.
        works: Whether each run is good or at risk; None for a run that does not count.
    """
    counts = [each for each in works if each is not None]
    if len(counts) < FEWEST or len(set(counts)) < 2:
        return ()
    found: dict[tuple[_Runs, _Runs], list[tuple[str, str]]] = {}
    for path, values in settings.items():
        if path in SEEDS:
            continue
        known = {
            index: value
            for index, value in enumerate(values)
            if works[index] is not None and value != UNKNOWN
        }
        if len(known) < FEWEST:
            continue
        for conditions, inside in _divisions(known):
            sides = (inside, frozenset(known) - inside)
            first = min(sides, key=sorted)
            named = found.setdefault((first, sides[first == inside]), [])
            if path not in (other for other, _ in named):
                named.append((path, conditions[first != inside]))
    tried = len(found)
    factors = [_factor(key, named, works, tried) for key, named in found.items()]
    return tuple(sorted(factors, key=lambda factor: fisher(*factor.inside, *factor.outside)))


def _divisions(values: Mapping[int, str]) -> Iterator[tuple[tuple[str, str], _Runs]]:
    """Yield each division: the conditions of its two sides, and the runs of the first side."""
    numbers = {index: _number(value) for index, value in values.items()}
    known = sorted({number for number in numbers.values() if number is not None})
    if len(known) > 1 and None not in numbers.values():
        for low, high in pairwise(known):
            inside = {i for i, number in numbers.items() if number is not None and number <= low}
            yield (f"≤ {low:g}", f"≥ {high:g}"), frozenset(inside)
        return
    for value in dict.fromkeys(values.values()):
        inside = {index for index, other in values.items() if other == value}
        if len(inside) < len(values):
            yield (f"= {value}", f"≠ {value}"), frozenset(inside)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _factor(
    sides: tuple[_Runs, _Runs],
    named: list[tuple[str, str]],
    works: Sequence[bool | None],
    tried: int,
) -> Factor:
    inside, outside = ((sum(works[run] or 0 for run in side), len(side)) for side in sides)
    return Factor(
        paths=tuple(path for path, _ in named),
        condition=tuple(condition for _, condition in named),
        inside=inside,
        outside=outside,
        chance=min(fisher(*inside, *outside) * tried, 1.0),
    )


def fisher(good: int, count: int, other_good: int, other_count: int) -> float:
    """Return the two-sided p-value of Fisher's exact test of two shares.

    Args:
        good: Successes in the first group.
        count: Size of the first group.
        other_good: Successes in the second group.
        other_count: Size of the second group.
    """
    total, successes = count + other_count, good + other_good
    ways = math.comb(total, successes)

    def likelihood(hits: int) -> float:
        return math.comb(count, hits) * math.comb(other_count, successes - hits) / ways

    seen = likelihood(good)
    least, most = max(0, successes - other_count), min(count, successes)
    every = map(likelihood, range(least, most + 1))
    return min(sum(p for p in every if p <= seen * (1 + 1e-9)), 1.0)
