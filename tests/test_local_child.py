"""A child that fails says why in one line; none survives its parent's block."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import is_gone

from recgen.findings import RecgenError
from recgen.local.child import Child, ChildError

PROLOGUE = "from recgen.local.child import read_job\njob = read_job()\n"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where to write the module `a_child`."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "a_child.py"


def run(module: Path, text: str) -> list[str]:
    module.write_text(PROLOGUE + text, encoding="utf-8")
    lines: list[str] = []
    with Child("a_child") as child:
        child.run({"word": "straße"}, module.with_suffix(".log"), lines.append, "the work")
    return lines


def test_job_goes_in_and_lines_come_out(module: Path) -> None:
    text = """
import os, sys
print(job['word'])
print(os.environ.get('TF_USE_LEGACY_KERAS'), file=sys.stderr)
"""
    # TensorFlow 2.15, which has no tf-keras beside it, must not be told to use it.
    setting = "1" if importlib.util.find_spec("tf_keras") else os.environ.get("TF_USE_LEGACY_KERAS")
    assert run(module, text) == ["straße", str(setting)]
    assert module.with_suffix(".log").read_text(encoding="utf-8") == f"straße\n{setting}\n"


def test_failure_is_its_last_error_line(module: Path) -> None:
    with pytest.raises(ChildError) as caught:
        run(module, "print('epoch 1/2')\nraise ValueError('loss is NaN')")
    assert str(caught.value) == "the work failed: ValueError: loss is NaN"
    assert "Traceback" in module.with_suffix(".log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise SystemExit(3)", "the work failed: exit code 3"),
        ("print('no GPU')\nraise SystemExit(3)", "the work failed: no GPU"),
        (
            "import os\nos.kill(os.getpid(), 9)",
            "was killed by signal 9 .SIGKILL., most likely for want",
        ),
        ("import os\nprint('std::bad_alloc')\nos.abort()", "ran out of memory and was killed by"),
        ("raise MemoryError", "the work ran out of memory\n  help: use a machine with more"),
        ("import os\nos.kill(os.getpid(), 15)", "was killed by signal 15 .SIGTERM.\n  help: run"),
        ("raise OSError(27, 'File too large')", "no space left on the disk during the work"),
        ("import not_there_at_all", "needs a package that is not installed: 'not_there_at_all'"),
        ("raise OSError(28, 'No space left on device')", "no space left on the disk during the"),
        (
            "raise OSError(30, 'Read-only file system')",
            "could not write its files: Read-only file system\n  help: choose another place",
        ),
    ],
)
def test_failures_in_words(module: Path, text: str, message: str) -> None:
    with pytest.raises(RecgenError, match=message):
        run(module, text)


def test_child_that_dies_before_its_job(module: Path) -> None:
    module.write_text("raise RuntimeError('at once')", encoding="utf-8")
    with Child("a_child") as child:
        child._process.wait(30)
        with pytest.raises(ChildError, match="RuntimeError: at once"):
            child.run({}, module.with_suffix(".log"), lambda line: None, "the work")


def test_interrupt_ends_the_child(module: Path) -> None:
    module.write_text(PROLOGUE + "import os, time\nprint(os.getpid())\ntime.sleep(60)")

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Child("a_child") as child:
        child.run({}, module.with_suffix(".log"), interrupt, "the work")
    with pytest.raises(ProcessLookupError):
        os.kill(int(module.with_suffix(".log").read_text()), 0)


def test_the_end_of_the_block_ends_a_child_that_goes_on(module: Path) -> None:
    """A child that was left alone would end by itself, with the code 0."""
    module.write_text(PROLOGUE + "import time\nprint('started')\ntime.sleep(20)")

    def stop(line: str) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"), Child("a_child") as child:
        child.run({}, module.with_suffix(".log"), stop, "the work")
    assert child._process.poll() not in (None, 0)


def test_a_child_ends_with_a_parent_that_is_killed(module: Path) -> None:
    """By the kernel on Linux, and elsewhere when its input ends: the two are tried one by one."""
    text = """
from recgen.local import child
child.sys.platform = {platform!r}
child.obey_parent()
job = child.read_job()
import os, time
print(os.getpid(), flush=True)
time.sleep(60)
"""
    parent = """
import os, signal, sys
from pathlib import Path
from recgen.local.child import Child
def die(line):
    print(line, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
with Child("a_child") as child:
    child.run({}, Path(sys.argv[1]), die, "the work")
"""
    for platform in ("linux", "other"):
        module.write_text(text.format(platform=platform), encoding="utf-8")
        command = [sys.executable, "-c", parent, str(module.with_suffix(".log"))]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert is_gone(int(ended.stdout))


def test_a_child_that_comes_up_after_its_parents_end_ends_at_once(module: Path) -> None:
    text = """
import sys
from recgen.local.child import obey_parent
sys.argv[1] = "1"  # the ID of another process
obey_parent()
print("still here")
"""
    with pytest.raises(ChildError, match="the work failed: exit code 1"):
        run(module, text)


def test_a_child_leaves_ctrl_c_to_its_parent(module: Path) -> None:
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nprint('still here')"
    head = "from recgen.local.child import obey_parent\nobey_parent()\n"
    module.write_text(head + PROLOGUE + text, encoding="utf-8")
    lines: list[str] = []
    with Child("a_child") as child:
        child.run({}, module.with_suffix(".log"), lines.append, "the work")
    assert lines == ["still here"]


def test_a_file_in_the_users_folder_is_not_imported(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = module.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise RuntimeError('the wrong json')", encoding="utf-8")
    monkeypatch.chdir(elsewhere)
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 has no PYTHONSAFEPATH")
    assert run(module, "print('fine')") == ["fine"]
