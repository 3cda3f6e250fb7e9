"""The platform's generators: the same names and tuples, and no code for a config with errors."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest
from stored_rows import Row, posted_features, posted_model

import recgen
from recgen.contrib.ml_platform import (
    PreprocessingFnGenerator,
    TrainerModuleGenerator,
    config_digest,
    read_rows,
    validate_python_code,
)
from recgen.contrib.ml_platform.report import TRAINS_ALL_THE_SAME


def rows(**model: Any) -> tuple[Row, Row]:
    dataset = SimpleNamespace(id=3, name="sales")
    return Row(**posted_features(), dataset=dataset, version=1), Row(**posted_model(**model))


def test_code_is_stored_in_the_row_as_before() -> None:
    features, _ = rows()
    code, is_valid, message = PreprocessingFnGenerator(features).generate_and_save()
    assert (is_valid, message) == (True, None)
    assert "def preprocessing_fn(inputs):" in code
    assert features.generated_transform_code == code
    assert features.generated_at.tzinfo is not None
    assert features.saved == ["generated_transform_code", "generated_at"]
    assert PreprocessingFnGenerator(features).generate() == code


def test_a_config_with_errors_never_gives_code() -> None:
    features, model = rows(optimizer="lion")
    features.generated_transform_code = "code of an earlier version"
    features.buyer_model_features = [{"column": "doc", "bq_type": "JSON", "data_type": "text"}]
    code, is_valid, message = PreprocessingFnGenerator(features).generate_and_save()
    assert (code, is_valid) == ("", False)
    assert message is not None
    assert "column 'doc' is of type JSON" in message
    assert features.generated_transform_code == ""
    with pytest.raises(recgen.ConfigError):
        PreprocessingFnGenerator(features).generate()
    code, is_valid, message, line = TrainerModuleGenerator(rows()[0], model).generate_and_validate()
    assert (code, is_valid, line) == ("", False, None)
    assert message is not None
    assert message.startswith("model.optimizer: 'lion' is not one of adagrad, ")


def test_the_trainer_is_a_single_file_for_the_experiment() -> None:
    features, model = rows(learning_rate=0.01)
    generator = TrainerModuleGenerator(features, model, epochs=3, batch_size=512.0)
    code, is_valid, message, line = generator.generate_and_validate()
    assert (is_valid, message, line) == (True, None, None)
    assert code == generator.generate()
    functions = {each.name for each in ast.parse(code).body if isinstance(each, ast.FunctionDef)}
    assert "run_fn" in functions
    assert "EPOCHS = 3" in code
    assert "BATCH_SIZE = 512" in code
    assert not hasattr(features, "generated_at")  # the trainer is stored nowhere
    assert model.saved is None


def test_the_digest_is_the_one_in_the_code_and_knows_the_target() -> None:
    features, model = rows()
    digest = config_digest(features, model)
    assert f'"config_digest": "{digest}"' in TrainerModuleGenerator(features, model).generate()
    model.epochs = 6
    assert config_digest(features, model) != digest
    model.optimizer = "lion"
    with pytest.raises(recgen.ConfigError):
        config_digest(features, model)


def test_the_transform_is_the_one_that_belongs_to_the_trainer() -> None:
    features, model = rows()
    found, _ = read_rows(features, model)
    assert found is not None
    modules = recgen.render(found, allow=TRAINS_ALL_THE_SAME, single_file=True)
    assert PreprocessingFnGenerator(features).generate() == modules["transform_module.py"]
    assert TrainerModuleGenerator(features, model).generate() == modules["trainer_module.py"]


def test_both_generators_know_the_date_column() -> None:
    features, model = rows()
    transform = PreprocessingFnGenerator(features, date_column="sold_on").generate()
    trainer = TrainerModuleGenerator(features, model, date_column="sold_on").generate()
    assert '"sold_on"' in transform
    assert "EVENT_TIME" in trainer or "event_time" in trainer
    assert '"sold_on"' not in PreprocessingFnGenerator(features).generate()


def test_mappings_are_read_and_not_changed() -> None:
    posted = posted_features()
    _, is_valid, message = PreprocessingFnGenerator(posted).generate_and_save()
    assert (is_valid, message) == (True, None)
    assert posted == posted_features()


@pytest.mark.parametrize("row", [None, 3, "{", [], object()])
def test_what_is_no_row_gives_a_sentence(row: Any) -> None:
    code, is_valid, message = PreprocessingFnGenerator(row).generate_and_save()
    assert (code, is_valid) == ("", False)
    assert message is not None
    assert message.startswith("features: the feature config is ")


def test_hostile_names_stay_text() -> None:  # P1, P2
    evil = 'x"""\nimport os; os.system("touch /tmp/evil")\n#'
    features, model = rows()
    features.name = model.name = evil
    features.dataset.name = evil
    features.buyer_model_features[1]["column"] = evil
    features.buyer_model_crosses = []
    for code in (
        PreprocessingFnGenerator(features).generate(),
        TrainerModuleGenerator(features, model).generate(),
    ):
        imported = {
            name.name
            for each in ast.walk(ast.parse(code))
            if isinstance(each, ast.Import)
            for name in each.names
        }
        assert not any(
            isinstance(each, ast.Attribute) and each.attr == "system"
            for each in ast.walk(ast.parse(code))
        )
        assert imported


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("", (False, "Code is empty", None)),
        (" \n", (False, "Code is empty", None)),
        (None, (False, "Code is empty", None)),
        ("x = 1\n", (True, None, None)),
        ("x = 1\ny = = 2\n", (False, "invalid syntax: y = = 2", 2)),
        ("return 1", (False, "'return' outside function", 1)),
    ],
)
def test_texts_are_checked_as_before(
    code: Any, wanted: tuple[bool, str | None, int | None]
) -> None:
    is_valid, message, line = validate_python_code(code, "transform")
    assert (is_valid, line) == (wanted[0], wanted[2])
    assert message == wanted[1] or (message and wanted[1] and message.startswith(wanted[1]))


def test_a_long_line_is_cut_and_odd_code_warns_nobody(recwarn: pytest.WarningsRecorder) -> None:
    is_valid, message, line = validate_python_code("[" * 5000)
    assert (is_valid, line) == (False, 1)
    assert message is not None
    assert len(message) < 200
    assert validate_python_code('assert (1, "\\d")')[0]
    assert not recwarn


@pytest.mark.parametrize("code", ["x = '\0'", "(" * 5000, "1" + "+1" * 100_000])
def test_texts_that_python_cannot_parse_are_no_accident(code: str) -> None:
    is_valid, message, _ = validate_python_code(code)
    assert is_valid or message
