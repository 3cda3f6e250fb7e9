"""Our configs: trained by `recgen train`, on the data that the protocol leaves for training."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import recgen
from bench.processes import ROOT, module, run
from bench.protocol import TEST_SHARE
from bench.store import digest
from recgen.edit import edit
from recgen.findings import Fix
from recgen.generate import generate

RUNS = ROOT / "runs" / "bench"
_MOST = 10_000  # of the config's top_k


@dataclass(frozen=True)
class Ours:
    """One config, made to return the whole ranking."""

    name: str
    text: str
    files: dict[str, str]
    batch: int
    epochs: int

    @property
    def title(self) -> str:
        """What tables call it."""
        return f"recgen, {self.name}"

    def folder(self, seed: int) -> Path:
        """Returns the run directory of a seed."""
        return RUNS / self.name / f"seed-{seed}"

    def inputs(self) -> tuple[object, ...]:
        """Returns what a run depends on, beside the data and its seed."""
        local = sorted((ROOT / "recgen" / "local").glob("*.py"))
        return (self.text, self.files, *local)

    def train(self, data: Path, seed: int) -> dict[str, Any]:
        """Trains, then scores what is served; each in a process of its own."""
        folder = self.folder(seed)
        shutil.rmtree(folder, ignore_errors=True)
        config = RUNS / self.name / "config.yaml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(self.text, "utf-8")
        wanted = ["--data", data, "--out", folder, "--seed", str(seed)]
        usage = run(module("recgen", "train", config, *wanted))
        if usage.code != 0:
            raise SystemExit(f"{self.title}, seed {seed}:\n{usage.output[-2000:]}{usage.errors}")
        taken = {"seconds": usage.seconds, "peak_mb": usage.peak_mb, "others": usage.others}
        return {**taken, **self.score(data, seed)}

    def score(self, data: Path, seed: int) -> dict[str, Any]:
        """Scores the run of a seed."""
        wanted = ["--data", data, "--run", self.folder(seed)]
        return last_json(module("bench.models.one", "served", *wanted))


def last_json(command: Sequence[str | Path]) -> dict[str, Any]:
    """Runs a command and returns what its last line says, with `others` that were busy."""
    usage = run(command)
    if usage.code != 0:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{usage.errors[-3000:]}")
    return {**json.loads(usage.output.splitlines()[-1]), "others": usage.others}


def read_config(path: Path, products: int) -> Ours:
    """Reads a config, and has it rank the whole catalogue in each answer.

    Raises:
        SystemExit: It has no split that is the protocol's.
    """
    split = recgen.load(path).data.split
    if split is None or split.kind != "strict_time" or split.test != TEST_SHARE:
        raise SystemExit(
            f"{path}: data.split has to be strict_time with test: {TEST_SHARE}, so that training "
            "sees what the protocol leaves for it"
        )
    whole = Fix(("model", "top_k"), "set", min(products, _MOST))
    text = edit(path.read_text("utf-8"), [whole], "yaml")
    name = path.parent.name if path.stem == "config" else path.stem
    draft = RUNS / name / "config.yaml"
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_text(text, "utf-8")
    config = recgen.load(draft)
    return Ours(name, text, generate(config), config.model.batch_size, config.model.epochs)


def inputs_digest(data: Path, *more: object) -> str:
    """Returns a digest of the data, the protocol, and what else a result depends on."""
    return digest(data, ROOT / "bench" / "protocol.py", *more)
