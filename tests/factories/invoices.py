"""Invoices, through the real services."""

from datetime import datetime

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from common.clock import utc_now
from orders.models import Invoice, Order
from orders.services.invoicing import issue_invoice, request_invoice

CREDIT_CODE = "91350100M000100Y43"  # the example of GB 32100
NUMBER = "24312000000123456789"
PDF = b"%PDF-1.7\n" + b"% invoice\n" * 40 + b"xref\ntrailer\nstartxref\n9\n%%EOF\n"


def pdf_file(data: bytes = PDF, name: str = "invoice.pdf") -> SimpleUploadedFile:
    """A file of a form."""
    return SimpleUploadedFile(name, data, content_type="application/pdf")


def want_invoice(order: Order, *, now: datetime | None = None, **wish) -> Invoice:
    """Ask for an invoice as the buyer of an order."""
    wish = {"kind": "personal", "title": "阿润"} | wish
    return request_invoice(buyer=order.group.buyer, number=order.number, now=now or utc_now(), **wish)


def issue(
    invoice: Invoice, *, seller: User, number: str = NUMBER, now: datetime | None = None, data: bytes = PDF
) -> Invoice:
    """Issue an invoice as a member of the shop."""
    now = now or utc_now()
    return issue_invoice(
        actor=seller,
        invoice_id=invoice.pk,
        number=number,
        issued_on=now.date(),
        file=pdf_file(data),
        now=now,
    )
