"""A run in progress: what its stages share. Runs none of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import ExperimentConfig
from recgen.findings import Finding, RecgenError, sentence
from recgen.local.folder import Staging
from recgen.local.progress import Progress
from recgen.metrics import Account

if TYPE_CHECKING:
    import pyarrow as pa

    from recgen.local.cast import Column


@dataclass
class RunInProgress:
    """A run in progress.

    Attributes:
        config: The experiment.
        columns: The columns that it reads.
        progress: Receiver of progress.
        seed: Seed of a random split and of the model.
        analyze: Splits that vocabularies and statistics come from.
        staging: The folder, its lock and what is done.
        judge: Called with the data before it is read; returns what there is to say of it, and
            raises what ends the run.
        beam: Options of the runner of Beam that transforms; none for this machine alone.
        histories: The final list of each buyer, for each history that was built.
        made: Histories that Beam makes of the rows, with the types of their items.
        account: The rows that were read, left out and divided.
    """

    config: ExperimentConfig
    columns: Sequence[Column]
    progress: Progress
    seed: int
    analyze: tuple[str, ...]
    staging: Staging
    judge: Callable[[Path], Sequence[Finding]] | None = None
    beam: tuple[str, ...] = ()
    histories: Mapping[str, pa.Table] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    account: Account = field(default_factory=Account)

    @property
    def folder(self) -> Path:
        """The folder in which the run comes into being."""
        return self.staging.folder

    @property
    def known(self) -> tuple[str, ...]:
        """The splits of which requests know what buyers had: of the test, if it is learned from."""
        return ("train", "eval", *(("test",) if "test" in self.analyze else ()))

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of the stages that are done."""
        return self.staging.record.seconds

    @property
    def ids(self) -> tuple[str, str]:
        """The columns of the buyer's and the product's ID.

        Raises:
            RecgenError: The config does not name them.
        """
        buyer, product = self.config.features.buyer_id, self.config.features.product_id
        if buyer is None or product is None:
            raise RecgenError(
                "the config does not name the columns with the buyer's and the product's ID",
                "set buyer_id_column and product_id_column",
            )
        return buyer, product

    @property
    def date(self) -> str | None:
        """The name in the table of the config's date column."""
        split = self.config.data.split
        if split is None or split.date_column is None:
            return None
        named = (c.name for c in self.columns if split.date_column in (c.name, c.source))
        return next(named, None)

    @property
    def is_by_time(self) -> bool:
        """Whether the rows are divided by their time."""
        split = self.config.data.split
        return split is not None and split.kind != "random"

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and show that it began."""
        self.progress.start(name)
        self.staging.reach(name)
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began

    def examine(self, data: Path) -> None:
        """Say what a check finds in the data: warnings, and notes.

        Raises:
            RecgenError: There are errors.
        """
        findings = self.judge(data) if self.judge else ()
        self.warn([sentence(each) for each in findings if each.severity == "warning"])
        for each in findings:
            if each.severity == "info":
                self.progress.say(f"note: {sentence(each)}")

    def warn(self, texts: Sequence[str]) -> None:
        """Show warnings and keep them for the result."""
        for text in texts:
            self.progress.note(text)
            if text not in self.staging.record.warnings:  # of an earlier run on the same data
                self.staging.record.warnings.append(text)
