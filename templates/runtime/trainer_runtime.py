"""Runtime of generated trainers: the code that is the same for all configs.

A trainer_module.py has the towers, loss, settings and run_fn, which build on this.
"""

import dataclasses
import hashlib
import json
import math
import os
import pathlib
import time

# TFRS needs Keras 2, and TensorFlow chooses its Keras on first use.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf

if not tf.keras.__name__.startswith("tf_keras"):
    raise ImportError(
        "This trainer needs Keras 2: install tf-keras, and set TF_USE_LEGACY_KERAS=1 "
        "before TensorFlow's Keras is first used."
    )

# The digest in line 2, if it is that of everything after this line.
_, _stated, _text = pathlib.Path(__file__).read_text("utf-8").split("\n", 2)
_digest = hashlib.sha256(_text.encode()).hexdigest()[:12]
DIGEST = _digest if _stated == f"# digest: {_digest}" else "of an edited file"

# Bounds of time and memory.
SHUFFLE_ROWS = 131_072  # rows that are shuffled together
CATALOGUE_BLOCK = 8192  # products that are scored together
VALIDATION_SCORES = 1 << 34  # rows times products in a validation
RANKED_ROWS = 1024  # test rows that are ranked together
COVERAGE_BUYERS = 10_000  # test buyers whose top 100 products are counted
BOOTSTRAPS = 200  # resamples of the buyers, for intervals
AVERAGE_EVERY = 32  # steps between two updates of averaged weights

# Metrics of an epoch.
TOWERS = ("query", "candidate")
RECALL_AT = (5, 10, 50, 100)
RECALLS = tuple(f"recall_at_{k}" for k in RECALL_AT)
LOSSES = ("loss", "regularization_loss", "total_loss")
GRADIENTS = ("total_gradient", "query_gradient", "candidate_gradient")
MOMENTS = ("mean", "std", "min", "max", "norm")
PROBED_ROWS = 1024  # training rows that are described
COUNTED_ROWS = 256  # validation rows whose top 100 products are counted
SAMPLED_WEIGHTS = 1024  # rows of each weight that are compared with the last epoch's
# Powers of ten that the edges of all histograms span.
HISTOGRAM_RANGES = {"weight_stats": (-4, 2), "gradient_stats": (-9, 3)}

# Failures. A tower is dead if its gradient is zero, or if it gives all rows the same
# vector. Losses are means, relative to chance, so the limits hold at every batch size.
DEAD_GRADIENT = 1e-7
DEAD_VARIANCE = 1e-5  # relative
DEAD_STEPS = 5  # before training is stopped
RARELY_FIRED = 0.01  # share of rows below which a unit counts as dead
DEAD_UNITS = 0.8  # share of such units in a dead layer
AT_CHANCE = 0.995  # share of the loss of equal scores
KNOWN = 0.5  # share of it below which a zero gradient means that all is learnt
# Before a model has to be better than chance and popularity.
GRACE_EPOCHS = 3
GRACE_STEPS = 500


@dataclasses.dataclass(frozen=True)
class Columns:
    """Names of the transformed features, as stored in the examples."""

    specs: dict  # how each is parsed, by name
    buyer: str  # an index in the vocabulary `buyer_vocabulary`
    product: str
    buyer_vocabulary: str
    product_vocabulary: str
    product_features: tuple  # what the candidate tower reads
    histories: tuple = ()  # lists of product indices
    time: str = ""  # epoch seconds of the row, if it has a time
    known: str = ""  # bits of the product's columns that have a value in the row
    known_bits: tuple = ()  # product features with the bits of their columns


class Split:
    """The rows of a split: a cached dataset of large chunks of features [rows]."""

    def __init__(self, dataset, columns):
        self.dataset, self.columns = dataset, columns
        self.count = sum(len(c[columns.product]) for c in self.chunks(columns.product))

    @classmethod
    def read(cls, patterns, name, columns):
        """Return the rows of matching files; errors call the split `name`."""

        def parse(examples):
            features = tf.io.parse_example(examples, columns.specs)
            # Lists take most of the memory, and int32 takes half of it.
            lists = {k: tf.cast(features[k], tf.int32) for k in columns.histories}
            return features | lists

        files = sorted(f for pattern in patterns for f in tf.io.gfile.glob(pattern))
        if not files:
            raise ValueError(f"No {name} files match {patterns}.")
        compression = "GZIP" if files[0].endswith(".gz") else ""
        rows = tf.data.TFRecordDataset(files, compression).batch(SHUFFLE_ROWS)
        options = tf.data.Options()
        options.autotune.enabled = False  # with it, ending an iterator can take seconds
        split = cls(rows.map(parse).cache().with_options(options), columns)
        if not split.count:
            raise ValueError(f"The {name} files contain no rows: {files}.")
        return split

    def __add__(self, other):
        """Return the rows of both splits."""
        return Split(self.dataset.concatenate(other.dataset), self.columns)

    def spaced(self, most):
        """Return all rows, or about `most` evenly spaced ones if there are more."""
        step = math.ceil(self.count / max(1, most))
        rows = self.dataset.map(lambda chunk: {k: v[::step] for k, v in chunk.items()})
        return Split(rows, self.columns)

    def chunks(self, *names):
        """Yield arrays of some columns by name for each chunk."""
        for chunk in self.dataset:
            yield {name: chunk[name].numpy() for name in names}

    def column(self, name):
        """Return one column of all rows."""
        return np.concatenate([chunk[name] for chunk in self.chunks(name)])

    def sample(self, size):
        """Return evenly spaced rows of the first chunk as columns by name."""
        chunk = next(iter(self.dataset))
        step = max(1, len(chunk[self.columns.product]) // size)
        return {name: values[::step][:size] for name, values in chunk.items()}

    def training_batches(self, batch_size, seed, first_step=0, draw_chance=None):
        """Return endless batches of equal size, reshuffled in each epoch.

        With `draw_chance`, a function of times, each row is only drawn with its chance.
        """

        def shuffle(chunk, chunk_seed):
            order = tf.range(tf.shape(chunk[self.columns.product])[0])
            if draw_chance:
                seeds, shape = [chunk_seed, seed], tf.shape(order)
                draws = tf.random.stateless_uniform(shape, seeds, dtype=tf.float64)
                is_drawn = draws < draw_chance(chunk[self.columns.time])
                order = tf.boolean_mask(order, is_drawn)
            order = tf.random.experimental.stateless_shuffle(order, [seed, chunk_seed])
            return {name: tf.gather(values, order) for name, values in chunk.items()}

        seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
        chunks = tf.data.Dataset.zip((self.dataset.shuffle(64, seed), seeds))
        batches = chunks.map(shuffle).rebatch(batch_size, drop_remainder=True).repeat()
        return batches.skip(first_step).prefetch(4)

    def evaluation_batches(self, batch_size):
        """Return all rows once, in batches."""
        steps = math.ceil(self.count / batch_size)
        batches = self.dataset.rebatch(batch_size).prefetch(4)
        return batches.apply(tf.data.experimental.assert_cardinality(steps))


def seed_everything(seed):
    """Seed Python, numpy and TensorFlow, and keep the full precision of scores."""
    tf.keras.utils.set_random_seed(seed)
    # Ranks depend on the last digits of scores, which TensorFloat-32 drops on GPUs.
    tf.config.experimental.enable_tensor_float_32_execution(False)


def recency(times, half_life_days):
    """Return a function from times to the chance of being drawn, 0 without a time."""
    # Not the very latest time: one wrong date in the future would make all rows old.
    newest = int(np.quantile(times, 0.999, method="nearest"))

    def chance(times):
        seconds = tf.cast(newest, tf.float64) - tf.cast(times, tf.float64)
        return 0.5 ** (tf.maximum(seconds, 0) / 86_400 / half_life_days)

    return chance


class Catalogue:
    """The unique products of the training data.

    Attributes:
        counts: Training rows of each product index, [vocabulary + 1]; the last one is for
            all out-of-vocabulary products.
        draws: The same for the rows that an epoch draws on average.
        indices: The products' indices, [products].
        position: Position of each index in `indices`, or -1, [vocabulary + 1].
        names: The products' original IDs as bytes, [products].
        features: Features of the products by name, [products] each. Each is taken from
            the latest row that has a value.
        buyers: Number of buyers with their own index; all others share the next one.
    """

    def __init__(self, split, transform_output, draw_chance=None):
        columns = self.columns = split.columns
        vocabulary = transform_output.vocabulary_by_name(columns.product_vocabulary)
        size = len(vocabulary)
        self.buyers = transform_output.vocabulary_size_by_name(columns.buyer_vocabulary)
        self.counts = np.zeros(size + 1, np.int64)
        self.draws = np.zeros(size + 1) if draw_chance else self.counts
        # Features of one column have a value in the same rows.
        bits = dict.fromkeys(columns.product_features, 0) | dict(columns.known_bits)
        groups = {own: [k for k in bits if bits[k] == own] for own in bits.values()}
        latest = {own: LatestRows(names, size + 1) for own, names in groups.items()}
        extra = filter(None, [columns.time, columns.known])
        for chunk in split.chunks(columns.product, *columns.product_features, *extra):
            index = self.known(chunk[columns.product])
            self.counts += np.bincount(index, minlength=size + 1)
            if draw_chance:
                weights = draw_chance(chunk[columns.time])
                self.draws += np.bincount(index, weights, minlength=size + 1)
            times = chunk.get(columns.time, np.zeros(len(index), np.int64))
            for own, rows in latest.items():
                is_known = chunk[columns.known] & own == own if own else True
                rows.add(index, is_known, times, chunk)
        self.indices = np.flatnonzero(self.counts[:size])
        self.position = np.full(size + 1, -1, np.int32)
        self.position[self.indices] = np.arange(len(self.indices))
        self.names = np.array(vocabulary, dtype=object)[self.indices]
        values = {k: v for rows in latest.values() for k, v in rows.values.items()}
        # Out-of-vocabulary products share the last row, if there are any.
        self.features = {name: values[name][: len(self.indices)] for name in bits}
        if len(self.indices) < 2:
            raise ValueError(f"{columns.product} has fewer than two known products.")

    def known(self, indices):
        """Return product indices, with the last one for out-of-vocabulary products."""
        return np.minimum(indices, len(self.counts) - 1)

    def steps(self, batch_size):
        """Return the number of full batches in an epoch."""
        return max(1, int(self.draws.sum()) // batch_size)

    def log_probability(self, rows=1, others=0):
        """Return the log of each index's expected count in `rows` rows and `others`.

        The rows are drawn as in training, the others uniformly from the products.
        """
        # Products that are never drawn only occur in validation and count like one row.
        draws = np.where(self.draws > 0, self.draws, 1)
        expected = rows * (draws / draws.sum()) + others / len(self.indices)
        return np.log(expected).astype(np.float32)

    @property
    def monitored_k(self):
        """The k of the monitored recall: at most a tenth of the catalogue."""
        fitting = [k for k in RECALL_AT if 10 * k <= len(self.indices)]
        return max(fitting or RECALL_AT[:1])

    def unknown_share(self, split):
        """Return the share of rows whose product is not in the catalogue."""
        index = self.known(split.column(self.columns.product))
        return float(np.mean(self.position[index] < 0))

    def popularity_ranks(self, indices):
        """Return the number of products with more training rows, for each index."""
        size = len(self.counts)
        # The last one is for unknown products, which are always misses.
        ranks = np.full(size, size)
        ranks[np.argsort(-self.counts[:-1], kind="stable")] = np.arange(size - 1)
        return ranks[self.known(indices)]

    def popularity_recall(self, split):
        """Return {k: recall of the k products with the most training rows}."""
        ranks = self.popularity_ranks(split.column(self.columns.product))
        return {k: float(np.mean(ranks < k)) for k in RECALL_AT}


class LatestRows:
    """Some features of each product's latest row that has a value, or of any row.

    Of rows at the same time, the one with the largest values counts, in any order.

    Attributes:
        indices: The products, in ascending order.
        values: Their features by name.
    """

    def __init__(self, names, size):
        self.newest = np.full(size, np.iinfo(np.int64).min)
        self.indices, self.times = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.values = {name: np.zeros(0, np.bool_) for name in names}  # takes any dtype

    def add(self, indices, is_known, times, chunk):
        """Add rows: product indices, whether they have values, times, and features by name."""
        # A row with a value but without a time comes before all times.
        times = np.where(is_known, np.maximum(times, 1 - 2**63), -(2**63))
        np.maximum.at(self.newest, indices, times)
        indices = np.concatenate([self.indices, indices])
        times = np.concatenate([self.times, times])
        latest = np.flatnonzero(times == self.newest[indices])
        both = {k: np.concatenate([kept, chunk[k]]) for k, kept in self.values.items()}
        values = {name: column[latest] for name, column in both.items()}
        order = np.lexsort([*values.values(), indices[latest]])
        indices, times = indices[latest][order], times[latest][order]
        last = np.append(indices[1:] != indices[:-1], True)
        self.indices, self.times = indices[last], times[last]
        self.values = {name: column[order][last] for name, column in values.items()}


class Replicas:
    """Copies of the model that train together: one for each GPU, on one or more workers.

    Attributes:
        strategy: TensorFlow's distribution strategy; the default one for one replica.
        count: Number of replicas.
        workers: Number of processes in TF_CONFIG.
        worker: Index of this process among the workers; the first one writes.
    """

    def __init__(self, custom_config):
        gpus = accelerators()
        limit = custom_config.get("gpu_count")
        wanted = (limit or 1) if custom_config.get("gpu_enabled") else 0
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
            if limit:
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
            print(f"{self.count} replicas, {rows} rows each", flush=True)
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

    def output_folders(self, fn_args):
        """Return the folders for metrics files and for TensorBoard; only worker 0 writes."""
        if self.worker:
            return [], None
        beside_model = os.path.dirname(fn_args.serving_model_dir.rstrip("/"))
        copy = (fn_args.custom_config or {}).get("gcs_output_path")
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
    gpus = tf.config.list_physical_devices("GPU")
    return [f"GPU:{number}" for number in range(len(gpus))]


def all_rows(values):
    """Return the rows of all replicas, in the order of the replicas."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def own_places(values):
    """Return the positions of this replica's rows in `all_rows`."""
    context, places = tf.distribute.get_replica_context(), tf.range(tf.shape(values)[0])
    if context.num_replicas_in_sync == 1:
        return places
    counts = all_rows(tf.shape(values)[:1])
    return places + tf.reduce_sum(counts[: context.replica_id_in_sync_group])


def own_part(rows):
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
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(kind, values)


class TwoTowerModel(tf.keras.Model):
    """Two towers and their catalogue; subclasses define the loss.

    Their `compute_losses(features, training)` returns the batch's LOSSES by name, and
    the embeddings by tower.
    """

    def __init__(self, query_tower, candidate_tower, catalogue, width, averages=False):
        super().__init__()
        self.query_tower = query_tower
        self.candidate_tower = candidate_tower
        self.product_column = catalogue.columns.product
        self.catalogue = {k: tf.constant(v) for k, v in catalogue.features.items()}
        self.position = tf.constant(catalogue.position)
        vectors = tf.zeros([len(catalogue.indices), width])
        self.candidates = tf.Variable(vectors, trainable=False)
        # For WeightAverage; between epochs, the weights with which training continues.
        averaged = self.trainable_variables if averages else ()
        self.averages = [tf.Variable(weight, trainable=False) for weight in averaged]
        # Means over the epoch, since Keras itself would report the last batch.
        self.means = {k: tf.keras.metrics.Mean(k) for k in LOSSES + GRADIENTS + RECALLS}
        self.distribute_reduction_method = "first"  # all replicas have the same results
        self.dead_steps = {
            name: tf.Variable(
                tf.constant(0, tf.int64),  # XLA cannot access int32 on a GPU
                trainable=False,
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            for name in TOWERS
        }

    @property
    def towers(self):
        """The towers by their names in the metrics."""
        return {"query": self.query_tower, "candidate": self.candidate_tower}

    @tf.function
    def embed_catalogue(self):
        """Embed all products with the current weights, for recall and serving."""
        self.candidates.assign(self.candidate_tower(self.catalogue))

    def evaluate(self, *args, **kwargs):
        """Embed the catalogue, then evaluate; fit also validates with this."""
        self.embed_catalogue()
        return super().evaluate(*args, **kwargs)

    def compute_gradients(self, features, training):
        """Return losses and embeddings of a batch, and the gradients by variable."""
        with tf.GradientTape() as tape:
            losses, embeddings = self.compute_losses(features, training)
            # The replicas' sum is the gradient of the mean over the global batch.
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            own_share = losses["total_loss"] / replicas
        variables = self.trainable_variables
        gradients = reduced("SUM", tape.gradient(own_share, variables))
        keys = [variable.ref() for variable in variables]
        merged = [merge_rows(gradient) for gradient in gradients]
        return losses, embeddings, dict(zip(keys, merged, strict=True))

    def probe_gradients(self, features):
        """Return the gradients of some rows by variable, as in a training step."""
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return self.compute_gradients(features, training=False)[2]
        keys = [variable.ref() for variable in self.trainable_variables]
        return dict(zip(keys, self._shared_gradients(features), strict=True))

    @tf.function
    def _shared_gradients(self, features):
        """Return the same as a list; each replica computes a part of the rows."""
        strategy = self.distribute_strategy

        def own_gradients():
            gradients = self.compute_gradients(own_part(features), training=False)[2]
            return list(gradients.values())  # in the order of the variables

        gradients = strategy.run(own_gradients)
        return [strategy.experimental_local_results(g)[0] for g in gradients]

    def train_step(self, features):
        """Take a step, and count the steps in which a tower was dead."""
        losses, embeddings, gradients = self.compute_gradients(features, training=True)
        pairs = [(gradient, key.deref()) for key, gradient in gradients.items()]
        self.optimizer.apply_gradients(pairs, skip_gradients_aggregation=True)
        norms = {"total_gradient": tf.linalg.global_norm(list(gradients.values()))}
        for name, tower in self.towers.items():
            own = [gradients[v.ref()] for v in tower.trainable_variables]
            norm = norms[f"{name}_gradient"] = tf.linalg.global_norm(own)
            is_same = relative_variance(embeddings[name]) <= DEAD_VARIANCE
            is_dead = (norm <= DEAD_GRADIENT) | is_same
            steps = self.dead_steps[name]
            # Dying towers can recover for a step, so such a step only halves the count.
            steps.assign(tf.where(is_dead, steps + 1, steps // 2))
        return self._average(losses | norms)

    def test_step(self, features):
        """Add a batch to the loss and recall."""
        losses, embeddings = self.compute_losses(features, training=False)
        ranks = self.rank_products(embeddings["query"], features)
        hits = {name: ranks < k for name, k in zip(RECALLS, RECALL_AT, strict=True)}
        recalls = {k: tf.reduce_mean(tf.cast(v, tf.float32)) for k, v in hits.items()}
        return self._average(losses | recalls, tf.size(ranks))

    def known(self, features):
        """Return the rows' product indices, the last one if out of vocabulary."""
        return tf.minimum(features[self.product_column], len(self.position) - 1)

    def adjusted(self, scores, features, start=0):
        """Return the scores for ranking, [batch, products], from product `start` on.

        A subclass may adjust them here; the loss uses the original `scores`.
        """
        return scores

    def adjusted_own(self, scores, features, position):
        """Return the same for each row's own product, [batch, 1], at its `position`."""
        return scores

    def rank_products(self, queries, features):
        """Return the number of other products that score at least as high.

        Recall then equals that of TFRS's FactorizedTopK by ID in an eighth of its time, and
        ties count against the model: if all scores are equal, recall is 0, not 1.
        """
        position = tf.gather(self.position, self.known(features))
        terms = queries * tf.gather(self.candidates, tf.maximum(position, 0))
        # Scores that only differ by rounding are ties.
        own_score = tf.reduce_sum(terms - 1e-5 * tf.abs(terms), axis=1, keepdims=True)
        own_score = self.adjusted_own(own_score, features, position)

        # Lower scores are counted, since NaN is not lower and must not look like a hit.
        def count_lower(count, start):
            block = self.candidates[start : start + CATALOGUE_BLOCK]
            scores = tf.matmul(queries, block, transpose_b=True)
            is_lower = self.adjusted(scores, features, start) < own_score
            return count + tf.reduce_sum(tf.cast(is_lower, tf.int32), axis=1)

        size = self.candidates.shape[0]
        starts = tf.range(0, size, CATALOGUE_BLOCK)
        lower = tf.foldl(count_lower, starts, tf.zeros_like(position))
        # Unknown products are misses.
        return tf.where(position >= 0, size - 1 - lower, tf.int32.max)

    def top_products(self, features):
        """Return the positions of all products in the top 100 of some rows, once each."""
        queries, k = self.query_tower(features), min(100, self.candidates.shape[0])
        scores = tf.matmul(queries, self.candidates, transpose_b=True)
        scores = self.adjusted(scores, features)
        return np.unique(tf.math.top_k(scores, k, sorted=False).indices)

    def _average(self, values, rows=1):
        """Return the epoch's means so far over the rows of all replicas."""
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            rows = tf.cast(rows, tf.float32)
            # A replica without rows, as at the end of a split, has no means.
            sums = {k: tf.where(rows > 0, rows * v, 0.0) for k, v in values.items()}
            sums, rows = reduced("SUM", (sums, rows))
            values = {name: value / rows for name, value in sums.items()}
        for name, value in values.items():
            self.means[name].update_state(value, rows)
        return {name: self.means[name].result() for name in values}


def merge_rows(gradient):
    """Return a gradient with one entry per row of its table.

    Keras clips before it sums entries, so their norm would depend on the batch size.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def steps_per_execution(steps):
    """Return the number of steps per call: many, since a call takes longer than a step.

    With replicas it is one: the shapes that they exchange cannot change in a loop.
    """
    alone = tf.distribute.get_strategy().num_replicas_in_sync == 1
    return min(32, steps) if alone else 1


def relative_variance(embeddings):
    """Return the vectors' variance relative to their mean square; 1 for one row."""
    mean = tf.reduce_mean(embeddings, axis=0)
    square = tf.reduce_mean(tf.reduce_sum(tf.square(embeddings), axis=1))
    mean, square = reduced("MEAN", (mean, square))
    share = 1 - tf.math.divide_no_nan(tf.reduce_sum(tf.square(mean)), square)
    return tf.where(tf.shape(embeddings)[0] > 1, share, 1.0)


@tf.function
def describe(tensors, edges):
    """Return moments and histogram counts of all values of some tensors."""
    values = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
    # Values beyond the outermost edges count in the outermost bins.
    bins = tf.searchsorted(tf.constant(edges[1:-1], tf.float32), values, side="right")
    moments = {
        "mean": tf.reduce_mean(values),
        "std": tf.math.reduce_std(values),
        "min": tf.reduce_min(values),
        "max": tf.reduce_max(values),
        "norm": tf.norm(values),
    }
    return moments, tf.math.bincount(bins, minlength=len(edges) - 1)


def embedding_health(embeddings):
    """Return the effective rank of embeddings and their mean cosine.

    The effective rank is the exponential of the entropy of the normalized singular values
    (Roy and Vetterli, 2007); the cosine is the mean over all pairs of rows.
    """
    embeddings = tf.where(tf.math.is_finite(embeddings), embeddings, 0.0)
    directions = tf.math.l2_normalize(embeddings, axis=1)
    rows = tf.cast(tf.shape(directions)[0], tf.float32)
    square = tf.reduce_sum(tf.square(tf.reduce_sum(directions, axis=0)))
    values = tf.linalg.svd(embeddings - tf.reduce_mean(embeddings, 0), compute_uv=False)
    shares = values / tf.maximum(tf.reduce_sum(values), 1e-30)
    entropy = -tf.reduce_sum(tf.math.xlogy(shares, shares))
    return {
        "effective_rank": tf.exp(entropy),
        "mean_cosine": tf.math.divide_no_nan(square - rows, rows * (rows - 1)),
    }


def dead_units(tower, features):
    """Return the share of units that rarely fire, in the worst ReLU layer."""
    shares = []
    for outputs in tower.trace(features)[:-1]:
        fired = tf.reduce_mean(tf.cast(outputs > 0, tf.float32), axis=0)
        shares.append(tf.reduce_mean(tf.cast(fired < RARELY_FIRED, tf.float32)))
    return tf.reduce_max(shares)


def sample_weights(tower):
    """Return the first rows of each of a tower's weights, as one vector."""
    rows = [weight[:SAMPLED_WEIGHTS] for weight in tower.trainable_variables]
    return tf.concat([tf.reshape(row, [-1]) for row in rows], axis=0)


class Evaluation:
    """Compares the model with popularity and with buyers' own histories, on test pairs.

    A pair is a buyer and a product, counted once. Pairs with a buyer or product that is
    unknown to training are dropped; a pair is new if it is not in training. Each pair is
    ranked by itself: recall@k is the share of pairs whose product is in the top k,
    NDCG@10 the mean of 1 / log2(2 + rank) in the top 10, MRR the mean of 1 / (1 + rank).
    """

    def __init__(self, catalogue, train, test, seed):
        self.catalogue, self.seed = catalogue, seed
        self.popularity_recall = catalogue.popularity_recall(test)
        self.stride = len(catalogue.counts) + 1
        buyers, pairs, is_candidate = self._pairs(train)
        self.known, self.times = np.unique(pairs[is_candidate], return_counts=True)
        test_buyers, test_pairs, is_candidate = self._pairs(test)
        is_known = (
            np.isin(test_buyers, buyers[buyers < catalogue.buyers]) & is_candidate
        )
        _, first = np.unique(test_pairs, return_index=True)
        kept = first[is_known[first]]
        self.left_out = len(first) - len(kept)
        self.pairs, buyers = test_pairs[kept], test_buyers[kept]
        chunks = list(test.dataset)
        columns = {k: tf.concat([c[k] for c in chunks], 0) for k in chunks[0]}
        self.rows = {name: tf.gather(values, kept) for name, values in columns.items()}
        self.is_new = ~np.isin(self.pairs, self.known)
        _, self.one_each, self.buyer = np.unique(
            buyers, return_index=True, return_inverse=True
        )

    def _pairs(self, split):
        """Return the buyer and a number for each pair, and whether its product is known.

        The numbers of a buyer's pairs are consecutive.
        """
        buyers = split.column(split.columns.buyer)
        products = self.catalogue.known(split.column(split.columns.product))
        is_candidate = self.catalogue.position[products] >= 0
        return buyers, buyers * self.stride + products, is_candidate

    def compare(self, model):
        """Return the pairs and the metrics of the model and the baselines."""
        rank = tf.function(
            lambda rows: model.rank_products(model.query_tower(rows), rows)
        )
        parts = [rank(part).numpy() for part in slices(self.rows, RANKED_ROWS)]
        popularity = self.catalogue.popularity_ranks(self.pairs % self.stride)
        ranks = {
            "model": np.concatenate(parts),
            "popularity": popularity,
            "own_history": self.own_history_ranks(),
        }
        views = {"all": np.full(len(self.pairs), True), "new": self.is_new}
        summaries = {
            name: {k: self.summary(values, v) for k, v in views.items() if v.any()}
            for name, values in ranks.items()
        }
        counted = self.one_each[:COVERAGE_BUYERS]
        buyers = {k: tf.gather(values, counted) for k, values in self.rows.items()}
        shown = [model.top_products(part) for part in slices(buyers, COUNTED_ROWS)]
        share = len(np.unique(np.concatenate(shown))) / len(self.catalogue.indices)
        summaries["model"]["coverage_at_100"] = share
        pairs = {name: int(view.sum()) for name, view in views.items()}
        return {"pairs": pairs | {"left_out": self.left_out}, **summaries}

    def own_history_ranks(self):
        """Return ranks with a buyer's past products first, by count, then all others."""
        stride = self.stride
        popularity = self.catalogue.popularity_ranks(np.arange(stride))
        buyers, products = self.known // stride, self.known % stride
        order = np.lexsort([popularity[products], -self.times, buyers])
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - np.searchsorted(buyers, buyers)
        # The other products follow by popularity, without those already ranked.
        own = np.sort(buyers * stride + popularity[products])
        rank = popularity[self.pairs % stride]
        start = self.pairs - self.pairs % stride
        earlier = np.searchsorted(own, start + rank) - np.searchsorted(own, start)
        count = np.searchsorted(own, start + stride) - np.searchsorted(own, start)
        found = np.minimum(np.searchsorted(self.known, self.pairs), len(self.known) - 1)
        return np.where(self.is_new, count + rank - earlier, place[found])

    def summary(self, ranks, view):
        """Return each metric with a 95% interval from a bootstrap over buyers."""
        gains = {f"recall_at_{k}": ranks < k for k in RECALL_AT}
        gains["ndcg_at_10"] = np.where(ranks < 10, 1 / np.log2(2.0 + ranks), 0)
        gains["mrr"] = 1 / (1.0 + ranks)
        buyer, count = self.buyer[view], len(self.one_each)
        rows = [np.bincount(buyer, gain[view], count) for gain in gains.values()]
        sums = np.stack([*rows, np.bincount(buyer, minlength=count)])
        draw, even = np.random.default_rng(self.seed), np.full(count, 1 / count)
        resamples = [draw.multinomial(count, even) for _ in range(BOOTSTRAPS)]
        totals = np.stack([sums @ resample for resample in resamples])
        shares = totals[:, :-1] / np.maximum(totals[:, -1:], 1)
        low, high = np.quantile(shares, [0.025, 0.975], axis=0).tolist()
        value = (sums[:-1].sum(axis=1) / sums[-1].sum()).tolist()
        figures = zip(gains, value, low, high, strict=True)
        return {k: {"value": v, "low": lo, "high": hi} for k, v, lo, hi in figures}


def slices(rows, size):
    """Yield rows in parts of at most `size`."""
    for start in range(0, len(next(iter(rows.values()))), size):
        yield {name: values[start : start + size] for name, values in rows.items()}


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
            "recall": {f"val_{name}": [] for name in RECALLS},
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
        line = f"epoch {epoch + 1}/{self.params['epochs']}  loss {logs['loss']:.4f}"
        if "val_loss" in logs:
            line += f"  val_loss {logs['val_loss']:.4f}"
            line += f"  val_recall@100 {logs['val_recall_at_100']:.4f}"
        print(f"{line}  {time.perf_counter() - self.started:.1f} s", flush=True)

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

    def add_test(self, model, replicas, catalogue, trained, test):
        """Add the evaluation on the test of a model that was trained on `trained`."""
        params = self.content["params"]
        evaluation = Evaluation(catalogue, trained, test, params["seed"])
        batches = test.evaluation_batches(params["batch_size"])
        own = replicas.distribute(batches, params["batch_size"])
        test = model.evaluate(own, steps=len(batches), return_dict=True, verbose=0)
        popularity = evaluation.popularity_recall
        test |= {f"popularity_recall_at_{k}": value for k, value in popularity.items()}
        final = self.content["final_metrics"]
        final |= {f"test_{name}": value for name, value in test.items()}
        if len(evaluation.pairs):
            self.content["evaluation"] = evaluation.compare(model)
        self.write()
        recall = f"test_recall@100 {test['recall_at_100']:.4f}"
        print(f"{recall}  popularity {popularity[100]:.4f}", flush=True)

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


class FailureWatch(tf.keras.callbacks.Callback):
    """Stops a training that has failed, and records why."""

    def __init__(self, metrics, popularity=None):
        super().__init__()
        self.chance = metrics.chance
        self.health = metrics.content["health"]
        self.record = metrics.content["params"]
        self.popularity = popularity  # its validation recall; None only watches steps

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self.record |= {"nan_detected": True, "nan_epoch": self.epoch}
            self._stop("nan", "The loss became NaN or infinite.")
            return
        dead = [k for k, steps in self.model.dead_steps.items() if steps >= DEAD_STEPS]
        # A model that has memorized its data has no gradient either.
        if dead and logs["loss"] > KNOWN * self.chance:
            self._collapse("collapse", dead, "towers")

    def on_epoch_end(self, epoch, logs=None):
        if self.popularity is None or "failure" in self.record:
            return
        losses = self.health["loss_to_chance"]
        if losses[-1] > (max(1.5, 1.1 * losses[-2]) if epoch else 10):
            times = f"{losses[-1]:.3g} times"
            self._stop("divergence", f"The loss is {times} that of chance.")
            return
        recall = logs.get(f"val_recall_at_{self.record['monitored_k']}")
        if recall is not None and recall > 1.05 * self.popularity:
            return
        at_chance = losses[-1] > AT_CHANCE
        layers = {k: self.health[k].get("dead_units", [0]) for k in TOWERS}
        dead = [name for name, shares in layers.items() if shares[-1] > DEAD_UNITS]
        if epoch and at_chance and dead:  # some recover in the first epoch
            self._collapse("dead_tower", dead, "hidden layers of")
            return
        if epoch + 1 < GRACE_EPOCHS or self.model.optimizer.iterations < GRACE_STEPS:
            return
        progress = losses[-GRACE_EPOCHS] - losses[-1]  # a model may be slow
        # Coverage of one list for all.
        one_list_share = min(1, 100 / self.record["candidates"])
        coverage = self.health["val_coverage_at_100"][-1]
        is_one_list = coverage < min(1.5 * one_list_share, (1 + one_list_share) / 2)
        knows_popularity = recall is not None and recall > 0.9 * self.popularity
        if is_one_list and knows_popularity and progress < 0.01:
            self._stop(
                "popularity_only", "Everybody is shown the most popular products."
            )
        elif at_chance and progress < 0.002:
            after = f"After {epoch + 1} epochs"
            self._stop("not_learning", f"{after} the loss is that of chance.")

    def _collapse(self, kind, towers, what):
        self.record["gradient_collapse_detected"] = True
        self.record["gradient_collapse_epoch"] = self.epoch
        self.record["collapsed_towers"] = towers
        self._stop(kind, f"Training collapsed, dead {what}: {', '.join(towers)}.")

    def _stop(self, kind, reason):
        training = "Second training, epoch" if self.popularity is None else "Epoch"
        self.record["failure"] = f"{training} {self.epoch + 1}: {reason}"
        self.record["failure_kind"] = kind
        self.record["failure_epoch"] = self.epoch
        self.model.stop_training = True


class Checkpoints(tf.keras.callbacks.Callback):
    """Keeps the best epoch, stops training without progress, and allows resuming.

    The latest checkpoint has weights, optimizer and, as JSON, the metrics so far, so a
    training that was killed continues with the next epoch.

    Args:
        patience: Epochs without a better recall before training ends; None trains all.
        plateau_factor: Factor for the learning rate after each epoch without progress.
    """

    def __init__(
        self, place, replicas, model, metrics, steps, patience=None, plateau_factor=None
    ):
        super().__init__()
        self.content = metrics.content
        self.patience, self.plateau_factor = patience, plateau_factor
        # A training with other settings is a different one.
        names = ("config_digest", "seed", "batch_size", "learning_rate", "epochs")
        settings = [self.content["params"][name] for name in names]
        settings += [steps, self.content["params"]["train_rows"]]
        folder = os.path.join(place, "-".join(map(str, ["checkpoints", *settings])))
        self.folder = replicas.own_folder(folder)
        if replicas.worker:  # its own may be an epoch behind those of the first worker
            copy_files(folder, self.folder)
        tf.io.gfile.makedirs(self.folder)
        self.json = tf.Variable("", trainable=False)
        self.best = tf.train.Checkpoint(**model.towers)
        parts = {"model": model, "optimizer": model.optimizer, "json": self.json}
        everything = tf.train.Checkpoint(**parts)
        self.latest = tf.train.CheckpointManager(everything, self.folder, max_to_keep=1)

    def resume(self):
        """Return the epoch to continue with: 0, unless an earlier process was killed."""
        if self.latest.restore_or_initialize() is None:
            return 0
        saved = json.loads(self.json.numpy())
        for key, value in saved.items():
            if isinstance(value, dict):
                self.content[key].update(value)  # other objects refer to these
            else:
                self.content[key] = value
        params, done = self.content["params"], len(self.content["epochs"])
        print(f"going on after epoch {done}", flush=True)
        return params["epochs"] if "stopped_early" in params else done

    def on_epoch_end(self, epoch, logs=None):
        params = self.content["params"]
        if "failure" in params:
            return
        if self.plateau_factor:
            rate = self.model.optimizer.learning_rate
            params.setdefault("learning_rates", []).append(float(rate.numpy()))
        recall = logs.get(f"val_recall_at_{params['monitored_k']}", math.nan)
        if recall > params.get("best_recall", -1):
            params |= {"best_recall": recall, "best_epoch": epoch}
            self.best.write(os.path.join(self.folder, "best"))
        elif self.patience and epoch - params["best_epoch"] >= self.patience:
            params["stopped_early"] = self.model.stop_training = True
        elif self.plateau_factor:
            rate.assign(rate * self.plateau_factor)
        self.json.assign(json.dumps(self.content, default=float))
        self.latest.save(epoch + 1)

    def restore_best(self):
        """Restore the weights of the best epoch."""
        self.best.read(os.path.join(self.folder, "best")).expect_partial()
        self.model.embed_catalogue()

    def remove(self):
        """Remove the checkpoints of a finished training."""
        tf.io.gfile.rmtree(self.folder)


def copy_files(source, target):
    """Replace the files of a folder with those of another one."""
    if tf.io.gfile.exists(target):
        tf.io.gfile.rmtree(target)
    tf.io.gfile.makedirs(target)
    for name in tf.io.gfile.listdir(source) if tf.io.gfile.exists(source) else ():
        path = os.path.join(source, name)
        if not tf.io.gfile.isdir(path):  # a half-written checkpoint leaves folders
            tf.io.gfile.copy(path, os.path.join(target, name))


class WeightAverage(tf.keras.callbacks.Callback):
    """Averages the weights over the steps (Polyak and Juditsky, 1992).

    From the last step of an epoch to the next epoch, the model has the averages, which are
    validated, stored and served. Training then continues with the weights themselves.
    """

    def __init__(self, decay):
        super().__init__()
        self.decay = decay  # share of itself that the average keeps per step

    def on_epoch_begin(self, epoch, logs=None):
        self.done = 0  # steps of this epoch
        self._exchange()

    def on_train_batch_end(self, batch, logs=None):
        is_last = batch + 1 == self.params["steps"]
        if (batch + 1) % AVERAGE_EVERY and not is_last:
            return
        steps, self.done = batch + 1 - self.done, batch + 1
        # At first, the plain mean of all steps so far.
        plain = steps / int(self.model.optimizer.iterations.numpy())
        share = max(1 - self.decay**steps, plain)
        for average, weight in self._pairs():
            average.assign_add(share * (weight - average))
        if is_last:
            self._exchange()

    def _pairs(self):
        return zip(self.model.averages, self.model.trainable_variables, strict=True)

    def _exchange(self):
        for average, weight in self._pairs():
            mean = tf.identity(average)
            average.assign(weight)
            weight.assign(mean)


def as_raw(column, spec):
    """Return what a client sends in the form with which preprocessing_fn was traced.

    Clients cannot send null: they send "", NaN or the smallest int64 instead. Where the
    column can be null, such values are left out; where it cannot, preprocessing_fn knows
    them as null.

    Args:
        column: Values [batch], or lists [batch, n] that are padded with such values.
        spec: The raw column's specification.
    """
    values = as_dtype(column, spec.dtype)
    rows = values if values.shape.rank == 2 else values[:, tf.newaxis]
    rows = tf.ragged.boolean_mask(rows, ~is_null(rows))
    if isinstance(spec, tf.io.FixedLenFeature):
        length = math.prod(spec.shape)
        nulls = tf.fill(
            [rows.nrows(), length], tf.constant(null(rows.dtype), rows.dtype)
        )
        rows = tf.concat([nulls, rows], axis=1)[:, -length:]
        return tf.reshape(rows.to_tensor(), [-1, *spec.shape])
    return rows if isinstance(spec, tf.io.RaggedFeature) else rows.to_sparse()


def null(dtype):
    """Return what stands for null in a column."""
    return {tf.string: "", tf.int64: tf.int64.min}.get(dtype, math.nan)


def is_null(values):
    """Return which values stand for null."""
    if values.dtype.is_floating:
        return tf.math.is_nan(values)
    return values == null(values.dtype)


def as_dtype(values, dtype):
    """Return strings, int64 or floats as another of these types, with null as null."""
    if values.dtype == dtype:
        return values
    if values.dtype == tf.string:
        return whole_numbers(values)
    if dtype == tf.int64:
        is_known, converted = tf.abs(values) < 2.0**63, tf.cast(tf.round(values), dtype)
    else:
        is_known = values != tf.int64.min
        to_text = dtype == tf.string
        converted = tf.strings.as_string(values) if to_text else tf.cast(values, dtype)
    return tf.where(is_known, converted, null(dtype))


def whole_numbers(texts):
    """Return the int64 that each text spells, or null: "007" and "a guest" spell none.

    IDs of digits become numbers in CSV files.
    """
    digits = tf.strings.regex_replace(texts, "^-", "")
    is_number = tf.strings.regex_full_match(digits, "[0-9]{1,19}")
    digits = tf.where(is_number, tf.strings.join(["0" * 18, digits]), "0" * 19)
    high = tf.strings.to_number(tf.strings.substr(digits, -19, 10), tf.int64)
    low = tf.strings.to_number(tf.strings.substr(digits, -9, 9), tf.int64)
    numbers = high * 10**9 + low
    numbers = tf.where(tf.strings.regex_full_match(texts, "-.*"), -numbers, numbers)
    # Numbers beyond int64 wrap around, so they are spelt differently.
    return tf.where(tf.strings.as_string(numbers) == texts, numbers, tf.int64.min)
