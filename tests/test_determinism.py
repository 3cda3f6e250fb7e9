"""The same config gives the same bytes: in every process, in every order of hashes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

from golden import CASES, TESTS

from recgen import render

_SCRIPT = """
import hashlib, sys
from recgen.generate import render
for config in sys.argv[1:]:
    for name, text in render(config).items():
        print(hashlib.sha256(text.encode()).hexdigest(), name)
"""


def test_the_seed_of_hashes_changes_nothing() -> None:
    configs = [str(case / "config.yaml") for case in CASES]
    expected = [
        f"{hashlib.sha256(text.encode()).hexdigest()} {name}"
        for config in configs
        for name, text in render(config).items()
    ]
    for seed in ("0", "1"):  # and the one of this process
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(TESTS.parent)}
        command = [sys.executable, "-c", _SCRIPT, *configs]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, cwd=TESTS
        )
        assert result.stdout.splitlines() == expected
