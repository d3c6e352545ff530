"""Money in and back, for operators: payments, raw callbacks, refunds."""

import uuid

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin_base import BaseAdmin, Move
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from orders.statuses import RefundReason
from payments import bill_admin as bill_admin  # registers them
from payments import cash_admin as cash_admin
from payments import gift_admin as gift_admin  # registers them
from payments import unmatched_admin as unmatched_admin  # registers it
from payments.cash_admin import ByHandForm
from payments.gift_admin import links_of_bought
from payments.models import Payment, PaymentCallback, Refund
from payments.services.paying_by_hand import note_hand_refund
from payments.statuses import RefundStatus


@admin.register(Payment)
class PaymentAdmin(BaseAdmin):
    """Attempts to be paid. Search by reference, order number or the buyer's phone."""

    noun, title = _("payment"), _("Payments")
    list_display = [
        "reference",
        state(
            {
                "created": "info",
                "pending": "warning",
                "succeeded": "success",
                "failed": "danger",
                "closed": "",
            }
        ),
        related("group", _("purchase")),
        related("group.buyer", _("buyer")),
        related("gift", _("gift")),
        yuan("amount_fen", _("amount")),
        "gateway",
        "created_at",
    ]
    list_filter = ["status", "purpose", "gateway"]
    list_select_related = ["group__buyer", "gift"]
    search_fields = [
        "=reference",
        "=provider_reference",
        "=group__orders__number",
        "=group__buyer__phone",
        "=group__orders__phone",
        "=gift__giver__phone",
    ]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    hidden_fields = ("pay_url", "payer_digest")

    def links(self, payment: Payment) -> list[Link | None]:
        """Return purchase and orders, or the gift; callbacks, refunds and postings."""
        return [
            *links_of_bought(payment),
            list_link("payments.paymentcallback", _("Callbacks"), payment__id__exact=payment.pk),
            list_link("payments.refund", _("Refunds"), payment__id__exact=payment.pk),
            list_link("ledger.ledgertransaction", _("Postings"), q=f"payment:{payment.pk}"),
        ]


@admin.register(PaymentCallback)
class PaymentCallbackAdmin(BaseAdmin):
    """Signed callbacks, kept as received; a quarantined one needs an operator's eyes."""

    noun, title = _("callback"), _("Callbacks")
    list_display = [
        "event_id",
        "gateway",
        related("payment", _("payment")),
        state({"received": "info", "processed": "success", "quarantined": "danger"}, "outcome"),
        "problem",
        "received_at",
    ]
    list_filter = ["outcome", "gateway"]
    list_select_related = ["payment"]
    search_fields = ["=event_id", "=payment__reference", "=payment__group__orders__number"]
    date_hierarchy = "received_at"
    ordering = ["-pk"]
    extra_columns = ("body_text",)

    @display(description=_("body"))
    def body_text(self, callback: PaymentCallback) -> str:
        """Return the raw body as text."""
        return bytes(callback.body).decode("utf-8", "replace")[:4000]

    def links(self, callback: PaymentCallback) -> list[Link | None]:
        """Return the payment."""
        return [object_link(callback.payment)]


@admin.register(Refund)
class RefundAdmin(BaseAdmin):
    """Refunds at the provider."""

    noun, title = _("refund"), _("Refunds")
    list_display = [
        "reference",
        state({"requested": "warning", "in_transit": "info", "succeeded": "success", "failed": "danger"}),
        related("payment", _("payment")),
        related("request.order", _("order")),
        yuan("amount_fen", _("amount")),
        "why",
        "created_at",
    ]
    list_filter = ["status", "reason"]
    hidden_fields = ("reason",)
    extra_columns = ("why",)
    list_select_related = ["payment", "request__order", "gift"]
    search_fields = ["=reference", "=provider_reference", "=payment__reference", "=request__order__number",
                     "=request__order__phone"]  # fmt: skip
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="by_hand",
            label=_("Given back by hand"),
            run=lambda request, refund, data: note_hand_refund(
                actor=request.user,
                refund_id=refund.pk,
                amount_fen=refund.amount_fen,
                idempotency_key=uuid.uuid4(),
                now=utc_now(),
                **data,
            ),
            form=ByHandForm,
            states=frozenset({RefundStatus.FAILED}),
        ),
    )

    @display(description=_("reason"), ordering="reason")
    def why(self, refund: Refund) -> str:
        """Return why money goes back, in words."""
        return dict(RefundReason.choices).get(refund.reason, refund.reason)

    def links(self, refund: Refund) -> list[Link | None]:
        """Return payment, request, order and postings."""
        order = refund.request.order if refund.request else None
        return [
            object_link(refund.payment),
            object_link(refund.request),
            object_link(order),
            object_link(refund.gift),
            list_link("ledger.ledgertransaction", _("Postings"), q=f"refund:{refund.pk}"),
        ]
