"""Roots of pipelines: which folders are looked at, and what is said of damaged ones."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("google_crc32c", reason="needs the extra `data`")

from pipeline_roots import FLAT, JOB, LOCAL, LOWER, STRANGERS, VERTEX, make_root, raw_rows
from record_files import example, write_records
from run_folders import CONFIG, make_run

import recgen
from recgen.analysis import diagnose, load_run
from recgen.findings import RecgenError
from recgen.inspect import Inspection, inspect
from recgen.inspect.places import place_of

LAYOUTS = {"local": LOCAL, "vertex": VERTEX, "lower": LOWER, "flat": FLAT}


def slugs(found: Inspection) -> list[str]:
    return [issue.slug for issue in found.issues]


def renumbered(layout: dict[str, str], **numbers: int) -> dict[str, str]:
    """Returns the local layout with other numbers of executions, by part."""
    new = dict(layout)
    for part, number in numbers.items():
        folders = layout[part].split("/")
        folders[2] = str(number)
        new[part] = "/".join(folders)
    return new


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("packed", [True, False])
def test_a_root_is_walked_and_joined(tmp_path, name, packed):
    layout = LAYOUTS[name]
    found = inspect(make_root(tmp_path / "root", layout, packed))
    assert found.sort == "pipeline"
    wanted = ("raw", "transform", "examples", "model", "pushed", "metrics")
    assert set(found.parts) == {layout[part] for part in wanted}
    assert [split.name for split in found.splits[:2]] == ["train", "eval"]
    assert [split.rows for split in found.splits] == [60, 12, 60, 12]
    assert len(found.models) == 2
    raw = {feature.name: feature for feature in found.splits[3].features}
    assert (raw["sku"].out_of_vocabulary, raw["buyer"].out_of_vocabulary) == (STRANGERS, 0)
    assert raw["price"].out_of_vocabulary is None
    assert slugs(found) == ["out-of-vocabulary"]
    assert found.issues[0].place.endswith("eval/sku")


@pytest.mark.parametrize("name", ["local", "vertex"])
def test_hidden_and_working_folders_are_left_out(tmp_path, name):
    root = make_root(tmp_path / "root", LAYOUTS[name])
    for folder in (".system/executor_execution/7", "Trainer/.system/stateful_working_dir/x"):
        make_root(root / folder)
    make_root(root / "_wheels")
    assert inspect(root).parts == inspect(make_root(tmp_path / "new", LAYOUTS[name])).parts


def test_the_newest_run_is_shown_and_the_others_are_counted(tmp_path):
    root = make_root(tmp_path / "root")
    newer = renumbered(LOCAL, raw=9, statistics=10, transform=11, examples=11, model=12, metrics=12)
    make_root(root, renumbered(newer, pushed=13))
    found = inspect(root)
    assert {path.split("/")[2] for path in found.parts} == {"9", "11", "12", "13"}
    assert "other-runs" in slugs(found)


def test_what_was_cached_is_that_of_the_run_before(tmp_path):
    """Two trainings of one transform output, and a third transform that nothing was trained on."""
    root = make_root(tmp_path / "root")
    shutil.copytree(root / "Trainer/model/7", root / "Trainer/model/14")
    shutil.copytree(root / "Transform", root / "later")
    (root / "later/transform_graph/6").rename(root / "Transform/transform_graph/20")
    (root / "later/transformed_examples/6").rename(root / "Transform/transformed_examples/20")
    shutil.rmtree(root / "later")
    found = inspect(root).parts
    assert "Trainer/model/14/Format-Serving" in found
    assert {"Transform/transform_graph/6", "Transform/transformed_examples/6"} <= found.keys()


def test_the_last_job_is_shown(tmp_path):
    root = make_root(tmp_path / "root", VERTEX)
    for number in ("20260101120001", "20251231120000"):
        job = JOB.replace("20260101120000", number)
        make_root(root, {part: path.replace(JOB, job) for part, path in VERTEX.items()})
    assert all("20260101120001" in path for path in inspect(root).parts)


def test_a_job_that_lacks_a_part_shows_that_of_another_and_says_so(tmp_path):
    root = make_root(tmp_path / "root", VERTEX)
    job = JOB.replace("20260101120000", "20260102120000")
    make_root(root, {part: path.replace(JOB, job) for part, path in VERTEX.items()})
    shutil.rmtree(root / job / "Transform_3234567890123456789")
    found = inspect(root)
    assert "mixed-jobs" in slugs(found)
    assert {split.name for split in found.splits[:2]} == {"train", "eval"}


@pytest.mark.parametrize("below", ["Transform", "Trainer", "CsvExampleGen", "Trainer/model"])
def test_a_component_alone_is_shown(tmp_path, below):
    found = inspect(make_root(tmp_path / "root") / below)
    assert found.sort == "pipeline"
    assert found.splits or found.models


def test_ids_that_are_integers_are_looked_up_by_their_digits(tmp_path):
    root = make_root(tmp_path / "root")
    vocabulary = root / LOCAL["transform"] / "transform_fn/assets/sku_vocab"
    vocabulary.write_text("".join(f"{number}\n" for number in range(10)), "utf-8")
    for split in ("train", "eval"):
        rows = [{**row, "sku": number % 12} for number, row in enumerate(raw_rows(split))]
        path = root / LOCAL["raw"] / f"Split-{split}/data_tfrecord-00000-of-00001.gz"
        write_records(path, [example(**row) for row in rows])
    reports = [
        {f.name: f for f in split.features}["sku"].out_of_vocabulary
        for split in inspect(root).splits[2:]
    ]
    assert reports == [10, 2]  # 10 and 11 of twelve, in 60 and in 12 rows


DAMAGES = [
    ("raw/Split-eval/data_tfrecord-00000-of-00001.gz", "cut", "broken-compression"),
    ("examples/Split-train/data_tfrecord-00000-of-00001.gz", "cut", "broken-compression"),
    ("examples/Split-train/data_tfrecord-00000-of-00001.gz", "folder", None),
    ("examples/Split-eval/data_tfrecord-00000-of-00001.gz", "lost", None),
    ("transform/transform_fn/assets/sku_vocab", "folder", "unreadable-file"),
    ("transform/transform_fn/assets/sku_vocab", "gone", "missing-vocabulary"),
    ("transform/transformed_metadata/schema.pbtxt", "folder", "unreadable-file"),
    ("transform/transformed_metadata/schema.pbtxt", "noise", "broken-file"),
    ("model/saved_model.pb", "noise", "broken-file"),
    ("model/variables/variables.index", "folder", "unreadable-file"),
    ("model/variables/variables.data-00000-of-00001", "cut", "broken-variables"),
    ("metrics/training_metrics.json", "cut", "broken-metrics"),
    ("metrics/training_metrics.json", "folder", "broken-metrics"),
]


@pytest.mark.parametrize(("where", "how", "slug"), DAMAGES)
def test_a_damaged_file_is_a_line_and_hides_nothing_else(tmp_path, where, how, slug):
    root = make_root(tmp_path / "root")
    part, _, name = where.partition("/")
    path = root / LOCAL[part] / name
    content = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    if how == "noise":
        path.write_bytes(os.urandom(64))
    if how == "folder":
        path.mkdir()
    if how == "lost":
        path.symlink_to(root / "nowhere")
    found = inspect(root)
    assert slug is None or slug in slugs(found)
    assert found.splits
    assert found.models


_WAYS = st.sampled_from(["cut", "noise", "folder", "gone", "empty"])


@given(st.lists(st.tuples(st.integers(0, 10_000), _WAYS), min_size=1, max_size=6))
@some(13, 40)
def test_no_damage_raises(tmp_path_factory, damages):
    root = make_root(tmp_path_factory.mktemp("roots") / "root")
    for number, way in damages:
        files = sorted(path for path in root.rglob("*") if path.is_file())
        path = files[number % len(files)]
        content = path.read_bytes()
        path.unlink()
        if way in ("cut", "noise", "empty"):
            size = len(content) // 2
            path.write_bytes({"cut": content[:size], "noise": bytes(range(40)), "empty": b""}[way])
        if way == "folder":
            path.mkdir()
    for read in (inspect, load_run):
        with suppress(RecgenError):
            read(root)


def test_links_in_a_circle_and_pipes_do_not_hold_it_up(tmp_path):
    root = make_root(tmp_path / "root")
    (root / "Transform/again").symlink_to(root)
    os.mkfifo(root / LOCAL["examples"] / "Split-train/pipe")
    (root / LOCAL["transform"] / "transform_fn/assets/x_vocab").symlink_to("x_vocab")
    assert inspect(root).sort == "pipeline"


def test_a_folder_that_cannot_be_listed_is_a_line(tmp_path, monkeypatch):
    root = make_root(tmp_path / "root")
    listed = Path.iterdir

    def refuse(self: Path) -> object:
        if self.name == "Pusher":
            raise PermissionError(13, "Permission denied", str(self))
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = inspect(root)
    assert "unreadable-file" in slugs(found)
    assert len(found.models) == 1


def test_a_folder_of_runs_is_not_a_pipeline(tmp_path):
    for name in ("a", "b"):
        make_run(tmp_path / "runs" / name)
    with pytest.raises(RecgenError, match="holds 2 runs"):
        inspect(tmp_path / "runs")


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty/Split-train").mkdir(parents=True)
    with pytest.raises(RecgenError, match="holds nothing that is inspected"):
        inspect(tmp_path / "empty")


# Behind a scheme


def uploaded(folder: Path, url: str) -> str:
    """Copies a folder into fsspec's memory, and returns its URL."""
    fsspec = pytest.importorskip("fsspec", reason="needs the extra `gcs`")
    system = fsspec.filesystem("memory")
    for path in folder.rglob("*"):
        if path.is_file():
            target = f"{url.removeprefix('memory:/').rstrip('/')}/{path.relative_to(folder)}"
            system.pipe_file(target, path.read_bytes())
    return url


@pytest.mark.parametrize("name", ["local", "vertex"])
def test_a_root_behind_a_scheme_is_the_same(tmp_path, name):
    root = make_root(tmp_path / "root", LAYOUTS[name])
    here, there = inspect(root), inspect(place_of(uploaded(root, f"memory://bucket/{name}/root/")))
    assert (here.splits, here.parts, here.models) == (there.splits, there.parts, there.models)
    assert [each.message for each in here.issues] == [each.message for each in there.issues]


def test_a_run_directory_behind_a_scheme_is_the_same(tmp_path):
    run = make_run(tmp_path / "run")
    here, there = inspect(run), inspect(place_of(uploaded(run, "memory://bucket/runs/run")))
    assert (here.sort, here.splits) == (there.sort, there.splits)
    assert here.issues == there.issues


def test_a_folder_in_one_of_the_same_name_behind_a_scheme(tmp_path):
    run = make_root(tmp_path / "shop" / "shop")
    place = place_of(uploaded(run.parent, "memory://bucket/same/shop"))
    assert [each.name for each in place.iterdir()] == ["shop"]
    assert inspect(place).sort == "pipeline"


def test_what_is_not_there_behind_a_scheme(tmp_path):
    pytest.importorskip("fsspec", reason="needs the extra `gcs`")
    with pytest.raises(RecgenError, match="there is no file or folder memory://bucket/nothing"):
        inspect(place_of("memory://bucket/nothing"))


# Diagnosing a root


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_run_of_a_root_can_be_diagnosed(tmp_path, name):
    root = make_root(tmp_path / "root", LAYOUTS[name])
    run = load_run(root)
    assert (run.name, run.path, run.has_model) == ("root", str(root), True)
    assert run.vocabularies == {"buyer_vocab": 6, "sku_vocab": 10}
    assert len(run.metrics.epochs) == 2
    (root / "config.yaml").write_text(yaml.safe_dump(CONFIG), "utf-8")
    config = load_run(root).config
    assert config is not None
    assert config.name == "shop"
    found = inspect(root)
    assert found.sort == "pipeline"
    assert "mixed-jobs" not in slugs(found)


def test_the_run_of_a_root_behind_a_scheme(tmp_path):
    url = uploaded(make_root(tmp_path / "root"), "memory://bucket/diagnosed/root")
    run = load_run(url)
    assert (run.path, run.vocabularies["sku_vocab"]) == (url, 10)
    assert load_run(url, products=1054).products == 1054
    assert recgen.diagnose(url).verdict == diagnose(run).verdict


def test_a_folder_without_metrics_is_no_run(tmp_path):
    root = make_root(tmp_path / "root")
    shutil.rmtree(root / "Trainer/model_run")
    with pytest.raises(RecgenError, match="is not a run directory"):
        load_run(root)
