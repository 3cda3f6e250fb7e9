"""Generation of modules in a straight line: load, check, plan, render. Read this file first."""

from __future__ import annotations

from collections.abc import Collection

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError
from recgen.pbtxt import render_schema
from recgen.plan.columns import input_columns
from recgen.plan.examples import plan_histories
from recgen.plan.pipeline import plan_pipeline
from recgen.plan.queries import SPLITS
from recgen.plan.trainer import plan_trainer
from recgen.plan.transform import plan_transform
from recgen.queries import render_queries
from recgen.render import render_template, render_text
from recgen.runtime import NAME, runtime_digest, runtime_imports, runtime_text

PIPELINE_FILES = (
    "pipeline.py",
    "evaluator_module.py",
    "examples_module.py",
    "schema.pbtxt",
    "submit.py",
    "requirements.txt",
    "Dockerfile",
    *(f"queries/{split}.sql" for split in SPLITS),
)
"""All files that a pipeline may have beside the modules."""


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


def render_pipeline(source: object, *, allow: Collection[str] = ()) -> dict[str, str]:
    """Return the modules and the TFX pipeline around them, as `{file name: text}`.

    These are `pipeline.py`, `requirements.txt` and, as far as the config's `pipeline` needs them,
    `queries/{train,eval,test}.sql`, `examples_module.py`, `evaluator_module.py`, `schema.pbtxt`,
    `Dockerfile` and `submit.py`.

    Args:
        source: A path, a mapping, or an object with the config's attributes.
        allow: Codes of errors to treat as warnings.

    Raises:
        recgen.ConfigError: The config has errors; the exception has the report.
        RecgenError: The config has no section `pipeline`.
    """
    config = load(source, allow=allow)
    return generate(config) | generate_pipeline(config)


def generate_pipeline(config: ExperimentConfig) -> dict[str, str]:
    """Return the files of the pipeline of a config that passed the check, without the modules.

    Raises:
        RecgenError: The config has no section `pipeline`.
    """
    if config.pipeline is None:
        raise RecgenError(
            "the config has no section `pipeline`",
            "say under `pipeline:` where the rows are, such as "
            '`source: {tfrecord: "data/{split}/*.gz"}`; docs/pipelines.md has an example',
        )
    plan = plan_pipeline(config)
    files = {
        name: render_template(f"pipeline/{name}.j2", own) for name, own in plan.modules.items()
    }
    texts = ("requirements.txt", *(["Dockerfile"] if plan.compiles else []))
    files |= {name: render_text(f"pipeline/{name}.j2", plan) for name in texts}
    if plan.has_schema:
        files["schema.pbtxt"] = render_schema(input_columns(config))
    return files | render_queries(plan.queries) if plan.queries else files


def generate_histories(config: ExperimentConfig, names: Collection[str]) -> str:
    """Return the module that makes some histories on Beam: that of a pipeline, without TFX."""
    return render_template("pipeline/examples_module.py.j2", plan_histories(config, names))
