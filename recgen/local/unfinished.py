"""Record of an unfinished run in its folder: what it is of, and what is done already."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from recgen.findings import RecgenError
from recgen.local.ingest.parts import part_paths

NAME = "unfinished.json"
_CHUNK = 1 << 20  # bytes


@dataclass
class Unfinished:
    """An unfinished run.

    Attributes:
        out: The run directory that it will be.
        inputs: What it is made of: digests, numbers and versions, by words for a message.
        began: When it began, in UTC.
        at: The stage and epoch that it reached, in words.
        done: Stages whose results are complete.
        account: What became of each row of the data, once that is known; as plain data.
        seconds: Wall-clock seconds of the stages that are done.
        warnings: What the user was told.
        transformed: What there is after the transform: `names` of files, `seconds`, `warnings`.
    """

    out: str
    inputs: Mapping[str, str]
    began: str = field(
        default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds")
    )
    at: str = ""
    done: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    transformed: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the record, completely or not at all.

        Raises:
            OSError: The disk is full, say.
        """
        partial = folder / f"{NAME}.{secrets.token_hex(4)}"
        try:
            partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
            os.replace(partial, folder / NAME)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path) -> Unfinished | None:
        """Return the record in a folder; None if there is none that can be used."""
        with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            read: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
            record = cls(**read)
            record.seconds = {str(name): float(time) for name, time in record.seconds.items()}
            if not {"names", "seconds", "warnings"} <= record.transformed.keys():
                record.transformed = {}
            if isinstance(record.inputs, dict) and isinstance(record.done, list):
                return record
        return None

    def keep_transformed(self, folder: Path) -> None:
        """Record what there is once the transform is done, for a run that trains otherwise."""
        self.transformed = {
            "names": sorted(path.name for path in folder.iterdir()),
            "seconds": dict(self.seconds),
            "warnings": list(self.warnings),
        }

    def back_to_transformed(self) -> list[str]:
        """Forget what was trained, and return the names of what is still needed."""
        self.done = ["transform"]
        self.seconds = dict(self.transformed["seconds"])
        self.warnings = list(self.transformed["warnings"])
        return list(self.transformed["names"])

    def differs(self, inputs: Mapping[str, str]) -> list[str]:
        """Return the words for the inputs that are not the same."""
        return [name for name, value in inputs.items() if self.inputs.get(name) != value]


def digest_of_text(*texts: str) -> str:
    """Return a digest of texts in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(content) + content)
    return digest.hexdigest()


def digest_of_data(path: Path) -> str:
    """Return a digest of all that is read of a file, a folder or a pattern: names and contents.

    The time of a file says little: a container that starts again fetches its data again. Anything
    but files, such as a pipe, has another digest each time: it cannot be read twice.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        files = part_paths(path)
        for file in [path] if files is None else files:
            if not file.is_file():
                return secrets.token_hex(16)
            if files is not None:  # names have values, and the order of the rows
                name = file.relative_to(path) if path.is_dir() else file
                digest.update(digest_of_text(*name.parts).encode())
            with file.open("rb") as content:
                digest.update(b"%d:" % os.fstat(content.fileno()).st_size)
                while chunk := content.read(_CHUNK):
                    digest.update(chunk)
    except (OSError, RecgenError):  # reading the data will report it
        return secrets.token_hex(16)
    return digest.hexdigest()
