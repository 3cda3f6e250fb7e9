"""Columns that nearly give the target or the product away, and honest ones: RG526 and RG576 ask."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_rules_data import DAY, FIRST, profile_of

from recgen.check import check
from recgen.findings import Finding

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

ROWS = 4000
HEAD = [{"type": "dense", "units": 16}, {"type": "dense", "units": 1, "activation": "linear"}]
Plain = dict[str, Any]
Columns = dict[str, Any]
DRAW = np.random.default_rng(3)


def shop() -> Columns:
    """Returns a shop in which buyer and product explain half of how many pieces are bought."""
    draw = np.random.default_rng(1)
    buyer, product = draw.integers(0, 200, ROWS), draw.integers(0, 90, ROWS)
    of_buyer, of_product = 0.6 * draw.normal(size=200), 0.6 * draw.normal(size=90)
    kept = draw.logistic(size=ROWS) < of_buyer[buyer] + of_product[product]
    return {
        "customer_id": [f"c{each}" for each in buyer],
        "age": (20 + buyer % 50).tolist(),
        "sku": [f"p{each}" for each in product],
        "price": np.exp(draw.normal(size=90)).round(2)[product],
        "bought_at": [FIRST + DAY // 10 * i for i in range(ROWS)],
        "pieces": 1 + draw.poisson(3 * np.exp(of_buyer[buyer] + of_product[product])),
        "kept": kept.astype(int),
    }


def said(experiment: Plain, folder: Path, columns: Columns, *names: str, **more: Any) -> Any:
    """Returns what is asked about columns that the buyer's tower reads."""
    plain = copy.deepcopy(experiment)
    for name in names:
        is_text = any(isinstance(value, str) for value in columns[name])
        kind = "text" if is_text else "numeric"
        feature = {"column": name, "data_type": kind}
        plain["features"]["buyer_model_features"].append(feature)
    target = more.get("target")
    if target:
        plain["features"]["target_column"] = target
        plain["model"] = {"model_type": "ranking", "rating_head_layers": HEAD}
    table = {name: list(values) for name, values in columns.items()}
    findings: list[Finding] = list(check(plain, profile=profile_of(folder, table)).findings)
    return [each for each in findings if each.code == ("RG576" if target else "RG526")]


def noisy(values: Any, share: float) -> Any:
    return values * np.exp(share * DRAW.normal(size=ROWS))


def words(values: Any, *names: str) -> list[str]:
    return [names[int(value)] for value in values]


COPIES: dict[str, Any] = {
    "times the price": lambda made: noisy(made["pieces"] * made["price"], 0.1),
    "rounded": lambda made: np.round(made["pieces"] / 3) * 3,
    "grouped": lambda made: words(np.minimum(made["pieces"] // 3, 3), *"abcd"),
    "text with a unit": lambda made: [f"{n} pcs" for n in np.minimum(made["pieces"], 30)],
    "and another's": lambda made: made["pieces"] + DRAW.poisson(1, ROWS),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_column_that_nearly_is_the_target_is_asked_about(experiment, tmp_path, name):
    made = shop()
    made["n"] = COPIES[name](made)
    (finding,) = said(experiment, tmp_path, made, "n", target="pieces")
    assert (finding.code, finding.severity) == ("RG576", "warning")
    assert finding.path == "features.buyer_model_features[2]"
    end = "% of what the means of buyer and product do not explain of the target 'pieces'"
    assert finding.message.startswith("'n' explains ")
    assert finding.message.endswith(end)
    assert finding.help == "Is it known before the purchase? If not, remove it."


def test_two_columns_that_together_nearly_are_the_target(experiment, tmp_path):
    made = shop()
    rate, before = np.exp(DRAW.normal(size=ROWS)), DRAW.integers(50, 90, ROWS)
    is_on, kind = DRAW.integers(0, 2, ROWS), DRAW.integers(0, 3, ROWS)
    for target, left, right in (
        ("pieces", before - made["pieces"] + DRAW.normal(size=ROWS), before),
        ("pieces", noisy(made["pieces"] * rate, 0.1), rate),
        ("pieces", made["pieces"] * np.array([1, 7, 100])[kind], words(kind, "EUR", "CNY", "JPY")),
        ("kept", words(is_on ^ made["kept"], "in", "out"), words(is_on, "in", "out")),
    ):
        made |= {"left": left, "right": right}
        (finding,) = said(experiment, tmp_path, made, "left", "right", target=target)
        assert finding.severity == "warning"
        end = f"% of what the means of buyer and product do not explain of the target {target!r}"
        assert finding.message.startswith("'left' and 'right' together explain ")
        assert finding.message.endswith(end)
        assert finding.help == "Are they known before the purchase? If not, remove them."
        for one in ("left", "right"):
            assert said(experiment, tmp_path, made, one, target=target) == []


FORMULAS: dict[str, Any] = {
    "'left' times 'right'": lambda left, right: left * right,
    "'left' plus 'right'": lambda left, right: left + right,
    "'left' minus 'right'": lambda left, right: left - right,
    "'right' minus 'left'": lambda left, right: right - left,
    "'left' divided by 'right'": lambda left, right: left / right,
    "'right' divided by 'left'": lambda left, right: right / left,
}


@pytest.mark.parametrize("words", FORMULAS)
def test_two_columns_that_are_the_target(experiment, tmp_path, words):
    made = shop()
    left, right = DRAW.integers(1, 30, ROWS), DRAW.integers(1, 20, ROWS)
    made |= {"left": left, "right": right, "pieces": FORMULAS[words](left, right).round(2)}
    (finding,) = said(experiment, tmp_path, made, "left", "right", target="pieces")
    assert (finding.severity, finding.message) == ("error", f"the target 'pieces' is {words}")


def test_a_formula_in_a_few_rows_may_be_chance(experiment, tmp_path):
    made = shop()
    for rows in (20, 40):
        rare = DRAW.integers(1, 30, (2, rows)).astype(float)
        made["pieces"][:rows] = rare.sum(axis=0)
        left, right = ([*each.tolist(), *[None] * (ROWS - rows)] for each in rare)
        made |= {"left": left, "right": right}
        told = said(experiment, tmp_path, made, "left", "right", target="pieces")
        assert any("plus" in each.message for each in told) is (rows == 40)


@pytest.mark.parametrize(("value", "empty"), [("C", 0), ("C", 1), (5.0, 0)])
def test_one_value_or_none_may_decide_a_chance(experiment, tmp_path, value, empty):
    made = shop()
    made["n"] = [None if each == empty else value for each in made["kept"]]
    (finding,) = said(experiment, tmp_path, made, "n", target="kept")
    message = "'n' gives the target 'kept' away: one follows from the other"
    assert (finding.severity, finding.message) == ("error", message)
    other = np.where(DRAW.random(ROWS) < 0.05, 1 - made["kept"], made["kept"])
    made["n"] = [None if each == empty else value for each in other]
    (finding,) = said(experiment, tmp_path, made, "n", target="kept")
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    ("target", "name", "code"),
    [("pieces", "cost", "RG528"), ("kept", "seconds", "RG520"), ("kept", "cost", "RG528")],
)
def test_no_other_advice_on_a_leak(experiment, tmp_path, target, name, code):
    """A flag of what is missing would give the target away, too, and keeping it is no choice."""
    made, cost = shop(), DRAW.integers(1, 9, ROWS)
    seconds = [float(i % 90) if kept else None for i, kept in enumerate(made["kept"])]
    made |= {"gross": cost + made["pieces"], "cost": cost, "seconds": seconds}
    plain = copy.deepcopy(experiment)
    for side, column in (("buyer", "gross"), ("product", "cost"), ("buyer", "seconds")):
        feature = {"column": column, "data_type": "numeric", "transforms": {"normalize": {}}}
        plain["features"][f"{side}_model_features"].append(feature)
    profile = profile_of(tmp_path, made)
    assert code in [each.code for each in check(plain, profile=profile).findings]
    plain["features"]["target_column"] = target
    plain["model"] = {"model_type": "ranking", "rating_head_layers": HEAD}
    found = check(plain, profile=profile).findings
    assert "RG576" in [each.code for each in found]
    is_leak = (target, name) != ("kept", "cost")
    assert any(each.code == code and f"{name!r}" in each.message for each in found) is not is_leak


@pytest.mark.parametrize(("flipped", "is_told"), [(0.05, True), (0.3, False)])
def test_a_chance_is_given_away_by_what_mostly_agrees(experiment, tmp_path, flipped, is_told):
    made = shop()
    other = np.where(DRAW.random(ROWS) < flipped, 1 - made["kept"], made["kept"])
    for values in (words(other, "back", "done"), [None if x else 5.0 + i % 9 for i, x in
                                                  enumerate(other.tolist())]):  # fmt: skip
        made["n"] = values
        assert bool(said(experiment, tmp_path, made, "n", target="kept")) is is_told


def test_the_mean_of_all_rows_knows_the_test(experiment, tmp_path):
    made = shop()
    for key in ("sku", "customer_id"):
        at = np.array([int(value[1:]) for value in made[key]])
        means = np.bincount(at, made["pieces"]) / np.bincount(at)
        made["n"] = means[at].round(2)
        (finding,) = said(experiment, tmp_path, made, "n", target="pieces")
        mean = f"'n' is the mean of the target 'pieces' over all rows with the same {key!r}"
        assert (finding.severity, finding.message) == ("warning", mean)
        first = at[: ROWS * 4 // 5]  # of the training rows alone
        means = np.bincount(first, made["pieces"][: len(first)], len(means)) / np.bincount(first)
        made["n"] = means[at]
        assert said(experiment, tmp_path, made, "n", target="pieces") == []


HONEST: dict[str, Any] = {
    "the age": lambda made: made["age"],
    "the price": lambda made: made["price"],
    "a price that drifts": lambda made: noisy(made["price"], 0.1),
    "the hour": lambda made: DRAW.integers(0, 24, ROWS),
    "the device": lambda made: words(DRAW.integers(0, 3, ROWS), "phone", "desk", "tablet"),
    "a visit": lambda made: [f"v{i // 2}" for i in range(ROWS)],
    "half empty": lambda made: [None if i % 2 else float(i % 7) for i in range(ROWS)],
    "nothing": lambda made: [None] * ROWS,
    "the last purchase": lambda made: [1, *made["pieces"][:-1].tolist()],
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_known_of_buyer_product_and_request_is_not_asked_about(experiment, tmp_path, name):
    made = shop()
    made["n"] = HONEST[name](made)
    for target in ("pieces", "kept"):
        assert said(experiment, tmp_path, made, "n", target=target) == []


def test_a_third_of_the_pieces_by_a_promotion_is_honest(experiment, tmp_path):
    made = shop()
    is_on = DRAW.random(ROWS) < 0.25
    made |= {"n": words(is_on, "no", "yes"), "pieces": made["pieces"] * (1 + is_on)}
    assert said(experiment, tmp_path, made, "n", target="pieces") == []


@pytest.mark.parametrize("is_of_product", [True, False])
def test_a_weak_sign_is_asked_about_if_the_product_shows_too(experiment, tmp_path, is_of_product):
    made = shop()
    price = made["price"] if is_of_product else 2.0
    made["n"] = noisy(made["pieces"] * price, 0.57)
    told = said(experiment, tmp_path, made, "n", target="pieces")
    assert len(told) == is_of_product
    if told:
        share = int(told[0].message.split("%")[0].split()[-1])
        assert 30 <= share < 50


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("a price with a discount", True),
        ("mostly its shelf", True),
        ("another's shelf", False),
        ("the hour", False),
        ("the device", False),
    ],
)
def test_what_hangs_on_the_product_is_asked_about(experiment, tmp_path, name, is_told):
    made = shop()
    shelf = np.array([int(sku[1:]) % 6 for sku in made["sku"]])
    share = {"mostly its shelf": 0.85, "another's shelf": 0.2}.get(name, 0)
    shelf = np.where(DRAW.random(ROWS) < share, shelf, DRAW.permutation(shelf))
    if name == "a price with a discount":
        made["n"] = noisy(made["price"], 0.2)
    else:
        made["n"] = words(shelf, *"abcdef") if share else HONEST[name](made)
    told = said(experiment, tmp_path, made, "n")
    assert [(each.code, each.severity) for each in told] == [("RG526", "warning")] * is_told
    if told:
        assert "in the buyer tower hangs on the product of its row" in told[0].message


def test_few_rows_say_nothing(experiment, tmp_path):
    made = {name: list(values)[:250] for name, values in shop().items()}
    made["n"] = noisy(np.ones(ROWS), 1.0)[:250]
    assert said(experiment, tmp_path, made, "n", target="pieces") == []
