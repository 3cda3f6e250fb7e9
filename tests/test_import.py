"""What a user imports, how long it takes, and which commands load what."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import recgen

ROOT = Path(__file__).resolve().parents[1]
TENSORFLOW = {"tensorflow", "tensorflow_transform", "tf_keras", "apache_beam"}
SLOW = {*TENSORFLOW, "numpy", "pyarrow", "jinja2", "black", "yaml", "rich", "typer"}


def python(script: str, cache: Path) -> list[str]:
    """Runs a script with a cache of compiled modules, as an installed package has it."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=ROOT,
    )
    return result.stdout.split()


def test_the_public_names():
    assert set(recgen.__all__) == {
        *("load", "check", "render", "dump", "__version__"),
        *("FeatureConfig", "ModelConfig", "ExperimentConfig"),
        *("Finding", "Report", "ConfigError", "RecgenError", "TrainingMetrics"),
        *("Preset", "presets"),
    }
    for name in recgen.__all__:
        assert getattr(recgen, name)
    for name in ("load", "check", "render", "dump", "presets"):  # not the modules of these names
        assert callable(getattr(recgen, name))


def test_the_public_names_work_together(experiment):
    config = recgen.load(experiment)
    assert recgen.check(config).ok
    assert set(recgen.render(config)) == {"transform_module.py", "trainer_module.py"}
    with pytest.raises(recgen.ConfigError):
        recgen.load({})
    assert recgen.check.__module__ == "recgen.check"  # rendering has not put modules in their place


def test_the_version_of_a_checkout_that_is_not_installed(monkeypatch):
    import importlib
    import importlib.metadata

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "version", missing)
        assert importlib.reload(recgen).__version__ == "0+unknown"
    importlib.reload(recgen)


def test_import_is_quick_and_loads_nothing_slow(tmp_path):
    script = (
        "import sys, time; start = time.process_time(); import recgen; "
        "took = time.process_time() - start; "
        "print(took, *{name.partition('.')[0] for name in sys.modules})"
    )
    runs = [python(script, tmp_path) for _ in range(6)]
    assert not SLOW & set(runs[0][1:])
    assert min(float(run[0]) for run in runs[1:]) < 0.3


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["check", "config.json"], {*TENSORFLOW, "numpy", "pyarrow", "jinja2", "black"}),
        (["render", "config.json", "--check"], {*TENSORFLOW, "numpy", "pyarrow"}),
        (["explain", "RG201"], {*TENSORFLOW, "numpy", "pyarrow", "jinja2", "black"}),
        (["schema"], {*TENSORFLOW, "numpy", "pyarrow", "jinja2", "black"}),
        (["--help"], SLOW - {"typer", "rich"}),
        (["demo-data", "--rows", "1"], TENSORFLOW),
    ],
)
def test_commands_load_only_what_they_need(tmp_path, experiment, arguments, absent):
    import json

    (tmp_path / "config.json").write_text(json.dumps(experiment))
    script = (
        "import os, sys\n"
        "from recgen.cli import main\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "sys.stdout = open(os.devnull, 'w')\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.__stdout__)"
    )
    loaded = set(python(script, tmp_path / "cache"))
    assert "typer" in loaded
    assert not absent & loaded
