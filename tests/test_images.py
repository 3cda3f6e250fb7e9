"""The images for TFX: what they install fits the modules, the documentation and each other."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"
IMAGES = sorted(FOLDER.glob("*.Dockerfile"))
PINNED = FOLDER / "tfx-1.16.txt"


def pins(name: str) -> dict[str, str]:
    """Returns the version of each package of a file; a line that is no pin fails."""
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    found = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(each) == 2 for each in found), found
    assert len({name for name, _ in found}) == len(found), "a package is there twice"
    return dict(found)


def instructions(image: Path) -> list[str]:
    """Returns the instructions of a Dockerfile, one a line, without comments."""
    text = re.sub(r"^#.*\n", "", image.read_text("utf-8"), flags=re.MULTILINE)
    return re.sub(r"\\\n\s*", "", text).splitlines()


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_installs_the_pinned_packages_alone(image: Path) -> None:
    lines = instructions(image)
    assert f"COPY {PINNED.name} /tmp/" in lines
    (install,) = [line for line in lines if line.startswith("RUN pip install")]
    wanted = install.partition(f"--requirement /tmp/{PINNED.name}")[2].split()
    for each in wanted:  # an extra of what is pinned, with the same version
        name, version = each.strip('"').split("==")
        assert pins(PINNED.name)[name.partition("[")[0]] == version
    assert "ENV TF_USE_LEGACY_KERAS=1" in lines


def test_the_images_differ_in_what_gpus_need() -> None:
    first, second = ({*instructions(image)} for image in IMAGES)
    assert {line.split()[0] for line in first & second} >= {"FROM", "COPY", "ENV"}
    assert {line.split()[0] for line in first ^ second} == {"RUN", "ENV"}


def test_the_images_have_the_stack_on_which_trainings_are_tested() -> None:
    found, tested = pins(PINNED.name), pins("tf-2.16.txt")
    for name in ("tensorflow", "tensorflow-transform", "tfx-bsl", "tf-keras", "numpy"):
        assert found[name] == tested[name], name
    for name in ("tensorflow-recommenders", "tensorflow-metadata", "scann", "pyarrow"):
        assert found[name] == tested[name], name
    assert found["tfx"].startswith(PINNED.stem.removeprefix("tfx-"))


def test_tfx_1_15_has_keras_2_without_more() -> None:
    found = pins("tfx-1.15.txt")
    assert found["tfx"].startswith("1.15.")
    assert found["tensorflow"].startswith("2.15.")
    assert found["keras"].startswith("2.15.")
    assert "tf-keras" not in found
    assert {"tensorflow-recommenders", "tensorflow-transform"} <= found.keys()


def test_tests_of_2_15_have_the_versions_of_tfx_1_15() -> None:
    lines = (FOLDER / "tf-2.15.txt").read_text("utf-8").splitlines()
    assert "--constraint tfx-1.15.txt" in lines
    wanted = [line for line in lines if line and not line.startswith(("#", "--"))]
    taken, own = (
        {line.partition("==")[0] for line in wanted if ("==" in line) == is_own}
        for is_own in (False, True)
    )
    image = pins("tfx-1.15.txt").keys()
    assert {"tensorflow", "tensorflow-transform", "tensorflow-recommenders"} <= taken <= image
    assert not own & image


def find_python310(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Runs .ci/python310 where the path has these scripts, and no others that it asks for."""
    shell = shutil.which("bash")
    assert shell is not None
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "python310", folder / ".ci")
    for name, text in {"dirname": "echo ${1%/*}", **programs}.items():
        (folder / name).write_text(f"#!{shell}\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    command = [shell, str(folder / ".ci" / "python310")]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": str(folder)}
    )


def test_a_machine_without_python_3_10_is_told_what_is_not_run(tmp_path: Path) -> None:
    found = find_python310(tmp_path, **{"python3.10": "exit 127", "uv": "exit 2"})
    assert (found.returncode, found.stdout) == (1, "")
    (line,) = found.stderr.splitlines()
    assert line.startswith("NOT RUN, for want of Python 3.10: make test-tf215")


def test_python_3_10_is_found_where_it_is(tmp_path: Path) -> None:
    for name in ("path", "pyenv", "uv"):
        (tmp_path / name).mkdir()
    found = find_python310(tmp_path / "path", **{"python3.10": "exit 0"})
    assert found.stdout.strip() == str(tmp_path / "path" / "python3.10")
    version = tmp_path / "pyenv" / "versions" / "3.10.9" / "bin" / "python3.10"
    version.parent.mkdir(parents=True)
    version.write_text("")
    version.chmod(0o755)
    shim = {"python3.10": "exit 127", "pyenv": "echo ${0%/*}"}
    assert find_python310(tmp_path / "pyenv", **shim).stdout.strip() == str(version)
    downloads = """
        case "$*" in
            *install*) : > "$0.has" ;;
            *--quiet*) exit 0 ;;  # with it, uv prints no path
            *find*) [ -e "$0.has" ] && echo "$0.has" ;;
        esac
    """
    expected = str(tmp_path / "uv" / "uv.has")
    assert find_python310(tmp_path / "uv", uv=downloads).stdout.strip() == expected


def imported(path: Path) -> set[str]:
    """Returns the packages that a module imports anywhere, without Python's own."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            is_google = module == "google.cloud"
            found |= {f"google-cloud-{each.name}" for each in node.names} if is_google else {module}
    return {each.partition(".")[0] for each in found} - sys.stdlib_module_names


def test_what_the_modules_and_the_script_import_is_installed() -> None:
    example = ROOT / "examples" / "online_retail"
    files = [*example.glob("*.py"), *(ROOT / "templates" / "platform").glob("*.py")]
    found = set().union(*map(imported, files)) - {path.stem for path in files}
    assert {"tensorflow", "tfx", "google-cloud-storage"} <= found
    assert {name.replace("_", "-") for name in found} <= pins(PINNED.name).keys()
    assert {"tf-keras", "kfp"} <= pins(PINNED.name).keys()  # which TFRS and TFX load


def test_the_documentation_names_the_images_and_their_python() -> None:
    page = (ROOT / "docs" / "platform.md").read_text("utf-8")
    for image in IMAGES:
        assert f"docker build -f requirements/{image.name} -t " in page
        (base,) = [line for line in instructions(image) if line.startswith("FROM ")]
        assert f"`{base.removeprefix('FROM ')}`" in page
