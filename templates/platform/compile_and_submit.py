"""Compiles a TFX pipeline around the modules of recgen, and submits it to Vertex AI.

It runs in the image with TFX (1.15 or later) in which a platform compiles, with the command
lines that the platform has for its experiments and for its trainings. What became of it is in
`gs://<staging bucket>/build_results/<run id>.json`.
"""

import argparse
import base64
import json
import logging
import os
import tempfile

from google.cloud import aiplatform, storage
from tfx import v1 as tfx

KIND = "quicktest"  # or "training": the flags, the machines and whether the model is pushed
IMAGES = "europe-central2-docker.pkg.dev/{project}/tfx-builder/{name}:latest"
SPLITS = {"train": 16, "eval": 3, "test": 1}  # parts of 20, for a random split
log = logging.getLogger(__name__)


def main(arguments=None):
    """Compile and submit, and write what became of it; a failure is raised after that."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    args = read_arguments(arguments)
    name = f"{KIND}-{args.run_id}"
    result = {"success": False, "run_id": args.run_id}
    try:
        pipeline = build_pipeline(args, name, queries_of(args))
        with tempfile.TemporaryDirectory() as folder:
            job = submit(compiled(pipeline, args, folder), name, args)
        result |= {"success": True, "vertex_pipeline_job_name": job, "display_name": name}
        if KIND == "training":
            result |= {
                "evaluator_enabled": args.evaluator_enabled == "true",
                "model_name": args.model_name,
            }
    except Exception as error:
        result["error"] = str(error)
        raise
    finally:
        write_result(args, result)
    print(f"PIPELINE_JOB_NAME={job}", flush=True)


def read_arguments(arguments=None):
    """Return the arguments of the command line, with the same names for both kinds."""
    is_training = KIND == "training"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    for name in ("run-id", "staging-bucket", "project-id", "output-path"):
        add(f"--{name}", required=True)
    add("--bigquery-query-b64", required=True, help="the query of all rows, in base64")
    add("--split-queries-gcs-path", default="", help="JSON with a query for each split")
    for name in ("transform-module-path", "trainer-module-path"):
        add(f"--{name}", required=True)
    add("--epochs", type=int, default=100 if is_training else 10)
    add("--batch-size", type=int, default=8192 if is_training else 4096)
    add("--learning-rate", type=float, default=0.01 if is_training else 0.001)
    add(
        "--split-strategy",
        default="strict_time" if is_training else "random",
        choices=["random", "time_holdout", "strict_time"],
    )
    add("--gpu-type", default="NVIDIA_TESLA_T4" if is_training else "")
    add("--gpu-count", type=int, default=2 if is_training else 0)
    add("--gpu-training-region", default="europe-west4")
    if is_training:
        add("--machine-type", dest="gpu_machine_type", default="n1-standard-16")
        add("--dataflow-region", dest="region", default="europe-west4")
        add("--model-name", default="recommender-model")
        # Not used: the trainer itself tests the model, and `blessing` of recgen's adapter,
        # or `recgen gate`, judges the metrics that it writes.
        add("--evaluator-enabled", default="true")
        add("--blessing-metric", default="recall_at_100")
        add("--blessing-min-value", type=float, default=0.4)
        add("--preemptible", default="true", help="not used")
        parser.set_defaults(machine_type="n1-standard-4")
    else:
        add("--machine-type", default="e2-standard-4", help="of Dataflow's workers")
        add("--gpu-machine-type", default="n1-standard-16")
        add("--region", default="europe-west4")
    args = parser.parse_args(arguments)
    if args.gpu_type and args.gpu_count < 1:
        parser.error(f"--gpu-type is {args.gpu_type}, and --gpu-count {args.gpu_count}")
    return args


def queries_of(args):
    """Return the query of each split; one query without a name for a random split.

    TFX splits by hash only, so times need a query for each split.
    """
    if args.split_strategy == "random":
        return {"": base64.b64decode(args.bigquery_query_b64, validate=True).decode()}
    if not args.split_queries_gcs_path:
        raise ValueError(f"{args.split_strategy} needs --split-queries-gcs-path")
    bucket = storage.Client().bucket(args.staging_bucket)
    queries = json.loads(bucket.blob(args.split_queries_gcs_path).download_as_text())
    missing = [name for name in SPLITS if not queries.get(name)]
    if missing:
        raise ValueError(f"{args.split_queries_gcs_path} has no query of {', '.join(missing)}")
    return {name: queries[name] for name in SPLITS}


def build_pipeline(args, name, queries):
    """Return the pipeline: examples, schema, transform, trainer, and for trainings a pusher."""
    examples = read_examples(args, queries)
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"])
    # The saved model is trained on all splits in the end, so it knows the values of all.
    splits = tfx.proto.SplitsConfig(analyze=list(SPLITS), transform=list(SPLITS))
    transform = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        module_file=args.transform_module_path,
        splits_config=splits,
    )
    trainer = build_trainer(args, transform, schema)
    components = [examples, statistics, schema, transform, trainer]
    if KIND == "training":
        folder = tfx.proto.PushDestination.Filesystem(
            base_directory=os.path.join(args.output_path, "pushed_model")
        )
        destination = tfx.proto.PushDestination(filesystem=folder)
        # Also a model that is not blessed is pushed, for a person to decide. A training that
        # failed has none.
        components.append(
            tfx.components.Pusher(model=trainer.outputs["model"], push_destination=destination)
        )
    return tfx.dsl.Pipeline(
        pipeline_name=name,
        pipeline_root=f"gs://{args.staging_bucket}/pipeline_root/{args.run_id}",
        components=components,
        enable_cache=False,
        beam_pipeline_args=dataflow(args),
    )


def read_examples(args, queries):
    """Return the component that reads the rows."""
    project = {"project": args.project_id}
    example_gen = tfx.extensions.google_cloud_big_query.BigQueryExampleGen
    if "" in queries:
        part = tfx.proto.SplitConfig.Split
        parts = [part(name=name, hash_buckets=count) for name, count in SPLITS.items()]
        output = tfx.proto.Output(split_config=tfx.proto.SplitConfig(splits=parts))
        return example_gen(query=queries[""], output_config=output, custom_config=project)
    part = tfx.proto.Input.Split
    parts = [part(name=name, pattern=query) for name, query in queries.items()]
    return example_gen(
        input_config=tfx.proto.Input(splits=parts),
        output_config=tfx.proto.Output(),
        custom_config=project,
    )


def build_trainer(args, transform, schema):
    """Return the trainer: in the pipeline's own machine, or in a job with GPUs.

    It finds the test itself, since Transform writes it beside the validation's split.
    """
    custom_config = {
        "epochs": args.epochs,
        "batch_size": args.batch_size,
        "learning_rate": args.learning_rate,
        "gcs_output_path": args.output_path,
    }
    inputs = {
        "module_file": args.trainer_module_path,
        "examples": transform.outputs["transformed_examples"],
        "transform_graph": transform.outputs["transform_graph"],
        "schema": schema.outputs["schema"],
        "train_args": tfx.proto.TrainArgs(),
        "eval_args": tfx.proto.EvalArgs(),
    }
    if not args.gpu_type:
        return tfx.components.Trainer(custom_config=custom_config, **inputs)
    vertex = tfx.extensions.google_cloud_ai_platform
    machine = {
        "machine_type": args.gpu_machine_type,
        "accelerator_type": args.gpu_type,
        "accelerator_count": args.gpu_count,
    }
    pool = {
        "machine_spec": machine,
        "replica_count": 1,
        "container_spec": {"image_uri": image(args, "tfx-trainer-gpu")},
    }
    custom_config |= {
        "gpu_enabled": True,
        "gpu_count": args.gpu_count,
        vertex.ENABLE_VERTEX_KEY: True,
        vertex.VERTEX_REGION_KEY: args.gpu_training_region,
        vertex.TRAINING_ARGS_KEY: {"project": args.project_id, "worker_pool_specs": [pool]},
    }
    return vertex.Trainer(custom_config=custom_config, **inputs)


def dataflow(args):
    """Return the arguments of Beam, for the components that read all rows."""
    bucket = f"gs://{args.project_id}-pipeline-staging"
    return [
        "--runner=DataflowRunner",
        f"--project={args.project_id}",
        f"--region={args.region}",
        f"--temp_location={bucket}/dataflow_temp",
        f"--staging_location={bucket}/dataflow_staging",
        f"--machine_type={args.machine_type}",
        "--disk_size_gb=50",
        "--experiments=use_runner_v2",
        "--max_num_workers=10",
        "--autoscaling_algorithm=THROUGHPUT_BASED",
    ]


def image(args, name):
    """Return the address of an image with TFX, tensorflow-recommenders and Keras 2."""
    return IMAGES.format(project=args.project_id, name=name)


def compiled(pipeline, args, folder):
    """Return the path of the compiled pipeline."""
    path = os.path.join(folder, f"pipeline_{args.run_id}.json")
    own = image(args, "tfx-trainer-gpu" if KIND == "training" else "tfx-trainer")
    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(default_image=own),
        output_filename=path,
    )
    runner.run(pipeline)
    return path


def submit(path, name, args):
    """Submit a compiled pipeline, and return the name of its job."""
    aiplatform.init(project=args.project_id, location=args.region)
    job = aiplatform.PipelineJob(display_name=name[:128], template_path=path, enable_caching=False)
    job.submit()
    log.info("submitted %s", job.resource_name)
    return job.resource_name


def write_result(args, result):
    """Write what became of it, where the platform looks."""
    blob = storage.Client().bucket(args.staging_bucket).blob(f"build_results/{args.run_id}.json")
    blob.upload_from_string(json.dumps(result, indent=2), content_type="application/json")


if __name__ == "__main__":
    main()
