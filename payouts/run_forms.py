"""What operators hand in about a run: the bank's answer, a signed receipt."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget


class AnswerForm(forms.Form):
    """The bank's answer, saved as CSV."""

    file = forms.FileField(
        label=_("Answer of the bank (CSV)"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}),
    )


class ReceiptForm(forms.Form):
    """The signed receipt of cash: its number and its picture."""

    number = forms.CharField(
        label=_("Number of the receipt"), max_length=64, widget=UnfoldAdminTextInputWidget()
    )
    file = forms.ImageField(
        label=_("Photo of the signed receipt"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/*", "capture": "environment"}),
    )
