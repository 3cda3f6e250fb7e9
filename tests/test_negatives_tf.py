"""The kinds of negatives, their correction and what else changes the loss, in numpy beside it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from runs import Built, Run
from synthetic import Table

Plain = dict[str, Any]
ROWS, PRODUCTS, RARE = 2000, 60, 25

pytestmark = pytest.mark.slow

NO_SCORE = -1e9

EXPERIMENT = {
    "features": {
        "buyer_id_column": "user",
        "product_id_column": "sku",
        "buyer_model_features": [
            {
                "column": "user",
                "data_type": "text",
                "transforms": {"embedding": {"embedding_dim": 8}},
            }
        ],
        "product_model_features": [
            {
                "column": "sku",
                "data_type": "text",
                "transforms": {"embedding": {"embedding_dim": 8, "min_frequency": RARE}},
            },
            {"column": "price", "data_type": "numeric"},
        ],
    },
    "model": {"output_embedding_dim": 8, "batch_size": 128, "epochs": 1},
    "data": {"split": {"kind": "random"}},
}


@pytest.fixture(scope="module")
def table() -> Table:
    """Returns rows of popular and rare products; the rarest are out of vocabulary."""
    random = np.random.default_rng(5)
    weight = 1 / np.arange(1, PRODUCTS + 1)
    product = random.choice(PRODUCTS, size=ROWS, p=weight / weight.sum())
    return {
        "user": [f"u{number}" for number in random.integers(40, size=ROWS)],
        "sku": [f"p{number}" for number in product],
        "price": (1.0 + product).tolist(),
    }


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run], table: Table) -> Run:
    return make_run(EXPERIMENT, table)


class Case:
    """A model that has taken some steps, and what the loss is made of."""

    def __init__(self, run: Run, **model: Any) -> None:
        self.run = run.variant(allow=["RG208", "RG210"], **model)
        self.built: Built = self.run.built()
        self.batch, self.model = self.built.batch, self.built.model
        for _ in range(3):
            self.model.train_step(self.batch)
        args = self.run.fn_args()
        module = self.built.module
        rows = module.runtime.Split.read(args.train_files, "training", module.COLUMNS)
        self.counts = np.bincount(rows.column("sku"))
        self.unknown = len(self.model.position) - 1
        self.products = np.minimum(self.batch["sku"].numpy(), self.unknown)

    def loss(self, training: bool = True) -> float:
        return float(self.model.compute_losses(self.batch, training)[0]["loss"])

    def vectors(self, tower: str, features: Any) -> Any:
        return getattr(self.model, tower)(features).numpy().astype(np.float64)

    def in_batch(self) -> Any:
        queries = self.vectors("query_tower", self.batch)
        return queries @ self.vectors("candidate_tower", self.batch).T

    def share(self) -> Any:
        """Returns each product's share of the training rows: exact, the unknown ones together."""
        return self.counts / self.counts.sum()


def cross_entropy(logits: Any, right: Any, smoothing: float = 0.0) -> Any:
    """Returns each row's loss: [rows, candidates] scores, [rows] places of what is right."""
    logits = logits - logits.max(axis=1, keepdims=True)
    log_share = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    target = np.full(logits.shape, smoothing / logits.shape[1])
    target[np.arange(len(right)), right] += 1 - smoothing
    return -(target * log_share).sum(axis=1)


def diagonal(case: Case) -> Any:
    return np.arange(len(case.products))


def test_in_batch_is_corrected_by_exact_counts(run: Run) -> None:  # P54
    case = Case(run, negatives="in_batch")
    logits = case.in_batch() - np.log(case.share())[case.products]
    expected = cross_entropy(logits, diagonal(case)).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)
    assert case.unknown in case.products  # what is out of vocabulary is a negative like others


def test_a_share_below_a_millionth_is_not_clipped(runtime: Any) -> None:  # P54
    catalogue = SimpleNamespace(draws=np.array([20_000_000, 2, 0, 5]), indices=np.array([0, 1]))
    found = runtime.Catalogue.log_probability(catalogue)
    total = 20_000_000 + 2 + 1 + 5  # a product that is never sampled counts as one
    np.testing.assert_allclose(found, np.log(np.array([2e7, 2, 1, 5]) / total), rtol=1e-5)
    assert found[1] < np.log(1e-6)


def test_without_the_correction_scores_are_as_they_are(run: Run) -> None:
    case = Case(run, negatives="in_batch", logq_correction=False)
    expected = cross_entropy(case.in_batch(), diagonal(case)).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)
    assert not hasattr(case.model, "log_probability")


def test_accidental_hits_are_out_of_the_softmax(run: Run) -> None:  # P56
    case = Case(run, negatives="in_batch", remove_accidental_hits=True, temperature=0.5)
    logits = case.in_batch() / 0.5 - np.log(case.share())[case.products]
    hits = (case.products[:, None] == case.products) & ~np.eye(len(case.products), dtype=bool)
    assert hits.any()
    expected = cross_entropy(np.where(hits, NO_SCORE, logits), diagonal(case)).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("hits", [False, True], ids=["all", "without hits"])
def test_hard_negatives_are_those_with_the_highest_scores(run: Run, hits: bool) -> None:
    case = Case(run, negatives="in_batch", hard_negatives=7, remove_accidental_hits=hits)
    logits = case.in_batch() - np.log(case.share())[case.products]
    own = np.eye(len(case.products), dtype=bool)
    others = np.where(own, -np.inf, logits)
    if hits:
        others[(case.products[:, None] == case.products) & ~own] = NO_SCORE
    hardest = -np.sort(-others, axis=1)[:, :7]
    logits = np.concatenate([logits.diagonal()[:, None], hardest], axis=1)
    expected = cross_entropy(logits, np.zeros(len(logits), int)).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_more_hard_negatives_than_there_are_are_all(run: Run) -> None:  # P78
    case = Case(run, negatives="in_batch", hard_negatives=100_000)
    logits = case.in_batch() - np.log(case.share())[case.products]
    assert case.loss() == pytest.approx(cross_entropy(logits, diagonal(case)).mean(), rel=1e-5)


def test_smoothing_spreads_a_share_of_the_target(run: Run) -> None:  # P55
    case = Case(run, negatives="in_batch", label_smoothing=0.2)
    logits = case.in_batch() - np.log(case.share())[case.products]
    expected = cross_entropy(logits, diagonal(case), 0.2).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_temperature_divides_scores_and_not_the_correction(run: Run) -> None:  # P54
    model = {"normalize_embeddings": True, "temperature": 0.07}
    case = Case(run, negatives="in_batch", **model)
    assert np.abs(case.in_batch()).max() <= 1 + 1e-5
    logits = case.in_batch() / 0.07 - np.log(case.share())[case.products]
    assert case.loss() == pytest.approx(cross_entropy(logits, diagonal(case)).mean(), rel=1e-5)


MIXED = 50


def drawn_places(case: Case) -> Any:
    """Returns the places in the catalogue of what is drawn in the model's next step."""
    import tensorflow as tf

    seed = [case.built.module.SEED, case.model.optimizer.iterations]
    size = len(case.model.catalogue["sku"])
    return tf.random.stateless_uniform([MIXED], seed, maxval=size, dtype=tf.int32).numpy()


def mixed_logits(case: Case) -> Any:
    drawn = drawn_places(case)
    catalogue = {name: values.numpy()[drawn] for name, values in case.model.catalogue.items()}
    queries = case.vectors("query_tower", case.batch)
    candidates = [case.vectors("candidate_tower", each) for each in (case.batch, catalogue)]
    products = np.concatenate([case.products, catalogue["sku"]])
    # So often is a product among a row's candidates, on average.
    size = len(case.model.catalogue["sku"])
    expected_count = len(case.products) * case.share() + MIXED / size
    return queries @ np.concatenate(candidates).T - np.log(expected_count)[products], products


def test_mixed_negatives_are_corrected_by_both_chances(run: Run) -> None:
    case = Case(run, negatives="mixed", catalogue_negatives=MIXED)
    logits, _ = mixed_logits(case)
    assert logits.shape == (128, 128 + MIXED)
    assert case.loss() == pytest.approx(cross_entropy(logits, diagonal(case)).mean(), rel=1e-5)


def test_mixed_negatives_are_others_in_each_step(run: Run) -> None:
    case = Case(run, negatives="mixed", catalogue_negatives=MIXED)
    before = drawn_places(case)
    case.model.train_step(case.batch)
    assert (drawn_places(case) != before).mean() > 0.5
    counts = np.zeros(len(case.model.catalogue["sku"]))
    for _ in range(40):
        np.add.at(counts, drawn_places(case), 1)
        case.model.optimizer.iterations.assign_add(1)
    mean = 40 * MIXED / len(counts)
    assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)  # each product as often as the others


def test_a_drawn_product_that_is_the_rows_own_is_a_hit(run: Run) -> None:
    model = {"remove_accidental_hits": True, "hard_negatives": 20}
    case = Case(run, negatives="mixed", catalogue_negatives=MIXED, **model)
    logits, products = mixed_logits(case)
    rows = np.arange(128)
    hits = case.products[:, None] == products
    hits[rows, rows] = False
    assert hits[:, 128:].any()
    others = np.where(hits, NO_SCORE, logits)
    right = others[rows, rows][:, None].copy()
    others[rows, rows] = -np.inf
    logits = np.concatenate([right, -np.sort(-others, axis=1)[:, :20]], axis=1)
    expected = cross_entropy(logits, np.zeros(128, int)).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def catalogue_logits(case: Case) -> Any:
    queries = case.vectors("query_tower", case.batch)
    return queries @ case.vectors("candidate_tower", case.model.catalogue).T


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("hardest", [None, 9])
def test_the_full_catalogue_is_an_exact_softmax(
    run: Run, smoothing: float, hardest: int | None
) -> None:
    model = {"label_smoothing": smoothing, "hard_negatives": hardest, "temperature": 0.5}
    case = Case(run, negatives="full_catalogue", **model)
    logits = catalogue_logits(case) / 0.5
    places = case.model.position.numpy()[case.products]
    is_known = places >= 0
    assert not is_known.all()
    places = np.maximum(places, 0)
    if hardest:
        rows = np.arange(len(logits))
        others = logits.copy()
        others[rows, places] = -np.inf
        hard = -np.sort(-others, axis=1)[:, :hardest]
        logits = np.concatenate([logits[rows, places][:, None], hard], axis=1)
        places = np.zeros(len(logits), int)
    expected = (cross_entropy(logits, places, smoothing) * is_known).mean()
    assert case.loss() == pytest.approx(expected, rel=1e-5)
    assert not hasattr(case.model, "log_probability")  # nothing is sampled


def test_rows_of_unknown_products_have_no_part_in_the_exact_softmax(run: Run) -> None:
    case = Case(run, negatives="full_catalogue")
    unknown = np.flatnonzero(case.products == case.unknown)
    _, _, gradients = case.model.compute_gradients(case.batch, training=True)
    users = case.model.query_tower.user_embedding.embeddings
    known_users = set(case.batch["user"].numpy()[case.products != case.unknown].tolist())
    import tensorflow as tf

    moved = np.abs(tf.convert_to_tensor(gradients[users.ref()]).numpy()).sum(axis=1)
    assert set(np.flatnonzero(moved)) <= known_users
    assert len(unknown)


def test_the_correction_makes_the_batch_estimate_the_exact_gradient(run: Run) -> None:  # P54
    """Over many batches, for the same weights: without it, popular products are pushed away."""
    exact = _mean_gradient(run, "full_catalogue", batches=1)
    corrected = _mean_gradient(run, "in_batch", batches=150)
    mixed = _mean_gradient(run, "mixed", batches=150)
    plain = _mean_gradient(run, "in_batch", batches=150, logq_correction=False)
    size = np.linalg.norm(exact)
    assert np.linalg.norm(corrected - exact) < 0.2 * size
    assert np.linalg.norm(mixed - exact) < 0.2 * size
    assert np.linalg.norm(plain - exact) > 0.6 * size


def _mean_gradient(run: Run, negatives: str, batches: int, **model: Any) -> Any:
    """Returns the gradient of the products' table, of known products only, for fixed weights."""
    import tensorflow as tf

    built = run.variant(allow=["RG208"], negatives=negatives, **model).built()
    built.model.query_tower.set_weights(_fixed(built.model.query_tower))
    built.model.candidate_tower.set_weights(_fixed(built.model.candidate_tower))
    module = built.module
    train = module.runtime.Split.read(run.fn_args().train_files, "training", module.COLUMNS)
    rows = {name: train.column(name) for name in module.COLUMNS.specs}
    known = np.flatnonzero(rows["sku"] < len(built.model.position) - 1)
    random, total = np.random.default_rng(0), 0.0
    table = built.model.candidate_tower.sku_embedding.embeddings
    step = tf.function(lambda batch: built.model.compute_gradients(batch, training=True)[2])
    variables = [variable.ref() for variable in built.model.trainable_variables]
    gradient = tf.function(lambda batch: tf.convert_to_tensor(step(batch)[table.ref()]))
    assert table.ref() in variables
    for _ in range(batches):
        chosen = known if batches == 1 else random.choice(known, 128)
        batch = {name: tf.constant(values[chosen]) for name, values in rows.items()}
        total = total + gradient(batch).numpy()
        built.model.optimizer.iterations.assign_add(1)
    return total / batches


def _fixed(tower: Any) -> list[Any]:
    random = np.random.default_rng(9)
    return [random.normal(scale=0.4, size=weight.shape) for weight in tower.get_weights()]


def test_a_step_goes_down_for_each_kind(run: Run) -> None:
    for negatives in ("in_batch", "mixed", "full_catalogue"):
        case = Case(run, negatives=negatives)
        before = case.loss()
        for _ in range(30):
            case.model.train_step(case.batch)
        assert case.loss() < before - 0.1, negatives


@pytest.mark.parametrize(
    ("size", "batch_size", "expected"),
    [(None, 128, "in_batch"), (256, 128, "full_catalogue"), (257, 128, "in_batch")],
)
def test_auto_decides_by_the_catalogue(size: int | None, batch_size: int, expected: str) -> None:
    from recgen.check import load
    from recgen.plan.trainer import plan_trainer

    data = {**EXPERIMENT["data"], "catalogue_size": size}
    model = {**EXPERIMENT["model"], "batch_size": batch_size}
    plan = plan_trainer(load({**EXPERIMENT, "model": model, "data": data})).kind
    assert plan.negatives == expected
    assert bool(plan.negatives_group.title) == (size is not None)
