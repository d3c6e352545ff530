"""What operators type about the book."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from common.money import parse_yuan
from ledger.models import LedgerAccount
from ledger.services.adjusting import ProposedLine
from ledger.statuses import OwnerKind

DAYS_SHOWN = 31


class WindowForm(forms.Form):
    """The first and the last day of a statement, in the village's time; the last month unless told."""

    first = forms.DateField(label=_("First day"), widget=UnfoldAdminSingleDateWidget())
    last = forms.DateField(label=_("Last day"), widget=UnfoldAdminSingleDateWidget())

    def __init__(self, data: Any, *, now: datetime):
        today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
        usual = {"first": today - timedelta(days=DAYS_SHOWN - 1), "last": today}
        super().__init__(usual if data is None else data)

    def window(self) -> tuple[datetime, datetime] | None:
        """Return from midnight to midnight, or None for days that are none."""
        if not self.is_valid():
            return None
        zone = ZoneInfo(settings.TIME_ZONE)
        first, last = self.cleaned_data["first"], self.cleaned_data["last"]
        try:
            return (
                datetime.combine(first, time(), tzinfo=zone),
                datetime.combine(last + timedelta(days=1), time(), tzinfo=zone),
            )
        except OverflowError:
            return None

    def query(self) -> str:
        """Return the window for an address."""
        return urlencode({name: self.cleaned_data[name].isoformat() for name in ("first", "last")})


class AdjustmentForm(forms.Form):
    """A correction of one account against one of the market's own."""

    direction = forms.ChoiceField(
        label=_("Side"),
        choices=[("credit", _("credit: it is owed more")), ("debit", _("debit: it is owed less"))],
        widget=UnfoldAdminSelectWidget(),
    )
    amount = forms.CharField(
        label=_("Amount in yuan"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "placeholder": "12.50"}),
    )
    against = forms.ModelChoiceField(
        label=_("Against the market's account"),
        help_text=_("The same sum goes to the other side of this account, so that the book balances."),
        queryset=LedgerAccount.objects.filter(owner_kind=OwnerKind.SYSTEM).order_by("purpose"),
        widget=UnfoldAdminSelectWidget(),
    )
    source = forms.RegexField(
        label=_("Document it is about"),
        regex=r"^(order|order_line|provider_bill_line):[1-9][0-9]{0,17}$",
        required=False,
        help_text=_(
            "Kind and number as in the book: order:12, order_line:34, provider_bill_line:56. Or nothing."
        ),
        error_messages={"invalid": _("Write kind and number, such as order:12.")},
        widget=UnfoldAdminTextInputWidget(),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Whoever is paid more or less by it reads this in their tally."),
    )  # fmt: skip

    def clean_amount(self) -> int:
        """Return fen."""
        try:
            amount_fen = parse_yuan(self.cleaned_data["amount"])
        except ValueError as error:
            raise forms.ValidationError(_("Enter an amount of yuan, such as 12.50.")) from error
        if amount_fen <= 0:
            raise forms.ValidationError(_("Enter an amount of yuan, such as 12.50."))
        return amount_fen

    def clean(self) -> dict[str, Any]:
        """Add the maker of the two lines."""
        data = super().clean()
        if not self.errors:
            data["lines_for"] = self._lines(data)
        return data

    def _lines(self, data: dict[str, Any]) -> Callable[[LedgerAccount], list[ProposedLine]]:
        amount_fen = data["amount"] if data["direction"] == "debit" else -data["amount"]
        return lambda account: [
            ProposedLine(account.pk, amount_fen, data["source"]),
            ProposedLine(data["against"].pk, -amount_fen, data["source"]),
        ]
