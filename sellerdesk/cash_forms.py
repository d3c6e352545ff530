"""What a member types about cash that goes from hand to hand."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.statuses import HandMethod
from shops.forms import YuanField


class ByHandForm(forms.Form):
    """How the money went; `key` makes a page that is sent twice count once."""

    method = forms.ChoiceField(label=_("How"), choices=HandMethod.choices)
    reference = forms.CharField(
        label=_("Number of the transfer or receipt"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class HandoverForm(ByHandForm):
    """Cash for the market."""

    amount_fen = YuanField(label=_("Amount (yuan)"), least_fen=1)
    field_order = ["amount_fen"]
