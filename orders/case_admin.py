"""After-sales cases in the admin: what was asked, with its evidence, and the market's last word."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin_base import BaseAdmin, Move, ReadOnlyInline, ReasonForm
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from orders.models import (
    AfterSaleCase,
    AfterSaleEvent,
    AfterSaleLine,
    AfterSalePhoto,
    CaseOffer,
    CaseOfferLine,
    CommissionReturn,
)
from orders.services.judging import arbitrate_case
from orders.statuses import OPEN_CASES, CostBearer

CASE_COLORS = {
    "requested": "warning",
    "offered": "warning",
    "rejected": "danger",
    "awaiting_return": "info",
    "awaiting_receipt": "info",
    "awaiting_refund": "warning",
    "refunded": "success",
    "closed": "info",
}


class GrantForm(ReasonForm):
    """The market's yes: why, and who carries the loss."""

    cost_bearer = forms.ChoiceField(
        label=_("Who carries the loss"),
        required=False,
        choices=[("", _("as the reason says")), *CostBearer.choices],
    )


class CaseLineInline(ReadOnlyInline):
    """What is asked back."""

    model = AfterSaleLine
    fields = readonly_fields = [
        related("order_line", _("order line")),
        "quantity",
        yuan("amount_fen", _("amount")),
        "cost_bearer",
    ]


class EvidenceInline(ReadOnlyInline):
    """The photos."""

    model = AfterSalePhoto
    fields = readonly_fields = [related("photo", _("photo"))]


class EventInline(ReadOnlyInline):
    """The way so far."""

    model = AfterSaleEvent
    fields = readonly_fields = ["status", "by", related("user", _("person")), "text", "at"]


class ReturnInline(ReadOnlyInline):
    """What is taken back from frozen shares."""

    model = CommissionReturn
    fields = readonly_fields = [related("commission", _("frozen share")), yuan("amount_fen", _("amount"))]


@admin.register(AfterSaleCase)
class AfterSaleCaseAdmin(BaseAdmin):
    """What buyers ask back. Those who called the market in are found by their date."""

    noun, title = _("after-sales case"), _("After-sales cases")
    list_display = [
        "id",
        related("order", _("order")),
        related("order.shop", _("shop")),
        state(CASE_COLORS),
        "kind",
        "reason",
        yuan("amount_fen", _("amount")),
        "appealed_at",
        "deadline_at",
    ]
    list_filter = ["status", "kind", "reason", ("appealed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["order__shop"]
    search_fields = ["=order__number", "=order__phone", "=order__group__buyer__phone"]
    date_hierarchy = "requested_at"
    ordering = ["-pk"]
    inlines = [CaseLineInline, EvidenceInline, EventInline]
    moves = (
        Move(
            name="grant",
            label=_("Grant the refund"),
            run=lambda request, case, data: arbitrate_case(
                actor=request.user,
                case_id=case.pk,
                grant=True,
                reason=data["reason"],
                cost_bearer=data["cost_bearer"],
                now=utc_now(),
            ),
            form=GrantForm,
            states=frozenset(OPEN_CASES),
            is_dangerous=True,
        ),
        Move(
            name="deny",
            label=_("Close without a refund"),
            run=lambda request, case, data: arbitrate_case(
                actor=request.user, case_id=case.pk, grant=False, reason=data["reason"], now=utc_now()
            ),
            states=frozenset(OPEN_CASES),
            is_dangerous=True,
        ),
    )

    def links(self, case: AfterSaleCase) -> list[Link | None]:
        """Return the order, the refund request and the postings."""
        return [
            object_link(case.order),
            object_link(case.refund_request),
            list_link("ledger.ledgertransaction", _("Postings"), q=f"aftersalecase:{case.pk}"),
        ]


@admin.register(AfterSaleLine)
class AfterSaleLineAdmin(BaseAdmin):
    """Lines of cases: units, money, who carries the loss."""

    noun, title = _("case line"), _("Case lines")
    list_display = [
        related("case", _("case")),
        related("order_line", _("order line")),
        "quantity",
        yuan("amount_fen", _("amount")),
        "cost_bearer",
    ]
    list_filter = ["cost_bearer"]
    list_select_related = ["case", "order_line"]
    search_fields = ["=case__order__number", "order_line__title"]
    ordering = ["-pk"]
    inlines = [ReturnInline]


@admin.register(CommissionReturn)
class CommissionReturnAdmin(BaseAdmin):
    """Frozen shares that were taken back."""

    noun, title = _("returned share"), _("Returned shares")
    list_display = [
        related("commission", _("frozen share")),
        related("line.case", _("case")),
        yuan("amount_fen", _("amount")),
    ]
    list_select_related = ["commission", "line__case"]
    search_fields = ["=line__case__order__number"]
    ordering = ["-pk"]


@admin.register(AfterSalePhoto)
class AfterSalePhotoAdmin(BaseAdmin):
    """Evidence of cases."""

    noun, title = _("evidence"), _("Evidence")
    list_display = [related("case", _("case")), related("photo", _("photo"))]
    list_select_related = ["case", "photo"]
    search_fields = ["=case__order__number"]
    ordering = ["-pk"]


@admin.register(AfterSaleEvent)
class AfterSaleEventAdmin(BaseAdmin):
    """Steps of cases."""

    noun, title = _("case step"), _("Case steps")
    list_display = [related("case", _("case")), "status", "by", related("user", _("person")), "at"]
    list_filter = ["by", "status"]
    list_select_related = ["case", "user"]
    search_fields = ["=case__order__number"]
    date_hierarchy = "at"
    ordering = ["-pk"]


class OfferLineInline(ReadOnlyInline):
    """What is offered for which units."""

    model = CaseOfferLine
    fields = readonly_fields = [
        related("order_line", _("order line")),
        "quantity",
        yuan("amount_fen", _("amount")),
    ]


@admin.register(CaseOffer)
class CaseOfferAdmin(BaseAdmin):
    """What shops offered instead of what was asked, and what became of it."""

    noun, title = _("offer"), _("Offers in cases")
    list_display = [
        "id",
        related("case", _("case")),
        "outcome",
        yuan("asked_fen", _("asked")),
        yuan("amount_fen", _("offered")),
        related("made_by", _("person")),
        "made_at",
        "settled_at",
    ]
    list_filter = ["outcome"]
    list_select_related = ["case", "made_by"]
    search_fields = ["=case__order__number", "=case__id"]
    date_hierarchy = "made_at"
    ordering = ["-pk"]
    inlines = [OfferLineInline]

    def links(self, offer: CaseOffer) -> list[Link | None]:
        """Return the case and its order."""
        return [object_link(offer.case), object_link(offer.case.order)]


@admin.register(CaseOfferLine)
class CaseOfferLineAdmin(BaseAdmin):
    """Lines of offers."""

    noun, title = _("offered line"), _("Offered lines")
    list_display = [
        related("offer", _("offer")),
        related("order_line", _("order line")),
        "quantity",
        yuan("amount_fen", _("amount")),
    ]
    list_select_related = ["offer", "order_line"]
    search_fields = ["=offer__case__order__number"]
    ordering = ["-pk"]
