"""`init --data` on the shapes of public exports: which columns are the buyer, product and time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from public_shapes import SHAPES, Rows, lines
from ugly import write_csv

import recgen
from recgen.check import check_text
from recgen.cli import main
from recgen.config import SIDES
from recgen.data.words import stands_for_nothing
from recgen.findings import RecgenError
from recgen.local.profile import read_profile
from recgen.proposal import Given, Proposal, propose
from recgen.proposal.lexicon import subject_of
from recgen.proposal.names import FAIR, GOOD, SURE, WEAK, fits_id, fits_purchase_time, names_id
from recgen.reading.sources import read_text

pytest.importorskip("pyarrow", reason="needs the extra `data`")


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """Returns a function that proposes a config for rows written as CSV."""

    def call(rows: Rows, delimiter: str = ",", **given: str) -> Proposal:
        path = write_csv(tmp_path / "data.csv", rows, delimiter)
        return propose(read_profile(path), "data", path.name, Given(**given))

    return call


@pytest.mark.parametrize("name", SHAPES)
def test_the_ids_of_public_shapes(proposed: Callable[..., Proposal], name: str) -> None:
    shape = SHAPES[name]
    proposal = proposed(shape.rows(), shape.delimiter)
    assert proposal.keys.buyer.name in shape.buyer.split("|")
    assert proposal.keys.product.name in shape.product.split("|")
    asked = tuple(side for side in SIDES if not proposal.keys.of(side).sure)
    assert asked == tuple(side for side in SIDES if side in shape.asked)
    ids = {f"{side}_id_column": proposal.keys.of(side).name for side in SIDES}
    for side in SIDES:
        assert proposal.features[side][0] == ids[f"{side}_id_column"]
    assert check_text(proposal.text).ok
    assert "recgen: ignore" not in proposal.text


@pytest.mark.parametrize("name", SHAPES)
def test_the_time_and_the_split_of_public_shapes(
    proposed: Callable[..., Proposal], name: str
) -> None:
    """A split is by the right time; a random one is said, with the time that is not read."""
    shape = SHAPES[name]
    proposal = proposed(shape.rows(), shape.delimiter)
    split = read_text(proposal.text, "yaml").data["data"]["split"]
    found = proposal.keys.time.name
    assert found is None or (shape.time and found in shape.time.split("|"))
    assert split.get("date_column") == found
    assert proposal.at_random == (split["kind"] == "random") == (found is None)
    if found is None:
        assert proposal.split.startswith("AT RANDOM")
        assert "# AT RANDOM: " in proposal.text
    if found is None and shape.time:
        assert repr(shape.time) in proposal.keys.time.why


def test_what_is_said_of_the_columns_is_true(proposed: Callable[..., Proposal]) -> None:
    left_out = proposed(SHAPES["goodreads"].rows()).left_out
    assert left_out["review_text_incomplete"].endswith("of the rows have no value")
    rows = SHAPES["olist"].rows()
    rows["comment"] = [f"text {n}" if n % 3 else "" for n in range(len(rows["order_id"]))]
    said = proposed(rows).left_out["comment"]
    assert said.startswith("100% of the rows with one have a value of their own")
    time = proposed(SHAPES["hetrec_lastfm"].rows())
    assert "tagID" not in time.keys.time.why  # a tag is no day in English


def test_the_rows_of_the_split_are_those_with_ids(proposed: Callable[..., Proposal]) -> None:
    rows = SHAPES["dunnhumby_sort_of_real"].rows()
    known = sum(1 for value in rows["CUST_CODE"] if value)
    counts = re.search(
        r"Rows: ([\d,]+) to train; ([\d,]+) to .*; ([\d,]+) to test", proposed(rows).text
    )
    assert counts
    assert sum(int(each.replace(",", "")) for each in counts.groups()) == known


def test_what_the_user_names_overrules(proposed: Callable[..., Proposal]) -> None:
    rows = SHAPES["shopify"].rows()
    proposal = proposed(rows, buyer="Billing City", product="Lineitem name", time="Created at")
    keys = proposal.keys
    assert (keys.buyer.name, keys.product.name) == ("Billing City", "Lineitem name")
    assert all(choice.sure for _, choice in keys.roles())
    assert proposal.features["product"][0] == "Lineitem name"
    assert check_text(proposal.text).ok


def test_a_named_column_is_not_found_for_another_role(proposed: Callable[..., Proposal]) -> None:
    keys = proposed(SHAPES["shopify"].rows(), product="Email").keys
    assert keys.product.name == "Email"
    assert keys.buyer.name != "Email"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"buyer": "Emial"}, "--buyer-id: there is no column 'Emial'"),
        ({"product": "lineitem SKU"}, "did you mean 'Lineitem sku'"),
        ({"time": "Lineitem name"}, "--time: column 'Lineitem name' has no times ('Shirt"),
        ({"time": "Lineitem quantity"}, "--time: column 'Lineitem quantity' has no times"),
        ({"buyer": "Email", "product": "Email"}, "column 'Email' is named for two roles"),
        ({"buyer": ""}, "--buyer-id: there is no column ''"),
    ],
)
def test_a_wrong_name_is_refused(
    proposed: Callable[..., Proposal], given: dict[str, str], said: str
) -> None:
    with pytest.raises(RecgenError) as error:
        proposed(SHAPES["shopify"].rows(), **given)
    assert said in str(error.value)


def test_the_options_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "data.csv", SHAPES["popular_unnamed"].rows())
    command = ["init", "--data", "data.csv", "--buyer-id", "b", "--product-id", "a", "--time", "c"]
    main(command)
    _, err = capsys.readouterr()
    assert "next: recgen init --data data.csv --buyer-id b --product-id a --time c -o" in err
    main([*command, "-o", "config.yaml"])
    config = recgen.load("config.yaml")
    assert (config.features.buyer_id, config.features.product_id) == ("b", "a")
    assert config.data.split
    assert config.data.split.date_column == "c"
    with pytest.raises(SystemExit) as ended:
        main(["init", "--time", "c"])
    assert ended.value.code == 2
    assert "add --data FILE" in capsys.readouterr().err


def test_words_for_null_are_said_to_be_no_buyers(proposed: Callable[..., Proposal]) -> None:
    proposal = proposed(SHAPES["guests"].rows())
    assert proposal.nobodies == {"buyer": ("guest",), "product": ()}
    assert "# 'guest': such a value stands for no buyer" in proposal.text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((word, True) for word in ("nan", "NULL", "None", "(not set)", "Guest", "N/A", "<NA>")),
        *((word, True) for word in ("-", "Laufkunde", "Invité", "undefined", "not-available")),
        *((word, False) for word in ("Nancy", "guest-17", "0", "17", "anna", "none@x.com")),
    ],
)
def test_what_stands_for_nothing(value: str, expected: bool) -> None:
    assert stands_for_nothing(value) == expected


def test_an_order_and_its_lines_are_no_ids(proposed: Callable[..., Proposal]) -> None:
    """Whatever their names say: an order has one time, and line numbers count up."""
    rows: Rows = {
        "client_ref_no": [100_000 + e.order for e in lines()],
        "client_no": [e.buyer for e in lines()],
        "item_no": [e.line for e in lines()],
        "item_code": [f"A{e.product}" for e in lines()],
        "when": [f"{e.time}" for e in lines()],
    }
    keys = proposed(rows).keys
    assert (keys.buyer.name, keys.product.name) == ("client_no", "item_code")


def test_whole_numbers_that_may_be_codes_are_a_guess(proposed: Callable[..., Proposal]) -> None:
    rows: Rows = SHAPES["hm"].rows()
    rows["finish"] = [1 + e.product % 9 for e in lines()]
    rows["finish_code"] = [1 + e.product * 5 % 9 for e in lines()]
    rows["weight"] = [1 + e.product * 7 % 99 for e in lines()]
    text = " ".join(proposed(rows).text.replace("#", " ").split())
    parts = {name: text.split(f"column: {name}")[0][-160:] for name in rows}
    guess = "GUESS: an amount. If its numbers stand for kinds of things"
    assert guess in parts["finish"]
    assert guess not in parts["finish_code"]  # named like a code, and read as one
    assert guess not in parts["weight"]


@pytest.mark.parametrize(
    ("name", "buyer", "product"),
    [
        ("Lineitem sku", -1, SURE),
        ("Lineitem quantity", -1, -1),
        ("order_item_id", -1, -1),
        ("user_pseudo_id", SURE, -1),
        ("items.item_id", -1, SURE),
        ("Email", GOOD, -1),
        ("Kundenauftragsnummer", -1, -1),
        ("Kundengruppe", 0, 0),
        ("référence", -1, FAIR),
        ("num_items", -1, -1),
        ("Bill-to Customer No.", SURE, -1),
        ("Item #", -1, SURE),
        ("商品类目ID", 0, 0),
        ("nr_zamówienia", -1, -1),
        ("numéro client", SURE, -1),
        ("session_id", FAIR, -1),
        ("product_name", -1, WEAK),
        ("seller_id", -1, -1),
        ("partner_id", SURE, -1),
        ("partner_shipping_id", FAIR, -1),
        ("delivery_partner", WEAK, -1),
        ("CardCode", SURE, -1),
        ("card_code", FAIR, -1),
        ("Customer Ref", FAIR, WEAK),
        ("Rider ID", -1, -1),
        ("SOLD_TO_ORG_ID", SURE, -1),
        ("SHIP_TO_ORG_ID", -1, -1),
        ("ORDERINGCUSTOMERACCOUNTNUMBER", SURE, -1),
        ("SALESORDERNUMBER", -1, -1),
        ("Product Card Id", WEAK, FAIR),
        ("product_session_id", WEAK, -1),
        ("得意先名", WEAK, -1),
        ("仕入先コード", -1, -1),
        ("", 0, 0),
    ],
)
def test_names_in_several_languages(name: str, buyer: int, product: int) -> None:
    assert (fits_id(name, "buyer"), fits_id(name, "product")) == (buyer, product)


def test_all_words_of_the_lexicon_are_found_as_they_are() -> None:
    from recgen.data.words import fold
    from recgen.proposal.lexicon import _STEMS

    for subject, stems in _STEMS.items():
        for stem in stems.split():
            assert subject_of(fold(stem)) is not None, (subject, stem)


def test_a_session_is_no_time_although_its_number_looks_like_one() -> None:
    assert fits_purchase_time("ga_session_id") < 0 <= fits_purchase_time("event_timestamp")
    assert names_id("ga_session_id")


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        *((name, 3) for name in ("Close Date", "Opportunity.CloseDate", "Created Date")),
        *((name, 2) for name in ("受注日", "주문일자", "下单时间")),
        *((name, 1) for name in ("time", "날짜", "일자")),
        *((name, -1) for name in ("closed_at", "store_close_date", "mp_processing_time_ms")),
        *((name, -1) for name in ("etl_tstamp", "納期", "出荷日", "交货日期", "납기일")),
    ],
)
def test_names_of_times(name: str, fit: int) -> None:
    assert fits_purchase_time(name) == fit


def test_the_company_of_a_contact_is_offered(proposed: Callable[..., Proposal]) -> None:
    buyer = proposed(SHAPES["hubspot"].rows()).keys.buyer
    assert (buyer.name, buyer.others) == ("Associated Contact IDs", ("Associated Company IDs",))
    assert names_id("Associated Company IDs")


def test_the_two_dates_of_a_deal_are_asked_about(proposed: Callable[..., Proposal]) -> None:
    time = proposed(SHAPES["salesforce"].rows()).keys.time
    assert not time.sure
    assert {time.name, *time.others} == {"Close Date", "Created Date"}


def test_the_first_of_several_times_is_taken(proposed: Callable[..., Proposal]) -> None:
    """Names tell nothing here: what comes a day later is asked about, what seconds later is not."""
    rows = SHAPES["popular"].rows()
    del rows["order_date"]
    rows["uuid_ts"] = [f"{e.time + timedelta(seconds=400)}" for e in lines()]
    rows["original_timestamp"] = [f"{e.time}" for e in lines()]
    time = proposed(rows).keys.time
    assert (time.name, time.sure) == ("original_timestamp", True)
    del rows["uuid_ts"]
    days = [timedelta(days=2 + e.n * 7 % 30, seconds=e.n) for e in lines()]
    rows["a_date"] = [f"{e.time + more}" for e, more in zip(lines(), days, strict=True)]
    time = proposed(rows).keys.time
    assert (time.name, time.others) == ("original_timestamp", ("a_date",))


def test_an_id_is_no_amount(proposed: Callable[..., Proposal]) -> None:
    proposal = proposed(SHAPES["oracle"].rows())
    assert "SALESREP_ID" in proposal.features["buyer"]
    assert not {"SHIP_TO_ORG_ID", "HEADER_ID"} & set(proposal.features["buyer"])


def test_a_month_in_front_of_two_numbers_is_asked_for_with_its_format(
    proposed: Callable[..., Proposal],
) -> None:
    """As in eBay's reports; the format that is named reads them."""
    rows = SHAPES["popular"].rows()
    rows["order_date"] = [f"{e.time:%b-%d-%y}" for e in lines()]
    why = proposed(rows).keys.time.why
    assert 'give the format, "%b-%d-%y"' in why
    keys = proposed(rows, time="order_date", time_format="%b-%d-%y").keys
    assert keys.time.name == "order_date"


def test_all_that_is_asked_for_is_in_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "data.csv", SHAPES["anime"].rows())
    main(["init", "--data", "data.csv", "-o", "config.yaml"])
    out = capsys.readouterr().out
    assert "  buyer ID    user_id  (named like the buyer's ID)" in out
    assert "  time        -  (no column contains the time)" in out
    assert "  split       AT RANDOM, without a time: " in out
    assert "warning RG301" in out
    assert "ignore" not in Path("config.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("left_out", "option"),
    [("customer_id", "--buyer-id"), ("product_id", "--product-id")],
)
def test_an_id_that_is_not_found_is_asked_for_by_every_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left_out: str,
    option: str,
) -> None:
    """`init` names the option that answers, and so do `check` and `train` of what it wrote."""
    monkeypatch.chdir(tmp_path)
    shape = SHAPES["popular"].rows()
    kept = {name: values for name, values in shape.items() if name not in (left_out, "order_id")}
    write_csv(tmp_path / "data.csv", kept)
    for command in (
        ["init", "--data", "data.csv", "-o", "config.yaml"],
        ["check", "config.yaml"],
        ["train", "config.yaml", "--data", "data.csv"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 1
        shown = capsys.readouterr()
        assert "recgen init --data" in shown.out + shown.err
        assert f"{option} COLUMN" in shown.out + shown.err


@pytest.mark.parametrize("time_format", ["EXCEL_DAYS", "days since 1960-01-01", "%V/%G"])
def test_init_takes_the_unit_or_the_format_of_times(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    time_format: str,
) -> None:
    """A time that is not read, or in doubt, is refused with the option that answers."""
    monkeypatch.chdir(tmp_path)
    first = {"EXCEL_DAYS": 25_569, "days since 1960-01-01": 3653}.get(time_format)
    rows = SHAPES["popular"].rows()
    del rows["order_date"]
    rows["when"] = [
        first + int(e.time.timestamp()) // 86_400 if first else f"{e.time:%V/%G}" for e in lines()
    ]
    write_csv(tmp_path / "data.csv", rows)
    command = ["init", "--data", "data.csv", "--time", "when", "-o", "config.yaml"]
    with pytest.raises(SystemExit):
        main(command)
    err = capsys.readouterr().err
    assert "--time: column 'when' has" in err
    assert "--time-format" in err
    assert time_format in err
    main([*command, "--time-format", time_format])
    data = recgen.load("config.yaml").data
    assert data.column_types == {"when": time_format}
    assert data.split
    assert (data.split.kind, data.split.date_column) == ("strict_time", "when")
    main(["check", "config.yaml", "--data", "data.csv"])


def test_a_format_of_times_belongs_to_a_column(proposed: Callable[..., Proposal]) -> None:
    for given, said in (
        ({"time_format": "%Y"}, "--time-format: which column has these times?"),
        ({"time": "Created at", "time_format": "DAYS"}, "--time-format 'DAYS': "),
        ({"time": "Created at", "time_format": "%d.%m.%Y"}, "is not a time in the format %d."),
    ):
        with pytest.raises(RecgenError) as error:
            proposed(SHAPES["shopify"].rows(), **given)
        assert said in str(error.value)
