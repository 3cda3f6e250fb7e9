"""Options of Beam for `recgen train --beam-runner`: what is wrong with them, in a sentence.

Options are looked at before data is read, in a child process, since Beam imports much:
`python -m recgen.local.beam_options`. It starts no runner, and asks nobody else.
"""

from __future__ import annotations

import difflib
import io
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path

from recgen.findings import RecgenError
from recgen.local.child import Child, obey_parent, read_job

UNKNOWN = "Discarding unparseable args:"  # in a warning of Beam's, which goes on without them
_NEEDED = {
    "DataflowRunner": {
        "project": "MY-PROJECT",
        "region": "europe-west4",
        "temp_location": "gs://MY-BUCKET/temp",
    },
    "PortableRunner": {"job_endpoint": "HOST:8099"},
}
_RUNNING = "a running one with --beam-runner PortableRunner --beam-option job_endpoint=HOST:8099"
_REASONS = {  # of a runner that does not start: text of its error -> what to say
    r"fetch remote job server jar at \S*(flink|spark)": (
        "Beam's job server cannot be downloaded from here; name its file with "
        rf"--beam-option \1_job_server_jar=FILE, or {_RUNNING}"
    ),
    r"Unable to parse jar URL (\"[^\"]*\")": r"there is no job server's file \1",
    r"fetch remote (prism) binary": (
        r"Prism cannot be downloaded from here; name its file with --beam-option "
        r"\1_location=FILE"
    ),
    r"^Service failed to start": (
        "Beam's job server ended at once; its own error is in the full output"
    ),
    r"^FutureTimeoutError": "nobody answers at the address of --beam-option job_endpoint",
    r"FileNotFoundError.*'(java|docker)'": r"it needs \1, which is not installed",
}
_OF_BEAM_ITSELF = ("BundleBased", "FnApi", "Interactive", "Switching", "Test")
_MOST = 200  # characters of an error that nobody foresaw


def require_runner(options: Sequence[str]) -> None:
    """Refuse options with which no runner would start.

    Args:
        options: As on Beam's command line, `--runner=NAME` first.

    Raises:
        RecgenError: Beam has no such runner, or an option is missing or has a wrong value.
    """
    found: list[str] = []
    with tempfile.TemporaryDirectory() as name, Child(__name__) as child:
        doing = "the check of --beam-runner"
        child.run({"options": list(options)}, Path(name, "log"), found.append, doing)
    problem = next((line for line in found if line.startswith("{")), None)
    if problem is not None:
        raise RecgenError(**json.loads(problem))


def problem_of(options: Sequence[str]) -> tuple[str, str] | None:
    """Return what is wrong with options of Beam and what to do, or None."""
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
    from apache_beam.runners.runner import create_runner

    errors = io.StringIO()
    try:
        with redirect_stderr(errors):
            given = PipelineOptions(list(options)).get_all_options(drop_default=True)
    except SystemExit:  # argparse, which prints how Beam is used, and the error last
        reason = errors.getvalue().strip().splitlines()[-1].rpartition("error: ")[2]
        return f"Beam refuses a --beam-option: {reason[:_MOST]}", "correct its value"
    name = str(given["runner"])
    try:
        runner = type(create_runner(name)).__name__
    except ValueError:
        names = {each.rpartition(".")[2] for each in StandardOptions.ALL_KNOWN_RUNNERS}
        known = sorted(each for each in names if not each.startswith(_OF_BEAM_ITSELF))
        whole = f"{name.removesuffix('Runner')}Runner"
        near = difflib.get_close_matches(whole, known, n=1, cutoff=0.8)
        meant = f"did you mean {near[0]}? " if near else ""
        return f"Beam has no runner {name!r}", f"{meant}its runners are: {', '.join(known)}"
    except (ImportError, AttributeError) as error:
        return f"the runner {name!r} cannot be imported: {error}", "install it, or name another one"
    missing = {key: value for key, value in _NEEDED.get(runner, {}).items() if not given.get(key)}
    if not missing:
        return None
    words = " ".join(f"--beam-option {key}={value}" for key, value in missing.items())
    return f"--beam-runner {name} needs {', '.join(missing)}", f"add {words}"


def reason_of(error: BaseException) -> str:
    """Return why a runner failed, in a line."""
    lines = str(error).strip().splitlines() or [""]
    if lines[0].startswith("Traceback"):  # a worker's; its error is the last line
        return lines[-1]
    text = f"{type(error).__name__}: {' '.join(' '.join(lines).split())}"
    for pattern, reason in _REASONS.items():
        found = re.search(pattern, text) or re.search(pattern, text.partition(": ")[2])
        if found:
            return found.expand(reason)
    return text if len(text) <= _MOST else f"{text[:_MOST].rpartition(' ')[0]} …"


def warning_of(line: str) -> str | None:
    """Return what to say of a line of Beam's output: options that it does not know."""
    if UNKNOWN not in line:
        return None
    unknown = re.findall(r"'([^']*)'", line.partition(UNKNOWN)[2])
    return f"Beam knows no option {', '.join(unknown)}, and goes on without"


def main() -> int:
    """Print the problem of the job's options, if there is one, as a line of JSON."""
    obey_parent()
    job = read_job()
    problem = problem_of(job["options"]) if job else None
    if problem is not None:
        print(json.dumps({"message": problem[0], "help": problem[1]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
