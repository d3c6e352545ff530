"""Invoices as pages show them: the box of an order, and what there is to do with one."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from orders.models import Invoice, Order
from orders.selectors.invoicing import invoice_until, may_request
from orders.statuses import InvoiceStatus

BADGES = {
    InvoiceStatus.REQUESTED: "wait",
    InvoiceStatus.ISSUED: "done",
    InvoiceStatus.REVERSED: "off",
    InvoiceStatus.REFUSED: "off",
}


@dataclass(frozen=True)
class InvoiceCard:
    """An invoice, its badge and what happens next."""

    invoice: Invoice
    badge: str
    next_words: str


@dataclass(frozen=True)
class InvoiceBox:
    """The invoices of an order, newest first, and whether its buyer may ask for one."""

    cards: list[InvoiceCard]
    can_ask: bool
    until: datetime | None


def invoice_box(order: Order, *, now: datetime) -> InvoiceBox:
    """Return the box of the buyer's order page; there is none to show before money came."""
    if order.paid_at is None:
        return InvoiceBox([], False, None)
    cards = [invoice_for_buyer(invoice) for invoice in order.invoices.order_by("-pk")]
    return InvoiceBox(cards, may_request(order, now), invoice_until(order))


def invoice_for_buyer(invoice: Invoice) -> InvoiceCard:
    """Return an invoice with what happens next, in words for its buyer."""
    words = {
        InvoiceStatus.REQUESTED: _("The shop has been asked. You are told when it is there."),
        InvoiceStatus.ISSUED: "",
        InvoiceStatus.REVERSED: _("Do not use it any more."),
        InvoiceStatus.REFUSED: invoice.refused_reason,
    }[InvoiceStatus(invoice.status)]
    if invoice.status == InvoiceStatus.ISSUED and invoice.reversal_due_at:
        words = _("Money went back, so the shop reverses it.")
    return InvoiceCard(invoice, BADGES[InvoiceStatus(invoice.status)], words)


def invoice_for_shop(invoice: Invoice) -> InvoiceCard:
    """Return an invoice with what happens next, in words for its shop."""
    words = {
        InvoiceStatus.REQUESTED: _("Make it in the tax office's app, then add the PDF here."),
        InvoiceStatus.ISSUED: _("The buyer has it."),
        InvoiceStatus.REVERSED: invoice.reversal_reason or _("Money went back to the buyer."),
        InvoiceStatus.REFUSED: invoice.refused_reason,
    }[InvoiceStatus(invoice.status)]
    badge = BADGES[InvoiceStatus(invoice.status)]
    if invoice.status == InvoiceStatus.ISSUED and invoice.reversal_due_at:
        words, badge = _("Money went back. Make the red invoice and note its number here."), "wait"
    return InvoiceCard(invoice, badge, words)
