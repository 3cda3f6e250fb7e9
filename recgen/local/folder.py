"""Run directories, written completely or not at all, and kept when a run is interrupted.

A run comes into being in a hidden folder beside its run directory, under a lock. Whatever ends the
process, the next one with the same inputs goes on there. Knows no stages.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from recgen.findings import RecgenError
from recgen.local import lock as locks
from recgen.local import unfinished
from recgen.local.lock import Lock, LockedError, locked
from recgen.local.names import Place
from recgen.local.signals import Interrupted, undisturbed
from recgen.local.unfinished import Unfinished
from recgen.write import disk_errors

_GOES_ON = "the same command then goes on from what is done"
_EXPLAINS = (
    "config.yaml",
    "transform_module.py",
    "trainer_module.py",
    "trainer_runtime.py",
    "transform.log",
    "train.log",
    "training_metrics.json",
)


@dataclass
class Staging:
    """The folder in which a run comes into being, locked by this process.

    Attributes:
        place: Where the run will be.
        lock: Its lock, which the children that write here must hold, too.
        record: What the run is of, and what is done.
        different: Words for what differs from an earlier unfinished run, of which only the
            transformed data may be used, or nothing.
    """

    place: Place
    lock: Lock
    record: Unfinished
    different: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.place.partial

    def finish(self, stage: str) -> None:
        """Record that the results of a stage are complete, so that it is not done again."""
        self.record.done.append(stage)
        if stage == "transform":
            self.record.keep_transformed(self.folder)
        self.record.write(self.folder)

    def reach(self, at: str) -> None:
        """Record the stage and epoch that the run is at, for those who look on."""
        self.record.at = at
        self.record.write(self.folder)

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a later run can go on from what is done; not once the run has landed."""
        return bool(self.record.done) and self.folder.exists()

    def forget(self) -> None:
        """Record that nothing is done: the next run begins from the start."""
        self.record.done.clear()

    def require(self) -> None:
        """Raise RecgenError if somebody removed the folder, which no other error would say."""
        if not self.folder.exists():
            raise RecgenError(
                f"{self.folder} was removed while the run was written to it",
                "run the same command again: it begins from the start",
            )

    def land(self, suffix: str = "") -> Path:
        """Move the finished run to its place, and return that.

        Args:
            suffix: Goes to `<out><suffix>` instead, and with a number if that is in use.
        """
        if not suffix:
            self._take(self.place)
            return self.place.out
        for number in count(1):
            name = suffix if number == 1 else f"{suffix}-{number}"
            with suppress(LockedError, RecgenError):  # another run is there, or is about to be
                other = Place.of(self.place.beside(name))
                with locked(other.partial, patience=0):
                    self._take(other)
                    if set(other.partial.iterdir()) == {other.partial / locks.NAME}:
                        _remove(other.partial)
                return other.out
        raise AssertionError("there is always a next number")

    def _take(self, place: Place) -> None:
        """Take a place: at any moment it has the earlier run or this one, or `_restore` helps."""
        _restore(place)
        with undisturbed():
            if place.out.exists():
                place.out.rename(place.earlier)
            try:
                self.folder.rename(place.out)
            except OSError:
                _restore(place)
                raise
        for name in (unfinished.NAME, locks.NAME):
            (place.out / name).unlink(missing_ok=True)
        shutil.rmtree(place.earlier, ignore_errors=True)


@contextmanager
def staged(
    out: Path, inputs: Mapping[str, str], trained: Collection[str] = ()
) -> Iterator[Staging]:
    """Yield the folder of a run, with what an interrupted process has done of the same run.

    When the block is left without `land`, the folder is kept if a stage is done.

    Args:
        out: The run directory.
        inputs: What the run is made of, by words for a message. An unfinished run of other inputs
            is removed.
        trained: Inputs that only training depends on: if no others differ, what was transformed
            stays.

    Raises:
        RecgenError: `out` cannot be written or is not a run directory, another process is
            training into it, or the disk is full.
    """
    place = Place.of(out)
    with _held(place, out) as lock:
        with disk_errors(f"writing {out}", left=""):
            staging = _opened(place, lock, inputs, trained)
        try:
            with disk_errors(f"writing {out}", left=""):
                yield staging
        except Interrupted as interrupted:
            interrupted.is_kept = staging.is_worth_keeping
            raise
        except RecgenError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                staging.require()
            if not staging.is_worth_keeping:
                raise
            raise RecgenError(error.message, f"{error.help}; {_GOES_ON}") from error
        finally:
            if not staging.is_worth_keeping:
                _remove(staging.folder)


@contextmanager
def _held(place: Place, out: Path) -> Iterator[Lock]:
    """Hold the lock of a place, and say in words why that is not possible."""
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(locked(place.partial))
        except LockedError as error:
            raise RecgenError(
                f"{error} is training into {out}",
                "wait until it has ended, or choose another folder with --out",
            ) from None
        except OSError as error:
            raise RecgenError(
                f"cannot write to {place.out.parent}: {error.strerror}",
                "choose another folder with --out",
            ) from error
        yield lock


def _opened(
    place: Place, lock: Lock, inputs: Mapping[str, str], trained: Collection[str]
) -> Staging:
    """Return the folder with what is done of the same run, or without anything."""
    _restore(place)
    found = Unfinished.read(place.partial)
    different = tuple(found.differs(inputs)) if found and found.done else ()
    if found and found.done and not different:
        return Staging(place, lock, found)
    if found and found.done and found.transformed and {*different} <= {*trained}:
        _untrain(place.partial, found)
        found.inputs = inputs
        found.write(place.partial)
        return Staging(place, lock, found, different)
    _empty(place.partial)
    record = Unfinished(str(place.out), inputs)
    record.write(place.partial)
    return Staging(place, lock, record, different)


def keep_failed(folder: Path, out: Path) -> Path:
    """Keep the files that explain a failure next to `out`, and return their folder."""
    kept = _explanation(Place(Path(os.path.realpath(out))))
    with disk_errors(f"writing {kept}"):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name in _EXPLAINS:
            if (folder / name).exists():
                shutil.copyfile(folder / name, kept / name)
    return kept


def _explanation(place: Place) -> Path:
    """Return the folder for a failure: one that is free, or has nothing but an earlier failure."""
    for number in count(1):
        path = place.beside("-failed" if number == 1 else f"-failed-{number}")
        is_free = not path.exists() and not path.is_symlink()
        if is_free or (path.is_dir() and set(os.listdir(path)) <= set(_EXPLAINS)):
            return path
    raise AssertionError("there is always a next number")


def remove_partial(folder: Path) -> bool:
    """Remove the folder of an unfinished run, and return whether that was possible.

    It is not while a process holds its lock.
    """
    with suppress(LockedError, OSError), locked(folder, patience=0):
        _remove(folder)
        return not folder.exists()
    return False


def _restore(place: Place) -> None:
    """Undo what is left of a process that was killed between the two moves of `_take`."""
    if not place.earlier.exists():
        return
    if place.out.exists():
        shutil.rmtree(place.earlier, ignore_errors=True)
    else:
        place.earlier.rename(place.out)


def _untrain(folder: Path, record: Unfinished) -> None:
    """Remove what was trained; a process that is killed meanwhile leaves an unfinished run."""
    names = record.back_to_transformed()
    record.write(folder)
    _empty(folder, {*names, unfinished.NAME})


def _empty(folder: Path, kept: Collection[str] = ()) -> None:
    """Remove all that a folder has but its lock, and what is to be kept."""
    for path in folder.iterdir():
        if path.name == locks.NAME or path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove(folder: Path) -> None:
    """Remove a folder whose lock is held, the lock last; does nothing if it was moved away."""
    with suppress(OSError):
        _empty(folder)
        (folder / locks.NAME).unlink()
        folder.rmdir()
