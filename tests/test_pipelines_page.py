"""docs/pipelines.md: its code is Python, and its table has the keys that the trainer takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import yaml

from recgen.check import check
from recgen.generate import render, render_pipeline
from recgen.runtime import runtime_text

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "pipelines.md").read_text("utf-8")


def test_its_code_is_python() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        ast.parse(block)


def test_its_section_of_a_config_renders(experiment: dict[str, Any]) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    own = yaml.safe_load(block)
    country = {"column": "country", "data_type": "text"}
    experiment["features"]["buyer_model_features"].append(country)
    config = {**experiment, "pipeline": own["pipeline"]}
    config["model"] = {**experiment["model"], **own["model"]}
    assert check(config).findings == ()
    told = set(re.findall(r"`([\w./]+\.(?:py|sql|txt)|Dockerfile)`", PAGE))
    written = render_pipeline(config).keys() - render(config).keys()
    assert {Path(name).name for name in written} <= {Path(name).name for name in told}


def test_it_lists_the_keys_of_custom_config() -> None:
    _, _, after = PAGE.partition("`custom_config` may contain:")
    rows = after.split("\n\n")[1].splitlines()[2:]
    told = {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    found = re.search(r"^SETTINGS = \{(.*?)^\}", runtime_text(), re.MULTILINE | re.DOTALL)
    assert found
    known = set(re.findall(r'^    "(\w+)":', found[1], re.MULTILINE))
    assert told == {key for key in known if not key.endswith("_steps")}
