"""Fields of the desk's live pages."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import MarketError
from livestreams.models import LiveSession
from livestreams.selectors import cover_choices
from livestreams.services.rundown import Offer
from livestreams.services.scheduling import presentable_hosts, presentable_shops
from shops.forms import YuanField

LOCAL = "%Y-%m-%dT%H:%M"


class SessionForm(forms.Form):
    """The plan of a show. Choices are only what the person may choose."""

    title = forms.CharField(
        label=_("Name of the show"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("The barley is in")}),
    )
    scheduled_at = forms.DateTimeField(
        label=_("When"),
        input_formats=[LOCAL],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
    )
    description = forms.CharField(
        label=_("What you will show"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": "3"}),
    )
    shop = forms.TypedChoiceField(label=_("Shop"), coerce=int)
    host = forms.TypedChoiceField(label=_("Who presents"), coerce=int)
    cover = forms.TypedChoiceField(
        label=_("Cover"), coerce=int, empty_value=None, required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args, actor, session: LiveSession | None = None, now: datetime, **options):
        if session is not None:
            options["initial"] = {
                "title": session.title,
                "scheduled_at": timezone.localtime(session.scheduled_at),
                "description": session.description,
                "shop": session.shop_id,
                "host": session.host_id,
                "cover": session.cover_id,
            }
        else:
            options["initial"] = {"scheduled_at": timezone.localtime(now + timedelta(minutes=5))}
        super().__init__(*args, **options)
        shops = presentable_shops(actor)
        hosts = {host.pk: host for shop in shops for host in presentable_hosts(actor, shop)}
        self.fields["shop"].choices = [(shop.pk, shop.name) for shop in shops]
        self.fields["host"].choices = [(host.pk, host.name) for host in hosts.values()]
        self.covers = cover_choices(shops)
        self.fields["cover"].choices = [
            ("", _("None")),
            *((cover["pk"], cover["title"]) for cover in self.covers),
        ]
        self.can_plan = bool(shops and hosts)
        for name, choices in (("shop", shops), ("host", hosts)):
            if len(choices) == 1:
                self.fields[name].widget = forms.HiddenInput()
                self.initial[name] = self.fields[name].choices[0][0]


class AddGoodsForm(forms.Form):
    """Goods to add: a tick and a live price for each variant."""

    def __init__(self, *args, variants, **options):
        super().__init__(*args, **options)
        self.variants = variants
        for variant in variants:
            self.fields[f"add_{variant.pk}"] = forms.BooleanField(required=False)
            self.fields[f"price_{variant.pk}"] = YuanField(label=_("Live price"), required=False, least_fen=1)

    def chosen(self) -> list[Offer]:
        """Return what is ticked, with its live price."""
        return [
            Offer(variant.pk, self.cleaned_data.get(f"price_{variant.pk}"))
            for variant in self.variants
            if self.cleaned_data.get(f"add_{variant.pk}")
        ]

    def show_refusal(self, refusal: MarketError) -> None:
        """Show the refusal at the rows that it is about, else above the form."""
        chosen = self.chosen()
        self.errors.clear()
        for name, words in (refusal.fields or {"": refusal.message}).items():
            place = name.split(".")[1] if name.startswith("items.") else ""
            field = f"price_{chosen[int(place)].variant_id}" if place.isdecimal() else None
            self.add_error(field, str(words))


class PriceForm(forms.Form):
    """The live price of one item; empty takes it away."""

    price = YuanField(label=_("Live price"), required=False, least_fen=1)
