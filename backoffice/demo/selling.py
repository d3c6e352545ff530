"""Purchases of the demo's buyers: placed, paid, sent, received or called off by the market's services."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from backoffice.demo.cast import Cast
from backoffice.demo.steps import Answer, Steps, key_of
from common.clock import utc_now
from livestreams.models import Chapter
from livestreams.sources import make_source
from orders.models import Order, RefundRequest
from orders.services import telling
from orders.services.cancelling import cancel_by_buyer, cancel_by_shop
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.services.receiving import receive_order
from orders.services.shipping import ship_order
from orders.statuses import Carrier
from payments.gateways import get_gateway
from payments.services.refunding import execute_refund
from payments.services.settling import settle_payment
from payments.services.starting import start_payment

Goods = Sequence[tuple[str, int]]

SELLER = "mei"
PAID_AFTER = timedelta(seconds=40)
CARRIERS = (Carrier.SF, Carrier.CHINA_POST, Carrier.JD, Carrier.ZTO)
NUMBER_STARTS = {Carrier.SF: "SF", Carrier.CHINA_POST: "9", Carrier.JD: "JDVA", Carrier.ZTO: ""}


class Buying:
    """What buyers and the shop do with purchases; `key` makes each purchase happen once."""

    def __init__(self, cast: Cast):
        self._cast = cast

    def place(self, key: str, *, buyer: str, goods: Goods, at: datetime, source: str = "") -> list[Order]:
        """Order, to the buyer's own address."""
        lines = [WantedLine(self._cast.variant_id(product), quantity) for product, quantity in goods]
        answer, _replayed = place_order(
            buyer=self._cast.user(buyer),
            lines=lines,
            address_id=self._cast.address_id(buyer),
            idempotency_key=key_of(f"place {key}"),
            source=source,
            now=at,
        )
        return list(Order.objects.filter(group_id=answer["group"]).order_by("pk"))

    def buy(self, key: str, *, buyer: str, goods: Goods, at: datetime, source: str = "") -> list[Order]:
        """Order and pay."""
        orders = self.place(key, buyer=buyer, goods=goods, at=at, source=source)
        payment, _replayed = start_payment(
            buyer=self._cast.user(buyer),
            group_id=orders[0].group_id,
            gateway="sandbox",
            idempotency_key=key_of(f"pay {key}"),
            origin=settings.PUBLIC_URL,
            now=at,
        )
        facts = get_gateway(payment.gateway).query(payment.reference)
        settle_payment(payment_id=payment.pk, facts=facts, now=at + PAID_AFTER)
        for order in orders:
            order.refresh_from_db()
            telling.tell_paid(order=order, now=at + PAID_AFTER)
        return orders

    def send(self, order: Order, *, at: datetime) -> Order:
        """Hand the parcel to a carrier."""
        carrier = CARRIERS[order.pk % len(CARRIERS)]
        order = ship_order(
            actor=self._cast.user(SELLER),
            number=order.number,
            carrier=carrier,
            tracking_number=f"{NUMBER_STARTS[carrier]}{key_of(order.number).int % 10**12:012d}",
            now=at,
        )
        telling.tell_shipped(order=order, now=at)
        return order

    def receive(self, order: Order, *, at: datetime) -> Order:
        """Confirm that the parcel has come."""
        order = receive_order(buyer=order.group.buyer, number=order.number, now=at)
        telling.tell_completed(order=order, now=at)
        return order

    def call_off(self, order: Order, *, at: datetime, words: str = "") -> Order:
        """Cancel a paid order, by the shop with its words or else by the buyer; the money goes back."""
        if words:
            seller = self._cast.user(SELLER)
            order = cancel_by_shop(actor=seller, number=order.number, now=at, words=words)
        else:
            order = cancel_by_buyer(buyer=order.group.buyer, number=order.number, now=at)
        telling.tell_cancelled(order=order, now=at)
        request = RefundRequest.objects.get(order=order)
        execute_refund(request_id=request.pk, now=at + PAID_AFTER)
        request.refresh_from_db()
        telling.tell_refunded(request=request, now=at + PAID_AFTER)
        return order


def sell_last_week(steps: Steps) -> Iterator[str]:
    """Sell beside the show in the period that is closed now: completed, and one called off by the shop."""
    cast, show = Cast(steps), steps.calendar.show_at
    buying = Buying(cast)
    completed = {
        "songhua fruit": ("arun", (("apples", 2), ("eggs", 1)), show - timedelta(days=1, hours=8)),
        "two shops": (
            "zoya",
            (("barley-flour", 2), ("yak-butter", 1), ("red-rice", 1)),
            show - timedelta(days=1, hours=3),
        ),
        "scarf": ("arun", (("wool-scarf", 1), ("flower-tea", 2)), show - timedelta(hours=30)),
        "winter store": (
            "zoya",
            (("kidney-beans", 2), ("chili", 1), ("morel", 1), ("yak-cheese", 1)),
            show - timedelta(hours=26),
        ),
    }
    for key, (buyer, goods, at) in completed.items():
        steps.once(f"order {key}", lambda k=key, b=buyer, g=goods, t=at: _completed(buying, k, b, g, t))
    steps.once("order rained off", lambda: _rained_off(buying, show - timedelta(hours=20)))
    yield "last week's purchases"


def sell_this_week(steps: Steps) -> Iterator[str]:
    """Sell in the period that runs: one purchase in each state that an order can be in."""
    cast, calendar = Cast(steps), steps.calendar
    buying = Buying(cast)

    def from_the_replay() -> None:
        chapter = Chapter.objects.filter(replay__session=steps.answer("past show")["session"]).first()
        variant_id = cast.variant_id("matsutake")
        source = make_source(
            kind="chapter",
            session_id=chapter.replay.session_id,
            chapter_id=chapter.pk,
            variant_id=variant_id,
        )
        goods = (("matsutake", 1),)
        orders = buying.buy("replay", buyer="zoya", goods=goods, at=calendar.ago(days=3), source=source)
        _arrived(buying, orders, calendar.ago(days=2.4), calendar.this_week_at(0.7))

    def breakfast() -> None:
        goods = (("honey", 1), ("barley-biscuit", 2))
        orders = buying.buy("breakfast", buyer="arun", goods=goods, at=calendar.ago(days=3.4))
        _arrived(buying, orders, calendar.ago(days=2.8), calendar.this_week_at(0.8))

    def on_the_way(key: str, buyer: str, goods: Goods, bought: float, sent: float) -> None:
        for order in buying.buy(key, buyer=buyer, goods=goods, at=calendar.ago(hours=bought)):
            buying.send(order, at=calendar.ago(hours=sent))

    def regretted() -> None:
        (order,) = buying.buy(
            "regretted", buyer="arun", goods=(("dark-honey", 1),), at=calendar.ago(hours=22)
        )
        buying.call_off(order, at=calendar.ago(hours=21))

    steps.once("order replay", from_the_replay)
    steps.once("order breakfast", breakfast)
    steps.once(
        "order grapes", lambda: on_the_way("grapes", "arun", (("grapes", 1), ("chestnuts", 2)), 50, 30)
    )
    steps.once("order noodles", lambda: on_the_way("noodles", "zoya", (("buckwheat-noodles", 3),), 31, 9))
    steps.once("order regretted", regretted)
    yield "purchases received, on the way, called off"
    waiting = {
        "kitchen": ("arun", (("potatoes", 2), ("yak-butter", 1)), 6),
        "supper": ("zoya", (("corn", 1), ("garlic", 2), ("eggs", 1)), 3),
    }
    for key, (buyer, goods, hours) in waiting.items():
        steps.once(
            f"order {key}",
            lambda k=key, b=buyer, g=goods, h=hours: _ignore(
                buying.buy(k, buyer=b, goods=g, at=calendar.ago(hours=h))
            ),
        )
    # Placed now, not in the past: the buyer has a quarter of an hour to pay it.
    steps.once(
        "order to pay",
        lambda: _ignore(buying.place("to pay", buyer="arun", goods=(("pears", 1),), at=utc_now())),
    )
    yield "purchases to ship, to pay"


def _completed(buying: Buying, key: str, buyer: str, goods: Goods, at: datetime) -> None:
    orders = buying.buy(key, buyer=buyer, goods=goods, at=at)
    _arrived(buying, orders, at + timedelta(hours=14), at + timedelta(hours=52))


def _arrived(buying: Buying, orders: Sequence[Order], sent: datetime, received: datetime) -> None:
    for order in orders:
        buying.receive(buying.send(order, at=sent), at=received)


def _rained_off(buying: Buying, at: datetime) -> None:
    (order,) = buying.buy("rained off", buyer="zoya", goods=(("cherries", 2),), at=at)
    buying.call_off(order, at=at + timedelta(hours=9), words="连下三天雨，樱桃裂了，不敢发给您")


def _ignore(_orders: Sequence[Order]) -> Answer:
    """Keep no numbers: nothing later asks for these purchases."""
    return {}
