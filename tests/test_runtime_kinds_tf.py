"""What all kinds of model share: a kind that ranks no products trains with it, too."""

from __future__ import annotations

import math
from typing import Any

import pytest
from runs import Plain, Run

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")


def classifier(module: Any) -> Any:
    """Returns a model that tells from both towers whether a row's product has an even index."""

    class Classifier(module.runtime.TwoTowerModel):  # type: ignore[name-defined, misc]
        def __init__(self, *towers: Any, catalogue: Any) -> None:
            super().__init__(*towers, catalogue, ["accuracy"])
            self.head = tf.keras.layers.Dense(1)
            self.head.build([None, 2 * module.EMBEDDING_DIM])
            self.add_averages()

        def logits(self, features: Plain, training: bool) -> Any:
            parts = [tower(features, training=training) for tower in self.towers.values()]
            return self.head(tf.concat(parts, axis=1))[:, 0], parts

        def compute_losses(self, features: Plain, training: bool) -> Any:
            logits, (query, candidate) = self.logits(features, training)
            target = tf.cast(features[module.COLUMNS.product] % 2, tf.float32)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(target, logits))
            losses = {"loss": loss, "regularization_loss": 0.0 * loss, "total_loss": loss}
            return losses, {"query": query, "candidate": candidate}

        def test_step(self, features: Plain) -> Plain:
            losses, _ = self.compute_losses(features, training=False)
            is_odd = features[module.COLUMNS.product] % 2 == 1
            hits = tf.cast((self.logits(features, False)[0] > 0) == is_odd, tf.float32)
            found = losses | {"accuracy": tf.reduce_mean(hits)}
            return dict(self._average(found, tf.size(hits)))

    return Classifier


def training_of(module: Any) -> Any:
    """Returns the class of its trainings."""

    class Metrics(module.runtime.MetricsFile):  # type: ignore[name-defined, misc]
        measured, measures = "share", ("accuracy",)

    class Training(module.runtime.Training):  # type: ignore[name-defined, misc]
        def describe(self) -> Plain:
            return dict(super().describe() | {"monitored": "accuracy"})

        def metrics_file(self, folders: Any, log_folder: Any, chance: float) -> Any:
            return Metrics(folders, log_folder, self.params, chance, self.probe)

        def add_baselines(self) -> list[float]:
            return [0.5]

        def measure_test(self, model: Any) -> None:
            batches = self.test.evaluation_batches(self.batch_size)
            found = model.evaluate(batches, return_dict=True, verbose=0)
            self.metrics.content["final_metrics"]["test_accuracy"] = found["accuracy"]

    return Training


@pytest.mark.slow
def test_a_kind_that_ranks_no_products_trains(shop_with_past: Run) -> None:
    import tensorflow_transform as tft

    module, fn_args = shop_with_past.module(), shop_with_past.fn_args("classifier")
    kind = classifier(module)

    def build_model(training: Any) -> Any:
        output = training.transform_output
        candidate = module.CandidateTower(output)
        candidate(training.probe)
        # A list of products is embedded with their table.
        query = module.QueryTower(output, candidate.sku_embedding)
        query(training.probe)
        model = kind(query, candidate, catalogue=training.catalogue)
        model.compile(tf.keras.optimizers.Adam(0.01))
        model.optimizer.build(model.trainable_variables)
        return model

    sizes: Plain = {"epochs": 6, "batch_size": 64, "learning_rate": 0.01, "seed": 1}
    training = training_of(module)(
        fn_args,
        module.runtime.Settings.read(fn_args, **sizes),
        module.COLUMNS,
        tft.TFTransformOutput(fn_args.transform_graph_path),
        build_model,
        params={"config_digest": "0"},
        ema_decay=0.9,
    )
    training.fit_first(math.log(2), patience=5)
    model = training.refit("second", training.validation, "validation")
    training.add_test(model)
    training.require_success()
    content = training.metrics.content
    assert content["loss"]["loss"][-1] < 0.6 * content["loss"]["loss"][0]
    assert content["share"]["val_accuracy"][-1] > 0.9
    assert content["final_metrics"]["test_accuracy"] > 0.9
    assert "val_coverage_at_100" not in content["health"]
    assert content["params"]["served_rows"] == 1160 + 145
