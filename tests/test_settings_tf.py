"""What run_fn is given: numbers as text, wrong values, unknown keys, a Tuner's values, files."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.one_stack

Plain = dict[str, Any]
CONFIG: Plain = {"epochs": 8, "batch_size": 1024, "learning_rate": 0.05, "seed": 42}


def fn_args(custom: object = None, **fields: Any) -> Any:
    usual: Plain = {
        "train_files": ["nowhere/Split-train/*"],
        "eval_files": ["nowhere/Split-eval/*"],
        "train_steps": None,
        "eval_steps": None,
        "transform_graph_path": "transform",
        "model_run_dir": "run",
        "serving_model_dir": "run/serving_model",
        "base_model": None,
        "hyperparameters": None,
    }
    return SimpleNamespace(**{**usual, **fields}, custom_config=custom)


def read(runtime: Any, custom: object = None, **fields: Any) -> Any:
    return runtime.Settings.read(fn_args(custom, **fields), **CONFIG)


def test_without_anything_the_config_holds(runtime: Any) -> None:
    for custom in (None, {}, dict.fromkeys([*CONFIG, "test_files", "gpu_count"])):
        settings = read(runtime, custom)
        assert {name: getattr(settings, name) for name in CONFIG} == CONFIG
        assert settings.test_files == ()
        assert settings.gpu_enabled is settings.gpu_count is settings.train_steps is None


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("epochs", "1", 1),
        ("epochs", 2.0, 2),  # numbers that went through JSON's doubles
        ("batch_size", " 64 ", 64),
        ("batch_size", "1e3", 1000),
        ("learning_rate", "1e-3", 0.001),
        ("learning_rate", 1, 1.0),
        ("seed", 0, 0),
        ("seed", "0", 0),
        ("gpu_count", "0", 0),
        ("gpu_enabled", "False", False),
        ("gpu_enabled", "true", True),
        ("gpu_enabled", 0, False),
        ("gpu_enabled", 1.0, True),
        ("gcs_output_path", Path("/data/x"), "/data/x"),
        ("test_files", [Path("/data/test/*")], ("/data/test/*",)),
        ("gcs_output_path", "gs://bucket/x", "gs://bucket/x"),
        ("test_files", "a/*, b/*", ("a/*", "b/*")),
        ("test_files", '["a,b/*"]', ("a,b/*",)),
        ("test_files", ["a/*"], ("a/*",)),
        ("test_files", [], ()),
    ],
)
def test_values_may_come_as_text(runtime: Any, key: str, given: object, value: object) -> None:
    found = getattr(read(runtime, {key: given}), key)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("epochs", 0, "a whole number from 1 to 4,294,967,295"),
        ("epochs", "0", "a whole number from 1"),
        ("epochs", 1.5, "a whole number from 1"),
        ("epochs", True, "a whole number from 1"),
        ("epochs", "", "a whole number from 1"),
        ("epochs", "many", "a whole number from 1"),
        ("epochs", [3], "a whole number from 1"),
        ("batch_size", -1, "a whole number from 1"),
        ("batch_size", 0, "a whole number from 1"),
        ("learning_rate", 0, "a number above 0"),
        ("learning_rate", "nan", "a number above 0"),
        ("learning_rate", "inf", "a number above 0"),
        ("learning_rate", -0.1, "a number above 0"),
        ("seed", 2**32, "a whole number from 0"),
        ("seed", -1, "a whole number from 0"),
        ("gpu_enabled", "maybe", "true or false"),
        ("gpu_enabled", 2, "true or false"),
        ("gpu_count", "two", "a whole number from 0"),
        ("gcs_output_path", 3, "a path"),
        ("gcs_output_path", " ", "a path"),
        ("test_files", {"a": 1}, "a list of file patterns"),
        ("test_files", ["a", ""], "a list of file patterns"),
        ("test_files", "", "a list of file patterns"),
        ("test_files", "[broken", "a list of file patterns"),
    ],
)
def test_a_wrong_value_is_an_error_with_key_value_and_what_is_expected(
    runtime: Any, key: str, given: object, expected: str
) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        read(runtime, {key: given})
    message = str(caught.value)
    assert message.startswith(f"custom_config: {key} is {given!r}; expected {expected}")


def test_a_wrong_value_is_found_before_any_file_is_read(runtime: Any) -> None:
    args = fn_args({"epochs": "x"})
    del args.train_files, args.eval_files
    with pytest.raises(ValueError, match="custom_config: epochs"):
        runtime.Settings.read(args, **CONFIG)
    with pytest.raises(ValueError, match=r"custom_config is \['epochs'\]; expected a dict"):
        read(runtime, ["epochs"])


def test_unknown_keys_are_said_with_a_near_one(
    runtime: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"EPOCH": 1, "learning_rte": 3, "zzz": 0, "ai_platform_training_args": {}, 7: 7}
    assert read(runtime, given).epochs == CONFIG["epochs"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "warning: custom_config: EPOCH has no effect; did you mean epochs?"
    assert lines[1].endswith("learning_rte has no effect; did you mean learning_rate?")
    assert lines[2].startswith("warning: custom_config: zzz has no effect; known: epochs, ")
    assert lines[3].startswith("warning: custom_config: 7 has no effect")
    assert len(lines) == 4


@pytest.mark.parametrize("steps", ["train_steps", "eval_steps"])
def test_steps_are_checked_like_the_rest(runtime: Any, steps: str) -> None:
    assert getattr(read(runtime, **{steps: "5"}), steps) == 5
    assert getattr(read(runtime, **{steps: 0}), steps) is None  # TFX's word for unset
    with pytest.raises(ValueError, match=f"fn_args: {steps} is -1; expected a whole number"):
        read(runtime, **{steps: -1})


def test_a_tuner_s_values_override_the_config_and_custom_config_overrides_them(
    runtime: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = {"learning_rate": 0.3, "batch_size": 32, "units": 64, "tuner/epochs": 2}
    as_object = SimpleNamespace(values=tuned)  # keras_tuner.HyperParameters
    for form in ({"space": [], "values": tuned}, tuned, as_object):
        settings = read(runtime, {"batch_size": 16}, hyperparameters=form)
        assert (settings.learning_rate, settings.batch_size) == (0.3, 16)
        assert settings.epochs == CONFIG["epochs"]
        said = capsys.readouterr().out
        assert "warning: hyperparameters: units has no effect; known: epochs" in said
        assert "from hyperparameters: {'learning_rate': 0.3, 'batch_size': 32}" in said
        assert "tuner/" not in said
    with pytest.raises(ValueError, match="hyperparameters: learning_rate is -1; expected"):
        read(runtime, hyperparameters={"values": {"learning_rate": -1}})
    with pytest.raises(ValueError, match="hyperparameters is 'x'; expected a dict"):
        read(runtime, hyperparameters="x")


def test_a_tuner_that_chose_nothing_changes_nothing(
    runtime: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ({}, {"space": [], "values": {}}, SimpleNamespace(values={})):
        settings = read(runtime, hyperparameters=form)
        assert {name: getattr(settings, name) for name in CONFIG} == CONFIG
    assert capsys.readouterr().out == ""


def test_a_warm_start_is_refused(runtime: Any) -> None:
    with pytest.raises(ValueError, match="base_model is 'old', but this trainer starts from new"):
        read(runtime, base_model="old")


@pytest.mark.parametrize("name", ["transform_graph_path", "model_run_dir", "serving_model_dir"])
@pytest.mark.parametrize("folder", ["lr[0.1]", "a*", "what?", "a\\b"])
def test_a_path_that_tensorflow_takes_for_a_pattern_is_refused(
    runtime: Any, name: str, folder: str
) -> None:
    with pytest.raises(ValueError, match=f"{name} is .*choose a folder without them"):
        read(runtime, **{name: f"runs/{folder}/x"})
    read(runtime, **{name: "runs/lr{0.1}/x ä"})


def test_gpus_that_are_asked_for_and_none_of_them_contradict(runtime: Any) -> None:
    with pytest.raises(ValueError, match="gpu_enabled is true and gpu_count is 0"):
        read(runtime, {"gpu_enabled": "true", "gpu_count": 0})


def files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "rows-00000-of-00001.gz").touch()


@pytest.mark.parametrize(
    ("evaluated", "test"),
    [
        ("Split-eval", "Split-test"),
        ("Split-validation", "Split-test"),
        ("9/Split-eval", "9/Split-test"),
        ("eval", "test"),
        ("validation", "test"),
    ],
)
def test_the_split_beside_the_validation_is_the_test(
    runtime: Any, tmp_path: Path, evaluated: str, test: str
) -> None:
    files(tmp_path, evaluated, test)
    settings = read(runtime, eval_files=[f"{tmp_path}/{evaluated}/*"])
    assert settings.test_files == (f"{tmp_path}/{test}/*",)
    assert (
        read(runtime, {"test_files": []}, eval_files=[f"{tmp_path}/{evaluated}/*"]).test_files == ()
    )


def test_relative_patterns_have_a_split_beside_them(
    runtime: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(tmp_path, "Split-eval", "Split-test")
    monkeypatch.chdir(tmp_path)
    assert read(runtime, eval_files=["Split-eval/*"]).test_files == ("Split-test/*",)


def test_what_is_no_test_split_is_none(runtime: Any, tmp_path: Path) -> None:  # P26
    files(tmp_path, "Split-eval", "Split-train", "eval/x/Split-holdout", "test/x/Split-holdout")
    for evaluated in ("Split-eval", "eval/x/Split-holdout"):
        assert read(runtime, eval_files=[f"{tmp_path}/{evaluated}/*"]).test_files == ()
    files(tmp_path, "Split-test")
    both = [f"{tmp_path}/Split-{name}/*" for name in ("eval", "test")]
    assert read(runtime, eval_files=both).test_files == ()  # it is validated on
    trained = [f"{tmp_path}/Split-{name}/*" for name in ("train", "test")]
    assert read(runtime, train_files=trained, eval_files=both[:1]).test_files == ()
    assert read(runtime, eval_files=both[1:]).test_files == ()


def test_a_test_that_is_trained_on_is_an_error(runtime: Any, tmp_path: Path) -> None:
    files(tmp_path, "eval")
    with pytest.raises(
        ValueError, match=r"test_files has .*which is also a training or validation"
    ):
        read(runtime, {"test_files": f"{tmp_path}/e*/*"}, eval_files=[f"{tmp_path}/eval/*"])


def test_validation_on_training_files_is_an_error(runtime: Any, tmp_path: Path) -> None:
    files(tmp_path, "train", "eval")
    both, eval_files = [f"{tmp_path}/*/*"], [f"{tmp_path}/eval/*"]
    with pytest.raises(ValueError, match=r"eval_files has .*/eval/rows.* also a training file"):
        read(runtime, train_files=both, eval_files=eval_files)
    one = f"{tmp_path}/train/*"  # a pattern instead of a list of them
    assert read(runtime, train_files=one, eval_files=eval_files[0]).test_files == ()
    files(tmp_path, "test")
    found = read(runtime, train_files=one, eval_files=eval_files[0]).test_files
    assert found == (f"{tmp_path}/test/*",)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*CONFIG, "gpu_enabled", "gpu_count"]), anything))
def test_any_value_is_read_or_named_in_an_error(runtime: Any, custom: Plain) -> None:
    try:
        settings = read(runtime, custom)
    except ValueError as error:
        settings = str(error)
    if isinstance(settings, str):
        assert settings.startswith("custom_config: ")
        return
    assert 1 <= settings.epochs == int(settings.epochs)
    assert settings.batch_size >= 1
    assert 0 < settings.learning_rate < float("inf")
    json.dumps([settings.seed, settings.gpu_count, settings.gpu_enabled], allow_nan=False)


@pytest.mark.parametrize("key", ["train_steps", "eval_steps"])
def test_steps_in_custom_config_have_their_own_place(
    key: str, runtime: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    read(runtime, {key: 10})
    said = capsys.readouterr().out
    assert f"{key} has no effect; it is num_steps of TrainArgs or EvalArgs" in said
