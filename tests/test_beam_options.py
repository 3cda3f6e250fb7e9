"""What is said of Beam's runners that do not start, and of options that Beam drops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recgen.local import run as local_run
from recgen.local.beam_options import reason_of, warning_of
from recgen.metrics import Account

MAVEN = "https://repo.maven.apache.org/maven2/org/apache/beam/beam-runners"


class FutureTimeoutError(Exception):
    """As grpc has it, without a text."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError(
                f"Unable to fetch remote job server jar at {MAVEN}-flink-2.2-job-server.jar: "
                "<urlopen error [Errno -2] Name or service not known>. Also failed to fetch from "
                f"Google Maven mirror at {MAVEN}-flink-2.2-job-server.jar: <urlopen error>"
            ),
            "Beam's job server cannot be downloaded from here; name its file with --beam-option "
            "flink_job_server_jar=FILE, or a running one with --beam-runner PortableRunner "
            "--beam-option job_endpoint=HOST:8099",
        ),
        (
            RuntimeError(f"Unable to fetch remote job server jar at {MAVEN}-spark-3-server.jar: a"),
            "Beam's job server cannot be downloaded from here; name its file with --beam-option "
            "spark_job_server_jar=FILE, or a running one with --beam-runner PortableRunner "
            "--beam-option job_endpoint=HOST:8099",
        ),
        (
            RuntimeError("Unable to fetch remote prism binary at https://github.com/apache/beam"),
            "Prism cannot be downloaded from here; name its file with --beam-option "
            "prism_location=FILE",
        ),
        (
            ValueError('Unable to parse jar URL "/tmp/none.jar". If using a full URL, make sure'),
            'there is no job server\'s file "/tmp/none.jar"',
        ),
        (
            RuntimeError("Service failed to start up with error 1"),
            "Beam's job server ended at once; its own error is in the full output",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "java"),
            "it needs java, which is not installed",
        ),
        (
            FutureTimeoutError(),
            "nobody answers at the address of --beam-option job_endpoint",
        ),
        (RuntimeError("Traceback of a worker:\n  File x\nValueError: wrong"), "ValueError: wrong"),
        (KeyError("a\nb"), "KeyError: 'a\\nb'"),
    ],
)
def test_why_a_runner_failed_is_one_sentence(error: Exception, said: str) -> None:
    assert reason_of(error) == said


def test_an_error_that_nobody_foresaw_is_cut_between_words() -> None:
    said = reason_of(RuntimeError("word " * 100))
    assert said.endswith("word …")
    assert len(said) < 205


DROPPED = (
    "WARNING:apache_beam.options.pipeline_options:Discarding unparseable args: "
    "['--flink_masterr=a:1', '--paralelism=2']"
)


def test_options_that_beam_drops_are_said_once(tmp_path: Path) -> None:
    said: list[str] = []

    class Beam:
        def run(self, _: object, log: Path, on_line: Callable[[str], None], doing: str) -> None:
            for line in ("seconds import 1.5", DROPPED, DROPPED, "rows 2"):
                on_line(line)

    run: Any = SimpleNamespace(
        account=Account(source="", format="CSV", read=3, train=1, eval=1, test=1),
        beam=("--runner=FlinkRunner", "--flink_masterr=a:1"),
        folder=tmp_path,
        analyze=(),
        made={},
        seconds={},
        warn=said.extend,
        progress=SimpleNamespace(rows=lambda *_: None, done=said.append),
    )
    local_run._transform(run, {}, Beam())  # type: ignore[arg-type]
    assert said == [
        "Beam knows no option --flink_masterr=a:1, --paralelism=2, and goes on without",
        "3 rows",
    ]
    run.beam = ()  # a value of the data may look like it
    local_run._transform(run, {}, Beam())  # type: ignore[arg-type]
    assert said[2:] == ["3 rows"]


def test_other_lines_are_no_warnings() -> None:
    assert warning_of("WARNING:apache_beam: unparseable args") is None
