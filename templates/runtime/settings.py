"""Settings: the config's values, and what overrides them."""

import dataclasses
import difflib
import json
import math
import os

from .files import matching, split_beside
from .messages import say

# The type of each setting, and the least value of a number.
SETTINGS = {
    "epochs": (int, 1),
    "batch_size": (int, 1),
    "learning_rate": (float, 0),
    "seed": (int, 0),
    "gpu_enabled": (bool, None),
    "gpu_count": (int, 0),
    "gcs_output_path": (str, None),
    "test_files": (list, None),
    "train_steps": (int, 1),
    "eval_steps": (int, 1),
}
TUNED = ("epochs", "batch_size", "learning_rate", "seed")  # that a Tuner may choose
LARGEST = 2**32 - 1  # of whole numbers: seeds have 32 bits


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a training was asked for: the config's values, and what overrides them.

    Attributes:
        train_steps: Number of steps in an epoch; None for all rows.
        eval_steps: Most validation batches; None for no limit.
        gpu_enabled: Whether to use GPUs; None uses those that there are.
        gpu_count: Most GPUs; None for no limit.
        gcs_output_path: Folder for a second copy of the metrics, or None.
        test_files: Patterns of the test's files; empty without a test.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    train_steps: int | None = None
    eval_steps: int | None = None
    gpu_enabled: bool | None = None
    gpu_count: int | None = None
    gcs_output_path: str | None = None
    test_files: tuple | None = None

    @classmethod
    def read(cls, fn_args, **config):
        """Return the settings: custom_config's, else a Tuner's, else those of `config`.

        Raises:
            ValueError: fn_args contains a wrong value, or something that cannot be used.
        """
        if getattr(fn_args, "base_model", None):
            raise ValueError(
                f"base_model is {fn_args.base_model!r}, but this trainer starts from new "
                "weights: remove base_model from the Trainer."
            )
        for name in ("transform_graph_path", "model_run_dir", "serving_model_dir"):
            path = str(getattr(fn_args, name))
            if set(path) & set("[*?\\"):
                raise ValueError(
                    f"{name} is {path!r}, and TensorFlow takes [ * ? and \\ in a path for a "
                    "pattern: choose a folder without them."
                )
        tuned = getattr(fn_args, "hyperparameters", None) or {}
        is_dict = isinstance(tuned, dict)  # as TFX passes them on
        values = tuned.get("values") if is_dict else getattr(tuned, "values", None)
        tuned = tuned if values is None else values
        tuned = read_settings("hyperparameters", tuned, TUNED)
        if tuned:
            say("note", f"from hyperparameters: {tuned}")
        known = [key for key in SETTINGS if not key.endswith("_steps")]
        custom = getattr(fn_args, "custom_config", None) or {}
        custom = read_settings("custom_config", custom, known)
        limits = {k: getattr(fn_args, k) or None for k in ("train_steps", "eval_steps")}
        limits = read_settings("fn_args", limits, limits)
        settings = cls(**{**config, **tuned, **custom, **limits})
        if settings.gpu_enabled and settings.gpu_count == 0:
            raise ValueError("custom_config: gpu_enabled is true and gpu_count is 0.")
        trained, own = {*matching(fn_args.train_files)}, {*matching(fn_args.eval_files)}
        if trained & own:
            raise ValueError(
                f"eval_files has {min(trained & own)}, which is also a training file."
            )
        own |= trained
        if settings.test_files is None:
            beside = split_beside(fn_args.eval_files)
            beside = () if own & {*matching(beside)} else beside
            return dataclasses.replace(settings, test_files=beside)
        both = own & {*matching(settings.test_files)}
        if both:
            raise ValueError(
                f"custom_config: test_files has {min(both)}, which is also a training or "
                "validation file."
            )
        return settings


def read_settings(source, given, known):
    """Return the known settings that are not None, in their types; says which are unknown.

    Raises:
        ValueError: A value has another type, or is out of range.
    """
    if not isinstance(given, dict):
        raise ValueError(f"{source} is {given!r}; expected a dict.")
    settings = {}
    for key, value in given.items():
        if key in known:
            if value is not None:
                settings[key] = read_setting(f"{source}: {key}", value, *SETTINGS[key])
        elif not str(key).startswith(("ai_platform_", "tuner/")):  # those of TFX
            near = difflib.get_close_matches(str(key).lower(), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            if key in ("train_steps", "eval_steps"):
                hint = "it is num_steps of TrainArgs or EvalArgs"
            say("warning", f"{source}: {key} has no effect; {hint}")
    return settings


def read_setting(name, value, kind, least=0):
    """Return a setting in its type; numbers, booleans and lists may come as text."""
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    text = str(value).strip().lower()
    if kind is bool:
        expected = "true or false"
        if text in ("true", "1", "1.0", "false", "0", "0.0"):
            return text in ("true", "1", "1.0")
    elif kind is str:
        expected = "a path"
        if isinstance(value, str) and text:
            return value
    elif kind is list:
        expected = "a list of file patterns"
        patterns = value
        if isinstance(value, str):
            try:  # a JSON list, or patterns with commas between them
                patterns = (
                    json.loads(value) if text.startswith("[") else value.split(",")
                )
            except ValueError:
                patterns = None
        if isinstance(patterns, (list, tuple)):
            paths = [
                os.fspath(p) if isinstance(p, os.PathLike) else p for p in patterns
            ]
            if all(isinstance(path, str) and path.strip() for path in paths):
                return tuple(path.strip() for path in paths)
    else:
        whole = "a whole number from" if kind is int else "a number above"
        expected = f"{whole} {least}" + f" to {LARGEST:,}" * (kind is int)
        try:
            number = math.nan if isinstance(value, bool) else float(text)
        except ValueError:
            number = math.nan
        if kind is float and least < number < math.inf:
            return number
        if kind is int and least <= number <= LARGEST and number.is_integer():
            return int(number)
    raise ValueError(f"{name} is {value!r}; expected {expected}.")
