"""What the text of an older trainer's module says of what it did, and what follows for a run."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from diagnoses import healthy, older, run_of
from hypothesis import given
from hypothesis import strategies as st

from recgen.analysis import diagnose
from recgen.analysis.facts import Facts
from recgen.analysis.settings import settings_of
from recgen.analysis.trainer_module import read_trainer_module

CLIPPED = [
    ("opt = tf.keras.optimizers.Adagrad(learning_rate=rate, clipnorm=1.0)", "variable", 1.0),
    ("opt = keras.optimizers.legacy.Adam(rate, global_clipnorm=NORM)", "global", 5.0),
    ("opt = optimizers.SGD(0.1, clipvalue=0.5)", "value", 0.5),
    ("opt = Adam(0.1)\nopt.global_clipnorm = 2", "global", 2.0),
    ("opt = Adam(**{'learning_rate': 0.1, 'clipnorm': 1})", "variable", 1.0),
    ("opt = Adam(**{'clipnorm': chosen()})", "variable", None),
    ("opt = Adam(0.1, clipnorm=None)", "none", None),
    ("opt = tf.keras.optimizers.Adagrad(learning_rate=rate)", "none", None),
    ("opt = make_optimizer()", None, None),
]
STEP = """
class Model:
    def train_step(self, data):
        grads = tape.gradient(loss, self.trainable_variables)
        {line}
        self.optimizer.apply_gradients({given})
opt = tf.keras.optimizers.Adam(0.1)
"""
STEPS = [
    ("grads, _ = tf.clip_by_global_norm(grads, 3.0)", "zip(grads, vs)", "global", 3.0),
    ("clipped = [tf.clip_by_norm(g, 1.0) for g in grads]", "zip(clipped, vs)", "variable", 1.0),
    (
        "clipped = [tf.clip_by_value(g, -1.0, 1.0) for g in grads]\n"
        "        pairs = zip(clipped, vs)",
        "pairs",
        "value",
        1.0,
    ),
    ("shown = tf.clip_by_value(grads[0], -1.0, 1.0)", "zip(grads, vs)", "none", None),
]


@pytest.mark.parametrize(("text", "how", "norm"), CLIPPED)
def test_clipping_of_an_optimizer_is_found(text, how, norm):
    found = read_trainer_module(f"NORM = 5.0\n{text}\n")
    assert found is not None
    assert (found.clip.value if found.clip else None, found.clip_at) == (how, norm)


@pytest.mark.parametrize(("line", "given", "how", "norm"), STEPS)
def test_clipping_counts_only_where_it_is_applied(line, given, how, norm):
    found = read_trainer_module(STEP.format(line=line, given=given))
    assert found is not None
    assert found.clip is not None
    assert (found.clip.value, found.clip_at) == (how, norm)


def gathered(body: str, name: str = "precompute_candidates") -> str:
    return f"def {name}(model, rows):\n    ids, vectors = [], []\n" + textwrap.indent(body, "    ")


EACH_ROW = """
for batch in rows.batch(128):
    batch_ids = batch["sku"].numpy()
    ids.extend(batch_ids)
    vectors.append(model.candidate_tower(batch))
return ids, tf.concat(vectors, axis=0)
"""
ONCE = """
seen = set()
for batch in rows.batch(128):
    product_ids = batch["sku"].numpy()
    for product in product_ids:
        if product not in seen:
            seen.add(product)
            ids.append(product)
return ids
"""
BY_KEY = """
found = {}
for batch in rows:
    item_id = batch["sku"]
    found[item_id] = model(batch)
    vectors.append(item_id)
return found
"""
INDEXED = "def run_fn(a):\n    rows = _input_fn(a.train_files)\n    {}\n"
CANDIDATES = [
    (gathered(EACH_ROW), "rows", "sku"),
    (gathered(EACH_ROW, "collect_all_items"), "rows", "sku"),
    (gathered(ONCE), "distinct", "sku"),
    (gathered(BY_KEY), "distinct", "sku"),
    (gathered(EACH_ROW + "\nids = np.unique(ids)"), "distinct", "sku"),
    (INDEXED.format("BruteForce().index_from_dataset(rows.map(tower))"), "rows", None),
    (INDEXED.format("BruteForce().index_from_dataset(rows.apply(unique()))"), "distinct", None),
    (INDEXED.format("m = FactorizedTopK(candidates=rows.map(tower))"), "rows", None),
    ("def f(t):\n    index.index(tower(t.vocabulary_by_name('sku_vocab')))", "distinct", None),
    ("def evaluate_candidates(rows):\n    for b in rows:\n        hits.append(b)", None, None),
]


@pytest.mark.parametrize(("text", "candidates", "column"), CANDIDATES)
def test_how_candidates_are_gathered_is_found(text, candidates, column):
    found = read_trainer_module(text)
    assert found is not None
    assert (found.candidates.value if found.candidates else None) == candidates
    assert (found.product_column.value if found.product_column else None) == column


GUESSES = [
    ("product_id_col = next(c for c in columns if 'product' in c.lower())", True),
    ("for c in columns:\n    if 'item' in c:\n        item_key = c", True),
    ("if 'candidate' in name or 'product' in name:\n    candidate_norm += norm", None),
    ("product_id_col = 'sku'", None),
]


@pytest.mark.parametrize(("text", "guesses"), GUESSES)
def test_a_column_that_is_guessed_is_found(text, guesses):
    found = read_trainer_module(text)
    assert found is not None
    assert (found.guesses.value if found.guesses else None) == guesses


@pytest.mark.parametrize("text", ["def f(:", "\0", "(" * 10_000, "x = " + "-" * 20_000 + "1"])
def test_what_is_no_python_says_nothing(text):
    assert read_trainer_module(text) is None


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    read_trainer_module(text)


# What follows for a run


def run_with(folder: Path, module: str | None, experiment: Any, **model: Any) -> Facts:
    data = older(healthy(epochs=8))
    folder.mkdir(exist_ok=True)
    if module is not None:
        (folder / "trainer_module.py").write_text(module, encoding="utf-8")
    config = {**experiment, "model": {**experiment["model"], **model}}
    return Facts(run_of(folder, data, config))


def test_what_an_older_config_does_not_say_is_what_its_trainer_did(tmp_path, experiment):
    facts = run_with(tmp_path / "run", None, experiment)
    assert facts.model is not None
    assert facts.model.gradient_clip_norm is None
    assert facts.source_of("gradient_clip_norm") == "older"
    assert not facts.model.logq_correction
    assert facts.source_of("seed") == "default"
    assert facts.source_of("learning_rate") == "reported"


def test_what_the_config_writes_counts(tmp_path, experiment):
    facts = run_with(tmp_path / "run", None, experiment, gradient_clip_norm=2.0)
    assert facts.model is not None
    assert (facts.model.gradient_clip_norm, facts.source_of("gradient_clip_norm")) == (
        2.0,
        "written",
    )


def test_the_module_counts_more_than_the_config(tmp_path, experiment):
    module = "opt = Adam(0.1, clipnorm=4.0)\ntask = tfrs.tasks.Retrieval()\n"
    facts = run_with(tmp_path / "run", module, experiment, gradient_clip_norm=2.0)
    assert facts.model is not None
    assert (facts.model.gradient_clip_norm, facts.source_of("gradient_clip_norm")) == (
        4.0,
        "module",
    )
    assert "RG208" in [each.code for each in facts.findings("RG208")]


def test_a_run_of_recgen_has_its_own_defaults(tmp_path, experiment):
    facts = Facts(run_of(tmp_path / "run", healthy(), experiment))
    assert facts.model is not None
    assert (facts.model.gradient_clip_norm, facts.source_of("gradient_clip_norm")) == (
        1.0,
        "default",
    )


def test_a_diverged_older_run_is_told_to_clip(tmp_path, experiment):
    data = older(healthy(4, epochs=4))
    data["loss"]["loss"] = [7.0, 5.0, 90.0, 900.0]
    found = diagnose(run_of(tmp_path / "run", data, experiment)).causes
    patches = {path: value for each in found for path, value in (each.patch or {}).items()}
    assert patches["model.gradient_clip_norm"] == 1.0
    assert patches["model.logq_correction"] is True


def test_settings_of_an_older_run_are_its_own(tmp_path, experiment):
    facts = run_with(tmp_path / "run", None, experiment)
    assert settings_of(facts.run)["model.gradient_clip_norm"] == "null"


def test_candidates_of_rows_are_a_cause(tmp_path, experiment):
    found = diagnose(run_with(tmp_path / "run", gathered(EACH_ROW), experiment).run)
    cause = next(each for each in found.causes if each.code == "RD403")
    assert (cause.confidence, cause.evidence[0]) == (
        "high",
        "line 1 of trainer_module.py takes one candidate for each row",
    )
    once = diagnose(run_with(tmp_path / "once", gathered(ONCE), experiment).run)
    assert "RD403" not in [each.code for each in once.causes]


@pytest.mark.parametrize(("recall", "verdict"), [(0.0, "bad"), (0.3, "at_risk")])
def test_another_column_for_the_product_is_a_cause(tmp_path, experiment, recall, verdict):
    folder = tmp_path / "run"
    folder.mkdir()
    module = gathered(ONCE.replace("sku", "shelf"))
    (folder / "trainer_module.py").write_text(module, encoding="utf-8")
    data = older(healthy(epochs=8))
    data["final_metrics"]["test_recall_at_100"] = recall
    found = diagnose(run_of(folder, data, experiment)).causes
    cause = next(each for each in found if each.code == "RD450")
    assert (cause.confidence, cause.verdict) == ("high", verdict)
    assert "takes 'shelf' for the product's ID; in the config it is 'sku'" in cause.evidence[0]


def test_the_same_column_is_none(tmp_path, experiment):
    module = gathered(ONCE)
    found = diagnose(run_with(tmp_path / "run", module, experiment).run).causes
    assert "RD450" not in [each.code for each in found]


def test_a_module_that_guesses_is_a_remark(tmp_path, experiment):
    module = "product_id_col = next(c for c in columns if 'product' in c.lower())"
    found = diagnose(run_with(tmp_path / "run", module, experiment).run).causes
    cause = next(each for each in found if each.code == "RD450")
    assert (cause.confidence, cause.verdict) == ("low", "good")


def test_without_a_config_an_older_run_is_told_to_clip_as_well(tmp_path):
    data = older(healthy(4, epochs=4))
    data["loss"]["loss"] = [7.0, 5.0, 90.0, 900.0]
    found = diagnose(run_of(tmp_path / "run", data))
    patches = {p: value for each in found.causes for p, value in (each.patch or {}).items()}
    assert patches["model.gradient_clip_norm"] == 1.0
    assert patches["model.logq_correction"] is True
    said = "gradient_clip_norm null and logq_correction false, as older trainers did, since no "
    assert f"{said}config says it" in found.notes


def test_a_run_of_recgen_is_not_told_what_it_does_already(tmp_path):
    data = healthy(4, epochs=4)
    data["loss"]["loss"] = [7.0, 5.0, 90.0, 900.0]
    found = diagnose(run_of(tmp_path / "run", data))
    assert not any("gradient_clip_norm" in (each.patch or {}) for each in found.causes)
    assert not any("older trainers did" in note for note in found.notes)
