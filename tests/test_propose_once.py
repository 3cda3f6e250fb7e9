"""What `init` makes of buyers who come once, and of columns that names and values say otherwise of.

Orders of a marketplace: nearly nobody comes again, so a property of the buyer and what is known
only with the purchase look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ugly import Rows, write_csv

from recgen.cli import main
from recgen.local.profile import read_profile
from recgen.proposal import Proposal, propose
from recgen.proposal.names import date_part, fits_id
from recgen.proposal.persons import names_buyer

pytest.importorskip("pyarrow", reason="needs the extra `data`")

Value = Callable[[int], object]
ROWS = 1200


def product(n: int) -> int:
    return n * n % 61


def some(n: int, few: int) -> int:
    """Returns a number below `few` that depends on neither the product nor the buyer."""
    return n * 7919 % 10_007 % few


def buyer(n: int) -> int:
    return n * 31 % 97


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """Returns a function that proposes a config for orders with more columns; None drops one."""

    def call(**makers: Value | None) -> Proposal:
        path = write_csv(tmp_path / "data.csv", orders(**makers))
        return propose(read_profile(path), "data", path.name)

    return call


def orders(**makers: Value | None) -> Rows:
    base: dict[str, Value | None] = {
        "customer_id": lambda n: f"c{n}",
        "product_id": lambda n: f"p{product(n)}",
        "ordered_at": lambda n: f"2024-{1 + n // 100:02}-{1 + n % 28:02} {n % 24:02}:00:00",
    }
    made = {**base, **makers}
    return {name: [make(n) for n in range(ROWS)] for name, make in made.items() if make}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("city", lambda n: f"t{some(n, 30)}"),
        ("gender", lambda n: "fm"[some(n, 2)]),
        ("birth_date", lambda n: f"{1950 + some(n, 50)}-01-{1 + some(n, 28):02}"),
        ("member_status", lambda n: f"s{some(n, 5)}"),
        ("club", lambda n: f"k{some(n, 9)}"),
        ("customer_segment", lambda n: f"s{product(n) % 5}"),  # the product determines it, too
    ],
)
def test_a_buyer_who_comes_once_has_properties(
    proposed: Callable[..., Proposal], name: str, value: Value
) -> None:
    proposal = proposed(**{name: value})
    assert name in proposal.features["buyer"]
    assert "each buyer has one row, so the values cannot tell. GUESS" in _said(proposal)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customer_rating", lambda n: some(n, 5)),
        ("order_status", lambda n: f"s{some(n, 5)}"),
        ("payment_type", lambda n: f"s{some(n, 4)}"),
        ("quantity", lambda n: some(n, 4)),
        ("delivered_at", lambda n: f"2025-01-{1 + some(n, 28):02}"),
    ],
)
def test_what_may_be_known_only_afterwards_is_left_out(
    proposed: Callable[..., Proposal], name: str, value: Value
) -> None:
    why = proposed(**{name: value}).left_out[name]
    assert "so the values cannot tell whether it is the buyer's" in why


def test_a_category_of_the_product_stays_there(proposed: Callable[..., Proposal]) -> None:
    proposal = proposed(category=lambda n: f"k{product(n) % 7}", price=lambda n: product(n) + 0.5)
    assert proposal.features["product"] == ("product_id", "category", "price")


@pytest.mark.parametrize(
    ("name", "side"),
    [
        *[(name, "buyer") for name in ("customer_segment", "loyalty_tier", "country")],
        *[(name, "product") for name in ("category", "department", "store_city")],
    ],
)
def test_names_decide_where_both_determine_a_column(
    proposed: Callable[..., Proposal], name: str, side: str
) -> None:
    proposal = proposed(
        customer_id=lambda n: f"c{buyer(n)}",
        product_id=lambda n: f"p{n * n % 20 * 3 + buyer(n) % 3}",
        **{name: lambda n: f"k{buyer(n) % 3}"},
    )
    assert name in proposal.features["buyer" if side == "buyer" else "product"]
    assert "GUESS: it would also fit the other tower" in _said(proposal)


def test_a_name_of_the_buyers_that_the_values_deny_is_a_guess(
    proposed: Callable[..., Proposal],
) -> None:
    proposal = proposed(customer_id=lambda n: f"c{buyer(n)}", gender=lambda n: f"k{product(n) % 5}")
    assert "gender" in proposal.features["product"]
    assert "GUESS: by its name the buyer's" in _said(proposal)


@pytest.mark.parametrize(
    ("name", "is_buyers"),
    [
        *((name, True) for name in ("buyer_segment", "client_type", "age_group", "Kundengruppe")),
        *((name, True) for name in ("membership", "sex", "income", "shipping_city", "occupation")),
        *((name, False) for name in ("brand", "genre", "price", "package", "price_tier")),
        *((name, False) for name in ("product_country", "country_of_origin", "seller_city")),
        *((name, False) for name in ("Kundenauftrag", "order_region", "segment")),
    ],
)
def test_names_of_properties_of_buyers(name: str, is_buyers: bool) -> None:
    assert names_buyer(name) == is_buyers


@pytest.mark.parametrize("tiers", [5, 12])
@pytest.mark.parametrize("name", ["membership", "member", "loyalty_tier"])
def test_tiers_are_no_buyers(proposed: Callable[..., Proposal], name: str, tiers: int) -> None:
    keys = proposed(**{name: lambda n: f"tier {some(n, tiers)}"}).keys
    assert keys.buyer.name == "customer_id"
    assert fits_id("membership_number", "buyer") > 0 > fits_id("membership", "buyer")


@pytest.mark.parametrize("name", ["visits", "visit_number", "session_count", "zip", "zip_code"])
def test_counted_visits_and_places_are_no_buyers(
    proposed: Callable[..., Proposal], name: str
) -> None:
    assert proposed(customer_id=None, **{name: lambda n: 1 + some(n, 59)}).keys.buyer.name is None


def test_a_session_is_better_than_no_buyer(proposed: Callable[..., Proposal]) -> None:
    found = proposed(customer_id=None, session_id=lambda n: 1 + n // 7).keys.buyer
    assert (found.name, found.sure) == ("session_id", False)


def _joined(mark: str, one: str, several: int = 3) -> Callable[[int], str]:
    """Returns cells of up to three products; `several` of ten cells have more than one."""
    return lambda n: mark.join(
        one.format(some(n + k, 60)) for k in range(1 + (n % 10 < several) * (1 + n % 2))
    )


_NUMBERS = _joined(", ", "{}")
_RECORDS = _joined(",", '{{"sku": "A-{}"}}', several=2)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("items", _joined("|", "SKU{}")),
        ("products", _joined(",", "p{}")),
        ("product_ids", lambda n: "[" + _NUMBERS(n) + "]"),
        ("products", lambda n: "[" + _RECORDS(n) + "]"),
        ("Lineitems", _joined("; ", "Blue shirt {}")),
    ],
)
def test_cells_of_several_products_repeat_and_may_have_one(
    proposed: Callable[..., Proposal], name: str, cell: Value
) -> None:
    found = proposed(product_id=None, **{name: cell}).keys.product
    assert (found.name, f"{name!r} seems to have all products" in found.why) == (None, True)


@pytest.mark.parametrize(
    "cell",
    [
        lambda n: f"Shirt, red, {'SML'[product(n) % 3]} {product(n)}",
        lambda n: f"{1000 + product(n)}|42",  # an ID in two parts
        lambda n: f"[Acme] Shirt {product(n)}",
        lambda n: f"Cable {product(n)}, 2m",
    ],
)
def test_products_with_marks_are_no_lists(proposed: Callable[..., Proposal], cell: Value) -> None:
    assert proposed(product_id=None, product=cell).keys.product.name == "product"


def test_two_other_times_are_named_and_the_first_is_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times: dict[str, Value] = {
        "customer_id": lambda n: f"c{buyer(n)}",
        "order_delivered_at": lambda n: f"2024-{2 + n // 120:02}-{1 + some(n, 28):02}",
        "order_approved_at": lambda n: f"2024-{1 + n // 120:02}-{1 + n % 28:02}",
        "joined": lambda n: f"2021-{1 + some(n, 12):02}-01",
    }
    data = write_csv(tmp_path / "data.csv", orders(ordered_at=None, **times))
    main(["init", "--data", str(data), "-o", str(tmp_path / "c.yaml")])
    out = " ".join(capsys.readouterr().out.split())
    assert "'order_approved_at', 'order_delivered_at' are times of something else" in out
    assert "add --time order_approved_at" in out


def test_a_time_that_is_a_guess_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: dict[str, Value] = {"customer_id": lambda n: f"c{buyer(n)}"}
    made["signup_date"] = lambda n: f"2024-{1 + n // 120:02}-{1 + n % 28:02}"
    data = write_csv(tmp_path / "data.csv", orders(ordered_at=None, **made))
    main(["init", "--data", str(data), "-o", str(tmp_path / "c.yaml")])
    assert "time: if it is not 'signup_date', add --time COLUMN" in capsys.readouterr().out


@pytest.mark.parametrize(
    "parts",
    [
        ("arrival_date_year", "arrival_date_month", "arrival_date_day_of_month"),
        ("OrderYear", "OrderMonth", "OrderDay"),
        ("Jahr", "Monat", "Tag"),
    ],
)
def test_parts_of_a_date_are_named(
    proposed: Callable[..., Proposal], parts: tuple[str, ...]
) -> None:
    few = dict(zip(parts, (2, 12, 28), strict=True))
    made = {part: lambda n, part=part: 1 + some(n, few[part]) for part in parts}
    why = proposed(ordered_at=None, **made).keys.time.why
    assert f"make one of the parts in {', '.join(map(repr, parts))}" in why
    assert date_part("birth_year") is None


def _said(proposal: Proposal) -> str:
    return " ".join(proposal.text.replace("#", " ").split())
