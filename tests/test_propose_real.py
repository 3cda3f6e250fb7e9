"""What `init` makes of lists of buyers or products, and of columns as sales systems name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from public_shapes import Line, Rows, lines
from ugly import write_csv

from recgen.cli import main
from recgen.local.profile import read_profile
from recgen.proposal import Proposal, propose
from recgen.proposal.lexicon import subject_of
from recgen.proposal.order_names import may_name_order_state, names_order_state
from recgen.proposal.persons import names_contact, names_trait

pytest.importorskip("pyarrow", reason="needs the extra `data`")

EVENTS = lines(orders=500)
FIRST = ("Ann", "Ben", "Cem", "Dan", "Eve", "Fay", "Gil", "Hal", "Ida", "Jim", "Kim")


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[[Rows], Proposal]:
    """Returns a function that proposes a config for columns."""

    def call(rows: Rows) -> Proposal:
        path = write_csv(tmp_path / "data.csv", rows)
        return propose(read_profile(path), "data", path.name)

    return call


def sales(**makers: Callable[[Line], object]) -> Rows:
    base: dict[str, Callable[[Line], object]] = {
        "customer": lambda e: f"c{e.buyer}",
        "sku": lambda e: f"p{e.product}",
        "order_date": lambda e: f"{e.time}",
    }
    return {name: [make(e) for e in EVENTS] for name, make in {**base, **makers}.items()}


def people(rows: int = 900) -> Rows:
    return {
        "CustomerKey": [11_000 + n for n in range(rows)],
        "FirstName": [FIRST[n * n % 97 % len(FIRST)] + "abcdefgh"[n % 8] for n in range(rows)],
        "Surname": [f"Name{n * 31 % 61}" for n in range(rows)],
        "Phone": [f"555 0{n * 7 % 400:03}" for n in range(rows)],
        "EducationLevel": [f"level {n * n % 7}" for n in range(rows)],
        "Street": [f"{n * n % 89} Main Street" for n in range(rows)],
    }


def catalogue(rows: int = 300) -> Rows:
    return {
        "ProductKey": [200 + n for n in range(rows)],
        "ProductSubcategoryKey": [n * n % 37 for n in range(rows)],
        "ModelName": [f"Model {n // 3}" for n in range(rows)],
        "ProductColor": [("Red", "Black", "Blue")[n * n % 3] for n in range(rows)],
    }


@pytest.mark.parametrize(
    ("rows", "role", "key", "of"),
    [
        (people(), "product", "CustomerKey", "buyers"),
        (catalogue(), "buyer", "ProductKey", "produc"),
    ],
)
def test_a_list_of_buyers_or_products_has_no_purchases(
    proposed: Callable[[Rows], Proposal], rows: Rows, role: str, key: str, of: str
) -> None:
    keys = proposed(rows).keys
    missing, other = (keys.product, keys.buyer) if role == "product" else (keys.buyer, keys.product)
    assert missing.name is None
    assert f"each row has a '{key}' of its own, as in a list of {of}" in missing.why
    assert (other.name, other.sure) == (key, False)


def test_a_list_is_refused_by_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "people.csv", people())
    with pytest.raises(SystemExit) as stopped:
        main(["init", "--data", str(path), "-o", str(tmp_path / "config.yaml")])
    assert stopped.value.code == 1
    assert "join this list to the purchases" in capsys.readouterr().out


def test_who_buys_is_found_by_name_even_if_some_have_two_phones(
    proposed: Callable[[Rows], Proposal],
) -> None:
    rows = sales(
        CUSTOMERNAME=lambda e: f"Toys {e.buyer} Ltd.",
        PHONE=lambda e: f"555 0{e.buyer:03}{' 2' if e.buyer % 50 == 3 and e.order % 2 else ''}",
    )
    del rows["customer"]
    buyer = proposed(rows).keys.buyer
    assert (buyer.name, buyer.sure) == ("CUSTOMERNAME", False)
    assert buyer.why.startswith("its name is no ID's, but its ")


def test_a_subcategory_is_no_product() -> None:
    assert subject_of("subcategory") == subject_of("unterkategorie") == "group"
    assert subject_of("subject") is None  # no group of another level, but a word of its own


@pytest.mark.parametrize(("name", "time"), [("client", "order_date"), ("customer_created", None)])
def test_numbers_of_clients_are_not_seconds(
    proposed: Callable[[Rows], Proposal], name: str, time: str | None
) -> None:
    """As 768805383, which is a time in 1994 in seconds."""
    rows = sales(**{name: lambda e: 700_000_000 + e.buyer * e.buyer * 2017 % 130_000_000})
    if name == "client":
        del rows["customer"]
        keys = proposed(rows).keys
        assert (keys.buyer.name, keys.time.name) == ("client", time)
    else:  # by its name a time
        feature = proposed(rows).text.split(f"column: {name}\n")[1]
        assert feature.lstrip().startswith("bq_type: TIMESTAMP")


def test_what_became_of_an_order_is_not_the_buyers(
    proposed: Callable[[Rows], Proposal],
) -> None:
    def status(event: Line) -> str:
        """Returns a status that nearly all orders of a buyer have."""
        done = "Shipped" if event.buyer % 2 else "Collected"
        return "In Process" if event.order > 490 else done

    made = {"STATUS": status, "payment_status": status, "marital_status": lambda e: e.buyer % 2}
    proposal = proposed(sales(**made))
    for name in ("STATUS", "payment_status"):
        assert "what became of the purchase" in proposal.left_out[name]
    assert "marital_status" in proposal.features["buyer"]


@pytest.mark.parametrize(
    ("name", "of_order", "maybe"),
    [
        ("Order Status", True, False),
        ("fulfillment_status", True, False),
        ("STATUS", False, True),
        ("MaritalStatus", False, False),
        ("status_id", False, False),
    ],
)
def test_names_of_states(name: str, of_order: bool, maybe: bool) -> None:
    assert (names_order_state(name), may_name_order_state(name)) == (of_order, maybe)


@pytest.mark.parametrize(
    ("name", "trait", "contact"),
    [
        ("CONTACTFIRSTNAME", True, False),
        ("last_name", True, False),
        ("Vorname", True, False),
        ("income", True, False),
        ("loyalty_card_no", False, False),
        ("customer_name", False, False),
        ("PHONE", False, True),
        ("AddressLine1", False, True),
    ],
)
def test_names_of_persons(name: str, trait: bool, contact: bool) -> None:
    assert (names_trait(name), names_contact(name)) == (trait, contact)


def test_the_time_of_day_of_an_order_is_not_the_buyers(
    proposed: Callable[[Rows], Proposal], tmp_path: Path
) -> None:
    """If orders stand for buyers, a time of day has one value for each, as if it were theirs."""
    rows = sales(Time=lambda e: f"{EVENTS[e.n - e.line + 1].time:%H:%M:%S}")
    rows["visitor"] = [f"o{e.order}" for e in EVENTS]
    del rows["customer"]
    rows["order_date"] = [text[:10] for text in rows["order_date"]]
    proposal = proposed(rows)
    assert proposal.keys.buyer.name == "visitor"
    assert "Time" not in proposal.features["buyer"]
    assert "by its name a time of the purchase" in proposal.left_out["Time"]


def test_rows_that_a_spreadsheet_saved_below_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sales(rating=lambda e: e.quantity)
    full = write_csv(tmp_path / "full.csv", rows).read_text(encoding="utf-8")
    empty = tmp_path / "empty.csv"
    empty.write_text(full + 4000 * ",,,\n", encoding="utf-8")
    proposals = [
        propose(read_profile(path), "data", "data.csv") for path in (tmp_path / "full.csv", empty)
    ]
    assert [each.empty for each in proposals] == [0, 4000]
    assert proposals[0].keys == proposals[1].keys
    assert proposals[0].features == proposals[1].features
    assert proposals[0].left_out == proposals[1].left_out
    main(["init", "--data", str(empty), "-o", str(tmp_path / "config.yaml")])
    out = capsys.readouterr().out
    assert f"{len(EVENTS) + 4000:,} rows, 4 columns; 4,000 rows have no value at all" in out
    assert "GUESS" not in out
    assert "RG504" not in out
    assert "RG554" not in out
    assert "4,000 rows, which have no buyer and no product" in out


def test_rows_with_some_value_are_not_empty(proposed: Callable[[Rows], Proposal]) -> None:
    rows = {name: [*values, *4000 * [""]] for name, values in sales().items()}
    rows["page"] = [""] * len(EVENTS) + [f"page {n % 9}" if n < 300 else "" for n in range(4000)]
    proposal = proposed(rows)
    assert proposal.empty == 0
    assert "no value" in proposal.keys.buyer.why


def test_of_persons_what_they_are_like_is_taken_and_not_what_they_are_called(
    proposed: Callable[[Rows], Proposal],
) -> None:
    proposal = proposed(
        sales(
            FirstName=lambda e: FIRST[e.buyer % len(FIRST)],
            TotalChildren=lambda e: e.buyer * 7 % 6,
            TotalSpent=lambda e: 100 + e.buyer * 7919 % 60,
            AnnualIncome=lambda e: f"${10 * (1 + e.buyer * 31 % 17)},000 ",
        )
    )
    assert "TotalChildren" in proposal.features["buyer"]
    assert "part of a person's name" in proposal.left_out["FirstName"]
    assert "by its name an amount" in proposal.left_out["TotalSpent"]
    asked = proposal.left_out["AnnualIncome"]
    assert asked.endswith(". Set data.decimal to the decimal mark of the file, '.' or ','")
