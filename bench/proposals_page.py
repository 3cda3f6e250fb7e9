"""bench/results/proposals.md from what proposals.py measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.shapes import REPORT

_HEAD = """# What init proposes, beside counting

Recall of what `recgen init --data FILE` proposes and `recgen train` makes of it, unchanged, on the
last tenth of the time of small data sets after public schemas, beside recommenders that count.
Written by `python -m bench.proposals --record`, with one seed.
"""
_HALVES = {
    False: "Data sets for development",
    True: "Data sets that nothing was chosen with",
}


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the page."""
    parts = [_HEAD, *_worse(results)]
    for is_report, title in _HALVES.items():
        own = {n: r for n, r in results.items() if (n in {*REPORT, "more retail"}) == is_report}
        if own:
            tables = (f"{table_of(name, result)}\n" for name, result in own.items())
            parts += [f"## {title}\n", *tables]
    return "\n".join(parts)


def _worse(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yields the views in which counting is above the interval of ours."""
    found = [
        f"- {name}, {view.replace('_', ' ')}: ours {row['recall']['recgen']:.3f}, {best}"
        for name, result in results.items()
        for view, row in result["views"].items()
        for best in _ahead(view, row, result["views"])
    ]
    if found:
        yield "A baseline is better, beyond the 95% interval of ours (over buyers), in:\n"
        yield from [*found, ""]
    else:
        yield "No baseline is above the 95% interval of ours (over buyers) in any view.\n"


def _ahead(view: str, row: Mapping[str, Any], views: Mapping[str, Any]) -> Iterator[str]:
    """Yields the best baseline of a view, if it is above our interval; one list is a trade."""
    best = max(row["recall"], key=row["recall"].get)
    if row["recall"][best] > row["interval"][1]:
        text = f"{best} {row['recall'][best]:.3f}"
        if view != "all" and "all" in views:
            recall = views["all"]["recall"]
            text += f" (of all pairs, ours {recall['recgen']:.3f}, {best} {recall[best]:.3f})"
        yield text


def table_of(name: str, result: Mapping[str, Any]) -> str:
    """Returns a result as a Markdown table."""
    views = result["views"]
    models = list(dict.fromkeys(m for row in views.values() for m in row["recall"]))
    titles = " | ".join(view.replace("_", " ") for view in views)
    about = f"{name}, {result['rows']:,} rows, recall@{result['k']}"
    lines = (_line(model, views.values()) for model in models)
    return "\n".join([f"| {about} | {titles} |\n|---|{'---|' * len(views)}", *lines])


def _line(model: str, views: Iterable[Mapping[str, Any]]) -> str:
    recalls = (f"{row['recall'][model]:.3f}" for row in views)
    return f"| {model} | {' | '.join(recalls)} |"
