"""What a change of config breaks, by doing it: old weights in new towers, old requests.

Towers and signatures are those of the generated modules; nothing is transformed or trained.
"""

from __future__ import annotations

import ast
import inspect
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from breaking_changes import CHANGES

from recgen.check import load
from recgen.config import SIDES, ExperimentConfig
from recgen.generate import generate
from recgen.optimizers import OPTIMIZERS
from recgen.plan.columns import serving_inputs
from recgen.plan.transform import Output, Vocabulary, plan_transform

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

pytestmark = pytest.mark.one_stack

ROWS, WORDS = 6, 12
NOT_LOADED = -123.0
_IDS = {change.name: change for change in CHANGES}
_QUICK = 6  # of so many changes, one is done in the quick run of the tests


def each_change(names: Sequence[str] = tuple(_IDS)) -> Any:
    """Returns the parametrization over changes; most are left to the night."""
    later = (pytest.mark.slow, pytest.mark.nightly)
    marks = [() if place % _QUICK == 0 else later for place in range(len(names))]
    pairs = zip(names, marks, strict=True)
    return pytest.mark.parametrize("name", [pytest.param(n, marks=m, id=n) for n, m in pairs])


class Vocabularies:
    """What towers need of a transform's output: sizes of vocabularies, as the options cut them."""

    def __init__(self, config: ExperimentConfig) -> None:
        steps = plan_transform(config).steps
        learnt: list[Any] = [o for s in steps for o in s.outputs if o.kind == "vocabulary"]
        learnt += [each for s in steps for each in s.statements if isinstance(each, Vocabulary)]
        options = [dict(each.options) for each in learnt if isinstance(each, (Output, Vocabulary))]
        self.options = {each["vocab_filename"]: each for each in options}

    def vocabulary_size_by_name(self, name: str) -> int:
        rare = 1 if "frequency_threshold" in self.options[name] else 0
        return min(WORDS, int(self.options[name].get("top_k", WORDS))) - rare


class Model:
    """The towers of a config, with their weights, and its module."""

    def __init__(self, plain: Any) -> None:
        self.config = load(plain)
        self.files = generate(self.config)
        self.text = self.files["trainer_module.py"]

    @cached_property
    def folder(self) -> Path:
        folder = Path(tempfile.mkdtemp())
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    @cached_property
    def module(self) -> Any:
        from recgen.local.child import load_module

        return load_module(self.folder / "trainer_module.py")

    @cached_property
    def features(self) -> Any:
        """Returns values for all features that the towers read; a key has the same ones always."""
        return {key: _values(key, spec) for key, spec in self.module.COLUMNS.specs.items()}

    def part(self, names: Sequence[str], words: Sequence[str] = ()) -> list[Any]:
        """Returns the code of some functions, classes and constants, and the lines with words."""
        nodes = ast.parse(self.text).body
        wanted = (node for node in nodes if getattr(node, "name", _target(node)) in names)
        lines = (line for line in self.text.splitlines() if any(word in line for word in words))
        return [*map(ast.dump, wanted), *lines]

    @cached_property
    def towers(self) -> Any:
        """Both towers, built as `build_model` does."""
        tf.keras.utils.set_random_seed(5)
        policy = "mixed_bfloat16" if "mixed_bfloat16" in self.text else "float32"
        tf.keras.mixed_precision.set_global_policy(policy)
        try:
            given = {"transform_output": Vocabularies(self.config)}
            candidate = _made(self.module.CandidateTower, given)
            candidate(self.features)
            query = _made(self.module.QueryTower, given, candidate)
            query(self.features)
        finally:
            tf.keras.mixed_precision.set_global_policy("float32")
        return SimpleNamespace(query=query, candidate=candidate)

    @cached_property
    def signature(self) -> Any:
        """The saved signature, of a model that recommends the same to everybody."""
        module, dtype = self.module, "int64" if 'astype("int64")' in self.text else "string"
        saved = module.Recommender.__new__(module.Recommender)
        tf.Module.__init__(saved)

        def recommend(columns: Mapping[str, Any]) -> Any:
            shape = [tf.shape(next(iter(columns.values())))[0], module.TOP_K]
            ids = tf.zeros(shape, "int64")
            ids = ids if dtype == "int64" else tf.strings.as_string(ids)
            return {"product_ids": ids, "scores": tf.zeros(shape)}

        saved.recommend, saved.recommend_allowed = recommend, lambda columns, *_: recommend(columns)
        saved.recommend_examples = lambda examples: recommend({"examples": examples})
        lists = [tf.TensorSpec([None, None], dtype, name) for name in module.FILTERS]
        saved.search = SimpleNamespace(lists=lambda *_: lists)
        saved.save(str(self.folder / "model"))
        return tf.saved_model.load(str(self.folder / "model")).signatures["serving_default"]


def _target(node: ast.AST) -> str:
    return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""


def _made(tower: Any, given: dict[str, Any], other: Any = None) -> Any:
    names = list(inspect.signature(tower.__init__).parameters)[1:]
    return tower(*(given[name] if name in given else getattr(other, name) for name in names))


def _values(key: str, spec: Any) -> Any:
    random = np.random.default_rng(zlib.crc32(key.encode()))
    if isinstance(spec, tf.io.RaggedFeature):
        return tf.ragged.constant(
            [[1, 2, 3], [4], [], [0, 1], [2], [3, 2]], row_splits_dtype="int64"
        )
    if spec.dtype == tf.int64:
        return tf.constant(random.integers(4, size=ROWS))
    return tf.constant(random.normal(size=ROWS), tf.float32)


def weights(tower: Any) -> list[Any]:
    """Returns the float weights; counters of dropout are none."""
    return [each for each in tower.weights if each.dtype.is_floating]


@pytest.fixture(scope="module")
def models() -> Callable[[Any], Model]:
    """Returns a function from a config to its model, made once."""
    known: dict[str, Model] = {}
    return lambda plain: known.setdefault(str(plain), Model(plain))


def loads(old: Any, new: Any, folder: Path) -> bool:
    """Says whether a checkpoint of the old towers has all weights of the new ones, and no more."""
    path = tf.train.Checkpoint(query=old.query, candidate=old.candidate).write(str(folder / "old"))
    every = [each for tower in (new.query, new.candidate) for each in weights(tower)]
    for each in every:
        each.assign(tf.fill(each.shape, tf.cast(NOT_LOADED, each.dtype)))
    try:
        tf.train.Checkpoint(query=new.query, candidate=new.candidate).read(path).expect_partial()
    except ValueError:  # another shape
        return False
    counts = [len({id(w) for t in (m.query, m.candidate) for w in weights(t)}) for m in (old, new)]
    return counts[0] == counts[1] and not any(np.any(w.numpy() == NOT_LOADED) for w in every)


def outputs(towers: Any, features: Any) -> list[Any]:
    return [towers.query(features).numpy(), towers.candidate(features).numpy()]


LOST, OTHER, MEANT = {"RB201", "RB202", "RB203"}, {"RB204", "RB205"}, {"RB206"}
TOWERS = ["QueryTower", "CandidateTower", "SharedLayers", "vocabulary_embedding", "EMBEDDING_DIM"]
CLIENT = ["Recommender", "SERVING_COLUMNS", "SERVING_NAMES", "TOP_K"]
REFUSED = {"RB101", "RB102", "RB103", "RB104"}
OF_ANSWERS = {"RB105", "RB106", "RB109"}


@each_change()
def test_old_weights_load_and_mean_the_same_unless_it_is_said(
    name: str, models: Callable[[Any], Model], tmp_path: Path
) -> None:
    change = _IDS[name]
    codes = set(change.codes.split())
    old, new = models(change.base), models(change.config)
    if old.part(TOWERS, ["mixed_bfloat16"]) == new.part(TOWERS, ["mixed_bfloat16"]):
        is_cut = "RB202" in codes and "RB304" in codes  # by the vocabulary
        assert is_cut or not codes & (LOST | OTHER)
        return
    is_loaded = loads(old.towers, new.towers, tmp_path)
    if codes & LOST:
        assert not is_loaded
    elif not codes & MEANT:  # those may have another number of rows
        assert is_loaded
        features = _renamed(old, new)
        pairs = zip(outputs(old.towers, old.features), outputs(new.towers, features), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs) != bool(codes & OTHER)


def _renamed(old: Model, new: Model) -> Any:
    """Returns the features with the names of the new model, in the same order."""
    added = [key for key in new.features if key not in old.features]
    gone = [key for key in old.features if key not in new.features]
    named = {new: old.features[key] for key, new in zip(gone, added, strict=False)}
    return {**old.features, **named}


@each_change()
def test_old_requests_are_answered_unless_it_is_said(
    name: str, models: Callable[[Any], Model]
) -> None:
    change = _IDS[name]
    codes = set(change.codes.split())
    old, new = models(change.base), models(change.config)
    if old.part(CLIENT, ["histories=", "product_ids ="]) == new.part(
        CLIENT, ["histories=", "product_ids ="]
    ):
        # A time and a number have one type: what is sent for them is in other units.
        is_unit = types(old.config) == types(new.config) and "RB302" in codes
        assert codes.isdisjoint(OF_ANSWERS - {"RB105"} if renamed_id(new) else OF_ANSWERS)
        assert codes.isdisjoint(REFUSED) or is_unit
        return
    request = {key: tf.fill([2] * rank, value) for key, (rank, value) in wanted(old).items()}
    signature = new.signature
    try:
        answer = signature(**request)
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):
        assert codes & REFUSED
        return
    # Lists of another column's values have the same type, and mean something else.
    assert codes.isdisjoint(REFUSED) or shared(old.config) != shared(new.config)
    before = old.signature(**request)
    counts = [each["product_ids"].shape[1] for each in (before, answer)]
    assert (counts[0] > counts[1]) == ("RB106" in codes)
    assert (counts[0] < counts[1]) == ("RB109" in codes)
    is_other = before["product_ids"].dtype != answer["product_ids"].dtype
    assert (is_other or renamed_id(new)) == ("RB105" in codes)


def renamed_id(model: Model) -> bool:
    """Says whether IDs of another column are answered."""
    return model.config.features.product_id != "sku"


def shared(config: ExperimentConfig) -> list[str]:
    found = (each for side in SIDES for each in config.features.features_of(side))
    return [f.history.shared_with for f in found if f.data_type == "history" and f.history]


def types(config: ExperimentConfig) -> dict[str, str]:
    return {each.name: each.dtype for each in serving_inputs(config)}


def wanted(model: Model) -> dict[str, tuple[int, Any]]:
    """Returns rank and a value of each input of a signature."""
    specs = model.signature.structured_input_signature[1]
    return {
        key: (spec.shape.rank, "a" if spec.dtype == tf.string else tf.cast(1, spec.dtype))
        for key, spec in specs.items()
    }


@each_change([name for name in _IDS if name.startswith("model.")])
def test_the_optimizers_state_loads_unless_it_is_said(name: str, tmp_path: Path) -> None:
    change = _IDS[name]
    old, new = (state(load(plain), tmp_path) for plain in (change.base, change.config))
    assert (old != new) == ("RB207" in change.codes.split())


def state(config: ExperimentConfig, folder: Path) -> list[Any]:
    """Returns names and shapes of what a checkpoint has of the optimizer, and of the averages."""
    model, weight = config.model, tf.Variable(tf.zeros([3, 2]), name="w")
    rate: Any = model.learning_rate
    if model.learning_rate_schedule == "warmup_cosine":
        rate = tf.keras.optimizers.schedules.CosineDecay(rate, 10)
    optimizer = getattr(tf.keras.optimizers, OPTIMIZERS[model.optimizer].keras)(rate)
    optimizer.build([weight])
    averages = [tf.Variable(weight)] if model.ema_decay else []
    parts = tf.train.Checkpoint(optimizer=optimizer, averages=averages)
    return list(tf.train.list_variables(parts.write(str(folder / "state"))))
