"""Checkpoints: the best epoch, and going on after a kill."""

import hashlib
import json
import math
import os

import tensorflow as tf

from .files import copy_files
from .messages import say

SAVED = "saved"  # file among the checkpoints of a training whose model is saved


def checkpoint_folder(fn_args, replicas, params, *splits):
    """Return this worker's folder for the checkpoints of a training, and of no other.

    Its name has the settings, and a digest of the rows, the vocabularies and this code.
    """
    digest = hashlib.sha256(tf.__version__.encode())
    with open(__file__, "rb") as file:
        digest.update(file.read())
    assets = os.path.join(fn_args.transform_graph_path, "transform_fn", "assets")
    for name in sorted(tf.io.gfile.listdir(assets)):
        with tf.io.gfile.GFile(os.path.join(assets, name), "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    for split in splits:
        digest.update(split.digest().encode())
    names = ["config_digest", "seed", "batch_size", "learning_rate", "epochs"]
    names += ["steps_per_epoch", "train_rows", "validated_rows"]
    settings = [params[name] for name in names]
    parts = ["checkpoints", *settings, digest.hexdigest()[:12]]
    own, place = "-".join(map(str, parts)), fn_args.model_run_dir
    for name in tf.io.gfile.listdir(place) if tf.io.gfile.exists(place) else ():
        if name.startswith("checkpoints-") and not name.startswith(own):
            say("note", f"{name} is of other settings or data: left alone")
    folder = os.path.join(place, own)
    if replicas.worker:  # its own may be an epoch behind those of the first worker
        copy_files(folder, replicas.own_folder(folder))
    tf.io.gfile.makedirs(replicas.own_folder(folder))
    return replicas.own_folder(folder)


def is_saved(folder, model_folder):
    """Return whether an earlier process saved the model; it was killed while tidying up."""
    model = os.path.join(model_folder, "saved_model.pb")
    return tf.io.gfile.exists(os.path.join(folder, SAVED)) and tf.io.gfile.exists(model)


def remove_checkpoints(folder, is_model_saved):
    """Remove a folder of checkpoints; after a kill in between, `is_saved` still tells."""
    marker = os.path.join(folder, SAVED)
    if is_model_saved:
        with tf.io.gfile.GFile(marker, "w") as file:
            file.write("")
    for name in tf.io.gfile.listdir(folder):
        path = os.path.join(folder, name)
        if tf.io.gfile.isdir(path):  # a half-written checkpoint
            tf.io.gfile.rmtree(path)
        elif path != marker:
            tf.io.gfile.remove(path)
    tf.io.gfile.rmtree(folder)


class Checkpoints(tf.keras.callbacks.Callback):
    """Keeps the best epoch, stops training without progress, and allows resuming.

    A checkpoint has weights, optimizer and, as JSON, the metrics so far, so a training that
    was killed continues with the next epoch. The last two epochs and the best one are kept.

    Args:
        folder: Where they are written, as returned by `checkpoint_folder`.
        stage: "first", "second" or "third", of the training; with it, their names begin.
        patience: Epochs without a better recall before training ends; None trains all.
        plateau_factor: Factor for the learning rate after each epoch without progress.
    """

    def __init__(
        self, folder, stage, model, metrics, patience=None, plateau_factor=None
    ):
        super().__init__()
        self.folder, self.stage, self.content = folder, stage, metrics.content
        self.metrics = metrics
        self.patience, self.plateau_factor = patience, plateau_factor
        self.json = tf.Variable("", trainable=False)
        parts = {"model": model, "optimizer": model.optimizer, "json": self.json}
        self.everything = tf.train.Checkpoint(**parts)

    def resume(self):
        """Return the epoch to continue with: 0, unless an earlier process was killed."""
        numbers = sorted(set(self._files().values()), reverse=True)
        for done in numbers:
            saved = self._content(done)
            best = saved["params"].get("best_epoch", done - 1) + 1 if saved else done
            is_needed = self.stage == "first" and best != done
            if not saved or (is_needed and not self._content(best)):
                continue
            self.everything.read(self._path(done)).assert_existing_objects_matched()
            for key, value in saved.items():
                if isinstance(value, dict):
                    self.content[key].update(value)  # other objects refer to these
                else:
                    self.content[key] = value
            self.metrics.write()
            what = "" if self.stage == "first" else f" of the {self.stage} training"
            say("note", f"going on after epoch {done}{what}")
            params = self.content["params"]
            is_over = self.stage == "first" and "stopped_early" in params
            return params["epochs"] if is_over else done
        if numbers:
            what = f"no checkpoint of the {self.stage} training is whole"
            say("warning", f"{what}: it begins again")
        return 0

    def on_epoch_end(self, epoch, logs=None):
        params = self.content["params"]
        if "failure" in params:
            return
        if self.plateau_factor:
            rate = self.model.optimizer.learning_rate
            params.setdefault("learning_rates", []).append(float(rate.numpy()))
        measure = params.get("kept_by", params["monitored"])
        value = logs.get(f"val_{measure}", math.nan)
        best = {"loss": ("best_loss", -1), "both_tasks": ("best_of_both", 1)}
        name, sign = best.get(
            measure, ("best_recall", 1)
        )  # by whether higher is better
        if sign * value > sign * params.get(name, -sign * math.inf):
            params |= {name: value, "best_epoch": epoch}
        elif self.patience and epoch - params["best_epoch"] >= self.patience:
            params["stopped_early"] = self.model.stop_training = True
        elif self.plateau_factor:
            rate.assign(rate * self.plateau_factor)
        if self.stage != "first":  # which has a line from MetricsFile
            stage, last, loss = self.stage, self.params["epochs"], logs["loss"]
            print(
                f"{stage} training: epoch {epoch + 1}/{last}  loss {loss:.4f}",
                flush=True,
            )
        self.json.assign(json.dumps(self.content, default=float))
        self.everything.write(self._path(epoch + 1))
        kept = {epoch, epoch + 1, params.get("best_epoch", epoch) + 1}
        for name, done in self._files().items():
            if done not in kept:
                tf.io.gfile.remove(os.path.join(self.folder, name))

    def restore_best(self):
        """Restore the weights of the best epoch."""
        done = self.content["params"]["best_epoch"] + 1
        self.everything.read(self._path(done)).assert_existing_objects_matched()

    def _path(self, done):
        return os.path.join(self.folder, f"{self.stage}-{done}")

    def _files(self):
        """Return the number of epochs that each of the checkpoints' files is of, by name."""
        numbers = {}
        for name in tf.io.gfile.listdir(self.folder):
            stage, _, number = name.partition(".")[0].partition("-")
            if stage == self.stage and number.isdigit():
                numbers[name] = int(number)
        return numbers

    def _content(self, done):
        """Return the metrics in a checkpoint, of which all is read; None if it is damaged."""
        path = self._path(done)
        try:
            reader = tf.train.load_checkpoint(path)
            for name in reader.get_variable_to_shape_map():
                reader.get_tensor(name)
            return json.loads(reader.get_tensor("json/.ATTRIBUTES/VARIABLE_VALUE"))
        except (tf.errors.OpError, LookupError, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            say("warning", f"{path} is damaged: {reason}")
            return None
