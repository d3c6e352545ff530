"""Invoices for operators: for reading; the shops issue and reverse them."""

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin
from common.admin_links import Link, object_link, related, state, yuan
from orders.models import Invoice

INVOICE_COLORS = {"requested": "warning", "issued": "success", "reversed": "info", "refused": "danger"}


@admin.register(Invoice)
class InvoiceAdmin(BaseAdmin):
    """What buyers asked for and shops issued. Reading the document is audited."""

    noun, title = _("invoice"), _("Invoices")
    personal_fields = ("title", "tax_number", "email")
    hidden_fields = ("document_path",)
    list_display = [
        "id",
        related("order", _("order")),
        related("shop", _("shop")),
        state(INVOICE_COLORS),
        "kind",
        yuan("amount_fen", _("amount")),
        "number",
        "requested_at",
        "reversal_due_at",
    ]
    list_filter = ["status", "kind", ("reversal_due_at", admin.EmptyFieldListFilter)]
    list_select_related = ["order", "shop"]
    search_fields = ["=number", "=order__number"]
    date_hierarchy = "requested_at"
    ordering = ["-pk"]

    def links(self, invoice: Invoice) -> list[Link | None]:
        """Return the order, and the document when there is one."""
        document = reverse("storefront:invoice_pdf", args=[invoice.pk])
        return [
            object_link(invoice.order),
            Link(str(_("The document")), document) if invoice.document_path else None,
        ]
