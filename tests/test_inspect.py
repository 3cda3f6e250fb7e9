"""What an inspection finds: in sound files what is there, in broken ones what is wrong."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google_crc32c", reason="needs the extra `data`")
np = pytest.importorskip("numpy", reason="needs the extra `data`")

from record_files import example, frame, write_records  # noqa: E402
from run_folders import (  # noqa: E402
    BUYERS,
    CONFIG,
    PRODUCTS,
    ROWS,
    make_run,
    rows_of,
    write_checkpoint,
    write_model,
    write_split,
    write_vocabulary,
)

from recgen.findings import RecgenError  # noqa: E402
from recgen.inspect import Inspection, inspect  # noqa: E402
from recgen.inspect.distinct import Distinct  # noqa: E402
from recgen.inspect.records.spans import mix  # noqa: E402


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def slugs(found: Inspection, severity: str = "error") -> set[str]:
    return {issue.slug for issue in found.issues if issue.severity == severity}


def feature(found: Inspection, name: str, split: int = 0) -> Any:
    return next(each for each in found.splits[split].features if each.name == name)


# What is there.


def test_in_a_sound_run_everything_agrees(run: Path) -> None:
    found = inspect(run)
    assert found.issues == ()
    assert (found.ok, found.sort) == (True, "run")
    assert {split.name: split.rows for split in found.splits} == ROWS
    assert [split.name for split in found.splits] == ["train", "eval", "test"]


def test_features_are_described(tmp_path: Path) -> None:
    records = [
        example(a=5, b=["x", "yy"], c=[1.5, float("nan")]),
        example(a=-7, b=["x"], d=None),
        example(a=5, b=[], c=2.5),
    ]
    (split,) = inspect(write_records(tmp_path / "x.tfrecord", records)).splits
    a, b, c = split.features
    assert (a.kind, a.nulls, a.unique.value, a.low, a.high) == ("int64", 0, 2, -7, 5)
    assert (b.kinds, b.nulls, b.values, b.fewest, b.most) == ({"bytes": 2, "int64": 1}, 1, 3, 1, 2)
    assert (b.unique.value, b.low, b.high) == (2, 1, 2)
    assert (c.nulls, c.not_finite, c.low, c.high, c.mean) == (1, 1, 1.5, 2.5, 2.0)
    assert split.first[0] == {
        "a": (5,),
        "b": ("x", "yy"),
        "c": (1.5, pytest.approx(np.nan, nan_ok=True)),
    }


def test_equal_rows_are_counted_whatever_the_order_of_their_features(tmp_path: Path) -> None:
    rows = [
        example(a=1, h=[1, 2, 3]),
        example(h=[1, 2, 3], a=1),  # equal
        example(a=1, h=[3, 2, 1]),
        example(a=1, h=[1, 2]),
        example(a=1, h=[1, 2, 3], b=0),
        example(b=1, h=[1, 2, 3]),
        example(a=1, h=[1, 2, 3]),  # equal
    ]
    (split,) = inspect(write_records(tmp_path / "x.tfrecord", rows)).splits
    assert (split.duplicates.value, split.duplicates.is_exact) == (2, True)


def test_what_training_has_not_seen(run: Path) -> None:
    rows = rows_of("test")
    rows[0]["sku"] = PRODUCTS  # the bucket for unknown products
    rows[1] = rows_of("train")[3]
    write_split(run, "test", rows)
    found = inspect(run)
    sku = feature(found, "sku", 2)
    assert (sku.out_of_vocabulary, sku.out_of_range) == (1, 0)
    assert sku.unseen == pytest.approx(1 / 12)
    assert found.splits[2].seen == pytest.approx(1 / 12)
    assert found.splits[0].seen is None


def test_histories_are_lists(run: Path) -> None:
    rows = [{**row, "history": [n % 5] * (n % 4)} for n, row in enumerate(rows_of("train"))]
    write_split(run, "train", rows)
    history = feature(inspect(run), "history")
    assert (history.fewest, history.most, history.nulls) == (1, 3, 15)
    assert history.unique.value == 5
    assert inspect(run, rows=4).splits[0].first[3]["history"] == (3, 3, 3)


def test_first_rows_are_told_in_words(run: Path) -> None:
    found = inspect(run, rows=2)
    assert len(found.splits[0].first) == 2
    assert found.words["sku"] == {0: "p0", 1: "p1"}


def test_vocabularies_are_counted_against_the_training_rows(run: Path) -> None:
    write_split(run, "train", [row for row in rows_of("train") if row["sku"] != 4])
    _, sku = inspect(run).vocabularies
    assert (sku.name, sku.entries, sku.feature, sku.unused) == ("sku_vocab", 10, "sku", 1)
    assert [(entry.text, entry.count) for entry in sku.head[3:]] == [("p3", 6), ("p4", 0)]
    assert [entry.index for entry in sku.tail] == [5, 6, 7, 8, 9]


# What a path is.


def test_all_sorts_of_paths(run: Path, tmp_path: Path) -> None:
    split = run / "examples" / "train"
    (file,) = split.iterdir()
    sorts = {
        run: "run",
        run / "examples": "splits",
        split: "split",
        file: "records",
        run / "transform": "transform",
        run / "transform" / "transform_fn" / "assets": "vocabulary",
        run / "transform" / "transform_fn" / "assets" / "sku_vocab": "vocabulary",
        run / "serving_model": "model",
        run / "serving_model" / "saved_model.pb": "model",
    }
    assert {path: inspect(path).sort for path in sorts} == sorts
    assert all(inspect(path).issues == () for path in sorts)


def test_tfx_writes_other_names(run: Path, tmp_path: Path) -> None:
    rows = [example(**row) for row in rows_of("train")]
    for split in ("Split-eval", "Split-train"):
        write_records(tmp_path / "tfx" / split / "transformed_examples-00000-of-00001.gz", rows)
    found = inspect(tmp_path / "tfx")
    assert [split.name for split in found.splits] == ["Split-train", "Split-eval"]
    assert found.splits[1].seen == 1
    assert slugs(found, "warning") == {"rows-in-training"}
    (tmp_path / "model").mkdir()
    shutil.copytree(run / "serving_model", tmp_path / "model" / "Format-Serving")
    assert inspect(tmp_path / "model").models[0].signatures[0].name == "serving_default"


def test_several_files_are_one_split(run: Path) -> None:
    folder = run / "examples" / "train"
    write_records(folder / "more-00001-of-00002.gz", [example(**row) for row in rows_of("eval")])
    (split,) = inspect(folder).splits
    assert (split.rows, len(split.files)) == (72, 2)


@pytest.mark.parametrize("name", ["gone", "empty", "data.csv"])
def test_what_cannot_be_inspected_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "data.csv").write_text("a,b\n", "utf-8")
    with pytest.raises(RecgenError, match=name) as raised:
        inspect(tmp_path / name)
    assert "TFRecord" in raised.value.help


@pytest.mark.parametrize(("name", "is_told"), [("history.json", True), ("a.yaml", False)])
def test_metrics_are_read_by_another_command(tmp_path: Path, name: str, is_told: bool) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(RecgenError) as error:
        inspect(tmp_path / name)
    assert ("`recgen diagnose`" in str(error.value.help)) is is_told


def test_a_run_that_was_stopped_has_no_model(run: Path) -> None:
    shutil.rmtree(run / "serving_model")
    assert inspect(run).ok


def test_without_a_config_names_and_ranges_say_what_belongs_together(run: Path) -> None:
    (run / "config.yaml").unlink()
    found = inspect(run)
    assert slugs(found, "warning") == {"broken-config"}
    assert feature(found, "sku").out_of_vocabulary == 0
    assert found.ok


# What is wrong. Each breaks one thing, and nothing else is said.


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def rows_with(split: str, **changed: Any) -> Callable[[Path], None]:
    """Returns what changes the third row of a split."""

    def change(run: Path) -> None:
        rows = rows_of(split)
        rows[2] = {**rows[2], **changed}
        write_split(run, split, rows)

    return change


def records(run: Path, split: str = "eval") -> Path:
    return next((run / "examples" / split).iterdir())


def schema(run: Path) -> Path:
    return run / "transform" / "transformed_metadata" / "schema.pbtxt"


def vocabulary(run: Path) -> Path:
    return run / "transform" / "transform_fn" / "assets" / "sku_vocab"


def params(run: Path, **changed: Any) -> None:
    path = run / "training_metrics.json"
    content = json.loads(path.read_text("utf-8"))
    content["params"] |= changed
    path.write_text(json.dumps(content), "utf-8")


def change_bytes(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def another_model(run: Path, **sizes: int) -> None:
    shutil.rmtree(run / "serving_model")
    write_model(run / "serving_model", **sizes)


def double_vocabulary(run: Path) -> None:
    for folder in (vocabulary(run).parent, run / "serving_model" / "assets"):
        write_vocabulary(folder / "sku_vocab", [f"p{n % 9}" for n in range(PRODUCTS)])


BREAK: dict[str, Callable[[Path], object]] = {
    "index-out-of-range": rows_with("eval", sku=PRODUCTS + 1),
    "missing-values": rows_with("eval", price_norm=None),
    "wrong-shape": rows_with("eval", price_norm=[1.0, 2.0]),
    "not-finite": rows_with("eval", price_norm=float("nan")),
    "wrong-kind mixed-kinds": rows_with("eval", price_norm=3),
    "missing-feature": lambda run: write_split(
        run, "eval", [{k: v for k, v in row.items() if k != "buyer"} for row in rows_of("eval")]
    ),
    "splits-overlap": rows_with("train", event_time=1_715_000_000),
    "rows-differ": lambda run: write_split(run, "train", rows_of("train")[:-1]),
    "rows-differ catalogue-differs": lambda run: write_split(
        run, "train", [row for row in rows_of("train") if row["sku"]]
    ),
    "catalogue-differs": lambda run: another_model(run, products=PRODUCTS - 1),
    "embedding-differs": lambda run: another_model(run, buyers=BUYERS - 1),
    "signature-differs": lambda run: edit(
        run / "config.yaml", "data_type: text", "data_type: text\n    bq_type: INT64"
    ),
    "domain-differs": lambda run: edit(schema(run), f"max: {PRODUCTS}", f"max: {PRODUCTS + 5}"),
    "domain-differs vocabulary-differs": lambda run: write_vocabulary(
        vocabulary(run), [f"p{n}" for n in range(PRODUCTS + 1)]
    ),
    "vocabulary-differs": lambda run: write_vocabulary(
        vocabulary(run), [f"p{n}" for n in reversed(range(PRODUCTS))]
    ),
    "duplicate-entry": double_vocabulary,
    "empty-entry vocabulary-differs": lambda run: edit(vocabulary(run), "p4\n", "\n"),  # P38
    "missing-vocabulary": lambda run: vocabulary(run).unlink(),
    "broken-file": lambda run: edit(schema(run), "feature {", "feature"),
    "missing-file": lambda run: (run / "transform" / "metadata" / "schema.pbtxt").unlink(),
    "empty-split rows-differ": lambda run: records(run).unlink(),
    "empty-file rows-differ": lambda run: change_bytes(records(run), lambda data: b""),
    "truncated-file rows-differ": lambda run: change_bytes(records(run), lambda data: data[:-9]),
    "corrupt-record rows-differ": lambda run: change_bytes(
        records(run), lambda data: data[:-20] + b"?" + data[-19:]
    ),
    "corrupt-length": lambda run: change_bytes(records(run), lambda data: data + bytes(20)),
    "not-tfrecord rows-differ": lambda run: change_bytes(records(run), lambda data: b"?" + data),
    "broken-compression rows-differ": lambda run: change_bytes(
        records(run), lambda data: gzip.compress(data)[:-20]
    ),
    "no-example": lambda run: change_bytes(records(run), lambda data: data + frame(b"hello")),
    "missing-column": lambda run: edit(
        run / "transform" / "metadata" / "schema.pbtxt", '"price"', '"cost"'
    ),
    "missing-signature": lambda run: change_bytes(
        run / "serving_model" / "saved_model.pb",
        lambda data: data.replace(b"serving_default", b"serving_another"),
    ),
    "variables-differ": lambda run: write_checkpoint(
        run / "serving_model" / "variables", {"index.candidates": (PRODUCTS, 32)}
    ),
    "broken-variables": lambda run: change_bytes(
        run / "serving_model" / "variables" / "variables.data-00000-of-00001",
        lambda data: b"?" + data[1:],
    ),
}


def test_a_model_that_was_trained_again_knows_the_products_of_the_validation(run: Path) -> None:
    write_split(run, "train", [row for row in rows_of("train") if row["sku"]])
    assert any(row["sku"] == 0 for row in rows_of("eval"))
    rows = sum(1 for row in rows_of("train") if row["sku"])
    params(run, refit_epochs=2, train_rows=rows, candidates=PRODUCTS - 1)
    assert slugs(inspect(run)) == set()
    another_model(run, products=PRODUCTS - 1)
    assert slugs(inspect(run)) == {"catalogue-differs"}


def test_a_model_that_was_trained_on_the_test_too_knows_its_new_products(run: Path) -> None:
    counts = {}
    for split in ("train", "eval"):
        write_split(run, split, known := [row for row in rows_of(split) if row["sku"]])
        counts[f"{split}_rows"] = len(known)
    measured, test = sum(counts.values()), len(rows_of("test"))
    params(run, **counts, test_rows=test, refit_epochs=2, candidates=PRODUCTS - 1)
    params(run, measured_rows=measured, served_rows=measured + test)
    assert slugs(inspect(run)) == set()
    params(run, served_rows=measured)  # `refit: validation`
    assert slugs(inspect(run)) == {"catalogue-differs"}


@pytest.mark.parametrize("wanted", BREAK)
def test_what_is_broken_is_found_and_nothing_else(run: Path, wanted: str) -> None:
    BREAK[wanted](run)
    found = inspect(run)
    told = {(issue.slug, issue.message) for issue in found.issues if issue.severity == "error"}
    assert slugs(found) == set(wanted.split()), told
    assert not found.ok
    assert all(issue.message and issue.place for issue in found.issues)


def test_without_a_vocabulary_the_schema_says_what_is_in_range(run: Path) -> None:
    edit(schema(run), '"event_time" type: INT', '"event_time" type: INT int_domain { max: 9 }')
    found = inspect(run)
    assert slugs(found) == {"index-out-of-range"}
    assert "60 of 60 values are not within 0 … 9 (the schema's range)" in found.issues[0].message


def test_a_file_with_too_many_features_is_no_table(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recgen.inspect.records.parsing.MAX_NAMES", 3)
    assert slugs(inspect(records(run))) == {"many-features"}


def test_a_vocabulary_of_records_that_ends_early(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a_vocab.tfrecord.gz", [b"one", b"two", b"three"])
    change_bytes(path, lambda data: gzip.compress(gzip.decompress(data)[:-2]))
    found = inspect(path)
    assert slugs(found) == {"truncated-file"}
    assert found.vocabularies[0].entries == 2


def test_more_that_is_broken(run: Path) -> None:
    (run / "serving_model" / "saved_model.pb").write_bytes(b"\x0a\xff")
    (run / "serving_model" / "variables" / "variables.index").write_bytes(b"no index")
    (run / "transform" / "transformed_metadata" / "asset_map").write_text("[1]", "utf-8")
    (run / "training_metrics.json").write_text("{", "utf-8")
    found = inspect(run)
    assert slugs(found) == {"broken-file"}
    assert len(found.issues) == 4
    assert slugs(found, "warning") == {"broken-metrics"}


FILES = (
    "config.yaml",
    "training_metrics.json",
    "examples/eval/transformed_examples-00000-of-00001.tfrecord",
    "transform/metadata/schema.pbtxt",
    "transform/transformed_metadata/schema.pbtxt",
    "transform/transformed_metadata/asset_map",
    "transform/transform_fn/assets/sku_vocab",
    "serving_model/saved_model.pb",
    "serving_model/variables/variables.index",
    "serving_model/variables/variables.data-00000-of-00001",
    "serving_model/assets/sku_vocab",
)


@pytest.mark.parametrize("name", FILES)
def test_whatever_a_file_holds_an_inspection_ends_with_a_result(run: Path, name: str) -> None:
    path = run / name
    whole = path.read_bytes()
    random = np.random.default_rng(FILES.index(name))
    for number in range(12):
        changed = bytearray(whole)
        if number == 0:
            changed.clear()
        elif number < 4:
            del changed[random.integers(len(whole)) :]
        elif number < 10:
            for place in random.integers(len(whole), size=random.integers(1, 4)):
                changed[place] = random.integers(256)
        else:
            changed = bytearray(random.bytes(random.integers(1, 500)))
        path.write_bytes(changed)
        assert inspect(run).sort == "run"


def test_doubtful_things_are_warnings(run: Path) -> None:
    rows = rows_of("eval")
    for row in rows[:4]:
        row["sku"] = PRODUCTS
    write_split(run, "eval", [*rows[:9], *rows[:3]])
    write_split(run, "test", [{**row, "price_norm": 1.0} for row in rows_of("test")])
    found = inspect(run)
    assert found.ok
    assert slugs(found, "warning") == {"out-of-vocabulary", "duplicate-rows"}
    assert slugs(found, "info") == {"constant-feature"}


def test_splits_without_a_schema_are_compared_with_each_other(run: Path) -> None:
    rows_with("eval", note="new")(run)
    found = inspect(run / "examples")
    assert slugs(found) == {"splits-differ"}
    assert found.issues[0].message == "note is not there in train and bytes in eval"


@pytest.mark.parametrize(
    ("text", "slug", "severity"),
    [
        ("a\nb\na\n", "duplicate-entry", "error"),
        ("a\n\nb\n", "empty-entry", "error"),
        ("a\n \t\nb\n", "blank-entry", "warning"),
        ("a\nb\r\nc\n", "control-characters", "warning"),
        ("a\nb\udcff\nc\n", "not-utf8", "warning"),
        ("", "empty-vocabulary", "warning"),
        ("49d0cd50-04bb-48c0-bc6f-5b575dce351a\n", "empty-vocabulary", "warning"),
        ("x" * 2**25, "broken-vocabulary", "error"),
    ],
)
def test_odd_vocabularies(tmp_path: Path, text: str, slug: str, severity: str) -> None:  # P38
    path = tmp_path / "x_vocab"
    path.write_bytes(text.encode(errors="surrogateescape"))
    found = inspect(path)
    assert slugs(found, severity) == {slug}
    assert len(found.issues) == 1


def test_a_vocabulary_of_records_and_one_without_a_last_line_feed(tmp_path: Path) -> None:
    entries = [f"v{n}" for n in range(5000)]
    (tmp_path / "a_vocab").write_text("\n".join(entries), "utf-8")
    records = tmp_path / "x" / "assets" / "a_vocab.tfrecord.gz"
    write_records(records, [entry.encode() for entry in entries])
    for path in (tmp_path / "a_vocab", records.parent):
        (vocabulary,) = inspect(path).vocabularies
        assert vocabulary.entries == 5000
        assert vocabulary.tail[-1].text == "v4999"


def test_every_issue_is_in_the_documentation() -> None:
    root = Path(__file__).resolve().parents[1]
    text = "".join(path.read_text("utf-8") for path in root.glob("recgen/inspect/**/*.py"))
    written = set(re.findall(r'(?:Issue|_add)\(\s*"([a-z0-9-]+)"', text))
    written |= set(re.findall(r'\*?\("([a-z0-9-]+)", "(?:error|warning)"', text))
    page = (root / "docs" / "inspecting.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([a-z0-9-]+)`", page, re.MULTILINE))
    assert "truncated-file" in written
    assert told == written


# Counting.


def test_different_values_are_counted_exactly_up_to_a_bound() -> None:
    distinct = Distinct(bound=1000)
    for start in range(0, 1000, 100):
        distinct.add(mix(np.arange(start, start + 100, dtype=np.uint64)))
    distinct.add(mix(np.arange(500, dtype=np.uint64)))
    assert (distinct.is_exact, distinct.count, distinct.repeated) == (True, 1000, 500)


def test_beyond_the_bound_counts_are_estimates_that_say_so() -> None:
    distinct, other = Distinct(bound=4096), Distinct(bound=1024)
    for start in range(0, 300_000, 10_000):
        hashes = mix(np.arange(start, start + 10_000, dtype=np.uint64))
        distinct.add(hashes)
        distinct.add(hashes[:5000])
        other.add(hashes[:2500])
    assert not distinct.is_exact
    error = 5 * 1.2 / 4096**0.5  # five standard errors
    assert distinct.count == pytest.approx(300_000, rel=error)
    assert distinct.repeated == pytest.approx(150_000, rel=error)
    assert other.share_in(distinct) == pytest.approx(1, abs=0.01)
    assert distinct.share_in(other) == pytest.approx(5000 / 15_000, rel=0.2)


def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("values", "splits"):  # so that few rows reach the bound
        name = f"recgen.inspect.{module}.Distinct"
        monkeypatch.setattr(name, lambda bound=0: Distinct(bound=1000))
    random = np.random.default_rng(0)
    peaks = []
    for pieces in (6, 18):
        path = tmp_path / f"{pieces}.tfrecord"
        with path.open("wb") as file:
            for _ in range(pieces):
                numbers = random.integers(0, 2**60, 5000).tolist()
                file.write(b"".join(frame(example(a=n, b=[f"{n}"] * 3)) for n in numbers))
        tracemalloc.start()
        assert inspect(path).splits[0].rows == pieces * 5000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_config_that_was_allowed_to_be_wrong_is_used_all_the_same(run: Path) -> None:
    assert "learning_rate" not in CONFIG["model"]
    edit(run / "config.yaml", "epochs: 2", "epochs: 2\n  learning_rate: 5.0")
    found = inspect(run)
    assert found.issues == ()
    assert found.vocabularies[0].feature == "buyer"
