"""Stages of `recgen train`: read, split, transform, train."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from recgen.analysis import diagnose, load_run
from recgen.config import SIDES, ExperimentConfig
from recgen.findings import Finding, RecgenError
from recgen.generate import generate_histories
from recgen.local import buyers
from recgen.local.account import Counted, add_to_metrics, counted_values, unknown_values
from recgen.local.approximate import require_scann
from recgen.local.beam_options import require_runner, warning_of
from recgen.local.child import Child, ChildError
from recgen.local.fitting import fit
from recgen.local.folder import Staging, keep_failed, staged
from recgen.local.in_progress import RunInProgress
from recgen.local.inputs import TRAINED, inputs_of
from recgen.local.names import plain_path
from recgen.local.prepare import give_back_memory, prepare
from recgen.local.progress import Progress, Silent
from recgen.local.raw import write_tables
from recgen.local.signals import interruptible
from recgen.local.split import SplitData
from recgen.metrics import FILE_NAME, Account, TrainingMetrics, read_metrics
from recgen.plan.columns import columns_read, input_columns, serving_inputs

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
    judge: Callable[[Path], Sequence[Finding]] | None = None,
    beam: tuple[str, ...] = (),
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
        judge: Called with `data` before anything is read; returns findings to show, and raises what
            ends the training.
        beam: Options of Beam with a `--runner` that makes histories and transforms; without them,
            this machine does, and faster.

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
    if beam:
        require_runner(beam)
    progress = progress or Silent()
    model_seed = config.model.seed if seed is None else seed
    inputs = inputs_of(config, files, data, model_seed, epochs, analyze)
    with interruptible(), staged(out, inputs, TRAINED) as staging:
        run = RunInProgress(
            config, input_columns(config), progress, model_seed, analyze, staging, judge, beam
        )
        _announce(staging, progress)
        custom_config = {} if epochs is None else {"epochs": epochs}
        try:
            _train(run, files, config_text, data, {**custom_config, "seed": model_seed})
            metrics = _metrics(run)
        except ChildError as error:
            staging.require()
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
        began = record.began.replace("T", " ")[:16]
        at = f" (stage {record.at})" if record.at else ""
        progress.say(
            f"going on with the training that began on {began} UTC and was interrupted{at}"
        )


def _train(
    run: RunInProgress,
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
            split = prepare(run, data)
            with run.stage("transform"):
                tables, values = _write_inputs(run, split), _counted(run, split)
                del split
                give_back_memory()  # which the children need
                # This one imports during the transform.
                trainer = children.enter_context(Child("recgen.local.fit", inherits))
                _transform(run, tables, transformer)
                record.account = _account(run, values).model_dump()
            run.staging.finish("transform")
        elif "train" not in record.done:
            if run.staging.different:
                run.examine(data)
            trainer = children.enter_context(Child("recgen.local.fit", inherits))
        shutil.rmtree(run.folder / _WORK, ignore_errors=True)
        if "train" not in record.done:
            fit(run.staging, trainer, custom_config, run.progress)
            run.staging.finish("train")


def _counted(run: RunInProgress, split: SplitData) -> Mapping[str, Counted]:
    return counted_values(run.config, [split.tables()[part] for part in run.analyze])


def _account(run: RunInProgress, values: Mapping[str, Counted]) -> Account:
    """Return the account with the values that the vocabularies do not have."""
    return run.account.model_copy(update={"unknown": unknown_values(values, run.folder)})


def _write_inputs(run: RunInProgress, split: SplitData) -> Mapping[str, str]:
    """Write what `recgen recommend` knows of buyers and products, and the rows.

    Returns:
        The Arrow file of each split.
    """
    folder = run.folder
    buyer, product = run.ids
    names = {item.column: item.name for item in serving_inputs(run.config)}
    sent = {side: columns_read(run.config, side) for side in SIDES}
    serving = {name: own for name, own in names.items() if name in sent["buyer"]}
    known = [split.tables()[part] for part in run.known]
    buyers.write(folder, known, buyer, product, run.date, serving, run.histories)
    if run.config.model.model_type == "ranking":
        serving = {name: own for name, own in names.items() if name in sent["product"]}
        buyers.write_products(folder, known, product, run.date, serving)
    (folder / _WORK).mkdir()
    return write_tables(split.tables(), folder / _WORK)


def _transform(run: RunInProgress, tables: Mapping[str, str], child: Child) -> None:
    total = run.account.train + run.account.eval + run.account.test
    runner = run.beam[0].removeprefix("--runner=") if run.beam else ""
    warned: set[str] = set()

    def on_line(line: str) -> None:
        warning = warning_of(line) if runner else None
        if warning and warning not in warned:  # Beam says it each time that it looks
            warned.add(warning)
            run.warn((warning,))
        word, _, rest = line.partition(" ")
        if word == "rows":
            run.progress.rows(int(rest), total)
        elif word == "seconds":
            name, _, seconds = rest.partition(" ")
            run.seconds[name] = float(seconds)

    with plain_path(run.folder) as folder:
        job = {
            "module": str(folder / "transform_module.py"),
            "tables": {name: str(folder / _WORK / Path(own).name) for name, own in tables.items()},
            "analyze": list(run.analyze),
            "run": str(folder),
            "beam": list(run.beam),
            "histories": _histories_module(run, folder / _WORK) if run.made else None,
        }
        doing = f"the transform{f' on {runner}' if runner else ''}"
        child.run(job, folder / "transform.log", on_line, doing)
    run.progress.done(f"{total:,} rows")


def _histories_module(run: RunInProgress, folder: Path) -> dict[str, object]:
    """Write the module that makes histories on Beam; return its path, and the lists' types."""
    path = folder / "examples_module.py"
    path.write_text(generate_histories(run.config, run.made), encoding="utf-8")
    return {"module": str(path), "columns": dict(run.made)}


def _metrics(run: RunInProgress) -> TrainingMetrics:
    """Return what the trainer measured, with the account, which it does not know."""
    path = run.folder / FILE_NAME
    if not path.exists():
        raise ChildError(f"the training wrote no {FILE_NAME}")
    add_to_metrics(run.staging.record.account, path)
    return read_metrics(path.read_text(encoding="utf-8"), str(path)).metrics
