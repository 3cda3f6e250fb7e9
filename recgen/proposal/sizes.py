"""Sizes of the model and the split, depending on the numbers of products, buyers and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recgen.config import SIDES, DataConfig, FeatureConfig, Side
from recgen.data.estimates import (
    CHEAP_SCORES,
    GIB,
    SplitSizes,
    embedding_width,
    split_sizes,
    with_ids,
)
from recgen.findings import counted, show
from recgen.optimizers import OPTIMIZERS, RECOMMENDED
from recgen.proposal.choices import Keys
from recgen.proposal.features import span, time_type
from recgen.proposal.table import Table

_WIDTHS = (32, 64, 128)  # README: 64 and 128 beat 32 for 3,659 products
_WIDE = 128  # the width from which on dropout helped in measurements (RG236)
_NARROW = 4  # times narrower than the formula
_OPTIMIZER = OPTIMIZERS[RECOMMENDED]
_WEIGHT = 4 * (1 + _OPTIMIZER.slots)  # bytes: the number, and what the optimizer keeps for it
_LARGEST_BATCH, _SMALLEST_BATCH = 1024, 16
# Minimum per epoch. Validation recall@10 on 5,000 rows of demo data, one seed: 0.26 with 3 steps,
# 0.32 with 7, 0.33 with 14, 0.35 with 57; on 40,000 rows, 0.28 to 0.29 with 32 to 514.
_STEPS = 50
_MOST_ANSWERS, _FEWEST_ANSWERS = 100, 10
_TEST = (0.1, 0.15, 0.2, 0.3, 0.4)  # of the time
_VALIDATION = (0.03, 0.05, 0.1, 0.15, 0.19)  # with a larger one, training ends long before the test
# Rows of each part at least, and the share of all rows that both may take at most: enough to choose
# weights with, for a good measurement (RG525), a worse, a bad, or any.
_PARTS = ((2000, 0.25), (1000, 0.3), *((rows, 0.5) for rows in (525, 200, 50, 20, 10, 5, 1)))
_DRAWN = (0.03, 0.05, 0.1, 0.2, 0.3)  # of the rows of a random split, for each part
_PASSES, _FEWEST_EPOCHS, _MOST_EPOCHS = 4_000_000, 8, 20  # rows to train on at most, in epochs


@dataclass(frozen=True)
class Divided:
    """The data section as plain data, the rows of each part, and why the split is random.

    `least` are the rows that validation and test both have at least; with smaller shares, one of
    them would have fewer. 0: unknown.
    """

    section: dict[str, Any]
    rows: SplitSizes
    why: str
    least: int = 0


def _ids(table: Table, keys: Keys) -> dict[Side, int]:
    names = {side: keys.of(side).name for side in SIDES}
    return {side: table.columns[name].distinct for side, name in names.items() if name is not None}


def why_width(table: Table, keys: Keys, width: int) -> str:
    """Return why the output has the width that `output_width` gives, in one sentence."""
    sizes = _ids(table, keys)
    products = sizes["product"]
    wide = embedding_width(products)
    text = f"For {counted(products, 'product')}: 1.6 * {products:,}^0.56 is {wide}"
    if width < wide:
        limit = "proposed" if width == _WIDTHS[-1] else "that fits into 1 GiB with all IDs"
        return f"{text}; {width} is the widest {limit}."
    if any(each >= wide for each in _WIDTHS if each < width):
        few, buyers = round(embedding_width(sizes["buyer"]) / _NARROW), sizes["buyer"]
        return f"{text}, but the {counted(buyers, 'buyer')} need {few}: a quarter of theirs."
    return f"{text}; this is the next of {', '.join(map(str, _WIDTHS))}."


def output_width(table: Table, keys: Keys) -> int:
    """Return the width of both towers' outputs and of the IDs."""
    sizes = _ids(table, keys)
    # It depends on the catalogue, but the buyers' vectors must not be far too narrow (RG511).
    wanted = max(
        embedding_width(sizes.get("product", 0)), embedding_width(sizes.get("buyer", 0)) / _NARROW
    )
    fitting = [width for width in _WIDTHS if sum(sizes.values()) * width * _WEIGHT <= GIB]
    enough = [width for width in fitting if width >= wanted]
    return enough[0] if enough else max(fitting, default=_WIDTHS[0])


def model(
    table: Table, keys: Keys, rows: SplitSizes, width: int, drawn: int | None = None
) -> dict[str, Any]:
    """Return the model section for a split with these sizes; an epoch draws `drawn` rows."""
    return {
        "buyer_tower_layers": [],
        "product_tower_layers": [],
        "output_embedding_dim": width,
        "optimizer": RECOMMENDED,
        "learning_rate": _OPTIMIZER.proposed,
        "batch_size": _batch_size(rows, _products(table, keys), drawn or rows.training),
        "epochs": _epochs(drawn or rows.training),
        **({"output_dropout": 0.2} if width >= _WIDE else {}),
        "top_k": _top_k(_products(table, keys)),
    }


def _products(table: Table, keys: Keys) -> int | None:
    return table.columns[keys.product.name].distinct if keys.product.name is not None else None


def why_batch(batch: int, steps: int) -> str:
    """Return why a batch has so many rows, with a space before it; "" for the largest batch."""
    if batch <= _SMALLEST_BATCH:
        return " Few rows need small batches."
    if steps < _STEPS:
        return " With smaller ones, validation would take longer than training."
    largest = f" The largest of {_SMALLEST_BATCH} to {_LARGEST_BATCH:,} rows with {_STEPS} or more."
    return largest if batch < _LARGEST_BATCH else ""


def _batch_size(rows: SplitSizes, products: int | None, seen: int) -> int:
    """Return a batch size with many steps, unless validation would then dominate (RG406)."""
    batch = _LARGEST_BATCH
    while batch > _SMALLEST_BATCH and seen < _STEPS * batch:
        batch //= 2
    validation = rows.validation * (products or 0)
    if validation <= CHEAP_SCORES:
        validation = 0
    while validation > 3 * rows.training * batch and rows.training >= 4 * batch:
        batch *= 2
    return batch if rows.training >= 2 * batch else max(2, rows.training // 2)


def _epochs(seen: int) -> int:
    """Return the maximum number of epochs: small data needs more, and early stopping ends them."""
    return max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, _PASSES // max(1, seen)))


def _top_k(products: int | None) -> int:
    if products is None:
        return _MOST_ANSWERS
    return max(1, min(_MOST_ANSWERS, max(_FEWEST_ANSWERS, products // 5), products))


def divide(table: Table, keys: Keys, features: FeatureConfig) -> Divided:
    """Return a split by time if its parts have enough rows, otherwise a random one."""
    name, reason = keys.time.name, keys.time.why
    if name is not None:
        column = table.columns[name]
        written = keys.time_format or time_type(column)
        known = {"column_types": {name: written}, **_catalogue(table, keys)}
        for wanted, most in _PARTS:
            for test in _TEST:
                for validation in _VALIDATION:
                    split = _split("strict_time", validation, test, name)
                    section = {**known, "split": split}
                    found = split_sizes(features, DataConfig.model_validate(section), table.profile)
                    if found and _is_enough(found, wanted, most):
                        return Divided(section, found, "", wanted)
        reason = f"no split by {show(name)} ({span(column)}) leaves rows for each part"
    rows = with_ids(features, table.profile).rows
    return _drawn(rows, _catalogue(table, keys), reason)


def _catalogue(table: Table, keys: Keys) -> dict[str, Any]:
    products = _products(table, keys)
    return {"catalogue_size": products} if products else {}


def _is_enough(found: SplitSizes, wanted: int, most: float) -> bool:
    held_out = found.validation + found.test
    is_rest = held_out <= most * (found.training + held_out)
    return min(found.validation, found.test) >= wanted and is_rest


def _drawn(rows: int, known: dict[str, Any], reason: str) -> Divided:
    shares = (
        (share, wanted)
        for wanted, most in _PARTS
        for share in _DRAWN
        if rows * share >= wanted and 2 * share <= most
    )
    share, least = next(shares, (0.34, 0))
    split = _split("random", share, share, None)
    held_out = round(rows * share)
    section = {**known, "split": split}
    return Divided(section, SplitSizes(rows - 2 * held_out, held_out, held_out), reason, least)


def _split(kind: str, validation: float, test: float, date: str | None) -> dict[str, Any]:
    dated = {"date_column": date} if date is not None else {}
    return {"kind": kind, **dated, "validation": validation, "test": test}
