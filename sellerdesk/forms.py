"""What a member types about goods, stock and farmers."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from common.money import yuan_text
from shops.forms import PhoneField, YuanField
from shops.models import Category, Farmer, FreightTemplate, Product, Shop, Variant, Village
from shops.selectors import farmers_of_shop, last_listing
from shops.services.listing import STOCK_MAX, TITLE_MAX, UNIT_MAX, ListingData, VariantData

DESCRIPTION_MAX = 5_000
NUMBER_PAD = {"inputmode": "numeric", "autocomplete": "off"}
STOCK_ERRORS = {
    "invalid": _("Enter a whole number of pieces, such as 20."),
    "min_value": _("There cannot be fewer than 0 pieces."),
    "max_value": _("That is more pieces than one listing can hold. Is there a zero too many?"),
}

FOR_SALE = {
    "price": _("Say what it costs."),
    "unit": _("Say what one piece is, for example “500 g”."),
    "stock": _("Say how many there are."),
}


class _CategoryField(forms.ModelChoiceField):
    def label_from_instance(self, category: Category) -> str:
        return category.display_name


class _FarmerField(forms.ModelChoiceField):
    def label_from_instance(self, farmer: Farmer) -> str:
        return f"{farmer.name} · {farmer.village.display_name}"


class _VillageField(forms.ModelChoiceField):
    def label_from_instance(self, village: Village) -> str:
        return village.display_name


class ListingForm(forms.Form):
    """A new listing: one variant with its stock. `for_sale` asks for all that a buyer must know."""

    title = forms.CharField(
        label=_("Name"), max_length=TITLE_MAX, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    price = YuanField(label=_("Price"), least_fen=1, required=False)
    unit = forms.CharField(
        label=_("For how much"),
        max_length=UNIT_MAX,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("500 g")}),
    )
    stock = forms.IntegerField(
        label=_("How many there are"),
        min_value=0,
        max_value=STOCK_MAX,
        required=False,
        error_messages=STOCK_ERRORS,
        widget=forms.TextInput(attrs=NUMBER_PAD),
    )
    category = _CategoryField(
        Category.objects.all(), label=_("Shelf"), widget=forms.RadioSelect, empty_label=None
    )
    village = _VillageField(Village.objects.all(), label=_("Village"), empty_label=None)
    farmer = _FarmerField(
        Farmer.objects.none(), label=_("Who grew it"), required=False, empty_label=_("The shop itself")
    )
    description = forms.CharField(
        label=_("More about it"),
        max_length=DESCRIPTION_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    weight = forms.IntegerField(
        label=_("What one piece weighs with its packing, in grams"), min_value=1, max_value=1_000_000,
        required=False, widget=forms.TextInput(attrs=NUMBER_PAD),
    )  # fmt: skip
    freight_template = forms.ModelChoiceField(
        FreightTemplate.objects.none(), label=_("Freight"), required=False,
        empty_label=_("As for all goods of the shop"),
    )  # fmt: skip

    def __init__(self, *args, shop: Shop, for_sale: bool = False, **kwargs):
        kwargs.setdefault("initial", remembered(shop))
        super().__init__(*args, **kwargs)
        self.shop = shop
        self.for_sale = for_sale
        self.fields["farmer"].queryset = farmers_of_shop(shop)
        templates = FreightTemplate.objects.filter(shop=shop).order_by("pk")
        self.fields["freight_template"].queryset = templates
        if not templates:
            # One thing less to fill in for shops that send everything at the market's freight.
            del self.fields["freight_template"], self.fields["weight"]
        for name in FOR_SALE:
            self.fields[name].required = for_sale
            self.fields[name].error_messages["required"] = FOR_SALE[name]

    def data_for(self, photo_ids: list[int]) -> ListingData:
        """Return the listing as the service takes it; without a price there is no variant yet."""
        cleaned = self.cleaned_data
        variants = None
        if cleaned.get("price"):
            variants = [
                VariantData(
                    name=cleaned.get("unit") or str(_("1 piece")),
                    price_fen=cleaned["price"],
                    stock=cleaned.get("stock"),
                    weight_g=cleaned.get("weight"),
                )
            ]
        return self._listing(variants, photo_ids)

    def _listing(self, variants: list[VariantData] | None, photo_ids: list[int]) -> ListingData:
        cleaned = self.cleaned_data
        return ListingData(
            title=cleaned["title"],
            description=cleaned.get("description", ""),
            category=cleaned["category"],
            village=cleaned["village"],
            farmer=cleaned.get("farmer"),
            variants=variants,
            photo_ids=photo_ids,
            freight_template=cleaned.get("freight_template"),
        )


class ListingEditForm(ListingForm):
    """An existing listing: unit and price of each variant. Stock is counted elsewhere."""

    def __init__(self, *args, product: Product, **kwargs):
        initial = {
            "title": product.title,
            "category": product.category_id,
            "village": product.village_id,
            "farmer": product.farmer_id,
            "description": product.description,
            "freight_template": product.freight_template_id,
        }
        super().__init__(*args, shop=product.shop, initial=initial, **kwargs)
        self.variants: list[Variant] = list(product.variants.all())
        if not self.variants:
            return
        has_weight = "weight" in self.fields
        for name in ("price", "unit", "stock", "weight"):
            self.fields.pop(name, None)
        for variant in self.variants:
            self.fields[f"unit_{variant.pk}"] = forms.CharField(
                label=_("For how much"), max_length=UNIT_MAX, initial=variant.name
            )
            self.fields[f"price_{variant.pk}"] = YuanField(
                label=_("Price"), least_fen=1, initial=yuan_text(variant.price_fen).replace(",", "")
            )
            if has_weight:
                self.fields[f"weight_{variant.pk}"] = forms.IntegerField(
                    label=ListingForm.base_fields["weight"].label, min_value=1, max_value=1_000_000,
                    initial=variant.weight_g, required=False, widget=forms.TextInput(attrs=NUMBER_PAD),
                )  # fmt: skip

    def variant_pairs(self) -> list[tuple]:
        """Return the (price, unit, weight or None) fields of each variant for the template."""
        return [
            (
                self[f"price_{variant.pk}"],
                self[f"unit_{variant.pk}"],
                self[f"weight_{variant.pk}"] if f"weight_{variant.pk}" in self.fields else None,
            )
            for variant in self.variants
        ]

    def data_for(self, photo_ids: list[int]) -> ListingData:
        """Return the listing as the service takes it; stock is left alone."""
        if not self.variants:
            return super().data_for(photo_ids)
        variants = [
            VariantData(
                pk=variant.pk,
                name=self.cleaned_data[f"unit_{variant.pk}"],
                price_fen=self.cleaned_data[f"price_{variant.pk}"],
                weight_g=self.cleaned_data.get(f"weight_{variant.pk}", variant.weight_g),
            )
            for variant in self.variants
        ]
        return self._listing(variants, photo_ids)


class StockForm(forms.Form):
    """A recount: `seen` is the number the member was shown, so that sales in between are not undone."""

    variant = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    seen = forms.IntegerField(min_value=0, max_value=STOCK_MAX)
    counted = forms.IntegerField(min_value=0, max_value=STOCK_MAX, error_messages=STOCK_ERRORS)

    def change(self) -> int:
        """Return how many pieces came in (positive) or are missing (negative)."""
        return self.cleaned_data["counted"] - self.cleaned_data["seen"]


class FarmerForm(forms.Form):
    """A farmer and what was agreed; rates are typed in percent."""

    name = forms.CharField(
        label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    public_name = forms.CharField(
        label=_("Name for everybody"),
        max_length=60,
        required=False,
        help_text=_("Stands on the page of their deliveries and on parcels. Empty: only the given name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    village = _VillageField(Village.objects.all(), label=_("Village"), empty_label=None)
    phone = PhoneField(
        label=_("Telephone"), help_text=_("Sales and payouts are told to this number. Any phone will do.")
    )
    story = forms.CharField(
        label=_("Their story"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    host_percent = forms.DecimalField(
        label=_("Share of a live host, in percent"),
        min_value=0,
        max_value=50,
        decimal_places=2,
        initial=Decimal(5),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    floor_percent = forms.DecimalField(
        label=_("Lowest price on air, in percent of the listed price"),
        min_value=0,
        max_value=100,
        decimal_places=2,
        initial=Decimal(80),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    agreed = forms.BooleanField(
        label=_("The farmer has agreed that this shop sells their goods on these terms")
    )

    def terms(self) -> dict[str, int]:
        """Return the terms in basis points."""
        return {
            "host_commission_bp": int(self.cleaned_data["host_percent"] * 100),
            "floor_price_bp": int(self.cleaned_data["floor_percent"] * 100),
        }


def remembered(shop: Shop) -> dict[str, object]:
    """Return what the next listing most likely shares with the last one."""
    last = last_listing(shop)
    if last is None:
        return {"village": shop.village_id, "category": Category.objects.values_list("pk", flat=True).first()}
    units = [variant.name for variant in last.variants.all()]
    return {
        "village": last.village_id,
        "category": last.category_id,
        "farmer": last.farmer_id,
        "unit": units[0] if units else "",
    }
