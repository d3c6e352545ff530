"""Orders and what they need, made through the real services where that is short."""

import uuid
from datetime import datetime

from accounts.models import Address, User
from common.clock import utc_now
from livestreams.models import LiveSession, PinEvent, RundownItem
from livestreams.sources import make_source
from livestreams.statuses import SessionStatus
from orders.models import Order, OrderGroup
from orders.services.paying import mark_group_paid
from orders.services.placing import place_order
from orders.services.pricing import WantedLine
from orders.services.shipping import ship_order
from payments.models import Payment
from payments.statuses import PaymentStatus
from shops.models import Host, Shop, Variant


def make_address(*, user: User, **fields) -> Address:
    """Make an address of a person."""
    fields = {
        "recipient": user.display_name,
        "phone": "13800000009",
        "region": "上海市黄浦区",
        "detail": "人民路 9 号",
    } | fields
    return Address.objects.create(user=user, **fields)


def place(
    *,
    buyer: User,
    lines: list[tuple[Variant, int]],
    source: str = "",
    now: datetime | None = None,
    key: uuid.UUID | None = None,
    coupon: int | None = None,
) -> OrderGroup:
    """Place a purchase to the buyer's newest address (made when there is none)."""
    address = Address.objects.filter(user=buyer).last() or make_address(user=buyer)
    answer, _ = place_order(
        buyer=buyer,
        lines=[WantedLine(variant.pk, quantity) for variant, quantity in lines],
        address_id=address.pk,
        source=source,
        idempotency_key=key or uuid.uuid4(),
        now=now or utc_now(),
        coupon_id=coupon,
    )
    return OrderGroup.objects.get(pk=answer["group"])


def place_one(*, buyer: User, variant: Variant, quantity: int = 1, **options) -> Order:
    """Place a purchase of one variant and return its order."""
    return place(buyer=buyer, lines=[(variant, quantity)], **options).orders.get()


def make_payment(*, group: OrderGroup, **fields) -> Payment:
    """Make an open payment of a purchase, as if the provider had accepted it."""
    fields = {
        "gateway": "sandbox",
        "status": PaymentStatus.PENDING,
        "amount_fen": group.total_fen,
        "reference": f"P{uuid.uuid4().hex}",
        "provider_reference": f"pay_{uuid.uuid4().hex}",
        "created_at": group.created_at,
        "expires_at": group.expires_at,
    } | fields
    return Payment.objects.create(group=group, **fields)


def make_paid(*, buyer: User, variant: Variant, quantity: int = 1, **options) -> Order:
    """Place an order and mark it paid without a provider; for tests that do not look at the money in."""
    order = place_one(buyer=buyer, variant=variant, quantity=quantity, **options)
    now = options.get("now") or utc_now()
    assert mark_group_paid(group_id=order.group_id, now=now)
    order.refresh_from_db()
    return order


def make_shipped(*, buyer: User, seller: User, variant: Variant, quantity: int = 1, **options) -> Order:
    """Place, pay and ship an order."""
    order = make_paid(buyer=buyer, variant=variant, quantity=quantity, **options)
    return ship_order(
        actor=seller,
        number=order.number,
        carrier="sf",
        tracking_number=f"SF{uuid.uuid4().int % 10**12:012d}",
        now=options.get("now") or utc_now(),
    )


def make_pin(
    *,
    host: Host,
    shop: Shop,
    variant: Variant,
    live_price_fen: int | None = None,
    per_buyer_limit: int | None = None,
    host_commission_bp: int = 500,
    status: str = SessionStatus.LIVE,
) -> tuple[PinEvent, str]:
    """Make a session that shows the variant; return its open pin and the signed source of it."""
    now = utc_now()
    session = LiveSession.objects.create(
        host=host,
        shop=shop,
        title="青稞丰收",
        status=status,
        scheduled_at=now,
        started_at=now,
        created_at=now,
    )
    item = RundownItem.objects.create(
        session=session,
        variant=variant,
        position=1,
        live_price_fen=live_price_fen,
        per_buyer_limit=per_buyer_limit,
        host_commission_bp=host_commission_bp,
    )
    pin = PinEvent.objects.create(session=session, rundown_item=item, opened_at=now)
    source = make_source(kind="pin", session_id=session.pk, pin_event_id=pin.pk, variant_id=variant.pk)
    return pin, source
