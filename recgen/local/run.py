"""Stages of `recgen train`: read, split, transform, train."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.analysis import diagnose, load_run
from recgen.config import SIDES, ExperimentConfig, HistoryFeature, dtype_of
from recgen.findings import RecgenError, printable
from recgen.local import buyers
from recgen.local.account import add_to_metrics, unknown_values
from recgen.local.approximate import require_scann
from recgen.local.child import Child, ChildError
from recgen.local.fitting import fit
from recgen.local.folder import Staging, keep_failed, staged
from recgen.local.histories import Wanted, add_histories
from recgen.local.ingest import clean, open_data, table_of
from recgen.local.inputs import TRAINED, inputs_of
from recgen.local.names import plain_path
from recgen.local.oddities import notes_on
from recgen.local.progress import Progress, Silent
from recgen.local.raw import write_tables
from recgen.local.signals import interruptible
from recgen.local.split import SplitData, split_table, without_far_times
from recgen.metrics import FILE_NAME, Account, TrainingMetrics, read_metrics
from recgen.plan.columns import columns_read, input_columns, serving_inputs

if TYPE_CHECKING:
    import pyarrow as pa

    from recgen.local.cast import Column

_MODEL = "serving_model"
_WORK = "work"  # Arrow files between stages, removed at the end


@dataclass(frozen=True)
class RunResult:
    """The result of a run."""

    folder: Path
    metrics: TrainingMetrics
    seconds: Mapping[str, float]
    """Wall-clock seconds of each stage. `transform` includes `analyze`, `apply` and the rest of
    `import`, the import of TensorFlow and Beam, which begins with the run."""
    warnings: tuple[str, ...] = ()

    @property
    def collapsed(self) -> bool:
        """Whether the trainer stopped because a tower collapsed."""
        return self.metrics.params.gradient_collapse_detected


@dataclass
class _Run:
    """A run in progress."""

    config: ExperimentConfig
    columns: Sequence[Column]
    progress: Progress
    seed: int
    analyze: tuple[str, ...]
    staging: Staging
    judge: Callable[[Path], None] | None = None
    histories: Mapping[str, pa.Table] = field(default_factory=dict)
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

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and show that it began."""
        self.progress.start(name)
        self.staging.reach(name)
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began

    def warn(self, texts: Sequence[str]) -> None:
        """Show warnings and keep them for the result."""
        for text in texts:
            self.progress.note(text)
        self.staging.record.warnings.extend(texts)


def train(
    config: ExperimentConfig,
    files: Mapping[str, str],
    config_text: str,
    data: Path,
    out: Path,
    epochs: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    analyze: tuple[str, ...] | None = None,
    allow_worse: bool = False,
    judge: Callable[[Path], None] | None = None,
) -> RunResult:
    """Train on this machine: from a file with transactions to a run directory.

    Whatever ends the process, the next one with the same arguments goes on from the last stage
    and epoch that were done.

    Args:
        config: The experiment, without errors.
        files: Its rendered modules, by name.
        config_text: The config as the user wrote it; kept in the run directory.
        data: A file that `recgen.local.ingest` reads, or a folder or pattern of such files.
        out: The run directory. An earlier run there is replaced when this one has ended. If it
            has a model, and this training stops or has a bad verdict, the new run goes to
            `<out>-stopped` or `<out>-bad` instead.
        epochs: Overrides the config.
        seed: Overrides the config.
        progress: Receiver of progress; None shows nothing.
        analyze: Splits that vocabularies and statistics come from: `train`, perhaps with `eval` and
            `test`. None means all that the saved model is trained on.
        allow_worse: Whether a run with a bad verdict may replace one with a better verdict.
        judge: Called with `data` before anything is read; raises what ends the training.

    Returns:
        The run's folder, metrics and times. A collapsed training is a result too.

    Raises:
        RecgenError: Data, environment or training failed. What a later run can go on from is
            kept; files that explain a failure of the modules are in `<out>-failed`.
        Interrupted: A signal asked the process to end.
    """
    if analyze is None:
        refitted: dict[str, tuple[str, ...]] = {"none": (), "validation": ("eval",)}
        analyze = ("train", *refitted.get(config.model.refit, ("eval", "test")))
    require_scann(config)
    progress = progress or Silent()
    model_seed = config.model.seed if seed is None else seed
    inputs = inputs_of(config, files, data, model_seed, epochs, analyze)
    with interruptible(), staged(out, inputs, TRAINED) as staging:
        run = _Run(config, input_columns(config), progress, model_seed, analyze, staging, judge)
        _announce(staging, progress)
        custom_config = {} if epochs is None else {"epochs": epochs}
        try:
            _train(run, files, config_text, data, {**custom_config, "seed": model_seed})
            metrics = _metrics(run)
        except ChildError as error:
            kept = keep_failed(run.folder, out)
            raise RecgenError(error.message, f"its full output is in {kept}") from None
        target = staging.land(_suffix(run.folder, staging.place.out, allow_worse))
    return RunResult(target, metrics, run.seconds, tuple(staging.record.warnings))


def _suffix(folder: Path, out: Path, allow_worse: bool) -> str:
    """Return the suffix of the place for a finished run, which must not cost an earlier model."""
    if not (out / _MODEL).exists():
        return ""
    if not (folder / _MODEL).exists():
        return "-stopped"
    return "-bad" if not allow_worse and _is_bad(folder) and not _is_bad(out) else ""


def _is_bad(folder: Path) -> bool:
    try:
        return diagnose(load_run(folder)).verdict in ("bad", "broken")
    except RecgenError:  # metrics that cannot be read
        return True


def _announce(staging: Staging, progress: Progress) -> None:
    """Show what became of an earlier training that did not end."""
    different, record = " and ".join(staging.different), staging.record
    if different and record.done:
        other = f"an unfinished training with a different {different}"
        progress.say(f"the transformed data of {other} is used again")
    elif different:
        progress.say(f"an unfinished training with a different {different} was removed")
    elif record.done:
        began, at = record.began.replace("T", " ")[:16], (
            f" (stage {record.at})" if record.at else ""
        )
        progress.say(
            f"going on with the training that began on {began} UTC and was interrupted{at}"
        )


def _train(
    run: _Run,
    files: Mapping[str, str],
    config_text: str,
    data: Path,
    custom_config: Mapping[str, int],
) -> None:
    """Run the stages that are not done."""
    record, inherits = run.staging.record, [run.staging.lock.descriptor]
    if not run.staging.lock.is_real:
        run.warn(("this file system has no locks: no other training may use the same --out",))
    # Those of an unfinished run may have the same meaning and other comments.
    for name, text in {"config.yaml": config_text, **files}.items():
        (run.folder / name).write_text(text, encoding="utf-8")
    with ExitStack() as children:
        if "transform" not in record.done:
            # The child imports TensorFlow and Beam, which takes seconds, while the data is read.
            transformer = children.enter_context(Child("recgen.local.transform", inherits))
            split = _prepare(run, data)
            # This one imports during the transform.
            trainer = children.enter_context(Child("recgen.local.fit", inherits))
            with run.stage("transform"):
                _write_inputs(run, split)
                _transform(run, split, transformer)
                record.account = _account(run, split).model_dump()
            run.staging.finish("transform")
        elif "train" not in record.done:
            trainer = children.enter_context(Child("recgen.local.fit", inherits))
        shutil.rmtree(run.folder / _WORK, ignore_errors=True)
        if "train" not in record.done:
            fit(run.staging, trainer, custom_config, run.progress)
            run.staging.finish("train")


def _prepare(run: _Run, data: Path) -> SplitData:
    """Read, clean and split the data."""
    buyer, product = _ids(run.config)
    with run.stage("read"):
        if run.judge is not None:
            run.judge(data)
        file = open_data(data, run.config.data)
        missing = missing_histories(run.config, file.names)
        unread = {each.name for each in missing}
        wanted = [c for c in run.columns if c.name not in unread]
        table = table_of(file, wanted, run.config.data.null_values)
        read = Account(source=printable(str(data)), format=str(file.format), read=table.num_rows)
        date = _date(run)
        far: tuple[str, ...] = ()
        if date is not None and run.config.data.null_times is None:
            table, far = without_far_times(table, date)
        table, warnings = clean(table, buyer, product, run.config.model.batch_size)
    people, goods = len(table[buyer].unique()), len(table[product].unique())
    where = f" in {file.format.parts:,} files" if file.format.parts > 1 else ""
    run.progress.done(f"{table.num_rows:,} rows{where}, {people:,} buyers, {goods:,} products")
    texts = [c.name for c in wanted if c.is_category and c.dtype == "string"]
    run.warn([*far, *warnings, *notes_on(table, texts)])
    with run.stage("split"):
        split = split_table(table, run.config.data.split, date, run.seed)
        undated = table[date].null_count if date and _is_by_time(run.config) else 0
        parts = {name: part.num_rows for name, part in split.tables().items()}
        run.account = read.split(table.num_rows, undated, parts)
        if missing:
            split, run.histories = add_histories(
                split,
                missing,
                buyer,
                _required(date, missing),
                run.known,
                at_random=not _is_by_time(run.config),
            )
    counts = ", ".join(f"{name} {t.num_rows:,}" for name, t in split.tables().items())
    run.progress.done(f"{counts} rows")
    run.warn(split.warnings)
    return split


def _is_by_time(config: ExperimentConfig) -> bool:
    return config.data.split is not None and config.data.split.kind != "random"


def _account(run: _Run, split: SplitData) -> Account:
    """Return the account with the values that the vocabularies do not have."""
    tables = [split.tables()[part] for part in run.analyze]
    unknown = unknown_values(run.config, tables, run.folder)
    return run.account.model_copy(update={"unknown": unknown})


def _required(date: str | None, missing: Sequence[Wanted]) -> str:
    if date is None:
        raise RecgenError(
            f"the data has no column {missing[0].name!r}, and a history cannot be built from "
            "transactions without a time",
            "set data.split.date_column, or use a Parquet file with a column of lists",
        )
    return date


def missing_histories(config: ExperimentConfig, present: Sequence[str]) -> list[Wanted]:
    """Return the histories of a config that a file with these columns does not have."""
    features = config.features.buyer_model_features
    histories = (f for f in features if isinstance(f, HistoryFeature) and f.history)
    return [
        Wanted(
            name=each.output_name,
            values=each.history.shared_with,
            length=each.history.max_length,
            dtype=dtype_of(each.bq_type),
            is_newest_first=each.history.order == "newest_first",
        )
        for each in histories
        if each.history and not {each.output_name, each.column} & set(present)
    ]


def _ids(config: ExperimentConfig) -> tuple[str, str]:
    buyer, product = config.features.buyer_id, config.features.product_id
    if buyer is None or product is None:
        raise RecgenError(
            "the config does not name the columns with the buyer's and the product's ID",
            "set buyer_id_column and product_id_column",
        )
    return buyer, product


def _date(run: _Run) -> str | None:
    """Return the name in the table of the config's date column."""
    split = run.config.data.split
    if split is None or split.date_column is None:
        return None
    named = (c.name for c in run.columns if split.date_column in (c.name, c.source))
    return next(named, None)


def _write_inputs(run: _Run, split: SplitData) -> None:
    """Write what `recgen recommend` knows of buyers and products."""
    folder = run.folder
    buyer, product = _ids(run.config)
    names = {item.column: item.name for item in serving_inputs(run.config)}
    sent = {side: columns_read(run.config, side) for side in SIDES}
    serving = {name: own for name, own in names.items() if name in sent["buyer"]}
    known = [split.tables()[part] for part in run.known]
    buyers.write(folder, known, buyer, product, _date(run), serving, run.histories)
    if run.config.model.model_type == "ranking":
        serving = {name: own for name, own in names.items() if name in sent["product"]}
        buyers.write_products(folder, known, product, _date(run), serving)


def _transform(run: _Run, split: SplitData, child: Child) -> None:
    total = sum(table.num_rows for table in split.tables().values())

    def on_line(line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "rows":
            run.progress.rows(int(rest), total)
        elif word == "seconds":
            name, _, seconds = rest.partition(" ")
            run.seconds[name] = float(seconds)

    with plain_path(run.folder) as folder:
        (folder / _WORK).mkdir()
        job = {
            "module": str(folder / "transform_module.py"),
            "tables": write_tables(split.tables(), folder / _WORK),
            "analyze": list(run.analyze),
            "run": str(folder),
        }
        child.run(job, folder / "transform.log", on_line, "the transform")
    run.progress.done(f"{total:,} rows")


def _metrics(run: _Run) -> TrainingMetrics:
    """Return what the trainer measured, with the account, which it does not know."""
    path = run.folder / FILE_NAME
    if not path.exists():
        raise ChildError(f"the training wrote no {FILE_NAME}")
    add_to_metrics(run.staging.record.account, path)
    return read_metrics(path.read_text(encoding="utf-8"), str(path)).metrics
