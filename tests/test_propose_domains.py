"""What `init` makes of other trades: hotels, dealers, tickets, deals, insurance, tills.

Who buys and what is bought have other names there, what came of a purchase lies beside it, and
some catalogues are new each week or have two products.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from public_shapes import Line, Rows, lines
from ugly import write_csv

from recgen.check import check_text
from recgen.local.profile import read_profile
from recgen.proposal import Choice, Keys, Proposal, propose, sizes
from recgen.proposal.names import (
    FAIR,
    GOOD,
    SURE,
    fits_id,
    fits_purchase_time,
)
from recgen.proposal.order_names import names_mark, names_order_amount, names_outcome

pytest.importorskip("pyarrow", reason="needs the extra `data`")

EVENTS = lines(orders=500)
FEW = lines(orders=500, products=40, most=2)
Make = Callable[[Line], object]


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """Returns a function that proposes a config for columns of some lines."""

    def call(makers: dict[str, Make], events: tuple[Line, ...] = EVENTS) -> Proposal:
        path = write_csv(tmp_path / "data.csv", table(makers, events))
        return propose(read_profile(path), "data", path.name)

    return call


def table(makers: dict[str, Make], events: tuple[Line, ...]) -> Rows:
    return {name: [make(event) for event in events] for name, make in makers.items()}


def said(proposal: Proposal) -> str:
    """Returns the comments of a proposal on one line."""
    return " ".join(proposal.text.replace("#", " ").split())


def buyer(e: Line) -> str:
    return f"b{e.buyer}"


def product(e: Line) -> str:
    return f"p{e.product}"


def time(e: Line) -> str:
    return f"{e.time}"


@pytest.mark.parametrize(
    ("name", "of_buyer", "of_product"),
    [
        *((name, SURE, -1) for name in ("guest_id", "DonorID", "policyholder_no", "borrower_id")),
        *((name, SURE, -1) for name in ("passenger_id", "kode_pelanggan", "Asiakasnro")),
        *((name, FAIR, -1) for name in ("dealer_code", "ApothekenNr", "card_no", "hospital_id")),
        *((name, GOOD, -1) for name in ("loyalty_card", "Kundenkarte", "member_card_no")),
        *((name, -1, SURE) for name in ("PZN", "article_url", "track_uri", "kode_barang", "ISIN")),
        *((name, -1, FAIR) for name in ("event_id", "tariff", "fund_code", "concert_id")),
        *((name, 0, 0) for name in ("event_name", "Chargennr", "cabang", "fancy")),
        *((name, -1, -1) for name in ("dwell_sec", "jumlah", "Menge")),
        *((name, 0, 0) for name in ("image_url", "event_type_id")),
    ],
)
def test_names_of_ids_in_other_trades(name: str, of_buyer: int, of_product: int) -> None:
    assert (fits_id(name, "buyer"), fits_id(name, "product")) == (of_buyer, of_product)


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        *((name, 2) for name in ("booked_on", "enrolled_at", "played_at")),
        *((name, 3) for name in ("install_time", "gift_date", "tanggal_transaksi")),
        *((name, 1) for name in ("start_date", "ready_time", "tanggal")),
        *((name, 0) for name in ("week_ending",)),
        *((name, -1) for name in ("end_time", "last_login_date", "published", "Verfalldatum")),
        *((name, -1) for name in ("reservation_status_date", "decision_date", "scanned_at")),
    ],
)
def test_names_of_times_in_other_trades(name: str, fit: int) -> None:
    assert fits_purchase_time(name) == fit


@pytest.mark.parametrize(
    ("name", "outcome", "mark", "amount"),
    [
        *((name, True, False, False) for name in ("is_canceled", "redeemed", "churned", "lapsed")),
        *((name, False, True, False) for name in ("rating", "points", "Sterne")),
        *((name, False, False, True) for name in ("units", "units_sold", "jumlah")),
        *(
            (name, False, False, False)
            for name in ("units_per_pack", "unit_price", "delivery_zone")
        ),
        ("return_id", False, False, False),
    ],
)
def test_names_of_what_came_of_a_purchase(
    name: str, outcome: bool, mark: bool, amount: bool
) -> None:
    found = (names_outcome(name), names_mark(name), names_order_amount(name))
    assert found == (outcome, mark, amount)


def test_what_each_row_has_of_its_own_is_no_product(proposed: Callable[..., Proposal]) -> None:
    """Each used car is sold once, but its model is not."""
    cars: dict[str, Make] = {
        "buyer_id": buyer,
        "stock_no": lambda e: f"ST{e.n}",
        "model_code": product,
        "sold_date": time,
    }
    found = proposed(cars)
    assert (found.keys.product.name, found.keys.product.others) == ("model_code", ("stock_no",))
    assert "GUESS: nearly every row has its own 'stock_no', which tells nothing" in said(found)
    del cars["model_code"]
    assert proposed(cars).keys.product.name == "stock_no"  # for `check` to refuse


def test_a_session_of_each_row_is_no_buyer(proposed: Callable[..., Proposal]) -> None:
    charging: dict[str, Make] = {
        "session_id": lambda e: 90_000 + e.n,
        "rfid": buyer,
        "station_id": product,
        "start_time": time,
        "end_time": lambda e: f"{e.time + timedelta(minutes=15 + e.n % 90)}",
    }
    found = proposed(charging, FEW).keys
    assert (found.buyer.name, found.product.name) == ("rfid", "station_id")
    assert (found.time.name, found.time.sure) == ("start_time", True)


def test_a_stay_ends_with_its_checkout_and_a_loan_begins_with_it(
    proposed: Callable[..., Proposal],
) -> None:
    stay: dict[str, Make] = {
        "guest_id": buyer,
        "hotel_code": product,
        "booked_on": time,
        "checkin_date": lambda e: f"{e.time + timedelta(days=3 + e.n % 50):%Y-%m-%d}",
        "checkout_date": lambda e: f"{e.time + timedelta(days=5 + e.n % 52):%Y-%m-%d}",
    }
    assert proposed(stay).keys.time.name == "booked_on"
    del stay["checkin_date"]
    assert proposed(stay).keys.time.name == "checkout_date"


@pytest.mark.parametrize(("name", "sure"), [("loyalty_card", True), ("card_no", False)])
def test_a_card_is_a_buyer(proposed: Callable[..., Proposal], name: str, sure: bool) -> None:
    makers: dict[str, Make] = {
        "timestamp": time,
        name: lambda e: f"29{e.buyer:011}" if e.buyer % 5 < 3 else "",
        "ean": product,
    }
    found = proposed(makers).keys.buyer
    assert (found.name, found.sure) == (name, sure)
    assert sure or "a card is not a person" in found.why


def test_what_came_of_a_purchase_is_no_trait_of_who_buys_once(
    proposed: Callable[..., Proposal],
) -> None:
    """Of buyers with one row, all columns look like their properties."""
    makers: dict[str, Make] = {
        "customer_id": lambda e: f"c{e.n}",
        "sku": product,
        "ordered_at": time,
        "club": lambda e: "gold" if e.buyer % 2 else "none",
        "redeemed": lambda e: "yes" if e.draw < 0.5 else "no",
    }
    found = proposed(makers)
    assert "club" in found.features["buyer"]
    assert "redeemed" in found.left_out


def test_a_column_that_could_be_predicted_says_how(proposed: Callable[..., Proposal]) -> None:
    makers: dict[str, Make] = {
        "user_id": buyer,
        "recipe_id": product,
        "date": time,
        "rating": lambda e: 1 + int(e.draw * 5),
        "is_canceled": lambda e: int(e.draw < 0.3),
        "quantity": lambda e: e.quantity,
    }
    left_out = proposed(makers).left_out
    assert left_out["rating"].endswith(
        "known only with the purchase; to predict it: --target rating"
    )
    assert left_out["is_canceled"].endswith("--target is_canceled")
    assert "--target" not in left_out["quantity"]


def test_a_date_that_is_the_same_in_all_rows_is_said(proposed: Callable[..., Proposal]) -> None:
    makers: dict[str, Make] = {"user": buyer, "sku": product, "tx_date": lambda e: "2024-03-15"}
    why = proposed(makers).keys.time.why
    assert why == "no column contains the time: 'tx_date' is '2024-03-15' in every row"


def deals(e: Line) -> str:
    """Returns a product of its week."""
    return f"d{(e.time - EVENTS[0].time).days // 7}-{e.product % 9}"


@pytest.mark.parametrize("category", [True, False])
def test_a_catalogue_that_is_new_each_week_is_said(
    proposed: Callable[..., Proposal], category: bool
) -> None:
    makers: dict[str, Make] = {"member": buyer, "deal_id": deals, "bought_at": time}
    if category:
        makers["category"] = lambda e: f"c{e.product % 9 % 4}"
    proposal = proposed(makers)
    found = proposal.turnover
    assert found is not None
    assert found.sold >= found.new > 0.5 * found.sold
    words = "only the other feature below can." if category else "no model can rank them"
    assert words in said(proposal)


def test_a_catalogue_that_stays_is_no_matter(proposed: Callable[..., Proposal]) -> None:
    proposal = proposed({"member": buyer, "deal_id": product, "bought_at": time})
    assert proposal.turnover is None
    assert "NEW PRODUCTS" not in proposal.text


@pytest.mark.parametrize(
    ("products", "watched"),
    [
        (2, "With 2 products, recall tells models hardly apart"),
        (49, "watch the mean reciprocal rank (MRR)."),
        (60, "watch recall at 5, whatever this is"),
        (140, "watch recall at 10, whatever this is"),
    ],
)
def test_what_training_watches_is_said(
    proposed: Callable[..., Proposal], products: int, watched: str
) -> None:
    makers: dict[str, Make] = {
        "customer": buyer,
        "sku": lambda e: f"p{e.product % products}",
        "date": time,
    }
    proposal = proposed(makers)
    assert watched in said(proposal)
    codes = {each.code for each in check_text(proposal.text).findings}
    assert "RG407" not in codes  # an answer of all two products is not too short


def test_a_time_that_many_rows_lack_is_not_that_of_the_purchase(
    proposed: Callable[..., Proposal],
) -> None:
    makers: dict[str, Make] = {
        "client_no": buyer,
        "vacancy_id": product,
        "handed_in": time,
        "interview_date": lambda e: f"{e.time + timedelta(days=9)}" if e.draw < 0.6 else "",
    }
    assert proposed(makers).keys.time.name == "handed_in"
    del makers["handed_in"]
    assert proposed(makers).keys.time.name == "interview_date"


def test_an_item_with_any_word_is_a_product(proposed: Callable[..., Proposal]) -> None:
    makers: dict[str, Make] = {
        "player": buyer,
        "zone": lambda e: f"z{e.draw:.1f}",
        "menu_item": product,
        "date": time,
    }
    found = proposed(makers).keys.product
    assert (found.name, found.sure) == ("menu_item", True)


def test_shares_and_rows_that_are_left_out_are_explained(
    proposed: Callable[..., Proposal],
) -> None:
    makers: dict[str, Make] = {
        "customer": lambda e: buyer(e) if e.n % 5 else "",
        "sku": product,
        "date": time,
    }
    proposal = proposed(makers)
    known = sum(1 for e in EVENTS if e.n % 5)
    least = re.search(r"The smallest shares that give both ([\d,]+) or more", said(proposal))
    assert least is not None
    parts = re.search(r"to train; ([\d,]+) to .*?; ([\d,]+) to test", said(proposal))
    assert parts is not None
    assert min(int(each) for each in parts.groups()) >= int(least[1])
    assert f"Left out: {len(EVENTS) - known:,} rows without a buyer" in said(proposal)
    whole = proposed({**makers, "customer": buyer})
    assert "rows without a buyer" not in said(whole)


@pytest.mark.parametrize(
    ("buyers", "products", "said"),
    [
        (50, 9, "For 9 products: 1.6 * 9^0.56 is 5; this is the next of 32, 64, 128."),
        (30_000, 90, "is 20, but the 30,000 buyers need 128: a quarter of theirs."),
        (50, 60_000, "is 600; 128 is the widest proposed."),
    ],
)
def test_the_width_is_explained(buyers: int, products: int, said: str) -> None:
    names = {"customer": buyers, "sku": products}
    columns = {name: SimpleNamespace(distinct=count) for name, count in names.items()}
    table: Any = SimpleNamespace(columns=columns)
    keys = Keys(Choice("customer", ""), Choice("sku", ""), Choice(None, ""))
    assert sizes.why_width(table, keys, sizes.output_width(table, keys)).endswith(said)


def test_the_batch_is_explained() -> None:
    assert sizes.why_batch(1024, 80) == ""
    assert sizes.why_batch(256, 60) == " The largest of 16 to 1,024 rows with 50 or more."
    assert sizes.why_batch(16, 3) == " Few rows need small batches."
    assert "validation would take longer" in sizes.why_batch(512, 3)


def test_a_total_is_found_by_its_values(proposed: Callable[..., Proposal]) -> None:
    """Whatever the language; few quantities other than 1 make it look like the product's."""
    makers: dict[str, Make] = {
        "customer": buyer,
        "sku": product,
        "date": time,
        "xa": lambda e: 2 if e.draw < 0.1 else 1,
        "xb": lambda e: e.price,
        "xc": lambda e: (2 if e.draw < 0.1 else 1) * e.price,
        "xd": lambda e: round(e.price * (1 if e.draw < 0.9 else 1.1), 2),
    }
    found = proposed(makers)
    assert found.left_out["xc"] == "it is 'xa' times 'xb', an amount of the purchase"
    assert {"xb", "xd"} <= set(found.features["product"])


def test_an_id_of_what_the_product_groups_is_offered(proposed: Callable[..., Proposal]) -> None:
    makers: dict[str, Make] = {
        "taster": buyer,
        "vintage_id": lambda e: 9000 + e.product,
        "wine_id": lambda e: 500 + e.product // 6,
        "date": time,
    }
    found = proposed(makers, lines(orders=1500)).keys.product
    assert (found.name, found.others) == ("wine_id", ("vintage_id",))
    assert found.note.startswith("'vintage_id' tells 150 values apart, with ")
    del makers["vintage_id"]
    assert not proposed(makers).keys.product.others
