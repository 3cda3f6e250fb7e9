"""Words in column names, by subject, in the languages of the shops that export them."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from recgen.data.words import fold

Subject = Literal[
    "buyer", "product", "visit", "firm", "thing", "purchase", "group", "party", "title", "measure"
]
"""What a word is about.

`visit` (session, device) and `firm` (dealer, pharmacy) stand for a buyer, and `thing` (place, plan)
for a product, where nothing better is there. `party` is somebody else, such as the seller.
"""


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded: Hangul and kana, too, are compared in parts."""
    return tuple(map(fold, text.split()))


# Beginnings of words, without accents. The longest one that fits a word decides.
_STEMS: dict[Subject, str] = {
    "buyer": """
        customer cust buyer user usr client member account visitor shopper household subscriber
        reviewer patron email consumer viewer listener player learner student patient soldto billto
        username nickname kund kaufer kaeufer nutzer benutzer benutzername besteller mitglied
        debitor auftraggeber kunnr kunag acheteur utilisateur adherent cliente comprador usuario
        socio utente acquirente klant afnemer gebruiker klient nabywc uzytkown kontrahent zakaznik
        odberatel asiakas ugyfel vasarlo musteri kullanici клиент покупател пользовател контрагент
        uid заказчик πελατ 用户 用戶 顾客 顧客 客户 客戶 会员 会員 買家 买家 고객 회원 사용자
        partner geschaftspartner cardcode profile profilename screenname 得意先 取引先
        거래처 往来单位
        guest passenger traveler traveller donor borrower policyholder cardholder tenant attendee
        participant fan gamer reader watcher pupil citizen msisdn pelanggan pembeli khach
        cumparator kupac odjemalec klijent pirkejas pircejs ostja huesped paciente kh
        ลูกค้า عميل العميل לקוח مشتری ग्राहक
        """,
    "product": """
        product prod item sku article stock asin ean gtin isbn upc plu mpn barcode movie film book
        track song recipe merchandise material matnr goods artikel produkt ware vare produit
        producto articulo prodotto articolo produto artigo towar zbozi vyrobek tuote termek urun
        malzeme товар артикул продукт номенклатур προιον 商品 产品 產品 货品 상품 품목 lineitem
        品番 品目 製品 货号 料号 物料
        drug medicine medikament arznei ersatzteil teilenummer teilenr isin ndc isrc issn
        barang produk pzn sanpham izdelek proizvod produs artikull prece preke toode hang sp
        สินค้า منتج المنتج מוצר کالا उत्पाद
        """,
    "visit": "session sitzung device cookie browser fingerprint visit card karte",
    "firm": """
        dealer distributor reseller retailer wholesaler pharmacy apotheke farmacia pharmacie clinic
        hospital debtor practice institution municipality
        """,
    "thing": """
        business artist anime game app course video show episode content news post page url listing
        hotel restaurant venue poi place location property job playlist album podcast program
        service plan offer deal beer wine dish food ad creative part variant variation bundle
        destination clip story paper lesson referenc ref kit model serie title tariff tarif fund
        station workout webinar concert lecture treatment vacancy tour exhibition
        """,
    "purchase": """
        order invoice transaction transac trans txn basket cart receipt purchase checkout booking
        tracking shipment payment quote opportunit ticket sale line row index event review document
        record shipto bestell rechnung auftrag beleg transaktion kauf warenkorb position posnr
        vbeln ebeln
        commande facture panier achat ligne pedido factura compra venta linea ordine fattura vendita
        riga encomenda venda fatura linha zamowien faktur paragon transakcj objednavk ordre bon
        verkauf buchung
        bestilling siparis fis satis заказ чек счет строк 订单 訂單 注文 주문 bestelling 受注 売上
        伝票 購入 购买 销售 판매 매출 전표 거래일 行番号 下单 付款 支付 成交
        """,
    "group": """
        group categor cat type class subclass brand family segment region country city status state
        zip postal plz store shop department aisle warehouse plant channel territory campaign
        currency tax lot batch chain gruppe kategorie marke land ort filial abteilung warengruppe
        werk matkl laden sparte famille familia famiglia rayon magasin marque pays ville categorie
        pais ciudad provincia tienda marca citta negozio cidade loja kategori grup miasto kraj
        table tisch room zimmer till register kasse caja
        nhom chargen charge cabang gudang
        winkel plaats filiaal категори групп город страна магазин бренд 类目 类别 品牌 分类 店铺
        分類 店舗 倉庫 仓库 창고 분류
        """,
    "party": """
        seller merchant vendor supplier shipper carrier employee staff salesperson salesman rep
        server waiter barista kellner camarero serveur rider
        agent cashier driver courier manager vertreter verkaufer lieferant mitarbeiter fournisseur
        vendeur caissier proveedor vendedor empleado fornitore venditore fornecedor leverancier
        verkoper dostawc sprzedaw поставщик продав 卖家 供应商 판매자 担当 業務員 业务员 담당 仕入先
        """,
    "title": """
        name title titel description desc bezeichnung beschreibung text label tekst nom libelle
        designation nombre titulo descripcion descrizione nome descricao omschrijving naam nazw opis
        benamning navn adi ime наименован названи описан 名称 标题 이름 名
        품명 品名 规格 규격 摘要 备注 備考 comment note summary
        image img photo picture thumbnail avatar
        """,
    "measure": """
        quantity qty amount amt price cost count total sum subtotal discount disc revenue margin
        value rate rating score star age weight height width length size volume balance percent
        rank unit menge anzahl preis betrag wert gewicht alter umsatz kwmenge netwr fkimg quantite
        prix montant total cantidad precio importe quantita prezzo importo quantidade preco valor
        aantal prijs bedrag ilosc cena kwota wartosc antal pris belob mnozstvi miktar fiyat tutar
        seconds sec minute mins depth distance kwh dwell mileage odometer points
        jumlah harga luong gia tien kolicin cijena iznos cantitat pret valoare kpl hinta
        darab koguse daudzum kiekis uds stk pcs
        количеств цена сумм 数量 价格 金额 単価 单价 金額 수량 가격 단가 금액 가액 vote hour dow
        year month week latitude longitude lat lon lng duration play pct ratio measure
        """,
}
# Words that fit only as a whole: as beginnings they would fit too much.
_WHOLE = frozenset(listed("""
        ad app cat ref rep row line bon fis lot kit lat lon lng age ort land show page post part
        table room till register server
        disc ware poi plan game place state unit rate star rank sum note text type value prod
        index song book track film plu mpn amt dow play hour year month week size uid pct fan
        sec mins uds stk pcs kpl pret charge prece points fund pzn ndc
        kh hang sp gia tien luong nhom
        """))
# Ends of compounds of the buyer (invoiceaccount), which a shorter word (count) would hide, and what
# may follow: ORDERINGCUSTOMERACCOUNTNUMBER.
_LAST = ("account", "customer", "client")
_ID_ENDING = re.compile(r"(id|no|nr|number|code|key)$")
_LEVELS = listed("sub super main unter ober haupt sous sotto")  # of groups, as in subcategory
_INNER = 4  # letters from which a stem may be a later part of a compound, as in Warengruppe
_LONG = 8  # letters of a word from which on it may be a compound


def _subjects() -> dict[str, Subject]:
    return {stem: subject for subject, stems in _STEMS.items() for stem in listed(stems)}


_SUBJECTS = _subjects()
_LONGEST = max(map(len, _SUBJECTS))


@cache
def subject_of(word: str) -> Subject | None:
    """Return what a folded word is about; None if it is not known."""
    found = _beginning(word)
    if found is None:  # as in idvisitor, idcliente
        glued = has_glued_id(word) and _beginning(word[2:])
        return _SUBJECTS[glued] if glued else _group_of_level(word)
    is_compound = len(word) >= _LONG or is_ideographic(word[-1])
    inner = _inner(word, len(found)) if is_compound else None
    return inner or _SUBJECTS[found]


def _group_of_level(word: str) -> Subject | None:
    """Return `group` for a group of another level, such as `subcategory`."""
    rests = [word[len(level) :] for level in _LEVELS if word.startswith(level)]
    is_group = any(stem and _SUBJECTS[stem] == "group" for stem in map(_beginning, rests))
    return "group" if is_group else None


def is_compound_of_buyer(word: str) -> bool:
    """Return whether a word is a property of the buyer in one word, such as Kundengruppe."""
    start = _beginning(word)
    is_of_buyer = start is not None and _SUBJECTS[start] == "buyer"
    return is_of_buyer and subject_of(word) in ("group", "title", "measure")


def has_glued_id(word: str) -> bool:
    """Return whether a word begins with `id`, and the rest says of what."""
    return word.startswith("id") and len(word) > _INNER and _beginning(word[2:]) is not None


def is_ideographic(character: str) -> bool:
    """Return whether a character is of a script that sets no spaces between words."""
    return character >= "\u2e80"


def _beginning(word: str) -> str | None:
    """Return the longest stem with which a word begins; a plural is as good as a whole word."""
    for length in range(min(len(word), _LONGEST), 0, -1):
        stem = word[:length]
        if stem in _SUBJECTS and (stem not in _WHOLE or word in (stem, f"{stem}s", f"{stem}id")):
            return stem
    return None


def _inner(word: str, start: int) -> Subject | None:
    """Return what the rest of a compound says against its beginning, if it does."""
    if _ID_ENDING.sub("", word).endswith(_LAST):
        return "buyer"
    least = 1 if is_ideographic(word[-1]) else _INNER
    for at in range(start, len(word) - least + 1):
        for length in range(len(word) - at, least - 1, -1):
            subject = _SUBJECTS.get(word[at : at + length])
            if subject in ("purchase", "group", "title", "measure"):
                return subject
    return None
