"""Invoices: asked for once an order, issued for what was really paid, reversed when money goes back.

Every move locks the order first, so that no refund slips between the amount and the document.
"""

import re
import uuid
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, outbox
from common.errors import Invalid, MoveRefused, NotFound
from orders.errors import InvoiceExists, InvoiceNumberTaken, InvoiceTooLate, NothingToInvoice
from orders.models import Invoice, Order
from orders.selectors.invoicing import get_shop_invoice, invoice_until, invoiceable_fen, list_invoices
from orders.services.locking import lock_order
from orders.statuses import LIVE_INVOICES, InvoiceKind, InvoiceStatus
from orders.tax_numbers import is_credit_code, tidy
from shops.models import Shop
from uploads.errors import FileTooLarge
from uploads.services.documents import store_pdf
from uploads.services.storing import StoredFile, forget

TITLE_MAX = 100
REASON_MAX = 200
# Of an electronic invoice 20 digits, of an older one 8.
NUMBER = re.compile(r"\d{8}|\d{20}", re.ASCII)


@transaction.atomic
def request_invoice(
    *,
    buyer: User,
    number: str,
    kind: str,
    title: str,
    now: datetime,
    tax_number: str = "",
    email: str = "",
) -> Invoice:
    """Ask for an invoice for an own order; the shop is told.

    NotFound for others' orders, Invalid, NothingToInvoice, InvoiceTooLate, InvoiceExists.
    """
    title, tax_number, email = _checked(kind, title, tax_number, email)
    order = lock_order(Order.objects.for_buyer(buyer), number)
    if order.invoices.filter(status__in=LIVE_INVOICES).exists():
        raise InvoiceExists()
    until = invoice_until(order)
    if until is None or invoiceable_fen(order) <= 0:
        raise NothingToInvoice()
    if now > until:
        raise InvoiceTooLate()
    return _ask(order, kind=kind, title=title, tax_number=tax_number, email=email, now=now)


@transaction.atomic
def refuse_invoice(*, actor: User, invoice_id: int, reason: str, now: datetime) -> Invoice:
    """Say as a member of the shop why there is no invoice; the buyer is told and may ask again.

    NotFound for others, Invalid without a reason, MoveRefused unless it is asked for.
    """
    invoice = _lock(actor, invoice_id)
    if invoice.status != InvoiceStatus.REQUESTED:
        raise MoveRefused()
    _refuse(invoice, _reason(reason), now)
    return invoice


def issue_invoice(
    *, actor: User, invoice_id: int, number: str, issued_on: date, file: UploadedFile, now: datetime
) -> Invoice:
    """Hand over the document as a member of the shop; the amount is what is paid and not promised back now.

    NotFound for others, Invalid, NotADocument, FileTooLarge, DiskFull, NothingToInvoice, InvoiceNumberTaken,
    MoveRefused unless it is asked for. When it is refused no file is left.
    """
    number = "".join(number.split())
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    if get_shop_invoice(user=actor, invoice_id=invoice_id).status != InvoiceStatus.REQUESTED:
        raise MoveRefused()
    if not NUMBER.fullmatch(number):
        raise Invalid(fields={"number": _("An invoice number has 20 digits, an older one 8.")})
    if not today - timedelta(days=366) <= issued_on <= today:
        raise Invalid(fields={"issued_on": _("Please check the day.")})
    if file.size is not None and file.size > settings.INVOICE_MAX_BYTES:
        raise FileTooLarge(_("This file is too large for an invoice."))
    stored = store_pdf(file.chunks(), name=uuid.uuid4().hex, max_bytes=settings.INVOICE_MAX_BYTES)
    try:
        return _issue(actor, invoice_id, number, issued_on, stored, now)
    except BaseException:
        forget(stored.path)
        raise


@transaction.atomic
def reverse_invoice(*, actor: User, invoice_id: int, number: str, now: datetime, reason: str = "") -> Invoice:
    """Note as a member of the shop the red invoice that reverses one; the buyer is told.

    Where money went back and some is left, an invoice for the rest is asked for at once in the same name.
    `reason` is needed when no money went back. NotFound, Invalid, MoveRefused unless it is issued.
    """
    number = "".join(number.split())
    if not NUMBER.fullmatch(number):
        raise Invalid(fields={"number": _("An invoice number has 20 digits, an older one 8.")})
    invoice = _lock(actor, invoice_id)
    if invoice.status != InvoiceStatus.ISSUED:
        raise MoveRefused()
    if invoice.number == number:
        raise Invalid(fields={"number": _("The red invoice has a number of its own.")})
    is_due = invoice.reversal_due_at is not None
    invoice.reversal_reason = reason.strip()[:REASON_MAX] if is_due else _reason(reason)
    invoice.status, invoice.reversed_at, invoice.reversal_number = InvoiceStatus.REVERSED, now, number
    invoice.save(update_fields=["status", "reversed_at", "reversal_number", "reversal_reason"])
    outbox.enqueue("orders.after_invoice_moved", invoice_id=invoice.pk, step="reversed")
    if is_due and invoiceable_fen(invoice.order) > 0:
        _ask(
            invoice.order,
            kind=invoice.kind,
            title=invoice.title,
            tax_number=invoice.tax_number,
            email=invoice.email,
            now=now,
        )
    return invoice


def follow_refund(order: Order, *, now: datetime) -> None:
    """Let the invoice of a locked order follow its money, of which some was just promised back.

    One that is only asked for is refused when nothing is left; one that is issued is to be reversed.
    """
    invoice = Invoice.objects.select_for_update().filter(order=order, status__in=LIVE_INVOICES).first()
    if invoice is None:
        return
    left = F("captured_fen") - F("refund_requested_fen")
    left_fen = Order.objects.values_list(left, flat=True).get(pk=order.pk)
    if invoice.status == InvoiceStatus.REQUESTED:
        if left_fen <= 0:
            _refuse(invoice, _("All the money of this order went back."), now)
    elif left_fen != invoice.amount_fen and invoice.reversal_due_at is None:
        invoice.reversal_due_at = now
        invoice.save(update_fields=["reversal_due_at"])
        outbox.enqueue("orders.after_invoice_moved", invoice_id=invoice.pk, step="reversal_due")


@transaction.atomic
def open_document(*, user: User, invoice_id: int, now: datetime) -> Invoice:
    """Return an issued invoice whose document the person may read: buyer, shop, operators (audited).

    NotFound for strangers and while there is no document.
    """
    invoice = list_invoices(user=user).filter(pk=invoice_id).first()
    if invoice is None and user.is_active and user.is_staff and user.has_perm("orders.view_invoice"):
        invoice = Invoice.objects.filter(pk=invoice_id).first()
        if invoice is not None and invoice.document_path:
            audit.record(
                actor=audit.actor_of(user), action="invoices.read", target=f"invoice:{invoice.pk}", now=now
            )
    if invoice is None or not invoice.document_path:
        raise NotFound()
    return invoice


@transaction.atomic
def _issue(
    actor: User, invoice_id: int, number: str, issued_on: date, stored: StoredFile, now: datetime
) -> Invoice:
    invoice = _lock(actor, invoice_id)
    if invoice.status != InvoiceStatus.REQUESTED:
        raise MoveRefused()
    amount_fen = invoiceable_fen(invoice.order)
    if amount_fen <= 0:
        raise NothingToInvoice()
    if Invoice.objects.filter(shop=invoice.shop_id, number=number).exists():
        raise InvoiceNumberTaken(fields={"number": InvoiceNumberTaken.message})
    invoice.status, invoice.amount_fen = InvoiceStatus.ISSUED, amount_fen
    invoice.number, invoice.issued_on = number, issued_on
    invoice.issued_at, invoice.issued_by = now, actor
    invoice.document_path, invoice.document_sha256 = stored.path, stored.sha256
    invoice.save(
        update_fields=[
            "status", "amount_fen", "number", "issued_on", "issued_at", "issued_by", "document_path",
            "document_sha256",
        ]
    )  # fmt: skip
    outbox.enqueue("orders.after_invoice_moved", invoice_id=invoice.pk, step="issued")
    return invoice


def _ask(order: Order, *, kind: str, title: str, tax_number: str, email: str, now: datetime) -> Invoice:
    invoice = Invoice.objects.create(
        order=order,
        shop_id=order.shop_id,
        kind=kind,
        title=title,
        tax_number=tax_number,
        email=email,
        requested_at=now,
    )
    outbox.enqueue("orders.after_invoice_moved", invoice_id=invoice.pk, step="requested")
    return invoice


def _refuse(invoice: Invoice, reason: str, now: datetime) -> None:
    invoice.status, invoice.refused_at, invoice.refused_reason = InvoiceStatus.REFUSED, now, reason
    invoice.save(update_fields=["status", "refused_at", "refused_reason"])
    outbox.enqueue("orders.after_invoice_moved", invoice_id=invoice.pk, step="refused")


def _lock(actor: User, invoice_id: int) -> Invoice:
    found = Invoice.objects.filter(pk=invoice_id, shop__in=Shop.objects.for_member(actor)).first()
    if found is None:
        raise NotFound()
    order = Order.objects.select_for_update().get(pk=found.order_id)
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    invoice.order = order
    return invoice


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX:
        raise Invalid(fields={"reason": Invalid.message})
    return reason


def _checked(kind: str, title: str, tax_number: str, email: str) -> tuple[str, str, str]:
    title, tax_number, email = " ".join(title.split()), tidy(tax_number), email.strip()
    fields = {}
    if kind not in InvoiceKind.values:
        fields["kind"] = Invalid.message
    if not title or len(title) > TITLE_MAX:
        fields["title"] = _("Please write the name that stands on the invoice.")
    if kind == InvoiceKind.PERSONAL:
        tax_number = ""
    elif not is_credit_code(tax_number):
        fields["tax_number"] = _("This tax number cannot be right: it has 18 letters and digits.")
    try:
        if email:
            validate_email(email)
    except ValidationError:
        fields["email"] = _("Please check the e-mail address.")
    if fields:
        raise Invalid(fields=fields)
    return title, tax_number, email
