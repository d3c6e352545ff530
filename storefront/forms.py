"""What buyers may type into the catalogue."""

from django import forms
from django.utils.translation import gettext_lazy as _

from common.money import parse_yuan
from shops.models import Category, Village

MOST_YUAN = 1_000_000
ORDERINGS = [("newest", _("Newest")), ("price", _("Price, low first")), ("-price", _("Price, high first"))]


class YuanField(forms.CharField):
    """A typed amount of yuan, cleaned to fen; None when empty."""

    def __init__(self, **options):
        options.setdefault("max_length", 20)
        super().__init__(**options)
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value):
        """Return fen; a ValidationError says what a price looks like."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse_yuan(text)
        except ValueError as error:
            raise forms.ValidationError(_("Enter a price in yuan, such as 68 or 68.50.")) from error
        if not 0 <= amount <= MOST_YUAN * 100:
            raise forms.ValidationError(_("Enter a price in yuan, such as 68 or 68.50."))
        return amount


class CatalogueForm(forms.Form):
    """Search, filters and order of the catalogue; a field that makes no sense is left out, not refused."""

    search = forms.CharField(required=False, max_length=60, label=_("Search"))
    category = forms.ModelChoiceField(
        Category.objects.all(), required=False, to_field_name="slug", label=_("Shelf"), empty_label=_("All")
    )
    village = forms.ModelChoiceField(
        Village.objects.all(), required=False, label=_("Village"), empty_label=_("All villages")
    )
    min_price = YuanField(required=False, label=_("From"))
    max_price = YuanField(required=False, label=_("Up to"))
    in_stock = forms.BooleanField(required=False, label=_("Only what can be bought now"))
    ordering = forms.ChoiceField(required=False, choices=ORDERINGS, label=_("Order"))

    def filters(self) -> dict:
        """Return the filters of `shops.selectors.published_products`."""
        self.is_valid()
        cleaned = self.cleaned_data
        category, village = cleaned.get("category"), cleaned.get("village")
        return {
            "search": cleaned.get("search", ""),
            "category": category.slug if category else None,
            "village": village.pk if village else None,
            "min_fen": cleaned.get("min_price"),
            "max_fen": cleaned.get("max_price"),
            "in_stock": cleaned.get("in_stock", False),
            "ordering": cleaned.get("ordering") or "newest",
        }
