"""Starting to pay: one payment at the provider per wish, never two open ones for the same purchase."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from common.audit import actor_of
from common.errors import MoveRefused
from common.idempotency import run_once
from orders.errors import PurchaseExpired
from orders.selectors import get_group
from orders.selectors.collection import check_collection
from orders.services.locking import lock_group
from orders.statuses import OrderStatus
from payments.errors import UnknownGateway
from payments.gateways import get_gateway
from payments.gateways.base import Wish
from payments.models import Payment
from payments.selectors import OPEN
from payments.services.settling import CURRENCY, new_reference
from payments.statuses import PaymentStatus, PayMethod
from shops.models import Shop

# The provider stops taking money before we stop holding the goods (rules.md 5).
PROVIDER_MARGIN = timedelta(seconds=60)
SHORTEST = timedelta(seconds=30)


def start_payment(
    *,
    buyer: User,
    group_id: int,
    gateway: str,
    idempotency_key: uuid.UUID,
    origin: str,
    now: datetime,
    method: str = PayMethod.REDIRECT,
    payer: str = "",
    client_ip: str = "",
) -> tuple[Payment, bool]:
    """Make a purchase payable at a gateway and return (payment with its `pay_url`, replayed).

    `origin` is the address under which the buyer sees us ("https://market.example"), `method` how the gateway
    takes the buyer along, `payer` the openid of jsapi. An open payment of the same purchase, gateway, method
    and payer is used again. NotFound, UnknownGateway, ShopByShop, ShopNotChecked, PurchaseExpired,
    MoveRefused, GatewayUnavailable.
    """
    group = get_group(user=buyer, group_id=group_id)
    if gateway not in settings.PAYMENT_GATEWAYS:
        raise UnknownGateway()
    check_collection(Shop.objects.filter(orders__group=group))
    adapter = get_gateway(gateway)
    digest = salted_hmac("payments.payer", payer).hexdigest() if payer else ""

    def run() -> dict[str, Any]:
        return {"payment": _open_payment(group.pk, gateway, method, digest, now).pk}

    answer, replayed = run_once(
        actor=actor_of(buyer),
        operation="payments.start",
        key=idempotency_key,
        body={"group": group_id, "gateway": gateway, "method": method, "payer": digest},
        now=now,
        run=run,
    )
    payment = Payment.objects.get(pk=answer["payment"])
    if payment.status != PaymentStatus.CREATED:
        return payment, replayed
    # Outside any transaction; repeated with the same reference after a crash (PR3).
    created = adapter.create(
        Wish(
            reference=payment.reference,
            amount_fen=payment.amount_fen,
            currency=CURRENCY,
            subject=_("Village Market, purchase %(number)s") % {"number": group.orders.first().number},
            expires_at=payment.expires_at,
            return_url=f"{origin}/checkout/return/{payment.pk}/",
            method=payment.method,
            payer=payer,
            client_ip=client_ip,
        )
    )
    payment, is_open = _note_created(payment, created.provider_reference, created.pay_url)
    if not is_open:
        # Called off while we were asking: nobody may pay it any more.
        adapter.close(payment.reference)
        raise PurchaseExpired()
    return payment, replayed


def _open_payment(group_id: int, gateway: str, method: str, payer_digest: str, now: datetime) -> Payment:
    orders = lock_group(group_id)
    group = orders[0].group
    if any(order.status in (OrderStatus.CANCELLING, OrderStatus.CANCELLED) for order in orders):
        raise PurchaseExpired()
    if any(order.status != OrderStatus.PENDING_PAYMENT for order in orders):
        raise MoveRefused(_("This purchase is already paid."))
    expires_at = group.expires_at - PROVIDER_MARGIN
    if expires_at - now < SHORTEST:
        raise PurchaseExpired()
    open_payment = (
        Payment.objects.select_for_update()
        .filter(group=group, gateway=gateway, method=method, payer_digest=payer_digest, status__in=OPEN)
        .order_by("-pk")
        .first()
    )
    return open_payment or Payment.objects.create(
        group=group,
        gateway=gateway,
        method=method,
        payer_digest=payer_digest,
        amount_fen=group.total_fen,
        reference=new_reference("P", now),
        created_at=now,
        expires_at=expires_at,
    )


@transaction.atomic
def _note_created(payment: Payment, provider_reference: str, pay_url: str) -> tuple[Payment, bool]:
    lock_group(payment.group_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if payment.status == PaymentStatus.CREATED:
        payment.status = PaymentStatus.PENDING
        payment.provider_reference = provider_reference
        payment.pay_url = pay_url
        payment.save(update_fields=["status", "provider_reference", "pay_url"])
    return payment, payment.status not in (PaymentStatus.CLOSED, PaymentStatus.FAILED)
