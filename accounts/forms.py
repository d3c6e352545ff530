"""Forms of sign-in, address book and profile."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, Language, User
from accounts.phones import normalize_phone
from accounts.regions import provinces, regions_under
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


class RegionPicker(forms.Select):
    """A select whose choice decides what the next one offers; without scripts a button does that."""

    def __init__(self, **attrs: str):
        asks = {
            "hx-post": "",
            "hx-trigger": "change",
            "hx-target": "#region",
            "hx-select": "#region",
            "hx-swap": "outerHTML",
            "hx-include": "closest form",
            "hx-vals": '{"step": "1"}',
        }
        super().__init__(attrs=asks | attrs)


class AddressForm(forms.ModelForm):
    """Where parcels go; the county is chosen by way of province and city (GB/T 2260)."""

    phone = forms.CharField(
        label=_("Phone"), max_length=24, widget=forms.TextInput(attrs=PHONE_ATTRS | {"type": "tel"})
    )
    province = forms.ChoiceField(label=_("Province"), widget=RegionPicker())
    city = forms.ChoiceField(label=_("City"), widget=RegionPicker())
    county = forms.ChoiceField(label=_("County or district"))

    class Meta:
        model = Address
        fields = ["recipient", "phone", "detail", "is_default"]
        widgets = {
            "recipient": forms.TextInput(attrs={"autocomplete": "name"}),
            "detail": forms.Textarea(attrs={"autocomplete": "street-address", "rows": 2}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        code = self.instance.region_code
        known = {"province": f"{code[:2]}0000", "city": f"{code[:4]}00", "county": code} if code else {}
        offered = provinces()
        for name in ("province", "city", "county"):
            chosen = self.data.get(name, "") if self.is_bound else known.get(name, "")
            codes = [one.code for one in offered]
            if chosen not in codes:
                # Beijing has one city, itself: nobody has to choose it.
                chosen = codes[0] if len(codes) == 1 else ""
            self.fields[name].choices = [("", _("Choose …")), *((one.code, one.name) for one in offered)]
            self.initial[name] = chosen
            if self.is_bound and not self.data.get(name) and chosen:
                self.data = self.data.copy()
                self.data[name] = chosen
            offered = regions_under(chosen) if chosen else ()

    def clean(self) -> dict:
        """Take the county as the region's code; its name is the service's to write."""
        cleaned = super().clean()
        if cleaned.get("county"):
            cleaned["region_code"] = cleaned["county"]
        return cleaned

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
