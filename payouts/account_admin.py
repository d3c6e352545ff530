"""Payout accounts for operators: written by one, checked by another, with their history."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from common.admin_base import BaseAdmin, Move, ReadOnlyInline, ReasonForm
from common.admin_links import Link, list_link, object_link, related, state
from common.clock import utc_now
from common.errors import MarketError
from payouts.errors import AccountUnreadable
from payouts.models import PayoutAccount, PayoutAccountVersion
from payouts.sealing import unseal
from payouts.services.keeping_accounts import (
    AccountFacts,
    confirm_account,
    restrict_account,
    write_account,
)
from payouts.statuses import PayoutAccountStatus, PayoutMethod
from shops.models import Farmer, Host, Shop

PAYEES = ("farmer", "host", "payee_shop")
FACTS = ("method", "holder", "detail", "bank_name", "bank_code")


def _text(label: Any, length: int, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=length, required=required, help_text=help_text,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class FactsForm(forms.Form):
    """Where the money should go."""

    method = forms.ChoiceField(label=_("Way"), choices=PayoutMethod.choices, widget=UnfoldAdminSelectWidget())
    holder = _text(_("Name of the holder"), 60)
    detail = _text(
        _("Number"),
        80,
        required=False,
        help_text=_("Card number, Alipay name or WeChat openid; cash has none."),
    )
    bank_name = _text(_("Bank and branch"), 60, required=False)
    bank_code = _text(
        _("Bank code (12 digits)"), 12, required=False, help_text=_("Needed for files to another bank.")
    )

    def facts(self) -> AccountFacts:
        """Return what was typed."""
        return facts_of(self.cleaned_data)


class ChangeForm(FactsForm, ReasonForm):
    """New facts, and why."""


class AccountForm(forms.ModelForm):
    """A first account of a payee; saved through its service."""

    method = FactsForm.base_fields["method"]
    holder = FactsForm.base_fields["holder"]
    detail = FactsForm.base_fields["detail"]
    bank_name = FactsForm.base_fields["bank_name"]
    bank_code = FactsForm.base_fields["bank_code"]
    reason = ReasonForm.base_fields["reason"]

    class Meta:
        model = PayoutAccount
        fields = [*PAYEES]
        labels = {"farmer": _("Farmer"), "host": _("Host"), "payee_shop": _("Shop")}

    def clean(self) -> dict[str, Any]:
        """Ask for exactly one payee."""
        data = super().clean()
        if len([name for name in PAYEES if data.get(name)]) != 1:
            raise forms.ValidationError(_("Name the farmer, the host or the shop, one of the three."))
        return data


def facts_of(data: dict[str, Any]) -> AccountFacts:
    """Return the facts that a form names."""
    return AccountFacts(**{name: data.get(name) or "" for name in FACTS})


class VersionInline(ReadOnlyInline):
    """Where the money went before; numbers are seen one by one, with a reason."""

    model = PayoutAccountVersion
    fk_name = "account"
    fields = readonly_fields = ["number", "method", "bank_name", "written_by", "written_at", "reason"]
    ordering = ["-number"]


@admin.register(PayoutAccount)
class PayoutAccountAdmin(BaseAdmin):
    """Where a payee's money goes."""

    noun, title = _("payout account"), _("Payout accounts")
    can_add = True
    form = AccountForm
    personal_fields = ("holder",)
    list_display = [
        related("farmer", _("farmer")),
        related("host", _("host")),
        related("payee_shop", _("shop")),
        "method",
        "detail_masked",
        state({"pending": "warning", "active": "success", "restricted": "danger"}),
        "verified_at",
    ]
    list_filter = ["status", "method"]
    list_select_related = ["farmer", "host", "payee_shop"]
    search_fields = ["farmer__name", "host__name", "payee_shop__name", "=farmer__contact__phone"]
    autocomplete_fields = ["farmer", "host", "payee_shop"]
    inlines = [VersionInline]
    moves = (
        Move(
            name="confirm",
            label=_("Account and identity checked"),
            told=_(
                "You have seen an identity card and the card or account of this person. Another "
                "person than the writer confirms it."
            ),
            run=lambda request, account, data: confirm_account(
                actor=request.user, account_id=account.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({PayoutAccountStatus.PENDING, PayoutAccountStatus.RESTRICTED}),
        ),
        Move(
            name="rewrite",
            label=_("Change account"),
            told=_(
                "The old account stays in the history. The new one is paid only after another person "
                "has checked it."
            ),
            run=lambda request, account, data: write_account(
                actor=request.user,
                payee=account.payee,
                facts=facts_of(data),
                reason=data["reason"],
                now=utc_now(),
            ),
            form=ChangeForm,
        ),
        Move(
            name="restrict",
            label=_("Stop payouts to it"),
            run=lambda request, account, data: restrict_account(
                actor=request.user, account_id=account.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({PayoutAccountStatus.PENDING, PayoutAccountStatus.ACTIVE}),
            is_dangerous=True,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: PayoutAccount | None = None) -> list[Any]:
        """Ask for the payee and the facts of a new account."""
        if obj is None:
            return [*PAYEES, *FACTS, "reason"]
        return super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: PayoutAccount | None = None) -> list[Any]:
        """Let a new account be written."""
        return [] if obj is None else super().get_readonly_fields(request, obj)

    def get_inlines(self, request: HttpRequest, obj: PayoutAccount | None) -> list[Any]:
        """Show history where there is one."""
        return [] if obj is None else self.inlines

    def save_model(
        self, request: HttpRequest, obj: PayoutAccount, form: forms.ModelForm, change: bool
    ) -> None:
        """Write it through the service, which keeps history and audit."""
        payee: Farmer | Host | Shop = obj.payee
        written = write_account(
            actor=request.user,
            payee=payee,
            facts=facts_of(form.cleaned_data),
            reason=form.cleaned_data["reason"],
            now=utc_now(),
        )
        obj.pk = written.pk

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        """Show a refusal of the service above the form."""
        try:
            return super().add_view(request, form_url, extra_context)
        except MarketError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.path)

    def links(self, account: PayoutAccount) -> list[Link | None]:
        """Return the payee and what was paid here."""
        paid = list_link("payouts.payouttransfer", _("In runs"), q=account.payee.name)
        return [object_link(account.payee), paid]


@admin.register(PayoutAccountVersion)
class PayoutAccountVersionAdmin(BaseAdmin):
    """Accounts as they were; the number is shown to who says why."""

    noun, title = _("version of an account"), _("Versions of accounts")
    personal_fields = ("holder", "detail")
    list_display = [related("account", _("payout account")), "number", "method", "written_by", "written_at"]
    list_filter = ["method"]
    list_select_related = ["account", "written_by"]
    search_fields = ["account__farmer__name", "account__host__name", "account__payee_shop__name"]
    date_hierarchy = "written_at"
    ordering = ["-pk"]

    def revealed(self, thing: PayoutAccountVersion, name: str) -> Any:
        """Open the number, which is sealed at rest."""
        if name != "detail":
            return super().revealed(thing, name)
        try:
            return unseal(thing.detail)
        except AccountUnreadable as refusal:
            return refusal.message

    def links(self, version: PayoutAccountVersion) -> list[Link | None]:
        """Return the account and its payee."""
        return [object_link(version.account), object_link(version.account.payee)]
