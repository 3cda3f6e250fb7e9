"""Rows as a TFX pipeline hands them over: with a raw schema of its own, instead of recgen's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runs import Run, write_modules

from recgen.check import load

Columns = Mapping[str, Sequence[Any]]
Specs = Mapping[str, Any]
"""TensorFlow's specification of each raw column."""


def analyze(experiment: object, columns: Columns, specs: Specs, folder: Path) -> Run:
    """Renders a config, learns its transform from all rows and applies it.

    Args:
        experiment: The config.
        columns: The values of each column; None is a null, which only optional columns can have.
        specs: The raw schema, which may have other types than the config.
        folder: An empty folder for the modules, the transform and the examples.

    Returns:
        The run; 80% of the rows are for training, 10% each for the rest.
    """
    import apache_beam as beam
    import tensorflow as tf
    import tensorflow_transform as tft
    import tensorflow_transform.beam as tft_beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

    from recgen.local.child import load_module

    config = load(experiment)
    write_modules(config, folder)
    schema = schema_utils.schema_from_feature_spec(specs)
    metadata = dataset_metadata.DatasetMetadata(schema)
    function = load_module(folder / "transform_module.py").preprocessing_fn
    rows = [_row(columns, specs, at) for at in range(len(next(iter(columns.values()))))]
    cuts = {"train": 0, "eval": len(rows) * 8 // 10, "test": len(rows) * 9 // 10, "": len(rows)}
    with beam.Pipeline(runner=FnApiRunner()) as pipeline, tft_beam.Context(str(folder / "temp")):
        everything = pipeline | beam.Create(rows, reshuffle=False)
        graph = (everything, metadata) | tft_beam.AnalyzeDataset(function)
        graph | tft_beam.WriteTransformFn(str(folder / "transform"))
    metadata_io.write_metadata(metadata, str(folder / "transform" / "metadata"))
    output = tft.TFTransformOutput(str(folder / "transform"))
    layer, coder = output.transform_features_layer(), tft.coders.ExampleProtoCoder(schema)
    for (part, start), stop in zip(list(cuts.items())[:-1], list(cuts.values())[1:], strict=True):
        examples = tf.constant([coder.encode(row) for row in rows[start:stop]])
        features = layer(tf.io.parse_example(examples, dict(specs)))
        write_examples(features, stop - start, folder / "examples" / part)
    return Run(folder, folder, config)


def _row(columns: Columns, specs: Specs, at: int) -> dict[str, Any]:
    import tensorflow as tf

    row = {name: values[at] for name, values in columns.items()}
    for name, value in row.items():
        if isinstance(specs[name], tf.io.VarLenFeature) and not isinstance(value, list):
            row[name] = [] if value is None else [value]
    return row


def write_examples(features: Mapping[str, Any], count: int, folder: Path) -> None:
    """Writes transformed features [count], dense or sparse, as a file of tf.Examples."""
    import tensorflow as tf

    lists = {
        name: (
            tf.RaggedTensor.from_sparse(values).to_list()
            if isinstance(values, tf.SparseTensor)
            else [[value] for value in values.numpy().tolist()]
        )
        for name, values in features.items()
    }
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "rows-00000")) as writer:
        for at in range(count):
            example = tf.train.Example()
            for name, rows in lists.items():
                is_float = features[name].dtype.is_floating
                kind = "float_list" if is_float else "int64_list"
                getattr(example.features.feature[name], kind).value.extend(rows[at])
            writer.write(example.SerializeToString())
