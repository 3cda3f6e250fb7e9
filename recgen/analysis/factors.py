"""Settings that go with success over several runs, and how likely that is chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

FEWEST = 4  # runs; no division of three runs says anything


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
    settings: Mapping[str, tuple[str, ...]], works: Sequence[bool]
) -> tuple[Factor, ...]:
    """Return the divisions of runs by one setting, the clearest first.

    Numbers are divided at a threshold, other values into one value and the rest.

    Args:
        settings: Values of each run, by path.
        works: Whether each run is good or at risk.
    """
    if len(works) < FEWEST or len(set(works)) < 2:
        return ()
    found: dict[frozenset[int], list[tuple[str, str]]] = {}
    for path, values in settings.items():
        for condition, inside in _divisions(values):
            key = min(inside, frozenset(range(len(works))) - inside, key=sorted)
            named = found.setdefault(key, [])
            if path not in (known for known, _ in named):
                named.append((path, _condition(condition, key == inside)))
    tried = len(found)
    factors = [_factor(key, named, works, tried) for key, named in found.items()]
    return tuple(sorted(factors, key=lambda factor: fisher(*factor.inside, *factor.outside)))


def _condition(condition: tuple[str, str], is_inside: bool) -> str:
    return condition[0] if is_inside else condition[1]


def _divisions(values: Sequence[str]) -> Iterator[tuple[tuple[str, str], frozenset[int]]]:
    """Yield each division: the conditions of its two sides, and the runs of the first side."""
    numbers = [_number(value) for value in values]
    known = sorted({number for number in numbers if number is not None})
    if len(known) > 1 and None not in numbers:
        for low, high in pairwise(known):
            inside = {i for i, number in enumerate(numbers) if number is not None and number <= low}
            yield (f"≤ {low:g}", f"≥ {high:g}"), frozenset(inside)
        return
    for value in dict.fromkeys(values):
        inside = {index for index, other in enumerate(values) if other == value}
        if len(inside) < len(values):
            yield (f"= {value}", f"≠ {value}"), frozenset(inside)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _factor(
    inside: frozenset[int], named: list[tuple[str, str]], works: Sequence[bool], tried: int
) -> Factor:
    ins = [works[index] for index in sorted(inside)]
    outs = [ok for index, ok in enumerate(works) if index not in inside]
    chance = min(fisher(sum(ins), len(ins), sum(outs), len(outs)) * tried, 1.0)
    return Factor(
        paths=tuple(path for path, _ in named),
        condition=tuple(condition for _, condition in named),
        inside=(sum(ins), len(ins)),
        outside=(sum(outs), len(outs)),
        chance=chance,
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
