"""Generated modules at work, in this process: transformed by tensorflow-transform, trained, saved.

A pytest plugin. What takes long is done once a session, on first use.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic import Table, transactions

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.generate import generate
from recgen.metrics import TrainingMetrics
from recgen.plan import input_columns
from recgen.runtime import NAME, runtime_text

if importlib.util.find_spec("tf_keras"):  # TensorFlow 2.15 has Keras 2 of its own
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before anything imports TensorFlow
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CASES = Path(__file__).parent / "cases"
Plain = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A config, its modules in `folder`, and transformed data: `transform/`, `examples/`."""

    folder: Path
    data: Path
    config: ExperimentConfig

    def variant(self, allow: Sequence[str] = (), **model: Any) -> Run:
        """Returns the same features and data with another model."""
        plain = self.config.model_dump(mode="json")
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        config = load({**plain, "model": {**plain["model"], **model}}, allow=allow)
        write_modules(config, folder)
        return Run(folder, self.data, config)

    def without(self, column: str) -> Run:
        """Returns the same data for a config without a feature of the buyer."""
        plain = self.config.model_dump(mode="json")
        features = plain["features"]["buyer_model_features"]
        plain["features"]["buyer_model_features"] = [f for f in features if f["column"] != column]
        return Run(self.folder, self.data, load(plain))

    def fit(self, name: str = "run", **custom: Any) -> Plain:
        """Trains, and returns the metrics; `serving_model/` lies beside them."""
        self.module().run_fn(self.fn_args(name, **custom))
        return self.metrics(name)

    def module(self) -> Any:
        """Returns the generated trainer, imported anew."""
        from recgen.local.child import load_module

        return load_module(self.folder / "trainer_module.py")

    def fn_args(self, name: str = "run", **custom: Any) -> Any:
        """Returns what TFX would give, for a training whose results go to a folder of its own."""
        from recgen.local.fit import fn_args

        args = fn_args(self.data, custom)
        args.model_run_dir = str(self.folder / name)
        args.serving_model_dir = str(self.folder / name / "serving_model")
        return args

    def metrics(self, name: str = "run") -> Plain:
        """Returns the contents of a training's metrics file, which must be strict JSON (P51)."""
        text = (self.folder / name / "training_metrics.json").read_text("utf-8")
        content = json.loads(text, parse_constant=_refuse)
        TrainingMetrics.model_validate(content)
        return dict(content)

    def saved(self, name: str = "run") -> Path:
        """Returns the folder of a training's SavedModel."""
        return self.folder / name / "serving_model"

    def built(self, **custom: Any) -> Built:
        """Returns the model as `run_fn` gives it to Keras, untrained, and its first batch."""
        module = self.module()

        def fit(model: Any, batches: Any, **_: Any) -> None:
            raise _StopError(Built(module, model, next(iter(batches))))

        (model_class,) = (
            each
            for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, module.runtime.TwoTowerModel)
        )
        model_class.fit = fit
        try:
            module.run_fn(self.fn_args("built", **custom))
        except _StopError as stop:
            return stop.built
        raise AssertionError("run_fn did not train")


@dataclass(frozen=True)
class Built:
    """A generated module, the model that it made, compiled, and a batch of training data."""

    module: Any
    model: Any
    batch: Mapping[str, Any]

    def step(self) -> Plain:
        """Takes a training step on the batch, where Keras would take it, and returns its logs."""
        strategy = self.model.distribute_strategy
        return dict(strategy.run(self.model.train_step, (self.batch,)))


class _StopError(Exception):
    def __init__(self, built: Built) -> None:
        self.built = built


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def prepare(source: object, table: Table, folder: Path, allow: Sequence[str] = ()) -> Run:
    """Renders a config and transforms a table: 80% for training, 10% each for the rest.

    Its last training, over all rows, is left out unless the config asks for it: it takes as long
    as the one before.
    """
    config = _config(source, allow)
    write_modules(config, folder)
    rows = len(next(iter(table.values())))
    cuts = {"train": (0, rows * 8 // 10), "eval": (rows * 8 // 10, rows * 9 // 10)}
    cuts["test"] = (rows * 9 // 10, rows)
    parts = {name: arrow(config, table, *cut) for name, cut in cuts.items()}
    transform_parts(folder, parts)
    return Run(folder, folder, config)


def _config(source: object, allow: Sequence[str] = ()) -> ExperimentConfig:
    config = load(source, allow=allow)
    if "refit" in config.model.model_fields_set:
        return config
    model = config.model.model_copy(update={"refit": "validation"})
    return config.model_copy(update={"model": model})


def write_modules(config: ExperimentConfig, folder: Path, single_file: bool = False) -> None:
    """Writes the modules of a config."""
    for name, text in generate(config, single_file=single_file).items():
        (folder / name).write_text(text, encoding="utf-8")


def transform_parts(folder: Path, parts: Mapping[str, Any]) -> None:
    """Runs the generated `preprocessing_fn` of a folder as `recgen train` would."""
    from recgen.local.raw import write_tables
    from recgen.local.transform import transform

    (folder / "work").mkdir()
    transform(
        {
            "module": str(folder / "transform_module.py"),
            "tables": write_tables(parts, folder / "work"),
            "analyze": ["train"],
            "run": str(folder),
        }
    )


def arrow(config: ExperimentConfig, table: Table, start: int = 0, stop: int | None = None) -> Any:
    """Returns rows of a table in Arrow, with the columns and types that a config wants."""
    import pyarrow as pa

    types = {"string": pa.large_string(), "int64": pa.int64(), "float32": pa.float32()}
    columns = {
        column.name: pa.array(
            [_cast(value, column.dtype) for value in table[column.name][start:stop]],
            pa.large_list(types[column.dtype]) if column.is_list else types[column.dtype],
        )
        for column in input_columns(config)
    }
    return pa.table(columns)


def _cast(value: Any, dtype: str) -> Any:
    if isinstance(value, list):
        return [_cast(item, dtype) for item in value]
    return str(value) if dtype == "string" and value is not None else value


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The runtime of generated trainers, imported without one of them."""
    pytest.importorskip("tensorflow", reason="needs the extra `train`")
    from recgen.local.child import load_module

    path = tmp_path_factory.mktemp("runtime") / NAME
    path.write_text(runtime_text(), encoding="utf-8")
    return load_module(path)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """TensorFlow traces no functions, which takes longer than small ones run."""
    tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")
    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():  # what tf.data reads stays traced
        warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run")
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Returns a function that prepares a config, by default on learnable transactions."""

    def make(source: object, table: Table | None = None, allow: Sequence[str] = ()) -> Run:
        folder = tmp_path_factory.mktemp("run")
        return prepare(source, table or transactions(), folder, allow)

    return make


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The shop of tests/cases/shop, trained."""
    source = CASES / "shop" / "config.yaml"
    return _once(
        tmp_path_factory, "shop", source, lambda new: prepare(source, transactions(), new).fit()
    )


@pytest.fixture(scope="session")
def shop_with_past(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A smaller shop, not trained, whose buyers have a list of the products they had before.

    It has 1,160 rows for training, 145 for validation and 145 for the test.
    """
    config = yaml.safe_load((CASES / "shop" / "config.yaml").read_text("utf-8"))
    past: Plain = {"column": "past", "bq_type": "ARRAY<INT64>", "data_type": "history"}
    past["transforms"] = {"history": {"shared_with": "sku", "max_length": 10}}
    config["features"]["buyer_model_features"].append(past)
    table, seen = transactions(1450, buyers=60, products=81), defaultdict(list)
    table["past"] = []
    for buyer, product in zip(table["customer_id"], table["sku"], strict=True):
        table["past"].append(seen[buyer][-10:])
        seen[buyer].append(product)
    return _once(
        tmp_path_factory, "shop_with_past", config, lambda new: prepare(config, table, new)
    )


def _once(
    factory: pytest.TempPathFactory, name: str, source: object, make: Callable[[Path], object]
) -> Run:
    """Returns a run that one process of pytest-xdist makes, and of which each has a copy."""
    import fcntl

    base = factory.getbasetemp()
    common = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with common.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not common.exists():
            new = factory.mktemp(name)
            make(new)
            new.rename(common)
    own = factory.mktemp("run") / name
    shutil.copytree(common, own)
    return Run(own, own, _config(source))
