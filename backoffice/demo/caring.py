"""What follows a sale in the demo: coupons, questions to the shop, and money asked back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from backoffice.demo.cast import Cast
from backoffice.demo.selling import PAID_AFTER, SELLER
from backoffice.demo.steps import Answer, Steps, key_of
from orders.models import OrderLine, RefundRequest
from orders.services import telling
from orders.services.asking_back import WantedBack, open_case
from orders.services.campaigning import CouponTerms, create_campaign
from orders.services.claiming import claim_coupon
from orders.services.conversing import open_conversation, read_until, write_message
from orders.services.judging import approve_case
from orders.statuses import CaseKind, CaseReason, CouponBearer, OrderStatus
from payments.services.refunding import execute_refund

HOST = "zhuoma"


def care_for_buyers(steps: Steps) -> Iterator[str]:
    """Offer coupons, talk, and handle what was asked back: one case is settled, one waits for the shop."""
    cast, now = Cast(steps), steps.calendar.now
    steps.once("coupon shop", lambda: _shop_coupon(cast, now))
    steps.once("coupon show", lambda: _show_coupon(cast, steps))
    steps.once("talk tea", lambda: _talk(cast, now))
    steps.once("case morel", lambda: _settled_case(cast, steps.calendar.this_week_at(0.5)))
    steps.once("case biscuit", lambda: _waiting_case(cast, steps.calendar.this_week_at(0.95)))
    yield "coupons, a question, two wishes for money back"


def _shop_coupon(cast: Cast, now: datetime) -> Answer:
    terms = CouponTerms(
        title="秋收满 100 减 10",
        amount_off_fen=1000,
        minimum_fen=10000,
        total=200,
        starts_at=now - timedelta(days=2),
        ends_at=now + timedelta(days=20),
    )
    campaign = create_campaign(
        actor=cast.user(SELLER),
        terms=terms,
        cost_bearer=CouponBearer.SHOP,
        shop_id=cast.shop("snowline").pk,
        now=now,
    )
    claim_coupon(user=cast.user("arun"), campaign_id=campaign.pk, now=now)
    return {"campaign": campaign.pk}


def _show_coupon(cast: Cast, steps: Steps) -> Answer:
    now = steps.calendar.now
    terms = CouponTerms(
        title="卓玛直播间九折券",
        percent_off=10,
        cap_fen=1500,
        minimum_fen=3000,
        total=100,
        starts_at=now,
        ends_at=steps.calendar.next_show_at + timedelta(days=1),
    )
    campaign = create_campaign(
        actor=cast.user(HOST),
        terms=terms,
        cost_bearer=CouponBearer.HOST,
        session_id=steps.answer("next show")["session"],
        now=now,
    )
    return {"campaign": campaign.pk}


def _talk(cast: Cast, now: datetime) -> Answer:
    buyer, seller = cast.user("arun"), cast.user(SELLER)
    talk = open_conversation(buyer=buyer, shop_id=cast.shop("snowline").pk, now=now - timedelta(hours=5))

    def say(who, text: str, hours: float) -> int:
        at = now - timedelta(hours=hours)
        return write_message(author=who, conversation_id=talk.pk, text=text, now=at).pk

    say(buyer, "土豆能和酥油一起寄吗？怕路上压坏。", 5)
    answered = say(seller, "能的，酥油我们装铁罐，放在箱子底下。", 4.5)
    read_until(reader=buyer, conversation_id=talk.pk, message_id=answered)
    say(buyer, "好，那我等着收货。什么时候发？", 1)
    return {"conversation": talk.pk}


def _settled_case(cast: Cast, at: datetime) -> Answer:
    """Zoya's morels were smaller than on the picture: the shop gave a part of the money back at once."""
    line = _received(cast, "zoya", "morel")
    case, _replayed = open_case(
        buyer=cast.user("zoya"),
        number=line.order.number,
        kind=CaseKind.REFUND_ONLY,
        reason=CaseReason.NOT_AS_DESCRIBED,
        lines=[WantedBack(line.pk, 1, 2000)],
        text="比照片上小一圈，味道没问题。",
        idempotency_key=key_of("open case morel"),
        now=at,
    )
    approve_case(
        actor=cast.user(SELLER),
        case_id=case.pk,
        reply="对不住，这批是头茬。退您 20 块。",
        idempotency_key=key_of("approve case morel"),
        now=at + timedelta(minutes=40),
    )
    request = RefundRequest.objects.get(case=case)
    execute_refund(request_id=request.pk, now=at + timedelta(minutes=40) + PAID_AFTER)
    request.refresh_from_db()
    telling.tell_refunded(request=request, now=at + timedelta(minutes=41))
    return {"case": case.pk}


def _waiting_case(cast: Cast, at: datetime) -> Answer:
    """One packet of arun's biscuits came broken: the shop has not answered yet."""
    line = _received(cast, "arun", "barley-biscuit")
    case, _replayed = open_case(
        buyer=cast.user("arun"),
        number=line.order.number,
        kind=CaseKind.REFUND_ONLY,
        reason=CaseReason.DAMAGED,
        lines=[WantedBack(line.pk, 1)],
        text="两包里有一包压碎了，能退一包的钱吗？",
        idempotency_key=key_of("open case biscuit"),
        now=at,
    )
    return {"case": case.pk}


def _received(cast: Cast, buyer: str, product: str) -> OrderLine:
    lines = OrderLine.objects.select_related("order").filter(
        order__group__buyer=cast.user(buyer),
        order__status=OrderStatus.COMPLETED,
        variant=cast.variant_id(product),
    )
    return lines.earliest("pk")
