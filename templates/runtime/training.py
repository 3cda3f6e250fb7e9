"""Training: reads the rows, trains models, measures and saves them."""

import gc
import os
import tempfile

import tensorflow as tf

from .averages import WeightAverage
from .catalogue import Catalogue
from .checkpoints import Checkpoints, checkpoint_folder, is_saved, remove_checkpoints
from .failures import FailureWatch
from .histories import describe_histories
from .messages import say
from .replicas import Replicas
from .rows import PROBED_ROWS, RowCache, Split, buyer_dropout, recency

MANY_ROWS = 1_000_000  # with fewer, what is not needed any more is small


class Training:
    """A run of the trainer: reads the rows, trains models, measures and saves them.

    A kind of model has a subclass, which says what is measured: it defines `metrics_file`,
    `add_baselines` and `measure_test`; adds "monitored", the measure by which epochs are
    compared, in `describe`; and may extend `read`, `use`, `most_validated`, `watch` and
    `complete`.

    Args:
        build_model: Function of this object that returns a compiled model with new weights.
        params: What the metrics file says of the config.
        least_batch: Least rows of a batch; 2 if its other products are the negatives.
        half_life_days: Age at which rows are drawn half as often; None draws all alike.
        ema_decay: The decay of WeightAverage; None trains without it.
        buyer_id_dropout: Share of the rows that are trained as those of unknown buyers.
        cache: Where parsed rows are kept, as in RowCache.

    Attributes:
        train, validation, test: The splits; `test` is None if there is none.
        validated: The validation rows that are measured: all, or a sample of many.
        batch_size: Rows of a global batch.
        rows: What is trained on; `catalogue`, `draw_chance` and `steps` (of an epoch)
            follow from it.
        probe: A sample of the training rows.
        params: Settings and results of the training, in the metrics file. Of them,
            `measured_rows` and `served_rows` are the numbers of rows on which the model
            that the test measured, and the one that is saved, are trained, and
            `measured_unknown_products` is the share of test rows whose product the
            former does not know.
    """

    def __init__(
        self,
        fn_args,
        settings,
        columns,
        transform_output,
        build_model,
        params,
        least_batch=1,
        half_life_days=None,
        ema_decay=None,
        buyer_id_dropout=0.0,
        cache="memory",
    ):
        self.fn_args, self.settings, self.build_model = fn_args, settings, build_model
        self.transform_output = transform_output
        self.half_life_days, self.ema_decay = half_life_days, ema_decay
        self.buyer_id_dropout = buyer_id_dropout
        self.replicas = Replicas(settings)
        self.cache = RowCache(cache, self.cache_folder() if cache == "disk" else None)
        # Ranks depend on the last digits of scores, which TensorFloat-32 drops on GPUs.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        self.train = self.read(fn_args.train_files, "training", columns)
        self.validation = self.read(fn_args.eval_files, "validation", columns)
        self.test = None
        if settings.test_files:
            self.test = self.read(settings.test_files, "test", columns)
        else:
            say("note", "no test: the metrics have no test_ figures")
        rows = min(settings.batch_size, self.train.count)
        self.batch_size = self.replicas.batch_size(rows)
        if self.batch_size < least_batch:
            raise ValueError("A batch of one row has no negatives to learn from.")
        self.use(self.train)
        most = self.most_validated()
        if settings.eval_steps:
            most = settings.eval_steps * self.batch_size
        self.validated = self.validation.spaced(most)
        if self.validated.count < self.validation.count:
            rows = f"{self.validated.count:,} of {self.validation.count:,} rows"
            say("note", f"validation on {rows}")
        self.probe = self.train.sample(PROBED_ROWS)
        self.params = params | self.describe()
        self.folder = checkpoint_folder(
            fn_args, self.replicas, self.params, self.train, self.validation
        )

    def read(self, patterns, name, columns):
        """Return the rows of matching files that are used; errors call the split `name`."""
        return Split.read(patterns, name, columns, self.cache)

    def cache_folder(self):
        """Return the folder for parsed rows: this machine's disk, also if others' is used."""
        place = self.fn_args.model_run_dir
        if "://" in place:
            return tempfile.mkdtemp(prefix="row_cache-")
        return self.replicas.own_folder(os.path.join(place, "row_cache"))

    def use(self, rows):
        """Train on these rows from now on."""
        self.rows, self.draw_chance = rows, None
        if self.half_life_days:
            times = rows.column(rows.columns.time)
            self.draw_chance = recency(times, self.half_life_days)
        self.catalogue = Catalogue(rows, self.transform_output, self.draw_chance)
        self.steps = self.catalogue.steps(self.batch_size, self.settings.train_steps)

    def most_validated(self):
        """Return the most validation rows that are measured, unless eval_steps says it."""
        return self.validation.count

    def describe(self):
        """Return the settings and the data for the metrics file."""
        settings, catalogue = self.settings, self.catalogue
        params = {
            "epochs": settings.epochs,
            "batch_size": self.batch_size,
            "replicas": self.replicas.count,
            "learning_rate": settings.learning_rate,
            "seed": settings.seed,
            "train_rows": self.train.count,
            "eval_rows": self.validation.count,
            "validated_rows": self.validated.count,
            "test_rows": self.test.count if self.test else None,
            "steps_per_epoch": self.steps,
            "candidates": len(catalogue.indices),
            **catalogue.unknown(train=self.train, eval=self.validated, test=self.test),
            "device": "GPU" if tf.config.get_visible_devices("GPU") else "CPU",
            "tensorflow": tf.__version__,
        }
        if self.train.columns.histories:
            params["histories"] = describe_histories(self.train, catalogue)
        return params

    @property
    def has_failed(self):
        """Whether a training stopped without a model that is worth saving."""
        return "failure" in self.params

    def is_saved(self):
        """Return whether an earlier process saved the model, and tidy up after it."""
        if not is_saved(self.folder, self.fn_args.serving_model_dir):
            return False
        say("note", "the model is saved already")
        remove_checkpoints(self.folder, is_model_saved=True)
        return True

    def metrics_file(self, folders, log_folder, chance):
        """Return the MetricsFile of this training."""
        raise NotImplementedError

    def add_baselines(self):
        """Add what baselines reach on `validated`; returns those of FailureWatch."""
        raise NotImplementedError

    def measure_test(self, model):
        """Add the figures of a model of the present rows on the test to the metrics."""
        raise NotImplementedError

    def validations(self, each_epoch):
        """Return callbacks that validate what Keras does not: each epoch, or the last one."""
        return []

    def watch(self, stage, baselines=None):
        """Return the FailureWatch of a training."""
        return FailureWatch(self.metrics, stage, baselines)

    def complete(self, model):
        """Set what a trained model has besides the weights that were trained."""

    def fit_first(
        self, chance, patience=None, plateau_factor=None, validates_each_epoch=True
    ):
        """Return a model that is trained on the training rows, with its best epoch's weights.

        Args:
            chance: The loss of a model that knows nothing.
            patience: As in Checkpoints.
            plateau_factor: As in Checkpoints.
            validates_each_epoch: Whether validation follows each epoch, or only the last.
        """
        folders, log_folder = self.replicas.output_folders(
            self.fn_args, self.settings.gcs_output_path
        )
        self.metrics = self.metrics_file(folders, log_folder, chance)
        watch = self.watch("first", self.add_baselines())
        others = self.validations(validates_each_epoch)
        batches = self.validated.evaluation_batches(self.batch_size)
        return self._fit(
            "first",
            self.settings.epochs,
            [*others, self.metrics, watch],
            {"patience": patience, "plateau_factor": plateau_factor},
            validation_data=self.replicas.distribute(batches, self.batch_size),
            validation_steps=len(batches),
            validation_freq=1 if validates_each_epoch else [self.settings.epochs],
        )

    def refit(self, stage, added, name):
        """Return a new model, trained on more rows for as many epochs as the best one had.

        Args:
            stage: As in Checkpoints.
            added: The rows of a split that are added, usually newer ones.
            name: What the split is called.
        """
        params, epochs = self.params, self.settings.epochs
        best = params["refit_epochs"] = params.get("best_epoch", epochs - 1) + 1
        print(
            f"training again, on {name} rows too: {best} of {epochs} epochs", flush=True
        )
        self.metrics.model = None
        if self.rows.count > MANY_ROWS:
            gc.collect()  # the model before, whose parts refer to each other
        self.use(self.rows + added)
        callbacks = [self.watch(stage)]
        if rates := params.get("learning_rates"):  # on a plateau
            callbacks.append(
                tf.keras.callbacks.LearningRateScheduler(lambda epoch, _: rates[epoch])
            )
        return self._fit(stage, best, callbacks)

    def _fit(self, stage, epochs, callbacks, limits=None, **validation):
        """Return a new model, trained on `rows` until `epochs` are done.

        `limits` are the patience and plateau_factor of Checkpoints, and `validation` is
        what Keras' fit validates with. A killed process's epochs are not done again.
        """
        replicas, seed = self.replicas, self.settings.seed
        tf.keras.utils.set_random_seed(seed)
        with replicas.strategy.scope():
            model = self.build_model(self)
        checkpoints = Checkpoints(
            self.folder, stage, model, self.metrics, **(limits or {})
        )
        callbacks = [*callbacks, checkpoints]
        if self.ema_decay:
            callbacks.append(WeightAverage(self.ema_decay))
        first_epoch = checkpoints.resume()
        counts = {"train": self.train.count, "validation": self.validated.count}
        replicas.require_same(epochs_done=first_epoch, **counts)
        hide = None
        if self.buyer_id_dropout:
            unknown = self.catalogue.buyers, self.rows.columns.unknown_buyers
            hide = buyer_dropout(self.buyer_id_dropout, *unknown)
        first_step, keeps = first_epoch * self.steps, model.keeps_buyers
        batches = self.rows.training_batches(
            self.batch_size, seed, first_step, self.draw_chance, hide, keeps
        )
        model.fit(
            replicas.distribute(batches, self.batch_size),
            initial_epoch=first_epoch,
            epochs=epochs,
            steps_per_epoch=self.steps,
            callbacks=callbacks,
            verbose=0,
            **validation,
        )
        if stage == "first" and not self.has_failed:
            checkpoints.restore_best()
        self.complete(model)
        return model

    def add_test(self, model):
        """Measure a model of the present rows on the test, if there is one."""
        if self.test:
            self.params["measured_rows"] = self.rows.count
            unknown = self.catalogue.unknown(test=self.test)["unknown_products"]
            self.params["measured_unknown_products"] = unknown["test"]
            self.measure_test(model)

    def require_success(self):
        """Raise an error if a training has failed; what was measured is kept.

        Its message is one line with a fixed beginning, to be found in a pipeline's log.
        """
        if not self.has_failed:
            self.params["served_rows"] = self.rows.count
        self.metrics.write()
        if self.has_failed:
            remove_checkpoints(self.folder, is_model_saved=False)
            kind, reason = self.params["failure_kind"], self.params["failure"]
            raise RuntimeError(f"RECGEN-FAILURE {kind} {reason}")

    def save(self, recommender):
        """Save what recommends products; then, rows and checkpoints are not needed any more."""
        print("saving the model", flush=True)
        self.cache.remove()
        folder = self.replicas.own_folder(self.fn_args.serving_model_dir)
        recommender.save(folder)
        # All workers save, since they read variables together.
        if self.replicas.worker:
            tf.io.gfile.rmtree(folder)
        remove_checkpoints(self.folder, is_model_saved=True)
