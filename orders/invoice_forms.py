"""Forms of invoices: for whom, the document, the red invoice. The services check what is typed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.services.invoicing import REASON_MAX, TITLE_MAX
from orders.statuses import InvoiceKind

PLAIN = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
DIGITS = {"autocomplete": "off", "inputmode": "numeric"}


class AskInvoiceForm(forms.Form):
    """To whom the invoice is made out."""

    kind = forms.ChoiceField(
        label=_("Who is it for?"), choices=InvoiceKind, widget=forms.RadioSelect, initial=InvoiceKind.PERSONAL
    )
    title = forms.CharField(
        label=_("Name on the invoice"),
        max_length=TITLE_MAX,
        help_text=_("Your name, or the company's as it is registered."),
    )
    tax_number = forms.CharField(
        label=_("Tax number"),
        max_length=40,
        required=False,
        help_text=_("Only for a company: 18 letters and digits."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class IssueInvoiceForm(forms.Form):
    """The document of the tax office, its number and day."""

    number = forms.CharField(
        label=_("Invoice number"),
        max_length=40,
        help_text=_("20 digits, at the top right of the invoice."),
        widget=forms.TextInput(attrs=DIGITS),
    )
    issued_on = forms.DateField(
        label=_("Day on the invoice"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    file = forms.FileField(
        label=_("The invoice as PDF"),
        max_length=1_000,
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
    )


class RefuseInvoiceForm(forms.Form):
    """Why there is no invoice."""

    reason = forms.CharField(
        label=_("Reason, for the buyer"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReverseInvoiceForm(forms.Form):
    """The red invoice; why, where no money went back."""

    number = forms.CharField(
        label=_("Number of the red invoice"), max_length=40, widget=forms.TextInput(attrs=DIGITS)
    )
    reason = forms.CharField(label=_("Reason, for the buyer"), max_length=REASON_MAX, required=False)

    def __init__(self, *args, is_due: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not is_due
