"""Cash on delivery: chosen instead of a provider, and booked when the buyer has paid at the door."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused
from common.idempotency import run_once
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose
from orders.models import Order, OrderGroup
from orders.selectors import count_cash_orders, get_group
from orders.selectors.collection import check_standing, may_collect_for
from orders.services.confirming import confirm_group, take_cash
from orders.services.locking import lock_group, lock_order
from orders.statuses import CASH_MOVES, OrderStatus
from payments.errors import CashNotOffered, UnknownGateway
from payments.models import Payment
from payments.offers import CASH
from payments.selectors import OPEN
from payments.services.settling import new_reference
from payments.statuses import CashHolder, PaymentStatus, PayMethod
from shops.models import Shop


def confirm_cash(*, buyer: User, group_id: int, idempotency_key: uuid.UUID, now: datetime) -> bool:
    """Let a purchase be paid at the door; return whether this key had done so before.

    What was begun at a provider is closed there; money that still comes from it goes back. NotFound,
    UnknownGateway, CashNotOffered, ShopNotChecked, PurchaseExpired, MoveRefused.
    """
    if CASH not in settings.PAYMENT_GATEWAYS:
        raise UnknownGateway()
    group = get_group(user=buyer, group_id=group_id)

    def run() -> dict[str, Any]:
        lock_group(group.pk)
        # Two promises of one person at once must see each other.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"cash|{buyer.pk}"])
        if not is_cash_offered(group):
            check_standing(_shops_of(group))
            raise CashNotOffered()
        confirm_group(group_id=group.pk, now=now)
        if Payment.objects.filter(group=group, status__in=OPEN).exists():
            outbox.enqueue("payments.close_group", group_id=group.pk)
        return {"group": group.pk}

    _answer, replayed = run_once(
        actor=actor_of(buyer),
        operation="payments.confirm_cash",
        key=idempotency_key,
        body={"group": group_id},
        now=now,
        run=run,
    )
    return replayed


def is_cash_offered(group: OrderGroup) -> bool:
    """Whether a purchase may be paid at the door: not too large, few such parcels open, its shops checked."""
    if CASH not in settings.PAYMENT_GATEWAYS or group.total_fen > settings.CASH_ON_DELIVERY_MAX_FEN:
        return False
    if not all(may_collect_for(shop) for shop in _shops_of(group)):
        return False
    return count_cash_orders(group.buyer) < settings.CASH_ORDERS_OPEN_MAX


def _shops_of(group: OrderGroup) -> list[Shop]:
    return list(Shop.objects.filter(orders__group=group))


@transaction.atomic
def record_cash(*, actor: User, number: str, holder: str, amount_fen: int, now: datetime) -> Order:
    """Book the cash of one parcel as owed to us by its carrier or by the shop, and share it out.

    For members of the shop. Repeating it with the same holder changes nothing. Invalid when the amount is
    not the order's, MoveRefused when no cash is due.
    """
    if holder not in CashHolder.values:
        raise Invalid(fields={"holder": Invalid.message})
    order = lock_order(Order.objects.for_member(actor), number)
    if amount_fen != order.total_fen:
        raise Invalid(fields={"amount_fen": Invalid.message})
    if order.confirmed_at is None:
        raise MoveRefused()
    if not order.captured_fen:
        # A buyer may take the parcel at the shop's own door; then it never goes to a carrier.
        if OrderStatus.COMPLETED not in CASH_MOVES.get(order.status, ()):
            raise MoveRefused()
        _book(order, holder, now)
        record(
            actor=actor_of(actor),
            action="payments.record_cash",
            target=f"order:{order.pk}",
            before={"captured_fen": 0},
            after={"captured_fen": order.total_fen, "holder": holder},
            now=now,
        )
        return order
    # The same word again is fine; another one must not pass for done: post() compares.
    _post(order, holder, now)
    return order


def _book(order: Order, holder: str, now: datetime) -> None:
    Payment.objects.create(
        group_id=order.group_id,
        order=order,
        gateway=CASH,
        method=PayMethod.CASH,
        status=PaymentStatus.SUCCEEDED,
        amount_fen=order.total_fen,
        reference=new_reference("C", now),
        created_at=now,
        expires_at=now,
        succeeded_at=now,
    )
    _post(order, holder, now)
    take_cash(order=order, now=now)


def _post(order: Order, holder: str, now: datetime) -> None:
    source = f"order:{order.pk}"
    if holder == CashHolder.SHOP:
        owed = Posting(Purpose.SHOP_CASH, order.total_fen, source, OwnerKind.SHOP, order.shop_id)
    else:
        owed = Posting(Purpose.CARRIER_CASH, order.total_fen, source)
    post(
        kind=Kind.CASH_COLLECTED,
        key=f"cash:{order.pk}",
        source=source,
        postings=[owed, Posting(Purpose.BUYER_HELD, -order.total_fen, source)],
        now=now,
    )
