"""What operators type to bring in a provider's bill."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from payments.gateways.bills import READERS
from payments.gateways.bills.base import MOST_PACKED
from payments.statuses import BillKind

NAMES = {"wechatpay": _("WeChat Pay"), "alipay": _("Alipay")}


class BillForm(forms.Form):
    """Which bill; its file, or none to ask the provider; why it takes the place of another."""

    bill = forms.ChoiceField(label=_("Bill"), widget=UnfoldAdminSelectWidget())
    day = forms.DateField(label=_("Day"), widget=UnfoldAdminSingleDateWidget())
    file = forms.FileField(
        label=_("File"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(),
        help_text=_("As the provider gives it out. Without a file we ask the provider."),
    )
    reason = forms.CharField(
        label=_("Why it replaces another"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Only when there is another bill of that day already."),
    )

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.fields["bill"].choices = [
            (f"{gateway}:{kind}", f"{NAMES.get(gateway, gateway)}: {BillKind(kind).label}")
            for gateway, kind in READERS
        ]

    def clean_file(self) -> Any:
        """Refuse what is larger than any bill, unread."""
        file = self.cleaned_data["file"]
        if file is not None and file.size > MOST_PACKED:
            raise forms.ValidationError(_("This file is too large for a bill."), code="too_large")
        return file

    def wish(self) -> dict[str, Any]:
        """Return gateway, kind, day, reason; and the content where there is a file."""
        said = self.cleaned_data
        gateway, _sign, kind = said["bill"].partition(":")
        wish = {"gateway": gateway, "kind": kind, "day": said["day"], "reason": said["reason"]}
        return wish | ({"content": said["file"].read()} if said["file"] is not None else {})
