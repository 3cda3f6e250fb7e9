"""The work of a check grows with the config, not with its square. Lines are counted, not time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from recgen import check

Features = list[dict[str, Any]]


def _columns(count: int, **settings: Any) -> Features:
    return [{"column": f"c{number}", "data_type": "text", **settings} for number in range(count)]


def _histories(count: int, shared: str) -> Features:
    return [
        {"column": f"h{n}", "data_type": "history", "display_name": f"past {n}"}
        | {"transforms": {"history": {"shared_with": shared.format(n)}}}
        for n in range(count)
    ]


def _config(buyer: Features = (), product: Features = (), **more: Any) -> dict[str, Any]:  # type: ignore[assignment]
    features = {
        "buyer_id_column": "buyer",
        "product_id_column": "sku",
        "buyer_model_features": [{"column": "buyer", "data_type": "text"}, *buyer],
        "product_model_features": [{"column": "sku", "data_type": "text"}, *product],
        "buyer_model_crosses": more.pop("crosses", []),
    }
    return {"features": features, **more}


def _crosses(count: int) -> Features:
    return [{"features": [{"column": f"c{n}"}, {"column": "buyer"}]} for n in range(count)]


def _commented(count: int) -> str:
    comment = "# recgen: ignore RG107: on purpose"
    lines = [f"    - {{column: c{n}, data_type: text}}  {comment}" for n in range(count)]
    return "\n".join(["features:", "  buyer_model_features:", *lines])


_DENSE = {"type": "dense", "units": 8, "activation": "relu"}
KINDS: dict[str, Callable[[int], Any]] = {
    "columns": lambda n: _config(_columns(n)),
    "one column again and again": lambda n: _config(_columns(1) * n),
    "columns of both towers": lambda n: _config(_columns(n), _columns(n)),
    "candidates for the ID": lambda n: _config(_columns(n, is_primary_id=True)),
    "numbers": lambda n: _config(_columns(n, data_type="numeric", transforms={"bucketize": {}})),
    "histories of products": lambda n: _config(_histories(n, "sku")),
    "histories of many features": lambda n: _config(_histories(n, "c{}"), _columns(n)),
    "histories of buyers": lambda n: _config(_histories(n, "buyer")),
    "histories of nothing": lambda n: _config(_histories(n, "none")),
    "crosses": lambda n: _config(_columns(n), crosses=_crosses(n)),
    "crosses of nothing": lambda n: _config(crosses=_crosses(n)),
    "layers": lambda n: _config(model={"buyer_tower_layers": [_DENSE] * n}),
    "unknown keys": lambda n: {**_config(), **{f"key{number}": 1 for number in range(n)}},
    "older features": lambda n: _config(
        [{"column": f"c{number}", "type": "numeric"} for number in range(n)]
    ),
    "comments": _commented,
    "a long text": lambda n: _config(description="# recgen: ignore RG107 " * n),
}


def _lines(kind: str, count: int, tmp_path: Any) -> int:
    """Returns how many lines of recgen a check runs; a loop in one line counts each time."""
    source = KINDS[kind](count)
    if isinstance(source, str):
        (tmp_path / f"{count}.yaml").write_text(source)
        source = tmp_path / f"{count}.yaml"
    lines = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        if "recgen" not in frame.f_code.co_filename:
            return None
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        check(source)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("kind", KINDS)
def test_twice_as_large_a_config_takes_twice_the_work(kind: str, tmp_path: Any) -> None:
    check(KINDS[kind](1) if kind != "comments" else _config())  # imports what is imported late
    small, middle, large = (_lines(kind, count, tmp_path) for count in (100, 200, 400))
    assert large - middle < 2.4 * (middle - small) + 1000  # 2 if it is linear, 4 if quadratic
