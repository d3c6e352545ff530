"""What a member types about a coupon."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from livestreams.models import LiveSession
from livestreams.statuses import ON_AIR, SessionStatus
from orders.services.campaigning import MOST_COUPONS, CouponTerms
from orders.statuses import CouponBearer
from shops.forms import YuanField
from shops.models import Host, Shop

NUMBER_PAD = {"inputmode": "numeric", "autocomplete": "off"}
DAYS = (1, 3, 7, 14, 30, 90)
OPEN = ON_AIR | {SessionStatus.DRAFT, SessionStatus.SCHEDULED}


class _ShowField(forms.ModelChoiceField):
    def label_from_instance(self, session: LiveSession) -> str:
        return session.title


class CampaignForm(forms.Form):
    """A coupon: an amount off, or a percentage up to a cap. The service checks what belongs together."""

    title = forms.CharField(
        label=_("Name"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("For the harvest")}),
    )
    amount_off_fen = YuanField(label=_("Takes off"), least_fen=1, required=False)
    percent_off = forms.IntegerField(
        label=_("or percent off"),
        min_value=1,
        max_value=90,
        required=False,
        widget=forms.NumberInput(attrs=NUMBER_PAD),
    )
    cap_fen = YuanField(label=_("at most"), least_fen=1, required=False)
    minimum_fen = YuanField(label=_("From which purchase on"), least_fen=1)
    total = forms.IntegerField(
        label=_("How many coupons"),
        min_value=1,
        max_value=MOST_COUPONS,
        initial=100,
        widget=forms.NumberInput(attrs=NUMBER_PAD),
    )
    per_person = forms.IntegerField(
        label=_("For one person"),
        min_value=1,
        max_value=20,
        initial=1,
        widget=forms.NumberInput(attrs=NUMBER_PAD),
    )
    days = forms.TypedChoiceField(label=_("Good for how many days"), coerce=int, initial=7)
    live_session = _ShowField(
        LiveSession.objects.none(),
        label=_("Only in this show"),
        required=False,
        empty_label=_("no, always"),
        help_text=_("You hold it up in the room, and it holds for what the show sells."),
    )
    cost_bearer = forms.ChoiceField(label=_("Who pays"))

    def __init__(self, *args, user: User, shop: Shop, **options):
        super().__init__(*args, **options)
        self.fields["days"].choices = [(days, str(days)) for days in DAYS]
        shows = LiveSession.objects.for_presenter(user).filter(shop=shop, status__in=OPEN)
        self.fields["live_session"].queryset = shows.order_by("-scheduled_at")
        bearers = [(CouponBearer.SHOP, CouponBearer.SHOP.label)]
        if Host.objects.filter(user=user).exists():
            bearers.append((CouponBearer.HOST, _("I as the host (in my show)")))
        self.fields["cost_bearer"].choices = bearers

    def terms(self, now) -> CouponTerms:
        """Return the promise, valid from now on."""
        names = ("title", "minimum_fen", "total", "amount_off_fen", "percent_off", "cap_fen", "per_person")
        return CouponTerms(
            starts_at=now,
            ends_at=now + timedelta(days=self.cleaned_data["days"]),
            **{name: self.cleaned_data[name] for name in names},
        )
