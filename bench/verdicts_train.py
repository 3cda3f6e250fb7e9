"""Makes the folders of labelled runs: data, the transform that runs share, and the trainings.

A run's folder holds what `recgen train` leaves, but for the model, which nobody reads. `done` is
written last, so that a run that was killed is made again.
"""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from verdicts_data import make
from verdicts_data_grid import FINE, OTHER
from verdicts_made import Made
from verdicts_spoil import METRICS, SPOILS

WORK = Path(__file__).parent.parent / "runs" / "bench" / "verdicts"
SHARED = ("transform", "examples", "purchases.parquet")
ANALYZED = {"none": ("train",), "validation": ("train", "eval")}


class KilledError(Exception):
    """Stands for what ends a process: memory, pre-emption."""


def folder_of(key: str) -> Path:
    """Returns the folder of a run."""
    return WORK / "runs" / key


def holds(run: Made) -> bool:
    """Says whether a run's folder is that of its config, trained to its end or failure."""
    path = folder_of(run.key) / "done"
    return path.exists() and path.read_text("utf-8") == _mark(run)


def _mark(run: Made) -> str:
    """Returns what a run was made of."""
    parts = (run.trained, run.stop_after, run.edit, run.copy_of, run.spoil)
    return json.dumps(parts, sort_keys=True)


def produce(run: Made) -> None:
    """Makes the folder of a run, past the rules of `recgen check`."""
    folder = folder_of(run.key)
    shutil.rmtree(folder, ignore_errors=True)
    if run.copy_of:
        shutil.copytree(folder_of(run.copy_of), folder, symlinks=True)
        (folder / "done").unlink()
    else:
        _train(run, folder)
    if run.spoil:
        SPOILS[run.spoil](folder, folder_of(OTHER))
    (folder / "done").write_text(_mark(run), encoding="utf-8")


def needs(run: Made) -> tuple[str, ...]:
    """Returns the keys of the runs that have to be there first."""
    return (FINE, OTHER) if run.copy_of else ()


def _train(run: Made, folder: Path) -> None:
    import tensorflow as tf

    from recgen.config import ExperimentConfig
    from recgen.generate import generate
    from recgen.local.account import add_to_metrics
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    config = ExperimentConfig.model_validate(run.trained)
    prepared = _prepared(run, config)
    folder.mkdir(parents=True)
    for part in SHARED:
        (folder / part).symlink_to(prepared / part)
    (folder / "config.yaml").write_text(json.dumps(run.trained, indent=2), encoding="utf-8")
    for name, text in generate(config).items():
        edited = text.replace(*run.edit) if run.edit and name == "trainer_module.py" else text
        (folder / name).write_text(edited, encoding="utf-8")
    module = load_module(folder / "trainer_module.py")
    if not run.is_whole and config.model.model_type == "retrieval":
        _shorten(module)
    _allow_leaks(module)
    if run.stop_after:
        _kill(module, run.stop_after)
    try:
        module.run_fn(fn_args(folder, {}))
    except (RuntimeError, KilledError):  # the metrics say why it stopped
        pass
    except ValueError as error:  # it refused to begin, which the log says
        (folder / "train.log").write_text(f"ValueError: {error}\n", encoding="utf-8")
    if (folder / METRICS).exists():
        account = json.loads((prepared / "account.json").read_text("utf-8"))
        add_to_metrics(account, folder / METRICS)
    for left in folder.glob("checkpoints-*"):
        shutil.rmtree(left)
    tf.keras.backend.clear_session()
    gc.collect()


def _shorten(module: Any) -> None:
    """Makes a trainer leave out what takes time and changes no figure: the served model."""
    refit = module.runtime.Training.refit

    def measured(self: Any, stage: str, added: Any, name: str) -> Any:
        return None if stage == "third" else refit(self, stage, added, name)

    module.runtime.Training.refit = measured
    module.runtime.Training.save = lambda *_: None
    module.Recommender = lambda *_: None


def _allow_leaks(module: Any) -> None:
    """Makes a trainer accept lists that hold the answer, as those of other generators do."""
    describe = module.runtime.describe_histories

    def described(split: Any, catalogue: Any) -> Any:
        try:
            return describe(split, catalogue)
        except ValueError:
            return {}

    module.runtime.describe_histories = described


def _kill(module: Any, epochs: int) -> None:
    """Makes a trainer end without a word after so many epochs."""
    write = module.runtime.MetricsFile.on_epoch_end

    def killed(self: Any, epoch: int, logs: Any = None) -> None:
        write(self, epoch, logs)
        if epoch + 1 == epochs:
            raise KilledError

    module.runtime.MetricsFile.on_epoch_end = killed


def _data(run: Made) -> Path:
    """Returns the file with a run's data, which is written if it is not there."""
    import pyarrow.parquet as pq

    path = WORK / "data" / run.file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        pq.write_table(make(run.data, run.rows, run.data_seed), partial, compression="zstd")
        partial.rename(path)
    return path


def _prepared(run: Made, config: Any) -> Path:
    """Returns a folder with split and transformed data; runs that need the same one share it."""
    from recgen.generate import generate
    from recgen.local import buyers
    from recgen.local.account import counted_values, unknown_values
    from recgen.local.raw import write_tables
    from recgen.local.transform import transform
    from recgen.plan.columns import serving_inputs

    analyzed = ANALYZED.get(config.model.refit, ("train", "eval", "test"))
    module_text = generate(config)["transform_module.py"]
    code = (line for line in module_text.splitlines() if not line.startswith("#"))
    parts = (config.data.model_dump_json(), *analyzed, *code)
    folder = WORK / "prepared" / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    if (folder / "account.json").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "work").mkdir(parents=True)
    split, account, histories = _split(_data(run), run.source, config, analyzed)
    buyer, product = config.features.buyer_id, config.features.product_id
    serving = {item.column: item.name for item in serving_inputs(config)}
    known = [split.tables()[part] for part in ("train", "eval")]
    date = config.data.split.date_column
    buyers.write(folder, known, buyer, product, date, serving, histories)
    module = folder / "transform_module.py"
    module.write_text(module_text, encoding="utf-8")
    tables = write_tables(split.tables(), folder / "work")
    job = {"module": str(module), "tables": tables, "analyze": analyzed, "run": str(folder)}
    transform(job)
    tables = [split.tables()[part] for part in analyzed]
    unknown = unknown_values(counted_values(config, tables), folder)
    account = account.model_copy(update={"unknown": unknown})
    (folder / "account.json").write_text(account.model_dump_json(), encoding="utf-8")
    shutil.rmtree(folder / "work")
    return folder


def _split(data: Path, source: str, config: Any, analyzed: tuple[str, ...]) -> tuple[Any, Any, Any]:
    """Returns the split, its account and the buyers' lists, as the stages of `recgen train` do."""
    from recgen.local.histories import add_histories, missing_histories
    from recgen.local.ingest import clean, open_data, table_of
    from recgen.local.split import split_table, without_far_times
    from recgen.metrics import Account
    from recgen.plan.columns import input_columns

    file = open_data(data, config.data)
    missing = missing_histories(config, file.names)
    unread = {each.name for each in missing}
    wanted = [column for column in input_columns(config) if column.name not in unread]
    table = table_of(file, wanted, config.data.null_values)
    account = Account(source=source, format=str(file.format), read=table.num_rows)
    buyer, product = config.features.buyer_id, config.features.product_id
    date = config.data.split.date_column
    table = without_far_times(table, date)
    table, _ = clean(table, buyer, product)
    split = split_table(table, config.data.split, date, config.model.seed, (buyer, product))
    account = account.split(
        table.num_rows, 0, {name: part.num_rows for name, part in split.tables().items()}
    )
    if not missing:
        return split, account, {}
    known = ("train", "eval", *(("test",) if "test" in analyzed else ()))
    is_random = config.data.split.kind == "random"
    split, histories = add_histories(split, missing, buyer, date, known, at_random=is_random)
    return split, account, histories
