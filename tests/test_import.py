"""What a user imports, and what importing and each command load."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from generated import MODULES

import recgen

ROOT = Path(__file__).resolve().parents[1]
TENSORFLOW = {"tensorflow", "tensorflow_transform", "tf_keras", "apache_beam"}
SLOW = {*TENSORFLOW, "numpy", "pyarrow", "jinja2", "black", "yaml", "rich", "typer"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Returns the folder of the modules that the processes of these tests compile."""
    return tmp_path_factory.mktemp("cache")


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
        *("check_text", "propose", "profile", "diagnose", "upgrade", "breaking", "gate"),
        "render_pipeline",
    }
    for name in recgen.__all__:
        assert getattr(recgen, name)
    for name in recgen.__all__:  # not the modules of these names
        entry = getattr(recgen, name)
        assert name == "__version__" or (callable(entry) and entry.__name__ == name)


def test_the_public_names_work_together(experiment):
    config = recgen.load(experiment)
    assert recgen.check(config).ok
    assert set(recgen.render(config)) == MODULES
    with pytest.raises(recgen.ConfigError):
        recgen.load({})
    assert recgen.check.__module__ == "recgen.check"  # rendering has not put modules in their place


def test_the_version_of_a_checkout_that_is_not_installed(monkeypatch):
    import importlib.metadata

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert recgen.__version__ == "0+unknown"


def test_importing_recgen_imports_nothing_but_itself(cache):
    script = "import sys, recgen; print(*sys.modules)"
    loaded = python(script, cache)
    assert not {name for name in loaded if name.startswith("recgen.")}
    assert not {"pydantic", "pydantic_core", *SLOW} & set(loaded)


def test_using_the_public_names_loads_nothing_slow(cache):
    script = "from recgen import *; import sys; print(*sys.modules)"
    loaded = python(script, cache)
    assert "recgen.check" in loaded
    assert not SLOW & set(loaded)


def test_models_are_built_on_first_use(cache):
    script = (
        "from recgen import ExperimentConfig, FeatureConfig, TrainingMetrics\n"
        "models = [ExperimentConfig, FeatureConfig, TrainingMetrics]\n"
        "print(*[model.__pydantic_complete__ for model in models])\n"
        "FeatureConfig(buyer_model_features=[], product_model_features=[])\n"
        "print(*[model.__pydantic_complete__ for model in models])"
    )
    assert python(script, cache) == ["False"] * 3 + ["False", "True", "False"]


@pytest.mark.parametrize("first", ["recgen.check", "recgen.render", "recgen.presets"])
def test_a_module_does_not_hide_the_function_of_its_name(cache, first):
    name = first.removeprefix("recgen.")
    script = f"import {first}, recgen; print(callable(recgen.{name}))"
    assert python(script, cache) == ["True"]


def test_no_package_of_modules_has_the_name_of_a_function():
    """`import recgen.x.y as z` and patches of such a path look at the attribute `recgen.x`."""
    folders = {path.parent.name for path in (ROOT / "recgen").glob("*/__init__.py")}
    modules = {folder: list((ROOT / "recgen" / folder).glob("*.py")) for folder in folders}
    assert not {name for name, files in modules.items() if len(files) > 1} & set(recgen.__all__)


def test_what_recgen_has_can_be_listed_and_nothing_else_is_there():
    assert dir(recgen) == sorted(recgen.__all__)
    with pytest.raises(AttributeError, match="module 'recgen' has no attribute 'nonsense'"):
        _ = recgen.nonsense


def test_type_checkers_see_the_names_that_are_there():
    tree = ast.parse(Path(recgen.__file__).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    declared = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in imports
        for alias in node.names
        if str(node.module).startswith("recgen.")
    }
    assert declared.keys() | {"__version__"} == set(recgen.__all__)
    for name, (module, there) in declared.items():
        assert getattr(recgen, name) is getattr(importlib.import_module(module), there)


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
def test_commands_load_only_what_they_need(tmp_path, cache, experiment, arguments, absent):
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
    loaded = set(python(script, cache))
    assert "typer" in loaded
    assert not absent & loaded
