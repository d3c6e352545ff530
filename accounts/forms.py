"""Forms of sign-in, address book and profile."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, Language, User
from accounts.phones import normalize_phone
from common.errors import MarketError

PHONE_ATTRS = {"inputmode": "tel", "autocomplete": "tel-national", "maxlength": "24"}


def show_refusal(form: forms.Form, refusal: MarketError) -> None:
    """Show a refusal on a posted form: at its fields where it names them, else above the form."""
    form.errors.clear()
    for name, message in (refusal.fields or {}).items():
        form.add_error(name if name in form.fields else None, str(message))
    if not refusal.fields:
        form.add_error(None, str(refusal.message))


class PasswordForm(forms.Form):
    """Phone or e-mail, and password."""

    identifier = forms.CharField(
        label=_("Phone or e-mail"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PhoneForm(forms.Form):
    """Where the code goes."""

    phone = forms.CharField(
        label=_("Mobile number"), max_length=24, widget=forms.TextInput(attrs=PHONE_ATTRS | {"type": "tel"})
    )


class SignUpForm(PhoneForm):
    """A new buyer: phone and, if they like, a name."""

    display_name = forms.CharField(
        label=_("Your name"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class CodeForm(forms.Form):
    """The code from the SMS."""

    code = forms.CharField(
        label=_("Code"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code-input"}
        ),
    )


class AddressForm(forms.ModelForm):
    """Where parcels go."""

    phone = forms.CharField(
        label=_("Phone"), max_length=24, widget=forms.TextInput(attrs=PHONE_ATTRS | {"type": "tel"})
    )

    class Meta:
        model = Address
        fields = ["recipient", "phone", "region", "detail", "is_default"]
        widgets = {
            "recipient": forms.TextInput(attrs={"autocomplete": "name"}),
            "region": forms.TextInput(attrs={"autocomplete": "address-level1"}),
            "detail": forms.Textarea(attrs={"autocomplete": "street-address", "rows": 2}),
        }
        help_texts = {"region": _("Such as: Yunnan, Dali, Eryuan county")}

    def clean_phone(self) -> str:
        """Accept mobile numbers and landlines as people type them."""
        try:
            return normalize_phone(self.cleaned_data["phone"], allow_landline=True)
        except ValueError as error:
            raise forms.ValidationError(_("Enter a telephone number, such as 138 1234 5678.")) from error

    def validate_constraints(self) -> None:
        """Leave the one default address to the service, which moves it."""


class ProfileForm(forms.ModelForm):
    """Name and language."""

    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)

    class Meta:
        model = User
        fields = ["display_name", "language"]
        widgets = {"display_name": forms.TextInput(attrs={"autocomplete": "name"})}
