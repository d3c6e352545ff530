"""Payout runs for operators: put together, checked, sent, followed."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from common.admin_base import BaseAdmin, Move, OptionalReasonForm
from common.admin_links import Link, list_link, object_link, related, state, yuan
from common.clock import utc_now
from common.errors import MarketError
from payouts.models import PayoutRun, PayoutTransfer
from payouts.run_forms import AnswerForm, ReceiptForm
from payouts.selectors.runs import board_of
from payouts.services.banking import Report, make_bank_file, take_bank_answer
from payouts.services.handing_out import hand_out
from payouts.services.running import approve_run, cancel_run, leave_out, make_run, recheck_run, start_run
from payouts.services.transferring import ask_about, note_returned
from payouts.statuses import PayoutMethod, RunStatus, TransferStatus
from payouts.transfers.bank_file import ANSWER_MAX_BYTES
from shops.forms import YuanField
from shops.models import Shop
from shops.services.photos import add_photo

RUN_COLORS = {
    "draft": "warning", "approved": "info", "sending": "info", "done": "success", "cancelled": "danger",
}  # fmt: skip
TRANSFER_COLORS = {
    "held": "warning", "ready": "info", "sending": "info", "paid": "success", "failed": "danger",
    "returned": "danger", "left_out": "warning",
}  # fmt: skip

LOOK_AGAIN_SECONDS = 5

FAULTS = {
    "reference": _("no number of ours"),
    "amount": _("no amount"),
    "result": _("result not understood"),
    "unknown": _("not of this run"),
    "repeated": _("stands there twice"),
    "differs": _("another sum than ours"),
    "settled": _("noted otherwise before"),
}


class NewRunForm(forms.ModelForm):
    """A run of everybody who waits, or of one shop; saved through its service."""

    shop = forms.ModelChoiceField(
        label=_("Only this shop"), queryset=Shop.objects.order_by("name"), required=False,
        empty_label=_("all shops"),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note"), max_length=100, required=False, widget=UnfoldAdminTextInputWidget()
    )

    class Meta:
        model = PayoutRun
        fields = ["note"]


class ApproveForm(forms.Form):
    """The sum that the checker has seen, typed in by hand: whoever types it has looked at it."""

    total_fen = YuanField(
        label=_("Sum to pay (yuan), as you read it"), least_fen=1, widget=UnfoldAdminTextInputWidget()
    )
    reason = forms.CharField(
        label=_("Note"), max_length=500, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )


@admin.register(PayoutRun)
class PayoutRunAdmin(BaseAdmin):
    """Payouts that go out together."""

    noun, title = _("payout run"), _("Payout runs")
    can_add = True
    change_form_outer_before_template = "admin/_payout_run.html"
    form = NewRunForm
    list_display = ["id", state(RUN_COLORS), "note", "made_by", "made_at", "approved_by", "ended_at"]
    list_filter = ["status"]
    list_select_related = ["made_by", "approved_by"]
    search_fields = ["=id", "note", "=transfers__reference", "=transfers__payout__statement__code"]
    date_hierarchy = "made_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="recheck",
            label=_("Look again"),
            told=_(
                "Every payout is looked at again: accounts added or stopped since then are taken in. "
                "Nothing is paid."
            ),
            run=lambda request, run, data: recheck_run(actor=request.user, run_id=run.pk, now=utc_now()),
            form=OptionalReasonForm,
            states=frozenset({RunStatus.DRAFT}),
        ),
        Move(
            name="approve",
            label=_("Approve run"),
            told=_(
                "You are the second pair of eyes: type the sum that you see on the page of the run. "
                "Held payouts are left out."
            ),
            run=lambda request, run, data: approve_run(
                actor=request.user,
                run_id=run.pk,
                total_fen=data["total_fen"],
                now=utc_now(),
                reason=data["reason"],
            ),
            form=ApproveForm,
            states=frozenset({RunStatus.DRAFT}),
        ),
        Move(
            name="start",
            label=_("Pay now"),
            told=_(
                "WeChat and Alipay are paid at once; the file for the bank and the cash then wait for "
                "you on the page of the run."
            ),
            run=lambda request, run, data: start_run(actor=request.user, run_id=run.pk, now=utc_now()),
            form=OptionalReasonForm,
            states=frozenset({RunStatus.APPROVED}),
        ),
        Move(
            name="cancel",
            label=_("Call the run off"),
            told=_("Nothing was sent yet. Its payouts wait for another run."),
            run=lambda request, run, data: cancel_run(
                actor=request.user, run_id=run.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({RunStatus.DRAFT, RunStatus.APPROVED}),
            is_dangerous=True,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: PayoutRun | None = None) -> list[Any]:
        """Ask whose payouts a new run takes."""
        return ["shop", "note"] if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: PayoutRun | None = None) -> list[Any]:
        """Let a new run be described."""
        return [] if obj is None else super().get_readonly_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: PayoutRun, form: forms.ModelForm, change: bool) -> None:
        """Make it through the service, which keeps the audit."""
        shop = form.cleaned_data.get("shop")
        made, _replayed = make_run(
            actor=request.user,
            idempotency_key=uuid.uuid4(),
            now=utc_now(),
            shop_id=shop.pk if shop else None,
            note=form.cleaned_data["note"],
        )
        obj.pk = made.pk

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        """Show a refusal of the service above the form."""
        try:
            return super().add_view(request, form_url, extra_context)
        except MarketError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.path)

    def get_urls(self) -> list:
        """Add the bank's file and its answer."""
        view = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/bank-file/<slug:layout>/",
                view(self.bank_file_view),
                name="payouts_payoutrun_file",
            ),
            path("<path:object_id>/bank-answer/", view(self.answer_view), name="payouts_payoutrun_answer"),
            *super().get_urls(),
        ]

    def changeform_view(self, request: HttpRequest, object_id=None, form_url="", extra_context=None):
        """Show the run as a whole above its facts."""
        context = dict(extra_context or {})
        run = self.get_object(request, unquote(object_id)) if object_id else None
        if run is not None and self.has_view_permission(request, run):
            board = board_of(run)
            context |= {
                "run": run,
                "board": board,
                "is_following": run.status in (RunStatus.SENDING, RunStatus.DONE),
                "may_change": request.user.has_perm("payouts.change_payoutrun"),
            }
        response = super().changeform_view(request, object_id, form_url, context)
        is_moving = "board" in context and run.status == RunStatus.SENDING and context["board"].moving
        if request.method == "GET" and is_moving:
            # While a worker pays it the page keeps up by itself, without a script; it holds nothing typed in.
            response["Refresh"] = str(LOOK_AGAIN_SECONDS)
        return response

    def bank_file_view(self, request: HttpRequest, object_id: str, layout: str) -> HttpResponse:
        """Hand the file out that goes to the bank; from then on its payouts are on their way."""
        run = self._changing(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            made = make_bank_file(actor=request.user, run_id=run.pk, layout=layout, now=utc_now())
        except MarketError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(self._url("change", run))
        response = HttpResponse(made.content, content_type=made.content_type)
        response["Content-Disposition"] = f'attachment; filename="{made.name}"'
        response["Cache-Control"] = "no-store"
        return response

    def answer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take in what the bank has answered, and show row by row what could not be taken."""
        run = self._changing(request, object_id)
        form = AnswerForm(request.POST or None, request.FILES or None)
        report, faults = None, []
        if request.method == "POST" and form.is_valid():
            content = form.cleaned_data["file"].read(ANSWER_MAX_BYTES + 1)
            try:
                report = take_bank_answer(actor=request.user, run_id=run.pk, content=content, now=utc_now())
                faults = _fault_rows(report)
            except MarketError as refusal:
                form.add_error(None, refusal.message)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": now_("Answer of the bank"),
            "form": form,
            "report": report,
            "faults": faults,
            "back_url": self._url("change", run),
        }
        return TemplateResponse(request, "admin/bank_answer.html", context)

    def _changing(self, request: HttpRequest, object_id: str) -> PayoutRun:
        run = self._thing(request, object_id)
        if not request.user.has_perm("payouts.change_payoutrun"):
            raise PermissionDenied
        return run

    def links(self, run: PayoutRun) -> list[Link | None]:
        """Return its payouts and what was done to it."""
        return [
            list_link("payouts.payouttransfer", _("All its payouts"), run__id__exact=run.pk),
            list_link("common.auditentry", _("Audit trail"), q=f"payoutrun:{run.pk}"),
        ]


def _fault_rows(report: Report) -> list[tuple[int, Any]]:
    return [(number, FAULTS[fault]) for number, fault in report.faults]


@admin.register(PayoutTransfer)
class PayoutTransferAdmin(BaseAdmin):
    """One payout in one run."""

    noun, title = _("payout of a run"), _("Payouts of runs")
    list_display = [
        "reference",
        related("run", _("payout run")),
        related("payout.statement.payee", _("payee")),
        yuan("amount_fen", _("amount")),
        "way",
        state(TRANSFER_COLORS),
        "problem",
    ]
    list_filter = ["status", "way", "problem"]
    list_select_related = [
        "run", "payout__statement__farmer", "payout__statement__host", "payout__statement__payee_shop",
    ]  # fmt: skip
    search_fields = [
        "=reference",
        "=provider_reference",
        "=payout__statement__code",
        "payout__statement__farmer__name",
        "payout__statement__host__name",
        "payout__statement__payee_shop__name",
    ]
    ordering = ["-pk"]
    moves = (
        Move(
            name="leave_out",
            label=_("Leave out of this run"),
            told=_("It is not paid in this run and waits for the next one."),
            run=lambda request, transfer, data: leave_out(
                actor=request.user, transfer_id=transfer.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({TransferStatus.HELD, TransferStatus.READY}),
        ),
        Move(
            name="ask",
            label=_("Ask the provider"),
            told=_("The provider is asked what became of it; nothing is sent again."),
            run=lambda request, transfer, data: ask_about(
                actor=request.user, transfer_id=transfer.pk, now=utc_now()
            ),
            form=OptionalReasonForm,
            states=frozenset({TransferStatus.SENDING, TransferStatus.PAID}),
        ),
        Move(
            name="returned",
            label=_("The money came back"),
            told=_(
                "Only when the money is back in the market's account: the book owes it to the payee "
                "again, and it waits for the next run."
            ),
            run=lambda request, transfer, data: note_returned(
                actor=request.user, transfer_id=transfer.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({TransferStatus.PAID}),
            is_dangerous=True,
        ),
    )

    def get_urls(self) -> list:
        """Add the page on which cash is handed out."""
        view = self.admin_site.admin_view(self.hand_out_view)
        page = path("<path:object_id>/hand-out/", view, name="payouts_payouttransfer_hand_out")
        return [page, *super().get_urls()]

    def hand_out_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note that cash was paid, with the photo of the receipt."""
        transfer = self._thing(request, object_id)
        if not request.user.has_perm("payouts.change_payouttransfer"):
            raise PermissionDenied
        form = ReceiptForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                now = utc_now()
                photo = add_photo(
                    actor=request.user, product=None, file=form.cleaned_data["file"], now=now, is_private=True
                )
                hand_out(
                    actor=request.user,
                    transfer_id=transfer.pk,
                    receipt_id=photo.pk,
                    number=form.cleaned_data["number"],
                    now=now,
                )
                messages.success(request, now_("Paid in cash."))
                return HttpResponseRedirect(reverse("admin:payouts_payoutrun_change", args=[transfer.run_id]))
            except MarketError as refusal:
                form.add_error(None, refusal.message)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": now_("Pay in cash"),
            "form": form,
            "transfer": transfer,
            "back_url": reverse("admin:payouts_payoutrun_change", args=[transfer.run_id]),
        }
        return TemplateResponse(request, "admin/hand_out.html", context)

    def links(self, transfer: PayoutTransfer) -> list[Link | None]:
        """Return run, payout, tally, payee and the receipt."""
        statement = transfer.payout.statement
        return [
            object_link(transfer.run),
            object_link(transfer.payout),
            object_link(statement),
            object_link(statement.payee),
            object_link(transfer.receipt),
            self._cash_link(transfer),
        ]

    def _cash_link(self, transfer: PayoutTransfer) -> Link | None:
        is_due = transfer.way == PayoutMethod.CASH and transfer.status == TransferStatus.READY
        if not is_due or transfer.run.status != RunStatus.SENDING:
            return None
        url = reverse("admin:payouts_payouttransfer_hand_out", args=[transfer.pk])
        return Link(_("Pay in cash"), url)
