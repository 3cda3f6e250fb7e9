"""Rules on the model: both sides of each limit."""

from __future__ import annotations

import pytest
from checks import codes, layers, told

LINEAR = {"type": "dense", "units": 128, "activation": "linear"}


def test_ranking_settings_have_an_effect_in_ranking(experiment):
    model = {"model_type": "multitask", "loss_function": "mse", "retrieval_algorithm": "scann"}
    target = {"target_column": "rating"}
    found = codes(experiment, model={**model, "scann_num_leaves": 5}, features=target)
    assert "RG112" not in found


@pytest.mark.parametrize(
    ("rate", "units", "expected"),
    [
        (0.09, (256, 128, 64), []),
        (0.1, (256, 128, 64), ["RG201"]),
        (0.3, (), []),
        (0.31, (), ["RG202"]),
        (0.1, (128, 64), []),
        (0.11, (128, 64), ["RG202"]),
        (0.1, (256, 128), ["RG201"]),  # the projection to 64 is the third
        (0.1, (512, 256, 128, 64), ["RG201"]),
        (0.099, (512, 256, 256, 128, 64), []),
        (0.05, (512, 256, 256, 128, 128, 64), ["RG203"]),
        (0.049, (512, 256, 256, 128, 128, 64), []),
        (0.1, (512, 256, 256, 128, 128, 64), ["RG201"]),
        (0.01, (512, 512, 512, 256, 256, 128, 128, 64), ["RG203"]),
    ],
)
def test_p42_the_limits_of_the_learning_rate(experiment, rate, units, expected):
    model = {"learning_rate": rate, "product_tower_layers": layers(*units)}
    assert codes(experiment, model=model) == expected


@pytest.mark.parametrize(
    ("optimizer", "rate", "expected"),
    [
        ("adam", 0.01, []),
        ("adamw", 0.011, ["RG206"]),
        ("rmsprop", 0.2, ["RG206"]),
        ("adagrad", 0.05, []),
        ("rmsprop", 0.03, []),
        ("rmsprop", 0.031, ["RG206"]),
        ("sgd", 0.2, ["RG232"]),  # clipped by default
        ("ftrl", 0.3, []),
        ("ftrl", 0.31, ["RG202"]),
        ("ftrl", 0.0099, ["RG228"]),
        ("adagrad", 0.01, []),
        ("adagrad", 0.0099, ["RG228"]),
        ("clippy_adagrad", 0.0099, ["RG228"]),
        ("clippy_adagrad", 0.05, []),
        ("clippy_adagrad", 0.5, []),  # its steps are bounded: Adagrad's limit says nothing
        ("adam", 0.0005, []),
        ("adam", 0.0004, ["RG228"]),
    ],
)
def test_p42_the_limit_depends_on_the_optimizer(experiment, optimizer, rate, expected):
    assert codes(experiment, model={"optimizer": optimizer, "learning_rate": rate}) == expected


@pytest.mark.parametrize(
    ("optimizer", "rate", "expected"),
    [
        ("ftrl", 0.05, ["RG232"]),
        ("rmsprop", 0.011, ["RG206"]),
        ("rmsprop", 0.01, []),
        ("adam", 0.049, ["RG206"]),
        ("adam", 0.05, ["RG201"]),  # the projection is the second layer
        ("adamw", 0.05, ["RG201"]),
    ],
)
def test_p42_some_rates_and_optimizers_need_towers_without_layers(
    experiment, optimizer, rate, expected
):
    model = {"optimizer": optimizer, "learning_rate": rate}
    model["buyer_tower_layers"] = layers(128)
    assert codes(experiment, model=model) == expected


def test_p42_adam_with_four_layers_fails_earlier(experiment):
    for rate, expected in ((0.029, "RG206 warning"), (0.03, "RG201 error")):
        model = {"optimizer": "adam", "learning_rate": rate}
        model["buyer_tower_layers"] = layers(512, 256, 128, 64)
        assert told(experiment, model=model) == [expected]


def test_p42_ftrl_with_hidden_layers_is_an_error(experiment):
    for units, expected in (((64,), []), ((128,), ["RG232 error"])):
        model = {"optimizer": "ftrl", "buyer_tower_layers": layers(*units)}
        assert told(experiment, model=model) == expected


def test_towers_of_one_width_share_weights(experiment):
    buyer = experiment["features"]["buyer_model_features"][:1]
    model = {"share_tower_weights": True}
    assert codes(experiment, model=model) == ["RG205"]
    assert codes(experiment, model=model, features={"buyer_model_features": buyer}) == []


def test_p18_sharing_without_anything_to_share(experiment):
    wide = {"transforms": {"embedding": {"embedding_dim": 64}}}
    features = {
        f"{side}_model_features": [{"column": name, "data_type": "text", **wide}]
        for side, name in (("buyer", "customer_id"), ("product", "sku"))
    }
    model = {"share_tower_weights": True}
    assert codes(experiment, model=model, features=features) == ["RG112"]
    model |= {f"{side}_tower_layers": layers(64) for side in ("buyer", "product")}
    assert codes(experiment, model=model, features=features) == []


def test_p23_the_shared_width_leaves_out_an_id_that_skips_the_projection(experiment):
    """64 + 1 wide on both sides, but one projection's input is 1 wide, the other's 65."""
    buyer = experiment["features"]["buyer_model_features"]
    wide = {"embedding": {"embedding_dim": 64}}
    other = {"embedding": {"embedding_dim": 33}}
    features = {
        "buyer_model_features": [{**buyer[0], "transforms": wide}, buyer[1]],
        "product_model_features": [
            {"column": "sku", "data_type": "text"},
            {"column": "group", "data_type": "text", "transforms": other},
        ],
    }
    sharing = {"share_tower_weights": True}
    assert codes(experiment, model=sharing, features=features) == ["RG205"]
    dense = {f"{side}_tower_layers": layers(64) for side in ("buyer", "product")}
    assert codes(experiment, model={**sharing, **dense}, features=features) == []


def test_p42_a_linear_output_or_a_projection_is_fine(experiment):
    relu = {"type": "dense", "units": 128}
    assert codes(experiment, model={"buyer_tower_layers": [relu]}) == []
    assert codes(experiment, model={"buyer_tower_layers": layers(64)}) == []
    ending = {"type": "dense", "units": 64}
    assert told(experiment, model={"buyer_tower_layers": [ending]}) == ["RG204 warning"]
    two = {"type": "dense", "units": 128}
    assert told(experiment, model={"buyer_tower_layers": [two, ending]}) == ["RG204 warning"]
    three = {"type": "dense", "units": 256}
    deep = [three, two, ending]
    assert told(experiment, model={"buyer_tower_layers": deep}) == ["RG204 error"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"batch_size": 1}, ["RG207 error"]),
        ({"batch_size": 2}, ["RG207 info"]),
        ({"batch_size": 15}, ["RG207 info"]),
        ({"batch_size": 16}, []),
        ({"batch_size": 1, "normalize_embeddings": True}, ["RG207 error"]),
    ],
)
def test_p58_negatives_in_the_batch(experiment, model, expected):
    assert told(experiment, model=model) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"logq_correction": False}, ["RG208"]),
        ({"remove_accidental_hits": True}, []),
        ({"remove_accidental_hits": True, "logq_correction": False}, ["RG208", "RG209"]),
        ({"remove_accidental_hits": True, "label_smoothing": 0.1}, ["RG210"]),
        ({"label_smoothing": 0.3}, []),
        ({"label_smoothing": 0.31}, ["RG214"]),
    ],
)
def test_p54_p55_p56_corrections_that_do_not_go_together(experiment, model, expected):
    assert codes(experiment, model=model) == expected


@pytest.mark.parametrize(
    ("cosines", "temperature", "batch", "expected"),
    [
        (True, 1.0, 1024, ["RG211"]),
        (True, 0.289, 1024, ["RG211"]),
        (True, 0.288, 1024, []),
        (True, 0.4, 128, []),  # fewer negatives to tell apart
        (True, 0.02, 1024, []),
        (True, 0.019, 1024, ["RG212"]),
        (False, 1.0, 1024, []),
        (False, 2.0, 1024, ["RG213"]),
        (False, 0.1, 1024, ["RG213"]),
        (False, 0.09, 1024, ["RG212"]),
    ],
)
def test_temperature_against_normalization(experiment, cosines, temperature, batch, expected):
    model = {"normalize_embeddings": cosines, "temperature": temperature, "batch_size": batch}
    assert codes(experiment, model=model) == expected


def test_p70_recall_is_measured(experiment):
    assert codes(experiment, model={"enable_training_metrics": False}) == ["RG215"]


@pytest.mark.parametrize(
    ("norm", "expected"),
    [(None, []), (0.09, ["RG227"]), (0.1, []), (10, []), (10.1, ["RG227"])],
)
def test_p43_p46_p49_a_clip_norm_means_the_same_at_every_batch(experiment, norm, expected):
    for batch_size in (256, 4096):
        model = {"gradient_clip_norm": norm, "batch_size": batch_size}
        assert codes(experiment, model=model) == expected


@pytest.mark.parametrize(
    ("epochs", "patience", "expected"),
    [(1, 3, 1), (2, 3, 0), (100, None, 0), (101, None, 1), (10_000, 3, 0)],
)
def test_p53_epochs(experiment, epochs, patience, expected):
    model = {"epochs": epochs, "early_stopping_patience": patience}
    assert told(experiment, model=model) == ["RG229 info"] * expected


def dense(units, activation="relu", **more):
    return {"type": "dense", "units": units, "activation": activation, **more}


def dropout(rate):
    return {"type": "dropout", "rate": rate}


NORM, LAYER_NORM = {"type": "batch_norm"}, {"type": "layer_norm"}


@pytest.mark.parametrize(
    ("tower", "expected"),
    [
        ([dense(128, None), dense(64, None)], ["RG216 info"]),
        ([dense(128), dense(64, None)], []),
        ([dense(128, None)], ["RG216 info"]),  # before the projection
        ([dense(128, None), LAYER_NORM, dense(64, None)], []),
        ([dense(63)], ["RG217 info"]),
        ([dense(17)], ["RG217 info"]),
        ([dense(16)], ["RG217 warning"]),
        ([dense(128, "sigmoid")], []),
        ([dense(128, "sigmoid"), dense(96, "sigmoid")], ["RG218 warning"]),
        ([dense(64, "sigmoid")], ["RG219 warning"]),
        ([dense(64, "gelu")], ["RG219 info"]),
        ([dense(64, "leaky_relu")], []),
        ([dense(64, "tanh")], []),
        ([dense(96, "tanh")], []),  # a projection follows
        ([dense(96, "selu"), dense(96, "selu")], []),
        ([dense(96, "selu"), NORM], ["RG220 info"]),
        ([dense(96), dropout(0.69)], []),
        ([dense(96), dropout(0.7)], ["RG221 warning"]),
        ([dense(96), dropout(0)], ["RG112 info"]),
        ([dense(96), dropout(0.1), NORM], ["RG222 warning"]),
        ([dense(96), NORM, dropout(0.1)], []),
        ([NORM, LAYER_NORM], ["RG224 info"]),
        ([dropout(0.1), dropout(0.1)], ["RG224 info"]),
        ([LAYER_NORM, dense(96), LAYER_NORM], []),
    ],
)
def test_layers(experiment, tower, expected):
    assert told(experiment, model={"buyer_tower_layers": tower}) == expected


@pytest.mark.parametrize(("batch", "shared", "expected"), [
    (64, False, []), (63, False, ["RG223"]), (64, True, ["RG223", "RG223"]),
])  # fmt: skip
def test_p47_moments_of_a_batch(experiment, batch, shared, expected):
    buyer = experiment["features"]["buyer_model_features"][:1]
    model = {
        f"{side}_tower_layers": [dense(96), NORM] for side in ("buyer", "product")[: 1 + shared]
    }
    model |= {"batch_size": batch, "share_tower_weights": shared}
    found = codes(experiment, model=model, features={"buyer_model_features": buyer})
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        ({"l2_reg": 0.0003}, []),  # 2 * 0.0003 * sqrt(2 * 32 * 256 / 288) = 0.0045
        ({"l2_reg": 0.0004}, ["RG225"]),
        ({"l1_reg": 0.00005}, []),  # 0.00005 * sqrt(32 * 256) = 0.0045
        ({"l1_reg": 0.00006}, ["RG225"]),
    ],
)
def test_penalties_against_the_losses_gradient(experiment, penalty, expected):
    model = {"product_tower_layers": [dense(256, **penalty)]}
    assert codes(experiment, model=model) == expected


@pytest.mark.parametrize(("optimizer", "expected"), [("adagrad", 0), ("adam", 1), ("adamw", 1)])
def test_penalties_and_optimizers(experiment, optimizer, expected):
    model = {"optimizer": optimizer, "learning_rate": 0.01}
    model["product_tower_layers"] = [dense(256, l2_reg=1e-4)]
    assert told(experiment, model=model) == ["RG226 info"] * expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"scann_num_leaves": 9, "scann_leaves_to_search": 9}, []),
        ({"scann_num_leaves": 9, "scann_leaves_to_search": 10}, ["RG230"]),
        ({"scann_leaves_to_search": 10}, []),
    ],
)
def test_leaves(experiment, model, expected):
    model["retrieval_algorithm"] = "scann"
    assert codes(experiment, model=model) == [*expected, "RG248"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [(99_999, ["RG248 warning"]), (100_000, ["RG248 info"]), (None, ["RG248 info"])],
)
def test_approximate_search_is_for_large_catalogues(experiment, size, expected):
    model = {"retrieval_algorithm": "scann", "negatives": "in_batch"}
    data = {"catalogue_size": size}
    assert told(experiment, model=model, data=data) == expected
    assert "RG248 warning" not in told(experiment, model={"negatives": "in_batch"}, data=data)


@pytest.mark.parametrize(
    ("model", "target", "expected"),
    [
        ({"model_type": "ranking"}, "rating", []),
        ({"model_type": "ranking"}, None, ["RG231"]),
        ({"model_type": "multitask"}, "rating", []),
        ({"model_type": "multitask", "ranking_weight": 0}, "rating", ["RG231"]),
        ({"model_type": "multitask", "retrieval_weight": 0.1}, "rating", []),
    ],
)
def test_something_to_rank(experiment, model, target, expected):
    found = codes(experiment, model=model, features={"target_column": target})
    assert [code for code in found if code != "RG250"] == expected
