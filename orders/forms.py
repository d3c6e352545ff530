"""Forms of the desk's order pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.services.weighing import WEIGHT_MAX_G
from orders.statuses import Carrier


class ShipForm(forms.Form):
    """Under which number a parcel travels; the service checks it."""

    carrier = forms.ChoiceField(label=_("Carrier"), choices=Carrier.choices)
    tracking_number = forms.CharField(
        label=_("Tracking number"),
        max_length=40,
        help_text=_("8 to 30 letters and digits, as printed on the parcel."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


class CancelForm(forms.Form):
    """Why the shop cannot send it, in words for the buyer."""

    reason = forms.CharField(label=_("Reason, for the buyer"), max_length=100, required=False)


class WeightForm(forms.Form):
    """What a line weighs in the end."""

    weight_g = forms.IntegerField(
        label=_("Real weight in grams"),
        min_value=1,
        max_value=WEIGHT_MAX_G,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "autofocus": True}),
    )
