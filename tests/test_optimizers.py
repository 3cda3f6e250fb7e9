"""The table of optimizers: a row for each name a config may give, and everybody reads it."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from diagnoses import dead, healthy, judge

import recgen
from recgen.analysis.diagnosis import fixes
from recgen.config import ModelConfig, Optimizer
from recgen.data.estimates import GIB
from recgen.edit import apply
from recgen.optimizers import OPTIMIZERS, RECOMMENDED
from recgen.plan.optimizer import plan_optimizer
from recgen.presets import presets
from recgen.reading import parse
from recgen.reading.sources import read_text

NAMES = get_args(Optimizer)
DEPTHS = (1, 2, 3, 4, 5, 6, 8, 10)
PACKAGE = Path(recgen.__file__).parent
LOW, HIGH, FAILING = "RG228", {"RG202", "RG206"}, {"RG201", "RG203"}


def towers(depth: int) -> dict:
    """Return towers of so many dense layers, the last one linear; none for a depth of 1."""
    hidden = [{"type": "dense", "units": 64}] * (depth - 1)
    last = [{"type": "dense", "units": 64, "activation": "linear"}] if hidden else []
    return {"buyer_tower_layers": hidden + last, "product_tower_layers": hidden + last}


def model(name: str, depth: int, rate: float) -> dict:
    return {"optimizer": name, "learning_rate": rate, **towers(depth)}


def codes(experiment: dict, model: dict) -> set[str]:
    return {finding.code for finding in recgen.check({**experiment, "model": model}).findings}


def test_every_optimizer_of_a_config_has_a_row_and_no_other():
    assert set(OPTIMIZERS) == set(NAMES)


def test_nothing_but_the_table_and_the_config_names_an_optimizer():
    allowed = {PACKAGE / "optimizers.py", PACKAGE / "config" / "model.py"}
    allowed.add(PACKAGE / "contrib" / "ml_platform" / "layers.py")  # the default of its table
    named = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.value}"
        for path in PACKAGE.rglob("*.py")
        if path not in allowed
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in NAMES
    ]
    assert not named


def test_the_default_of_a_config_is_the_recommended_row():
    default = ModelConfig()
    assert (default.optimizer, default.learning_rate) == (
        RECOMMENDED,
        OPTIMIZERS[RECOMMENDED].proposed,
    )
    assert OPTIMIZERS[RECOMMENDED].unfit is None


@pytest.mark.parametrize("name", NAMES)
def test_rates_begin_without_layers_and_never_rise_with_depth(name):
    rates = OPTIMIZERS[name].rates
    assert rates[0].depth == 1
    assert [each.depth for each in rates] == sorted({each.depth for each in rates})
    for shallow, deep in pairwise(rates):
        assert shallow.safe >= deep.safe
        assert shallow.failing >= deep.failing
        assert min(shallow.highest, shallow.failing) >= min(deep.highest, deep.failing)
    assert all(not each.is_high(each.safe) for each in rates)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", DEPTHS)
def test_rules_warn_where_the_table_says_so(experiment, name, depth):
    info = OPTIMIZERS[name]
    rates = info.at(depth)
    assert not codes(experiment, model(name, depth, rates.safe)) & {LOW, *HIGH, *FAILING}
    if rates.failing < 10:
        assert codes(experiment, model(name, depth, rates.failing)) & FAILING
    if rates.highest < min(rates.failing, 10):
        assert codes(experiment, model(name, depth, rates.highest * 1.01)) & {*HIGH, *FAILING}
    if info.lowest:
        low = min(info.lowest, rates.safe) * 0.99
        assert LOW in codes(experiment, model(name, depth, low))
    assert ("RG232" in codes(experiment, model(name, depth, rates.safe))) == info.is_unfit(depth)


@pytest.mark.parametrize("name", NAMES)
def test_rules_know_what_an_optimizer_keeps_and_touches(experiment, name):
    info = OPTIMIZERS[name]
    rows = GIB // (512 * 4 * (1 + info.slots))
    for size, is_large in ((rows - 2_000, False), (rows + 1, True)):
        embedding = {"embedding_dim": 512, "vocab_size": size}
        street = {"column": "street", "data_type": "text", "transforms": {"embedding": embedding}}
        features = experiment["features"]
        buyers = [*features["buyer_model_features"], street]
        changed = {**experiment, "features": {**features, "buyer_model_features": buyers}}
        found = codes(changed, {"optimizer": name})
        assert ("RG402" in found) != info.is_sparse
        assert ("RG401" in found) == is_large


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_builds_the_row(name):
    plan = plan_optimizer(ModelConfig(optimizer=name, gradient_clip_norm=2.0))
    info = OPTIMIZERS[name]
    assert (plan.class_name, plan.is_experimental) == (info.keras, info.is_experimental)
    assert {*info.arguments} == {a for a in plan.arguments if a.name != "global_clipnorm"}
    assert [a.value for a in plan.arguments if a.name == "global_clipnorm"] == [2.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", DEPTHS)
def test_what_diagnose_proposes_passes_the_check(tmp_path, experiment, name, depth):
    info = OPTIMIZERS[name]
    config = {**experiment, "model": model(name, depth, 1.0)}
    diagnosis = judge(tmp_path, dead(optimizer=name, learning_rate=1.0), config)
    patched = apply(config, fixes(diagnosis.first_patch.patch))
    assert not codes(experiment, patched["model"]) & {LOW, "RG232", *HIGH, *FAILING}
    causes = {cause.code for cause in diagnosis.causes}
    assert ("RD208" in causes) == info.is_unfit(depth)
    assert ("RD201" in causes) != info.is_unfit(1)


@pytest.mark.parametrize("name", NAMES)
def test_diagnose_knows_rates_that_are_too_low(tmp_path, experiment, name):
    config = {**experiment, "model": model(name, 1, 1e-6)}
    diagnosis = judge(tmp_path, healthy(optimizer=name, learning_rate=1e-6), config)
    assert ("RD202" in {cause.code for cause in diagnosis.causes}) == (OPTIMIZERS[name].lowest > 0)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_presets_use_rates_that_train(preset):
    config = parse(read_text(preset.text, "yaml")).config.model
    depth = max(config.depth_of("buyer"), config.depth_of("product"))
    info = OPTIMIZERS[config.optimizer]
    assert not info.at(depth).is_high(config.learning_rate)
    assert not info.is_low(config.learning_rate, depth)
    assert not info.is_unfit(depth)
