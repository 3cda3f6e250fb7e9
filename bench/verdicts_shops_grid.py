"""The labelled runs on shops of another make, whole, of all kinds of models: fine and bad ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from limits_grid import both, dense
from verdicts_made import TOWERS_ALONE, Made, Plain, text
from verdicts_shops import BUYER, PRODUCT, TIME, VISIT

ROWS = 6_000
USUALLY = {"learning_rate": 0.1, "batch_size": 256, "epochs": 20}
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "epochs": 10}
TOWN, SHELF, PRICE = text("town", 8), text("shelf", 8), {
    "column": "price", "data_type": "numeric", "transforms": {"log_transform": {}, "normalize": {}},
}  # fmt: skip
BASKET = {
    "column": "had",
    "data_type": "history",
    "transforms": {"history": {"shared_with": PRODUCT, "max_length": 20}},
}
SCALED = {"log_transform": {}, "normalize": {}}
PIECES = {"target_column": {"column": "pieces", "bq_type": "INT64", "transforms": SCALED}}
KEPT = {"target_column": {"column": "kept", "bq_type": "INT64"}}
RANKING = {"model_type": "ranking", **both(dense(32)), "rating_head_layers": [dense(32)]}
CHANCES = {**RANKING, "loss_function": "binary_crossentropy"}
MULTITASK = {"model_type": "multitask", "rating_head_layers": [dense(32)]}
WORKS = ("good", "at_risk")


def of_shops() -> Iterator[Made]:
    """Yields the runs."""
    yield from _fine()
    yield from _other_kinds()
    yield from _split_at_random()
    yield from _ids()
    yield from _rows()
    yield from _steps()
    yield from _targets()


def shop_run(label: str, name: str, data: str = "shop", *, split: Plain | str = "strict_time",
         features: Plain | None = None, buyer: tuple[Plain, ...] = (),
         ids: Plain | None = None, verdicts: tuple[str, ...] | None = None,
         rows: int = ROWS, is_whole: bool = False, **model: Any) -> Made:  # fmt: skip
    """Returns a run on a variant of the shops.

    Args:
        label: The label.
        name: How it is made.
        data: The variant.
        split: The kind of split, or settings of it.
        features: Keys of `features` besides the usual ones.
        buyer: Further features of the buyer's tower.
        ids: Settings of the product ID's embedding.
        verdicts: Right verdicts, if not those of the label.
        rows: About how many rows there are.
        is_whole: Whether the served model is trained and saved, too.
        model: Settings of the model.
    """
    divided = {"kind": split} if isinstance(split, str) else split
    own = {
        "buyer_id_column": BUYER,
        "product_id_column": PRODUCT,
        "buyer_model_features": [text(BUYER, 32), TOWN, *buyer],
        "product_model_features": [text(PRODUCT, 32, **(ids or {})), PRICE],
        **(features or {}),
    }
    config = {
        "name": "shop",
        "features": own,
        "model": {**USUALLY, **model},
        "data": {
            "split": {
                "kind": "strict_time",
                "date_column": TIME,
                "validation": 0.05,
                "test": 0.1,
                **divided,
            }
        },
    }
    return Made(label, name, config, data, rows=rows, verdicts=verdicts,
                is_whole=is_whole)  # fmt: skip


def _fine() -> Iterator[Made]:
    label = "fine, other shop"
    for number, (split, refit) in enumerate(
        (split, refit)
        for split in ("strict_time", "time_holdout")
        for refit in ("all", "validation", "none")
    ):
        has_history = number % 2 == 1
        yield shop_run(label, f"{split}, refit {refit}{', history' if has_history else ''}",
                   split=split, refit=refit, buyer=(BASKET,) if has_history else (),
                   is_whole=number in (0, 4))  # fmt: skip
    yield shop_run(label, "adam, towers alone", **{**TOWERS_ALONE, **ADAM})
    yield shop_run(label, "two layers", **ADAM, **both(dense(64), dense(64, "linear")))
    yield shop_run(label, "history of one", buyer=(_shortened(1),))
    for name, data in (
        ("one week", "week"),
        ("five products", "five products"),
        ("one visit each", "one visit"),
        ("a huge price", "a huge price"),
    ):
        yield shop_run(label, name, data, verdicts=WORKS)
    yield shop_run(label, "NaN prices", "NaN prices")
    yield shop_run(label, "tiny test", split={"test": 0.003}, verdicts=WORKS)
    yield shop_run(
        label, "the last tenth of products unknown", ids={"vocab_size": 250}, verdicts=WORKS
    )


def _shortened(length: int) -> Plain:
    history = {"shared_with": PRODUCT, "max_length": length}
    return {**BASKET, "transforms": {"history": history}}


def _other_kinds() -> Iterator[Made]:
    label = "fine, other task"
    yield shop_run(label, "pieces", features=PIECES, **RANKING)
    yield shop_run(label, "kept", features=KEPT, **CHANCES)
    yield shop_run(label, "pieces and products", features=PIECES, **MULTITASK)
    yield shop_run(label, "kept, by time_holdout", features=KEPT, **CHANCES, split="time_holdout")
    chances = {**MULTITASK, "loss_function": "binary_crossentropy"}
    yield shop_run(label, "kept and products, refit none", features=KEPT, **chances, refit="none")
    yield shop_run(label, "pieces, adam", features=PIECES, **{**RANKING, **ADAM})


def _split_at_random() -> Iterator[Made]:
    label = "random split, other shop"
    yield shop_run(label, "refit all", split="random")
    yield shop_run(label, "refit validation, history", split="random", refit="validation",
               buyer=(BASKET,))  # fmt: skip
    yield shop_run(label, "refit none", split="random", refit="none")
    yield shop_run(label, "pieces", split="random", features=PIECES, **RANKING)


def _ids() -> Iterator[Made]:
    visits = {
        "buyer_id_column": VISIT,
        "buyer_model_features": [text(VISIT, 32), TOWN],
    }
    yield shop_run("visit as the buyer", "as served", features=visits)
    yield shop_run("visit as the buyer", "adam", features=visits, **ADAM)
    for data in ("products renamed", "half of products renamed"):
        yield shop_run("renamed products", data, data)
    for data in ("buyers renamed", "most buyers renamed"):
        yield shop_run("renamed buyers", data, data)
    yield shop_run("unique text", "visit", buyer=(text(VISIT, 32),))
    yield shop_run("unique text", "visit, adam", buyer=(text(VISIT, 32),), **ADAM)
    yield shop_run("one product", "90%", "fee 90")
    yield shop_run("one product", "60%", "fee 60")


def _rows() -> Iterator[Made]:
    yield shop_run("shuffled", "as served", "shuffled")
    yield shop_run("shuffled", "adam, towers alone", "shuffled", **{**TOWERS_ALONE, **ADAM})
    yield shop_run("closing sale", "10 products", "closing, 10")
    yield shop_run("closing sale", "40 products", "closing, 40", refit="validation")
    yield shop_run("replayed", "all", "replayed")
    yield shop_run("replayed", "half", "half replayed")
    yield shop_run("mistyped year", "a year late, 10%", "a year late 10")
    yield shop_run("mistyped year", "a year early, 25%", "a year early 25")


def _steps() -> Iterator[Made]:
    yield shop_run("one step an epoch", "batch of 65,536", batch_size=65_536)
    yield shop_run("one step an epoch", "batch of 8,192, adam 0.001", batch_size=8_192,
               **{**ADAM, "learning_rate": 0.001})  # fmt: skip
    yield shop_run("long average", "0.99999", ema_decay=0.99999)
    yield shop_run("long average", "0.9999, adam", ema_decay=0.9999, **ADAM)
    yield shop_run("short recency", "14 days", recency_half_life_days=14.0)
    yield shop_run("short recency", "4 days, batches of 64", recency_half_life_days=4.0,
               batch_size=64)  # fmt: skip
    yield shop_run("one negative", "adagrad", hard_negatives=1)
    yield shop_run("one negative", "adam", hard_negatives=1, **ADAM)
    narrow = {
        "buyer_model_features": [text(BUYER, 4)],
        "product_model_features": [text(PRODUCT, 4)],
    }
    yield shop_run("narrow", "4 and 8", features=narrow, output_embedding_dim=8)
    yield shop_run("narrow", "4 and 8, adam", features=narrow, output_embedding_dim=8, **ADAM)
    strong = both(dense(64, l2_reg=10.0), dense(64, "linear", l2_reg=10.0))
    yield shop_run("penalty, other shop", "L2 10", **strong)
    yield shop_run("penalty, other shop", "L2 10, adam", **strong, **ADAM)


def _targets() -> Iterator[Made]:
    yield shop_run("constant target", "one piece", "one piece", features=PIECES, **RANKING)
    yield shop_run("constant target", "all kept", "all kept", features=KEPT, **CHANCES)
    yield shop_run("target of chance", "pieces", "any pieces", features=PIECES, **RANKING)
    yield shop_run("target of chance", "kept", "any kept", features=KEPT, **CHANCES)
    paid = (text("paid", 16),)
    yield shop_run(
        "target among features", "paid", "billed", features=PIECES, buyer=paid, **RANKING
    )
    number = {"column": "paid", "data_type": "numeric", "transforms": {"normalize": {}}}
    yield shop_run("target among features", "paid about", "billed about", features=PIECES,
               buyer=(number,), **RANKING)  # fmt: skip
    fast = {**RANKING, **both(dense(64), dense(32)), "optimizer": "adam", "learning_rate": 2.0}
    yield shop_run("ranking, rate too high", "adam 2", features=PIECES, **fast)
    yield shop_run("ranking, rate too high", "adam 2, kept", features=KEPT,
               **{**CHANCES, **fast, "loss_function": "binary_crossentropy"})  # fmt: skip
    slow = {"learning_rate": 1e-6}
    yield shop_run("ranking, rate too low", "pieces", features=PIECES, **{**RANKING, **slow})
    yield shop_run("ranking, rate too low", "kept", features=KEPT, **{**CHANCES, **slow})
    yield shop_run(
        "starved task", "retrieval 0", features=PIECES, **MULTITASK, retrieval_weight=0.0
    )
    yield shop_run("starved task", "ranking 0", features=PIECES, **MULTITASK, ranking_weight=0.0)
