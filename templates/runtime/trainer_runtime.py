"""Runtime of generated trainers: the code that is the same for all configs.

A trainer_module.py has the towers, loss, settings and run_fn, which build on this.
"""

import dataclasses
import difflib
import hashlib
import json
import math
import os
import pathlib
import re
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
TEST_SCORES = 1 << 34  # the same in a test: of its rows, and again of its pairs
RANKED_ROWS = 1024  # test rows that are ranked together
COVERAGE_BUYERS = 10_000  # test buyers whose top 100 products are counted
BOOTSTRAPS = 200  # resamples of the buyers, for intervals
AVERAGE_EVERY = 32  # steps between two updates of averaged weights

NOT_ALLOWED = float(np.finfo(np.float32).min)  # score that ends a filtered answer

SAVED = "saved"  # file among the checkpoints of a training whose model is saved

# Metrics of an epoch.
TOWERS = ("query", "candidate")
RECALL_AT = (1, 5, 10, 50, 100)
RECALLS = tuple(f"recall_at_{k}" for k in RECALL_AT)
MEASURES = (*RECALLS, "mrr")  # mrr is the mean reciprocal rank
TOO_EASY = 0.9  # recall of counting above which recall does not tell models apart
LOSSES = ("loss", "regularization_loss", "total_loss")
GRADIENTS = ("total_gradient", "query_gradient", "candidate_gradient")
MOMENTS = ("mean", "std", "min", "max", "norm")
PROBED_ROWS = 1024  # training rows that are described
COUNTED_ROWS = 256  # validation rows whose top 100 products are counted
SAMPLED_WEIGHTS = 1024  # rows of each weight that are compared with the last epoch's
# Powers of ten that the edges of all histograms span.
HISTOGRAM_RANGES = {"weight_stats": (-4, 2), "gradient_stats": (-9, 3)}

# Baselines.
HALF_LIVES = (None, 120, 60, 30, 14, 7)  # in days; None counts rows of all ages alike
MISSED = 2**31 - 1  # rank of a product that is in no list

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
PROGRESS = 0.002  # least decrease of the loss, relative to chance, that is learning
STILL = 1e-5  # relative change of weights in an epoch below which nothing is trained

# Lists of past products, in a sample of training rows.
HOLDS_ANSWER = 0.98  # share of lists with the row's own product that is an error
MOSTLY_EMPTY = 0.95  # share of empty lists that is said
ENOUGH_LISTS = 100  # of which one, at least, has a known item

# The final layer: half-lives of products' shares of the rows, in days; those of what a
# buyer had, in purchases; what new pairs may count in the fit, repeats counting 1; and
# how far the weights may go from the towers alone to the fit.
SHARE_DAYS = (7, 14, 30, 60, None)
RECENT_ITEMS = (10, 100)
NEW_PAIRS_COUNT = (1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 6, 10)
FITTED_PARTS = (1, 0.5)
FITTED_SCORES = 1 << 26  # buyers times products in the fit
BLOCK_SCORES = 1 << 22  # of those that are computed together
NEWTON_STEPS = 50  # at most; about ten are needed
UNKNOWN_PAIRS = 10_000  # pairs on which unknown buyers are measured
UNKNOWN_TOWERS = (0, 0.25, 0.5, 1, 2)  # parts of the weight of the towers
ROUNDING = 1e-6  # relative error of scores: those that are as near are ties
VIEWS = {
    "all": "all pairs",
    "new": "new pairs",
    "new_filtered": "new pairs, past products left out",
}

# Settings: the type of each, and the least value of a number.
SETTINGS = {
    "epochs": (int, 1),
    "batch_size": (int, 1),
    "learning_rate": (float, 0),
    "seed": (int, 0),
    "gpu_enabled": (bool, None),
    "gpu_count": (int, 0),
    "gcs_output_path": (str, None),
    "test_files": (list, None),
    "train_steps": (int, 1),
    "eval_steps": (int, 1),
}
TUNED = ("epochs", "batch_size", "learning_rate", "seed")  # that a Tuner may choose
LARGEST = 2**32 - 1  # of whole numbers: seeds have 32 bits


@dataclasses.dataclass(frozen=True)
class Columns:
    """Names of the transformed features, as stored in the examples."""

    specs: dict  # how each is parsed, by name
    buyer: str  # an index in the vocabulary `buyer_vocabulary`
    product: str
    buyer_vocabulary: str
    product_vocabulary: str
    product_features: tuple  # what the candidate tower reads
    unknown_buyers: int = 1  # indices that buyers outside the vocabulary share
    histories: tuple = ()  # lists of indices
    product_histories: tuple = ()  # those of products
    past: str = ""  # the one of these that has what the buyer had, the latest last
    time: str = ""  # epoch seconds of the row, if it has a time
    known: str = ""  # bits of the product's columns that have a value in the row
    known_bits: tuple = ()  # product features with the bits of their columns


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a training was asked for: the config's values, and what overrides them.

    Attributes:
        train_steps: Number of steps in an epoch; None for all rows.
        eval_steps: Most validation batches; None for no limit.
        gpu_enabled: Whether to use GPUs; None uses those that there are.
        gpu_count: Most GPUs; None for no limit.
        gcs_output_path: Folder for a second copy of the metrics, or None.
        test_files: Patterns of the test's files; empty without a test.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    train_steps: int | None = None
    eval_steps: int | None = None
    gpu_enabled: bool | None = None
    gpu_count: int | None = None
    gcs_output_path: str | None = None
    test_files: tuple | None = None

    @classmethod
    def read(cls, fn_args, **config):
        """Return the settings: custom_config's, else a Tuner's, else those of `config`.

        Raises:
            ValueError: fn_args contains a wrong value, or something that cannot be used.
        """
        if getattr(fn_args, "base_model", None):
            raise ValueError(
                f"base_model is {fn_args.base_model!r}, but this trainer starts from new "
                "weights: remove base_model from the Trainer."
            )
        for name in ("transform_graph_path", "model_run_dir", "serving_model_dir"):
            path = str(getattr(fn_args, name))
            if set(path) & set("[*?\\"):
                raise ValueError(
                    f"{name} is {path!r}, and TensorFlow takes [ * ? and \\ in a path for a "
                    "pattern: choose a folder without them."
                )
        tuned = getattr(fn_args, "hyperparameters", None) or {}
        is_dict = isinstance(tuned, dict)  # as TFX passes them on
        values = tuned.get("values") if is_dict else getattr(tuned, "values", None)
        tuned = tuned if values is None else values
        tuned = read_settings("hyperparameters", tuned, TUNED)
        if tuned:
            say("note", f"from hyperparameters: {tuned}")
        known = [key for key in SETTINGS if not key.endswith("_steps")]
        custom = getattr(fn_args, "custom_config", None) or {}
        custom = read_settings("custom_config", custom, known)
        limits = {k: getattr(fn_args, k) or None for k in ("train_steps", "eval_steps")}
        limits = read_settings("fn_args", limits, limits)
        settings = cls(**{**config, **tuned, **custom, **limits})
        if settings.gpu_enabled and settings.gpu_count == 0:
            raise ValueError("custom_config: gpu_enabled is true and gpu_count is 0.")
        trained, own = {*matching(fn_args.train_files)}, {*matching(fn_args.eval_files)}
        if trained & own:
            raise ValueError(
                f"eval_files has {min(trained & own)}, which is also a training file."
            )
        own |= trained
        if settings.test_files is None:
            beside = split_beside(fn_args.eval_files)
            beside = () if own & {*matching(beside)} else beside
            return dataclasses.replace(settings, test_files=beside)
        both = own & {*matching(settings.test_files)}
        if both:
            raise ValueError(
                f"custom_config: test_files has {min(both)}, which is also a training or "
                "validation file."
            )
        return settings


def read_settings(source, given, known):
    """Return the known settings that are not None, in their types; says which are unknown.

    Raises:
        ValueError: A value has another type, or is out of range.
    """
    if not isinstance(given, dict):
        raise ValueError(f"{source} is {given!r}; expected a dict.")
    settings = {}
    for key, value in given.items():
        if key in known:
            if value is not None:
                settings[key] = read_setting(f"{source}: {key}", value, *SETTINGS[key])
        elif not str(key).startswith(("ai_platform_", "tuner/")):  # those of TFX
            near = difflib.get_close_matches(str(key).lower(), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            if key in ("train_steps", "eval_steps"):
                hint = "it is num_steps of TrainArgs or EvalArgs"
            say("warning", f"{source}: {key} has no effect; {hint}")
    return settings


def read_setting(name, value, kind, least=0):
    """Return a setting in its type; numbers, booleans and lists may come as text."""
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    text = str(value).strip().lower()
    if kind is bool:
        expected = "true or false"
        if text in ("true", "1", "1.0", "false", "0", "0.0"):
            return text in ("true", "1", "1.0")
    elif kind is str:
        expected = "a path"
        if isinstance(value, str) and text:
            return value
    elif kind is list:
        expected = "a list of file patterns"
        patterns = value
        if isinstance(value, str):
            try:  # a JSON list, or patterns with commas between them
                patterns = (
                    json.loads(value) if text.startswith("[") else value.split(",")
                )
            except ValueError:
                patterns = None
        if isinstance(patterns, (list, tuple)):
            paths = [
                os.fspath(p) if isinstance(p, os.PathLike) else p for p in patterns
            ]
            if all(isinstance(path, str) and path.strip() for path in paths):
                return tuple(path.strip() for path in paths)
    else:
        whole = "a whole number from" if kind is int else "a number above"
        expected = f"{whole} {least}" + f" to {LARGEST:,}" * (kind is int)
        try:
            number = math.nan if isinstance(value, bool) else float(text)
        except ValueError:
            number = math.nan
        if kind is float and least < number < math.inf:
            return number
        if kind is int and least <= number <= LARGEST and number.is_integer():
            return int(number)
    raise ValueError(f"{name} is {value!r}; expected {expected}.")


def say(kind, text):
    """Print what a user must see: the kind is "note", "warning" or "final layer"."""
    print(f"{kind}: {text}", flush=True)


def matching(patterns):
    """Return the files that match a pattern, or any of some patterns, sorted."""
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return sorted({f for pattern in patterns for f in tf.io.gfile.glob(pattern)})


def split_beside(eval_files):
    """Return the patterns of the test split beside the validation's, () if there is none."""
    beside = []
    for pattern in [eval_files] if isinstance(eval_files, str) else eval_files:
        folder, name = os.path.split(pattern)
        parent, split = os.path.split(folder)
        if split.startswith("Split-"):
            beside.append(os.path.join(parent, "Split-test", name))
        elif split in ("eval", "val", "valid", "validation"):
            beside.append(os.path.join(parent, "test", name))
    return tuple(pattern for pattern in beside if matching([pattern]))


def records(files):
    """Return the records of TFRecord files; those that end in .gz are compressed."""
    kinds = ["GZIP" if file.endswith(".gz") else "" for file in files]
    return tf.data.Dataset.from_tensor_slices((files, kinds)).flat_map(
        lambda file, kind: tf.data.TFRecordDataset(file, kind)
    )


def why_unreadable(files, error):
    """Return which of the files is damaged and how, or else TensorFlow's error in short."""
    place = ""
    for file in files:
        try:
            for _ in records([file]).batch(SHUFFLE_ROWS):
                pass
        except tf.errors.OpError as damage:
            error, place = damage, f"{file}: "
            break
    text = re.sub(r"\{\{.*?\}\} | \[Op:.*", "", error.message)
    return place + text.rpartition("Name: <unknown>, ")[2]


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

        files = matching(patterns)
        if not files:
            raise ValueError(f"No {name} files match {patterns}.")
        rows = records(files).batch(SHUFFLE_ROWS)
        options = tf.data.Options()
        options.autotune.enabled = False  # with it, ending an iterator can take seconds
        try:
            split = cls(rows.map(parse).cache().with_options(options), columns)
        except tf.errors.OpError as error:
            why = why_unreadable(files, error)
            raise ValueError(
                f"The {name} files cannot be read. {why} (They have to be TFRecords that "
                "Transform wrote; the names of compressed ones end in .gz.)"
            ) from error
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

    def digest(self):
        """Return a digest of all values, in the order of the rows."""
        digest = hashlib.sha256()
        for chunk in self.dataset:
            for values in tf.nest.flatten(chunk, expand_composites=True):
                digest.update(values.numpy().tobytes())
        return digest.hexdigest()

    def sample(self, size):
        """Return evenly spaced rows of the first chunk as columns by name."""
        chunk = next(iter(self.dataset))
        step = max(1, len(chunk[self.columns.product]) // size)
        return {name: values[::step][:size] for name, values in chunk.items()}

    def training_batches(
        self, batch_size, seed, first_step=0, draw_chance=None, hide=None
    ):
        """Return endless batches of equal size, reshuffled in each epoch.

        With `draw_chance`, a function of times, each row is only drawn with its chance.
        With `hide`, a function as `buyer_dropout` returns it, some buyers are unknown.
        """

        def shuffle(chunk, chunk_seed):
            order = tf.range(tf.shape(chunk[self.columns.product])[0])
            if draw_chance:
                seeds, shape = [chunk_seed, seed], tf.shape(order)
                draws = tf.random.stateless_uniform(shape, seeds, dtype=tf.float64)
                is_drawn = draws < draw_chance(chunk[self.columns.time])
                order = tf.boolean_mask(order, is_drawn)
            order = tf.random.experimental.stateless_shuffle(order, [seed, chunk_seed])
            rows = {name: tf.gather(values, order) for name, values in chunk.items()}
            if hide:
                buyer = self.columns.buyer
                rows[buyer] = hide(rows[buyer], [chunk_seed, -1 - seed])
            return rows

        seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
        chunks = tf.data.Dataset.zip((self.dataset.shuffle(64, seed), seeds))
        chunks = chunks.map(shuffle)
        if draw_chance:  # fewer rows than a batch may be drawn: they wait for the next
            chunks = chunks.repeat()
        batches = chunks.rebatch(batch_size, drop_remainder=True).repeat()
        return batches.skip(first_step).prefetch(4)

    def evaluation_batches(self, batch_size):
        """Return all rows once, in batches."""
        steps = math.ceil(self.count / batch_size)
        batches = self.dataset.rebatch(batch_size).prefetch(4)
        return batches.apply(tf.data.experimental.assert_cardinality(steps))


def newest_time(times):
    """Return the end of some times."""
    # Not the very latest time: one wrong date in the future would make all rows old.
    return int(np.quantile(times, 0.999, method="nearest"))


def recency(times, half_life_days):
    """Return a function from times to the chance of being drawn, 0 without a time."""
    newest = newest_time(times)

    def chance(times):
        seconds = tf.cast(newest, tf.float64) - tf.cast(times, tf.float64)
        return 0.5 ** (tf.maximum(seconds, 0) / 86_400 / half_life_days)

    return chance


def buyer_dropout(rate, first, count):
    """Return a function that makes a share of the rows' buyers unknown, drawn with a seed.

    An unknown buyer then has one of the `count` indices from `first` on, so that their
    vectors are trained. What else describes the buyer is kept.
    """

    def hide(buyers, seed):
        draws = tf.random.stateless_uniform(tf.shape(buyers), seed, dtype=tf.float64)
        unknown = first + tf.cast(draws / rate * count, buyers.dtype)
        return tf.where(draws < rate, unknown, buyers)

    return hide


def describe_histories(split, catalogue):
    """Return what a sample of rows shows of each list, by column.

    Raises:
        ValueError: All lists are empty, or nearly all contain the product that their row
            has to predict.
    """
    columns, rows = split.columns, split.sample(PROBED_ROWS)
    products = catalogue.known(rows[columns.product].numpy()).astype(np.int32)
    is_known = catalogue.position[products] >= 0
    found = {}
    for name in columns.histories:
        sizes = rows[name].row_lengths().numpy()
        found[name] = {
            "empty": float(np.mean(sizes == 0)),
            "length": float(np.mean(sizes)),
        }
        if found[name]["empty"] > MOSTLY_EMPTY:
            share = f"{found[name]['empty']:.1%} of the lists in {name} are empty"
            why = "their items are in no vocabulary, or buyers have no past"
            if len(sizes) >= ENOUGH_LISTS and not sizes.any():
                raise ValueError(
                    f"{share}: {why}. Correct the lists, or remove {name}."
                )
            say("warning", f"{share}: {why}")
        if name not in columns.product_histories or not is_known.any():
            continue
        has_own = tf.reduce_any(rows[name] == products[:, np.newaxis], axis=1).numpy()
        own = found[name]["own_product"] = float(np.mean(has_own[is_known]))
        # In a small catalogue, a clean list may contain nearly all products.
        is_telling = found[name]["length"] < len(catalogue.indices) / 2
        if own >= HOLDS_ANSWER and is_telling:
            raise ValueError(
                f"{own:.1%} of the lists in {name} contain the product that their row has to "
                f"predict: {name} must only have what came before the row."
            )
    return found


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
        trained: The index of each of them, or the next one if none of the rows is
            theirs, [buyers + 1].
    """

    def __init__(self, split, transform_output, draw_chance=None):
        columns = self.columns = split.columns
        vocabulary = transform_output.vocabulary_by_name(columns.product_vocabulary)
        size = len(vocabulary)
        self.buyers = transform_output.vocabulary_size_by_name(columns.buyer_vocabulary)
        self.trained = np.full(self.buyers + 1, self.buyers)
        self.counts = np.zeros(size + 1, np.int64)
        self.draws = np.zeros(size + 1) if draw_chance else self.counts
        # Features of one column have a value in the same rows.
        bits = dict.fromkeys(columns.product_features, 0) | dict(columns.known_bits)
        groups = {own: [k for k in bits if bits[k] == own] for own in bits.values()}
        latest = {own: LatestRows(names, size + 1) for own, names in groups.items()}
        extra = filter(None, [columns.buyer, columns.time, columns.known])
        for chunk in split.chunks(columns.product, *columns.product_features, *extra):
            index = self.known(chunk[columns.product])
            self.counts += np.bincount(index, minlength=size + 1)
            buyers = np.minimum(chunk[columns.buyer], self.buyers)
            self.trained[buyers] = buyers
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

    def steps(self, batch_size, wanted=None):
        """Return the number of steps in an epoch: `wanted`, or all full batches."""
        drawn = int(self.draws.sum())
        if drawn < batch_size:
            raise ValueError(
                f"An epoch draws {drawn:,} of {self.counts.sum():,} rows, and a batch has "
                f"{batch_size:,}: use a longer half-life (recency_half_life_days) or a "
                "smaller batch_size."
            )
        return wanted or drawn // batch_size

    def log_probability(self, rows=1, others=0):
        """Return the log of each index's expected count in `rows` rows and `others`.

        The rows are drawn as in training, the others uniformly from the products.
        """
        # Products that are never drawn only occur in validation and count like one row.
        draws = np.where(self.draws > 0, self.draws, 1)
        expected = rows * (draws / draws.sum()) + others / len(self.indices)
        return np.log(expected).astype(np.float32)

    def unknown(self, **splits):
        """Return the shares of rows with an unknown product or ID, by split."""
        columns = self.columns
        sizes = {columns.buyer: self.buyers, columns.product: len(self.counts) - 1}
        products, ids = {}, {}
        for name, split in splits.items():
            if split is not None:
                found = {column: split.column(column) for column in sizes}
                product = self.known(found[columns.product])
                products[name] = float(np.mean(self.position[product] < 0))
                ids[name] = {k: float(np.mean(v >= sizes[k])) for k, v in found.items()}
        return {"unknown_products": products, "unknown_ids": ids}


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


def gather_replicas(values):
    """Return the rows of all replicas, in the order of the replicas."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def distinct(values):
    """Return each distinct value's first position and count, and the values' numbers.

    Args:
        values: Whole numbers [n].

    Returns:
        The positions [distinct], the counts as floats [distinct], and which of the distinct
        values each value is, [n].
    """
    _, numbers, counts = tf.unique_with_counts(values)
    size = tf.size(counts)
    first = tf.math.unsorted_segment_min(tf.range(tf.size(values)), numbers, size)
    return first, tf.cast(counts, tf.float32), numbers


def hashed(lists):
    """Return a hash of each list of int32, [rows]; of 2**20 rows, hardly two ever share one.

    Multilinear hashing modulo 2**64 (Lemire and Kaser, 2014).
    """
    places = tf.ragged.range(lists.row_lengths()).values
    longest = tf.maximum(tf.reduce_max(lists.row_lengths()), 0)  # without lists, too
    factors = tf.random.stateless_uniform([longest], [7, 8], None, None, tf.int64)
    terms = (tf.cast(lists.values, tf.int64) + 2**31 + 1) * tf.gather(factors, places)
    return tf.math.unsorted_segment_sum(terms, lists.value_rowids(), lists.nrows())


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
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
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


class Dropout(tf.keras.layers.Layer):
    """Dropout by seed and step: a resumed training goes on as one that was never killed."""

    def __init__(self, rate):
        super().__init__()
        self.rate, self.calls = rate, counter()
        self.seed = np.random.randint(2**31)  # follows from the seed of the training

    def call(self, inputs, training=False):
        if not training:
            return inputs
        context = tf.distribute.get_replica_context()
        draw = self.calls * context.num_replicas_in_sync
        draw += tf.cast(context.replica_id_in_sync_group, tf.int64)
        self.calls.assign_add(1)
        seed = tf.stack([tf.constant(self.seed, tf.int64), draw])
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed)


def list_embedding(embedding, lists, half_life=None):
    """Return the weighted sum of each list's vectors, divided by the norm of the weights.

    Args:
        embedding: The table, a layer.
        lists: Its indices, ragged [batch, n].
        half_life: Positions after which a value counts half as much as the last one; without
            it, all values have a weight of 1.

    Returns:
        float32 [batch, width], zero for an empty list: what safe_embedding_lookup_sparse
        returns with the combiner "sqrtn".
    """
    weights = tf.ones_like(lists.values, tf.float32)
    if half_life:
        # The number of later values in the list, for each value.
        later = tf.ragged.range(lists.row_lengths() - 1, -1, -1).values
        weights = 0.5 ** (tf.cast(later, tf.float32) / half_life)
    if tf.config.get_visible_devices("GPU"):  # where the other way is not measured
        weights = lists.with_values(weights).to_sparse()
        return tf.nn.safe_embedding_lookup_sparse(
            embedding.embeddings, lists.to_sparse(), weights, combiner="sqrtn"
        )
    rows, count = lists.value_rowids(), lists.nrows()
    squares = tf.math.segment_sum(tf.square(weights), rows)
    weights *= tf.gather(tf.math.rsqrt(squares), rows)
    # Gradients then have one entry per row of the table.
    indices, columns = tf.unique(lists.values, out_idx=tf.int64)
    vectors = tf.cast(tf.gather(embedding.embeddings, indices), tf.float32)
    # A matrix without rows, of a replica that has none, would end the process.
    shape = [tf.maximum(count, 1), tf.size(indices, tf.int64)]
    places = tf.stack([rows, columns], 1)
    return sparse_matmul(places, weights, shape, vectors)[:count]


def sparse_matmul(places, values, shape, dense):
    """Return the product of a sparse matrix and a dense one, whose gradient is as fast.

    Args:
        places: Rows and columns of the values, int64 [values, 2], the rows in order.
        values: The values, which get no gradient; those at the same place are added up.
        shape: Shape of the sparse matrix.
        dense: The dense matrix.
    """

    @tf.custom_gradient
    def product(dense):
        # Of TensorFlow's sparse products, only this one uses all cores.
        matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=places, values=values, dense_shape=shape
        )

        def gradient(upstream):
            # With transpose_a, the order in which cores add up varies.
            columns = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
            return tf.cond(  # TensorFlow 2.16 ends the process if there are no columns
                tf.shape(dense)[0] > 0,
                lambda: tf.raw_ops.SparseMatrixMatMul(a=columns, b=upstream),
                lambda: tf.zeros_like(dense),
            )

        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=dense), gradient

    return tf.ensure_shape(product(dense), [None, dense.shape[1]])


class TwoTowerModel(tf.keras.Model):
    """Two towers and their catalogue; subclasses define the loss.

    Their `compute_losses(features, training)` returns the batch's LOSSES by name, and
    the embeddings by tower.
    """

    def __init__(
        self,
        query_tower,
        candidate_tower,
        catalogue,
        width,
        averages=False,
        repeat_bonus=0.0,
    ):
        super().__init__()
        self.query_tower = query_tower
        self.candidate_tower = candidate_tower
        self.product_column = catalogue.columns.product
        self.buyer_column = catalogue.columns.buyer
        self.trained_buyers = tf.constant(catalogue.trained)
        self.catalogue = {k: tf.constant(v) for k, v in catalogue.features.items()}
        self.position = tf.constant(catalogue.position)
        self.final_layer = FinalLayer(catalogue, repeat_bonus)
        vectors = tf.zeros([len(catalogue.indices), width])
        self.candidates = tf.Variable(vectors, trainable=False)
        # For WeightAverage; between epochs, the weights with which training continues.
        averaged = self.trainable_variables if averages else ()
        self.averages = [tf.Variable(weight, trainable=False) for weight in averaged]
        # Means over the epoch, since Keras itself would report the last batch.
        self.means = {
            k: tf.keras.metrics.Mean(k) for k in LOSSES + GRADIENTS + MEASURES
        }
        self.distribute_reduction_method = "first"  # all replicas have the same results
        self.dead_steps = {name: counter() for name in TOWERS}

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
            gradients = self.compute_gradients(replica_slice(features), training=False)[
                2
            ]
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
        """Add a batch to the loss, recall and mean reciprocal rank."""
        features = features | {self.buyer_column: self.trained_buyer(features)}
        losses, embeddings = self.compute_losses(features, training=False)
        ranks = self.rank_products(embeddings["query"], features)
        found = {name: ranks < k for name, k in zip(RECALLS, RECALL_AT, strict=True)}
        found["mrr"] = tf.where(ranks < MISSED, 1 / (1 + tf.cast(ranks, tf.float32)), 0)
        means = {k: tf.reduce_mean(tf.cast(v, tf.float32)) for k, v in found.items()}
        return self._average(losses | means, tf.size(ranks))

    def known(self, features):
        """Return the rows' product indices, the last one if out of vocabulary."""
        return tf.minimum(features[self.product_column], len(self.position) - 1)

    @tf.function(reduce_retracing=True)
    def ranks(self, queries, features, left_out=None):
        """Return the same as rank_products, as one graph."""
        return self.rank_products(queries, features, left_out)

    def trained_buyer(self, features):
        """Return the rows' buyer indices, an unknown one for buyers without training rows.

        A vocabulary of all splits has such buyers, whose vectors are still random.
        """
        buyers, known = features[self.buyer_column], len(self.trained_buyers) - 1
        trained = tf.gather(self.trained_buyers, tf.minimum(buyers, known))
        return tf.where(buyers < known, tf.cast(trained, buyers.dtype), buyers)

    def rank_products(self, queries, features, left_out=None):
        """Return the number of other products that score at least as high.

        Products at the positions `left_out`, a ragged tensor [batch, n], are not counted.

        Recall then equals that of TFRS's FactorizedTopK by ID in an eighth of its time, and
        ties count against the model: if all scores are equal, recall is 0, not 1.
        """
        position = tf.gather(self.position, self.known(features))
        terms = queries * tf.gather(self.candidates, tf.maximum(position, 0))
        own_score = tf.reduce_sum(terms, axis=1, keepdims=True)
        # Scores that only differ by rounding are ties.
        error = 1e-5 * tf.reduce_sum(tf.abs(terms), axis=1, keepdims=True)
        own_score = self.final_layer.own(own_score, error, features, position)

        first, numbers = self._moments(queries, features)
        queries = tf.gather(queries, first)
        read = self.final_layer.reads
        features = {name: tf.gather(features[name], first) for name in read}

        # Lower scores are counted, since NaN is not lower and must not look like a hit.
        def count_lower(count, start):
            block = self.candidates[start : start + CATALOGUE_BLOCK]
            scores = tf.matmul(queries, block, transpose_b=True)
            scores = self.final_layer(scores, features, start)
            is_lower = tf.gather(scores, numbers) < own_score
            if left_out is not None:
                is_lower |= are_listed(left_out, start, tf.shape(scores)[1])
            count += tf.reduce_sum(tf.cast(is_lower, tf.int32), axis=1)
            return tf.ensure_shape(count, position.shape)

        size = self.candidates.shape[0]
        starts = tf.range(0, size, CATALOGUE_BLOCK)
        lower = tf.foldl(count_lower, starts, tf.zeros_like(position))
        # Unknown products are misses.
        return tf.where(position >= 0, size - 1 - lower, MISSED)

    def _moments(self, queries, features):
        """Return the first row of each list of scores, and which list each row has.

        Rows of a buyer at the same time have one, so scores are computed once for them.
        """
        if self.jit_compile:  # XLA cannot compile a number that varies
            rows = tf.range(tf.shape(queries)[0])
            return rows, rows
        keys = hashed(tf.RaggedTensor.from_tensor(tf.bitcast(queries, tf.int32)))
        keys += tf.cast(self.final_layer.kinds(features), keys.dtype)
        if self.final_layer.column:
            keys += hashed(features[self.final_layer.column])
        first, _, numbers = distinct(keys)
        return first, numbers

    def top_products(self, features):
        """Return the positions of all products in the top 100 of some rows, once each."""
        queries, k = self.query_tower(features), min(100, self.candidates.shape[0])
        scores = tf.matmul(queries, self.candidates, transpose_b=True)
        scores = self.final_layer(scores, features)
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


def are_listed(lists, start, size):
    """Return which of `size` positions from `start` on are in each row's list."""
    here = tf.ragged.boolean_mask(lists, (lists >= start) & (lists < start + size))
    places = tf.stack([here.value_rowids(), tf.cast(here.values - start, tf.int64)], 1)
    shape = tf.stack([lists.nrows(), tf.cast(size, tf.int64)])
    return tf.scatter_nd(places, tf.ones_like(here.values), shape) > 0


class FinalLayer(tf.Module):
    """A linear layer over the towers' score and terms that are known when a list is served.

    A product's score for a buyer is

        towers * score + products[product]
            + (past[product] + repeats @ terms, if the buyer had it)

    with the terms of `past_terms`. For a buyer of whom nothing is known, neither an ID nor
    what was bought, `towers` and `products` are others. Before it is fitted, the layer only
    adds a bonus to what the buyer had.

    Attributes:
        position: The catalogue position of each product index, -1 if there is none.
        column: The feature with what the buyer had, the latest last; "" without one.
        reads: The features that the layer reads.
        days: Half-lives of the products' shares.
        names: Names of the weights: `towers`, and of each term.
    """

    def __init__(self, catalogue, bonus):
        super().__init__()
        columns, count = catalogue.columns, len(catalogue.indices)
        self.position, self.column = tf.constant(catalogue.position), columns.past
        self.buyer, self.buyers = columns.buyer, catalogue.buyers
        self.reads = [name for name in (self.buyer, self.column) if name]
        self.days = SHARE_DAYS if columns.time else SHARE_DAYS[-1:]
        shares = [f"share_{days}_days" if days else "share" for days in self.days]
        recent = [f"had_in_last_{items}" for items in RECENT_ITEMS]
        self.past_names = ["had", *(f"had_{name}" for name in shares)]
        self.past_names += ["had_often", *recent, "had_among_many"]
        self.past_names *= bool(columns.past)
        self.names = ["towers", *shares, *self.past_names]

        def variable(values):
            return tf.Variable(values, trainable=False, dtype=tf.float32)

        # Of known buyers, and of unknown ones.
        self.towers = variable(tf.ones(2))
        self.products = variable(tf.zeros([2, count]))
        self.past = variable(tf.fill([count], bonus))
        self.repeats = variable(tf.zeros(len(RECENT_ITEMS) + 2))

    def assign(self, weights, shares):
        """Use weights by name, and the log shares of the products, [products, days]."""
        values = np.array([weights[name] for name in self.names], np.float32)
        split = 1 + len(self.days)
        products = shares @ values[1:split]
        self.towers.assign(values[[0, 0]])
        self.products.assign([products, products])
        if self.column:
            had, of_shares, repeats = np.split(values[split:], [1, split])
            self.past.assign(had + shares @ of_shares)
            self.repeats.assign(repeats)

    def assign_unknown(self, towers, products):
        """Use another weight and other scores of the products for unknown buyers."""
        self.towers[1].assign(towers)
        self.products[1].assign(products)

    def __call__(self, scores, features, start=0):
        """Return the scores [batch, products] of the products from `start` on."""
        size, kinds = tf.shape(scores)[1], self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        scores += tf.gather(self.products[:, start : start + size], kinds)
        if not self.column:
            return scores
        past, ages = self.purchases(features)
        is_here = (past >= start) & (past < start + size)
        past = tf.ragged.boolean_mask(past - start, is_here)
        ages = tf.ragged.boolean_mask(ages, is_here)

        def total(counts=None):
            sums = tf.math.bincount(past, counts, size, size, dtype=tf.float32, axis=-1)
            return tf.ensure_shape(sums, [None, None])  # bincount loses the rank

        often = total()
        recent = [total(2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = self.past[start : start + size]
        bonus += self._bonus(often, recent, features)
        return scores + tf.where(often > 0, bonus, 0.0)

    def own(self, scores, errors, features, position):
        """Return the same for one product of each row, at its `position`, [batch, 1].

        They are lower by the `errors` of the scores, and by those of the other terms.
        """
        place, kinds = tf.maximum(position, 0), self.kinds(features)
        own_product = tf.stack([kinds, place], axis=1)
        products = self.products.value()  # XLA cannot gather from a variable so
        constant = tf.gather_nd(products, own_product)[:, tf.newaxis]
        towers = tf.gather(self.towers, kinds)[:, tf.newaxis]
        scores = towers * scores - tf.abs(towers) * errors + constant
        if not self.column:
            return scores - ROUNDING * tf.abs(constant)
        past, ages = self.purchases(features)
        is_own = tf.cast(past == position[:, tf.newaxis], tf.float32)

        def total(counts):
            return tf.reduce_sum(counts, axis=1, keepdims=True)

        often = total(is_own)
        recent = [total(is_own * 2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = tf.gather(self.past, place)[:, tf.newaxis]
        bonus += self._bonus(often, recent, features)
        bonus = tf.where(often > 0, bonus, 0.0)
        return scores + bonus - ROUNDING * (tf.abs(constant) + tf.abs(bonus))

    def serve(self, scores, features):
        """Return the same as a call for all products, but only touches what buyers had."""
        kinds = self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        scores += tf.gather(self.products, kinds)
        if not self.column:
            return scores
        past = self.purchases(features)[0].to_tensor(-1)
        found = scored(scores, past) + self.bonus(features, past)
        return with_scores(scores, past, found)

    def bonus(self, features, places):
        """Return what past purchases add to the products at some places, [batch, n]."""
        past, ages = self.purchases(features)
        past, ages = past.to_tensor(-1), ages.to_tensor(0.0)
        is_same = (places[..., tf.newaxis] == past[:, tf.newaxis]) & (
            past[:, tf.newaxis] >= 0
        )
        counts = tf.cast(is_same, tf.float32)
        often = tf.reduce_sum(counts, axis=2)
        recent = [
            tf.reduce_sum(counts * (2 ** (ages / -items))[:, tf.newaxis], axis=2)
            for items in RECENT_ITEMS
        ]
        bonus = tf.gather(self.past, tf.maximum(places, 0))
        bonus += self._bonus(often, recent, features)
        return tf.where(often > 0, bonus, 0.0)

    def kinds(self, features):
        """Return 1 for each buyer of whom nothing is known, and 0 for the others, [batch]."""
        is_unknown = features[self.buyer] >= self.buyers
        if self.column:
            is_unknown &= features[self.column].row_lengths() == 0
        return tf.cast(is_unknown, tf.int32)

    def purchases(self, features):
        """Return the positions of what the buyers had, and how many purchases ago that was."""
        past = tf.gather(self.position, features[self.column])
        ends = tf.repeat(past.row_splits[1:], past.row_lengths())
        ages = ends - 1 - tf.range(tf.size(past.values, ends.dtype))
        return past, past.with_values(tf.cast(ages, tf.float32))

    def _bonus(self, often, recent, features):
        lengths = tf.cast(features[self.column].row_lengths(), tf.float32)
        terms = [tf.math.log(tf.maximum(often, 1)), *map(tf.math.log1p, recent)]
        terms.append(tf.math.log1p(lengths)[:, tf.newaxis])
        return sum(self.repeats[n] * term for n, term in enumerate(terms))


class Moments:
    """Some buyers, each at one moment: data of the final layer's fit.

    Attributes:
        scores: The towers' scores, [moments, products].
        had: Moments and products of what the buyers had, two arrays [entries].
        terms: Terms of these, [entries, terms].
        pairs: Moments and products of what is to be found, two arrays [pairs].
        is_new: Whether the buyer of each of these pairs did not have the product.
    """

    def __init__(self, scores, lists, shares, pairs, is_new):
        self.scores, self.pairs, self.is_new = scores, pairs, is_new
        sizes = np.array([len(each) for each in lists])
        moments = np.repeat(np.arange(len(lists)), sizes)
        ages = np.repeat(sizes.cumsum(), sizes) - 1 - np.arange(len(moments))
        products = np.concatenate([*lists, np.zeros(0, np.int32)])
        is_known = products >= 0
        entries = moments[is_known] * scores.shape[1] + products[is_known]
        entries, own = np.unique(entries, return_inverse=True)
        self.had = np.divmod(entries, scores.shape[1])
        size, ages = len(entries), ages[is_known]
        recent = [np.bincount(own, 0.5 ** (ages / n), size) for n in RECENT_ITEMS]
        often = np.log(np.bincount(own, minlength=size))
        among = np.log1p(sizes[self.had[0]])
        columns = [np.ones(size), shares[self.had[1]], often, *map(np.log1p, recent)]
        self.terms = np.column_stack([*columns, among]).astype(np.float32)

    def chances(self, weights, shares, counts):
        """Return the softmax of the weighted terms, and the loss of the pairs."""
        split = 1 + shares.shape[1]
        logits = np.float32(weights[0]) * self.scores
        logits += (shares @ weights[1:split]).astype(np.float32)
        if len(weights) > split:
            logits[self.had] += self.terms @ weights[split:].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        chances = np.exp(logits)
        totals = chances.sum(axis=1, keepdims=True)
        loss = counts @ (np.log(totals[self.pairs[0], 0]) - logits[self.pairs])
        return chances / totals, loss

    def derivatives(self, chances, shares, counts, size):
        """Return the gradient and the Hessian of the loss by `size` weights."""
        count, terms = len(chances), self.terms[:, : size - 1 - shares.shape[1]]
        weights = np.bincount(self.pairs[0], counts, count)[:, np.newaxis]
        expected = (weights * chances).astype(np.float32)
        excess = expected.copy()
        excess[self.pairs] -= counts
        of_shares, of_terms = excess.sum(axis=0) @ shares, excess[self.had] @ terms
        gradient = np.array([np.vdot(excess, self.scores), *of_shares, *of_terms])

        # Sums of the products of two terms: of all products, or of what a buyer had.
        entries = expected[self.had][:, np.newaxis] * terms
        of_scores, of_products = expected * self.scores, expected.sum(axis=0)
        corner = np.zeros([1 + shares.shape[1]] * 2)
        corner[0, 0] = np.vdot(of_scores, self.scores)
        corner[0, 1:] = corner[1:, 0] = of_scores.sum(axis=0) @ shares
        corner[1:, 1:] = shares.T @ (of_products[:, np.newaxis] * shares)
        side = np.column_stack([self.scores[self.had], shares[self.had[1]]]).T @ entries
        squares = np.block([[corner, side], [side.T, terms.T @ entries]])
        means = [(chances * self.scores).sum(axis=1), *(chances @ shares).T]
        own = chances[self.had]
        means += [np.bincount(self.had[0], own * term, count) for term in terms.T]
        mean = np.stack(means, axis=1)
        return gradient, squares - mean.T @ (weights * mean)


class FinalFit:
    """The fit of a final layer: a softmax regression on pairs of validation rows.

    The weights make the pairs' products most likely among all products. They are drawn to
    the towers' score alone, as by a normal prior of variance 1, which matters where there
    are few pairs. The loss is convex, and Newton's method finds its least value.

    Args:
        evaluation: The pairs.
        model: The model, whose final layer is not fitted yet.
    """

    def __init__(self, evaluation, model):
        self.evaluation, self.layer, self.model = evaluation, model.final_layer, model
        self.shares = evaluation.counting.log_shares(self.layer.days)
        self.start = np.array([1.0] + [0.0] * (len(self.layer.names) - 1))
        self.queries = evaluation.queries(model)
        self.moments = list(self._moments())

    def _moments(self):
        """Yield the moments of the pairs; pairs of a buyer with the same list share one."""
        lists = [np.zeros(0, np.int32)] * len(self.queries)
        if self.layer.column:
            past = self.layer.purchases(self.evaluation.rows)[0]
            lists = np.split(past.values.numpy(), past.row_splits[1:-1].numpy())
        # Of a large batch, the last digits are others.
        texts = [vector.tobytes() for vector in np.round(self.queries, 3) + 0.0]
        keys = [text + past.tobytes() for text, past in zip(texts, lists, strict=True)]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        of_pair = np.array([numbers[key] for key in keys])
        _, first = np.unique(of_pair, return_index=True)
        candidates = self.model.candidates.numpy()
        count = len(candidates)
        products = self.evaluation.pairs % self.evaluation.counting.stride
        products = self.evaluation.catalogue.position[products]
        kept = np.arange(len(first))[:: math.ceil(len(first) * count / FITTED_SCORES)]
        size = max(1, BLOCK_SCORES // count)
        for start in range(0, len(kept), size):
            block = kept[start : start + size]
            own = np.flatnonzero(np.isin(of_pair, block))
            pairs = np.searchsorted(block, of_pair[own]), products[own]
            yield Moments(
                self.queries[first[block]] @ candidates.T,
                [lists[pair] for pair in first[block]],
                self.shares,
                pairs,
                self.evaluation.is_new[own],
            )

    def weights(self, new_pairs_count):
        """Return the weights, if a pair that is no repeat counts this often, [terms]."""
        counts = [np.where(m.is_new, new_pairs_count, 1.0) for m in self.moments]
        parts = list(zip(self.moments, counts, strict=True))

        def loss_of(weights):
            found = [m.chances(weights, self.shares, count) for m, count in parts]
            prior = 0.5 * np.sum((weights - self.start) ** 2)
            return prior + sum(loss for _, loss in found), [c for c, _ in found]

        weights, (loss, chances) = self.start, loss_of(self.start)
        for _ in range(NEWTON_STEPS):
            gradient, hessian = weights - self.start, np.eye(len(weights))
            for (moments, count), own in zip(parts, chances, strict=True):
                found = moments.derivatives(own, self.shares, count, len(weights))
                gradient, hessian = gradient + found[0], hessian + found[1]
            step, size = np.linalg.solve(hessian, gradient), 1.0
            if gradient @ step < 1e-6 * loss:
                break
            better, chances = loss_of(weights - step)
            while better > loss and size > 1e-6:  # too far
                size /= 2
                better, chances = loss_of(weights - size * step)
            weights, loss = weights - size * step, better
        return weights

    def _model_views(self):
        return self.evaluation.of_model(self.model, self.queries)

    def best(self, measure):
        """Fit the layer; returns what the metrics file says of it.

        New pairs count more than others, and the weights go a part of the way only, if
        that is needed to be as good in each view as each baseline that counts, and as the
        towers alone. If no weights are, they come as near as they can: to counting on all
        pairs, by which runs are judged; then in the other views; then to the towers.
        """

        def means(views):
            return {k: float(np.mean(gains(v)[measure])) for k, v in views.items()}

        baselines = self.evaluation.of_baselines()
        found = {"towers": means(self._model_views())}
        found |= {name: means(views) for name, views in baselines.items()}

        def leads(values):
            of = {v: [values[v] - each[v] for each in found.values()] for v in values}
            counting = {view: min(0.0, *own[1:]) for view, own in of.items()}
            towers = min(0.0, *(own[0] for own in of.values()))
            lacks = counting["all"], min(counting.values()), towers
            # Where something lacks, half a hundredth is noise.
            return not any(lacks), *(round(each, 2) for each in lacks)

        best, most = {}, (False, -math.inf)
        for count, part, weights in self._candidates():
            self.layer.assign(weights, self.shares)
            values = means(self._model_views())
            if leads(values) > most:
                most = leads(values)
                best = {"weights": weights, "new_pairs_count": count, "part": part}
                best |= {"measure": measure, "validation": {"model": values, **found}}
            if most[0]:
                break
        self.layer.assign(best["weights"], self.shares)
        return best

    def _candidates(self):
        """Yield what new pairs count, the part of the way, and weights by name."""
        for count in NEW_PAIRS_COUNT:
            fitted = self.weights(count)
            for part in FITTED_PARTS:
                weights = self.start + part * (fitted - self.start)
                yield count, part, self._named(weights)
        yield 1, 0, self._named(self.start)

    def _named(self, weights):
        return dict(zip(self.layer.names, weights.tolist(), strict=True))


def fit_unknown(unknown, model, measure):
    """Set the model's final layer for unknown buyers; returns what the metrics file says.

    Their score is the log share of a product, with the half-life of the popularity that is
    best, and a part of the towers' score. The part is the one with the best validation,
    so that no popularity is better there; with none, lists are those of popularity.

    Args:
        unknown: UnknownBuyers of the validation rows.
        model: The model, whose final layer is fitted for known buyers.
        measure: The measure that is monitored.
    """

    def mean(ranks):
        return float(np.mean(gains(ranks)[measure]))

    counted = {
        name: mean(views["all"]) for name, views in unknown.of_baselines().items()
    }
    best = max(counted, key=counted.__getitem__)
    half_life = unknown.baselines[best]["popularity"]
    shares = unknown.counting.log_shares([half_life])[:, 0]
    scale, found = max(0.0, float(model.final_layer.towers[0])), {}
    queries = unknown.queries(model)
    for part in UNKNOWN_TOWERS:
        model.final_layer.assign_unknown(part * scale, shares)
        found[part * scale] = mean(unknown.model_ranks(model, queries))
    towers = max(found, key=found.__getitem__)
    model.final_layer.assign_unknown(towers, shares)
    return {
        "towers": towers,
        "half_life": half_life,
        "pairs": len(unknown.pairs),
        "validation": {"model": found[towers], **counted},
    }


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


class Counting:
    """What needs no model: products by the rows that a split has of them.

    A baseline is described by its half-lives in days: of "popularity", by which it lists
    products, and of "own_history" if it first lists what the buyer had, by the buyer's own
    rows. A row that is a half-life older than the newest counts half; without a half-life
    (None), all rows count alike.

    Attributes:
        buyers: Buyers with their own index, in ascending order.
        pairs: What they had: numbers of a buyer and a product, in ascending order.
    """

    def __init__(self, catalogue, split):
        self.catalogue, self.stride = catalogue, len(catalogue.counts) + 1
        self.popular, self.ages = {}, None  # ranks by half-life, and the rows' days
        if split.columns.time:
            times = split.column(split.columns.time).astype(np.float64)
            self.ages = np.maximum(newest_time(times) - times, 0) / 86_400
        pairs = self.pairs_of(split)
        buyers, self.products = np.divmod(pairs, self.stride)
        # Those out of vocabulary share an index, so that they have no history.
        is_own = buyers < catalogue.buyers
        self.buyers = np.unique(buyers[is_own])
        is_known = catalogue.position[self.products] >= 0
        self.own_rows = np.flatnonzero(is_own & is_known)
        self.pairs, self.pair_of_row = np.unique(
            pairs[self.own_rows], return_inverse=True
        )

    def pairs_of(self, split):
        """Return a number for the buyer and product of each row; a buyer's are consecutive."""
        products = self.catalogue.known(split.column(split.columns.product))
        return split.column(split.columns.buyer) * self.stride + products

    def weights(self, half_life):
        """Return what each row counts."""
        if half_life is None:
            return np.ones(len(self.products))
        return np.exp2(self.ages / -half_life)

    def counts(self, half_life):
        """Return what the rows of each product of the catalogue count, [products]."""
        indices, size = self.catalogue.indices, len(self.catalogue.counts)
        return np.bincount(self.products, self.weights(half_life), size)[indices]

    def log_shares(self, half_lives):
        """Return the log of each product's share of the rows, [products, half-lives].

        Half a row is added to each product, since some have no recent rows. The mean over
        the products is 0: only differences between products matter.
        """
        counts = np.stack([self.counts(half_life) for half_life in half_lives], axis=1)
        logs = np.log(counts + 0.5)
        return logs - logs.mean(axis=0)

    def popularity(self, half_life=None):
        """Return the rank of each product index, MISSED if it is not in the catalogue."""
        if half_life not in self.popular:
            indices, counts = self.catalogue.indices, self.counts(half_life)
            ranks = np.full(len(self.catalogue.counts), MISSED)
            ranks[indices[np.argsort(-counts, kind="stable")]] = np.arange(len(indices))
            self.popular[half_life] = ranks
        return self.popular[half_life]

    def ranks(self, pairs, half_lives, is_filtered=False):
        """Return the number of products before the pair's own in its buyer's list.

        In a filtered list, what the buyer had is left out.
        """
        popular = self.popularity(half_lives["popularity"])
        rank, start = popular[pairs % self.stride], pairs - pairs % self.stride
        has_history = "own_history" in half_lives
        if not len(self.pairs) or not (has_history or is_filtered):
            return rank
        buyers, products = np.divmod(self.pairs, self.stride)
        # Of the products that the buyer had, those that are more popular.
        own = np.sort(self.pairs - products + popular[products])
        first = np.searchsorted(own, start)
        earlier = (
            np.searchsorted(own, start + np.minimum(rank, self.stride - 1)) - first
        )
        others = rank - earlier
        if not is_filtered:
            others += np.searchsorted(own, start + self.stride) - first
            weights = self.weights(half_lives["own_history"])[self.own_rows]
            counts = np.bincount(self.pair_of_row, weights)
            order = np.lexsort([popular[products], -counts, buyers])
            place = np.empty(len(order), np.int64)
            place[order] = np.arange(len(order)) - np.searchsorted(buyers, buyers)
            found = np.searchsorted(self.pairs, pairs)
            found = np.minimum(found, len(self.pairs) - 1)
            others = np.where(self.pairs[found] == pairs, place[found], others)
        return np.where(rank < MISSED, others, MISSED)

    def measure(self, split, baselines):
        """Return the means over the rows of a split, such as "popularity_mrr"."""
        rows = np.unique(self.pairs_of(split), return_counts=True)
        return {
            f"{name}_{measure}": mean
            for name, half_lives in baselines.items()
            for measure, mean in self._means(*rows, half_lives).items()
        }

    def _means(self, pairs, counts, half_lives):
        """Return each measure over rows, of which there are so many for each pair."""
        found = gains(self.ranks(pairs, half_lives))
        return {name: float(found[name] @ counts / counts.sum()) for name in MEASURES}

    def choose(self, split):
        """Return the measure that tells models apart, and the half-lives of each baseline.

        The half-lives are those that are best on the rows of `split`. The measure is recall
        at a k of at most a tenth of the catalogue, unless counting is nearly perfect there;
        otherwise it is the mean reciprocal rank.
        """
        rows, means = np.unique(self.pairs_of(split), return_counts=True), {}

        def value(half_lives, measure):
            key = tuple(half_lives.items())
            if key not in means:
                means[key] = self._means(*rows, half_lives)
            return means[key][measure]

        def best(known, what, measure):
            options = [known | {what: days} for days in half_lives]
            return max(options, key=lambda option: value(option, measure))

        half_lives = HALF_LIVES[:1] if self.ages is None else HALF_LIVES
        plain = {"popularity": None}
        fitting = [k for k in RECALL_AT if 10 * k <= len(self.catalogue.indices)]
        for monitored in (*(f"recall_at_{k}" for k in reversed(fitting)), "mrr"):
            popularity = best({}, "popularity", monitored)
            # The one half-life is of products that buyers had, the other of all others.
            own = best({"own_history": None}, "popularity", monitored)
            own = best(own, "own_history", monitored)
            if max(value(popularity, monitored), value(own, monitored)) <= TOO_EASY:
                break
        baselines = {"popularity": plain, "own_history": plain | {"own_history": None}}
        if self.ages is not None:
            baselines |= {"popularity_recent": popularity, "own_history_recent": own}
        return monitored, baselines


def gains(ranks):
    """Return what each rank contributes to the mean of each measure, by its name."""
    found = {f"recall_at_{k}": ranks < k for k in RECALL_AT}
    found["ndcg_at_10"] = np.where(ranks < 10, 1 / np.log2(2.0 + ranks), 0)
    found["mrr"] = np.where(ranks < MISSED, 1 / (1.0 + ranks), 0)
    return found


class Evaluation:
    """Compares the model with baselines that count, on the test's pairs.

    A pair is a buyer and a product, counted once. Pairs with a buyer or product that is
    unknown to training are dropped; a pair is new if it is not in training. Each pair is
    ranked by itself: recall@k is the share of pairs whose product is in the top k,
    NDCG@10 the mean of 1 / log2(2 + rank) in the top 10, MRR the mean of 1 / (1 + rank).
    In the view `new_filtered`, what the buyer had is taken out of the lists.

    Args:
        baselines: The half-lives of each baseline, as `Counting.choose` returns them.
        most: Bound of the number of pairs; of more, evenly spaced ones are evaluated.
    """

    def __init__(self, counting, test, baselines, seed, most):
        self.catalogue, self.counting = counting.catalogue, counting
        self.baselines, self.seed = baselines, seed
        all_pairs = counting.pairs_of(test)
        buyers, products = np.divmod(all_pairs, counting.stride)
        is_known = self.catalogue.position[products] >= 0
        is_known &= np.isin(buyers, counting.buyers)
        _, first = np.unique(all_pairs, return_index=True)
        known = first[is_known[first]]
        kept = known[:: math.ceil(len(known) / most) or 1]
        self.left_out, self.unscored = len(first) - len(known), len(known) - len(kept)
        self._take(test, kept, all_pairs[kept], buyers[kept])

    def _take(self, split, kept, pairs, buyers):
        """Evaluate the rows of a split at these places, with their pairs and buyers."""
        self.pairs, chunks = pairs, list(split.dataset)
        columns = {k: tf.concat([c[k] for c in chunks], 0) for k in chunks[0]}
        self.rows = {name: tf.gather(values, kept) for name, values in columns.items()}
        self.is_new = ~np.isin(pairs, self.counting.pairs)
        _, self.one_each, self.buyer = np.unique(
            buyers, return_index=True, return_inverse=True
        )

    def compare(self, model):
        """Return the pairs and the metrics of the model and the baselines."""
        own = self.of_model(model, self.queries(model))
        ranks = {"model": own, **self.of_baselines()}
        views = {
            view: self.summarize({name: own[view] for name, own in ranks.items()}, view)
            for view in ranks["model"]
        }
        summaries = {k: {v: found[k] for v, found in views.items()} for k in ranks}
        counted = self.one_each[:COVERAGE_BUYERS]
        buyers = {k: tf.gather(values, counted) for k, values in self.rows.items()}
        shown = [model.top_products(part) for part in slices(buyers, COUNTED_ROWS)]
        share = len(np.unique(np.concatenate(shown))) / len(self.catalogue.indices)
        summaries["model"]["coverage_at_100"] = share
        pairs = {"all": len(self.pairs), "new": int(self.is_new.sum())}
        pairs["left_out"] = self.left_out
        if self.unscored:
            pairs["unscored"] = self.unscored
        return {"pairs": pairs, **summaries}

    def queries(self, model):
        """Return the query tower's vectors of the pairs' rows, [pairs, width]."""
        embed = tf.function(model.query_tower, reduce_retracing=True)
        parts = [embed(rows).numpy() for rows in slices(self.rows, RANKED_ROWS)]
        return np.concatenate(parts)

    def of_model(self, model, queries):
        """Return the model's ranks by view, for the vectors that `queries` returned."""
        of_new = self.model_ranks(model, queries, is_filtered=True)
        return self._views(self.model_ranks(model, queries), of_new)

    def of_baselines(self):
        """Return each baseline's ranks by view."""
        ranks, new = self.counting.ranks, self.pairs[self.is_new]
        return {
            name: self._views(ranks(self.pairs, days), ranks(new, days, True))
            for name, days in self.baselines.items()
        }

    def _views(self, of_all, of_new):
        """Return ranks by view, from those of all pairs and of new ones in filtered lists."""
        views = {"all": of_all, "new": of_all[self.is_new], "new_filtered": of_new}
        return {name: ranks for name, ranks in views.items() if len(ranks)}

    def model_ranks(self, model, queries, is_filtered=False):
        """Return the model's ranks of all pairs, or of new ones in filtered lists."""
        rows, pairs = self.rows | {"query": queries}, self.pairs
        if is_filtered:
            pairs, kept = pairs[self.is_new], np.flatnonzero(self.is_new)
            rows = {name: tf.gather(values, kept) for name, values in rows.items()}
        found = [np.zeros(0, np.int64)]
        for part in slices(rows | {"pair": pairs}, RANKED_ROWS):
            past = self.past(part.pop("pair")) if is_filtered else None
            found.append(model.ranks(part.pop("query"), part, past).numpy())
        return np.concatenate(found)

    def past(self, pairs):
        """Return the positions of what each pair's buyer had, [pairs, n]."""
        stride, own = self.counting.stride, self.counting.pairs
        buyers = pairs // stride
        first = np.searchsorted(own, buyers * stride)
        sizes = np.searchsorted(own, (buyers + 1) * stride) - first
        places = np.arange(sizes.sum()) + np.repeat(
            first - sizes.cumsum() + sizes, sizes
        )
        positions = self.catalogue.position[own[places] % stride]
        return tf.RaggedTensor.from_row_lengths(positions, sizes)

    def summarize(self, ranks, view):
        """Return the metrics by name of what has these ranks of the pairs in a view.

        The 95% intervals are from a bootstrap over buyers. Those of the model's lead over a
        baseline are narrower than the model's own, since the same pairs are easy for both.
        """
        buyer, count = self.buyer, len(self.one_each)
        buyer = buyer if view == "all" else buyer[self.is_new]
        found = [gains(values) for values in ranks.values()]
        rows = [
            np.bincount(buyer, gain, count) for own in found for gain in own.values()
        ]
        sums, pairs = np.stack(rows), np.bincount(buyer, minlength=count)
        draw, even = np.random.default_rng(self.seed), np.full(count, 1 / count)
        shares = []
        for _ in range(BOOTSTRAPS):
            resample = draw.multinomial(count, even)
            shares.append(sums @ resample / np.maximum(pairs @ resample, 1))
        drawn = np.reshape(shares, [BOOTSTRAPS, len(ranks), -1])
        values = np.reshape(sums.sum(axis=1) / pairs.sum(), drawn.shape[1:])
        figures = {"value": values} | interval(drawn)
        leads = interval(drawn[:, :1] - drawn)
        leads = {f"lead_{end}": of for end, of in leads.items()}
        return {
            name: {
                metric: {
                    key: float(of[row, column])
                    for key, of in (figures | leads if row else figures).items()
                }
                for column, metric in enumerate(found[0])
            }
            for row, name in enumerate(ranks)
        }


class UnknownBuyers(Evaluation):
    """Compares the model with popularity on pairs of buyers of whom nothing is known.

    These are the pairs of buyers without training rows; where there are none, those of
    known buyers that are new. All are shown to the model with an unknown ID and an empty
    history; the other columns are kept. Of buyers outside the vocabulary, who share an
    index, each row is a pair.

    Attributes:
        are_known: Whether there are no unknown buyers, so that known ones stand for them.
    """

    def __init__(self, counting, split, baselines, seed, most=UNKNOWN_PAIRS):
        self.catalogue, self.counting, self.seed = counting.catalogue, counting, seed
        self.baselines = {k: v for k, v in baselines.items() if "own_history" not in v}
        pairs = counting.pairs_of(split)
        buyers, products = np.divmod(pairs, counting.stride)
        _, first = np.unique(pairs, return_index=True)
        shared = np.flatnonzero(buyers >= self.catalogue.buyers)
        kept = np.union1d(first, shared)
        kept = kept[self.catalogue.position[products[kept]] >= 0]
        is_trained = np.isin(buyers[kept], counting.buyers)
        self.are_known = bool(is_trained.all())
        is_new = ~np.isin(pairs[kept], counting.pairs)
        kept = kept[is_new if self.are_known else ~is_trained]
        kept = kept[:: math.ceil(len(kept) / most) or 1]
        is_shared = np.isin(kept, shared)
        people = np.where(is_shared, -1 - kept, buyers[kept])
        self._take(split, kept, pairs[kept], people)
        self.rows |= as_unknown(self.rows, self.catalogue)

    def add_to(self, compared, model):
        """Add the view `unknown_buyers` to what an Evaluation compared, if there are pairs."""
        if not len(self.pairs):
            return
        compared["pairs"]["unknown_buyers"] = len(self.pairs)
        if self.are_known:
            compared["pairs"]["shown_as_unknown"] = len(self.pairs)
        baselines = {name: views["all"] for name, views in self.of_baselines().items()}
        own = self.model_ranks(model, self.queries(model))
        ranks = {"model": own, **baselines}
        for name, figures in self.summarize(ranks, "all").items():
            compared[name]["unknown_buyers"] = figures


def as_unknown(rows, catalogue):
    """Return the columns of rows that name their buyers, as of buyers who are unknown."""
    columns = catalogue.columns
    buyers = tf.fill(tf.shape(rows[columns.buyer]), catalogue.buyers)
    none = tf.RaggedTensor.from_row_lengths
    lists = {
        name: none(rows[name].values[:0], tf.zeros_like(rows[name].row_lengths()))
        for name in columns.histories
    }
    return lists | {columns.buyer: tf.cast(buyers, rows[columns.buyer].dtype)}


def interval(resamples):
    """Return the ends of 95% intervals, over the first axis."""
    low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
    return {"low": low, "high": high}


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


class FailureWatch(tf.keras.callbacks.Callback):
    """Stops a training that has failed, and records why."""

    def __init__(self, metrics, stage, baselines=None):
        super().__init__()
        self.chance, self.stage = metrics.chance, stage
        self.health = metrics.content["health"]
        self.measures = metrics.content["recall"]
        self.record = metrics.content["params"]
        # A failed model has one list for all, so it is compared with such lists.
        self.one_list = [v for k, v in (baselines or {}).items() if "popularity" in k]

    def on_train_begin(self, logs=None):
        self.epoch = len(self.health["loss_to_chance"]) - 1

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.steps = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps = batch + 1
        if not math.isfinite(logs["loss"]):
            self.record |= {"nan_detected": True, "nan_epoch": self.epoch}
            self._stop("nan", "The loss became NaN or infinite.")
            return
        dead = [k for k, steps in self.model.dead_steps.items() if steps >= DEAD_STEPS]
        # A model that has memorized its data has no gradient either.
        if dead and logs["loss"] > KNOWN * self.chance:
            self._collapse("collapse", dead, "towers")

    def on_epoch_end(self, epoch, logs=None):
        if "failure" in self.record:
            return
        planned = self.params["steps"]
        if self.steps < planned:
            had = f"The training data ended after {self.steps} of {planned} steps."
            self._stop("out_of_data", had)
            return
        if self.stage != "first":
            return
        losses = self.health["loss_to_chance"]
        if losses[-1] > (max(1.5, 1.1 * losses[-2]) if epoch else 10):
            times = f"{losses[-1]:.3g} times"
            self._stop("divergence", f"The loss is {times} that of chance.")
            return
        value = logs.get(f"val_{self.record['monitored']}")
        if value is not None and value > 1.05 * max(self.one_list):
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
        knows_popularity = value is not None and value > 0.9 * min(self.one_list)
        if is_one_list and knows_popularity and progress < 0.01:
            self._stop(
                "popularity_only", "Everybody is shown the most popular products."
            )
        elif at_chance and progress < PROGRESS:
            self._stop_at_chance()

    def on_train_end(self, logs=None):
        """Judge a training that ended before its epochs could be judged."""
        if self.stage != "first" or "failure" in self.record:
            return
        losses = self.health["loss_to_chance"]
        values = self.measures[f"val_{self.record['monitored']}"]
        best = max((value for value in values if value is not None), default=0)
        has_learned = losses[0] - min(losses) >= PROGRESS
        if losses[-1] <= AT_CHANCE or has_learned or best > 1.05 * max(self.one_list):
            return
        changes = [max(self.health[tower]["update_ratio"]) for tower in TOWERS]
        is_long = len(losses) > 1 and self.model.optimizer.iterations >= GRACE_STEPS
        # The first step of a warm-up has no rate yet.
        is_still = max(changes) < STILL and self.model.optimizer.iterations > 1
        if is_long or is_still or "stopped_early" in self.record:
            self._stop_at_chance()
        else:
            self.record["at_chance"] = True
            say("warning", "the loss is that of chance: nothing is learned yet")

    def _stop_at_chance(self):
        after = f"After {self.epoch + 1} epochs" if self.epoch else "After one epoch"
        self._stop("not_learning", f"{after} the loss is that of chance.")

    def _collapse(self, kind, towers, what):
        self.record["gradient_collapse_detected"] = True
        self.record["gradient_collapse_epoch"] = self.epoch
        self.record["collapsed_towers"] = towers
        self._stop(kind, f"Training collapsed, dead {what}: {', '.join(towers)}.")

    def _stop(self, kind, reason):
        training = "" if self.stage == "first" else f"{self.stage} training, "
        place = f"{training}epoch {self.epoch + 1}".capitalize()
        self.record["failure"] = f"{place}: {reason}"
        self.record["failure_kind"] = kind
        self.record["failure_epoch"] = self.epoch
        self.model.stop_training = True


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
        value = logs.get(f"val_{params['monitored']}", math.nan)
        if value > params.get("best_recall", -1):
            params |= {"best_recall": value, "best_epoch": epoch}
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


class Training:
    """A run of the trainer: reads the rows, trains models, measures and saves them.

    Args:
        build_model: Function of this object that returns a compiled model with new weights.
        params: What the metrics file says of the config.
        least_batch: Least rows of a batch; 2 if its other products are the negatives.
        half_life_days: Age at which rows are drawn half as often; None draws all alike.
        ema_decay: The decay of WeightAverage; None trains without it.
        buyer_id_dropout: Share of the rows that are trained as those of unknown buyers.

    Attributes:
        train, validation, test: The splits; `test` is None if there is none.
        validated: The validation rows that are ranked: all, or a sample of many.
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
    ):
        self.fn_args, self.settings, self.build_model = fn_args, settings, build_model
        self.transform_output = transform_output
        self.half_life_days, self.ema_decay = half_life_days, ema_decay
        self.buyer_id_dropout = buyer_id_dropout
        self.weights, self.unknown = None, None  # of the final layer, once it is fitted
        self.replicas = Replicas(settings)
        # Ranks depend on the last digits of scores, which TensorFloat-32 drops on GPUs.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        self.train = Split.read(fn_args.train_files, "training", columns)
        self.validation = Split.read(fn_args.eval_files, "validation", columns)
        self.test = None
        if settings.test_files:
            self.test = Split.read(settings.test_files, "test", columns)
        else:
            say("note", "no test: the metrics have no test_ figures")
        rows = min(settings.batch_size, self.train.count)
        self.batch_size = self.replicas.batch_size(rows)
        if self.batch_size < least_batch:
            raise ValueError("A batch of one row has no negatives to learn from.")
        self._use(self.train)
        most = VALIDATION_SCORES // len(self.catalogue.indices)
        if settings.eval_steps:
            most = settings.eval_steps * self.batch_size
        self.validated = self.validation.spaced(most)
        if self.validated.count < self.validation.count:
            rows = f"{self.validated.count:,} of {self.validation.count:,} rows"
            say("note", f"validation on {rows}")
        self.probe = self.train.sample(PROBED_ROWS)
        self.params = params | self._describe()
        self.folder = checkpoint_folder(
            fn_args, self.replicas, self.params, self.train, self.validation
        )

    def _use(self, rows):
        """Train on these rows from now on."""
        self.rows, self.draw_chance = rows, None
        if self.half_life_days:
            times = rows.column(rows.columns.time)
            self.draw_chance = recency(times, self.half_life_days)
        self.catalogue = Catalogue(rows, self.transform_output, self.draw_chance)
        self.counting = Counting(self.catalogue, rows)
        self.steps = self.catalogue.steps(self.batch_size, self.settings.train_steps)

    def _describe(self):
        """Return the settings and the data for the metrics file."""
        settings, catalogue = self.settings, self.catalogue
        monitored, baselines = self.counting.choose(self.validated)
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
            "monitored": monitored,
            "half_lives": baselines,
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

    def fit(
        self, candidates, patience=None, plateau_factor=None, validates_each_epoch=True
    ):
        """Return a model that is trained on the training rows, with its best epoch's weights.

        Args:
            candidates: Products among which the loss looks for a row's own one.
            patience: As in Checkpoints.
            plateau_factor: As in Checkpoints.
            validates_each_epoch: Whether validation follows each epoch, or only the last.
        """
        folders, log_folder = self.replicas.output_folders(
            self.fn_args, self.settings.gcs_output_path
        )
        validation_probe = self.validated.sample(COUNTED_ROWS)
        chance = math.log(candidates)  # the loss of equal scores
        self.metrics = MetricsFile(
            folders, log_folder, self.params, chance, self.probe, validation_probe
        )
        counted = self.metrics.add_baselines(self.counting, self.validated)
        watch = FailureWatch(self.metrics, "first", counted)
        batches = self.validated.evaluation_batches(self.batch_size)
        return self._fit(
            "first",
            self.settings.epochs,
            [self.metrics, watch],
            {"patience": patience, "plateau_factor": plateau_factor},
            validation_data=self.replicas.distribute(batches, self.batch_size),
            validation_steps=len(batches),
            validation_freq=1 if validates_each_epoch else [self.settings.epochs],
        )

    def fit_final_layer(self, model):
        """Fit the model's final layer; the models of later trainings have its weights."""
        if self.has_failed:
            return
        most = max(1, VALIDATION_SCORES // len(self.catalogue.indices))
        baselines, measure = self.params["half_lives"], self.params["monitored"]
        evaluation = Evaluation(
            self.counting, self.validated, baselines, self.settings.seed, most
        )
        if not len(evaluation.pairs):
            return
        found = self.metrics.content["final_layer"] = FinalFit(evaluation, model).best(
            measure
        )
        self.weights, values = found["weights"], found["validation"]
        unknown = UnknownBuyers(
            self.counting, self.validated, baselines, self.settings.seed
        )
        if len(unknown.pairs):
            self.unknown = found["unknown_buyers"] = fit_unknown(
                unknown, model, measure
            )
        self.metrics.write()
        shown = measure.replace("_at_", "@")
        for view, value in values["model"].items():
            words = f"validation {shown} of {VIEWS[view]}"
            say("final layer", f"{words} {values['towers'][view]:.4f} -> {value:.4f}")
            best = max(baselines, key=lambda name: values[name][view])
            if values[best][view] > value:
                name = best.replace("_", " ")
                say("warning", f"{words}: {name} reaches {values[best][view]:.4f}")
            elif values["towers"][view] > value:
                reached = f"the towers alone reach {values['towers'][view]:.4f}"
                say("note", f"{words}: {reached}, but lack more of counting elsewhere")

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
        self._use(self.rows + added)
        callbacks = [FailureWatch(self.metrics, stage)]
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
        batches = self.rows.training_batches(
            self.batch_size, seed, first_epoch * self.steps, self.draw_chance, hide
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
        if validation and not self.has_failed:
            checkpoints.restore_best()
        if self.weights:
            shares = self.counting.log_shares(model.final_layer.days)
            model.final_layer.assign(self.weights, shares)
        if self.unknown:
            popular = self.counting.log_shares([self.unknown["half_life"]])[:, 0]
            model.final_layer.assign_unknown(self.unknown["towers"], popular)
        model.embed_catalogue()
        return model

    def add_test(self, model):
        """Measure a model of the present rows on the test, if there is one."""
        if self.test:
            self.params["measured_rows"] = self.rows.count
            unknown = self.catalogue.unknown(test=self.test)["unknown_products"]
            self.params["measured_unknown_products"] = unknown["test"]
            self.metrics.add_test(model, self.replicas, self.counting, self.test)

    def require_success(self):
        """Raise an error if a training has failed; what was measured is kept."""
        if not self.has_failed:
            self.params["served_rows"] = self.rows.count
        self.metrics.write()
        if self.has_failed:
            remove_checkpoints(self.folder, is_model_saved=False)
            raise RuntimeError(self.params["failure"])

    def save(self, recommender):
        """Save what recommends products; then, checkpoints are not needed any more."""
        print("saving the model", flush=True)
        folder = self.replicas.own_folder(self.fn_args.serving_model_dir)
        recommender.save(folder)
        # All workers save, since they read variables together.
        if self.replicas.worker:
            tf.io.gfile.rmtree(folder)
        remove_checkpoints(self.folder, is_model_saved=True)


class ExactSearch(tf.Module):
    """The served catalogue, searched by scoring every product.

    Attributes:
        vectors: The products' vectors. They are transposed, [width, products]: the product
            with one buyer's vector then takes half the time.
        product_ids: The products' original IDs, [products].
        places: A table from an ID to its position in the catalogue, -1 if it has none.
        k: Number of products in an answer.
    """

    def __init__(self, model, product_ids, k):
        super().__init__()
        self.final_layer = model.final_layer
        self.vectors = tf.Variable(tf.transpose(model.candidates), trainable=False)
        ids = tf.constant(product_ids)
        self.product_ids = tf.Variable(ids, trainable=False)
        entries = tf.lookup.KeyValueTensorInitializer(ids, tf.range(tf.size(ids)))
        self.places = tf.lookup.StaticHashTable(entries, -1)
        self.k = min(k, len(product_ids))

    def scores(self, queries, features):
        """Return the scores of all products, [batch, products]."""
        return self.final_layer.serve(tf.matmul(queries, self.vectors), features)

    def best(self, queries, features):
        """Return product_ids and scores [batch, k], the best first."""
        scores, places = tf.math.top_k(self.scores(queries, features), self.k)
        return {"product_ids": tf.gather(self.product_ids, places), "scores": scores}

    def best_allowed(self, queries, features, excluded, only):
        """Return the same, without some products, or of some products alone.

        Where fewer than k are allowed, null IDs with the score NOT_ALLOWED follow.

        Args:
            queries: The buyers' vectors.
            features: The buyers' features.
            excluded: IDs that are left out, [batch, n]; null and unknown IDs do not count.
            only: The only IDs that are allowed, [batch, n]. A row without any but null IDs
                allows all.
        """
        scores = self.scores(queries, features)
        is_limited = tf.reduce_any(~is_null(only), axis=1, keepdims=True)
        allowed = tf.where(is_limited, NOT_ALLOWED, scores)
        listed = self.places.lookup(only)
        allowed = with_scores(allowed, listed, scored(scores, listed))
        left_out = self.places.lookup(excluded)
        without = tf.fill(tf.shape(left_out), NOT_ALLOWED)
        scores, places = tf.math.top_k(with_scores(allowed, left_out, without), self.k)
        ids = tf.gather(self.product_ids, places)
        ids = tf.where(scores > NOT_ALLOWED, ids, null(ids.dtype))
        return {"product_ids": ids, "scores": scores}


def scored(scores, places):
    """Return the scores [batch, products] at some places [batch, n], -1 being any."""
    return tf.gather(scores, tf.maximum(places, 0), batch_dims=1)


def with_scores(scores, places, values):
    """Return scores [batch, products] with other values at places [batch, n], but -1."""
    entries = tf.where(places >= 0)
    columns = tf.cast(tf.gather_nd(places, entries), tf.int64)
    cells = tf.stack([entries[:, 0], columns], axis=1)
    return tf.tensor_scatter_nd_update(scores, cells, tf.gather_nd(values, entries))


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
