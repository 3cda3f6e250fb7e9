"""Mistakes of pipelines.yaml in a TFX definition, compiled for Vertex AI offline.

Wants TFX 1.21, kfp and the Vertex SDK (`make tfx-root`): `python pipeline_runs.py MISTAKES`, where
MISTAKES is pipelines.yaml as JSON. Prints, as JSON, what was said to each mistake before anything
is sent: by TFX, by KFP's message or by the SDK's job; nothing if all took it. The components are
those of TFX's penguin template, with BigQueryExampleGen and a Trainer on Vertex AI.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tensorflow_model_analysis as tfma
import tfx.v1 as tfx
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

SPLITS = ("train", "eval", "test")
RIGHT = {
    "query": "SELECT * FROM `my-project.shop.sales` FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
    "bucket": "gs://my-bucket",
    "region": "europe-west4",
    "machine": "n1-standard-8",
    "gpu": "NVIDIA_TESLA_T4",
    "count": 1,
    "image": "europe-docker.pkg.dev/my-project/recgen/shop:1",
    "labels": {"team": "search"},
    "analyze": ["train"],
    "slice": "country",
    "metric": "example_count",
    "csv": False,
}


def examples_of(given: dict[str, Any]) -> Any:
    """Return what reads the rows."""
    if given["csv"]:
        return tfx.components.CsvExampleGen(input_base="gs://my-bucket/data")
    splits = [tfx.proto.Input.Split(name=name, pattern=given["query"]) for name in SPLITS]
    return tfx.extensions.google_cloud_big_query.BigQueryExampleGen(
        input_config=tfx.proto.Input(splits=splits), custom_config={"project": "my-project"}
    )


def trainer_of(given: dict[str, Any], transform: Any, schema: Any) -> Any:
    """Return a Trainer with a machine on Vertex AI."""
    cloud = tfx.extensions.google_cloud_ai_platform
    machine = {
        "machine_type": given["machine"],
        "accelerator_type": given["gpu"],
        "accelerator_count": given["count"],
    }
    pool = {"machine_spec": machine, "replica_count": 1}
    pool["container_spec"] = {"image_uri": given["image"]}
    return cloud.Trainer(
        run_fn="trainer_module.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        train_args=tfx.proto.TrainArgs(),
        eval_args=tfx.proto.EvalArgs(),
        custom_config={
            cloud.ENABLE_VERTEX_KEY: True,
            cloud.VERTEX_REGION_KEY: given["region"],
            cloud.TRAINING_ARGS_KEY: {"project": "my-project", "worker_pool_specs": [pool]},
        },
    )


def pipeline_of(given: dict[str, Any]) -> Any:
    """Return the pipeline, from its rows to what passed a gate."""
    examples = examples_of(given)
    rows = examples.outputs["examples"]
    statistics = tfx.components.StatisticsGen(examples=rows)
    schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"])
    transform = tfx.components.Transform(
        examples=rows,
        schema=schema.outputs["schema"],
        preprocessing_fn="transform_module.preprocessing_fn",
        splits_config=tfx.proto.SplitsConfig(analyze=given["analyze"], transform=[*SPLITS]),
    )
    trainer = trainer_of(given, transform, schema.outputs["schema"])
    bound = tfma.GenericValueThreshold(lower_bound={"value": 0.2})
    evaluator = tfx.components.Evaluator(
        examples=rows,
        model=trainer.outputs["model"],
        eval_config=tfma.EvalConfig(
            model_specs=[tfma.ModelSpec(signature_name="serving_examples")],
            slicing_specs=[tfma.SlicingSpec(feature_keys=[given["slice"]])],
            metrics_specs=[
                tfma.MetricsSpec(
                    metrics=[tfma.MetricConfig(class_name="ExampleCount")],
                    thresholds={given["metric"]: tfma.MetricThreshold(value_threshold=bound)},
                )
            ],
        ),
    )
    folder = tfx.proto.PushDestination.Filesystem(base_directory=f"{given['bucket']}/models")
    pusher = tfx.components.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(filesystem=folder),
    )
    region = f"--region={given['region']}"
    return tfx.dsl.Pipeline(
        pipeline_name="shop",
        pipeline_root=f"{given['bucket']}/pipelines",
        components=[examples, statistics, schema, transform, trainer, evaluator, pusher],
        beam_pipeline_args=["--runner=DataflowRunner", "--project=my-project", region],
    )


def submit(given: dict[str, Any], folder: str) -> None:
    """Compile the pipeline and make the job that would be sent."""
    file = str(Path(folder, "shop.json"))
    kubeflow = tfx.orchestration.experimental
    config = kubeflow.KubeflowV2DagRunnerConfig(default_image=given["image"])
    kubeflow.KubeflowV2DagRunner(config=config, output_filename=file).run(pipeline_of(given))
    spec = json.loads(Path(file).read_text(encoding="utf-8"))["pipelineSpec"]
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    place = {"project": "my-project", "location": given["region"]}
    aiplatform.init(**place, credentials=AnonymousCredentials())
    aiplatform.PipelineJob(display_name="shop", template_path=file, labels=given["labels"])


def main(file: str) -> None:
    """Print what was said to each mistake."""
    said = {}
    mistakes = json.loads(Path(file).read_text(encoding="utf-8"))
    for mistake in [{"what": "nothing", "given": {}}, *mistakes]:
        if "given" not in mistake:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                submit(RIGHT | mistake["given"], folder)
                said[mistake["what"]] = ""
            except Exception as error:
                said[mistake["what"]] = f"{type(error).__name__}: {error}"[:200]
    print(json.dumps({"tfx": tfx.__version__, "said": said}))


if __name__ == "__main__":
    main(sys.argv[1])
