"""Words of other programs, misspellings, and the lines that help: what is safe to fix, and how."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recgen
from recgen.check import check, check_text
from recgen.config import Activation, BqType, Optimizer
from recgen.findings import Finding
from recgen.reading.synonyms import is_misspelt, meant

KINDS = ("text", "numeric", "temporal", "history")
TYPES: tuple[str, ...] = get_args(BqType)


@pytest.mark.parametrize(
    ("word", "kind", "sure"),
    [
        *((word, "text", True) for word in ("categorical", "str", "String", "varchar", "category")),
        *((word, "numeric", True) for word in ("float", "number", "double", "NUMERIC", "decimal")),
        *((word, "temporal", True) for word in ("date", "datetime", "datetime64[ns]", "time")),
        *((word, "numeric", False) for word in ("int", "boolean", "bool", "bigint")),
        *((word, "history", False) for word in ("list", "array")),
        ("tempral", "temporal", True),
        ("numerics", "numeric", True),
    ],
)
def test_kinds_of_columns_in_other_words(word: str, kind: str, sure: bool) -> None:
    found = meant(word, KINDS)
    assert found is not None
    assert (found.word, found.sure) == (kind, sure)


@pytest.mark.parametrize(
    ("word", "bq_type"),
    [
        *((word, "STRING") for word in ("str", "object", "varchar", "VARCHAR(255)", "text")),
        *((word, "STRING") for word in ("character varying", "large_string", "category")),
        *((word, "INT64") for word in ("int", "int32", "bigint", "Int64", "long", "uint8")),
        *((word, "FLOAT64") for word in ("double", "float32", "real", "double precision")),
        *((word, "NUMERIC") for word in ("decimal", "DECIMAL(10, 2)", "decimal128(38,9)")),
        *((word, "TIMESTAMP") for word in ("timestamptz", "datetime64[ns]", "timestamp[us]")),
        *((word, "TIMESTAMP") for word in ("datetime64[ns, UTC]", "timestamp with time zone")),
        *((word, "DATE") for word in ("date32", "date32[day]", "Date")),
        *((word, "BYTES") for word in ("binary", "bytea", "blob")),
        *((word, "BOOLEAN") for word in ("boolean", "Boolean")),
        *((word, "ARRAY<STRING>") for word in ("list<string>", "array<str>", "list<item: string>")),
        *((word, "ARRAY<INT64>") for word in ("bigint[]", "List[int]", "REPEATED(INT64)")),
    ],
)
def test_types_of_pandas_arrow_and_sql(word: str, bq_type: str) -> None:
    found = meant(word, TYPES)
    assert found is not None
    assert (found.word, found.sure) == (bq_type, True)


@pytest.mark.parametrize(
    ("word", "allowed", "near"),
    [
        ("relu6", get_args(Activation), "relu"),
        ("prelu", get_args(Activation), None),
        ("nadam", get_args(Optimizer), "adam"),
        ("adams", get_args(Optimizer), None),
        ("INT128", TYPES, None),
        ("historical", KINDS, "history"),
        ("ordinal", KINDS, None),
        ("geography", TYPES, None),
    ],
)
def test_a_word_of_another_meaning_is_not_replaced(word: str, allowed: Any, near: str) -> None:
    found = meant(word, allowed)
    assert found is None or not found.sure
    if near and found:
        assert found.word == near


@given(st.sampled_from([*KINDS, *TYPES, *get_args(Activation), *get_args(Optimizer)]), st.data())
def test_a_word_that_is_allowed_is_never_changed(word: str, data: st.DataObject) -> None:
    """Not its case, spaces around it, nor dashes; each synonym means one of the words."""
    allowed = next(
        words
        for words in (KINDS, TYPES, get_args(Activation), get_args(Optimizer))
        if word in words
    )
    shown = data.draw(st.sampled_from([word.upper(), word.lower(), f" {word} ", word.title()]))
    found = meant(shown, allowed)
    assert found is not None
    assert (found.word, found.sure) == (word, True)


@given(st.text(max_size=12), st.sampled_from([KINDS, TYPES, get_args(Activation)]))
def test_a_fix_is_one_of_the_words(text: str, allowed: tuple[str, ...]) -> None:
    found = meant(text, allowed)
    assert found is None or found.word in allowed


@pytest.mark.parametrize(
    ("given", "words", "expected"),
    [
        ("optimiser", ["optimizer"], True),
        ("optimizr", ["optimizer"], True),
        ("optimziers", ["optimizer"], False),
        ("epcohs", ["epochs"], True),
        ("epoch", ["epochs"], True),
        ("learning_rate_decay", ["learning_rate", "learning_rate_schedule"], False),
        ("adamx", ["adam", "adamw", "adamz"], False),
        ("tex", ["text"], False),
        ("", ["epochs"], False),
    ],
)
def test_what_a_misspelling_is(given: str, words: list[str], expected: bool) -> None:
    assert is_misspelt(given, words) == expected


def test_a_key_of_another_meaning_is_not_renamed_without_being_asked() -> None:
    (found,) = found_in({"model": {"learning_rate_decay": 0.9}}, "RG010")
    assert found.fix
    assert not found.fix.safe
    (found,) = found_in({"model": {"optimiser": "adam"}}, "RG010")
    assert found.fix
    assert found.fix.safe


def found_in(changes: dict[str, Any], code: str) -> list[Finding]:
    features = {
        f"{side}_model_features": [{"column": f"{side}_id", "data_type": "text"}]
        for side in ("buyer", "product")
    }
    data = {"features": {**features, **changes.pop("features", {})}, **changes}
    return [each for each in check(data).findings if each.code == code]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"model": {"learning_rate": "0.1"}}, "learning_rate: 0.1"),
        ({"model": {"learning_rate": "0,1"}}, "learning_rate: 0.1"),
        ({"model": {"learning_rate": "fast"}}, "learning_rate: 0.05"),
        ({"model": {"epochs": "20"}}, "epochs: 20"),
        ({"model": {"epochs": 20.0}}, "epochs: 20"),
        ({"model": {"epochs": "1_000"}}, "epochs: 1000"),
        ({"model": {"epochs": 2.5}}, "epochs: 8"),
        ({"model": {"logq_correction": "no"}}, "logq_correction: false"),
        ({"model": {"logq_correction": 1}}, "logq_correction: true"),
        ({"model": {"buyer_tower_layers": 3}}, "buyer_tower_layers: [{type: dense, units: 64}]"),
        ({"model": {"buyer_tower_layers": [64]}}, "- {type: dense, units: 64}"),
        ({"name": 5}, 'name: "5"'),
        ({"data": {"split": "random"}}, "split: {kind: strict_time, date_column: order_date}"),
        ({"data": {"column_types": []}}, "column_types: {order_date: TIMESTAMP}"),
        (
            {"features": {"buyer_model_features": ["customer_id"]}},
            "- {column: customer_id, data_type: text}",
        ),
        (
            {"features": {"buyer_model_features": {"customer_id": "text"}}},
            "buyer_model_features: [{column: customer_id, data_type: text}]",
        ),
    ],
)
def test_the_help_has_the_line_to_write(changes: dict[str, Any], line: str) -> None:
    (found,) = found_in(changes, "RG012")
    assert f"`{line}`" in found.help


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "product_model_features: [{column: product_id, data_type: text}]"),
        ({"product_id_column": "sku"}, "product_model_features: [{column: sku, data_type: text}]"),
        (
            {"product_id_column": "item #: no"},
            'product_model_features: [{column: "item #: no", data_type: text}]',
        ),
    ],
)
def test_the_help_of_an_empty_tower_has_the_line(given: dict[str, Any], line: str) -> None:
    (found,) = found_in({"features": {"product_model_features": [], **given}}, "RG113")
    assert f"`{line}`" in found.help
    told = f"  product_id_column: {given['product_id_column']!r}\n" if given else ""
    buyers = "  buyer_model_features: [{column: b_id, data_type: text}]\n"
    assert check_text(f"features:\n{told}{buyers}  {line}\n").ok


def test_words_of_pydantic_are_not_shown() -> None:
    for changes in ({"model": {"epochs": []}}, {"data": {"source": "a\0"}}, {"name": "\ud800"}):
        for found in check({"features": {}, **changes}).findings:
            assert "Value error" not in found.message
            assert "Input should" not in found.message


def test_the_fixes_can_be_applied(tmp_path: Any) -> None:
    from recgen.cli import main

    path = tmp_path / "config.yaml"
    path.write_text(
        "features:\n"
        "  buyer_model_features:\n"
        "    - {column: customer_id, data_type: categorical, bq_type: varchar(20)}\n"
        "    - {column: seen, data_type: date, bq_type: 'datetime64[ns]'}\n"
        "    - {column: age, data_type: float, bq_type: double}\n"
        "  product_model_features:\n"
        "    - {column: product_id, data_type: str, bq_type: int}\n",
        "utf-8",
    )
    main(["check", "--fix", str(path)])
    found = recgen.load(path).features
    features = (*found.buyer_model_features, *found.product_model_features)
    assert [(each.data_type, each.bq_type) for each in features] == [
        ("text", "STRING"),
        ("temporal", "TIMESTAMP"),
        ("numeric", "FLOAT64"),
        ("text", "INT64"),
    ]
