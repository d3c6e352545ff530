"""Gifts of the market's list, chosen and paid through the real services."""

import uuid
from datetime import datetime, timedelta

from accounts.models import User
from common.clock import utc_now
from livestreams.models import Gift, GiftKind, LiveSession
from livestreams.services.gifting import send_gift
from payments.models import Payment
from payments.services.closing import check_payment
from payments.services.starting import start_gift_payment
from tests.factories.providers import METHOD, Providers


def make_gift_kind(
    *, name: str = "格桑花", price_fen: int = 999, platform_bp: int = 3000, **fields
) -> GiftKind:
    """Put a gift on the market's list: ¥9.99, of which the market keeps ¥2.99."""
    return GiftKind.objects.create(name=name, price_fen=price_fen, platform_bp=platform_bp, **fields)


def choose(
    *, giver: User, session: LiveSession, kind: GiftKind, quantity: int = 1, key: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Gift:  # fmt: skip
    """Choose a gift in a room; it waits to be paid."""
    return send_gift(
        giver=giver, session_id=session.pk, kind_id=kind.pk, quantity=quantity,
        idempotency_key=key or uuid.uuid4(), now=now or utc_now(),
    )[0]  # fmt: skip


def begin_gift(*, gift: Gift, gateway: str = "wechatpay", **options) -> Payment:
    """Start to pay a gift."""
    wanted = {
        "giver": gift.giver, "gift_id": gift.pk, "gateway": gateway, "idempotency_key": uuid.uuid4(),
        "origin": "http://testserver", "now": utc_now(), "method": METHOD.get(gateway, "redirect"),
    } | options  # fmt: skip
    return start_gift_payment(**wanted)[0]


def give(
    *, providers: Providers, giver: User, session: LiveSession, kind: GiftKind, quantity: int = 1,
    gateway: str = "wechatpay",
) -> tuple[Gift, Payment]:  # fmt: skip
    """Choose a gift, pay it at the provider, and hear of it."""
    gift = choose(giver=giver, session=session, kind=kind, quantity=quantity)
    payment = begin_gift(gift=gift, gateway=gateway)
    providers.pay(payment)
    payment = check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))
    gift.refresh_from_db()
    return gift, payment
