"""The straight line: load, check, plan, render. A good first file to read."""

from __future__ import annotations

from collections.abc import Collection

from recgen.check import require
from recgen.config import ExperimentConfig
from recgen.plan.trainer import plan_trainer
from recgen.plan.transform import plan_transform
from recgen.render import render_template


def render(source: object, *, allow: Collection[str] = ()) -> dict[str, str]:
    """Returns `{file name: text}` of both modules; writes nothing.

    Args:
        source: A path, a mapping, or an object with the config's attributes.
        allow: Codes of errors that are to be treated as warnings.

    Raises:
        recgen.ConfigError: The config has errors; the error holds the report.
    """
    return generate(require(source, allow=allow))


def generate(config: ExperimentConfig) -> dict[str, str]:
    """Returns `{file name: text}` of both modules of a config that passed the check."""
    return {
        "transform_module.py": render_template("transform_module.py.j2", plan_transform(config)),
        "trainer_module.py": render_template("trainer_module.py.j2", plan_trainer(config)),
    }
