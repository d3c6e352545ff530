"""Cash that goes from hand to hand, for operators: what comes in, and what is given back."""

import uuid

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from common.admin_base import BaseAdmin, Move, OptionalReasonForm
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from common.errors import MarketError
from common.money import money_text
from orders.statuses import Carrier
from payments.models import CashHandover, HandRefund
from payments.services.handing_over import confirm_handover, decline_handover, note_handover
from payments.services.paying_by_hand import confirm_hand_refund, decline_hand_refund
from payments.statuses import HandMethod, HandoverStatus, HandRefundStatus
from shops.forms import YuanField


class ByHandForm(forms.Form):
    """How the money went, and by which number it is found."""

    method = forms.ChoiceField(label=_("How"), choices=HandMethod.choices, widget=UnfoldAdminSelectWidget())
    reference = forms.CharField(
        label=_("Number of the transfer or receipt"), max_length=80, widget=UnfoldAdminTextInputWidget()
    )


class HandoverForm(forms.ModelForm):
    """Cash that has come from a shop or a carrier; saved through its service."""

    amount_fen = YuanField(label=_("Amount (yuan)"), least_fen=1, widget=UnfoldAdminTextInputWidget())
    carrier = forms.ChoiceField(
        label=_("Carrier"),
        required=False,
        choices=[("", "—"), *Carrier.choices],
        widget=UnfoldAdminSelectWidget(),
    )
    reference = ByHandForm.base_fields["reference"]

    class Meta:
        model = CashHandover
        fields = ["shop", "carrier", "amount_fen", "method", "reference"]
        labels = {"shop": _("Shop"), "method": _("How")}

    def clean(self):
        """Ask for the one who brought it."""
        data = super().clean()
        if bool(data.get("shop")) == bool(data.get("carrier")):
            raise forms.ValidationError(_("Name the shop or the carrier, one of the two."))
        return data


@admin.register(CashHandover)
class CashHandoverAdmin(BaseAdmin):
    """Cash of parcels on its way to the market. Confirm what has come."""

    noun, title = _("cash handed over"), _("Cash handed over")
    can_add = True
    form = HandoverForm
    autocomplete_fields = ["shop"]
    list_display = [
        "id",
        related("shop", _("shop")),
        "carrier",
        yuan("amount_fen", _("amount")),
        "method",
        "reference",
        state({"noted": "warning", "received": "success", "declined": "danger"}),
        "noted_at",
    ]
    list_filter = ["status", "method"]
    list_select_related = ["shop"]
    search_fields = ["=reference", "shop__name"]
    date_hierarchy = "noted_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="confirm",
            label=_("It has come"),
            told=_("Only when the cash is counted, or stands on the market's account."),
            run=lambda request, handover, data: confirm_handover(
                actor=request.user, handover_id=handover.pk, now=utc_now()
            ),
            form=OptionalReasonForm,
            states=frozenset({HandoverStatus.NOTED}),
        ),
        Move(
            name="decline",
            label=_("It did not arrive"),
            told=_("The amount counts as still in the shop's hands."),
            run=lambda request, handover, data: decline_handover(
                actor=request.user, handover_id=handover.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({HandoverStatus.NOTED}),
            is_dangerous=True,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: CashHandover | None = None):
        """Ask for a new one's facts."""
        return HandoverForm.Meta.fields if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: CashHandover | None = None):
        """Let a new one be written."""
        return [] if obj is None else super().get_readonly_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: CashHandover, form: HandoverForm, change: bool) -> None:
        """Note it through the service, which keeps the audit."""
        noted, _replayed = note_handover(
            actor=request.user,
            amount_fen=obj.amount_fen,
            method=obj.method,
            reference=obj.reference,
            shop_id=obj.shop_id,
            carrier=obj.carrier,
            idempotency_key=uuid.uuid4(),
            now=utc_now(),
        )
        obj.pk = noted.pk

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        """Show a refusal of the service above the form."""
        try:
            return super().add_view(request, form_url, extra_context)
        except MarketError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.path)

    def links(self, handover: CashHandover) -> list[Link | None]:
        """Return the shop and the postings."""
        postings = list_link("ledger.ledgertransaction", _("Postings"), q=f"cashhandover:{handover.pk}")
        return [object_link(handover.shop), postings]


@admin.register(HandRefund)
class HandRefundAdmin(BaseAdmin):
    """Refunds of cash that were given back by hand; what waits is confirmed by another person."""

    noun, title = _("refund by hand"), _("Refunds by hand")
    list_display = [
        "id",
        related("refund.request.order", _("order")),
        "amount",
        "giver",
        "method",
        "reference",
        state({"noted": "warning", "done": "success", "declined": "danger"}),
        "noted_at",
    ]
    list_filter = ["status", "giver", "method"]
    list_select_related = ["refund__request__order"]
    search_fields = ["=reference", "=refund__request__order__number", "=refund__request__order__phone"]
    date_hierarchy = "noted_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="confirm",
            label=_("The buyer has the money"),
            run=lambda request, note, data: confirm_hand_refund(
                actor=request.user, note_id=note.pk, now=utc_now()
            ),
            form=OptionalReasonForm,
            states=frozenset({HandRefundStatus.NOTED}),
        ),
        Move(
            name="decline",
            label=_("It did not arrive"),
            run=lambda request, note, data: decline_hand_refund(
                actor=request.user, note_id=note.pk, now=utc_now(), words=data["reason"]
            ),
            states=frozenset({HandRefundStatus.NOTED}),
            is_dangerous=True,
        ),
    )

    @display(description=_("amount"), ordering="refund__amount_fen")
    def amount(self, note: HandRefund) -> str:
        """Return what was given back."""
        return money_text(note.refund.amount_fen)

    def links(self, note: HandRefund) -> list[Link | None]:
        """Return the refund, the order and the receipt."""
        request = note.refund.request
        return [object_link(note.refund), object_link(request and request.order), object_link(note.receipt)]
