"""Fields of the desk's live pages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import MarketError
from common.money import yuan_text
from livestreams.models import LiveSession, RundownItem
from livestreams.selectors import cover_choices
from livestreams.services.consenting import percent
from livestreams.services.repeating import MOST, Repeat
from livestreams.services.rundown import Change, Offer
from livestreams.services.scheduling import DEFAULT_MINUTES, presentable_hosts, presentable_shops
from livestreams.statuses import SeriesFrequency
from shops.forms import YuanField
from shops.models import Variant

LOCAL = "%Y-%m-%dT%H:%M"
LENGTHS = (30, 60, 90, 120, 180, 240, 360)
NUMBER_PAD = {"inputmode": "numeric", "autocomplete": "off"}


class SessionForm(forms.Form):
    """The plan of a show. Choices are only what the person may choose.

    `allow_clash` is offered once a clash was found; how a show comes back is asked when it is planned, and
    whether those that follow change as well when it is changed.
    """

    title = forms.CharField(
        label=_("Name of the show"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("The barley is in")}),
    )
    scheduled_at = forms.DateTimeField(
        label=_("When"),
        help_text=_("Beijing time (Asia/Shanghai)"),
        input_formats=[LOCAL],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"}),
    )
    planned_minutes = forms.TypedChoiceField(label=_("How long"), coerce=int)
    frequency = forms.ChoiceField(
        label=_("Comes back"),
        required=False,
        choices=[("", _("no, only this once")), *SeriesFrequency.choices],
    )
    count = forms.IntegerField(
        label=_("How many shows in all"),
        required=False,
        min_value=2,
        max_value=MOST,
        widget=forms.NumberInput(attrs=NUMBER_PAD),
    )
    until = forms.DateField(
        label=_("or until which day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
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
    following = forms.BooleanField(label=_("Change the shows that follow as well"), required=False)
    allow_clash = forms.BooleanField(label=_("Plan it all the same"), required=False)

    def __init__(self, *args, actor, session: LiveSession | None = None, now: datetime, **options):
        if session is not None:
            options["initial"] = {
                "title": session.title,
                "scheduled_at": timezone.localtime(session.scheduled_at),
                "planned_minutes": session.planned_minutes,
                "description": session.description,
                "shop": session.shop_id,
                "host": session.host_id,
                "cover": session.cover_id,
            }
        else:
            soon = timezone.localtime(now + timedelta(minutes=5))
            options["initial"] = {"scheduled_at": soon, "planned_minutes": DEFAULT_MINUTES}
        super().__init__(*args, **options)
        lengths = {*LENGTHS, session.planned_minutes if session else DEFAULT_MINUTES}
        self.fields["planned_minutes"].choices = [
            (minutes, _("%(minutes)s minutes") % {"minutes": minutes}) for minutes in sorted(lengths)
        ]
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
        self.is_new = session is None
        self.is_of_series = session is not None and session.series_id is not None
        self.has_clash = False
        for name, choices in (("shop", shops), ("host", hosts)):
            if len(choices) == 1:
                self.fields[name].widget = forms.HiddenInput()
                self.initial[name] = self.fields[name].choices[0][0]

    def repeat(self) -> Repeat | None:
        """Return how the show comes back; None for one that does not."""
        data = self.cleaned_data
        if not data["frequency"] or not self.is_new:
            return None
        return Repeat(data["frequency"], data["count"], data["until"])


class CancelForm(forms.Form):
    """Why a show is called off, in words that people who wait for it read."""

    reason = forms.CharField(label=_("Why"), required=False, max_length=200)
    following = forms.BooleanField(required=False)


class AddGoodsForm(forms.Form):
    """Goods to add: a tick and a live price for each variant."""

    def __init__(self, *args, variants: Sequence[Variant], **options):
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

    def row(self, variant: Variant) -> dict:
        """Return what the page shows in the variant's fields: as typed, with what is wrong."""
        name = f"price_{variant.pk}"
        typed = self.data.get(name, "") if self.is_bound else ""
        return {
            "is_chosen": self.is_bound and bool(self.data.get(f"add_{variant.pk}")),
            "price": typed,
            "errors": self.errors.get(name, []) if self.is_bound else [],
        }

    def show_refusal(self, refusal: MarketError) -> None:
        """Show the refusal at the rows that it is about, else above the form."""
        chosen = self.chosen()
        self.errors.clear()
        for name, words in (refusal.fields or {"": refusal.message}).items():
            place = name.split(".")[1] if name.startswith("items.") else ""
            field = f"price_{chosen[int(place)].variant_id}" if place.isdecimal() else None
            self.add_error(field, str(words))


class RundownForm(forms.Form):
    """Live price, quota, limit and commission of every item of a show, saved together."""

    FIELDS = {
        "live_price_fen": "price",
        "quota": "quota",
        "per_buyer_limit": "limit",
        "host_commission_bp": "commission",
    }

    def __init__(self, *args, items: Sequence[RundownItem], **options):
        super().__init__(*args, **options)
        self.items = items
        if not self.is_bound:
            return
        for item in items:
            self.fields[f"price_{item.pk}"] = YuanField(required=False, least_fen=1)
            self.fields[f"quota_{item.pk}"] = forms.IntegerField(
                required=False, min_value=1, max_value=1_000_000
            )
            self.fields[f"limit_{item.pk}"] = forms.IntegerField(required=False, min_value=1, max_value=999)
            self.fields[f"commission_{item.pk}"] = forms.DecimalField(
                required=False, min_value=0, max_value=100, max_digits=5, decimal_places=2
            )

    def changes(self) -> list[Change]:
        """Return what was typed for every item whose row was sent; a commission left empty stays."""
        found = []
        for item in self.items:
            if f"price_{item.pk}" not in self.data:
                continue
            values = {
                "live_price_fen": self.cleaned_data[f"price_{item.pk}"],
                "quota": self.cleaned_data[f"quota_{item.pk}"],
                "per_buyer_limit": self.cleaned_data[f"limit_{item.pk}"],
            }
            rate: Decimal | None = self.cleaned_data[f"commission_{item.pk}"]
            if rate is not None:
                values["host_commission_bp"] = int(rate * 100)
            found.append(Change(item.pk, values))
        return found

    def row(self, item: RundownItem) -> dict:
        """Return what the page shows in the item's fields: as typed, else as it is, with what is wrong."""
        shown = {
            "price": yuan_text(item.live_price_fen).replace(",", "") if item.live_price_fen else "",
            "quota": item.quota or "",
            "limit": item.per_buyer_limit or "",
            "commission": percent(item.host_commission_bp),
        }
        errors = []
        if self.is_bound:
            for name in shown:
                shown[name] = self.data.get(f"{name}_{item.pk}", shown[name])
                errors += self.errors.get(f"{name}_{item.pk}", [])
        return shown | {"errors": errors}

    def show_refusal(self, refusal: MarketError) -> None:
        """Show the refusal at the rows that it is about, else above the form."""
        self.errors.clear()
        for name, words in (refusal.fields or {"": refusal.message}).items():
            parts = name.split(".")
            field = f"{self.FIELDS[parts[2]]}_{parts[1]}" if len(parts) == 3 else None
            self.add_error(field if field in self.fields else None, str(words))
