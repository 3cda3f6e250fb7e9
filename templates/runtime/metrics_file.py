"""The metrics file, TensorBoard and the line of an epoch."""

import json
import os
import time

import numpy as np
import tensorflow as tf

from .health import MOMENTS, dead_units, describe, embedding_health, sample_weights
from .measures import LOSSES, MEASURES, TOWERS
from .messages import say
from .retrieval.evaluation import Evaluation, UnknownBuyers

TEST_SCORES = 1 << 34  # rows times products in a test, and again pairs times products
# Powers of ten that the edges of all histograms span.
HISTOGRAM_RANGES = {"weight_stats": (-4, 2), "gradient_stats": (-9, 3)}


class MetricsFile(tf.keras.callbacks.Callback):
    """Updates training_metrics.json and TensorBoard, and prints a line per epoch."""

    def __init__(self, folders, log_folder, params, chance, probe, validation_probe):
        super().__init__()
        self.paths = [os.path.join(f, "training_metrics.json") for f in folders]
        self.chance = chance  # the loss of equal scores
        self.probe = probe  # training rows for each epoch's statistics
        self.validation_probe = validation_probe  # rows for coverage
        self.writer = tf.summary.create_file_writer(log_folder) if log_folder else None
        series = ("effective_rank", "mean_cosine", "update_ratio")
        self.content = {
            "schema_version": 1,
            "available": True,
            "epochs": [],
            "loss": {f"{split}{name}": [] for split in ("", "val_") for name in LOSSES},
            "recall": {f"val_{name}": [] for name in MEASURES},
            "gradient": {name: [] for name in ("total", *TOWERS)},
            "health": {"loss_to_chance": [], "val_coverage_at_100": []}
            | {tower: {name: [] for name in series} for tower in TOWERS},
            "weight_stats": {},
            "gradient_stats": {},
            "final_metrics": {},
            "params": params,
        }
        for group, (low, high) in HISTOGRAM_RANGES.items():
            edges = np.logspace(low, high, 13).tolist()
            edges = [-edge for edge in reversed(edges)] + edges
            for tower in TOWERS:
                self.content[group][tower] = {name: [] for name in MOMENTS}
                histogram = {"bin_edges": edges, "counts": []}
                self.content[group][tower]["histogram"] = histogram

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        towers = self.model.towers.items()
        self.weights = {name: sample_weights(tower) for name, tower in towers}

    def on_epoch_end(self, epoch, logs=None):
        content = self.content
        content["epochs"].append(epoch)
        for name, values in (content["loss"] | content["recall"]).items():
            values.append(logs.get(name))
        for name, values in content["gradient"].items():
            values.append(logs[f"{name}_gradient"])
        self._add_statistics()
        self._add_health(logs["loss"])
        content["final_metrics"] |= {f"final_{k}": value for k, value in logs.items()}
        self.write()
        self._summarize(epoch)
        figures = f"loss {logs['loss']:.4f}"
        if "val_loss" in logs:
            figures += f"  val_loss {logs['val_loss']:.4f}"
            name = f"val_{content['params']['monitored']}"
            figures += f"  {name.replace('_at_', '@')} {logs[name]:.4f}"
        figures += f"  {time.perf_counter() - self.started:.1f} s"
        print(f"epoch {epoch + 1}/{self.params['epochs']}  {figures}", flush=True)

    def _add_statistics(self):
        """Add statistics of each tower's weights and of its gradients on the probe."""
        gradients = self.model.probe_gradients(self.probe)
        for name, tower in self.model.towers.items():
            weights = tower.trainable_variables
            own = [gradients[weight.ref()] for weight in weights]
            # For an embedding table, only the rows that the probe touches.
            own = [g.values if isinstance(g, tf.IndexedSlices) else g for g in own]
            for group, tensors in (("weight_stats", weights), ("gradient_stats", own)):
                target = self.content[group][name]
                moments, counts = describe(tensors, target["histogram"]["bin_edges"])
                target["histogram"]["counts"].append(counts.numpy().tolist())
                for moment, value in moments.items():
                    target[moment].append(float(value))

    def _add_health(self, loss):
        """Add the distance from chance, and how each tower uses its dimensions."""
        health, model = self.content["health"], self.model
        health["loss_to_chance"].append(loss / self.chance)
        model.embed_catalogue()
        shown = model.top_products(self.validation_probe)
        health["val_coverage_at_100"].append(len(shown) / model.candidates.shape[0])
        for name, tower in model.towers.items():
            before, after = self.weights[name], sample_weights(tower)
            change = tf.norm(after - before) / tf.maximum(tf.norm(before), 1e-30)
            figures = embedding_health(tower(self.probe)) | {"update_ratio": change}
            if hasattr(tower, "trace"):  # it has ReLU layers
                figures["dead_units"] = dead_units(tower, self.probe)
            for key, value in figures.items():
                health[name].setdefault(key, []).append(float(value))

    def _summarize(self, epoch):
        """Write the epoch's figures for TensorBoard under their names in the file."""

        def write(tag, values):
            if isinstance(values, dict):
                for name, value in values.items():
                    write(f"{tag}/{name}", value)
            elif values[-1] is not None:
                # Like tf.summary.scalar, which would need the package tensorboard.
                plugin = {"plugin_name": "scalars"}
                metadata = tf.compat.v1.SummaryMetadata(plugin_data=plugin)
                tf.summary.write(tag, values[-1], metadata=metadata)

        if self.writer:
            with self.writer.as_default(epoch):
                for group in ("loss", "recall", "gradient", "health"):
                    write(group, self.content[group])
            self.writer.flush()

    def add_baselines(self, counting, validated):
        """Add what counting reaches on validation rows; returns the monitored values."""
        params = self.content["params"]
        found = counting.measure(validated, params["half_lives"])
        self.content["final_metrics"] |= {f"val_{k}": v for k, v in found.items()}
        self.write()
        names, measure = params["half_lives"], params["monitored"]
        return {name: found[f"{name}_{measure}"] for name in names}

    def add_test(self, model, replicas, counting, test):
        """Add the evaluation on the test of a model of the rows that were counted."""
        params = self.content["params"]
        most = max(1, TEST_SCORES // len(counting.catalogue.indices))
        baselines = params["half_lives"]
        evaluation = Evaluation(counting, test, baselines, params["seed"], most)
        tested = test.spaced(most)
        params["tested_rows"] = tested.count
        if tested.count < test.count:
            rows = f"{tested.count:,} of {test.count:,} rows"
            pairs = len(evaluation.pairs)
            known = f"{pairs:,} of {pairs + evaluation.unscored:,} pairs"
            say("note", f"test on {rows} and {known}, evenly spaced")
        batches = tested.evaluation_batches(params["batch_size"])
        own = replicas.distribute(batches, params["batch_size"])
        found = model.evaluate(own, steps=len(batches), return_dict=True, verbose=0)
        found |= counting.measure(tested, baselines)
        final = self.content["final_metrics"]
        final |= {f"test_{name}": value for name, value in found.items()}
        if len(evaluation.pairs):
            compared = self.content["evaluation"] = evaluation.compare(model)
            unknown = UnknownBuyers(counting, test, baselines, params["seed"])
            unknown.add_to(compared, model)
        self.write()
        name = params["monitored"]
        best = max(baselines, key=lambda baseline: found[f"{baseline}_{name}"])
        shown, words = name.replace("_at_", "@"), best.replace("_", " ")
        figures = f"{found[name]:.4f}  {words} {found[f'{best}_{name}']:.4f}"
        print(f"test_{shown} {figures}", flush=True)

    def write(self):
        """Write the file so that readers never see half of it."""
        self.content["saved_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        # JSON has no NaN or infinity: they become null.
        text = json.dumps(self.content, default=float)
        content = json.loads(text, parse_constant=lambda _: None)
        for path in self.paths:
            tf.io.gfile.makedirs(os.path.dirname(path))
            with tf.io.gfile.GFile(f"{path}.partial", "w") as file:
                file.write(json.dumps(content, allow_nan=False, indent=1))
            tf.io.gfile.rename(f"{path}.partial", path, overwrite=True)
