"""Of all causes, no two that contradict each other, and no advice that is followed already."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

from diagnoses import DEEP, healthy
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_causes import with_test

from recgen.analysis import Run, diagnose
from recgen.analysis.causes import KINDS
from recgen.analysis.causes.contradictions import CONTRADICTIONS, contradict
from recgen.analysis.facts import Facts
from recgen.check import examine
from recgen.metrics import read_metrics

LINEAR = {"type": "dense", "units": 64, "activation": "linear"}
SHAPES = ([], [LINEAR], [*DEEP[:2], LINEAR], DEEP)
SHARE = st.sampled_from([0.0, 0.02, 0.05, 0.14, 0.16, 0.3, 0.5, 0.95, 1.0])
FAILURES = ("collapse", "dead_tower", "not_learning", "popularity_only", "divergence", "nan")


@st.composite
def configs(draw: Any) -> dict[str, Any]:
    """Draws the model of a config, of settings that are fine or spoil a training."""
    layers = draw(st.sampled_from(SHAPES))
    drawn = {
        "optimizer": st.sampled_from(["adagrad", "adam", "sgd", "ftrl"]),
        "learning_rate": st.sampled_from([1e-5, 0.003, 0.01, 0.05, 0.1, 1.0]),
        "temperature": st.sampled_from([0.001, 0.1, 1.0, 50.0]),
        "normalize_embeddings": st.booleans(),
        "embedding_max_norm": st.sampled_from([None, 0.05, 3.0]),
        "gradient_clip_norm": st.sampled_from([None, 1e-6, 1.0]),
        "output_dropout": st.sampled_from([0.0, 0.3, 0.9]),
        "logq_correction": st.booleans(),
        "negatives": st.sampled_from(["in_batch", "full_catalogue"]),
        "epochs": st.integers(1, 12),
    }
    model = draw(st.fixed_dictionaries({}, optional=drawn))
    return {"buyer_tower_layers": layers, "product_tower_layers": layers, **model}


@st.composite
def metrics(draw: Any, model: dict[str, Any]) -> dict[str, Any]:
    """Draws what a trainer wrote: curves of all kinds, and a test that may not fit them."""
    epochs = draw(st.integers(1, 6))
    told = {name: model[name] for name in ("optimizer", "learning_rate") if name in model}
    params = {
        "candidates": draw(st.sampled_from([5, 300, 3600, 19_000])),
        "train_rows": draw(st.sampled_from([2000, 20_000])),
        "epochs": draw(st.integers(epochs, 12)),
        "best_epoch": draw(st.none() | st.integers(0, epochs - 1)),
        "monitored": draw(st.sampled_from([None, "recall_at_100"])),
        "stopped_early": draw(st.booleans()),
        "unknown_products": {"test": draw(SHARE)},
        "failure_kind": draw(st.none() | st.sampled_from(FAILURES)),
        **told,
    }
    new, history = draw(SHARE), draw(SHARE)
    data = with_test(healthy(epochs, **params), draw(SHARE), new=new, history=history)
    loss = st.sampled_from([2.0, 5.0, 6.9, 6.93, 40.0])
    series = st.lists(loss, min_size=epochs, max_size=epochs)
    data["loss"] |= {"loss": draw(series), "val_loss": draw(series)}
    curve = draw(st.lists(SHARE, min_size=epochs, max_size=epochs))
    data["recall"] = dict.fromkeys(data["recall"], curve)
    if draw(st.integers(0, 5)) == 0:  # recall was not measured
        data["recall"], data["final_metrics"] = {}, {}
        del data["evaluation"]
    norm = draw(st.sampled_from([0.0, 0.15, 600.0]))
    for tower in ("total", "query", "candidate"):
        data["gradient"][tower] = [norm] * epochs
    ratio = draw(st.sampled_from([0.0003, 0.5]))
    dead = draw(st.sampled_from([0.0, 1.0]))
    part = {"update_ratio": [ratio] * epochs, "dead_units": [dead] * epochs}
    data["health"] = {"query": part, "candidate": part}
    return data


@st.composite
def runs(draw: Any) -> Run:
    """Draws a run; with a config more often than not."""
    model = draw(configs())
    file = read_metrics(json.dumps(draw(metrics(model))), "metrics")
    features = {
        "buyer_id_column": "buyer",
        "product_id_column": "sku",
        "buyer_model_features": [
            {"column": "buyer", "data_type": "text"},
            {"column": "city", "data_type": "text"},
        ],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    }
    kind = draw(st.sampled_from(["strict_time", "time_holdout", "random"]))
    data = {"split": {"kind": kind, "date_column": "bought_at"}}
    if draw(st.integers(0, 3)) == 0:
        return Run("run", "run", file)
    checked = examine({"features": features, "model": model, "data": data})
    return Run("run", "run", file, config=checked.config, report=checked.report)


RUNS = settings(some(50, 150), suppress_health_check=list(HealthCheck))


@RUNS
@given(runs())
def test_no_two_causes_contradict_each_other(run: Run) -> None:
    facts = Facts(run)
    for one, other in combinations(diagnose(run).causes, 2):
        assert not contradict(one, other, facts), (one.code, other.code)
        assert frozenset((one.code, other.code)) not in CONTRADICTIONS


@RUNS
@given(runs())
def test_no_help_asks_for_what_is_so(run: Run) -> None:
    facts = Facts(run)
    model = facts.model
    if model is None:
        return
    helps = [each.help for each in diagnose(run).causes]
    done = {
        "use the logQ": model.logq_correction or model.negatives == "full_catalogue",
        "clip gradients at 1": model.gradient_clip_norm == 1.0,
        "one dense layer or none": not model.buyer_tower_layers,
        "narrower layers": not model.buyer_tower_layers,
        "enable_training_metrics: true": model.enable_training_metrics,
        "Stop on validation recall": facts.params.measure is not None,
        "`constant` schedule": model.learning_rate_schedule == "constant",
        "Split by time": facts.run.config.data.split.kind == "strict_time",
        "embedding_max_norm: null": model.embedding_max_norm is None,
    }
    asked = [
        (words, text)
        for words, is_so in done.items()
        for text in helps
        if is_so and re.search(words, text, re.IGNORECASE)
    ]
    assert not asked


@RUNS
@given(runs())
def test_no_patch_lowers_a_rate_that_is_safe_or_changes_nothing(run: Run) -> None:
    facts = Facts(run)
    for each in diagnose(run).causes:
        patch = each.patch or {}
        then = patch.get("model.learning_rate")
        if then is not None and "model.optimizer" not in patch and facts.optimizer_info:
            depth = 1 if patch.get("model.buyer_tower_layers") == [] else facts.depth
            safe = facts.optimizer_info.at(depth).safe
            assert then > facts.rate or facts.rate > safe, each
        for path, value in patch.items():
            section, _, name = path.partition(".")
            if facts.model is not None and section == "model" and "[" not in name:
                now = getattr(facts.model, name)
                assert value != now if not isinstance(value, list) else bool(now), (path, value)


def test_pairs_are_of_causes_that_exist() -> None:
    assert all(len(pair) == 2 and pair <= set(KINDS) for pair in CONTRADICTIONS)
