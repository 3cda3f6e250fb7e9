"""Runs a command as a process of its own: its time, its memory, what else the machine did.

Knows Linux's /proc.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PAUSE = 0.1
_PAGE_MB = resource.getpagesize() / 2**20


@dataclass(frozen=True)
class Line:
    """A line that a command wrote to stderr, where progress is.

    Attributes:
        text: The line.
        seconds: Processor seconds that the command had taken by then, with all that it started.
        peak_mb: Most memory since the line before, as in Usage.
    """

    text: str
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    code: int
    """Its exit code; negative: a signal."""
    output: str
    errors: str
    seconds: float
    peak_mb: float
    """Most resident memory of it and all its descendants together, looked at ten times a second.
    What two of them share counts twice."""
    others: float
    """Cores that other programs kept busy meanwhile, as a mean: 0 on a quiet machine."""
    lines: tuple[Line, ...] = ()
    """What it wrote to stderr, each line as soon as it was seen."""


def run(command: Sequence[str | Path], most_mb: float | None = None) -> Usage:
    """Runs a command in the project's folder, and waits.

    Args:
        command: Program and arguments.
        most_mb: It is killed when it takes more memory than this.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONUNBUFFERED"] = "1"
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        began, busy, own = time.perf_counter(), _busy_seconds(), _own_seconds()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=errors,
            cwd=ROOT,
            env=environment,
            start_new_session=True,  # all that it starts can be found, and ended, by it
        )
        try:
            peak, lines = _watch(process, errors.fileno(), most_mb)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        seconds = time.perf_counter() - began
        others = (_busy_seconds() - busy - (_own_seconds() - own)) / seconds
        output.seek(0)
        errors.seek(0)
        texts = output.read(), errors.read()
        return Usage(code, *texts, seconds, peak, max(0.0, others), lines)


def module(name: str, *arguments: str | Path) -> list[str | Path]:
    """Returns the command that runs a Python module."""
    return [sys.executable, "-m", name, *arguments]


def own_peak_mb() -> float:
    """Returns the most resident memory that this very process has had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _watch(
    process: subprocess.Popen[bytes], errors: int, most_mb: float | None
) -> tuple[float, tuple[Line, ...]]:
    """Returns the peak of a process and its descendants when it has ended, and its lines.

    Args:
        process: The process, the first of its session.
        errors: The descriptor of the file that is its stderr.
        most_mb: As in `run`.
    """
    peak, since, seconds, read = 0.0, 0.0, 0.0, 0
    lines: list[Line] = []
    is_over = False
    while not is_over:
        is_over = process.poll() is not None
        used = list(_used(process.pid))
        since = max(since, sum(megabytes for megabytes, _ in used))
        seconds = max(seconds, sum(own for _, own in used))
        peak = max(peak, since)
        # The offset of the file is that of the process, too: it is not moved.
        for text in os.pread(errors, 2**20, read).splitlines(keepends=True):
            if text.endswith(b"\n"):
                lines.append(Line(text.decode().rstrip(), seconds, since))
                read, since = read + len(text), 0.0
        if most_mb is not None and peak > most_mb:
            break
        if not is_over:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PAUSE)
    return peak, tuple(lines)


def _used(session: int) -> Iterator[tuple[float, float]]:
    """Yields the resident MB and the processor seconds of each process of a session.

    The seconds are its own, and those of the processes that it has waited for.
    """
    ticks = os.sysconf("SC_CLK_TCK")
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):  # it has just ended
            # The name in parentheses may hold spaces; the fourth field after it is the session.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                pages = int((folder / "statm").read_text().split()[1])
                yield pages * _PAGE_MB, sum(map(int, fields[11:15])) / ticks


def _busy_seconds() -> float:
    """Returns the time that all cores together were busy since the start of the machine."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = fields
    ticks = user + nice + system + interrupts + soft_interrupts + stolen
    return ticks / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Returns the time that this process and those it has waited for were busy."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
