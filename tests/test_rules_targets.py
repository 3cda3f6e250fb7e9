"""Rules on the target in the data: both sides of each limit, and columns in every form."""

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

ROWS = 3000
HEAD = [{"type": "dense", "units": 16}, {"type": "dense", "units": 1, "activation": "linear"}]
NORMALIZED = {"column": "amount", "transforms": {"normalize": {}}}
CHANCE = {"loss_function": "binary_crossentropy"}
Plain = dict[str, Any]


@pytest.fixture
def ranking(experiment: Plain) -> Plain:
    """Returns a config of ranking in which data finds nothing."""
    model = {"model_type": "ranking", "rating_head_layers": HEAD, "batch_size": 256}
    split = {**experiment["data"]["split"], "validation": 0.1, "test": 0.1}
    features = {**experiment["features"], "target_column": NORMALIZED}
    return {**copy.deepcopy(experiment), "features": features, "model": model} | {
        "data": {"split": split}
    }


def shop(amount: Any, **columns: Any) -> Plain:
    """Returns columns with a target, and others."""
    return {
        "customer_id": [f"c{7 * i % 300}" for i in range(ROWS)],
        "age": [20 + 7 * i % 300 % 60 for i in range(ROWS)],
        "sku": [f"p{i * i % 101}" for i in range(ROWS)],
        "bought_at": [FIRST + DAY // 10 * i for i in range(ROWS)],
        "amount": amount,
        **columns,
    }


def found(plain: Plain, table: Plain, folder: Path, **model: Any) -> list[Finding]:
    """Returns what is said of the target and of its column."""
    config = {**plain, "model": {**plain["model"], **model}}
    every = check(config, profile=profile_of(folder, table)).findings
    return [each for each in every if each.code > "RG569" or "target" in each.path]


def codes(*args: Any, **model: Any) -> list[str]:
    return [each.code for each in found(*args, **model)]


def bell(center: float = 0.0) -> list[float]:
    return (np.random.default_rng(1).normal(size=ROWS) + center).tolist()


def test_nothing_is_said_of_a_target_in_order(ranking: Plain, tmp_path: Path) -> None:
    assert codes(ranking, shop(bell()), tmp_path) == []
    assert codes(ranking, shop(bell(100)), tmp_path) == []


@pytest.mark.parametrize(
    ("column", "wanted"), [("Amount", "amount"), ("amuont", "amount"), ("xyz", None)]
)
@pytest.mark.parametrize("is_name", [True, False])
def test_a_target_that_is_missing_is_an_error(
    ranking: Plain, tmp_path: Path, column: str, wanted: str | None, is_name: bool
) -> None:
    target = column if is_name else {**NORMALIZED, "column": column}
    ranking["features"]["target_column"] = target
    said = [f for f in found(ranking, shop(bell()), tmp_path) if f.code == "RG501"]
    assert len(said) == 1
    assert (said[0].fix.value if said[0].fix else None) == wanted
    assert said[0].path == "features.target_column" + ("" if is_name else ".column")
    ranking["model"] = {}  # retrieval does not read it
    assert codes(ranking, shop(bell()), tmp_path) == ["RG112"]


def test_a_target_of_words_is_an_error(ranking: Plain, tmp_path: Path) -> None:
    said = codes(ranking, shop(["low", "high", "5"] * (ROWS // 3)), tmp_path)
    assert said == ["RG503"]


@pytest.mark.parametrize(
    ("value", "known", "expected"),
    [(3.0, 1, ["RG570"]), (3.0, 0, ["RG504"]), (None, 0.5, ["RG571"])],
)
def test_a_target_without_different_values(
    ranking: Plain, tmp_path: Path, value: float | None, known: float, expected: list[str]
) -> None:
    amount = [value] * ROWS if known == 1 else [None] * ROWS
    if value is None:
        amount = [x if i % 2 else None for i, x in enumerate(bell())]
    assert codes(ranking, shop(amount), tmp_path) == expected


@pytest.mark.parametrize(("each", "severity"), [(11, "info"), (9, "warning")])
def test_nulls_are_counted(ranking: Plain, tmp_path: Path, each: int, severity: str) -> None:
    amount = [None if i % each == 0 else x for i, x in enumerate(bell())]
    (said,) = found(ranking, shop(amount), tmp_path)
    assert (said.code, said.severity) == ("RG571", severity)
    assert f"{amount.count(None):,} rows of {ROWS:,}" in said.message


def ones(share: float) -> list[int]:
    return [int(i * 7 % 100 < share * 100) for i in range(ROWS)]


@pytest.mark.parametrize(
    "binary",
    [
        ones(0.4),
        [float(x) for x in ones(0.4)],
        [bool(x) for x in ones(0.4)],
        [("yes" if x else "no") for x in ones(0.4)],
    ],
    ids=["whole", "real", "truth", "words"],
)
def test_two_values_are_a_chance_in_every_form(
    ranking: Plain, tmp_path: Path, binary: list[object]
) -> None:
    bq_type = "BOOL" if isinstance(binary[0], (bool, str)) else "FLOAT64"
    ranking["features"]["target_column"] = {"column": "amount", "bq_type": bq_type}
    assert codes(ranking, shop(binary), tmp_path) == ["RG573"]
    assert codes(ranking, shop(binary), tmp_path, **CHANCE) == []


def test_other_values_are_no_chance(ranking: Plain, tmp_path: Path) -> None:
    ranking["features"]["target_column"] = "amount"
    for amount in ([1 + i % 5 for i in range(ROWS)], [i % 2 * 2 for i in range(ROWS)]):
        assert codes(ranking, shop(amount), tmp_path, **CHANCE) == ["RG572"]


@pytest.mark.parametrize(
    ("share", "severity", "words"),
    [
        (0.2, None, ""),
        (0.1, "info", "is 1 in only 10% of the rows (300)"),
        (0.9, "info", "is 0 in only 10% of the rows (300)"),
        (0.005, "warning", "is 1 in only"),
    ],
)
@pytest.mark.parametrize("kind", [int, bool, lambda x: "ja" if x else "nein"])
def test_a_rare_class_is_named_with_its_share(
    ranking: Plain, tmp_path: Path, share: float, severity: str | None, words: str, kind: Any
) -> None:
    binary = [kind(x) for x in ones(share)]
    if share < 0.01:
        binary = [kind(i % 300 == 7) for i in range(ROWS)]
    bq_type = "INT64" if kind is int else "BOOL"
    ranking["features"]["target_column"] = {"column": "amount", "bq_type": bq_type}
    said = found(ranking, shop(binary), tmp_path, **CHANCE)
    assert [each.severity for each in said] == ([severity] if severity else [])
    assert all(words in each.message for each in said)


def test_negative_values_of_a_logarithm_are_counted(ranking: Plain, tmp_path: Path) -> None:
    transforms = {"log_transform": {}, "normalize": {}}
    ranking["features"]["target_column"] = {"column": "amount", "transforms": transforms}
    amount = [-5 if i % 100 == 0 else i % 7 for i in range(ROWS)]
    (said,) = found(ranking, shop(amount), tmp_path)
    assert said.code == "RG575"
    assert "negative in 30 rows" in said.message
    assert codes(ranking, shop([abs(x) for x in amount]), tmp_path) == []


def feature(ranking: Plain, *names: str, kind: str = "numeric") -> Plain:
    plain = copy.deepcopy(ranking)
    extra = [{"column": name, "data_type": kind} for name in names]
    plain["features"]["buyer_model_features"] += extra
    return plain


def errors(*args: Any) -> list[str]:
    return [each.code for each in found(*args) if each.severity == "error"]


def test_the_target_under_another_name(ranking: Plain, tmp_path: Path) -> None:
    amount = [1 + i * 7 % 97 / 10 for i in range(ROWS)]
    near = [x + (i * 13 % 29) / 10 for i, x in enumerate(amount)]
    for other, is_same in (
        ([round(100 * x) for x in amount], True),
        ([round(-x * 1.19 + 3, 2) for x in amount], True),
        ([str(x) for x in amount], True),  # numbers in text
        (near, False),
        ([x or None for x in near], False),
    ):
        said = errors(feature(ranking, "other"), shop(amount, other=other), tmp_path)
        assert ("RG576" in said) == is_same


def test_the_product_of_two_columns(ranking: Plain, tmp_path: Path) -> None:
    pieces, price = [1 + i * 7 % 11 for i in range(ROWS)], [1 + i * 5 % 17 for i in range(ROWS)]
    amount = [a * b for a, b in zip(pieces, price, strict=True)]
    both = {"pieces": pieces, "price": price}
    table = shop(amount, **both)
    assert "RG576" in errors(feature(ranking, "pieces", "price"), table, tmp_path)
    assert "RG576" not in errors(feature(ranking, "price"), table, tmp_path)


def test_a_column_that_decides_a_chance(ranking: Plain, tmp_path: Path) -> None:
    ranking["features"]["target_column"] = {"column": "amount", "bq_type": "INT64"}
    word = [("gone" if x else ("kept", "gift")[i % 2]) for i, x in enumerate(ones(0.4))]
    plain = feature(ranking, "word", kind="text")
    assert "RG576" in codes(plain, shop(ones(0.4), word=word), tmp_path, **CHANCE)
    word[0], word[1] = word[1], word[0]
    mixed = [("gone", "kept")[i % 2] for i in range(ROWS)]
    assert "RG576" not in codes(plain, shop(ones(0.4), word=mixed), tmp_path, **CHANCE)


@pytest.mark.parametrize(
    ("factor", "offset", "is_drift"), [(1, 0, False), (1, 0.5, False), (10, 0, True), (1, 3, True)]
)
def test_a_target_that_changes_at_the_cut(
    ranking: Plain, tmp_path: Path, factor: float, offset: float, is_drift: bool
) -> None:
    cut = int(ROWS * 0.8)
    amount = [x if i < cut else factor * x + offset for i, x in enumerate(bell())]
    assert ("RG577" in codes(ranking, shop(amount), tmp_path)) == is_drift
    ranking["data"]["split"] = {"kind": "random"}
    assert "RG577" not in codes(ranking, shop(amount), tmp_path)


@pytest.mark.parametrize(
    ("center", "target", "expected"),
    [
        (9.0, "amount", []),
        (11.0, "amount", ["RG578"]),
        (11.0, NORMALIZED, []),
        (11.0, {"column": "amount", "transforms": {"log_transform": True}}, []),
    ],
)
def test_a_target_that_is_not_normalized(
    ranking: Plain, tmp_path: Path, center: float, target: object, expected: list[str]
) -> None:
    ranking["features"]["target_column"] = target
    assert codes(ranking, shop(bell(center)), tmp_path) == expected
    assert codes(ranking, shop(bell(center)), tmp_path, loss_function="huber") == expected


def test_a_long_tail_is_a_note(ranking: Plain, tmp_path: Path) -> None:
    amount = np.exp(np.random.default_rng(1).normal(size=ROWS) * 1.5).tolist()
    (said,) = found(ranking, shop(amount), tmp_path)
    assert (said.code, said.severity) == ("RG578", "info")
    assert codes(ranking, shop(amount), tmp_path, loss_function="huber") == []
    clip = {"normalize": {}, "clip_outliers": {"percentile": 99}}
    ranking["features"]["target_column"] = {"column": "amount", "transforms": clip}
    assert codes(ranking, shop(amount), tmp_path) == []


def test_pairs_need_buyers_whose_targets_differ(ranking: Plain, tmp_path: Path) -> None:
    shares = {"pairwise_share": 0.3}

    def told(differing: int, **model: Any) -> list[str]:
        """Returns the codes for as many of the 300 buyers with more than one target."""
        buyers = [7 * i % 300 for i in range(ROWS)]
        rounds = [i // 300 % 2 if buyer < differing else 0 for i, buyer in enumerate(buyers)]
        amounts = [float(buyer % 5 + 3 * each) for buyer, each in zip(buyers, rounds, strict=True)]
        return codes(ranking, shop(amounts), tmp_path, **model)

    assert "RG580" not in told(30, **shares)
    assert "RG580" in told(29, **shares)
    assert "RG580" in told(0, **shares)
    assert "RG580" not in told(0)
