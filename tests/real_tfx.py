"""Where TFX is installed: here, in another Python, or in a root folder; scripts run there."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = os.environ.get("RECGEN_TFX_ROOT", "")
OTHER = os.environ.get("RECGEN_TFX_PYTHON", "")
HAS_TFX = bool(OTHER) or importlib.util.find_spec("tfx.v1") is not None  # not tests/tfx


@contextmanager
def folder_for_tfx() -> Iterator[Path]:
    """Gives a folder that TFX can see: in the root's /tmp, where there is a root."""
    path = Path(tempfile.mkdtemp(dir=None if HAS_TFX else str(Path(ROOT) / "tmp")))
    yield path
    shutil.rmtree(path)


def python(folder: Path, script: str, *arguments: str) -> str:
    """Runs a script of the folder with TFX's Python, in the folder; returns what it printed."""
    command = [OTHER or sys.executable, script, *arguments]
    if not HAS_TFX:
        command = in_root(folder, ["/venv/bin/python", script, *arguments])
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "NO_GCE_CHECK": "true"}
    if OTHER:
        del environment["TF_USE_LEGACY_KERAS"]  # TensorFlow 2.15 has no tf-keras beside it
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    output = result.stdout + result.stderr
    assert result.returncode == 0, output[-6000:]
    return output


def in_root(folder: Path, command: list[str]) -> list[str]:
    """Returns a command that runs another one in the root, in a folder of its /tmp.

    The root has a /proc for as long as the command runs, since a mount is gone after a restart, and
    TensorFlow ends without one.
    """
    inside = f"cd /tmp/{folder.name} && exec {shlex.join(command)}"
    proc = shlex.quote(f"{ROOT}/proc")
    enter = f'mount -t proc proc {proc} && exec chroot {shlex.quote(ROOT)} sh -c "$1"'
    return ["unshare", "--mount", "sh", "-c", enter, "sh", inside]
