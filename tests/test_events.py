"""Several kinds of events in one file: a finding with counts, and a word of `init`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from public_shapes import SHAPES

from recgen.check import check, check_text
from recgen.data.events import find_events
from recgen.local.tables import profile_of
from recgen.proposal import Wanted, propose

pytest.importorskip("pyarrow", reason="needs the extra `data`")

ROWS = 600
KINDS = {  # values, and the one that is a purchase
    "event_type": (("view", "cart", "purchase"), "purchase"),
    "eventName": (("page_view", "add_to_cart", "begin_checkout", "purchase"), "purchase"),
    "event": (("view", "addtocart", "transaction"), "transaction"),
    "action": (("play", "skip", "like"), ""),
    "behavior": (("pv", "fav", "cart", "buy"), "buy"),
    "type": (("clicks", "carts", "orders"), "orders"),
    "activity": (("Product Viewed", "Order Completed", "Product Added to Cart"), "Order Completed"),
    "行为类型": (("view", "buy"), "buy"),
    "behavior_type": ((1, 2, 3, 4), ""),
    "interaction": (("click", "order_cancelled", "order"), "order"),
    "status": (("complete", "shipped", "Returned"), ""),
    "Order Status": (("COMPLETE", "PENDING", "CANCELED"), ""),
    "clk": ((0, 1), "1"),
    "booking_bool": ((0, 1), "1"),
    "is_clicked": (("False", "True"), "True"),
    "is_canceled": ((0, 1), "0"),
    "Refunded": (("no", "yes"), "no"),
    "won": ((0, 1), "1"),
    "reservation_status": (("Check-Out", "Canceled", "No-Show"), ""),
    "StageName": (("Closed Won", "Closed Lost", "Prospecting"), ""),
}
FINE: dict[str, Sequence[Any]] = {
    "event_type": ("purchase",),
    "type": ("gift", "food", "toys"),
    "status": ("paid", "shipped"),
    "event_id": tuple(range(200)),
    "event_name": ("Jazz night", "Opera", "Derby"),
    "action": ("buy", "purchase"),
    "rating": (1, 2, 3, 4, 5),
    "order_view": ("list", "grid", "cart"),
    "click": (1,),
    "clicks": (0, 1),
    "steam_purchase": ("True", "False"),
    "converted": (0, 1, 2),
    "customer_state": ("SP", "RJ"),
    "review_result": ("good", "bad"),
    "is_returning": (0, 1),
    "discount_amount": (1, 2, 3),
    "actions": tuple(f"code {n}" for n in range(300)),
}


def rows(name: str, values: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        "customer_id": [f"c{7 * n % 41}" for n in range(ROWS)],
        "sku": [f"p{n * n % 37}" for n in range(ROWS)],
        "bought_at": [1_672_531_200 + 9000 * n for n in range(ROWS)],
        # The first of the values is the most frequent one.
        name: [values[n % (len(values) + 1) % len(values)] for n in range(ROWS)],
    }


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_events_are_said_with_their_rows(name: str) -> None:
    values, bought = KINDS[name]
    found = find_events(profile_of(rows(name, values)))
    assert found is not None
    assert (found.column, found.bought, found.others) == (name, bought, 0)
    expected = rows(name, values)[name]
    assert dict(found.kinds) == {str(value): expected.count(value) for value in values}


@pytest.mark.parametrize("name", FINE)
def test_other_columns_have_no_events(name: str) -> None:
    assert find_events(profile_of(rows(name, FINE[name]))) is None


@pytest.mark.parametrize("name", ["Quantity", "order_qty", "Menge", "units", "Amount"])
def test_quantities_below_0_are_returns(name: str, experiment: dict[str, Any]) -> None:
    profile = profile_of(rows(name, (1, 2, 5, -1)))
    found = find_events(profile)
    assert found is not None
    assert (found.kinds, found.bought) == ((("0 and above", 480), ("below 0", 120)), "0 and above")
    assert "RG555" in {each.code for each in check(experiment, profile=profile).findings}


@pytest.mark.parametrize(
    ("name", "values"), [("Quantity", (1, 2, 3)), ("temperature", (1, -2)), ("units", (-1, -2, 1))]
)
def test_other_numbers_below_0_are_not(name: str, values: Sequence[int]) -> None:
    assert find_events(profile_of(rows(name, values))) is None


def test_init_and_check_say_it(experiment: dict[str, Any]) -> None:
    table = rows("event_type", ("view", "cart", "purchase"))
    profile = profile_of(table)
    (found,) = [f for f in check(experiment, profile=profile).findings if f.code == "RG555"]
    assert (found.severity, found.path) == ("warning", "data")
    assert found.message == (
        "'event_type' has several kinds of events: 'view' (300 rows), 'cart' (150 rows), "
        "'purchase' (150 rows)"
    )
    assert "If only 'purchase' should, keep these rows" in found.help
    proposal = propose(profile, "shop", "shop.csv")
    assert proposal.events == find_events(profile)
    assert "event_type has 'view' (300 rows)" in " ".join(proposal.text.replace("#", " ").split())
    assert check_text(proposal.text).ok


def test_what_is_predicted_is_no_event(experiment: dict[str, Any]) -> None:
    profile = profile_of(rows("clicked", (0, 1)))
    experiment["features"]["target_column"] = "clicked"
    for kind, loss, said in (("retrieval", None, True), ("ranking", "binary_crossentropy", False)):
        experiment["model"] = {"model_type": kind} | ({"loss_function": loss} if loss else {})
        codes = {each.code for each in check(experiment, profile=profile).findings}
        assert ("RG555" in codes) == said
    assert propose(profile, "x", "x.csv").events is not None
    assert propose(profile, "x", "x.csv", wanted=Wanted("clicked")).events is None


def test_a_file_of_one_kind_has_no_finding(experiment: dict[str, Any]) -> None:
    table = rows("event_type", ("view", "cart", "purchase"))
    kept = [n for n, kind in enumerate(table["event_type"]) if kind == "purchase"]
    profile = profile_of({name: [column[n] for n in kept] for name, column in table.items()})
    assert "RG555" not in {each.code for each in check(experiment, profile=profile).findings}


@pytest.mark.parametrize("name", ["ga4", "retailrocket", "otto_log", "rees46", "tmall"])
def test_public_logs_of_events_are_recognised(name: str) -> None:
    assert find_events(profile_of(SHAPES[name].rows())) is not None


@pytest.mark.parametrize("name", ["shopify", "woocommerce", "magento", "movielens", "sap", "yelp"])
def test_public_files_of_purchases_are_not(name: str) -> None:
    assert find_events(profile_of(SHAPES[name].rows())) is None
