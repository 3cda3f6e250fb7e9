"""Configs to compare: files, run directories, revisions of git, mappings and objects."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from recgen.check import examine_parsed
from recgen.config import ExperimentConfig
from recgen.findings import ConfigError, Location, Place, RecgenError, Report, join_path
from recgen.reading import Document, parse, read
from recgen.reading.sources import text_document, text_kind
from recgen.rules import RULES
from recgen.rules.ignores import is_ignorable

GIT = "git:"
_RUN_CONFIG = "config.yaml"
_SECONDS = 60  # for git, which may have to fetch from a remote


@dataclass(frozen=True)
class Source:
    """A config with the positions of its text."""

    config: ExperimentConfig
    document: Document

    @property
    def name(self) -> str | None:
        """The name as the user gave it."""
        return self.document.source

    def place(self, path: Location) -> Place:
        """Return the place of a path, or that of what is around it."""
        return Place(self.name, join_path(path), *self.document.position(path))


def file_of(name: str | None) -> str | None:
    """Return the file that a name means, for tools that annotate files."""
    return name.rpartition(":")[2] if name and name.startswith(GIT) else name


def source_of(given: object) -> Source:
    """Return the config of a path, a run directory, `git:REV:path`, a mapping or an object.

    Raises:
        ConfigError: It has errors without which no code can be rendered.
        RecgenError: There is no such revision, or the folder is not a run.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    if isinstance(given, str) and given.startswith(GIT):
        return _checked(_of_revision(given))
    if isinstance(given, str) and Path(given).is_dir():
        inner = Path(given, _RUN_CONFIG)
        if not inner.is_file():
            help = f"name a config, or a run directory with its {_RUN_CONFIG}"
            raise RecgenError(f"{given} holds no {_RUN_CONFIG}", help)
        given = str(inner)
    return _checked(read(given))


def _checked(document: Document) -> Source:
    parsed = parse(document)
    checked = examine_parsed(parsed)
    report = checked.report
    errors = tuple(each for each in report.errors if not is_ignorable(RULES[each.code]))
    if checked.config is None or errors:
        raise ConfigError(Report(errors or report.errors, report.source, report.text))
    return Source(checked.config, parsed.document)


def _of_revision(given: str) -> Document:
    """Return the document of a file in a revision; a relative path starts in this folder."""
    revision, colon, path = given.removeprefix(GIT).partition(":")
    if not (colon and revision and path) or revision.startswith("-"):
        raise RecgenError(f"{given!r} names no file", "write git:REVISION:path, as git:HEAD:a.yaml")
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    spelled = relative if relative.startswith(("./", "../")) else f"./{relative}"
    for name in (spelled, path):  # from this folder, or else from the root of the repository
        content, reason = _blob(f"{revision}:{name}")
        if content is not None:
            return text_document(content, text_kind(path), given)
    raise RecgenError(f"git has no {given.removeprefix(GIT)}: {reason}", _HELP)


_HELP = "check the revision, and the path, which starts in this folder or in the repository's root"


def _blob(name: str) -> tuple[bytes | None, str]:
    """Return the content of a file in a revision, or why there is none."""
    command = ["git", "cat-file", "blob", name]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
    except FileNotFoundError as error:
        raise RecgenError("git is not installed", "install it, or name a file") from error
    except subprocess.TimeoutExpired as error:
        raise RecgenError(f"git did not answer in {_SECONDS} s", "name a file") from error
    if result.returncode == 0:
        return result.stdout, ""
    lines = result.stderr.decode("utf-8", errors="replace").strip().splitlines()
    return None, lines[-1].removeprefix("fatal: ") if lines else "no such object"
