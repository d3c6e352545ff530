"""Reads of invoices, each from a person's scope, and how much of an order there is to invoice."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import User
from common.errors import NotFound
from orders.models import Invoice, Order
from orders.statuses import LIVE_INVOICES, InvoiceStatus, OrderStatus
from shops.models import Shop

INVOICED = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED)


def invoiceable_fen(order: Order) -> int:
    """Return what was paid for an order and is not promised back, in fen; 0 for one that was called off."""
    if order.status not in INVOICED:
        return 0
    return order.captured_fen - order.refund_requested_fen


def invoice_until(order: Order) -> datetime | None:
    """Return until when an invoice may be asked for; None before the order is paid."""
    return order.paid_at + timedelta(days=settings.INVOICE_WINDOW_DAYS) if order.paid_at else None


def may_request(order: Order, now: datetime) -> bool:
    """Say whether the buyer may ask for an invoice now."""
    until = invoice_until(order)
    if until is None or now > until or invoiceable_fen(order) <= 0:
        return False
    return not order.invoices.filter(status__in=LIVE_INVOICES).exists()


def list_invoices(*, user: User) -> QuerySet[Invoice]:
    """Return invoices of the person's purchases and of shops the person works in, newest first."""
    own = Q(order__group__buyer=user) | Q(shop__in=Shop.objects.for_member(user))
    return Invoice.objects.filter(own).select_related("order__group", "shop").order_by("-pk")


def last_wish(*, user: User) -> dict[str, str]:
    """Return to whom the person had the last invoice made out; nothing when there was none."""
    names = ("kind", "title", "tax_number", "email")
    return Invoice.objects.for_buyer(user).order_by("-pk").values(*names).first() or {}


def get_invoice(*, user: User, invoice_id: int) -> Invoice:
    """Return an invoice that the person asked for or that their shop owes; NotFound for a stranger."""
    invoice = list_invoices(user=user).filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound()
    return invoice


def get_shop_invoice(*, user: User, invoice_id: int) -> Invoice:
    """Return an invoice of a shop the person works in; NotFound for others."""
    own = Invoice.objects.filter(shop__in=Shop.objects.for_member(user))
    invoice = own.select_related("order__group", "shop").filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound()
    return invoice


def desk_invoices(*, user: User, to_do: bool = True) -> QuerySet[Invoice]:
    """Return what the person's shops have to issue or reverse, oldest first; else what is done."""
    waiting = Q(status=InvoiceStatus.REQUESTED) | Q(
        status=InvoiceStatus.ISSUED, reversal_due_at__isnull=False
    )
    own = Invoice.objects.filter(shop__in=Shop.objects.for_member(user)).select_related("order", "shop")
    return own.filter(waiting).order_by("pk") if to_do else own.exclude(waiting).order_by("-pk")
