"""The wheel holds the templates: installed alone, it renders the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from recgen import render

ROOT = Path(__file__).resolve().parents[1]


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    script = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
    _run(sys.executable, "-c", script, folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


def test_every_template_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if name.startswith("recgen/templates/")}
    paths = (path for kind in ("*.j2", "*.py") for path in (ROOT / "templates").rglob(kind))
    assert inside == {f"recgen/{path.relative_to(ROOT)}" for path in paths}


def test_the_installed_wheel_renders_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    _run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    _run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    # What it depends on comes from this environment; its own packages come first.
    site = Path(
        _run(python, "-c", "import site; print(*site.getsitepackages())", cwd=tmp_path)[:-1]
    )
    here = dict.fromkeys(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text("\n".join(here))

    config = ROOT / "tests" / "cases" / "shop" / "config.yaml"
    origin = _run(python, "-c", "import recgen; print(recgen.__file__)", cwd=tmp_path)
    assert Path(origin.strip()).is_relative_to(site)
    _run(python, "-m", "recgen", "render", config, "--out", tmp_path / "out", cwd=tmp_path)
    for name, text in render(config).items():
        assert (tmp_path / "out" / name).read_bytes() == text.encode()
