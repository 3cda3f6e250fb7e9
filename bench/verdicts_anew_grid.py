"""24 labelled runs that were written, and their verdicts predicted, before they were trained.

They are judged once, by the causes as they were when these runs were written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from limits_grid import both, dense
from verdicts_made import Made, Plain, text
from verdicts_shops_grid import (
    ADAM,
    BASKET,
    CHANCES,
    KEPT,
    MULTITASK,
    PIECES,
    RANKING,
    SCALED,
    WORKS,
    shop_run,
)

UNSEEN = "unseen"
"""What stands for the half of these runs."""
ROWS = 3_000
REVENUE = {"target_column": {"column": "revenue", "bq_type": "FLOAT64", "transforms": SCALED}}
RATING = {"target_column": {"column": "rating", "bq_type": "FLOAT64"}}
QUICK = {"epochs": 12}
LEAK, TASK, SHOP = "target among features", "fine, other task", "fine, other shop"


def _number(column: str) -> Plain:
    return {"column": column, "data_type": "numeric", "transforms": {"normalize": {}}}


def of_anew() -> Iterator[tuple[Made, str]]:
    """Yields the runs, each with the verdict that is predicted."""
    yield from _fine()
    yield from _leaks()
    yield from _others()


def _run(label: str, name: str, data: str, predicted: str, **more: Any) -> tuple[Made, str]:
    """Returns a run and a prediction; its seed is drawn from its name."""
    seed = 1 + sum(name.encode()) % 97
    roots = more.pop("roots", None)
    made = shop_run(label, f"anew, {name}", data, rows=ROWS, **{**QUICK, "seed": seed, **more})
    return Made(**{**vars(made), "data_seed": seed, "roots": roots}), predicted


def _product(*features: Plain) -> Plain:
    return {"product_model_features": [text("sku", 32), *features]}


def _fine() -> Iterator[tuple[Made, str]]:
    yield _run(TASK, "packs", "packs", "good",
               features={**PIECES, **_product(_number("pack"))}, **RANKING)  # fmt: skip
    for kind in (RANKING, MULTITASK):
        yield _run(TASK, f"promotion, {kind['model_type']}", "promotion", "good", features=PIECES,
                   buyer=(text("promotion", 4),), **kind)  # fmt: skip
    yield _run(TASK, "drifting prices", "drifting prices", "good", features=REVENUE, **RANKING)
    yield _run(
        TASK, "an auction", "auction", "at_risk", features=REVENUE, verdicts=WORKS, **RANKING
    )
    yield _run(TASK, "wholesale", "wholesale", "good", features=PIECES,
               buyer=(text("segment", 4),), **{**RANKING, **ADAM})  # fmt: skip
    yield _run(TASK, "channel", "channel", "good", features=KEPT, buyer=(text("channel", 4),),
               **CHANCES)  # fmt: skip
    yield _run(TASK, "pieces before", "pieces before", "good", features=PIECES,
               buyer=(_number("pieces_before"),), **RANKING)  # fmt: skip
    yield _run(TASK, "ratings", "ratings", "good", features=RATING, buyer=(_number("age"),),
               **{**RANKING, **ADAM})  # fmt: skip
    yield _run(SHOP, "search", "search", "at_risk", buyer=(text("search", 8),), verdicts=WORKS)
    yield _run(SHOP, "device and hour", "device", "good",
               buyer=(text("device", 4), _number("hour")))  # fmt: skip
    yield _run(SHOP, "wide, history", "wide", "good", buyer=(BASKET,))


def _leaks() -> Iterator[tuple[Made, str]]:
    for name, predicted, target, kind in (
        ("points", "at_risk", PIECES, RANKING),
        ("order_total", "good", PIECES, RANKING),
        ("days", "at_risk", PIECES, {**RANKING, **ADAM}),
        ("call", "at_risk", KEPT, CHANCES),
        ("tax", "at_risk", REVENUE, RANKING),
        ("invoice", "at_risk", PIECES, MULTITASK),
    ):
        data = {"days": "delivery", "call": "calls", "order_total": "order total"}.get(name, name)
        yield _run(LEAK, name, data, predicted, features=target, buyer=(_number(name),), **kind)
    yield _run(LEAK, "paid abroad and its rate", "abroad", "at_risk", features=PIECES,
               buyer=(_number("paid_abroad"), _number("rate")), **RANKING)  # fmt: skip
    weight = {"column": "weight", "data_type": "numeric", "transforms": SCALED}
    yield _run("partial leak", "weight of the parcel", "parcel", "at_risk", buyer=(weight,))
    yield _run("partial leak", "scan of the till", "scans", "at_risk", buyer=(text("scan", 8),),
               **ADAM)  # fmt: skip


def _others() -> Iterator[tuple[Made, str]]:
    yield _run("two causes", "tripled, at random", "tripled", "at_risk", split="random",
               roots=("duplicates", "random split"))  # fmt: skip
    yield _run("two causes", "buyers renamed, closing sale", "moved", "bad",
               roots=("new buyers", "drift"))  # fmt: skip
    strong = both(dense(32, l2_reg=10.0))
    yield _run("two causes", "penalty, and the tax as a feature", "tax", "at_risk",
               features=REVENUE, buyer=(_number("tax"),), **{**RANKING, **strong},
               roots=("leak", "penalty"))  # fmt: skip
