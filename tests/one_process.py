"""`recgen train` in this process: what its children do, where TensorFlow is already imported."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from recgen.local import run as local_run
from recgen.local.child import ChildError, load_module
from recgen.local.fit import fn_args
from recgen.local.transform import transform


class _Lines(io.TextIOBase):
    """Takes what is printed, and gives it on line by line."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line, self._rest = on_line, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._on_line(line)
        return len(text)


class OneProcess:
    """Stands for `recgen.local.child.Child`, and runs the same functions without a process."""

    def __init__(self, module: str, inherits: Collection[int] = ()) -> None:
        self._module = module

    def __enter__(self) -> OneProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        with log.open("w", encoding="utf-8") as file:

            def hear(line: str) -> None:
                file.write(line + "\n")
                on_line(line)

            try:
                with redirect_stdout(_Lines(hear)):
                    self._work(job)
            except Exception as error:
                raise ChildError(f"{doing} failed: {type(error).__name__}: {error}") from error

    def _work(self, job: Mapping[str, Any]) -> None:
        if self._module == "recgen.local.transform":
            transform(job)
            return
        import tensorflow as tf

        tf.keras.backend.clear_session()  # what earlier trainings left
        run = Path(job["run"])
        trainer = load_module(run / "trainer_module.py")
        trainer.run_fn(fn_args(run, job["custom_config"]))


@pytest.fixture
def in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `recgen train` import TensorFlow once for all trainings of this process."""
    pytest.importorskip("tensorflow_transform", reason="needs the extra `train`")
    monkeypatch.setattr(local_run, "Child", OneProcess)
