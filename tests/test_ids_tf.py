"""IDs of every type go through training and come back from the served model as people type them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="needs the extra `train`")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

import yaml  # noqa: E402

from recgen.check import check  # noqa: E402
from recgen.config import ExperimentConfig  # noqa: E402
from recgen.findings import RecgenError  # noqa: E402
from recgen.generate import generate  # noqa: E402
from recgen.local.profile import read_profile  # noqa: E402
from recgen.local.recommend import recommend  # noqa: E402
from recgen.local.run import train  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

BUYERS, PRODUCTS = 24, 17
Made = tuple[Any, list[str]]
"""IDs as an Arrow array, and as people type them."""


def uuids(count: int) -> Made:
    made = [uuid.uuid5(uuid.NAMESPACE_URL, str(number)) for number in range(count)]
    if not hasattr(pa, "uuid"):
        return pa.array(map(str, made)), list(map(str, made))
    return pa.array([each.bytes for each in made], pa.uuid()), list(map(str, made))


def decimals(count: int) -> Made:
    made = [Decimal(10**20 + number) / 2 for number in range(count)]
    typed = [f"{each:f}".removesuffix(".0") for each in made]
    return pa.array(made, pa.decimal128(38, 9)), typed


def whole(count: int, first: int, kind: str = "int64") -> Made:
    made = list(range(first, first + count))
    return pa.array(made, pa.type_for_alias(kind)), list(map(str, made))


def text_bytes(count: int) -> Made:
    typed = [f"Größe {number}" for number in range(count)]
    return pa.array([each.encode() for each in typed]), typed


def odd_bytes(count: int) -> Made:
    import base64

    made = [bytes([0, 255, 128 + number]) for number in range(count)]
    return pa.array(made), [f"base64:{base64.b64encode(each).decode()}" for each in made]


PAIRS: dict[str, tuple[str, Callable[[int], Made], str, Callable[[int], Made]]] = {
    "decimals and UUIDs": ("STRING", decimals, "STRING", uuids),
    "negative and 19 digits": (
        "INT64",
        lambda count: whole(count, -(2**63) + 1),
        "INT64",
        lambda count: whole(count, 2**63 - count),
    ),
    "bytes": ("BYTES", text_bytes, "BYTES", odd_bytes),
    "numbers as text": (
        "STRING",
        lambda count: whole(count, -count // 2),
        "STRING",
        lambda count: whole(count, 2**64 - count, "uint64"),
    ),
}


def config(buyer_type: str, product_type: str) -> dict[str, Any]:
    def feature(name: str, bq_type: str) -> dict[str, Any]:
        transforms = {"embedding": {"embedding_dim": 8}}
        return {"column": name, "bq_type": bq_type, "data_type": "text", "transforms": transforms}

    return {
        "features": {
            "buyer_id_column": "buyer",
            "product_id_column": "product",
            "buyer_model_features": [feature("buyer", buyer_type)],
            "product_model_features": [feature("product", product_type)],
        },
        "model": {
            "output_embedding_dim": 8,
            "batch_size": 64,
            "epochs": 2,
            "top_k": PRODUCTS,
            "refit": False,
        },
        "data": {"split": {"kind": "random", "validation": 0.1, "test": 0.1}},
    }


@pytest.mark.parametrize(
    "name",
    [
        *("decimals and UUIDs", "negative and 19 digits"),
        *(pytest.param(n, marks=pytest.mark.nightly) for n in ("bytes", "numbers as text")),
    ],
)
def test_ids_come_back_as_they_are_typed(name: str, tmp_path: Path) -> None:
    buyer_type, buyers, product_type, products = PAIRS[name]
    (buyer_ids, typed_buyers), (product_ids, typed) = buyers(BUYERS), products(PRODUCTS)
    rows = 600
    by_row = pa.array([row * 7 % BUYERS for row in range(rows)])
    bought = pa.array([(row * row + row // 5) % PRODUCTS for row in range(rows)])
    data = tmp_path / "data.parquet"
    pq.write_table(
        pa.table({"buyer": _take(buyer_ids, by_row), "product": _take(product_ids, bought)}), data
    )
    plain = config(buyer_type, product_type)
    assert check(plain, profile=read_profile(data), allow=["RG301"]).ok
    experiment = ExperimentConfig.model_validate(plain)
    result = train(experiment, generate(experiment), yaml.safe_dump(plain), data, tmp_path / "run")
    quality = "validation recall@"  # of 60 rows
    assert not [each for each in result.warnings if not each.startswith(quality)]
    for buyer in (typed_buyers[0], typed_buyers[-1]):
        answer = recommend(result.folder, buyer, k=PRODUCTS)
        assert {each.product for each in answer.products} == set(typed)
        assert {each.product for each in answer.purchases} <= set(typed)
        assert answer.purchases
    with pytest.raises(RecgenError, match="is not among the 24 buyers"):
        recommend(result.folder, "nobody\udc80")


def _take(values: Any, rows: Any) -> Any:
    """Returns values by row, also of types that Arrow cannot take from."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, values.storage.take(rows))
    return values.take(rows)
