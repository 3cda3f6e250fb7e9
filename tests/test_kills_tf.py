"""`recgen train`, killed at random moments of all its stages, ends as if nothing had been."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic import transactions, write_csv

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

# Where a training is killed: the words after which, and the longest wait then in seconds.
READ, SPLIT, TRANSFORM = ("", 3.0), ("read ", 2.0), ("split ", 4.0)
TRAIN, LATER = ("epoch 2/", 0.3), ("epoch 5/", 0.3)
FINAL_LAYER, REFIT = ("epoch 6/", 1.0), ("training again", 0.5)
LAST, EXPORT = ("on test rows too", 0.5), ("last       done", 0.5)
CHAINS = [
    [(READ, "SIGTERM"), (TRANSFORM, "SIGKILL"), (TRAIN, "SIGTERM")],
    [(SPLIT, "SIGKILL"), (TRAIN, "SIGKILL"), (LATER, "SIGKILL")],
    [(REFIT, "SIGTERM"), (LAST, "SIGKILL"), (EXPORT, "SIGTERM")],
    [(TRANSFORM, "SIGTERM"), (FINAL_LAYER, "SIGKILL"), (EXPORT, "SIGKILL")],
]
"""Each is a run that is killed three times."""


def config() -> dict[str, Any]:
    """Returns a config with all that is drawn by chance: rows, weights and dropout."""
    layers = [{"type": "dropout", "rate": 0.3}]
    embedding = {"embedding": {"embedding_dim": 16}}
    return {
        "name": "shop",
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [
                {"column": "customer_id", "data_type": "text", "transforms": embedding},
                {"column": "age", "data_type": "numeric", "transforms": {"normalize": {}}},
            ],
            "product_model_features": [
                {"column": "sku", "data_type": "text", "transforms": embedding}
            ],
        },
        "model": {
            "epochs": 6,
            "output_embedding_dim": 16,
            "batch_size": 32,
            "early_stopping_patience": None,
            "buyer_tower_layers": layers,
        },
        "data": {"split": {"kind": "strict_time", "date_column": "bought_at"}},
    }


class Shop:
    """A folder with a config and data, and the command that trains with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_csv(transactions(4000), folder / "data.csv")
        text = yaml.safe_dump(config())
        (folder / "shop.yaml").write_text(text, encoding="utf-8")

    def start(self, out: str) -> subprocess.Popen[str]:
        command = ["train", "shop.yaml", "--data", "data.csv", "--out", out, "--allow-worse"]
        return subprocess.Popen(
            [sys.executable, "-m", "recgen", *command],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill(self, out: str, words: str, wait: float, name: str) -> str:
        """Kills a training some time after some words; returns what it printed."""
        with self.start(out) as process:
            assert process.stdout is not None
            lines = [""]
            for line in process.stdout if words else ():
                lines.append(line)
                if words in line:
                    break
            timer = threading.Timer(wait, process.send_signal, [getattr(signal, name)])
            timer.start()
            lines += process.stdout.readlines()
        timer.join()
        text = "".join(lines)
        assert "Traceback" not in text
        return text

    def finish(self, out: str) -> dict[str, Any]:
        """Trains to the end; returns the metrics."""
        process = self.start(out)
        text, _ = process.communicate(timeout=600)
        assert process.returncode == 0, text
        assert not list((self.folder / out).parent.glob(f".{out}.*"))
        metrics = json.loads((self.folder / out / "training_metrics.json").read_text())
        assert (self.folder / out / "serving_model" / "saved_model.pb").exists()
        return {key: value for key, value in metrics.items() if key != "saved_at"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def undisturbed(shop: Shop) -> dict[str, Any]:
    return shop.finish("undisturbed")


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(1, len(CHAINS)))]
)
def test_each_kill_is_gone_on_from(shop: Shop, undisturbed: dict[str, Any], number: int) -> None:
    chance = random.Random(number)
    for (words, longest), name in CHAINS[number]:
        shop.kill(f"run-{number}", words, chance.uniform(0, longest), name)
    assert shop.finish(f"run-{number}") == undisturbed
