"""No fix makes a config worse, alone or with all others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

from recgen.check import Checked, examine_text
from recgen.edit import fixed
from recgen.findings import Finding
from recgen.reading.document import UnreadableError
from recgen.reading.sources import TextKind, text_kind

BAD = sorted((Path(__file__).parent / "bad").glob("*/config.*"))
_RANKS = {"error": 0, "warning": 1, "info": 2}


def _worse(found: Checked, some: Sequence[Finding], kind: TextKind) -> list[str]:
    """Returns new findings that are as severe as one that was fixed, or more."""
    text, done = fixed(found.report.text or "", some, kind, unsafe=True)
    if not done:
        return []
    after = examine_text(text, kind).report.findings
    known = Counter(finding.code for finding in found.report.findings)
    new = Counter(finding.code for finding in after) - known
    least = max(_RANKS[finding.severity] for finding in done)
    is_bad = {f.code: f for f in after if f.code in new and _RANKS[f.severity] <= least}
    return [f"{done[0].code}: {finding.code} {finding.message}" for finding in is_bad.values()]


def _all_worse(text: str, kind: TextKind) -> list[str]:
    found = examine_text(text, kind)
    if found.config is None:  # rules could not look at it: what they find now was there before
        return []
    fixable = [finding for finding in found.report.findings if finding.fix]
    groups = [[finding] for finding in fixable] + [fixable]
    return [message for group in groups for message in _worse(found, group, kind)]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.parent.name)
def test_no_fix_makes_a_config_of_the_examples_worse(path: Path) -> None:
    try:
        assert _all_worse(path.read_bytes().decode(), text_kind(path.name)) == []
    except (UnicodeDecodeError, UnreadableError):
        pytest.skip("it cannot be read")


_TRANSFORMS = {
    "text": st.fixed_dictionaries(
        {"embedding": st.fixed_dictionaries({"embedding_dim": st.sampled_from([4, 32, 1024])})}
    ),
    "numeric": st.dictionaries(
        st.sampled_from(["normalize", "bucketize", "log_transform"]),
        st.fixed_dictionaries({"enabled": st.booleans()}),
    ),
    "temporal": st.dictionaries(
        st.sampled_from(["normalize", "bucketize", "cyclical"]), st.just({})
    ).flatmap(
        lambda chosen: st.fixed_dictionaries(
            {name: _CYCLES if name == "cyclical" else st.just({}) for name in chosen}
        )
    ),
}
_CYCLES = st.dictionaries(
    st.sampled_from(["yearly", "quarterly", "monthly", "weekly", "daily"]), st.booleans()
)
_TYPES = {
    "text": ["STRING", "INT64", "FLOAT64", "BOOL", "DATE"],
    "numeric": ["FLOAT64", "INT64", "BOOL", "STRING", "TIMESTAMP"],
    "temporal": ["TIMESTAMP", "DATE", "TIME", "INT64", "STRING"],
}
_OPTIMIZERS = ["adagrad", "adam", "sgd", "ftrl", "rmsprop", "adamw"]
_LAYERS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("dense"), "units": st.sampled_from([8, 64, 512])},
            optional={"activation": st.sampled_from(["relu", "tanh"]), "l2_reg": st.just(0.1)},
        ),
        st.just({"type": "batch_norm"}),
        st.fixed_dictionaries({"type": st.just("dropout"), "rate": st.sampled_from([0.1, 0.9])}),
    ),
    max_size=4,
)


@st.composite
def _features(draw: st.DrawFn, side: str) -> dict[str, Any]:
    """Draws a feature; a fix for one tower's treatment of a column may cause RG107."""
    kind = draw(st.sampled_from(sorted(_TRANSFORMS)))
    return {
        "column": f"{side}_{draw(st.sampled_from(['a', 'b', 'id']))}",
        "data_type": kind,
        "bq_type": draw(st.sampled_from(_TYPES[kind])),
        "transforms": draw(_TRANSFORMS[kind]),
    }


@st.composite
def _configs(draw: st.DrawFn) -> dict[str, Any]:
    sides = {"buyer": "buyer", "product": "sku"}
    split = st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["strict_time", "time_holdout", "random"]),
            "date_column": st.just("day"),
            "validation": st.sampled_from([0.05, 0.4]),
        }
    )
    features: dict[str, Any] = {f"{side}_id_column": name for side, name in sides.items()}
    model: dict[str, Any] = {
        "optimizer": draw(st.sampled_from(_OPTIMIZERS)),
        "learning_rate": draw(st.sampled_from([1e-5, 0.001, 0.05, 1.0])),
    }
    for side, name in sides.items():
        own = {"column": name, "data_type": "text"}
        features[f"{side}_model_features"] = [own, *draw(st.lists(_features(side), max_size=3))]
        model[f"{side}_tower_layers"] = draw(_LAYERS)
    return {"features": features, "model": model, "data": {"split": draw(split)}}


@some(100, 300)
@given(_configs())
def test_no_fix_makes_a_config_worse(config: dict[str, Any]) -> None:
    assert _all_worse(json.dumps(config), "json") == []


@pytest.mark.parametrize("flat", [("weekly",), ("weekly", "monthly")])
def test_a_cycle_is_only_switched_off_where_another_one_is_left(flat: tuple[str, ...]) -> None:
    def found(*cycles: str) -> list[Finding]:
        time = {"column": "t", "bq_type": "TIME", "data_type": "temporal"}
        transforms = {"cyclical": dict.fromkeys(cycles, True)}
        features = {"buyer_model_features": [{**time, "transforms": transforms}]}
        report = examine_text(json.dumps({"features": features}), "json").report
        return [finding for finding in report.findings if finding.code == "RG129"]

    assert [finding.fix for finding in found(*flat)] == [None] * len(flat)
    assert all(finding.fix for finding in found(*flat, "daily"))
