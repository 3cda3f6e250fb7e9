"""Values of untrusted metrics files: numbers, times, histograms, intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any, TypeVar, get_args

from recgen.metrics.parts import BASELINES, BINS, PARTS, VIEWS, WAYS, FailureKind

Values = tuple[float | None, ...]
_T = TypeVar("_T")
_MOST_VALUES = 2**63  # in a bin, and of anything that is counted
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_RECALL = re.compile(r"(?<![a-z])(?:recall|top)(?:_at)?[_@](\d{1,6})(?!\d)", re.IGNORECASE)
_HIT_RATE = re.compile(
    r"(?<![a-z])(?:hr|hits?|hit_?rate|hit_?ratio)(?:_at_|@)(\d{1,6})(?!\d)", re.IGNORECASE
)
"""The same as recall where each row has one product, and the only figure in many scripts."""
_OF_ALL_ROWS = frozenset(["factorized", "k", "categorical", "accuracy", "metric", "metrics"])
"""Words of TFRS in the name of a recall; others name the rows that it was measured on."""
_MOST_OF_SHARES = 1.001  # rounded up
_FEWEST_MEASURED = 3  # values of a series that is measured in some epochs only


def number_of(value: object) -> float | None:
    """Return a finite number, even if it was written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def numbers_of(part: object) -> dict[str, float]:
    """Return the numbers in a mapping; an empty dict for anything else."""
    read = {name: number_of(value) for name, value in _items(part)}
    return {name: value for name, value in read.items() if value is not None}


def _items(part: object) -> Iterable[tuple[str, Any]]:
    return part.items() if isinstance(part, Mapping) else ()


def any_value(series: Iterable[float | None]) -> bool:
    """Return whether a series has any value."""
    return any(value is not None for value in series)


def split_recalls(
    found: Mapping[str, _T], part: str
) -> tuple[dict[str, _T], dict[str, _T], dict[str, str]]:
    """Return the series of recall at k, by their current names, all others, and what is neither.

    TFRS's `val_factorized_top_k/top_100_categorical_accuracy` is `val_recall_at_100`. Of several
    for the same k, that of all rows is kept: `val_cold_recall_at_100` is of some, and is neither;
    its value is the name of the one that was kept. Those of baselines are among the others, by
    their current names, too.
    """
    recalls: dict[str, list[str]] = {}
    others: dict[str, _T] = {}
    has_recall = any(_RECALL.search(name) for name in found if name.startswith(f"{part}_"))
    measure = _RECALL if has_recall else _HIT_RATE
    for name, value in found.items():
        match = measure.search(name)
        who = max((who for who in BASELINES if who in name), key=len, default=None)
        if match and name.startswith(f"{part}_") and not who:
            recalls.setdefault(f"{part}_recall_at_{int(match[1])}", []).append(name)
        elif match and name.startswith(f"{part}_{who}"):
            others[f"{part}_{who}_recall_at_{int(match[1])}"] = value
        else:
            others[name] = value
    kept = {
        name: min(names, key=lambda own: len(_rows_of(own, part)))
        for name, names in recalls.items()
    }
    unused = {own: kept[name] for name, names in recalls.items() for own in names}
    return (
        {name: found[own] for name, own in kept.items()},
        others,
        {own: instead for own, instead in unused.items() if own != instead},
    )


def _rows_of(name: str, part: str) -> list[str]:
    """Return the words of a recall's name that say on which rows it was measured."""
    rest = _HIT_RATE.sub("", _RECALL.sub("", name.removeprefix(f"{part}_")))
    words = re.split(r"[^a-z0-9]+", rest.lower())
    return [word for word in words if word and word not in _OF_ALL_ROWS]


def shares_of(found: Mapping[str, Values]) -> dict[str, Values] | None:
    """Return series with recalls as shares; None if they are shares already.

    They are percentages if one of them is more than any share can be.
    """
    recalls = {name for name in found if _RECALL.search(name)}
    known = (value for name in recalls for value in found[name] if value is not None)
    if not _MOST_OF_SHARES < max(known, default=0.0) <= 100:
        return None
    return {name: _hundredths(own) if name in recalls else own for name, own in found.items()}


def measured_only(values: Values) -> Values:
    """Return a series of recall without the zeros that stand between measurements.

    A script that measures in every fifth epoch may write 0 in the others: positive values are then
    at equal distances up to the end, three of them or more.
    """
    known = [epoch for epoch, value in enumerate(values) if value]
    steps = {after - before for before, after in pairwise(known)}
    step = min(steps, default=1)
    if len(known) < _FEWEST_MEASURED or len(steps) > 1 or step < 2 or known[0] >= step:
        return values
    if len(values) - known[-1] > step:
        return values  # 0 where the next measurement would be: a collapse
    return tuple(value or None for value in values)


def _hundredths(values: Values) -> Values:
    return tuple(None if value is None else value / 100 for value in values)


def param_of(name: str, value: object, annotation: object) -> object:
    """Return a parameter in the type of the model; None if it has another type."""
    if name in ("unknown_products", "unknown_buyers"):
        shares = numbers_of(value)
        return {part: share for part, share in shares.items() if 0 <= share <= 1} or None
    if name == "half_lives":
        return {who: _days_of(inner) for who, inner in _items(value) if who in BASELINES} or None
    if name == "without_target":
        return numbers_of(value) or None
    if name in ("unknown_ids", "histories"):
        return {part: numbers_of(inner) for part, inner in _items(value)} or None
    if name == "digests":
        return {level: each for level, each in _items(value) if isinstance(each, str)} or None
    if name == "collapsed_towers":
        return [each for each in value if each in PARTS] if isinstance(value, list) else None
    if name == "failure_kind":
        return value if value in get_args(FailureKind) else None
    if annotation is bool:
        return value is True or None
    if annotation == str | None:
        return value if isinstance(value, str) and value else None
    number = number_of(value)
    if annotation == int | None:
        is_count = number is not None and 0 <= number < _MOST_VALUES and number == int(number)
        return int(number) if number is not None and is_count else None
    return number


def _days_of(part: object) -> dict[str, float | None]:
    """Return half-lives in days; None for what is not above 0."""
    read = {name: number_of(days) for name, days in _items(part)}
    return {name: days if days is not None and days > 0 else None for name, days in read.items()}


def time_of(value: object) -> datetime | None:
    """Return a time; a time without a zone is UTC.

    Years in which no training is saved are None: those at either end exist in some zones only.
    """
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def histogram_of(part: Mapping[str, Any], epochs: int) -> dict[str, Any] | None:
    """Return a histogram with counts for each epoch, padded with zeros; None if broken."""
    edges, counts = part.get("bin_edges"), part.get("counts")
    if not isinstance(edges, list) or not isinstance(counts, list):
        return None
    numbers = [number for number in map(number_of, edges) if number is not None]
    is_whole = all(
        isinstance(row, list) and len(row) == BINS and all(map(_is_count, row)) for row in counts
    )
    rises = all(left < right for left, right in pairwise(numbers))
    if len(numbers) != len(edges) or len(edges) != BINS + 1 or not is_whole or not rises:
        return None
    missing = [[0] * BINS] * (epochs - len(counts))
    return {"bin_edges": numbers, "counts": [*counts[:epochs], *missing]}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST_VALUES


def evaluation_of(part: object) -> dict[str, Any] | None:
    """Return the evaluation, with empty figures for recommenders that are missing."""
    if not isinstance(part, dict):
        return None
    pairs = {name: int(n) for name, n in numbers_of(part.get("pairs")).items() if n >= 0}
    groups = {view: _groups_of(inner) for view, inner in _items(part.get("groups"))}
    known = {view: inner for view, inner in groups.items() if inner}
    found = {who: _evaluated(part.get(who)) for who in WAYS}
    return {"pairs": pairs, **found, "groups": known or None}


def _groups_of(part: object) -> dict[str, Any] | None:
    """Return sums by group of buyers; None if they cannot be read."""
    if not isinstance(part, dict):
        return None
    rows = part.get("rows")
    if not isinstance(rows, list) or not all(map(_is_count, rows)):
        return None
    listed = [(name, each) for name, each in _items(part.get("sums")) if isinstance(each, list)]
    sums = {name: [number_of(value) for value in each] for name, each in listed}
    whole = {k: v for k, v in sums.items() if len(v) == len(rows) and None not in v}
    return {"rows": rows, "sums": whole}


def final_layer_of(part: object) -> dict[str, Any] | None:
    """Return the fit of the final layer, with the numbers that can be read."""
    if not isinstance(part, dict):
        return None
    weights, measure = numbers_of(part.get("weights")), part.get("measure")
    found = {who: numbers_of(views) for who, views in _items(part.get("validation"))}
    return {
        "weights": weights,
        "new_pairs_count": number_of(part.get("new_pairs_count")),
        "part": number_of(part.get("part")),
        "measure": measure if isinstance(measure, str) else None,
        "validation": {who: views for who, views in found.items() if views},
        "unknown_buyers": _unknown_buyers_of(part.get("unknown_buyers")),
    }


def rating_of(part: object) -> dict[str, Any] | None:
    """Return the evaluation of predictions, with the figures that can be read."""
    if not isinstance(part, dict):
        return None
    counts = numbers_of({name: part.get(name) for name in ("rows", "buyers")})
    figures = {who: _intervals(inner) for who, inner in _items(part.get("figures"))}
    measure = part.get("measure")
    if not isinstance(measure, str) or "rows" not in counts or not figures.get("model"):
        return None
    listed = part.get("bins")
    listed = listed if isinstance(listed, list) else []
    bins = [numbers_of(each) for each in listed if isinstance(each, dict)]
    whole = [each for each in bins if {"rows", "predicted", "actual"} <= each.keys()]
    return {
        "measure": measure,
        **{name: max(int(count), 0) for name, count in counts.items()},
        "bins": [{**each, "rows": max(int(each["rows"]), 0)} for each in whole],
        "figures": figures,
        "groups": _groups_of(part.get("groups")),
    }


def calibration_of(part: object) -> dict[str, Any] | None:
    """Return what is known of a calibration."""
    numbers = numbers_of(part)
    if not isinstance(part, dict) or not {"slope", "intercept"} <= numbers.keys():
        return None
    rows = numbers.pop("rows", None)
    method = part.get("method") if part.get("method") in ("platt", "mean") else "none"
    tried = numbers_of(part.get("tried"))
    rows = None if rows is None else int(rows)
    return {**numbers, "method": method, "tried": tried, "rows": rows}


def _unknown_buyers_of(part: object) -> dict[str, Any] | None:
    numbers = numbers_of(part)
    if not isinstance(part, dict) or "towers" not in numbers:
        return None
    pairs = numbers.get("pairs")
    return {
        "towers": numbers["towers"],
        "half_life": numbers.get("half_life"),
        "pairs": int(pairs) if pairs is not None and pairs >= 0 else None,
        "validation": numbers_of(part.get("validation")),
    }


def _evaluated(part: object) -> dict[str, Any]:
    figures = dict(_items(part))
    views = {view: _intervals(figures.get(view)) or None for view in VIEWS}
    share = number_of(figures.get("coverage_at_100"))
    return {**views, "all": views["all"] or {}, "coverage_at_100": share}


def _intervals(part: object) -> dict[str, dict[str, float | None]]:
    found = {}
    for name, interval in _items(part):
        value = number_of(interval.get("value")) if isinstance(interval, dict) else None
        if value is not None:
            ends = {end: number_of(interval.get(end)) for end in ("low", "high")}
            leads = (end for end in ("lead_low", "lead_high") if end in interval)
            found[name] = {"value": value, **ends, **{e: number_of(interval[e]) for e in leads}}
    return found
