"""Our configs: trained by `recgen train`, on the data that the protocol leaves for training."""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import recgen
from bench.processes import ROOT, Usage, module, run
from bench.protocol import TEST_SHARE
from bench.store import digest
from recgen.config import ExperimentConfig
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
    inputs: str
    """Digest of all that a run depends on, beside its seed."""
    batch: int

    @property
    def title(self) -> str:
        """What tables call it."""
        return f"recgen, {self.name}"

    def folder(self, seed: int) -> Path:
        """Returns the run directory of a seed."""
        return RUNS / self.name / f"seed-{seed}-{self.inputs}"

    def train(self, data: Path, seed: int) -> Usage:
        """Trains by `recgen train`, and removes the runs of this seed that are out of date."""
        config = RUNS / self.name / "config.yaml"
        config.parent.mkdir(parents=True, exist_ok=True)
        for old in config.parent.glob(f"seed-{seed}-*"):
            shutil.rmtree(old)
        config.write_text(self.text, "utf-8")
        command = module("recgen", "train", config, "--data", data, "--out", self.folder(seed))
        usage = run([*command, "--seed", str(seed)])
        if usage.code != 0:
            raise SystemExit(f"{self.title}, seed {seed}:\n{usage.output[-2000:]}{usage.errors}")
        return usage

    def measure(self, data: Path, seed: int) -> dict[str, Any]:
        """Trains, then scores what is served; each in a process of its own."""
        usage = self.train(data, seed)
        taken = {"seconds": usage.seconds, "peak_mb": usage.peak_mb, "others": usage.others}
        command = module("bench.models.one", "served", "--data", data, "--run", self.folder(seed))
        return {**last_json(command), **taken}


def last_json(command: Sequence[str | Path]) -> dict[str, Any]:
    """Runs a command and returns what its last line says, with `others` that were busy."""
    usage = run(command)
    if usage.code != 0:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{usage.errors[-3000:]}")
    return {**json.loads(usage.output.splitlines()[-1]), "others": usage.others}


def read_config(path: Path, data: Path, products: int) -> Ours:
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
    unseen = Fix(("model", "refit"), "set", "validation")  # the test's rows are not learned from
    text = edit(path.read_text("utf-8"), [whole, unseen], "yaml")
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "config.yaml"
        draft.write_text(text, "utf-8")
        config = recgen.load(draft)
    inputs = inputs_digest(data, *code_of(config))
    name = path.parent.name if path.stem == "config" else path.stem
    return Ours(name, text, inputs, config.model.batch_size)


def code_of(config: ExperimentConfig) -> list[object]:
    """Returns what a config and the code that trains it mean: their comments may change."""
    modules = {name: ast.unparse(ast.parse(code)) for name, code in generate(config).items()}
    return [recgen.dump(config), modules, *sorted((ROOT / "recgen" / "local").glob("*.py"))]


def inputs_digest(data: Path, *more: object) -> str:
    """Returns a digest of the data, the protocol, and what else a result depends on."""
    return digest(data, ROOT / "bench" / "protocol.py", *more)
