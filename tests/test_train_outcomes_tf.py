"""`recgen train` on data with which models are of no use: verdict, end and exit code agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic import Table, transactions, write_csv

from recgen.findings import RecgenError
from recgen.local.recommend import recommend

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]


def config(**model: Any) -> dict[str, Any]:
    embedding = {"embedding": {"embedding_dim": 8}}
    return {
        "name": "odd",
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [
                {"column": "customer_id", "data_type": "text", "transforms": embedding}
            ],
            "product_model_features": [
                {"column": "sku", "data_type": "text", "transforms": embedding},
                {"column": "price", "data_type": "numeric", "transforms": {"normalize": {}}},
            ],
        },
        "model": {"epochs": 2, "batch_size": 64, "output_embedding_dim": 8, **model},
        "data": {"split": {"kind": "strict_time", "date_column": "bought_at"}},
    }


def train(folder: Path, table: Table, **model: Any) -> tuple[int, str]:
    """Returns the exit code and all that was printed."""
    write_csv(table, folder / "data.csv")
    (folder / "odd.yaml").write_text(yaml.safe_dump(config(**model)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "recgen", "train", "odd.yaml", "--data", "data.csv", "--out", "run"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def assert_consistent(code: int, text: str) -> str:
    """Returns the verdict, with which the exit code and the last lines must agree."""
    verdict = re.search(r"^run  (good|at risk|bad|broken)$", text, re.MULTILINE)
    assert verdict, text
    is_refused = "is saved, but not good: " in text
    assert code == int(is_refused)
    assert is_refused or verdict[1] in ("good", "at risk")
    assert f"the verdict is {verdict[1]}" in text or "the verdict is" not in text
    assert "model     run/serving_model" in text
    return verdict[1]


@pytest.mark.nightly
def test_a_catalogue_of_five(tmp_path: Path) -> None:
    """Each list of five is the whole catalogue: the mean reciprocal rank tells models apart."""
    code, text = train(tmp_path, transactions(600, products=5, groups=1, buyers=60), epochs=4)
    assert_consistent(code, text)
    assert "val_mrr " in text
    assert re.search(r"^recall +@1 +mrr$", text, re.MULTILINE)
    assert re.search(r"^kept .*validation mrr of rows 0\.", text, re.MULTILINE)
    assert "RD102" not in text
    buyer = "10000"
    known = [item.product for item in recommend(tmp_path / "run", buyer).products]
    assert len(known) == 5
    filtered = recommend(tmp_path / "run", buyer, exclude=[known[1], "none"], only=known[:3])
    assert [item.product for item in filtered.products] == [known[0], known[2]]
    assert recommend(tmp_path / "run", buyer, only=["none"]).products == ()
    with pytest.raises(RecgenError, match="it cannot re-rank products"):
        recommend(tmp_path / "run", buyer, rerank=True)
    with pytest.raises(RecgenError, match="'' is not a product ID"):
        recommend(tmp_path / "run", buyer, only=[""])


def test_the_latest_rows_have_no_attributes(tmp_path: Path) -> None:
    """Attributes that are joined a day late."""
    table = transactions(600, products=36, groups=4, buyers=60)
    last = {sku: row for row, sku in enumerate(table["sku"])}
    table["price"] = [
        None if last[sku] == row else price
        for row, (sku, price) in enumerate(zip(table["sku"], table["price"], strict=True))
    ]
    code, text = train(tmp_path, table)
    assert_consistent(code, text)


def test_recency_that_draws_less_than_a_batch(tmp_path: Path) -> None:
    table = transactions(600, products=36, groups=4, buyers=60)
    code, text = train(tmp_path, table, recency_half_life_days=0.5)
    assert code == 2
    error = text[text.index("error: ") :]
    assert re.match(
        r"error: the training failed: ValueError: An epoch draws \d+ of \d+ rows", error
    )
    assert "use a longer half-life (recency_half_life_days) or a smaller batch_size" in error
    assert (tmp_path / "run-failed" / "train.log").exists()
    assert not (tmp_path / "run").exists()
    assert not list(tmp_path.glob(".run*"))
