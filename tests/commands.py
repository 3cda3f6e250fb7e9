"""What tests of commands share: configs, files that are none, what is printed, processes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

DEEP = [{"type": "dense", "units": units} for units in (256, 128, 64)]
COLLAPSING = {"optimizer": "adam", "learning_rate": 0.5, "buyer_tower_layers": DEEP}
ALLOW = ("--allow", "RG201", "--allow", "RG204")

BAD = {
    "missing.yaml": "there is no file",
    "folder": "is a directory",
    "empty.yaml": "the config is empty",
    "junk.yaml": "is larger than",
    "noise.yaml": "is not text",
    "list.yaml": "a config is a mapping",
    "syntax.yaml": "error RG002",
}


def save(path: Path, experiment: Any) -> Path:
    path.write_text(json.dumps(experiment), encoding="utf-8")  # which is YAML, too
    return path


def visible(text: str) -> list[str]:
    """Returns the lines of a text without its colors."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def is_gone(number: int) -> bool:
    """Waits for a process to end that is not this one's child."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False
