"""Shapes of invoices in the API."""

from rest_framework import serializers

from orders.models import Invoice
from orders.services.invoicing import REASON_MAX, TITLE_MAX
from orders.statuses import InvoiceKind


class InvoiceSerializer(serializers.ModelSerializer):
    """An invoice, as its buyer and its shop see it; `has_document` tells whether there is a PDF to fetch."""

    order = serializers.CharField(source="order.number", read_only=True)
    has_document = serializers.SerializerMethodField()

    class Meta:
        model = Invoice
        fields = [
            "id", "order", "shop", "status", "kind", "title", "tax_number", "email", "amount_fen", "number",
            "issued_on", "has_document", "requested_at", "issued_at", "refused_at", "refused_reason",
            "reversal_due_at", "reversed_at", "reversal_number", "reversal_reason",
        ]  # fmt: skip
        read_only_fields = fields

    def get_has_document(self, invoice: Invoice) -> bool:
        """Return whether it was issued."""
        return bool(invoice.document_path)


class RequestInvoiceSerializer(serializers.Serializer):
    """To whom the invoice is made out; a company with its tax number."""

    kind = serializers.ChoiceField(choices=InvoiceKind.choices)
    title = serializers.CharField(max_length=TITLE_MAX)
    tax_number = serializers.CharField(required=False, allow_blank=True, max_length=40, default="")
    email = serializers.EmailField(required=False, allow_blank=True, default="")


class RefuseInvoiceSerializer(serializers.Serializer):
    """Why there is no invoice."""

    reason = serializers.CharField(max_length=REASON_MAX)


class IssueInvoiceSerializer(serializers.Serializer):
    """The document of the tax office, with its number and day."""

    number = serializers.CharField(max_length=40)
    issued_on = serializers.DateField()
    file = serializers.FileField(max_length=1_000)


class ReverseInvoiceSerializer(serializers.Serializer):
    """The number of the red invoice; why, where no money went back."""

    number = serializers.CharField(max_length=40)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=REASON_MAX, default="")
