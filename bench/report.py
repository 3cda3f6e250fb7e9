"""The tables and the plot of a benchmark's results. Knows what bench.json holds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VIEWS = {"all": "all pairs", "new": "new pairs", "new_filtered": "new, past products removed"}
_COLUMNS = (
    ("all", "recall@100"),
    ("all", "recall@10"),
    ("all", "ndcg@10"),
    ("new", "recall@100"),
    ("new_filtered", "recall@100"),
    ("new_filtered", "recall@10"),
)
_NONE = "-"
_QUIET = 0.2  # cores that others may take


def summarize(models: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns a row for each model: means over its seeds, by view and score.

    An interval is the mean of the seeds' intervals: it says what other buyers would change, the
    standard deviation what other seeds would.
    """
    rows = []
    for title in dict.fromkeys(each["title"] for each in models):
        runs = [each for each in models if each["title"] == title]
        metrics = [each["metrics"] for each in runs]
        scores = {
            view: {name: _mean([m[view][name] for m in metrics]) for name in metrics[0][view]}
            for view in VIEWS
            if view in metrics[0]
        }
        rows.append(
            {
                "title": title,
                "is_ours": runs[0]["is_ours"],
                "seeds": len(runs),
                "scores": scores,
                "distinct": statistics.mean(m["distinct_products@100"] for m in metrics),
                "seconds": statistics.median(each["seconds"] for each in runs),
                "peak_mb": statistics.median(each["peak_mb"] for each in runs),
            }
        )
    return rows


def _mean(values: Sequence[Any]) -> Any:
    if not isinstance(values[0], dict):
        return values[0]  # the number of pairs
    mean = {key: statistics.mean(v[key] for v in values) for key in ("value", "low", "high")}
    spread = statistics.stdev(v["value"] for v in values) if len(values) > 1 else None
    return {**mean, "standard_deviation": spread}


def markdown(
    data: str,
    split: dict[str, int],
    models: Sequence[dict[str, Any]],
    speeds: Sequence[dict[str, Any]],
    ratios: Sequence[dict[str, Any]],
) -> str:
    """Returns the page with all tables.

    Args:
        data: Name of the file.
        split: The split's counts.
        models: A result for each model and seed.
        speeds: A result for each trainer and round.
        ratios: What `speed.summary` makes of those.
    """
    rows = summarize(models)
    parts = [
        "# Recall, speed and memory beside other recommenders",
        f"{data}, the last tenth of the time span as test: {split['training_rows']:,} training "
        f"rows of {split['training_buyers']:,} buyers, {split['candidates']:,} candidates, "
        f"{split['test_pairs']:,} test pairs, {split['new_test_pairs']:,} of them "
        "new. `make bench` writes this page; [bench/README.md](../README.md) has the protocol.",
        winners(rows),
        "## Recall",
        _recall_table(rows),
        "± is the standard deviation over seeds, where there are several; in parentheses stands "
        "the 95% interval over resampled buyers. *Distinct*: products in all top-100 lists "
        "together.",
        "## Time and memory of training",
        _cost_table(rows),
        "Peers: training alone, imports and reading left out; memory of the whole process. Ours: "
        "all of `recgen train`, with reading, tensorflow-transform, validation, test and export; "
        "memory of all its processes together, what they share counted twice. "
        + _quiet(max(each["others"] for each in models)),
    ]
    if speeds:
        parts += ["## Throughput", _speed_table(ratios), _speed_notes(speeds)]
    return "\n\n".join([*parts, "![Recall and time](bench.svg)"]) + "\n"


def winners(rows: Sequence[dict[str, Any]]) -> str:
    """Returns which is best in each view, those first in which it is none of ours."""
    found = []
    for view, words in VIEWS.items():
        scored = [row for row in rows if view in row["scores"]]
        best = max(scored, key=lambda row: _value(row, view, "recall@100"), default=None)
        ours = [row for row in scored if row["is_ours"]]
        if best is None or not ours:
            continue
        text = f"{best['title']} ({_value(best, view, 'recall@100'):.3f})"
        if not best["is_ours"]:
            own = max(ours, key=lambda row: _value(row, view, "recall@100"))
            text += f", not {own['title']} ({_value(own, view, 'recall@100'):.3f})"
        found.append((bool(best["is_ours"]), f"of {words}: {text}"))
    best_of = "; ".join(text for _, text in sorted(found, key=lambda each: each[0]))
    return f"Best recall@100 {best_of}." if found else "None of these is ours."


def _recall_table(rows: Sequence[dict[str, Any]]) -> str:
    titles = [f"{name.replace('recall', '')} {VIEWS[view]}".strip() for view, name in _COLUMNS]
    titles = [title.replace("ndcg", "NDCG") for title in titles]
    cells = [[_score(row, *column) for column in _COLUMNS] for row in rows]
    for number, column in enumerate(_COLUMNS):
        values = [_value(row, *column) for row in rows]
        best = values.index(max(values))
        cells[best][number] = f"**{cells[best][number]}**"
    lines = [
        [row["title"], str(row["seeds"]), *cell, f"{row['distinct']:,.0f}"]
        for row, cell in zip(rows, cells, strict=True)
    ]
    return table(["model", "seeds", *titles, "distinct"], lines)


def _value(row: dict[str, Any], view: str, name: str) -> float:
    return float(row["scores"][view][name]["value"]) if view in row["scores"] else -1.0


def _score(row: dict[str, Any], view: str, name: str) -> str:
    if view not in row["scores"]:
        return _NONE
    score = row["scores"][view][name]
    text = f"{score['value']:.3f}"
    if score["standard_deviation"] is not None:
        text += f" ± {score['standard_deviation']:.3f}"
    if name == "recall@100":
        text += f" ({score['low']:.3f} to {score['high']:.3f})"
    return text


def _cost_table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [[row["title"], f"{row['seconds']:.1f}", f"{row['peak_mb']:,.0f}"] for row in rows]
    return table(["model", "seconds", "peak MB"], lines)


def _speed_table(rows: Sequence[dict[str, Any]]) -> str:
    titles = [
        "trainer",
        "batch",
        "examples/s",
        "ratio to the tutorial's loop",
        "ratio at the same batch size",
        "training to the tutorial's final recall",
        "peak MB",
    ]
    lines = [
        [
            row["name"],
            f"{row['batch']:,}",
            f"{row['examples_per_s']:,.0f}",
            _ratio(row["to_published"]),
            _ratio(row["to_same_batch"]) if row["is_ours"] else _NONE,
            _wait(row),
            f"{row['peak_mb']:,.0f}",
        ]
        for row in rows
    ]
    return table(titles, lines)


def _wait(row: dict[str, Any]) -> str:
    if row["seconds"] is None:
        return _NONE
    told = f"{row['seconds']:.1f} s"
    if row["is_ours"]:
        told += f"; the tutorial has it first after {_ratio(row['to_first'])} times that"
        told += f", and ends after {_ratio(row['to_whole'])} times that"
    return told


def _ratio(values: Sequence[float]) -> str:
    middle, low, high = (f"{value:.1f}" for value in values)
    return middle if low == high else f"{middle} ({low} to {high})"


def _speed_notes(results: Sequence[dict[str, Any]]) -> str:
    rounds = max(each["number"] for each in results)
    busy = max(each["others"] for each in results)
    return (
        f"Medians of {rounds} round{'s' if rounds > 1 else ''} in turn, with least and most. "
        "FactorizedTopK is off while the tutorial's loop trains. Validation after each epoch "
        "counts in examples/s, the first epoch does not. The time to a recall is that of "
        "training from the trainer's start: validation does not count, since our recall is looked "
        "at more often there than once an epoch. None is given for a trainer that validates on "
        f"other rows than the tutorial's loop, as presets do. {_quiet(busy)}"
    )


def _quiet(busy: float) -> str:
    state = "was quiet" if busy < _QUIET else "was **not quiet**, so that times mean little"
    return f"The machine {state}: other programs took up to {busy:.1f} of its cores."


def table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table."""
    rows = [titles, ["---"] * len(titles), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def plot(models: Sequence[dict[str, Any]], speeds: Sequence[dict[str, Any]], path: Path) -> None:
    """Draws recall of each view, and validation recall against the time of training."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "recgen", "font.size": 9})
    from matplotlib import pyplot as plt

    rows = summarize(models)
    heights = (1 + len(rows) / 3, 3.5) if speeds else (1 + len(rows) / 3,)
    figure = plt.figure(figsize=(10, sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)
    parts[0, 0].suptitle("recall@100 on the test side, with 95% intervals over buyers")
    axes = parts[0, 0].subplots(1, len(VIEWS), sharey=True)
    for axis, (view, title) in zip(axes, VIEWS.items(), strict=True):
        _recall_panel(axis, rows, view)
        axis.set_title(title, fontsize=9)
    if speeds:
        _time_panel(parts[1, 0].subplots(), speeds)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _recall_panel(axis: Any, rows: Sequence[dict[str, Any]], view: str) -> None:
    for height, row in enumerate(reversed(rows)):
        if view in row["scores"]:
            score = row["scores"][view]["recall@100"]
            color = "tab:red" if row["is_ours"] else "tab:blue"
            axis.plot([score["low"], score["high"]], [height, height], color=color, alpha=0.5)
            axis.plot(score["value"], height, "o", color=color)
            axis.annotate(
                f"{score['value']:.3f}",
                (score["value"], height),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=7,
            )
    axis.set_yticks(range(len(rows)), [row["title"] for row in reversed(rows)])
    axis.margins(x=0.1, y=0.08)
    axis.set_xlim(left=0)
    axis.grid(axis="x", alpha=0.3)


def _time_panel(axis: Any, results: Sequence[dict[str, Any]]) -> None:
    first = [each for each in results if each["number"] == 1]
    # Recall on other rows, as presets have it, is another figure.
    for each in (e for e in first if e["validation_rows"] == first[0]["validation_rows"]):
        seconds, recall = zip(*each["recall"], strict=True)
        axis.plot(seconds, recall, ".-", label=each["name"])
    axis.set_xscale("log")
    axis.set_xlabel("seconds of training (validation not counted)")
    axis.set_title("validation recall@100 on the same rows as training goes on, first round")
    axis.grid(alpha=0.3)
    axis.legend()
