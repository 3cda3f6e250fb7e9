"""The script that compiles and submits a pipeline, with TFX and Google's libraries played."""

from __future__ import annotations

import ast
import base64
import json
import sys
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

from recgen.contrib.ml_platform import pipeline_script

QUERIES = {name: f"SELECT '{name}'" for name in ("train", "eval", "test")}
COMMON = {
    "run-id": "qt_7",
    "staging-bucket": "stage",
    "bigquery-query-b64": base64.b64encode(b"SELECT 1").decode(),
    "transform-module-path": "gs://b/transform_module.py",
    "trainer-module-path": "gs://b/trainer_module.py",
    "output-path": "gs://b/out",
    "epochs": "3",
    "batch-size": "512",
    "learning-rate": "0.05",
    "project-id": "shop",
    "gpu-training-region": "europe-west4",
}
# What the platform's builds add for each kind.
QUICKTEST = {"machine-type": "e2-standard-8", "split-strategy": "random", "region": "europe-west1"}
TRAINING = {
    "split-strategy": "strict_time",
    "split-queries-gcs-path": "build_scripts/qt_7/split_queries.json",
    "gpu-type": "NVIDIA_TESLA_T4",
    "gpu-count": "2",
    "machine-type": "n1-standard-16",
    "preemptible": "true",
    "evaluator-enabled": "true",
    "blessing-metric": "recall_at_100",
    "blessing-min-value": "0.4",
    "model-name": "shop-v3",
    "dataflow-region": "europe-west1",
}
ARGUMENTS = {"quicktest": COMMON | QUICKTEST, "training": COMMON | TRAINING}


class Played:
    """The script as a module, with what it calls replaced by mocks."""

    def __init__(self, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tfx, self.cloud = MagicMock(), ModuleType("google.cloud")
        self.storage, self.vertex = MagicMock(), MagicMock()
        self.cloud.storage, self.cloud.aiplatform = self.storage, self.vertex  # type: ignore
        keys = ("ENABLE_VERTEX_KEY", "VERTEX_REGION_KEY", "TRAINING_ARGS_KEY")
        for key in keys:
            setattr(self.tfx.extensions.google_cloud_ai_platform, key, key)
        self.blob = self.storage.Client.return_value.bucket.return_value.blob
        self.blob.return_value.download_as_text.return_value = json.dumps(QUERIES)
        self.vertex.PipelineJob.return_value.resource_name = "projects/1/pipelineJobs/9"
        package = ModuleType("tfx")
        package.v1 = self.tfx  # type: ignore[attr-defined]
        for name, module in (("tfx", package), ("google.cloud", self.cloud)):
            monkeypatch.setitem(sys.modules, name, module)
        self.module = ModuleType("compile_and_submit")
        exec(compile(pipeline_script(kind), "compile_and_submit.py", "exec"), vars(self.module))
        self.kind = kind

    def main(self, **changed: str | None) -> Plain:
        """Runs the script, and returns what it wrote for the platform."""
        values = ARGUMENTS[self.kind] | {k.replace("_", "-"): v for k, v in changed.items()}
        self.module.main([f"--{name}={value}" for name, value in values.items() if value])
        return self.result

    @property
    def result(self) -> Plain:
        """What was written last, and where."""
        assert self.blob.call_args.args == ("build_results/qt_7.json",)
        return dict(json.loads(self.blob.return_value.upload_from_string.call_args.args[0]))


Plain = dict[str, Any]


@pytest.mark.parametrize("kind", ["quicktest", "training"])
def test_the_platforms_command_line_submits_a_pipeline(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played = Played(kind, monkeypatch)
    result = played.main()
    assert result["success"] is True
    assert result["vertex_pipeline_job_name"] == "projects/1/pipelineJobs/9"
    assert result["display_name"] == f"{kind}-qt_7"
    assert "PIPELINE_JOB_NAME=projects/1/pipelineJobs/9" in capsys.readouterr().out
    played.vertex.init.assert_called_once_with(project="shop", location="europe-west1")
    pipeline = played.tfx.dsl.Pipeline.call_args.kwargs
    assert pipeline["pipeline_root"] == "gs://stage/pipeline_root/qt_7"
    assert len(pipeline["components"]) == (6 if kind == "training" else 5)  # with a Pusher
    assert "--region=europe-west1" in pipeline["beam_pipeline_args"]
    played.tfx.proto.SplitsConfig.assert_called_once_with(
        analyze=["train", "eval", "test"], transform=["train", "eval", "test"]
    )


def test_times_are_split_by_a_query_for_each_split(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played("training", monkeypatch)
    played.main()
    parts = [call.kwargs for call in played.tfx.proto.Input.Split.call_args_list]
    assert parts == [{"name": name, "pattern": query} for name, query in QUERIES.items()]
    trainer = played.tfx.extensions.google_cloud_ai_platform.Trainer.call_args.kwargs
    custom = trainer["custom_config"]
    expected = {"epochs": 3, "batch_size": 512, "learning_rate": 0.05}
    assert custom.items() >= {**expected, "gpu_enabled": True, "gpu_count": 2}.items()
    (pool,) = custom["TRAINING_ARGS_KEY"]["worker_pool_specs"]
    assert pool["machine_spec"] == {
        "machine_type": "n1-standard-16",
        "accelerator_type": "NVIDIA_TESLA_T4",
        "accelerator_count": 2,
    }


def test_an_experiment_trains_without_gpus_unless_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played("quicktest", monkeypatch)
    played.main()
    custom = played.tfx.components.Trainer.call_args.kwargs["custom_config"]
    assert custom == {
        "epochs": 3,
        "batch_size": 512,
        "learning_rate": 0.05,
        "gcs_output_path": "gs://b/out",
    }
    example_gen = played.tfx.extensions.google_cloud_big_query.BigQueryExampleGen
    assert example_gen.call_args.kwargs["query"] == "SELECT 1"
    asked = {"gpu_type": "NVIDIA_TESLA_T4", "gpu_count": "1", "gpu_machine_type": "n1-standard-8"}
    played.main(**asked)
    trainer = played.tfx.extensions.google_cloud_ai_platform.Trainer.call_args.kwargs
    assert trainer["custom_config"]["gpu_count"] == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"split_queries_gcs_path": None}, "strict_time needs --split-queries-gcs-path"),
        ({"bigquery_query_b64": "%", "split_strategy": "random"}, "base64"),
    ],
)
def test_what_fails_is_written_where_the_platform_looks(
    changed: Plain, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = Played("training", monkeypatch)
    with pytest.raises(ValueError, match=words):
        played.main(**changed)
    assert played.result["success"] is False
    assert words in played.result["error"]


def test_a_split_without_a_query_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played("training", monkeypatch)
    queries = json.dumps({**QUERIES, "test": ""})
    played.blob.return_value.download_as_text.return_value = queries
    with pytest.raises(ValueError, match="has no query of test"):
        played.main()


@pytest.mark.parametrize("changed", [{"gpu_count": "0"}, {"split_strategy": "by_week"}])
def test_wrong_arguments_are_refused(changed: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        Played("training", monkeypatch).main(**changed)


def test_the_text_is_a_file_of_its_own() -> None:
    texts = {kind: pipeline_script(kind) for kind in ("quicktest", "training")}
    differing = zip(*(text.splitlines() for text in texts.values()), strict=True)
    (changed,) = (pair for pair in differing if pair[0] != pair[1])
    assert [line.split("  #")[0] for line in changed] == ['KIND = "quicktest"', 'KIND = "training"']
    names = {
        alias.name for node in ast.walk(ast.parse(texts["training"])) for alias in _named(node)
    }
    assert not any(name.startswith("recgen") for name in names)
    with pytest.raises(ValueError, match="use one of quicktest, training"):
        pipeline_script("nightly")  # type: ignore[arg-type]


def _named(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else []
