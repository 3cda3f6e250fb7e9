"""What a final layer's weights do, in words: beside the layer's own formula, and of any weights."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recgen.analysis.final_layer import effects, term_in_words
from recgen.metrics import FinalLayerFit

DAYS = (7, 14, 30, 60, None)
SHARES = [f"share_{days}_days" if days else "share" for days in DAYS]
PAST = [
    "had",
    *(f"had_{share}" for share in SHARES),
    *("had_often", "had_in_last_10", "had_in_last_100", "had_among_many", "had_by_repeater"),
]
WEIGHTS = {name: 0.1 * number - 0.4 for number, name in enumerate(["towers", *SHARES, *PAST])}


def told(weights: dict[str, float]) -> dict[str, str]:
    return dict(effects(FinalLayerFit(weights=weights)))


def times(text: str) -> float:
    return float(re.sub(" times as likely|,", "", text))


def test_effects_are_those_of_the_formula() -> None:
    found = told(WEIGHTS)
    turned = "counts -0.40 times as much as in training, so what it puts first comes later"
    assert found["the towers' score"] == turned
    shares = [WEIGHTS[name] for name in SHARES]
    twice = math.prod(2**weight for weight in shares)
    assert times(found["a product with twice the sales"]) == pytest.approx(twice, rel=0.05)
    # What is a week old counts half in the share of 7 days: it has grown by half.
    grown = [2 - 0.5 ** (7 / days) if days else 1 for days in DAYS]
    assert grown[0] == 1.5
    risen = math.prod(each**weight for each, weight in zip(grown, shares, strict=True))
    assert times(found["a product whose sales doubled a week ago"]) == pytest.approx(
        risen, rel=0.05
    )
    for word, age in (("latest", 0), ("first", 9)):
        recent = {items: math.log1p(0.5 ** (age / items)) for items in (10, 100)}
        bonus = WEIGHTS["had"]  # log shares are relative to those of an average product
        bonus += sum(WEIGHTS[f"had_in_last_{items}"] * value for items, value in recent.items())
        bonus += WEIGHTS["had_among_many"] * math.log(11)
        case = f"what the buyer had, {word} of 10 purchases"
        shown = "less than 0.001 times as likely" if bonus < math.log(0.001) else None
        assert found[case] == shown or times(found[case]) == pytest.approx(
            math.exp(bonus), rel=0.05
        )


@pytest.mark.parametrize("weight", [-0.01, 0.0, 0.04])
def test_a_score_without_weight_is_said_to_hardly_count(weight: float) -> None:
    assert told({"towers": weight})["the towers' score"].startswith("hardly counts")


@pytest.mark.parametrize(
    ("bonus", "shown"),
    [
        (0.0, "as likely as before"),
        (math.log(2.5), "2.5 times as likely"),
        (math.log(0.25), "0.25 times as likely"),
        (math.log(123), "123 times as likely"),
        (20.0, "more than 1,000 times as likely"),
        (-20.0, "less than 0.001 times as likely"),
    ],
)
def test_a_factor_is_short(bonus: float, shown: str) -> None:
    assert told({"had": bonus})["what the buyer had, latest of 10 purchases"] == shown


def test_only_the_terms_of_the_layer_are_told() -> None:
    assert list(told({"towers": 1.0, "share": 0.5})) == [
        "the towers' score",
        "a product with twice the sales",
    ]
    assert told({}) == {}


def test_each_term_has_words() -> None:
    words = [term_in_words(name) for name in WEIGHTS]
    assert len(set(words)) == len(words)
    assert not [text for text in words if "_" in text or text in WEIGHTS]
    assert term_in_words("share_7_days") == "log share of sales with a half-life of 7 days"
    assert term_in_words("co_purchases") == "co_purchases"  # of a later trainer


NAMES = st.sampled_from([*WEIGHTS, "share_0_days", "had_in_last_0", "share_999999_days", "more"])


@given(st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False)))
def test_any_weights_are_told(weights: dict[str, float]) -> None:
    for effect in told(weights).values():
        assert re.fullmatch(
            r"counts \S+ times as much as in training(, so what it puts first comes later)?"
            r"|((more|less) than )?\S+ times as likely|as likely as before|hardly counts: .*",
            effect,
        )
        assert "nan" not in effect
