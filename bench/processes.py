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


def run(command: Sequence[str | Path], most_mb: float | None = None) -> Usage:
    """Runs a command in the project's folder, and waits.

    Args:
        command: Program and arguments.
        most_mb: It is killed when it takes more memory than this.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
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
            peak = _watch(process, most_mb)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        seconds = time.perf_counter() - began
        others = (_busy_seconds() - busy - (_own_seconds() - own)) / seconds
        output.seek(0)
        errors.seek(0)
        texts = output.read(), errors.read()
        return Usage(code, *texts, seconds, peak, max(0.0, others))


def module(name: str, *arguments: str | Path) -> list[str | Path]:
    """Returns the command that runs a Python module."""
    return [sys.executable, "-m", name, *arguments]


def own_peak_mb() -> float:
    """Returns the most resident memory that this very process has had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _watch(process: subprocess.Popen[bytes], most_mb: float | None) -> float:
    """Returns the peak of a process and its descendants when it has ended."""
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(_resident_mb(process.pid)))
        if most_mb is not None and peak > most_mb:
            return peak
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PAUSE)
    return peak


def _resident_mb(session: int) -> Iterator[float]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):  # it has just ended
            # The name in parentheses may hold spaces; the fourth field after it is the session.
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                yield int((folder / "statm").read_text().split()[1]) * _PAGE_MB


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
