"""Generation of modules in a straight line: load, check, plan, render. Read this file first."""

from __future__ import annotations

from collections.abc import Collection

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.plan.trainer import plan_trainer
from recgen.plan.transform import plan_transform
from recgen.render import render_template
from recgen.runtime import NAME, runtime_digest, runtime_imports, runtime_text


def render(
    source: object, *, allow: Collection[str] = (), single_file: bool = False
) -> dict[str, str]:
    """Return the generated modules as `{file name: text}`; write nothing.

    These are `transform_module.py`, `trainer_module.py`, and `trainer_runtime.py`, which the
    trainer imports and which is the same for all configs.

    Args:
        source: A path, a mapping, or an object with the config's attributes.
        allow: Codes of errors to treat as warnings.
        single_file: Whether the trainer includes the runtime's text, for systems that store or
            upload one file; there is no `trainer_runtime.py` then.

    Raises:
        recgen.ConfigError: The config has errors; the exception has the report.
    """
    return generate(load(source, allow=allow), single_file=single_file)


def generate(config: ExperimentConfig, *, single_file: bool = False) -> dict[str, str]:
    """Return the modules of a config that passed the check, as `{file name: text}`."""
    imports = runtime_imports() if single_file else ()
    plan = plan_trainer(config).with_runtime(runtime_digest(), imports)
    modules = {
        "transform_module.py": render_template("transform/module.py.j2", plan_transform(config)),
        "trainer_module.py": render_template("trainer/module.py.j2", plan),
    }
    return modules if single_file else {**modules, NAME: runtime_text()}
