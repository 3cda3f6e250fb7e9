"""Names of the folders beside a run directory, and what a run directory may be."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recgen.findings import RecgenError

_MARKS = ("config.yaml", "trainer_module.py")
_MOST_BYTES = 255  # of a name, on all common file systems
_PLAIN = re.compile(r"[A-Za-z0-9 _./+,=@~-]*")
_OTHER = "choose another folder with --out"


@dataclass(frozen=True)
class Place:
    """A run directory, by its real path, and the folders beside it.

    All processes that write the same run directory, whatever link they name it by, agree on these.
    """

    out: Path

    @classmethod
    def of(cls, out: Path) -> Place:
        """Return the place of a run directory.

        Raises:
            RecgenError: No run can be written there, or something else would be replaced.
        """
        real = Path(os.path.realpath(out))
        if not real.name:
            raise RecgenError(f"{out} cannot be a run directory", _OTHER)
        try:
            _refuse_foreign(out, real)
        except OSError as error:
            raise RecgenError(f"cannot write to {out}: {error.strerror or error}", _OTHER) from None
        return cls(real)

    @property
    def partial(self) -> Path:
        """Where the run comes into being: a hidden folder that the same command finds again."""
        return self.beside(".partial", is_hidden=True)

    @property
    def earlier(self) -> Path:
        """Where the earlier run is while a new one takes its place."""
        return self.beside(".earlier", is_hidden=True)

    def beside(self, suffix: str, *, is_hidden: bool = False) -> Path:
        """Return a path next to the run directory, with a suffix; long names are shortened."""
        name, dot = self.out.name, "." if is_hidden else ""
        full = f"{dot}{name}{suffix}"
        if len(os.fsencode(full)) > _MOST_BYTES:
            digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
            full = f"{dot}{name[:20]}-{digest}{suffix}"
        return self.out.with_name(full)


def is_partial(name: str) -> bool:
    """Return whether a folder has the name of one in which a run comes into being."""
    return name.startswith(".") and name.endswith(".partial")


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Yield a path to a folder that TensorFlow and Beam can use, while the block runs.

    They take `runs/lr[0.1]` for a pattern, and some bytes for no path at all: such a folder gets
    a link with a plain name.

    Raises:
        RecgenError: The folder for temporary files has such a path itself.
    """
    if _PLAIN.fullmatch(str(folder)):
        yield folder
        return
    if not _PLAIN.fullmatch(tempfile.gettempdir()):
        raise RecgenError(
            f"TensorFlow cannot use the paths {folder} and {tempfile.gettempdir()}",
            "choose another folder with --out, without brackets, for example",
        )
    with tempfile.TemporaryDirectory(prefix="recgen-") as temporary:
        link = Path(temporary, "run")
        link.symlink_to(folder, target_is_directory=True)
        yield link


def _refuse_foreign(out: Path, real: Path) -> None:
    if real.is_symlink():  # a real path has no link, unless it goes round in circles
        raise RecgenError(f"{out} is a link that leads back to itself", _OTHER)
    try:
        real.lstat()
    except FileNotFoundError:
        return
    if not real.is_dir():
        raise RecgenError(f"{out} is a file", _OTHER)
    if os.path.ismount(real):
        raise RecgenError(
            f"{out} is a mount point, which a finished run cannot replace",
            f"name a folder in it, such as --out {out / 'run'}",
        )
    if any(real.iterdir()) and not all((real / name).exists() for name in _MARKS):
        raise RecgenError(
            f"{out} is not empty and is not a run directory, so recgen does not replace it", _OTHER
        )
