"""The platform's two generators, with its names, arguments and tuples."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from recgen.config import ExperimentConfig
from recgen.contrib.ml_platform.plain import sentence
from recgen.contrib.ml_platform.rows import Reading, examine_rows
from recgen.findings import ConfigError, Finding, RecgenError

_SHOWN = 3  # errors in a message
_LINE = 100  # letters of a line in a message


def validate_python_code(
    code: str | None, code_type: str = "unknown"
) -> tuple[bool, str | None, int | None]:
    """Return whether a text is Python, and if not, why and on which line.

    Args:
        code: The text of a module.
        code_type: What it is, for messages of Python's parser: transform, trainer.

    Returns:
        `(True, None, None)`, or `(False, message, line)`, in which the line is None if the whole
        text is meant.
    """
    if not isinstance(code, str) or not code.strip():
        return False, "Code is empty", None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd code, which is valid all the same
            tree = ast.parse(code, f"<generated_{code_type}>")
            compile(tree, f"<generated_{code_type}>", "exec")  # finds `return` outside a function
    except SyntaxError as error:
        text = f": {_cut(error.text.strip())}" if error.text else ""
        return False, f"{error.msg or 'Syntax error'}{text}", error.lineno
    except (ValueError, RecursionError, MemoryError) as error:
        return False, str(error) or "The text is nested too deeply", None
    return True, None, None


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else f"{line[:_LINE]}…"


class PreprocessingFnGenerator:
    """Generates the module of the Transform component from a feature config.

    Args:
        feature_config: A row: an object with its attributes, or a mapping.
        date_column: The column with the time of the purchase, if the trainer is given one.
    """

    def __init__(self, feature_config: Any, *, date_column: str | None = None) -> None:
        self.config = feature_config
        self.feature_config = feature_config
        self._date_column = date_column

    def read(self) -> Reading:
        """Return the row as it is read, with all findings."""
        return examine_rows(self.feature_config, date_column=self._date_column)

    def generate(self) -> str:
        """Return the text of transform_module.py.

        Raises:
            ConfigError: The config has errors; the exception has the report.
        """
        from recgen.plan.transform import plan_transform
        from recgen.render import render_template  # brings Jinja and black, which take time

        return render_template("transform/module.py.j2", plan_transform(_config(self.read())))

    def generate_and_save(self) -> tuple[str, bool, str | None]:
        """Generate the code and store it in the row, if the row can be saved.

        A config with errors gives no code, and what is stored is removed, so that no pipeline takes
        code of an earlier version of the row.

        Returns:
            `(code, is_valid, message)`: the code, "" if there are errors; and what is wrong, in
            words for the users of the page, or None.
        """
        code, message = _attempt(self.generate)
        is_valid = message is None
        if is_valid:
            is_valid, message, _ = validate_python_code(code, "transform")
        _store(self.feature_config, code)
        return code, is_valid, message


class TrainerModuleGenerator:
    """Generates the module of the Trainer component, a single file.

    Args:
        feature_config: A row: an object with its attributes, or a mapping.
        model_config: A row of the model's settings, likewise.
        overrides: What an experiment sets instead of the row (`epochs`, `batch_size`,
            `learning_rate`, …), and the keyword arguments of `read_rows`: `gpu_config`,
            `date_column`, `split_strategy`, `catalogue_size`.
    """

    def __init__(self, feature_config: Any, model_config: Any, **overrides: Any) -> None:
        self.feature_config = feature_config
        self.model_config = model_config
        self._overrides = overrides

    def read(self) -> Reading:
        """Return the rows as they are read, with all findings."""
        return examine_rows(self.feature_config, self.model_config, overrides=self._overrides)

    def generate(self) -> str:
        """Return the text of trainer_module.py.

        Raises:
            ConfigError: The config has errors; the exception has the report.
        """
        from recgen.generate import generate

        return generate(_config(self.read()), single_file=True)["trainer_module.py"]

    def generate_and_validate(self) -> tuple[str, bool, str | None, int | None]:
        """Generate the code and check it.

        Returns:
            `(code, is_valid, message, line)`: the code, "" if the config has errors; what is wrong,
            or None; and the line of the code, None if the config is meant.
        """
        code, message = _attempt(self.generate)
        if message is not None:
            return code, False, message, None
        return code, *validate_python_code(code, "trainer")


def explain_errors(errors: tuple[Finding, ...]) -> str:
    """Return errors in words for the users of a page: what is wrong, where, and what to do."""
    said = [
        f"{each.path}: {each.message}. {each.help}".strip() if each.path else each.message
        for each in errors[:_SHOWN]
    ]
    more = f" And {len(errors) - _SHOWN} more." if len(errors) > _SHOWN else ""
    return " ".join(said) + more


def _config(found: Reading) -> ExperimentConfig:
    if found.config is None:
        raise ConfigError(found.report)
    return found.config


def _attempt(generate: Any) -> tuple[str, str | None]:
    """Return the code, or what is wrong."""
    try:
        return generate(), None
    except ConfigError as error:
        return "", explain_errors(error.report.errors)
    except RecgenError as error:
        return "", f"{error.message}. {sentence(error.help)}"


def _store(row: Any, code: str) -> None:
    """Store the code in a row as the platform does; what is not an object is not changed."""
    if isinstance(row, Mapping) or not hasattr(row, "__dict__"):
        return
    row.generated_transform_code = code
    row.generated_at = datetime.now(timezone.utc)
    save = getattr(row, "save", None)
    if callable(save):
        save(update_fields=["generated_transform_code", "generated_at"])
