"""What the README says of the example beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recgen.analysis.causes import KINDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHOP = ROOT / "examples" / "online_retail"


@pytest.mark.parametrize("module", ["transform_module.py", "trainer_module.py"])
def test_the_readme_knows_how_long_the_example_is(module: str) -> None:
    lines = (SHOP / module).read_text("utf-8").count("\n")
    assert f"[{module}](examples/online_retail/{module}), {lines:,} lines" in README


@pytest.mark.parametrize(
    ("language", "begin", "file"),
    [
        ("yaml", "  product_model_features:", "config.yaml"),
        ("python", "    # Product: StockCode", "transform_module.py"),
        ("python", "class CandidateTower", "trainer_module.py"),
    ],
)
def test_the_readme_quotes_the_example_as_it_is(language: str, begin: str, file: str) -> None:
    blocks = (block.partition("```")[0] for block in README.split(f"```{language}\n")[1:])
    (quoted,) = (block[block.index(begin) :] for block in blocks if begin in block)
    assert quoted in (SHOP / file).read_text("utf-8")


def test_the_readme_links_to_every_page() -> None:
    pages = [page.relative_to(ROOT).as_posix() for page in sorted((ROOT / "docs").glob("*.md"))]
    assert pages
    assert [page for page in pages if f"]({page}" not in README] == []


def test_links_of_the_readme_and_of_the_pages_lead_somewhere() -> None:
    broken = []
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text("utf-8")
        anchors = {_anchor(line) for line in text.splitlines() if line.startswith("#")}
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, anchor = target.partition("#")
            if "://" in target or (file and (page.parent / file).exists()):
                continue
            if file or anchor not in anchors:
                broken.append(f"{page.name}: {target}")
    assert not broken


def _anchor(heading: str) -> str:
    """Returns the anchor that GitHub gives a heading."""
    plain = heading.lstrip("# ").lower()
    return "".join(c for c in plain if c.isalnum() or c in " -_").replace(" ", "-")


def test_install_hints_name_no_package_index() -> None:
    """recgen is on none: a hint has the checkout or a file."""
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "recgen").rglob("*.py")]
    found = [path.name for path in texts if "recgen[" in path.read_text("utf-8")]
    assert not found


def test_the_readme_quotes_causes_by_their_titles() -> None:
    quoted = re.findall(r"^  \d\. (RD\d+) (.+) \((?:high|medium|low)\)$", README, re.MULTILINE)
    assert quoted
    assert [KINDS[code].title for code, _ in quoted] == [title for _, title in quoted]
