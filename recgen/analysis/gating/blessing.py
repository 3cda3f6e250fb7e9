"""Blessing: the result of the gate, and the file in which a platform looks for it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from recgen.findings import RecgenError
from recgen.reading.remote import open_system

FILE_NAME = "evaluation_blessing.json"


@dataclass(frozen=True)
class Check:
    """One condition of the gate.

    Attributes:
        name: `trained`, `baseline`, `champion`, `clients` or `minimum`.
        passed: Whether it is met; what cannot be told is not met.
        reason: Why, in a sentence.
    """

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class Blessing:
    """Whether a model may be served.

    Attributes:
        run: The run, as it was named.
        champion: The run that it is to replace, if there is one.
        checks: The conditions, in order.
        threshold_metric: The figure that decided: that of the first minimum, or else the measure
            by which the run is judged; empty if nothing was measured.
        value: Its value.
        threshold: What it had to reach, or that of the best baseline.
    """

    run: str
    champion: str | None
    checks: tuple[Check, ...]
    threshold_metric: str = ""
    value: float | None = None
    threshold: float | None = None

    @property
    def is_blessed(self) -> bool:
        """Whether all conditions are met."""
        return all(each.passed for each in self.checks)

    @property
    def reason(self) -> str:
        """Why it is not blessed, or why it is."""
        wanted = [each for each in self.checks if not each.passed] or self.checks
        return "; ".join(each.reason for each in wanted)

    def as_dict(self) -> dict[str, object]:
        """Return the blessing as plain JSON data, with the keys that a platform reads."""
        return {
            "is_blessed": self.is_blessed,
            "threshold_metric": self.threshold_metric,
            "value": self.value,
            "threshold": self.threshold,
            "reason": self.reason,
            "checks": [
                {"name": each.name, "passed": each.passed, "reason": each.reason}
                for each in self.checks
            ],
            "run": self.run,
            "champion": self.champion,
        }

    def write(self, metrics: str) -> str:
        """Write the file beside the metrics, completely or not at all, and return its path.

        Args:
            metrics: The path of the metrics file; it may have a scheme such as `gs://`.

        Raises:
            RecgenError: It cannot be written.
        """
        text = json.dumps(self.as_dict(), indent=2, allow_nan=False) + "\n"
        if "://" in metrics:
            path = f"{metrics.rpartition('/')[0]}/{FILE_NAME}"
            _write_remote(path, text)
            return path
        local = Path(metrics).with_name(FILE_NAME)
        partial = local.with_name(f"{FILE_NAME}.{secrets.token_hex(4)}")
        try:
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, local)
        except OSError as error:
            raise _unwritable(str(local), error) from error
        finally:
            partial.unlink(missing_ok=True)
        return str(local)


def _write_remote(path: str, text: str) -> None:
    system, inner = open_system(path)
    try:
        with system.open(inner, "wb") as file:
            file.write(text.encode())
    except Exception as error:  # each library raises its own errors
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: Exception) -> RecgenError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return RecgenError(f"cannot write {path}: {reason}", "check the path and its permissions")
