"""Signals that ask a process to end, as an exception. Knows no stages."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Interrupted(KeyboardInterrupt):
    """A signal asked the process to end, such as Ctrl-C or the SIGTERM of a scheduler.

    Attributes:
        signal: The signal.
        is_kept: Whether the same command goes on from where this one was.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)
        self.is_kept = False

    @property
    def exit_code(self) -> int:
        """The exit code that shells use for it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signal


class _Receiver:
    """Handler of the signals: raises once, so that what it ends can end in peace."""

    def __init__(self) -> None:
        self.is_deaf = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.is_deaf:
            self.is_deaf = True
            raise Interrupted(number)


_receiver = _Receiver()  # one for the process, like its signals


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the block when a signal asks the process to end.

    Only the main thread can receive signals; elsewhere nothing changes. Signals that are ignored,
    as under nohup, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _receiver.is_deaf = False
    earlier = {each: signal.getsignal(each) for each in _ENDING}
    taken = {each: old for each, old in earlier.items() if old not in (signal.SIG_IGN, None)}
    try:
        for each in taken:
            signal.signal(each, _receiver)
        yield
    finally:
        for each, old in taken.items():
            signal.signal(each, old)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore the signals in a block that takes milliseconds and must not be done by half."""
    before, _receiver.is_deaf = _receiver.is_deaf, True
    try:
        yield
    finally:
        _receiver.is_deaf = before
