"""Invoices (fapiao): what a buyer asks for, what the shop issued, reversed or refused (decisions.md 24)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.orders import Order
from orders.statuses import InvoiceKind, InvoiceStatus
from shops.models import Shop

WITH_DOCUMENT = Q(status__in=["issued", "reversed"])


class InvoiceQuerySet(models.QuerySet):
    """Scopes of invoices."""

    def for_buyer(self, user):
        """Return invoices of the person's own purchases."""
        return self.filter(order__group__buyer=user)

    def for_member(self, user):
        """Return invoices that shops of the person owe or issued."""
        return self.filter(shop__memberships__user=user).distinct()


class Invoice(models.Model):
    """One invoice for what was really paid for one order.

    The amount is frozen when it is issued; the database keeps it, the number and the document. When money
    goes back later, `reversal_due_at` asks the shop to reverse it.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="invoices")
    status = models.CharField(max_length=10, choices=InvoiceStatus, default=InvoiceStatus.REQUESTED)
    kind = models.CharField(max_length=10, choices=InvoiceKind)
    title = models.CharField(max_length=100)
    tax_number = models.CharField(max_length=18, blank=True)
    email = models.EmailField(blank=True)
    requested_at = models.DateTimeField()
    amount_fen = models.BigIntegerField(null=True, blank=True)
    number = models.CharField(max_length=20, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    document_path = models.CharField(max_length=200, blank=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_reason = models.CharField(max_length=200, blank=True)
    reversal_due_at = models.DateTimeField(null=True, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversal_number = models.CharField(max_length=20, blank=True)
    reversal_reason = models.CharField(max_length=200, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], name="invoice_live_once", condition=Q(status__in=["requested", "issued"])
            ),
            models.UniqueConstraint(
                fields=["shop", "number"], name="invoice_number_once", condition=~Q(number="")
            ),
            models.CheckConstraint(
                name="invoice_company_has_tax_number",
                condition=Q(kind="personal", tax_number="") | (Q(kind="company") & ~Q(tax_number="")),
            ),
            models.CheckConstraint(
                name="invoice_issued_whole",
                condition=(
                    WITH_DOCUMENT
                    & Q(amount_fen__gt=0, issued_on__isnull=False, issued_at__isnull=False)
                    & Q(issued_by__isnull=False)
                    & ~Q(number="")
                    & ~Q(document_path="")
                )
                | (~WITH_DOCUMENT & Q(amount_fen=None, number="", issued_at=None, document_path="")),
            ),
            models.CheckConstraint(
                name="invoice_refused_with_reason",
                condition=(Q(status="refused", refused_at__isnull=False) & ~Q(refused_reason=""))
                | (~Q(status="refused") & Q(refused_at=None, refused_reason="")),
            ),
            models.CheckConstraint(
                name="invoice_reversed_whole",
                condition=(Q(status="reversed", reversed_at__isnull=False) & ~Q(reversal_number=""))
                | (~Q(status="reversed") & Q(reversed_at=None, reversal_number="")),
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "status", "requested_at"], name="invoice_desk"),
        ]

    def __str__(self) -> str:
        return self.number or f"#{self.pk}"
