"""The metrics file, TensorBoard and the line of an epoch."""

import json
import os
import time

import numpy as np
import tensorflow as tf

from .figures import LOSSES, TOWERS
from .health import MOMENTS, dead_units, describe, embedding_health, sample_weights

# Powers of ten that the edges of all histograms span.
HISTOGRAM_RANGES = {"weight_stats": (-4, 2), "gradient_stats": (-9, 3)}


class MetricsFile(tf.keras.callbacks.Callback):
    """Updates training_metrics.json and TensorBoard, and prints a line per epoch.

    Attributes:
        measured: The group of what validation measures besides the loss.
        measures: The names in this group, without "val_".
    """

    measured = "recall"
    measures: tuple[str, ...] = ()

    def __init__(self, folders, log_folder, params, chance, probe):
        super().__init__()
        self.paths = [os.path.join(f, "training_metrics.json") for f in folders]
        self.chance = chance  # the loss of equal scores
        self.probe = probe  # training rows for each epoch's statistics
        self.writer = tf.summary.create_file_writer(log_folder) if log_folder else None
        series = ("effective_rank", "mean_cosine", "update_ratio")
        self.content = {
            "schema_version": 1,
            "available": True,
            "epochs": [],
            "loss": {f"{split}{name}": [] for split in ("", "val_") for name in LOSSES},
            self.measured: {f"val_{name}": [] for name in self.measures},
            "gradient": {name: [] for name in ("total", *TOWERS)},
            "health": {"loss_to_chance": []}
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
        for name, values in (content["loss"] | content[self.measured]).items():
            values.append(logs.get(name))
        for name, values in content["gradient"].items():
            values.append(logs[f"{name}_gradient"])
        self._add_statistics()
        self._add_health(logs)
        content["final_metrics"] |= {f"final_{k}": value for k, value in logs.items()}
        self.write()
        self._summarize(epoch)
        seconds = time.perf_counter() - self.started
        shown = f"{self.figures(logs)}  {seconds:.1f} s"
        print(f"epoch {epoch + 1}/{self.params['epochs']}  {shown}", flush=True)

    def figures(self, logs):
        """Return the figures in the line of an epoch."""
        found = f"loss {logs['loss']:.4f}"
        if "val_loss" in logs:
            name = f"val_{self.content['params']['monitored']}"
            found += f"  val_loss {logs['val_loss']:.4f}"
            found += f"  {name.replace('_at_', '@')} {logs[name]:.4f}"
        return found

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

    def _add_health(self, logs):
        """Add the distance from chance, and how each tower uses its dimensions."""
        health = self.content["health"]
        health["loss_to_chance"].append(logs["loss"] / self.chance)
        for name, tower in self.model.towers.items():
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
                for group in dict.fromkeys(
                    ("loss", self.measured, "gradient", "health")
                ):
                    write(group, self.content[group])
            self.writer.flush()

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
