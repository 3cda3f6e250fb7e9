"""A config as YAML: readable, and the same config when it is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import experiments
from fuzzing import some
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from recgen.config import ExperimentConfig
from recgen.reading import load, read
from recgen.reading.dump import dump
from recgen.reading.sources import read_text
from recgen.reading.yaml_writer import write_yaml

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted([*ROOT.glob("examples/*/config.yaml"), *ROOT.glob("tests/cases/*/config.yaml")])


def again(config: ExperimentConfig) -> ExperimentConfig:
    """Returns what is read from the text of a config."""
    document = read_text(dump(config), "yaml")
    assert document.findings == ()
    return load(document.data)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.parent.name)
def test_a_config_is_the_same_when_it_is_read_again(path):
    config = load(path)
    assert again(config) == config
    assert dump(again(config)) == dump(config)


@some(50, 150)
@given(experiments())
def test_any_config_is_the_same_when_it_is_read_again(experiment):
    try:
        config = ExperimentConfig.model_validate(experiment)
    except ValidationError:
        assume(False)
    assert again(config) == config


def test_it_reads_as_if_written_by_hand():
    """Defaults are left out; features stand in blocks, transforms and layers in brackets."""
    data = {
        "name": "shop",
        "features": {
            "buyer_model_features": [
                {
                    "column": "customer_id",
                    "data_type": "text",
                    "is_primary_id": True,
                    "transforms": {"embedding": {"embedding_dim": 64, "oov_buckets": 1}},
                },
                {"column": "age", "data_type": "numeric", "transforms": {"normalize": {}}},
                {"column": "paid", "data_type": "numeric", "transforms": {"log_transform": {}}},
            ],
            "product_model_features": [{"data_type": "text", "bq_type": "INT64", "column": "no"}],
            "buyer_model_crosses": [
                {"features": [{"column": "age", "type": "numeric"}, {"column": "city"}]}
            ],
        },
        "model": {
            "buyer_tower_layers": [{"type": "dense", "units": 8}, {"type": "batch_norm"}],
            "gradient_clip_norm": None,
        },
        "data": {"column_types": {"2024-01-31": "DATE"}},
    }
    expected = """\
name: shop
features:
  buyer_model_features:
    - column: customer_id
      data_type: text
      is_primary_id: true
      transforms:
        embedding: {embedding_dim: 64}
    - column: age
      data_type: numeric
    - column: paid
      data_type: numeric
      transforms:
        log_transform: {}
  product_model_features:
    - column: "no"
      bq_type: INT64
      data_type: text
  buyer_model_crosses:
    - features:
        - {column: age, type: numeric}
        - {column: city}
model:
  buyer_tower_layers:
    - {type: dense, units: 8}
    - {type: batch_norm}
  gradient_clip_norm: null
data:
  column_types:
    "2024-01-31": DATE
"""
    assert dump(load(data)) == expected


# fmt: off
_TRAPS = [
    "NO", "on", "~", "null", "1_000", "0x1F", "1e5", "1e-05", ".inf", "12:30", "=", "<<", "- a",
    "a: b", "a #b", "? x", "\ufeffx", "x\u2028y", "x\x85", " x ", "x" * 300, "a\n\n b", "&x",
]
# fmt: on
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(_TRAPS)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@some(100, 300)
@given(st.dictionaries(texts, values, min_size=1, max_size=3))
@example({"a": float("inf"), "b": -float("inf"), "features": {"": [[], {}, [{}], ""]}})
def test_p3_any_data_is_read_again_as_it_was(data):
    assert read_text(write_yaml(data), "yaml").data == data


def test_not_a_number_is_read_again(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(write_yaml({"a": float("nan")}))
    assert str(read(path).data) == "{'a': nan}"
