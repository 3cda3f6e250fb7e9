"""Replicas: copies of the model that train together."""

import os

import tensorflow as tf

from .messages import say


class Replicas:
    """Copies of the model that train together: one for each GPU, on one or more workers.

    Attributes:
        strategy: TensorFlow's distribution strategy; the default one for one replica.
        count: Number of replicas.
        workers: Number of processes in TF_CONFIG.
        worker: Index of this process among the workers; the first one writes.
    """

    def __init__(self, settings):
        limit = 0 if settings.gpu_enabled is False else settings.gpu_count
        if limit == 0:
            tf.config.set_visible_devices([], "GPU")
        gpus = accelerators()
        wanted = (limit or 1) if settings.gpu_enabled else 0
        if len(gpus) < wanted:
            raise RuntimeError(
                f"custom_config asks for {wanted} GPU(s) and TensorFlow sees {len(gpus)}: "
                "check the machine type and the image, or set gpu_enabled to false."
            )
        cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        tasks = cluster.cluster_spec().as_dict()
        chiefs = len(tasks.get("chief", []))
        self.workers, self.worker = chiefs + len(tasks.get("worker", [])), 0
        if self.workers > 1:
            if limit is not None:
                visible = tf.config.list_physical_devices("GPU")[:limit]
                tf.config.set_visible_devices(visible, "GPU")
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
            is_worker = cluster.task_type == "worker"
            self.worker = (cluster.task_id or 0) + (chiefs if is_worker else 0)
        elif len(gpus[:limit]) > 1:
            self.strategy = tf.distribute.MirroredStrategy(gpus[:limit])
        else:
            self.strategy = tf.distribute.get_strategy()
        self.count = self.strategy.num_replicas_in_sync

    def batch_size(self, wanted):
        """Return the rows of a global batch: a multiple of the replicas."""
        if wanted < self.count:
            raise ValueError(f"{wanted} rows are too few for {self.count} replicas.")
        rows = wanted // self.count
        if self.count > 1:
            say("note", f"{self.count} replicas, {rows} rows each")
        return rows * self.count

    def distribute(self, batches, batch_size):
        """Return batches that are divided among the replicas."""
        if self.count == 1:
            return batches

        def own_parts(context):
            parts = batches.rebatch(batch_size // context.num_input_pipelines)
            parts = parts.shard(context.num_input_pipelines, context.input_pipeline_id)
            return parts.rebatch(batch_size // self.count)

        return self.strategy.distribute_datasets_from_function(own_parts)

    def output_folders(self, fn_args, copy=None):
        """Return the folders for metrics files and for TensorBoard; only worker 0 writes."""
        if self.worker:
            return [], None
        beside_model = os.path.dirname(fn_args.serving_model_dir.rstrip("/"))
        folders = [beside_model, copy] if copy else [beside_model]
        return folders, os.path.join(fn_args.model_run_dir, "tensorboard")

    def own_folder(self, folder):
        """Return a folder for this worker: all write, but only worker 0's folder stays."""
        return f"{folder}-worker-{self.worker}" if self.worker else folder

    def require_same(self, **numbers):
        """Raise an error if the workers do not see the same files."""
        if self.workers < 2:
            return
        own = tf.constant(list(numbers.values()), tf.float64)
        replicated = self.strategy.run(tf.identity, (own,))
        if tf.reduce_any(self.strategy.reduce("MEAN", replicated, None) != own):
            raise RuntimeError(
                f"Other workers have different numbers: all must read the same files. {numbers}"
            )


def accelerators():
    """Return the names of the visible GPUs."""
    gpus = tf.config.get_visible_devices("GPU")
    return [f"GPU:{number}" for number in range(len(gpus))]


def replica_count():
    """Return the number of replicas that train together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def gather_replicas(values):
    """Return the rows of all replicas, in the order of the replicas."""
    if replica_count() == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def replica_row_numbers(values):
    """Return the positions of this replica's rows in `gather_replicas`."""
    context, rows = tf.distribute.get_replica_context(), tf.range(tf.shape(values)[0])
    if context.num_replicas_in_sync == 1:
        return rows
    counts = gather_replicas(tf.shape(values)[:1])
    return rows + tf.reduce_sum(counts[: context.replica_id_in_sync_group])


def replica_slice(rows):
    """Return this replica's part of rows that all replicas have."""
    context = tf.distribute.get_replica_context()
    replica, replicas = context.replica_id_in_sync_group, context.num_replicas_in_sync
    if replicas == 1:
        return rows
    count = tf.shape(next(iter(rows.values())))[0]
    start, stop = count * replica // replicas, count * (replica + 1) // replicas
    return {name: values[start:stop] for name, values in rows.items()}


def reduced(kind, values):
    """Return the "SUM" or "MEAN" of the values of all replicas."""
    if replica_count() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(kind, values)


def counter():
    """Return a variable that counts steps, on each replica."""
    return tf.Variable(
        tf.constant(0, tf.int64),  # XLA cannot access int32 on a GPU
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
