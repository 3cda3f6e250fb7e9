"""Trainings that were repeated with other seeds: their figures on average, and their spread."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev

from recgen.analysis.facts import Facts
from recgen.analysis.kinds import share
from recgen.analysis.settings import SEEDS, UNKNOWN, settings_of
from recgen.metrics import Interval

_Figures = Mapping[str, tuple[Interval | None, ...]]
_Settings = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds.

    Attributes:
        mean: The mean.
        deviation: The standard deviation, of a sample.
        low: The least value.
        high: The greatest value.
        count: Number of runs that have it.
    """

    mean: float
    deviation: float
    low: float
    high: float
    count: int

    @property
    def text(self) -> str:
        """The mean and the deviation: `0.3011 ±0.0042`."""
        return f"{share(self.mean)} ±{self.deviation:.4f}"


@dataclass(frozen=True)
class Repeats:
    """Runs of one config that differ in their seeds alone, and were tested on the same rows.

    Attributes:
        runs: The runs, counted from 0.
        works: How many of them are good or at risk.
        settings: What tells this config from those of the other runs, by path.
        figures: The spread of each figure that at least two of them have, by name.
    """

    runs: tuple[int, ...]
    works: int
    settings: Mapping[str, str]
    figures: Mapping[str, Spread]

    def as_dict(self) -> dict[str, object]:
        """Return it as plain JSON data; runs are counted from 0."""
        return asdict(self)


def repeats_of(
    facts: Sequence[Facts],
    alike: Collection[int],
    works: Collection[int],
    settings: _Settings,
    figures: _Figures,
) -> tuple[Repeats, ...]:
    """Return the configs that were trained more than once, the most often repeated ones first.

    A run whose config is not known repeats none: other settings may differ, too. Neither do runs
    whose seeds are the same, or not known.

    Args:
        facts: The runs.
        alike: Those that were tested on the same rows.
        works: Those that are good or at risk.
        settings: The settings that differ between runs, by path, with the value of each run.
        figures: The figures, by name, with that of each run.
    """
    groups: dict[object, list[int]] = {}
    seeds: dict[object, set[object]] = {}
    for run in sorted(alike):
        if facts[run].run.config is not None:
            identity, seed = _identity(facts[run])
            groups.setdefault(identity, []).append(run)
            seeds.setdefault(identity, set()).add(seed)
    repeated = [tuple(runs) for identity, runs in groups.items() if len(seeds[identity]) > 1]
    named = {path: values for path, values in settings.items() if path not in SEEDS}
    found = [
        Repeats(
            runs=runs,
            works=len({*runs} & {*works}),
            settings={p: v[runs[0]] for p, v in named.items() if v[runs[0]] != UNKNOWN},
            figures=dict(_spreads(runs, figures)),
        )
        for runs in repeated
    ]
    return tuple(sorted(found, key=lambda each: (-len(each.runs), each.runs)))


def _identity(facts: Facts) -> tuple[object, object]:
    """Return what is the same of trainings that differ in their seeds alone, and the seeds."""
    own = settings_of(facts.run)
    seeds = tuple(own.pop(path, None) for path in SEEDS)
    return (frozenset(own.items()), facts.params.train_rows), seeds


def _spreads(runs: Sequence[int], figures: _Figures) -> Iterator[tuple[str, Spread]]:
    for name, each in figures.items():
        values = [known.value for run in runs if (known := each[run]) is not None]
        if len(values) > 1:
            spread = Spread(mean(values), stdev(values), min(values), max(values), len(values))
            yield name, spread
