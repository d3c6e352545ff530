"""docs/money-example.md, done by the market itself: every figure of its tables, to the fen."""

import uuid
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Sum

from common.clock import utc_now
from common.money import yuan_text
from ledger.models import LedgerEntry
from ledger.selectors import balance_of, trial_balance
from livestreams.services.timing_deals import watch_deals
from livestreams.sources import make_source
from orders.models import Order, OrderGroup, OrderLine, RefundRequest
from orders.services.asking_back import WantedBack
from orders.services.judging import approve_case
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from payments import gateways
from payments.services.receiving import receive_callback
from payments.services.refunding import execute_refund
from payments.services.starting import start_payment
from payouts.models import Payout, PayoutStatement
from payouts.services.paying import approve_payout, mark_paid
from tests.factories.cases import ask
from tests.factories.coupons import make_campaign, make_coupon
from tests.factories.livestreams import NOW, add_to_rundown, make_deal, make_pin, make_session
from tests.factories.lots import bring, make_pool
from tests.factories.payouts import close_week
from tests.factories.runs import make_account
from tests.factories.shops import authorize_shop, make_farmer, make_product
from tests.payments.machine.provider import SIGNED, Purse

pytestmark = pytest.mark.django_db

PAGE = Path(settings.BASE_DIR) / "docs" / "money-example.md"


class Example:
    """The people of the page; what they do goes through the services."""

    def __init__(self, market, mei, arun, purse: Purse) -> None:
        self.market, self.mei, self.arun, self.purse = market, mei, arun, purse
        self.pema = make_farmer(village=market.village, name="白玛")
        authorize_shop(farmer=self.pema, shop=market.shop)
        product = make_product(shop=market.shop, farmer=self.pema, title="蜂蜜", price_fen=12_999)
        self.flour = make_pool(shop=market.shop, actor=mei, now=utc_now(), price_fen=3_333, title="面粉")
        for farmer, bags in ((market.farmer, 3), (self.pema, 2)):
            bring(actor=mei, variant=self.flour, farmer=farmer, quantity=bags, now=utc_now())
        self.barley, self.honey = market.variant, product.variants.get()
        self.session = make_session(host=market.host, shop=market.shop)
        self.item = add_to_rundown(session=self.session, variant=self.barley, host_commission_bp=500)

    def buy(
        self, *lines: WantedLine, now: datetime, source: str = "", coupon: int | None = None
    ) -> OrderGroup:
        """Place, pay at the provider, send and receive."""
        answer, _ = place_order(
            buyer=self.arun, lines=lines, address_id=self.market.address.pk, source=source,
            idempotency_key=uuid.uuid4(), now=utc_now(), coupon_id=coupon,
        )  # fmt: skip
        group = OrderGroup.objects.get(pk=answer["group"])
        payment, _ = start_payment(
            buyer=self.arun, group_id=group.pk, gateway="sandbox", idempotency_key=uuid.uuid4(),
            origin="https://market.example", now=utc_now(),
        )  # fmt: skip
        self.purse.pay(payment.reference)
        receive_callback(gateway="sandbox", headers=SIGNED, body=self.purse.notices[-1], now=utc_now())
        order = group.orders.get()
        ship_order(
            actor=self.mei, number=order.number, carrier="sf", tracking_number=f"SF{order.pk:012d}", now=now
        )
        receive_order(buyer=self.arun, number=order.number, now=now)
        return group

    def give_back(self, line: OrderLine, quantity: int, amount_fen: int | None, now: datetime) -> None:
        """The buyer asks, the shop says yes, the provider sends the money."""
        wanted = [WantedBack(line.pk, quantity, amount_fen)]
        case = ask(line.order, self.arun, lines=wanted, now=now)
        approve_case(actor=self.mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
        request = RefundRequest.objects.get(case=case)
        assert execute_refund(request_id=request.pk, now=now).status == "succeeded"

    def pay_all(self, operator, checker, now: datetime) -> None:
        """Two operators pay every tally that is above zero."""
        for payout in Payout.objects.exclude(status="paid"):
            make_account(payee=payout.statement.payee, writer=operator, checker=checker, now=now)
            approve_payout(actor=operator, payout_id=payout.pk, now=now)
            mark_paid(actor=checker, payout_id=payout.pk, reference=f"B{payout.pk}", now=now)


def test_every_figure_of_the_page_is_what_the_market_does(
    market, mei, arun, operator, checker, now, monkeypatch
):
    purse = Purse()
    monkeypatch.setitem(gateways.ADAPTERS, "sandbox", lambda: purse)
    example = Example(market, mei, arun, purse)
    barley, honey = example.barley, example.honey
    names = {
        ("farmer", market.farmer.pk): "Tashi", ("farmer", example.pema.pk): "Pema",
        ("host", market.host.pk): "Zhuoma", ("shop", market.shop.pk): "Co-operative",
    }  # fmt: skip

    goods_names = {barley.pk: "barley", honey.pk: "honey", example.flour.pk: "flour"}

    # The first week: a deal, a basket with a coupon, and goods of two farmers in one bag.
    deal = make_deal(item=example.item, price_fen=5_501)
    watch_deals()
    a = example.buy(WantedLine(barley.pk, 2, deal_id=deal.pk), now=now)
    pin = make_pin(item=example.item, at=NOW, closed_at=NOW)
    source = make_source(kind="pin", session_id=example.session.pk, pin_event_id=pin.pk, variant_id=barley.pk)
    coupon = make_coupon(user=arun, campaign=make_campaign(shop=market.shop, by=mei, amount_off_fen=500))
    lines = [WantedLine(barley.pk, 1), WantedLine(honey.pk, 1)]
    b = example.buy(*lines, now=now, source=source, coupon=coupon.pk)
    p = example.buy(WantedLine(example.flour.pk, 3), now=now)
    first = close_week(shop=market.shop, now=now)
    first_tallies = tallies_of(first, "1", names)

    # The second week: bread-and-butter, and what comes back of the first.
    second_week = first.ends_at
    c = example.buy(WantedLine(barley.pk, 3), now=second_week)
    a_line, b_line = a.orders.get().lines.get(), b.orders.get().lines.get(variant=honey)
    example.give_back(a_line, 1, None, second_week)
    example.give_back(b_line, 1, 3_000, second_week)
    p_line = p.orders.get().lines.get()
    example.give_back(p_line, 1, None, second_week)
    second = close_week(shop=market.shop, now=second_week)

    # The third week pays off what was carried.
    d = example.buy(WantedLine(honey.pk, 1), now=second.ends_at)
    third = close_week(shop=market.shop, now=second.ends_at)
    example.pay_all(operator, checker, third.ends_at)

    page = read(PAGE.read_text())
    assert page["What is bought"] == [
        row(name, goods(group), -discount(group), freight(group), group.total_fen)
        for name, group in (("A", a), ("B", b), ("P", p), ("C", c), ("D", d))
    ]
    lines = OrderLine.objects.filter(order__group__in=[a, b, p, c, d]).order_by("pk")
    assert page["Who gets what of each line"] == [
        row(f"{letter} {goods_names[line.variant_id]}", *parts_of(line))
        for line in lines
        for letter in ["ABPCD"[[a.pk, b.pk, p.pk, c.pk, d.pk].index(line.order.group_id)]]
    ]
    assert page["The pool"] == [
        [names["farmer", one.farmer_id], str(one.quantity),
         *(yuan_text(fen) for fen in (one.gross_fen, one.farmer_fen, one.platform_fen, -back))]
        for one in p_line.allocations.order_by("pk")
        for back in one.returns.values_list("amount_fen", flat=True)
    ]  # fmt: skip
    assert page["What goes back, a week later"] == [
        row(name, *parts_back(line)) for name, line in (("A", a_line), ("B", b_line), ("P", p_line))
    ]
    assert tallies_of(first, "1", names) == first_tallies  # closed stays closed
    assert page["The tallies"] == [
        *first_tallies, *tallies_of(second, "2", names), *tallies_of(third, "3", names)
    ]  # fmt: skip
    assert page["What is left in the end"] == [
        row("Cash at the provider", balance_of(purpose="cash")),
        row("Bank and till", balance_of(purpose="bank")),
        row("Buyers' money held", -balance_of(purpose="buyer_held")),
        *(row(f"Owed to {said(name)}", owed(kind, pk)) for (kind, pk), name in names.items()),
        row("Earned by the market", -balance_of(purpose="platform_fee")),
    ]
    assert trial_balance().is_right


def read(text: str) -> dict[str, list[list[str]]]:
    """Return the rows of the table under each heading; of the first column what stands before a colon."""
    tables: dict[str, list[list[str]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            tables.setdefault(heading, []).append([cells[0].partition(":")[0], *cells[1:]])
    return {heading: rows[2:] for heading, rows in tables.items()}


def row(name: str, *amounts: int) -> list[str]:
    """Return a row as the page writes it."""
    return [name, *(yuan_text(amount) for amount in amounts)]


def goods(group: OrderGroup) -> int:
    """Return the full price of what was bought, before the coupon."""
    return OrderLine.objects.filter(order__group=group).aggregate(fen=Sum("total_fen"))["fen"]


def discount(group: OrderGroup) -> int:
    """Return what the coupon took off."""
    return group.orders.aggregate(fen=Sum("discount_fen"))["fen"]


def freight(group: OrderGroup) -> int:
    """Return what sending costs."""
    return group.orders.aggregate(fen=Sum("freight_fen"))["fen"]


def posted(line: OrderLine, kind: str) -> dict[str, int]:
    """Return what the book earned or lost by a line, by account; earned is above zero."""
    entries = LedgerEntry.objects.filter(source=f"order_line:{line.pk}", transaction__kind=kind)
    sums = entries.values_list("account__purpose").annotate(fen=Sum("amount_fen"))
    return {purpose: -fen for purpose, fen in sums.order_by()}


def parts_of(line: OrderLine) -> list[int]:
    """Return the price of a line and its parts, as they were posted, and the coupon's part."""
    parts = posted(line, "completion")
    shares = [parts.get(purpose, 0) for purpose in ("farmer_payable", "host_payable", "platform_fee")]
    return [line.total_fen, *shares, -parts.get("coupon_cost", 0)]


def parts_back(line: OrderLine) -> list[int]:
    """Return what a buyer got back for a line and who lost or got it."""
    parts = posted(line, "after_sale")
    order = Order.objects.get(lines=line)
    names = ("farmer_payable", "host_payable", "platform_fee", "coupon_cost")
    return [order.refund_requested_fen, *(parts.get(purpose, 0) for purpose in names)]


def tallies_of(period, week: str, names: dict) -> list[list[str]]:
    """Return the tallies of a week as the page writes them, in the order of its people."""
    rows = []
    for (kind, pk), name in names.items():
        field = {"farmer": "farmer", "host": "host", "shop": "payee_shop"}[kind]
        for one in PayoutStatement.objects.filter(period=period, **{field: pk}):
            assert one.correction_fen == 0
            sums = row(
                name, one.gross_fen, -one.commission_fen, -one.platform_fee_fen, one.freight_fen,
                one.coupon_fen, one.refund_fen, one.carried_fen, one.net_fen,
            )  # fmt: skip
            rows.append([week, *sums])
    return rows


def said(name: str) -> str:
    """Return a name within a sentence."""
    return "the co-operative" if name == "Co-operative" else name


def owed(kind: str, pk: int) -> int:
    """Return what the market owes a payee over all accounts."""
    purposes = (f"{kind}_payable", "freight_payable", "coupon_cost")
    return -sum(balance_of(purpose=purpose, owner_kind=kind, owner_id=pk) for purpose in purposes)
