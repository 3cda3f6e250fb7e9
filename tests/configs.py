"""Hypothesis strategies: configs that may be valid, with names as bad as data has them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Plain = dict[str, Any]

_HOSTILE = (
    "x", "tf", "self", "inputs", "outputs", "bucket", "cross", "dense", "projection", "dense_1",
    "shared_layers", "call", "class", "None", "input", "losses", "math", "features", "a b", "a-b",
    "1st", "цена", "価格", "🛒", "ﬁsh", "fish", "é", "é", "it's", 'say "hi"', '"""', "\\",
    "{{ x }}", "{% x %}", "{x}", "a\nb", "a\u2028b", "a\rb", "#",
    '"); import os; ("', "${x}", "a/b", " ", "\ufeffa", "%s", "_", "__class__", "event",
    "x_norm", "x_bucket", "a_x_b",
)  # fmt: skip
names = st.sampled_from(_HOSTILE) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8
)
_prose = st.none() | st.sampled_from(_HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=20)
_prose = _prose.map(lambda text: text and text.replace("\0", ""))
_range = st.sampled_from([None, [0, 1], [-1, 1]])


def _some(options: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Plain]:
    """Returns a mapping with some of the keys."""
    return st.fixed_dictionaries({}, optional=options)


_on = st.just({}) | st.just({"enabled": False})
_bucketize = _some({"buckets": st.integers(2, 30), "embedding_dim": st.integers(4, 16)})
_embedding = _some(
    {
        "embedding_dim": st.sampled_from([4, 8, 16, 64]),
        "vocab_size": st.none() | st.integers(1, 9999),
        "min_frequency": st.none() | st.integers(1, 9),
        "oov_buckets": st.integers(1, 5),
    }
)
_cyclical = _some({name: st.booleans() for name in ("yearly", "monthly", "weekly", "daily")})
_normalize = _some({"range": _range})
_TRANSFORMS = {
    "text": st.fixed_dictionaries({"embedding": _embedding}),
    "numeric": _some(
        {
            "normalize": _normalize,
            "bucketize": _bucketize,
            "log_transform": _on,
            "missing_flag": _on,
        }
    ),
    "temporal": _some(
        {
            "normalize": _normalize,
            "bucketize": _bucketize,
            "cyclical": _cyclical,
            "missing_flag": _on,
        }
    ),
}
_TYPES = {  # a column that is read as text, too, when it is crossed
    "text": ["STRING", "BYTES", "INT64"],
    "numeric": ["FLOAT64", "INT64", "NUMERIC", "BOOL"],
    "temporal": ["TIMESTAMP", "DATE", "TIME", "DATETIME"],
}


@st.composite
def _feature(draw: st.DrawFn, column: str, kind: str) -> Plain:
    feature = {"column": column, "data_type": kind, "description": draw(_prose)}
    if draw(st.booleans()):
        feature["transforms"] = draw(_TRANSFORMS[kind])
    if draw(st.booleans()):
        feature["bq_type"] = draw(st.sampled_from(_TYPES[kind]))
    if draw(st.sampled_from([False] * 9 + [True])):
        feature |= {"column": draw(names), "display_name": column}
    return feature


_layer = st.one_of(
    st.builds(
        lambda units, activation, l1, l2: {
            "type": "dense",
            "units": units,
            "activation": activation,
            "l1_reg": l1,
            "l2_reg": l2,
        },
        st.sampled_from([8, 32, 64]),
        st.sampled_from([None, "relu", "leaky_relu", "gelu", "selu", "swish", "tanh"]),
        st.sampled_from([0.0, 1e-5]),
        st.sampled_from([0.0, 1e-300, 0.01]),
    ),
    st.builds(lambda rate: {"type": "dropout", "rate": rate}, st.floats(0, 0.9)),
    st.just({"type": "batch_norm"}),
    st.just({"type": "layer_norm"}),
)
_model = _some(
    {
        "output_embedding_dim": st.sampled_from([8, 16, 32, 64]),
        "optimizer": st.sampled_from(["adagrad", "adam", "sgd", "rmsprop", "adamw", "ftrl"]),
        "learning_rate": st.sampled_from([0.001, 0.005, 1e-4]),
        "batch_size": st.integers(1, 99_999),
        "epochs": st.integers(1, 99),
        "top_k": st.integers(1, 999),
        "enable_training_metrics": st.booleans(),
        "logq_correction": st.booleans(),
        "gradient_clip_norm": st.none() | st.floats(0.1, 9),
        "seed": st.integers(0, 2**31 - 1),
    }
)


@st.composite
def experiments(draw: st.DrawFn) -> Plain:
    """Draws a config as plain data; most of them pass the check."""
    columns = draw(st.lists(names, min_size=2, max_size=8, unique=True))
    kinds = {column: draw(st.sampled_from(sorted(_TRANSFORMS))) for column in columns}
    buyer, product, *others = columns
    kinds |= {buyer: "text", product: "text"}
    middle = draw(st.integers(0, len(others)))
    features: Plain = {"buyer_id_column": buyer, "product_id_column": product}
    for side, own in (
        ("buyer", [buyer, *others[:middle]]),
        ("product", [product, *others[middle:]]),
    ):
        features[f"{side}_model_features"] = [draw(_feature(name, kinds[name])) for name in own]
        if len(own) > 1 and draw(st.booleans()):
            features[f"{side}_model_crosses"] = [draw(_cross(own, kinds))]
    layers = st.lists(_layer, max_size=3)
    model = {
        **draw(_model),
        "buyer_tower_layers": draw(layers),
        "product_tower_layers": draw(layers),
        "share_tower_weights": draw(st.sampled_from([False] * 19 + [True])),
    }
    split = draw(st.sampled_from(["random", "strict_time"]))
    date = draw(st.sampled_from([None, *[name for name in columns if kinds[name] == "temporal"]]))
    data = {"kind": "random"} if split == "random" else {"kind": split, "date_column": date or "at"}
    experiment = {"features": features, "model": model, "data": {"split": data}}
    if (name := draw(_prose)) is not None:
        experiment["name"] = name
    return {**experiment, "description": draw(_prose)}


@st.composite
def _cross(draw: st.DrawFn, columns: list[str], kinds: dict[str, str]) -> Plain:
    members = draw(st.lists(st.sampled_from(columns), min_size=2, max_size=3, unique=True))
    return {"features": [{"column": member, "type": kinds[member]} for member in members]}
