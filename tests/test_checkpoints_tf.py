"""Checkpoints: of one training on one data only, whole or left alone, there until the model is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from runs import CASES, Plain, Run
from synthetic import Table, transactions

EPOCHS = 3
MODEL: Plain = {"batch_size": 64, "early_stopping_patience": None}
DROPOUT = [{"type": "dense", "units": 16}, {"type": "dropout", "rate": 0.3}]


class Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


def table() -> Table:
    return transactions(800, buyers=40, products=60)


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run]) -> Run:
    """A small shop; what is drawn at random differs from step to step."""
    run = make_run(CASES / "shop" / "config.yaml", table())
    return run.variant(
        ["RG201"],
        **MODEL,
        refit="all",
        output_dropout=0.2,
        buyer_tower_layers=DROPOUT,
        product_tower_layers=DROPOUT,
    )


@pytest.fixture(scope="module")
def undisturbed(run: Run) -> tuple[Plain, Any]:
    run.fit("undisturbed", epochs=EPOCHS)
    return outcome(run, "undisturbed")


def outcome(run: Run, name: str) -> tuple[Plain, Any]:
    """Returns the metrics of a training, and what its model answers."""
    import tensorflow as tf

    model = tf.saved_model.load(str(run.saved(name)))
    answer = model.signatures["serving_default"](
        customer_id=tf.constant(["10003", "10004"]),
        country=tf.constant(["Italy", "UK"]),
        age=tf.constant([30.0, 31.0]),
    )
    metrics = run.metrics(name)
    del metrics["saved_at"]
    return metrics, answer["scores"].numpy()


def killed(run: Run, name: str, owner: str, method: str, when: Callable[..., bool]) -> list[str]:
    """Trains until a method is called, or has returned, at some moment; returns what is left."""
    module = run.module()
    holder = module
    for part in owner.split("."):
        holder = getattr(holder, part)
    usual = getattr(holder, method)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if when(*args):
            raise Killed
        return usual(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holder, method, dying)
        with pytest.raises(Killed):
            module.run_fn(run.fn_args(name, epochs=EPOCHS))
    return [path.name for folder in folders(run, name) for path in folder.iterdir()]


def folders(run: Run, name: str) -> list[Path]:
    return sorted((run.folder / name).glob("checkpoints*"))


def epochs_trained(run: Run, name: str) -> list[int]:
    """Trains to the end; returns the epochs, of all trainings, that were not there yet."""
    module, begun = run.module(), []
    usual = module.runtime.FailureWatch.on_epoch_begin

    def on_epoch_begin(watch: Any, epoch: int, logs: Any = None) -> None:
        begun.append(epoch)
        usual(watch, epoch, logs)

    module.runtime.FailureWatch.on_epoch_begin = on_epoch_begin
    module.run_fn(run.fn_args(name, epochs=EPOCHS))
    return begun


def in_epoch(stage: str, number: int) -> Callable[..., bool]:
    return lambda self, epoch, *_: self.stage == stage and epoch == number


CHECKPOINTS = ("runtime.Checkpoints", "on_epoch_end")
NIGHTLY = pytest.mark.nightly
MOMENTS = {
    "first": (*CHECKPOINTS, in_epoch("first", 1)),
    "final layer": ("runtime.FinalFit", "weights", lambda *_: True),
    "second": (*CHECKPOINTS, in_epoch("second", 1)),
    "test": ("runtime.RetrievalMetrics", "add_test", lambda *_: True),
    "third": (*CHECKPOINTS, in_epoch("third", 1)),
    "export": ("Recommender", "save", lambda *_: True),
    "removal": ("runtime.tf.io.gfile", "rmtree", lambda *_: True),
}


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize(
    "moment",
    [
        *("first", "second", "export"),
        *(
            pytest.param(each, marks=NIGHTLY)
            for each in ("final layer", "test", "third", "removal")
        ),
    ],
)
def test_a_training_killed_at_any_moment_ends_like_an_undisturbed_one(
    run: Run, undisturbed: tuple[Plain, Any], moment: str
) -> None:  # P52
    """In every figure and in the served scores, with dropout in towers and outputs."""
    left = killed(run, moment, *MOMENTS[moment])
    refitted = undisturbed[0]["params"]["refit_epochs"]
    again = list(range(refitted))
    assert left
    expected = {
        "first": [1, 2, *again, *again],
        "final layer": [*again, *again],
        "second": [*again[1:], *again],
        "test": again,
        "third": again[1:],
    }
    assert epochs_trained(run, moment) == expected.get(moment, [])
    metrics, scores = outcome(run, moment)
    assert metrics == undisturbed[0]
    np.testing.assert_array_equal(scores, undisturbed[1])
    assert not folders(run, moment)
    assert refitted > 1, "else nothing of the later trainings is resumed"


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: {"empty": 0, "half": len(content) // 2}[how]])


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize(
    ("files", "how", "trained_from"),
    [
        ("first-2.index", "gone", 1),
        pytest.param("first-2.index", "half", 1, marks=NIGHTLY),
        pytest.param("first-2.data*", "gone", 1, marks=NIGHTLY),
        ("first-2.data*", "half", 1),
        pytest.param("first-*", "empty", 0, marks=NIGHTLY),
        ("*", "gone", 0),
    ],
)
def test_a_damaged_checkpoint_is_said_and_an_older_one_gone_on_with(
    run: Run,
    undisturbed: tuple[Plain, Any],
    files: str,
    how: str,
    trained_from: int,
    capfd: pytest.CaptureFixture[str],
) -> None:
    name = f"{files} {how}".replace("*", "all")
    killed(run, name, *CHECKPOINTS, in_epoch("first", 2))
    (folder,) = folders(run, name)
    for path in folder.glob(files):
        spoil(path, how)
    capfd.readouterr()
    assert epochs_trained(run, name)[:1] == [trained_from]
    said = capfd.readouterr().out
    if how != "gone" or trained_from:
        assert "is damaged: " in said
    assert ("going on after epoch 1\n" in said) == bool(trained_from)
    assert outcome(run, name)[0] == undisturbed[0]


@pytest.mark.slow
@pytest.mark.one_stack
def test_without_the_best_epoch_a_later_checkpoint_is_no_use(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    module = run.module()
    usual = module.runtime.Checkpoints.on_epoch_end

    def falling(self: Any, epoch: int, logs: Plain) -> None:
        logs["val_recall_at_5"] = 0.5 / (epoch + 1)
        usual(self, epoch, logs)
        if epoch == 2:
            raise Killed

    module.runtime.Checkpoints.on_epoch_end = falling
    with pytest.raises(Killed):
        module.run_fn(run.fn_args("best", epochs=4))
    (folder,) = folders(run, "best")
    assert {path.stem for path in folder.glob("*.index")} == {"first-1", "first-2", "first-3"}
    spoil(folder / "first-1.index", "empty")
    module = run.module()
    module.run_fn(run.fn_args("best", epochs=4))
    said = capfd.readouterr().out
    assert "no checkpoint of the first training is whole" in said
    assert "going on" not in said


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_failed_save_costs_no_training(run: Run, undisturbed: tuple[Plain, Any]) -> None:
    module = run.module()

    def save(*_: Any) -> None:
        raise OSError("403 storage.objects.create")

    module.Recommender.save = save
    with pytest.raises(OSError, match="403"):
        module.run_fn(run.fn_args("full", epochs=EPOCHS))
    assert epochs_trained(run, "full") == []
    metrics, scores = outcome(run, "full")
    assert metrics == undisturbed[0]
    np.testing.assert_array_equal(scores, undisturbed[1])


@pytest.mark.slow
@pytest.mark.one_stack
def test_other_data_in_the_same_folder_starts_anew(
    make_run: Callable[..., Run], capfd: pytest.CaptureFixture[str]
) -> None:
    """With as many rows, buyers and products; only the IDs are others."""
    plain: Plain = {**MODEL, "refit": False}
    one = make_run(CASES / "shop" / "config.yaml", table()).variant(**plain)
    renamed = table()
    renamed["customer_id"] = [str(int(buyer) + 50_000) for buyer in renamed["customer_id"]]
    other = make_run(CASES / "shop" / "config.yaml", renamed).variant(**plain)
    killed(one, "run", *CHECKPOINTS, in_epoch("first", 1))
    (left,) = folders(one, "run")
    shutil.copytree(one.folder / "run", other.folder / "run")
    capfd.readouterr()
    assert epochs_trained(other, "run") == [0, 1, 2]
    said = capfd.readouterr().out
    assert f"{left.name} is of other settings or data: left alone\n" in said
    assert "going on" not in said
    assert [path.name for path in folders(other, "run")] == [left.name]
    # Its own is found beside it.
    assert epochs_trained(one, "run") == [1, 2]


SETTINGS: Plain = {
    "config_digest": "0123456789ab",
    "seed": 42,
    "batch_size": 512,
    "learning_rate": 0.1,
    "epochs": 4,
    "steps_per_epoch": 12,
    "train_rows": 6482,
    "validated_rows": 800,
}


@pytest.fixture
def folder_of(runtime: Any, tmp_path: Path) -> Callable[..., str]:
    """Returns a function of settings, vocabulary and rows: the name of the folder."""
    replicas = SimpleNamespace(worker=0, own_folder=lambda folder: folder)

    def name(rows: Plain | None = None, vocabulary: str = "a\nb", **settings: Any) -> str:
        assets = tmp_path / "transform" / "transform_fn" / "assets"
        assets.mkdir(parents=True, exist_ok=True)
        (assets / "sku_vocab").write_text(vocabulary)
        args = SimpleNamespace(
            transform_graph_path=str(tmp_path / "transform"), model_run_dir=str(tmp_path / "run")
        )
        data = runtime.tf.data.Dataset.from_tensor_slices(
            rows or {"sku": [0, 1], "price": [0.5, 1]}
        )
        columns = SimpleNamespace(product="sku")
        split = runtime.Split(data.batch(2), columns)
        found = runtime.checkpoint_folder(args, replicas, {**SETTINGS, **settings}, split)
        assert Path(found).is_dir()
        return Path(found).name

    return name


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_is_part_of_a_checkpoint_s_name(
    folder_of: Callable[..., str], setting: str
) -> None:
    value = SETTINGS[setting]
    other = f"{value}x" if isinstance(value, str) else value * 2
    assert folder_of() == folder_of() != folder_of(**{setting: other})


def test_rows_and_vocabularies_are_part_of_a_checkpoint_s_name(
    folder_of: Callable[..., str],
) -> None:
    names = [
        folder_of(),
        folder_of(vocabulary="b\na"),
        folder_of(rows={"sku": [1, 0], "price": [0.5, 1]}),
        folder_of(rows={"sku": [0, 1], "price": [0.5, 2]}),
    ]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("removed", range(4))
def test_a_model_that_is_saved_stays_so_whatever_is_removed(
    runtime: Any, tmp_path: Path, removed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = tmp_path / "checkpoints-x", tmp_path / "model"
    (folder / "second-2_temp").mkdir(parents=True)
    for name in ("first-1.index", "first-1.data-00000-of-00001"):
        (folder / name).touch()
    model.mkdir()
    (model / "saved_model.pb").touch()
    assert not runtime.is_saved(str(folder), str(model))
    done = []

    def counted(usual: Any) -> Any:
        def remove(path: str) -> None:
            if len(done) == removed:
                raise Killed
            done.append(path)
            usual(path)

        return remove

    gfile = runtime.tf.io.gfile
    for name in ("remove", "rmtree"):
        monkeypatch.setattr(gfile, name, counted(getattr(gfile, name)))
    with pytest.raises(Killed):
        runtime.remove_checkpoints(str(folder), is_model_saved=True)
    monkeypatch.undo()
    assert runtime.is_saved(str(folder), str(model))
    runtime.remove_checkpoints(str(folder), is_model_saved=True)
    assert not folder.exists()
    assert not runtime.is_saved(str(folder), str(tmp_path / "nowhere"))


@pytest.fixture(scope="module")
def whole(runtime: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Checkpoints of a small model, and their folder, with the one of epoch 1."""
    tf = runtime.tf
    model = tf.keras.Sequential([tf.keras.layers.Dense(20, input_shape=[30])])
    model.compile(optimizer=tf.keras.optimizers.Adagrad())
    folder = tmp_path_factory.mktemp("whole")
    metrics = SimpleNamespace(content={"params": {"monitored": "recall_at_5"}, "epochs": [0]})
    checkpoints = runtime.Checkpoints(str(folder), "first", model, metrics)
    checkpoints.on_epoch_end(0, {"val_recall_at_5": 0.5})
    return checkpoints, folder


def test_the_second_training_has_lines_of_its_own(
    runtime: Any, whole: tuple[Any, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = whole
    metrics = SimpleNamespace(content=first.content)
    second = runtime.Checkpoints(str(tmp_path), "second", first.everything.model, metrics)
    second.set_params({"epochs": 4})
    for epoch in range(4):
        second.on_epoch_end(epoch, {"loss": 1.5})
    assert capsys.readouterr().out.splitlines() == [
        f"second training: epoch {number}/4  loss 1.5000" for number in (1, 2, 3, 4)
    ]
    stored = {path.stem for path in tmp_path.glob("*.index")}
    assert {"second-3", "second-4"} <= stored < {f"second-{n}" for n in range(1, 5)}


@given(data=st.data())
@some(20, 60)
def test_any_damage_is_noticed(whole: tuple[Any, Path], data: st.DataObject) -> None:
    """Cut anywhere, or with a byte that is another one: never restored as if it were whole."""
    checkpoints, folder = whole
    before = {path: path.read_bytes() for path in folder.iterdir()}
    path = data.draw(st.sampled_from(sorted(before)))
    content = bytearray(before[path])
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    expected = checkpoints._content(1)
    assert expected["epochs"] == [0]
    path.write_bytes(content)
    try:
        assert checkpoints._content(1) in (None, expected)
    finally:
        path.write_bytes(before[path])
