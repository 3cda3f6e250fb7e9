"""The folder of a run: one process at a time, nothing lost, and what is done is found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recgen.findings import RecgenError
from recgen.local import lock as locks
from recgen.local.folder import Staging, keep_failed, remove_partial, staged
from recgen.local.lock import LockedError, holder, locked
from recgen.local.names import Place, plain_path
from recgen.local.partials import find_partials, remove
from recgen.local.unfinished import NAME, Unfinished, digest_of_data, digest_of_text

INPUTS = {"config": "1", "data": "2"}
HOLDS = """
import sys, time
from pathlib import Path
from recgen.local.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks.locked.__wrapped__, "__defaults__", (0.3,))


@contextmanager
def other_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of a folder."""
    command = [sys.executable, "-c", HOLDS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def finish(staging: Staging, content: str, model: bool = True) -> None:
    """Writes what a run directory holds."""
    for name in ("config.yaml", "trainer_module.py"):
        (staging.folder / name).write_text(content)
    if model:
        (staging.folder / "serving_model").mkdir()


def run_in(out: Path, content: str = "old") -> None:
    with staged(out, INPUTS) as staging:
        finish(staging, content)
        staging.finish("train")
        staging.land()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# the lock


def test_a_second_process_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with other_process(Place.of(out).partial) as process:
        with pytest.raises(RecgenError) as caught, staged(out, INPUTS):
            pass
        assert f"process {process.pid} on " in caught.value.message
        assert f" UTC is training into {out}" in caught.value.message
        assert holder(Place.of(out).partial)
        assert not remove_partial(Place.of(out).partial)


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """Whatever its ID: in a container the next process has the same one."""
    with other_process(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert json.loads((tmp_path / locks.NAME).read_text())["pid"] == process.pid
        signed = json.dumps({"pid": os.getpid(), "host": "x", "since": "2026-01-01T00:00:00"})
        (tmp_path / locks.NAME).write_text(signed)
        with locked(tmp_path, patience=0):
            assert holder(tmp_path) is not None
    assert holder(tmp_path) is None


def test_a_lock_is_held_while_a_child_lives(tmp_path: Path) -> None:
    with locked(tmp_path) as lock:
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(command, pass_fds=[lock.descriptor])
    with pytest.raises(LockedError), locked(tmp_path, patience=0):
        pass
    child.kill()
    child.wait()
    with locked(tmp_path, patience=0):
        pass


def test_a_lock_waits_for_children_that_are_ending(tmp_path: Path) -> None:
    with locked(tmp_path) as lock:
        command = [sys.executable, "-c", "import time; time.sleep(0.5)"]
        child = subprocess.Popen(command, pass_fds=[lock.descriptor])
    with locked(tmp_path, patience=20):
        pass
    child.wait()


def test_what_was_transformed_is_used_by_a_run_that_trains_otherwise(tmp_path: Path) -> None:
    out, other = tmp_path / "out", {**INPUTS, "config": "other"}
    with staged(out, INPUTS, {"config"}) as staging:
        (staging.folder / "examples").mkdir()
        (staging.folder / "examples" / "rows").write_text("much work")
        staging.record.warnings.append("of the data")
        staging.record.seconds["transform"] = 5.0
        staging.finish("transform")
        (staging.folder / "checkpoints-1").mkdir()
        (staging.folder / "training_metrics.json").write_text("{}")
        staging.record.warnings.append("of the training")
        staging.record.seconds["train"] = 9.0
        staging.finish("train")
    with staged(out, other, {"config"}) as staging:
        assert (staging.different, staging.record.done) == (("config",), ["transform"])
        assert names(staging.folder) == {locks.NAME, NAME, "examples"}
        assert (staging.folder / "examples" / "rows").read_text() == "much work"
        assert staging.record.warnings == ["of the data"]
        assert staging.record.seconds == {"transform": 5.0}
    with staged(out, other, {"config"}) as staging:  # it is the other's now
        assert (staging.different, staging.record.done) == ((), ["transform"])
    with staged(out, {**other, "data": "3"}, {"config"}) as staging:
        assert staging.different == ("data",)
        assert names(staging.folder) == {locks.NAME, NAME}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff" * 5000, b'{"pid": "x"}'])
def test_a_lock_that_is_not_signed_is_held_all_the_same(tmp_path: Path, content: bytes) -> None:
    with other_process(tmp_path):
        (tmp_path / locks.NAME).write_bytes(content)
        assert holder(tmp_path) == "another process"


def test_without_locks_the_run_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with locked(tmp_path) as lock:
        assert not lock.is_real


# what is done is found again


def fail(out: Path, error: BaseException, stage: str = "transform") -> None:
    with staged(out, INPUTS) as staging:
        (staging.folder / "result").write_text("much work")
        if stage:
            staging.finish(stage)
        raise error


def interrupt(out: Path, stage: str = "transform") -> None:
    with pytest.raises(KeyboardInterrupt):
        fail(out, KeyboardInterrupt(), stage)


def test_what_is_done_is_found_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    interrupt(out)
    assert names(tmp_path) == {".out.partial"}
    with staged(out, INPUTS) as staging:
        assert staging.record.done == ["transform"]
        assert (staging.folder / "result").read_text() == "much work"
        finish(staging, "new")
        assert staging.land() == out
    assert names(tmp_path) == {"out"}
    assert names(out) == {"config.yaml", "trainer_module.py", "serving_model", "result"}


def test_a_run_in_which_nothing_is_done_leaves_nothing(tmp_path: Path) -> None:
    interrupt(tmp_path / "out", stage="")
    assert not names(tmp_path)


@pytest.mark.parametrize("changed", ["config", "data"])
def test_what_is_done_of_another_run_is_removed(tmp_path: Path, changed: str) -> None:
    interrupt(tmp_path / "out")
    with staged(tmp_path / "out", {**INPUTS, changed: "other"}) as staging:
        assert staging.different == (changed,)
        assert names(staging.folder) == {locks.NAME, NAME}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"out": 1, "inputs": 2}', b"\xff"])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    interrupt(tmp_path / "out")
    (tmp_path / ".out.partial" / NAME).write_bytes(content)
    assert Unfinished.read(tmp_path / ".out.partial") is None
    with staged(tmp_path / "out", INPUTS) as staging:
        assert not staging.record.done


def test_a_full_disk_keeps_what_is_done_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecgenError) as caught:
        fail(tmp_path / "out", OSError(28, "No space left on device"))
    assert str(caught.value) == (
        f"writing {tmp_path / 'out'} failed: No space left on device\n  help: free some space; "
        "the same command then goes on from what is done"
    )
    assert names(tmp_path) == {".out.partial"}


def test_the_data_is_known_by_its_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("x\n1\n")
    second.write_text("x\n1\n")
    os.utime(second, (1, 1))
    assert digest_of_data(first) == digest_of_data(second)
    second.write_text("x\n2\n")
    assert digest_of_data(first) != digest_of_data(second)
    folder = tmp_path / "parts"
    folder.mkdir()
    assert digest_of_data(folder) != digest_of_data(folder)  # nothing to know it by
    (folder / "a").write_text("x\n1\n")
    before = digest_of_data(folder)
    (folder / ".out.partial").mkdir()
    (folder / "_SUCCESS").touch()
    assert digest_of_data(folder) == before
    (folder / "b").write_text("x\n1\n")
    assert digest_of_data(folder) != before
    os.mkfifo(tmp_path / "pipe")
    assert digest_of_data(tmp_path / "pipe") != digest_of_data(tmp_path / "pipe")
    assert digest_of_data(tmp_path / "none") != digest_of_data(tmp_path / "none")


@pytest.mark.parametrize("name", ["days", "days/*/*.csv", "days/**", "days/day=[12]"])
def test_deep_folders_and_patterns_are_known_by_their_files(tmp_path: Path, name: str) -> None:
    """By their names, too: a folder's name has a value of its rows."""
    source = tmp_path / name
    for day in ("day=1", "day=2"):
        (tmp_path / "days" / day).mkdir(parents=True)
        (tmp_path / "days" / day / "a.csv").write_text("x\n1\n")
    before = digest_of_data(source)
    assert digest_of_data(source) == before
    inner = tmp_path / "days" / "day=2" / "a.csv"
    inner.write_text("x\n2\n")
    assert digest_of_data(source) != before
    inner.write_text("x\n1\n")
    assert digest_of_data(source) == before
    inner.rename(inner.with_name("b.csv"))
    assert digest_of_data(source) != before


def test_texts_are_known_by_their_borders() -> None:
    assert digest_of_text("ab", "c") != digest_of_text("a", "bc")
    assert digest_of_text("\ud800") != digest_of_text("\ud801")


# nothing is lost


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_process_killed_while_it_lands_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    out, rename, done = tmp_path / "out", Path.rename, 0
    run_in(out)

    def killed(self: Path, target: Path) -> Path:
        nonlocal done
        if done == moves:
            raise SystemExit("killed")
        done += 1
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    if moves == 2:
        monkeypatch.setattr("shutil.rmtree", lambda *_, **__: sys.exit("killed"))
    with pytest.raises(SystemExit):
        run_in(out, "new")
    monkeypatch.undo()
    with staged(out, INPUTS) as staging:
        kept = (out / "config.yaml").read_text()
        if moves == 2:
            assert (kept, staging.record.done) == ("new", [])
        else:
            assert (kept, staging.record.done) == ("old", ["train"])
            staging.land()
    assert (out / "config.yaml").read_text() == "new"
    assert names(tmp_path) == {"out"}


def test_runs_that_land_beside_each_other_lose_nothing(tmp_path: Path) -> None:
    out, stopped = tmp_path / "out", tmp_path / "out-stopped"
    (tmp_path / "out-stopped-2").mkdir()
    (tmp_path / "out-stopped-2" / "mine").touch()  # no run
    with other_process(Place.of(stopped).partial), staged(out, INPUTS) as staging:
        finish(staging, "new", model=False)
        assert staging.land("-stopped") == tmp_path / "out-stopped-3"
    with staged(out, INPUTS) as staging:
        finish(staging, "newer", model=False)
        assert staging.land("-stopped") == stopped


def test_a_failure_is_explained_beside_a_run_of_that_name(tmp_path: Path) -> None:
    run_in(tmp_path / "out-failed")
    with staged(tmp_path / "out", INPUTS) as staging:
        (staging.folder / "train.log").write_text("why")
        for _ in range(2):
            assert keep_failed(staging.folder, tmp_path / "out") == tmp_path / "out-failed-2"
    assert (tmp_path / "out-failed" / "serving_model").exists()


# paths


@pytest.mark.parametrize(
    "name",
    ["lr[0.1]", "a*?", "{a,b}", "sp ace", "Größe", "line\nbreak", "back\\slash", "'", "x" * 255,
     "ж" * 127, ".hidden", "-rf", "$HOME", "a.partial"],
)  # fmt: skip
def test_names_of_all_kinds(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    interrupt(out)
    assert [each.name for each in find_partials(tmp_path)] == [name]
    with staged(out, INPUTS) as staging, plain_path(staging.folder) as plain:
        assert staging.record.done
        assert plain.samefile(staging.folder)
        assert plain.as_posix().isascii()
        assert not set("[]*?{}\\\n") & set(str(plain))
        finish(staging, "new")
        staging.land()
    assert names(tmp_path) == {name}
    keep_failed(out, out)
    assert len(names(tmp_path)) == 2


def test_a_plain_path_is_itself(tmp_path: Path) -> None:
    with plain_path(tmp_path) as plain:
        assert plain == tmp_path


@pytest.mark.parametrize("target", ["elsewhere", "not there yet"])
def test_a_link_to_a_folder_stays(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(target)
    run_in(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / target / "config.yaml").read_text() == "new"


def test_paths_that_go_up_are_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert Place.of(tmp_path / "a" / ".." / "b") == Place.of(tmp_path / "b")


def test_places_that_are_none(tmp_path: Path) -> None:
    for first, second in (("a", "b"), ("b", "a"), ("itself", "itself")):
        (tmp_path / first).symlink_to(second)
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    for path, message in {
        tmp_path / "itself": "is a link that leads back to itself",
        tmp_path / "a": "is a link that leads back to itself",
        tmp_path / "a" / "below": "cannot write to",
        tmp_path / "file": "is a file",
        tmp_path / "file" / "below": "cannot write to",
        tmp_path / "mine": "is not empty and is not a run directory",
        tmp_path / ("x" * 256): "cannot write to .*: File name too long",
        Path("/"): "cannot be a run directory",
        Path("/proc"): "is a mount point",
        Path("/proc/out"): "cannot write to",
    }.items():
        before = names(tmp_path)
        with pytest.raises(RecgenError, match=message), staged(path, INPUTS):
            pass
        assert names(tmp_path) == before


# the index


def test_unfinished_runs_are_listed_and_removed(tmp_path: Path) -> None:
    interrupt(tmp_path / "deep" / "a")
    interrupt(tmp_path / "b")
    (tmp_path / ".c.partial").mkdir()
    with other_process(tmp_path / ".b.partial") as process:
        found = {each.name: each for each in find_partials(tmp_path)}
        assert set(found) == {"a", "b", "c"}
        assert f"process {process.pid} on" in (found["b"].holder or "")
        assert found["a"].holder is None
        assert found["a"].size > 0
        assert [remove(found[name]) for name in "abc"] == [True, False, True]
        assert names(tmp_path) == {"deep", ".b.partial"}
    assert not names(tmp_path / "deep")
