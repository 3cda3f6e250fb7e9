"""Transactions in the shapes of public exports and data sets: their headers, forms and traps.

All values are made up. `EXPECTED` says which columns are the buyer, the product and the time.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

Rows = dict[str, list[Any]]

_FIRST = datetime(2022, 3, 1, 8)
_CITIES = ("Paris", "Lyon", "Lille", "Nantes", "Nice", "Brest", "Metz", "Dijon", "Tours")


@dataclass(frozen=True)
class Line:
    """A line of an order; `n` numbers the rows, `line` the lines within the order."""

    n: int
    order: int
    line: int
    buyer: int
    product: int
    time: datetime
    quantity: int
    price: float
    draw: float


Column = Callable[[Line], object]


@cache
def lines(
    orders: int = 1000,
    buyers: int = 200,
    products: int = 150,
    most: int = 5,
    per_day: float = 4.0,
    seed: int = 0,
) -> tuple[Line, ...]:
    """Return orders of one to `most` lines; low numbers buy, and are bought, more often."""
    draw = random.Random(seed)
    found: list[Line] = []
    for order in range(orders):
        buyer = int(buyers * draw.random() ** 1.4)
        seconds = order * 86_400 / per_day + draw.randrange(int(40_000 / per_day))
        time = _FIRST + timedelta(seconds=int(seconds))
        chosen = {int(products * draw.random() ** 1.4) for _ in range(draw.randint(1, most))}
        for at, product in enumerate(sorted(chosen, key=lambda _: draw.random()), start=1):
            price = round(2.5 + product * 37 % 91 + product % 10 / 10, 2)
            quantity = draw.choice((1, 1, 1, 2, 3, 6, 12))
            found.append(
                Line(
                    *(len(found), order, at, buyer, product, time, quantity, price),
                    draw.random(),
                )
            )
    return tuple(found)


@dataclass(frozen=True)
class Shape:
    """A file: its columns, and which of them are buyer, product and time.

    Attributes:
        columns: The makers of the values, by the columns' names.
        buyer: The buyer's ID; alternatives are separated by `|`.
        product: The product's ID.
        time: The time of the purchase; None if the file has none.
        asked: The roles for which the columns leave a doubt that has to be said.
        world: Arguments of `lines`.
        delimiter: What separates the values of a CSV file.
        refused: The code of the error with which no model is trained.
    """

    columns: dict[str, Column]
    buyer: str
    product: str
    time: str | None
    asked: tuple[str, ...] = ()
    world: tuple[tuple[str, Any], ...] = ()
    delimiter: str = ","
    refused: str = ""

    def rows(self) -> Rows:
        """Return the values of all columns."""
        events = lines(**dict(self.world))
        return {name: [make(event) for event in events] for name, make in self.columns.items()}


def _iso(e: Line) -> str:
    return f"{e.time:%Y-%m-%d %H:%M:%S}"


def _date(e: Line) -> str:
    return f"{e.time:%Y-%m-%d}"


def _epoch(e: Line) -> int:
    return int(e.time.replace(tzinfo=timezone.utc).timestamp())


def _millis(e: Line) -> int:
    return _epoch(e) * 1000 + e.n % 1000


def _micros(e: Line) -> int:
    return _epoch(e) * 1_000_000 + e.n % 1000


def _order(e: Line) -> int:
    return 100_000 + e.order


def _line(e: Line) -> int:
    return e.line


def _buyer(e: Line) -> int:
    return 5000 + 7 * e.buyer


def _email(e: Line) -> str:
    return f"c{e.buyer}@example.com"


def _product(e: Line) -> int:
    return 20_000 + 3 * e.product


def _sku(e: Line) -> str:
    return f"TS-{e.product:04}"


def _title(e: Line) -> str:
    return f"Shirt {e.product} blue"


def _quantity(e: Line) -> int:
    return e.quantity


def _price(e: Line) -> float:
    return e.price


def _amount(e: Line) -> float:
    return round(e.price * e.quantity, 2)


def _city(e: Line) -> str:
    return _CITIES[e.buyer * e.buyer % len(_CITIES)]


def _group(e: Line) -> str:
    return f"group {e.product * e.product % 11}"


def _brand(e: Line) -> str:
    return f"Brand {e.product % 7}"


def _rating(e: Line) -> int:
    return 1 + int(e.draw * 5)


def _hex(value: int, length: int = 64) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:length]


def _buyer_hex(e: Line) -> str:
    return _hex(e.buyer)


def _fixed(value: object) -> Column:
    return lambda e: value


def _of(values: Sequence[object]) -> Column:
    """Return a maker of values that vary by row."""
    return lambda e: values[int(e.draw * len(values))]


def _row(e: Line) -> int:
    return e.n + 1


def _german_date(e: Line) -> str:
    return f"{e.time:%d.%m.%Y}"


def _compact(e: Line) -> str:
    return f"{e.time:%Y%m%d}"


def _api_time(e: Line) -> str:
    return f"{e.time:%a %b %d %H:%M:%S +0000 %Y}"


SHAPES: dict[str, Shape] = {
    "shopify": Shape(
        {
            "Name": lambda e: f"#{1000 + e.order}",
            "Email": _email,
            "Financial Status": _fixed("paid"),
            "Created at": _iso,
            "Lineitem quantity": _quantity,
            "Lineitem name": _title,
            "Lineitem price": _price,
            "Lineitem sku": _sku,
            "Billing City": _city,
            "Vendor": _brand,
            "Id": lambda e: 4_000_000_000_000 + e.order * 32_771,
        },
        *("Email", "Lineitem sku", "Created at"),
    ),
    "shopify_two_emails": Shape(
        {
            "Name": lambda e: f"#{1000 + e.order}",
            "Email": _email,
            "Paid at": _iso,
            "Created at": _iso,
            "Lineitem name": _title,
            "Lineitem sku": lambda e: _sku(e) if e.product % 9 else "",
            "Payment Reference": lambda e: f"c{e.order}.1",
        },
        *("Email", "Lineitem sku", "Created at|Paid at"),
    ),
    "ga4": Shape(
        {
            "event_date": _compact,
            "event_timestamp": _micros,
            "event_name": _of(("purchase", "view_item", "add_to_cart")),
            "user_id": lambda e: _hex(e.buyer, 8) if e.draw < 0.2 else None,
            "user_pseudo_id": lambda e: f"{1_000_000 + e.buyer * 773}.{1_600_000_000 + e.buyer}",
            "ga_session_id": lambda e: 1_640_000_000 + 97 * e.order,
            "item_id": _sku,
            "item_name": _title,
            "item_brand": _brand,
            "price": _price,
            "quantity": _quantity,
        },
        *("user_pseudo_id", "item_id", "event_timestamp"),
    ),
    "ga4_flattened": Shape(
        {
            "event_timestamp": _micros,
            "user_pseudo_id": lambda e: f"{1_000_000 + e.buyer * 773}.{1_600_000_000 + e.buyer}",
            "ecommerce.transaction_id": lambda e: f"T_{e.order}",
            "items.item_id": _sku,
            "items.item_name": _title,
            "items.quantity": _quantity,
            "geo.city": _city,
        },
        *("user_pseudo_id", "items.item_id", "event_timestamp"),
    ),
    "woocommerce": Shape(
        {
            "Order Number": _order,
            "Order Date": _iso,
            "Customer User ID": _buyer,
            "Email (Billing)": _email,
            "City (Billing)": _city,
            "SKU": _sku,
            "Item #": _line,
            "Item Name": _title,
            "Quantity (- Refund)": _quantity,
            "Item Cost": _price,
        },
        *("Customer User ID|Email (Billing)", "SKU", "Order Date"),
    ),
    "woocommerce_lookup": Shape(
        {
            "order_item_id": _row,
            "order_id": _order,
            "product_id": _product,
            "variation_id": _fixed(0),
            "customer_id": _buyer,
            "date_created": _iso,
            "product_qty": _quantity,
            "product_net_revenue": _amount,
        },
        *("customer_id", "product_id", "date_created"),
    ),
    "magento": Shape(
        {
            "item_id": _row,
            "order_id": _order,
            "quote_item_id": lambda e: e.n * 3 + 7,
            "store_id": _fixed(1),
            "created_at": _iso,
            "updated_at": lambda e: f"{e.time + timedelta(days=e.n % 9):%Y-%m-%d %H:%M:%S}",
            "product_id": _product,
            "sku": _sku,
            "name": _title,
            "qty_ordered": lambda e: f"{e.quantity}.0000",
            "price": _price,
            "customer_id": _buyer,
            "customer_email": _email,
            "customer_group_id": lambda e: 1 + e.buyer % 3,
        },
        *("customer_id", "product_id|sku", "created_at"),
    ),
    "amazon_reviews": Shape(
        {
            "reviewerID": lambda e: f"A{_hex(e.buyer, 12).upper()}",
            "asin": lambda e: f"B00{_hex(e.product, 7).upper()}",
            "reviewerName": lambda e: f"Name {e.buyer % 120}",
            "overall": _rating,
            "unixReviewTime": _epoch,
            "summary": lambda e: f"word {e.n % 700}",
        },
        *("reviewerID", "asin", "unixReviewTime"),
    ),
    "amazon_2023": Shape(
        {
            "rating": _rating,
            "title": lambda e: f"what I think {e.n}",
            "asin": lambda e: f"B0{_hex(e.product, 8).upper()}",
            "parent_asin": lambda e: f"B0{_hex(e.product // 2, 8).upper()}",
            "user_id": lambda e: f"AE{_hex(e.buyer, 26).upper()}",
            "timestamp": _millis,
            "helpful_vote": lambda e: int(e.draw * e.draw * 9),
            "verified_purchase": lambda e: e.draw < 0.8,
        },
        *("user_id", "asin|parent_asin", "timestamp"),
    ),
    "movielens": Shape(
        {
            "userId": lambda e: e.buyer + 1,
            "movieId": lambda e: e.product + 1,
            "rating": _rating,
            "timestamp": lambda e: _epoch(e) - 690_000_000,
        },
        *("userId", "movieId", "timestamp"),
    ),
    "instacart": Shape(
        {
            "order_id": _order,
            "user_id": lambda e: e.buyer + 1,
            "eval_set": _fixed("prior"),
            "order_number": lambda e: 1 + e.order % 30,
            "order_dow": lambda e: e.time.weekday(),
            "order_hour_of_day": lambda e: e.time.hour,
            "days_since_prior_order": lambda e: float(e.order * 7 % 31),
            "product_id": lambda e: e.product * 4 + 11,
            "add_to_cart_order": _line,
            "reordered": lambda e: int(e.draw < 0.5),
            "aisle_id": lambda e: e.product % 34,
            "department_id": lambda e: e.product % 34 % 9,
        },
        *("user_id", "product_id", None),
    ),
    "hm": Shape(
        {
            "t_dat": _date,
            "customer_id": _buyer_hex,
            "article_id": lambda e: f"0{108_775_000 + e.product}",
            "price": lambda e: e.price / 1000,
            "sales_channel_id": lambda e: 1 + int(e.draw < 0.6),
        },
        *("customer_id", "article_id", "t_dat"),
    ),
    "retailrocket": Shape(
        {
            "timestamp": _millis,
            "visitorid": _buyer,
            "event": _of(("view", "view", "view", "addtocart", "transaction")),
            "itemid": _product,
            "transactionid": lambda e: e.order if e.draw < 0.1 else None,
        },
        *("visitorid", "itemid", "timestamp"),
    ),
    "dunnhumby": Shape(
        {
            "household_key": lambda e: e.buyer + 1,
            "BASKET_ID": lambda e: 26_984_851_472 + e.order,
            "DAY": lambda e: 1 + (e.time - _FIRST).days,
            "PRODUCT_ID": _product,
            "QUANTITY": _quantity,
            "SALES_VALUE": _amount,
            "STORE_ID": lambda e: 300 + e.buyer % 17,
            "RETAIL_DISC": lambda e: -round(e.draw, 2),
            "TRANS_TIME": lambda e: e.time.hour * 100 + e.time.minute,
            "WEEK_NO": lambda e: 1 + (e.time - _FIRST).days // 7,
        },
        *("household_key", "PRODUCT_ID", None),
    ),
    "online_retail": Shape(
        {
            "Invoice": _order,
            "StockCode": lambda e: f"{20_000 + e.product}{'B' if e.product % 8 == 0 else ''}",
            "Description": lambda e: f"HEART {e.product} HOLDER",
            "Quantity": _quantity,
            "InvoiceDate": _iso,
            "Price": _price,
            "Customer ID": lambda e: f"{12_346 + e.buyer}.0" if e.draw < 0.8 else None,
            "Country": _city,
        },
        *("Customer ID", "StockCode", "InvoiceDate"),
    ),
    "olist": Shape(
        {
            "order_id": lambda e: _hex(e.order, 32),
            "customer_id": lambda e: _hex(e.order + 10**6, 32),
            "order_status": _fixed("delivered"),
            "order_purchase_timestamp": _iso,
            "order_delivered_customer_date": lambda e: str(
                e.time + timedelta(days=5 + e.order % 9)
            ),
            "order_item_id": _line,
            "product_id": lambda e: _hex(e.product + 10**7, 32),
            "seller_id": lambda e: _hex(e.product % 23 + 10**8, 32),
            "shipping_limit_date": lambda e: f"{e.time + timedelta(days=6)}",
            "price": _price,
            "freight_value": lambda e: round(5 + 9 * e.draw, 2),
            "customer_unique_id": lambda e: _hex(e.buyer + 10**9, 32),
            "customer_city": _city,
        },
        *("customer_unique_id", "product_id", "order_purchase_timestamp"),
    ),
    "yoochoose": Shape(
        {
            "Session ID": lambda e: e.order + 1,
            "Timestamp": lambda e: f"{(e.time + timedelta(seconds=40 * e.line)).isoformat()}.351Z",
            "Item ID": lambda e: 214_500_000 + e.product * 13,
            "Category": _of(("0", "0", "S", "1", "2")),
        },
        *("Session ID", "Item ID", "Timestamp"),
        asked=("buyer",),
    ),
    "diginetica": Shape(
        {
            "sessionId": lambda e: e.order + 1,
            "userId": lambda e: e.buyer if e.draw < 0.3 else "NA",
            "itemId": _product,
            "timeframe": lambda e: int(e.draw * 900_000),
            "eventdate": _date,
        },
        *("sessionId|userId", "itemId", "eventdate"),
        asked=("buyer",),
        delimiter=";",
    ),
    "lastfm_1k": Shape(
        {
            "userid": lambda e: f"user_{e.buyer:06}",
            "timestamp": lambda e: f"{e.time:%Y-%m-%dT%H:%M:%SZ}",
            "musicbrainz-artist-id": lambda e: f"a-{_hex(e.product % 40, 20)}",
            "artist-name": lambda e: f"Artist {e.product % 40}",
            "musicbrainz-track-id": lambda e: f"t-{_hex(e.product, 20)}",
            "track-name": lambda e: f"Track {e.product}",
        },
        *("userid", "musicbrainz-track-id", "timestamp"),
        delimiter="\t",
    ),
    "lastfm_360k": Shape(
        {
            "user-mboxsha1": lambda e: _hex(e.buyer, 40),
            "musicbrainz-artist-id": lambda e: f"a-{_hex(e.product, 20)}",
            "artist-name": lambda e: f"Artist {e.product}",
            "plays": lambda e: 1 + int(e.draw * 400),
        },
        *("user-mboxsha1", "musicbrainz-artist-id", None),
        asked=("buyer",),
    ),
    "bookcrossing": Shape(
        {
            "User-ID": lambda e: 276_000 + e.buyer,
            "ISBN": lambda e: f"0{345_417_000 + e.product * 91}",
            "Book-Rating": lambda e: int(e.draw * 11),
        },
        *("User-ID", "ISBN", None),
        delimiter=";",
    ),
    "tafeng": Shape(
        {
            "TRANSACTION_DT": lambda e: f"{e.time.month}/{e.time.day}/{e.time.year}",
            "CUSTOMER_ID": lambda e: f"{1_104_905 + e.buyer:08}",
            "AGE_GROUP": lambda e: ("45-49", "35-39", "30-34", "<25")[e.buyer % 4],
            "PIN_CODE": lambda e: (115, 221, 106, 105)[e.buyer * 3 % 4],
            "PRODUCT_SUBCLASS": lambda e: 110_411 + e.product % 20,
            "PRODUCT_ID": lambda e: 4_710_199_010_372 + e.product,
            "AMOUNT": _quantity,
            "ASSET": lambda e: int(e.price * 0.8) * e.quantity,
            "SALES_PRICE": lambda e: int(e.price) * e.quantity,
        },
        *("CUSTOMER_ID", "PRODUCT_ID", "TRANSACTION_DT"),
    ),
    "sap": Shape(
        {
            "VBELN": lambda e: f"{90_000_000 + e.order:010}",
            "POSNR": lambda e: f"{e.line * 10:06}",
            "ERDAT": _compact,
            "KUNNR": lambda e: f"{100_000 + e.buyer:010}",
            "MATNR": lambda e: f"{70_000 + e.product:018}",
            "ARKTX": _title,
            "MATKL": lambda e: f"{e.product * e.product % 9:03}",
            "WERKS": lambda e: f"{1000 + e.buyer % 2}",
            "KWMENG": _quantity,
            "NETWR": _amount,
            "WAERK": _fixed("EUR"),
        },
        *("KUNNR", "MATNR", "ERDAT"),
    ),
    "german_erp": Shape(
        {
            "Belegnummer": _order,
            "Position": _line,
            "Belegdatum": _date,
            "Kundennummer": _buyer,
            "Kundenname": lambda e: f"Firma {e.buyer} GmbH",
            "PLZ": lambda e: 10_000 + e.buyer % 60,
            "Artikelnummer": _sku,
            "Bezeichnung": _title,
            "Warengruppe": _group,
            "Menge": _quantity,
            "Einzelpreis": _price,
            "Vertreternummer": lambda e: 1 + e.buyer % 30,
        },
        *("Kundennummer", "Artikelnummer", "Belegdatum"),
        delimiter=";",
    ),
    "french": Shape(
        {
            "num_commande": _order,
            "date_commande": _date,
            "code_client": _buyer,
            "ville": _city,
            "référence": _sku,
            "désignation": _title,
            "famille": _group,
            "quantité": _quantity,
            "prix_unitaire": _price,
        },
        *("code_client", "référence", "date_commande"),
    ),
    "spanish": Shape(
        {
            "id_pedido": _order,
            "fecha": _iso,
            "id_cliente": _buyer,
            "ciudad": _city,
            "cod_articulo": _product,
            "descripción": _title,
            "familia": _group,
            "cantidad": _quantity,
            "precio": _price,
        },
        *("id_cliente", "cod_articulo", "fecha"),
    ),
    "dutch": Shape(
        {
            "ordernummer": _order,
            "orderdatum": _date,
            "klantnummer": _buyer,
            "plaats": _city,
            "artikelnummer": _product,
            "omschrijving": _title,
            "aantal": _quantity,
            "prijs": _price,
        },
        *("klantnummer", "artikelnummer", "orderdatum"),
    ),
    "polish": Shape(
        {
            "nr_zamówienia": _order,
            "data_zamówienia": _iso,
            "id_klienta": _buyer,
            "miasto": _city,
            "kod_produktu": _sku,
            "nazwa": _title,
            "ilość": _quantity,
            "cena": _price,
        },
        *("id_klienta", "kod_produktu", "data_zamówienia"),
    ),
    "italian": Shape(
        {
            "numero_ordine": _order,
            "data_ordine": _date,
            "codice_cliente": _buyer,
            "città": _city,
            "codice_articolo": _sku,
            "descrizione": _title,
            "quantità": _quantity,
            "prezzo": _price,
        },
        *("codice_cliente", "codice_articolo", "data_ordine"),
    ),
    "portuguese": Shape(
        {
            "pedido": _order,
            "data_pedido": _date,
            "cod_cliente": _buyer,
            "cidade": _city,
            "cod_produto": _sku,
            "descrição": _title,
            "quantidade": _quantity,
            "preço": _price,
        },
        *("cod_cliente", "cod_produto", "data_pedido"),
    ),
    "swedish": Shape(
        {
            "Ordernr": _order,
            "Orderdatum": _date,
            "Kundnr": _buyer,
            "Ort": _city,
            "Artikelnr": _sku,
            "Benämning": _title,
            "Antal": _quantity,
            "Pris": _price,
        },
        *("Kundnr", "Artikelnr", "Orderdatum"),
    ),
    "danish": Shape(
        {
            "Ordrenr": _order,
            "Ordredato": _date,
            "Kundenr": _buyer,
            "By": _city,
            "Varenr": _sku,
            "Varetekst": _title,
            "Antal": _quantity,
            "Pris": _price,
        },
        *("Kundenr", "Varenr", "Ordredato"),
    ),
    "turkish": Shape(
        {
            "siparis_no": _order,
            "tarih": _date,
            "musteri_no": _buyer,
            "urun_kodu": _sku,
            "urun_adi": _title,
            "miktar": _quantity,
            "fiyat": _price,
        },
        *("musteri_no", "urun_kodu", "tarih"),
    ),
    "russian": Shape(
        {
            "Номер заказа": _order,
            "Дата": _date,
            "Код клиента": _buyer,
            "Артикул": _sku,
            "Наименование": _title,
            "Количество": _quantity,
            "Цена": _price,
        },
        *("Код клиента", "Артикул", "Дата"),
    ),
    "chinese": Shape(
        {
            "订单号": _order,
            "用户ID": _buyer,
            "商品ID": _product,
            "商品类目ID": lambda e: e.product * e.product % 13,
            "数量": _quantity,
            "价格": _price,
            "时间": _iso,
        },
        *("用户ID", "商品ID", "时间"),
    ),
    "tmall": Shape(
        {
            "user_id": _buyer,
            "item_id": _product,
            "behavior_type": _of((1, 1, 1, 2, 3, 4)),
            "user_geohash": lambda e: _hex(e.buyer % 40, 7) if e.draw < 0.4 else None,
            "item_category": lambda e: 4000 + e.product % 30,
            "time": lambda e: f"{e.time:%Y-%m-%d %H}:00:00",
        },
        *("user_id", "item_id", "time"),
    ),
    "yelp": Shape(
        {
            "review_id": lambda e: _hex(e.n, 22),
            "user_id": lambda e: _hex(e.buyer + 10**6, 22),
            "business_id": lambda e: _hex(e.product + 10**7, 22),
            "stars": _rating,
            "useful": lambda e: int(e.draw * e.draw * 5),
            "date": _iso,
        },
        *("user_id", "business_id", "date"),
    ),
    "anime": Shape(
        {"user_id": _buyer, "anime_id": _product, "rating": _rating},
        *("user_id", "anime_id", None),
    ),
    "gowalla": Shape(
        {
            "user": lambda e: e.buyer,
            "check-in time": lambda e: f"{e.time:%Y-%m-%dT%H:%M:%SZ}",
            "latitude": lambda e: 30 + e.product % 97 / 7,
            "longitude": lambda e: -97 - e.product % 89 / 9,
            "location id": _product,
        },
        *("user", "location id", "check-in time"),
    ),
    "otto_log": Shape(
        {
            "session": lambda e: e.order,
            "aid": _product,
            "ts": lambda e: _millis(e) + 60_000 * e.line,
            "type": _of(("clicks", "clicks", "clicks", "carts", "orders")),
        },
        *("session", "aid", "ts"),
        asked=("buyer", "product"),
    ),
    "rees46": Shape(
        {
            "event_time": lambda e: f"{e.time:%Y-%m-%d %H:%M:%S} UTC",
            "event_type": _of(("view", "cart", "purchase")),
            "product_id": _product,
            "category_id": lambda e: 2_053_013_555_631_882_655 + e.product % 19,
            "category_code": lambda e: ("electronics.phone", "home.bed", "auto.oil")[e.product % 3],
            "brand": _brand,
            "price": _price,
            "user_id": _buyer,
            "user_session": lambda e: _hex(e.order, 32),
        },
        *("user_id", "product_id", "event_time"),
    ),
    "kkbox": Shape(
        {
            "msno": lambda e: _hex(e.buyer, 44),
            "song_id": lambda e: _hex(e.product + 10**6, 44),
            "source_system_tab": _of(("explore", "my library", "search")),
            "target": lambda e: int(e.draw < 0.5),
        },
        *("msno", "song_id", None),
        asked=("buyer",),
    ),
    "b2b": Shape(
        {
            "Sold-To": lambda e: f"C{e.buyer:05}",
            "Material": lambda e: f"M-{e.product:06}",
            "Sales Document": _order,
            "Item": lambda e: e.line * 10,
            "Billing Date": _date,
            "Order Quantity": lambda e: e.quantity * 100,
            "Net Value": _amount,
            "Plant": lambda e: 1000 + e.buyer % 3,
        },
        *("Sold-To", "Material", "Billing Date"),
    ),
    "b2b_accounts": Shape(
        {
            "AccountNumber": lambda e: f"AW{e.buyer:08}",
            "SalesOrderNumber": lambda e: f"SO{43_659 + e.order}",
            "SalesOrderLineNumber": _line,
            "ProductKey": _product,
            "OrderDate": _iso,
            "DueDate": lambda e: f"{e.time + timedelta(days=12)}",
            "ShipDate": lambda e: f"{e.time + timedelta(days=7)}",
            "OrderQuantity": _quantity,
            "UnitPrice": _price,
            "SalesTerritoryKey": lambda e: 1 + e.buyer % 10,
        },
        *("AccountNumber", "ProductKey", "OrderDate"),
    ),
    "square": Shape(
        {
            "Date": _date,
            "Time": lambda e: f"{e.time:%H:%M:%S}",
            "Item": _title,
            "Qty": _quantity,
            "SKU": _sku,
            "Gross Sales": _amount,
            "Transaction ID": lambda e: _hex(e.order, 22),
            "Payment ID": lambda e: _hex(e.order + 10**6, 22),
            "Customer ID": lambda e: _hex(e.buyer + 10**7, 26) if e.draw < 0.7 else "",
            "Customer Name": lambda e: f"Name {e.buyer}" if e.draw < 0.7 else "",
        },
        *("Customer ID", "SKU", "Date"),
    ),
    "stripe": Shape(
        {
            "id": lambda e: f"il_{_hex(e.n, 20)}",
            "Invoice ID": lambda e: f"in_{e.order}",
            "Customer ID": lambda e: f"cus_{_hex(e.buyer, 14)}",
            "Price ID": lambda e: f"price_{_hex(e.product, 14)}",
            "Product ID": lambda e: f"prod_{_hex(e.product, 14)}",
            "Created (UTC)": _iso,
            "Amount": _amount,
        },
        *("Customer ID", "Product ID", "Created (UTC)"),
    ),
    "popular": Shape(
        {
            "order_id": _order,
            "customer_id": _buyer,
            "product_id": lambda e: 20_000 if e.n % 8 == 0 else _product(e),
            "order_date": _iso,
        },
        *("customer_id", "product_id", "order_date"),
    ),
    "popular_unnamed": Shape(
        {
            "a": _buyer,
            "b": lambda e: "P0" if e.n % 8 == 0 else f"P{e.product}",
            "c": _iso,
            "d": _quantity,
        },
        *("a", "b", "c"),
        asked=("buyer", "product"),
    ),
    "few_buyers": Shape(
        {"store_customer": _buyer, "item": _sku, "day": _date, "units": _quantity},
        *("store_customer", "item", "day"),
        asked=("buyer",),
        world=(("buyers", 8),),
    ),
    "ten_products": Shape(
        {"client": _email, "plan_code": lambda e: f"plan-{e.product}", "start": _iso},
        *("client", "plan_code", "start"),
        world=(("products", 10),),
    ),
    "once": Shape(
        {"customer_id": lambda e: 1000 + e.n, "product_id": _product, "order_date": _iso},
        *("customer_id", "product_id", "order_date"),
        asked=("buyer",),
        refused="RG508",
    ),
    "guests": Shape(
        {
            "customer_id": lambda e: "guest" if e.draw < 0.3 else _buyer(e),
            "product_id": _sku,
            "order_date": _iso,
        },
        *("customer_id", "product_id", "order_date"),
    ),
    "line_numbers": Shape(
        {
            "item_no": _line,
            "item_number": _sku,
            "quantity": _quantity,
            "cust_no": _buyer,
            "order_no": _order,
            "ship_to_no": lambda e: e.buyer * 2 + e.order % 2,
            "posting_date": _date,
        },
        *("cust_no", "item_number", "posting_date"),
    ),
    "title_only": Shape(
        {"date": _iso, "customer": _email, "description": _title, "price": _price},
        *("customer", "description", "date"),
        asked=("product",),
    ),
    "goodreads": Shape(
        {
            "user_id": lambda e: _hex(e.buyer, 32),
            "book_id": lambda e: 18_245_960 + e.product,
            "review_id": lambda e: _hex(e.n + 10**6, 32),
            "is_read": lambda e: str(e.draw < 0.7).lower(),
            "rating": _rating,
            "review_text_incomplete": lambda e: f"word {e.n}" if e.draw < 0.3 else "",
            "date_added": _api_time,
            "date_updated": _api_time,
            "read_at": lambda e: _api_time(e) if e.draw < 0.3 else "",
        },
        *("user_id", "book_id", "date_added|date_updated"),
    ),
    "foursquare": Shape(
        {
            "User ID": _buyer,
            "Venue ID": lambda e: _hex(e.product, 24),
            "Venue category name": _group,
            "Latitude": lambda e: 40 + e.product % 97 / 700,
            "Longitude": lambda e: -74 - e.product % 89 / 900,
            "Timezone offset in minutes": lambda e: -240 - 60 * (e.product % 2),
            "UTC time": _api_time,
        },
        *("User ID", "Venue ID", "UTC time"),
    ),
    "hetrec_lastfm": Shape(
        {
            "userID": _buyer,
            "artistID": _product,
            "tagID": lambda e: int(e.draw * 40),
            "day": _fixed(1),
            "month": lambda e: e.time.month,
            "year": lambda e: e.time.year,
        },
        *("userID", "artistID", None),
        delimiter="\t",
    ),
    "dunnhumby_sort_of_real": Shape(
        {
            "SHOP_WEEK": lambda e: f"{e.time:%Y%W}",
            "SHOP_DATE": _compact,
            "SHOP_HOUR": lambda e: e.time.hour,
            "QUANTITY": _quantity,
            "SPEND": _amount,
            "PROD_CODE": lambda e: f"PRD090{e.product:04}",
            "PROD_CODE_10": lambda e: f"CL{e.product % 20:05}",
            "CUST_CODE": lambda e: f"CUST{e.buyer:010}" if e.draw < 0.8 else "",
            "CUST_PRICE_SENSITIVITY": lambda e: ("LA", "MM", "UM", "XX")[e.buyer % 4],
            "BASKET_ID": lambda e: 994_100_000_000_000 + e.order,
            "BASKET_TYPE": lambda e: ("Top Up", "Full Shop")[e.order % 2],
            "STORE_CODE": lambda e: f"STORE{e.buyer % 7:05}",
        },
        *("CUST_CODE", "PROD_CODE", "SHOP_DATE"),
    ),
    "mindbody": Shape(
        {
            "Client ID": lambda e: 100_000_000 + e.buyer,
            "Sale Date": lambda e: f"{e.time.month}/{e.time.day}/{e.time:%Y %I:%M:%S %p}",
            "Sale ID": _order,
            "Item name": lambda e: f"Class {e.product}",
            "Item Total": lambda e: f"${_amount(e):,.2f}",
            "Quantity": _quantity,
            "Location": _city,
        },
        *("Client ID", "Item name", "Sale Date"),
    ),
    "sap_german": Shape(
        {
            "Verkaufsbeleg": lambda e: 90_000_000 + e.order,
            "Position": lambda e: e.line * 10,
            "Belegdatum": _german_date,
            "Auftraggeber": lambda e: 100_000 + e.buyer,
            "Material": lambda e: 70_000 + e.product,
            "Auftragsmenge": lambda e: f"{e.quantity},000",
        },
        *("Auftraggeber", "Material", "Belegdatum"),
        delimiter=";",
    ),
    "dataverse": Shape(
        {
            "salesorderdetailid": lambda e: _hex(e.n, 32),
            "_salesorderid_value": lambda e: _hex(e.order + 10**6, 32),
            "_customerid_value": lambda e: _hex(e.buyer + 10**7, 32),
            "_productid_value": lambda e: _hex(e.product + 10**8, 32),
            "createdon": lambda e: f"{e.time:%Y-%m-%dT%H:%M:%SZ}",
            "quantity": _quantity,
        },
        *("_customerid_value", "_productid_value", "createdon"),
    ),
    "jd_edwards": Shape(
        {
            "Order Number": _order,
            "Line Number": lambda e: e.line * 1000,
            "Address Number": _buyer,
            "2nd Item Number": lambda e: f"220-{e.product}",
            "Order Date": lambda e: f"1{e.time:%y%j}",
            "Amount": _amount,
        },
        *("Address Number", "2nd Item Number", "Order Date"),
        asked=("buyer",),
    ),
    "as_400": Shape(
        {
            "CUSTNO": _buyer,
            "ITEMNO": _sku,
            "ORDDATE": lambda e: f"1{e.time:%y%m%d}",
            "QTYORD": _quantity,
        },
        *("CUSTNO", "ITEMNO", "ORDDATE"),
    ),
    "mainframe": Shape(
        {
            "cust_no": _buyer,
            "item_no": _sku,
            "order_date": lambda e: f"{e.time:%Y%j}",
            "design_no": lambda e: 2_022_000 + e.product,
        },
        *("cust_no", "item_no", "order_date"),
    ),
    "sap_odata": Shape(
        {
            "SoldToParty": lambda e: f"{100_000 + e.buyer:010}",
            "Material": lambda e: f"{70_000 + e.product:018}",
            "CreationDate": lambda e: f"/Date({_epoch(e)}000)/",
        },
        *("SoldToParty", "Material", "CreationDate"),
    ),
    "digits_without_zeros": Shape(
        {
            "cust_no": _buyer,
            "item_no": _sku,
            "inv_date": lambda e: f"{e.time.day}{e.time:%m%Y}",
        },
        *("cust_no", "item_no", "inv_date"),
    ),
    "fiscal_periods": Shape(
        {
            "customer": _buyer,
            "material": _sku,
            "posting_date": lambda e: f"{e.time:%Y}0{e.time:%m}",
        },
        *("customer", "material", "posting_date"),
    ),
    "yambda": Shape(
        {
            "uid": lambda e: 100 * e.buyer,
            "timestamp": lambda e: e.order * 5,
            "item_id": _product,
            "is_organic": lambda e: int(e.draw < 0.5),
            "played_ratio_pct": lambda e: int(e.draw * 100),
        },
        *("uid", "item_id", None),
    ),
    "twitch": Shape(
        {
            "user_id": _buyer,
            "stream_id": lambda e: 33_842_865_744 + e.n,
            "streamer": lambda e: f"streamer{e.product}",
            "time_start": lambda e: e.n // 2,
            "time_stop": lambda e: e.n // 2 + 3,
        },
        *("user_id", "streamer", None),
        asked=("product",),
    ),
    "xero": Shape(
        {
            "*ContactName": lambda e: f"Firm {e.buyer}",
            "*InvoiceNumber": lambda e: f"INV-{e.order}",
            "*InvoiceDate": lambda e: f"{e.time:%d/%m/%Y}",
            "InventoryItemCode": _sku,
            "*Quantity": lambda e: f"{e.quantity}.0000",
            "*AccountCode": _fixed(200),
        },
        *("*ContactName", "InventoryItemCode", "*InvoiceDate"),
        asked=("buyer",),
    ),
    "matomo": Shape(
        {
            "idvisitor": lambda e: _hex(e.buyer, 16),
            "server_time": _iso,
            "idvisit": lambda e: 90_000 + e.order,
            "idorder": lambda e: f"W{e.order}",
            "idaction_sku": lambda e: 4000 + e.product,
            "idaction_category": lambda e: 300 + e.product % 9,
            "price": _price,
            "quantity": _quantity,
            "deleted": _fixed(0),
        },
        *("idvisitor", "idaction_sku", "server_time"),
        delimiter="\t",
    ),
    "business_central": Shape(
        {
            "Document No.": lambda e: f"103{e.order:04}",
            "Line No.": lambda e: e.line * 10_000,
            "Sell-to Customer No.": _buyer,
            "Type": _fixed("Item"),
            "No.": lambda e: f"{1000 + e.product}-S",
            "Description": _title,
            "Location Code": lambda e: ("EAST", "WEST", "")[e.order % 3],
            "Quantity": _quantity,
            "Posting Date": lambda e: f"{e.time:%d/%m/%y}",
        },
        *("Sell-to Customer No.", "No.|Description|Location Code", "Posting Date"),
        asked=("product",),
    ),
    "valued_shoppers": Shape(
        {
            "id": lambda e: 86_246 + e.buyer * 37,
            "dept": lambda e: e.product // 10,
            "category": lambda e: 700 + e.product // 3,
            "company": lambda e: 107_000_000 + e.product % 30 * 100,
            "brand": lambda e: 800 + e.product % 40,
            "date": _date,
            "productsize": lambda e: 1 + e.product % 20 / 2,
            "productmeasure": lambda e: ("OZ", "CT", "LB")[e.product % 3],
            "purchaseamount": _amount,
        },
        *("id", "category|company|brand", "date"),
        asked=("buyer", "product"),
    ),
    "elo": Shape(
        {
            "authorized_flag": lambda e: "Y" if e.draw < 0.9 else "N",
            "card_id": lambda e: f"C_ID_{_hex(e.buyer, 10)}",
            "merchant_category_id": lambda e: e.product % 30,
            "product_id": lambda e: f"M_ID_{_hex(e.product + 9**9, 10)}",
            "purchase_amount": lambda e: round(-0.7 + e.draw / 5, 8),
            "purchase_date": _iso,
        },
        *("card_id", "product_id", "purchase_date"),
        asked=("buyer",),
    ),
    "sap_business_one": Shape(
        {
            "DocNum": _order,
            "LineNum": lambda e: e.line - 1,
            "DocDate": _iso,
            "DocDueDate": lambda e: f"{e.time + timedelta(days=30 + e.order % 5):%Y-%m-%d}",
            "CardCode": lambda e: f"C{e.buyer:05}",
            "CardName": lambda e: f"Firm {e.buyer}",
            "ItemCode": _sku,
            "Dscription": _title,
            "Quantity": _quantity,
            "LineTotal": _amount,
        },
        *("CardCode", "ItemCode", "DocDate"),
    ),
    "odoo": Shape(
        {
            "id": _row,
            "order_id": _order,
            "partner_id": _buyer,
            "partner_shipping_id": lambda e: 9000 + e.buyer * 2 + e.order % 2,
            "user_id": lambda e: 2 + e.buyer % 7,  # who sells
            "product_id": _product,
            "product_uom_qty": _quantity,
            "price_subtotal": _amount,
            "date_order": _iso,
        },
        *("partner_id", "product_id", "date_order"),
    ),
    "salesforce": Shape(
        {
            "Account ID": lambda e: f"0015g{_hex(e.buyer, 10)}",
            "Opportunity ID": lambda e: f"0065g{_hex(e.order, 10)}",
            "Created Date": lambda e: f"{e.time - timedelta(days=e.order * 7 % 60):%Y-%m-%d}",
            "Close Date": _date,
            "Product Code": _sku,
            "Quantity": _quantity,
        },
        *("Account ID", "Product Code", "Close Date|Created Date"),
    ),
    "hubspot": Shape(
        {
            "Deal ID": _order,
            "Deal Name": lambda e: f"renewal {e.order}",
            "Close Date": _iso,
            "Associated Company IDs": _buyer,
            "Associated Contact IDs": lambda e: 51 + e.buyer * 2 + e.order % 2,
            "SKU": _sku,
        },
        *("Associated Contact IDs|Associated Company IDs", "SKU", "Close Date"),
        asked=("buyer",),
    ),
    "japanese": Shape(
        {
            "受注番号": _order,
            "受注日": lambda e: f"{e.time:%Y/%m/%d}",
            "納期": lambda e: f"{e.time + timedelta(days=3 + e.order % 30):%Y/%m/%d}",
            "得意先コード": lambda e: f"{1000 + e.buyer:06}",
            "得意先名": lambda e: f"会社{e.buyer}",
            "担当者コード": lambda e: e.buyer % 40,
            "商品コード": _sku,
            "数量": _quantity,
        },
        *("得意先コード", "商品コード", "受注日"),
    ),
    "korean": Shape(
        {
            "전표번호": _order,
            "일자": lambda e: f"{e.time:%Y/%m/%d}",
            "납기일자": lambda e: f"{e.time + timedelta(days=3 + e.order % 30):%Y/%m/%d}",
            "거래처코드": _buyer,
            "품목코드": _sku,
            "수량": _quantity,
        },
        *("거래처코드", "품목코드", "일자"),
    ),
    "protheus": Shape(
        {
            "D2_DOC": lambda e: f"{e.order:09}",
            "D2_ITEM": lambda e: f"{e.line:02}",
            "D2_COD": lambda e: f"PA{e.product:06}",
            "D2_CLIENTE": lambda e: f"{e.buyer:06}",
            "D2_EMISSAO": _compact,
            "D2_QUANT": _quantity,
        },
        *("D2_CLIENTE", "D2_COD", "D2_EMISSAO"),
        asked=("product",),
        delimiter=";",
    ),
    "oracle": Shape(
        {
            "HEADER_ID": _order,
            "LINE_ID": _row,
            "ORDERED_DATE": lambda e: f"{e.time:%d-%b-%y}".upper(),
            "INVENTORY_ITEM_ID": _product,
            "SOLD_TO_ORG_ID": _buyer,
            "SHIP_TO_ORG_ID": lambda e: 9000 + e.buyer * 2 + e.order % 2,
            "SALESREP_ID": lambda e: 100 + e.buyer % 9,
        },
        *("SOLD_TO_ORG_ID", "INVENTORY_ITEM_ID", "ORDERED_DATE"),
    ),
    "dynamics_fo": Shape(
        {
            "SALESORDERNUMBER": lambda e: f"SO-{e.order:06}",
            "ITEMNUMBER": _sku,
            "ORDERINGCUSTOMERACCOUNTNUMBER": lambda e: f"US-{e.buyer:03}",
            "ORDERCREATIONDATETIME": _iso,
            "SHIPPINGWAREHOUSEID": lambda e: 10 + e.buyer % 5,
        },
        *("ORDERINGCUSTOMERACCOUNTNUMBER", "ITEMNUMBER", "ORDERCREATIONDATETIME"),
    ),
    "dataco": Shape(
        {
            "Customer Id": _buyer,
            "Order Customer Id": _buyer,
            "Order Item Cardprod Id": _product,
            "order date (DateOrders)": lambda e: f"{e.time:%m/%d/%Y %H:%M}",
            "Order Status": _of(("COMPLETE", "PENDING", "CANCELED")),
            "Product Name": _title,
            "Product Card Id": _product,
        },
        *("Customer Id", "Product Card Id", "order date (DateOrders)"),
    ),
    "mixpanel": Shape(
        {
            "time": _epoch,
            "distinct_id": lambda e: f"$device:{_hex(e.buyer, 16)}",
            "$insert_id": lambda e: _hex(e.n, 16),
            "mp_processing_time_ms": lambda e: _millis(e) + 4000,
            "Product ID": _sku,
        },
        *("distinct_id", "Product ID", "time"),
        asked=("buyer",),
    ),
    "beeradvocate": Shape(
        {
            "brewery_id": lambda e: e.product // 6,
            "review_time": _epoch,
            "review_overall": _rating,
            "review_profilename": lambda e: f"beer{e.buyer}",
            "beer_beerid": _product,
        },
        *("review_profilename", "beer_beerid", "review_time"),
    ),
}
