"""Throughput and time to a recall, of our trainers and the tutorial's loop in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench.models import tutorial
from bench.ours import Ours, inputs_digest, last_json
from bench.processes import ROOT, module
from bench.store import Store

_MODELS = ROOT / "bench" / "models"
_FEW_EPOCHS = 3  # where only throughput is wanted
_Timed = Callable[[], dict[str, Any]]
_Plan = tuple[str, _Timed, list[object]]  # a name, what measures it, and what that depends on


def measure(store: Store, data: Path, configs: Sequence[Ours], rounds: int) -> list[dict[str, Any]]:
    """Returns figures of the tutorial's loop and each config's trainer, run in turn, A B A B.

    The tutorial's loop runs as published, and at the batch size of each config. The speed of a
    shared machine drifts: only ratios within a round can be quoted.
    """
    sources = [_MODELS / "timed.py", _MODELS / "tutorial.py"]
    batches = sorted({config.batch for config in configs} - {tutorial.BATCH})
    if rounds < 1:
        return []
    plans = [_tutorial(data, tutorial.BATCH, tutorial.EPOCHS)]
    plans += [_tutorial(data, batch, _FEW_EPOCHS) for batch in batches]
    plans += [_ours(data, config) for config in configs]
    found = []
    for number in range(1, rounds + 1):
        for name, run, inputs in plans:
            key = inputs_digest(data, *sources, *inputs)

            def train(run: _Timed = run, said: str = f"{name}, round {number}") -> Any:
                print(said, flush=True)
                return run()

            found.append(store.get("speed", name, number, key, train))
    return [each for each in found if each is not None]


def _tutorial(data: Path, batch: int, epochs: int) -> _Plan:
    sizes = ["--batch", str(batch), "--epochs", str(epochs)]
    command = module("bench.models.timed", "tutorial", "--data", data, *sizes)
    return tutorial_name(batch), partial(last_json, command), [epochs]


def tutorial_name(batch: int) -> str:
    """Returns the name of the tutorial's loop at a batch size."""
    return f"TFRS tutorial, batch {batch:,}"


def _ours(data: Path, config: Ours) -> _Plan:
    """Returns how to train the trainer of the first seed's run again, on its examples."""

    def run() -> dict[str, Any]:
        folder = config.folder(1)
        if not folder.exists():  # its scores were there, from elsewhere
            config.train(seed=1)
        return last_json(module("bench.models.timed", "generated", "--run", folder))

    return config.title, run, [config.inputs]


def summary(results: Sequence[dict[str, Any]], configs: Sequence[Ours]) -> list[dict[str, Any]]:
    """Returns a row a trainer: ratios to the tutorial's loop, and times to its final recall."""
    rounds: dict[int, dict[str, dict[str, Any]]] = {}
    for each in results:
        rounds.setdefault(each["number"], {})[each["name"]] = each
    names = dict.fromkeys(each["name"] for each in results)
    batches = {config.title: config.batch for config in configs}
    return [_row(name, batches.get(name), list(rounds.values())) for name in names]


def _row(
    name: str, batch: int | None, rounds: Sequence[dict[str, dict[str, Any]]]
) -> dict[str, Any]:
    """Returns the row of one of our trainers, or of the tutorial's loop, whose batch is None."""
    published = tutorial_name(tutorial.BATCH)
    same = published if batch is None else tutorial_name(batch)
    ours = [each[name] for each in rounds]
    to_recall = [_seconds_to_recall(each[published], each[name]) for each in rounds]
    waits = [pair for pair in to_recall if pair is not None]
    return {
        "name": name,
        "is_ours": batch is not None,
        "batch": ours[0]["batch"],
        "examples_per_s": statistics.median(each["examples_per_s"] for each in ours),
        "peak_mb": statistics.median(each["peak_mb"] for each in ours),
        "to_published": _ratios(published, name, rounds),
        "to_same_batch": _ratios(same, name, rounds),
        "tutorial_s": statistics.median(wait.first for wait in waits) if waits else None,
        "seconds": statistics.median(wait.own for wait in waits) if waits else None,
        "to_first": _spread([wait.first / wait.own for wait in waits]) if waits else None,
        "to_whole": _spread([wait.whole / wait.own for wait in waits]) if waits else None,
    }


def _ratios(
    peer: str, name: str, rounds: Sequence[dict[str, dict[str, Any]]]
) -> tuple[float, float, float]:
    """Returns median, least and most of the ratio of throughputs."""
    return _spread([r[name]["examples_per_s"] / r[peer]["examples_per_s"] for r in rounds])


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


class _Wait(NamedTuple):
    """Seconds of training: the peer's to its end, both to the recall that it has there.

    The tutorial's recall falls after its second epoch, so it has it long before.
    """

    whole: float
    first: float
    own: float


def _seconds_to_recall(peer: dict[str, Any], ours: dict[str, Any]) -> _Wait | None:
    """Returns how long a recall takes; None when ours never has it, or has other rows."""
    target = peer["recall"][-1][1]
    reached = [second for second, recall in ours["recall"] if recall >= target]
    if not reached or ours["validation_rows"] != peer["validation_rows"]:
        return None
    first = next(second for second, recall in peer["recall"] if recall >= target)
    return _Wait(peer["recall"][-1][0], first, reached[0])
