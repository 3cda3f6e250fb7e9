"""Predicts a target of test rows, by what is not recgen: in a process of its own.

`python -m bench.models.rating NAME… --data FILE --out FOLDER`; the predictions with each seed are
in FOLDER/NAME/predicted-SEED.npy, and what they took in FOLDER/NAME/measured-SEED.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.models.tutorial import tensorflow
from bench.protocol import BUYER, PRODUCT, Array
from bench.rated import Rated, past, read_rows

SHRINKAGES = (0, 1, 3, 10, 30, 100)
_ROUNDS = 10
_WIDTH, _LEARNING_RATE, _BATCH, _EPOCHS = 32, 0.1, 8192, 3
_TREES, _RATE = 300, 0.05  # trees at most
_LEAVES = (8, 31)
_LATE = 0.1  # share of the training rows, the last ones, on which peers choose their settings

Predict = Callable[[Rated, Array, Array, int], Array]
"""From rows, places of those to learn from and to predict, and a seed, to predictions."""


def means(sides: tuple[int, ...], logged: bool = False) -> Predict:
    """Returns what predicts by means of training rows: of all, a buyer, a product, or both.

    Means are drawn to that of all by as many rows as are best on the last tenth of the training.

    Args:
        sides: 0 for the buyer, 1 for the product.
        logged: Whether they are means of the logarithms of an amount.
    """

    def predict(rated: Rated, known: Array, asked: Array, seed: int) -> Array:
        target = _learnt(rated, np.arange(len(rated.target)), logged)
        keys = [(rated.buyer, rated.product)[side] for side in sides]
        early, late = _early_and_late(known)

        def error(rows: int) -> float:
            return float(np.mean((_means(target, keys, early, late, rows) - target[late]) ** 2))

        found = _means(target, keys, known, asked, min(SHRINKAGES, key=error))
        if rated.is_binary:
            return np.clip(found, 0, 1)
        return np.expm1(found) if logged else found

    return predict


def _means(target: Array, keys: list[Array], known: Array, asked: Array, rows: int) -> Array:
    mean = target[known].mean()
    effects = [np.zeros(key.max() + 1) for key in keys]
    for _ in range(_ROUNDS if len(keys) > 1 else 1):
        for at, key in enumerate(keys):
            excess = target[known] - mean
            excess -= sum(e[k[known]] for e, k in zip(effects, keys, strict=True) if k is not key)
            counts = np.bincount(key[known], minlength=len(effects[at]))
            sums = np.bincount(key[known], excess, len(effects[at]))
            effects[at] = sums / np.maximum(counts + rows, 1)
    own = (effect[key[asked]] for effect, key in zip(effects, keys, strict=True))
    return sum(own, np.full(len(asked), mean))


def trees(logged: bool) -> Predict:
    """Returns scikit-learn's gradient-boosted trees, on the columns of our config.

    Their categories are at most 255, so the IDs are target-encoded (TargetEncoder, cross-fitted);
    the country is a category. A list of past products cannot be given to trees: they get whether
    the product is one of them, and their number. The number of trees and of their leaves are the
    best on the last tenth of the training.

    Args:
        logged: Whether the logarithm of an amount is learnt.
    """

    def predict(rated: Rated, known: Array, asked: Array, seed: int) -> Array:
        early, late = _early_and_late(known)
        truth, tried = _learnt(rated, late, logged), []
        for leaves in _LEAVES:
            model, encoded = _boosted(rated, early, late, seed, (_TREES, leaves), logged)
            for count, found in enumerate(_staged(rated, model, encoded), 1):
                tried.append((_loss(rated, truth, found), count, leaves))
        _, *best = min(tried)
        print(f"{best[0]} trees of {best[1]} leaves", flush=True)
        model, encoded = _boosted(rated, known, asked, seed, tuple(best), logged)
        if rated.is_binary:
            return np.asarray(model.predict_proba(encoded)[:, 1])
        found = model.predict(encoded)
        return np.asarray(np.expm1(found) if logged else found)

    return predict


def _boosted(
    rated: Rated, known: Array, asked: Array, seed: int, size: tuple[int, ...], logged: bool
) -> tuple[Any, Array]:
    """Returns trees that are fitted on known rows, and the encoded columns of the asked ones.

    Args:
        rated: The rows.
        known: Places of the rows to learn from.
        asked: Places of those to predict.
        seed: Of the encoding.
        size: How many trees, and leaves in each.
        logged: As in `trees`.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import OrdinalEncoder, TargetEncoder

    learnt = _learnt(rated, known, logged)
    ids = np.stack([rated.buyer, rated.product], axis=1)
    kind = "binary" if rated.is_binary else "continuous"
    folds = KFold(5, shuffle=True, random_state=seed)
    encoder = TargetEncoder(target_type=kind, cv=folds)
    country = np.asarray(rated.table["Country"].to_pylist(), object)[:, None]
    countries = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    countries.fit(country[known])
    plain = np.stack([np.asarray(rated.table["UnitPrice"]), *past(rated)], axis=1)
    fitted = encoder.fit_transform(ids[known], learnt)  # unlike transform, it is cross-fitted
    inputs, outputs = (
        np.hstack([encoded, countries.transform(country[places]), plain[places]])
        for places, encoded in ((known, fitted), (asked, encoder.transform(ids[asked])))
    )
    kinds = HistGradientBoostingClassifier, HistGradientBoostingRegressor
    model = kinds[not rated.is_binary](
        max_iter=size[0],
        max_leaf_nodes=size[1],
        learning_rate=_RATE,
        early_stopping=False,
        categorical_features=[2],
    )
    return model.fit(inputs, learnt), outputs


def _staged(rated: Rated, model: Any, encoded: Array) -> Any:
    if rated.is_binary:
        return (found[:, 1] for found in model.staged_predict_proba(encoded))
    return model.staged_predict(encoded)


def _loss(rated: Rated, truth: Array, found: Array) -> float:
    if not rated.is_binary:
        return float(np.mean((found - truth) ** 2))
    chance = np.clip(found, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(truth > 0, np.log(chance), np.log1p(-chance))))


def _learnt(rated: Rated, places: Array, logged: bool) -> Array:
    target = rated.target[places]
    return np.log1p(target) if logged and not rated.is_binary else target


def tutorial(is_multitask: bool) -> Predict:
    """Returns the model of a TFRS tutorial: on ranking, or on multitask.

    ID embeddings of 32, dense layers of 256 and 64 (multitask: 256 and 128), Adagrad 0.1, three
    epochs of batches of 8,192. Of an amount, it learns the logarithm: as it is, it would be worse.
    """

    def predict(rated: Rated, known: Array, asked: Array, seed: int) -> Array:
        tf = tensorflow()
        tf.keras.utils.set_random_seed(seed)
        model = _tutorial_model(rated, known, is_multitask)
        columns = {**_names(rated, known), "target": _learnt(rated, known, True).astype(np.float32)}
        order = np.random.default_rng(seed).permutation(len(known))
        data = tf.data.Dataset.from_tensor_slices({k: v[order] for k, v in columns.items()})
        model.fit(data.batch(_BATCH).cache(), epochs=_EPOCHS, verbose=0)
        found = np.concatenate(
            [
                model.rate(part).numpy()[:, 0]
                for part in tf.data.Dataset.from_tensor_slices(_names(rated, asked)).batch(_BATCH)
            ]
        ).astype(np.float64)
        return np.asarray(1 / (1 + np.exp(-found)) if rated.is_binary else np.expm1(found))

    return predict


def _tutorial_model(rated: Rated, known: Array, is_multitask: bool) -> Any:
    tf = tensorflow()
    import tensorflow_recommenders as tfrs

    layers, vocabularies = tf.keras.layers, _names(rated, known)

    def tower(name: str) -> Any:
        values = np.unique(vocabularies[name])
        lookup = layers.StringLookup(vocabulary=values.tolist(), mask_token=None)
        return tf.keras.Sequential([lookup, layers.Embedding(len(values) + 1, _WIDTH)])

    loss = (
        tf.keras.losses.BinaryCrossentropy(from_logits=True)
        if rated.is_binary
        else tf.keras.losses.MeanSquaredError()
    )

    class Tutorial(tfrs.models.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = tower("user"), tower("item")
            units = (256, 128) if is_multitask else (256, 64)
            dense = [layers.Dense(each, activation="relu") for each in units]
            self.head = tf.keras.Sequential([*dense, layers.Dense(1)])
            self.ranking = tfrs.tasks.Ranking(loss=loss)
            self.retrieval = tfrs.tasks.Retrieval() if is_multitask else None

        def rate(self, features: Any) -> Any:
            vectors = self.users(features["user"]), self.items(features["item"])
            return self.head(tf.concat(vectors, axis=1))

        def compute_loss(self, features: Any, training: bool = False) -> Any:
            target = features["target"][:, None]
            own = self.ranking(labels=target, predictions=self.rate(features))
            if self.retrieval is None:
                return own
            vectors = self.users(features["user"]), self.items(features["item"])
            return own + self.retrieval(*vectors, compute_metrics=False)

    model = Tutorial()
    model.compile(tf.keras.optimizers.Adagrad(_LEARNING_RATE))
    return model


def _names(rated: Rated, places: Array) -> dict[str, Array]:
    columns = {"user": BUYER, "item": PRODUCT}
    table = rated.table.take(places)
    return {k: np.asarray(table[name].to_pylist(), str) for k, name in columns.items()}


def _early_and_late(known: Array) -> tuple[Array, Array]:
    """Returns training rows, which are in order of time, without the last tenth; and that."""
    at = int(len(known) * (1 - _LATE))
    return known[:at], known[at:]


PEERS: dict[str, tuple[str, Predict]] = {
    "global_mean": ("the mean", means(())),
    "buyer_mean": ("the buyer's mean", means((0,))),
    "product_mean": ("the product's mean", means((1,))),
    "both_means": ("the sum of both means", means((0, 1))),
    "both_means_log": ("the sum of both means, of logarithms", means((0, 1), logged=True)),
    "trees": ("gradient-boosted trees", trees(logged=True)),
    "trees_plain": ("gradient-boosted trees, no logarithm", trees(logged=False)),
    "tutorial": ("TFRS ranking tutorial", tutorial(is_multitask=False)),
    "tutorial_multitask": ("TFRS multitask tutorial", tutorial(is_multitask=True)),
}
RANDOM = ("trees", "tutorial", "tutorial_multitask")
"""Those of which several seeds are run."""
OF_AMOUNTS = ("both_means_log", "trees_plain")
"""Those that differ from others only where the logarithm is learnt."""


def main() -> None:
    """Writes the predictions of the test rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", choices=PEERS, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1, help="of those that are random")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rated = read_rows(options.data)
    for name in options.names:
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(1, (options.seeds if name in RANDOM else 1) + 1):
            began = time.perf_counter()
            found = PEERS[name][1](rated, rated.training, rated.test, seed)
            np.save(folder / f"predicted-{seed}.npy", found)
            measured = {"seconds": time.perf_counter() - began}
            (folder / f"measured-{seed}.json").write_text(json.dumps(measured), "utf-8")
            print(f"{name}, seed {seed}: {measured['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
