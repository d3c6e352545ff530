"""What buyers may type into the catalogue."""

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.forms import YuanField
from shops.models import Category, Village

ORDERINGS = [("newest", _("Newest")), ("price", _("Price, low first")), ("-price", _("Price, high first"))]


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
    ordering = forms.ChoiceField(required=False, choices=ORDERINGS, label=_("Sort by"))

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
