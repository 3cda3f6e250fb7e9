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


def test_the_readme_quotes_causes_by_their_titles() -> None:
    quoted = re.findall(r"^  \d\. (RD\d+) (.+) \((?:high|medium|low)\)$", README, re.MULTILINE)
    assert quoted
    assert [KINDS[code].title for code, _ in quoted] == [title for _, title in quoted]
