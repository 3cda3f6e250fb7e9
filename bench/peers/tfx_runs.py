"""Mistakes in data, as TFX's ExampleValidator sees them: TFDV with a schema from right data.

Wants TFX 1.21. An anomaly is a warning: ExampleValidator writes it down, and the pipeline goes on.
"""

from __future__ import annotations

import logging
import random
import tempfile
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from watching import Mistake, Watcher, watch_all

HEADER = "user,item,city,price,time"
SCHEMAS: list[Any] = []  # that of the right data: the first that is seen


def validate(header: str = HEADER, column: int = -1, values: tuple[str, ...] = ()) -> None:
    """Warns of each anomaly of 200 rows, of which a `column` may have other `values`."""
    draw = random.Random(1)
    lines = [header]
    for number in range(200):
        cells = [f"u{draw.randrange(30)}", f"i{draw.randrange(40)}", draw.choice("ab")]
        cells += [f"{draw.random():.2f}", str(1600000000 + number * 9)]
        if column >= 0:
            cells[column] = values[number % len(values)].replace("N", str(number))
        lines.append(",".join(cells[: header.count(",") + 1]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_text("\n".join(lines) + "\n", "utf-8")
        statistics = tfdv.generate_statistics_from_csv(str(path))
    if not SCHEMAS:
        SCHEMAS.append(tfdv.infer_schema(statistics))
    anomalies = tfdv.validate_statistics(statistics, SCHEMAS[0])
    for name, anomaly in anomalies.anomaly_info.items():
        warn(f"{name}: {anomaly.short_description}: {anomaly.description}")


def warn(text: str) -> None:
    """Logs an anomaly."""
    logging.getLogger("anomalies").warning(text)


def data(rules: str, what: str, **table: Any) -> Mistake:
    """A mistake in the table."""
    return Mistake(rules, what, lambda: validate(**table))


MISTAKES = [
    data("RG501", "a column that the data lacks", header="user,item,town,price,time"),
    data("RG502", "a column twice in the data", header="user,item,city,price,price"),
    data("RG503 RG111", "text among numbers", column=3, values=("cheap", "0.5")),
    data("RG504", "a column without values", column=3, values=("",)),
    data("RG505", "a category with one value", column=2, values=("a",)),
    data("RG505+", "a number with one value", column=3, values=("1.0",)),
    data("RG506", "rows without a user", column=0, values=("", "u1", "u2")),
    data("RG507", "one product only", column=1, values=("i1",)),
    data("RG508", "users that never come again", column=0, values=("uN",)),
    data("RG509", "values that differ in case", column=2, values=("a", "A", "b")),
    data("RG517", "a long tail", column=3, values=("0.5", "0.5", "0.6", "9000.0")),
    data("RG518", "an outlier of 10^9", column=3, values=("0.5",) * 199 + ("1000000000.0",)),
    data(
        "RG521",
        "milliseconds instead of seconds",
        column=4,
        values=("1600000000000", "1600000001000"),
    ),
    data("RG522", "one time for all rows", column=4, values=("1600000000",)),
    data("RG522+", "no time but a word", column=4, values=("soon",)),
    data("RG523", "a row in 2099", column=4, values=("1600000000",) * 199 + ("4080000000",)),
]

if __name__ == "__main__":
    watcher = Watcher("training", validate)
    watch_all("tfx", f"TFDV {tfdv.__version__}", watcher, MISTAKES)
