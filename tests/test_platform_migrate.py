"""Migration of stored rows: what each means, what is proposed, what is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from stored_rows import TASKS, Row, drawn_features, drawn_models, posted_features, posted_model
from typer.testing import CliRunner

import recgen.cli.migrate
from recgen.cli.app import app
from recgen.contrib.ml_platform import migrate, read_rows
from recgen.contrib.ml_platform.migration import read_lines
from recgen.findings import RecgenError

Plain = dict[str, Any]


def stored() -> list[Plain]:
    """Returns a feature config, a model config and an experiment with both."""
    return [
        {"id": 1, "version": 3, **posted_features()},
        {"id": 2, **posted_model("standard")},
        {"id": 9, "experiment_name": "first", "feature_config_id": 1, "model_config_id": 2},
    ]


def test_each_row_is_told_what_it_meant_and_means() -> None:
    found = migrate(stored())
    features, model, experiment = found.rows
    assert [row.kind for row in found.rows] == ["features", "model", "experiment"]
    assert all(row.renders for row in found.rows)
    assert features.ids == {"buyer": "customer_id", "product": "product_id"}
    assert features.ignored == {"`embedding.vocab_size`": 4, "`normalize.range`": 2}
    assert any("begin with the newest value" in each for each in features.decided)
    assert any(
        each.startswith("Do the lists 'purchase_history' begin") for each in features.questions
    )
    assert not model.ids
    assert {"RG201", "RG204"} <= set(model.reasons)
    assert experiment.name == "experiment 9 first"
    assert {"RG201", "RG204"} <= set(experiment.reasons)
    assert found.totals["RG204"] == 2
    json.dumps(found.as_dict())


def test_a_proposal_is_a_new_version_that_means_the_same() -> None:
    rows = stored()
    before = json.dumps(rows)
    features, model, both = (row.proposal for row in migrate(rows).rows)
    assert json.dumps(rows) == before  # never in place
    assert features is not None
    assert model is not None
    assert both is not None
    assert (features["version"], features["based_on"]) == (4, "1")
    assert (model["version"], model["based_on"]) == (2, "2")
    assert "id" not in features
    history = features["buyer_model_features"][4]["transforms"]["history"]
    assert history["order"] == "newest_first"
    meant, _ = read_rows(rows[0], posted_model())
    means, report = read_rows(features, posted_model())
    assert means == meant
    assert not [each for each in report.infos if each.code in ("RP001", "RP002")]
    assert model["learning_rate"] == 0.05
    assert model["buyer_tower_layers"][-1]["activation"] == "linear"
    _, report = read_rows(features, model)
    assert not {"RG201", "RG204"} & {each.code for each in report.findings}
    assert set(both) == {"features", "model"}


def test_what_is_proposed_is_proposed_once() -> None:
    (row,) = migrate([stored()[0]]).rows
    (again,) = migrate([row.proposal]).rows
    assert again.proposal is None


@pytest.mark.parametrize(
    ("row", "kind", "reason"),
    [
        ("{", "unknown", "RP010"),
        (7, "unknown", "RP010"),
        ({"id": 3, "colour": "red"}, "unknown", "RP010"),
        ({"feature_config_id": 8, "model_config_id": 9}, "experiment", "RP010"),
        (posted_model(optimizer="lion"), "model", "RG013"),
        (
            posted_features(
                buyer_model_features=[{"column": "d", "bq_type": "JSON", "data_type": "text"}]
            ),
            "features",
            "RP011",
        ),
    ],
)
def test_what_does_not_render_is_refused_with_a_reason(row: Any, kind: str, reason: str) -> None:
    found = migrate([row])
    (refused,) = found.refused
    assert (refused.kind, refused.reasons[0]) == (kind, reason)
    assert refused.report.errors[0].message
    assert found.totals[reason] == 1


def test_rows_are_read_in_every_form() -> None:
    export = {"model": "ml_platform.featureconfig", "pk": 1, "fields": posted_features()}
    inner = {"feature_config": posted_features(), "model_config": posted_model("minimal")}
    rows = [export, json.dumps(posted_model()), Row(**posted_features()), inner]
    kinds = [row.kind for row in migrate(rows).rows]
    assert kinds == ["features", "model", "features", "experiment"]


def dumped(model: str, pk: int, **fields: Any) -> Plain:
    return {"model": f"ml_platform.{model}", "pk": pk, "fields": fields}


def test_what_django_dumps_is_known_by_its_key() -> None:
    ids = {"feature_config": 1, "model_config": 1}
    experiment = dumped("quicktest", 5, experiment_name="first", epochs=3, **ids)
    rows = [
        dumped("featureconfig", 1, **posted_features()),
        dumped("modelconfig", 1, **posted_model("minimal", optimizer="adam", learning_rate=0.001)),
        experiment,
    ]
    found = migrate(rows).rows
    assert [(row.kind, row.renders) for row in found] == [
        ("features", True),
        ("model", True),
        ("experiment", True),
    ]
    assert found[2].name == "experiment 5 first"
    assert found[0].proposal is not None
    assert found[0].proposal["based_on"] == "1"


def test_an_old_version_is_not_taken_for_the_config_of_its_key() -> None:
    older = posted_features(buyer_model_features=[])
    rows = [
        dumped("featureconfig", 1, **posted_features()),
        dumped("featureconfigversion", 1, feature_config=1, **older),
        {"id": 9, "feature_config_id": 1, "model_config": posted_model("minimal")},
    ]
    found = migrate(rows).rows
    assert [row.kind for row in found] == ["features", "features", "experiment"]
    assert [row.renders for row in found] == [True, False, True]


@pytest.mark.parametrize("task", TASKS)
def test_a_model_is_judged_without_its_features(task: str) -> None:
    (row,) = migrate([posted_model("minimal", task)]).rows
    assert row.renders
    assert row.reasons == ("RG204",)


@pytest.mark.parametrize(
    ("params", "rates"),
    [
        ({"learning_rate": 1.0}, ["learning rate 1.0 with adagrad"]),
        ({"learning_rate": 0.001}, []),
        ('{"learning_rate": 1.0}', ["learning rate 1.0 with adagrad"]),  # as psql writes it
        ({}, []),  # 0.01 is sent, not the row's 0.1
    ],
)
def test_a_training_is_judged_by_its_own_settings(params: object, rates: list[str]) -> None:
    ids = {"feature_config": 1, "model_config": 2}
    training = dumped("trainingrun", 5, training_params=params, gpu_config={"gpu_count": 2}, **ids)
    rows = [
        dumped("featureconfig", 1, **posted_features()),
        dumped("modelconfig", 2, **posted_model()),
        training,
    ]
    found = migrate(rows).rows
    said = [each.message for each in found[2].report.warnings]
    assert [any(rate in each for each in said) for rate in rates] == [True] * len(rates)
    assert ("RG201" in found[2].reasons) == bool(rates)
    assert "RG201" in found[1].reasons
    assert any("2 GPUs" in each for each in found[2].decided)


@some(10, 25)
@given(st.lists(drawn_features | drawn_models | st.text(max_size=5), max_size=3))
def test_any_rows_have_an_outcome(rows: list[Any]) -> None:
    found = migrate(rows)
    assert len(found.rows) == len(rows)
    for row in found.rows:
        assert row.renders != bool(row.report.errors)
    json.dumps(found.as_dict(), default=str)


# the command


def run(*arguments: object) -> Any:
    assert recgen.cli.migrate
    return CliRunner().invoke(app, ["migrate", *map(str, arguments)])


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def test_the_command_writes_proposals_beside_the_rows(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", stored())
    before = path.read_bytes()
    result = run(path)
    assert result.exit_code == 0, result.output
    assert "3 rows: 3 render, 0 refused" in result.output
    assert "asked Do the lists 'purchase_history'" in result.output
    assert path.read_bytes() == before
    written = (tmp_path / "rows.proposed.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(each).get("based_on") for each in written][:2] == ["1", "2"]
    assert "unchanged" in run(path).output


def test_the_command_fails_if_a_row_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", [stored()[0], posted_model(optimizer="lion")])
    result = run(path, "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["renders"], found["refused"], found["reasons"]["RG013"]) == (1, 1, 1)


def test_the_command_reads_what_django_dumps(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    export = {"model": "ml_platform.featureconfig", "pk": 1, "fields": posted_features()}
    path.write_text(json.dumps([export]), "utf-8")
    assert "1 row: 1 render" in run(path).output


def test_the_command_never_writes_over_the_rows(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", stored())
    before = path.read_bytes()
    assert run(path, "--out", path, "--force").exit_code != 0
    other = tmp_path / "other.jsonl"
    other.write_text("mine", "utf-8")
    assert run(path, "--out", other).exit_code != 0
    assert (path.read_bytes(), other.read_text("utf-8")) == (before, "mine")


ROW = posted_features(name="Größe \u2028 \x85 été")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("\ufeff{0}\n\n  \n{1}\n\n", 2),
        ("{0}\r\n{1}\r\n", 2),
        ("{0}\r{1}", 2),
        ("{0}", 1),
        ("[{0}, {1}]", 2),
        ('{{"success": true, "data": [{0}], "count": 1}}', 1),
        ('{{"feature_configs": [{0}], "model_configs": [{1}], "errors": []}}', 2),
        ('{{"model": "ml_platform.featureconfig", "pk": 1, "fields": {0}}}', 1),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_are_found_in_any_export(text: str, count: int, indent: int | None) -> None:
    if indent and text.count("{0}") + text.count("{1}") == 2 and "[" not in text:
        indent = None  # JSON lines have a row a line
    rows = [json.dumps(row, ensure_ascii=False, indent=indent) for row in (ROW, posted_model())]
    found = migrate(read_lines(text.format(*rows)))
    assert [row.renders for row in found.rows] == [True] * count
    assert ROW["name"] in found.rows[0].name


def test_a_line_that_is_cut_is_refused_and_the_others_are_read() -> None:
    row = json.dumps(ROW)
    found = migrate(read_lines(f"{row}\n{row[:-40]}\n{row}\n"))
    assert [each.renders for each in found.rows] == [True, False, True]
    assert "not JSON" in found.rows[1].report.errors[0].message
    assert "line 1" not in found.rows[1].report.errors[0].message  # it is the second


@pytest.mark.parametrize("content", [b"", b"\n \n", b"[]", b"\xff\xfe[\x00"])
def test_a_file_without_rows_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    result = run(path)
    assert isinstance(result.exception, RecgenError)
    assert not (tmp_path / "rows.proposed.jsonl").exists()
