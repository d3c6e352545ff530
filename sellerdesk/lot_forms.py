"""What a member types about a delivery."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shops.models import Farmer, Product, Shop, Variant
from shops.selectors import farmers_of_shop
from shops.services.pooling import UNITS_MAX, WEIGHT_MAX_G, Delivery
from shops.statuses import AllocationRule

NUMBER_PAD = {"inputmode": "numeric", "autocomplete": "off"}


def _number(label, most: int, *, required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=1, max_value=most, required=required, widget=forms.TextInput(attrs=NUMBER_PAD)
    )


class DeliveryForm(forms.Form):
    """What a farmer brought. Without a grade it waits until somebody has looked at it."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    variant = forms.ModelChoiceField(label=pgettext_lazy("goods", "What"), queryset=Variant.objects.none())
    farmer = forms.ModelChoiceField(
        label=_("Who brought it"), queryset=Farmer.objects.none(), empty_label=_("Please choose")
    )
    quantity = _number(_("How many pieces"), UNITS_MAX)
    weight_g = _number(_("Weight in grams"), WEIGHT_MAX_G, required=False)
    grade = forms.CharField(label=_("Grade"), max_length=20, required=False)
    harvested_on = forms.DateField(
        label=_("Harvested on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    place = forms.CharField(label=_("Field or place"), max_length=80, required=False)

    def __init__(self, *args, product: Product, shop: Shop, **kwargs):
        super().__init__(*args, **kwargs)
        pooled = product.variants.filter(is_active=True, allocation_policies__version=1)
        self.fields["variant"].queryset = pooled
        self.fields["variant"].label_from_instance = lambda variant: variant.name
        self.fields["variant"].initial = pooled.first()
        self.fields["farmer"].queryset = farmers_of_shop(shop)

    def delivery(self, photo_id: int | None) -> Delivery:
        """Return what was typed."""
        names = ("quantity", "weight_g", "grade", "harvested_on", "place")
        return Delivery(**{name: self.cleaned_data[name] for name in names}, photo_id=photo_id)


class PolicyForm(forms.Form):
    """By which rule paid orders take deliveries."""

    variant = forms.IntegerField(widget=forms.HiddenInput)
    rule = forms.ChoiceField(
        label=_("Whose goods go first"), choices=AllocationRule.choices, widget=forms.RadioSelect
    )


class LotMoveForm(forms.Form):
    """What becomes of a delivery."""

    move = forms.ChoiceField(choices=[(name, name) for name in ("grade", "offer", "hold", "recall", "short")])
    grade = forms.CharField(max_length=20, required=False)
    weight_g = forms.IntegerField(min_value=1, max_value=WEIGHT_MAX_G, required=False)
    reason = forms.CharField(max_length=200, required=False)
    units = forms.IntegerField(min_value=1, max_value=UNITS_MAX, required=False)
