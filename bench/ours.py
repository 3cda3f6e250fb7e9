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

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import recgen
from bench.processes import ROOT, Usage, module, run
from bench.protocol import TEST_SHARE, TIME, read_split
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
    data: Path
    """What it is trained on."""

    @property
    def title(self) -> str:
        """What tables call it."""
        return f"recgen, {self.name}"

    def folder(self, seed: int) -> Path:
        """Returns the run directory of a seed."""
        return RUNS / self.name / f"seed-{seed}-{self.inputs}"

    def train(self, seed: int) -> Usage:
        """Trains by `recgen train`, and removes the runs of this seed that are out of date."""
        config = RUNS / self.name / "config.yaml"
        config.parent.mkdir(parents=True, exist_ok=True)
        for old in config.parent.glob(f"seed-{seed}-*"):
            shutil.rmtree(old)
        config.write_text(self.text, "utf-8")
        out = self.folder(seed)
        command = module("recgen", "train", config, "--data", self.data, "--out", out)
        usage = run([*command, "--seed", str(seed)])
        if usage.code != 0:
            raise SystemExit(f"{self.title}, seed {seed}:\n{usage.output[-2000:]}{usage.errors}")
        return usage

    def measure(self, data: Path, seed: int) -> dict[str, Any]:
        """Trains, then scores what is served; each in a process of its own."""
        usage = self.train(seed)
        taken = {"seconds": usage.seconds, "peak_mb": usage.peak_mb, "others": usage.others}
        command = module("bench.models.one", "served", "--data", data, "--run", self.folder(seed))
        return {**last_json(command), **taken}


def last_json(command: Sequence[str | Path]) -> dict[str, Any]:
    """Runs a command and returns what its last line says, with `others` that were busy."""
    usage = run(command)
    if usage.code != 0:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{usage.errors[-3000:]}")
    return {**json.loads(usage.output.splitlines()[-1]), "others": usage.others}


def read_config(path: Path, data: Path, products: int, *, is_of_user: bool = False) -> Ours:
    """Reads a config, and has it rank the whole catalogue in each answer.

    Its run is on the whole file and leaves the test's rows out; or, as a user's, on a file that
    ends where the test begins, of which the served model learns all rows.

    Raises:
        SystemExit: It has no split that is the protocol's.
    """
    split = recgen.load(path).data.split
    if split is None or split.kind != "strict_time" or split.test != TEST_SHARE:
        raise SystemExit(
            f"{path}: data.split has to be strict_time with test: {TEST_SHARE}, so that training "
            "sees what the protocol leaves for it"
        )
    changes = [Fix(("model", "top_k"), "set", min(products, _MOST))]
    if not is_of_user:  # the test's rows are not learned from
        changes.append(Fix(("model", "refit"), "set", "validation"))
    text = edit(path.read_text("utf-8"), changes, "yaml")
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "config.yaml"
        draft.write_text(text, "utf-8")
        config = recgen.load(draft)
    inputs = inputs_digest(data, *code_of(config))
    name = path.parent.name if path.stem == "config" else path.stem
    if is_of_user:
        name, data = f"{name} as a user trains it", _written_before_test(data)
    return Ours(name, text, inputs, config.model.batch_size, data)


def _written_before_test(data: Path) -> Path:
    """Writes the file's rows before the test, with all their columns, and returns where."""
    path = RUNS / f"before-test-{digest(data)}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        table, end = pq.read_table(data), read_split(data).time_at(TEST_SHARE)
        seconds = table[TIME].cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        pq.write_table(table.filter(pc.less(seconds, end)), path)
    return path


def code_of(config: ExperimentConfig) -> list[object]:
    """Returns what a config and the code that trains it mean: their comments may change."""
    modules = {name: ast.unparse(ast.parse(code)) for name, code in generate(config).items()}
    return [recgen.dump(config), modules, *sorted((ROOT / "recgen" / "local").glob("*.py"))]


def inputs_digest(data: Path, *more: object) -> str:
    """Returns a digest of the data, the protocol, and what else a result depends on."""
    return digest(data, ROOT / "bench" / "protocol.py", *more)
