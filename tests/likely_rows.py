"""Drawn rows of the kind that the platform's page and its older versions stored, without mistakes.

Names of a tower are distinct, crosses and histories name columns that are there; all else varies:
three dialects, switches, settings that are left out, numbers as text, columns in both towers.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from stored_rows import HEAD, TOWERS, Plain, posted_model

_of = st.sampled_from
_switch = _of([True, False, True, True, 1, None])
_widths = _of([4, 8, 32, "64", 16.0, 128, 2, 2048])


def _settings(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Plain]:
    """Draws a mapping with some of the fields; most have a switch."""
    always = {key: fields.pop(key) for key in ("enabled",) if key in fields}
    return st.fixed_dictionaries(always, optional=fields) | st.fixed_dictionaries(always | fields)


_embedding = _settings(
    enabled=_switch, embedding_dim=_widths, vocab_size=st.just(100000), min_frequency=_of([1, 5])
)
_normalize = _settings(enabled=_switch, range=_of([[-1, 1], [0, 1], None]))
_buckets = _of([2, 10, "100", 50.0, 1])
_bucketize = _settings(enabled=_switch, buckets=_buckets, embedding_dim=_widths)
_cyclical = _settings(
    enabled=_switch,
    annual=_switch,
    yearly=_switch,
    quarterly=_switch,
    monthly=_switch,
    weekly=_switch,
    daily=_switch,
)
_STEPS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "text": {"embedding": _embedding},
    "numeric": {
        "normalize": _normalize,
        "bucketize": _bucketize,
        "log_transform": _of([True, False, {"enabled": True}]),
    },
    "temporal": {"normalize": _normalize, "bucketize": _bucketize, "cyclical": _cyclical},
}
_TYPES = {
    "text": ["STRING", "INT64", "string", None],
    "numeric": ["FLOAT64", "DECIMAL", "decimal(10, 2)", "int64", "numeric", None],
    "temporal": ["TIMESTAMP", "date", "DATETIME", None],
}
_OLDER = {"text": "string_embedding", "numeric": "numeric", "temporal": "timestamp"}


@st.composite
def _features(draw: st.DrawFn, name: str, kind: str) -> Plain:
    """Draws a feature of a name, in today's dialect, in the older one, or in both."""
    found: Plain = {"column": name, "bq_type": draw(_of(_TYPES[kind]))}
    dialect = draw(_of(["today", "today", "older", "both"]))
    found |= {"data_type": kind} if dialect != "older" else {}
    found |= {"type": _OLDER[kind]} if dialect != "today" else {}
    if draw(_of([True, True, True, kind == "numeric"])):
        found["transforms"] = draw(_settings(**_STEPS[kind]))
    if draw(st.booleans()):
        found |= {"column": f"{name}_src", "display_name": name}
    if kind == "text":
        usual = {"max_size": 1500, "oov_buckets": 10, "min_frequency": 5}
        found |= draw(_settings(embedding_dim=_widths, vocab_settings=st.just(usual)))
    return found


@st.composite
def _histories(draw: st.DrawFn, name: str) -> Plain:
    history = {"enabled": True, "shared_with": "product_id"}
    history |= draw(_settings(embedding_dim=_widths, max_length=_of([1, 5, "50", 200])))
    kind = draw(_of(["ARRAY<STRING>", "array<int64>", "STRING", None]))
    transforms = {"history": history}
    return {"column": name, "bq_type": kind, "data_type": "history", "transforms": transforms}


@st.composite
def _crosses(draw: st.DrawFn, features: list[Plain]) -> Plain:
    """Draws a cross of two or three features, with their kinds or their names alone."""
    chosen = draw(st.lists(_of(features), min_size=2, max_size=3, unique_by=id))
    members: list[Any] = []
    for each in chosen:
        kind = each.get("data_type") or {v: k for k, v in _OLDER.items()}[each["type"]]
        names = {key: each[key] for key in ("column", "display_name") if key in each}
        member = names | draw(_settings(type=st.just(kind), crossing_buckets=_of([5, "20", 1])))
        members.append(each["column"] if draw(_of([0, 0, 0, 1])) and len(names) == 1 else member)
    sizes = _settings(hash_bucket_size=_of([1000, "5000", 50]), embedding_dim=_of([4, 8, 128]))
    return {"features": members} | draw(sizes)


@st.composite
def _rows_of_features(draw: st.DrawFn) -> Plain:
    found: Plain = {"name": "drawn"}
    both: list[Plain] = []
    names = {"buyer": "user_id", "product": "product_id"}
    for tower, others in (("buyer", ["city", "age", "at"]), ("product", ["brand", "price", "on"])):
        own = [draw(_features(names[tower], "text"))]
        own[0]["is_primary_id"] = True
        for index in range(draw(_of([3, 2, 1, 0]))):
            kind = draw(_of(["temporal", "numeric", "text"]))
            own.append(draw(_features(others[index], kind)))
        if tower == "product" and len(both) > 1 and draw(_of([0, 0, 1])):
            own.append(dict(both[1]) | draw(_settings(transforms=st.just(both[1].get("x", {})))))
        plain, both = list(own), both + own
        if tower == "buyer":
            lists = draw(st.integers(0, 2))
            own += [draw(_histories(f"list_{index}")) for index in range(lists)]
        found[f"{tower}_model_features"] = own
        if len(plain) > 1:
            found[f"{tower}_model_crosses"] = draw(st.lists(_crosses(plain), max_size=3))
    return found


_bound = _settings(enabled=_switch, percentile=_of([1, 5, 90, "99", 99.9]))
_target = st.fixed_dictionaries(
    {"column": _of(["revenue", "age"]), "bq_type": _of(["FLOAT64", "INT64", None])},
    optional={
        "display_name": _of(["revenue", "amount", None]),
        "transforms": _settings(
            clip_outliers=_settings(enabled=_switch, lower=_bound, upper=_bound)
            | _settings(enabled=_switch, percentile=_of([90, 99])),
            log_transform=_settings(enabled=_switch),
            normalize=_settings(enabled=_switch, range=_of([[0, 1], [-1, 1], None])),
        ),
    },
)
_layer = st.fixed_dictionaries(
    {"type": _of(["dense", "dense", "dense", "dropout", "batch_norm", "layer_norm", "attention"])},
    optional={
        "units": _of([16, 32, "64", 24.0]),
        "activation": _of(["relu", "none", None, "selu", "swish", "tanh", "linear", ""]),
        "rate": _of([0.2, "0.1"]),
        "epsilon": st.just(1e-5),
        "l1_reg": _of([0, 1e-6]),
        "l2_reg": _of([0, None, 1e-6]),
    },
)
_layers = st.lists(_layer, max_size=3) | _of(list(TOWERS.values()))
_unit = st.fixed_dictionaries(
    {"type": st.just("dense"), "units": _of([1, "1"])},
    optional={"activation": _of([None, None, "linear", "sigmoid", "relu", "tanh"])},
)
_head = st.tuples(st.lists(_layer, max_size=2), _unit).map(lambda found: [*found[0], found[1]])


@st.composite
def _rows_of_both(draw: st.DrawFn) -> tuple[Plain, Plain]:
    """Draws a feature config and a model config that fit each other."""
    task = draw(_of(["retrieval", "retrieval", "ranking", "multitask"]))
    features = draw(_rows_of_features())
    if task != "retrieval":
        features["target_column"] = draw(_target)
    settings = _settings(
        buyer_tower_layers=_layers,
        product_tower_layers=_layers,
        rating_head_layers=_head | _of([[], HEAD]),
        output_embedding_dim=_of([32, 64.0, "16"]),
        optimizer=_of(["adam", "ftrl", "sgd", "adamw", "rmsprop", "Adagrad"]),
        learning_rate=_of([0.1, "0.01", 0.05]),
        batch_size=_of([4096.0, "1024", 256]),
        epochs=_of([1, "20"]),
        top_k=_of([10, "100"]),
        loss_function=_of(["mse", "huber", "binary_crossentropy"]),
        retrieval_weight=_of([1.0, 0.5]),
        ranking_weight=_of([0.0, 0.4, "2"]),
        retrieval_algorithm=_of(["brute_force", "scann"]),
        scann_num_leaves=_of([100, 50]),
        share_tower_weights=st.booleans(),
    )
    return features, posted_model(task=task) | draw(settings)


likely_rows = _rows_of_both()
