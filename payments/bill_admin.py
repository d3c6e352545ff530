"""The providers' bills, for operators: brought in by hand or by the clock, and how their lines agree."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from common.errors import MarketError
from payments.bill_forms import BillForm
from payments.models import ProviderBill, ProviderBillLine
from payments.services.billing import fetch_bill, import_bill
from payments.services.withdrawing import propose_bank_transfer
from payments.statuses import BillLineKind, LineMatch

COLOURS = {
    LineMatch.MATCHED: "success", LineMatch.NONE: "", LineMatch.STATE: "warning", LineMatch.AMOUNT: "danger",
    LineMatch.NUMBER: "danger", LineMatch.UNKNOWN: "danger",
}  # fmt: skip


@admin.register(ProviderBill)
class ProviderBillAdmin(BaseAdmin):
    """Daily bills. A new one is brought in as a file, or asked for at the provider."""

    noun, title = _("bill of the provider"), _("Bills of the providers")
    can_add = True
    list_display = [
        "gateway",
        "bill_on",
        "kind",
        "version",
        "is_current",
        "line_count",
        yuan("paid_fen", _("payments")),
        yuan("refunded_fen", _("refunds")),
        yuan("fee_fen", _("fees")),
        "imported_at",
    ]
    list_filter = ["gateway", "kind", "is_current"]
    search_fields = ["=digest", "reason", "=lines__reference", "=lines__provider_reference"]
    date_hierarchy = "bill_on"
    ordering = ["-bill_on", "-pk"]

    def links(self, bill: ProviderBill) -> list[Link | None]:
        """Return the lines, those that do not agree, and the fees in the book."""
        lines = "payments.providerbillline"
        return [
            list_link(lines, _("Lines"), bill__id__exact=bill.pk),
            list_link(lines, _("Lines unknown to us"), bill__id__exact=bill.pk, match__exact="unknown"),
            list_link("ledger.ledgertransaction", _("Fees in the book"), q=f"provider_bill:{bill.pk}"),
            list_link("payments.providerbill", _("All bills of that day"), bill_on__exact=bill.bill_on),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Bring in a bill: the file that was sent, or what the provider gives out."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BillForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            wish = form.wish()
            bring = import_bill if "content" in wish else fetch_bill
            try:
                bill = bring(actor=request.user, now=utc_now(), **wish)
            except MarketError as refusal:
                detail = getattr(refusal, "detail", "")
                form.add_error(None, f"{refusal.message} {detail}".strip())
            else:
                messages.success(request, _now("Done: %(what)s") % {"what": bill})
                return redirect(self._url("change", bill))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Bring in a bill"),
            "form": form,
            "back_url": self._url("changelist"),
        }
        return TemplateResponse(request, "admin/bill.html", context)


@admin.register(ProviderBillLine)
class ProviderBillLineAdmin(BaseAdmin):
    """Lines of bills, each with the payment or refund that it is."""

    noun, title = _("line of a bill"), _("Lines of bills")
    list_display = [
        related("bill", _("bill")),
        "kind",
        state(COLOURS, "match"),
        "reference",
        "provider_reference",
        yuan("amount_fen", _("amount")),
        yuan("fee_fen", _("fee")),
        related("payment", _("payment")),
        related("refund", _("refund")),
        "happened_at",
    ]
    list_filter = ["match", "kind", "bill__gateway", "bill__is_current"]
    list_select_related = ["bill", "payment", "refund"]
    search_fields = ["=reference", "=provider_reference", "=payment_reference"]
    date_hierarchy = "happened_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="bank",
            label=_("It went to our bank, or came from it"),
            told=_(
                "A correction is proposed for it. Another operator looks at it under Corrections and "
                "posts it."
            ),
            run=lambda request, line, data: propose_bank_transfer(
                actor=request.user, line_id=line.pk, reason=data["reason"], now=utc_now()
            ),
            permission="ledger.add_ledgeradjustment",
            states=frozenset({BillLineKind.OTHER}),
            field="kind",
        ),
    )

    def links(self, line: ProviderBillLine) -> list[Link | None]:
        """Return bill, payment, refund, and what the book says about the line."""
        return [
            object_link(line.bill),
            object_link(line.payment),
            object_link(line.refund),
            list_link("ledger.ledgerentry", _("Entries of the book"), q=f"provider_bill_line:{line.pk}"),
            list_link("ledger.ledgeradjustment", _("Corrections to check"), status__exact="proposed"),
        ]
