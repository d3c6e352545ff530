"""Fields of forms about goods and farmers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.phones import normalize_phone
from common.money import parse_yuan
from shops.services.listing import PRICE_MAX_FEN

PRICE_MESSAGE = _("Enter a price in yuan, such as 68 or 68.50.")


class YuanField(forms.CharField):
    """A typed amount of yuan, cleaned to fen; None when empty."""

    def __init__(self, *, least_fen: int = 0, **options):
        options.setdefault("max_length", 20)
        super().__init__(**options)
        self.least_fen = least_fen
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value):
        """Return fen; a ValidationError says what a price looks like."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse_yuan(text)
        except ValueError as error:
            raise forms.ValidationError(PRICE_MESSAGE) from error
        if amount < self.least_fen:
            raise forms.ValidationError(_("The amount must be more than 0."))
        if amount > PRICE_MAX_FEN:
            raise forms.ValidationError(_("This price is too high. Is the point in the right place?"))
        return amount


class PhoneField(forms.CharField):
    """A telephone number, cleaned to its stored form."""

    def __init__(self, **options):
        options.setdefault("max_length", 30)
        super().__init__(**options)
        self.widget.attrs.update({"inputmode": "tel", "autocomplete": "off"})

    def clean(self, value):
        """Return the normalised number."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            return normalize_phone(text, allow_landline=True)
        except ValueError as error:
            raise forms.ValidationError(_("Enter a telephone number, such as 138 1234 5678.")) from error
