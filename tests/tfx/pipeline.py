"""A TFX pipeline over one folder: `python pipeline.py FOLDER [EPOCHS]`. Needs TFX, not recgen.

FOLDER holds data/data.csv and the generated modules; pushed/ appears in it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

if importlib.util.find_spec("tf_keras"):  # not with TensorFlow 2.15, whose own Keras is Keras 2
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before TensorFlow's first use of Keras

from tfx import v1 as tfx

SPLITS = {"train": 8, "eval": 1, "test": 1}  # tenths of the rows


def build(folder: Path, epochs: int) -> tfx.dsl.Pipeline:
    """Returns CsvExampleGen to Pusher, with the modules as they are.

    The trainer is not told of the split `test`: it finds it beside `eval`.
    """
    split = tfx.proto.SplitConfig.Split
    splits = [split(name=name, hash_buckets=n) for name, n in SPLITS.items()]
    examples = tfx.components.CsvExampleGen(
        input_base=str(folder / "data"),
        output_config=tfx.proto.Output(split_config=tfx.proto.SplitConfig(splits=splits)),
    )
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"])
    transform = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        module_file=str(folder / "transform_module.py"),
    )
    trainer = tfx.components.Trainer(
        module_file=str(folder / "trainer_module.py"),
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=tfx.proto.TrainArgs(),
        eval_args=tfx.proto.EvalArgs(),
        custom_config={"epochs": epochs, "gcs_output_path": str(folder / "results")},
    )
    pushed = tfx.proto.PushDestination.Filesystem(base_directory=str(folder / "pushed"))
    pusher = tfx.components.Pusher(
        model=trainer.outputs["model"],
        push_destination=tfx.proto.PushDestination(filesystem=pushed),
    )
    return tfx.dsl.Pipeline(
        pipeline_name="recgen",
        pipeline_root=str(folder / "root"),
        components=[examples, statistics, schema, transform, trainer, pusher],
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(folder / "metadata.sqlite")
        ),
        enable_cache=False,
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    tfx.orchestration.LocalDagRunner().run(build(folder, epochs))
