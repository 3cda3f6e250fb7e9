"""A run comes into being as a whole or not at all; and what it is, with real TensorFlow."""

from __future__ import annotations

import errno
import io
import json
import re
import shutil
import weakref
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from recgen.findings import RecgenError

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
pq = pytest.importorskip("pyarrow.parquet")

import local_modules as hand_made  # noqa: E402
from diagnoses import healthy  # noqa: E402

from recgen.local import run as local_run  # noqa: E402
from recgen.local.buyers import FEATURES_FILE, ID_KEY  # noqa: E402
from recgen.local.cast.text import readable  # noqa: E402
from recgen.local.child import ChildError  # noqa: E402
from recgen.local.progress import Lines  # noqa: E402
from recgen.local.recommend import _buyer_row, _product, recommend  # noqa: E402
from recgen.local.run import RunResult, train  # noqa: E402


class FakeChild:
    """Does what the real children do, without TensorFlow."""

    def __init__(self, module: str, inherits: Collection[int] = ()) -> None:
        self.module = module

    def __enter__(self) -> FakeChild:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        log.write_text(json.dumps(dict(job)), encoding="utf-8")
        run = Path(job["run"])
        if self.module.endswith("transform"):
            on_line("seconds analyze 1.5")
            on_line("rows 10")
            return
        on_line("epoch 1/1  loss 1.0")
        (run / "serving_model").mkdir()
        metrics = {"params": {**job["custom_config"], "gradient_collapse_detected": True}}
        (run / "training_metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


class FailingChild(FakeChild):
    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        super().run(job, log, on_line, doing)
        if self.module.endswith("fit"):
            raise ChildError(f"{doing} failed: ValueError: loss is NaN")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text(hand_made.csv_rows(), encoding="utf-8")
    return path


def quick(data: Path, out: Path, **options: Any) -> RunResult:
    return train(hand_made.config(), hand_made.MODULES, "text", data, out, **options)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_run, "Child", FakeChild)


@pytest.mark.usefixtures("fake")
def test_run_directory_and_result(data: Path, tmp_path: Path) -> None:
    result = quick(data, tmp_path / "new" / "out", epochs=3, seed=7)
    assert result.folder == tmp_path / "new" / "out"
    assert result.metrics.params.epochs == 3
    assert result.metrics.params.seed == 7
    assert result.collapsed
    account = result.metrics.data
    assert account is not None
    assert (account.train, account.eval, account.test) == (170, 10, 20)
    assert set(result.seconds) == {"read", "split", "analyze", "transform", "train"}
    assert {path.name for path in result.folder.iterdir()} == {
        "config.yaml",
        "transform_module.py",
        "trainer_module.py",
        "transform.log",
        "train.log",
        "buyers.parquet",
        "purchases.parquet",
        "serving_model",
        "training_metrics.json",
    }
    assert (result.folder / "config.yaml").read_text(encoding="utf-8") == "text"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


@pytest.mark.usefixtures("fake")
def test_earlier_run_is_replaced_and_nothing_else_is(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    quick(data, out)
    (out / "old").touch()
    quick(data, out)
    assert not (out / "old").exists()
    with pytest.raises(RecgenError, match="is not empty and is not a run directory"):
        quick(data, tmp_path)
    with pytest.raises(RecgenError, match="is a file"):
        quick(data, data)
    with pytest.raises(RecgenError, match="cannot write to"):
        quick(data, data / "below" / "out")


def test_failed_training_keeps_what_explains_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_run, "Child", FailingChild)
    with pytest.raises(RecgenError) as caught:
        quick(data, tmp_path / "out")
    kept = tmp_path / "out-failed"
    assert str(caught.value) == (
        f"the training failed: ValueError: loss is NaN\n  help: its full output is in {kept}"
    )
    assert {"train.log", "training_metrics.json", "config.yaml"} <= {p.name for p in kept.iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "out-failed"}


class LateChild(FakeChild):
    """Tells what a trainer prints beside its epochs."""

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        if self.module.endswith("fit"):
            for line in (
                "a warning of TensorFlow",
                "note: going on after epoch 1",
                "warning: half of it is odd",
                "epoch 2/2  loss 1.0",
                "final layer: validation recall@100 of all pairs 0.1000 -> 0.2000",
                "training again, on validation rows too: 2 of 2 epochs",
                "note: going on after epoch 1 of the second training",
                "second training: epoch 2/2  loss 1.0",
                "test_recall@100 0.5  popularity 0.4",
                "training again, on test rows too: 2 of 2 epochs",
                "third training: epoch 1/2  loss 1.0",
                "saving the model",
            ):
                on_line(line)
        super().run({**job, "epochs": 0}, log, lambda line: None, doing)


def test_the_stages_of_the_trainer_are_shown_and_timed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_run, "Child", LateChild)
    stream = io.StringIO()
    result = quick(data, tmp_path / "out", progress=Lines(stream))
    assert {"train", "refit", "last", "export"} <= set(result.seconds)
    assert result.warnings == ("half of it is odd",)
    shown = [re.sub(r"  [\d.]+ s( left)?$", "", line) for line in stream.getvalue().splitlines()]
    assert shown[-13:] == [
        "going on after epoch 1",
        "warning: half of it is odd",
        "train      epoch 2/2  loss 1.0",
        "final layer: validation recall@100 of all pairs 0.1000 -> 0.2000",
        "train      epoch 2 kept",
        "training again, on validation rows too: 2 of 2 epochs",
        "going on after epoch 1 of the second training",
        "refit      epoch 2/2  loss 1.0",
        "refit      done",
        "training again, on test rows too: 2 of 2 epochs",
        "last       epoch 1/2  loss 1.0",
        "last       done",
        "export     model saved",
    ]


@pytest.mark.usefixtures("fake")
def test_full_disk_leaves_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local_run, "write_tables", full)
    with pytest.raises(RecgenError, match="No space left on device"):
        quick(data, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_rows_are_given_back_before_the_transform(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, rows, alive = local_run.prepare, [], []

    def prepared(*arguments: Any) -> Any:
        split = prepare(*arguments)
        rows.append(weakref.ref(split))
        return split

    class Watching(FakeChild):
        def run(self, *arguments: Any) -> None:
            alive.append(rows[0]() is not None)
            super().run(*arguments)

    monkeypatch.setattr(local_run, "prepare", prepared)
    monkeypatch.setattr(local_run, "Child", Watching)
    quick(data, tmp_path / "out")
    assert alive == [False, False]  # the transform, and the training


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("refit", "learned", "known"),
    [
        ("none", ["train"], 180),
        ("validation", ["train", "eval"], 180),
        (True, ["train", "eval"], 180),
        ("all", ["train", "eval", "test"], 200),
    ],
)
def test_what_is_learned_from_is_what_the_saved_model_is_trained_on(
    data: Path, tmp_path: Path, refit: Any, learned: list[str], known: int
) -> None:
    """Vocabularies, and what a request knows of a buyer; validation rows are known in any case."""
    config = hand_made.config(model={"batch_size": 16, "refit": refit})
    folder = train(config, hand_made.MODULES, "text", data, tmp_path / "out").folder
    assert json.loads((folder / "transform.log").read_text())["analyze"] == learned
    assert pq.read_table(folder / "purchases.parquet").num_rows == known


@pytest.mark.usefixtures("fake")
def test_buyers_are_remembered_by_their_latest_values(data: Path, tmp_path: Path) -> None:
    folder = quick(data, tmp_path / "out").folder
    table = pq.read_table(folder / "buyers.parquet")
    assert table.column_names == ["buyer_id", "strasse_co", "price"]
    assert table.num_rows == 10
    known = 200  # rows, one an hour; the buyer is the last digit
    priced = {f"00{row % 10}": row for row in range(known) if row % 7}
    addressed = {f"00{row % 10}": row for row in range(known) if row % 5}
    for row in table.to_pylist():
        street = addressed.get(row["buyer_id"])  # two buyers have no address in any row
        assert row["price"] == 1.5 + priced[row["buyer_id"]] % 13
        assert row["strasse_co"] == (None if street is None else f"Weg {street % 4}")


def test_recommend_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(RecgenError, match=r"is not a run directory: it has no buyers\.parquet"):
        recommend(tmp_path, "1")
    with pytest.raises(RecgenError, match="k must be at least 1"):
        recommend(tmp_path, "1", k=0)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run of the hand-made modules, through Beam and TensorFlow."""
    pytest.importorskip("tensorflow_transform", reason="needs the extra `train`")
    folder = tmp_path_factory.mktemp("real")
    data = folder / "data.csv"
    data.write_text(hand_made.csv_rows(), encoding="utf-8")
    return quick(data, folder / "out", epochs=2)


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.one_stack
def test_real_run(real: RunResult) -> None:
    account = real.metrics.data
    assert account is not None
    counts = account.model_dump(include={"train", "eval", "test"})
    assert (real.metrics.model_extra or {})["rows"] == counts
    assert account.read == sum(counts.values())
    assert account.unknown == ()  # vocabularies have all values, as they are in the data
    assert (real.folder / "transform" / "metadata" / "schema.pbtxt").exists()
    assert not (real.folder / "work").exists()
    vocabulary = real.folder / "transform" / "transform_fn" / "assets" / "buyer_id_vocab"
    assert sorted(vocabulary.read_text().split()) == [f"00{n}" for n in range(10)]
    assert "epoch 2/2" in (real.folder / "train.log").read_text(encoding="utf-8")


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.one_stack
def test_examples_are_what_preprocessing_gives(real: RunResult) -> None:
    """P28 to P31: nulls come in as nothing, and each row has one number a key."""
    import numpy as np
    import tensorflow as tf

    examples = real.folder / "examples"
    (path,) = (str(path) for path in (examples / "test").iterdir())
    keys = {"buyer_id": tf.int64, "price_norm": tf.float32, "straße & co": tf.int64}
    spec = {key: tf.io.FixedLenFeature([], dtype) for key, dtype in keys.items()}
    spec["event_time"] = tf.io.FixedLenFeature([], tf.int64)
    rows = [tf.io.parse_single_example(r, spec) for r in tf.data.TFRecordDataset(path)]
    start = 1_704_067_200  # 2024-01-01
    assert [int(row["event_time"]) for row in rows] == [start + 3600 * n for n in range(180, 200)]
    prices = np.array([5.0 if n % 7 == 0 else 1.5 + n % 13 for n in range(200)])
    expected = (prices[180:] - prices.mean()) / prices.std()  # the saved model is trained on all
    np.testing.assert_allclose([row["price_norm"] for row in rows], expected, rtol=1e-4)


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.one_stack
def test_recommend(real: RunResult) -> None:
    answer = recommend(real.folder, "003", k=3)
    assert [item.score for item in answer.products] == [23.0, 22.0, 21.0]
    last = [row for row in range(200) if row % 10 == 3][-3:][::-1]
    assert [purchase.product for purchase in answer.purchases] == [f"p{row % 23}" for row in last]
    day, hour = divmod(last[0], 24)
    assert str(answer.purchases[0].time) == f"2024-01-{1 + day:02d} {hour:02d}:00:00"
    with pytest.raises(RecgenError, match="buyer '3' is not among the 10 buyers") as caught:
        recommend(real.folder, "3")
    assert "'003'" in caught.value.help


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.one_stack
def test_recommend_from_a_model_that_takes_no_filters(real: RunResult) -> None:
    with pytest.raises(RecgenError, match="has no signature serve_filtered"):
        recommend(real.folder, "003", exclude=["p1"])


@pytest.mark.parametrize("typed", ["12500", "12500.0", " 12500 ", "+12500"])
def test_buyers_are_typed_as_the_file_has_them(tmp_path: Path, typed: str) -> None:
    """Whole numbers that pandas wrote as 12500.0 are read as 12500."""
    table = pa.table({"c": pa.array([12346, 12500], pa.int64())})
    pq.write_table(table.replace_schema_metadata({ID_KEY: b"c"}), tmp_path / FEATURES_FILE)
    buyer, row = _buyer_row(tmp_path, typed)
    assert (buyer, row["c"].to_pylist()) == ("12500", [12500])
    for unknown in ("12500.5", "c12500", "", "nobody\udc80"):
        with pytest.raises(RecgenError, match="is not among the 2 buyers"):
            _buyer_row(tmp_path, unknown)


@pytest.mark.parametrize(
    "text", ["007", "7.0", "p7", "", "+7", "1_0", "٣", str(-(2**63)), str(2**63)]
)
def test_ids_that_no_whole_number_is_spelt_like_are_errors(text: str) -> None:
    with pytest.raises(RecgenError, match="is not a product ID of this model"):
        _product(text, "int64")


@pytest.mark.parametrize("value", [b"p1", b"\xff\x00", "№ 3".encode(), b"base64:", b"base64:!"])
def test_ids_are_typed_as_they_are_shown(value: bytes) -> None:
    assert _product(readable(value), "string") == value


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, 1 - 2**63])
def test_whole_numbers_are_typed_as_they_are_shown(value: int) -> None:
    assert _product(readable(value), "int64") == value


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("buyers.parquet", 0.5),
        ("purchases.parquet", 0.5),
        ("purchases.parquet", 0.0),
        ("serving_model/variables/variables.data-00000-of-00001", 0.5),
        ("serving_model/variables/variables.index", 0.0),
        ("serving_model/saved_model.pb", 0.5),
    ],
)
def test_recommend_from_damaged_files(
    real: RunResult, tmp_path: Path, name: str, size: float
) -> None:
    """Below a folder whose name TensorFlow takes for a pattern, where it works undamaged."""
    run = tmp_path / "[0.1]"
    shutil.copytree(real.folder, run)
    assert recommend(run, "003", k=3).products
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: int(len(content) * size)])
    with pytest.raises(RecgenError, match=r"cannot be (read|used): "):
        recommend(run, "003")


class StoppedChild(FakeChild):
    """Stops itself as a generated trainer does: metrics first, then an error, and no model."""

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        super().run(job, log, on_line, doing)
        if self.module.endswith("fit"):
            run = Path(job["run"])
            (run / "serving_model").rmdir()
            metrics = {"params": {"failure": "Epoch 1: collapsed."}}
            (run / "training_metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
            raise ChildError(f"{doing} failed: RuntimeError: Epoch 1: collapsed.")


def test_a_training_that_stopped_itself_is_a_result(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_run, "Child", StoppedChild)
    result = quick(data, tmp_path / "out")
    assert result.metrics.params.failure == "Epoch 1: collapsed."
    assert not (result.folder / "serving_model").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "out"}


class GoodChild(FakeChild):
    """Trains a model that nothing speaks against."""

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        super().run(job, log, on_line, doing)
        if self.module.endswith("fit"):
            text = json.dumps(healthy())
            (Path(job["run"]) / "training_metrics.json").write_text(text, encoding="utf-8")


def test_a_bad_model_does_not_cost_a_better_one(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_run, "Child", GoodChild)
    quick(data, tmp_path / "out")
    assert quick(data, tmp_path / "out").folder == tmp_path / "out"
    monkeypatch.setattr(local_run, "Child", FakeChild)
    assert quick(data, tmp_path / "out").folder == tmp_path / "out-bad"
    assert quick(data, tmp_path / "out", allow_worse=True).folder == tmp_path / "out"
    assert quick(data, tmp_path / "out").folder == tmp_path / "out"  # both are bad
    assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "out", "out-bad"}


def test_a_stopped_training_does_not_cost_an_earlier_model(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_run, "Child", FakeChild)
    quick(data, tmp_path / "out")
    monkeypatch.setattr(local_run, "Child", StoppedChild)
    for _ in range(2):
        result = quick(data, tmp_path / "out")
        assert result.folder == tmp_path / "out-stopped"
    assert (tmp_path / "out" / "serving_model").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "out", "out-stopped"}
