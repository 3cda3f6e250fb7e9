"""Rules on negatives, schedules, vectors and hardware: both sides of each limit."""

from __future__ import annotations

import pytest
from checks import Rows, added, codes, layers, problems, told

from recgen.check import check
from recgen.config import DataConfig, ModelConfig, negatives_of, scored_of

RANDOM = {"split": {"kind": "random"}}
PAST = {
    "column": "past",
    "data_type": "history",
    "transforms": {"history": {"shared_with": "sku"}},
}


@pytest.mark.parametrize(
    ("model", "size", "kind", "scored"),
    [
        ({}, None, "in_batch", 1024),
        ({}, 2048, "full_catalogue", 2048),
        ({}, 2049, "in_batch", 1024),
        ({"batch_size": 16}, 33, "in_batch", 16),
        ({"negatives": "in_batch"}, 10, "in_batch", 1024),
        ({"negatives": "mixed", "catalogue_negatives": 9}, 10, "mixed", 1033),
        ({"negatives": "full_catalogue"}, None, "full_catalogue", None),
        ({"negatives": "full_catalogue"}, 10**6, "full_catalogue", 10**6),
    ],
)
def test_what_a_product_is_compared_with(model, size, kind, scored):
    config, data = ModelConfig.model_validate(model), DataConfig(catalogue_size=size)
    assert (negatives_of(config, data), scored_of(config, data)) == (kind, scored)


def effects(experiment, model, **data):
    sections = {"model": model, "data": {**experiment["data"], **data}}
    report = check({**experiment, **sections})
    return [f.path.removeprefix("model.") for f in report.findings if f.code == "RG112"]


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ({"catalogue_negatives": 512}, None, ["catalogue_negatives"]),
        ({"catalogue_negatives": 1024}, None, []),  # the default, as a stored dump has it
        ({"catalogue_negatives": 512, "negatives": "mixed"}, None, []),
        ({"hard_negatives": 1022}, None, []),
        ({"hard_negatives": 1023}, None, ["hard_negatives"]),
        ({"hard_negatives": 1023, "negatives": "mixed"}, None, []),
        ({"hard_negatives": 2047, "negatives": "mixed"}, None, ["hard_negatives"]),
        ({"hard_negatives": 10**6, "negatives": "full_catalogue"}, None, []),  # who knows
        ({"hard_negatives": 499}, 500, ["hard_negatives"]),
        ({"remove_accidental_hits": True}, 2049, []),
        ({"remove_accidental_hits": True}, 2048, ["remove_accidental_hits"]),
        ({"logq_correction": False}, 2048, ["logq_correction"]),
        ({"logq_correction": False, "negatives": "in_batch"}, 2048, []),
    ],
)
def test_p18_settings_of_other_negatives(experiment, model, size, expected):
    assert effects(experiment, model, catalogue_size=size) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"epochs": 5, "early_stopping_patience": 3}, []),  # the default
        ({"epochs": 9, "early_stopping_patience": 7}, []),
        ({"epochs": 8, "early_stopping_patience": 7}, ["early_stopping_patience"]),
        ({"epochs": 8, "early_stopping_patience": None}, []),
        ({"learning_rate_schedule": "plateau"}, []),
        ({"learning_rate_schedule": "plateau", "epochs": 2}, ["learning_rate_schedule"]),
        (
            {"learning_rate_schedule": "plateau", "early_stopping_patience": 1},
            ["learning_rate_schedule"],
        ),
        (
            {"learning_rate_schedule": "plateau", "enable_training_metrics": False},
            ["learning_rate_schedule"],
        ),
        (
            {"early_stopping_patience": None, "enable_training_metrics": False},
            ["early_stopping_patience"],
        ),
        ({"learning_rate_schedule": "warmup_cosine", "enable_training_metrics": False}, []),
    ],
)
def test_p18_what_waits_for_recall(experiment, model, expected):
    assert sorted(effects(experiment, model)) == sorted(expected)


def test_p18_recency_needs_times(experiment):
    model = {"recency_half_life_days": 30.0}
    assert told(experiment, model=model) == []
    assert "RG112 warning" in told(experiment, model=model, data=RANDOM)
    assert told(experiment, model=model, data={}) == ["RG112 warning"]


def test_recency_and_a_test_of_all_times(experiment):
    data = {"split": {"kind": "random", "date_column": "day"}}
    assert "RG310" in codes(experiment, model={"recency_half_life_days": 30.0}, data=data)
    assert "RG303" not in codes(experiment, model={"recency_half_life_days": 30.0}, data=data)
    assert codes(experiment, data=data) == ["RG301", "RG303"]
    history = added(experiment, buyer=[PAST])
    assert codes(experiment, features=history, data=data) == ["RG301"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"logq_correction": False, "negatives": "full_catalogue"}, []),
        ({"batch_size": 1, "negatives": "mixed"}, ["RG207 info"]),
        ({"batch_size": 1, "negatives": "full_catalogue"}, ["RG207 info"]),
    ],
)
def test_rules_on_samples_say_nothing_of_a_whole_catalogue(experiment, model, expected):
    found = told(experiment, model=model)
    assert [finding for finding in found if not finding.startswith("RG112")] == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"hard_negatives": 8}, ["RG234 warning"]),
        ({"hard_negatives": 8, "remove_accidental_hits": True}, []),
        ({"hard_negatives": 7, "remove_accidental_hits": True}, ["RG233 info"]),
        ({"hard_negatives": 8, "negatives": "full_catalogue"}, []),
        (
            {"hard_negatives": 8, "negatives": "full_catalogue", "label_smoothing": 0.1},
            ["RG233 info"],
        ),
    ],
)
def test_hard_negatives(experiment, model, expected):
    assert told(experiment, model=model) == expected


def test_hard_negatives_are_what_cosines_have_to_be_told_from(experiment):
    model = {"normalize_embeddings": True, "temperature": 0.4, "negatives": "full_catalogue"}
    assert codes(experiment, model=model, data={"catalogue_size": 148}) == []
    assert codes(experiment, model=model, data={"catalogue_size": 149}) == ["RG211"]
    model["hard_negatives"] = 147
    assert codes(experiment, model=model, data={"catalogue_size": 10_000}) == []
    assert codes(experiment, model=model, data={}) == []


@pytest.mark.parametrize(
    ("epochs", "patience", "expected"),
    [(8, 3, []), (9, 3, ["RG235 info"]), (30, None, []), (3, 1, ["RG235 info"])],
)
def test_a_rate_that_falls_over_all_epochs(experiment, epochs, patience, expected):
    model = {"epochs": epochs, "early_stopping_patience": patience}
    assert told(experiment, model={**model, "learning_rate_schedule": "warmup_cosine"}) == expected
    assert told(experiment, model=model) == []


@pytest.mark.parametrize(
    ("rate", "width", "expected"),
    [
        (0.6, 64, []),
        (0.61, 64, ["RG236 warning"]),
        (0.2, 63, ["RG236 info"]),
        (0.61, 63, ["RG236 warning"]),
        (0.0, 32, []),
    ],
)
def test_dropout_of_the_buyers_vector(experiment, rate, width, expected):
    model = {"output_dropout": rate, "output_embedding_dim": width, "epochs": 3}
    found = told(experiment, model=model)
    assert [finding for finding in found if "RG236" in finding] == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"embedding_max_norm": 1.87}, []),  # 1.86^2 = ln(1024) / 2
        ({"embedding_max_norm": 1.85}, ["RG237"]),
        ({"embedding_max_norm": 0.6, "temperature": 0.1}, []),
        ({"embedding_max_norm": 0.5, "temperature": 0.1}, ["RG237"]),
        ({"embedding_max_norm": 0.5, "normalize_embeddings": True, "temperature": 0.1}, []),
        ({"embedding_max_norm": 0.5, "buyer_tower_layers": layers(64)}, []),
    ],
)
def test_bounded_vectors_and_the_scores_that_they_reach(experiment, model, expected):
    wide = {"embedding": {"embedding_dim": 64}}
    towers = {
        f"{side}_model_features": [{"column": name, "data_type": "text", "transforms": wide}]
        for side, name in (("buyer", "customer_id"), ("product", "sku"))
    }
    found = codes(experiment, model=model, features=towers)
    assert [code for code in found if code != "RG213"] == expected


def test_a_projection_can_make_up_for_bounded_vectors(experiment):
    assert codes(experiment, model={"embedding_max_norm": 0.5}) == []


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"jit_compile": True}, []),
        ({"jit_compile": True, "output_dropout": 0.2}, ["RG241 info"]),
        (
            {"jit_compile": True, "buyer_tower_layers": [{"type": "dropout", "rate": 0.1}]},
            ["RG241 info"],
        ),
        ({"precision": "mixed_bfloat16"}, ["RG239 info"]),
        ({"precision": "mixed_bfloat16", "buyer_tower_layers": layers(128)}, []),
        ({"distribution": "auto"}, []),
        ({"distribution": "none"}, ["RG240 info"]),
        ({"distribution": "mirrored"}, ["RG240 info"]),
        ({"distribution": "multi_worker"}, ["RG240 info"]),
    ],
)
def test_hardware(experiment, model, expected):
    assert told(experiment, model=model) == expected


def test_xla_cannot_have_lists(experiment):
    features = added(experiment, buyer=[PAST])
    assert told(experiment, features=features, model={"jit_compile": True}) == ["RG238 error"]
    assert told(experiment, features=features) == []


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ({"negatives": "full_catalogue"}, 65_536, []),
        ({"negatives": "full_catalogue"}, 65_537, ["RG404"]),
        ({"negatives": "full_catalogue"}, None, []),
        ({"negatives": "mixed", "catalogue_negatives": 64_512}, None, []),
        ({"negatives": "mixed", "catalogue_negatives": 64_513}, None, ["RG404"]),
    ],
)
def test_scores_of_a_step(experiment, model, size, expected):
    assert codes(experiment, model=model, data={"catalogue_size": size}) == expected


def test_the_data_knows_the_catalogue_that_is_scored(experiment):
    full = {"negatives": "full_catalogue"}
    for products, expected in ((65_536, 0), (65_537, 1)):
        rows = Rows(10**6, {"sku": products})
        assert len(problems("RG404", experiment, rows, model=full)) == expected


def test_bounded_vectors_and_large_tables(experiment):
    street = {"vocab_size": 99_999}
    for size, expected in ((99_999, []), (100_000, ["RG409"])):
        street = {"column": "street", "data_type": "text"}
        street["transforms"] = {"embedding": {"vocab_size": size}}
        features = added(experiment, buyer=[street])
        model = {"embedding_max_norm": 3.0}
        assert codes(experiment, features=features, model=model) == expected
        model["optimizer"] = "clippy_adagrad"
        also = ["RG402"] if expected else []
        assert sorted(codes(experiment, features=features, model=model)) == also + expected
