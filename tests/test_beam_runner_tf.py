"""`recgen train --beam-runner`: a runner of Beam makes the same histories, graph and examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recgen.check import load
from recgen.cli.train import _beam
from recgen.findings import RecgenError
from recgen.generate import generate, generate_histories
from recgen.local.beam_options import problem_of
from recgen.local.child import Child, ChildError
from recgen.local.histories import add_histories, missing_histories
from recgen.local.raw import write_tables
from recgen.local.run import train
from recgen.local.split import SplitData

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
np = pytest.importorskip("numpy")
tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

Plain = dict[str, Any]
DAY, ROWS = 86_400, 400
IN_TWO_PROCESSES = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")


def history(column: str, kind: str, **options: Any) -> Plain:
    transforms = {"history": {"shared_with": "product", **options}}
    return {"column": column, "data_type": "history", "bq_type": kind, "transforms": transforms}


CONFIG = {
    "features": {
        "buyer_id_column": "buyer",
        "product_id_column": "product",
        "buyer_model_features": [
            {"column": "buyer", "data_type": "text"},
            history("past", "ARRAY<INT64>", max_length=5),
            history("newest", "ARRAY<STRING>", max_length=3, order="newest_first"),
            history("seen", "ARRAY<INT64>", max_length=4),  # a column of the data
        ],
        "product_model_features": [
            {"column": "product", "data_type": "text", "bq_type": "INT64"},
            {"column": "price", "data_type": "numeric", "transforms": {"normalize": {}}},
        ],
    },
    "data": {"split": {"kind": "strict_time", "date_column": "at"}},
}


@pytest.fixture(scope="module")
def config() -> Any:
    return load(CONFIG, allow=["RG405"])


@pytest.fixture(scope="module")
def split() -> SplitData:
    """Rows of few buyers, with nulls, ties of time, lists, and no rows that are the same."""
    draw = np.random.default_rng(3)
    lists = [[int(n) for n in draw.integers(0, 20, size)] for size in draw.integers(0, 7, ROWS)]
    table = pa.table(
        {
            "buyer": pa.array([f"é{n}" for n in draw.integers(0, 30, ROWS)], pa.large_string()),
            "product": pa.array(draw.integers(0, 20, ROWS)),
            "price": pa.array([None if n % 9 == 0 else n / 7 for n in range(ROWS)], pa.float32()),
            "at": pa.array(draw.integers(0, 90, ROWS) * DAY),
            "seen": pa.array([each or None for each in lists]).cast(pa.large_list(pa.int64())),
        }
    ).sort_by("at")
    return SplitData(table.slice(0, 300), table.slice(300, 40), table.slice(340))


def transformed(config: Any, split: SplitData, run: Path, **job: Any) -> tuple[Plain, Plain]:
    """Returns the examples of each split, sorted, and the vocabularies, of a child's transform."""
    (run / "work").mkdir(parents=True)
    (run / "transform_module.py").write_text(generate(config)["transform_module.py"], "utf-8")
    if "histories" in job:
        (run / "work" / "examples_module.py").write_text(
            generate_histories(config, job["histories"]), encoding="utf-8"
        )
        made = str(run / "work" / "examples_module.py")
        job["histories"] = {"module": made, "columns": job["histories"]}
    job |= {
        "module": str(run / "transform_module.py"),
        "tables": write_tables(split.tables(), run / "work"),
        "analyze": ["train", "eval"],
        "run": str(run),
    }
    with Child("recgen.local.transform") as child:
        child.run({"beam": None, "histories": None} | job, run / "log", lambda _: None, "it")
    examples = {
        part: sorted(map(plain, tf.data.TFRecordDataset(files).as_numpy_iterator()))
        for part in split.tables()
        if (files := [str(path) for path in (run / "examples" / part).iterdir()])
    }
    assets = (run / "transform" / "transform_fn" / "assets").iterdir()
    return examples, {path.name: path.read_bytes() for path in assets}


def plain(record: bytes) -> str:
    """Returns an example's features as text; numbers are rounded, since sums differ in order."""
    found = {}
    for name, feature in tf.train.Example.FromString(record).features.feature.items():
        whole, real = feature.int64_list.value, feature.float_list.value
        found[name] = [*whole, *(round(value, 4) for value in real)]
    return str(sorted(found.items()))


@pytest.fixture(scope="module")
def here(config: Any, split: SplitData, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What this machine makes without a runner, with lists made in memory."""
    wanted = missing_histories(config, split.train.column_names)
    assert [each.name for each in wanted] == ["past", "newest"]
    with_lists, _ = add_histories(split, wanted, "buyer", "at")
    return transformed(config, with_lists, tmp_path_factory.mktemp("here") / "run")


@pytest.mark.parametrize(
    "options",
    [
        IN_TWO_PROCESSES,
        pytest.param((), marks=pytest.mark.nightly),
    ],
    ids=["two processes", "one"],
)
def test_a_runner_makes_what_this_machine_makes(
    config: Any, split: SplitData, here: Any, tmp_path: Path, options: tuple[str, ...]
) -> None:
    beam = list(_beam("DirectRunner", options))
    made = {"past": "int64", "newest": "string"}
    examples, vocabularies = transformed(config, split, tmp_path / "run", beam=beam, histories=made)
    assert vocabularies == here[1]
    assert {part: len(own) for part, own in examples.items()} == {
        "train": 300,
        "eval": 40,
        "test": 60,
    }
    assert examples == here[0]
    assert any("'past', [" in each and "'past', []" not in each for each in examples["test"])


@pytest.mark.nightly
def test_lists_of_the_data_and_shared_ones_go_through_a_runner(
    config: Any, split: SplitData, here: Any, tmp_path: Path
) -> None:
    """Without histories to make, as where the data has them all."""
    wanted = missing_histories(config, split.train.column_names)
    with_lists, _ = add_histories(split, wanted, "buyer", "at")
    examples, _ = transformed(config, with_lists, tmp_path / "run", beam=["--runner=DirectRunner"])
    assert examples == here[0]


@pytest.mark.parametrize(
    ("options", "message", "help"),
    [
        ("--runner=Flnk", "Beam has no runner 'Flnk'", "did you mean FlinkRunner? its runners are"),
        ("--runner=Nobody", "Beam has no runner 'Nobody'", "its runners are: DataflowRunner, Di"),
        ("--runner=a.b.Runner", "'a.b.Runner' cannot be imported: No module named 'a'", "install"),
        (
            "--runner=Dataflow --region=x",
            "--beam-runner Dataflow needs project, temp_location",
            "add --beam-option project=MY-PROJECT --beam-option temp_location=gs://MY-BUCKET/temp",
        ),
        ("--runner=PortableRunner", "needs job_endpoint", "add --beam-option job_endpoint="),
        (
            "--runner=Direct --direct_num_workers=two",
            "Beam refuses a --beam-option: argument --direct_num_workers: invalid int value: 'two'",
            "correct its value",
        ),
        ("--runner=direct --direct_num_workers=2", None, None),
        ("--runner=FlinkRunner --flink_master=localhost:8081", None, None),
    ],
)
def test_options_with_which_no_runner_would_start(
    options: str, message: str | None, help: str | None
) -> None:
    found = problem_of(options.split())
    if message is None or help is None:
        assert found is None
    else:
        assert found is not None
        assert message in found[0]
        assert found[1].startswith(help)


def test_options_are_refused_before_data_is_read(config: Any, tmp_path: Path) -> None:
    missing = tmp_path / "there is no such file.parquet"
    out, beam = tmp_path / "run", ("--runner=Flnk",)
    with pytest.raises(RecgenError, match="Beam has no runner 'Flnk'") as error:
        train(config, generate(config), "", missing, out, beam=beam)
    assert error.value.help is not None
    assert error.value.help.startswith("did you mean FlinkRunner?")
    assert not out.exists()


def test_a_runner_that_does_not_start_is_one_sentence(
    config: Any, split: SplitData, tmp_path: Path
) -> None:
    beam = ["--runner=FlinkRunner", "--flink_job_server_jar=/there/is/none.jar"]
    made = {"past": "int64", "newest": "string"}
    with pytest.raises(ChildError, match="failed: there is no job server's file") as error:
        transformed(config, split, tmp_path / "run", beam=beam, histories=made)
    assert len(error.value.message) < 100


def test_options_are_those_of_beam() -> None:
    assert _beam(None, []) == ()
    assert _beam("FlinkRunner", ["flink_master=a:1", "--parallelism=2"]) == (
        "--runner=FlinkRunner",
        "--flink_master=a:1",
        "--parallelism=2",
    )
    for runner, options in ((None, ["a=b"]), ("DirectRunner", ["runner=PrismRunner"])):
        with pytest.raises(RecgenError, match="--beam-option"):
            _beam(runner, options)
