"""Results by name, in one JSON file. What was measured for the same inputs is not run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def digest(*inputs: object) -> str:
    """Returns a digest of what a result depends on: the contents of paths, and all else as JSON."""
    total = hashlib.sha256()
    for item in inputs:
        data = item.read_bytes() if isinstance(item, Path) else json.dumps(item).encode()
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()[:12]


class Store:
    """Lists of results in a JSON file, each with its `name`, `number` and `inputs`.

    Args:
        path: The file.
        measures: Whether what has no result is measured.
    """

    def __init__(self, path: Path, *, measures: bool = True) -> None:
        self.path, self.measures = path, measures
        exists = path.exists()
        self.content: dict[str, Any] = json.loads(path.read_text("utf-8")) if exists else {}

    def get(
        self, kind: str, name: str, number: int, inputs: str, measure: Callable[[], dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Returns a result, measured and written now unless the file has it for these inputs.

        Where nothing is measured, that is None without one.

        Args:
            kind: The list that it is in.
            name: What was measured.
            number: The seed, or the round.
            inputs: Digest of all that the result depends on.
            measure: Called for a result.
        """
        results = self.content.setdefault(kind, [])
        same = [each for each in results if (each["name"], each["number"]) == (name, number)]
        if same and same[0]["inputs"] == inputs:
            return dict(same[0])
        if not self.measures:
            return None
        result = {"name": name, "number": number, "inputs": inputs, **measure()}
        self.content[kind] = [each for each in results if each not in same] + [result]
        self.write()
        return result

    def pick(self, kind: str, wanted: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
        """Returns those of a list that have one of these names and numbers, in their order."""
        found = {(each["name"], each["number"]): each for each in self.content.get(kind, [])}
        return [found[key] for key in wanted if key in found]

    def write(self) -> None:
        """Writes the file whole, or not at all."""
        self.path.parent.mkdir(exist_ok=True)
        partial = self.path.with_name(self.path.name + ".partial")
        partial.write_text(json.dumps(self.content, indent=1) + "\n", "utf-8")
        partial.replace(self.path)
