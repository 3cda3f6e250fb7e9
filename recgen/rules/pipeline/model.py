"""Rules on what a pipeline trains on, evaluates and pushes."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import (
    DataConfig,
    FeatureConfig,
    Gate,
    ModelConfig,
    PipelineConfig,
    is_array,
    target_of,
)
from recgen.config.paths import all_crosses, all_features
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_GATE = ("pipeline", "gate")


@rule("RG630", "error")
def gate_sees_the_test(model: ModelConfig, pipeline: PipelineConfig) -> Iterator[Problem]:
    """A gate whose test the model has learned.

    With `refit: all`, the saved model is trained on the test's rows, too, once the trainer has
    measured one without them. TFX's Evaluator only sees the saved model: on rows that it has
    learned, every model is good.

    Example:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {k: 10}

    Use instead:
        model:
          refit: validation
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {k: 10}
    """
    if pipeline.gate and model.refit == "all":
        message = (
            "the gate tests the saved model on rows that it was trained on: `refit: all` uses them"
        )
        yield Problem(_GATE, message, "Write `refit: validation` under `model`.")


@rule("RG631", "error", also=("info",))
def slices_of_columns(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A slice by a column that the rows do not have, or twice by one.

    The gate's slices are columns of the examples, under their output names; a list has no value to
    slice by.

    Example:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {slices: [country]}

    Use instead:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {slices: [age]}
    """
    types = {f.output_name: f.bq_type for _, f in all_features(features)}
    members = (m for _, cross in all_crosses(features) for m in cross.features)
    types |= {m.output_name: m.usual_type for m in members if m.output_name not in types}
    if data.split and data.split.date_column:
        types.setdefault(data.split.date_column, "TIMESTAMP")
    if target := target_of(features, model):
        types.setdefault(target.output_name, "FLOAT64")
    slices = pipeline.gate.slices if pipeline.gate else ()
    for place, name in enumerate(slices):
        path = (*_GATE, "slices", place)
        if name not in types:
            help = f"Use one of {', '.join(map(show, types))}."
            yield Problem(path, f"the rows have no column {show(name)}", help)
        elif is_array(types[name]):
            yield Problem(path, f"{show(name)} has lists", "Slice by a column with one value.")
        elif name in slices[:place]:
            message = f"the slice by {show(name)} is there twice"
            yield Problem(path, message, "Remove one.", "info", fix=("remove", None))


@rule("RG632", "error")
def gate_beyond_answer(model: ModelConfig, pipeline: PipelineConfig) -> Iterator[Problem]:
    """A gate that counts more products than the model answers.

    Recall at k needs k products, and an answer has `top_k`.

    Example:
        model:
          top_k: 10
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {k: 50}

    Use instead:
        model:
          top_k: 50
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {k: 50}
    """
    if model.model_type != "ranking" and pipeline.gate and pipeline.gate.k > model.top_k:
        message = (
            f"the gate looks at {pipeline.gate.k:,} products, but an answer has {model.top_k:,}"
        )
        yield Problem((*_GATE, "k"), message, "Lower k, or raise `top_k` of the model.")


@rule("RG633", "warning", also=("error",))
def analyzed_splits(pipeline: PipelineConfig) -> Iterator[Problem]:
    """Vocabularies that know the test.

    What Transform analyses decides which products and buyers have an index, and the means and
    quantiles of numbers. With the test's rows among them, the gate tests a model that knows of
    products it could not have known.

    Example:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          analyze: [train, eval, test]

    Use instead:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          analyze: [train, eval]
    """
    path = ("pipeline", "analyze")
    if "train" not in pipeline.analyze:
        message = "Transform does not analyse the training rows: its vocabularies lack their values"
        yield Problem(path, message, "Add train.", "error")
    elif "test" in pipeline.analyze:
        message = "Transform analyses the test's rows: vocabularies and means know them"
        yield Problem(path, message, "Remove test.")


@rule("RG634", "error")
def not_in_pipelines(pipeline: PipelineConfig) -> Iterator[Problem]:
    """What pipelines do not have yet.

    A model is pushed to a folder, not to Vertex' registry. TFX's component for that also creates an
    endpoint and deploys the model on machines that cost until someone stops them, in a container
    that has to read models of TensorFlow 2.21, which is yours to choose.

    Example:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          push: {vertex_registry: true}

    Use instead:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local

    `gcloud ai models upload` puts a pushed model into the registry.
    """
    if pipeline.push.vertex_registry:
        message = "recgen cannot push models to the Vertex AI registry yet"
        path = ("pipeline", "push", "vertex_registry")
        yield Problem(path, message, "Remove it, and upload the pushed model by gcloud.")


@rule("RG635", "error")
def gate_of_another_kind(model: ModelConfig, pipeline: PipelineConfig) -> Iterator[Problem]:
    """A gate for what the model does not have.

    Retrieval has lists, and so a recall. Ranking predicts amounts, which have an error, or with
    `binary_crossentropy` chances, which have an AUC. Multitask has a recall and one of these. A
    limit that nothing is compared with would bless each model.

    Example:
        model:
          refit: validation
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {rmse_at_most: 5.0}

    Use instead:
        model:
          refit: validation
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          gate: {at_least: 0.1}
    """
    gate = pipeline.gate
    if gate is None:
        return
    own = _metrics_of(model)
    has = f"a model with model_type {show(model.model_type)} has {' and '.join(own)}"
    if gate.metric and gate.metric not in own:
        yield Problem((*_GATE, "metric"), f"there is no {gate.metric}: {has}", "Remove it.")
        return
    if "recall" not in own and gate.k != Gate.model_fields["k"].default:
        yield Problem((*_GATE, "k"), f"k has no effect: {has}", "Remove it.")
    judged = (gate.metric,) if gate.metric else own
    for key, metrics in _LIMITS.items():
        if getattr(gate, key) is not None and not set(metrics) & set(judged):
            only = f"`metric: {gate.metric}` is all that counts" if gate.metric else has
            yield Problem((*_GATE, key), f"{key} has no effect: {only}", "Remove it.")


_LIMITS = {
    "at_least": ("recall",),
    "rmse_at_most": ("rmse",),
    "auc_at_least": ("auc",),
    "calibration_within": ("rmse", "auc"),
}


def _metrics_of(model: ModelConfig) -> tuple[str, ...]:
    """Return the metrics of a gate that a kind of model has."""
    of_ranking = "auc" if model.loss_function == "binary_crossentropy" else "rmse"
    found = {"retrieval": ("recall",), "ranking": (of_ranking,)}
    return found.get(model.model_type, ("recall", of_ranking))
