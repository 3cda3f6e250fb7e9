"""Rows of the splits, and batches of them."""

import dataclasses
import hashlib
import math
import os
import shutil
import weakref

import numpy as np
import tensorflow as tf

from .files import (
    SHUFFLE_ROWS,
    STREAMED_ROWS,
    matching,
    records,
    shuffled_records,
    why_unreadable,
)

PROBED_ROWS = 1024  # training rows that are described
RUN = 8  # rows of a buyer that follow each other, if they are compared


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


class RowCache:
    """Keeps parsed rows for the next passes over them.

    Args:
        kind: "memory"; "disk", in a folder that is removed with this object; or "none", so
            that each pass reads the files again.
        folder: The folder.
    """

    def __init__(self, kind="memory", folder=None):
        self.kind, self.folder, self.remove = kind, folder, lambda: None
        if kind == "disk":
            shutil.rmtree(folder, ignore_errors=True)  # that of a killed process
            os.makedirs(folder)
            self.remove = weakref.finalize(self, shutil.rmtree, folder, True)

    def keep(self, chunks, name):
        """Return the same chunks, which the first pass keeps under a name."""
        if self.kind == "none":
            return chunks
        return chunks.cache(os.path.join(self.folder, name) if self.folder else "")


class Split:
    """The rows of a split, in large chunks of features [rows].

    Args:
        dataset: The chunks in the order of the files.
        shuffled: Function of a seed that returns the chunks in an order that it draws,
            another one in each iteration; by default, that of `dataset` is shuffled.
    """

    def __init__(self, dataset, columns, shuffled=None):
        self.dataset, self.columns = dataset, columns
        self.is_streamed = shuffled is not None
        self.shuffled = shuffled or (lambda seed: dataset.shuffle(64, seed))
        self.count = sum(len(c[columns.product]) for c in self.chunks(columns.product))

    @classmethod
    def read(cls, patterns, name, columns, cache=None):
        """Return the rows of matching files; errors call the split `name`."""

        def parse(examples):
            features = tf.io.parse_example(examples, columns.specs)
            # Lists take most of the memory, and int32 takes half of it.
            lists = {k: tf.cast(features[k], tf.int32) for k in columns.histories}
            return features | lists

        files, cache = matching(patterns), cache or RowCache()
        if not files:
            raise ValueError(f"No {name} files match {patterns}.")
        options = tf.data.Options()
        options.autotune.enabled = False  # with it, ending an iterator can take seconds
        size = SHUFFLE_ROWS if cache.kind == "memory" else STREAMED_ROWS

        def parsed(rows):
            return rows.batch(size).map(parse).with_options(options)

        chunks = cache.keep(parsed(records(files)), name)
        shuffled = {
            "memory": None,
            "disk": lambda seed: chunks.shuffle(8, seed).rebatch(4 * size),
            "none": lambda seed: parsed(shuffled_records(files, seed)),
        }
        try:
            split = cls(chunks, columns, shuffled[cache.kind])
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
        both = self.dataset.concatenate(other.dataset)
        if not self.is_streamed:
            return Split(both, self.columns)
        counts = [float(self.count), float(other.count)]

        def shuffled(seed):
            parts = [self.shuffled(seed), other.shuffled(seed)]
            return tf.data.Dataset.sample_from_datasets(
                parts, counts, seed, rerandomize_each_iteration=True
            )

        return Split(both, self.columns, shuffled)

    def map(self, function):
        """Return what a function makes of each chunk; those without rows are left out."""

        def mapped(chunks):
            rows = chunks.map(function)
            return rows.filter(lambda chunk: tf.size(chunk[self.columns.product]) > 0)

        shuffled = (
            (lambda seed: mapped(self.shuffled(seed))) if self.is_streamed else None
        )
        return Split(mapped(self.dataset), self.columns, shuffled)

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
        return self.arrays(name)[0]

    def arrays(self, *names):
        """Return some columns of all rows, which are read once."""
        return self.collect(lambda *columns: columns, *names)

    def collect(self, function, *names):
        """Return arrays [rows] of which a function makes a part from columns of each chunk."""
        found, start = None, 0
        for chunk in self.chunks(*names):
            parts = function(*chunk.values())
            # Filled, since parts that are concatenated would be in memory twice.
            if found is None:
                found = [np.empty(self.count, part.dtype) for part in parts]
            stop = start + len(parts[0])
            for whole, part in zip(found, parts, strict=True):
                whole[start:stop] = part
            start = stop
        return found

    def rows_at(self, places):
        """Return the rows at some places, in their order, as columns by name."""
        numbers, parts = zip(*self.parts_at(places), strict=True)
        back = np.argsort(np.concatenate(numbers))
        columns = {k: tf.concat([part[k] for part in parts], 0) for k in parts[0]}
        return {name: tf.gather(values, back) for name, values in columns.items()}

    def parts_at(self, places):
        """Yield the rows at some places, as columns by name, chunk by chunk.

        With them come their numbers, ascending: of which of the places they are.
        """
        order, start = np.argsort(places, kind="stable"), 0
        ascending = places[order]
        for chunk in self.dataset:
            stop = start + len(chunk[self.columns.product])
            first, last = np.searchsorted(ascending, [start, stop])
            own = np.sort(order[first:last])
            at = places[own] - start
            yield own, {name: tf.gather(values, at) for name, values in chunk.items()}
            start = stop

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
        self,
        batch_size,
        seed,
        first_step=0,
        draw_chance=None,
        hide=None,
        keeps_buyers=False,
    ):
        """Return endless batches of equal size, reshuffled in each epoch.

        With `draw_chance`, a function of times, each row is only drawn with its chance.
        With `hide`, a function as `buyer_dropout` returns it, some buyers are unknown.
        With `keeps_buyers`, runs of a buyer's rows stay together, and are shuffled.
        """

        def shuffle(chunk, chunk_seed):
            order = tf.range(tf.shape(chunk[self.columns.product])[0])
            if draw_chance:
                seeds, shape = [chunk_seed, seed], tf.shape(order)
                draws = tf.random.stateless_uniform(shape, seeds, dtype=tf.float64)
                is_drawn = draws < draw_chance(chunk[self.columns.time])
                order = tf.boolean_mask(order, is_drawn)
            order = tf.random.experimental.stateless_shuffle(order, [seed, chunk_seed])
            if keeps_buyers:
                buyers = tf.gather(chunk[self.columns.buyer], order)
                runs = runs_of_buyers(buyers, [chunk_seed, seed])
                order = tf.gather(order, runs)
            rows = {name: tf.gather(values, order) for name, values in chunk.items()}
            if hide:
                buyer = self.columns.buyer
                rows[buyer] = hide(rows[buyer], [chunk_seed, -1 - seed])
            return rows

        seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
        chunks = tf.data.Dataset.zip((self.shuffled(seed), seeds))
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


def runs_of_buyers(buyers, seed):
    """Return an order of rows in which up to RUN rows of a buyer follow each other.

    Which ones is decided by their present order; that of the runs is drawn with a seed.
    """
    order = tf.argsort(buyers, stable=True)
    buyers = tf.gather(buyers, order)
    place = tf.range(tf.size(buyers)) - tf.searchsorted(buyers, buyers)
    starts = tf.cast(place % RUN == 0, tf.int32)
    drawn = tf.range(tf.reduce_sum(starts))
    drawn = tf.random.experimental.stateless_shuffle(drawn, seed)
    runs = tf.gather(drawn, tf.cumsum(starts) - 1)
    return tf.gather(order, tf.argsort(runs, stable=True))


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
