"""Many runs as files: a sweep over rates with other seeds, some of them broken or on other data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnoses import dead, healthy, run_of, set_recall

from recgen.analysis import Run, load_run

RATES = (0.003, 0.01, 0.03, 0.05, 0.1, 0.3)
BAD_RATE = 0.1  # from this on, a run of the sweep is dead
BROKEN = (10, 23)
FOREIGN = (7, 17, 27)


def sweep(folder: Path, count: int, epochs: int = 8, config: Any = None) -> list[Run]:
    """Returns runs of a few rates, each with its own seed.

    Runs `BROKEN` have metrics that are cut off, and runs `FOREIGN` were tested on other rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for number in range(count):
        rate = RATES[number % len(RATES)]
        told: dict[str, Any] = {"learning_rate": rate, "seed": 100 + number, "batch_size": 1024}
        told["name"] = f"sweep {number}"
        data = (dead if rate >= BAD_RATE else healthy)(epochs, **told)
        data["data"] = {"source": "shops/eu.parquet", "read": 23_000}
        if number in FOREIGN:
            data["params"]["test_rows"] = 4821
            data["data"] = {"source": "shops/us.parquet", "read": 48_211}
        place = folder / f"{number:03d}"
        run = run_of(place, data, config)
        if number in BROKEN:
            file = place / "training_metrics.json"
            file.write_text(file.read_text("utf-8")[:500], "utf-8")
            run = load_run(place)
        runs.append(run)
    return runs


def seeds(folder: Path, recalls: dict[float, tuple[float, ...]], config: Any) -> list[Run]:
    """Returns runs of a config by rate, a seed for each recall@100 of its test rows."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for rate, values in recalls.items():
        for number, recall in enumerate(values):
            told = {"learning_rate": rate, "seed": 100 + number, "batch_size": 1024}
            data = healthy(8, **told)
            set_recall(data, recall, popularity=0.15)
            runs.append(run_of(folder / f"{rate:g}-{number}", data, config))
    return runs
