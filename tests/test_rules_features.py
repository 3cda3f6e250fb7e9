"""Rules on features: both sides of each limit."""

from __future__ import annotations

import pytest
from checks import added, codes, told

from recgen.check import check


def test_a_column_in_both_towers_may_be_treated_alike(experiment):
    """P16: with one treatment it works, and is doubtful; with two it cannot."""
    city = {"column": "city", "data_type": "text"}
    alike = added(experiment, buyer=[{**city, "description": "his"}], product=[city])
    assert told(experiment, features=alike) == ["RG118 warning"]
    other = {**city, "transforms": {"embedding": {"embedding_dim": 8}}}
    assert codes(experiment, features=added(experiment, buyer=[city], product=[other])) == [
        "RG107",
        "RG118",
    ]
    assert codes(experiment, features=added(experiment, buyer=[city])) == []


def test_a_cross_in_both_towers_must_be_the_same(experiment):
    cross = {"features": [{"column": "city"}, {"column": "job"}]}
    both = {"buyer_model_crosses": [cross], "product_model_crosses": [cross]}
    assert codes(experiment, features=both) == ["RG118", "RG118"]
    both["product_model_crosses"] = [{**cross, "hash_bucket_size": 100}]
    assert codes(experiment, features=both) == ["RG107", "RG118", "RG118"]
    assert codes(experiment, features={"buyer_model_crosses": [cross]}) == []


def test_crosses_that_differ_may_not_share_a_name(experiment):
    crosses = [
        {"features": [{"column": "a_x_b"}, {"column": "c"}]},
        {"features": [{"column": "a"}, {"column": "b_x_c"}]},
    ]
    assert codes(experiment, features={"buyer_model_crosses": crosses}) == ["RG108"]


def test_p17_a_cross_and_a_feature_know_a_column_by_one_name(experiment):
    cross = {"features": [{"column": "years", "display_name": "age"}, {"column": "job"}]}
    assert codes(experiment, features={"buyer_model_crosses": [cross]}) == ["RG102", "RG111"]


def test_p14_a_column_once_in_a_tower_and_p15_once_under_a_name(experiment):
    twice = {"column": "age", "data_type": "numeric"}
    assert codes(experiment, features=added(experiment, buyer=[twice])) == ["RG101"]
    named = {"column": "years", "display_name": "age", "data_type": "numeric"}
    assert codes(experiment, features=added(experiment, buyer=[named])) == ["RG102"]
    named["display_name"] = "years_of_age"
    assert codes(experiment, features=added(experiment, buyer=[named])) == []


def test_p18_p19_what_is_not_enabled_is_off_whatever_stands_in_it(experiment):
    off = {"normalize": {}, "bucketize": {"enabled": False, "buckets": 7}}
    feature = {"column": "visits", "data_type": "numeric", "transforms": off}
    report = check({**experiment, "features": features_with(experiment, feature)})
    assert [finding.code for finding in report.findings] == ["RG112"]
    assert report.findings[0].path.endswith("bucketize.buckets")
    off["bucketize"] = {"enabled": True, "buckets": 7, "embedding_dim": 4}
    assert codes(experiment, features=added(experiment, buyer=[feature])) == []


def features_with(experiment, *buyer):
    return {**experiment["features"], **added(experiment, buyer=buyer)}


def test_p25_a_marked_id_is_no_guess(experiment):
    marked = [{"column": "login", "data_type": "text", "is_primary_id": True}]
    features = {"buyer_model_features": marked, "buyer_id_column": None}
    assert told(experiment, features=features) == ["RG103 info"]


def test_p24_an_integer_id_is_text(experiment):
    buyer = [{"column": "customer_id", "data_type": "text", "bq_type": "INT64"}]
    assert codes(experiment, features={"buyer_model_features": buyer}) == []


@pytest.mark.parametrize(
    ("name", "bq_type", "expected"),
    [
        ("category_id", "INT64", ["RG128"]),
        ("StockCode", "FLOAT64", ["RG128"]),
        ("parent_sku", "FLOAT64", ["RG128"]),
        ("house-no", "INT64", ["RG128"]),
        ("children_no", "FLOAT64", []),  # no whole number
        ("paid", "INT64", []),
        ("identity", "INT64", []),
        ("key_figure", "INT64", []),
    ],
)
def test_p24_a_number_named_like_an_id(experiment, name, bq_type, expected):
    feature = {"column": name, "data_type": "numeric", "bq_type": bq_type}
    assert codes(experiment, features=added(experiment, buyer=[feature]))[:1] == expected
    cross = {"features": [{"column": "brand_id", "type": "numeric"}, {"column": "job"}]}
    assert codes(experiment, features={"buyer_model_crosses": [cross]}) == ["RG128"]


def test_the_towers_own_numeric_id_is_told_once(experiment):
    buyer = [{"column": "customer_id", "data_type": "numeric"}]
    assert codes(experiment, features={"buyer_model_features": buyer}) == ["RG110"]


def past(**history):
    transforms = {"history": {"shared_with": "sku", **history}}
    return {"column": "past", "data_type": "history", "transforms": transforms}


def test_p20_a_history_feature_is_not_dropped_in_silence(experiment):
    """Without a transform, or of a type that is no list, it would not reach its tower."""
    assert codes(experiment, features=added(experiment, buyer=[past()])) == []
    nothing = {"column": "past", "data_type": "history"}
    assert codes(experiment, features=added(experiment, buyer=[nothing])) == ["RG106"]
    text = {**past(), "bq_type": "STRING"}
    assert codes(experiment, features=added(experiment, buyer=[text])) == ["RG111"]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ({"max_length": 1000}, []),
        ({"max_length": 1001}, ["RG131 warning"]),
        ({"shared_with": "customer_id"}, ["RG132 error"]),
    ],
)
def test_histories_of_buyers(experiment, history, expected):
    assert told(experiment, features=added(experiment, buyer=[past(**history)])) == expected


def test_a_repeat_bonus_is_of_products_and_of_one_list(experiment):
    text = {"column": "brand", "data_type": "text"}
    brands = past(shared_with="brand", repeat_bonus=0.5)
    more = {**past(repeat_bonus=-1.0), "column": "views"}
    for buyer, expected in (
        ([past(repeat_bonus=0.5)], []),
        ([past(repeat_bonus=0.0), more], []),
        ([past(repeat_bonus=0.5), more], ["RG134 error"]),
        ([brands], ["RG134 error"]),
        ([past(shared_with="brand", repeat_bonus=0.0)], []),
    ):
        features = added(experiment, buyer=buyer, product=[text])
        alone = {"final_layer": "none"}
        assert told(experiment, features=features, model=alone) == expected, buyer


def test_a_repeat_bonus_is_no_more_once_the_final_layer_is_fitted(experiment):
    more = {**past(repeat_bonus=-1.0), "column": "views"}
    for buyer, path, fix in (
        ([past(repeat_bonus=0.5)], "[2]", "remove"),
        ([past(), more], "[3]", None),  # it says which list the layer takes
        ([past()], None, None),
    ):
        features = {**experiment["features"], **added(experiment, buyer=buyer)}
        findings = check({**experiment, "features": features}).findings
        found = [(f.path, f.fix and f.fix.op) for f in findings if f.code == "RG135"]
        place = f"features.buyer_model_features{path}.transforms.history.repeat_bonus"
        assert found == ([(place, fix)] if path else [])


def test_a_history_in_the_product_tower(experiment):
    assert told(experiment, features=added(experiment, product=[past()])) == ["RG130 error"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ["RG133 info"]),
        ({"split": {"kind": "random"}}, ["RG301 warning", "RG133 error"]),
        ({"split": {"kind": "random", "date_column": "day"}}, ["RG301 warning"]),
    ],
)
def test_p41_a_history_without_a_date_has_to_be_brought(experiment, data, expected):
    found = told(experiment, features=added(experiment, buyer=[past()]), data=data)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ({"shared_with": "sku"}, []),
        ({"shared_with": "sku", "embedding_dim": 32}, []),
        ({"shared_with": "sku", "embedding_dim": 31}, ["RG127"]),
        ({"shared_with": "age"}, ["RG126"]),
        ({"shared_with": "nothing", "embedding_dim": 8}, ["RG126"]),
        ({"shared_with": "nothing", "enabled": False}, ["RG106"]),
    ],
)
def test_p21_p22_a_history_shares_the_vectors_of_one_text_feature(experiment, history, expected):
    feature = {"column": "past", "data_type": "history", "transforms": {"history": history}}
    found = codes(experiment, features=added(experiment, buyer=[feature]))
    assert [code for code in found if code != "RG112"] == expected


def test_p22_one_history_column_with_two_tables_is_refused(experiment):
    towers = {}
    for side, other in (("buyer", "sku"), ("product", "customer_id")):
        transforms = {"history": {"shared_with": other}}
        towers[side] = [{"column": "past", "data_type": "history", "transforms": transforms}]
    assert "RG107" in codes(experiment, features=added(experiment, **towers))


def test_p27_the_answer_is_in_neither_tower(experiment):
    """Not as a feature, not under an alias, not in a cross."""
    sku = {"column": "sku", "display_name": "chosen", "data_type": "text"}
    assert told(experiment, features=added(experiment, buyer=[sku])) == ["RG115 error"]
    cross = {"features": [{"column": "customer_id"}, {"column": "brand"}]}
    assert codes(experiment, features={"product_model_crosses": [cross]}) == ["RG115"]
    allowed = {**experiment, "features": features_with(experiment, sku)}
    assert check(allowed, allow=["RG115"]).ok


def test_p27_the_target_is_in_no_tower(experiment):
    target = {"target_column": "rating"}
    cross = {"features": [{"column": "rating", "type": "numeric"}, {"column": "job"}]}
    assert codes(experiment, features=target) == ["RG112"]
    crossed = {**target, "product_model_crosses": [cross]}
    assert codes(experiment, features=crossed) == ["RG112", "RG116"]
    as_text = {"features": [{"column": "rating"}, {"column": "brand"}]}
    crossed["product_model_crosses"] = [cross, as_text]  # once is enough: not RG111 as well
    assert codes(experiment, features=crossed) == ["RG112", "RG116", "RG116"]


DATE = {"column": "bought_at", "data_type": "temporal"}
CYCLES = {**DATE, "transforms": {"cyclical": {"yearly": True}}}
CROSS = {"features": [{"column": "bought_at", "type": "temporal"}, {"column": "job"}]}


@pytest.mark.parametrize(
    ("features", "kind", "expected"),
    [
        ({"buyer": [DATE]}, "strict_time", ["RG117"]),
        ({"buyer": [CYCLES]}, "strict_time", []),
        ({"product": [CYCLES]}, "strict_time", ["RG117"]),
        ({"buyer": [DATE]}, "random", ["RG301", "RG303"]),
        ({"product": [CYCLES]}, "random", ["RG117", "RG301", "RG303"]),
        ({"buyer": [{**DATE, "column": "birthday"}]}, "strict_time", []),
    ],
)
def test_p26_the_time_of_the_transaction_as_a_feature(experiment, features, kind, expected):
    data = {"split": {"kind": kind, "date_column": "bought_at"}}
    found = codes(experiment, features=added(experiment, **features), data=data)
    assert sorted(found) == expected


def test_a_cross_takes_quantiles_of_the_date(experiment):
    assert codes(experiment, features={"buyer_model_crosses": [CROSS]}) == ["RG117"]
    assert codes(experiment, features={"product_model_crosses": [CROSS]}) == ["RG117"]


def embedded(column, **embedding):
    return {"column": column, "data_type": "text", "transforms": {"embedding": embedding}}


@pytest.mark.parametrize(
    ("column", "embedding", "expected"),
    [
        ("sku", {"vocab_size": 5000}, ["RG119 warning"]),
        ("sku", {"min_frequency": 2}, ["RG119 warning"]),
        ("sku", {"min_frequency": 1}, ["RG112 info"]),
        ("sku", {"oov_buckets": 2}, ["RG121 info"]),
        ("sku", {"vocab_size": 5000, "oov_buckets": 2}, ["RG119 warning"]),
        ("city", {"vocab_size": 5000, "min_frequency": 2}, []),
        ("city", {"vocab_size": 31}, []),  # 31 and one for the others
        ("city", {"vocab_size": 30}, ["RG120 info"]),
        ("city", {"vocab_size": 40, "oov_buckets": 40}, []),
        ("city", {"vocab_size": 40, "oov_buckets": 41}, ["RG121 warning"]),
        ("city", {"oov_buckets": 10_000}, ["RG121 info"]),
        ("city", {"oov_buckets": 10_001}, ["RG121 warning"]),
    ],
)
def test_p39_vocabularies(experiment, column, embedding, expected):
    rest = [] if column == "sku" else [{"column": "sku", "data_type": "text"}]
    product = [*rest, embedded(column, **embedding)]
    assert told(experiment, features={"product_model_features": product}) == expected


def test_p39_rare_buyers_may_share_a_vector(experiment):
    buyer = [embedded("customer_id", min_frequency=3)]
    assert told(experiment, features={"buyer_model_features": buyer}) == ["RG119 info"]


@pytest.mark.parametrize(
    ("bq_type", "transforms", "expected"),
    [
        ("BOOL", {"bucketize": {}}, ["RG122"]),
        ("BOOL", {"normalize": {}, "log_transform": {}}, ["RG112"]),
        ("BOOL", {"normalize": {}}, []),
        ("FLOAT64", {"bucketize": {}}, []),
        ("FLOAT64", {"bucketize": {"buckets": 31}}, []),
        ("FLOAT64", {"bucketize": {"buckets": 30}}, ["RG120"]),
    ],
)
def test_numbers_with_few_values(experiment, bq_type, transforms, expected):
    feature = {"column": "x", "data_type": "numeric", "bq_type": bq_type, "transforms": transforms}
    assert codes(experiment, features=added(experiment, buyer=[feature])) == expected


def test_an_embedding_of_a_bool_has_three_vectors(experiment):
    member = {**embedded("member", embedding_dim=5), "bq_type": "BOOL"}
    assert codes(experiment, features=added(experiment, buyer=[member])) == ["RG120"]
    member = {**embedded("member", embedding_dim=4), "bq_type": "BOOL"}  # none can be narrower
    assert codes(experiment, features=added(experiment, buyer=[member])) == []


@pytest.mark.parametrize(
    ("width", "output", "expected"),
    [(32, 64, []), (31, 64, ["RG123"]), (64, 64, []), (128, 64, []), (129, 64, ["RG123"])],
)
def test_p23_the_width_of_an_id_without_layers(experiment, width, output, expected):
    buyer = [embedded("customer_id", embedding_dim=width)]
    model = {"output_embedding_dim": output}
    found = codes(experiment, features={"buyer_model_features": buyer}, model=model)
    assert found == expected
    model["buyer_tower_layers"] = [{"type": "dense", "units": 128}]
    assert codes(experiment, features={"buyer_model_features": buyer}, model=model) == []


@pytest.mark.parametrize(
    ("bq_type", "cycle", "expected"),
    [
        ("DATE", "daily", ["RG129"]),
        ("DATE", "weekly", []),
        ("TIME", "daily", []),
        ("TIME", "yearly", ["RG129"]),
        ("TIMESTAMP", "daily", []),
    ],
)
def test_p34_cycles_that_a_type_can_show(experiment, bq_type, cycle, expected):
    transforms = {"cyclical": {cycle: True}}
    feature = {"column": "x", "data_type": "temporal", "bq_type": bq_type}
    features = added(experiment, buyer=[{**feature, "transforms": transforms}])
    assert codes(experiment, features=features) == expected


def cross(*buckets, **more):
    members = [
        {"column": f"n{i}", "type": "numeric", "crossing_buckets": n} for i, n in enumerate(buckets)
    ]
    return {"features": members, **more}


@pytest.mark.parametrize(
    ("crossed", "expected"),
    [
        (cross(50, 100, hash_bucket_size=5000), []),
        (cross(51, 100, hash_bucket_size=5000), ["RG125 info"]),
        (cross(100, 499, hash_bucket_size=5000), ["RG125 info"]),
        (cross(100, 500, hash_bucket_size=5000), ["RG125 warning"]),
    ],
)
def test_combinations_and_hash_buckets(experiment, crossed, expected):
    assert told(experiment, features={"buyer_model_crosses": [crossed]}) == expected
    types = {"n0": "BOOL", "n1": "BOOL"}  # two values each
    data = {**experiment["data"], "column_types": types}
    assert codes(experiment, features={"buyer_model_crosses": [crossed]}, data=data) == []


def test_a_towers_own_id_is_not_crossed(experiment):
    own = {"features": [{"column": "sku"}, {"column": "shelf"}]}
    assert codes(experiment, features={"product_model_crosses": [own]}) == ["RG124"]
